/* x86 port I/O. Only kernel/hal issues in and out; drivers call these. Any context. */
#ifndef KERNEL_HAL_PORT_H
#define KERNEL_HAL_PORT_H

#include "kernel/lib/types.h"

static inline u8 inb(u16 port) { u8 v; __asm__ volatile("inb %w1, %b0" : "=a"(v) : "Nd"(port)); return v; }
static inline u16 inw(u16 port) { u16 v; __asm__ volatile("inw %w1, %w0" : "=a"(v) : "Nd"(port)); return v; }
static inline u32 inl(u16 port) { u32 v; __asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline void outb(u16 port, u8 v) { __asm__ volatile("outb %b0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { __asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outl(u16 port, u32 v) { __asm__ volatile("outl %0, %w1" : : "a"(v), "Nd"(port)); }
/* count elements between one port and memory. */
static inline void insb(u16 port, void *buf, u32 count) { __asm__ volatile("rep insb" : "+D"(buf), "+c"(count) : "d"(port) : "memory"); }
static inline void insw(u16 port, void *buf, u32 count) { __asm__ volatile("rep insw" : "+D"(buf), "+c"(count) : "d"(port) : "memory"); }
static inline void outsb(u16 port, const void *buf, u32 count) { __asm__ volatile("rep outsb" : "+S"(buf), "+c"(count) : "d"(port) : "memory"); }
static inline void outsw(u16 port, const void *buf, u32 count) { __asm__ volatile("rep outsw" : "+S"(buf), "+c"(count) : "d"(port) : "memory"); }
/* About a microsecond on a real ISA bus: a write to the POST port. */
static inline void io_delay(void) { outb(0x80, 0); }

#endif
