/*
 * The socket system calls and the file behind a socket. Addresses are copied in and out here; what they mean is the family's (socket.h).
 * Options are in options.c, messages in message.c. Every call exists twice in the ABI: by itself, and as a number of socketcall(2) with its arguments in memory.
 */
#include "io/net/socket.h"
#include "io/net/calls.h"
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/ioctl.h"
#include "mm/alloc.h"

#define NR_FAMILIES 3
#define FIOSETOWN 0x8901u
#define SIOCSPGRP 0x8902u
#define FIOGETOWN 0x8903u
#define SIOCGPGRP 0x8904u

static int (*families[NR_FAMILIES])(struct socket *s);
static u32 nr_sockets;
static const struct file_operations socket_fops;

void socket_family_register(int family, int (*create)(struct socket *s)) { families[family] = create; }
u32 socket_count(void) { return nr_sockets; }
struct socket *socket_of(struct file *f) { return f->ops == &socket_fops ? f->private : NULL; }
u64 socket_deadline(u64 timeout_ns) { return timeout_ns ? add_ns(ktime_ns(), timeout_ns) : WAIT_FOREVER; }
int socket_take_error(struct socket *s) { return -__sync_lock_test_and_set(&s->error, 0); }

void socket_wake(struct socket *s, struct wait_queue_head *wq, u32 events)
{
	wake_up_key(wq, TASK_NORMAL, 0, events);
	kill_fasync(&s->fasync, SIGIO, events & POLLERR ? POLL_ERR : socket_sigio_reason(events));
}

/* ---- the file ---- */

static ssize_t socket_read(struct kiocb *k, struct iov_iter *to)
{
	struct socket *s = k->file->private;
	struct message m = { .iter = to };
	if (!iov_iter_count(to)) /* unlike recv, which looks at the other end */
		return 0;
	bool nowait = (k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT) || ((k->flags & IOCB_SPLICE_NONBLOCK) && s->family == AF_UNIX);
	ssize_t n = s->ops->receive(s, &m, nowait ? MSG_DONTWAIT : 0);

	if (m.scm)
		scm_free(m.scm); /* who does not ask for descriptors does not get them */
	return socket_interrupted(n, s->rcvtimeo_ns);
}

static ssize_t socket_write(struct kiocb *k, struct iov_iter *from)
{
	struct socket *s = k->file->private;
	struct message m = { .iter = from };
	ssize_t n = s->ops->send(s, &m, (k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT) ? MSG_DONTWAIT : 0);

	if (n == -EPIPE)
		send_signal(current, SIGPIPE, NULL);
	return socket_interrupted(n, s->sndtimeo_ns);
}

static u32 socket_poll(struct file *f, struct poll_table *pt)
{
	struct socket *s = f->private;
	return s->ops->poll(s, f, pt);
}

/* What fcntl's F_SETOWN and F_GETOWN do, by the names that BSD gave them. */
static long set_owner(struct file *f, const u32 __user *user)
{
	u32 id;

	if (get_user_u32(&id, user))
		return -EFAULT;
	if ((s32)id == INT32_MIN)
		return -EINVAL;
	f_setown(f, (s32)id < 0 ? F_OWNER_PGRP : F_OWNER_PID, (s32)id < 0 ? -(s32)id : (s32)id);
	return 0;
}

static long socket_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct socket *s = f->private;

	switch (cmd) {
	case FIOSETOWN: case SIOCSPGRP: return set_owner(f, (const u32 __user *)arg);
	case FIOGETOWN: case SIOCGPGRP:
		return put_user_u32((u32)(f->owner.type == F_OWNER_PGRP ? -f->owner.pid : f->owner.pid), (u32 __user *)arg);
	default: return s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;
	}
}

static int socket_fasync(int fd, struct file *f, int on)
{
	struct socket *s = f->private;
	return fasync_helper(fd, f, on, &s->fasync);
}

static void socket_release(struct file *f)
{
	struct socket *s = f->private;

	if (s->ops)
		s->ops->release(s);
	kfree(s);
	nr_sockets--;
}

static const struct file_operations socket_fops = {
	.name = "socket",
	.read_iter = socket_read,
	.write_iter = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.fasync = socket_fasync,
	.release = socket_release,
	.llseek = no_llseek,
};

/* ---- making ---- */

/* Without the family's part. NULL: no memory. */
static struct socket *new_socket(int family, int type, int protocol)
{
	struct socket *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (s)
		*s = (struct socket){ .family = family, .type = type, .protocol = protocol, .sndbuf = SOCKET_BUFFER, .rcvbuf = SOCKET_BUFFER,
				      .rcvlowat = 1 };
	return s;
}

/* A file of it; on an error the socket is freed. */
static struct file *socket_file(struct socket *s, u32 flags)
{
	struct file *f = anon_file("socket", &socket_fops, s, O_RDWR | flags);

	if (IS_ERR(f)) {
		if (s->ops)
			s->ops->release(s);
		kfree(s);
		return f;
	}
	nr_sockets++;
	f->mode |= FMODE_STREAM;
	f->inode->mode = S_IFSOCK | 0777;
	s->file = f;
	return f;
}

static struct file *create(int family, int type, int protocol)
{
	u32 flags = (u32)type & ~SOCK_TYPE_MASK;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return ERR_PTR(-EINVAL);
	type &= SOCK_TYPE_MASK;
	if (family < 0 || family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type >= SOCK_MAX)
		return ERR_PTR(-EINVAL);
	if (family >= NR_FAMILIES || !families[family])
		return ERR_PTR(-EAFNOSUPPORT);
	struct socket *s = new_socket(family, type, protocol);
	if (!s)
		return ERR_PTR(-ENOMEM);
	int err = families[family](s);
	if (err) {
		kfree(s);
		return ERR_PTR(err);
	}
	return socket_file(s, flags & SOCK_NONBLOCK);
}

