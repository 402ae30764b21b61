/* Tests of the machine layer: string instructions, clocks, timers, softirqs, interrupt lines, locks, log, symbols. */
#include "kernel/debug/printk.h"
#include "kernel/debug/symbols.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/irq_chip.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

/* ---- string.c is ours only here: on the host the C library's functions run ---- */

#define SPAN 48

static void fill_pattern(u8 *p, u32 n)
{
	for (u32 i = 0; i < n; i++)
		p[i] = (u8)(i * 7 + 3);
}

KTEST(string_moves)
{
	u8 a[SPAN], b[SPAN];

	for (u32 from = 0; from < 12; from++)
		for (u32 to = 0; to < 12; to++)
			for (u32 n = 0; n < SPAN - 12; n++) {
				fill_pattern(a, SPAN);
				fill_pattern(b, SPAN);
				memmove(a + to, a + from, n);
				for (u32 i = 0; i < SPAN; i++)
					if (a[i] != (i >= to && i < to + n ? b[i - to + from] : b[i])) {
						KT_EQUAL(a[i], b[i]);
						return;
					}
			}
}

KTEST(string_fills_and_compares)
{
	u8 a[SPAN], b[SPAN];

	for (u32 at = 0; at < 5; at++)
		for (u32 n = 0; n < 20; n++) {
			memset(a, 0x11, SPAN);
			memset(a + at, 0xfe, n);
			for (u32 i = 0; i < SPAN; i++)
				KT_EQUAL(a[i], i >= at && i < at + n ? 0xfe : 0x11);
			memcpy(b, a, SPAN);
			KT_EQUAL(memcmp(a, b, SPAN), 0);
			b[at + n]++;
			KT_EXPECT(memcmp(a, b, SPAN) < 0 && memcmp(b, a, SPAN) > 0);
			KT_EQUAL(memcmp(a, b, at + n), 0);
		}
	KT_EQUAL(strlen("hello"), 5);
	KT_EQUAL(strnlen("hello", 3), 3);
	KT_EXPECT(strcmp("a", "b") < 0 && strcmp("ab", "a") > 0 && !strcmp("x", "x") && strcmp("\x7f", "\x80") < 0);
	KT_EXPECT(!strncmp("abc", "abd", 2) && strncmp("abc", "abd", 3) < 0);
	KT_EXPECT(!strcmp(strchr("a/b/c", '/'), "/b/c") && !strcmp(strrchr("a/b/c", '/'), "/c") && !strchr("abc", 'x'));
	KT_EXPECT(!strcmp(strstr("root=/dev/sda", "/dev"), "/dev/sda") && !strstr("abc", "abcd") && *strstr("abc", "") == 'a');
	KT_EXPECT(memchr("abc", 'c', 3) && !memchr("abc", 'c', 2));
}

/* ---- clocks ---- */

KTEST(clock_is_monotonic)
{
	u64 last = ktime_ns(), start = last;

	for (u32 i = 0; i < 100000; i++) {
		u64 now = ktime_ns();
		if (now < last) {
			KT_EXPECT(now >= last);
			return;
		}
		last = now;
	}
	KT_EXPECT(last > start);
}

/* The TSC and the PIT must agree on how long a hundredth of a second is, within 2 % and one tick. */
KTEST(clock_agrees_with_pit)
{
	u32 ticks = irq_count(0);
	while (irq_count(0) == ticks)
		cpu_relax();
	u64 start = ktime_ns();
	ticks = irq_count(0);
	while (irq_count(0) - ticks < HZ / 10)
		cpu_relax();
	u64 took = ktime_ns() - start;
	/* On a busy host ticks come late, never early. */
	KT_EXPECT(took > 94 * NSEC_PER_MSEC);
}

KTEST(clock_wall)
{
	u64 before = realtime_ns();

	KT_EXPECT(before > 1500000000ull * NSEC_PER_SEC && before < 4200000000ull * NSEC_PER_SEC);
	KT_EXPECT(before - realtime_coarse_ns() < NSEC_PER_SEC);
	realtime_set_ns(1000 * NSEC_PER_SEC);
	u64 set = realtime_ns();
	KT_EXPECT(set >= 1000 * NSEC_PER_SEC && set < 1001 * NSEC_PER_SEC && realtime_coarse_ns() >= 1000 * NSEC_PER_SEC);
	realtime_set_ns(before + (set - 1000 * NSEC_PER_SEC));
}

