/*
 * Raw sockets over lwIP, see inet.h: packets of one protocol of IP, ICMP above all (ping). Received ones come with their IP header, sent ones
 * get theirs from the stack (raw(7) without IP_HDRINCL). Only root may have them. The rest is datagram.c's.
 */
#include "io/net/inet.h"

LIST_HEAD(raw_socks);

/* From the stack, net_lock held; it keeps the packet, others want it too. */
static u8_t received(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

	if (copy)
		datagram_arrived(arg, copy, from, 0);
	return 0;
}

static int bind_raw(struct datagram_sock *d, const ip_addr_t *ip, u16 port) { return inet_errno(raw_bind(d->raw, ip)); }
static int no_port(struct datagram_sock *d) { return 0; }
static int connect_raw(struct datagram_sock *d, const ip_addr_t *ip, u16 port) { return inet_errno(raw_connect(d->raw, ip)); }
static void disconnect_raw(struct datagram_sock *d) { raw_disconnect(d->raw); }
static void remove_raw(struct datagram_sock *d) { raw_remove(d->raw); }

static int send_raw(struct datagram_sock *d, struct pbuf *p, const ip_addr_t *to, u16 port)
{
	return inet_errno(to ? raw_sendto(d->raw, p, to) : raw_send(d->raw, p));
}

static const struct datagram_kind raw_kind = {
	.max = 65515, .layer = PBUF_IP, .all = &raw_socks, .bind = bind_raw, .autobind = no_port, .connect = connect_raw,
	.disconnect = disconnect_raw, .send = send_raw, .remove = remove_raw,
};

int raw_socket(struct socket *s)
{
	struct datagram_sock *d = datagram_new(s, &raw_kind);

	if (!d)
		return -ENOMEM;
	net_lock();
	d->raw = raw_new((u8_t)s->protocol);
	if (d->raw)
		raw_recv(d->raw, received, d);
	int err = datagram_ready(d);
	net_unlock();
	return err;
}
