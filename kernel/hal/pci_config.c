/* Configuration mechanism 1 of PCI, see pci_config.h. */
#include "kernel/hal/pci_config.h"
#include "kernel/hal/port.h"
#include "kernel/sync/spinlock.h"

#define CONFIG_ADDRESS 0xcf8 /* R/W, 32 bits at once only */
#define CONFIG_DATA 0xcfc    /* R/W, 8, 16 or 32 bits at the offset's low two bits */
#define CONFIG_ENABLE BIT(31)

static DEFINE_SPINLOCK(config_lock, RANK_DRIVER);

/* Lock held: the data port that shows this register. */
static u16 select_register(u8 bus, u8 devfn, u8 offset)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (u32)bus << 16 | (u32)devfn << 8 | (offset & 0xfcu));
	return (u16)(CONFIG_DATA + (offset & 3u));
}

#define DEFINE_ACCESSORS(bits, in, out) \
	u##bits pci_config_read##bits(u8 bus, u8 devfn, u8 offset) \
	{ \
		u32 flags = spin_lock_irqsave(&config_lock); \
		u##bits v = in(select_register(bus, devfn, offset)); \
		spin_unlock_irqrestore(&config_lock, flags); \
		return v; \
	} \
	void pci_config_write##bits(u8 bus, u8 devfn, u8 offset, u##bits value) \
	{ \
		u32 flags = spin_lock_irqsave(&config_lock); \
		out(select_register(bus, devfn, offset), value); \
		spin_unlock_irqrestore(&config_lock, flags); \
	}

DEFINE_ACCESSORS(8, inb, outb)
DEFINE_ACCESSORS(16, inw, outw)
DEFINE_ACCESSORS(32, inl, outl)

bool pci_config_present(void)
{
	u32 flags = spin_lock_irqsave(&config_lock);
	u32 old = inl(CONFIG_ADDRESS), back;

	outl(CONFIG_ADDRESS, CONFIG_ENABLE);
	back = inl(CONFIG_ADDRESS);
	outl(CONFIG_ADDRESS, old);
	spin_unlock_irqrestore(&config_lock, flags);
	return back == CONFIG_ENABLE;
}
