/*
 * Printers: /dev/lp0 on LPT1 (IRQ 7), /dev/lp1 on LPT2 (IRQ 5); lp(4). Output is interrupt-driven: a writer fills one of two buffers while the
 * interrupt sends the other, a byte with each acknowledgement (double buffering, io/contract/buffer.h).
 * lp->lock (irqsave) guards registers and `active`. A timer looks after a printer that is busy or off line: it makes no interrupt then.
 */
#include "drivers/drivers.h"
#include "drivers/char/parport_regs.h"
#include "io/contract/buffer.h"
#include "io/contract/char_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/hal/uaccess.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/uapi/lp.h"
#include "kernel/uapi/stat.h"

#define LP_MAJOR 6u
#define LP_PORTS 2u
#define BUFFER_SIZE 4096u
#define WRITE_CHUNK 128u
#define READY_READS 4u       /* of the status while an acknowledgement is under way */
#define LOOK_MS 20u          /* how often the timer looks */
#define ERROR_MS 1000u       /* how often a writer looks whether the printer has an error */
#define CLOSING_MS 10000u    /* a printer that takes nothing for so long gets the rest of the output thrown away at close */
#define RESET_US 60u         /* at least 50 */
#define CONTROL_IDLE (PARPORT_CONTROL_INIT | PARPORT_CONTROL_SELECT)

struct lp {
	char name[8];
	u16 base;
	s8 irq;
	bool present;            /* changed under the mutex */
	struct spinlock lock;
	bool active;             /* lock: the interrupt is on, and bytes are on their way */
	u32 sent;                /* lock: bytes so far */
	u32 flags;               /* mutex: LP_ABORT, LP_CAREFUL, LP_ABORTOPEN */
	bool open;               /* mutex */
	u8 told;                 /* the error that was logged last */
	struct mutex mutex;
	struct buffer_stream out;
	struct timer timer;
};

static struct lp ports[LP_PORTS];
static struct class printer_class = { .name = "printer" };

static u8 lp_in(const struct lp *lp, u32 reg) { return port_read8((u16)(lp->base + reg)); }
static void lp_out(const struct lp *lp, u32 reg, u8 v) { port_write8((u16)(lp->base + reg), v); }

/* ---- sending; lock held ---- */

static bool is_ready(u8 status)
{
	return (status & (LP_PBUSY | LP_PACK | LP_POUTPA | LP_PSELECD | LP_PERRORP)) == (LP_PBUSY | LP_PACK | LP_PSELECD | LP_PERRORP);
}

/* Ready now, or after the few microseconds that an acknowledgement takes. */
static bool wait_ready(const struct lp *lp)
{
	for (u32 i = 0; i < READY_READS; i++) {
		if (is_ready(lp_in(lp, PARPORT_STATUS)))
			return true;
		io_delay();
	}
	return false;
}

static void strobe(struct lp *lp, u8 byte)
{
	const u8 control = CONTROL_IDLE | PARPORT_CONTROL_INTEN;

	lp_out(lp, PARPORT_DATA, byte);
	io_delay(); /* data before strobe, and the strobe itself: 0.5 us each */
	lp_out(lp, PARPORT_CONTROL, control | PARPORT_CONTROL_STROBE);
	io_delay();
	lp_out(lp, PARPORT_CONTROL, control);
	lp->sent++;
}

/* The next byte, when the printer takes it; nothing left: the interrupt goes off. */
static void send_next(struct lp *lp)
{
	u8 byte;

	if (!wait_ready(lp))
		return; /* the timer comes back to it */
	if (buffer_stream_get(&lp->out, &byte, 1)) {
		strobe(lp, byte);
		return;
	}
	lp->active = false;
	lp_out(lp, PARPORT_CONTROL, CONTROL_IDLE);
	lp_in(lp, PARPORT_STATUS); /* taking INTEN away may raise a last interrupt: let go of it */
}

static irqreturn_t lp_irq(int irq, void *dev)
{
	struct lp *lp = dev;

	spin_lock(&lp->lock);
	if (lp->active)
		send_next(lp);
	else
		lp_in(lp, PARPORT_STATUS);
	spin_unlock(&lp->lock);
	return IRQ_HANDLED;
}

static void lp_look(void *arg)
{
	struct lp *lp = arg;
	u32 flags = spin_lock_irqsave(&lp->lock), before = lp->sent;

	if (lp->active)
		send_next(lp);
	if (lp->active)
		timer_mod(&lp->timer, deadline_ms(LOOK_MS));
	spin_unlock_irqrestore(&lp->lock, flags);
	if (lp->sent != before)
		lp->told = 0;
}

