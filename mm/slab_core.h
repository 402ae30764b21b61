/*
 * Slabs: blocks of pages cut into objects of one size (Bonwick, "The Slab Allocator", USENIX Summer 1994; "Magazines and Vmem", 2001).
 * Inside mm, and for tests/host/test_mm.c, which supplies pages of its own.
 *
 * An object's path: user <-> the CPU's magazine (an array, no lock, interrupts off) <-> slab (cache->lock) <-> page allocator.
 * In a slab the free objects are chained through themselves: page->index is the number + 1 of the first one (0: none), page->private
 * counts the objects in use. A slab's pages all carry PG_slab and slab_cache; its first page is the aligned one.
 *
 * Layout of an object's slot: debug kernel [red zone][object][red zone][address of the last caller]; release kernel [object]. Caches with
 * a constructor keep the chain word behind the object, because a free object stays constructed.
 */
#ifndef MM_SLAB_CORE_H
#define MM_SLAB_CORE_H

#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"
#include "mm/page_alloc.h"

#define MAGAZINE_SIZE 30u
struct magazine {
	u32 n;
	void *object[MAGAZINE_SIZE];
};

struct kmem_cache {
	struct magazine magazine[NR_CPUS];
	/* constant */
	const char *name;
	u32 object_size;  /* what the user asked for */
	u32 slot_size;
	u32 object_offset; /* of the object in its slot */
	u32 chain_offset;  /* of the chain word in the object's slot */
	u32 order, per_slab;
	bool reclaimable;
	void (*ctor)(void *);
	struct list_head node; /* in the list of all caches */
	struct spinlock lock;
	/* lock: */
	struct list_head partial; /* slabs with free objects, the emptiest last */
	u32 nr_slabs, nr_empty, nr_taken; /* taken: objects out of slabs, in magazines or in use */
};

/* Undo of kmem_cache_create for tests: every object must be back. */
void kmem_cache_destroy(struct kmem_cache *c);

#endif
