/*
 * Page allocator (buddy), slab caches, kmalloc, vmalloc.
 * GFP_KERNEL may sleep, reclaim and write pages out; GFP_NOFS may sleep and drop clean pages but not enter a file system;
 * GFP_ATOMIC never sleeps and may use a small reserve. NULL when there is none: callers answer -ENOMEM.
 */
#ifndef MM_ALLOC_H
#define MM_ALLOC_H

#include "mm/page.h"

#define GFP_ATOMIC 0u
#define GFP_WAIT BIT(0)
#define GFP_FS BIT(1)
#define GFP_ZERO BIT(2)
#define GFP_NOWARN BIT(3)
#define GFP_USER_PAGE BIT(4)  /* for a user or cache page: leaves the reserve alone */
#define GFP_NOFAIL BIT(5)     /* with GFP_WAIT, for single pages: keep trying, and take from the reserve; NULL only after half a minute */
#define GFP_NOFS GFP_WAIT
#define GFP_KERNEL (GFP_WAIT | GFP_FS)
#define GFP_USER (GFP_WAIT | GFP_FS | GFP_USER_PAGE)
#define MAX_ORDER 10

struct page *alloc_pages(u32 gfp, u32 order); /* 2^order frames, refs 1 on the first; free with free_pages */
static inline struct page *alloc_page(u32 gfp) { return alloc_pages(gfp, 0); }
/* The same of frames below limit_pfn. Asks nobody to give memory up: NULL when there is none. */
struct page *alloc_pages_below(u32 order, u32 limit_pfn);
void free_pages(struct page *p, u32 order);
/* One page in the direct map, by address. */
void *get_free_page(u32 gfp);
void free_page(void *va);
u32 nr_free_pages(void);
u32 nr_total_pages(void); /* RAM the allocator manages plus what the kernel image and mem_map take */
/* Pages below `low`: reclaim should start; below `min`: only the reserve is left. */
void page_watermarks(u32 *min_pages, u32 *low_pages, u32 *high_pages);
int __must_check page_set_min_free(u32 pages); /* move the marks; -EINVAL: fewer than 32 or more than a quarter of memory */

/* Events since boot (/proc/vmstat). */
struct mm_events {
	u32 faults, major_faults;   /* of programs; major: had to wait for a device */
	u32 allocated, freed;       /* pages */
	u32 stalls;                 /* times a task had to reclaim memory itself */
};
extern struct mm_events mm_events;
/* Pages that page tables show: of files and of programs' own memory. Looks at every frame. */
void mm_count_mapped(u32 *file_pages, u32 *own_pages);

struct kmem_cache;
/* Objects of one size. ctor (may be NULL) runs when a slab is made. Name is kept, not copied. Panics only at boot. */
struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, void (*ctor)(void *));
void *kmem_cache_alloc(struct kmem_cache *c, u32 gfp);
void kmem_cache_free(struct kmem_cache *c, void *obj);
u32 kmem_cache_shrink_all(void); /* pages given back */
struct seq_buf;
int slab_show(struct seq_buf *s, void *arg); /* /proc/slabinfo */
u32 slab_pages(void);
void kmem_cache_mark_reclaimable(struct kmem_cache *c); /* its objects go when memory is short: names, inodes, buffers */
u32 slab_reclaimable_pages(void);
/* Debug kernel: what is wrong with touching n bytes at p, an address in the direct map; NULL: nothing. Any context. */
const char *slab_complaint(const void *p, u32 n);

void *kmalloc(size_t size, u32 gfp); /* any size up to 4 MiB, physically contiguous, 8-aligned (16 from 16 bytes up) */
void *kzalloc(size_t size, u32 gfp);
void kfree(const void *p);           /* NULL is fine; any context */
char *kstrdup(const char *s, u32 gfp);
char *kstrndup(const char *s, size_t max, u32 gfp);

/* Virtually contiguous memory in the top 128 MiB; may sleep. Kernel stacks come from here, with a guard page below. */
void *vmalloc(size_t size);
void vfree(void *p);
void vmalloc_usage(u32 *total_pages, u32 *used_pages); /* for meminfo; guards count */
/* Map device memory uncached; NULL when no room. */
void *ioremap(phys_addr_t pa, size_t size);
void iounmap(void *va);

/*
 * Memory a device reads and writes by itself: physically contiguous, below 4 GiB, its bus address in *bus. boundary: a power of two that it
 * does not cross (0: any).
 */
void *dma_alloc(size_t size, u32 boundary, phys_addr_t *bus, u32 gfp);
/* The same below an address limit (ISA DMA: 16 MiB): to be had early, NULL when all of it is in use. */
void *dma_alloc_below(size_t size, phys_addr_t limit, phys_addr_t *bus);
void dma_free(void *va, size_t size);

/* Reclaim: caches register how to give pages back. scan: try to free nr pages; gfp says what is allowed; returns pages freed. */
struct shrinker {
	const char *name;
	u32 (*scan)(struct shrinker *s, u32 nr, u32 gfp);
	struct list_head node;
};
void register_shrinker(struct shrinker *s);
/* Run all registered ones but `except` (NULL: all) now, each for nr pages: drop_caches. May sleep; returns pages freed. */
u32 run_shrinkers(const struct shrinker *except, u32 nr, u32 gfp);
/*
 * Called when nothing could be freed and an allocation that may wait would fail: kill the worst process, unless one is on its way to the end.
 * Set by kernel/process.
 */
enum oom_answer { OOM_NOBODY, OOM_KILLED, OOM_DYING };
extern enum oom_answer (*out_of_memory_hook)(void);

int page_alloc_init(void); /* from the multiboot map */
int slab_init(void);
int vmalloc_init(void);

#endif
