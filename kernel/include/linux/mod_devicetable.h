/* See linux/pci.h. */
#include <linux/pci.h>
