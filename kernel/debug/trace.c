/*
 * The trace ring: fixed records, newest over oldest, per CPU. Writing takes no lock and leaves interrupts alone: a slot is
 * claimed by one instruction, and what an interrupt writes meanwhile goes into the next ones. Reading copies a snapshot, oldest first.
 */
#include "kernel/debug/trace.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace_ring.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

#define RING_SMALL 256u  /* records kept always, for panic */
#define SCREEN_RECORDS 6u /* on a panic's screen (kernel/debug/panic.c) */
#define RING_LARGE 8192u /* while tracing is on */

volatile u32 trace_enabled;

static struct trace_record boot_ring[RING_SMALL];
static struct trace_record *ring = boot_ring;
static u32 ring_size = RING_SMALL;
static u32 head;  /* records ever written; the slot is head % size */
static u32 start; /* records before this one were cleared */
u32 trace_last_id = 1;

const char *const trace_layer_names[] = { "syscall", "vfs", "cache", "fs", "block", "driver", "hal", "irq", "softirq", "sched" };

void trace_write(const struct trace_point *p, u32 id, u32 a, u32 b)
{
	struct trace_record *r;
	u32 n, old;
	u64 tsc;

	/* Slot and time are taken together, so that the ring is in the order of time: an interrupt that writes in between makes it start over. */
	do {
		n = old = READ_ONCE(head);
		tsc = rdtsc();
		__asm__ volatile("cmpxchgl %2, %1" : "+a"(old), "+m"(head) : "r"(n + 1) : "memory", "cc"); /* one instruction: nothing comes inside */
	} while (unlikely(old != n));
	r = &ring[n & (ring_size - 1)];
	r->tsc = tsc;
	r->point = p;
	r->id = id;
	r->pid = current->pid;
	r->a = a;
	r->b = b;
}

static void use_ring(struct trace_record *r, u32 size)
{
	struct trace_record *old;
	u32 flags;

	flags = irq_save();
	old = ring;
	ring = r;
	ring_size = size;
	head = start = 0;
	irq_restore(flags);
	if (old != boot_ring)
		vfree(old);
}

int trace_set_enabled(bool on)
{
	if (on && ring == boot_ring) {
		struct trace_record *r = vmalloc(RING_LARGE * sizeof(*r));

		if (!r)
			return -ENOMEM;
		use_ring(r, RING_LARGE);
	}
	trace_enabled = on;
	return 0;
}

void trace_clear(void)
{
	start = head;
	if (!trace_enabled && ring != boot_ring)
		use_ring(boot_ring, RING_SMALL);
}

u32 trace_first(void)
{
	u32 oldest = head > ring_size ? head - ring_size : 0;

	return start > oldest ? start : oldest;
}

u32 trace_end(void)
{
	return head;
}

int trace_format(u32 n, char *buf, size_t size)
{
	struct trace_record r = ring[n & (ring_size - 1)];
	char args[64];
	u32 ns;
	u64 us;

	if (!r.point)
		return 0;
	ksnprintf(args, sizeof(args), r.point->fmt, r.a, r.b); /* formats are ours: static, for two u32 */
	us = div_u64_rem(ktime_of_tsc(r.tsc), 1000, &ns);
	return kscnprintf(buf, size, "%llu.%03u %d %u %s %s %s:%u %s\n", us, ns, r.pid, r.id, trace_layer_names[r.point->layer], r.point->function,
			  r.point->file, r.point->line, args);
}

void trace_dump_last(u32 n)
{
	char line[160];
	u32 end = head, first = trace_first();

	if (end - first > n)
		first = end - n;
	pr_emerg("Last I/O events (time in us, pid, id, layer, function, place):\n");
	if (first == end)
		pr_emerg("  none yet\n");
	for (; first != end; first++)
		if (trace_format(first, line, sizeof(line)))
			printk(end - first <= SCREEN_RECORDS ? LOG_EMERG : LOG_ALERT, "  %s", line);
}
