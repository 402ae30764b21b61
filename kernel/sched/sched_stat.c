/* What the scheduler tells others: load average, user and system time of a task, its state letter. */
#include "kernel/lib/div64.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

/*
 * Load average: exponential decay over 1, 5 and 15 minutes of the number of tasks that run or wait uninterruptibly, sampled every 5 s,
 * in fixed point with 11 bits. The factors are 2048 / exp(5 s / 60 s), exp(5/300) and exp(5/900).
 */
#define LOAD_SHIFT 11
#define LOAD_ONE (1u << LOAD_SHIFT)
#define LOAD_INTERVAL_NS (5 * NSEC_PER_SEC)
static const u32 load_factor[3] = { 1884, 2014, 2037 };
static u32 load_avg[3];
static u64 load_next_ns;

/* Hard interrupt, run queue lock held. */
void sched_account_tick(u32 active_tasks, u64 now)
{
	u32 active = active_tasks << LOAD_SHIFT;

	if (now < load_next_ns)
		return;
	load_next_ns = now + LOAD_INTERVAL_NS;
	for (u32 i = 0; i < 3; i++) {
		u32 load = load_avg[i] * load_factor[i] + active * (LOAD_ONE - load_factor[i]);
		if (active >= load_avg[i])
			load += LOAD_ONE - 1;
		load_avg[i] = load >> LOAD_SHIFT;
	}
}

void sched_loadavg(u32 avg[3])
{
	for (u32 i = 0; i < 3; i++)
		avg[i] = load_avg[i];
}

/* a * b / c for times: the operands are brought below 32 bits first; the relative error stays below 2^-31. */
static u64 scale_time(u64 a, u64 b, u64 c)
{
	while (b >> 32 || c >> 32) {
		b >>= 1;
		c >>= 1;
	}
	if (!c)
		return a;
	/* a = q * c + r, so a * b / c = q * b + r * b / c, and r * b is below 2^64. */
	u32 r;
	u64 q = div_u64_rem(a, (u32)c, &r);
	return q * b + div_u64((u64)r * b, (u32)c);
}

void task_cputime(struct task *t, u64 *utime_ns, u64 *stime_ns)
{
	u64 total = task_runtime_ns(t), u = t->utime_ns, s = t->stime_ns, user;

	if (!s)
		user = u ? total : 0; /* no tick saw it: a short-lived task spends its time in the kernel */
	else
		user = u ? scale_time(total, u, u + s) : 0;
	/* neither goes back, and together they are the time on the CPU */
	s = max(total - min(user, total), t->prev_stime_ns);
	user = max(total - min(s, total), t->prev_utime_ns);
	s = total - min(user, total);
	t->prev_utime_ns = user;
	t->prev_stime_ns = s;
	*utime_ns = user;
	*stime_ns = s;
}

char task_state_char(const struct task *t)
{
	if (t->exit_state == TASK_ZOMBIE)
		return 'Z';
	if (t->exit_state == TASK_DEAD || t->state == TASK_DEAD)
		return 'X';
	if (t->state == TASK_RUNNING)
		return 'R';
	if (t->flags & PF_KTHREAD)
		return 'I';
	switch (t->state) {
	case TASK_INTERRUPTIBLE:
		return 'S';
	case TASK_STOPPED:
		return 'T';
	default:
		return 'D';
	}
}
