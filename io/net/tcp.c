/*
 * TCP sockets over lwIP's raw API, see inet.h and tcp.h: their life, and what the stack tells them. What is sent lies in pages that the socket
 * holds (copied from the program, or the very pages of splice and sendfile); the stack refers to them and the socket lets them go as the other
 * end acknowledges. A closed socket lives on, without its file, until its last byte has arrived. A pcb may be freed by the stack at any time it
 * runs (a reset, a time-out, the end of TIME_WAIT): on_destroy is told in every case.
 */
#include "io/net/tcp.h"

#define LOCAL_RTO_MAX (2000 / TCP_SLOW_INTERVAL) /* ticks of the stack: 2 s */
#define CONNECT_PATIENCE_MS 127000u
#define DATA_PATIENCE_MS 924600u
#define DELAYED_ACK_MS 40u /* Linux's TCP_DELACK_MIN */

u32 tcp_nr_socks, tcp_nr_orphans;
static u8 ext_id;
static bool acks_delayed;
static u32 acks_due; /* sys_now() */
static const struct socket_ops tcp_ops;

void tcp_wake(struct tcp_sock *t, u32 events)
{
	wake_up_key(&t->wait, TASK_NORMAL, 0, events);
	if (t->socket)
		kill_fasync(&t->socket->fasync, SIGIO, events & POLLERR ? POLL_ERR : socket_sigio_reason(events));
}

static struct tcp_sock *new_sock(struct socket *s)
{
	struct tcp_sock *t = kzalloc(sizeof(*t), GFP_NOFS);

	if (!t)
		return NULL;
	t->socket = s;
	t->opt = tcp_default_options;
	INIT_LIST_HEAD(&t->rx);
	INIT_LIST_HEAD(&t->tx);
	INIT_LIST_HEAD(&t->backlog);
	INIT_LIST_HEAD(&t->node);
	mutex_init(&t->read_lock, "tcp read", RANK_FILEPOS);
	wait_queue_init(&t->wait);
	tcp_nr_socks++;
	return t;
}

static void free_sock(struct tcp_sock *t)
{
	tcp_drop_rx(t);
	tcp_drop_tx(t, ~0u);
	kfree(t);
	tcp_nr_socks--;
}

/* ---- from the stack ---- */

/* Closed, with data on its way. */
static bool is_orphan(const struct tcp_sock *t) { return !t->socket && !t->listener; }

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct tcp_sock *t = arg;

	if (!t)
		return ERR_OK;
	tcp_drop_tx(t, len);
	t->progress_ms = sys_now();
	if (is_orphan(t) && list_empty(&t->tx)) {
		tcp_detach(pcb);
		tcp_nr_orphans--;
		free_sock(t);
		return ERR_OK;
	}
	tcp_wake(t, POLLOUT | POLLWRNORM);
	return ERR_OK;
}

/*
 * Every second segment is acknowledged at once; the acknowledgement of another waits a while for something that it can go with. The sender of small
 * pieces waits for it too (Nagle), so at the beginning there is no such delay: Linux's quick acknowledgements.
 */
static void acknowledge(struct tcp_sock *t, struct tcp_pcb *pcb)
{
	if (!(pcb->flags & TF_ACK_DELAY))
		return;
	if (t->quick_acks) {
		t->quick_acks--;
		tcp_clear_flags(pcb, TF_ACK_DELAY);
		tcp_ack_now(pcb);
	} else if (!acks_delayed) {
		acks_delayed = true;
		acks_due = sys_now() + DELAYED_ACK_MS;
		inet_kick();
	}
}

u32 tcp_delayed_acks(void)
{
	if (!acks_delayed)
		return 0xffffffff;
	u32 now = sys_now();
	if ((s32)(acks_due - now) > 0)
		return acks_due - now;
	acks_delayed = false;
	tcp_fasttmr();
	return 0xffffffff;
}

/* What does not fit comes again: the stack keeps it, or drops it and the sender repeats it. */
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
		struct inet_packet *q = inet_memory_full() && !list_empty(&t->rx) ? NULL : inet_new_packet(p);
		if (!q)
			return ERR_MEM;
		list_add_tail(&q->node, &t->rx);
		t->rx_bytes += p->tot_len;
		t->rx_seq += p->tot_len;
		if (unlikely(t->urgent) && tcp_urgent_arrived(t, p))
			tcp_wake(t, POLLPRI);
		if (inet_memory_short()) /* the sender keeps it too, until it hears */
			tcp_ack_now(pcb);
		acknowledge(t, pcb);
	} else {
		t->eof = true;
	}
	tcp_wake(t, POLLIN | POLLRDNORM | (p ? 0 : POLLRDHUP));
	return ERR_OK;
}

