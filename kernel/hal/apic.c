/*
 * The local APIC (apic.h). Its timer counts down from what is written to the initial count, at a rate that no register tells: it is measured
 * against the TSC while that is calibrated, so it costs no time of its own. Readings are taken between two of the TSC, and the one with the
 * shortest bracket counts, so a busy host does not spoil it.
 */
#include "kernel/hal/apic.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/apic_regs.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/desc.h"
#include "kernel/hal/exception.h"
#include "kernel/hal/mmio.h"
#include "kernel/hal/time_hw.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/div64.h"
#include "mm/alloc.h"

#define SAMPLES 8
#define RETRIES 4u
#define RETRY_US 10000u
#define COUNT_SHIFT 20      /* counts = ns * mult >> COUNT_SHIFT */
#define TIMER_HZ_MIN 1000000u
#define TIMER_HZ_MAX 4000000000u

void isr_apic_timer(void), isr_apic_spurious(void);

static void __iomem *apic;
static u32 mult;
static struct sample {
	u64 tsc;
	u32 bracket, count;
} first;

static u32 apic_read(u32 reg) { return readl((u8 __iomem *)apic + reg); }
static void apic_write(u32 reg, u32 v) { writel(v, (u8 __iomem *)apic + reg); }

void apic_eoi(void) { apic_write(APIC_EOI, 0); }

static struct sample take_sample(void)
{
	struct sample best = { .bracket = ~0u };

	for (u32 i = 0; i < SAMPLES; i++) {
		u64 before = rdtsc();
		u32 count = apic_read(APIC_TIMER_CURRENT);
		u32 took = (u32)(rdtsc() - before);
		if (took < best.bracket)
			best = (struct sample){ before + took / 2, took, count };
	}
	return best;
}

static void begin_measure(void)
{
	apic_write(APIC_TIMER_INITIAL, ~0u);
	first = take_sample();
}

/* Counts a second since begin_measure; 0: the host was away for so long that the reading is worth nothing. */
static u64 end_measure(u64 tsc_hz)
{
	struct sample last = take_sample();
	u64 cycles = last.tsc - first.tsc;

	if (!last.count || (u64)(first.bracket + last.bracket) << 10 > cycles)
		return 0;
	return div64_u64((first.count - last.count) * tsc_hz, cycles);
}

/* Where the registers are; 0: there are none that we can use. */
static phys_addr_t find_apic(void)
{
	u32 a, b, c, features;

	cpuid(1, &a, &b, &c, &features);
	if (!(features & CPUID_EDX_APIC) || !(features & CPUID_EDX_MSR))
		return 0;
	u64 base = rdmsr(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ENABLE) || (base & APIC_BASE_X2APIC) || base >> 32)
		return 0;
	return (phys_addr_t)base & APIC_BASE_ADDRESS;
}

bool apic_init(void)
{
	phys_addr_t where = cmdline_get("nolapic") ? 0 : find_apic();

	if (where)
		apic = ioremap(where, PAGE_SIZE);
	if (!apic)
		return false;
	set_gate(VECTOR_APIC_TIMER, (u32)isr_apic_timer, GATE_INTERRUPT);
	set_gate(VECTOR_APIC_SPURIOUS, (u32)isr_apic_spurious, GATE_INTERRUPT);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_APIC_SPURIOUS); /* first: while it is off, the entries below cannot be unmasked */
	apic_write(APIC_LVT_LINT0, APIC_LVT_EXTINT);
	apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_APIC_TIMER);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	begin_measure();
	return true;
}

bool apic_timer_start(u64 tsc_hz)
{
	u64 hz = end_measure(tsc_hz);

	for (u32 i = 0; i < RETRIES && !hz; i++) {
		begin_measure();
		udelay(RETRY_US);
		hz = end_measure(tsc_hz);
	}
	apic_write(APIC_TIMER_INITIAL, 0);
	if (hz < TIMER_HZ_MIN || hz > TIMER_HZ_MAX)
		return false;
	mult = (u32)div_u64(hz << COUNT_SHIFT, 1000000000u);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER);
	pr_info("apic: one-shot timer at %u kHz\n", (u32)div_u64(hz, 1000));
	return true;
}

void apic_timer_set(u32 ns)
{
	/* The count is rounded up, and a little more than the rate may be wrong: too early would mean to come twice. */
	apic_write(APIC_TIMER_INITIAL, (u32)((u64)ns * mult >> COUNT_SHIFT) + (ns >> 13) + 1);
}
