/* Registers in memory and ports: ioremap, readl, writel, ioread32; inb, outb. */
#ifndef LINUX_IO_H
#define LINUX_IO_H

#include "kernel/include/sluice/prelude.h"

#define ioremap_nocache ioremap
#define inb(port) port_read8((u16)(port))
#define inw(port) port_read16((u16)(port))
#define inl(port) port_read32((u16)(port))
#define outb(v, port) port_write8((u16)(port), (v))
#define outw(v, port) port_write16((u16)(port), (v))
#define outl(v, port) port_write32((u16)(port), (v))

#endif
