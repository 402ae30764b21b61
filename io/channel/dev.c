/*
 * /dev/channel0, see kernel/uapi/channel.h. Each open file is a subchannel with a program of its own; they run side by side. Counts of all of them
 * are in /sys/class/channel/channel0.
 */
#include "io/channel/channel.h"
#include "io/contract/char_device.h"
#include "io/contract/device.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/signal.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"

#define CHANNEL_MAJOR 241u /* local use, as in Linux's list of devices */

struct channel_counts channel_counts;

/* ---- states ---- */

static bool set_state(struct subchannel *s, enum subchannel_state from, enum subchannel_state to)
{
	bool right;

	spin_lock_bh(&s->lock);
	right = s->state == from;
	if (right)
		s->state = to;
	spin_unlock_bh(&s->lock);
	return right;
}

static bool has_ended(const struct subchannel *s) { return *(const volatile enum subchannel_state *)&s->state == SUBCHANNEL_ENDED; }

void channel_ended(struct program *p)
{
	struct subchannel *s = p->owner;
	struct channel_counts *t = &channel_counts;

	spin_lock_bh(&s->lock);
	s->status = p->status;
	t->programs++;
	t->commands += p->status.executed;
	t->transfers += p->status.transfers;
	t->bytes += p->status.bytes;
	t->interrupts++;
	t->errors += p->status.error != 0;
	s->state = SUBCHANNEL_ENDED;
	/* The one interrupt to the owner; under the lock, because with the state the owner may free all this. */
	wake_up_poll(&s->wait, POLLIN | POLLRDNORM);
	kill_fasync(&s->fasync, SIGIO, POLL_IN);
	spin_unlock_bh(&s->lock);
}

/* LOADING is over without a program; other readers must not wait for one. */
static void become_empty(struct subchannel *s)
{
	set_state(s, SUBCHANNEL_LOADING, SUBCHANNEL_EMPTY);
	wake_up_all(&s->wait);
}

/* The status is taken: 0, or -EBUSY: nothing has ended. */
static int collect(struct subchannel *s, struct channel_status *status)
{
	struct program *p;

	if (!set_state(s, SUBCHANNEL_ENDED, SUBCHANNEL_LOADING))
		return -EBUSY;
	*status = s->status;
	p = s->program;
	s->program = NULL;
	program_free(p);
	become_empty(s);
	return 0;
}

/* ---- file operations ---- */

static int channel_open(struct inode *inode, struct file *f)
{
	struct subchannel *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	spin_lock_init(&s->lock, "subchannel", RANK_DRIVER);
	wait_queue_init(&s->wait);
	f->private = s;
	return 0;
}

static void channel_release(struct file *f)
{
	struct subchannel *s = f->private;
	struct channel_status status;

	if (s->state == SUBCHANNEL_RUNNING)
		s->program->halt = true; /* the program is ours: nobody else can collect it any more */
	if (s->state != SUBCHANNEL_EMPTY) {
		wait_event(&s->wait, has_ended(s));
		WARN_ON(collect(s, &status));
	}
	kfree(s);
}

/* Header and commands from the user; the commands in *commands (vmalloc). How many, or -errno. */
static int take_commands(struct iov_iter *from, int *device, struct channel_command **commands)
{
	struct channel_program head;
	u32 bytes;

	if (from->count < sizeof(head))
		return -EINVAL;
	if (copy_from_iter(&head, sizeof(head), from) != sizeof(head))
		return -EFAULT;
	if (!head.commands || head.commands > CHANNEL_MAX_COMMANDS || from->count != head.commands * sizeof(**commands))
		return -EINVAL;
	bytes = from->count;
	*commands = vmalloc(bytes);
	if (!*commands)
		return -ENOMEM;
	*device = head.device;
	if (copy_from_iter(*commands, bytes, from) == bytes)
		return (int)head.commands;
	vfree(*commands);
	return -EFAULT;
}

