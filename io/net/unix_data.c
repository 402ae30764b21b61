/*
 * AF_UNIX: the data. A message is copied once into memory of the kernel (or, when it comes as pages from splice and sendfile, only referred
 * to), hangs in the receiver's queue, and is copied out by the reader. Whoever sends more than its buffer allows waits until some of it is read.
 */
#include "io/net/unix.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

#define STREAM_CHUNK 32768u    /* a longer write becomes several messages */
#define INLINE_MAX 1536u       /* up to here the data stands in the message itself */
#define NOBODY 65534u          /* user and group of a sender that is not told */
#define OVERHEAD 256u          /* counted for each message beside its data */

struct unix_packet {
	struct list_head node;
	struct unix_sock *from;    /* with a reference */
	struct scm *scm;           /* descriptors; NULL: none */
	struct ucred_abi cred;
	u32 len, off;              /* bytes; read so far */
	u32 nr_vecs;               /* 0: inline */
	union {
		struct bio_vec vecs[0];
		u8 data[0];
	};
};

/* ---- messages ---- */

static void free_packet(struct unix_packet *p)
{
	for (u32 i = 0; i < p->nr_vecs; i++)
		put_page(p->vecs[i].page);
	if (p->scm) {
		unix_uncharge(p->scm);
		scm_free_later(p->scm);
	}
	kfree(p);
}

/* Pages of its own for the data. 0, -ENOMEM, -EFAULT. */
static int copy_in(struct unix_packet *p, struct iov_iter *from, u32 len)
{
	while (len) {
		u32 n = min(len, PAGE_SIZE);
		struct page *page = alloc_page(GFP_USER);
		if (!page)
			return -ENOMEM;
		p->vecs[p->nr_vecs++] = (struct bio_vec){ page, n, 0 };
		if (copy_from_iter(page_address(page), n, from) != n)
			return -EFAULT;
		len -= n;
	}
	return 0;
}

/* The sender's own pages, by reference. */
static int refer_to(struct unix_packet *p, struct iov_iter *from, u32 len)
{
	u32 rest = from->count - len, room = len / PAGE_SIZE + from->nr_segs + 1;

	from->count = len;
	int n = iov_iter_pin_pages(from, p->vecs, room);
	u32 left = from->count;
	from->count += rest;
	p->nr_vecs = n > 0 ? (u32)n : 0;
	return n < 0 ? n : left ? -EFAULT : 0;
}

static struct unix_packet *make_packet(struct unix_sock *u, struct iov_iter *from, u32 len)
{
	bool by_reference = from->type == ITER_BVEC && len > INLINE_MAX, in_line = len <= INLINE_MAX;
	u32 vecs = by_reference ? len / PAGE_SIZE + from->nr_segs + 1 : DIV_ROUND_UP(len, PAGE_SIZE);
	struct unix_packet *p = kmalloc(sizeof(*p) + (in_line ? len : vecs * sizeof(struct bio_vec)), GFP_KERNEL);
	int err = 0;

	if (!p)
		return ERR_PTR(-ENOMEM);
	*p = (struct unix_packet){ .len = len, .from = u };
	p->cred = (struct ucred_abi){ (u32)current->tgid, current->cred.uid, current->cred.gid };
	if (in_line)
		err = copy_from_iter(p->data, len, from) == len ? 0 : -EFAULT;
	else
		err = by_reference ? refer_to(p, from, len) : copy_in(p, from, len);
	if (err) {
		free_packet(p);
		return ERR_PTR(err);
	}
	return p;
}

/* Bytes [at, at + n) of the message; short on a fault. */
static u32 copy_out(const struct unix_packet *p, u32 at, u32 n, struct iov_iter *to)
{
	u32 done = 0;

	if (!p->nr_vecs)
		return copy_to_iter(p->data + at, n, to);
	for (u32 i = 0; i < p->nr_vecs && done < n; i++) {
		const struct bio_vec *v = &p->vecs[i];
		if (at >= v->len) {
			at -= v->len;
			continue;
		}
		u32 want = min(v->len - at, n - done), got = copy_page_to_iter(v->page, v->offset + at, want, to);
		done += got;
		if (got < want)
			break;
		at = 0;
	}
	return done;
}

