/*
 * The host's byte streams: QEMU's isa-debugcon ports, as tools/vm gives them, as the character devices /dev/hostout, /dev/hosterr and
 * /dev/hoststatus. What is written goes out byte for byte, cooked by no terminal. Reading is the end of file.
 */
#include "drivers/drivers.h"
#include "io/contract/char_device.h"
#include "io/contract/device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/power.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define HOST_MAJOR 240u /* local use, as in Linux's list of devices */
#define CHUNK PAGE_SIZE

static const struct host_stream {
	const char *name;
	u32 port;
	u32 mode; /* the status is init's alone to tell */
} streams[] = { { "hostout", HOST_PORT_STDOUT, 0622 }, { "hosterr", HOST_PORT_STDERR, 0622 }, { "hoststatus", HOST_PORT_STATUS, 0600 } };

static struct class host_class = { .name = "host" };

static ssize_t host_read_iter(struct kiocb *k, struct iov_iter *to)
{
	return 0;
}

static ssize_t host_write_iter(struct kiocb *k, struct iov_iter *from)
{
	const struct host_stream *s = chrdev_data(k->file);
	ssize_t done = 0;
	void *buf = get_free_page(GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	while (iov_iter_count(from)) {
		u32 n = copy_from_iter(buf, min_t(u32, iov_iter_count(from), CHUNK), from);

		if (!n) {
			done = done ? done : -EFAULT;
			break;
		}
		host_port_write(s->port, buf, n);
		done += (ssize_t)n;
		if (iov_iter_count(from) && signal_pending_current())
			break;
		cond_resched();
	}
	free_page(buf);
	return done;
}

static const struct file_operations host_fops = {
	.name = "host stream",
	.read_iter = host_read_iter,
	.write_iter = host_write_iter,
	.llseek = no_llseek,
};

static int host_setup(void)
{
	return class_register(&host_class);
}

static int host_probe(struct platform_device *p)
{
	int error = 0;

	for (u32 i = 0; i < ARRAY_SIZE(streams) && !error; i++) {
		const struct host_stream *s = &streams[i];
		kdev_t dev = MKDEV(HOST_MAJOR, i);

		if (!host_port_present(s->port))
			continue;
		error = register_chrdev(dev, 1, s->name, &host_fops, (void *)s);
		if (!error) {
			struct device *d = device_create(&host_class, &p->dev, dev, S_IFCHR | s->mode, NULL, "%s", s->name);

			error = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
		}
	}
	return error;
}

/* Init tells through it how a command ended: it stays. */
struct platform_driver debugcon_driver = {
	.name = "debugcon", .setup = host_setup, .probe = host_probe, .driver.suppress_bind_attrs = true,
};
