/*
 * The PCI bus: finding every function by walking the buses from 0 on, through bridges as the firmware numbered them; sizing their base
 * address registers; matching them with drivers. Addresses and interrupt lines stay as the firmware set them.
 * References: PCI Local Bus Specification 3.0, sections 6.1 (header), 6.2.5 (base addresses); PCI-to-PCI Bridge 1.2, section 3.2.5.
 */
#include "drivers/bus/pci.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/bitmap.h"
#include "mm/alloc.h"

#define MAX_BUSES 256u
#define DEVICES_PER_BUS 32u
#define FUNCTIONS_PER_DEVICE 8u
#define MAX_BRIDGE_DEPTH 8u

static struct device pci_root; /* /sys/devices/pci0000:00 */
static u8 bus_seen[MAX_BUSES / 8];
static u32 nr_functions;

static const struct pci_device_id *find_id(const struct pci_dev *p, const struct pci_driver *d)
{
	for (u32 i = 0; i < d->nr_ids; i++) {
		const struct pci_device_id *id = &d->ids[i];

		if ((id->vendor == PCI_ANY_ID || id->vendor == p->vendor) && (id->device == PCI_ANY_ID || id->device == p->device) &&
		    (p->class_code & id->class_mask) == id->class_code)
			return id;
	}
	return NULL;
}

static struct pci_driver *to_pci_driver(struct device_driver *d)
{
	return container_of(d, struct pci_driver, driver);
}

static bool pci_match(struct device *d, struct device_driver *drv)
{
	return find_id(to_pci_dev(d), to_pci_driver(drv));
}

static struct bus_type pci_bus = { .name = "pci", .match = pci_match };

static int pci_probe(struct device *d)
{
	struct pci_dev *p = to_pci_dev(d);
	struct pci_driver *drv = to_pci_driver(d->driver);

	return drv->probe(p, find_id(p, drv));
}

static void pci_remove(struct device *d)
{
	struct pci_driver *drv = to_pci_driver(d->driver);

	if (drv->remove)
		drv->remove(to_pci_dev(d));
}

int pci_register_driver(struct pci_driver *d)
{
	d->driver.name = d->name;
	d->driver.bus = &pci_bus;
	d->driver.probe = pci_probe;
	d->driver.remove = pci_remove;
	return driver_register(&d->driver);
}

void pci_unregister_driver(struct pci_driver *d)
{
	driver_unregister(&d->driver);
}

static void change_command(struct pci_dev *p, u16 clear, u16 set)
{
	u16 old = pci_read16(p, PCI_COMMAND), now = (u16)((old & ~clear) | set);

	if (now != old)
		pci_write16(p, PCI_COMMAND, now);
}

