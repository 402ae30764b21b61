/*
 * TCP sockets, inside, see inet.h: tcp.c has their life and what the stack tells them, tcp_connect.c names and connections, tcp_data.c sending,
 * receiving and readiness, tcp_options.c the options. All of struct tcp_sock is guarded by net_lock; without it, it is read as a hint.
 */
#ifndef IO_NET_TCP_H
#define IO_NET_TCP_H

#include "io/net/inet.h"
#include "lwip/priv/tcp_priv.h"

enum tcp_sock_state { TS_CLOSED, TS_LISTENING, TS_CONNECTING, TS_CONNECTED, TS_DEAD /* the pcb is gone */ };

enum { URGENT_NONE, URGENT_COMING /* its segment has told of it */, URGENT_HERE, URGENT_READ };

struct tx_piece { /* memory the stack refers to */
	struct list_head node;
	struct page *page;
	u32 len;
};

struct tcp_options { /* kept here, because a pcb does not live as long as its socket */
	bool nodelay, cork;
	u32 keepidle, keepintvl, keepcnt;  /* seconds, seconds, probes */
	u32 maxseg;                        /* bytes; 0: what the stack finds */
	u32 user_timeout;                  /* ms that data may wait for its acknowledgement; 0: the stack's own patience */
};

struct tcp_sock {
	struct socket *socket;       /* NULL: not accepted yet, or closed */
	struct tcp_pcb *pcb;
	enum tcp_sock_state state;
	struct list_head rx;         /* struct inet_packet */
	u32 rx_bytes;
	u32 withheld;                /* bytes that were read, but the other end may not send again yet */
	bool eof, shut_read, shut_write;
	bool tx_marked;              /* there is a byte sent with MSG_OOB before tx_mark that the other end has not acknowledged */
	u8 urgent, urgent_byte;      /* URGENT_*; the byte at mark */
	bool has_hole;               /* at hole is an old urgent byte that is not data */
	u32 tx_mark, mark, hole;     /* sequence numbers */
	u32 rx_seq;                  /* of the byte behind the last one in rx */
	bool connect_untold;         /* connected by a call that did not wait, and no call has said so since */
	bool connect_failed;         /* how it came to be TS_DEAD: connect may be called again */
	struct list_head tx;         /* struct tx_piece */
	u32 tx_acked;                /* bytes of the first piece that have arrived */
	u32 tx_bytes;                /* not acknowledged yet */
	u32 progress_ms;             /* sys_now when something was, or the first byte was sent */
	struct list_head backlog, node;
	u32 nr_backlog;
	struct tcp_sock *listener;   /* of one that waits in a backlog */
	int error;                   /* positive; before there is a socket to tell */
	struct tcp_options opt;
	u8 quick_acks;               /* so many segments more are acknowledged at once */
	ip_addr_t local_ip;          /* its name, by bind(2) or by a connection, when the pcb is gone */
	u16 local_port, bound_port;  /* bound_port: by bind(2) */
	struct mutex read_lock;
	struct wait_queue_head wait;
};

static inline struct tcp_sock *tcp_of(struct socket *s) { return s->sk; }
static inline struct tcp_pcb_listen *tcp_listen_pcb(const struct tcp_sock *l) { return (struct tcp_pcb_listen *)l->pcb; }
void tcp_wake(struct tcp_sock *t, u32 events);
#define TCP_QUICK_ACKS 16u           /* at the beginning, and when TCP_QUICKACK asks */

/* tcp.c; all with net_lock held */
int tcp_stop_listening(struct tcp_sock *t);   /* and all that waited; a new pcb, not connected. -ENOBUFS */
int tcp_start_again(struct tcp_sock *t);      /* as new, with the options and the name it was given: what connect(2) wants. -ENOBUFS */
void tcp_attach(struct tcp_sock *t);          /* the stack's callbacks, to t->pcb */
void tcp_detach(struct tcp_pcb *pcb);
err_t tcp_on_accept(void *arg, struct tcp_pcb *pcb, err_t err);
err_t tcp_on_connected(void *arg, struct tcp_pcb *pcb, err_t err);

/* tcp_connect.c */
int tcp_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len);
int tcp_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock);
int tcp_listen_socket(struct socket *s, int backlog);
int tcp_accept_socket(struct socket *s, struct socket *fresh, bool nonblock);
int tcp_getname(struct socket *s, struct sockaddr_any *a, bool peer);
int tcp_shutdown_socket(struct socket *s, int how);

/* tcp_data.c */
ssize_t tcp_send_message(struct socket *s, struct message *m, u32 flags);
ssize_t tcp_receive(struct socket *s, struct message *m, u32 flags);
u32 tcp_poll_socket(struct socket *s, struct file *f, struct poll_table *pt);
long tcp_ioctl(struct socket *s, u32 cmd, unsigned long arg);
void tcp_drop_tx(struct tcp_sock *t, u32 len); /* so much has arrived, or ~0: forget it all */
void tcp_drop_rx(struct tcp_sock *t);
void tcp_open_window(struct tcp_sock *t);     /* for all that was read; it has a pcb; net_lock held */

/* tcp_urgent.c; all but tcp_receive_urgent with net_lock held */
void tcp_mark_urgent(struct tcp_sock *t);     /* the last byte given to the stack */
bool tcp_urgent_arrived(struct tcp_sock *t, struct pbuf *p); /* p was just queued: is the other end's urgent byte in it? */
/*
 * How many of the next `want` bytes, `ahead` behind the next one to be read, a read may take that has taken some already or not: those up to the
 * mark. *skip: the next byte is urgent and to be passed over.
 */
u32 tcp_urgent_limit(struct tcp_sock *t, u32 ahead, u32 want, bool some, bool *skip);
void tcp_urgent_passed(struct tcp_sock *t);   /* bytes were read */
bool tcp_has_data(const struct tcp_sock *t);  /* is there more than the urgent bytes that a read passes over? A hint without net_lock */
bool tcp_at_mark(const struct tcp_sock *t);
u32 tcp_readable(const struct tcp_sock *t);   /* bytes that can be read before the mark */
ssize_t tcp_receive_urgent(struct socket *s, struct message *m, u32 flags);

/* tcp_options.c */
extern const struct tcp_options tcp_default_options;
void tcp_apply_options(struct tcp_sock *t);   /* to its pcb */
int tcp_setsockopt(struct socket *s, int level, int name, const void *value, u32 len);
int tcp_getsockopt(struct socket *s, int level, int name, void *value, u32 len);
u32 tcp_linux_state(const struct tcp_pcb *pcb); /* the number that /proc/net/tcp and TCP_INFO show; NULL: closed */

#endif
