/* See linux/fs.h. */
#include <linux/fs.h>
