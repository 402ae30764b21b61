/*
 * ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU: counted by the tick, only for processes that use them (signal->cpu_timers). POSIX timers of CPU
 * clocks are looked at here too.
 */
#include "kernel/hal/time_hw.h"
#include "kernel/process/internal.h"
#include "kernel/syscall/posix_timer.h"

#define TICK_NS (NSEC_PER_SEC / HZ)

static bool count_down(struct cpu_itimer *it)
{
	if (!it->left_ns)
		return false;
	if (it->left_ns > TICK_NS) {
		it->left_ns -= TICK_NS;
		return false;
	}
	it->left_ns = it->interval_ns;
	return true;
}

/* Hard interrupt. */
void cpu_timer_tick(struct task *t, bool user_mode)
{
	struct signal *s = t->signal;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);
	const struct rlimit_k *limit = &s->rlim[RLIMIT_CPU];
	bool virt = user_mode && count_down(&s->it_virt), prof = count_down(&s->it_prof), xcpu = false, kill = false;

	s->cpu_ns += TICK_NS;
	if (limit->max < RLIM_INFINITY / NSEC_PER_SEC && s->cpu_ns >= limit->max * NSEC_PER_SEC) {
		kill = true;
	} else if (limit->cur < RLIM_INFINITY / NSEC_PER_SEC && s->cpu_ns >= max(limit->cur * NSEC_PER_SEC, s->next_xcpu_ns)) {
		xcpu = true;
		s->next_xcpu_ns = s->cpu_ns + NSEC_PER_SEC; /* again every second until the hard limit */
	}
	s->cpu_timers = posix_cpu_timers_tick(t) || s->it_virt.left_ns || s->it_prof.left_ns || limit->cur != RLIM_INFINITY || limit->max != RLIM_INFINITY;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (virt)
		send_signal_process(t, SIGVTALRM, NULL);
	if (prof)
		send_signal_process(t, SIGPROF, NULL);
	if (xcpu)
		send_signal_process(t, SIGXCPU, NULL);
	if (kill)
		send_signal_process(t, SIGKILL, NULL);
}
