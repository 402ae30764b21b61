/* See linux/bitops.h. */
#include <linux/bitops.h>
