/*
 * TCP sockets over lwIP's raw API, see inet.h. What is sent lies in pages that the socket holds (copied from the program, or the very pages of
 * splice and sendfile); the stack refers to them and the socket lets them go as the other end acknowledges. A closed socket lives on,
 * without its file, until its last byte has arrived.
 */
#include "io/net/inet.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/ioctl.h"
#include "lwip/priv/tcp_priv.h"

#define TCP_NODELAY_OPT 1
#define TCP_MAXSEG_OPT 2
#define TCP_CORK_OPT 3
#define TCP_KEEPIDLE_OPT 4
#define TCP_KEEPINTVL_OPT 5
#define TCP_KEEPCNT_OPT 6
#define IP_TOS_OPT 1
#define IP_TTL_OPT 2
#define SEND_BATCH 16u

enum tcp_sock_state { TS_CLOSED, TS_LISTENING, TS_CONNECTING, TS_CONNECTED, TS_DEAD /* the pcb is gone */ };

struct tx_piece { /* memory the stack refers to */
	struct list_head node;
	struct page *page;
	u32 len;
};

/* All by net_lock. */
struct tcp_sock {
	struct socket *socket;       /* NULL: not accepted yet, or closed */
	struct tcp_pcb *pcb;
	enum tcp_sock_state state;
	struct list_head rx;         /* struct inet_packet */
	u32 rx_bytes;
	bool eof, shut_read, shut_write, refused;
	struct list_head tx;         /* struct tx_piece */
	u32 tx_acked;                /* bytes of the first piece that have arrived */
	struct list_head backlog, node;
	u32 nr_backlog, max_backlog;
	struct tcp_sock *listener;   /* of one that waits in a backlog */
	int error;                   /* positive; before there is a socket to tell */
	struct mutex read_lock;
	struct wait_queue_head wait;
};

static const struct socket_ops tcp_ops;
static struct tcp_sock *tcp_of(struct socket *s) { return s->sk; }

static void wake(struct tcp_sock *t, u32 events)
{
	wake_up_key(&t->wait, TASK_NORMAL, 0, events);
	if (t->socket)
		kill_fasync(&t->socket->fasync, SIGIO, events & POLLIN ? POLL_IN : POLL_OUT);
}

/* ---- from the stack ---- */

static void drop_tx(struct tcp_sock *t, u32 len)
{
	while (!list_empty(&t->tx)) {
		struct tx_piece *p = list_first_entry(&t->tx, struct tx_piece, node);
		if (len < p->len - t->tx_acked) {
			t->tx_acked += len;
			return;
		}
		len -= p->len - t->tx_acked;
		t->tx_acked = 0;
		list_unlink(&p->node);
		put_page(p->page);
		kfree(p);
	}
}

static void drop_rx(struct tcp_sock *t)
{
	while (!list_empty(&t->rx)) {
		struct inet_packet *q = list_first_entry(&t->rx, struct inet_packet, node);
		list_unlink(&q->node);
		inet_free_packet(q);
	}
}

