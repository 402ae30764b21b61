/* AF_UNIX sockets: names, connections, options (unix(7)); the data is moved in unix_data.c. */
#include "io/net/unix.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/signal.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/termios.h"
#include "mm/alloc.h"

DEFINE_SPINLOCK(unix_lock, RANK_FILES);
static LIST_HEAD(unix_names);
static const struct socket_ops stream_ops, packet_ops;

/* ---- life ---- */

static struct unix_sock *new_sock(struct socket *s, int type, u32 sndbuf)
{
	struct unix_sock *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return NULL;
	atomic_set(&u->refs, 1);
	u->socket = s;
	u->type = type;
	u->sndbuf = sndbuf;
	INIT_LIST_HEAD(&u->queue);
	INIT_LIST_HEAD(&u->rights);
	INIT_LIST_HEAD(&u->gc_node);
	INIT_LIST_HEAD(&u->backlog);
	INIT_LIST_HEAD(&u->node);
	INIT_LIST_HEAD(&u->bound);
	INIT_LIST_HEAD(&u->senders);
	spin_lock(&unix_lock);
	list_add_tail(&u->all, &unix_socks);
	spin_unlock(&unix_lock);
	INIT_LIST_HEAD(&u->sends_to);
	mutex_init(&u->read_lock, "unix read", RANK_FILEPOS);
	wait_queue_init(&u->wait);
	return u;
}

void unix_put(struct unix_sock *u)
{
	if (!atomic_dec_and_test(&u->refs))
		return;
	spin_lock(&unix_lock);
	list_del_init(&u->all); /* one that never was connected is still there */
	spin_unlock(&unix_lock);
	kfree(u->name);
	kfree(u);
}

void unix_wake(struct unix_sock *u, u32 events)
{
	wake_up_key(&u->wait, TASK_NORMAL, 0, events);
	spin_lock(&unix_lock);
	if (u->socket)
		kill_fasync(&u->socket->fasync, SIGIO, socket_sigio_reason(events));
	spin_unlock(&unix_lock);
}

void unix_wake_senders(struct unix_sock *u)
{
	struct unix_sock *from;

	list_for_each_entry(from, &u->senders, sends_to) {
		wake_up_key(&from->wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM | POLLWRBAND);
		if (from->socket)
			kill_fasync(&from->socket->fasync, SIGIO, POLL_OUT);
	}
}

static struct ucred_abi cred_now(void)
{
	return (struct ucred_abi){ (u32)current->tgid, current->cred.euid, current->cred.egid };
}

