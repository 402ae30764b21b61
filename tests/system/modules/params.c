/* Parameters of every kind. */
#include <linux/module.h>

static int number = -7;
static unsigned int count = 3;
static bool flag;
static bool inverted;
static char *word = "none";
static int list[4] = { 1, 2, 3, 4 };
static int nr_list;
static char *words[2];
static unsigned short port = 80;
static char text[8] = "abc";
static int hidden;
static unsigned long long big;

static int set_even(const char *val, const struct kernel_param *kp)
{
	int v, error = kstrtoint(val, 0, &v);

	if (error || v % 2)
		return -EINVAL;
	*(int *)kp->arg = v;
	return 0;
}
static int get_even(char *buffer, const struct kernel_param *kp) { return sprintf(buffer, "even %d", *(int *)kp->arg); }
static const struct kernel_param_ops even_ops = { .set = set_even, .get = get_even };
static int even = 2;

module_param(number, int, 0644);
MODULE_PARM_DESC(number, "a number");
module_param(count, uint, 0444);
module_param(flag, bool, 0600);
module_param(inverted, invbool, 0644);
module_param(word, charp, 0644);
module_param_array(list, int, &nr_list, 0644);
module_param_array(words, charp, NULL, 0444);
module_param_named(nr_port, port, ushort, 0644);
module_param_string(text, text, sizeof(text), 0644);
module_param(hidden, int, 0);
module_param(big, ullong, 0444);
module_param_cb(even, &even_ops, &even, 0644);

static int __init params_init(void)
{
	pr_info("params: hidden %d, list of %d\n", hidden, nr_list);
	return 0;
}
static void __exit params_exit(void) { pr_info("params: number %d, word %s\n", number, word); }
module_init(params_init);
module_exit(params_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION("1.2");
