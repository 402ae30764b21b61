/*
 * The page allocator: frames of RAM from the multiboot map, in blocks of 2^order (mm/buddy.c); before it, a list of single pages per CPU.
 *
 * Water marks, in free pages (Linux's min_free_kbytes rule, 4 * sqrt(KiB of RAM)):
 *   high  direct reclaim stops here
 *   low   below it a request that may wait first asks the shrinkers
 *   min   requests for user and cache pages stop here; other requests that may wait go to 3/4 of it, GFP_ATOMIC to 1/4, reclaim itself to 0
 *
 * Interface: mm/alloc.h. Any context. Lock: pool_lock (RANK_ALLOC, interrupts off); the CPU's list only with interrupts off.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/page_copy.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/lib/string.h"
#include "mm/boot_mem.h"
#include "mm/buddy.h"
#include "mm/fail.h"
#include "mm/page_alloc.h"
#include "mm/reclaim.h"

#define PCP_ORDER 5u                 /* the list is filled and drained by blocks of this order */
#define PCP_BATCH (1u << PCP_ORDER)
#define PCP_HIGH (4 * PCP_BATCH)
#define RECLAIM_BATCH 64u
#define RECLAIM_BACKOFF 64u          /* requests between two reclaims that found nothing while the reserve is not touched */
#define ROUNDS_BEFORE_RESERVE 3u     /* naps until GFP_NOFAIL takes from the reserve */
#define FREE_POISON 0x6b
/* Flags a page must not have when it is freed. */
#define PG_BUSY (PG_locked | PG_writeback | PG_slab | PG_reserved | PG_buddy | PG_lru | PG_private)

struct page *mem_map;
u32 max_pfn;
struct mm_events mm_events;

static DEFINE_SPINLOCK(pool_lock, RANK_ALLOC);
static struct buddy pool;
static struct pcp {
	struct list_head list;
	u32 count;
} pcp[NR_CPUS];
static u32 total_pages, mark_min, mark_low, mark_high;
static u32 reclaim_backoff;

static inline struct pcp *this_pcp(void)
{
	return &pcp[this_cpu()->id];
}

u32 nr_free_pages(void)
{
	u32 n = pool.nr_free;

	for (u32 i = 0; i < NR_CPUS; i++)
		n += pcp[i].count;
	return n;
}

u32 nr_total_pages(void)
{
	return total_pages;
}

void page_watermarks(u32 *min_pages, u32 *low_pages, u32 *high_pages)
{
	*min_pages = mark_min;
	*low_pages = mark_low;
	*high_pages = mark_high;
}

/* ---- poison, debug kernel only: a free page is full of FREE_POISON and must still be when it is taken ---- */

#ifdef CONFIG_DEBUG
static void poison_pages(struct page *p, u32 n)
{
	memset(page_address(p), FREE_POISON, n << PAGE_SHIFT);
}

static void check_poison(struct page *p, u32 n)
{
	const u32 *w = page_address(p);

	for (u32 i = 0; i < n * (PAGE_SIZE / 4); i++)
		if (w[i] != FREE_POISON * 0x01010101u)
			panic("page_alloc: free page was written to at %p: %08x", &w[i], w[i]);
}
#else
static inline void poison_pages(struct page *p, u32 n) { (void)p; (void)n; }
static inline void check_poison(struct page *p, u32 n) { (void)p; (void)n; }
#endif

/* ---- the CPU's list; interrupts off ---- */

static bool pcp_refill(struct pcp *c)
{
	spin_lock(&pool_lock);
	struct page *p = buddy_alloc(&pool, PCP_ORDER);
	u32 n = PCP_BATCH;
	if (!p) {
		n = 1;
		p = buddy_alloc(&pool, 0);
	}
	spin_unlock(&pool_lock);
	if (!p)
		return false;
	for (u32 i = 0; i < n; i++)
		list_add_tail(&p[i].lru, &c->list);
	c->count += n;
	return true;
}

/* Give back the n coldest pages. */
static void pcp_drain(struct pcp *c, u32 n)
{
	spin_lock(&pool_lock);
	while (n && c->count) {
		struct page *p = list_last_entry(&c->list, struct page, lru);

		list_unlink(&p->lru);
		c->count--;
		n--;
		buddy_free(&pool, p, 0);
	}
	spin_unlock(&pool_lock);
}

static struct page *take_one(void)
{
	struct pcp *c = this_pcp();

