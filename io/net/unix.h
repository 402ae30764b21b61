/*
 * AF_UNIX, inside: unix.c has names and connections, unix_data.c moves the data, unix_gc.c watches descriptors in flight. unix_lock guards
 * everything in struct unix_sock but what is said; it is never held while memory is copied or anything sleeps. A socket's structure lives as
 * long as its file, its peer, or a message that it has sent and nobody has read.
 */
#ifndef IO_NET_UNIX_H
#define IO_NET_UNIX_H

#include "io/net/socket.h"
#include "kernel/lib/string.h"

#define UNIX_PATH_MAX 108u
#define UNIX_MAX_DGRAM_QLEN 10u

enum unix_state { UNIX_CLOSED, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_sock {
	atomic_t refs;
	struct socket *socket;          /* NULL: not accepted yet, or released */
	int type;
	enum unix_state state;
	bool shut_read, shut_write, dead;
	int reset;                      /* ECONNRESET, told once */
	struct unix_sock *peer;         /* with a reference: the other end, or where datagrams go */
	struct list_head queue;         /* messages to be read */
	struct list_head rights;        /* those of them that bring sockets: struct scm, by link */
	u32 nr_queued, queued_bytes;
	u32 wmem, sndbuf;               /* memory in messages sent and not read yet; how much may be */
	struct list_head backlog;       /* connections to be accepted, by node */
	struct list_head node;
	u32 nr_backlog, max_backlog;
	struct ucred_abi cred, peer_cred;
	struct sockaddr_any *name;      /* NULL: none; never changes afterwards */
	u32 namelen;
	struct path path;               /* behind a name in a file system, with references; dentry NULL: none */
	struct list_head all;           /* in unix_socks, until it is closed */
	struct list_head bound;         /* in unix_names */
	struct list_head gc_node;       /* the collector's, like the next ones: to be looked at */
	u32 from_queues;                /* references that messages in queues have to its file */
	bool alive, waits;              /* it may be received from; it is in a backlog */
	struct list_head senders, sends_to; /* datagram sockets that are connected to this one; in the list of the one it is connected to */
	struct mutex read_lock;         /* one reader of a stream at a time; held while it is copied */
	struct wait_queue_head wait;
};

extern struct spinlock unix_lock;
extern struct list_head unix_socks;

static inline struct unix_sock *unix_of(struct socket *s) { return s->sk; }
static inline struct unix_sock *unix_get(struct unix_sock *u) { atomic_inc(&u->refs); return u; }
void unix_put(struct unix_sock *u);
/* Its waiters, and the owner of O_ASYNC. */
void unix_wake(struct unix_sock *u, u32 events);
/* Those that send datagrams to it: there is room, or it is gone. unix_lock held. */
void unix_wake_senders(struct unix_sock *u);
/* The socket that a datagram for this address goes to, with a reference. ERR_PTR. */
struct unix_sock *unix_find(const struct sockaddr_any *a, u32 len, int type);
void unix_fill_name(const struct unix_sock *u, struct sockaddr_any *a, u32 *len);

/* unix_data.c */
ssize_t unix_stream_send(struct socket *s, struct message *m, u32 flags);
ssize_t unix_stream_receive(struct socket *s, struct message *m, u32 flags);
ssize_t unix_packet_send(struct socket *s, struct message *m, u32 flags);
ssize_t unix_packet_receive(struct socket *s, struct message *m, u32 flags);
u32 unix_bytes_to_read(struct unix_sock *u); /* all of a connection, the first message of datagrams */
u32 unix_poll(struct socket *s, struct file *f, struct poll_table *pt);
void unix_drop_queue(struct unix_sock *u); /* free what was not read; no lock held */
void unix_take_queue(struct unix_sock *u, struct list_head *to); /* what was not read moves to the list; unix_lock held */
void unix_free_queue(struct list_head *packets); /* what unix_take_queue gave; no lock held */

/*
 * unix_gc.c. The limit: unix_charge counts the files of a message that the current user is about to send, once a message; -ETOOMANYREFS,
 * -ENOMEM; may sleep. unix_uncharge when they were received or dropped, or not sent; nothing when they are not counted. No lock held.
 */
int __must_check unix_charge(struct scm *scm);
void unix_uncharge(struct scm *scm);
/* A message with this has come into the queue of `to`; is off it (also said twice). unix_lock held. */
void unix_scm_queued(struct unix_sock *to, struct scm *scm);
void unix_scm_taken(struct scm *scm);
/* Empty the queues of sockets that only each other's messages hold: now; soon, from a worker. Neither sleeps; no spinlock held. */
void unix_gc(void);
void unix_gc_later(void);
void unix_gc_init(void);

#endif
