/* Messages: send and receive in all their forms, descriptors and credentials beside the data, and socketcall(2). */
#include "io/net/calls.h"
#include "io/net/socket.h"
#include "io/vfs/rw.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timespec.h"
#include "mm/alloc.h"

#define KNOWN_FLAGS (MSG_OOB | MSG_PEEK | MSG_DONTROUTE | MSG_TRUNC | MSG_DONTWAIT | MSG_EOR | MSG_WAITALL | MSG_NOSIGNAL | MSG_MORE | MSG_CMSG_CLOEXEC)
#define CONTROL_MAX 20480u     /* bytes beside the data of one message: /proc/sys/net/core/optmem_max of Linux */
#define CMSG_ALIGN(n) ALIGN_UP(n, 4u)

/* ---- beside the data ---- */

void scm_free(struct scm *scm)
{
	for (u32 i = 0; i < scm->nr; i++)
		if (scm->files[i])
			fput(scm->files[i]);
	kfree(scm);
}

void scm_free_later(struct scm *scm)
{
	for (u32 i = 0; i < scm->nr; i++)
		if (scm->files[i])
			fput_later(scm->files[i]);
	kfree(scm);
}

struct scm *scm_copy(const struct scm *scm)
{
	struct scm *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (c) {
		memcpy(c, scm, sizeof(*c));
		INIT_LIST_HEAD(&c->link);
		c->charged = NULL;
		for (u32 i = 0; i < c->nr; i++)
			get_file(c->files[i]);
	}
	return c;
}

static int add_files(struct scm *scm, const void __user *user, u32 len)
{
	u32 n = len / 4;

	if (n > SCM_MAX_FD - scm->nr)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		u32 fd;
		if (get_user_u32(&fd, (const u32 __user *)user + i))
			return -EFAULT;
		struct file *f = fget_raw((int)fd);
		if (!f)
			return -EBADF;
		scm->files[scm->nr++] = f;
	}
	return 0;
}

static int add_cred(struct scm *scm, const void __user *user, u32 len)
{
	if (len != sizeof(scm->cred))
		return -EINVAL;
	if (copy_from_user(&scm->cred, user, len))
		return -EFAULT;
	const struct cred *c = current_cred();
	bool own = scm->cred.pid == (u32)current->tgid && (scm->cred.uid == c->uid || scm->cred.uid == c->euid || scm->cred.uid == c->suid) &&
		   (scm->cred.gid == c->gid || scm->cred.gid == c->egid || scm->cred.gid == c->sgid);
	if (!own && !capable())
		return -EPERM;
	struct task *t = own ? NULL : get_task_by_pid((pid_t)scm->cred.pid);
	if (!own && !t)
		return -ESRCH;
	if (t)
		put_task(t);
	scm->has_cred = true;
	return 0;
}

struct scm *scm_from_user(u32 control, u32 len)
{
	struct cmsghdr_abi h;
	struct scm *scm = NULL;
	int err = 0;

	for (u32 at = 0; at < len && len - at >= sizeof(h) && !err; at += CMSG_ALIGN(h.len)) {
		if (copy_from_user(&h, (void __user *)(control + at), sizeof(h))) {
			err = -EFAULT;
			break;
		}
		if (h.len < sizeof(h) || h.len > len - at) {
			err = -EINVAL;
			break;
		}
		if (h.level != SOL_SOCKET)
			continue;
		if (!scm)
			scm = kzalloc(sizeof(*scm), GFP_KERNEL);
		const void __user *data = (void __user *)(control + at + sizeof(h));
		err = !scm ? -ENOMEM : h.type == SCM_RIGHTS ? add_files(scm, data, h.len - sizeof(h))
				     : h.type == SCM_CREDENTIALS ? add_cred(scm, data, h.len - sizeof(h)) : -EINVAL;
	}
	if (err && scm)
		scm_free(scm);
	return err ? ERR_PTR(err) : scm;
}

/* One control message; bytes written with padding, 0: no room or a fault. */
static u32 put_control(u32 at, u32 room, int type, const void *data, u32 len)
{
	struct cmsghdr_abi h = { sizeof(h) + len, SOL_SOCKET, type };

	if (room < h.len || copy_to_user((void __user *)at, &h, sizeof(h)) || copy_to_user((void __user *)(at + sizeof(h)), data, len))
		return 0;
	return min(CMSG_ALIGN(h.len), room);
}