static u32 memory_of(const struct unix_packet *p) { return p->len + OVERHEAD; }

/* Did one of the two ask for credentials, or may the receiver still do it? unix_lock held. */
static bool tells_cred(const struct unix_sock *from, const struct unix_sock *to)
{
	return !to->socket || to->socket->passcred || (from->socket && from->socket->passcred);
}

/* unix_lock held. */
static void enqueue(struct unix_sock *to, struct unix_packet *p)
{
	if (!tells_cred(p->from, to))
		p->cred = (struct ucred_abi){ 0, NOBODY, NOBODY };
	unix_get(p->from);
	p->from->wmem += memory_of(p);
	list_add_tail(&p->node, &to->queue);
	if (p->scm)
		unix_scm_queued(to, p->scm);
	to->nr_queued++;
	to->queued_bytes += p->len;
}

/* Off the queue, and the sender may go on; those that wait for room in this queue too. unix_lock held. */
static void dequeue(struct unix_sock *u, struct unix_packet *p)
{
	list_unlink(&p->node);
	if (p->scm)
		unix_scm_taken(p->scm);
	if (u->nr_queued-- == UNIX_MAX_DGRAM_QLEN + 1)
		unix_wake_senders(u);
	u->queued_bytes -= p->len - p->off;
	p->from->wmem -= memory_of(p);
}

/* A message that is off its queue: free it, tell its sender (and, for datagrams, whoever waits for the receiver). */
static void finish(struct unix_packet *p)
{
	struct unix_sock *from = p->from;

	free_packet(p);
	unix_wake(from, POLLOUT | POLLWRNORM | POLLWRBAND);
	unix_put(from);
}

void unix_drop_queue(struct unix_sock *u)
{
	for (;;) {
		spin_lock(&unix_lock);
		struct unix_packet *p = list_empty(&u->queue) ? NULL : list_first_entry(&u->queue, struct unix_packet, node);
		if (p)
			dequeue(u, p);
		spin_unlock(&unix_lock);
		if (!p)
			return;
		finish(p);
	}
}

void unix_take_queue(struct unix_sock *u, struct list_head *to)
{
	while (!list_empty(&u->queue)) {
		struct unix_packet *p = list_first_entry(&u->queue, struct unix_packet, node);
		dequeue(u, p);
		list_add_tail(&p->node, to);
	}
}

void unix_free_queue(struct list_head *packets)
{
	while (!list_empty(packets)) {
		struct unix_packet *p = list_first_entry(packets, struct unix_packet, node);
		list_unlink(&p->node);
		finish(p);
	}
}

/* ---- sending ---- */

static bool has_room(const struct unix_sock *u) { return *(volatile u32 *)&u->wmem < u->sndbuf; }

/* Wait until u may send more. 0, -EAGAIN, -ERESTARTSYS, -EPIPE. */
static int wait_room(struct socket *s, struct unix_sock *u, u32 flags)
{
	while (!has_room(u) && !u->shut_write) {
		if (flags & MSG_DONTWAIT)
			return -EAGAIN;
		long err = wait_event_interruptible_until(&u->wait, has_room(u) || u->shut_write, socket_deadline(s->sndtimeo_ns));
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : (int)err;
	}
	return u->shut_write ? -EPIPE : 0;
}

/* A message with what goes beside the data, counted; who the sender says it is, if it says so. ERR_PTR. */
static struct unix_packet *make_message(struct unix_sock *u, struct message *m, u32 len)
{
	struct scm *scm = m->scm;
	int err = scm && scm->nr ? unix_charge(scm) : 0;
	struct unix_packet *p = err ? ERR_PTR(err) : make_packet(u, m->iter, len);

	if (!IS_ERR(p)) {
		p->scm = scm;
		if (scm && scm->has_cred)
			p->cred = scm->cred;
	} else if (scm) {
		unix_uncharge(scm);
	}
	return p;
}