KTEST(delays_last_long_enough)
{
	u64 start = ktime_ns();
	udelay(500);
	u64 took = ktime_ns() - start;
	KT_EXPECT(took >= 499 * NSEC_PER_USEC);
	start = ktime_ns();
	ndelay(2000);
	KT_EXPECT(ktime_ns() - start >= 1990);
}

/* ---- timers ---- */

struct timer_probe {
	struct timer timer;
	volatile u32 fired;
	u64 at;
	u32 context, order;
};
static u32 timer_order;

static void probe_fn(void *arg)
{
	struct timer_probe *p = arg;

	p->fired++;
	p->at = ktime_ns();
	p->context = preempt_count();
	p->order = ++timer_order;
}

static void wait_ns(u64 ns)
{
	u64 end = ktime_ns() + ns;
	while (ktime_ns() < end)
		cpu_relax();
}

KTEST(timers_fire_in_order)
{
	static struct timer_probe p[20];
	u64 base = ktime_ns() + 20 * NSEC_PER_MSEC;

	timer_order = 0;
	for (u32 i = 0; i < ARRAY_SIZE(p); i++) {
		u32 place = i * 7 % ARRAY_SIZE(p);
		timer_init(&p[place].timer, probe_fn, &p[place]);
		timer_mod(&p[place].timer, base + place * NSEC_PER_MSEC);
	}
	KT_EXPECT(timer_del(&p[5].timer));
	KT_EXPECT(!timer_del(&p[5].timer));
	timer_mod(&p[3].timer, base + 100 * NSEC_PER_MSEC);
	u64 limit = ktime_ns() + 3 * NSEC_PER_SEC;
	while (!p[3].fired && ktime_ns() < limit)
		cpu_relax();
	KT_EQUAL(p[5].fired, 0);
	KT_EQUAL(p[3].fired, 1);
	KT_EQUAL(timer_order, ARRAY_SIZE(p) - 1);
	for (u32 i = 0; i < ARRAY_SIZE(p); i++) {
		if (i == 5)
			continue;
		KT_EQUAL(p[i].fired, 1);
		KT_EQUAL(p[i].order, i == 3 ? 19 : i < 3 ? i + 1 : i < 5 ? i : i - 1);
		KT_EXPECT(p[i].at >= base + i * NSEC_PER_MSEC);
		KT_EXPECT(p[i].context & 0xff00);
	}
}

static void rearm_fn(void *arg)
{
	struct timer_probe *p = arg;
	if (++p->fired < 5)
		timer_mod(&p->timer, ktime_ns());
}

KTEST(timer_arms_itself)
{
	static struct timer_probe p;
	u64 limit = ktime_ns() + 2 * NSEC_PER_SEC;

	timer_init(&p.timer, rearm_fn, &p);
	timer_mod(&p.timer, ktime_ns());
	while (p.fired < 5 && ktime_ns() < limit)
		cpu_relax();
	KT_EQUAL(p.fired, 5);
	KT_EXPECT(!timer_del_sync(&p.timer));
}

/* ---- interrupts and softirqs ---- */

static volatile u32 handled[2];
static irqreturn_t count_handler(int irq, void *dev)
{
	KT_EXPECT(in_hardirq() && !irqs_enabled() && irq_current_handler());
	handled[dev == &handled[1]]++;
	return dev == &handled[1] ? IRQ_HANDLED : IRQ_NONE;
}

#define FREE_LINE 5u /* nothing sits there on the machines we run on */
#define INTERRUPT() __asm__ volatile("int $37" ::: "memory") /* its vector, as if the controller had sent it */

KTEST(irq_lines_are_shared)
{
	void *none = (void *)&handled[0], *good = (void *)&handled[1];

	KT_EQUAL(request_irq(NR_IRQS, count_handler, 0, "test", NULL), -EINVAL);
	KT_EQUAL(request_irq(FREE_LINE, count_handler, IRQF_SHARED, "test", NULL), -EINVAL);
	KT_EQUAL(request_irq(0, count_handler, IRQF_SHARED, "test", none), -EBUSY);
	KT_EQUAL(request_irq(2, count_handler, IRQF_SHARED, "test", none), -EBUSY);
	KT_EQUAL(request_irq(FREE_LINE, count_handler, IRQF_SHARED, "test0", none), 0);
	KT_EQUAL(request_irq(FREE_LINE, count_handler, 0, "test1", good), -EBUSY);
	KT_EQUAL(request_irq(FREE_LINE, count_handler, IRQF_SHARED, "test1", good), 0);
	handled[0] = handled[1] = 0;
	INTERRUPT();
	KT_EQUAL(handled[0], 1);
	KT_EQUAL(handled[1], 1);
	free_irq(FREE_LINE, good);
	INTERRUPT();
	KT_EQUAL(handled[0], 2);
	KT_EQUAL(handled[1], 1);
	free_irq(FREE_LINE, none);
	KT_EXPECT(!irq_current_handler());
}

