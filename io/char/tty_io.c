/*
 * Reading, writing and polling a terminal. tty->lock is never held while user memory is touched (it ranks above the address space's lock):
 * data goes through a small buffer on the stack.
 */
#include "io/char/tty.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/uapi/signal.h"
#include "mm/alloc.h"

#define READ_CHUNK 256u
#define WRITE_CHUNK 128u
#define CLOSING_WAIT_MS 30000u /* as on Linux */
#define EXPANSION 8u /* most bytes one byte becomes: a tab */

/* Major 5: minor 0 is the caller's controlling terminal, minor 1 the console. Major 136: slaves of pseudo-terminals. */
static struct tty *resolve(struct file *f)
{
	struct tty *t = chrdev_data(f);

	if (t)
		return t;
	if (MAJOR(f->inode->rdev) != 5)
		return pty_slave(MINOR(f->inode->rdev));
	return MINOR(f->inode->rdev) == 0 ? current->signal->tty : console_tty;
}

/* Without CLOCAL and O_NONBLOCK, opening a line waits until somebody is at its other end. */
static int wait_carrier(struct tty *t, struct file *f)
{
	if ((f->flags & O_NONBLOCK) || !t->ops->carrier)
		return 0;
	return (int)wait_event_interruptible(&t->open_wait, (t->ldisc.t.c_cflag & CLOCAL) || t->ops->carrier(t));
}

/* One user less; at the last one's end what was written is sent first. */
static void put_open(struct tty *t, bool dead)
{
	if (t->opens == 1 && !dead && tty_wait_sent(t, deadline_ms(CLOSING_WAIT_MS)))
		tty_flush_output(t);
	mutex_lock(&t->lock);
	if (--t->opens == 0) {
		t->exclusive = t->ldisc.stopped = false;
		tty_start(t); /* what a screen was kept from showing */
		tty_flush_input(t);
		if (t->ops->close)
			t->ops->close(t);
	}
	mutex_unlock(&t->lock);
}

static int tty_open(struct inode *inode, struct file *f)
{
	struct tty *t = resolve(f);
	struct tty_file *tf;
	int error = 0;

	if (!t && MAJOR(inode->rdev) != 5)
		return -EIO;
	if (!t)
		return MINOR(inode->rdev) == 0 ? -ENXIO : -ENODEV;
	tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	mutex_lock(&t->lock);
	if (!inode->nlink) /* an O_PATH descriptor of a slave that is gone: its number may be another's by now */
		error = -EIO;
	else if (t->exclusive && t->opens && !capable())
		error = -EBUSY;
	else if (t->ops->open)
		error = t->ops->open(t);
	if (!error)
		t->opens++;
	mutex_unlock(&t->lock);
	if (!error) {
		error = wait_carrier(t, f);
		if (error)
			put_open(t, true);
	}
	*tf = (struct tty_file){ .tty = t, .hangups = t->hangups };
	if (error) {
		kfree(tf);
		return error;
	}
	f->private = tf;
	f->mode |= FMODE_STREAM;
	/* The console does not become a controlling terminal by being opened, as on Linux. */
	if (!(f->flags & O_NOCTTY) && inode->rdev != MKDEV(5, 1) && inode->rdev != MKDEV(5, 0))
		tty_open_session(t, f);
	return 0;
}

static void tty_release(struct file *f)
{
	put_open(tty_of(f), tty_file_dead(f));
	kfree(f->private);
}

static bool can_read(struct file *f, u32 want)
{
	return ldisc_readable(&tty_of(f)->ldisc) >= want || tty_file_dead(f);
}

/* Wait until a read may return. MIN and TIME as in termios(3). 0, or a negative errno; -ETIMEDOUT: TIME has passed. */
static int wait_readable(struct file *f, u32 count)
{
	struct tty *t = tty_of(f);
	const struct ktermios *tio = &t->ldisc.t;
	bool canon = tio->c_lflag & ICANON;
	u32 min_bytes = canon ? 1 : tio->c_cc[VMIN], tenths = canon ? 0 : tio->c_cc[VTIME];

	if (can_read(f, 1) && (canon || tenths || min_bytes <= 1))
		return 0;
	if (f->flags & O_NONBLOCK)
		return can_read(f, 1) ? 0 : -EAGAIN;
	if (!canon && !min_bytes) {
		if (!tenths)
			return -ETIMEDOUT;
		return (int)wait_event_interruptible_until(&t->read_wait, can_read(f, 1), deadline_ms(tenths * 100));
	}
	return (int)wait_event_interruptible(&t->read_wait, can_read(f, tenths ? 1 : min(min_bytes, max(count, 1u))));
}

/* MIN > 0 and TIME > 0: after the first byte go on until MIN bytes, or TIME after the last. */
static void wait_more(struct file *f, u32 got)
{
	struct tty *t = tty_of(f);
	const struct ktermios *tio = &t->ldisc.t;

	if ((tio->c_lflag & ICANON) || !tio->c_cc[VTIME] || got >= tio->c_cc[VMIN] || (f->flags & O_NONBLOCK))
		return;
	if (wait_event_interruptible_until(&t->read_wait, can_read(f, 1), deadline_ms(tio->c_cc[VTIME] * 100u)))
		return;
}

