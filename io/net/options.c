/*
 * setsockopt and getsockopt: the values are copied in and out here, the options of SOL_SOCKET that mean the same for every family are kept here
 * (socket(7)); the rest is the family's (socket.h).
 */
#include "io/net/calls.h"
#include "io/net/socket.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"
#include "kernel/sched/timespec.h"

#define MIN_SNDBUF 4608u       /* SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF of Linux (include/net/sock.h): bytes, doubled already */
#define MIN_RCVBUF 2304u
#define FORCED_MAX 0x40000000u
#define MAX_PRIORITY 6         /* without privilege */

void socket_inherit_options(struct socket *fresh, const struct socket *from)
{
	fresh->sndbuf = from->sndbuf;
	fresh->rcvbuf = from->rcvbuf;
	fresh->sndtimeo_ns = from->sndtimeo_ns;
	fresh->rcvtimeo_ns = from->rcvtimeo_ns;
	fresh->rcvlowat = from->rcvlowat;
	fresh->priority = from->priority;
	fresh->reuseaddr = from->reuseaddr;
	fresh->reuseport = from->reuseport;
	fresh->keepalive = from->keepalive;
	fresh->oobinline = from->oobinline;
	fresh->linger = from->linger;
}

/* ---- setting ---- */

static bool is_timeout(int name)
{
	return name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW || name == SO_SNDTIMEO_OLD || name == SO_SNDTIMEO_NEW;
}

static bool is_wide(int name) { return name == SO_RCVTIMEO_NEW || name == SO_SNDTIMEO_NEW; }

static int set_timeout(u64 *ns, const void *value, u32 len, bool wide)
{
	s64 sec, usec;

	if (len < (wide ? 16u : 8u))
		return -EINVAL;
	sec = wide ? ((const s64 *)value)[0] : ((const s32 *)value)[0];
	usec = wide ? ((const s64 *)value)[1] : ((const s32 *)value)[1];
	if (usec < 0 || usec >= 1000000)
		return -EDOM;
	*ns = sec < 0 ? 1 : to_ns(sec, (u32)usec * 1000);
	return 0;
}

/* The kernel doubles what it is given, for its own bookkeeping, as socket(7) says; a negative size is a huge one there. */
static u32 buffer_size(int v, u32 least) { return max(min((u32)v, SOCKET_BUFFER) * 2, least); }

static int force_buffer_size(u32 *to, int v, u32 least)
{
	if (!capable())
		return -EPERM;
	*to = max(min((u32)max(v, 0), FORCED_MAX) * 2, least);
	return 0;
}

static int set_linger(struct socket *s, const struct linger_abi *l, u32 len)
{
	if (len < sizeof(*l))
		return -EINVAL;
	s->linger.on = !!l->on;
	if (l->on)
		s->linger.seconds = l->seconds;
	return 0;
}

static int set_number(struct socket *s, int name, int v)
{
	switch (name) {
	case SO_REUSEADDR: s->reuseaddr = v; return 0;
	case SO_REUSEPORT: s->reuseport = v; return 0;
	case SO_KEEPALIVE: s->keepalive = v; return 0;
	case SO_BROADCAST: s->broadcast = v; return 0;
	case SO_OOBINLINE: s->oobinline = v; return 0;
	case SO_PASSCRED: s->passcred = v; return 0;
	case SO_DONTROUTE: s->dontroute = v; return 0;
	case SO_TIMESTAMP_OLD: s->timestamp = v; return 0;
	case SO_NO_CHECK: s->no_check = v; return 0;
	case SO_BSDCOMPAT: return 0;
	case SO_DEBUG:
		if (v && !capable())
			return -EACCES;
		s->debug = v;
		return 0;
	case SO_PRIORITY:
		if ((v < 0 || v > MAX_PRIORITY) && !capable())
			return -EPERM;
		s->priority = (u32)v;
		return 0;
	case SO_SNDBUF: s->sndbuf = buffer_size(v, MIN_SNDBUF); return 0;
	case SO_RCVBUF: s->rcvbuf = buffer_size(v, MIN_RCVBUF); return 0;
	case SO_SNDBUFFORCE: return force_buffer_size(&s->sndbuf, v, MIN_SNDBUF);
	case SO_RCVBUFFORCE: return force_buffer_size(&s->rcvbuf, v, MIN_RCVBUF);
	case SO_RCVLOWAT: s->rcvlowat = v < 0 ? 0x7fffffff : max((u32)v, 1u); return 0;
	default: return -ENOPROTOOPT;
	}
}

static int set_common(struct socket *s, int name, const void *value, u32 len)
{
	if (name == SO_LINGER)
		return set_linger(s, value, len);
	if (is_timeout(name))
		return set_timeout(name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW ? &s->rcvtimeo_ns : &s->sndtimeo_ns, value, len, is_wide(name));
	return set_number(s, name, *(const int *)value);
}