static void start(struct lp *lp)
{
	u32 flags = spin_lock_irqsave(&lp->lock);

	if (lp->present && !lp->active && buffer_stream_pending(&lp->out)) {
		lp->active = true;
		lp_out(lp, PARPORT_CONTROL, CONTROL_IDLE | PARPORT_CONTROL_INTEN);
		send_next(lp);
		timer_mod(&lp->timer, deadline_ms(LOOK_MS));
	}
	spin_unlock_irqrestore(&lp->lock, flags);
}

/* ---- the file ---- */

/* 0, or what is wrong with the printer; it is logged once. */
static int check_status(struct lp *lp)
{
	u8 status = lp_in(lp, PARPORT_STATUS), wrong;
	const char *what = NULL;
	int error = 0;

	if (status & LP_POUTPA) {
		what = "is out of paper";
		error = -ENOSPC;
	} else if (!(status & LP_PSELECD)) {
		what = "is off line";
		error = -EIO;
	} else if (!(status & LP_PERRORP)) {
		what = "has an error";
		error = -EIO;
	}
	wrong = (u8)(status & (LP_POUTPA | LP_PSELECD | LP_PERRORP));
	if (what && wrong != lp->told)
		pr_info("%s %s\n", lp->name, what);
	lp->told = what ? wrong : 0;
	return error;
}

static int lp_open(struct inode *inode, struct file *f)
{
	struct lp *lp = chrdev_data(f);
	int error = 0;

	mutex_lock(&lp->mutex);
	if (!lp->present)
		error = -ENXIO;
	else if (lp->open)
		error = -EBUSY;
	else if ((lp->flags & LP_ABORTOPEN) && !(f->flags & O_NONBLOCK))
		error = check_status(lp);
	if (!error)
		lp->open = true;
	mutex_unlock(&lp->mutex);
	f->private = lp;
	f->mode |= FMODE_STREAM;
	return error;
}

/* Until all is printed, as long as it goes on. */
static int wait_printed(struct lp *lp)
{
	u32 before;
	int error;

	do {
		before = lp->sent;
		error = buffer_stream_wait_empty(&lp->out, deadline_ms(CLOSING_MS));
	} while (error == -ETIMEDOUT && lp->sent != before);
	return error;
}

static void lp_release(struct file *f)
{
	struct lp *lp = f->private;

	if (wait_printed(lp)) {
		pr_warn("%s: %u bytes that it does not take are thrown away\n", lp->name, buffer_stream_pending(&lp->out));
		buffer_stream_discard(&lp->out);
	}
	mutex_lock(&lp->mutex);
	lp->open = false;
	mutex_unlock(&lp->mutex);
}

static int lp_fsync(struct file *f, loff_t from, loff_t to, bool datasync)
{
	int error = wait_printed(f->private);

	return error == -ETIMEDOUT ? -EIO : error;
}

/* Both buffers are full: until one is empty. */
static int wait_room(struct lp *lp, struct file *f)
{
	int error;

	start(lp);
	if (buffer_stream_room(&lp->out))
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	do {
		error = buffer_stream_wait_room(&lp->out, deadline_ms(ERROR_MS));
		if (error == -ETIMEDOUT) {
			int wrong = check_status(lp);

			if (wrong && (lp->flags & LP_ABORT))
				error = wrong;
		}
	} while (error == -ETIMEDOUT);
	return error;
}

static ssize_t lp_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct lp *lp = k->file->private;
	u8 buf[WRITE_CHUNK];
	ssize_t done = 0;
	int error = 0;

	while (iov_iter_count(from) && !error) {
		u32 n;

		if (!lp->present)
			return done ? done : -ENODEV;
		n = copy_from_iter(buf, min_t(u32, iov_iter_count(from), sizeof(buf)), from);

		if (!n)
			error = -EFAULT;
		for (u32 taken = 0; taken < n && !error;) {
			u32 put = buffer_stream_put(&lp->out, buf + taken, n - taken);

			taken += put;
			done += (ssize_t)put;
			if (taken < n)
				error = wait_room(lp, k->file);
		}
	}
	start(lp);
	return done ? done : error;
}

static u32 lp_poll(struct file *f, struct poll_table *pt)
{
	struct lp *lp = f->private;

	poll_wait(f, &lp->out.pool.wait, pt);
	if (!lp->present)
		return POLLERR | POLLHUP;
	return buffer_stream_room(&lp->out) ? POLLOUT | POLLWRNORM : 0;
}

static void set_flag(struct lp *lp, u32 flag, bool on)
{
	mutex_lock(&lp->mutex);
	lp->flags = on ? lp->flags | flag : lp->flags & ~flag;
	mutex_unlock(&lp->mutex);
}

