/* TCP sockets: the data and readiness, see tcp.h. */
#include "io/net/tcp.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/termios.h"

#define SEND_BATCH 16u
#define SHORT_WINDOW (4 * TCP_MSS) /* bytes the other end may send when memory is short */
#define SIOCATMARK 0x8905u

/* ---- memory in the queues ---- */

void tcp_drop_tx(struct tcp_sock *t, u32 len)
{
	while (!list_empty(&t->tx)) {
		struct tx_piece *p = list_first_entry(&t->tx, struct tx_piece, node);
		if (len < p->len - t->tx_acked) {
			t->tx_acked += len;
			t->tx_bytes -= len;
			return;
		}
		t->tx_bytes -= p->len - t->tx_acked;
		len -= p->len - t->tx_acked;
		t->tx_acked = 0;
		list_unlink(&p->node);
		inet_charge(-(s32)PAGE_SIZE);
		put_page(p->page);
		kfree(p);
	}
}

void tcp_drop_rx(struct tcp_sock *t)
{
	while (!list_empty(&t->rx)) {
		struct inet_packet *q = list_first_entry(&t->rx, struct inet_packet, node);
		list_unlink(&q->node);
		inet_free_packet(q);
	}
	t->rx_bytes = 0;
}

/* ---- sending ---- */

/*
 * Bytes that may be sent now. When memory is short, who has something on its way waits for that to arrive, and the others get a page: all go on,
 * slowly. As a hint without net_lock.
 */
