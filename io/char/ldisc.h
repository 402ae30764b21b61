/*
 * The line discipline (N_TTY): what stands between the bytes of a line and the lines of a program. Pure: no locks, no waiting; the tty core
 * calls it with tty->lock held and hands it three functions. Also compiled by tests/host/test_ldisc.c.
 */
#ifndef IO_CHAR_LDISC_H
#define IO_CHAR_LDISC_H

#include "kernel/uapi/termios.h"

#define LDISC_BUF 4096u
#define CC_DISABLED 0u /* _POSIX_VDISABLE */

struct ldisc {
	struct ktermios t;
	u8 buf[LDISC_BUF];
	u8 mark[LDISC_BUF / 8];   /* canonical: this byte ends a line */
	u32 head, tail, canon;    /* written, read, end of the last complete line; all run freely */
	u32 column;               /* of the output cursor */
	u32 canon_column;         /* where the line being edited began */
	bool lnext;               /* the next byte is literal */
	bool stopped;             /* output stopped by ^S */
	/* Supplied by the owner. */
	void (*echo)(struct ldisc *l, const u8 *text, u32 len);  /* put on the output, already processed */
	void (*signal)(struct ldisc *l, int sig);                /* to the foreground group; flushes unless NOFLSH */
	void (*flow)(struct ldisc *l);                           /* stopped has changed */
};

void ldisc_init(struct ldisc *l);
/* One received byte; flag 0, TTY_BREAK or TTY_PARITY. */
void ldisc_receive(struct ldisc *l, u8 c, u8 flag);
/* The same for n bytes without flags. */
void ldisc_receive_block(struct ldisc *l, const u8 *data, u32 n);
/*
 * Bytes it can take now without losing any. A line that is being edited never waits for room (a line that does not end is cut), and lines that
 * nobody has read yet do not make it wait either while they leave room.
 */
u32 ldisc_room(const struct ldisc *l);
bool ldisc_is_signal(const struct ldisc *l, u8 c); /* c makes a signal: INTR, QUIT or SUSP */
/* Bytes that read would give now: whole lines in canonical mode. */
u32 ldisc_readable(const struct ldisc *l);
/* Take at most n bytes: canonical mode ends after a line; *eof is set when the line was ended by the EOF character (with 0 bytes: end of file). */
u32 ldisc_read(struct ldisc *l, u8 *out, u32 n, bool *eof);
/* Output processing of one byte into out (at most 8 bytes); returns how many. */
u32 ldisc_output(struct ldisc *l, u8 c, u8 *out);
void ldisc_flush_input(struct ldisc *l);
/* The settings changed: going raw makes a half line readable, going canonical keeps what is there as a line. */
void ldisc_set_termios(struct ldisc *l, const struct ktermios *t);

#endif
