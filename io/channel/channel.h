/*
 * Inside the channel: a subchannel is one open file of /dev/channel0 and has at most one program.
 *
 *   dev.c      the file: write, read, poll, close; states
 *   program.c  making a program out of what the user wrote: checks, pins, the bio it uses again and again; and its end
 *   run.c      carrying it out, in softirq context from the first completion on
 *
 *            write            program_run                 channel_ended          read, or the next write
 *   EMPTY -----------> LOADING ----------> RUNNING ----------------------> ENDED --------------------------> EMPTY
 *
 * The program is its owner's in every state but RUNNING; then it belongs to whoever holds its one bio, or its retry timer: nobody else touches
 * it, but for `halt`, which only ever becomes true.
 */
#ifndef IO_CHANNEL_CHANNEL_H
#define IO_CHANNEL_CHANNEL_H

#include "io/contract/block_device.h"
#include "io/contract/file.h"
#include "kernel/uapi/channel.h"

enum subchannel_state { SUBCHANNEL_EMPTY, SUBCHANNEL_LOADING, SUBCHANNEL_RUNNING, SUBCHANNEL_ENDED };

struct subchannel;

/* What is known of a command beside the words of the user. */
struct command_extra {
	u32 first_page;   /* of its memory in program->pages */
	u32 jumps_left;   /* CHANNEL_TRANSFER */
};

struct program {
	struct subchannel *owner;
	struct file *device;
	struct block_device *bdev;
	u32 nr;
	struct channel_command *commands;
	struct command_extra *extra;
	struct page **pages; /* pinned */
	u32 nr_pages;        /* so many of them so far */
	struct bio *bio;
	u32 max_bytes, max_vecs; /* of one bio: it is never split */
	pid_t pid;
	u32 ioprio;
	bool writes;         /* it holds a write command */
	volatile bool halt;
	/* where it stands */
	u32 pc, at;          /* the command, bytes of it done */
	u32 left;            /* bytes of the transfer under way, with all that is chained by data; 0: none */
	sector_t sector;
	u32 next_pc, next_at; /* when the bio under way has ended well */
	u32 steps;
	u64 switches_before;
	struct timer retry;
	struct channel_status status;
};

struct subchannel {
	struct spinlock lock; /* RANK_DRIVER, bh */
	enum subchannel_state state; /* lock */
	struct program *program;
	struct channel_status status; /* ENDED */
	struct wait_queue_head wait;
	struct fasync_struct *fasync;
};

/* What all programs did, for sysfs. Changed in softirqs. */
struct channel_counts {
	u32 programs, commands, transfers, interrupts, errors;
	u64 bytes;
};
extern struct channel_counts channel_counts;

/*
 * Check and pin; commands is the caller's on error and the program's on success. Process context, may sleep, the memory is current's.
 * ERR_PTR: -EBADF, -ENOTBLK (device), -EINVAL, -EFAULT, -ENOMEM, -EBUSY (writes below a mounted file system).
 */
struct program *program_make(struct subchannel *owner, int device, struct channel_command *commands, u32 nr);
void program_unpin(struct program *p); /* any context */
void program_free(struct program *p);  /* process context, may sleep; not running */
/* Begin. The program may have ended when it returns. Process context. */
void program_run(struct program *p);
/* From run.c, softirq or process context: p has ended, p->status says how; p is not to be touched afterwards. */
void channel_ended(struct program *p);

#endif
