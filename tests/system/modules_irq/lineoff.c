/* Keeps one interrupt line from delivering anything for as long as it is loaded. */
#include <linux/interrupt.h>
#include <linux/module.h>

static unsigned int line;
module_param(line, uint, 0444);

static int __init lineoff_init(void)
{
	disable_irq(line);
	return 0;
}

static void __exit lineoff_exit(void) { enable_irq(line); }

module_init(lineoff_init);
module_exit(lineoff_exit);
MODULE_LICENSE("GPL");
