/*
 * High-resolution timers (hrtimer.h): a red-black tree for each clock in order of the latest expiry (`expires`), equal ones in the order they
 * were started. One lock (RANK_TIMER), also taken with interrupts off, guards all here. Functions run in the softirq without the lock.
 *
 * The event device, the local APIC's timer, is set only when that is needed: next_look is when somebody looks at the trees in any case, at the
 * next tick or when the device fires as it is set already, and only an earlier expiry sets the device. A timer that is cancelled leaves
 * the device as it is: should it fire for nothing, that costs an interrupt; setting it each time would cost more.
 */
#include "kernel/sched/hrtimer.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sched/jiffies.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timespec.h"
#include "kernel/sched/vdso_data.h"

#define NEVER (~0ull)
#define MIN_DELTA_NS 5000u /* not less ahead: what is due again and again leaves the CPU some time */

static struct base {
	struct rb_root tree;
	struct rb_node *first;   /* leftmost */
} bases[HRTIMER_BASES];
static DEFINE_SPINLOCK(hrtimer_lock, RANK_TIMER);
static struct hrtimer *running;    /* its function is being called */
static u64 next_tick, device_next = NEVER; /* ktime_ns of the next tick, of what the device is set for */
static u64 next_look = NEVER;      /* the earlier of the two */
u32 hrtimer_resolution = TICK_NSEC;

static inline struct hrtimer *first_of(const struct base *b) { return b->first ? rb_entry(b->first, struct hrtimer, node) : NULL; }
/* What to add to the monotonic clock. */
static inline u64 offset_of(u32 clock) { return clock == CLOCK_REALTIME ? realtime_offset_ns() : 0; }

/* ---- the event device ---- */

static void set_device(u64 when)
{
	if (hrtimer_resolution != 1)
		return;
	u64 now = ktime_ns();
	next_look = device_next = when;
	apic_timer_set(when > now + MIN_DELTA_NS ? (u32)(when - now) : MIN_DELTA_NS);
}

/* The monotonic time at which t has to run. */
static inline u64 monotonic_expiry(const struct hrtimer *t)
{
	u64 offset = offset_of(t->clock);

	return t->expires > offset ? t->expires - offset : 0;
}

/* Lock held, or interrupts off on the only CPU: something waits for a moment before anybody looks? */
static void set_for_first(void)
{
	u64 next = NEVER;

	for (u32 i = 0; i < HRTIMER_BASES; i++)
		if (bases[i].first)
			next = min(next, monotonic_expiry(first_of(&bases[i])));
	if (next < next_look)
		set_device(next);
}

/* Is the first of a tree due? Then the softirq does all, also what is to be set afterwards. */
static void look(u64 now)
{
	for (u32 i = 0; i < HRTIMER_BASES; i++) {
		const struct hrtimer *t = first_of(&bases[i]);

		if (t && t->softexpires <= now + offset_of(i)) {
			softirq_raise(SOFTIRQ_HRTIMER);
			return;
		}
	}
	set_for_first();
}

void hrtimer_tick(u64 now_ns)
{
	next_tick = now_ns + TICK_NSEC;
	if (device_next <= now_ns)
		device_next = NEVER; /* its interrupt is on the way */
	next_look = min(next_tick, device_next);
	look(now_ns);
}

void hrtimer_interrupt(void)
{
	device_next = NEVER;
	next_look = next_tick;
	look(ktime_ns());
}

void hrtimer_enable_highres(void)
{
	hrtimer_resolution = vdso_data.hrtimer_res = 1;
}

/* ---- the trees; lock held ---- */

/* Where it belongs; true: it is the first now. */
static bool enqueue(struct base *b, struct hrtimer *t)
{
	struct rb_node **link = &b->tree.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (t->expires < rb_entry(parent, struct hrtimer, node)->expires) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &b->tree);
	t->queued = true;
	if (leftmost)
		b->first = &t->node;
	return leftmost;
}

