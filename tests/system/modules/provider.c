/* Offers symbols to user.ko and closed.ko. */
#include <linux/module.h>

int provider_add(int a, int b);
int provider_gpl(void);

int provider_add(int a, int b) { return a + b; }
EXPORT_SYMBOL(provider_add);
int provider_gpl(void) { return 1; }
EXPORT_SYMBOL_GPL(provider_gpl);
MODULE_LICENSE("GPL");
