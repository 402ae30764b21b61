/*
 * x86 port I/O. The instructions (inb, outb ...) stay inside kernel/hal; drivers reach their registers through port_read* and
 * port_write*, so that every port access of the kernel goes through this file and can be traced or refused here. Any context.
 */
#ifndef KERNEL_HAL_PORT_H
#define KERNEL_HAL_PORT_H

#include "kernel/lib/types.h"

static inline u8 inb(u16 port) { u8 v; __asm__ volatile("inb %w1, %b0" : "=a"(v) : "Nd"(port)); return v; }
static inline u16 inw(u16 port) { u16 v; __asm__ volatile("inw %w1, %w0" : "=a"(v) : "Nd"(port)); return v; }
static inline u32 inl(u16 port) { u32 v; __asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline void outb(u16 port, u8 v) { __asm__ volatile("outb %b0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { __asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outl(u16 port, u32 v) { __asm__ volatile("outl %0, %w1" : : "a"(v), "Nd"(port)); }
static inline void insb(u16 port, void *buf, u32 count)
{
	__asm__ volatile("rep insb" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}
static inline void insw(u16 port, void *buf, u32 count)
{
	__asm__ volatile("rep insw" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}
static inline void outsb(u16 port, const void *buf, u32 count)
{
	__asm__ volatile("rep outsb" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}
static inline void outsw(u16 port, const void *buf, u32 count)
{
	__asm__ volatile("rep outsw" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}
static inline void insl(u16 port, void *buf, u32 count)
{
	__asm__ volatile("rep insl" : "+D"(buf), "+c"(count) : "d"(port) : "memory");
}
static inline void outsl(u16 port, const void *buf, u32 count)
{
	__asm__ volatile("rep outsl" : "+S"(buf), "+c"(count) : "d"(port) : "memory");
}

/* For drivers: one register of 8, 16 or 32 bits. */
static inline u8 port_read8(u16 port) { return inb(port); }
static inline u16 port_read16(u16 port) { return inw(port); }
static inline u32 port_read32(u16 port) { return inl(port); }
static inline void port_write8(u16 port, u8 v) { outb(port, v); }
static inline void port_write16(u16 port, u16 v) { outw(port, v); }
static inline void port_write32(u16 port, u32 v) { outl(port, v); }
/* count elements between one register and memory. */
static inline void port_read8_block(u16 port, void *buf, u32 count) { insb(port, buf, count); }
static inline void port_read16_block(u16 port, void *buf, u32 count) { insw(port, buf, count); }
static inline void port_read32_block(u16 port, void *buf, u32 count) { insl(port, buf, count); }
static inline void port_write8_block(u16 port, const void *buf, u32 count) { outsb(port, buf, count); }
static inline void port_write16_block(u16 port, const void *buf, u32 count) { outsw(port, buf, count); }
static inline void port_write32_block(u16 port, const void *buf, u32 count) { outsl(port, buf, count); }
/* About a microsecond on a real ISA bus: a write to the POST port. */
static inline void io_delay(void) { outb(0x80, 0); }

#endif
