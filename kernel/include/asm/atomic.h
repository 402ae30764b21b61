/* See linux/atomic.h. */
#include <linux/atomic.h>
