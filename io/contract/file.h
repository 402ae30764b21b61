/* Open files: what a descriptor leads to, and the operations behind it. One signature for all I/O: read_iter and write_iter. */
#ifndef IO_CONTRACT_FILE_H
#define IO_CONTRACT_FILE_H

#include "io/contract/iov_iter.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/mutex.h"
#include "kernel/uapi/fcntl.h"
#include "kernel/uapi/poll.h"
#include "kernel/uapi/signal.h"

struct dentry;
struct dir_context;
struct file;
struct inode;
struct mount;
struct vm_area;

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

/* One waiter of poll/select/epoll passes through each file's poll operation; queue is called for every wait queue the file waits on. */
struct poll_table {
	void (*queue)(struct file *f, struct wait_queue_head *wq, struct poll_table *pt); /* NULL: only look */
	u32 key; /* events asked for */
};
static inline void poll_wait(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(f, wq, pt);
}

struct file_operations {
	const char *name;
	/* Bytes done, 0 at the end, or -errno. iocb->pos is used and moved. */
	ssize_t (*read_iter)(struct kiocb *k, struct iov_iter *to);
	ssize_t (*write_iter)(struct kiocb *k, struct iov_iter *from);
	loff_t (*llseek)(struct file *f, loff_t off, int whence);
	u32 (*poll)(struct file *f, struct poll_table *pt); /* POLL* events that are ready now; NULL: always readable and writable */
	long (*ioctl)(struct file *f, u32 cmd, unsigned long arg); /* -ENOTTY or -ENOIOCTLCMD: unknown */
	int (*mmap)(struct file *f, struct vm_area *a); /* set a->ops; the file reference is taken through ops->open semantics by the caller */
	int (*open)(struct inode *inode, struct file *f);
	int (*flush)(struct file *f);   /* at each close of a descriptor */
	void (*release)(struct file *f); /* last reference gone */
	int (*fsync)(struct file *f, loff_t start, loff_t end, bool datasync);
	int (*fasync)(int fd, struct file *f, int on); /* O_ASYNC is set or cleared, see fasync_helper */
	int (*iterate)(struct file *f, struct dir_context *ctx); /* directories: emit from f->pos on; inode lock held */
	u32 no_splice; /* FMODE_READ, FMODE_WRITE: splice and sendfile do not take from it, put into it, though read and write do */
};

/* f->mode */
#define FMODE_READ BIT(0)
#define FMODE_WRITE BIT(1)
#define FMODE_LSEEK BIT(2)
#define FMODE_STREAM BIT(3)  /* has no position: pipe, tty, socket */
#define FMODE_PATH BIT(4)    /* O_PATH */
#define FMODE_OPENED BIT(5)
#define FMODE_ATOMIC_POS BIT(7)
/* What its operations have; set after open, which may choose others. */
#define FMODE_CAN_POLL BIT(6)
#define FMODE_CAN_READ BIT(8)  /* and it was opened for reading */
#define FMODE_CAN_WRITE BIT(9) /* and for writing */

struct file_ra { /* read-ahead state of one stream, pages */
	pgoff_t start;      /* where the current window starts */
	u32 size, async_size; /* its length, and how many pages before its end the next one is started */
	u32 ra_pages;       /* limit; 0: off */
	pgoff_t prev_index; /* last page read */
	u32 mmap_miss;
};

/* Who is signalled for a file with O_ASYNC; type: F_OWNER_TID, _PID, _PGRP; signum 0: SIGIO without information; uid, euid: of who set it. */
struct fown_struct {
	pid_t pid;
	int type, signum;
	uid_t uid, euid;
};

/* Linux's names beside ours are for driver files (kernel/include/linux). */
struct file {
	atomic_t refs;
	union {
		u32 mode;        /* FMODE_* */
		u32 f_mode;
	};
	union {
		u32 flags, f_flags; /* O_* status flags: O_APPEND O_NONBLOCK O_DIRECT O_SYNC O_ASYNC ... and the access mode */
	};
	const struct file_operations *ops;
	struct inode *inode;
	struct path path;
	union {
		loff_t pos, f_pos; /* pos_lock when FMODE_ATOMIC_POS */
	};
	struct mutex pos_lock;
	struct file_ra ra;
	u32 wb_err_seen;         /* errors of the mapping that this file has been told */
	union {
		void *private, *private_data;
	};
	struct fown_struct owner; /* F_SETOWN, F_SETSIG */
	void *epoll_items;       /* io/async */
	struct file *closing;    /* the next one of those that fput_later closes */
	u64 copied;              /* bytes the CPU moved for reads and writes of this file, for /proc/PID/copies */
};

static inline struct file *get_file(struct file *f) { atomic_inc(&f->refs); return f; }
bool fput_not_last(struct file *f); /* drop a reference unless it is the last one: false. Any context */
void fput(struct file *f);     /* drop a reference; the last one releases. Process context, may sleep */
/*
 * The same where closing a file would go too deep, or a lock is held: the last reference goes when the process is on its way back to the
 * program or at its end (before anybody hears of that), that of a kernel thread in a worker. Process context, does not sleep.
 */
void fput_later(struct file *f);
/* A file without a name: pipes, eventfd, sockets. ERR_PTR. */
/* Called at the last fput of a file with epoll_items; set by io/async. */
extern void (*file_last_put_hook)(struct file *f);
struct file *anon_file(const char *name, const struct file_operations *ops, void *private, u32 flags);

/*
 * Signal-driven I/O, as in Linux: each thing that a file can wait for keeps a list (NULL at first). fasync_helper, from the fasync operation,
 * puts a file on it or takes it off: more than 0 changed, 0 nothing to do, -ENOMEM; may sleep. kill_fasync tells the owners of all files on
 * it: sig is SIGIO (SIGURG reaches only those who chose a signal), reason is POLL_IN and so on of siginfo. Any context.
 * f_setown gives an owner to a file that has none.
 */
struct fasync_struct;
int __must_check fasync_helper(int fd, struct file *f, int on, struct fasync_struct **list);
void kill_fasync_listed(struct fasync_struct **list, int sig, int reason);
static inline void kill_fasync(struct fasync_struct **list, int sig, int reason)
{
	if (unlikely(*(struct fasync_struct *volatile *)list))
		kill_fasync_listed(list, sig, reason);
}
void f_setown(struct file *f, int type, pid_t pid);
/* SIGURG to the owner of f (may be NULL), with or without O_ASYNC; false: it has none. Process context, tasklist_lock not held. */
bool file_send_sigurg(struct file *f);

/* Standard pieces. */
loff_t generic_llseek(struct file *f, loff_t off, int whence); /* within [0, max file size], SEEK_END by inode size; also SEEK_DATA, SEEK_HOLE simply */
loff_t no_llseek(struct file *f, loff_t off, int whence);      /* -ESPIPE */
loff_t noop_llseek(struct file *f, loff_t off, int whence);
loff_t fixed_size_llseek(struct file *f, loff_t off, int whence, loff_t size);
/* Kernel's own I/O on a file at *pos (moved). */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos);
/* The name of an open file for people (/proc/PID/maps), from the end of buf; "(deleted)" is appended where due. */
const char *file_path(struct file *f, char *buf, size_t size);
/* Open by path from the kernel (init, exec). ERR_PTR. */
struct file *file_open(const char *path, int flags, umode_t mode);
int file_open_fd(const char *path, int flags); /* the same into a new descriptor of the current process; -errno */
/* Give buf (len bytes) to a reader at iocb->pos: for small virtual files. */
ssize_t simple_read_from_buffer(struct kiocb *k, struct iov_iter *to, const void *buf, size_t len);

#endif
