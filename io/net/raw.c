/*
 * Raw sockets over lwIP, see inet.h: packets of one protocol of IP, ICMP above all (ping). Received ones come with their IP header, sent ones
 * get theirs from the stack (raw(7) without IP_HDRINCL). Only root may have them.
 */
#include "io/net/inet.h"

#define RAW_MAX 65515u

LIST_HEAD(raw_socks);
static const struct socket_ops raw_ops;

/* From the stack, net_lock held; it keeps the packet, others want it too. */
static u8_t received(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

	if (copy)
		datagram_arrived(arg, copy, from, 0);
	return 0;
}

int raw_socket(struct socket *s)
{
	struct datagram_sock *d = datagram_new(s);

	if (!d)
		return -ENOMEM;
	net_lock();
	d->raw = raw_new((u8_t)s->protocol);
	if (d->raw) {
		raw_recv(d->raw, received, d);
		list_add_tail(&d->node, &raw_socks);
	}
	net_unlock();
	if (!d->raw) {
		kfree(d);
		return -ENOBUFS;
	}
	s->sk = d;
	s->ops = &raw_ops;
	return 0;
}

static void raw_release(struct socket *s)
{
	struct datagram_sock *d = datagram_of(s);

	net_lock();
	raw_remove(d->raw);
	datagram_free(d);
	net_unlock();
}

static int raw_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	ip_addr_t ip;
	u16 port;
	int err = inet_bind_address(a, len, &ip, &port);

	if (err && err != -EACCES) /* a port means nothing here */
		return err;
	net_lock();
	err = inet_errno(raw_bind(datagram_of(s)->raw, &ip));
	net_unlock();
	return err;
}

static int raw_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct datagram_sock *d = datagram_of(s);
	ip_addr_t ip;
	u16 port;
	int err = 0;

	if (len < sizeof(a->family))
		return -EINVAL;
	net_lock();
	if (a->family == AF_UNSPEC) {
		raw_disconnect(d->raw);
		d->connected = false;
	} else {
		err = inet_address(a, len, &ip, &port);
		if (!err)
			inet_real_destination(&ip);
		if (!err && !ip4_route(&ip))
			err = -ENETUNREACH;
		if (!err)
			err = inet_errno(raw_connect(d->raw, &ip));
		d->connected |= !err;
	}
	net_unlock();
	return err;
}

static int raw_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	const struct raw_pcb *pcb = datagram_of(s)->raw;

	if (peer && !datagram_of(s)->connected)
		return -ENOTCONN;
	return (int)inet_put_address(a, peer ? &pcb->remote_ip : &pcb->local_ip, 0);
}

static ssize_t raw_send_message(struct socket *s, struct message *m, u32 flags)
{
	struct datagram_sock *d = datagram_of(s);
	u32 len = iov_iter_count(m->iter);
	ip_addr_t ip;
	u16 port;
	int err = 0;

	if (len > RAW_MAX)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->namelen)
		err = inet_address(m->name, m->namelen, &ip, &port);
	else if (!d->connected)
		err = -EDESTADDRREQ;
	if (!err)
		err = d->shut_write ? -EPIPE : socket_take_error(s);
	if (err)
		return err;
	struct pbuf *p = datagram_from_message(m, PBUF_IP);
	if (IS_ERR(p))
		return PTR_ERR(p);
	net_lock();
	if (m->namelen)
		inet_real_destination(&ip);
	err = inet_errno(m->namelen ? raw_sendto(d->raw, p, &ip) : raw_send(d->raw, p));
	pbuf_free(p);
	net_unlock();
	if (err)
		return err;
	current->io.sent += len;
	return (ssize_t)len;
}

static const struct socket_ops raw_ops = {
	.bind = raw_bind_socket, .connect = raw_connect_socket, .getname = raw_getname, .send = raw_send_message, .receive = datagram_receive,
	.shutdown = datagram_shutdown, .poll = datagram_poll, .ioctl = datagram_ioctl, .setsockopt = datagram_setsockopt,
	.getsockopt = datagram_getsockopt, .release = raw_release,
};
