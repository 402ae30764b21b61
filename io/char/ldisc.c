/* See ldisc.h. Behaviour follows termios(3) and, where that is silent, Linux's n_tty. */
#include "io/char/ldisc.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/signal.h"

#ifdef HOST_TEST
#include <signal.h>
#endif

#define TTY_BREAK_FLAG 1u
#define TTY_PARITY_FLAG 2u
#define TAB_WIDTH 8u

static bool l_on(const struct ldisc *l, u32 f) { return l->t.c_lflag & f; }
static bool i_on(const struct ldisc *l, u32 f) { return l->t.c_iflag & f; }
static bool o_on(const struct ldisc *l, u32 f) { return l->t.c_oflag & f; }
static bool is_cc(const struct ldisc *l, u32 which, u8 c) { return l->t.c_cc[which] != CC_DISABLED && l->t.c_cc[which] == c; }
static bool is_cntrl(u8 c) { return c < 32 || c == 127; }

static u8 *slot(struct ldisc *l, u32 at) { return &l->buf[at & (LDISC_BUF - 1)]; }
static bool marked(const struct ldisc *l, u32 at) { return l->mark[(at & (LDISC_BUF - 1)) / 8] >> (at & 7) & 1; }

static void set_mark(struct ldisc *l, u32 at, bool on)
{
	u8 *m = &l->mark[(at & (LDISC_BUF - 1)) / 8];

	*m = (u8)(on ? *m | 1u << (at & 7) : *m & ~(1u << (at & 7)));
}

void ldisc_init(struct ldisc *l)
{
	static const u8 cc[KNCCS] = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1, [VSTART] = 17, [VSTOP] = 19,
				      [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 };

	memset(&l->t, 0, sizeof(l->t));
	l->t.c_iflag = ICRNL | IXON;
	l->t.c_oflag = OPOST | ONLCR;
	l->t.c_cflag = B38400 | CS8 | CREAD | HUPCL | CLOCAL;
	l->t.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	memcpy(l->t.c_cc, cc, sizeof(cc));
	l->head = l->tail = l->canon = 0;
	l->column = l->canon_column = 0;
	l->lnext = l->stopped = false;
}

/* ---- output ---- */

u32 ldisc_output(struct ldisc *l, u8 c, u8 *out)
{
	u32 n = 0;

	if (!o_on(l, OPOST)) {
		out[0] = c;
		return 1;
	}
	switch (c) {
	case '\n':
		if (o_on(l, ONLRET))
			l->column = 0;
		if (o_on(l, ONLCR)) {
			out[n++] = '\r';
			l->column = 0;
		}
		break;
	case '\r':
		if (o_on(l, ONOCR) && !l->column)
			return 0;
		if (o_on(l, OCRNL)) {
			c = '\n';
			if (o_on(l, ONLRET))
				l->column = 0;
			break;
		}
		l->column = 0;
		break;
	case '\t': {
		u32 spaces = TAB_WIDTH - l->column % TAB_WIDTH;

		l->column += spaces;
		if ((l->t.c_oflag & TABDLY) == XTABS) {
			memset(out, ' ', spaces);
			return spaces;
		}
		break;
	}
	case '\b':
		if (l->column)
			l->column--;
		break;
	default:
		if (!is_cntrl(c) && (c & 0xc0) != 0x80) /* a continuation byte of UTF-8 takes no column */
			l->column++;
	}
	out[n++] = c;
	return n;
}

static void echo_raw(struct ldisc *l, u8 c)
{
	u8 out[8];

	l->echo(l, out, ldisc_output(l, c, out));
}

static void echo_char(struct ldisc *l, u8 c)
{
	if (l_on(l, ECHOCTL) && is_cntrl(c) && c != '\t' && c != '\n') {
		echo_raw(l, '^');
		echo_raw(l, c ^ 0x40);
	} else {
		echo_raw(l, c);
	}
}

/* ---- editing the line that is not complete yet ---- */

/* Columns the bytes [canon, end) take, starting at canon_column. */
static u32 column_at(struct ldisc *l, u32 end)
{
	u32 col = l->canon_column;

	for (u32 i = l->canon; i != end; i++) {
		u8 c = *slot(l, i);

		if (c == '\t')
			col += TAB_WIDTH - col % TAB_WIDTH;
		else if (is_cntrl(c))
			col += l_on(l, ECHOCTL) ? 2 : 0;
		else if ((c & 0xc0) != 0x80)
			col++;
	}
	return col;
}

static void rub_out_to(struct ldisc *l, u32 new_head)
{
	u32 from = column_at(l, l->head), to = column_at(l, new_head);
	u8 last = *slot(l, l->head - 1);

	l->head = new_head;
	if (!l_on(l, ECHO))
		return;
	if (!l_on(l, ECHOE)) {
		echo_char(l, l->t.c_cc[VERASE]);
		return;
	}
	/* A tab only moves the cursor: go back without wiping. */
	for (; from > to; from--) {
		echo_raw(l, '\b');
		if (last != '\t') {
			echo_raw(l, ' ');
			echo_raw(l, '\b');
		}
	}
}

