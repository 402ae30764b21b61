/* The PCI bus of the device model: matching functions with drivers, what their events say, and the switches a driver sets in probe. */
#include "drivers/bus/pci.h"
#include "kernel/debug/bug.h"

static bool id_matches(const struct pci_dev *p, const struct pci_device_id *id)
{
	return (id->vendor == PCI_ANY_ID || id->vendor == p->vendor) && (id->device == PCI_ANY_ID || id->device == p->device) &&
	       (id->subvendor == PCI_ANY_ID || id->subvendor == p->subsystem_vendor) &&
	       (id->subdevice == PCI_ANY_ID || id->subdevice == p->subsystem_device) && !((p->class ^ id->class) & id->class_mask);
}

static const struct pci_device_id *find_id(const struct pci_dev *p, const struct pci_driver *d)
{
	for (const struct pci_device_id *id = d->id_table; id && (id->vendor || id->subvendor || id->class_mask); id++)
		if (id_matches(p, id))
			return id;
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

static int pci_uevent(struct device *d, struct uevent_env *env)
{
	const struct pci_dev *p = to_pci_dev(d);
	int error = add_uevent_var(env, "PCI_CLASS=%04X", p->class);

	if (!error)
		error = add_uevent_var(env, "PCI_ID=%04X:%04X", p->vendor, p->device);
	if (!error)
		error = add_uevent_var(env, "PCI_SUBSYS_ID=%04X:%04X", p->subsystem_vendor, p->subsystem_device);
	if (!error)
		error = add_uevent_var(env, "PCI_SLOT_NAME=%s", pci_name(p));
	if (!error)
		error = add_uevent_var(env, "MODALIAS=pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", p->vendor, p->device, p->subsystem_vendor,
				       p->subsystem_device, p->class >> 16, p->class >> 8 & 0xff, p->class & 0xff);
	return error;
}

struct bus_type pci_bus_type = {
	.name = "pci", .match = pci_match, .uevent = pci_uevent, .dev_files = pci_dev_files, .bus_files = pci_bus_files,
};

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
	d->driver.bus = &pci_bus_type;
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

u16 pci_decode_bits(const struct pci_dev *p)
{
	u16 bits = 0;

	for (u32 i = 0; i < PCI_NUM_BARS; i++)
		if (p->resource[i].flags)
			bits |= p->resource[i].flags & IORESOURCE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	return bits;
}

int pci_enable_device(struct pci_dev *p)
{
	u16 want = pci_decode_bits(p);

	for (u32 i = 0; i < PCI_NUM_BARS; i++)
		if (p->resource[i].flags & IORESOURCE_UNSET)
			return -EBUSY;
	if (p->enable_cnt++)
		return 0;
	change_command(p, PCI_COMMAND_INTX_DISABLE, want);
	if ((pci_read16(p, PCI_COMMAND) & want) != want) {
		p->enable_cnt--;
		return -EIO;
	}
	return 0;
}

void pci_disable_device(struct pci_dev *p)
{
	if (WARN_ON(!p->enable_cnt) || --p->enable_cnt)
		return;
	change_command(p, PCI_COMMAND_MASTER, 0); /* decoding stays on: the firmware may want it */
}

void pci_set_master(struct pci_dev *p)
{
	change_command(p, 0, PCI_COMMAND_MASTER);
}

void pci_clear_master(struct pci_dev *p)
{
	change_command(p, PCI_COMMAND_MASTER, 0);
}
