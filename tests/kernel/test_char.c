/* Numbers of character devices: regions, cdevs, misc devices, classes. What fails says why and leaves nothing behind. */
#include "io/contract/cdev.h"
#include "io/contract/device.h"
#include "io/contract/filesystem.h"
#include "io/contract/misc.h"
#include "kernel/lib/printf.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define NR_DYNAMIC (254 - 234 + 1 + 511 - 384 + 1)

static const struct cdev_operations no_ops;

KTEST(char_regions)
{
	kdev_t a, b;

	KT_EQUAL(alloc_chrdev_region(&a, 5, 10, "ktest"), 0);
	KT_EXPECT(MINOR(a) == 5 && MAJOR(a) >= 234);
	KT_EQUAL(register_chrdev_region(a + 9, 1, "other"), -EBUSY);
	KT_EQUAL(register_chrdev_region(a + 10, 1, "other"), 0);
	KT_EQUAL(register_chrdev_region(a - 5, 6, "other"), -EBUSY);
	KT_EQUAL(alloc_chrdev_region(&b, 0, 1, "ktest"), 0);
	KT_EXPECT(MAJOR(b) != MAJOR(a));
	KT_EQUAL(register_chrdev_region(MKDEV(300, 0), 0, "none"), -EINVAL);
	KT_EQUAL(register_chrdev_region(MKDEV(512, 0), 1, "high"), -EINVAL);
	KT_EQUAL(register_chrdev_region(MKDEV(511, 0xfffff), 2, "high"), -EINVAL);
	unregister_chrdev_region(b, 1);
	unregister_chrdev_region(a + 10, 1);
	unregister_chrdev_region(a, 9); /* not what was registered: nothing happens */
	KT_EQUAL(register_chrdev_region(a, 10, "other"), -EBUSY);
	unregister_chrdev_region(a, 10);
	KT_EQUAL(register_chrdev_region(a, 10, "other"), 0);
	unregister_chrdev_region(a, 10);
}

KTEST(char_majors_run_out)
{
	kdev_t *dev = kmalloc(NR_DYNAMIC * sizeof(*dev), GFP_KERNEL), one;
	u32 n = 0;

	KT_REQUIRE(dev);
	while (n < NR_DYNAMIC && !alloc_chrdev_region(&dev[n], 0, 1, "ktest"))
		n++;
	KT_EXPECT(n > 100);
	KT_EQUAL(alloc_chrdev_region(&one, 0, 1, "ktest"), -EBUSY);
	unregister_chrdev_region(dev[n / 2], 1);
	KT_EQUAL(alloc_chrdev_region(&one, 0, 1, "ktest"), 0);
	KT_EQUAL(one, dev[n / 2]);
	while (n)
		unregister_chrdev_region(dev[--n], 1);
	kfree(dev);
}

KTEST(char_cdevs)
{
	struct cdev a, b;
	kdev_t dev;

	KT_REQUIRE(!alloc_chrdev_region(&dev, 0, 8, "ktest"));
	cdev_init(&a, &no_ops);
	cdev_init(&b, &no_ops);
	KT_EQUAL(cdev_add(&a, dev, 0), -EINVAL);
	KT_EQUAL(cdev_add(&a, dev, 4), 0);
	KT_EQUAL(cdev_add(&a, dev + 4, 4), -EINVAL); /* it is added already */
	KT_EQUAL(cdev_add(&b, dev + 3, 4), -EBUSY);
	KT_EQUAL(cdev_add(&b, dev + 4, 4), 0);
	cdev_del(&a);
	cdev_del(&a);
	KT_EQUAL(cdev_add(&a, dev, 4), 0);
	cdev_del(&a);
	cdev_del(&b);
	unregister_chrdev_region(dev, 8);
	KT_EQUAL(register_chrdev_ops(0, 0, 256, "ktest", &no_ops), (int)MAJOR(dev));
	unregister_chrdev_ops(MAJOR(dev), 0, 256);
}

KTEST(char_misc_devices)
{
	struct miscdevice *m = kzalloc(130 * sizeof(*m), GFP_KERNEL);
	static char names[130][8];
	u32 n;
	int error = 0;

	KT_REQUIRE(m);
	for (n = 0; n < 130 && !error; n++) {
		ksnprintf(names[n], sizeof(names[n]), "kt%u", n);
		m[n] = (struct miscdevice){ .minor = MISC_DYNAMIC_MINOR, .name = names[n], .fops = &no_ops };
		error = misc_register(&m[n]);
	}
	KT_EQUAL(error, -EBUSY);
	KT_EQUAL(m[--n].minor, MISC_DYNAMIC_MINOR);
	misc_deregister(&m[--n]);
	m[n] = (struct miscdevice){ .minor = MISC_DYNAMIC_MINOR, .name = "kt0", .fops = &no_ops };
	KT_EQUAL(misc_register(&m[n]), -EEXIST);
	m[n].name = "kt again";
	KT_EQUAL(misc_register(&m[n]), 0);
	for (n++; n; n--)
		misc_deregister(&m[n - 1]);
	kfree(m);
}

KTEST(char_classes)
{
	struct class *c = class_create("ktest"), *twice = class_create("ktest");
	struct device *d, *again;

	KT_REQUIRE(!IS_ERR(c));
	KT_EQUAL(PTR_ERR(twice), -EEXIST);
	d = device_create(c, NULL, MKDEV(300, 1), S_IFCHR | 0600, NULL, "ktest%d", 1);
	again = device_create(c, NULL, MKDEV(300, 2), S_IFCHR | 0600, NULL, "ktest%d", 1);
	KT_EXPECT(!IS_ERR(d));
	KT_EQUAL(PTR_ERR(again), -EEXIST);
	device_destroy(c, MKDEV(300, 2));
	device_destroy(c, MKDEV(300, 1));
	class_destroy(c);
	class_destroy(twice);
	c = class_create("ktest");
	KT_EXPECT(!IS_ERR(c));
	class_destroy(c);
}
