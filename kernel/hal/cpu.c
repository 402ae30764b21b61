/* What the CPU is and can do; stopping and resetting it. CPUID: Intel SDM volume 2A; reset: 8042 "pulse output port". */
#include "kernel/hal/cpu.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/div64.h"

#define KBC_STATUS 0x64
#define KBC_STATUS_INPUT_FULL 0x02
#define KBC_COMMAND 0x64
#define KBC_PULSE_RESET 0xFE

void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void machine_reset(void)
{
	static const u8 no_idt[6];

	irq_disable();
	for (u32 i = 0; i < 100000 && inb(KBC_STATUS) & KBC_STATUS_INPUT_FULL; i++)
		io_delay();
	outb(KBC_COMMAND, KBC_PULSE_RESET);
	for (u32 i = 0; i < 100000; i++)
		io_delay();
	__asm__ volatile("lidt (%0); int3" : : "r"(no_idt)); /* no IDT: the first exception is a triple fault */
	cpu_halt_forever();
}

/* EDX of leaf 1, in bit order, as /proc/cpuinfo names them. */
static const char *const feature_names[32] = {
	"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov",
	"pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe",
};

static void cpu_brand(char brand[49])
{
	u32 max, words[12], unused;

	brand[0] = '\0';
	cpuid(0x80000000, &max, &unused, &unused, &unused);
	if (max < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++)
		cpuid(0x80000002 + i, &words[i * 4], &words[i * 4 + 1], &words[i * 4 + 2], &words[i * 4 + 3]);
	memcpy(brand, words, 48);
	brand[48] = '\0';
}

int cpu_show(struct seq_buf *s, void *arg)
{
	u32 max, sig, vendor[4] = { 0 }, b, c, features, rem;
	char brand[49];

	cpuid(0, &max, &vendor[0], &vendor[2], &vendor[1]);
	cpuid(1, &sig, &b, &c, &features);
	cpu_brand(brand);
	u32 family = sig >> 8 & 15, model = sig >> 4 & 15;
	if (family == 6 || family == 15)
		model |= sig >> 12 & 0xf0;
	if (family == 15)
		family += sig >> 20 & 0xff;
	u32 khz = (u32)div_u64(tsc_hz(), 1000);
	u32 mhz = (u32)div_u64_rem(khz, 1000, &rem);
	seq_printf(s, "processor\t: 0\nvendor_id\t: %.12s\ncpu family\t: %u\nmodel\t\t: %u\n", (const char *)vendor, family, model);
	seq_printf(s, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %u.%03u\n", brand[0] ? brand : "unknown", sig & 15, mhz, rem);
	seq_printf(s, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", max);
	for (u32 i = 0; i < 32; i++)
		if (features & BIT(i) && feature_names[i])
			seq_printf(s, " %s", feature_names[i]);
	seq_printf(s, "\nbogomips\t: %u.%02u\n\n", khz * 2 / 1000, khz * 2 / 10 % 100);
	return 0;
}
