/*
 * Who has which addresses: a tree of I/O ports and one of physical memory, as in Linux (kernel/resource.c there), shown in /proc/ioports and
 * /proc/iomem. A bus puts in what its devices decode; a driver claims a part of that before it touches it (request_region), so that two
 * never talk to one register; and the PCI bus finds room here for devices that came without the firmware.
 * Process context, may sleep.
 */
#ifndef IO_CONTRACT_RESOURCE_H
#define IO_CONTRACT_RESOURCE_H

#include "kernel/lib/types.h"

struct resource {
	u32 start, end;           /* both inside; end < start: none */
	const char *name;         /* stays the owner's */
	u32 flags;                /* IORESOURCE_* */
	struct resource *parent, *sibling, *child; /* the tree; parent NULL: not in it */
};
#define IORESOURCE_IO 0x100u      /* the values of Linux's resource files */
#define IORESOURCE_MEM 0x200u
#define IORESOURCE_PREFETCH 0x2000u
#define IORESOURCE_READONLY 0x4000u
#define IORESOURCE_MEM_64 0x100000u
#define IORESOURCE_UNSET 0x20000000u /* has a size but no address yet */
#define IORESOURCE_BUSY 0x80000000u  /* a driver's claim: nothing else overlaps it */

static inline u32 resource_size(const struct resource *r) { return r->end - r->start + 1u; }

extern struct resource ioport_resource, iomem_resource;

/* Put r right below parent: 0, -EBUSY (overlaps another, or does not fit into parent). */
int __must_check request_resource(struct resource *parent, struct resource *r);
void release_resource(struct resource *r); /* harmless when it is in no tree; what lies below it comes out with it */
/* Find a free place of this size in [min, max] at a multiple of align (a power of two), the lowest, and put r there: 0, -EBUSY (none). */
int __must_check allocate_resource(struct resource *parent, struct resource *r, u32 size, u32 min, u32 max, u32 align);
/* Claim n ports or bytes from start on for a driver, inside whatever device covers them. NULL: taken, or no memory. */
struct resource *request_region(u32 start, u32 n, const char *name);
void release_region(u32 start, u32 n);
struct resource *request_mem_region(u32 start, u32 n, const char *name);
void release_mem_region(u32 start, u32 n);

#endif
