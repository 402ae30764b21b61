/*
 * Sockets: what the system calls (socket.c, options.c, message.c) share with the protocol families (unix.c, inet.c). A family registers a function
 * that makes sockets; each socket then has the operations of its kind. All operations run in process context and may sleep unless said.
 */
#ifndef IO_NET_SOCKET_H
#define IO_NET_SOCKET_H

#include "io/contract/file.h"
#include "kernel/irq/workqueue.h"
#include "kernel/uapi/socket.h"

#define OPTION_MAX 240u         /* bytes of an option's value */
#define SOCKET_BUFFER 212992u  /* rmem_default, rmem_max and so on: bytes */

struct socket;
struct scm;

/* One message on its way, in kernel terms. */
struct message {
	struct sockaddr_any *name;  /* send: where to, NULL none; receive: filled if not NULL */
	u32 namelen;                /* receive: 0 until filled */
	struct iov_iter *iter;
	struct scm *scm;            /* send: what goes with it, or NULL; receive: taken over from the message, or NULL */
	u32 flags;                  /* receive: MSG_TRUNC, MSG_EOR, MSG_CTRUNC for the program */
};

struct socket_ops {
	int (*bind)(struct socket *s, const struct sockaddr_any *a, u32 len);
	int (*connect)(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock);
	int (*pair)(struct socket *a, struct socket *b);
	int (*listen)(struct socket *s, int backlog);
	int (*accept)(struct socket *s, struct socket *fresh, bool nonblock); /* fresh: empty, of the same family and type */
	int (*getname)(struct socket *s, struct sockaddr_any *a, bool peer);  /* length or -errno */
	/* Bytes or -errno. flags: MSG_*, MSG_DONTWAIT already merged with O_NONBLOCK. SIGPIPE is sent by the caller on -EPIPE. */
	ssize_t (*send)(struct socket *s, struct message *m, u32 flags);
	ssize_t (*receive)(struct socket *s, struct message *m, u32 flags);
	int (*shutdown)(struct socket *s, int how);
	u32 (*poll)(struct socket *s, struct file *f, struct poll_table *pt);
	/*
	 * Options: the family is asked before (getsockopt) or after (setsockopt) the common ones of SOL_SOCKET. value: kernel memory, aligned;
	 * setsockopt: len bytes of it, at least an int of SOL_SOCKET's, at most OPTION_MAX; getsockopt: room for OPTION_MAX, len is what the
	 * program wants; answers the length. -ENOPROTOOPT: not known, or not done with.
	 */
	int (*setsockopt)(struct socket *s, int level, int name, const void *value, u32 len);
	int (*getsockopt)(struct socket *s, int level, int name, void *value, u32 len);
	long (*ioctl)(struct socket *s, u32 cmd, unsigned long arg);
	void (*release)(struct socket *s);
};

struct socket {
	int family, type, protocol;
	const struct socket_ops *ops;
	void *sk;                     /* the family's own */
	struct file *file;            /* no reference */
	struct fasync_struct *fasync;
	/* options that every family obeys; written by setsockopt alone */
	u32 sndbuf, rcvbuf;           /* bytes */
	u64 sndtimeo_ns, rcvtimeo_ns; /* 0: none */
	u32 rcvlowat, priority;
	bool reuseaddr, reuseport, keepalive, broadcast, passcred, oobinline, dontroute, debug, timestamp, no_check;
	struct linger_abi linger;
	int error;                    /* for SO_ERROR, positive; taken by xchg */
};

/* Called with s->family, type, protocol and the options set: sets ops and sk. 0 or -errno. */
void socket_family_register(int family, int (*create)(struct socket *s));
/* The deadline of a wait: for ever, or by the option. */
/* What SIGIO tells of an event: the end, something to read, room. */
static inline int socket_sigio_reason(u32 events) { return events & POLLHUP ? POLL_HUP : events & POLLIN ? POLL_IN : POLL_OUT; }
u64 socket_deadline(u64 timeout_ns);
/* A result of a wait with that timeout: with one, an interrupted call says EINTR and is not restarted (signal(7)). */
static inline ssize_t socket_interrupted(ssize_t n, u64 timeout_ns) { return unlikely(n == -ERESTARTSYS) && timeout_ns ? -EINTR : n; }
/* An error that waits for somebody: as -errno, and gone. */
int socket_take_error(struct socket *s);
struct socket *socket_of(struct file *f); /* NULL: no socket */
u32 socket_count(void); /* of all families, with a descriptor or on its way */
/* A socket that was accepted starts with the options of the one that listened. */
void socket_inherit_options(struct socket *fresh, const struct socket *from);

/* Something happened: waiters of wq, and owners of O_ASYNC. events: POLL*; any context. */
void socket_wake(struct socket *s, struct wait_queue_head *wq, u32 events);

/* ---- what travels beside the data (scm.c) ---- */
struct scm {
	u32 nr;
	struct file *files[SCM_MAX_FD];   /* references */
	bool has_cred;
	struct ucred_abi cred;
	struct list_head link;            /* AF_UNIX: in the receiver's list, see unix_gc.c */
	struct unix_inflight *charged;    /* whose descriptors in flight these are; NULL: not counted */
};
struct scm *scm_from_user(u32 control, u32 len);   /* NULL: nothing in it; ERR_PTR */
/* Hand over to the program; returns bytes of control written, sets MSG_CTRUNC in *flags; frees scm. */
u32 scm_to_user(struct scm *scm, u32 control, u32 len, u32 *msg_flags, bool cloexec, bool want_cred);
struct scm *scm_copy(const struct scm *scm);       /* for MSG_PEEK; NULL: no memory */
void scm_free(struct scm *scm);
/*
 * For what nobody received: its files are closed later (fput_later). They may be sockets whose queues hold sockets in their turn, a chain
 * as long as a program likes, and each link would close the next one on the same stack. Does not sleep.
 */
void scm_free_later(struct scm *scm);

#endif
