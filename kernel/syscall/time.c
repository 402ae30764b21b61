/* System calls about clocks and sleeping. */
#include "kernel/hal/percpu.h"
#include "kernel/hal/time_hw.h"
#include "kernel/process/internal.h"
#include "kernel/process/usage.h"
#include "kernel/syscall/calls.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/timespec.h"
#include "kernel/sched/vdso_data.h"
#include "kernel/uapi/time.h"


#define TICK_NS (NSEC_PER_SEC / HZ)

/* ---- reading ---- */

static u64 process_cpu_ns(struct task *t)
{
	struct process_usage u;

	spin_lock_bh(&tasklist_lock);
	process_usage(t, &u);
	spin_unlock_bh(&tasklist_lock);
	return u.utime_ns + u.stime_ns;
}

/* CPU clocks of others have negative numbers: ~pid << 3, bit 2 for a thread, and which time (clock_getcpuclockid). */
static int other_cpu_clock(int clock, u64 *ns)
{
	pid_t pid = ~(clock >> 3);
	struct task *t;

	if ((clock & 3) == 3)
		return -EINVAL;
	t = pid ? get_task_by_pid(pid) : get_task(current);
	if (!t)
		return -EINVAL;
	if (clock & 4 && t->signal != current->signal) {
		put_task(t);
		return -EINVAL;
	}
	*ns = clock & 4 || t->flags & PF_KTHREAD ? task_runtime_ns(t) : process_cpu_ns(t);
	put_task(t);
	return 0;
}

static int read_clock(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		*ns = realtime_ns();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = realtime_coarse_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		*ns = ktime_ns();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = ktime_coarse_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns(current);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = task_runtime_ns(current);
		return 0;
	default:
		return clock < 0 ? other_cpu_clock(clock, ns) : -EINVAL;
	}
}

static long clock_get(int clock, void __user *ts, bool wide)
{
	u64 ns;
	int e = read_clock(clock, &ns);

	return e ? e : put_timespec_ns(ts, wide, ns);
}

long sys_clock_gettime(int clock, void __user *ts) { return clock_get(clock, ts, false); }
long sys_clock_gettime64(int clock, void __user *ts) { return clock_get(clock, ts, true); }

static long clock_res(int clock, void __user *ts, bool wide)
{
	u64 ns;
	int e = read_clock(clock, &ns);

	if (e || !ts)
		return e;
	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
		return put_timespec_ns(ts, wide, TICK_NS);
	bool cpu = clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
	return put_timespec_ns(ts, wide, cpu ? 1 : hrtimer_resolution);
}

long sys_clock_getres(int clock, void __user *ts) { return clock_res(clock, ts, false); }
long sys_clock_getres_time64(int clock, void __user *ts) { return clock_res(clock, ts, true); }

long sys_time(u32 __user *t)
{
	u32 now = (u32)div_u64(realtime_coarse_ns(), NSEC_PER_SEC);

	if (t && put_user_u32(now, t))
		return -EFAULT;
	return (long)now;
}

struct timezone_user { s32 minuteswest, dsttime; };

long sys_gettimeofday(void __user *tv, void __user *tz)
{
	if (tv) {
		struct timeval32 t = ns_to_timeval(realtime_ns());
		if (copy_to_user(tv, &t, sizeof(t)))
			return -EFAULT;
	}
	struct timezone_user z = { vdso_data.minuteswest, vdso_data.dsttime };
	return tz && copy_to_user(tz, &z, sizeof(z)) ? -EFAULT : 0;
}

/* ---- setting ---- */

static long set_clock(u64 ns)
{
	if (!capable())
		return -EPERM;
	realtime_set_ns(ns);
	return 0;
}

static long clock_set(int clock, const void __user *ts, bool wide)
{
	u64 ns;
	int e;

	if (clock != CLOCK_REALTIME) {
		e = read_clock(clock, &ns);
		return e || clock < 0 || clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID ? (e ? e : -EPERM) : -EINVAL;
	}
	e = get_timespec_ns(ts, wide, &ns);
	return e ? e : set_clock(ns);
}

long sys_clock_settime(int clock, const void __user *ts) { return clock_set(clock, ts, false); }
long sys_clock_settime64(int clock, const void __user *ts) { return clock_set(clock, ts, true); }

long sys_stime(const u32 __user *t)
{
	u32 sec;

	return get_user_u32(&sec, t) ? -EFAULT : set_clock(to_ns(sec, 0));
}

long sys_settimeofday(const void __user *tv, const void __user *tz)
{
	struct timezone_user z;
	struct timeval32 t;

	if (tz && copy_from_user(&z, tz, sizeof(z)))
		return -EFAULT;
	if (tv && copy_from_user(&t, tv, sizeof(t)))
		return -EFAULT;
	if (tv && (t.sec < 0 || (u32)t.usec >= 1000000))
		return -EINVAL;
	if (!capable())
		return -EPERM;
	if (tz) {
		vdso_data.minuteswest = z.minuteswest;
		vdso_data.dsttime = z.dsttime;
	}
	return tv ? set_clock(to_ns(t.sec, (u32)t.usec * 1000)) : 0;
}

/* ---- sleeping ---- */

/* Sleep until that time of CLOCK_MONOTONIC or CLOCK_REALTIME, also when the latter is set meanwhile. 0 or -EINTR. */
static int sleep_until(u64 deadline, int clock)
{
	for (;;) {
		if (signal_pending_current())
			return -EINTR;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!schedule_until_clock(deadline, clock))
			return 0;
	}
}

/* arg[0]: where to put the remaining time (or 0), arg[1]: wide. */
static long sleep_restart(struct restart_block *r)
{
	u64 deadline = r->deadline_ns, now;

	if (!sleep_until(deadline, CLOCK_MONOTONIC))
		return 0;
	now = ktime_ns();
	if (now >= deadline)
		return 0;
	if (r->arg[0] && put_timespec_ns((void *)r->arg[0], r->arg[1] != 0, deadline - now))
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(u64 ns, void __user *rem, bool wide)
{
	current->restart = (struct restart_block){ sleep_restart, add_ns(ktime_ns(), ns), { (u32)rem, wide } };
	return sleep_restart(&current->restart);
}

static long do_clock_nanosleep(int clock, int flags, const void __user *req, void __user *rem, bool wide)
{
	u64 ns;
	int e;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	default:
		e = read_clock(clock, &ns);
		return e ? e : -EOPNOTSUPP;
	}
	e = get_timespec_ns(req, wide, &ns);
	if (e)
		return e;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(ns, rem, wide);
	e = sleep_until(min(ns, WAIT_FOREVER - 1), clock == CLOCK_REALTIME || clock == CLOCK_TAI ? CLOCK_REALTIME : CLOCK_MONOTONIC);
	return e ? -ERESTARTNOHAND : 0;
}

long sys_clock_nanosleep(int clock, int flags, const void __user *req, void __user *rem)
{
	return do_clock_nanosleep(clock, flags, req, rem, false);
}

long sys_clock_nanosleep_time64(int clock, int flags, const void __user *req, void __user *rem)
{
	return do_clock_nanosleep(clock, flags, req, rem, true);
}

long sys_nanosleep(const void __user *req, void __user *rem) { return do_clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem, false); }
