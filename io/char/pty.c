/*
 * Pseudo-terminals (Unix98: pty(7), ptmx(4)). Opening /dev/ptmx makes a pair: the file is the master, and /dev/pts/N is a terminal like any
 * other whose line ends at the master: what the slave's users write is read from the master, what is written to the master they get as if it
 * had been typed. Each read and write of the master works on the slave's two rings; the line discipline between them is the slave's.
 *
 * A pair is free for the next open of /dev/ptmx when neither side is open; the memory of a pair stays, because a terminal may be looked at
 * through a process's controlling terminal at any time.
 *
 * In packet mode (TIOCPKT, ioctl_tty(2)) each read of the master begins with a byte: 0 and data follows, or bits that tell what happened to the
 * slave, and nothing follows.
 */
#include "io/char/tty.h"
#include "io/contract/device.h"
#include "io/contract/devpts.h"
#include "io/contract/filesystem.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/signal.h"
#include "kernel/uapi/signal.h"
#include "mm/alloc.h"

#define PTM_CHUNK 256u

struct pty {
	struct tty *tty; /* the slave */
	u32 index;
	bool master;     /* pairs_lock: the master is open, or the pair is being set up or taken down */
	bool locked;     /* tty->lock: the slave cannot be opened (TIOCSPTLCK) */
	bool closed;     /* tty->lock: the slave was open and is no longer */
	bool packet;     /* packet mode */
	u32 status;      /* tty->hw_lock: TIOCPKT_* bits to be told in packet mode */
	struct wait_queue_head wait; /* of the master: for something to read, for room */
	struct fasync_struct *fasync;
};

struct ptm { /* file->private of a master; what the ioctls of terminals see is the slave */
	struct tty_file tf;
	struct pty *pty;
};

static DEFINE_MUTEX_RANK(pairs_lock, RANK_REGISTRY);
static struct pty *pairs[PTY_MAX];

static struct pty *pty_of(struct file *f) { return ((struct ptm *)f->private)->pty; }

/* ---- the slave's line ---- */

static void tell_master(struct pty *p, u32 events, int reason)
{
	wake_up_key(&p->wait, TASK_NORMAL, 0, events);
	kill_fasync(&p->fasync, SIGIO, reason);
}

static void pts_start_tx(struct tty *t) { tell_master(tty_driver_data(t), POLLIN | POLLRDNORM, POLL_IN); }
static void pts_unthrottle(struct tty *t) { tell_master(tty_driver_data(t), POLLOUT | POLLWRNORM, POLL_OUT); }

static int pts_open(struct tty *t)
{
	struct pty *p = tty_driver_data(t);

	if (p->locked || !p->master)
		return -EIO;
	p->closed = false;
	return 0;
}

static void pts_close(struct tty *t)
{
	struct pty *p = tty_driver_data(t);

	p->closed = true;
	wake_up_key(&p->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM | POLLHUP);
}

static void pts_status(struct tty *t, u32 what)
{
	struct pty *p = tty_driver_data(t);
	u32 undone = what & (TIOCPKT_STOP | TIOCPKT_START) ? TIOCPKT_STOP | TIOCPKT_START :
		     what & (TIOCPKT_NOSTOP | TIOCPKT_DOSTOP) ? TIOCPKT_NOSTOP | TIOCPKT_DOSTOP : 0, flags;

	if (!p->packet)
		return;
	flags = spin_lock_irqsave(&t->hw_lock);
	p->status = (p->status & ~undone) | what;
	spin_unlock_irqrestore(&t->hw_lock, flags);
	tell_master(p, POLLIN | POLLRDNORM | POLLPRI, POLL_IN);
}

static const struct tty_driver_ops pts_ops = {
	.start_tx = pts_start_tx,
	.open = pts_open,
	.close = pts_close,
	.unthrottle = pts_unthrottle,
	.status = pts_status,
	.no_line = true,
};

struct tty *pty_slave(u32 index)
{
	struct pty *p = index < PTY_MAX ? pairs[index] : NULL;

	return p && p->master ? p->tty : NULL;
}

/* ---- pairs ---- */

static struct pty *pty_new(u32 index)
{
	struct pty *p = kzalloc(sizeof(*p), GFP_KERNEL);
	char name[16];

	if (!p)
		return ERR_PTR(-ENOMEM);
	ksnprintf(name, sizeof(name), "pts%u", index);
	p->index = index;
	wait_queue_init(&p->wait);
	p->tty = tty_alloc(name, PTS_DEV(index), &pts_ops, p);
	if (IS_ERR(p->tty)) {
		int error = (int)PTR_ERR(p->tty);

		kfree(p);
		return ERR_PTR(error);
	}
	return p;
}

