/*
 * Finding PCI functions: by walking the buses from 0 on, through bridges as the firmware numbered them; and adding and removing them while
 * the system runs. What the firmware set up stays; a function it never saw gets addresses (pci_bar.c) and an interrupt line (pci_irq.c).
 * References: PCI Local Bus Specification 3.0, section 6.1 (header); PCI-to-PCI Bridge 1.2, section 3.2.5.
 */
#include "drivers/bus/pci.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/wait.h"
#include "mm/alloc.h"

#define MAX_BUSES 256u
#define DEVICES_PER_BUS 32u
#define FUNCTIONS_PER_DEVICE 8u
#define MAX_BRIDGE_DEPTH 8u

static struct device pci_root; /* /sys/devices/pci0000:00 */
static struct pci_bus root_bus = { .bridge = &pci_root, .devices = LIST_HEAD_INIT(root_bus.devices) };
static u8 bus_seen[MAX_BUSES / 8];   /* pci_lock */
static bool booting;                 /* addresses are given out when all that the firmware gave are known */
static volatile u32 locked;
static DEFINE_WAIT_QUEUE(lock_wait);

int pci_lock(struct pci_dev *p)
{
	bool got = false;

	wait_event(&lock_wait, (got = !atomic_test_and_set(&locked, 1)) || (p && READ_ONCE(p->removed)));
	if (!got)
		return -ENODEV;
	if (p && p->removed) {
		pci_unlock();
		return -ENODEV;
	}
	return 0;
}

void pci_unlock(void)
{
	atomic_and(&locked, 0);
	wake_up_all(&lock_wait);
}

static void pci_dev_release(struct device *d)
{
	struct pci_dev *p = to_pci_dev(d);

	put_device(p->bus->bridge);
	kfree(p->subordinate);
	kfree(p);
}

