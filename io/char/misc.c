/* Miscellaneous character devices (io/contract/misc.h): the class misc, and which minors of major 10 are free. */
#include "io/contract/misc.h"
#include "io/contract/device.h"
#include "kernel/init.h"
#include "kernel/module/module.h"
#include "kernel/uapi/stat.h"

#define DYNAMIC_MINORS 128 /* 127 down to 0, as in Linux (drivers/char/misc.c) */

struct class misc_class = { .name = "misc" };

static int choose_minor(struct miscdevice *m)
{
	if (m->minor != MISC_DYNAMIC_MINOR)
		return register_chrdev_region(MKDEV(MISC_MAJOR, m->minor), 1, "misc");
	for (int minor = DYNAMIC_MINORS - 1; minor >= 0; minor--) {
		int error = register_chrdev_region(MKDEV(MISC_MAJOR, minor), 1, "misc");

		if (!error)
			m->minor = minor;
		if (error != -EBUSY)
			return error;
	}
	return -EBUSY;
}

static int add_device(struct miscdevice *m, kdev_t dev)
{
	int error;

	cdev_init(&m->cdev, m->fops);
	m->cdev.private_data = m;
	error = cdev_add(&m->cdev, dev, 1);
	if (error)
		return error;
	m->this_device = device_create(&misc_class, m->parent, dev, S_IFCHR | (m->mode ? m->mode & 0777 : 0600), m, "%s", m->name);
	if (!IS_ERR(m->this_device))
		return 0;
	cdev_del(&m->cdev);
	return (int)PTR_ERR(m->this_device);
}

int misc_register(struct miscdevice *m)
{
	bool dynamic = m->minor == MISC_DYNAMIC_MINOR;
	int error = choose_minor(m);

	if (error)
		return error;
	error = add_device(m, MKDEV(MISC_MAJOR, m->minor));
	if (!error)
		return 0;
	unregister_chrdev_region(MKDEV(MISC_MAJOR, m->minor), 1);
	if (dynamic)
		m->minor = MISC_DYNAMIC_MINOR;
	return error;
}

void misc_deregister(struct miscdevice *m)
{
	kdev_t dev = MKDEV(MISC_MAJOR, m->minor);

	device_destroy(&misc_class, dev);
	cdev_del(&m->cdev);
	unregister_chrdev_region(dev, 1);
}

int misc_init(void)
{
	return class_register(&misc_class);
}
