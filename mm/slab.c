/*
 * Object caches and kmalloc. Interface: mm/alloc.h; how it works: mm/slab_core.h. Any context; objects of GFP_WAIT requests may sleep.
 *
 * Debug kernel: free objects are full of POISON_FREE (checked when taken again), new ones of POISON_NEW, and both ends have red zones that
 * are checked at free; a double free finds the red zone of a free object. What is found panics with the object's cache and last caller.
 */
#include "mm/slab_core.h"

#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/lib/string.h"
#include "mm/fail.h"

#define MAX_ORDER_OF_SLAB 3u
#define MIN_ALIGN 8u
#define EMPTY_KEPT 1u            /* empty slabs a cache keeps for itself */
#define LARGE_MAGIC 0x4b4d0000u  /* page->private of a kmalloc block of whole pages: magic | order */

#define POISON_FREE 0x6b
#define POISON_NEW 0x5a
#define RED_IN_USE 0xcc7711bbu
#define RED_FREE 0xbb1177ccu
#if defined(CONFIG_DEBUG) || defined(HOST_TEST)
#define SLAB_DEBUG 1
#define RED_ZONE 16u /* bytes before the object: keeps it 16-aligned */
#define TAIL_BYTES 8u /* red zone and caller behind it */
#else
#define SLAB_DEBUG 0
#define RED_ZONE 0u
#define TAIL_BYTES 0u
#endif

static LIST_HEAD(caches); /* caches_lock */
static DEFINE_SPINLOCK(caches_lock, RANK_ALLOC);
static struct kmem_cache cache_of_caches;
static struct shrinker slab_shrinker;

/* ---- slots ---- */

static inline u8 *slot_of(const struct kmem_cache *c, const void *object) { return (u8 *)object - c->object_offset; }
static inline u16 *chain_of(const struct kmem_cache *c, void *object) { return (u16 *)(slot_of(c, object) + c->chain_offset); }
static inline void *object_at(const struct kmem_cache *c, struct page *slab, u32 i)
{
	return (u8 *)page_address(slab) + i * c->slot_size + c->object_offset;
}

static inline struct page *slab_of(const struct kmem_cache *c, const void *object)
{
	struct page *p = virt_to_page((void *)((uintptr_t)object & ~(uintptr_t)((PAGE_SIZE << c->order) - 1)));

	return p;
}

#if SLAB_DEBUG
static u32 *red_before(const struct kmem_cache *c, void *object) { return (u32 *)(slot_of(c, object)); }
static u32 *red_behind(const struct kmem_cache *c, void *object) { return (u32 *)((u8 *)object + ALIGN_UP(c->object_size, 4u)); }

static void __noreturn complain(const struct kmem_cache *c, void *object, const char *what)
{
	panic("slab %s: %s at object %p (size %u, last caller %pS), red zones %08x %08x", c->name, what, object, c->object_size,
	      (void *)(uintptr_t)red_behind(c, object)[1], red_before(c, object)[0], red_behind(c, object)[0]);
}

static void set_red(const struct kmem_cache *c, void *object, u32 mark, void *caller)
{
	u32 *before = red_before(c, object), *behind = red_behind(c, object);

	for (u32 i = 0; i < RED_ZONE / 4; i++)
		before[i] = mark;
	behind[0] = mark;
	behind[1] = (u32)(uintptr_t)caller;
}

static void check_red(const struct kmem_cache *c, void *object, u32 mark)
{
	const u32 *before = red_before(c, object);

	for (u32 i = 0; i < RED_ZONE / 4; i++)
		if (before[i] != mark)
			complain(c, object, before[i] == RED_FREE ? "freed twice" : "written before its start");
	if (red_behind(c, object)[0] != mark)
		complain(c, object, "written past its end");
}

static void object_goes_out(const struct kmem_cache *c, void *object, void *caller)
{
	const u8 *b = object;

	check_red(c, object, RED_FREE);
	set_red(c, object, RED_IN_USE, caller);
	if (c->ctor)
		return;
	for (u32 i = 0; i < c->object_size; i++)
		if (b[i] != POISON_FREE)
			complain(c, object, "written after it was freed");
	memset(object, POISON_NEW, c->object_size);
}

