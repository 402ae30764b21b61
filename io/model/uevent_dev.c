/*
 * /dev/uevents: the events of the device model for programs. Each open file is a reader with a queue of its own from that moment on. A read
 * gives text of one event only, NAME=value lines; the empty line at its end parts it from the next, so that a shell can read it:
 *
 *   while read line; do ...; done </dev/uevents
 *
 * A read with less room than the event needs leaves the rest for the next one. Without events read sleeps, or answers -EAGAIN.
 */
#include "io/contract/char_device.h"
#include "io/contract/filesystem.h"
#include "io/contract/misc.h"
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "mm/alloc.h"

#define UEVENTS_MINOR 250u /* 240 to 254 are for local use (Linux, Documentation/admin-guide/devices.txt) */
#define QUEUE_EVENTS 256u

struct open_reader {
	struct mutex lock;
	struct uevent_reader *reader;
	struct uevent *event;     /* lock: begun and not finished */
	u32 at;                   /* lock: bytes of it that were given; its len: the empty line is left */
};

static int uevents_open(struct inode *inode, struct file *f)
{
	struct open_reader *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	o->reader = uevent_reader_open(QUEUE_EVENTS);
	if (!o->reader) {
		kfree(o);
		return -ENOMEM;
	}
	mutex_init(&o->lock, "uevents", RANK_FILEPOS);
	f->mode |= FMODE_STREAM;
	f->private = o;
	return 0;
}

static void uevents_release(struct file *f)
{
	struct open_reader *o = f->private;

	if (o->event)
		uevent_put(o->event);
	uevent_reader_close(o->reader);
	kfree(o);
}

/* Have an event to give: 0, -EAGAIN, -ERESTARTSYS. The lock is held, but not while sleeping. */
static int next_event(struct open_reader *o, bool wait)
{
	while (!o->event) {
		long error;

		o->event = uevent_next(o->reader);
		o->at = 0;
		if (o->event)
			break;
		if (!wait)
			return -EAGAIN;
		mutex_unlock(&o->lock);
		error = wait_event_interruptible(uevent_wait(o->reader), uevent_waiting(o->reader));
		mutex_lock_nested(&o->lock);
		if (error)
			return (int)error;
	}
	return 0;
}

static ssize_t give(struct open_reader *o, struct iov_iter *to)
{
	u32 want = min(iov_iter_count(to), o->event->len - o->at), n = copy_to_iter(o->event->text + o->at, want, to);

	o->at += n;
	if (o->at == o->event->len && iov_iter_count(to) && copy_to_iter("\n", 1, to)) {
		n++;
		uevent_put(o->event);
		o->event = NULL;
	}
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t uevents_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct open_reader *o = k->file->private;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	mutex_lock_nested(&o->lock);
	ret = next_event(o, !(k->file->flags & O_NONBLOCK));
	if (!ret)
		ret = give(o, to);
	mutex_unlock(&o->lock);
	return ret;
}

static u32 uevents_poll(struct file *f, struct poll_table *pt)
{
	struct open_reader *o = f->private;

	poll_wait(f, uevent_wait(o->reader), pt);
	return READ_ONCE(o->event) || uevent_waiting(o->reader) ? POLLIN | POLLRDNORM : 0;
}

static const struct file_operations uevents_fops = {
	.name = "uevents",
	.open = uevents_open,
	.release = uevents_release,
	.read_iter = uevents_read_iter,
	.poll = uevents_poll,
	.llseek = no_llseek,
};

int uevent_dev_init(void)
{
	kdev_t dev = MKDEV(MISC_MAJOR, UEVENTS_MINOR);
	int error = register_chrdev(dev, 1, "misc", &uevents_fops, NULL);
	struct device *d;

	if (error)
		return error;
	d = device_create(&misc_class, NULL, dev, S_IFCHR | 0444, NULL, "uevents");
	return IS_ERR(d) ? (int)PTR_ERR(d) : 0;
}
