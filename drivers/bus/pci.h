/*
 * The PCI bus as its drivers see it, with Linux's names. Devices are found at boot on all buses behind bridges, and later when one is plugged
 * in; a driver registers with a table of what it drives, and probe is called for each function that matches. Process context, may sleep,
 * unless said.
 */
#ifndef DRIVERS_BUS_PCI_H
#define DRIVERS_BUS_PCI_H

#include "drivers/bus/pci_regs.h"
#include "io/contract/device.h"
#include "io/contract/resource.h"
#include "kernel/hal/mmio.h"
#include "kernel/hal/pci_config.h"

#define PCI_NUM_BARS 6u
#define PCI_ROM_RESOURCE 6u
#define PCI_NUM_RESOURCES 7u

/* One bus: the root, or what lies behind a bridge. */
struct pci_bus {
	u8 number;
	struct device *bridge;        /* parent of its devices in the model */
	struct list_head devices;     /* pci_dev.bus_list; changed under pci_lock */
};

struct pci_dev {
	struct device dev;
	struct pci_bus *bus;
	struct pci_bus *subordinate;  /* a bridge's: the bus behind it */
	struct list_head bus_list;
	u32 devfn;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class;                    /* 24 bits: base, sub, programming interface */
	u8 revision, hdr_type;
	u8 pin;                       /* 0: none, 1 to 4 for INTA to INTD */
	u32 irq;                      /* the line it was routed to; valid if pin */
	struct resource resource[PCI_NUM_RESOURCES]; /* flags 0: not there */
	u32 enable_cnt;               /* depth of pci_enable_device */
	bool removed;                 /* its removal has begun */
};

#define PCI_ANY_ID (~0u)
/* One kind of function a driver takes; a table of them ends with an empty entry. */
struct pci_device_id {
	u32 vendor, device, subvendor, subdevice; /* PCI_ANY_ID: any */
	u32 class, class_mask;                    /* mask 0: any class */
	unsigned long driver_data;                /* the driver's own */
};
#define PCI_DEVICE(v, d) .vendor = (v), .device = (d), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_DEVICE_CLASS(c, mask) \
	.class = (c), .class_mask = (mask), .vendor = PCI_ANY_ID, .device = PCI_ANY_ID, .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id); /* 0, -ENODEV: not mine after all, other -errno */
	void (*remove)(struct pci_dev *pdev); /* the function may be gone already: reads give ones */
	struct device_driver driver;     /* filled in by pci_register_driver */
};

static inline struct pci_dev *to_pci_dev(struct device *d) { return container_of(d, struct pci_dev, dev); }
static inline void pci_set_drvdata(struct pci_dev *p, void *data) { p->dev.driver_data = data; }
static inline void *pci_get_drvdata(struct pci_dev *p) { return p->dev.driver_data; }
static inline const char *pci_name(const struct pci_dev *p) { return device_name(&p->dev); }
#define PCI_SLOT(devfn) ((devfn) >> 3)
#define PCI_FUNC(devfn) ((devfn) & 7u)

int __must_check pci_register_driver(struct pci_driver *d);
void pci_unregister_driver(struct pci_driver *d);
/* Let the function answer on its I/O and memory addresses. Calls nest; each wants its pci_disable_device. 0, -EIO, -EBUSY (no address for it). */
int __must_check pci_enable_device(struct pci_dev *p);
void pci_disable_device(struct pci_dev *p);
/* Let it read and write memory by itself, or stop that. */
void pci_set_master(struct pci_dev *p);
void pci_clear_master(struct pci_dev *p);

/* ---- its address ranges (drivers/bus/pci_bar.c) ---- */
static inline u32 pci_resource_start(const struct pci_dev *p, u32 bar) { return p->resource[bar].start; }
static inline u32 pci_resource_end(const struct pci_dev *p, u32 bar) { return p->resource[bar].end; }
static inline u32 pci_resource_flags(const struct pci_dev *p, u32 bar) { return p->resource[bar].flags; }
static inline u32 pci_resource_len(const struct pci_dev *p, u32 bar) { return p->resource[bar].flags ? resource_size(&p->resource[bar]) : 0; }
/* Claim them for a driver; the name is kept. -EBUSY: taken. */
int __must_check pci_request_region(struct pci_dev *p, u32 bar, const char *name);
void pci_release_region(struct pci_dev *p, u32 bar);
int __must_check pci_request_regions(struct pci_dev *p, const char *name); /* all that are there, or none */
void pci_release_regions(struct pci_dev *p);
/* The first max bytes of a range (0: all) for readl, ioread32 and the like. NULL: not there, or no room. */
void __iomem *pci_iomap(struct pci_dev *p, u32 bar, u32 max);
void pci_iounmap(struct pci_dev *p, void __iomem *addr);

/* Its configuration space. Any context. */
static inline u8 pci_read8(const struct pci_dev *p, u8 off) { return pci_config_read8(p->bus->number, (u8)p->devfn, off); }
static inline u16 pci_read16(const struct pci_dev *p, u8 off) { return pci_config_read16(p->bus->number, (u8)p->devfn, off); }
static inline u32 pci_read32(const struct pci_dev *p, u8 off) { return pci_config_read32(p->bus->number, (u8)p->devfn, off); }
static inline void pci_write8(const struct pci_dev *p, u8 off, u8 v) { pci_config_write8(p->bus->number, (u8)p->devfn, off, v); }
static inline void pci_write16(const struct pci_dev *p, u8 off, u16 v) { pci_config_write16(p->bus->number, (u8)p->devfn, off, v); }
static inline void pci_write32(const struct pci_dev *p, u8 off, u32 v) { pci_config_write32(p->bus->number, (u8)p->devfn, off, v); }

/* ---- hot-plug ---- */
/*
 * One change of what is plugged in at a time, system-wide. No mutex: probe and remove run under it, for long, and take locks of every rank.
 * pci_lock waits; with p it also ends when p is being removed by whoever holds it: then it is not held, and the answer is -ENODEV.
 */
int pci_lock(struct pci_dev *p);
void pci_unlock(void);
/* With pci_lock held. Look for functions in a slot of the root bus that were not there before; how many were added. */
u32 pci_scan_slot(u32 slot);
/* With pci_lock held. Unbind and forget every function in a slot of the root bus, what lies behind a bridge too; how many. */
u32 pci_remove_slot(u32 slot);
u32 pci_rescan(void);                       /* with pci_lock held: all slots of all buses */
void pci_remove_device(struct pci_dev *p);  /* with pci_lock held */

/* ---- inside the bus ---- */
extern struct bus_type pci_bus_type;
extern const struct kobj_attribute pci_dev_files[], pci_bus_files[]; /* pci_sysfs.c */
int __must_check pci_add_sysfs_files(struct pci_dev *p);             /* the file "config" of a device that was just added */
u16 pci_decode_bits(const struct pci_dev *p);                        /* PCI_COMMAND bits of the address spaces in which it has something */
void pci_size_resources(struct pci_dev *p);
void pci_claim_resources(struct pci_dev *p);    /* put what the firmware set into the trees */
int pci_assign_resources(struct pci_dev *p);    /* addresses for what has none; 0 or -EBUSY */
void pci_free_resources(struct pci_dev *p);
void pci_window_init(void);
void pci_route_irq(struct pci_dev *p);          /* pci_irq.c: fill in p->irq when the firmware has not */
int pci_init(void);

#endif
