/*
 * /dev/input/event*: the events of one device as struct input_event. Each open file has a queue of its own; it holds whole packets for the
 * reader (up to the last SYN_REPORT). A reader that is too slow loses what it has not read and is told so by SYN_DROPPED.
 * Locks: e->mutex (RANK_OBJECT): whether the device is still there, against ioctl and write; e->lock (irqsave): clients and their queues,
 * also taken below the device's event_lock. A struct evdev is its device object; open files hold references to it.
 */
#include "io/char/input/input.h"
#include "io/contract/char_device.h"
#include "io/contract/filesystem.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/signal.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"

#define QUEUE_EVENTS 64u /* a power of two */
#define READ_EVENTS 8u
#define ANSWER_MAX 128u
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7

struct evdev {
	struct device dev;
	struct input_handle handle;
	u32 minor;
	char name[12];
	struct mutex mutex;
	bool exists;                 /* mutex */
	struct spinlock lock;
	struct list_head clients;    /* lock */
	struct evdev_client *grab;   /* lock; changed with the mutex too */
	struct wait_queue_head wait;
};
struct evdev_client {
	struct evdev *evdev;
	struct list_head node;
	u32 head, tail, packet_head; /* evdev->lock: run freely */
	int clock;
	bool revoked;                /* evdev->mutex */
	struct fasync_struct *fasync;
	struct input_event queue[QUEUE_EVENTS];
};

static struct evdev *evdevs[INPUT_NODES]; /* input_mutex */

/* ---- from the core ---- */

static void put(struct evdev_client *c, const struct input_event *e)
{
	c->queue[c->head++ % QUEUE_EVENTS] = *e;
	if (c->head - c->tail == QUEUE_EVENTS) {
		struct input_event *dropped;

		c->tail = c->packet_head = c->head - 2;
		dropped = &c->queue[c->tail % QUEUE_EVENTS];
		*dropped = (struct input_event){ .sec = e->sec, .usec = e->usec, .type = EV_SYN, .code = SYN_DROPPED };
	}
	if (e->type == EV_SYN && e->code == SYN_REPORT)
		c->packet_head = c->head;
}

