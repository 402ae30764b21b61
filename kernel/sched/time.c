/*
 * Clocks (time.h). ktime_ns is one TSC read and two 32-bit multiplications: ns = cycles * mult >> CLOCK_SHIFT. The wall clock is the
 * monotonic one plus an offset. The tick keeps the coarse clocks and the timers going, and writes down for the vDSO (vdso_data.h) where the
 * clocks are; programs count on from there by the same arithmetic, so both see the same time.
 */
#include "kernel/sched/time.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/cmos.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/div64.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/jiffies.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/vdso_data.h"

/* CLOCK_SHIFT is constant, which makes the multiplication short; at 24 a TSC may run from 4 MHz up, and mult is exact to 10^-6 below 16 GHz. */
#define TSC_HZ_MIN 4000000u

/* Written once by time_init; until then the clock stands at 0. */
static u32 mult;
static u64 tsc_start;

struct vdso_data vdso_data __attribute__((section(".bss.page")));
static LIST_HEAD(clock_set_hooks); /* filled while the kernel starts */
static u64 wall_offset; /* realtime - monotonic; this and the next: vdso_data.seq */
static u64 coarse_ns;   /* realtime at the last tick */
static u64 jiffy_start; /* ktime_ns when jiffies last moved; written by the tick alone */
volatile unsigned long jiffies = INITIAL_JIFFIES;
volatile u32 realtime_coarse_sec, realtime_coarse_nsec;

static inline u64 cycles_to_ns(u64 cycles)
{
	u32 low = (u32)cycles, high = (u32)(cycles >> 32);

	return ((u64)low * mult >> CLOCK_SHIFT) + ((u64)high * mult << (32 - CLOCK_SHIFT));
}

u64 ktime_ns(void) { return cycles_to_ns(rdtsc() - tsc_start); }

u64 ktime_of_tsc(u64 tsc) { return mult && tsc > tsc_start ? cycles_to_ns(tsc - tsc_start) : 0; }

u64 realtime_offset_ns(void)
{
	u64 offset;
	u32 seq;

	do {
		seq = seq_read_begin(&vdso_data.seq);
		offset = wall_offset;
	} while (seq_read_retry(&vdso_data.seq, seq));
	return offset;
}

u64 realtime_ns(void)
{
	u64 offset = realtime_offset_ns();

	return ktime_ns() + offset;
}

static u64 read_coarse(bool monotonic)
{
	u64 ns;
	u32 seq;

	do {
		seq = seq_read_begin(&vdso_data.seq);
		ns = monotonic ? coarse_ns - wall_offset : coarse_ns;
	} while (seq_read_retry(&vdso_data.seq, seq));
	return ns;
}

u64 realtime_coarse_ns(void) { return read_coarse(false); }
u64 ktime_coarse_ns(void) { return read_coarse(true); }

static void set_clock(struct vdso_clock *c, u64 ns)
{
	c->sec = div_u64_rem(ns, (u32)NSEC_PER_SEC, &c->nsec);
}

/* The clocks at `tsc`: for coarse readers, and what the vDSO counts from. Interrupts off. */
static void publish(u64 tsc, u64 offset)
{
	struct vdso_data *v = &vdso_data;
	u64 cycles = tsc - tsc_start, now = cycles_to_ns(cycles);

	seq_write_begin(&v->seq);
	wall_offset = offset;
	coarse_ns = now + offset;
	v->tsc = tsc;
	v->mult = mult;
	v->fraction = (u32)cycles * mult & (BIT(CLOCK_SHIFT) - 1);
	set_clock(&v->monotonic, now);
	set_clock(&v->realtime, coarse_ns);
	seq_write_end(&v->seq);
	realtime_coarse_nsec = v->realtime.nsec;
	realtime_coarse_sec = (u32)v->realtime.sec;
}

void realtime_set_ns(u64 ns)
{
	struct clock_set_hook *h;
	u32 flags = irq_save();
	u64 tsc = rdtsc();

	publish(tsc, ns - cycles_to_ns(tsc - tsc_start));
	irq_restore(flags);
	list_for_each_entry(h, &clock_set_hooks, node)
		h->fn();
}

void clock_set_register(struct clock_set_hook *h) { list_add_tail(&h->node, &clock_set_hooks); }

u64 jiffies_to_ktime(unsigned long j)
{
	u32 flags = irq_save();
	u64 start = jiffy_start;
	long ahead = (long)(j - jiffies);

	irq_restore(flags);
	return ahead > 0 ? start + (u64)ahead * TICK_NSEC : start;
}

void tick(bool user_mode)
{
	u64 tsc = rdtsc(), now = cycles_to_ns(tsc - tsc_start);

	while (now - jiffy_start >= TICK_NSEC) {
		jiffy_start += TICK_NSEC;
		jiffies++;
	}
	publish(tsc, wall_offset);
	timer_tick(now);
	hrtimer_tick(now);
	sched_tick(user_mode);
}

static irqreturn_t pit_irq(int irq, void *dev)
{
	tick(regs_user_mode(this_cpu()->irq_regs));
	return IRQ_HANDLED;
}

/* The wall clock starts from the battery's (UTC); from 1970 when that makes no sense. */
static void set_from_cmos(void)
{
	struct calendar c;

	cmos_get_time(&c);
	realtime_set_ns(calendar_valid(&c) ? calendar_to_seconds(&c) * NSEC_PER_SEC : 0);
}

int time_init(void)
{
	bool apic = apic_init(); /* it is measured while the TSC is */
	u64 hz = tsc_calibrate();
	u32 rem;

	if (hz < TSC_HZ_MIN)
		panic("the TSC runs at %llu Hz; at least %u are needed", hz, TSC_HZ_MIN);
	tsc_start = rdtsc();
	mult = (u32)div64_u64((NSEC_PER_SEC << CLOCK_SHIFT) + hz / 2, hz);
	set_from_cmos();
	u32 mhz = (u32)div_u64_rem(div_u64(hz, 1000), 1000, &rem);
	pr_info("time: TSC runs at %u.%03u MHz, tick %u Hz\n", mhz, rem, HZ);
	vdso_data.hrtimer_res = hrtimer_resolution;
	if (apic && apic_timer_start(hz))
		hrtimer_enable_highres();
	int ret = request_irq(0, pit_irq, 0, "timer", NULL);
	if (ret)
		return ret;
	pit_start_tick();
	return 0;
}
