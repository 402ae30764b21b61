/* See linux/interrupt.h. */
#include <linux/interrupt.h>