static void free_sock(struct tcp_sock *t)
{
	drop_rx(t);
	drop_tx(t, ~0u);
	kfree(t);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct tcp_sock *t = arg;

	if (!t)
		return ERR_OK;
	drop_tx(t, len);
	if (!t->socket && !t->listener && list_empty(&t->tx)) { /* closed, and now all has arrived */
		tcp_arg(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
		free_sock(t);
		return ERR_OK;
	}
	wake(t, POLLOUT | POLLWRNORM);
	return ERR_OK;
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct tcp_sock *t = arg;

	if (!t) {
		if (p) {
			tcp_recved(pcb, p->tot_len);
			pbuf_free(p);
		}
		return ERR_OK;
	}
	if (p) {
		struct inet_packet *q = kmalloc(sizeof(*q), GFP_NOFS);
		if (!q)
			return ERR_MEM; /* it comes again */
		*q = (struct inet_packet){ .pbuf = p };
		list_add_tail(&q->node, &t->rx);
		t->rx_bytes += p->tot_len;
	} else {
		t->eof = true;
	}
	wake(t, POLLIN | POLLRDNORM | (p ? 0 : POLLRDHUP));
	return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct tcp_sock *t = arg;

	t->state = TS_CONNECTED;
	wake(t, POLLOUT | POLLWRNORM);
	return ERR_OK;
}

/* The connection is over; lwIP has freed the pcb. */
static void on_error(void *arg, err_t err)
{
	struct tcp_sock *t = arg;

	if (!t)
		return;
	int code = t->state == TS_CONNECTING && err == ERR_RST ? ECONNREFUSED : err == ERR_ABRT ? ETIMEDOUT : -inet_errno(err);
	t->pcb = NULL;
	t->state = TS_DEAD;
	t->refused = code == ECONNREFUSED;
	drop_tx(t, ~0u);
	if (t->listener) {
		t->error = code; /* it can still be accepted, and then says so */
		return;
	}
	if (!t->socket) {
		free_sock(t);
		return;
	}
	t->socket->error = code;
	wake(t, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
}

static void set_callbacks(struct tcp_sock *t)
{
	tcp_arg(t->pcb, t);
	tcp_recv(t->pcb, on_received);
	tcp_sent(t->pcb, on_sent);
	tcp_err(t->pcb, on_error);
}

static struct tcp_sock *new_sock(struct socket *s)
{
	struct tcp_sock *t = kzalloc(sizeof(*t), GFP_NOFS);

	if (!t)
		return NULL;
	t->socket = s;
	INIT_LIST_HEAD(&t->rx);
	INIT_LIST_HEAD(&t->tx);
	INIT_LIST_HEAD(&t->backlog);
	INIT_LIST_HEAD(&t->node);
	mutex_init(&t->read_lock, "tcp read", RANK_FILEPOS);
	wait_queue_init(&t->wait);
	return t;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct tcp_sock *l = arg, *t;

	if (err != ERR_OK || !pcb || !l)
		return ERR_VAL;
	t = new_sock(NULL);
	if (!t) {
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	t->pcb = pcb;
	t->state = TS_CONNECTED;
	t->listener = l;
	set_callbacks(t);
	tcp_backlog_delayed(pcb);
	list_add_tail(&t->node, &l->backlog);
	l->nr_backlog++;
	wake(l, POLLIN | POLLRDNORM);
	return ERR_OK;
}

/* ---- making and closing ---- */

int tcp_socket(struct socket *s)
{
	struct tcp_sock *t = new_sock(s);

	if (!t)
		return -ENOMEM;
	net_lock();
	t->pcb = tcp_new();
	if (t->pcb)
		set_callbacks(t);
	net_unlock();
	if (!t->pcb) {
		kfree(t);
		return -ENOBUFS;
	}
	s->sk = t;
	s->ops = &tcp_ops;
	return 0;
}

/* The end of one with its pcb. net_lock held. */
static void close_sock(struct tcp_sock *t, bool abort)
{
	struct tcp_pcb *pcb = t->pcb;

	t->socket = NULL;
	t->listener = NULL;
	if (!pcb) {
		free_sock(t);
		return;
	}
	abort |= t->rx_bytes != 0; /* unread data: the other end is to know that it was lost */
	bool lingers = !abort && !list_empty(&t->tx) && pcb->state >= SYN_RCVD && pcb->state <= CLOSE_WAIT;
	tcp_recv(pcb, NULL);
	if (!lingers) {
		tcp_arg(pcb, NULL);
		tcp_err(pcb, NULL);
		tcp_sent(pcb, NULL);
	}
	if (abort)
		tcp_abort(pcb);
	else if (tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb); /* no memory for a FIN; when it lingers, on_error frees t */
	else if (lingers)
		return;
	if (!lingers)
		free_sock(t);
}

static void tcp_release(struct socket *s)
{
	struct tcp_sock *t = tcp_of(s);

	net_lock();
	if (t->state == TS_LISTENING) {
		while (!list_empty(&t->backlog)) {
			struct tcp_sock *e = list_first_entry(&t->backlog, struct tcp_sock, node);
			list_del_init(&e->node);
			close_sock(e, true);
		}
		tcp_arg(t->pcb, NULL);
		tcp_close(t->pcb);
		free_sock(t);
	} else {
		close_sock(t, s->linger.on && !s->linger.seconds);
	}
	net_unlock();
}

/* ---- names and connections ---- */

static int tcp_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_address(a, len, &ip, &port);

	if (!err)
		err = inet_check_bind(&ip, port);
	if (err)
		return err;
	net_lock();
	if (t->state != TS_CLOSED || t->pcb->local_port) {
		err = -EINVAL;
	} else {
		if (s->reuseaddr)
			ip_set_option(t->pcb, SOF_REUSEADDR);
		err = inet_errno(tcp_bind(t->pcb, &ip, port));
	}
	net_unlock();
	return err;
}

static int start_connect(struct tcp_sock *t, ip_addr_t *ip, u16 port)
{
	if (t->state == TS_CONNECTING)
		return -EALREADY;
	if (t->state == TS_CONNECTED)
		return -EISCONN;
	if (t->state == TS_DEAD)
		return t->socket->error ? socket_take_error(t->socket) : -ECONNABORTED;
	if (t->state != TS_CLOSED)
		return -EINVAL;
	if (ip_addr_isany(ip))
		ip_addr_copy(*ip, *netif_ip_addr4(&lo_netif));
	t->state = TS_CONNECTING;
	int err = inet_errno(tcp_connect(t->pcb, ip, port, on_connected));
	if (err)
		t->state = TS_CLOSED;
	return err;
}

static int tcp_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct tcp_sock *t = tcp_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_address(a, len, &ip, &port);

	if (err)
		return err;
	net_lock();
	err = start_connect(t, &ip, port);
	net_unlock(); /* over lo the answer comes here */
	if (err && (err != -EALREADY || nonblock))
		return err;
	if (nonblock) /* even when the answer is there already: SO_ERROR tells */
		return -EINPROGRESS;
	err = (int)wait_event_interruptible_until(&t->wait, t->state != TS_CONNECTING, socket_deadline(s->sndtimeo_ns));
	if (err)
		return err == -ETIMEDOUT ? -EINPROGRESS : err;
	return socket_take_error(s);
}

static int tcp_listen_socket(struct socket *s, int backlog)
{
	struct tcp_sock *t = tcp_of(s);
	int err = 0;

	net_lock();
	if (t->state == TS_CLOSED) {
		err_t e = ERR_OK;
		if (!t->pcb->local_port)
			e = tcp_bind(t->pcb, IP_ADDR_ANY, 0);
		struct tcp_pcb *l = e == ERR_OK ? tcp_listen_with_backlog_and_err(t->pcb, (u8_t)min(max(backlog, 1), 255), &e) : NULL;
		if (l) {
			t->pcb = l;
			t->state = TS_LISTENING;
			tcp_arg(l, t);
			tcp_accept(l, on_accept);
		} else {
			err = inet_errno(e);
		}
	} else if (t->state != TS_LISTENING) {
		err = -EINVAL;
	}
	net_unlock();
	return err;
}

static int tcp_accept_socket(struct socket *s, struct socket *fresh, bool nonblock)
{
	struct tcp_sock *l = tcp_of(s), *t = NULL;
	u64 deadline = socket_deadline(s->rcvtimeo_ns);

	if (l->state != TS_LISTENING)
		return -EINVAL;
	for (;;) {
		net_lock();
		if (!list_empty(&l->backlog)) {
			t = list_first_entry(&l->backlog, struct tcp_sock, node);
			list_del_init(&t->node);
			l->nr_backlog--;
			t->listener = NULL;
			t->socket = fresh;
			fresh->sk = t;
			fresh->ops = s->ops;
			fresh->error = t->error;
			if (t->pcb)
				tcp_backlog_accepted(t->pcb);
		}
		net_unlock();
		if (t)
			return 0;
		if (nonblock)
			return -EAGAIN;
		int err = (int)wait_event_interruptible_until(&l->wait, !list_empty(&l->backlog), deadline);
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

static int tcp_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	struct tcp_sock *t = tcp_of(s);
	int len = -ENOTCONN;

	net_lock();
	if (!peer)
		len = (int)(t->pcb ? inet_put_address(a, &t->pcb->local_ip, t->pcb->local_port) : inet_put_address(a, IP_ADDR_ANY, 0));
	else if (t->pcb && t->state == TS_CONNECTED)
		len = (int)inet_put_address(a, &t->pcb->remote_ip, t->pcb->remote_port);
	net_unlock();
	return len;
}

static int tcp_shutdown_socket(struct socket *s, int how)
{
	struct tcp_sock *t = tcp_of(s);
	int err = 0;

	net_lock();
	if (t->state != TS_CONNECTED) {
		err = -ENOTCONN;
	} else {
		t->shut_read |= how != SHUT_WR;
		if (how != SHUT_RD && !t->shut_write) {
			t->shut_write = true;
			err = inet_errno(tcp_shutdown(t->pcb, 0, 1));
		}
		wake(t, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	}
	net_unlock();
	return err;
}

/* ---- data ---- */

/* Room in the stack for more. net_lock held, or as a hint. */
static u32 room(const struct tcp_sock *t)
{
	return t->pcb && t->state == TS_CONNECTED && tcp_sndqueuelen(t->pcb) + SEND_BATCH < TCP_SND_QUEUELEN ? tcp_sndbuf(t->pcb) : 0;
}

static int send_state(const struct tcp_sock *t)
{
	return t->shut_write || (t->state != TS_CONNECTED && t->state != TS_CONNECTING) ? -EPIPE : 0;
}

/* The next pages of what is to be sent: copied, or the very pages of a vector of pages. How many; -errno. */
static int gather(struct iov_iter *from, struct bio_vec *v, u32 want)
{
	u32 n = 0;

	if (from->type == ITER_BVEC && lo_gathers) {
		u32 rest = from->count - want;
		from->count = want;
		int got = iov_iter_pin_pages(from, v, SEND_BATCH);
		from->count += rest;
		return got;
	}
	while (want && n < SEND_BATCH) {
		u32 len = min(want, PAGE_SIZE);
		struct page *page = alloc_page(GFP_USER);
		if (!page)
			return n ? (int)n : -ENOMEM;
		if (copy_from_iter(page_address(page), len, from) != len) {
			put_page(page);
			return n ? (int)n : -EFAULT;
		}
		v[n++] = (struct bio_vec){ page, len, 0 };
		want -= len;
	}
	return (int)n;
}

/* Give pages to the stack; what it does not take is given back to the iterator. Bytes taken. */
static u32 push(struct tcp_sock *t, struct bio_vec *v, u32 n, struct iov_iter *from, bool more)
{
	u32 done = 0, back = 0;

	net_lock();
	for (u32 i = 0; i < n; i++) {
		struct tx_piece *p = back ? NULL : kmalloc(sizeof(*p), GFP_NOFS);
		u8_t flags = i + 1 < n || more ? TCP_WRITE_FLAG_MORE : 0;
		if (!p || send_state(t) || tcp_write(t->pcb, (u8 *)page_address(v[i].page) + v[i].offset, (u16_t)v[i].len, flags) != ERR_OK) {
			kfree(p);
			put_page(v[i].page);
			back += v[i].len;
			continue;
		}
		*p = (struct tx_piece){ .page = v[i].page, .len = v[i].len };
		list_add_tail(&p->node, &t->tx);
		done += v[i].len;
	}
	current->io.sent += done; /* the device fetches it from here: lo by copying, a card by DMA */
	if (done && t->pcb)
		tcp_output(t->pcb);
	net_unlock();
	iov_iter_revert(from, back);
	return done;
}

static ssize_t tcp_send_message(struct socket *s, struct message *m, u32 flags)
{
	struct tcp_sock *t = tcp_of(s);
	u64 deadline = socket_deadline(s->sndtimeo_ns);
	ssize_t done = 0;
	int err = 0;

	while (!err && (iov_iter_count(m->iter) || !done)) {
		struct bio_vec v[SEND_BATCH];
		u32 want;
		err = send_state(t);
		if (err == -EPIPE && s->error && !done)
			err = socket_take_error(s);
		if (err || !iov_iter_count(m->iter))
			break;
		want = min(room(t), iov_iter_count(m->iter));
		int n = want ? gather(m->iter, v, min(want, SEND_BATCH * PAGE_SIZE)) : 0;
		if (n < 0) {
			err = n;
			break;
		}
		u32 sent = n ? push(t, v, (u32)n, m->iter, flags & MSG_MORE) : 0;
		done += (ssize_t)sent;
		if (sent)
			continue;
		if (flags & MSG_DONTWAIT) {
			err = -EAGAIN;
			break;
		}
		if (want) /* room, but no memory in the stack: its timers make progress */
			sleep_ms(10);
		if (want && signal_pending_current()) {
			err = -ERESTARTSYS;
			break;
		}
		err = (int)wait_event_interruptible_until(&t->wait, room(t) || send_state(t), deadline);
		if (err == -ETIMEDOUT)
			err = -EAGAIN;
	}
	return done ? done : err;
}

/* What has arrived, into the iterator. Bytes or -EFAULT. read_lock held: packets leave the queue only here. */
static ssize_t read_packets(struct tcp_sock *t, struct iov_iter *to, bool peek)
{
	struct inet_packet *q = NULL;
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		net_lock();
		struct list_head *next = peek && q ? q->node.next : t->rx.next;
		q = next == &t->rx ? NULL : list_entry(next, struct inet_packet, node);
		net_unlock();
		if (!q)
			break;
		u32 want = min(q->pbuf->tot_len - q->off, iov_iter_count(to)), got = inet_copy_out(q, want, to);
		done += (ssize_t)got;
		if (!peek) {
			net_lock();
			q->off += got;
			t->rx_bytes -= got;
			if (t->pcb && t->state == TS_CONNECTED)
				tcp_recved(t->pcb, (u16_t)got);
			if (q->off == q->pbuf->tot_len) {
				list_unlink(&q->node);
				inet_free_packet(q);
			}
			net_unlock();
		}
		if (got < want)
			return done ? done : -EFAULT;
	}
	return done;
}

static ssize_t tcp_receive(struct socket *s, struct message *m, u32 flags)
{
	struct tcp_sock *t = tcp_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	u32 len = iov_iter_count(m->iter), target = flags & MSG_WAITALL ? len : min(s->rcvlowat, len);
	ssize_t done = 0;

	for (;;) {
		mutex_lock(&t->read_lock);
		ssize_t n = read_packets(t, m->iter, flags & MSG_PEEK);
		mutex_unlock(&t->read_lock);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((u32)done >= target || ((flags & MSG_PEEK) && done))
			return done;
		if (s->error && !done)
			return socket_take_error(s);
		if (t->eof || t->shut_read || t->state == TS_DEAD)
			return done;
		if (t->state != TS_CONNECTED)
			return -ENOTCONN;
		if (flags & MSG_DONTWAIT)
			return done ? done : -EAGAIN;
		int err = (int)wait_event_interruptible_until(&t->wait, !list_empty(&t->rx) || t->eof || t->shut_read || t->state == TS_DEAD, deadline);
		if (err)
			return done ? done : err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

static u32 tcp_poll_socket(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct tcp_sock *t = tcp_of(s);
	u32 events = 0;

	poll_wait(f, &t->wait, pt);
	if (t->state == TS_LISTENING)
		return list_empty(&t->backlog) ? 0 : POLLIN | POLLRDNORM;
	bool dead = t->state == TS_DEAD, gone = t->eof || t->shut_read || dead;
	if (s->error)
		events |= POLLERR;
	if (t->state == TS_CLOSED || dead || (gone && t->shut_write))
		events |= POLLHUP;
	if (gone)
		events |= POLLRDHUP;
	if (gone || !list_empty(&t->rx))
		events |= POLLIN | POLLRDNORM;
	if (dead || t->state == TS_CLOSED || t->shut_write || room(t) >= TCP_SNDLOWAT)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* ---- options ---- */

static int set_tcp_option(struct tcp_pcb *pcb, int name, u32 v)
{
	switch (name) {
	case TCP_NODELAY_OPT:
		if (v)
			tcp_nagle_disable(pcb);
		else
			tcp_nagle_enable(pcb);
		return 0;
	case TCP_KEEPIDLE_OPT: pcb->keep_idle = v * 1000; return 0;
	case TCP_KEEPINTVL_OPT: pcb->keep_intvl = v * 1000; return 0;
	case TCP_KEEPCNT_OPT: pcb->keep_cnt = v; return 0;
	case TCP_CORK_OPT: case TCP_MAXSEG_OPT: return 0;
	default: return -ENOPROTOOPT;
	}
}

static int tcp_setsockopt(struct socket *s, int level, int name, const void *value, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	int err = -ENOPROTOOPT;

	if (len < sizeof(u32))
		return level == SOL_SOCKET ? -ENOPROTOOPT : -EINVAL;
	u32 v = *(const u32 *)value;
	net_lock();
	if (!t->pcb || t->state == TS_LISTENING) {
		err = level == SOL_SOCKET ? -ENOPROTOOPT : 0;
	} else if (level == IPPROTO_TCP) {
		err = set_tcp_option(t->pcb, name, v);
	} else if (level == IPPROTO_IP && (name == IP_TTL_OPT || name == IP_TOS_OPT)) {
		*(name == IP_TTL_OPT ? &t->pcb->ttl : &t->pcb->tos) = (u8_t)v;
		err = 0;
	} else if (level == SOL_SOCKET && name == SO_KEEPALIVE) {
		if (v)
			ip_set_option(t->pcb, SOF_KEEPALIVE);
		else
			ip_reset_option(t->pcb, SOF_KEEPALIVE);
	}
	net_unlock();
	return err;
}

static int get_tcp_option(const struct tcp_pcb *pcb, int name, u32 *v)
{
	switch (name) {
	case TCP_NODELAY_OPT: *v = tcp_nagle_disabled(pcb); break;
	case TCP_MAXSEG_OPT: *v = tcp_mss(pcb); break;
	case TCP_KEEPIDLE_OPT: *v = pcb->keep_idle / 1000; break;
	case TCP_KEEPINTVL_OPT: *v = pcb->keep_intvl / 1000; break;
	case TCP_KEEPCNT_OPT: *v = pcb->keep_cnt; break;
	case TCP_CORK_OPT: *v = 0; break;
	default: return -ENOPROTOOPT;
	}
	return sizeof(*v);
}

static int tcp_getsockopt(struct socket *s, int level, int name, void *value, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	int ret = -ENOPROTOOPT;

	net_lock();
	if (level == SOL_SOCKET && name == SO_ACCEPTCONN) {
		*(u32 *)value = t->state == TS_LISTENING;
		ret = sizeof(u32);
	} else if (level == IPPROTO_TCP && t->pcb && t->state != TS_LISTENING) {
		ret = get_tcp_option(t->pcb, name, value);
	} else if (level == IPPROTO_IP && t->pcb && name == IP_TTL_OPT) {
		*(u32 *)value = t->pcb->ttl;
		ret = sizeof(u32);
	}
	net_unlock();
	return ret;
}

static long tcp_ioctl(struct socket *s, u32 cmd, unsigned long arg)
{
	struct tcp_sock *t = tcp_of(s);

	if (cmd != FIONREAD)
		return inet_ioctl(cmd, arg);
	return t->state == TS_LISTENING ? -EINVAL : put_user_u32(t->rx_bytes, (u32 __user *)arg);
}

static const struct socket_ops tcp_ops = {
	.bind = tcp_bind_socket, .connect = tcp_connect_socket, .listen = tcp_listen_socket, .accept = tcp_accept_socket, .getname = tcp_getname,
	.send = tcp_send_message, .receive = tcp_receive, .shutdown = tcp_shutdown_socket, .poll = tcp_poll_socket,
	.setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt, .ioctl = tcp_ioctl, .release = tcp_release,
};
