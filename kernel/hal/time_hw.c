/*
 * PIT and TSC. The TSC is measured against PIT channel 2: at both ends of an interval of about 10 ms the counter is latched between two
 * TSC reads, several times, and the reading with the shortest bracket counts. So the error is a few port accesses, even on a machine that
 * is busy with something else, and the best of three intervals is taken.
 */
#include "kernel/hal/time_hw.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/pit_regs.h"
#include "kernel/hal/port.h"
#include "kernel/lib/div64.h"

#define CALIBRATION_TICKS (PIT_HZ / 100)
#define CALIBRATION_RUNS 3
#define SAMPLES 8

static u64 tsc_frequency;
static u32 tsc_per_us;

u64 tsc_hz(void) { return tsc_frequency; }

void pit_start_tick(void)
{
	u32 divisor = (PIT_HZ + HZ / 2) / HZ;

	outb(PIT_CONTROL, PIT_SELECT(0) | PIT_LOHI | PIT_MODE_RATE);
	outb(PIT_CHANNEL0, divisor & 0xff);
	outb(PIT_CHANNEL0, (u8)(divisor >> 8));
}

static u16 read_latched(u32 channel)
{
	outb(PIT_CONTROL, (u8)(PIT_SELECT(channel) | PIT_LATCH));
	u8 lo = inb((u16)(PIT_CHANNEL0 + channel));
	return (u16)(inb((u16)(PIT_CHANNEL0 + channel)) << 8 | lo);
}

u16 pit_read_count(void)
{
	u32 flags = irq_save();
	u16 v = read_latched(0);
	irq_restore(flags);
	return v;
}

struct sample {
	u64 tsc;
	u32 bracket;
	u16 count;
};

static struct sample take_sample(void)
{
	struct sample best = { .bracket = ~0u };

	for (u32 i = 0; i < SAMPLES; i++) {
		u64 before = rdtsc();
		u16 count = read_latched(2);
		u64 after = rdtsc();
		if ((u32)(after - before) < best.bracket)
			best = (struct sample){ before + (after - before) / 2, (u32)(after - before), count };
	}
	return best;
}

u64 tsc_calibrate(void)
{
	u32 best = ~0u;
	u8 port_b = inb(PORT_B);

	outb(PORT_B, (port_b & (u8)~PORT_B_SPEAKER) | PORT_B_GATE2);
	for (u32 run = 0; run < CALIBRATION_RUNS; run++) {
		outb(PIT_CONTROL, PIT_SELECT(2) | PIT_LOHI | PIT_MODE_ONESHOT);
		outb(PIT_CHANNEL2, 0xff);
		outb(PIT_CHANNEL2, 0xff);
		struct sample a = take_sample();
		for (u32 guard = 0; guard < 1000000 && (u16)(a.count - read_latched(2)) < CALIBRATION_TICKS; guard++)
			;
		struct sample b = take_sample();
		u16 ticks = (u16)(a.count - b.count);
		if (ticks && (b.tsc - a.tsc) < 1ull << 40 && a.bracket + b.bracket < best) {
			best = a.bracket + b.bracket;
			tsc_frequency = div_u64((b.tsc - a.tsc) * PIT_HZ, ticks);
		}
	}
	outb(PORT_B, port_b);
	tsc_per_us = (u32)div_u64(tsc_frequency + 999999, 1000000);
	return tsc_frequency;
}

static void wait_cycles(u64 cycles)
{
	u64 start = rdtsc();
	while (rdtsc() - start < cycles)
		cpu_relax();
}

void udelay(u32 us)
{
	if (tsc_per_us) {
		wait_cycles((u64)us * tsc_per_us);
		return;
	}
	while (us--)
		io_delay();
}

void ndelay(u32 ns)
{
	if (tsc_per_us)
		wait_cycles(div_u64((u64)ns * tsc_per_us, 1000) + 1);
	else
		io_delay();
}
