/* UDP sockets over lwIP, see inet.h. A datagram that finds the receiver's buffer full is dropped. */
#include "io/net/inet.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/ioctl.h"

#define UDP_MAX 65507u

struct udp_sock {
	struct socket *socket;
	struct udp_pcb *pcb;
	struct list_head queue;      /* struct inet_packet; net_lock, like the rest */
	u32 queued;                  /* bytes */
	bool shut_read, shut_write;
	struct wait_queue_head wait;
};

static const struct socket_ops udp_ops;
static struct udp_sock *udp_of(struct socket *s) { return s->sk; }

/* From the stack, net_lock held. */
static void received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	struct udp_sock *u = arg;
	struct inet_packet *q = u->queued + p->tot_len > u->socket->rcvbuf || u->shut_read ? NULL : kmalloc(sizeof(*q), GFP_NOFS);

	if (!q) {
		pbuf_free(p);
		return;
	}
	*q = (struct inet_packet){ .pbuf = p, .from = *from, .port = port };
	list_add_tail(&q->node, &u->queue);
	u->queued += p->tot_len;
	socket_wake(u->socket, &u->wait, POLLIN | POLLRDNORM);
}

int udp_socket(struct socket *s)
{
	struct udp_sock *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return -ENOMEM;
	INIT_LIST_HEAD(&u->queue);
	wait_queue_init(&u->wait);
	u->socket = s;
	net_lock();
	u->pcb = udp_new();
	if (u->pcb)
		udp_recv(u->pcb, received, u);
	net_unlock();
	if (!u->pcb) {
		kfree(u);
		return -ENOBUFS;
	}
	s->sk = u;
	s->ops = &udp_ops;
	return 0;
}

static void udp_release(struct socket *s)
{
	struct udp_sock *u = udp_of(s);

	net_lock();
	udp_remove(u->pcb);
	while (!list_empty(&u->queue)) {
		struct inet_packet *q = list_first_entry(&u->queue, struct inet_packet, node);
		list_del(&q->node);
		inet_free_packet(q);
	}
	net_unlock();
	kfree(u);
}

static int udp_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct udp_sock *u = udp_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_address(a, len, &ip, &port);

	if (!err)
		err = inet_check_bind(&ip, port);
	if (err)
		return err;
	net_lock();
	if (s->reuseaddr)
		ip_set_option(u->pcb, SOF_REUSEADDR);
	err = u->pcb->local_port ? -EINVAL : inet_errno(udp_bind(u->pcb, &ip, port));
	net_unlock();
	return err;
}

static int udp_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct udp_sock *u = udp_of(s);
	ip_addr_t ip;
	u16 port;
	int err = 0;

	net_lock();
	if (len >= sizeof(a->family) && a->family == AF_UNSPEC) {
		udp_disconnect(u->pcb);
	} else {
		err = inet_address(a, len, &ip, &port);
		if (!err && ip_addr_isany(&ip))
			ip_addr_copy(ip, *netif_ip_addr4(&lo_netif));
		if (!err)
			err = inet_errno(udp_connect(u->pcb, &ip, port));
		if (!err)
			ip_addr_copy(u->pcb->local_ip, *netif_ip_addr4(&lo_netif));
	}
	net_unlock();
	return err;
}

static int udp_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	const struct udp_pcb *pcb = udp_of(s)->pcb;

	if (peer && !(pcb->flags & UDP_FLAGS_CONNECTED))
		return -ENOTCONN;
	return (int)(peer ? inet_put_address(a, &pcb->remote_ip, pcb->remote_port) : inet_put_address(a, &pcb->local_ip, pcb->local_port));
}

