/* See linux/delay.h. */
#include <linux/delay.h>
