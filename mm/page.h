/*
 * struct page: one per page frame of RAM, in mem_map. Frames below the direct map's end (896 MiB) only.
 * Flags are changed with the atomic helpers; PG_locked is a sleeping bit lock (rank PAGE) for file pages.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "kernel/lib/list.h"
#include "kernel/sync/atomic.h"

struct mapping;

#define PG_locked BIT(0)
#define PG_uptodate BIT(1)
#define PG_dirty BIT(2)
#define PG_writeback BIT(3)
#define PG_error BIT(4)
#define PG_referenced BIT(5)
#define PG_active BIT(6)
#define PG_lru BIT(7)        /* on a replacement list of io/cache */
#define PG_private BIT(8)    /* private holds buffer heads */
#define PG_slab BIT(9)
#define PG_reserved BIT(10)  /* never allocated: kernel image, holes */
#define PG_buddy BIT(11)     /* free, head of a block of order `private` */
#define PG_readahead BIT(12) /* reaching it starts the next window */
#define PG_reclaim BIT(13)
#define PG_waiters BIT(14)   /* somebody waits for locked or writeback to clear */
#define PG_checked BIT(15)   /* for the file system (ext2: directory page was checked) */

struct page {
	volatile u32 flags;
	atomic_t refs;           /* 0: free */
	atomic_t mapcount;       /* page table entries that map it */
	union {
		struct mapping *mapping; /* page cache: owner */
		void *slab_cache;
	};
	pgoff_t index;           /* place in the mapping, in pages */
	struct list_head lru;    /* free list, replacement list, slab list: whoever owns the page */
	uintptr_t private;       /* page cache: struct buffer_head *, buddy: order, slab: its own */
};
static_assert(sizeof(void *) != 4 || sizeof(struct page) <= 32, "mem_map grows with memory");

#define KERNEL_BASE 0xC0000000u
#define DIRECT_MAP_END 0xF8000000u
#define DIRECT_MAP_MAX (DIRECT_MAP_END - KERNEL_BASE)

#ifndef HOST_TEST
extern struct page *mem_map;
extern u32 max_pfn; /* first frame number past RAM */
static inline u32 page_to_pfn(const struct page *p) { return (u32)(p - mem_map); }
static inline struct page *pfn_to_page(u32 pfn) { return mem_map + pfn; }
static inline phys_addr_t page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline void *phys_to_virt(phys_addr_t pa) { return (void *)(pa + KERNEL_BASE); }
static inline phys_addr_t virt_to_phys(const void *va) { return (u32)va - KERNEL_BASE; } /* direct map only */
static inline void *page_address(const struct page *p) { return phys_to_virt(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *va) { return pfn_to_page(virt_to_phys(va) >> PAGE_SHIFT); }
#else
void *page_address(const struct page *p);
struct page *virt_to_page(const void *va);
#endif

static inline bool page_test(const struct page *p, u32 f) { return p->flags & f; }
static inline void page_set(struct page *p, u32 f) { atomic_or(&p->flags, f); }
static inline void page_clear(struct page *p, u32 f) { atomic_and(&p->flags, ~f); }
static __always_inline bool page_test_set(struct page *p, u32 f) { return atomic_test_and_set(&p->flags, f); }
static __always_inline bool page_test_clear(struct page *p, u32 f) { return atomic_test_and_clear(&p->flags, f); }

void free_page_last(struct page *p); /* refs fell to 0 */
static inline struct page *get_page(struct page *p) { atomic_inc(&p->refs); return p; }
static inline void put_page(struct page *p) { if (atomic_dec_and_test(&p->refs)) free_page_last(p); }

#endif
