/* See isa_dma.h. The controller is shared by its channels: registers only with interrupts off, as the flip-flop serves all of them. */
#include "kernel/hal/isa_dma.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/i8237_regs.h"
#include "kernel/hal/port.h"
#include "kernel/lib/err.h"
#include "kernel/lib/seq_buf.h"

#define NR_CHANNELS 4u
#define CASCADE 4u

static const char *owner[NR_CHANNELS]; /* interrupts off */
static const u16 page_register[NR_CHANNELS] = { DMA_PAGE_0, DMA_PAGE_1, DMA_PAGE_2, DMA_PAGE_3 };

int isa_dma_request(u32 channel, const char *name)
{
	u32 flags = irq_save();
	int error = 0;

	if (channel >= NR_CHANNELS)
		error = -EINVAL;
	else if (owner[channel])
		error = -EBUSY;
	else
		owner[channel] = name;
	irq_restore(flags);
	return error;
}

void isa_dma_free(u32 channel)
{
	isa_dma_stop(channel);
	owner[channel] = NULL;
}

static void write_word(u16 port, u32 v)
{
	outb(port, (u8)v);
	outb(port, (u8)(v >> 8));
}

void isa_dma_start(u32 channel, enum isa_dma_direction way, phys_addr_t addr, u32 len)
{
	u32 flags;

	ASSERT(channel < NR_CHANNELS && owner[channel] && len && len <= ISA_DMA_MAX_BYTES);
	ASSERT(addr + len <= ISA_DMA_LIMIT && addr / ISA_DMA_MAX_BYTES == (addr + len - 1) / ISA_DMA_MAX_BYTES);
	flags = irq_save();
	outb(DMA1_SINGLE_MASK, (u8)(DMA_MASK_SET | channel));
	outb(DMA1_MODE, (u8)(DMA_MODE_SINGLE | (way == ISA_DMA_TO_MEMORY ? DMA_MODE_TO_MEMORY : DMA_MODE_FROM_MEMORY) | channel));
	outb(DMA1_CLEAR_FLIP_FLOP, 0);
	write_word((u16)DMA1_BASE_ADDRESS(channel), addr);
	outb(page_register[channel], (u8)(addr >> 16));
	outb(DMA1_CLEAR_FLIP_FLOP, 0);
	write_word((u16)DMA1_BASE_COUNT(channel), len - 1);
	outb(DMA1_SINGLE_MASK, (u8)channel);
	irq_restore(flags);
}

u32 isa_dma_stop(u32 channel)
{
	u32 flags = irq_save(), left;

	outb(DMA1_SINGLE_MASK, (u8)(DMA_MASK_SET | channel));
	outb(DMA1_CLEAR_FLIP_FLOP, 0);
	left = inb((u16)DMA1_BASE_COUNT(channel));
	left |= (u32)inb((u16)DMA1_BASE_COUNT(channel)) << 8;
	irq_restore(flags);
	return (left + 1) & 0xffff; /* the counter stops at 0xffff, one below 0 */
}

int isa_dma_show(struct seq_buf *s, void *arg)
{
	for (u32 i = 0; i < NR_CHANNELS; i++)
		if (owner[i])
			seq_printf(s, "%2u: %s\n", i, owner[i]);
	seq_printf(s, "%2u: cascade\n", CASCADE);
	return 0;
}