static void object_comes_back(const struct kmem_cache *c, void *object, void *caller)
{
	u32 in_slab = (u32)(slot_of(c, object) - (u8 *)page_address(slab_of(c, object)));

	if (in_slab % c->slot_size)
		panic("slab %s: %p is not the start of an object", c->name, object);
	check_red(c, object, RED_IN_USE);
	set_red(c, object, RED_FREE, caller);
	if (!c->ctor)
		memset(object, POISON_FREE, c->object_size);
}

#ifndef HOST_TEST
const char *slab_complaint(const void *p, u32 n)
{
	u32 pfn = virt_to_phys(p) >> PAGE_SHIFT;
	const struct kmem_cache *c;
	u32 in_slab, in_object;
	void *object;

	if (pfn >= max_pfn || !page_test(pfn_to_page(pfn), PG_slab))
		return NULL;
	c = pfn_to_page(pfn)->slab_cache;
	in_slab = (u32)((const u8 *)p - (const u8 *)page_address(slab_of(c, p)));
	if (in_slab >= c->per_slab * c->slot_size)
		return "outside every object of kmalloc";
	object = (u8 *)p - in_slab % c->slot_size + c->object_offset;
	if (*red_before(c, object) == RED_FREE)
		return "in an object of kmalloc that was freed";
	in_object = (u32)((const u8 *)p - (const u8 *)object);
	if ((const u8 *)p < (const u8 *)object)
		return "before the start of an object of kmalloc";
	return in_object + n > c->object_size ? "past the end of an object of kmalloc" : NULL;
}
#endif

static void object_is_new(const struct kmem_cache *c, void *object)
{
	set_red(c, object, RED_FREE, NULL);
	if (!c->ctor)
		memset(object, POISON_FREE, c->object_size);
}
#else
static inline void object_goes_out(const struct kmem_cache *c, void *object, void *caller) { (void)c; (void)object; (void)caller; }
static inline void object_comes_back(const struct kmem_cache *c, void *object, void *caller) { (void)c; (void)object; (void)caller; }
static inline void object_is_new(const struct kmem_cache *c, void *object) { (void)c; (void)object; }
#endif

/* ---- slabs ---- */

static struct page *slab_create(struct kmem_cache *c, u32 gfp)
{
	struct page *p = alloc_pages(gfp & ~(GFP_ZERO | GFP_USER_PAGE), c->order);

	if (!p)
		return NULL;
	for (u32 i = 0; i < 1u << c->order; i++) {
		p[i].flags = PG_slab;
		p[i].slab_cache = c;
	}
	p->private = 0;
	p->index = 1;
	for (u32 i = 0; i < c->per_slab; i++) {
		void *object = object_at(c, p, i);

		object_is_new(c, object);
		if (c->ctor)
			c->ctor(object);
		*chain_of(c, object) = (u16)(i + 1 < c->per_slab ? i + 2 : 0);
	}
	return p;
}

static void slab_destroy(struct kmem_cache *c, struct page *p)
{
	for (u32 i = 0; i < 1u << c->order; i++) {
		p[i].flags = 0;
		p[i].slab_cache = NULL;
	}
	free_pages(p, c->order);
}

/* Move up to n free objects into the magazine. Lock held. */
static void take_objects(struct kmem_cache *c, struct magazine *m, u32 n)
{
	while (n && !list_empty(&c->partial)) {
		struct page *p = list_first_entry(&c->partial, struct page, lru);

		if (!p->private)
			c->nr_empty--;
		while (n && p->index) {
			void *object = object_at(c, p, p->index - 1);

			p->index = *chain_of(c, object);
			p->private++;
			if (SLAB_DEBUG && !c->ctor)
				memset(chain_of(c, object), POISON_FREE, sizeof(u16));
			m->object[m->n++] = object;
			c->nr_taken++;
			n--;
		}
		if (!p->index)
			list_del_init(&p->lru);
	}
}

