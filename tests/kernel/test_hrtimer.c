/* Tests of the high-resolution timers: order, context, slack, periods; never before the time asked for, whatever the device. */
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/irq/softirq.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"
#include "tests/kernel/ktest.h"

#define NR_PROBES 20u
#define GAP_NS 150000ull
#define LIMIT (ktime_ns() + 5 * NSEC_PER_SEC)

struct probe {
	struct hrtimer timer;
	volatile u32 fired, order;
	u32 context;
	bool early;
};
static struct probe probes[NR_PROBES];
static volatile u32 order;

static enum hrtimer_restart probe_fn(struct hrtimer *t)
{
	struct probe *p = container_of(t, struct probe, timer);

	p->fired++;
	p->order = ++order;
	p->context = preempt_count();
	p->early = hrtimer_now(t) < t->softexpires;
	return HRTIMER_NORESTART;
}

static void await(volatile const u32 *v, u32 wanted)
{
	u64 limit = LIMIT;

	while (*v < wanted && ktime_ns() < limit)
		cpu_relax();
	KT_EQUAL(*v, wanted);
}

/* Also those that are later than the next tick, and one that ends with others because of its slack. */
static void fire_in_order(int clock)
{
	hrtimer_init(&probes[0].timer, clock, probe_fn);
	u64 base = hrtimer_now(&probes[0].timer) + 2 * NSEC_PER_MSEC;

	order = 0;
	local_bh_disable(); /* none ends before all are started, however slow the host is */
	for (u32 i = 0; i < NR_PROBES; i++) {
		struct probe *p = &probes[i * 7 % NR_PROBES];

		*p = (struct probe){ .fired = 0 };
		hrtimer_init(&p->timer, clock, probe_fn);
		KT_EXPECT(!hrtimer_start(&p->timer, base + i * 7 % NR_PROBES * GAP_NS, HRTIMER_MODE_ABS));
	}
	KT_EXPECT(hrtimer_cancel(&probes[5].timer));
	KT_EXPECT(!hrtimer_cancel(&probes[5].timer));
	KT_EXPECT(hrtimer_start_range_ns(&probes[3].timer, base + 30 * NSEC_PER_MSEC, NSEC_PER_MSEC, HRTIMER_MODE_ABS));
	local_bh_enable();
	await(&order, NR_PROBES - 1);
	for (u32 i = 0; i < NR_PROBES; i++) {
		KT_EQUAL(probes[i].fired, i != 5);
		if (i == 5)
			continue;
		KT_EQUAL(probes[i].order, i == 3 ? NR_PROBES - 1 : i < 3 ? i + 1 : i < 5 ? i : i - 1);
		KT_EXPECT(!probes[i].early);
		KT_EXPECT(probes[i].context & 0xff00);
		KT_EXPECT(!hrtimer_is_queued(&probes[i].timer));
	}
}

KTEST(hrtimers_fire_in_order)
{
	fire_in_order(CLOCK_MONOTONIC);
	fire_in_order(CLOCK_REALTIME);
}

static u32 periods, rounds, too_early;

static enum hrtimer_restart periodic_fn(struct hrtimer *t)
{
	u64 now = ktime_ns();

	too_early += now < t->softexpires;
	periods += hrtimer_forward(t, now, GAP_NS);
	too_early += t->softexpires <= now || t->softexpires > now + GAP_NS;
	return ++*(volatile u32 *)&rounds == 20 ? HRTIMER_NORESTART : HRTIMER_RESTART;
}

/* A timer that goes on by HRTIMER_RESTART; forward counts the periods, whether they were served or not. */
KTEST(hrtimer_periods)
{
	static struct hrtimer t;
	u64 start = ktime_ns();

	periods = rounds = too_early = 0;
	hrtimer_init(&t, CLOCK_MONOTONIC, periodic_fn);
	hrtimer_start(&t, start + GAP_NS, HRTIMER_MODE_ABS);
	await(&rounds, 20);
	KT_EXPECT(!hrtimer_cancel(&t));
	KT_EQUAL(too_early, 0);
	KT_EXPECT(t.softexpires == start + GAP_NS + periods * GAP_NS);
	KT_EXPECT(periods >= 20 && periods * GAP_NS <= ktime_ns() - start);
}

KTEST(hrtimer_forward_counts)
{
	struct hrtimer t;

	hrtimer_init(&t, CLOCK_MONOTONIC, probe_fn);
	t.softexpires = 1000;
	t.expires = 1500;
	KT_EQUAL(hrtimer_forward(&t, 999, 10), 0);
	KT_EQUAL(hrtimer_forward(&t, 1000, 10), 1);
	KT_EQUAL(hrtimer_forward(&t, 1019, 10), 1);
	KT_EQUAL(hrtimer_forward(&t, 1020, 10), 1);
	KT_EQUAL(hrtimer_forward(&t, 1999, 10), 97);
	KT_EXPECT(t.softexpires == 2000 && t.expires == 2500);
	KT_EQUAL(hrtimer_forward(&t, 1ull << 40, 1), ~0u);
	KT_EXPECT(t.softexpires == (1ull << 40) + 1);
}

/* One whose time comes first but may be late waits for one that may not; the latter ends both. */
KTEST(hrtimer_slack)
{
	u64 base = ktime_ns() + NSEC_PER_MSEC;

	order = 0;
	for (u32 i = 0; i < 2; i++) {
		probes[i] = (struct probe){ .fired = 0 };
		hrtimer_init(&probes[i].timer, CLOCK_MONOTONIC, probe_fn);
	}
	local_bh_disable(); /* both are due when the softirq comes */
	hrtimer_start_range_ns(&probes[0].timer, base, NSEC_PER_SEC, HRTIMER_MODE_ABS);
	hrtimer_start(&probes[1].timer, base + GAP_NS, HRTIMER_MODE_ABS);
	while (ktime_ns() < base + 10 * NSEC_PER_MSEC) /* at least one tick, if there is no device */
		cpu_relax();
	KT_EQUAL(order, 0);
	local_bh_enable();
	await(&order, 2);
	KT_EQUAL(probes[1].order, 1);
	KT_EQUAL(probes[0].order, 2);
}

/* A sleep ends by its time, or by a wake-up before it; the answer says which. */
KTEST(hrtimer_sleep)
{
	for (u32 i = 0; i < 10; i++) {
		u64 until = ktime_ns() + i * 300000, wall = realtime_ns() + i * 300000;

		set_current_state(TASK_UNINTERRUPTIBLE);
		KT_EXPECT(!schedule_hrtimeout_range_clock(until, 0, CLOCK_MONOTONIC));
		KT_EXPECT(ktime_ns() >= until && current->state == TASK_RUNNING);
		set_current_state(TASK_UNINTERRUPTIBLE);
		KT_EXPECT(!schedule_hrtimeout_range_clock(wall, NSEC_PER_MSEC, CLOCK_REALTIME));
		KT_EXPECT(realtime_ns() >= wall);
	}
	set_current_state(TASK_RUNNING); /* nothing to wait for: it comes back at once, and the timer is gone */
	KT_EXPECT(schedule_hrtimeout_range_clock(ktime_ns() + 3600 * NSEC_PER_SEC, 0, CLOCK_MONOTONIC));
}
