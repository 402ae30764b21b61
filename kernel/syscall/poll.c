/*
 * poll and select in all their forms. They differ in how the timeout is told and whether a signal mask comes with it; the waiting is done in
 * io/vfs/poll.c. An interrupted poll goes on with its old deadline after a handler-less signal; the others start again with what is left.
 */
#include "io/vfs/poll.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/fs.h"
#include "kernel/sched/timespec.h"
#include "mm/alloc.h"

#define FAST_FDS 32u

/* ---- timeouts ---- */

enum time_kind { TIMEVAL, TIMESPEC32, TIMESPEC64 };

/* NULL: for ever. A timeout of nothing is the deadline 0: do not wait. */
static int get_deadline(const void __user *user, enum time_kind kind, u64 *deadline)
{
	u64 ns;
	int err;

	*deadline = POLL_FOREVER;
	if (!user)
		return 0;
	if (kind == TIMEVAL) {
		s32 t[2];
		if (copy_from_user(t, user, sizeof(t)))
			return -EFAULT;
		if (t[0] < 0 || t[1] < 0)
			return -EINVAL;
		ns = (u64)(u32)t[0] * NSEC_PER_SEC + (u64)(u32)t[1] * NSEC_PER_USEC;
		err = 0;
	} else {
		err = get_timespec_ns(user, kind == TIMESPEC64, &ns);
	}
	if (!err)
		*deadline = ns ? add_ns(ktime_ns(), ns) : 0;
	return err;
}

/* Tell the program what is left, as Linux does; that it cannot be told is no reason to fail. */
static void put_time_left(void __user *user, enum time_kind kind, u64 deadline)
{
	if (!user || deadline == POLL_FOREVER)
		return;
	u64 now = deadline ? ktime_ns() : 0, left = deadline > now ? deadline - now : 0;
	if (kind == TIMEVAL) {
		u32 rem;
		s32 t[2];
		t[0] = (s32)div_u64_rem(left, NSEC_PER_SEC, &rem);
		t[1] = (s32)(rem / NSEC_PER_USEC);
		if (copy_to_user(user, t, sizeof(t)))
			return;
	} else if (put_timespec_ns(user, kind == TIMESPEC64, left)) {
		return;
	}
}

/* ---- poll ---- */

static long poll_user(struct pollfd_abi __user *user, u32 n, u64 deadline)
{
	struct pollfd_abi fast[FAST_FDS], *fds = fast;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FAST_FDS) {
		fds = kmalloc(n * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	long ret = copy_from_user(fds, user, n * sizeof(*fds)) ? -EFAULT : do_poll(fds, n, deadline);
	if (ret >= 0 && copy_to_user(user, fds, n * sizeof(*fds)))
		ret = -EFAULT;
	if (fds != fast)
		kfree(fds);
	return ret;
}

static long poll_restart(struct restart_block *r)
{
	long ret = poll_user((void __user *)r->arg[0], r->arg[1], r->deadline_ns);
	return ret == -EINTR ? -ERESTART_RESTARTBLOCK : ret;
}

long sys_poll(void __user *fds, u32 n, int timeout_ms)
{
	u64 deadline = POLL_FOREVER;
	if (timeout_ms >= 0)
		deadline = timeout_ms ? add_ns(ktime_ns(), (u64)(u32)timeout_ms * NSEC_PER_MSEC) : 0;
	long ret = poll_user(fds, n, deadline);
	if (ret == -EINTR) {
		current->restart = (struct restart_block){ poll_restart, deadline, { (u32)fds, n } };
		return -ERESTART_RESTARTBLOCK;
	}
	return ret;
}

static long ppoll(void __user *fds, u32 n, void __user *timeout, enum time_kind kind, const void __user *mask, size_t size)
{
	u64 deadline;
	int err = get_deadline(timeout, kind, &deadline);
	if (!err)
		err = set_user_sigmask(mask, size);
	if (err)
		return err;
	long ret = poll_user(fds, n, deadline);
	restore_user_sigmask(ret == -EINTR);
	put_time_left(timeout, kind, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

long sys_ppoll(void __user *fds, u32 n, s32 __user *timeout, const void __user *mask, size_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC32, mask, size);
}

long sys_ppoll_time64(void __user *fds, u32 n, s64 __user *timeout, const void __user *mask, size_t size)
{
	return ppoll(fds, n, timeout, TIMESPEC64, mask, size);
}

/* ---- select ---- */

#define FAST_WORDS 8u /* descriptors 0 to 255 need no allocation */

static int get_set(u32 *to, const u32 __user *user, u32 bytes)
{
	if (!user) {
		memset(to, 0, bytes);
		return 0;
	}
	return copy_from_user(to, user, bytes) ? -EFAULT : 0;
}

static long select_user(int n, u32 __user *in, u32 __user *out, u32 __user *ex, u64 deadline)
{
	u32 fast[6 * FAST_WORDS], *bits = fast;

	if (n < 0)
		return -EINVAL;
	if ((u32)n > current->files->max)
		n = (int)current->files->max;
	u32 words = ((u32)n + 31) / 32, bytes = words * 4;
	if (words > FAST_WORDS) {
		bits = kmalloc(6 * bytes, GFP_KERNEL);
		if (!bits)
			return -ENOMEM;
	}
	struct select_sets s = { bits, bits + words, bits + 2 * words, bits + 3 * words, bits + 4 * words, bits + 5 * words };
	long ret = get_set(s.in, in, bytes) || get_set(s.out, out, bytes) || get_set(s.ex, ex, bytes) ? -EFAULT : do_select((u32)n, &s, deadline);
	if (ret >= 0 && ((in && copy_to_user(in, s.res_in, bytes)) || (out && copy_to_user(out, s.res_out, bytes)) ||
		(ex && copy_to_user(ex, s.res_ex, bytes))))
		ret = -EFAULT;
	if (bits != fast)
		kfree(bits);
	return ret;
}

long sys_select(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout)
{
	u64 deadline;
	int err = get_deadline(timeout, TIMEVAL, &deadline);
	if (err)
		return err;
	long ret = select_user(n, in, out, ex, deadline);
	put_time_left(timeout, TIMEVAL, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

long sys_old_select(const u32 __user *args)
{
	u32 a[5];
	if (copy_from_user(a, args, sizeof(a)))
		return -EFAULT;
	return sys_select((int)a[0], (u32 __user *)a[1], (u32 __user *)a[2], (u32 __user *)a[3], (s32 __user *)a[4]);
}

/* mask: a pointer and a size in user memory, for there are no more registers. */
static long pselect(int n, u32 __user *in, u32 __user *out, u32 __user *ex, void __user *timeout, enum time_kind kind,
	const u32 __user *mask)
{
	u32 m[2] = { 0, 0 };
	u64 deadline;

	if (mask && copy_from_user(m, mask, sizeof(m)))
		return -EFAULT;
	int err = get_deadline(timeout, kind, &deadline);
	if (!err)
		err = set_user_sigmask((const void __user *)m[0], m[1]);
	if (err)
		return err;
	long ret = select_user(n, in, out, ex, deadline);
	restore_user_sigmask(ret == -EINTR);
	put_time_left(timeout, kind, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

long sys_pselect6(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout, const u32 __user *mask)
{
	return pselect(n, in, out, ex, timeout, TIMESPEC32, mask);
}

long sys_pselect6_time64(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s64 __user *timeout, const u32 __user *mask)
{
	return pselect(n, in, out, ex, timeout, TIMESPEC64, mask);
}