/* The address spaces in which p has something, as PCI_COMMAND bits. */
static u16 decode_bits(const struct pci_dev *p)
{
	u16 bits = 0;

	for (u32 i = 0; i < PCI_NUM_BARS; i++) {
		if (!p->resource[i].size)
			continue;
		bits |= p->resource[i].flags & PCI_RESOURCE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return bits;
}

int pci_enable_device(struct pci_dev *p)
{
	if (p->enabled++)
		return 0;
	change_command(p, PCI_COMMAND_INTX_DISABLE, decode_bits(p));
	if ((pci_read16(p, PCI_COMMAND) & decode_bits(p)) != decode_bits(p)) {
		p->enabled--;
		return -EIO;
	}
	return 0;
}

void pci_disable_device(struct pci_dev *p)
{
	if (WARN_ON(!p->enabled) || --p->enabled)
		return;
	change_command(p, PCI_COMMAND_MASTER, 0); /* decoding stays on: the firmware may want it */
}

void pci_set_master(struct pci_dev *p, bool on)
{
	change_command(p, PCI_COMMAND_MASTER, on ? PCI_COMMAND_MASTER : 0);
}

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

/* Size the register(s) of BAR i; returns how many registers it takes. Decoding is off. */
static u32 size_bar(struct pci_dev *p, u32 i)
{
	u8 reg = (u8)(PCI_BASE_ADDRESS_0 + 4 * i);
	struct pci_resource *r = &p->resource[i];
	u32 old, old_high, mask = size_register(p, reg, ~0u, &old), mask_high;

	if (!mask || mask == ~0u)
		return 1;
	if (mask & PCI_BASE_ADDRESS_SPACE_IO) {
		mask &= PCI_BASE_ADDRESS_IO_MASK;
		if (!(mask & 0xffff0000u))
			mask |= 0xffff0000u; /* decodes 16 bits only (section 6.2.5.1) */
		r->start = old & PCI_BASE_ADDRESS_IO_MASK;
		r->size = ~mask + 1u;
		r->flags = PCI_RESOURCE_IO;
		return 1;
	}
	r->flags = PCI_RESOURCE_MEM | (mask & PCI_BASE_ADDRESS_MEM_PREFETCH ? PCI_RESOURCE_PREFETCH : 0);
	r->start = old & PCI_BASE_ADDRESS_MEM_MASK;
	r->size = ~(mask & PCI_BASE_ADDRESS_MEM_MASK) + 1u;
	if ((mask & PCI_BASE_ADDRESS_MEM_TYPE_MASK) != PCI_BASE_ADDRESS_MEM_TYPE_64 || i + 1 == PCI_NUM_BARS)
		return 1;
	mask_high = size_register(p, (u8)(reg + 4), ~0u, &old_high);
	r->flags |= PCI_RESOURCE_64;
	r->start |= (u64)old_high << 32;
	r->size = ~((u64)mask_high << 32 | (mask & PCI_BASE_ADDRESS_MEM_MASK)) + 1u;
	return 2;
}

static void size_rom(struct pci_dev *p, u8 reg)
{
	u32 old, mask = size_register(p, reg, PCI_ROM_ADDRESS_MASK, &old) & PCI_ROM_ADDRESS_MASK;
	struct pci_resource *r = &p->resource[PCI_ROM_RESOURCE];

	if (!mask)
		return;
	r->start = old & PCI_ROM_ADDRESS_MASK;
	r->size = ~mask + 1u;
	r->flags = PCI_RESOURCE_MEM | PCI_RESOURCE_ROM;
}

/* While a register holds ones the function must not answer there, so decoding is switched off. */
static void size_resources(struct pci_dev *p)
{
	bool bridge = (p->header_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE;
	u16 command = pci_read16(p, PCI_COMMAND);
	u32 n = bridge ? 2 : PCI_NUM_BARS;

	if ((p->header_type & PCI_HEADER_TYPE_MASK) > PCI_HEADER_TYPE_BRIDGE)
		return;
	pci_write16(p, PCI_COMMAND, (u16)(command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
	for (u32 i = 0; i < n;)
		i += size_bar(p, i);
	size_rom(p, bridge ? PCI_ROM_ADDRESS_BRIDGE : PCI_ROM_ADDRESS);
	pci_write16(p, PCI_COMMAND, command);
}

static void pci_dev_release(struct device *d)
{
	kfree(to_pci_dev(d));
}

static void read_header(struct pci_dev *p)
{
	p->vendor = pci_read16(p, PCI_VENDOR_ID);
	p->device = pci_read16(p, PCI_DEVICE_ID);
	p->class_code = pci_read32(p, PCI_REVISION_ID) >> 8;
	p->revision = pci_read8(p, PCI_REVISION_ID);
	p->header_type = pci_read8(p, PCI_HEADER_TYPE);
	p->irq_pin = pci_read8(p, PCI_INTERRUPT_PIN);
	p->irq = p->irq_pin ? pci_read8(p, PCI_INTERRUPT_LINE) : 0;
	if ((p->header_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_NORMAL) {
		p->subsystem_vendor = pci_read16(p, PCI_SUBSYSTEM_VENDOR_ID);
		p->subsystem_device = pci_read16(p, PCI_SUBSYSTEM_ID);
	}
}

static int add_function(u8 bus, u8 devfn, struct device *parent, struct pci_dev **out)
{
	struct pci_dev *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int error;

	if (!p)
		return -ENOMEM;
	device_init(&p->dev);
	p->dev.bus = &pci_bus;
	p->dev.parent = parent;
	p->dev.release = pci_dev_release;
	p->bus = bus;
	p->devfn = devfn;
	read_header(p);
	size_resources(p);
	error = device_add(&p->dev, "0000:%02x:%02x.%u", bus, devfn >> 3, devfn & 7u);
	if (error) {
		put_device(&p->dev);
		return error;
	}
	error = pci_add_sysfs_files(p);
	if (error)
		pr_warn("pci %s: sysfs files missing: error %d\n", pci_name(p), error);
	pr_info("pci %s: %04x:%04x class %06x\n", pci_name(p), p->vendor, p->device, p->class_code);
	nr_functions++;
	*out = p;
	return 0;
}

static void scan_bus(u8 bus, struct device *parent, u32 depth);

static void scan_function(u8 bus, u8 devfn, struct device *parent, u32 depth)
{
	struct pci_dev *p;
	int error = add_function(bus, devfn, parent, &p);
	u8 secondary;

	if (error) {
		pr_err("pci 0000:%02x:%02x.%u: cannot be added: error %d\n", bus, devfn >> 3, devfn & 7u, error);
		return;
	}
	if ((p->header_type & PCI_HEADER_TYPE_MASK) != PCI_HEADER_TYPE_BRIDGE)
		return;
	secondary = pci_read8(p, PCI_SECONDARY_BUS);
	if (!secondary || depth == MAX_BRIDGE_DEPTH)
		pr_warn("pci %s: bridge not set up by the firmware, what lies behind it is ignored\n", pci_name(p));
	else
		scan_bus(secondary, &p->dev, depth + 1);
}

/* Recursion: one level a bridge, at most MAX_BRIDGE_DEPTH; each bus once. */
static void scan_bus(u8 bus, struct device *parent, u32 depth)
{
	if (bitmap_test(bus_seen, bus))
		return;
	bitmap_set(bus_seen, bus);
	for (u32 dev = 0; dev < DEVICES_PER_BUS; dev++) {
		u32 functions = 1;

		for (u32 fn = 0; fn < functions; fn++) {
			u8 devfn = (u8)(dev << 3 | fn);

			if (pci_config_read16(bus, devfn, PCI_VENDOR_ID) == PCI_VENDOR_NONE)
				continue; /* function 0 must be there for the others to be: then functions stays 1 */
			if (!fn && pci_config_read8(bus, devfn, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MULTI_FUNCTION)
				functions = FUNCTIONS_PER_DEVICE;
			scan_function(bus, devfn, parent, depth);
		}
	}
}

int pci_init(void)
{
	int error = bus_register(&pci_bus);

	if (error)
		return error;
	if (!pci_config_present()) {
		pr_info("pci: no bus\n");
		return 0;
	}
	device_init(&pci_root);
	error = device_add(&pci_root, "pci0000:00");
	if (error)
		return error;
	scan_bus(0, &pci_root, 0);
	pr_info("pci: %u functions\n", nr_functions);
	return 0;
}
