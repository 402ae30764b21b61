/* See linux/io.h. */
#include <linux/io.h>
