/*
 * Terminals: registration, and the two rings between interrupts and processes. Received bytes are taken through the line discipline by
 * a work item of each terminal, in process context, because a byte may end in signals to a process group.
 */
#include "io/char/tty.h"
#include "io/contract/device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

LIST_HEAD(tty_list); /* grows only */
struct tty *console_tty;

static struct workqueue_struct *tty_wq;
static struct class tty_class = { .name = "tty" };

/* ---- from and to the hardware ---- */

void tty_receive(struct tty *t, u8 c, u8 flag)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);

	if (ring_put(&t->flip, c))
		ring_put(&t->flip_flags, flag);
	else
		t->overruns++;
	if (ring_room(&t->flip) == TTY_FLIP_SIZE / 4 && t->ops->throttle)
		t->ops->throttle(t, true);
	spin_unlock_irqrestore(&t->hw_lock, flags);
	queue_work(tty_wq, &t->input_work);
}

int tty_next_tx(struct tty *t)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);
	u8 c;
	int r = -1;

	if (!t->ldisc.stopped && ring_get(&t->out, &c))
		r = c;
	spin_unlock_irqrestore(&t->hw_lock, flags);
	return r;
}

void tty_tx_wakeup(struct tty *t)
{
	if (ring_used(&t->out) < TTY_OUT_LOW && wait_queue_active(&t->write_wait)) {
		wake_up_key(&t->write_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
		kill_fasync(&t->fasync, SIGIO, POLL_OUT);
	}
}

u32 tty_out_room(struct tty *t)
{
	return ring_room(&t->out);
}

void tty_put_output(struct tty *t, const u8 *data, u32 len)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);

	while (len-- && ring_put(&t->out, *data))
		data++;
	spin_unlock_irqrestore(&t->hw_lock, flags);
}

void tty_start(struct tty *t)
{
	if (ring_used(&t->out) && !t->ldisc.stopped)
		t->ops->start_tx(t);
}

void tty_flush_output(struct tty *t)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);

	t->out.tail = t->out.head;
	spin_unlock_irqrestore(&t->hw_lock, flags);
	wake_up_key(&t->write_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
}

int tty_wait_sent(struct tty *t)
{
	tty_start(t);
	return (int)wait_event_interruptible(&t->write_wait, !ring_used(&t->out));
}

/* ---- in process context ---- */

static bool flip_get(struct tty *t, u8 *c, u8 *flag)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);
	bool got = ring_get(&t->flip, c) && ring_get(&t->flip_flags, flag);
	bool empty = !ring_used(&t->flip);

	spin_unlock_irqrestore(&t->hw_lock, flags);
	if (got && empty && t->ops->throttle)
		t->ops->throttle(t, false);
	return got;
}

static void take_input(struct work_struct *work)
{
	struct tty *t = container_of(work, struct tty, input_work);
	u8 c = 0, flag = 0;
	bool any = false;

	mutex_lock(&t->lock);
	while (flip_get(t, &c, &flag)) {
		ldisc_receive(&t->ldisc, c, flag);
		any = true;
	}
	mutex_unlock(&t->lock);
	if (!any)
		return;
	tty_start(t); /* the echo */
	if (ldisc_readable(&t->ldisc)) {
		wake_up_key(&t->read_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
		kill_fasync(&t->fasync, SIGIO, POLL_IN);
	}
}

/* ---- the line discipline's way out ---- */

static struct tty *tty_of_ldisc(struct ldisc *l)
{
	return container_of(l, struct tty, ldisc);
}

static void ldisc_echo(struct ldisc *l, const u8 *text, u32 len)
{
	tty_put_output(tty_of_ldisc(l), text, len);
}

static void ldisc_signal(struct ldisc *l, int sig)
{
	struct tty *t = tty_of_ldisc(l);

	if (!(l->t.c_lflag & NOFLSH))
		tty_flush_output(t);
	tty_signal_foreground(t, sig);
}

static void ldisc_flow(struct ldisc *l)
{
	tty_start(tty_of_ldisc(l));
}

/* ---- registration ---- */

static int tty_rings(struct tty *t)
{
	u8 *data = kmalloc(2 * TTY_FLIP_SIZE + TTY_OUT_SIZE, GFP_KERNEL);

	if (!data)
		return -ENOMEM;
	ring_init(&t->flip, data, TTY_FLIP_SIZE);
	ring_init(&t->flip_flags, data + TTY_FLIP_SIZE, TTY_FLIP_SIZE);
	ring_init(&t->out, data + 2 * TTY_FLIP_SIZE, TTY_OUT_SIZE);
	return 0;
}

struct tty *tty_register(const char *name, kdev_t dev, const struct tty_driver_ops *ops, void *driver_data)
{
	struct tty *t = vmalloc(sizeof(*t));
	struct device *d;
	int error;

	if (!t)
		return ERR_PTR(-ENOMEM);
	memset(t, 0, sizeof(*t));
	strscpy(t->name, name, sizeof(t->name));
	t->dev = dev;
	t->ops = ops;
	t->driver_data = driver_data;
	mutex_init(&t->lock, "tty", RANK_OBJECT);
	spin_lock_init(&t->hw_lock, "tty_hw", RANK_SIGNAL);
	wait_queue_init(&t->read_wait);
	wait_queue_init(&t->write_wait);
	INIT_WORK(&t->input_work, take_input);
	ldisc_init(&t->ldisc);
	t->ldisc.echo = ldisc_echo;
	t->ldisc.signal = ldisc_signal;
	t->ldisc.flow = ldisc_flow;
	error = tty_rings(t);
	if (!error)
		error = register_chrdev(dev, 1, name, &tty_fops, t);
	if (!error) {
		d = device_create(&tty_class, NULL, dev, S_IFCHR | 0620, t, "%s", name);
		if (!IS_ERR(d)) {
			list_add_tail(&t->node, &tty_list);
			if (!console_tty)
				console_tty = t;
			return t;
		}
		error = (int)PTR_ERR(d);
		unregister_chrdev(dev, 1);
	}
	kfree(t->flip.data);
	vfree(t);
	return ERR_PTR(error);
}

void *tty_driver_data(struct tty *t)
{
	return t->driver_data;
}

static const u32 baud_table[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 baud_table_high[] = { 0, 57600, 115200, 230400, 460800, 500000, 576000, 921600 };

u32 tty_baud(struct tty *t)
{
	u32 code = t->ldisc.t.c_cflag & CBAUD;

	if (code & 0x1000)
		return (code & 0xf) < ARRAY_SIZE(baud_table_high) ? baud_table_high[code & 0xf] : 9600;
	return baud_table[code];
}

u32 tty_cflag(struct tty *t)
{
	return t->ldisc.t.c_cflag;
}

int tty_init(void)
{
	int error = class_register(&tty_class);

	if (!error)
		error = register_chrdev(MKDEV(5, 0), 2, "tty", &tty_fops, NULL);
	for (u32 i = 0; i < 2 && !error; i++) {
		struct device *d = device_create(&tty_class, NULL, MKDEV(5, i), S_IFCHR | (i ? 0600 : 0666), NULL, "%s", i ? "console" : "tty");

		error = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	}
	if (!error)
		error = tty_job_init();
	if (error)
		return error;
	tty_wq = alloc_workqueue("tty", 0, 0);
	return tty_wq ? 0 : -ENOMEM;
}
