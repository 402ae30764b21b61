/*
 * /dev/input/mouse*, one for each mouse, and /dev/input/mice, all of them: what a PS/2 mouse would send, three bytes a packet, or four with
 * the wheel once the program has written the magic sequence (as in Linux's mousedev; the protocol: IBM PS/2 Technical Reference, "Mouse",
 * and Microsoft's IntelliMouse extension of it).
 * Locks: m->lock (irqsave): clients and their packets, taken below the device's event_lock; the lock of mice below that of a mouse.
 */
#include "io/char/input/input.h"
#include "io/contract/char_device.h"
#include "io/contract/filesystem.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/signal.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"

#define PACKETS 16u /* of one client: a new one begins where the buttons change */
#define SEQUENCE 6u

enum mode { MODE_PS2, MODE_IMPS, MODE_EXPS };

struct motion {
	s32 dx, dy, dz;
	u32 buttons;
};
struct mousedev {
	struct device dev;
	struct input_handle handle;
	u32 minor;                /* of the major 13 */
	char name[12];
	bool exists;              /* lock */
	struct motion now;        /* the device's event_lock: since the last SYN_REPORT */
	struct spinlock lock;
	struct list_head clients; /* lock */
	struct wait_queue_head wait;
};
struct client { /* all of it: mousedev->lock */
	struct mousedev *mouse;
	struct list_head node;
	struct motion packets[PACKETS];
	u32 head, tail;
	bool ready;               /* packets[tail] holds something to tell */
	u8 bytes[6];              /* an answer or a packet, and how much of it is still to be read */
	u32 len, left;
	enum mode mode;
	u32 imps_at, exps_at;     /* how far the magic sequences have come */
	struct fasync_struct *fasync;
};

static struct mousedev *mice;                 /* all mice together */
static struct mousedev *mouses[INPUT_NODES];  /* input_mutex */

/* ---- from the core ---- */

static void tell_client(struct client *c, const struct motion *m)
{
	struct motion *p = &c->packets[c->head];

	if (c->ready && p->buttons != m->buttons) {
		u32 next = (c->head + 1) % PACKETS;

		if (next != c->tail) {
			c->head = next;
			p = &c->packets[next];
			memset(p, 0, sizeof(*p));
		}
	}
	if (m->dx || m->dy || m->dz || p->buttons != m->buttons)
		c->ready = true;
	p->dx += m->dx;
	p->dy += m->dy;
	p->dz += m->dz;
	p->buttons = m->buttons;
}

