/* See linux/uaccess.h. */
#include <linux/uaccess.h>