static ssize_t udp_send_message(struct socket *s, struct message *m, u32 flags)
{
	struct udp_sock *u = udp_of(s);
	u32 len = iov_iter_count(m->iter);
	ip_addr_t ip;
	u16 port;
	int err = 0;

	if (u->shut_write)
		return -EPIPE;
	if (len > UDP_MAX)
		return -EMSGSIZE;
	if (m->namelen)
		err = inet_address(m->name, m->namelen, &ip, &port);
	else if (!(u->pcb->flags & UDP_FLAGS_CONNECTED))
		err = -EDESTADDRREQ;
	if (!err && m->namelen && !port)
		err = -EINVAL;
	if (err)
		return err;
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16)len, PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	err = copy_from_iter(p->payload, len, m->iter) == len ? 0 : -EFAULT;
	net_lock();
	if (!err && m->namelen && ip_addr_isany(&ip))
		ip_addr_copy(ip, *netif_ip_addr4(&lo_netif));
	if (!err)
		err = inet_errno(m->namelen ? udp_sendto(u->pcb, p, &ip, port) : udp_send(u->pcb, p));
	pbuf_free(p);
	net_unlock();
	if (!err)
		current->io.sent += len;
	return err ? err : (ssize_t)len;
}

static ssize_t udp_receive(struct socket *s, struct message *m, u32 flags)
{
	struct udp_sock *u = udp_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	struct inet_packet *q = NULL;

	for (;;) {
		net_lock();
		if (!list_empty(&u->queue)) {
			q = list_first_entry(&u->queue, struct inet_packet, node);
			list_unlink(&q->node); /* ours while it is copied */
			u->queued -= q->pbuf->tot_len;
		}
		net_unlock();
		if (q)
			break;
		int err = socket_take_error(s);
		if (err || u->shut_read)
			return err;
		if (flags & MSG_DONTWAIT)
			return -EAGAIN;
		err = (int)wait_event_interruptible_until(&u->wait, !list_empty(&u->queue) || u->shut_read || s->error, deadline);
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
	u32 len = q->pbuf->tot_len, want = min(len, iov_iter_count(m->iter)), got = inet_copy_out(q, want, m->iter);
	if (want < len)
		m->flags |= MSG_TRUNC;
	if (m->name)
		m->namelen = inet_put_address(m->name, &q->from, q->port);
	net_lock();
	if (flags & MSG_PEEK) {
		list_add(&q->node, &u->queue);
		u->queued += len;
	} else {
		inet_free_packet(q);
	}
	net_unlock();
	return got < want ? -EFAULT : (ssize_t)(flags & MSG_TRUNC ? len : want);
}

static int udp_shutdown_socket(struct socket *s, int how)
{
	struct udp_sock *u = udp_of(s);

	if (!(u->pcb->flags & UDP_FLAGS_CONNECTED))
		return -ENOTCONN;
	u->shut_read |= how != SHUT_WR;
	u->shut_write |= how != SHUT_RD;
	socket_wake(s, &u->wait, POLLIN | POLLOUT | POLLHUP);
	return 0;
}

static u32 udp_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct udp_sock *u = udp_of(s);

	poll_wait(f, &u->wait, pt);
	return (list_empty(&u->queue) && !u->shut_read ? 0 : POLLIN | POLLRDNORM) | POLLOUT | POLLWRNORM | POLLWRBAND | (s->error ? POLLERR : 0);
}

static long udp_ioctl(struct socket *s, u32 cmd, unsigned long arg)
{
	struct udp_sock *u = udp_of(s);

	if (cmd != FIONREAD)
		return inet_ioctl(cmd, arg);
	net_lock();
	u32 n = list_empty(&u->queue) ? 0 : list_first_entry(&u->queue, struct inet_packet, node)->pbuf->tot_len;
	net_unlock();
	return put_user_u32(n, (u32 __user *)arg);
}

static const struct socket_ops udp_ops = {
	.bind = udp_bind_socket, .connect = udp_connect_socket, .getname = udp_getname, .send = udp_send_message, .receive = udp_receive,
	.shutdown = udp_shutdown_socket, .poll = udp_poll, .ioctl = udp_ioctl, .release = udp_release,
};
