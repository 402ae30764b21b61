/*
 * The address ranges of PCI functions: how large they are, where they lie, and room for those that the firmware never saw, because they
 * were plugged in while the system ran. Reference: PCI Local Bus Specification 3.0, section 6.2.5 (base addresses).
 */
#include "drivers/bus/pci.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/multiboot.h"
#include "mm/alloc.h"

/*
 * Where we put ranges. Ports: from where SeaBIOS puts them; below lie chips that only the ACPI tables' byte code names. Memory: the hole
 * between RAM and the chips below 4 GiB (IOAPIC at 0xfec00000), of which the bridge sends everything that is not RAM to PCI.
 */
#define PORT_WINDOW_MIN 0xc000u
#define PORT_WINDOW_MAX 0xffffu
#define MEMORY_WINDOW_MIN 0xc0000000u
#define MEMORY_WINDOW_MAX 0xfebfffffu
#define MEMORY_WINDOW_ALIGN 0x1000000u
#define MAX_RAM_RANGES 8u

static u32 memory_window_min = MEMORY_WINDOW_MIN;

static struct resource *tree_of(const struct resource *r)
{
	return r->flags & IORESOURCE_IO ? &ioport_resource : &iomem_resource;
}

static u8 bar_register(const struct pci_dev *p, u32 i)
{
	if (i < PCI_ROM_RESOURCE)
		return (u8)(PCI_BASE_ADDRESS_0 + 4 * i);
	return (p->hdr_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE ? PCI_ROM_ADDRESS_BRIDGE : PCI_ROM_ADDRESS;
}

/* ---- sizing ---- */

/* Write all ones to a base address register and see which bits stick; the old value is put back. */
static u32 size_register(struct pci_dev *p, u8 reg, u32 ones, u32 *old)
{
	u32 mask;

	*old = pci_read32(p, reg);
	pci_write32(p, reg, ones);
	mask = pci_read32(p, reg);
	pci_write32(p, reg, *old);
	return mask;
}

static void set_range(struct pci_dev *p, u32 i, u64 start, u64 size, u32 flags)
{
	struct resource *r = &p->resource[i];

	if (size > 0x80000000u)
		return; /* more than we can place, or map */
	if (!start || start + size > 0x100000000ull || (start & (size - 1))) {
		flags |= IORESOURCE_UNSET;
		start = 0;
	}
	*r = (struct resource){ .start = (u32)start, .end = (u32)(start + size - 1), .flags = flags, .name = pci_name(p) };
}

/* Size the register(s) of BAR i; returns how many registers it takes. Decoding is off. */
static u32 size_bar(struct pci_dev *p, u32 i)
{
	u8 reg = bar_register(p, i);
	u32 old, old_high, mask = size_register(p, reg, ~0u, &old), mask_high, flags;

	if (!mask || mask == ~0u)
		return 1;
	if (mask & PCI_BASE_ADDRESS_SPACE_IO) {
		mask &= PCI_BASE_ADDRESS_IO_MASK;
		if (!(mask & 0xffff0000u))
			mask |= 0xffff0000u; /* decodes 16 bits only (section 6.2.5.1) */
		set_range(p, i, old & PCI_BASE_ADDRESS_IO_MASK, (u64)~mask + 1, IORESOURCE_IO);
		return 1;
	}
	flags = IORESOURCE_MEM | (mask & PCI_BASE_ADDRESS_MEM_PREFETCH ? IORESOURCE_PREFETCH : 0);
	if ((mask & PCI_BASE_ADDRESS_MEM_TYPE_MASK) != PCI_BASE_ADDRESS_MEM_TYPE_64 || i + 1 == PCI_NUM_BARS) {
		set_range(p, i, old & PCI_BASE_ADDRESS_MEM_MASK, (u64)~(mask & PCI_BASE_ADDRESS_MEM_MASK) + 1, flags);
		return 1;
	}
	mask_high = size_register(p, (u8)(reg + 4), ~0u, &old_high);
	set_range(p, i, (u64)old_high << 32 | (old & PCI_BASE_ADDRESS_MEM_MASK),
		  ~((u64)mask_high << 32 | (mask & PCI_BASE_ADDRESS_MEM_MASK)) + 1, flags | IORESOURCE_MEM_64);
	return 2;
}

static void size_rom(struct pci_dev *p)
{
	u32 old, mask = size_register(p, bar_register(p, PCI_ROM_RESOURCE), PCI_ROM_ADDRESS_MASK, &old) & PCI_ROM_ADDRESS_MASK;

	if (mask)
		set_range(p, PCI_ROM_RESOURCE, old & PCI_ROM_ADDRESS_MASK, (u64)~mask + 1, IORESOURCE_MEM | IORESOURCE_READONLY);
}

/* While a register holds ones the function must not answer there, so decoding is switched off. */
void pci_size_resources(struct pci_dev *p)
{
	u16 command = pci_read16(p, PCI_COMMAND);
	u8 type = p->hdr_type & PCI_HEADER_TYPE_MASK;
	u32 n = type == PCI_HEADER_TYPE_BRIDGE ? 2 : PCI_NUM_BARS;

	if (type > PCI_HEADER_TYPE_BRIDGE)
		return;
	pci_write16(p, PCI_COMMAND, (u16)(command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
	for (u32 i = 0; i < n;)
		i += size_bar(p, i);
	size_rom(p);
	pci_write16(p, PCI_COMMAND, command);
}

/* ---- addresses ---- */

void pci_claim_resources(struct pci_dev *p)
{
	for (u32 i = 0; i < PCI_NUM_RESOURCES; i++) {
		struct resource *r = &p->resource[i];

		r->name = pci_name(p); /* by now it has one */
		if (!r->flags || (r->flags & IORESOURCE_UNSET) || !request_resource(tree_of(r), r))
			continue;
		pr_warn("pci %s: range %u at 0x%x overlaps another\n", pci_name(p), i, r->start);
		r->end -= r->start;
		r->start = 0;
		r->flags |= IORESOURCE_UNSET;
	}
}

static int assign(struct pci_dev *p, u32 i)
{
	struct resource *r = &p->resource[i];
	bool io = r->flags & IORESOURCE_IO;
	u32 size = resource_size(r), align = io ? size : max(size, PAGE_SIZE); /* a page of its own: it can be mapped alone */
	int error = allocate_resource(tree_of(r), r, size, io ? PORT_WINDOW_MIN : memory_window_min, io ? PORT_WINDOW_MAX : MEMORY_WINDOW_MAX, align);

	if (error) {
		r->start = 0;
		r->end = size - 1;
		return error;
	}
	r->flags &= ~IORESOURCE_UNSET;
	pci_write32(p, bar_register(p, i), r->start);
	if (r->flags & IORESOURCE_MEM_64)
		pci_write32(p, (u8)(bar_register(p, i) + 4), 0);
	return 0;
}

/* The ROM is left alone: nobody runs it. */
int pci_assign_resources(struct pci_dev *p)
{
	int result = 0;

	for (u32 i = 0; i < PCI_NUM_BARS; i++) {
		if (!(p->resource[i].flags & IORESOURCE_UNSET))
			continue;
		if (assign(p, i)) {
			pr_warn("pci %s: no room for range %u of %u bytes\n", pci_name(p), i, resource_size(&p->resource[i]));
			result = -EBUSY;
		}
	}
	return result;
}

void pci_free_resources(struct pci_dev *p)
{
	for (u32 i = 0; i < PCI_NUM_RESOURCES; i++)
		release_resource(&p->resource[i]);
}

/* What the firmware says of memory goes into the tree first, so that no range is put there. */
void pci_window_init(void)
{
	static struct resource ranges[MAX_RAM_RANGES], video = { .start = 0xa0000, .end = 0xbffff, .name = "Video RAM area" };
	const struct multiboot_info *info = boot_info();
	u32 n = 0, ram_end = (u32)min_t(u64, boot_ram_end(), MEMORY_WINDOW_MAX);

	for (u32 i = 0; i < info->nr_mmap && n < MAX_RAM_RANGES; i++) {
		const struct boot_mmap_entry *e = &info->mmap[i];

		if (!e->length || e->base + e->length > 0x100000000ull)
			continue;
		ranges[n] = (struct resource){ .start = (u32)e->base, .end = (u32)(e->base + e->length - 1), .flags = IORESOURCE_MEM,
					       .name = e->type == BOOT_MMAP_RAM ? "System RAM" : "Reserved" };
		n += !request_resource(&iomem_resource, &ranges[n]); /* maps of the firmware may overlap: the first one counts */
	}
	video.flags = IORESOURCE_MEM;
	if (request_resource(&iomem_resource, &video))
		pr_warn("pci: the video memory overlaps RAM\n");
	memory_window_min = max(MEMORY_WINDOW_MIN, ALIGN_UP(ram_end, MEMORY_WINDOW_ALIGN));
}

/* ---- for drivers ---- */

int pci_request_region(struct pci_dev *p, u32 bar, const char *name)
{
	u32 n = pci_resource_len(p, bar), start = pci_resource_start(p, bar);

	if (!n)
		return 0;
	if (pci_resource_flags(p, bar) & IORESOURCE_UNSET)
		return -EBUSY;
	return (pci_resource_flags(p, bar) & IORESOURCE_IO ? request_region(start, n, name) : request_mem_region(start, n, name)) ? 0 : -EBUSY;
}

void pci_release_region(struct pci_dev *p, u32 bar)
{
	u32 n = pci_resource_len(p, bar);

	if (!n)
		return;
	if (pci_resource_flags(p, bar) & IORESOURCE_IO)
		release_region(pci_resource_start(p, bar), n);
	else
		release_mem_region(pci_resource_start(p, bar), n);
}

int pci_request_regions(struct pci_dev *p, const char *name)
{
	for (u32 i = 0; i < PCI_NUM_BARS; i++) {
		int error = pci_request_region(p, i, name);

		if (!error)
			continue;
		while (i--)
			pci_release_region(p, i);
		return error;
	}
	return 0;
}

void pci_release_regions(struct pci_dev *p)
{
	for (u32 i = 0; i < PCI_NUM_BARS; i++)
		pci_release_region(p, i);
}

void __iomem *pci_iomap(struct pci_dev *p, u32 bar, u32 max)
{
	u32 n = bar < PCI_NUM_RESOURCES ? pci_resource_len(p, bar) : 0;

	if (!n || (pci_resource_flags(p, bar) & IORESOURCE_UNSET))
		return NULL;
	if (max && max < n)
		n = max;
	if (pci_resource_flags(p, bar) & IORESOURCE_IO)
		return (void __iomem *)(IOMAP_PORT_BASE + pci_resource_start(p, bar));
	return ioremap(pci_resource_start(p, bar), n);
}

void pci_iounmap(struct pci_dev *p, void __iomem *addr)
{
	if ((uintptr_t)addr >= IOMAP_PORT_END)
		iounmap(addr);
}