static int unix_create(struct socket *s)
{
	if (s->protocol && s->protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (s->type == SOCK_RAW)
		s->type = SOCK_DGRAM;
	if (s->type != SOCK_STREAM && s->type != SOCK_DGRAM && s->type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	s->sk = new_sock(s, s->type, s->sndbuf);
	s->ops = s->type == SOCK_STREAM ? &stream_ops : &packet_ops;
	return s->sk ? 0 : -ENOMEM;
}

/* One end goes away. unread: it had data that it did not read. */
static void part_from_peer(struct unix_sock *u, bool unread)
{
	spin_lock(&unix_lock);
	struct unix_sock *peer = u->peer;
	u->peer = NULL;
	list_del_init(&u->sends_to);
	bool linked = peer && peer->peer == u && u->type != SOCK_DGRAM;
	if (linked) {
		peer->shut_read = peer->shut_write = true;
		if (unread)
			peer->reset = ECONNRESET;
	}
	spin_unlock(&unix_lock);
	if (linked)
		unix_wake(peer, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLERR);
	if (peer)
		unix_put(peer);
}

static void close_sock(struct unix_sock *u)
{
	LIST_HEAD(embryos);

	spin_lock(&unix_lock);
	u->dead = true;
	u->socket = NULL;
	bool unread = u->nr_queued && u->type != SOCK_DGRAM;
	u->state = UNIX_CLOSED;
	list_splice_init(&u->backlog, &embryos);
	list_del_init(&u->bound);
	list_del_init(&u->all);
	unix_wake_senders(u);
	while (!list_empty(&u->senders))
		list_del_init(u->senders.next);
	struct path path = u->path;
	u->path = (struct path){ NULL, NULL };
	spin_unlock(&unix_lock);
	if (path.dentry)
		path_put(&path);
	while (!list_empty(&embryos)) {
		struct unix_sock *e = list_first_entry(&embryos, struct unix_sock, node);
		list_del_init(&e->node);
		part_from_peer(e, true);
		close_sock(e);
	}
	part_from_peer(u, unread);
	unix_drop_queue(u);
	unix_wake(u, POLLIN | POLLOUT | POLLHUP);
	unix_put(u);
}

static void unix_release(struct socket *s)
{
	close_sock(unix_of(s));
	unix_gc_later();
}

/* ---- names ---- */

void unix_fill_name(const struct unix_sock *u, struct sockaddr_any *a, u32 *len)
{
	*a = (struct sockaddr_any){ .family = AF_UNIX };
	*len = sizeof(a->family);
	if (u->name) {
		memcpy(a, u->name, u->namelen);
		*len = u->namelen;
	}
}

/* 0: an abstract name or none at all; 1: a path, terminated afterwards. -EINVAL. */
static int check_address(struct sockaddr_any *a, u32 len)
{
	if (len <= sizeof(a->family) || len > sizeof(a->family) + UNIX_PATH_MAX || a->family != AF_UNIX)
		return -EINVAL;
	if (!a->data[0])
		return 0;
	a->data[len - sizeof(a->family)] = 0;
	return 1;
}

/* Each type has names of its own. unix_lock held. */
static struct unix_sock *find_abstract(const struct sockaddr_any *a, u32 len, int type)
{
	struct unix_sock *u;

	list_for_each_entry(u, &unix_names, bound)
		if (!u->path.dentry && u->type == type && u->namelen == len && !memcmp(u->name, a, len))
			return u;
	return NULL;
}

static struct unix_sock *find_inode(const struct inode *inode)
{
	struct unix_sock *u;

	list_for_each_entry(u, &unix_names, bound)
		if (u->path.dentry && u->path.dentry->inode == inode)
			return u;
	return NULL;
}

struct unix_sock *unix_find(const struct sockaddr_any *address, u32 len, int type)
{
	struct sockaddr_any a = *address;
	struct unix_sock *u;
	struct path path;
	int kind = check_address(&a, len), err;

	if (kind < 0)
		return ERR_PTR(kind);
	if (kind) {
		err = path_lookup_at(AT_FDCWD, (const char *)a.data, LOOKUP_FOLLOW, &path);
		if (!err) {
			err = inode_permission(path.dentry->inode, MAY_WRITE);
			if (!err && !S_ISSOCK(path.dentry->inode->mode))
				err = -ECONNREFUSED;
			if (err)
				path_put(&path);
		}
		if (err)
			return ERR_PTR(err);
	}
	spin_lock(&unix_lock);
	u = kind ? find_inode(path.dentry->inode) : find_abstract(&a, len, type);
	err = !u ? -ECONNREFUSED : u->type != type ? -EPROTOTYPE : 0;
	if (!err)
		unix_get(u);
	spin_unlock(&unix_lock);
	if (kind)
		path_put(&path);
	return err ? ERR_PTR(err) : u;
}

/* path: with references, which the socket takes over; NULL: an abstract name. */
static int add_name(struct unix_sock *u, struct sockaddr_any *name, u32 len, const struct path *path)
{
	spin_lock(&unix_lock);
	int err = u->name ? -EINVAL : !path && find_abstract(name, len, u->type) ? -EADDRINUSE : 0;
	if (!err) {
		u->name = name;
		u->namelen = len;
		u->path = path ? *path : (struct path){ NULL, NULL };
		list_add(&u->bound, &unix_names);
	}
	spin_unlock(&unix_lock);
	return err;
}

/* A free abstract name of five hex digits. */
static int autobind(struct unix_sock *u)
{
	static u32 next;
	struct sockaddr_any *name = kzalloc(sizeof(*name), GFP_KERNEL);
	int err = -EADDRINUSE;

	if (!name)
		return -ENOMEM;
	name->family = AF_UNIX;
	for (u32 tries = 0; tries < 0x1000 && err == -EADDRINUSE; tries++) {
		kscnprintf((char *)name->data + 1, 6, "%05x", next++ & 0xfffff);
		err = add_name(u, name, sizeof(name->family) + 6, NULL);
	}
	if (err)
		kfree(name);
	return err == -EINVAL ? 0 : err; /* somebody else has named it meanwhile */
}

static int bind_path(struct unix_sock *u, struct sockaddr_any *name, u32 len)
{
	struct path path;
	const char *text = (const char *)name->data;
	int err = do_mknod_at(AT_FDCWD, text, S_IFSOCK | 0777, 0);

	if (!err)
		err = path_lookup_at(AT_FDCWD, text, 0, &path);
	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	err = add_name(u, name, (u32)(sizeof(name->family) + strlen(text) + 1), &path);
	if (err)
		path_put(&path);
	return err;
}

static int unix_bind(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct unix_sock *u = unix_of(s);

	if (len == sizeof(a->family) && a->family == AF_UNIX)
		return u->name ? 0 : autobind(u);
	struct sockaddr_any *name = kmalloc(sizeof(*name), GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	*name = *a;
	int err = check_address(name, len);
	if (err >= 0 && u->name)
		err = -EINVAL;
	if (err >= 0)
		err = err ? bind_path(u, name, len) : add_name(u, name, len, NULL);
	if (err)
		kfree(name);
	return err;
}

static int unix_getname(struct socket *s, struct sockaddr_any *a, bool peer)
{
	struct unix_sock *u = unix_of(s);
	u32 len = 0;
	int err = 0;

	spin_lock(&unix_lock);
	if (peer)
		u = u->peer;
	if (u)
		unix_fill_name(u, a, &len);
	else
		err = -ENOTCONN;
	spin_unlock(&unix_lock);
	return err ? err : (int)len;
}

/* ---- connections ---- */

/* unix_lock held. */
static void link_both(struct unix_sock *a, struct unix_sock *b)
{
	a->peer = unix_get(b);
	b->peer = unix_get(a);
	a->state = b->state = UNIX_CONNECTED;
}

static int unix_pair(struct socket *s, struct socket *t)
{
	struct unix_sock *a = unix_of(s), *b = unix_of(t);

	spin_lock(&unix_lock);
	a->cred = b->cred = a->peer_cred = b->peer_cred = cred_now();
	link_both(a, b);
	spin_unlock(&unix_lock);
	return 0;
}

static bool backlog_full(const struct unix_sock *l) { return l->nr_backlog > l->max_backlog; }

/* Queue a new end at the listener and link it with u. -EAGAIN: no room. unix_lock held. */
static int join(struct unix_sock *u, struct unix_sock *l, struct unix_sock *end)
{
	if (u->state == UNIX_CONNECTED)
		return -EISCONN;
	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (l->dead || l->state != UNIX_LISTENING || l->shut_read)
		return -ECONNREFUSED;
	if (backlog_full(l))
		return -EAGAIN;
	u->cred = end->peer_cred = cred_now();
	u->peer_cred = end->cred = l->cred;
	link_both(u, end);
	if (l->name) { /* the accepted end has the listener's name */
		*end->name = *l->name;
		end->namelen = l->namelen;
	}
	list_add_tail(&end->node, &l->backlog);
	l->nr_backlog++;
	return 0;
}

static int connect_stream(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	struct unix_sock *u = unix_of(s), *l, *end;
	u64 deadline = nonblock ? 0 : socket_deadline(s->sndtimeo_ns);
	int err;

	if (u->state == UNIX_CONNECTED)
		return -EISCONN;
	l = unix_find(a, len, u->type);
	if (IS_ERR(l))
		return (int)PTR_ERR(l);
	end = new_sock(NULL, u->type, u->sndbuf);
	if (end)
		end->name = kzalloc(sizeof(*end->name), GFP_KERNEL);
	err = end && end->name ? 0 : -ENOMEM;
	while (!err) {
		spin_lock(&unix_lock);
		err = join(u, l, end);
		spin_unlock(&unix_lock);
		if (err != -EAGAIN || !deadline)
			break;
		err = (int)wait_event_interruptible_until(&l->wait, !backlog_full(l) || l->dead || l->state != UNIX_LISTENING, deadline);
		if (err == -ETIMEDOUT)
			err = -EAGAIN;
	}
	if (!err)
		unix_wake(l, POLLIN | POLLRDNORM);
	else if (end)
		unix_put(end);
	unix_put(l);
	return err;
}

static int connect_packet(struct socket *s, const struct sockaddr_any *a, u32 len)
{
	struct unix_sock *u = unix_of(s), *to = NULL, *old;

	if (a->family != AF_UNSPEC) {
		to = unix_find(a, len, u->type);
		if (IS_ERR(to))
			return (int)PTR_ERR(to);
	}
	spin_lock(&unix_lock);
	if (to && to->peer && to->peer != u) {
		spin_unlock(&unix_lock);
		unix_put(to);
		return -EPERM;
	}
	old = u->peer;
	u->peer = to;
	list_del_init(&u->sends_to);
	if (to && !to->dead)
		list_add_tail(&u->sends_to, &to->senders);
	u->state = to ? UNIX_CONNECTED : UNIX_CLOSED;
	spin_unlock(&unix_lock);
	if (old)
		unix_put(old);
	return 0;
}

static int unix_connect(struct socket *s, const struct sockaddr_any *a, u32 len, bool nonblock)
{
	if (len < sizeof(a->family))
		return -EINVAL;
	return s->type == SOCK_DGRAM ? connect_packet(s, a, len) : connect_stream(s, a, len, nonblock);
}

static int unix_listen(struct socket *s, int backlog)
{
	struct unix_sock *u = unix_of(s);
	int err = 0;

	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	spin_lock(&unix_lock);
	if (!u->name || u->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		u->state = UNIX_LISTENING;
		u->max_backlog = (u32)backlog;
		u->cred = cred_now();
	}
	spin_unlock(&unix_lock);
	if (!err)
		unix_wake(u, POLLOUT);
	return err;
}

static int unix_accept(struct socket *s, struct socket *fresh, bool nonblock)
{
	struct unix_sock *u = unix_of(s), *end = NULL;
	u64 deadline = socket_deadline(s->rcvtimeo_ns);

	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	for (;;) {
		spin_lock(&unix_lock);
		int err = u->state != UNIX_LISTENING || u->shut_read ? -EINVAL : 0;
		if (!err && !list_empty(&u->backlog)) {
			end = list_first_entry(&u->backlog, struct unix_sock, node);
			list_del_init(&end->node);
			u->nr_backlog--;
			end->socket = fresh;
		}
		spin_unlock(&unix_lock);
		if (err || end) {
			if (end)
				break;
			return err;
		}
		if (nonblock)
			return -EAGAIN;
		err = (int)wait_event_interruptible_until(&u->wait, !list_empty(&u->backlog) || u->state != UNIX_LISTENING || u->shut_read, deadline);
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
	fresh->sk = end;
	fresh->ops = s->ops;
	unix_wake(u, POLLOUT); /* who waits for room in the backlog */
	return 0;
}

static int unix_shutdown(struct socket *s, int how)
{
	struct unix_sock *u = unix_of(s), *peer;
	bool rd = how != SHUT_WR, wr = how != SHUT_RD;

	spin_lock(&unix_lock);
	u->shut_read |= rd;
	u->shut_write |= wr;
	peer = u->type != SOCK_DGRAM && u->peer ? unix_get(u->peer) : NULL;
	if (peer) {
		peer->shut_read |= wr;
		peer->shut_write |= rd;
	}
	bool over = u->shut_read && u->shut_write, peer_over = peer && peer->shut_read && peer->shut_write;
	spin_unlock(&unix_lock);
	unix_wake(u, POLLIN | POLLOUT | POLLRDHUP | (over ? POLLHUP : 0));
	if (peer) {
		unix_wake(peer, POLLIN | POLLOUT | POLLRDHUP | (peer_over ? POLLHUP : 0));
		unix_put(peer);
	}
	return 0;
}

/* ---- options ---- */

static int unix_setsockopt(struct socket *s, int level, int name, const void *value, u32 len)
{
	if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_SNDBUFFORCE))
		unix_of(s)->sndbuf = s->sndbuf;
	return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

static int unix_getsockopt(struct socket *s, int level, int name, void *value, u32 len)
{
	struct unix_sock *u = unix_of(s);

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (name == SO_PEERCRED) {
		struct ucred_abi none = { 0, ~0u, ~0u };
		*(struct ucred_abi *)value = u->state == UNIX_CONNECTED && u->type != SOCK_DGRAM ? u->peer_cred
					     : u->peer_cred.pid ? u->peer_cred : u->state == UNIX_LISTENING ? u->cred : none;
		return sizeof(struct ucred_abi);
	}
	if (name == SO_ACCEPTCONN) {
		*(int *)value = u->state == UNIX_LISTENING;
		return sizeof(int);
	}
	if (name == SO_ERROR) {
		spin_lock(&unix_lock);
		*(int *)value = u->reset;
		u->reset = 0;
		spin_unlock(&unix_lock);
		return sizeof(int);
	}
	return -ENOPROTOOPT;
}

static long unix_ioctl(struct socket *s, u32 cmd, unsigned long arg)
{
	struct unix_sock *u = unix_of(s);

	switch (cmd) {
	case FIONREAD:
		if (u->state == UNIX_LISTENING)
			return -EINVAL;
		return put_user_u32(unix_bytes_to_read(u), (u32 __user *)arg);
	case TIOCOUTQ: return put_user_u32(u->wmem, (u32 __user *)arg);
	default: return -ENOTTY;
	}
}

static const struct socket_ops stream_ops = {
	.bind = unix_bind, .connect = unix_connect, .pair = unix_pair, .listen = unix_listen, .accept = unix_accept, .getname = unix_getname,
	.send = unix_stream_send, .receive = unix_stream_receive, .shutdown = unix_shutdown, .poll = unix_poll,
	.setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt, .ioctl = unix_ioctl, .release = unix_release,
};
static const struct socket_ops packet_ops = {
	.bind = unix_bind, .connect = unix_connect, .pair = unix_pair, .listen = unix_listen, .accept = unix_accept, .getname = unix_getname,
	.send = unix_packet_send, .receive = unix_packet_receive, .shutdown = unix_shutdown, .poll = unix_poll,
	.setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt, .ioctl = unix_ioctl, .release = unix_release,
};

int unix_init(void)
{
	socket_family_register(AF_UNIX, unix_create);
	unix_gc_init();
	return 0;
}