static long lp_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct lp *lp = f->private;
	u32 flags;

	if (!lp->present)
		return -ENODEV;
	switch (cmd) {
	case LPGETSTATUS:
		return put_user_u32(lp_in(lp, PARPORT_STATUS), (u32 __user *)arg);
	case LPGETIRQ:
		return put_user_u32((u32)lp->irq, (u32 __user *)arg);
	case LPGETFLAGS:
		return put_user_u32(LP_EXIST | LP_BUSY | lp->flags, (u32 __user *)arg);
	case LPABORT:
		set_flag(lp, LP_ABORT, arg);
		return 0;
	case LPCAREFUL:
		set_flag(lp, LP_CAREFUL, arg);
		return 0;
	case LPABORTOPEN:
		set_flag(lp, LP_ABORTOPEN, arg);
		return 0;
	case LPRESET:
		flags = spin_lock_irqsave(&lp->lock);
		lp_out(lp, PARPORT_CONTROL, PARPORT_CONTROL_SELECT);
		udelay(RESET_US);
		lp_out(lp, PARPORT_CONTROL, CONTROL_IDLE | (lp->active ? PARPORT_CONTROL_INTEN : 0));
		spin_unlock_irqrestore(&lp->lock, flags);
		return 0;
	}
	return -EINVAL;
}

static const struct file_operations lp_fops = {
	.name = "lp",
	.open = lp_open,
	.release = lp_release,
	.write_iter = lp_write_iter,
	.fsync = lp_fsync,
	.poll = lp_poll,
	.ioctl = lp_ioctl,
	.llseek = no_llseek,
};

/* ---- finding them ---- */

/* The data latch can be read back where there is a port. */
static bool port_answers(const struct lp *lp)
{
	static const u8 patterns[] = { 0xaa, 0x55, 0 };

	lp_out(lp, PARPORT_CONTROL, CONTROL_IDLE);
	for (u32 i = 0; i < sizeof(patterns); i++) {
		lp_out(lp, PARPORT_DATA, patterns[i]);
		if (lp_in(lp, PARPORT_DATA) != patterns[i])
			return false;
	}
	return true;
}

static int lp_probe(struct platform_device *p)
{
	struct lp *lp = &ports[p->id];
	kdev_t number = MKDEV(LP_MAJOR, (u32)p->id);
	struct device *d;
	int error = 0;

	lp->base = p->port;
	lp->irq = p->irq;
	if (!port_answers(lp))
		return -ENODEV;
	ksnprintf(lp->name, sizeof(lp->name), "lp%d", p->id);
	if (!lp->out.pool.buffers) /* kept from then on: a file may still be open when the driver goes */
		error = buffer_stream_init(&lp->out, lp->name, 2, BUFFER_SIZE);
	if (!error)
		error = request_irq((u32)p->irq, lp_irq, 0, lp->name, lp);
	if (error)
		return error;
	error = register_chrdev(number, 1, "lp", &lp_fops, lp);
	if (error)
		goto no_number;
	d = device_create(&printer_class, &p->dev, number, S_IFCHR | 0660, lp, "%s", lp->name);
	if (IS_ERR(d)) {
		error = (int)PTR_ERR(d);
		goto no_device;
	}
	mutex_lock(&lp->mutex);
	lp->present = true;
	mutex_unlock(&lp->mutex);
	pr_info("%s: parallel port at 0x%x, irq %d\n", lp->name, p->port, p->irq);
	return 0;
no_device:
	unregister_chrdev(number, 1);
no_number:
	free_irq((u32)p->irq, lp);
	return error;
}

static void lp_remove(struct platform_device *p)
{
	struct lp *lp = &ports[p->id];
	u32 flags;

	mutex_lock(&lp->mutex);
	lp->present = false;
	mutex_unlock(&lp->mutex);
	flags = spin_lock_irqsave(&lp->lock);
	lp->active = false;
	lp_out(lp, PARPORT_CONTROL, CONTROL_IDLE);
	spin_unlock_irqrestore(&lp->lock, flags);
	timer_del_sync(&lp->timer);
	buffer_stream_discard(&lp->out); /* wakes writers */
	device_destroy(&printer_class, MKDEV(LP_MAJOR, (u32)p->id));
	unregister_chrdev(MKDEV(LP_MAJOR, (u32)p->id), 1);
	free_irq((u32)p->irq, lp);
}

static int lp_setup(void)
{
	for (u32 i = 0; i < LP_PORTS; i++) {
		spin_lock_init(&ports[i].lock, "lp", RANK_DRIVER);
		mutex_init(&ports[i].mutex, "lp", RANK_OBJECT);
		timer_init(&ports[i].timer, lp_look, &ports[i]);
	}
	return class_register(&printer_class);
}

struct platform_driver lp_driver = { .name = "parport_pc", .setup = lp_setup, .probe = lp_probe, .remove = lp_remove };
