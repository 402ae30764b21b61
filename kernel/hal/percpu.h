/*
 * Per-CPU data, reached through %fs. The entry stubs load %fs with PERCPU_SEL.
 * preempt_count: bits 0..7 depth of atomic sections (spinlocks, preempt_disable, pagefault_disable is separate),
 * bits 8..15 softirq depth, bits 16..19 hard interrupt depth.
 */
#ifndef KERNEL_HAL_PERCPU_H
#define KERNEL_HAL_PERCPU_H

#include "kernel/lib/types.h"

#define MAX_CPUS 1

struct task;
struct regs;

struct percpu {
	struct percpu *self;       /* at %fs:0 */
	struct task *current_task; /* at %fs:4 */
	u32 preempt_count;         /* at %fs:8 */
	u32 sysenter_return;       /* at %fs:12; where a call made by sysenter goes on in the program: the loaded mm's sysenter_return */
	u32 id;
	u32 softirq_pending;       /* bit per vector */
	void *softirq_stack_top;
	struct task *fpu_owner;
	struct regs *irq_regs;     /* what the interrupt being handled interrupted; NULL outside hard interrupts */
	const struct irq_action *irq_action; /* the handler that runs; NULL: none */
	u32 idle_turns;            /* how often the idle loop has come round */
#ifdef CONFIG_DEBUG
	/* Spinlocks this CPU holds, oldest first. Those below held_base belong to code that an interrupt has interrupted. */
	u32 held_locks, held_base;
	u32 serving_softirq; /* a softirq's action runs (preempt_count also counts sections that only keep softirqs off) */
	struct { const void *lock; u8 rank; void *where; } held[24];
#endif
};

#define PREEMPT_ATOMIC 0x1u
#define PREEMPT_SOFTIRQ 0x100u
#define PREEMPT_HARDIRQ 0x10000u

#ifndef HOST_TEST
static inline struct percpu *this_cpu(void) { struct percpu *p; __asm__("movl %%fs:0, %0" : "=r"(p)); return p; }
static inline struct task *get_current(void) { struct task *t; __asm__("movl %%fs:4, %0" : "=r"(t)); return t; }
static inline u32 preempt_count(void) { u32 v; __asm__ volatile("movl %%fs:8, %0" : "=r"(v)); return v; }
static inline void preempt_count_add(u32 n) { __asm__ volatile("addl %0, %%fs:8" : : "ri"(n) : "memory", "cc"); }
static inline void preempt_count_sub(u32 n) { __asm__ volatile("subl %0, %%fs:8" : : "ri"(n) : "memory", "cc"); }
#define current get_current()
#else /* tests/host/shim has them */
struct percpu *this_cpu(void);
struct task *get_current(void);
u32 preempt_count(void);
void preempt_count_add(u32 n);
void preempt_count_sub(u32 n);
#define current get_current()
#endif

static inline void preempt_disable(void) { preempt_count_add(PREEMPT_ATOMIC); }
static inline void preempt_enable(void) { preempt_count_sub(PREEMPT_ATOMIC); }
static inline bool in_hardirq(void) { return preempt_count() >= PREEMPT_HARDIRQ; }
static inline bool in_softirq(void) { return preempt_count() & 0xff00u; }
static inline bool in_interrupt(void) { return preempt_count() >= PREEMPT_SOFTIRQ; }
static inline bool in_atomic(void) { return preempt_count() != 0; }

#endif