static u32 before_char(struct ldisc *l, u32 head)
{
	do
		head--;
	while (head != l->canon && i_on(l, IUTF8) && (*slot(l, head) & 0xc0) == 0x80);
	return head;
}

static void erase_char(struct ldisc *l)
{
	if (l->head != l->canon)
		rub_out_to(l, before_char(l, l->head));
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static void erase_word(struct ldisc *l)
{
	bool seen = false;

	while (l->head != l->canon) {
		bool word = is_word(*slot(l, l->head - 1));

		if (!word && seen)
			break;
		seen |= word;
		erase_char(l);
	}
}

static void kill_line(struct ldisc *l)
{
	if (l_on(l, ECHO) && l_on(l, ECHOK) && l_on(l, ECHOKE) && l_on(l, ECHOE)) {
		while (l->head != l->canon)
			erase_char(l);
		return;
	}
	l->head = l->canon;
	if (l_on(l, ECHO)) {
		echo_char(l, l->t.c_cc[VKILL]);
		if (l_on(l, ECHOK))
			echo_raw(l, '\n');
	}
}

static void reprint(struct ldisc *l)
{
	echo_char(l, l->t.c_cc[VREPRINT]);
	echo_raw(l, '\n');
	for (u32 i = l->canon; i != l->head; i++)
		echo_char(l, *slot(l, i));
}

/* ---- input ---- */

static bool put(struct ldisc *l, u8 c, bool line_end)
{
	/* One place is kept for the end of a line, so that a full buffer can still be ended. */
	if (l->head - l->tail >= LDISC_BUF - (line_end ? 0 : 1)) {
		if (i_on(l, IMAXBEL))
			echo_raw(l, '\a');
		return false;
	}
	set_mark(l, l->head, line_end);
	*slot(l, l->head++) = c;
	return true;
}

static void put_and_echo(struct ldisc *l, u8 c)
{
	if (l->head == l->canon)
		l->canon_column = l->column;
	if (put(l, c, false) && l_on(l, ECHO))
		echo_char(l, c);
}

static void end_line(struct ldisc *l, u8 c, bool show)
{
	if (!put(l, c, true))
		return;
	l->canon = l->head;
	if (show)
		echo_raw(l, c);
}

/* INTR, QUIT, SUSP. true: c was one of them. */
static bool signal_char(struct ldisc *l, u8 c)
{
	int sig;

	if (!l_on(l, ISIG))
		return false;
	if (is_cc(l, VINTR, c))
		sig = SIGINT;
	else if (is_cc(l, VQUIT, c))
		sig = SIGQUIT;
	else if (is_cc(l, VSUSP, c))
		sig = SIGTSTP;
	else
		return false;
	if (!l_on(l, NOFLSH))
		ldisc_flush_input(l);
	l->signal(l, sig); /* first: it throws away what waits to be shown */
	if (i_on(l, IXON) && l->stopped) {
		l->stopped = false;
		l->flow(l);
	}
	if (l_on(l, ECHO))
		echo_char(l, c);
	return true;
}

static bool flow_char(struct ldisc *l, u8 c)
{
	bool was = l->stopped;

	if (!i_on(l, IXON))
		return false;
	if (is_cc(l, VSTOP, c))
		l->stopped = true;
	else if (is_cc(l, VSTART, c))
		l->stopped = false;
	else
		return false;
	if (was != l->stopped)
		l->flow(l);
	return true;
}

/* Canonical mode's editing characters. true: c was one. */
static bool edit_char(struct ldisc *l, u8 c)
{
	if (is_cc(l, VERASE, c))
		erase_char(l);
	else if (is_cc(l, VKILL, c))
		kill_line(l);
	else if (l_on(l, IEXTEN) && is_cc(l, VWERASE, c))
		erase_word(l);
	else if (l_on(l, IEXTEN) && is_cc(l, VREPRINT, c) && l_on(l, ECHO))
		reprint(l);
	else if (l_on(l, IEXTEN) && is_cc(l, VLNEXT, c)) {
		l->lnext = true;
		if (l_on(l, ECHO) && l_on(l, ECHOCTL)) {
			echo_raw(l, '^');
			echo_raw(l, '\b');
		}
	} else if (is_cc(l, VEOF, c)) {
		end_line(l, CC_DISABLED, false);
	} else if (c == '\n') {
		end_line(l, c, l_on(l, ECHO) || l_on(l, ECHONL));
	} else if (is_cc(l, VEOL, c) || (l_on(l, IEXTEN) && is_cc(l, VEOL2, c))) {
		end_line(l, c, l_on(l, ECHO));
	} else {
		return false;
	}
	return true;
}

static void receive_flagged(struct ldisc *l, u8 c, u8 flag)
{
	if (flag == TTY_BREAK_FLAG) {
		if (i_on(l, IGNBRK))
			return;
		if (i_on(l, BRKINT)) {
			ldisc_flush_input(l);
			l->signal(l, SIGINT);
			return;
		}
		c = 0;
	} else if (flag == TTY_PARITY_FLAG) {
		if (i_on(l, IGNPAR))
			return;
		if (!i_on(l, PARMRK))
			c = 0;
	}
	if (i_on(l, PARMRK)) {
		put_and_echo(l, 0xff);
		put_and_echo(l, 0);
	}
	put_and_echo(l, c);
	if (!l_on(l, ICANON))
		l->canon = l->head;
}

void ldisc_receive(struct ldisc *l, u8 c, u8 flag)
{
	if (flag == TTY_BREAK_FLAG || flag == TTY_PARITY_FLAG) {
		receive_flagged(l, c, flag);
		return;
	}
	if (i_on(l, ISTRIP))
		c &= 0x7f;
	if (l->lnext) {
		l->lnext = false;
		put_and_echo(l, c);
		return;
	}
	if (flow_char(l, c))
		return;
	if (l->stopped && i_on(l, IXON) && i_on(l, IXANY)) {
		l->stopped = false;
		l->flow(l);
	}
	if (signal_char(l, c))
		return;
	if (c == '\r') {
		if (i_on(l, IGNCR))
			return;
		if (i_on(l, ICRNL))
			c = '\n';
	} else if (c == '\n' && i_on(l, INLCR)) {
		c = '\r';
	}
	if (l_on(l, ICANON)) {
		if (!edit_char(l, c))
			put_and_echo(l, c);
		return;
	}
	put_and_echo(l, c);
	l->canon = l->head;
}

u32 ldisc_room(const struct ldisc *l)
{
	u32 room = LDISC_BUF - 1 - min(l->head - l->tail, LDISC_BUF - 1);

	return l_on(l, ICANON) && l->canon == l->tail ? LDISC_BUF : room;
}

bool ldisc_is_signal(const struct ldisc *l, u8 c)
{
	return l_on(l, ISIG) && (is_cc(l, VINTR, c) || is_cc(l, VQUIT, c) || is_cc(l, VSUSP, c));
}

void ldisc_receive_block(struct ldisc *l, const u8 *data, u32 n)
{
	bool plain = !(l->t.c_lflag & (ICANON | ISIG | ECHO)) && !(l->t.c_iflag & (ISTRIP | IXON | IGNCR | ICRNL | INLCR)) && !l->lnext;
	u32 at = l->head & (LDISC_BUF - 1), first = min(n, LDISC_BUF - at);

	if (!plain || l->head - l->tail + n >= LDISC_BUF) {
		while (n--)
			ldisc_receive(l, *data++, 0);
		return;
	}
	memcpy(l->buf + at, data, first);
	memcpy(l->buf, data + first, n - first);
	l->head += n;
	l->canon = l->head;
}

u32 ldisc_readable(const struct ldisc *l)
{
	return (l_on(l, ICANON) ? l->canon : l->head) - l->tail;
}

u32 ldisc_read(struct ldisc *l, u8 *out, u32 n, bool *eof)
{
	u32 end = l_on(l, ICANON) ? l->canon : l->head, got = 0;

	*eof = false;
	while (l->tail != end && got < n) {
		u32 at = l->tail++;
		u8 c = *slot(l, at);

		if (l_on(l, ICANON) && marked(l, at)) {
			set_mark(l, at, false);
			if (c == CC_DISABLED)
				*eof = true;
			else
				out[got++] = c;
			return got;
		}
		out[got++] = c;
	}
	/* The reader took exactly the text before an EOF mark: that mark belongs to this read, not to the next. */
	if (l_on(l, ICANON) && got && l->tail != end && marked(l, l->tail) && *slot(l, l->tail) == CC_DISABLED) {
		set_mark(l, l->tail++, false);
		*eof = true;
	}
	return got;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->head = l->tail = l->canon = 0;
	memset(l->mark, 0, sizeof(l->mark));
	l->lnext = false;
}

void ldisc_set_termios(struct ldisc *l, const struct ktermios *t)
{
	bool was_canon = l_on(l, ICANON), was_stopped = l->stopped;

	l->t = *t;
	if (was_canon != l_on(l, ICANON)) {
		/* What has been typed so far can be read in either mode. Ends of lines are known in canonical mode only. */
		memset(l->mark, 0, sizeof(l->mark));
		if (!was_canon && l->head != l->tail)
			set_mark(l, l->head - 1, *slot(l, l->head - 1) != CC_DISABLED);
		l->canon = l->head;
		l->lnext = false;
	}
	if (!i_on(l, IXON))
		l->stopped = false;
	if (was_stopped != l->stopped)
		l->flow(l);
}