static void evdev_event(struct input_handle *h, u32 type, u32 code, s32 value)
{
	struct evdev *e = h->private;
	struct input_event ev = { .type = (u16)type, .code = (u16)code, .value = value };
	struct evdev_client *c;
	u32 ns;

	spin_lock(&e->lock);
	list_for_each_entry(c, &e->clients, node) {
		if (e->grab && e->grab != c)
			continue;
		ev.sec = (u32)div_u64_rem(c->clock == CLOCK_REALTIME ? realtime_ns() : ktime_ns(), (u32)NSEC_PER_SEC, &ns);
		ev.usec = ns / 1000;
		put(c, &ev);
		if (type == EV_SYN)
			kill_fasync(&c->fasync, SIGIO, POLL_IN);
	}
	spin_unlock(&e->lock);
	if (type == EV_SYN)
		wake_up_key(&e->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
}

static void evdev_release_device(struct device *d)
{
	kfree(d->node_name);
	kfree(container_of(d, struct evdev, dev));
}

static struct evdev *make(struct input_dev *d, const struct input_handler *h, u32 minor)
{
	struct evdev *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	e->minor = minor;
	e->exists = true;
	ksnprintf(e->name, sizeof(e->name), "event%u", minor);
	mutex_init(&e->mutex, "evdev", RANK_OBJECT);
	spin_lock_init(&e->lock, "evdev", RANK_DRIVER);
	INIT_LIST_HEAD(&e->clients);
	wait_queue_init(&e->wait);
	e->handle = (struct input_handle){ .dev = d, .handler = h, .name = e->name, .private = e };
	return e;
}

static int evdev_connect(const struct input_handler *h, struct input_dev *d)
{
	struct evdev *e;
	char node[24];
	u32 minor = 0;
	int error;

	while (minor < INPUT_NODES && evdevs[minor])
		minor++;
	if (minor == INPUT_NODES)
		return -ENFILE;
	e = make(d, h, minor);
	if (!e)
		return -ENOMEM;
	ksnprintf(node, sizeof(node), "input/%s", e->name);
	device_init(&e->dev);
	e->dev.class = &input_class;
	e->dev.parent = &d->dev;
	e->dev.devt = MKDEV(INPUT_MAJOR, EVENT_FIRST_MINOR + minor);
	e->dev.node_mode = S_IFCHR | 0660;
	e->dev.node_name = kstrdup(node, GFP_KERNEL);
	e->dev.release = evdev_release_device;
	error = e->dev.node_name ? device_add(&e->dev, "%s", e->name) : -ENOMEM;
	if (error) {
		put_device(&e->dev);
		return error;
	}
	evdevs[minor] = e;
	input_open_handle(&e->handle);
	return 0;
}

static void evdev_disconnect(struct input_handle *h)
{
	struct evdev *e = h->private;

	input_close_handle(h);
	mutex_lock(&e->mutex);
	e->exists = false;
	mutex_unlock(&e->mutex);
	wake_up_all(&e->wait);
	evdevs[e->minor] = NULL;
	device_del(&e->dev);
	put_device(&e->dev);
}

/* ---- the file ---- */

static int evdev_open(struct inode *inode, struct file *f)
{
	struct evdev_client *c = kzalloc(sizeof(*c), GFP_KERNEL);
	u32 minor = MINOR(inode->rdev) - EVENT_FIRST_MINOR, flags;
	struct evdev *e;

	if (!c)
		return -ENOMEM;
	mutex_lock(&input_mutex);
	e = evdevs[minor];
	if (e)
		get_device(&e->dev);
	mutex_unlock(&input_mutex);
	if (!e) {
		kfree(c);
		return -ENODEV;
	}
	c->evdev = e;
	flags = spin_lock_irqsave(&e->lock);
	list_add_tail(&c->node, &e->clients);
	spin_unlock_irqrestore(&e->lock, flags);
	f->private = c;
	f->mode |= FMODE_STREAM;
	return 0;
}

/* e->mutex held. */
static void ungrab(struct evdev *e)
{
	u32 flags = spin_lock_irqsave(&e->lock);

	e->grab = NULL;
	spin_unlock_irqrestore(&e->lock, flags);
	if (e->exists)
		input_grab(&e->handle, false);
}

static void evdev_release(struct file *f)
{
	struct evdev_client *c = f->private;
	struct evdev *e = c->evdev;
	u32 flags;

	mutex_lock(&e->mutex);
	if (e->grab == c)
		ungrab(e);
	mutex_unlock(&e->mutex);
	flags = spin_lock_irqsave(&e->lock);
	list_del(&c->node);
	spin_unlock_irqrestore(&e->lock, flags);
	kfree(c);
	put_device(&e->dev);
}

static int evdev_fasync(int fd, struct file *f, int on)
{
	struct evdev_client *c = f->private;

	return fasync_helper(fd, f, on, &c->fasync);
}

static bool gone(const struct evdev_client *c)
{
	return !c->evdev->exists || c->revoked;
}

/* At most max events of whole packets. */
static u32 take(struct evdev_client *c, struct input_event *out, u32 max)
{
	u32 flags = spin_lock_irqsave(&c->evdev->lock), n;

	for (n = 0; n < max && c->tail != c->packet_head; n++)
		out[n] = c->queue[c->tail++ % QUEUE_EVENTS];
	spin_unlock_irqrestore(&c->evdev->lock, flags);
	return n;
}

static ssize_t evdev_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct evdev_client *c = k->file->private;
	struct input_event ev[READ_EVENTS];
	bool wants = iov_iter_count(to) != 0;
	ssize_t done = 0;
	u32 n;

	if (wants && iov_iter_count(to) < sizeof(ev[0]))
		return -EINVAL;
	for (;;) {
		int error;

		if (gone(c))
			return -ENODEV;
		if (c->packet_head == c->tail && (k->file->flags & O_NONBLOCK))
			return -EAGAIN;
		if (!wants)
			return 0;
		while ((n = take(c, ev, min_t(u32, READ_EVENTS, iov_iter_count(to) / sizeof(ev[0]))))) {
			if (copy_to_iter(ev, n * sizeof(ev[0]), to) != n * sizeof(ev[0]))
				return -EFAULT;
			done += (ssize_t)(n * sizeof(ev[0]));
		}
		if (done)
			return done;
		error = (int)wait_event_interruptible(&c->evdev->wait, c->packet_head != c->tail || gone(c));
		if (error)
			return error;
	}
}

