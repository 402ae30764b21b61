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
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

LIST_HEAD(tty_list); /* grows only */
struct tty *console_tty;

#define TTY_FLIP_BLOCK 64u  /* bytes that move at once */
#define TAKE_MAX 2048u      /* bytes of one terminal before the next has its turn */
#define TX_EMPTY_MS 2000u   /* the slowest: 17 characters at 110 baud */

static struct workqueue_struct *tty_wq;
struct class tty_class = { .name = "tty" };

/* ---- from and to the hardware ---- */

static void kick(struct tty *t)
{
	queue_work(tty_wq, &t->input_work);
}

/* Bytes with one flag for all of them; hw_lock is taken here. */
static void receive(struct tty *t, const u8 *data, u32 n, u8 flag)
{
	u8 flags[TTY_FLIP_BLOCK];
	u32 irq = spin_lock_irqsave(&t->hw_lock), taken;

	memset(flags, flag, n);
	taken = buffer_ring_put(&t->flip, data, n);
	buffer_ring_put(&t->flip_flags, flags, taken);
	if (flag)
		t->flags_used += taken;
	buffer_ring_lost(&t->flip, n - taken);
	spin_unlock_irqrestore(&t->hw_lock, irq);
	kick(t);
}

void tty_receive(struct tty *t, u8 c, u8 flag)
{
	receive(t, &c, 1, flag);
}

void tty_receive_block(struct tty *t, const u8 *data, u32 n)
{
	for (u32 part; n; data += part, n -= part) {
		part = min(n, TTY_FLIP_BLOCK);
		receive(t, data, part, 0);
	}
}

u32 tty_receive_room(struct tty *t)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock), room = buffer_ring_room(&t->flip);

	if (room < TTY_FLIP_RESERVE) {
		room = 0;
		t->throttled = true;
	}
	spin_unlock_irqrestore(&t->hw_lock, flags);
	return room;
}

u32 tty_receive_lost(struct tty *t)
{
	return t->flip.monitor.overruns;
}

u32 tty_next_tx(struct tty *t, u8 *out, u32 n)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock), done = 0;

	if (t->xchar && n) {
		out[done++] = t->xchar;
		t->xchar = 0;
	}
	if (!t->ldisc.stopped)
		done += buffer_ring_get(&t->out, out + done, n - done);
	spin_unlock_irqrestore(&t->hw_lock, flags);
	return done;
}

void tty_tx_wakeup(struct tty *t)
{
	if (buffer_ring_used(&t->out) < TTY_OUT_LOW && wait_queue_active(&t->write_wait)) {
		wake_up_key(&t->write_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
		kill_fasync(&t->fasync, SIGIO, POLL_OUT);
	}
}

void tty_carrier_changed(struct tty *t, bool there)
{
	if (there) {
		wake_up_all(&t->open_wait);
		return;
	}
	if (t->ldisc.t.c_cflag & CLOCAL)
		return;
	t->lost_carrier = true;
	kick(t);
}

u32 tty_out_room(struct tty *t)
{
	return buffer_ring_room(&t->out);
}

void tty_put_output(struct tty *t, const u8 *data, u32 len)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);

	buffer_ring_lost(&t->out, len - buffer_ring_put(&t->out, data, len));
	spin_unlock_irqrestore(&t->hw_lock, flags);
}

void tty_start(struct tty *t)
{
	if (t->xchar || (buffer_ring_used(&t->out) && !t->ldisc.stopped))
		t->ops->start_tx(t);
}

void tty_send_xchar(struct tty *t, u8 c)
{
	t->xchar = c;
	tty_start(t);
}

void tty_status(struct tty *t, u32 what)
{
	if (t->ops->status)
		t->ops->status(t, what);
}

void tty_flush_output(struct tty *t)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);

	buffer_ring_empty(&t->out);
	spin_unlock_irqrestore(&t->hw_lock, flags);
	tty_status(t, TIOCPKT_FLUSHWRITE);
	wake_up_key(&t->write_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
}

void tty_flush_input(struct tty *t)
{
	u32 flags;

	ldisc_flush_input(&t->ldisc);
	tty_status(t, TIOCPKT_FLUSHREAD);
	flags = spin_lock_irqsave(&t->hw_lock);
	buffer_ring_empty(&t->flip);
	buffer_ring_empty(&t->flip_flags);
	t->flags_used = 0;
	spin_unlock_irqrestore(&t->hw_lock, flags);
	tty_input_taken(t);
}