/* For when the pcb is gone. */
static void remember_name(struct tcp_sock *t)
{
	t->local_ip = t->pcb->local_ip;
	t->local_port = t->pcb->local_port;
}

err_t tcp_on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct tcp_sock *t = arg;

	t->state = TS_CONNECTED;
	t->rx_seq = pcb->rcv_nxt;
	remember_name(t);
	tcp_apply_options(t);
	tcp_wake(t, POLLOUT | POLLWRNORM);
	return ERR_OK;
}

static void die(struct tcp_sock *t)
{
	if (t->listener && t->state != TS_DEAD) /* it still takes a place in the backlog; its pcb gives that one up */
		tcp_listen_pcb(t->listener)->accepts_pending++;
	t->pcb = NULL;
	t->connect_failed |= t->state == TS_CONNECTING;
	t->state = TS_DEAD;
	tcp_drop_tx(t, ~0u);
}

/* The connection is over by itself or by the other end: why. on_destroy comes before or after it. */
static void on_error(void *arg, err_t err)
{
	struct tcp_sock *t = arg;

	if (!t)
		return;
	int code = err == ERR_CLSD ? 0 : err == ERR_ABRT ? ETIMEDOUT : t->state == TS_CONNECTING && err == ERR_RST ? ECONNREFUSED : -inet_errno(err);
	die(t);
	if (t->listener) {
		t->error = code; /* it can still be accepted, and then says so */
		return;
	}
	if (code == ECONNRESET && t->eof && !t->shut_write)
		code = EPIPE; /* all that the other end had to say was heard: what cannot be sent any more counts (tcp_reset of Linux) */
	t->socket->error = code;
	tcp_wake(t, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
}

static void on_destroy(u8_t id, void *data)
{
	struct tcp_sock *t = data;

	if (!t)
		return;
	die(t);
	if (is_orphan(t)) {
		tcp_nr_orphans--;
		free_sock(t);
	} else {
		tcp_wake(t, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	}
}

/*
 * Twice a second. To this machine itself there is no congested network that repeating would harm: what was lost because memory was short is
 * repeated before long, and how long it is tried depends on time alone, with Linux's limits (tcp_retries2, tcp_syn_retries, TCP_USER_TIMEOUT).
 */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct tcp_sock *t = arg;
	bool connecting = pcb->state == SYN_SENT;

	if (!t)
		return ERR_OK;
	if (ip4_addr_isloopback(&pcb->remote_ip)) {
		pcb->rto = min(pcb->rto, (s16_t)LOCAL_RTO_MAX);
		pcb->nrtx = min(pcb->nrtx, (u8_t)(TCP_SYNMAXRTX - 1));
	}
	u32 patience = t->opt.user_timeout ? t->opt.user_timeout : connecting ? CONNECT_PATIENCE_MS : DATA_PATIENCE_MS;
	if ((!connecting && list_empty(&t->tx)) || sys_now() - t->progress_ms < patience)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static const struct tcp_ext_arg_callbacks callbacks = { .destroy = on_destroy };

void tcp_attach(struct tcp_sock *t)
{
	t->quick_acks = TCP_QUICK_ACKS;
	tcp_arg(t->pcb, t);
	tcp_recv(t->pcb, on_received);
	tcp_sent(t->pcb, on_sent);
	tcp_err(t->pcb, on_error);
	tcp_poll(t->pcb, on_poll, 1);
	tcp_ext_arg_set_callbacks(t->pcb, ext_id, &callbacks);
	tcp_ext_arg_set(t->pcb, ext_id, t);
}

void tcp_detach(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	tcp_ext_arg_set(pcb, ext_id, NULL);
}

err_t tcp_on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
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
	t->rx_seq = pcb->rcv_nxt;
	t->listener = l;
	t->opt = l->opt;
	remember_name(t);
	pcb->tos = l->pcb->tos;
	pcb->ttl = l->pcb->ttl;
	tcp_attach(t);
	tcp_apply_options(t);
	tcp_backlog_delayed(pcb);
	list_add_tail(&t->node, &l->backlog);
	l->nr_backlog++;
	tcp_wake(l, POLLIN | POLLRDNORM);
	return ERR_OK;
}

void tcp_start(void) { ext_id = tcp_ext_arg_alloc_id(); }

/* The newest stand first. */
void tcp_trim_timewait(u32 most)
{
	struct tcp_pcb *p = tcp_tw_pcbs, *next;

	for (u32 n = 0; p; n++, p = next) {
		next = p->next;
		if (n >= most)
			tcp_abort(p);
	}
}

/* ---- making and closing ---- */

int tcp_socket(struct socket *s)
{
	struct tcp_sock *t;

	net_lock();
	t = new_sock(s);
	if (t) {
		t->pcb = tcp_new();
		if (t->pcb)
			tcp_attach(t);
		else
			free_sock(t);
	}
	bool ok = t && t->pcb;
	net_unlock();
	if (!ok)
		return -ENOBUFS;
	s->protocol = IPPROTO_TCP;
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
	abort |= t->rx_bytes || (pcb && pcb->refused_data); /* unread data: the other end is to know that it was lost */
	if (pcb && !abort)
		tcp_open_window(t); /* with a window not quite open, the stack would think of unread data too */
	if (!pcb || abort || list_empty(&t->tx)) {
		if (pcb)
			tcp_detach(pcb);
		free_sock(t);
	} else { /* on_sent or on_destroy frees it */
		tcp_nr_orphans++;
		tcp_recv(pcb, NULL);
		tcp_err(pcb, NULL);
	}
	if (pcb && (abort || tcp_close(pcb) != ERR_OK))
		tcp_abort(pcb);
}

static void end_listening(struct tcp_sock *t)
{
	while (!list_empty(&t->backlog)) {
		struct tcp_sock *e = list_first_entry(&t->backlog, struct tcp_sock, node);
		list_del_init(&e->node);
		close_sock(e, true);
	}
	t->nr_backlog = 0;
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->callback_arg == t) /* half open: it has inherited that */
			tcp_arg(p, NULL);
	tcp_arg(t->pcb, NULL);
	tcp_close(t->pcb);
	t->pcb = NULL;
}