/* The mask bit of a line in the controller. */
static bool line_masked(u32 irq) { return port_read8(irq < 8 ? 0x21 : 0xa1) >> (irq & 7) & 1; }

KTEST(irq_disable_has_a_depth)
{
	KT_REQUIRE(!request_irq(FREE_LINE, count_handler, IRQF_NO_AUTOEN, "test", (void *)&handled[1]));
	KT_EXPECT(line_masked(FREE_LINE));
	enable_irq(FREE_LINE);
	KT_EXPECT(!line_masked(FREE_LINE));
	disable_irq(FREE_LINE);
	disable_irq_nosync(FREE_LINE);
	KT_EXPECT(line_masked(FREE_LINE));
	enable_irq(FREE_LINE);
	KT_EXPECT(line_masked(FREE_LINE));
	enable_irq(FREE_LINE);
	KT_EXPECT(!line_masked(FREE_LINE));
	free_irq(FREE_LINE, (void *)&handled[1]);
	KT_EXPECT(line_masked(FREE_LINE));
}

static irqreturn_t slow_handler(int irq, void *dev)
{
	udelay(1000 * (IRQ_HANDLER_LIMIT_MS + 10));
	return IRQ_HANDLED;
}

KTEST(irq_slow_handler_is_named)
{
	static char text[4096];
	u64 pos = log_end();

	KT_REQUIRE(!request_irq(FREE_LINE, slow_handler, 0, "slowcoach", NULL));
	INTERRUPT();
	INTERRUPT(); /* told once */
	free_irq(FREE_LINE, NULL);
	text[log_read(&pos, text, sizeof(text) - 1)] = '\0';
	const char *told = strstr(text, "irq 5: handler \"slowcoach\", slow_handler+");
	KT_REQUIRE(told);
	KT_EXPECT(strstr(told, "Call trace:") && strstr(told, "irq_dispatch+") && !strstr(told + 20, "slowcoach"));
}

/* Nobody wants them: cut off after a bounded number; another handler gets a fresh start. */
KTEST(irq_nobody_cares)
{
	void *none = (void *)&handled[0], *good = (void *)&handled[1];
	u32 nr = 0;

	KT_REQUIRE(!request_irq(FREE_LINE, count_handler, IRQF_SHARED, "uncaring", none));
	for (; nr < 20000 && !line_masked(FREE_LINE); nr++)
		INTERRUPT();
	KT_EXPECT(nr > 1000 && nr < 20000 && line_masked(FREE_LINE));
	KT_REQUIRE(!request_irq(FREE_LINE, count_handler, IRQF_SHARED, "caring", good));
	KT_EXPECT(!line_masked(FREE_LINE));
	for (nr = 0; nr < 12000; nr++)
		INTERRUPT(); /* handled, and this loop goes on in between */
	KT_EXPECT(!line_masked(FREE_LINE));
	free_irq(FREE_LINE, none);
	free_irq(FREE_LINE, good);
}

/* A device that keeps its line up although its handler says it is content: the interrupted code makes no step. */
KTEST(irq_storm_is_cut_off)
{
	struct regs r = { .vector = VECTOR_IRQ_BASE + FREE_LINE, .eip = (u32)handled, .cs = KERNEL_CS };
	u32 nr = 0;

	KT_REQUIRE(!request_irq(FREE_LINE, count_handler, 0, "stuck", (void *)&handled[1]));
	for (; nr < 300000 && !line_masked(FREE_LINE); nr++) {
		irq_disable();
		irq_dispatch(&r);
		irq_enable();
	}
	KT_EXPECT(nr > 1000 && nr < 300000);
	free_irq(FREE_LINE, (void *)&handled[1]);
	KT_REQUIRE(!request_irq(FREE_LINE, count_handler, 0, "again", (void *)&handled[1]));
	KT_EXPECT(!line_masked(FREE_LINE));
	for (nr = 0; nr < 120000; nr++) {
		r.eip++; /* each time one instruction further */
		irq_disable();
		irq_dispatch(&r);
		irq_enable();
	}
	KT_EXPECT(!line_masked(FREE_LINE));
	free_irq(FREE_LINE, (void *)&handled[1]);
}