static void dequeue(struct hrtimer *t)
{
	struct base *b = &bases[t->clock];

	if (b->first == &t->node)
		b->first = rb_next(b->first);
	rb_erase(&t->node, &b->tree);
	t->queued = false;
}

static void start(struct hrtimer *t)
{
	u64 when;

	if (!enqueue(&bases[t->clock], t))
		return;
	when = monotonic_expiry(t);
	if (when < next_look)
		set_device(when);
}

/* ---- the interface ---- */

void hrtimer_init(struct hrtimer *t, int clock, enum hrtimer_restart (*function)(struct hrtimer *t))
{
	*t = (struct hrtimer){ .clock = (u8)clock, .function = function };
}

u64 hrtimer_now(const struct hrtimer *t) { return t->clock == CLOCK_REALTIME ? realtime_ns() : ktime_ns(); }

bool hrtimer_start_range_ns(struct hrtimer *t, u64 time, u64 delta_ns, enum hrtimer_mode mode)
{
	u32 flags = spin_lock_irqsave(&hrtimer_lock);
	bool was = t->queued;

	if (was)
		dequeue(t);
	t->softexpires = mode == HRTIMER_MODE_REL ? add_ns(hrtimer_now(t), time) : time;
	t->expires = add_ns(t->softexpires, delta_ns);
	start(t);
	spin_unlock_irqrestore(&hrtimer_lock, flags);
	return was;
}

bool hrtimer_restart(struct hrtimer *t) { return hrtimer_start_range_ns(t, t->softexpires, t->expires - t->softexpires, HRTIMER_MODE_ABS); }

int hrtimer_try_to_cancel(struct hrtimer *t)
{
	int was = 0;

	if (!t->queued && READ_ONCE(running) != t) /* the usual case costs no lock */
		return 0;
	u32 flags = spin_lock_irqsave(&hrtimer_lock);
	if (t->queued) {
		dequeue(t);
		was = 1;
	} else if (running == t) {
		was = -1;
	}
	spin_unlock_irqrestore(&hrtimer_lock, flags);
	return was;
}

bool hrtimer_cancel(struct hrtimer *t)
{
	int was = hrtimer_try_to_cancel(t);

	ASSERT(was >= 0 || !in_interrupt());
	while (was < 0) {
		cpu_relax();
		was = hrtimer_try_to_cancel(t);
	}
	return was;
}

u32 hrtimer_forward(struct hrtimer *t, u64 now, u64 interval)
{
	u64 n;

	if (t->softexpires > now)
		return 0;
	n = now - t->softexpires < interval ? 1 : div64_u64(now - t->softexpires, interval) + 1;
	t->softexpires += n * interval;
	t->expires += n * interval;
	return n >> 32 ? ~0u : (u32)n;
}

/* ---- expiry ---- */

/* Lock held, released while a function runs. `now` is read once: what starts itself again a nanosecond ahead does not keep us here. */
static void run_due(struct base *b, u64 now, u32 flags)
{
	struct hrtimer *t;

	while ((t = first_of(b)) && t->softexpires <= now) {
		dequeue(t);
		running = t;
		spin_unlock_irqrestore(&hrtimer_lock, flags);
		bool again = t->function(t) == HRTIMER_RESTART;
		spin_lock_irq(&hrtimer_lock);
		running = NULL;
		if (again && !t->queued)
			enqueue(b, t);
	}
}

static void hrtimer_softirq(void)
{
	u32 flags = spin_lock_irqsave(&hrtimer_lock);
	u64 now = ktime_ns();

	for (u32 i = 0; i < HRTIMER_BASES; i++)
		if (bases[i].first)
			run_due(&bases[i], now + offset_of(i), flags);
	set_for_first();
	spin_unlock_irqrestore(&hrtimer_lock, flags);
}

/* Everything of CLOCK_REALTIME is at another monotonic time now. */
static void wall_clock_set(void) { softirq_raise(SOFTIRQ_HRTIMER); }

