/* What UDP and raw sockets share, see inet.h: the queue of what arrived, receiving, readiness. What finds the buffer full is dropped. */
#include "io/net/inet.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/termios.h"

#define DATAGRAM_OVERHEAD 512u /* counted for each beside its data: a program cannot fill the memory with empty ones */

struct datagram_sock *datagram_new(struct socket *s)
{
	struct datagram_sock *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	INIT_LIST_HEAD(&d->node);
	INIT_LIST_HEAD(&d->queue);
	wait_queue_init(&d->wait);
	d->socket = s;
	return d;
}

void datagram_free(struct datagram_sock *d)
{
	list_del_init(&d->node);
	while (!list_empty(&d->queue)) {
		struct inet_packet *q = list_first_entry(&d->queue, struct inet_packet, node);
		list_del(&q->node);
		inet_free_packet(q);
	}
	kfree(d);
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

struct pbuf *datagram_from_message(struct message *m, pbuf_layer layer)
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

ssize_t datagram_receive(struct socket *s, struct message *m, u32 flags)
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
int datagram_shutdown(struct socket *s, int how)
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

u32 datagram_poll(struct socket *s, struct file *f, struct poll_table *pt)
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

long datagram_ioctl(struct socket *s, u32 cmd, unsigned long arg)
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

int datagram_setsockopt(struct socket *s, int level, int name, const void *value, u32 len)
{
	net_lock();
	int err = inet_set_option(datagram_of(s)->ip, level, name, value, len);
	net_unlock();
	return err;
}

int datagram_getsockopt(struct socket *s, int level, int name, void *value, u32 len)
{
	net_lock();
	int err = inet_get_option(datagram_of(s)->ip, level, name, value, len);
	net_unlock();
	return err;
}