static void tell(struct mousedev *m, const struct motion *what)
{
	u32 flags = spin_lock_irqsave(&m->lock);
	struct client *c;

	list_for_each_entry(c, &m->clients, node) {
		tell_client(c, what);
		kill_fasync(&c->fasync, SIGIO, POLL_IN);
	}
	spin_unlock_irqrestore(&m->lock, flags);
	wake_up_key(&m->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
}

static void mousedev_event(struct input_handle *h, u32 type, u32 code, s32 value)
{
	struct mousedev *m = h->private;

	if (type == EV_REL && code == REL_X) {
		m->now.dx += value;
	} else if (type == EV_REL && code == REL_Y) {
		m->now.dy -= value; /* PS/2 counts upwards */
	} else if (type == EV_REL && code == REL_WHEEL) {
		m->now.dz -= value;
	} else if (type == EV_KEY && code >= BTN_LEFT && code <= BTN_EXTRA && value != 2) {
		u32 bit = BIT(code - BTN_LEFT);

		m->now.buttons = value ? m->now.buttons | bit : m->now.buttons & ~bit;
	} else if (type == EV_SYN && code == SYN_REPORT) {
		tell(m, &m->now);
		if (mice)
			tell(mice, &m->now);
		m->now.dx = m->now.dy = m->now.dz = 0;
	}
}

static bool mousedev_match(const struct input_dev *d)
{
	return bitmap_test(d->relbit, REL_X) && bitmap_test(d->relbit, REL_Y) && bitmap_test(d->keybit, BTN_LEFT);
}

static void mousedev_release_device(struct device *d)
{
	kfree(d->node_name);
	kfree(container_of(d, struct mousedev, dev));
}

/* With its node; parent NULL: of no device. ERR_PTR. */
static struct mousedev *make(u32 minor, const char *name, struct device *parent)
{
	struct mousedev *m = kzalloc(sizeof(*m), GFP_KERNEL);
	char node[24];
	int error;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->minor = minor;
	m->exists = true;
	strscpy(m->name, name, sizeof(m->name));
	spin_lock_init(&m->lock, "mousedev", RANK_DRIVER);
	INIT_LIST_HEAD(&m->clients);
	wait_queue_init(&m->wait);
	ksnprintf(node, sizeof(node), "input/%s", name);
	device_init(&m->dev);
	m->dev.class = &input_class;
	m->dev.parent = parent;
	m->dev.devt = MKDEV(INPUT_MAJOR, minor);
	m->dev.node_mode = S_IFCHR | 0660;
	m->dev.node_name = kstrdup(node, GFP_KERNEL);
	m->dev.release = mousedev_release_device;
	error = m->dev.node_name ? device_add(&m->dev, "%s", name) : -ENOMEM;
	if (!error)
		return m;
	put_device(&m->dev);
	return ERR_PTR(error);
}

static int mousedev_connect(const struct input_handler *h, struct input_dev *d)
{
	struct mousedev *m;
	char name[12];
	u32 i = 0;

	while (i < INPUT_NODES && mouses[i])
		i++;
	if (i == INPUT_NODES)
		return -ENFILE;
	ksnprintf(name, sizeof(name), "mouse%u", i);
	m = make(MOUSE_FIRST_MINOR + i, name, &d->dev);
	if (IS_ERR(m))
		return (int)PTR_ERR(m);
	m->handle = (struct input_handle){ .dev = d, .handler = h, .name = m->name, .private = m };
	mouses[i] = m;
	input_open_handle(&m->handle);
	return 0;
}

static void mousedev_disconnect(struct input_handle *h)
{
	struct mousedev *m = h->private;
	u32 flags;

	input_close_handle(h);
	flags = spin_lock_irqsave(&m->lock);
	m->exists = false;
	spin_unlock_irqrestore(&m->lock, flags);
	wake_up_all(&m->wait);
	mouses[m->minor - MOUSE_FIRST_MINOR] = NULL;
	device_del(&m->dev);
	put_device(&m->dev);
}

/* ---- packets and commands, lock held ---- */

static s32 part(s32 *value, s32 limit)
{
	s32 v = max(min(*value, limit), -limit);

	*value -= v;
	return v;
}

static void make_packet(struct client *c)
{
	struct motion *p = &c->packets[c->tail];
	u32 b = p->buttons;

	c->bytes[0] = (u8)(0x08 | (p->dx < 0) << 4 | (p->dy < 0) << 5 | (b & 7));
	c->bytes[1] = (u8)part(&p->dx, 127);
	c->bytes[2] = (u8)part(&p->dy, 127);
	c->len = 4;
	if (c->mode == MODE_EXPS) {
		c->bytes[3] = (u8)((part(&p->dz, 7) & 0x0f) | (b & 0x18) << 1);
	} else {
		/* Three buttons are all there is: the side ones count as middle and right. */
		c->bytes[0] |= (u8)((b & 0x10) >> 3 | (b & 0x08) >> 1);
		c->bytes[3] = (u8)part(&p->dz, 127);
	}
	if (c->mode == MODE_PS2) {
		p->dz = 0;
		c->len = 3;
	}
	c->left = c->len;
	if (p->dx || p->dy || p->dz)
		return;
	if (c->tail == c->head)
		c->ready = false;
	else
		c->tail = (c->tail + 1) % PACKETS;
}

/* One more byte of a magic sequence: true when it is complete. */
static bool follows(u32 *at, const u8 sequence[SEQUENCE], u8 byte)
{
	*at = byte == sequence[*at] ? *at + 1 : byte == sequence[0];
	if (*at < SEQUENCE)
		return false;
	*at = 0;
	return true;
}

static void answer(struct client *c, const u8 *bytes, u32 n)
{
	c->bytes[0] = 0xfa; /* acknowledged */
	memcpy(c->bytes + 1, bytes, n);
	c->len = c->left = n + 1;
}

/* A byte the program sends to the mouse. */
static void command(struct client *c, u8 byte)
{
	static const u8 imps[SEQUENCE] = { 0xf3, 200, 0xf3, 100, 0xf3, 80 }, exps[SEQUENCE] = { 0xf3, 200, 0xf3, 200, 0xf3, 80 };
	static const u8 ids[] = { 0, 3, 4 };
	bool is_imps = follows(&c->imps_at, imps, byte), is_exps = follows(&c->exps_at, exps, byte);

	if (is_imps || is_exps)
		c->mode = is_imps ? MODE_IMPS : MODE_EXPS;
	switch (byte) {
	case 0xeb: /* poll: a packet now */
		make_packet(c);
		memmove(c->bytes + 1, c->bytes, c->len);
		c->bytes[0] = 0xfa;
		c->left = ++c->len;
		break;
	case 0xf2: /* which protocol */
		answer(c, &ids[c->mode], 1);
		break;
	case 0xe9: /* status: scaling and buttons, resolution, rate */
		answer(c, (const u8[]){ 0x60, 3, 200 }, 3);
		break;
	case 0xff: /* reset */
		c->imps_at = c->exps_at = 0;
		c->mode = MODE_PS2;
		answer(c, (const u8[]){ 0xaa, 0 }, 2);
		break;
	default:
		answer(c, NULL, 0);
	}
}

/* ---- the file ---- */

static int mousedev_open(struct inode *inode, struct file *f)
{
	struct client *c = kzalloc(sizeof(*c), GFP_KERNEL);
	u32 minor = MINOR(inode->rdev), flags;
	struct mousedev *m;

	if (!c)
		return -ENOMEM;
	mutex_lock(&input_mutex);
	m = minor == MICE_MINOR ? mice : mouses[minor - MOUSE_FIRST_MINOR];
	if (m)
		get_device(&m->dev);
	mutex_unlock(&input_mutex);
	if (!m) {
		kfree(c);
		return -ENODEV;
	}
	c->mouse = m;
	flags = spin_lock_irqsave(&m->lock);
	list_add_tail(&c->node, &m->clients);
	spin_unlock_irqrestore(&m->lock, flags);
	f->private = c;
	f->mode |= FMODE_STREAM;
	return 0;
}

static void mousedev_release(struct file *f)
{
	struct client *c = f->private;
	struct mousedev *m = c->mouse;
	u32 flags = spin_lock_irqsave(&m->lock);

	list_del(&c->node);
	spin_unlock_irqrestore(&m->lock, flags);
	kfree(c);
	put_device(&m->dev);
}

static int mousedev_fasync(int fd, struct file *f, int on)
{
	struct client *c = f->private;

	return fasync_helper(fd, f, on, &c->fasync);
}

static bool readable(const struct client *c)
{
	return c->ready || c->left;
}

static ssize_t mousedev_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct client *c = k->file->private;
	struct mousedev *m = c->mouse;
	u8 out[sizeof(c->bytes)];
	u32 n, flags;
	int error;

	do {
		if (!readable(c) && m->exists && (k->file->flags & O_NONBLOCK))
			return -EAGAIN;
		error = (int)wait_event_interruptible(&m->wait, readable(c) || !m->exists);
		if (error)
			return error;
		if (!m->exists)
			return -ENODEV;
		flags = spin_lock_irqsave(&m->lock);
		if (!c->left && c->ready)
			make_packet(c);
		n = min(c->left, iov_iter_count(to));
		memcpy(out, c->bytes + c->len - c->left, n);
		c->left -= n;
		spin_unlock_irqrestore(&m->lock, flags);
	} while (!n && iov_iter_count(to)); /* another thread was faster */
	return copy_to_iter(out, n, to) == n ? (ssize_t)n : -EFAULT;
}

