/*
 * What UDP and raw sockets share, see inet.h: names, sending, the queue of what arrived, receiving, readiness. What finds the buffer full is
 * dropped.
 */
#include "io/net/inet.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/termios.h"

static const struct socket_ops datagram_ops;

#define DATAGRAM_OVERHEAD 512u /* counted for each beside its data: a program cannot fill the memory with empty ones */

struct datagram_sock *datagram_new(struct socket *s, const struct datagram_kind *kind)
{
	struct datagram_sock *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	INIT_LIST_HEAD(&d->node);
	INIT_LIST_HEAD(&d->queue);
	wait_queue_init(&d->wait);
	d->kind = kind;
	d->socket = s;
	return d;
}

/* With what was not read; net_lock held, the pcb is gone. */
static void free_sock(struct datagram_sock *d)
{
	list_del_init(&d->node);
	while (!list_empty(&d->queue)) {
		struct inet_packet *q = list_first_entry(&d->queue, struct inet_packet, node);
		list_del(&q->node);
		inet_free_packet(q);
	}
	kfree(d);
}

int datagram_ready(struct datagram_sock *d)
{
	if (!d->ip) {
		free_sock(d);
		return -ENOBUFS;
	}
	list_add_tail(&d->node, d->kind->all);
	d->socket->sk = d;
	d->socket->ops = &datagram_ops;
	return 0;
}

static u32 memory_of(const struct inet_packet *q) { return q->pbuf->tot_len + DATAGRAM_OVERHEAD; }

void datagram_arrived(struct datagram_sock *d, struct pbuf *p, const ip_addr_t *from, u16 port)
{
	bool room = d->queued <= d->socket->rcvbuf && !inet_memory_full();
	struct inet_packet *q = room && !d->shut_read ? inet_new_packet(p) : NULL;

	if (!q) {
		d->drops++;
		pbuf_free(p);
		return;
	}
	q->from = *from;
	q->port = port;
	list_add_tail(&q->node, &d->queue);
	d->queued += memory_of(q);
	socket_wake(d->socket, &d->wait, POLLIN | POLLRDNORM);
}

void datagram_error(struct datagram_sock *d, int error)
{
	d->socket->error = error;
	socket_wake(d->socket, &d->wait, POLLERR | POLLIN | POLLOUT);
}

/* A buffer with the message's bytes for the stack; PTR_ERR. No lock. */
static struct pbuf *from_message(struct message *m, pbuf_layer layer)
{
	u32 len = iov_iter_count(m->iter);
	struct pbuf *p = pbuf_alloc(layer, (u16)len, PBUF_RAM);

	if (!p)
		return ERR_PTR(-ENOBUFS);
	if (copy_from_iter(p->payload, len, m->iter) == len)
		return p;
	pbuf_free(p);
	return ERR_PTR(-EFAULT);
}

static void datagram_release(struct socket *s)
{
	struct datagram_sock *d = datagram_of(s);

	net_lock();
	d->kind->remove(d);
	free_sock(d);
	net_unlock();
}

static int datagram_bind(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct datagram_sock *d = datagram_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_bind_address(a, len, &ip, &port);

	if (err && (err != -EACCES || d->kind->ports)) /* that error is about the port */
		return err;
	net_lock();
	err = d->kind->bind(d, &ip, port);
	net_unlock();
	return err;
}

/* net_lock held. */
static int connect_to(struct datagram_sock *d, const struct sockaddr_any *a, u32 len)
{
	ip_addr_t ip;
	u16 port;
	int err = d->kind->autobind(d); /* before anything else, like Linux: even a connect that fails leaves a port */

	if (!err)
		err = inet_address(a, len, &ip, &port);
	if (err)
		return err;
	inet_real_destination(&ip);
	if (!ip4_route(&ip))
		return -ENETUNREACH;
	err = d->kind->connect(d, &ip, port);
	d->connected |= !err;
	return err;
}

static int datagram_connect(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct datagram_sock *d = datagram_of(s);
	int err = 0;

	if (len < sizeof(a->family))
		return -EINVAL;
	net_lock();
	if (a->family == AF_UNSPEC) {
		d->kind->disconnect(d);
		d->connected = false;
	} else {
		err = connect_to(d, a, len);
	}
	net_unlock();
	return err;
}

static int datagram_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	const struct datagram_sock *d = datagram_of(s);
	u16 port = !d->kind->ports ? 0 : peer ? d->udp->remote_port : d->udp->local_port;

	if (peer && !d->connected)
		return -ENOTCONN;
	return (int)inet_put_address(a, peer ? &d->ip->remote_ip : &d->ip->local_ip, port);
}

/* May this message go, and where to? */
static int check_message(struct socket *s, const struct message *m, u32 flags, ip_addr_t *to, u16 *port)
{
	const struct datagram_sock *d = datagram_of(s);
	int err = 0;

	if (iov_iter_count(m->iter) > d->kind->max)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->namelen)
		err = inet_address(m->name, m->namelen, to, port);
	else if (!d->connected)
		err = -EDESTADDRREQ;
	if (!err && m->namelen && d->kind->ports && !*port)
		err = -EINVAL;
	if (err)
		return err;
	return d->shut_write ? -EPIPE : socket_take_error(s);
}

