/* See linux/kernel.h. */
#include <linux/kernel.h>
