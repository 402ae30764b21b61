/* UDP sockets over lwIP, see inet.h: names and sending; the rest is datagram.c's. A connected one hears when nobody listens at the other end. */
#include "io/net/inet.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/udp.h"

#define UDP_MAX 65507u

LIST_HEAD(udp_socks);
static const struct socket_ops udp_ops;

/* From the stack, net_lock held. */
static void received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port) { datagram_arrived(arg, p, from, port); }

/*
 * Every ICMP packet comes by here before the stack answers it. "Destination unreachable" carries the header of the datagram it is about, and
 * its first 8 bytes (RFC 792): the ports. It goes to the socket that has sent it, when that is connected there.
 */
static u8_t icmp_received(void *arg, struct raw_pcb *raw, struct pbuf *p, const ip_addr_t *from)
{
	struct { struct icmp_echo_hdr icmp; struct ip_hdr ip; struct udp_hdr udp; } __packed m;
	const struct ip_hdr *outer = p->payload;
	u32 len = p->len >= IP_HLEN ? IPH_HL_BYTES(outer) : 0;

	if (!len || pbuf_copy_partial(p, &m, sizeof(m), (u16)len) != sizeof(m) || ICMPH_TYPE(&m.icmp) != ICMP_DUR || IPH_HL_BYTES(&m.ip) != IP_HLEN ||
	    IPH_PROTO(&m.ip) != IP_PROTO_UDP)
		return 0;
	for (struct udp_pcb *u = udp_pcbs; u; u = u->next)
		if (u->local_port == lwip_ntohs(m.udp.src) && (u->flags & UDP_FLAGS_CONNECTED) && u->remote_port == lwip_ntohs(m.udp.dest) &&
		    ip_addr_get_ip4_u32(&u->remote_ip) == m.ip.dest.addr)
			datagram_error(u->recv_arg, ICMPH_CODE(&m.icmp) == ICMP_DUR_PORT ? ECONNREFUSED : EHOSTUNREACH);
	return 0;
}

void udp_start(void)
{
	struct raw_pcb *r = raw_new(IP_PROTO_ICMP);

	if (r)
		raw_recv(r, icmp_received, NULL);
}

int udp_socket(struct socket *s)
{
	struct datagram_sock *d = datagram_new(s);

	if (!d)
		return -ENOMEM;
	s->protocol = IPPROTO_UDP;
	net_lock();
	d->udp = udp_new();
	if (d->udp) {
		udp_recv(d->udp, received, d);
		list_add_tail(&d->node, &udp_socks);
	}
	net_unlock();
	if (!d->udp) {
		kfree(d);
		return -ENOBUFS;
	}
	s->sk = d;
	s->ops = &udp_ops;
	return 0;
}

static void udp_release(struct socket *s)
{
	struct datagram_sock *d = datagram_of(s);

	net_lock();
	udp_remove(d->udp);
	datagram_free(d);
	net_unlock();
}

/* port 0: any. net_lock held. */
static int bind_port(struct datagram_sock *d, const ip_addr_t *ip, u16 port)
{
	if (!port)
		port = inet_free_port(IPPROTO_UDP, 0);
	return port ? inet_errno(udp_bind(d->udp, ip, port)) : -EADDRINUSE;
}

/* Before the first datagram goes. net_lock held. */
static int autobind(struct datagram_sock *d)
{
	return d->udp->local_port ? 0 : bind_port(d, IP_ADDR_ANY, 0) ? -EAGAIN : 0;
}

static int udp_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct datagram_sock *d = datagram_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_bind_address(a, len, &ip, &port);

	if (err)
		return err;
	net_lock();
	err = d->udp->local_port ? -EINVAL : bind_port(d, &ip, port);
	net_unlock();
	return err;
}

static int udp_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct datagram_sock *d = datagram_of(s);
	ip_addr_t ip;
	u16 port;
	int err = 0;

	if (len < sizeof(a->family))
		return -EINVAL;
	net_lock();
	if (a->family == AF_UNSPEC) {
		udp_disconnect(d->udp);
		d->connected = false;
	} else {
		err = autobind(d); /* before anything else, like Linux: even a connect that fails leaves a port */
		if (!err)
			err = inet_address(a, len, &ip, &port);
		if (!err)
			inet_real_destination(&ip);
		if (!err && !ip4_route(&ip))
			err = -ENETUNREACH;
		if (!err)
			err = inet_errno(udp_connect(d->udp, &ip, port));
		if (!err) {
			ip_addr_copy(d->udp->local_ip, *netif_ip_addr4(&lo_netif));
			d->connected = true;
		}
	}
	net_unlock();
	return err;
}

static int udp_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	const struct udp_pcb *pcb = datagram_of(s)->udp;

	if (peer && !datagram_of(s)->connected)
		return -ENOTCONN;
	return (int)(peer ? inet_put_address(a, &pcb->remote_ip, pcb->remote_port) : inet_put_address(a, &pcb->local_ip, pcb->local_port));
}

static ssize_t udp_send_message(struct socket *s, struct message *m, u32 flags)
{
	struct datagram_sock *d = datagram_of(s);
	u32 len = iov_iter_count(m->iter);
	ip_addr_t ip;
	u16 port = 1;
	int err = 0;

	if (len > UDP_MAX)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->namelen)
		err = inet_address(m->name, m->namelen, &ip, &port);
	else if (!d->connected)
		err = -EDESTADDRREQ;
	if (!err && !port)
		err = -EINVAL;
	if (!err && d->shut_write)
		err = -EPIPE;
	if (!err)
		err = socket_take_error(s);
	if (err)
		return err;
	struct pbuf *p = datagram_from_message(m, PBUF_TRANSPORT);
	if (IS_ERR(p))
		return PTR_ERR(p);
	net_lock();
	err = autobind(d);
	if (!err && m->namelen)
		inet_real_destination(&ip);
	if (!err)
		err = inet_errno(m->namelen ? udp_sendto(d->udp, p, &ip, port) : udp_send(d->udp, p));
	pbuf_free(p);
	net_unlock();
	if (err)
		return err;
	current->io.sent += len;
	return (ssize_t)len;
}

static const struct socket_ops udp_ops = {
	.bind = udp_bind_socket, .connect = udp_connect_socket, .getname = udp_getname, .send = udp_send_message, .receive = datagram_receive,
	.shutdown = datagram_shutdown, .poll = datagram_poll, .ioctl = datagram_ioctl, .setsockopt = datagram_setsockopt,
	.getsockopt = datagram_getsockopt, .release = udp_release,
};
