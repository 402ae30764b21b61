/*
 * Registers in memory (MMIO), with Linux's names. An address comes from ioremap or pci_iomap, never from a plain pointer. Each access is one
 * bus cycle of that width, in program order among themselves. Any context.
 *
 * The io* forms also take what pci_iomap gives for a range of ports: an address below IOMAP_PORT_END that is the port plus IOMAP_PORT_BASE,
 * so that a driver need not know which kind of range its card has.
 */
#ifndef KERNEL_HAL_MMIO_H
#define KERNEL_HAL_MMIO_H

#include "kernel/hal/port.h"

#ifndef __iomem
#define __iomem
#endif

#define IOMAP_PORT_BASE 0x10000u
#define IOMAP_PORT_END 0x20000u

#define DEFINE_MMIO(bits, suffix, op) \
	static inline u##bits read##suffix(const volatile void __iomem *a) \
	{ \
		u##bits v; \
		__asm__ volatile("mov" op " %1, %0" : "=q"(v) : "m"(*(const volatile u##bits *)a) : "memory"); \
		return v; \
	} \
	static inline void write##suffix(u##bits v, volatile void __iomem *a) \
	{ \
		__asm__ volatile("mov" op " %1, %0" : "=m"(*(volatile u##bits *)a) : "qi"(v) : "memory"); \
	} \
	static inline u##bits ioread##bits(const volatile void __iomem *a) \
	{ \
		return (uintptr_t)a < IOMAP_PORT_END ? port_read##bits((u16)((uintptr_t)a - IOMAP_PORT_BASE)) : read##suffix(a); \
	} \
	static inline void iowrite##bits(u##bits v, volatile void __iomem *a) \
	{ \
		if ((uintptr_t)a < IOMAP_PORT_END) \
			port_write##bits((u16)((uintptr_t)a - IOMAP_PORT_BASE), v); \
		else \
			write##suffix(v, a); \
	}
DEFINE_MMIO(8, b, "b")
DEFINE_MMIO(16, w, "w")
DEFINE_MMIO(32, l, "l")
#undef DEFINE_MMIO

#endif