/* As many of the files as there is room for become descriptors; bytes written. */
static u32 put_files(struct scm *scm, u32 at, u32 room, bool cloexec)
{
	struct cmsghdr_abi h = { 0, SOL_SOCKET, SCM_RIGHTS };
	u32 n = 0, most = room > sizeof(h) ? min_t(u32, (room - sizeof(h)) / 4, scm->nr) : 0;

	for (; n < most; n++) {
		int fd = get_unused_fd(cloexec ? O_CLOEXEC : 0, 0);
		if (fd < 0)
			break;
		if (put_user_u32((u32)fd, (u32 __user *)(at + sizeof(h)) + n)) {
			put_unused_fd(fd);
			break;
		}
		fd_install(fd, scm->files[n]);
		scm->files[n] = NULL;
	}
	h.len = sizeof(h) + n * 4;
	if (!n || copy_to_user((void __user *)at, &h, sizeof(h)))
		return 0;
	return min(CMSG_ALIGN(h.len), room);
}

u32 scm_to_user(struct scm *scm, u32 control, u32 len, u32 *msg_flags, bool cloexec, bool want_cred)
{
	u32 done = 0;

	if (want_cred) {
		done = put_control(control, len, SCM_CREDENTIALS, &scm->cred, sizeof(scm->cred));
		*msg_flags |= done ? 0 : MSG_CTRUNC;
	}
	if (scm->nr) {
		u32 n = put_files(scm, control + done, len - done, cloexec);
		done += n;
		for (u32 i = 0; i < scm->nr; i++)
			*msg_flags |= scm->files[i] ? MSG_CTRUNC : 0;
	}
	scm_free(scm);
	return done;
}

/* ---- sending ---- */

static ssize_t send_message(struct socket *s, struct file *f, struct message *m, u32 flags)
{
	flags &= KNOWN_FLAGS; /* others mean nothing to a sender, and Linux does not mind them */
	if (f->flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	u32 before = (u32)current->io.copied;
	ssize_t n = s->ops->send(s, m, flags);
	f->copied += (u32)current->io.copied - before;
	if (n == -EPIPE && !(flags & MSG_NOSIGNAL))
		send_signal(current, SIGPIPE, NULL);
	return socket_interrupted(n, s->sndtimeo_ns);
}

long sys_sendto(int fd, const void __user *buf, size_t n, u32 flags, const void __user *addr, int len)
{
	struct sockaddr_any a;
	struct iov_iter iter;
	struct message m = { .iter = &iter };
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	n = min_t(size_t, n, MAX_RW_COUNT);
	if (!err && !access_ok(buf, n))
		err = -EFAULT;
	if (!err && addr) {
		err = socket_address_from_user(&a, addr, len);
		m.name = &a;
		m.namelen = (u32)len;
	}
	iov_iter_ubuf(&iter, false, (void __user *)buf, n);
	if (!err)
		err = send_message(s, f.file, &m, flags);
	fdput(f);
	return err;
}

long sys_send(int fd, const void __user *buf, size_t n, u32 flags) { return sys_sendto(fd, buf, n, flags, NULL, 0); }

/* A message header's vector as an iterator. */
static long import_header(const struct msghdr_abi *h, bool dest, struct iov_iter *iter, struct iovec_k *fast, struct iovec_k **vec)
{
	*vec = fast;
	if (h->iovlen > 1024)
		return -EMSGSIZE;
	long total = import_iovec((const struct iovec_k __user *)h->iov, h->iovlen, fast, vec);
	if (total >= 0)
		iov_iter_init(iter, ITER_IOVEC, dest, *vec, h->iovlen, (u32)total);
	return total < 0 ? total : 0;
}

static long send_header(struct socket *s, struct file *f, const struct msghdr_abi *h, u32 flags)
{
	struct iovec_k fast[UIO_FASTIOV], *vec;
	struct sockaddr_any a;
	struct iov_iter iter;
	struct message m = { .iter = &iter };
	long ret = import_header(h, false, &iter, fast, &vec);

	if (!ret && h->name) {
		int len = min(h->namelen, (s32)sizeof(a)); /* Linux cuts it, instead of refusing it */
		ret = socket_address_from_user(&a, (void __user *)h->name, len);
		m.name = &a;
		m.namelen = (u32)len;
	}
	if (!ret && h->control && h->controllen > CONTROL_MAX)
		ret = -ENOBUFS;
	if (!ret && h->control && h->controllen) {
		m.scm = scm_from_user(h->control, h->controllen);
		ret = PTR_ERR_OR_ZERO(m.scm);
		if (ret)
			m.scm = NULL;
	}
	if (!ret)
		ret = send_message(s, f, &m, flags);
	if (m.scm)
		scm_free(m.scm); /* what the family did not take over */
	if (vec != fast)
		kfree(vec);
	return ret;
}

long sys_sendmsg(int fd, const struct msghdr_abi __user *msg, u32 flags)
{
	struct msghdr_abi h;
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err && copy_from_user(&h, msg, sizeof(h)))
		err = -EFAULT;
	if (!err)
		err = send_header(s, f.file, &h, flags);
	fdput(f);
	return err;
}

