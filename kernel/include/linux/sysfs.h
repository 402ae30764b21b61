/* See linux/device.h. */
#include <linux/device.h>
