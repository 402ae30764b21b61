/* UDP sockets over lwIP, see inet.h: ports; the rest is datagram.c's. A connected one hears when nobody listens at the other end. */
#include "io/net/inet.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/udp.h"

LIST_HEAD(udp_socks);

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

static int bind_udp(struct datagram_sock *d, const ip_addr_t *ip, u16 port)
{
	if (d->udp->local_port)
		return -EINVAL;
	if (!port)
		port = inet_free_port(IPPROTO_UDP, 0);
	return port ? inet_errno(udp_bind(d->udp, ip, port)) : -EADDRINUSE;
}

static int autobind(struct datagram_sock *d) { return d->udp->local_port ? 0 : bind_udp(d, IP_ADDR_ANY, 0) ? -EAGAIN : 0; }

static int connect_udp(struct datagram_sock *d, const ip_addr_t *ip, u16 port)
{
	int err = inet_errno(udp_connect(d->udp, ip, port));

	if (!err)
		ip_addr_copy(d->udp->local_ip, *netif_ip_addr4(&lo_netif));
	return err;
}

static void disconnect_udp(struct datagram_sock *d) { udp_disconnect(d->udp); }
static void remove_udp(struct datagram_sock *d) { udp_remove(d->udp); }

static int send_udp(struct datagram_sock *d, struct pbuf *p, const ip_addr_t *to, u16 port)
{
	return inet_errno(to ? udp_sendto(d->udp, p, to, port) : udp_send(d->udp, p));
}

static const struct datagram_kind udp_kind = {
	.max = 65507, .layer = PBUF_TRANSPORT, .ports = true, .all = &udp_socks, .bind = bind_udp, .autobind = autobind, .connect = connect_udp,
	.disconnect = disconnect_udp, .send = send_udp, .remove = remove_udp,
};

int udp_socket(struct socket *s)
{
	struct datagram_sock *d = datagram_new(s, &udp_kind);

	if (!d)
		return -ENOMEM;
	s->protocol = IPPROTO_UDP;
	net_lock();
	d->udp = udp_new();
	if (d->udp)
		udp_recv(d->udp, received, d);
	int err = datagram_ready(d);
	net_unlock();
	return err;
}
