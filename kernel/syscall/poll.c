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

/* ---- timeouts ---- */

static const u64 forever = WAIT_FOREVER;
enum time_kind { TIMEVAL, TIMESPEC32, TIMESPEC64 };

/* NULL: for ever. A timeout of nothing is the deadline 0: do not wait. */
static int get_deadline(const void __user *user, enum time_kind kind, u64 *deadline)
{
	u64 ns;
	int err;

	*deadline = WAIT_FOREVER;
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
	if (!user || deadline == WAIT_FOREVER)
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

static long poll_restart(struct restart_block *r)
{
	long ret = do_poll((void __user *)r->arg[0], r->arg[1], &r->deadline_ns);
	return ret == -EINTR ? -ERESTART_RESTARTBLOCK : ret;
}

static noinline long poll_interrupted(void __user *fds, u32 n, u64 deadline)
{
	current->restart = (struct restart_block){ poll_restart, deadline, { (u32)fds, n } };
	return -ERESTART_RESTARTBLOCK;
}

long sys_poll(void __user *fds, u32 n, int timeout_ms)
{
	u64 deadline = WAIT_FOREVER;
	if (timeout_ms >= 0)
		deadline = timeout_ms ? add_ns(ktime_ns(), (u64)(u32)timeout_ms * NSEC_PER_MSEC) : 0;
	long ret = do_poll(fds, n, &deadline);
	return ret == -EINTR ? poll_interrupted(fds, n, deadline) : ret;
}

static long ppoll(void __user *fds, u32 n, void __user *timeout, enum time_kind kind, const void __user *mask, size_t size)
{
	u64 deadline;
	int err = get_deadline(timeout, kind, &deadline);
	if (!err)
		err = set_user_sigmask(mask, size);
	if (err)
		return err;
	long ret = do_poll(fds, n, &deadline);
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

/* Apart, so that the common call without a timeout is short. */
static noinline long select_timed(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout)
{
	u64 deadline;
	int err = get_deadline(timeout, TIMEVAL, &deadline);
	if (err)
		return err;
	long ret = do_select(n, in, out, ex, &deadline);
	put_time_left(timeout, TIMEVAL, deadline);
	return ret;
}

long sys_select(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout)
{
	return timeout ? select_timed(n, in, out, ex, timeout) : do_select(n, in, out, ex, &forever);
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
	long ret = do_select(n, in, out, ex, &deadline);
	restore_user_sigmask(ret == -ERESTARTNOHAND);
	put_time_left(timeout, kind, deadline);
	return ret;
}

long sys_pselect6(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout, const u32 __user *mask)
{
	return pselect(n, in, out, ex, timeout, TIMESPEC32, mask);
}

long sys_pselect6_time64(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s64 __user *timeout, const u32 __user *mask)
{
	return pselect(n, in, out, ex, timeout, TIMESPEC64, mask);
}