static ssize_t mousedev_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct client *c = k->file->private;
	ssize_t done = 0;
	u8 byte;

	for (; iov_iter_count(from); done++) {
		u32 flags;

		if (copy_from_iter(&byte, 1, from) != 1)
			return done ? done : -EFAULT;
		flags = spin_lock_irqsave(&c->mouse->lock);
		command(c, byte);
		spin_unlock_irqrestore(&c->mouse->lock, flags);
		cond_resched();
	}
	wake_up_key(&c->mouse->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	return done;
}

static u32 mousedev_poll(struct file *f, struct poll_table *pt)
{
	struct client *c = f->private;

	poll_wait(f, &c->mouse->wait, pt);
	if (!c->mouse->exists)
		return POLLHUP | POLLERR;
	return POLLOUT | POLLWRNORM | (readable(c) ? POLLIN | POLLRDNORM : 0);
}

static const struct file_operations mousedev_fops = {
	.name = "mousedev",
	.open = mousedev_open,
	.release = mousedev_release,
	.read_iter = mousedev_read_iter,
	.write_iter = mousedev_write_iter,
	.poll = mousedev_poll,
	.fasync = mousedev_fasync,
	.llseek = no_llseek,
};

static struct input_handler mousedev_handler = {
	.name = "mousedev", .match = mousedev_match, .connect = mousedev_connect, .disconnect = mousedev_disconnect, .event = mousedev_event,
};

int mousedev_init(void)
{
	int error = register_chrdev(MKDEV(INPUT_MAJOR, MOUSE_FIRST_MINOR), INPUT_NODES + 1, "input", &mousedev_fops, NULL);
	struct mousedev *m;

	if (error)
		return error;
	m = make(MICE_MINOR, "mice", NULL);
	if (IS_ERR(m))
		return (int)PTR_ERR(m);
	mice = m;
	return input_register_handler(&mousedev_handler);
}