/* How much of the value is looked at: what lies behind it need not be the program's. */
static u32 size_of_option(int level, int name)
{
	if (level == SOL_SOCKET)
		return is_timeout(name) ? is_wide(name) ? 16 : 8 : name == SO_LINGER ? sizeof(struct linger_abi) : sizeof(int);
	return 16; /* the longest: the name of an algorithm */
}

static int copy_value(void *value, const void __user *user, int level, int name, u32 len)
{
	u32 n = min(len, size_of_option(level, name));

	if (!copy_from_user(value, user, n))
		return 0;
	return n > sizeof(int) && level != SOL_SOCKET && !copy_from_user(value, user, sizeof(int)) ? 0 : -EFAULT;
}

static long set_option(struct socket *s, int level, int name, const void __user *user, u32 len)
{
	u8 value[OPTION_MAX] __attribute__((aligned(8))) = { 0 };

	if (level == SOL_SOCKET && len < sizeof(int))
		return -EINVAL;
	int err = copy_value(value, user, level, name, len);
	if (err)
		return err;
	err = level == SOL_SOCKET ? set_common(s, name, value, len) : -ENOPROTOOPT;
	if (!s->ops->setsockopt || (err && err != -ENOPROTOOPT))
		return err;
	int own = s->ops->setsockopt(s, level, name, value, min(len, OPTION_MAX)); /* the family may have to act on it */
	return own == -ENOPROTOOPT ? err : own;
}

long sys_setsockopt(int fd, int level, int name, const void __user *user, int len)
{
	struct fd f;
	long err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err)
		err = len < 0 ? -EINVAL : set_option(s, level, name, user, (u32)len);
	fdput(f);
	return err;
}

/* ---- getting ---- */

static u32 put_timeout(u64 ns, void *value, bool wide)
{
	u32 rest;
	u64 sec = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	if (wide) {
		((s64 *)value)[0] = (s64)sec;
		((s64 *)value)[1] = rest / 1000;
	} else {
		((s32 *)value)[0] = (s32)sec;
		((s32 *)value)[1] = (s32)rest / 1000;
	}
	return wide ? 16 : 8;
}

static int get_number(struct socket *s, int name, int *v)
{
	switch (name) {
	case SO_TYPE: *v = s->type; break;
	case SO_DOMAIN: *v = s->family; break;
	case SO_PROTOCOL: *v = s->protocol; break;
	case SO_ERROR: *v = -socket_take_error(s); break;
	case SO_REUSEADDR: *v = s->reuseaddr; break;
	case SO_REUSEPORT: *v = s->reuseport; break;
	case SO_KEEPALIVE: *v = s->keepalive; break;
	case SO_BROADCAST: *v = s->broadcast; break;
	case SO_OOBINLINE: *v = s->oobinline; break;
	case SO_PASSCRED: *v = s->passcred; break;
	case SO_DONTROUTE: *v = s->dontroute; break;
	case SO_TIMESTAMP_OLD: *v = s->timestamp; break;
	case SO_NO_CHECK: *v = s->no_check; break;
	case SO_DEBUG: *v = s->debug; break;
	case SO_PRIORITY: *v = (int)s->priority; break;
	case SO_SNDBUF: *v = (int)s->sndbuf; break;
	case SO_RCVBUF: *v = (int)s->rcvbuf; break;
	case SO_RCVLOWAT: *v = (int)s->rcvlowat; break;
	case SO_SNDLOWAT: *v = 1; break;
	case SO_ACCEPTCONN: case SO_BSDCOMPAT: *v = 0; break;
	default: return -ENOPROTOOPT;
	}
	return sizeof(int);
}

static int get_common(struct socket *s, int name, void *value)
{
	if (is_timeout(name))
		return (int)put_timeout(name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW ? s->rcvtimeo_ns : s->sndtimeo_ns, value, is_wide(name));
	if (name == SO_LINGER) {
		*(struct linger_abi *)value = s->linger;
		return sizeof(s->linger);
	}
	if (name == SO_PEERCRED) {
		*(struct ucred_abi *)value = (struct ucred_abi){ 0, ~0u, ~0u };
		return sizeof(struct ucred_abi);
	}
	return get_number(s, name, value);
}

long sys_getsockopt(int fd, int level, int name, void __user *user, s32 __user *user_len)
{
	u8 value[OPTION_MAX] __attribute__((aligned(8))) = { 0 };
	struct fd f;
	long err;
	u32 room;
	struct socket *s = socket_get(fd, &f, &err);

	if (!err && get_user_u32(&room, (const u32 __user *)user_len))
		err = -EFAULT;
	if (!err && (s32)room < 0)
		err = -EINVAL;
	if (!err) {
		err = s->ops->getsockopt ? s->ops->getsockopt(s, level, name, value, room) : -ENOPROTOOPT;
		if (err == -ENOPROTOOPT && level == SOL_SOCKET)
			err = get_common(s, name, value);
	}
	if (err >= 0) {
		room = min(room, (u32)err);
		err = copy_to_user(user, value, room) || put_user_u32(room, (u32 __user *)user_len) ? -EFAULT : 0;
	}
	fdput(f);
	return err;
}
