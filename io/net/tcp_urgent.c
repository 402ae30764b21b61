/*
 * Urgent data of TCP (RFC 9293, 3.8.5; tcp(7), "out-of-band"), beside lwIP, which knows nothing of it: while a mark is not acknowledged, what goes
 * out points at it, and what comes in with a pointer tells where the other end's mark is. The pointer is that of Linux and of BSD: to the byte
 * behind the urgent one. A read stops at the mark; the urgent byte itself is read with MSG_OOB, or in its place with SO_OOBINLINE. One byte is
 * kept: a later mark takes its place. All with net_lock held.
 */
#include "io/net/tcp.h"
#include "io/net/lwip/hooks.h"

/* The number of the next byte to be read. */
static u32 next_to_read(const struct tcp_sock *t) { return t->rx_seq - t->rx_bytes; }

/* ---- out ---- */

void tcp_mark_urgent(struct tcp_sock *t)
{
	t->tx_mark = t->pcb->snd_lbb;
	t->tx_marked = true;
}

u32_t *tcp_urgent_out(struct tcp_hdr *hdr, const struct tcp_pcb *pcb, u32_t *opts)
{
	struct tcp_sock *t = pcb ? pcb->callback_arg : NULL;
	u32 seq;

	if (likely(!t || t->pcb != pcb || !t->tx_marked))
		return opts;
	seq = lwip_ntohl(hdr->seqno);
	t->tx_marked = TCP_SEQ_LT(pcb->lastack, t->tx_mark);
	if (t->tx_marked && TCP_SEQ_LT(seq, t->tx_mark)) {
		TCPH_SET_FLAG(hdr, TCP_URG);
		hdr->urgp = lwip_htons((u16_t)min(t->tx_mark - seq, 0xffffu));
	} else {
		TCPH_UNSET_FLAG(hdr, TCP_URG);
		hdr->urgp = 0;
	}
	return opts;
}

/* ---- in ---- */

void tcp_urgent_in(struct tcp_pcb *pcb, const struct tcp_hdr *hdr)
{
	struct tcp_sock *t = pcb->callback_arg;
	u32 offset = lwip_ntohs(hdr->urgp), mark = hdr->seqno + (offset ? offset - 1 : 0);

	if (!t || t->pcb != pcb || TCP_SEQ_LT(mark, t->rx_seq) || (t->urgent && TCP_SEQ_LEQ(mark, t->mark)))
		return;
	if (t->urgent && t->socket && !t->socket->oobinline && t->mark == next_to_read(t) && t->rx_bytes) {
		t->hole = t->mark; /* the urgent byte that nobody has fetched is not to be taken for data */
		t->has_hole = true;
	}
	t->mark = mark;
	t->urgent = URGENT_COMING;
	if (t->socket && file_send_sigurg(t->socket->file))
		kill_fasync(&t->socket->fasync, SIGURG, POLL_PRI);
}

bool tcp_urgent_arrived(struct tcp_sock *t, struct pbuf *p)
{
	if (t->urgent != URGENT_COMING || !TCP_SEQ_LT(t->mark, t->rx_seq))
		return false;
	t->urgent_byte = pbuf_get_at(p, (u16_t)(t->mark - (t->rx_seq - p->tot_len)));
	t->urgent = URGENT_HERE;
	return true;
}

u32 tcp_urgent_limit(struct tcp_sock *t, u32 ahead, u32 want, bool some, bool *skip)
{
	u32 at = next_to_read(t) + ahead;

	*skip = t->has_hole && t->hole == at;
	if (*skip)
		return 1;
	if (!t->urgent || TCP_SEQ_LT(t->mark, at) || TCP_SEQ_GEQ(t->mark, at + want))
		return want;
	if (t->mark != at)
		return t->mark - at;
	if (some)
		return 0;
	*skip = !t->socket->oobinline;
	return *skip ? 1 : want;
}

void tcp_urgent_passed(struct tcp_sock *t)
{
	u32 at = next_to_read(t);

	if (t->urgent && TCP_SEQ_LT(t->mark, at))
		t->urgent = URGENT_NONE;
	if (t->has_hole && TCP_SEQ_LT(t->hole, at))
		t->has_hole = false;
}

bool tcp_has_data(const struct tcp_sock *t)
{
	u32 at = next_to_read(t), n = t->rx_bytes;

	if (n && t->has_hole && t->hole == at) {
		at++;
		n--;
	}
	if (n && t->urgent && !t->socket->oobinline && t->mark == at)
		n--;
	return n;
}

bool tcp_at_mark(const struct tcp_sock *t) { return t->urgent && t->mark == next_to_read(t); }

u32 tcp_readable(const struct tcp_sock *t)
{
	u32 at = next_to_read(t);

	if (!t->urgent || t->socket->oobinline || TCP_SEQ_LT(t->mark, at) || TCP_SEQ_GEQ(t->mark, t->rx_seq))
		return t->rx_bytes;
	return t->mark - at;
}

/* recv with MSG_OOB. */
ssize_t tcp_receive_urgent(struct socket *s, struct message *m, u32 flags)
{
	struct tcp_sock *t = tcp_of(s);
	ssize_t n = -EINVAL;
	bool here = false;
	u8 byte = 0;

	net_lock();
	if (t->state == TS_LISTENING) {
		n = -ENOTCONN;
	} else if (!s->oobinline && t->urgent && t->urgent != URGENT_READ) {
		here = t->urgent == URGENT_HERE;
		byte = t->urgent_byte;
		if (here && !(flags & MSG_PEEK))
			t->urgent = URGENT_READ;
		n = t->shut_read || t->state == TS_DEAD ? 0 : -EAGAIN;
	}
	net_unlock();
	if (!here)
		return n;
	m->flags |= MSG_OOB;
	if (!iov_iter_count(m->iter)) {
		m->flags |= MSG_TRUNC;
		return 0;
	}
	return (flags & MSG_TRUNC) || copy_to_iter(&byte, 1, m->iter) == 1 ? 1 : -EFAULT;
}