static long install(struct file *f, u32 flags)
{
	if (IS_ERR(f))
		return PTR_ERR(f);
	int fd = get_unused_fd(flags & SOCK_CLOEXEC, 0);
	if (fd < 0)
		fput(f);
	else
		fd_install(fd, f);
	return fd;
}

long sys_socket(int family, int type, int protocol) { return install(create(family, type, protocol), (u32)type); }

long sys_socketpair(int family, int type, int protocol, s32 __user *user)
{
	struct file *f[2] = { create(family, type, protocol), ERR_PTR(-ENOMEM) };
	s32 fd[2] = { -1, -1 };
	long err = PTR_ERR_OR_ZERO(f[0]);

	if (err)
		return err;
	f[1] = create(family, type, protocol);
	err = PTR_ERR_OR_ZERO(f[1]);
	struct socket *s = f[0]->private;
	if (!err)
		err = s->ops->pair ? s->ops->pair(s, f[1]->private) : -EOPNOTSUPP;
	for (int i = 0; i < 2 && !err; i++) {
		fd[i] = get_unused_fd((u32)type & SOCK_CLOEXEC, 0);
		err = fd[i] < 0 ? fd[i] : 0;
	}
	if (!err && copy_to_user(user, fd, sizeof(fd)))
		err = -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (!err) {
			fd_install(fd[i], f[i]);
			continue;
		}
		if (fd[i] >= 0)
			put_unused_fd(fd[i]);
		if (!IS_ERR(f[i]))
			fput(f[i]);
	}
	return err;
}

/* ---- addresses ---- */

int socket_address_from_user(struct sockaddr_any *a, const void __user *user, int len)
{
	if (len < 0 || (u32)len > sizeof(*a))
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	return len && copy_from_user(a, user, (u32)len) ? -EFAULT : 0;
}

/* size: in: room, out: the address's length, which may be more. */
int socket_address_to_user(const struct sockaddr_any *a, u32 len, void __user *user, s32 __user *size)
{
	u32 room;

	if (get_user_u32(&room, (const u32 __user *)size))
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	if (copy_to_user(user, a, min(room, len)) || put_user_u32(len, (u32 __user *)size))
		return -EFAULT;
	return 0;
}

/* The socket of a descriptor; f is to be put in any case. */
struct socket *socket_get(int fd, struct fd *f, long *err)
{
	*f = fdget(fd);
	struct socket *s = f->file ? socket_of(f->file) : NULL;
	*err = !f->file ? -EBADF : !s ? -ENOTSOCK : 0;
	return s;
}

static bool is_nonblock(const struct fd *f) { return f->file->flags & O_NONBLOCK; }

long sys_bind(int fd, const void __user *addr, int len)
{
	struct sockaddr_any a;
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = socket_address_from_user(&a, addr, len);
	if (!err)
		err = s->ops->bind(s, &a, (u32)len);
	fdput(f);
	return err;
}

long sys_connect(int fd, const void __user *addr, int len)
{
	struct sockaddr_any a;
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = socket_address_from_user(&a, addr, len);
	if (!err)
		err = socket_interrupted(s->ops->connect(s, &a, (u32)len, is_nonblock(&f)), s->sndtimeo_ns);
	fdput(f);
	return err;
}

long sys_listen(int fd, int backlog)
{
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = s->ops->listen ? s->ops->listen(s, (u32)backlog > SOMAXCONN ? SOMAXCONN : backlog) : -EOPNOTSUPP;
	fdput(f);
	return err;
}

long sys_accept4(int fd, void __user *addr, s32 __user *len, int flags)
{
	struct sockaddr_any a = { 0 };
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err), *fresh = NULL;
	struct file *file = NULL;

	if (!err && (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)))
		err = -EINVAL;
	if (!err && !s->ops->accept)
		err = -EOPNOTSUPP;
	if (!err) {
		fresh = new_socket(s->family, s->type, s->protocol);
		err = fresh ? socket_interrupted(s->ops->accept(s, fresh, is_nonblock(&f)), s->rcvtimeo_ns) : -ENOMEM;
		if (err)
			kfree(fresh);
	}
	if (!err) {
		file = socket_file(fresh, (u32)flags & SOCK_NONBLOCK);
		err = PTR_ERR_OR_ZERO(file);
	}
	if (!err && addr) {
		int n = fresh->ops->getname(fresh, &a, true);
		err = n < 0 ? -ECONNABORTED : socket_address_to_user(&a, (u32)n, addr, len);
		if (err)
			fput(file);
	}
	fdput(f);
	return err ? err : install(file, (u32)flags);
}

long sys_accept(int fd, void __user *addr, s32 __user *len) { return sys_accept4(fd, addr, len, 0); }

static long name_of(int fd, void __user *addr, s32 __user *len, bool peer)
{
	struct sockaddr_any a = { 0 };
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = s->ops->getname(s, &a, peer);
	if (err >= 0)
		err = socket_address_to_user(&a, (u32)err, addr, len);
	fdput(f);
	return err;
}

long sys_getsockname(int fd, void __user *addr, s32 __user *len) { return name_of(fd, addr, len, false); }
long sys_getpeername(int fd, void __user *addr, s32 __user *len) { return name_of(fd, addr, len, true); }

long sys_shutdown(int fd, int how)
{
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = (u32)how > SHUT_RDWR ? -EINVAL : s->ops->shutdown(s, how);
	fdput(f);
	return err;
}