int tty_wait_sent(struct tty *t, u64 deadline)
{
	int error;

	tty_start(t);
	if (t->ops->no_line)
		return 0;
	error = (int)wait_event_interruptible_until(&t->write_wait, !buffer_ring_used(&t->out), deadline);
	/* What is in the device now takes some characters' time and has no interrupt of its own. */
	for (u32 ms = 0; !error && t->ops->tx_empty && !t->ops->tx_empty(t) && ms < TX_EMPTY_MS; ms++) {
		if (signal_pending_current())
			return -ERESTARTSYS;
		sleep_ms(1);
	}
	return error;
}

void tty_input_taken(struct tty *t)
{
	if (buffer_ring_used(&t->flip) || t->throttled || t->xoff_sent)
		kick(t);
}

/* ---- in process context ---- */

/* Some bytes and their flags; *flagged: at least one that waits has a flag. */
static u32 flip_get(struct tty *t, u8 *data, u8 *flags, u32 n, bool *flagged)
{
	u32 irq = spin_lock_irqsave(&t->hw_lock);

	n = buffer_ring_get(&t->flip, data, n);
	buffer_ring_get(&t->flip_flags, flags, n);
	*flagged = t->flags_used;
	for (u32 i = 0; t->flags_used && i < n; i++)
		t->flags_used -= !!flags[i];
	spin_unlock_irqrestore(&t->hw_lock, irq);
	return n;
}

/* A character that makes a signal waits behind the text that finds no room: it empties the buffer anyway. */
static bool signal_waits(struct tty *t)
{
	const struct ring *r = &t->flip.ring;
	u32 irq = spin_lock_irqsave(&t->hw_lock);
	bool found = false;

	for (u32 i = r->tail; i != r->head && !found; i++)
		found = ldisc_is_signal(&t->ldisc, r->data[i & (r->size - 1)]);
	spin_unlock_irqrestore(&t->hw_lock, irq);
	return found;
}

/* Bytes from the flip ring through the line discipline while it has room. Whether it is left with input that it could take. Lock held. */
static bool discipline_takes(struct tty *t, bool *any)
{
	u8 data[TTY_FLIP_BLOCK], flags[TTY_FLIP_BLOCK];

	for (u32 taken = 0; taken < TAKE_MAX;) {
		u32 n = min(ldisc_room(&t->ldisc), TTY_FLIP_BLOCK);
		bool flagged;

		if (!n && signal_waits(t))
			n = TTY_FLIP_BLOCK;
		n = flip_get(t, data, flags, n, &flagged);
		if (!n)
			return false;
		*any = true;
		taken += n;
		if (!flagged)
			ldisc_receive_block(&t->ldisc, data, n);
		for (u32 i = 0; flagged && i < n; i++)
			ldisc_receive(&t->ldisc, data[i], flags[i]);
	}
	return buffer_ring_used(&t->flip) != 0;
}

/* IXOFF: tell the other end to stop while too much waits here, and to go on. Lock held. */
static void soft_flow(struct tty *t)
{
	const struct ktermios *tio = &t->ldisc.t;
	u32 waits = buffer_ring_used(&t->flip);
	bool stop = t->xoff_sent;

	if (waits > TTY_FLIP_SIZE / 2)
		stop = true;
	else if (!waits)
		stop = false;
	if (!(tio->c_iflag & IXOFF))
		stop = false;
	if (stop == t->xoff_sent)
		return;
	t->xoff_sent = stop;
	if (tio->c_cc[stop ? VSTOP : VSTART] != CC_DISABLED)
		tty_send_xchar(t, tio->c_cc[stop ? VSTOP : VSTART]);
}

static void unthrottle(struct tty *t)
{
	u32 flags = spin_lock_irqsave(&t->hw_lock);
	bool go = t->throttled && buffer_ring_used(&t->flip) <= TTY_FLIP_SIZE / 4;

	if (go)
		t->throttled = false;
	spin_unlock_irqrestore(&t->hw_lock, flags);
	if (go && t->ops->unthrottle)
		t->ops->unthrottle(t);
}

