/*
 * /sys/bus/pci/devices/DDDD:BB:DD.F/: the numbers of a function in the formats of Linux (Documentation/ABI/testing/sysfs-bus-pci), "remove"
 * to take it out of the system by hand, and "rescan" in /sys/bus/pci to look for what is new.
 */
#include "drivers/bus/pci.h"
#include "kernel/lib/string.h"

static struct pci_dev *dev_of(struct kobject *k)
{
	return to_pci_dev(container_of(k, struct device, kobj));
}

#define SHOW(field, ...) \
	static int field##_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s) \
	{ \
		const struct pci_dev *p = dev_of(k); \
		seq_printf(s, __VA_ARGS__); \
		return 0; \
	}

SHOW(vendor, "0x%04x\n", p->vendor)
SHOW(device, "0x%04x\n", p->device)
SHOW(subsystem_vendor, "0x%04x\n", p->subsystem_vendor)
SHOW(subsystem_device, "0x%04x\n", p->subsystem_device)
SHOW(class, "0x%06x\n", p->class)
SHOW(revision, "0x%02x\n", p->revision)
SHOW(irq, "%u\n", p->irq)
SHOW(enable, "%u\n", p->enable_cnt)
SHOW(modalias, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", p->vendor, p->device, p->subsystem_vendor, p->subsystem_device,
     p->class >> 16, p->class >> 8 & 0xff, p->class & 0xff)

#undef SHOW
static int resource_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct pci_dev *p = dev_of(k);

	for (u32 i = 0; i < PCI_NUM_RESOURCES; i++) {
		const struct resource *r = &p->resource[i];

		seq_printf(s, "0x%016llx 0x%016llx 0x%016llx\n", (u64)r->start, (u64)r->end, (u64)r->flags);
	}
	return 0;
}

static bool says_one(const char *text)
{
	return text[0] == '1' && (!text[1] || (text[1] == '\n' && !text[2]));
}

static ssize_t remove_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct pci_dev *p = dev_of(k);
	int error;

	if (!says_one(text))
		return -EINVAL;
	error = pci_lock(p);
	if (error)
		return error;
	pci_remove_device(p);
	pci_unlock();
	return (ssize_t)len;
}

static ssize_t rescan_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	int error;

	if (!says_one(text))
		return -EINVAL;
	error = pci_lock(NULL);
	if (error)
		return error;
	pci_rescan();
	pci_unlock();
	return (ssize_t)len;
}

#define ATTR(n) { .name = #n, .mode = 0444, .show = n##_show }
const struct kobj_attribute pci_dev_files[] = {
	ATTR(vendor), ATTR(device), ATTR(subsystem_vendor), ATTR(subsystem_device), ATTR(class), ATTR(revision), ATTR(irq), ATTR(enable),
	ATTR(modalias), ATTR(resource), { .name = "remove", .mode = 0200, .store = remove_store }, { 0 },
};
const struct kobj_attribute pci_bus_files[] = { { .name = "rescan", .mode = 0200, .store = rescan_store }, { 0 } };

static ssize_t config_read(void *arg, char *buf, size_t n, loff_t pos)
{
	const struct pci_dev *p = arg;
	size_t done = 0;

	if (pos < 0 || pos >= (loff_t)PCI_CONFIG_SPACE_SIZE)
		return 0;
	for (; done < n && pos + (loff_t)done < (loff_t)PCI_CONFIG_SPACE_SIZE; done++)
		buf[done] = (char)pci_read8(p, (u8)(pos + (loff_t)done));
	return (ssize_t)done;
}

int pci_add_sysfs_files(struct pci_dev *p)
{
	return sysfs_add_binary(&p->dev.kobj, "config", 0444, PCI_CONFIG_SPACE_SIZE, config_read, p);
}
