/*
 * Panics on purpose: the kernel word crash=early|process|softirq|irq|irq_sleep|irq_mutex|stack of the debug kernel, for tests/system/test_panic.py and for
 * whoever wants to see a report. `early` faults before there is memory management, the others before the first program starts.
 */
#include "tests/kernel/crash.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/cmdline.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sync/mutex.h"

#define BAD_ADDRESS 0x10u
#define FREE_LINE 5u
#define RECURSION_BYTES 256

static noinline void crash_write_bad_address(void)
{
	u32 *volatile bad = (u32 *)BAD_ADDRESS;

	*(volatile u32 *)bad = 1;
}

static void crash_timer(void *arg) { crash_write_bad_address(); }

static irqreturn_t crash_irq(int irq, void *dev)
{
	crash_write_bad_address();
	return IRQ_HANDLED;
}

static noinline u32 crash_recurse(u32 depth)
{
	volatile u8 room[RECURSION_BYTES];

	room[depth % RECURSION_BYTES] = (u8)depth;
	return depth == ~0u ? 0 : crash_recurse(depth + 1) + room[depth % RECURSION_BYTES];
}

static void crash_in_softirq(void)
{
	static struct timer t;

	timer_init(&t, crash_timer, NULL);
	timer_mod(&t, ktime_ns());
	for (;;)
		;
}

static irqreturn_t crash_irq_sleep(int irq, void *dev)
{
	sleep_ms(1);
	return IRQ_HANDLED;
}

static irqreturn_t crash_irq_mutex(int irq, void *dev)
{
	static DEFINE_MUTEX_RANK(crash_mutex, RANK_OBJECT);

	if (mutex_trylock(&crash_mutex))
		mutex_unlock(&crash_mutex);
	return IRQ_HANDLED;
}

static void crash_in_irq(irq_handler_t handler)
{
	if (request_irq(FREE_LINE, handler, 0, "crash", NULL))
		panic("crash: line %u is taken", FREE_LINE);
	__asm__ volatile("int %0" : : "i"(VECTOR_IRQ_BASE + FREE_LINE));
}

void crash_early(void)
{
	const char *where = cmdline_get("crash");

	if (where && !strcmp(where, "early"))
		crash_write_bad_address();
}

void crash_late(void)
{
	const char *where = cmdline_get("crash");

	if (!where)
		return;
	if (!strcmp(where, "process"))
		crash_write_bad_address();
	else if (!strcmp(where, "softirq"))
		crash_in_softirq();
	else if (!strcmp(where, "irq"))
		crash_in_irq(crash_irq);
	else if (!strcmp(where, "irq_sleep"))
		crash_in_irq(crash_irq_sleep);
	else if (!strcmp(where, "irq_mutex"))
		crash_in_irq(crash_irq_mutex);
	else if (!strcmp(where, "stack"))
		crash_recurse(0);
	panic("crash=%s: nothing is known to crash that way (early, process, softirq, irq, irq_sleep, irq_mutex, stack)", where);
}