/* Give the n objects at the bottom of the magazine (the coldest) back to their slabs; slabs to be freed go to `spare`. Lock held. */
static void return_objects(struct kmem_cache *c, struct magazine *m, u32 n, u32 keep, struct list_head *spare)
{
	for (u32 i = 0; i < n; i++) {
		void *object = m->object[i];
		struct page *p = slab_of(c, object);

		if (!p->index)
			list_add(&p->lru, &c->partial);
		*chain_of(c, object) = (u16)p->index;
		p->index = (u32)((u8 *)slot_of(c, object) - (u8 *)page_address(p)) / c->slot_size + 1;
		c->nr_taken--;
		if (--p->private)
			continue;
		if (c->nr_empty < keep) {
			c->nr_empty++;
			list_move_tail(&p->lru, &c->partial);
		} else {
			c->nr_slabs--;
			list_move(&p->lru, spare);
		}
	}
	m->n -= n;
	memmove(m->object, m->object + n, m->n * sizeof(m->object[0]));
}

static void destroy_list(struct kmem_cache *c, struct list_head *spare)
{
	while (!list_empty(spare)) {
		struct page *p = list_first_entry(spare, struct page, lru);

		list_unlink(&p->lru);
		slab_destroy(c, p);
	}
}

/* ---- objects ---- */

/* The magazine is empty: fill half of it. Interrupts off; they are on while a slab is made. false: no memory. */
static noinline bool refill(struct kmem_cache *c, u32 gfp, u32 *irq)
{
	for (;;) {
		struct magazine *m = &c->magazine[this_cpu()->id];

		/* Making a slab may have reclaimed, and what reclaim freed is in the magazine: never put more on top of that. */
		if (!m->n) {
			spin_lock(&c->lock);
			take_objects(c, m, min_t(u32, MAGAZINE_SIZE / 2, c->per_slab));
			spin_unlock(&c->lock);
		}
		if (m->n)
			return true;
		irq_restore(*irq);
		struct page *p = slab_create(c, gfp);
		*irq = irq_save();
		if (!p)
			return false;
		spin_lock(&c->lock);
		list_add(&p->lru, &c->partial);
		c->nr_slabs++;
		c->nr_empty++;
		spin_unlock(&c->lock);
	}
}

static __always_inline void *cache_alloc(struct kmem_cache *c, u32 gfp, void *caller)
{
	ASSERT(!(gfp & GFP_WAIT) || !in_atomic());
	if (alloc_fails_on_purpose())
		return NULL;
	u32 irq = irq_save();
	struct magazine *m = &c->magazine[this_cpu()->id];

	if (unlikely(!m->n)) {
		if (!refill(c, gfp, &irq)) {
			irq_restore(irq);
			return NULL;
		}
		m = &c->magazine[this_cpu()->id];
	}
	void *object = m->object[--m->n];
	irq_restore(irq);
	object_goes_out(c, object, caller);
	if ((gfp & GFP_ZERO) && !c->ctor)
		memset(object, 0, c->object_size);
	return object;
}

/* The magazine is full: empty its colder half. Interrupts off. */
static noinline void make_room(struct kmem_cache *c, struct magazine *m)
{
	LIST_HEAD(spare);

	spin_lock(&c->lock);
	return_objects(c, m, MAGAZINE_SIZE / 2, EMPTY_KEPT, &spare);
	spin_unlock(&c->lock);
	destroy_list(c, &spare);
}

static __always_inline void cache_free(struct kmem_cache *c, void *object, void *caller)
{
	object_comes_back(c, object, caller);
	u32 irq = irq_save();
	struct magazine *m = &c->magazine[this_cpu()->id];
	if (unlikely(m->n == MAGAZINE_SIZE))
		make_room(c, m);
	m->object[m->n++] = object;
	irq_restore(irq);
}

void *kmem_cache_alloc(struct kmem_cache *c, u32 gfp)
{
	return cache_alloc(c, gfp, __builtin_return_address(0));
}

void kmem_cache_free(struct kmem_cache *c, void *object)
{
	cache_free(c, object, __builtin_return_address(0));
}

/* ---- caches ---- */

/* The smallest order that wastes at most an eighth of the slab, but at least four objects. */
static u32 choose_order(u32 slot)
{
	for (u32 order = 0; order < MAX_ORDER_OF_SLAB; order++) {
		u32 bytes = PAGE_SIZE << order;

		if (bytes / slot >= 4 && bytes % slot <= bytes / 8)
			return order;
	}
	return MAX_ORDER_OF_SLAB;
}

