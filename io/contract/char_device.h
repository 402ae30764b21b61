/*
 * Character devices: a driver registers numbers and file operations; io/char opens them by number. Input and output of terminals:
 * a driver of a serial line or a screen implements struct tty_driver_ops; the line discipline and the file operations are the tty core's.
 */
#ifndef IO_CONTRACT_CHAR_DEVICE_H
#define IO_CONTRACT_CHAR_DEVICE_H

#include "io/contract/file.h"

/* Numbers [dev, dev+count) lead to ops. name for /proc/devices. 0, -EBUSY, -ENOMEM. */
int register_chrdev(kdev_t dev, u32 count, const char *name, const struct file_operations *ops, void *data);
void unregister_chrdev(kdev_t dev, u32 count);
void *chrdev_data(struct file *f);
struct seq_buf;
int chrdev_show(struct seq_buf *s, void *arg); /* the character half of /proc/devices */

/* ---- terminals ---- */
struct device;
struct tty;
struct ktermios;
struct serial_icounter;
struct tty_driver_ops { /* all but start_tx may be NULL */
	/* Something is in the output buffer: start sending. Any context. */
	void (*start_tx)(struct tty *t);
	/* The settings changed; speed by tty_baud, the rest by tty_cflag. tty->lock held; may sleep. */
	void (*set_termios)(struct tty *t, const struct ktermios *old);
	int (*open)(struct tty *t);         /* at each open */
	void (*close)(struct tty *t);       /* at the last close; the output is sent, or was given up */
	int (*tiocmget)(struct tty *t);
	int (*tiocmset)(struct tty *t, u32 set, u32 clear);
	void (*send_break)(struct tty *t, int ms);
	void (*unthrottle)(struct tty *t);  /* tty_receive_room said 0, and now there is room again. Process context */
	bool (*carrier)(struct tty *t);     /* somebody is at the other end: what open waits for without CLOCAL */
	bool (*tx_empty)(struct tty *t);    /* the last bit is on the wire */
	void (*icount)(struct tty *t, struct serial_icounter *c);
	/* What was thrown away, or the output was stopped or started, or whether keys do that has changed: TIOCPKT_*. Process context. */
	void (*status)(struct tty *t, u32 what);
	bool no_line;                       /* a pseudo-terminal, a screen: what is written counts as sent, though output may be stopped or not read yet */
};
/* A terminal called name (ttyS0) with this number, of the device parent (NULL: none); its node appears in /dev. ERR_PTR. */
struct tty *tty_register(const char *name, kdev_t dev, struct device *parent, const struct tty_driver_ops *ops, void *driver_data);
void *tty_driver_data(struct tty *t);
/* From the driver's interrupt: a received byte (flag: 0, TTY_BREAK, TTY_PARITY); a work item takes it through the line discipline. Any context. */
#define TTY_BREAK 1
#define TTY_PARITY 2
void tty_receive(struct tty *t, u8 c, u8 flag);
void tty_receive_block(struct tty *t, const u8 *data, u32 n); /* the same for n bytes without flags */
/*
 * Bytes that tty_receive will not lose. 0: nearly full; a driver that can, lets them wait in the device and keeps the other end from sending
 * until unthrottle. Any context.
 */
u32 tty_receive_room(struct tty *t);
/* Take at most n bytes to send. Any context, from start_tx or the transmit interrupt. */
u32 tty_next_tx(struct tty *t, u8 *out, u32 n);
/* Room again in the output buffer: wake writers. Any context. */
void tty_tx_wakeup(struct tty *t);
void tty_hangup(struct tty *t); /* process context */
/* The other end came, or went: who waits in open goes on, or the terminal is hung up (not with CLOCAL). Any context. */
void tty_carrier_changed(struct tty *t, bool there);
/* The device has another speed than was asked for: say so in the settings. From set_termios. */
void tty_keep_speed(struct tty *t, const struct ktermios *old);
void tty_set_winsize(struct tty *t, u16 rows, u16 cols);
u32 tty_baud(struct tty *t);
u32 tty_cflag(struct tty *t); /* c_cflag of the settings */

#endif
