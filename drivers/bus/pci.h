/*
 * The PCI bus as its drivers see it. Devices are found at boot on all buses behind bridges; a driver registers with a table of what it
 * drives, and probe is called for each function that matches. Process context, may sleep, unless said.
 */
#ifndef DRIVERS_BUS_PCI_H
#define DRIVERS_BUS_PCI_H

#include "drivers/bus/pci_regs.h"
#include "io/contract/device.h"
#include "kernel/hal/pci_config.h"

#define PCI_NUM_BARS 6u
#define PCI_ROM_RESOURCE 6u
#define PCI_NUM_RESOURCES 7u

/* What a base address register decodes; size 0: not there. */
struct pci_resource {
	u64 start, size;
	u32 flags;
};
#define PCI_RESOURCE_IO 0x100u /* the values of Linux's resource file */
#define PCI_RESOURCE_MEM 0x200u
#define PCI_RESOURCE_PREFETCH 0x2000u
#define PCI_RESOURCE_ROM 0x4000u
#define PCI_RESOURCE_64 0x100000u

struct pci_dev {
	struct device dev;
	u8 bus, devfn;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class_code;        /* 24 bits */
	u8 revision, header_type;
	u8 irq_pin;            /* 0: none */
	u8 irq;                /* the line the firmware routed it to; valid if irq_pin */
	struct pci_resource resource[PCI_NUM_RESOURCES];
	u32 enabled;           /* depth of pci_enable_device */
};

#define PCI_ANY_ID 0xffffu
struct pci_device_id {
	u16 vendor, device;    /* PCI_ANY_ID: any */
	u32 class_code, class_mask; /* mask 0: any class */
	const void *data;
};
#define PCI_ID(v, d) { .vendor = (v), .device = (d) }
#define PCI_ID_CLASS(c, mask) { .vendor = PCI_ANY_ID, .device = PCI_ANY_ID, .class_code = (c), .class_mask = (mask) }

struct pci_driver {
	const char *name;
	const struct pci_device_id *ids; /* nr_ids of them */
	u32 nr_ids;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id); /* 0, -ENODEV: not mine after all, other -errno */
	void (*remove)(struct pci_dev *pdev);
	struct device_driver driver;     /* filled in by pci_register_driver */
};

static inline struct pci_dev *to_pci_dev(struct device *d) { return container_of(d, struct pci_dev, dev); }
static inline void pci_set_drvdata(struct pci_dev *p, void *data) { p->dev.driver_data = data; }
static inline void *pci_get_drvdata(struct pci_dev *p) { return p->dev.driver_data; }
static inline const char *pci_name(const struct pci_dev *p) { return device_name(&p->dev); }

int __must_check pci_register_driver(struct pci_driver *d);
void pci_unregister_driver(struct pci_driver *d);
/* Let the function answer on its I/O and memory addresses. Calls nest; each wants its pci_disable_device. */
int __must_check pci_enable_device(struct pci_dev *p);
void pci_disable_device(struct pci_dev *p);
/* Let it read and write memory by itself, or stop that. */
void pci_set_master(struct pci_dev *p, bool on);

/* Its configuration space. Any context. */
static inline u8 pci_read8(const struct pci_dev *p, u8 off) { return pci_config_read8(p->bus, p->devfn, off); }
static inline u16 pci_read16(const struct pci_dev *p, u8 off) { return pci_config_read16(p->bus, p->devfn, off); }
static inline u32 pci_read32(const struct pci_dev *p, u8 off) { return pci_config_read32(p->bus, p->devfn, off); }
static inline void pci_write8(const struct pci_dev *p, u8 off, u8 v) { pci_config_write8(p->bus, p->devfn, off, v); }
static inline void pci_write16(const struct pci_dev *p, u8 off, u16 v) { pci_config_write16(p->bus, p->devfn, off, v); }
static inline void pci_write32(const struct pci_dev *p, u8 off, u32 v) { pci_config_write32(p->bus, p->devfn, off, v); }

/* drivers/bus/pci_sysfs.c: the files of a device that was just added. */
int __must_check pci_add_sysfs_files(struct pci_dev *p);
int pci_init(void);

#endif