int tcp_start_again(struct tcp_sock *t)
{
	if (t->pcb) {
		struct tcp_pcb *pcb = t->pcb;
		tcp_detach(pcb);
		tcp_abort(pcb);
	}
	tcp_drop_rx(t);
	tcp_drop_tx(t, ~0u);
	t->eof = t->shut_read = t->shut_write = t->tx_marked = t->has_hole = false;
	t->urgent = URGENT_NONE;
	t->withheld = 0;
	t->connect_failed = true; /* and can be called again, if there is no memory now */
	t->state = TS_DEAD;
	t->pcb = tcp_new();
	if (!t->pcb)
		return -ENOBUFS;
	t->connect_failed = false;
	t->state = TS_CLOSED;
	tcp_attach(t);
	if (t->socket->reuseaddr)
		ip_set_option(t->pcb, SOF_REUSEADDR);
	if (t->socket->keepalive)
		ip_set_option(t->pcb, SOF_KEEPALIVE);
	tcp_apply_options(t);
	if (t->bound_port)
		(void)tcp_bind(t->pcb, &t->local_ip, t->bound_port); /* taken meanwhile: it gets another one */
	return 0;
}

int tcp_stop_listening(struct tcp_sock *t)
{
	end_listening(t);
	int err = tcp_start_again(t);
	tcp_wake(t, POLLIN | POLLHUP);
	return err;
}

/* SO_LINGER: close waits until all has arrived, but no longer than it says; the end of a process, or a worker that drops a message, does not wait. */
static void linger(struct tcp_sock *t, u32 seconds)
{
	net_lock();
	if (t->pcb && t->state == TS_CONNECTED && !t->shut_write)
		(void)tcp_shutdown(t->pcb, 0, 1);
	net_unlock();
	(void)wait_event_interruptible_until(&t->wait, list_empty(&t->tx), deadline_ms(min(seconds, 3600u) * 1000));
}

static void tcp_release(struct socket *s)
{
	struct tcp_sock *t = tcp_of(s);

	if (s->linger.on && s->linger.seconds > 0 && !(current->flags & (PF_EXITING | PF_KTHREAD)) && !t->rx_bytes && !list_empty(&t->tx))
		linger(t, (u32)s->linger.seconds);
	net_lock();
	if (t->state == TS_LISTENING) {
		end_listening(t);
		free_sock(t);
	} else {
		close_sock(t, s->linger.on && !s->linger.seconds);
	}
	net_unlock();
}

static const struct socket_ops tcp_ops = {
	.bind = tcp_bind_socket, .connect = tcp_connect_socket, .listen = tcp_listen_socket, .accept = tcp_accept_socket, .getname = tcp_getname,
	.send = tcp_send_message, .receive = tcp_receive, .shutdown = tcp_shutdown_socket, .poll = tcp_poll_socket,
	.setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt, .ioctl = tcp_ioctl, .release = tcp_release,
};