static u32 room(const struct tcp_sock *t)
{
	if (!t->pcb || t->state != TS_CONNECTED || tcp_sndqueuelen(t->pcb) + SEND_BATCH >= TCP_SND_QUEUELEN || t->tx_bytes >= t->socket->sndbuf)
		return 0;
	u32 n = min((u32)tcp_sndbuf(t->pcb), t->socket->sndbuf - t->tx_bytes);
	if (!inet_memory_short())
		return n;
	return t->tx_bytes ? 0 : min(n, PAGE_SIZE);
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

/* One page to the stack. False: it does not take it. net_lock held. */
static bool push_page(struct tcp_sock *t, const struct bio_vec *v, bool more)
{
	struct tx_piece *p = kmalloc(sizeof(*p), GFP_NOFS);

	if (!p || send_state(t) || tcp_write(t->pcb, (u8 *)page_address(v->page) + v->offset, (u16_t)v->len, more ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK) {
		kfree(p);
		return false;
	}
	*p = (struct tx_piece){ .page = v->page, .len = v->len };
	if (list_empty(&t->tx))
		t->progress_ms = sys_now();
	list_add_tail(&p->node, &t->tx);
	t->tx_bytes += v->len;
	inet_charge((s32)PAGE_SIZE);
	return true;
}

/* Whatever else is on its way (Nagle's rule is not for urgent data). */
static void tcp_output_now(struct tcp_pcb *pcb)
{
	bool nagle = !tcp_nagle_disabled(pcb);

	tcp_nagle_disable(pcb);
	tcp_output(pcb);
	if (nagle)
		tcp_nagle_enable(pcb);
}

/* Give pages to the stack; what it does not take is given back to the iterator. Bytes taken. */
static u32 push(struct tcp_sock *t, struct bio_vec *v, u32 n, struct iov_iter *from, bool hold, bool urgent)
{
	u32 done = 0, back = 0;

	net_lock();
	for (u32 i = 0; i < n; i++) {
		if (!back && push_page(t, &v[i], i + 1 < n || hold)) {
			done += v[i].len;
		} else {
			put_page(v[i].page);
			back += v[i].len;
		}
	}
	current->io.sent += done; /* the device fetches it from here: lo by copying, a card by DMA */
	if (urgent && done && !back && t->pcb && !iov_iter_count(from)) {
		tcp_mark_urgent(t);
		tcp_output_now(t->pcb);
	} else if (done && t->pcb && (!hold || t->tx_bytes >= tcp_mss(t->pcb))) /* a small beginning waits for more, half a second at most */
		tcp_output(t->pcb);
	net_unlock();
	iov_iter_revert(from, back);
	return done;
}

/* One round of sending: bytes, 0: no room or no memory in the stack; -errno. */
static ssize_t send_some(struct tcp_sock *t, struct message *m, bool hold, bool urgent)
{
	struct bio_vec v[SEND_BATCH];
	u32 want = min(min(room(t), iov_iter_count(m->iter)), SEND_BATCH * PAGE_SIZE);

	if (!want)
		return 0;
	int n = gather(m->iter, v, want);
	return n <= 0 ? n : (ssize_t)push(t, v, (u32)n, m->iter, hold, urgent);
}

/* Until there is room. 0, -EAGAIN, -ERESTARTSYS. */
static int wait_room(struct tcp_sock *t, u64 deadline)
{
	if (room(t)) /* but no memory in the stack: its timers make progress */
		sleep_ms(10);
	if (room(t) && signal_pending_current())
		return -ERESTARTSYS;
	int err = (int)wait_event_interruptible_until(&t->wait, room(t) || send_state(t), deadline);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

ssize_t tcp_send_message(struct socket *s, struct message *m, u32 flags)
{
	struct tcp_sock *t = tcp_of(s);
	u64 deadline = socket_deadline(s->sndtimeo_ns);
	ssize_t done = 0;
	int err = 0;

	for (;;) {
		err = s->error && !done ? socket_take_error(s) : send_state(t);
		if (err || (!iov_iter_count(m->iter) && t->state == TS_CONNECTED))
			break;
		ssize_t n = send_some(t, m, (flags & MSG_MORE) || t->opt.cork, flags & MSG_OOB);
		if (n > 0) {
			done += n;
			continue;
		}
		err = n ? (int)n : flags & MSG_DONTWAIT ? -EAGAIN : wait_room(t, deadline);
		if (err)
			break;
	}
	return done ? done : err;
}

/* ---- receiving ---- */

void tcp_open_window(struct tcp_sock *t)
{
	while (t->withheld) {
		u32 n = min(t->withheld, 0xffffu);
		t->withheld -= n;
		tcp_recved(t->pcb, (u16_t)n);
	}
}

/* q's data was read, n bytes more of it. When memory is short, the other end may not fill it at once again. net_lock held. */
static void consume(struct tcp_sock *t, struct inet_packet *q, u32 n)
{
	q->off += n;
	t->rx_bytes -= n;
	t->withheld += n;
	if (unlikely(t->urgent || t->has_hole))
		tcp_urgent_passed(t);
	if (t->pcb && t->state == TS_CONNECTED && (!inet_memory_short() || t->pcb->rcv_wnd < SHORT_WINDOW))
		tcp_open_window(t);
	if (q->off == q->pbuf->tot_len) {
		list_unlink(&q->node);
		inet_free_packet(q);
	}
	if (list_empty(&t->rx) && t->pcb && t->pcb->refused_data)
		tcp_process_refused_data(t->pcb);
}

/* Bytes of q from `from` on, into the iterator; how many. MSG_TRUNC: they are thrown away, tcp(7). read_lock held. */
static u32 take_out(struct inet_packet *q, u32 from, u32 want, struct iov_iter *to, u32 flags)
{
	u32 got = want;

	if (flags & MSG_TRUNC) {
		iov_iter_advance(to, want);
		return want;
	}
	q->off += from;
	got = inet_copy_out(q, want, to);
	q->off -= from;
	return got;
}

/*
 * What has arrived, into the iterator. Bytes or -EFAULT; some: the call has read before; *mark: it ends here, at the other end's mark.
 * read_lock held: packets leave the queue only here.
 */
static ssize_t read_packets(struct tcp_sock *t, struct iov_iter *to, u32 flags, bool some, bool *mark)
{
	bool peek = flags & MSG_PEEK;
	struct inet_packet *q = NULL;
	u32 seen = 0, ahead = 0; /* a peek has looked at so much of q, so much in all */
	ssize_t done = 0;

	while (iov_iter_count(to)) {
		bool skip = false;
		net_lock();
		struct list_head *next = !peek || !q ? t->rx.next : seen < q->pbuf->tot_len - q->off ? &q->node : q->node.next;
		if (q && next != &q->node)
			seen = 0;
		q = next == &t->rx ? NULL : list_entry(next, struct inet_packet, node);
		u32 want = q ? min(q->pbuf->tot_len - q->off - seen, iov_iter_count(to)) : 0;
		if (want && unlikely(t->urgent || t->has_hole)) {
			want = tcp_urgent_limit(t, ahead, want, some || done, &skip);
			*mark = !want;
		}
		if (skip && !peek)
			consume(t, q, 1);
		net_unlock();
		if (!want)
			break;
		u32 got = skip ? want : take_out(q, seen, want, to, flags);
		if (peek) {
			seen += got;
			ahead += got;
		}
		if (skip)
			continue;
		done += (ssize_t)got;
		if (!peek) {
			net_lock();
			consume(t, q, got);
			net_unlock();
		}
		if (got < want)
			return done ? done : -EFAULT;
	}
	return done;
}

/* Until there is something to read, or will never be. 0: look again; 1: the end; -errno. */
static int wait_data(struct socket *s, u32 flags, u64 deadline, bool some)
{
	struct tcp_sock *t = tcp_of(s);

	if (s->error && !some && !t->eof)
		return socket_take_error(s);
	if (t->eof || t->shut_read || t->state == TS_DEAD)
		return 1;
	if (t->state != TS_CONNECTED && t->state != TS_CONNECTING)
		return -ENOTCONN;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	int err = (int)wait_event_interruptible_until(
		&t->wait, tcp_has_data(t) || t->eof || t->shut_read || (t->state != TS_CONNECTED && t->state != TS_CONNECTING), deadline);
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

ssize_t tcp_receive(struct socket *s, struct message *m, u32 flags)
{
	struct tcp_sock *t = tcp_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	u32 len = iov_iter_count(m->iter), target = flags & MSG_WAITALL ? len : min(s->rcvlowat, len);
	ssize_t done = 0;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (flags & MSG_OOB)
		return tcp_receive_urgent(s, m, flags);
	for (;;) {
		bool mark = false;
		mutex_lock(&t->read_lock);
		ssize_t n = read_packets(t, m->iter, flags, done, &mark);
		mutex_unlock(&t->read_lock);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((len && (u32)done >= target) || (((flags & MSG_PEEK) || mark) && done))
			return done;
		if (!len && t->rx_bytes)
			return 0;
		int end = wait_data(s, flags, deadline, done);
		if (end)
			return done || end == 1 ? done : end;
	}
}

/* ---- readiness ---- */

static bool is_writable(const struct tcp_sock *t)
{
	u32 n = room(t);

	return n && (!t->tx_bytes || n >= min_t(u32, TCP_SNDLOWAT, t->socket->sndbuf / 3));
}

u32 tcp_poll_socket(struct socket *s, struct file *f, struct poll_table *pt)
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
	u32 passed = tcp_at_mark(t) && !s->oobinline; /* the urgent byte is not read */
	if (gone || (t->rx_bytes > passed && t->rx_bytes >= min(s->rcvlowat, (u32)TCP_WND / 2) + passed))
		events |= POLLIN | POLLRDNORM;
	if (t->urgent == URGENT_HERE)
		events |= POLLPRI;
	if (dead || t->state == TS_CLOSED || t->shut_write || is_writable(t))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

long tcp_ioctl(struct socket *s, u32 cmd, unsigned long arg)
{
	struct tcp_sock *t = tcp_of(s);

	switch (cmd) {
	case FIONREAD: return t->state == TS_LISTENING ? -EINVAL : put_user_u32(tcp_readable(t), (u32 __user *)arg);
	case TIOCOUTQ: return t->state == TS_LISTENING ? -EINVAL : put_user_u32(t->tx_bytes, (u32 __user *)arg);
	case SIOCATMARK: return t->state == TS_LISTENING ? -EINVAL : put_user_u32(tcp_at_mark(t), (u32 __user *)arg);
	default: return inet_ioctl(cmd, arg);
	}
}
