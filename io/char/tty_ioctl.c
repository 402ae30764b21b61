/* The ioctls of terminals (tty_ioctl(4)). Each that changes something from the background stops the caller with SIGTTOU. */
#include "io/char/tty.h"
#include "io/contract/filesystem.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/uapi/signal.h"

#define BREAK_MAX_TENTHS 30ul /* the caller cannot be interrupted meanwhile */

/* Whether ^S and ^Q stop and start the output. */
static bool keys_stop(const struct ktermios *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == 'S' - '@' && t->c_cc[VSTART] == 'Q' - '@';
}

static void apply_termios(struct tty *t, const struct ktermios *new, bool flush)
{
	struct ktermios old;

	mutex_lock(&t->lock);
	old = t->ldisc.t;
	if (flush)
		tty_flush_input(t);
	ldisc_set_termios(&t->ldisc, new);
	if (t->ops->set_termios && old.c_cflag != new->c_cflag)
		t->ops->set_termios(t, &old);
	if (keys_stop(&old) != keys_stop(new))
		tty_status(t, keys_stop(new) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
	mutex_unlock(&t->lock);
	wake_up_all(&t->read_wait); /* what a reader waits for may have changed */
	wake_up_all(&t->open_wait);
	tty_input_taken(t);
}

/* how: 0 now, 1 after the output is sent, 2 that and input dropped. */
static long set_termios(struct tty *t, const struct ktermios *new, u32 how)
{
	int error = tty_check_background(t, SIGTTOU);

	if (!error && how)
		error = tty_wait_sent(t, WAIT_FOREVER);
	if (error)
		return error;
	apply_termios(t, new, how == 2);
	return 0;
}

static long set_termio(struct tty *t, unsigned long arg, u32 how)
{
	struct ktermios new = t->ldisc.t;
	struct ktermio io;

	if (copy_from_user(&io, (void __user *)arg, sizeof(io)))
		return -EFAULT;
	new.c_iflag = (new.c_iflag & 0xffff0000u) | io.c_iflag;
	new.c_oflag = (new.c_oflag & 0xffff0000u) | io.c_oflag;
	new.c_cflag = (new.c_cflag & 0xffff0000u) | io.c_cflag;
	new.c_lflag = (new.c_lflag & 0xffff0000u) | io.c_lflag;
	memcpy(new.c_cc, io.c_cc, sizeof(io.c_cc));
	return set_termios(t, &new, how);
}

static long get_termio(struct tty *t, unsigned long arg)
{
	const struct ktermios *s = &t->ldisc.t;
	struct ktermio io = { .c_iflag = (u16)s->c_iflag, .c_oflag = (u16)s->c_oflag, .c_cflag = (u16)s->c_cflag, .c_lflag = (u16)s->c_lflag };

	memcpy(io.c_cc, s->c_cc, sizeof(io.c_cc));
	return copy_to_user((void __user *)arg, &io, sizeof(io)) ? -EFAULT : 0;
}

static long termios_ioctl(struct tty *t, u32 cmd, unsigned long arg)
{
	struct ktermios tio;

	switch (cmd) {
	case TCGETS:
		tio = t->ldisc.t;
		return copy_to_user((void __user *)arg, &tio, sizeof(tio)) ? -EFAULT : 0;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		if (copy_from_user(&tio, (void __user *)arg, sizeof(tio)))
			return -EFAULT;
		return set_termios(t, &tio, cmd - TCSETS);
	case TCGETA:
		return get_termio(t, arg);
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
		return set_termio(t, arg, cmd - TCSETA);
	}
	return -ENOIOCTLCMD;
}

static void resize(struct tty *t, const struct kwinsize *w)
{
	bool changed;

	mutex_lock(&t->lock);
	changed = memcmp(&t->winsize, w, sizeof(*w));
	t->winsize = *w;
	mutex_unlock(&t->lock);
	if (changed)
		tty_signal_foreground(t, SIGWINCH);
}

void tty_set_winsize(struct tty *t, u16 rows, u16 cols)
{
	struct kwinsize w = t->winsize;

	w.ws_row = rows;
	w.ws_col = cols;
	resize(t, &w);
}

static long winsize_ioctl(struct tty *t, u32 cmd, unsigned long arg)
{
	struct kwinsize w = t->winsize;

	if (cmd == TIOCGWINSZ)
		return copy_to_user((void __user *)arg, &w, sizeof(w)) ? -EFAULT : 0;
	if (copy_from_user(&w, (void __user *)arg, sizeof(w)))
		return -EFAULT;
	resize(t, &w);
	return 0;
}

static long flush_ioctl(struct tty *t, unsigned long arg)
{
	int error = tty_check_background(t, SIGTTOU);

	if (error)
		return error;
	if (arg > TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH) {
		mutex_lock(&t->lock);
		tty_flush_input(t);
		mutex_unlock(&t->lock);
	}
	if (arg != TCIFLUSH)
		tty_flush_output(t);
	return 0;
}

static long flow_ioctl(struct tty *t, unsigned long arg)
{
	switch (arg) {
	case TCOOFF:
	case TCOON:
		mutex_lock(&t->lock);
		if (t->ldisc.stopped != (arg == TCOOFF))
			tty_status(t, arg == TCOOFF ? TIOCPKT_STOP : TIOCPKT_START);
		t->ldisc.stopped = arg == TCOOFF;
		mutex_unlock(&t->lock);
		tty_start(t);
		return 0;
	case TCIOFF:
	case TCION: {
		u8 c = t->ldisc.t.c_cc[arg == TCIOFF ? VSTOP : VSTART];

		if (c != CC_DISABLED)
			tty_send_xchar(t, c);
		return 0;
	}
	}
	return -EINVAL;
}

static long break_ioctl(struct tty *t, u32 cmd, unsigned long arg)
{
	int error = tty_check_background(t, SIGTTOU);

	if (!error)
		error = tty_wait_sent(t, WAIT_FOREVER);
	if (error)
		return error;
	if (t->ops->send_break && (cmd == TCSBRKP || !arg))
		t->ops->send_break(t, cmd == TCSBRKP && arg ? (int)min(arg, BREAK_MAX_TENTHS) * 100 : 250);
	return 0;
}

static long simulate_input(struct tty *t, unsigned long arg)
{
	u8 c;

	if (current->signal->tty != t && !capable())
		return -EPERM;
	if (copy_from_user(&c, (void __user *)arg, 1))
		return -EFAULT;
	tty_receive(t, c, 0);
	return 0;
}

/* How often what has happened on the line. */
static long icount_ioctl(struct tty *t, unsigned long arg)
{
	struct serial_icounter c;

	if (!t->ops->icount)
		return -ENOTTY;
	memset(&c, 0, sizeof(c));
	t->ops->icount(t, &c);
	c.buf_overrun = tty_receive_lost(t);
	return copy_to_user((void __user *)arg, &c, sizeof(c)) ? -EFAULT : 0;
}

static long modem_ioctl(struct tty *t, u32 cmd, unsigned long arg)
{
	u32 v;

	if (!t->ops->tiocmget)
		return -ENOTTY;
	if (cmd == TIOCMGET)
		return put_user_u32((u32)t->ops->tiocmget(t), (u32 __user *)arg);
	if (get_user_u32(&v, (u32 __user *)arg))
		return -EFAULT;
	switch (cmd) {
	case TIOCMBIS:
		return t->ops->tiocmset(t, v, 0);
	case TIOCMBIC:
		return t->ops->tiocmset(t, 0, v);
	}
	return t->ops->tiocmset(t, v, ~v);
}

long tty_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct tty *t = tty_of(f);
	long r;

	if (tty_file_dead(f))
		return -EIO;
	r = termios_ioctl(t, cmd, arg);
	if (r == -ENOIOCTLCMD)
		r = tty_job_ioctl(t, f, cmd, arg);
	if (r != -ENOIOCTLCMD)
		return r;
	switch (cmd) {
	case TIOCGWINSZ:
	case TIOCSWINSZ:
		return winsize_ioctl(t, cmd, arg);
	case TCFLSH:
		return flush_ioctl(t, arg);
	case TCXONC:
		return flow_ioctl(t, arg);
	case TCSBRK:
	case TCSBRKP:
		return break_ioctl(t, cmd, arg);
	case TIOCINQ:
		return put_user_u32(ldisc_readable(&t->ldisc), (u32 __user *)arg);
	case TIOCOUTQ:
		return put_user_u32(t->ops->no_line ? 0 : TTY_OUT_SIZE - tty_out_room(t), (u32 __user *)arg);
	case TIOCSTI:
		return simulate_input(t, arg);
	case TIOCEXCL:
	case TIOCNXCL:
		t->exclusive = cmd == TIOCEXCL;
		return 0;
	case TIOCMGET:
	case TIOCMBIS:
	case TIOCMBIC:
	case TIOCMSET:
		return modem_ioctl(t, cmd, arg);
	case TIOCGICOUNT:
		return icount_ioctl(t, arg);
	case TIOCGPTPEER:
		return -EIO;
	case TIOCGSOFTCAR:
		return put_user_u32(!!(t->ldisc.t.c_cflag & CLOCAL), (u32 __user *)arg);
	}
	return -ENOTTY;
}
