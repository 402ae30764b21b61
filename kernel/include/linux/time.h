/* See linux/ktime.h. */
#include <linux/ktime.h>
