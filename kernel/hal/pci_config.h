/*
 * PCI configuration space through configuration mechanism 1 (PCI Local Bus Specification 3.0, section 3.2.2.3.2): an address port and a
 * data port, serialised by a lock inside. offset is below 256 and aligned to the access. Any context. What is not there reads as all ones.
 */
#ifndef KERNEL_HAL_PCI_CONFIG_H
#define KERNEL_HAL_PCI_CONFIG_H

#include "kernel/lib/types.h"

/* devfn: device number << 3 | function. */
u8 pci_config_read8(u8 bus, u8 devfn, u8 offset);
u16 pci_config_read16(u8 bus, u8 devfn, u8 offset);
u32 pci_config_read32(u8 bus, u8 devfn, u8 offset);
void pci_config_write8(u8 bus, u8 devfn, u8 offset, u8 value);
void pci_config_write16(u8 bus, u8 devfn, u8 offset, u16 value);
void pci_config_write32(u8 bus, u8 devfn, u8 offset, u32 value);
/* Whether the machine answers to mechanism 1 at all. */
bool pci_config_present(void);

#endif
