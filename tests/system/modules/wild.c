/* What a driver must not do to memory; the debug kernel names each. Not in the Makefile: only the debug kernel survives it. */
#include <linux/module.h>
#include <linux/slab.h>

static char before[10], static_object[20], after[10];

static int __init wild_init(void)
{
	char *p = kmalloc(64, GFP_KERNEL), *volatile freed = kmalloc(64, GFP_KERNEL);
	volatile size_t n = 24;

	if (!p || !freed)
		return -ENOMEM;
	memset(static_object, 0x11, n);
	memcpy(p + 50, before, n - 14);
	p[n + 39] = after[0];
	((volatile char *)p)[n + 40] = 0x22; /* the first byte past the object: its red zone */
	((volatile char *)p)[n + 40] = 0xbb;
	kfree((void *)freed);
	pr_info("wild: %d\n", freed[n]);
	kfree(p);
	return 0;
}
static void __exit wild_exit(void) { }
module_init(wild_init);
module_exit(wild_exit);
MODULE_LICENSE("GPL");