/* The first pair that nobody uses, with master set. ERR_PTR(-ENOSPC, -ENOMEM). */
static struct pty *take_pair(void)
{
	struct pty *p = ERR_PTR(-ENOSPC);

	mutex_lock(&pairs_lock);
	for (u32 i = 0; i < PTY_MAX; i++) {
		if (pairs[i] && (pairs[i]->master || pairs[i]->tty->opens))
			continue;
		p = pairs[i] ? pairs[i] : pty_new(i);
		if (IS_ERR(p))
			break;
		pairs[i] = p;
		p->locked = true;
		p->closed = p->packet = false;
		p->master = true;
		break;
	}
	mutex_unlock(&pairs_lock);
	return p;
}

static void give_pair(struct pty *p)
{
	mutex_lock(&pairs_lock);
	p->master = false;
	mutex_unlock(&pairs_lock);
}

/* ---- the master ---- */

static int ptm_open(struct inode *inode, struct file *f)
{
	struct ptm *m = kmalloc(sizeof(*m), GFP_KERNEL);
	struct pty *p;
	int error;

	if (!m)
		return -ENOMEM;
	p = take_pair();
	if (IS_ERR(p)) {
		kfree(m);
		return (int)PTR_ERR(p);
	}
	tty_reset(p->tty);
	error = devpts_add(p->index);
	if (error) {
		give_pair(p);
		kfree(m);
		return error;
	}
	*m = (struct ptm){ .tf = { .tty = p->tty, .hangups = p->tty->hangups }, .pty = p };
	f->private = m;
	f->mode |= FMODE_STREAM;
	return 0;
}

/* The name goes, nobody can open the slave any more, and who has it open is told. */
static void ptm_release(struct file *f)
{
	struct pty *p = pty_of(f);

	mutex_lock(&p->tty->lock);
	p->locked = true;
	mutex_unlock(&p->tty->lock);
	devpts_remove(p->index);
	tty_hangup(p->tty);
	give_pair(p);
	kfree(f->private);
}

/* packet: what happened to the slave counts. */
static bool something_to_read(struct pty *p, bool packet)
{
	return p->tty->xchar || (buffer_ring_used(&p->tty->out) && !p->tty->ldisc.stopped) || (packet && p->status);
}

/* Until a read has something to give. 0, -EIO: the slave was closed and all is read; -EAGAIN, -ERESTARTSYS. */
static int wait_readable(struct file *f, bool packet)
{
	struct pty *p = pty_of(f);
	int error;

	if ((f->flags & O_NONBLOCK) && !something_to_read(p, packet) && !p->closed)
		return -EAGAIN;
	error = (int)wait_event_interruptible(&p->wait, something_to_read(p, packet) || p->closed);
	return error || something_to_read(p, packet) ? error : -EIO;
}

/* The byte in front of what packet mode reads: 0, or what happened, which is forgotten then. */
static u8 packet_head(struct pty *p)
{
	u32 flags = spin_lock_irqsave(&p->tty->hw_lock), status = p->status;

	p->status = 0;
	spin_unlock_irqrestore(&p->tty->hw_lock, flags);
	return (u8)status;
}

static ssize_t ptm_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct pty *p = pty_of(k->file);
	u32 n, head = p->packet; /* how many bytes stand in front of the data: as it was at the beginning of the call, like Linux */
	u8 buf[PTM_CHUNK];
	ssize_t done = 0;

	while (iov_iter_count(to) && !done) {
		int error = wait_readable(k->file, head);

		if (error)
			return error;
		if (head) {
			buf[0] = packet_head(p);
			if (buf[0] || iov_iter_count(to) == 1)
				return copy_to_iter(buf, 1, to) == 1 ? 1 : -EFAULT;
		}
		while ((n = tty_next_tx(p->tty, buf + head, min_t(u32, iov_iter_count(to), sizeof(buf)) - head))) {
			n += head;
			head = 0;
			if (copy_to_iter(buf, n, to) != n)
				return done ? done : -EFAULT;
			done += (ssize_t)n;
		}
		tty_tx_wakeup(p->tty);
	}
	return done;
}

/* As much of buf as finds room; waits until something does. */
static int type_some(struct file *f, const u8 *buf, u32 n)
{
	struct pty *p = pty_of(f);
	u32 room;
	int error;

	while (!(room = tty_receive_room(p->tty))) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		error = (int)wait_event_interruptible(&p->wait, tty_receive_room(p->tty));
		if (error)
			return error;
	}
	n = min(n, room);
	tty_receive_block(p->tty, buf, n);
	return (int)n;
}

