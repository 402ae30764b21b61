/*
 * AF_UNIX, inside: unix.c has names and connections, unix_data.c moves the data. unix_lock guards everything in struct unix_sock but what is
 * said; it is never held while memory is copied or anything sleeps. A socket's structure lives as long as its file, its peer, or a message
 * that it has sent and nobody has read.
 */
#ifndef IO_NET_UNIX_H
#define IO_NET_UNIX_H

#include "io/net/socket.h"
#include "kernel/lib/string.h"

#define UNIX_PATH_MAX 108u
#define UNIX_MAX_DGRAM_QLEN 10u

struct inode;
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
	u32 nr_queued, queued_bytes;
	u32 wmem, sndbuf;               /* memory in messages sent and not read yet; how much may be */
	struct list_head backlog;       /* connections to be accepted, by node */
	struct list_head node;
	u32 nr_backlog, max_backlog;
	struct ucred_abi cred, peer_cred;
	struct sockaddr_any *name;      /* NULL: none; never changes afterwards */
	u32 namelen;
	struct inode *inode;            /* behind a name in a file system */
	struct list_head all;           /* in unix_socks, until it is closed */
	struct list_head bound;         /* in unix_names */
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

#endif
