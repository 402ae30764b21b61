/* A module of two files that uses another module's symbols. */
#include <linux/module.h>

int provider_add(int a, int b);
int user_more(int n);

static int __init user_init(void)
{
	pr_info("user: %d\n", user_more(provider_add(2, 3)));
	return 0;
}
static void __exit user_exit(void) { }
module_init(user_init);
module_exit(user_exit);
MODULE_LICENSE("GPL");