static void take_input(struct tty *t)
{
	bool any = false;

	mutex_lock(&t->lock);
	if (discipline_takes(t, &any))
		kick(t); /* the others first */
	soft_flow(t);
	mutex_unlock(&t->lock);
	unthrottle(t);
	if (!any)
		return;
	tty_start(t); /* the echo */
	if (ldisc_readable(&t->ldisc)) {
		wake_up_key(&t->read_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
		kill_fasync(&t->fasync, SIGIO, POLL_IN);
	}
}

/* The work item of a terminal. */
static void serve(struct work_struct *work)
{
	struct tty *t = container_of(work, struct tty, input_work);

	if (t->lost_carrier) {
		t->lost_carrier = false;
		tty_hangup(t);
	}
	if (buffer_ring_used(&t->flip) || t->throttled || t->xoff_sent)
		take_input(t);
	cond_resched();
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

	if (!(l->t.c_lflag & NOFLSH)) {
		tty_flush_output(t);
		tty_status(t, TIOCPKT_FLUSHREAD); /* by the line discipline itself */
	}
	tty_signal_foreground(t, sig);
}

static void ldisc_flow(struct ldisc *l)
{
	tty_status(tty_of_ldisc(l), l->stopped ? TIOCPKT_STOP : TIOCPKT_START);
	tty_start(tty_of_ldisc(l));
}

/* ---- registration ---- */

static int tty_rings(struct tty *t)
{
	char name[20];
	int error;

	ksnprintf(name, sizeof(name), "%s/in", t->name);
	error = buffer_ring_init(&t->flip, name, TTY_FLIP_SIZE);
	if (error)
		return error;
	ksnprintf(name, sizeof(name), "%s/flags", t->name);
	error = buffer_ring_init(&t->flip_flags, name, TTY_FLIP_SIZE);
	if (error)
		goto no_flags;
	ksnprintf(name, sizeof(name), "%s/out", t->name);
	error = buffer_ring_init(&t->out, name, TTY_OUT_SIZE);
	if (!error)
		return 0;
	buffer_ring_destroy(&t->flip_flags);
no_flags:
	buffer_ring_destroy(&t->flip);
	return error;
}

static void tty_rings_destroy(struct tty *t)
{
	buffer_ring_destroy(&t->flip);
	buffer_ring_destroy(&t->flip_flags);
	buffer_ring_destroy(&t->out);
}

struct tty *tty_alloc(const char *name, kdev_t dev, const struct tty_driver_ops *ops, void *driver_data)
{
	struct tty *t = vmalloc(sizeof(*t));
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
	INIT_WORK(&t->input_work, serve);
	wait_queue_init(&t->open_wait);
	ldisc_init(&t->ldisc);
	t->ldisc.echo = ldisc_echo;
	t->ldisc.signal = ldisc_signal;
	t->ldisc.flow = ldisc_flow;
	error = tty_rings(t);
	if (!error)
		return t;
	vfree(t);
	return ERR_PTR(error);
}

void tty_reset(struct tty *t)
{
	mutex_lock(&t->lock);
	ldisc_init(&t->ldisc);
	t->ldisc.t.c_cflag = B38400 | CS8 | CREAD; /* no modem behind it */
	t->winsize = (struct kwinsize){ 0 };
	t->xoff_sent = t->exclusive = false;
	tty_flush_input(t);
	mutex_unlock(&t->lock);
	tty_flush_output(t);
}

struct tty *tty_register(const char *name, kdev_t dev, struct device *parent, const struct tty_driver_ops *ops, void *driver_data)
{
	struct tty *t = tty_alloc(name, dev, ops, driver_data);
	struct device *d;
	int error;

	if (IS_ERR(t))
		return t;
	error = register_chrdev(dev, 1, name, &tty_fops, t);
	if (!error) {
		d = device_create(&tty_class, parent, dev, S_IFCHR | 0620, t, "%s", name);
		if (!IS_ERR(d)) {
			list_add_tail(&t->node, &tty_list);
			if (!console_tty)
				console_tty = t;
			return t;
		}
		error = (int)PTR_ERR(d);
		unregister_chrdev(dev, 1);
	}
	tty_rings_destroy(t);
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

void tty_keep_speed(struct tty *t, const struct ktermios *old)
{
	t->ldisc.t.c_cflag = (t->ldisc.t.c_cflag & ~CBAUD) | (old->c_cflag & CBAUD);
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