/* One that could not be sent; what goes beside the data is the caller's again. */
static void free_unsent(struct unix_packet *p)
{
	struct scm *scm = p->scm;

	p->scm = NULL;
	free_packet(p);
	if (scm)
		unix_uncharge(scm);
}

/* To the connected end. */
static int pass_on(struct unix_sock *u, struct unix_packet *p)
{
	struct unix_sock *peer = NULL;
	int err = 0;

	spin_lock(&unix_lock);
	if (!u->peer || u->shut_write || u->peer->dead || u->peer->shut_read) {
		err = -EPIPE;
	} else {
		peer = unix_get(u->peer);
		enqueue(peer, p);
	}
	spin_unlock(&unix_lock);
	if (peer) {
		unix_wake(peer, POLLIN | POLLRDNORM);
		unix_put(peer);
	}
	return err;
}

ssize_t unix_stream_send(struct socket *s, struct message *m, u32 flags)
{
	struct unix_sock *u = unix_of(s);
	ssize_t done = 0;
	int err = 0;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->namelen)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (u->state != UNIX_CONNECTED)
		return -ENOTCONN;
	if (u->shut_write)
		return -EPIPE;
	while (iov_iter_count(m->iter) && !err) {
		err = wait_room(s, u, flags);
		if (err)
			break;
		u32 n = min(iov_iter_count(m->iter), STREAM_CHUNK);
		struct unix_packet *p = make_message(u, m, n);
		if (IS_ERR(p)) {
			err = (int)PTR_ERR(p);
			break;
		}
		err = pass_on(u, p);
		if (err) {
			free_unsent(p);
			break;
		}
		m->scm = NULL; /* with the first piece */
		done += (ssize_t)n;
	}
	return done ? done : err;
}

/* Where a datagram goes, with a reference. */
static struct unix_sock *target(struct unix_sock *u, const struct message *m)
{
	struct unix_sock *to = NULL;

	if (m->namelen && u->type == SOCK_DGRAM)
		return unix_find(m->name, m->namelen, u->type);
	spin_lock(&unix_lock);
	if (u->peer)
		to = unix_get(u->peer);
	spin_unlock(&unix_lock);
	return to ? to : ERR_PTR(-ENOTCONN);
}

/* unix_lock held. */
static int may_take(const struct unix_sock *u, const struct unix_sock *to)
{
	if (u->shut_write)
		return -EPIPE;
	if (to->dead)
		return u->type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	if (to->shut_read)
		return -EPIPE;
	if (u->type == SOCK_DGRAM && to->peer && to->peer != u)
		return -EPERM;
	return u->type == SOCK_DGRAM && to->peer != u && to->nr_queued > UNIX_MAX_DGRAM_QLEN ? -EAGAIN : 0;
}