int hrtimers_init(void)
{
	static struct clock_set_hook hook = { .fn = wall_clock_set };

	clock_set_register(&hook);
	softirq_open(SOFTIRQ_HRTIMER, "HRTIMER", hrtimer_softirq);
	return 0;
}

/* ---- sleeping ---- */

struct hrtimer_sleeper {
	struct hrtimer timer;
	struct task *task;
};

static enum hrtimer_restart hrtimer_wakeup(struct hrtimer *t)
{
	wake_up_process(container_of(t, struct hrtimer_sleeper, timer)->task);
	return HRTIMER_NORESTART;
}

/* How late a sleep of the running task may end: 0 for real-time policies; its timer slack (prctl); a tick for kernel threads. */
static u64 slack_of_current(void)
{
	const struct task *t = current;

	return unlikely(t->rt_priority) ? 0 : unlikely(t->flags & PF_KTHREAD) ? TICK_NSEC : t->timer_slack_ns;
}

bool schedule_hrtimeout_range_clock(u64 deadline_ns, u64 slack_ns, int clock)
{
	struct hrtimer_sleeper s;

	if (deadline_ns == WAIT_FOREVER) {
		schedule();
		return true;
	}
	hrtimer_init(&s.timer, clock, hrtimer_wakeup);
	if (hrtimer_now(&s.timer) >= deadline_ns) {
		current->state = TASK_RUNNING;
		return false;
	}
	s.task = current;
	hrtimer_start_range_ns(&s.timer, deadline_ns, slack_ns, HRTIMER_MODE_ABS);
	schedule();
	return hrtimer_cancel(&s.timer);
}

bool schedule_until_clock(u64 deadline_ns, int clock) { return schedule_hrtimeout_range_clock(deadline_ns, slack_of_current(), clock); }

bool schedule_until(u64 deadline_ns)
{
	if (deadline_ns == WAIT_FOREVER) { /* most often: it need not know about slack */
		schedule();
		return true;
	}
	return schedule_until_clock(deadline_ns, CLOCK_MONOTONIC);
}

/* ---- /proc/timer_list ---- */

static void show_sleeper(struct seq_buf *s, const struct hrtimer *t)
{
	if (t->function == hrtimer_wakeup)
		seq_printf(s, ", %s/%d", container_of(t, struct hrtimer_sleeper, timer)->task->comm, container_of(t, struct hrtimer_sleeper, timer)->task->pid);
}

static void show_base(struct seq_buf *s, u32 clock, u64 now)
{
	static const char *const names[HRTIMER_BASES] = { "ktime_get_real", "ktime_get" };
	u64 offset = offset_of(clock);
	u32 n = 0;

	seq_printf(s, " clock %u:\n  .resolution: %u nsecs\n  .get_time:   %s\n  .offset:     %llu nsecs\nactive timers:\n", clock, hrtimer_resolution,
		   names[clock], offset);
	for (struct rb_node *node = bases[clock].first; node && !s->overflow; node = rb_next(node)) {
		const struct hrtimer *t = rb_entry(node, struct hrtimer, node);

		seq_printf(s, " #%u: %pS", n++, (void *)t->function);
		show_sleeper(s, t);
		seq_printf(s, "\n # expires at %llu-%llu nsecs [in %lld to %lld nsecs]\n", t->softexpires, t->expires,
			   (s64)(t->softexpires - now - offset), (s64)(t->expires - now - offset));
	}
}

void hrtimer_show(struct seq_buf *s, u64 now_ns)
{
	u32 flags = spin_lock_irqsave(&hrtimer_lock);

	for (u32 i = 0; i < HRTIMER_BASES; i++)
		show_base(s, i, now_ns);
	seq_printf(s, "  .hres_active: %u\n", hrtimer_resolution == 1);
	if (device_next != NEVER)
		seq_printf(s, "  .expires_next: %llu nsecs\n", device_next);
	spin_unlock_irqrestore(&hrtimer_lock, flags);
}
