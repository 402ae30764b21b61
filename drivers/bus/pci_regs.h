/*
 * Registers of PCI configuration space, with the names of the PCI Local Bus Specification, revision 3.0 (chapter 6), and of the PCI-to-PCI
 * Bridge Architecture Specification, revision 1.2 (chapter 3). Offsets in bytes; R/W column: R read-only, W writable, C write one to clear.
 */
#ifndef DRIVERS_BUS_PCI_REGS_H
#define DRIVERS_BUS_PCI_REGS_H

#define PCI_VENDOR_ID 0x00           /* R   16 */
#define PCI_DEVICE_ID 0x02           /* R   16 */
#define PCI_COMMAND 0x04             /* RW  16 */
#define PCI_STATUS 0x06              /* RC  16 */
#define PCI_REVISION_ID 0x08         /* R    8 */
#define PCI_CLASS_CODE 0x09          /* R   24: programming interface, sub-class, base class */
#define PCI_CACHE_LINE_SIZE 0x0c     /* RW   8 */
#define PCI_LATENCY_TIMER 0x0d       /* RW   8 */
#define PCI_HEADER_TYPE 0x0e         /* R    8 */
#define PCI_BIST 0x0f                /* RW   8 */
#define PCI_BASE_ADDRESS_0 0x10      /* RW  32, six of them in a type 0 header, two in type 1 */
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c /* R   16, type 0 */
#define PCI_SUBSYSTEM_ID 0x2e        /* R   16, type 0 */
#define PCI_ROM_ADDRESS 0x30         /* RW  32, type 0 */
#define PCI_CAPABILITY_LIST 0x34     /* R    8 */
#define PCI_INTERRUPT_LINE 0x3c      /* RW   8 */
#define PCI_INTERRUPT_PIN 0x3d       /* R    8: 0 none, 1 to 4 for A to D */
#define PCI_CONFIG_SPACE_SIZE 256u

/* PCI_VENDOR_ID */
#define PCI_VENDOR_NONE 0xffffu      /* no function there */

/* PCI_COMMAND */
#define PCI_COMMAND_IO 0x0001u
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u

/* PCI_HEADER_TYPE */
#define PCI_HEADER_TYPE_MASK 0x7fu
#define PCI_HEADER_TYPE_NORMAL 0x00u
#define PCI_HEADER_TYPE_BRIDGE 0x01u
#define PCI_HEADER_TYPE_MULTI_FUNCTION 0x80u

/* PCI_BASE_ADDRESS_n */
#define PCI_BASE_ADDRESS_SPACE_IO 0x1u
#define PCI_BASE_ADDRESS_MEM_TYPE_MASK 0x6u
#define PCI_BASE_ADDRESS_MEM_TYPE_64 0x4u
#define PCI_BASE_ADDRESS_MEM_PREFETCH 0x8u
#define PCI_BASE_ADDRESS_IO_MASK 0xfffffffcu
#define PCI_BASE_ADDRESS_MEM_MASK 0xfffffff0u

/* PCI_ROM_ADDRESS */
#define PCI_ROM_ADDRESS_ENABLE 0x1u
#define PCI_ROM_ADDRESS_MASK 0xfffff800u

/* Type 1 header: bridge */
#define PCI_PRIMARY_BUS 0x18         /* RW   8 */
#define PCI_SECONDARY_BUS 0x19       /* RW   8: the bus right behind it */
#define PCI_SUBORDINATE_BUS 0x1a     /* RW   8: the highest bus behind it */
#define PCI_ROM_ADDRESS_BRIDGE 0x38  /* RW  32 */

/* Class codes (appendix D), base << 16 | sub << 8 | programming interface. */
#define PCI_CLASS_STORAGE_IDE 0x010100u
#define PCI_CLASS_STORAGE_NVME 0x010802u
#define PCI_CLASS_BRIDGE_ISA 0x060100u
#define PCI_CLASS_BRIDGE_PCI 0x060400u
#define PCI_CLASS_MASK_SUB 0xffff00u /* compares base and sub-class */

#endif