static int deliver(struct socket *s, struct unix_sock *to, struct unix_packet *p, u32 flags)
{
	struct unix_sock *u = unix_of(s);

	for (;;) {
		spin_lock(&unix_lock);
		int err = may_take(u, to);
		if (!err)
			enqueue(to, p);
		spin_unlock(&unix_lock);
		if (err != -EAGAIN || (flags & MSG_DONTWAIT))
			return err;
		err = (int)wait_event_interruptible_until(&to->wait, to->nr_queued <= UNIX_MAX_DGRAM_QLEN || to->dead || to->shut_read,
							  socket_deadline(s->sndtimeo_ns));
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

/* Where datagrams went is closed: told once, then there is no connection. */
static void forget_peer(struct unix_sock *u, struct unix_sock *to)
{
	spin_lock(&unix_lock);
	bool drop = u->peer == to;
	if (drop)
		u->peer = NULL;
	spin_unlock(&unix_lock);
	if (drop)
		unix_put(to);
}

/* Datagrams, and packets of a connection. */
ssize_t unix_packet_send(struct socket *s, struct message *m, u32 flags)
{
	struct unix_sock *u = unix_of(s), *to;
	u32 len = iov_iter_count(m->iter);
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (u->type == SOCK_SEQPACKET && u->state != UNIX_CONNECTED)
		return -ENOTCONN;
	to = target(u, m);
	if (IS_ERR(to))
		return PTR_ERR(to);
	err = len > u->sndbuf - 32 ? -EMSGSIZE : wait_room(s, u, flags);
	struct unix_packet *p = err ? ERR_PTR(err) : make_message(u, m, len);
	if (!IS_ERR(p)) {
		err = deliver(s, to, p, flags);
		if (err) {
			free_unsent(p);
		} else {
			m->scm = NULL;
			unix_wake(to, POLLIN | POLLRDNORM);
		}
	} else {
		err = (int)PTR_ERR(p);
	}
	if (err == -ECONNREFUSED && !m->namelen)
		forget_peer(u, to);
	unix_put(to);
	return err ? err : (ssize_t)len;
}

/* ---- receiving ---- */

/* What goes with a message: its descriptors, and who sent it where the receiver wants to know. */
static void take_scm(struct socket *s, struct message *m, struct unix_packet *p, bool peek)
{
	if (p->scm && (!m->scm || !m->scm->nr)) {
		kfree(m->scm); /* credentials alone, the same as of this message */
		m->scm = peek ? scm_copy(p->scm) : p->scm;
		if (!peek) {
			spin_lock(&unix_lock);
			unix_scm_taken(p->scm);
			spin_unlock(&unix_lock);
			unix_uncharge(p->scm);
			p->scm = NULL;
		}
	}
	if (s->passcred && !m->scm) {
		m->scm = kzalloc(sizeof(*m->scm), GFP_KERNEL);
	}
	if (m->scm && !m->scm->has_cred) {
		m->scm->cred = p->cred;
		m->scm->has_cred = true;
	}
}

/* Wait for something to read. 0: look again; 1: the end; -errno. */
static int wait_data(struct socket *s, u32 flags, u64 deadline)
{
	struct unix_sock *u = unix_of(s);
	int end = 0;

	spin_lock(&unix_lock);
	if (!u->nr_queued) {
		end = -u->reset;
		u->reset = 0;
		if (!end && u->shut_read)
			end = 1;
	}
	spin_unlock(&unix_lock);
	if (end || u->nr_queued)
		return end;
	if (u->type != SOCK_DGRAM && u->state != UNIX_CONNECTED)
		return u->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	long err = wait_event_interruptible_until(&u->wait, READ_ONCE(u->nr_queued) || u->shut_read || u->reset, deadline);
	return err == -ETIMEDOUT ? -EAGAIN : (int)err;
}

/* The message behind p (NULL: the first). */
static struct unix_packet *next_packet(struct unix_sock *u, const struct unix_packet *p)
{
	spin_lock(&unix_lock);
	const struct list_head *n = p ? p->node.next : u->queue.next;
	struct unix_packet *next = n == &u->queue ? NULL : list_entry(n, struct unix_packet, node);
	spin_unlock(&unix_lock);
	return next;
}

/* A read of a stream goes on until it has got descriptors, or until the sender is another one and the reader wants to know. */
static bool may_join(const struct socket *s, const struct scm *got, const struct unix_packet *p)
{
	if (!got)
		return true;
	const struct ucred_abi *c = p->scm && p->scm->has_cred ? &p->scm->cred : &p->cred;
	return !got->nr && (!s->passcred || !memcmp(c, &got->cred, sizeof(*c)));
}

/* What is there now, into the iterator. Bytes, or -EFAULT. read_lock held. */
static ssize_t read_stream(struct socket *s, struct message *m, bool peek)
{
	struct unix_sock *u = unix_of(s);
	struct unix_packet *p = NULL;
	ssize_t done = 0;

	while (iov_iter_count(m->iter)) {
		p = next_packet(u, peek ? p : NULL);
		if (!p || !may_join(s, m->scm, p))
			break;
		u32 want = min(p->len - p->off, iov_iter_count(m->iter)), got = copy_out(p, p->off, want, m->iter);
		if (!got && want)
			return done ? done : -EFAULT;
		done += (ssize_t)got;
		take_scm(s, m, p, peek);
		if (peek)
			continue;
		spin_lock(&unix_lock);
		u->queued_bytes -= got;
		p->off += got;
		bool over = p->off == p->len;
		if (over)
			dequeue(u, p);
		spin_unlock(&unix_lock);
		if (over)
			finish(p);
	}
	return done;
}

ssize_t unix_stream_receive(struct socket *s, struct message *m, u32 flags)
{
	struct unix_sock *u = unix_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	u32 len = iov_iter_count(m->iter), target_len = flags & MSG_WAITALL ? len : min(s->rcvlowat, len);
	ssize_t done = 0;

	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!len) { /* recv of nothing waits for something all the same */
		int end;
		do
			end = wait_data(s, flags, deadline);
		while (!end && !READ_ONCE(u->nr_queued));
		return end == 1 ? 0 : end;
	}
	for (;;) {
		mutex_lock(&u->read_lock);
		ssize_t n = read_stream(s, m, flags & MSG_PEEK);
		mutex_unlock(&u->read_lock);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((u32)done >= target_len || (flags & MSG_PEEK && done) || (m->scm && m->scm->nr))
			return done;
		if (done && !n && next_packet(u, NULL)) /* what comes next is of another sender */
			return done;
		int end = wait_data(s, flags, deadline);
		if (end)
			return done || end == 1 ? done : end;
	}
}

ssize_t unix_packet_receive(struct socket *s, struct message *m, u32 flags)
{
	struct unix_sock *u = unix_of(s);
	u64 deadline = socket_deadline(s->rcvtimeo_ns);
	struct unix_packet *p;
	ssize_t ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	for (;;) {
		mutex_lock(&u->read_lock);
		p = next_packet(u, NULL);
		if (p)
			break;
		mutex_unlock(&u->read_lock);
		int end = wait_data(s, flags, deadline);
		if (end)
			return end == 1 ? 0 : end;
	}
	u32 want = min(p->len, iov_iter_count(m->iter));
	if (want < p->len)
		m->flags |= MSG_TRUNC;
	ret = copy_out(p, 0, want, m->iter) == want ? (ssize_t)(flags & MSG_TRUNC ? p->len : want) : -EFAULT;
	if (m->name && p->from->name)
		unix_fill_name(p->from, m->name, &m->namelen);
	take_scm(s, m, p, flags & MSG_PEEK);
	if (!(flags & MSG_PEEK)) {
		spin_lock(&unix_lock);
		dequeue(u, p);
		spin_unlock(&unix_lock);
	}
	mutex_unlock(&u->read_lock);
	if (!(flags & MSG_PEEK)) {
		finish(p);
		wake_up_key(&u->wait, TASK_NORMAL, 0, POLLMSG); /* senders that wait for room in this queue; nobody polls for this */
	}
	return ret;
}

/* ---- readiness ---- */

u32 unix_bytes_to_read(struct unix_sock *u)
{
	spin_lock(&unix_lock);
	u32 n = u->queued_bytes;
	if (u->type == SOCK_DGRAM)
		n = list_empty(&u->queue) ? 0 : list_first_entry(&u->queue, struct unix_packet, node)->len;
	spin_unlock(&unix_lock);
	return n;
}

u32 unix_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct unix_sock *u = unix_of(s);
	u32 events = 0;

	poll_wait(f, &u->wait, pt);
	spin_lock(&unix_lock);
	if (u->reset)
		events |= POLLERR;
	if (u->shut_read && u->shut_write)
		events |= POLLHUP;
	if (u->shut_read)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (u->nr_queued || !list_empty(&u->backlog))
		events |= POLLIN | POLLRDNORM;
	if (u->type != SOCK_DGRAM && u->state == UNIX_CLOSED)
		events |= POLLHUP;
	bool full = u->type == SOCK_DGRAM && u->peer && u->peer->peer != u && u->peer->nr_queued > UNIX_MAX_DGRAM_QLEN;
	if (u->state != UNIX_LISTENING && u->wmem * 4 <= u->sndbuf && !full)
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	spin_unlock(&unix_lock);
	return events;
}
