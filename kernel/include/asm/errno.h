/* See linux/errno.h. */
#include <linux/errno.h>
