/* Its licence does not allow it provider_gpl. */
#include <linux/module.h>

int provider_gpl(void);

static int __init closed_init(void) { return provider_gpl() - 1; }
static void __exit closed_exit(void) { }
module_init(closed_init);
module_exit(closed_exit);
MODULE_LICENSE("Proprietary");