KTEST(irq_spurious_is_recognised)
{
	u64 before = irq_total();
	u32 seven = irq_spurious_count(7), fifteen = irq_spurious_count(15);

	__asm__ volatile("int $39\n\tint $47" ::: "memory"); /* lines 7 and 15 with their in-service bits clear */
	KT_EQUAL(irq_count(7), 0);
	KT_EQUAL(irq_spurious_count(7), seven + 1);
	KT_EQUAL(irq_spurious_count(15), fifteen + 1);
	KT_EXPECT(irq_total() - before < 5);
}

KTEST(softirq_waits_for_bh_enable)
{
	static struct timer_probe p;

	timer_init(&p.timer, probe_fn, &p);
	local_bh_disable();
	timer_mod(&p.timer, ktime_ns());
	wait_ns(3 * NSEC_PER_SEC / HZ);
	KT_EXPECT(irqs_enabled());
	KT_EQUAL(p.fired, 0);
	local_bh_enable();
	KT_EQUAL(p.fired, 1);
}

/* ---- locks ---- */

KTEST(spinlocks_nest_by_rank)
{
	static DEFINE_SPINLOCK(outer, RANK_QUEUE);
	static DEFINE_SPINLOCK(inner, RANK_DRIVER);
	static DEFINE_SPINLOCK(sibling, RANK_DRIVER);

	spin_lock(&outer);
	u32 flags = spin_lock_irqsave(&inner);
	KT_EXPECT(!irqs_enabled() && in_atomic() && spin_is_held(&inner) && spin_is_held(&outer) && !spin_is_held(&sibling));
	spin_lock_nested(&sibling);
	KT_EXPECT(!spin_trylock(&sibling));
	spin_unlock(&outer); /* in any order */
	spin_unlock(&sibling);
	spin_unlock_irqrestore(&inner, flags);
	KT_EXPECT(irqs_enabled() && !in_atomic());
	KT_EQUAL(this_cpu()->held_locks, 0);
}

/* ---- log, symbols, command line ---- */

KTEST(log_keeps_lines)
{
	char text[200];
	u64 pos = log_end();

	printk(LOG_DEBUG, "log test: one\nlog test: two\n");
	printk(LOG_WARN, "log test: three");
	size_t n = log_read(&pos, text, sizeof(text) - 1);
	text[n] = '\0';
	KT_EXPECT(!strncmp(text, "<7>[", 4) && strstr(text, "log test: one\n<7>[") && strstr(text, "] log test: two\n<4>["));
	KT_EXPECT(n > 6 && !strcmp(text + n - 6, "three\n"));
	KT_EXPECT(pos == log_end() && log_read(&pos, text, sizeof(text)) == 0);
}

KTEST(symbols_are_found)
{
	u32 offset, size;
	char text[80];
	const char *name = symbol_lookup((u32)printk + 3, &offset, &size);

	if (!name)
		KT_SKIP("linked without the symbol table");
	KT_EXPECT(!strcmp(name, "printk"));
	KT_EQUAL(offset, 3);
	KT_EXPECT(size > 3);
	ksnprintf(text, sizeof(text), "%pS", (void *)((u32)printk + 3));
	KT_EXPECT(!strncmp(text, "printk+0x3/0x", 13));
	KT_EXPECT(!symbol_lookup(0x1000, &offset, &size) && !symbol_lookup(0xffffffff, &offset, &size));
}

KTEST(cmdline_has_the_test_word)
{
	KT_EXPECT(cmdline_get("ktest"));
	KT_EXPECT(!cmdline_get("ktes"));
}

KTEST(fpu_state_is_kept)
{
	u8 *area = kzalloc(512, GFP_KERNEL), *fresh = kzalloc(512, GFP_KERNEL);

	if (area && fresh) {
		KT_EQUAL((u32)area & 15, 0);
		fpu_save(area);
		fpu_init_state(fresh);
		fpu_restore(fresh);
		fpu_save(fresh);
		KT_EQUAL(*(u16 *)fresh, 0x37f);
		KT_EQUAL(*(u32 *)(fresh + 24), 0x1f80);
		fpu_restore(area);
	}
	kfree(area);
	kfree(fresh);
}