static void cache_init(struct kmem_cache *c, const char *name, u32 size, u32 align, void (*ctor)(void *))
{
	u32 flags;

	BUG_ON(!size || (align & (align - 1)) || align > PAGE_SIZE);
	align = max(align, size >= 16 ? 16u : MIN_ALIGN);
	*c = (struct kmem_cache){ .name = name, .object_size = size, .ctor = ctor };
	c->object_offset = SLAB_DEBUG ? max(align, RED_ZONE) : 0;
	u32 end = c->object_offset + ALIGN_UP(size, 4u) + TAIL_BYTES;
	c->chain_offset = ctor ? end : c->object_offset;
	c->slot_size = ALIGN_UP(ctor ? end + (u32)sizeof(u32) : end, align);
	c->order = choose_order(c->slot_size);
	c->per_slab = (PAGE_SIZE << c->order) / c->slot_size;
	BUG_ON(!c->per_slab || c->per_slab >= 0xffff);
	spin_lock_init(&c->lock, "slab", RANK_ALLOC);
	INIT_LIST_HEAD(&c->partial);
	flags = spin_lock_irqsave(&caches_lock);
	list_add_tail(&c->node, &caches);
	spin_unlock_irqrestore(&caches_lock, flags);
}

struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, void (*ctor)(void *))
{
	struct kmem_cache *c = kmem_cache_alloc(&cache_of_caches, GFP_ATOMIC);

	if (!c)
		panic("slab: no memory for cache %s", name);
	cache_init(c, name, size, align, ctor);
	return c;
}

static u32 cache_shrink(struct kmem_cache *c)
{
	LIST_HEAD(spare);
	struct page *p, *next;
	u32 irq = irq_save(), before;

	spin_lock(&c->lock);
	before = c->nr_slabs;
	struct magazine *m = &c->magazine[this_cpu()->id];
	return_objects(c, m, m->n, 0, &spare);
	list_for_each_entry_safe(p, next, &c->partial, lru) {
		if (p->private)
			continue;
		c->nr_slabs--;
		c->nr_empty--;
		list_move(&p->lru, &spare);
	}
	u32 freed = (before - c->nr_slabs) << c->order;
	spin_unlock(&c->lock);
	irq_restore(irq);
	destroy_list(c, &spare);
	return freed;
}

void kmem_cache_destroy(struct kmem_cache *c)
{
	cache_shrink(c);
	BUG_ON(c->nr_slabs);
	u32 flags = spin_lock_irqsave(&caches_lock);
	list_del(&c->node);
	spin_unlock_irqrestore(&caches_lock, flags);
	kmem_cache_free(&cache_of_caches, c);
}

/* Caches are only ever added outside of tests, so the walk needs no lock. */
u32 kmem_cache_shrink_all(void)
{
	struct kmem_cache *c;
	u32 pages = 0;

	list_for_each_entry(c, &caches, node)
		pages += cache_shrink(c);
	return pages;
}

static u32 shrink_scan(struct shrinker *s, u32 nr, u32 gfp)
{
	(void)s;
	(void)nr;
	(void)gfp;
	return kmem_cache_shrink_all();
}

void kmem_cache_mark_reclaimable(struct kmem_cache *c) { c->reclaimable = true; }

u32 slab_reclaimable_pages(void)
{
	struct kmem_cache *c;
	u32 pages = 0;

	list_for_each_entry(c, &caches, node)
		if (c->reclaimable)
			pages += c->nr_slabs << c->order;
	return pages;
}

u32 slab_pages(void)
{
	struct kmem_cache *c;
	u32 pages = 0;

	list_for_each_entry(c, &caches, node)
		pages += c->nr_slabs << c->order;
	return pages;
}

int slab_show(struct seq_buf *s, void *arg)
{
	struct kmem_cache *c;

	(void)arg;
	seq_puts(s, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		    " : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	list_for_each_entry(c, &caches, node) {
		u32 idle = 0;

		for (u32 i = 0; i < NR_CPUS; i++)
			idle += c->magazine[i].n;
		seq_printf(s, "%-17s %6u %6u %6u %4u %4u : tunables %4u %4u    0 : slabdata %6u %6u      0\n", c->name, c->nr_taken - idle,
			   c->nr_slabs * c->per_slab, c->slot_size, c->per_slab, 1u << c->order, MAGAZINE_SIZE, MAGAZINE_SIZE / 2,
			   c->nr_slabs - c->nr_empty, c->nr_slabs);
	}
	return 0;
}