/* What is written is injected: LEDs go to the device, anything else to whoever listens. */
static ssize_t evdev_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct evdev_client *c = k->file->private;
	struct input_event ev;
	ssize_t done = 0;

	if (iov_iter_count(from) && iov_iter_count(from) < sizeof(ev))
		return -EINVAL;
	while (iov_iter_count(from) >= sizeof(ev)) {
		bool lost;

		if (copy_from_iter(&ev, sizeof(ev), from) != sizeof(ev))
			return done ? done : -EFAULT;
		mutex_lock(&c->evdev->mutex);
		lost = gone(c);
		if (!lost)
			input_inject(&c->evdev->handle, ev.type, ev.code, ev.value);
		mutex_unlock(&c->evdev->mutex);
		if (lost)
			return done ? done : -ENODEV;
		done += (ssize_t)sizeof(ev);
		cond_resched();
	}
	return done;
}

static u32 evdev_poll(struct file *f, struct poll_table *pt)
{
	struct evdev_client *c = f->private;

	poll_wait(f, &c->evdev->wait, pt);
	if (gone(c))
		return POLLHUP | POLLERR;
	return POLLOUT | POLLWRNORM | (c->packet_head != c->tail ? POLLIN | POLLRDNORM : 0);
}

/* ---- ioctls: the answer is made under the mutex, and copied to the program without it ---- */

struct answer {
	u8 data[ANSWER_MAX];
	u32 len;
};

static int say(struct answer *a, const void *data, u32 len, u32 room)
{
	a->len = min(min(len, room), ANSWER_MAX);
	memcpy(a->data, data, a->len);
	return (int)a->len;
}

static int say_text(struct answer *a, const char *text, u32 room)
{
	return text ? say(a, text, (u32)strlen(text) + 1, room) : -ENOENT;
}

static int bits_ioctl(struct input_dev *d, u32 nr, u32 room, struct answer *a)
{
	/* Of the types that no device here has: as many zeros as there are codes. */
	static const struct { u32 type, count; } others[] = { { EV_ABS, ABS_CNT }, { EV_SW, SW_CNT }, { EV_SND, SND_CNT }, { EV_FF, FF_CNT } };
	static const u32 none[INPUT_WORDS(FF_CNT)];
	u32 type = nr - EVIOCGBIT_NR, count;
	const u32 *bits = input_bits(d, type, &count);

	for (u32 i = 0; i < ARRAY_SIZE(others) && !bits; i++)
		if (others[i].type == type) {
			bits = none;
			count = others[i].count;
		}
	return bits ? say(a, bits, INPUT_WORDS(count) * 4, room) : -EINVAL;
}

