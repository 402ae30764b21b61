/*
 * The tty core's own view of a terminal. Locks: tty->lock (mutex, RANK_OBJECT) guards the line discipline, the settings and the job-control
 * fields; tty->hw_lock (spinlock, irqsave) guards the two rings that interrupt handlers touch.
 *
 *   interrupt -> tty_receive -> flip ring -> input_work -> ldisc_receive -> read()
 *   write() -> ldisc_output -> out ring -> start_tx -> tty_next_tx <- interrupt
 */
#ifndef IO_CHAR_TTY_H
#define IO_CHAR_TTY_H

#include "io/char/ldisc.h"
#include "io/contract/char_device.h"
#include "io/contract/buffer.h"
#include "kernel/irq/workqueue.h"
#include "kernel/sync/mutex.h"

#define TTY_FLIP_SIZE 4096u
#define TTY_FLIP_RESERVE 128u  /* below this room the driver shall stop */
#define TTY_OUT_SIZE 4096u
#define TTY_OUT_LOW (TTY_OUT_SIZE / 4) /* writers are woken below this */

struct tty {
	char name[16];
	kdev_t dev;
	const struct tty_driver_ops *ops;
	void *driver_data;
	struct list_head node;

	struct mutex lock;
	struct ldisc ldisc;       /* lock; ldisc.stopped is also read by tty_next_tx */
	struct kwinsize winsize;  /* lock */
	pid_t pgrp, session;      /* lock; 0: none */
	u32 opens;                /* lock */
	bool exclusive;           /* lock */
	u32 hangups;              /* lock: files opened before the last one are dead */

	struct spinlock hw_lock;
	struct buffer_ring flip, flip_flags, out; /* hw_lock */
	struct work_struct input_work; /* takes the flip ring through the line discipline */
	u32 flags_used;           /* hw_lock: how many of the bytes in flip have a flag that is not 0 */
	bool throttled;           /* hw_lock: the driver was told that there is no room */
	u8 xchar;                 /* hw_lock: to be sent before all else; 0: none */
	bool xoff_sent;           /* lock: the other end was told to stop by VSTOP */
	volatile bool lost_carrier; /* for the work item: hang up */

	struct wait_queue_head read_wait, write_wait, open_wait;
	struct fasync_struct *fasync; /* files with O_ASYNC */
};

struct tty_file { /* file->private */
	struct tty *tty;
	u32 hangups;
};
static inline struct tty *tty_of(struct file *f) { return ((struct tty_file *)f->private)->tty; }
static inline bool tty_file_dead(struct file *f) { return ((struct tty_file *)f->private)->hangups != tty_of(f)->hangups; }

extern const struct file_operations tty_fops;
extern struct list_head tty_list;
extern struct tty *console_tty; /* what /dev/console leads to */

void tty_put_output(struct tty *t, const u8 *data, u32 len); /* processed bytes; drops what does not fit */
u32 tty_out_room(struct tty *t);
void tty_start(struct tty *t);
void tty_send_xchar(struct tty *t, u8 c);         /* before what waits, and also while output is stopped */
void tty_input_taken(struct tty *t);              /* a reader has made room: input that waited may go on */
int tty_wait_sent(struct tty *t, u64 deadline);   /* 0, -ERESTARTSYS, -ETIMEDOUT */
u32 tty_receive_lost(struct tty *t);              /* bytes that found no room */
void tty_flush_output(struct tty *t);
void tty_status(struct tty *t, u32 what);         /* TIOCPKT_*: tell the driver what happened */
void tty_flush_input(struct tty *t);              /* what nobody has read; lock held */
long tty_ioctl(struct file *f, u32 cmd, unsigned long arg);
/* A terminal with its rings that no number leads to yet. ERR_PTR(-ENOMEM). */
struct tty *tty_alloc(const char *name, kdev_t dev, const struct tty_driver_ops *ops, void *driver_data);
/* A pseudo-terminal as new, for the next user: nobody has it open. */
void tty_reset(struct tty *t);
struct class;
extern struct class tty_class;
/* The slave with this index, NULL when its master is closed (pty.c). */
struct tty *pty_slave(u32 index);
/* Job control (tty_job.c). */
int tty_check_background(struct tty *t, int sig); /* 0, -EIO or -ERESTARTSYS; lock not held */
void tty_open_session(struct tty *t, struct file *f);
long tty_job_ioctl(struct tty *t, struct file *f, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD: not one of these */
void tty_signal_foreground(struct tty *t, int sig);
int tty_job_init(void);

#endif