static ssize_t load(struct subchannel *s, struct iov_iter *from)
{
	ssize_t all = (ssize_t)from->count;
	struct channel_command *commands;
	struct program *p;
	int device, nr = take_commands(from, &device, &commands);

	if (nr < 0)
		return nr;
	p = program_make(s, device, commands, (u32)nr);
	if (IS_ERR(p)) {
		vfree(commands);
		return PTR_ERR(p);
	}
	s->program = p;
	set_state(s, SUBCHANNEL_LOADING, SUBCHANNEL_RUNNING);
	program_run(p);
	return all;
}

static ssize_t channel_write(struct kiocb *k, struct iov_iter *from)
{
	struct subchannel *s = k->file->private;
	struct channel_status dropped;
	ssize_t done;

	(void)collect(s, &dropped); /* a status that nobody wanted */
	if (!set_state(s, SUBCHANNEL_EMPTY, SUBCHANNEL_LOADING))
		return -EBUSY;
	done = load(s, from);
	if (done < 0)
		become_empty(s);
	return done;
}

static ssize_t channel_read(struct kiocb *k, struct iov_iter *to)
{
	struct subchannel *s = k->file->private;
	struct channel_status status;
	long error;

	if (to->count < sizeof(status))
		return -EINVAL;
	do {
		if (s->state == SUBCHANNEL_EMPTY)
			return -ENODATA;
		if (!has_ended(s) && (k->flags & IOCB_NOWAIT || k->file->flags & O_NONBLOCK))
			return -EAGAIN;
		error = wait_event_interruptible(&s->wait, has_ended(s) || s->state == SUBCHANNEL_EMPTY);
		if (error)
			return error;
	} while (collect(s, &status)); /* another reader was faster */
	return copy_to_iter(&status, sizeof(status), to) == sizeof(status) ? (ssize_t)sizeof(status) : -EFAULT;
}

static u32 channel_poll(struct file *f, struct poll_table *pt)
{
	struct subchannel *s = f->private;

	poll_wait(f, &s->wait, pt);
	switch (s->state) {
	case SUBCHANNEL_EMPTY:
		return POLLOUT | POLLWRNORM;
	case SUBCHANNEL_ENDED:
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	default:
		return 0;
	}
}

static int channel_fasync(int fd, struct file *f, int on)
{
	struct subchannel *s = f->private;

	return fasync_helper(fd, f, on, &s->fasync);
}

static const struct file_operations channel_fops = {
	.name = "channel",
	.open = channel_open,
	.release = channel_release,
	.read_iter = channel_read,
	.write_iter = channel_write,
	.poll = channel_poll,
	.fasync = channel_fasync,
	.llseek = no_llseek,
};

/* ---- sysfs ---- */

static int show_count(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", *(const u32 *)a->arg);
	return 0;
}

static int show_bytes(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%llu\n", channel_counts.bytes);
	return 0;
}

#define COUNT(n) { .name = #n, .mode = 0444, .show = show_count, .arg = &channel_counts.n }
static const struct kobj_attribute channel_attrs[] = {
	COUNT(programs), COUNT(commands), COUNT(transfers), COUNT(interrupts), COUNT(errors), { .name = "bytes", .mode = 0444, .show = show_bytes },
};

static struct class channel_class = { .name = "channel" };

int channel_dev_init(void)
{
	kdev_t dev = MKDEV(CHANNEL_MAJOR, 0);
	struct device *d;
	int error = class_register(&channel_class);

	if (!error)
		error = register_chrdev(dev, 1, "channel", &channel_fops, NULL);
	if (error)
		return error;
	d = device_create(&channel_class, NULL, dev, S_IFCHR | 0600, NULL, "channel0");
	return IS_ERR(d) ? (int)PTR_ERR(d) : sysfs_add_files(&d->kobj, channel_attrs, ARRAY_SIZE(channel_attrs));
}