static ssize_t ptm_write_iter(struct kiocb *k, struct iov_iter *from)
{
	u8 buf[PTM_CHUNK];
	ssize_t done = 0;

	while (iov_iter_count(from)) {
		u32 n = copy_from_iter(buf, min_t(u32, iov_iter_count(from), sizeof(buf)), from);

		if (!n)
			return done ? done : -EFAULT;
		for (u32 typed = 0; typed < n;) {
			int some = type_some(k->file, buf + typed, n - typed);

			if (some < 0)
				return done ? done : some;
			typed += (u32)some;
			done += some;
		}
	}
	return done;
}

static u32 ptm_poll(struct file *f, struct poll_table *pt)
{
	struct pty *p = pty_of(f);
	u32 mask = 0;

	poll_wait(f, &p->wait, pt);
	if (something_to_read(p, p->packet))
		mask |= POLLIN | POLLRDNORM;
	if (p->packet && p->status)
		mask |= POLLPRI;
	if (p->closed)
		mask |= POLLHUP;
	if (tty_receive_room(p->tty))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* The other end as a descriptor, by its name: TIOCGPTPEER. */
static long open_peer(struct pty *p, unsigned long flags)
{
	char name[24];

	ksnprintf(name, sizeof(name), "/dev/pts/%u", p->index);
	return file_open_fd(name, (int)(flags & (O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)));
}

static long set_lock(struct pty *p, unsigned long arg)
{
	u32 on;

	if (get_user_u32(&on, (u32 __user *)arg))
		return -EFAULT;
	mutex_lock(&p->tty->lock);
	p->locked = on;
	mutex_unlock(&p->tty->lock);
	return 0;
}

static long set_packet(struct pty *p, unsigned long arg)
{
	u32 on;

	if (get_user_u32(&on, (u32 __user *)arg))
		return -EFAULT;
	if (on && !p->packet)
		p->status = 0;
	p->packet = on;
	return 0;
}

static long send_foreground(struct pty *p, unsigned long sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	tty_signal_foreground(p->tty, (int)sig);
	return 0;
}

static long ptm_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct ptm *m = f->private;
	struct pty *p = m->pty;
	struct tty *t = p->tty;
	u32 __user *out = (u32 __user *)arg;

	switch (cmd) {
	case TIOCGPTN:
		return put_user_u32(p->index, out);
	case TIOCSPTLCK:
		return set_lock(p, arg);
	case TIOCGPTLCK:
		return put_user_u32(p->locked, out);
	case TIOCGPTPEER:
		return open_peer(p, arg);
	case TIOCPKT:
		return set_packet(p, arg);
	case TIOCGPKT:
		return put_user_u32(p->packet, out);
	case TIOCSIG:
		return send_foreground(p, arg);
	case TIOCGPGRP:
		return put_user_u32((u32)t->pgrp, out);
	case TIOCGSID:
		return t->session ? put_user_u32((u32)t->session, out) : -ENOTTY;
	case TIOCINQ:
		return put_user_u32(TTY_OUT_SIZE - tty_out_room(t), out);
	case TIOCOUTQ:
		return put_user_u32(0, out);
	case TCFLSH:
		if (arg > TCIOFLUSH)
			return -EINVAL;
		if (arg != TCOFLUSH)
			tty_flush_output(t); /* what would be read here */
		return 0;
	case TCSBRK:
	case TCSBRKP:
		return 0;
	case TCXONC:
	case TIOCSTI:
		return -ENOTTY;
	}
	m->tf.hangups = t->hangups; /* a hangup of the slave is none of the master */
	return tty_ioctl(f, cmd, arg);
}

static int ptm_fasync(int fd, struct file *f, int on) { return fasync_helper(fd, f, on, &pty_of(f)->fasync); }

static const struct file_operations ptm_fops = {
	.name = "ptmx",
	.open = ptm_open,
	.release = ptm_release,
	.read_iter = ptm_read_iter,
	.write_iter = ptm_write_iter,
	.poll = ptm_poll,
	.ioctl = ptm_ioctl,
	.fasync = ptm_fasync,
	.llseek = no_llseek,
};

int pty_init(void)
{
	int error = register_chrdev(PTMX_DEV, 1, "ptmx", &ptm_fops, NULL);
	struct device *d;

	if (!error)
		error = register_chrdev(PTS_DEV(0), PTY_MAX, "pts", &tty_fops, NULL);
	if (error)
		return error;
	d = device_create(&tty_class, NULL, PTMX_DEV, S_IFCHR | 0666, NULL, "ptmx");
	return IS_ERR(d) ? (int)PTR_ERR(d) : 0;
}