static ssize_t datagram_send(struct socket *s, struct message *m, u32 flags)
{
	struct datagram_sock *d = datagram_of(s);
	u32 len = iov_iter_count(m->iter);
	ip_addr_t to;
	u16 port;
	int err = check_message(s, m, flags, &to, &port);

	if (err)
		return err;
	struct pbuf *p = from_message(m, d->kind->layer);
	if (IS_ERR(p))
		return PTR_ERR(p);
	net_lock();
	err = d->kind->autobind(d);
	if (!err && m->namelen)
		inet_real_destination(&to);
	if (!err)
		err = d->kind->send(d, p, m->namelen ? &to : NULL, port);
	pbuf_free(p);
	net_unlock();
	if (err)
		return err;
	current->io.sent += len;
	return (ssize_t)len;
}

/* The first packet, off the queue: ours while it is copied. */
static struct inet_packet *take(struct datagram_sock *d)
{
	struct inet_packet *q = NULL;

	net_lock();
	if (!list_empty(&d->queue)) {
		q = list_first_entry(&d->queue, struct inet_packet, node);
		list_unlink(&q->node);
		d->queued -= memory_of(q);
	}
	net_unlock();
	return q;
}

static void give_back(struct datagram_sock *d, struct inet_packet *q)
{
	net_lock();
	list_add(&q->node, &d->queue);
	d->queued += memory_of(q);
	wake_up_key(&d->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM); /* who looked meanwhile found nothing */
	net_unlock();
}

/* 0: look again; 1: the end; -errno. */
static int wait_packet(struct socket *s, u32 flags, u64 deadline)
{
	struct datagram_sock *d = datagram_of(s);
	int err = socket_take_error(s);

	if (err)
		return err;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (d->shut_read)
		return 1;
	err = (int)wait_event_interruptible_until(&d->wait, !list_empty(&d->queue) || d->shut_read || s->error, deadline);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static ssize_t datagram_receive(struct socket *s, struct message *m, u32 flags)
{
	struct datagram_sock *d = datagram_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	struct inet_packet *q;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	for (;;) {
		q = s->error ? NULL : take(d);
		if (q)
			break;
		int end = wait_packet(s, flags, deadline);
		if (end)
			return end == 1 ? 0 : end;
	}
	u32 len = q->pbuf->tot_len, want = min(len, iov_iter_count(m->iter)), got = inet_copy_out(q, want, m->iter);
	if (want < len)
		m->flags |= MSG_TRUNC;
	if (m->name)
		m->namelen = inet_put_address(m->name, &q->from, q->port);
	if (flags & MSG_PEEK) {
		give_back(d, q);
	} else {
		net_lock();
		inet_free_packet(q);
		net_unlock();
	}
	return got < want ? -EFAULT : (ssize_t)(flags & MSG_TRUNC ? len : want);
}

/* One without a peer is told that it has none, but its waiters hear of it (inet_shutdown of Linux). */
static int datagram_shutdown(struct socket *s, int how)
{
	struct datagram_sock *d = datagram_of(s);

	net_lock();
	d->shut_read |= how != SHUT_WR;
	d->shut_write |= how != SHUT_RD;
	bool connected = d->connected;
	socket_wake(s, &d->wait, POLLIN | POLLOUT | POLLHUP);
	net_unlock();
	return connected ? 0 : -ENOTCONN;
}

static u32 datagram_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct datagram_sock *d = datagram_of(s);
	u32 events = POLLOUT | POLLWRNORM | POLLWRBAND;

	poll_wait(f, &d->wait, pt);
	if (s->error)
		events |= POLLERR;
	if (d->shut_read)
		events |= POLLIN | POLLRDNORM | POLLRDHUP | (d->shut_write ? POLLHUP : 0);
	if (!list_empty(&d->queue))
		events |= POLLIN | POLLRDNORM;
	return events;
}

static long datagram_ioctl(struct socket *s, u32 cmd, unsigned long arg)
{
	struct datagram_sock *d = datagram_of(s);
	u32 n = 0;

	if (cmd == FIONREAD) {
		net_lock();
		n = list_empty(&d->queue) ? 0 : list_first_entry(&d->queue, struct inet_packet, node)->pbuf->tot_len;
		net_unlock();
	} else if (cmd != TIOCOUTQ) { /* what was sent is not here any more */
		return inet_ioctl(cmd, arg);
	}
	return put_user_u32(n, (u32 __user *)arg);
}

static int datagram_setsockopt(struct socket *s, int level, int name, const void *value, u32 len)
{
	net_lock();
	int err = inet_set_option(datagram_of(s)->ip, level, name, value, len);
	net_unlock();
	return err;
}

static int datagram_getsockopt(struct socket *s, int level, int name, void *value, u32 len)
{
	net_lock();
	int err = inet_get_option(datagram_of(s)->ip, level, name, value, len);
	net_unlock();
	return err;
}

static const struct socket_ops datagram_ops = {
	.bind = datagram_bind, .connect = datagram_connect, .getname = datagram_getname, .send = datagram_send, .receive = datagram_receive,
	.shutdown = datagram_shutdown, .poll = datagram_poll, .ioctl = datagram_ioctl, .setsockopt = datagram_setsockopt,
	.getsockopt = datagram_getsockopt, .release = datagram_release,
};
