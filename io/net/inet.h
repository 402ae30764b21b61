/*
 * AF_INET, inside: sockets over lwIP's raw API. inet.c owns the stack, its mutex, its thread and the device lo; tcp.c and udp.c have the sockets.
 * lwIP is not re-entrant: all of it, and its callbacks, run under net_lock. User memory is never touched under it: what is sent is copied into
 * pages first and stays there until the stack says that it arrived; what was received is taken off its queue and copied without the lock.
 */
#ifndef IO_NET_INET_H
#define IO_NET_INET_H

#include "io/net/socket.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/time.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "mm/alloc.h"

#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define FIRST_FREE_PORT 1024u

struct sockaddr_in_abi {
	u16 family, port;   /* port in network order */
	u32 addr;
	u8 zero[8];
};

void net_lock(void);
/* Lets the packets on lo run through the stack first. */
void net_unlock(void);

/* An address of the program; -EINVAL, -EAFNOSUPPORT. */
int inet_address(const struct sockaddr_any *a, u32 len, ip_addr_t *ip, u16 *port);
u32 inet_put_address(struct sockaddr_any *a, const ip_addr_t *ip, u16 port);
int inet_check_bind(const ip_addr_t *ip, u16 port); /* -EADDRNOTAVAIL, -EACCES */
int inet_errno(err_t e);
long inet_ioctl(u32 cmd, unsigned long arg);       /* of network devices (ifioctl.c) */

/* A packet or a piece of a stream that waits to be read. */
struct inet_packet {
	struct list_head node;
	struct pbuf *pbuf;
	u32 off;
	ip_addr_t from;
	u16 port;
};
void inet_free_packet(struct inet_packet *p); /* net_lock held */
/* Copy n bytes of the packet at p->off; short on a fault. No lock. */
u32 inet_copy_out(const struct inet_packet *p, u32 n, struct iov_iter *to);

int tcp_socket(struct socket *s);
int udp_socket(struct socket *s);
extern struct netif lo_netif;
extern bool lo_gathers; /* the device takes a packet from several places: pages of files need not be copied together */

#endif