	if (unlikely(!c->count) && !pcp_refill(c))
		return NULL;
	struct page *p = list_first_entry(&c->list, struct page, lru);
	list_unlink(&p->lru);
	c->count--;
	return p;
}

static struct page *take_block(u32 order)
{
	for (int drained = 0;; drained = 1) {
		spin_lock(&pool_lock);
		struct page *p = buddy_alloc(&pool, order);
		spin_unlock(&pool_lock);
		if (p || drained)
			return p;
		pcp_drain(this_pcp(), ~0u);
	}
}

/* ---- allocation ---- */

#ifdef CONFIG_DEBUG
struct task *alloc_fail_task;
u32 alloc_fail_after;
#endif

/* How many free pages a request must leave. */
static u32 reserve_of(u32 gfp)
{
	if (current->flags & PF_MEMALLOC)
		return gfp & GFP_USER_PAGE ? mark_min / 2 : 0; /* it may also be a process that was told to die */
	if (!(gfp & GFP_WAIT) || (task_is_dying() && !(gfp & GFP_USER_PAGE)))
		return mark_min / 4;
	return gfp & GFP_USER_PAGE ? mark_min : mark_min - mark_min / 4;
}

static struct page *take(u32 order, u32 reserve)
{
	u32 flags = irq_save();
	struct page *p = NULL;

	if (nr_free_pages() >= reserve + (1u << order))
		p = order ? take_block(order) : take_one();
	irq_restore(flags);
	return p;
}

static void report_failure(u32 gfp, u32 order)
{
	static u64 last;
	u64 now = ktime_ns();

	if ((gfp & GFP_NOWARN) || (last && now - last < NSEC_PER_SEC))
		return;
	last = now;
	pr_warn("page_alloc: no block of order %u for %s (gfp %#x), %u pages free\n", order, current->comm, gfp, nr_free_pages());
}

/* Memory is below `low`. */
static struct page *take_slowly(u32 gfp, u32 order)
{
	bool reclaim = reclaim_possible(gfp), no_fail = (gfp & GFP_NOFAIL) && current != &init_task && !in_atomic();
	u32 reserve = reserve_of(gfp);
	struct page *p;

	if (!reclaim && !no_fail) {
		p = take(order, reserve);
		if (!p)
			report_failure(gfp, order);
		return p;
	}
	if (reclaim_backoff) {
		reclaim_backoff--;
		p = take(order, mark_min + 1);
		if (p)
			return p;
	}
	for (struct reclaim_try try = { 0 };;) {
		u32 freed = reclaim ? reclaim_pages(max(RECLAIM_BATCH, 1u << order), gfp) : 0;

		mm_events.stalls++;

		if (no_fail && (!reclaim || try.rounds >= ROUNDS_BEFORE_RESERVE))
			reserve = reclaim ? mark_min / 4 : 0;
		p = take(order, reserve);
		if (p) {
			reclaim_backoff = freed ? 0 : RECLAIM_BACKOFF;
			return p;
		}
		if (freed && !order)
			continue;
		if (!reclaim_wait(&try, order, gfp)) {
			report_failure(gfp, order);
			return NULL;
		}
	}
}

/* The rest of struct page, for the new owner. */
static inline void prepare(struct page *p)
{
	p->flags = 0;
	atomic_set(&p->refs, 1);
	atomic_set(&p->mapcount, 0);
	p->mapping = NULL;
	p->index = 0;
	p->private = 0;
}

struct page *alloc_pages(u32 gfp, u32 order)
{
	struct page *p = NULL;

	ASSERT(!(gfp & GFP_WAIT) || !in_atomic());
	if (unlikely(order > MAX_ORDER) || alloc_fails_on_purpose())
		return NULL;
	if (likely(nr_free_pages() >= mark_low + (1u << order)))
		p = take(order, 0);
	if (unlikely(!p)) {
		p = take_slowly(gfp, order);
		if (!p)
			return NULL;
	}
	mm_events.allocated += 1u << order;
	check_poison(p, 1u << order);
	prepare(p);
	if (gfp & GFP_ZERO)
		for (u32 i = 0; i < 1u << order; i++)
			clear_page(page_address(p + i));
	return p;
}

struct page *alloc_pages_below(u32 order, u32 limit_pfn)
{
	u32 flags = irq_save();
	struct page *p = NULL;

