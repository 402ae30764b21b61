/* See linux/mm.h. */
#include <linux/mm.h>