static void read_header(struct pci_dev *p)
{
	p->vendor = pci_read16(p, PCI_VENDOR_ID);
	p->device = pci_read16(p, PCI_DEVICE_ID);
	p->class = pci_read32(p, PCI_REVISION_ID) >> 8;
	p->revision = pci_read8(p, PCI_REVISION_ID);
	p->hdr_type = pci_read8(p, PCI_HEADER_TYPE);
	p->pin = pci_read8(p, PCI_INTERRUPT_PIN);
	if ((p->hdr_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_NORMAL) {
		p->subsystem_vendor = pci_read16(p, PCI_SUBSYSTEM_VENDOR_ID);
		p->subsystem_device = pci_read16(p, PCI_SUBSYSTEM_ID);
	}
}

static int add_function(struct pci_bus *bus, u32 devfn, struct pci_dev **out)
{
	struct pci_dev *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int error;

	if (!p)
		return -ENOMEM;
	device_init(&p->dev);
	p->dev.bus = &pci_bus_type;
	p->dev.parent = bus->bridge;
	p->dev.release = pci_dev_release;
	p->bus = bus;
	get_device(bus->bridge); /* bus lives as long as what it hangs on */
	p->devfn = devfn;
	INIT_LIST_HEAD(&p->bus_list);
	read_header(p);
	pci_size_resources(p);
	error = device_set_name(&p->dev, "0000:%02x:%02x.%u", bus->number, PCI_SLOT(devfn), PCI_FUNC(devfn));
	if (!error) {
		pci_claim_resources(p);
		pci_route_irq(p);
		if (!booting && pci_assign_resources(p))
			pr_warn("pci %s: cannot be used\n", pci_name(p));
		pr_info("pci %s: %04x:%04x class %06x\n", pci_name(p), p->vendor, p->device, p->class);
		list_add_tail(&p->bus_list, &bus->devices);
		error = device_add(&p->dev, NULL);
	}
	if (error) {
		list_del_init(&p->bus_list);
		pci_free_resources(p);
		put_device(&p->dev);
		return error;
	}
	error = pci_add_sysfs_files(p);
	if (error)
		pr_warn("pci %s: sysfs file missing: error %d\n", pci_name(p), error);
	*out = p;
	return 0;
}

static u32 scan_bus(struct pci_bus *bus, u32 depth);

/* The bus behind a bridge, and what is on it; how many functions. */
static u32 scan_bridge(struct pci_dev *p, u32 depth)
{
	u8 secondary = pci_read8(p, PCI_SECONDARY_BUS);
	struct pci_bus *bus = p->subordinate;

	if (!secondary || depth == MAX_BRIDGE_DEPTH) {
		pr_warn("pci %s: bridge not set up by the firmware, what lies behind it is ignored\n", pci_name(p));
		return 0;
	}
	if (!bus) {
		if (bitmap_test(bus_seen, secondary))
			return 0; /* two bridges with one number */
		bus = kzalloc(sizeof(*bus), GFP_KERNEL);
		if (!bus)
			return 0;
		bus->number = secondary;
		bus->bridge = &p->dev;
		INIT_LIST_HEAD(&bus->devices);
		bitmap_set(bus_seen, secondary);
		p->subordinate = bus;
	}
	return scan_bus(bus, depth + 1);
}

static u32 scan_function(struct pci_bus *bus, u32 devfn, u32 depth)
{
	struct pci_dev *p;
	int error = add_function(bus, devfn, &p);

	if (error) {
		pr_err("pci 0000:%02x:%02x.%u: cannot be added: error %d\n", bus->number, PCI_SLOT(devfn), PCI_FUNC(devfn), error);
		return 0;
	}
	return 1 + ((p->hdr_type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE ? scan_bridge(p, depth) : 0);
}

static struct pci_dev *find_on_bus(const struct pci_bus *bus, u32 devfn)
{
	struct pci_dev *p;

	list_for_each_entry(p, &bus->devices, bus_list)
		if (p->devfn == devfn)
			return p;
	return NULL;
}

/* Add what is in a slot and not known yet. Function 0 must be there for the others to be (section 3.2.2.3.4). */
static u32 scan_slot(struct pci_bus *bus, u32 slot, u32 depth)
{
	u32 functions = 1, found = 0;

	for (u32 fn = 0; fn < functions; fn++) {
		u32 devfn = slot << 3 | fn;
		struct pci_dev *known = find_on_bus(bus, devfn);

		if (pci_config_read16(bus->number, (u8)devfn, PCI_VENDOR_ID) == PCI_VENDOR_NONE)
			continue;
		if (!fn && pci_config_read8(bus->number, (u8)devfn, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MULTI_FUNCTION)
			functions = FUNCTIONS_PER_DEVICE;
		if (!known)
			found += scan_function(bus, devfn, depth);
		else if (known->subordinate)
			found += scan_bridge(known, depth);
	}
	return found;
}

/* Recursion: one level a bridge, at most MAX_BRIDGE_DEPTH; each bus once. */
static u32 scan_bus(struct pci_bus *bus, u32 depth)
{
	u32 found = 0;

	for (u32 slot = 0; slot < DEVICES_PER_BUS; slot++)
		found += scan_slot(bus, slot, depth);
	return found;
}

u32 pci_scan_slot(u32 slot) { return scan_slot(&root_bus, slot, 0); }
u32 pci_rescan(void) { return scan_bus(&root_bus, 0); }

/* ---- taking away ---- */

/* Recursion as deep as bridges are nested. */
void pci_remove_device(struct pci_dev *p)
{
	struct pci_bus *behind = p->subordinate;

	p->removed = true;
	wake_up_all(&lock_wait);
	while (behind && !list_empty(&behind->devices))
		pci_remove_device(list_last_entry(&behind->devices, struct pci_dev, bus_list));
	if (behind)
		bitmap_clear(bus_seen, behind->number);
	pr_info("pci %s: removed\n", pci_name(p));
	list_del_init(&p->bus_list);
	device_del(&p->dev);
	pci_free_resources(p);
	put_device(&p->dev);
}

u32 pci_remove_slot(u32 slot)
{
	struct pci_dev *p;
	u32 removed = 0;

	for (u32 fn = FUNCTIONS_PER_DEVICE; fn-- > 0;) {
		p = find_on_bus(&root_bus, slot << 3 | fn);
		if (p) {
			pci_remove_device(p);
			removed++;
		}
	}
	return removed;
}

static bool any(struct device *d, const void *arg)
{
	return true;
}

int pci_init(void)
{
	struct device *d = NULL;
	int error = bus_register(&pci_bus_type);

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
	pci_window_init();
	bitmap_set(bus_seen, 0);
	booting = true;
	pr_info("pci: %u functions\n", pci_rescan());
	booting = false;
	while ((d = bus_find_device(&pci_bus_type, d, any, NULL)))
		if (pci_assign_resources(to_pci_dev(d)))
			pr_warn("pci %s: cannot be used\n", device_name(d));
	return 0;
}