/* ---- kmalloc ---- */

static const struct { u16 size; const char *name; } kmalloc_sizes[] = {
	{ 8, "kmalloc-8" }, { 16, "kmalloc-16" }, { 32, "kmalloc-32" }, { 64, "kmalloc-64" }, { 96, "kmalloc-96" },
	{ 128, "kmalloc-128" }, { 192, "kmalloc-192" }, { 256, "kmalloc-256" }, { 320, "kmalloc-320" }, { 512, "kmalloc-512" },
	{ 768, "kmalloc-768" }, { 1024, "kmalloc-1k" }, { 2048, "kmalloc-2k" },
};
#define NR_KMALLOC ARRAY_SIZE(kmalloc_sizes)
#define KMALLOC_MAX_SLAB 2048u
#define KMALLOC_STEP 8u

static struct kmem_cache kmalloc_caches[NR_KMALLOC];
static u8 kmalloc_index[KMALLOC_MAX_SLAB / KMALLOC_STEP + 1]; /* by size / KMALLOC_STEP, rounded up */

static u32 order_of(size_t size)
{
	return size <= PAGE_SIZE ? 0 : 32u - (u32)__builtin_clz((u32)(size - 1) >> PAGE_SHIFT);
}

static void *kmalloc_pages(size_t size, u32 gfp)
{
	if (size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	u32 order = order_of(size);
	struct page *p = alloc_pages(gfp, order);
	if (!p)
		return NULL;
	p->private = LARGE_MAGIC | order;
	return page_address(p);
}

static __always_inline void *kmalloc_from(size_t size, u32 gfp, void *caller)
{
	if (unlikely(size > KMALLOC_MAX_SLAB))
		return kmalloc_pages(size, gfp);
	return cache_alloc(&kmalloc_caches[kmalloc_index[(size + KMALLOC_STEP - 1) / KMALLOC_STEP]], gfp, caller);
}

void *kmalloc(size_t size, u32 gfp)
{
	return kmalloc_from(size, gfp, __builtin_return_address(0));
}

void *kzalloc(size_t size, u32 gfp)
{
	return kmalloc_from(size, gfp | GFP_ZERO, __builtin_return_address(0));
}

void kfree(const void *object)
{
	struct page *p;

	if (!object)
		return;
	p = virt_to_page(object);
	if (likely(page_test(p, PG_slab))) {
		cache_free(p->slab_cache, (void *)object, __builtin_return_address(0));
		return;
	}
	if (unlikely((p->private & ~0xffu) != LARGE_MAGIC || ((uintptr_t)object & (PAGE_SIZE - 1))))
		panic("kfree: %p was not allocated by kmalloc", object);
	u32 order = p->private & 0xff;
	p->private = 0;
	free_pages(p, order);
}

char *kstrndup(const char *s, size_t max, u32 gfp)
{
	size_t n = strnlen(s, max);
	char *copy = kmalloc_from(n + 1, gfp, __builtin_return_address(0));

	if (copy) {
		memcpy(copy, s, n);
		copy[n] = 0;
	}
	return copy;
}

char *kstrdup(const char *s, u32 gfp)
{
	return kstrndup(s, strlen(s), gfp);
}

/* Nodes of the page cache's trees: allocated under mapping->lock, hence from the reserve if need be. */
void *radix_node_alloc(size_t size)
{
	return kmalloc_from(size, GFP_ATOMIC | GFP_ZERO | GFP_NOWARN, __builtin_return_address(0));
}

void radix_node_free(void *node, size_t size)
{
	(void)size;
	kfree(node);
}

int slab_init(void)
{
	u32 i = 0;

	cache_init(&cache_of_caches, "kmem_cache", sizeof(struct kmem_cache), 0, NULL);
	for (u32 k = 0; k < NR_KMALLOC; k++) {
		cache_init(&kmalloc_caches[k], kmalloc_sizes[k].name, kmalloc_sizes[k].size, 0, NULL);
		for (; i * KMALLOC_STEP <= kmalloc_sizes[k].size; i++)
			kmalloc_index[i] = (u8)k;
	}
	slab_shrinker.name = "slab";
	slab_shrinker.scan = shrink_scan;
	register_shrinker(&slab_shrinker);
	return 0;
}