static int sized_ioctl(struct input_dev *d, u32 nr, u32 room, struct answer *a)
{
	static const u32 none;

	switch (nr) {
	case EVIOCGNAME_NR: return say_text(a, d->name, room);
	case EVIOCGPHYS_NR: return say_text(a, d->phys, room);
	case EVIOCGUNIQ_NR: return say_text(a, NULL, room);
	case EVIOCGPROP_NR: return say(a, d->propbit, sizeof(d->propbit), room);
	case EVIOCGKEY_NR: return say(a, d->key, sizeof(d->key), room);
	case EVIOCGLED_NR: return say(a, d->led, sizeof(d->led), room);
	case EVIOCGSND_NR:
	case EVIOCGSW_NR: return say(a, &none, sizeof(none), room);
	}
	if (nr >= EVIOCGBIT_NR && nr < EVIOCGBIT_NR + EV_CNT)
		return bits_ioctl(d, nr, room, a);
	return -EINVAL;
}

static int grab_ioctl(struct evdev_client *c, bool on)
{
	struct evdev *e = c->evdev;
	u32 flags;
	int error;

	if (!on) {
		if (e->grab != c)
			return -EINVAL;
		ungrab(e);
		return 0;
	}
	if (e->grab)
		return -EBUSY;
	error = input_grab(&e->handle, true);
	if (error)
		return error;
	flags = spin_lock_irqsave(&e->lock);
	e->grab = c;
	spin_unlock_irqrestore(&e->lock, flags);
	return 0;
}

static int ioctl_locked(struct evdev_client *c, u32 cmd, unsigned long arg, u32 value, struct answer *a)
{
	static const u32 version = EV_VERSION;
	struct input_dev *d = c->evdev->handle.dev;

	switch (cmd) {
	case EVIOCGVERSION:
		say(a, &version, sizeof(version), sizeof(version));
		return 0;
	case EVIOCGID:
		say(a, &d->id, sizeof(d->id), sizeof(d->id));
		return 0;
	case EVIOCGREP: /* the keyboard repeats by itself, at its own rate */
	case EVIOCSREP:
		return -ENOSYS;
	case EVIOCGRAB:
		return grab_ioctl(c, arg);
	case EVIOCREVOKE:
		if (arg)
			return -EINVAL;
		c->revoked = true;
		if (c->evdev->grab == c)
			ungrab(c->evdev);
		wake_up_all(&c->evdev->wait);
		return 0;
	case EVIOCSCLOCKID:
		if (value != CLOCK_REALTIME && value != CLOCK_MONOTONIC && value != CLOCK_BOOTTIME)
			return -EINVAL;
		c->clock = (int)value;
		return 0;
	}
	if (EVIOC_BASE(cmd) == EVIOC_READ)
		return sized_ioctl(d, EVIOC_NR(cmd), IOC_SIZE(cmd), a);
	return -EINVAL;
}

static long evdev_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct evdev_client *c = f->private;
	struct answer a = { .len = 0 };
	u32 value = 0;
	long r;

	if (cmd == EVIOCSCLOCKID && get_user_u32(&value, (u32 __user *)arg))
		return -EFAULT;
	mutex_lock(&c->evdev->mutex);
	r = gone(c) ? -ENODEV : ioctl_locked(c, cmd, arg, value, &a);
	mutex_unlock(&c->evdev->mutex);
	if (r >= 0 && a.len && copy_to_user((void __user *)arg, a.data, a.len))
		r = -EFAULT;
	return r;
}

static const struct file_operations evdev_fops = {
	.name = "evdev",
	.open = evdev_open,
	.release = evdev_release,
	.read_iter = evdev_read_iter,
	.write_iter = evdev_write_iter,
	.poll = evdev_poll,
	.ioctl = evdev_ioctl,
	.fasync = evdev_fasync,
	.llseek = no_llseek,
};

static bool evdev_match(const struct input_dev *d) { return true; }

static struct input_handler evdev_handler = {
	.name = "evdev", .match = evdev_match, .connect = evdev_connect, .disconnect = evdev_disconnect, .event = evdev_event,
};

int evdev_init(void)
{
	int error = register_chrdev(MKDEV(INPUT_MAJOR, EVENT_FIRST_MINOR), INPUT_NODES, "input", &evdev_fops, NULL);

	return error ? error : input_register_handler(&evdev_handler);
}
