/* TCP sockets: names and connections, see tcp.h. */
#include "io/net/tcp.h"

/* Whether somebody listens there already: then not even SO_REUSEADDR helps. net_lock held. */
static bool is_listened_at(const ip_addr_t *ip, u16 port)
{
	for (const struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs; l; l = l->next)
		if (l->local_port == port && (ip_addr_isany(ip) || ip_addr_isany(&l->local_ip) || ip_addr_cmp(ip, &l->local_ip)))
			return true;
	return false;
}

/* port 0: any; net_lock held. */
static int bind_port(struct tcp_sock *t, const ip_addr_t *ip, u16 port)
{
	if (!port)
		port = inet_free_port(IPPROTO_TCP, 0);
	if (!port || is_listened_at(ip, port))
		return -EADDRINUSE;
	return inet_errno(tcp_bind(t->pcb, ip, port));
}

int tcp_bind_socket(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	ip_addr_t ip;
	u16 port;
	int err = inet_bind_address(a, len, &ip, &port);

	if (err)
		return err;
	net_lock();
	err = t->state != TS_CLOSED || t->pcb->local_port ? -EINVAL : bind_port(t, &ip, port);
	if (!err) {
		t->local_ip = ip;
		t->local_port = t->bound_port = t->pcb->local_port;
	}
	net_unlock();
	return err;
}

/* A free local port for a connection; those that only wait for stray packets give way, there are none on lo. net_lock held. */
static int bind_for_connect(struct tcp_sock *t, u16 to_port)
{
	if (t->pcb->local_port)
		return 0;
	u16 port = inet_free_port(IPPROTO_TCP, to_port);
	if (!port) {
		tcp_trim_timewait(0);
		port = inet_free_port(IPPROTO_TCP, to_port);
	}
	return port ? inet_errno(tcp_bind(t->pcb, IP_ADDR_ANY, port)) : -EADDRNOTAVAIL;
}

/*
 * The other end may still be in TIME_WAIT of an older connection of the same two ports. Linux takes the new one, because it can tell that its
 * numbers are later (RFC 6191); lwIP would refuse it. net_lock held.
 */