	if (nr_free_pages() >= mark_min + (1u << order)) {
		pcp_drain(this_pcp(), ~0u);
		spin_lock(&pool_lock);
		p = buddy_alloc_below(&pool, order, limit_pfn);
		spin_unlock(&pool_lock);
	}
	irq_restore(flags);
	if (!p)
		return NULL;
	check_poison(p, 1u << order);
	prepare(p);
	return p;
}

static inline void check_free(struct page *p)
{
	if (unlikely(p->flags & PG_BUSY) || unlikely(atomic_read(&p->mapcount)))
		panic("page_alloc: freeing a page in use: frame %#x flags %#x mapcount %d mapping %p", page_to_pfn(p), p->flags,
		      atomic_read(&p->mapcount), p->mapping);
	ASSERT(!p->mapping);
}

/* Interrupts off. */
static inline void give_one(struct pcp *c, struct page *p)
{
	check_free(p);
	poison_pages(p, 1);
	mm_events.freed++;
	p->flags = 0;
	list_add(&p->lru, &c->list);
	if (unlikely(++c->count > PCP_HIGH))
		pcp_drain(c, PCP_BATCH);
}

void free_pages(struct page *p, u32 order)
{
	u32 flags = irq_save();

	atomic_set(&p->refs, 0);
	if (!order) {
		give_one(this_pcp(), p);
	} else {
		check_free(p);
		poison_pages(p, 1u << order);
		mm_events.freed += 1u << order;
		spin_lock(&pool_lock);
		buddy_free(&pool, p, order);
		spin_unlock(&pool_lock);
	}
	irq_restore(flags);
}

void free_page_last(struct page *p)
{
	free_pages(p, 0);
}

void free_page_batch(struct page **pages, u32 n)
{
	u32 flags = irq_save();

	for (u32 i = 0; i < n; i++)
		if (atomic_dec_and_test(&pages[i]->refs))
			give_one(this_pcp(), pages[i]);
	irq_restore(flags);
}

void *get_free_page(u32 gfp)
{
	struct page *p = alloc_pages(gfp, 0);

	return p ? page_address(p) : NULL;
}

void free_page(void *va)
{
	free_pages(virt_to_page(va), 0);
}

void page_alloc_drain(void)
{
	u32 flags = irq_save();

	pcp_drain(this_pcp(), ~0u);
	irq_restore(flags);
}

void mm_count_mapped(u32 *file_pages, u32 *own_pages)
{
	*file_pages = *own_pages = 0;
	for (u32 i = 0; i < max_pfn; i++) {
		const struct page *p = &mem_map[i];

		if (atomic_read(&p->mapcount) > 0 && !(p->flags & (PG_buddy | PG_reserved | PG_slab)))
			++*(p->mapping ? file_pages : own_pages);
	}
}

static void set_marks(u32 min_pages)
{
	mark_min = min_pages;
	mark_low = mark_min + mark_min / 4;
	mark_high = mark_min + mark_min / 2;
}

int page_set_min_free(u32 pages)
{
	if (pages < 32 || pages > total_pages / 4)
		return -EINVAL;
	set_marks(pages);
	return 0;
}

/* ---- boot ---- */

static u32 isqrt(u32 n)
{
	u32 r = 0;

	for (u32 bit = 1u << 15; bit; bit >>= 1)
		if ((r | bit) * (r | bit) <= n)
			r |= bit;
	return r;
}

int page_alloc_init(void)
{
	total_pages = boot_mem_map();
	buddy_init(&pool, mem_map, max_pfn);
	for (u32 i = 0; i < NR_CPUS; i++)
		INIT_LIST_HEAD(&pcp[i].list);
	for (u32 first = 0, end; first < max_pfn; first = end) {
		for (end = first + 1; end < max_pfn && mem_map[end].flags == mem_map[first].flags; end++)
			;
		if (mem_map[first].flags)
			continue;
		for (u32 i = first; i < end; i++)
			atomic_set(&mem_map[i].refs, 0);
		poison_pages(mem_map + first, end - first);
		buddy_add_range(&pool, first, end);
	}
	set_marks(isqrt(total_pages * (PAGE_SIZE >> 10))); /* 4 * sqrt(KiB) KiB, in pages */
	pr_info("page_alloc: %u KiB of RAM, %u KiB free, water marks %u/%u/%u pages\n", total_pages << 2, nr_free_pages() << 2, mark_min,
		mark_low, mark_high);
	return 0;
}