static ssize_t tty_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct file *f = k->file;
	struct tty *t = tty_of(f);
	u8 buf[READ_CHUNK];
	ssize_t done = 0;
	bool eof = false;
	int error;

	if (!iov_iter_count(to))
		return 0;
	error = tty_check_background(t, SIGTTIN);
	if (!error)
		error = wait_readable(f, iov_iter_count(to));
	if (error)
		return error == -ETIMEDOUT ? 0 : error;
	while (iov_iter_count(to)) {
		bool canon;
		u32 n;

		if (tty_file_dead(f))
			return done;
		mutex_lock(&t->lock);
		canon = t->ldisc.t.c_lflag & ICANON;
		n = ldisc_read(&t->ldisc, buf, min_t(u32, iov_iter_count(to), sizeof(buf)), &eof);
		mutex_unlock(&t->lock);
		if (n)
			tty_input_taken(t);
		if (n && copy_to_iter(buf, n, to) != n)
			return done ? done : -EFAULT;
		done += (ssize_t)n;
		if (eof || !n || (canon && (buf[n - 1] == '\n' || n < sizeof(buf))))
			break;
		if (!canon && !ldisc_readable(&t->ldisc))
			wait_more(f, (u32)done);
	}
	return done;
}

/* Processed bytes of buf into the out ring as far as there is room; returns how many of buf were taken. */
static u32 put_processed(struct tty *t, const u8 *buf, u32 n)
{
	u8 out[EXPANSION];
	u32 i;

	mutex_lock(&t->lock);
	if (!(t->ldisc.t.c_oflag & OPOST)) {
		n = min(n, tty_out_room(t));
		tty_put_output(t, buf, n);
		mutex_unlock(&t->lock);
		return n;
	}
	for (i = 0; i < n && tty_out_room(t) >= EXPANSION; i++)
		tty_put_output(t, out, ldisc_output(&t->ldisc, buf[i], out));
	mutex_unlock(&t->lock);
	return i;
}

static int wait_writable(struct file *f)
{
	struct tty *t = tty_of(f);

	tty_start(t);
	if (tty_out_room(t) >= EXPANSION)
		return 0;
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return (int)wait_event_interruptible(&t->write_wait, tty_out_room(t) > TTY_OUT_SIZE - TTY_OUT_LOW || tty_file_dead(f));
}

static ssize_t tty_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct file *f = k->file;
	struct tty *t = tty_of(f);
	u8 buf[WRITE_CHUNK];
	ssize_t done = 0;
	int error = 0;

	if (tty_file_dead(f))
		return -EIO;
	if (t->ldisc.t.c_lflag & TOSTOP)
		error = tty_check_background(t, SIGTTOU);
	while (!error && iov_iter_count(from)) {
		u32 n = copy_from_iter(buf, min_t(u32, iov_iter_count(from), sizeof(buf)), from);

		if (!n)
			error = -EFAULT;
		for (u32 taken = 0; taken < n && !error;) {
			u32 put = put_processed(t, buf + taken, n - taken);

			taken += put;
			done += (ssize_t)put;
			if (taken < n)
				error = wait_writable(f);
			if (tty_file_dead(f))
				error = -EIO;
		}
	}
	tty_start(t);
	return done ? done : error;
}

static u32 tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = tty_of(f);
	const struct ktermios *tio = &t->ldisc.t;
	u32 need = !(tio->c_lflag & ICANON) && tio->c_cc[VMIN] && !tio->c_cc[VTIME] ? tio->c_cc[VMIN] : 1, mask = 0;

	poll_wait(f, &t->read_wait, pt);
	poll_wait(f, &t->write_wait, pt);
	if (tty_file_dead(f))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
	if (ldisc_readable(&t->ldisc) >= need)
		mask |= POLLIN | POLLRDNORM;
	if (tty_out_room(t) > TTY_OUT_SIZE - TTY_OUT_LOW)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* Without an owner of its own the file signals the foreground group. */
static int tty_fasync(int fd, struct file *f, int on)
{
	struct tty *t = tty_of(f);
	int err = fasync_helper(fd, f, on, &t->fasync);

	if (err > 0 && on && !f->owner.pid) {
		pid_t foreground = READ_ONCE(t->pgrp);
		f_setown(f, foreground ? F_OWNER_PGRP : F_OWNER_PID, foreground ? foreground : current->tgid);
	}
	return err;
}

const struct file_operations tty_fops = {
	.name = "tty",
	.open = tty_open,
	.release = tty_release,
	.read_iter = tty_read_iter,
	.write_iter = tty_write_iter,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.fasync = tty_fasync,
	.llseek = no_llseek,
};