static void end_older(const struct tcp_pcb *pcb, const ip_addr_t *ip, u16 port)
{
	for (struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
		if (p->local_port == port && p->remote_port == pcb->local_port && ip_addr_cmp(&p->local_ip, ip)) {
			tcp_abort(p);
			return;
		}
}

/* Why a socket cannot be connected; 0: it can. net_lock held. */
static int state_error(struct tcp_sock *t)
{
	if (t->state == TS_CLOSED)
		return 0;
	if (t->state == TS_CONNECTING)
		return -EALREADY;
	if (t->state != TS_DEAD || !t->connect_failed)
		return -EISCONN;
	int err = socket_take_error(t->socket);
	(void)tcp_start_again(t);
	return err ? err : -ECONNABORTED;
}

/* net_lock held. */
static int start_connect(struct tcp_sock *t, const struct sockaddr_any *a, u32 len)
{
	ip_addr_t ip;
	u16 port;
	int err = state_error(t);

	if (!err)
		err = inet_address(a, len, &ip, &port);
	if (err)
		return err;
	inet_real_destination(&ip);
	if (!ip4_route(&ip))
		return -ENETUNREACH;
	err = bind_for_connect(t, port);
	if (err)
		return err;
	end_older(t->pcb, &ip, port);
	t->state = TS_CONNECTING;
	t->progress_ms = sys_now();
	err = inet_errno(tcp_connect(t->pcb, &ip, port, tcp_on_connected));
	if (err)
		t->state = TS_CLOSED;
	return err == -EADDRINUSE ? -EADDRNOTAVAIL : err;
}

/* To no address: the connection, or the waiting for some, ends. net_lock held. */
static int disconnect(struct tcp_sock *t)
{
	if (t->state == TS_LISTENING)
		return tcp_stop_listening(t);
	bool was_connected = t->state == TS_CONNECTED;
	int err = tcp_start_again(t);
	if (was_connected)
		t->socket->error = ECONNRESET;
	tcp_wake(t, POLLIN | POLLOUT | POLLHUP);
	return err;
}

/* The end of a connect that waited: 0, or the error; after one, it can be called again. */
static int connect_result(struct tcp_sock *t)
{
	int err = socket_take_error(t->socket);

	net_lock();
	if (t->state == TS_DEAD && t->connect_failed) {
		err = err ? err : -ECONNABORTED;
		(void)tcp_start_again(t);
	}
	t->connect_untold = false;
	net_unlock();
	return err;
}

int tcp_connect_socket(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct tcp_sock *t = tcp_of(s);
	int err;

	if (len < sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_UNSPEC) {
		mutex_lock(&t->read_lock); /* somebody may be copying what is dropped */
		net_lock();
		err = disconnect(t);
		net_unlock();
		mutex_unlock(&t->read_lock);
		return err;
	}
	net_lock();
	if (t->state == TS_CONNECTED && t->connect_untold) { /* the first call after the answer came says so, later ones EISCONN */
		t->connect_untold = false;
		net_unlock();
		return 0;
	}
	err = start_connect(t, a, len);
	if (!err)
		t->connect_untold = true;
	net_unlock(); /* over lo the answer comes here */
	if (err && (err != -EALREADY || nonblock))
		return err;
	if (nonblock) /* even when the answer is there already: SO_ERROR tells */
		return -EINPROGRESS;
	err = (int)wait_event_interruptible_until(&t->wait, t->state != TS_CONNECTING, socket_deadline(s->sndtimeo_ns));
	if (err)
		return err == -ETIMEDOUT ? -EINPROGRESS : err;
	return connect_result(t);
}

/* The pcb becomes another, smaller one. net_lock held. */
static int start_listening(struct tcp_sock *t, u8_t backlog)
{
	err_t e = ERR_OK;

	if (!t->pcb->local_port) {
		int err = bind_port(t, IP_ADDR_ANY, 0);
		if (err)
			return err;
	}
	if (is_listened_at(&t->pcb->local_ip, t->pcb->local_port))
		return -EADDRINUSE;
	tcp_detach(t->pcb);
	struct tcp_pcb *l = tcp_listen_with_backlog_and_err(t->pcb, backlog, &e);
	if (!l) {
		tcp_attach(t);
		return inet_errno(e);
	}
	t->pcb = l;
	t->state = TS_LISTENING;
	tcp_arg(l, t);
	tcp_accept(l, tcp_on_accept);
	return 0;
}

/* One more may wait than it says, as on Linux. */
int tcp_listen_socket(struct socket *s, int backlog)
{
	struct tcp_sock *t = tcp_of(s);
	u8_t n = (u8_t)(min((u32)backlog, 254u) + 1);
	int err = -EINVAL;

	net_lock();
	if (t->state == TS_DEAD && t->connect_failed)
		(void)tcp_start_again(t);
	if (t->state == TS_CLOSED) {
		err = start_listening(t, n);
	} else if (t->state == TS_LISTENING) {
		tcp_backlog_set(t->pcb, n);
		err = 0;
	}
	net_unlock();
	return err;
}

/* The first that waits becomes fresh's. net_lock held. */
static struct tcp_sock *take_from_backlog(struct tcp_sock *l, struct socket *fresh)
{
	struct tcp_sock *t = list_first_entry(&l->backlog, struct tcp_sock, node);

	list_del_init(&t->node);
	l->nr_backlog--;
	t->listener = NULL;
	t->socket = fresh;
	socket_inherit_options(fresh, l->socket);
	fresh->sk = t;
	fresh->ops = l->socket->ops;
	fresh->error = t->error;
	if (t->pcb)
		tcp_backlog_accepted(t->pcb);
	else
		tcp_listen_pcb(l)->accepts_pending--;
	return t;
}

int tcp_accept_socket(struct socket *s, struct socket *fresh, bool nonblock)
{
	struct tcp_sock *l = tcp_of(s), *t = NULL;
	u64 deadline = socket_deadline(s->rcvtimeo_ns);

	for (;;) {
		net_lock();
		bool listening = l->state == TS_LISTENING;
		if (listening && !list_empty(&l->backlog))
			t = take_from_backlog(l, fresh);
		net_unlock();
		if (t)
			return 0;
		if (!listening)
			return -EINVAL;
		if (nonblock)
			return -EAGAIN;
		int err = (int)wait_event_interruptible_until(&l->wait, !list_empty(&l->backlog) || l->state != TS_LISTENING, deadline);
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

int tcp_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	struct tcp_sock *t = tcp_of(s);
	int len = -ENOTCONN;

	net_lock();
	if (!peer)
		len = (int)(t->pcb ? inet_put_address(a, &t->pcb->local_ip, t->pcb->local_port) : inet_put_address(a, &t->local_ip, t->local_port));
	else if (t->pcb && t->state == TS_CONNECTED && t->pcb->state != TIME_WAIT)
		len = (int)inet_put_address(a, &t->pcb->remote_ip, t->pcb->remote_port);
	net_unlock();
	return len;
}

int tcp_shutdown_socket(struct socket *s, int how)
{
	struct tcp_sock *t = tcp_of(s);
	int err = 0;

	net_lock();
	if (t->state == TS_LISTENING) {
		if (how != SHUT_WR)
			err = tcp_stop_listening(t);
	} else if (t->state == TS_CONNECTING) {
		err = disconnect(t);
	} else if (t->state != TS_CONNECTED) {
		err = -ENOTCONN;
	} else {
		t->shut_read |= how != SHUT_WR;
		if (how != SHUT_RD && !t->shut_write) {
			t->shut_write = true;
			err = inet_errno(tcp_shutdown(t->pcb, 0, 1));
		}
		tcp_wake(t, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	}
	net_unlock();
	return err;
}
