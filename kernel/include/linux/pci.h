/* The PCI bus: pci_register_driver, pci_enable_device, pci_iomap. */
#ifndef LINUX_PCI_H
#define LINUX_PCI_H

#include "kernel/include/sluice/prelude.h"
#include <linux/device.h>
#include <linux/io.h>
#include <linux/module.h>

#define PCI_VDEVICE(vend, dev) PCI_DEVICE(PCI_VENDOR_ID_##vend, dev)
static inline int pci_read_config_byte(const struct pci_dev *p, int at, u8 *v) { *v = pci_read8(p, (u8)at); return 0; }
static inline int pci_read_config_word(const struct pci_dev *p, int at, u16 *v) { *v = pci_read16(p, (u8)at); return 0; }
static inline int pci_read_config_dword(const struct pci_dev *p, int at, u32 *v) { *v = pci_read32(p, (u8)at); return 0; }
static inline int pci_write_config_byte(const struct pci_dev *p, int at, u8 v) { pci_write8(p, (u8)at, v); return 0; }
static inline int pci_write_config_word(const struct pci_dev *p, int at, u16 v) { pci_write16(p, (u8)at, v); return 0; }
static inline int pci_write_config_dword(const struct pci_dev *p, int at, u32 v) { pci_write32(p, (u8)at, v); return 0; }

/* The driver knows whose it is: the links in /sys/module/NAME/drivers. */
#define pci_register_driver(d) ({ struct pci_driver *driver_ = (d); driver_->driver.owner = THIS_MODULE; (pci_register_driver)(driver_); })

#define module_pci_driver(drv) module_driver(drv, pci_register_driver, pci_unregister_driver)

#endif
