/* Wants what nobody has. */
#include <linux/module.h>

int no_such_thing(void);
int nor_this_one(void);

static int __init nosym_init(void) { return no_such_thing() + nor_this_one(); }
module_init(nosym_init);
MODULE_LICENSE("GPL");