long sys_sendmmsg(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags)
{
	u32 done = 0;
	long ret = 0;

	for (n = min(n, 1024u); done < n; done++) {
		u32 at = (u32)msgs + done * sizeof(*msgs);
		ret = sys_sendmsg(fd, (const struct msghdr_abi __user *)at, flags);
		if (ret < 0 || put_user_u32((u32)ret, (u32 __user *)(at + offsetof(struct mmsghdr_abi, len))))
			break;
	}
	return done ? (long)done : ret;
}

/* ---- receiving ---- */

static ssize_t receive_message(struct socket *s, struct file *f, struct message *m, u32 flags)
{
	if (f->flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	u32 before = (u32)current->io.copied;
	ssize_t n = s->ops->receive(s, m, flags);
	f->copied += (u32)current->io.copied - before;
	return socket_interrupted(n, s->rcvtimeo_ns);
}

long sys_recvfrom(int fd, void __user *buf, size_t n, u32 flags, void __user *addr, s32 __user *len)
{
	struct sockaddr_any a = { 0 };
	struct iov_iter iter;
	struct message m = { .iter = &iter, .name = addr ? &a : NULL };
	struct fd f;
	long ret;
	struct socket *s = socket_get(fd, &f, &ret);

	n = min_t(size_t, n, MAX_RW_COUNT);
	if (!ret && !access_ok(buf, n))
		ret = -EFAULT;
	iov_iter_ubuf(&iter, true, buf, n);
	if (!ret)
		ret = receive_message(s, f.file, &m, flags);
	if (m.scm)
		scm_free(m.scm);
	if (ret >= 0 && addr) {
		int err = socket_address_to_user(&a, m.namelen, addr, len);
		ret = err ? err : ret;
	}
	fdput(f);
	return ret;
}

long sys_recv(int fd, void __user *buf, size_t n, u32 flags) { return sys_recvfrom(fd, buf, n, flags, NULL, NULL); }

static long receive_header(struct socket *s, struct file *f, struct msghdr_abi __user *user, const struct msghdr_abi *h, u32 flags)
{
	struct iovec_k fast[UIO_FASTIOV], *vec;
	struct sockaddr_any a = { 0 };
	struct iov_iter iter;
	struct message m = { .iter = &iter, .name = h->name ? &a : NULL };
	u32 control = 0;
	long ret = import_header(h, true, &iter, fast, &vec);

	if (!ret && h->name && h->namelen < 0)
		ret = -EINVAL;
	if (!ret)
		ret = receive_message(s, f, &m, flags);
	if (m.scm && ret >= 0)
		control = scm_to_user(m.scm, h->control, h->control ? h->controllen : 0, &m.flags, flags & MSG_CMSG_CLOEXEC, s->passcred);
	else if (m.scm)
		scm_free(m.scm);
	if (ret >= 0 && h->name && copy_to_user((void __user *)h->name, &a, min(m.namelen, (u32)h->namelen)))
		ret = -EFAULT;
	m.flags |= flags & MSG_CMSG_CLOEXEC;
	if (ret >= 0 && ((h->name && put_user_u32(m.namelen, (u32 __user *)&user->namelen)) || put_user_u32(m.flags, &user->flags) ||
			 put_user_u32(control, &user->controllen)))
		ret = -EFAULT;
	if (vec != fast)
		kfree(vec);
	return ret;
}

long sys_recvmsg(int fd, struct msghdr_abi __user *msg, u32 flags)
{
	struct msghdr_abi h;
	struct fd f;
	long ret;
	struct socket *s = socket_get(fd, &f, &ret);

	if (!ret && copy_from_user(&h, msg, sizeof(h)))
		ret = -EFAULT;
	if (!ret)
		ret = receive_header(s, f.file, msg, &h, flags);
	fdput(f);
	return ret;
}

static long receive_several(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags, const void __user *timeout, bool wide)
{
	u64 end = WAIT_FOREVER, ns;
	u32 done = 0;
	long ret = timeout ? get_timespec_ns(timeout, wide, &ns) : 0;

	if (ret)
		return ret;
	if (timeout)
		end = add_ns(ktime_ns(), ns);
	while (done < n && done < 1024) {
		u32 at = (u32)msgs + done * sizeof(*msgs);
		ret = sys_recvmsg(fd, (struct msghdr_abi __user *)at, flags & ~MSG_WAITFORONE);
		if (ret < 0 || put_user_u32((u32)ret, (u32 __user *)(at + offsetof(struct mmsghdr_abi, len))))
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (ktime_ns() >= end) /* looked at after each message only, as recvmmsg(2) admits */
			break;
	}
	return done ? (long)done : ret;
}

long sys_recvmmsg(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags, const void __user *timeout)
{
	return receive_several(fd, msgs, n, flags, timeout, false);
}

long sys_recvmmsg_time64(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags, const void __user *timeout)
{
	return receive_several(fd, msgs, n, flags, timeout, true);
}

/* ---- all through one number ---- */

long sys_socketcall(int call, const u32 __user *user)
{
	static const u8 nr_args[21] = { 0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4 };
	u32 a[6] = { 0 };

	if (call < 1 || call > 20)
		return -EINVAL;
	if (copy_from_user(a, user, nr_args[call] * 4u))
		return -EFAULT;
	void __user *p1 = (void __user *)a[1], *p4 = (void __user *)a[4];
	switch (call) {
	case 1: return sys_socket((int)a[0], (int)a[1], (int)a[2]);
	case 2: return sys_bind((int)a[0], p1, (int)a[2]);
	case 3: return sys_connect((int)a[0], p1, (int)a[2]);
	case 4: return sys_listen((int)a[0], (int)a[1]);
	case 5: return sys_accept((int)a[0], p1, (s32 __user *)a[2]);
	case 6: return sys_getsockname((int)a[0], p1, (s32 __user *)a[2]);
	case 7: return sys_getpeername((int)a[0], p1, (s32 __user *)a[2]);
	case 8: return sys_socketpair((int)a[0], (int)a[1], (int)a[2], (s32 __user *)a[3]);
	case 9: return sys_send((int)a[0], p1, a[2], a[3]);
	case 10: return sys_recv((int)a[0], p1, a[2], a[3]);
	case 11: return sys_sendto((int)a[0], p1, a[2], a[3], p4, (int)a[5]);
	case 12: return sys_recvfrom((int)a[0], p1, a[2], a[3], p4, (s32 __user *)a[5]);
	case 13: return sys_shutdown((int)a[0], (int)a[1]);
	case 14: return sys_setsockopt((int)a[0], (int)a[1], (int)a[2], (void __user *)a[3], (int)a[4]);
	case 15: return sys_getsockopt((int)a[0], (int)a[1], (int)a[2], (void __user *)a[3], (s32 __user *)a[4]);
	case 16: return sys_sendmsg((int)a[0], p1, a[2]);
	case 17: return sys_recvmsg((int)a[0], p1, a[2]);
	case 18: return sys_accept4((int)a[0], p1, (s32 __user *)a[2], (int)a[3]);
	case 19: return sys_recvmmsg((int)a[0], p1, a[2], a[3], p4);
	default: return sys_sendmmsg((int)a[0], p1, a[2], a[3]);
	}
}
