/*
 * Makes one real spurious interrupt 15: with interrupts off the clock's line 8 becomes pending, then it is masked in the second controller. The
 * first one has the edge latched and asks the CPU in; the second has nothing to say and answers with its lowest line.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_B 0x0b
#define RTC_C 0x0c
#define RTC_PIE 0x40
#define SLAVE_COMMAND 0xa0
#define SLAVE_MASK 0xa1
#define READ_IRR 0x0a

static u8 cmos(u8 reg)
{
	outb(reg, CMOS_INDEX);
	return inb(CMOS_DATA);
}

static int __init spurious15_init(void)
{
	unsigned long flags;
	u8 mask, b;
	u32 tries = 0;

	local_irq_save(flags);
	mask = inb(SLAVE_MASK);
	outb(mask & ~1, SLAVE_MASK);
	b = cmos(RTC_B);
	outb(RTC_B, CMOS_INDEX);
	outb(b | RTC_PIE, CMOS_DATA); /* 1024 times a second, as the firmware leaves it */
	cmos(RTC_C);
	do {
		udelay(1000);
		outb(READ_IRR, SLAVE_COMMAND);
	} while (!(inb(SLAVE_COMMAND) & 1) && ++tries < 5000);
	outb(mask | 1, SLAVE_MASK);
	local_irq_restore(flags);
	udelay(10);
	outb(RTC_B, CMOS_INDEX);
	outb(b, CMOS_DATA);
	cmos(RTC_C);
	local_irq_save(flags);
	outb(mask, SLAVE_MASK);
	local_irq_restore(flags);
	pr_info("spurious15: pending after %u ms\n", tries);
	return tries < 5000 ? 0 : -EIO;
}

static void __exit spurious15_exit(void) { }

module_init(spurious15_init);
module_exit(spurious15_exit);
MODULE_LICENSE("GPL");
