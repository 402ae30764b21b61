/*
 * AF_INET, inside: sockets over lwIP's raw API. inet.c owns the stack, its mutex and its thread; lo.c is the device; inet_common.c has what all
 * kinds share; tcp.c (with tcp_connect.c, tcp_data.c, tcp_options.c), udp.c and raw.c have the sockets, inet_proc.c what /proc/net tells of them.
 * lwIP is not re-entrant: all of it, and its callbacks, run under net_lock. User memory is never touched under it: what is sent is copied into
 * pages first and stays there until the stack says that it arrived; what was received is taken off its queue and copied without the lock.
 */
#ifndef IO_NET_INET_H
#define IO_NET_INET_H

#include "io/net/socket.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/time.h"
#include "lwip/ip.h"
#include "lwip/raw.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "mm/alloc.h"

#define IPPROTO_IP 0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MAX 263 /* Linux counts to MPTCP */
#define FIRST_FREE_PORT 1024u

struct sockaddr_in_abi {
	u16 family, port;   /* port in network order */
	u32 addr;
	u8 zero[8];
};

void net_lock(void);
/* Lets the packets on lo run through the stack first. */
void net_unlock(void);
void inet_kick(void);                /* netd looks anew how long it may sleep; net_lock held */

/* ---- the device (lo.c) ---- */
extern struct netif lo_netif;
extern bool lo_gathers; /* the device takes a packet from several places: pages of files need not be copied together */
int __must_check lo_add(void);        /* net_lock held, once */
void lo_run(void);                    /* the packets that wait, and what they cause; net_lock held */
bool lo_busy(void);                   /* packets wait; no lock */
int __must_check lo_proc_init(void);
long inet_ioctl(u32 cmd, unsigned long arg);       /* of network devices (ifioctl.c) */

/* ---- shared by all kinds (inet_common.c); those that take a pcb want net_lock ---- */
int inet_address(const struct sockaddr_any *a, u32 len, ip_addr_t *ip, u16 *port); /* an address of the program; -EINVAL, -EAFNOSUPPORT */
u32 inet_put_address(struct sockaddr_any *a, const ip_addr_t *ip, u16 port);
int inet_errno(err_t e);
/* The same for bind(2): also -EADDRNOTAVAIL, -EACCES. */
int inet_bind_address(const struct sockaddr_any *a, u32 len, ip_addr_t *ip, u16 *port);
/* Where a packet for ip really goes: "any" is this machine. */
void inet_real_destination(ip_addr_t *ip);
/* A port of ip_local_port_range, but not this one, that no socket of the protocol has; 0: none is left. */
u16 inet_free_port(int protocol, u16 not_this);
/* Options of IPPROTO_IP, and those of SOL_SOCKET that the stack keeps too. pcb: any kind's. As socket_ops->setsockopt, getsockopt. */
int inet_set_option(struct ip_pcb *pcb, int level, int name, const void *value, u32 len);
int inet_get_option(struct ip_pcb *pcb, int level, int name, void *value, u32 len);
int __must_check inet_sysctl_init(void);
/* Numbers of a text, each cut to most, into v; how many there are, at most n; -EINVAL. */
int inet_numbers(const char *text, u32 *v, u32 n, u32 most);
u32 inet_tw_max(void);                /* connections in TIME_WAIT at most */

/* Memory in the queues of all sockets, bytes; net_lock. Above the first limit senders wait for their own data to go, above the second what
   arrives is refused, and comes again, as long as the socket has something to read. */
void inet_charge(s32 bytes);
u32 inet_memory(void);
bool inet_memory_short(void);
bool inet_memory_full(void);

/* A packet or a piece of a stream that waits to be read. */
struct inet_packet {
	struct list_head node;
	struct pbuf *pbuf;
	u32 off;
	ip_addr_t from;
	u16 port;
};
struct inet_packet *inet_new_packet(struct pbuf *p); /* charged; NULL: no memory */
void inet_free_packet(struct inet_packet *p); /* net_lock held */
/* Copy n bytes of the packet at p->off; short on a fault. No lock. */
u32 inet_copy_out(const struct inet_packet *p, u32 n, struct iov_iter *to);

/* ---- datagrams: what UDP and raw sockets share (datagram.c) ---- */
struct datagram_sock;

/* What each of the two does in its own way; the functions run under net_lock and return -errno. */
struct datagram_kind {
	u32 max;                     /* bytes of one datagram */
	pbuf_layer layer;            /* room for which headers before it */
	bool ports;                  /* its addresses have ports that mean something */
	struct list_head *all;       /* its sockets, for /proc/net */
	int (*bind)(struct datagram_sock *d, const ip_addr_t *ip, u16 port);
	int (*autobind)(struct datagram_sock *d); /* before the first datagram goes */
	int (*connect)(struct datagram_sock *d, const ip_addr_t *ip, u16 port);
	void (*disconnect)(struct datagram_sock *d);
	int (*send)(struct datagram_sock *d, struct pbuf *p, const ip_addr_t *to, u16 port); /* to NULL: where it is connected; p stays ours */
	void (*remove)(struct datagram_sock *d);  /* its pcb */
};

struct datagram_sock {
	const struct datagram_kind *kind;
	struct socket *socket;
	union {
		struct ip_pcb *ip;
		struct udp_pcb *udp;
		struct raw_pcb *raw;
	};
	struct list_head node;       /* of the kind's list, for /proc/net; net_lock, like the rest */
	struct list_head queue;      /* struct inet_packet */
	u32 queued;                  /* memory, bytes */
	u32 drops;
	bool connected, shut_read, shut_write;
	struct wait_queue_head wait;
};
static inline struct datagram_sock *datagram_of(struct socket *s) { return s->sk; }
/* The socket's second half; its kind fills in the pcb, then datagram_ready. NULL: no memory. */
struct datagram_sock *datagram_new(struct socket *s, const struct datagram_kind *kind);
int datagram_ready(struct datagram_sock *d);             /* -ENOBUFS: without a pcb it is freed instead; net_lock held */
void datagram_arrived(struct datagram_sock *d, struct pbuf *p, const ip_addr_t *from, u16 port); /* net_lock held; takes p */
void datagram_error(struct datagram_sock *d, int error); /* net_lock held */

/* ---- the kinds ---- */
int tcp_socket(struct socket *s);
int udp_socket(struct socket *s);
int raw_socket(struct socket *s);
void tcp_start(void);                 /* once, with the stack; net_lock held */
void udp_start(void);
u32 tcp_delayed_acks(void);           /* sends those that are due; in how many ms others are, 0xffffffff: there are none; net_lock held */
void tcp_trim_timewait(u32 most);     /* the oldest connections in TIME_WAIT end; net_lock held */
int __must_check inet_proc_init(void);
/* For /proc/net; net_lock held. */
extern struct list_head udp_socks, raw_socks;
extern u32 tcp_nr_socks, tcp_nr_orphans;

#endif
