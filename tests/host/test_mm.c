/*
 * The page allocator's buddy system and the slab caches, over an arena of the test's own.
 * SOURCES: mm/buddy.c mm/slab.c kernel/lib/seq_buf.c kernel/lib/printf.c kernel/lib/errname.c
 */
#include "tests/host/host_test.h"

#include <setjmp.h>
#include <string.h>

#include "kernel/debug/bug.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/seq_buf.h"
#include "mm/buddy.h"
#include "mm/slab_core.h"

#define FRAMES 4096u
#define ARENA_ALIGN ((size_t)PAGE_SIZE << MAX_ORDER)

/* One CPU that nothing interrupts. */
u32 preempt_count(void) { return 0; }
struct percpu *this_cpu(void)
{
	static struct percpu only;
	return &only;
}

static struct page map[FRAMES];
static u8 *arena;
static struct buddy pool;
static u32 pages_until_failure = ~0u;

void *page_address(const struct page *p) { return arena + (size_t)(p - map) * PAGE_SIZE; }
struct page *virt_to_page(const void *va) { return map + ((const u8 *)va - arena) / PAGE_SIZE; }

struct page *alloc_pages(u32 gfp, u32 order)
{
	struct page *p;

	if (!pages_until_failure)
		return NULL;
	pages_until_failure -= pages_until_failure != ~0u;
	p = buddy_alloc(&pool, order);
	if (p) {
		p->private = 0;
		atomic_set(&p->refs, 1);
	}
	return p;
}

void free_pages(struct page *p, u32 order) { buddy_free(&pool, p, order); }
void register_shrinker(struct shrinker *s) { (void)s; }

/* A panic that a test expects ends here. */
static jmp_buf *expected;
static char panic_text[256];

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, ap);
	va_end(ap);
	if (!expected) {
		printf("# panic: %s\n", panic_text);
		abort();
	}
	longjmp(*expected, 1);
}

#define PANICS(statement) ({ \
		jmp_buf here_; \
		expected = &here_; \
		bool did_ = setjmp(here_); \
		if (!did_) { statement; } \
		expected = NULL; \
		did_; \
	})

static u32 random_state;
static u32 random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void fresh_pool(void)
{
	memset(map, 0, sizeof(map));
	buddy_init(&pool, map, FRAMES);
	buddy_add_range(&pool, 0, FRAMES);
}

/* ---- buddy ---- */

TEST(buddy_joins_everything_again)
{
	struct { struct page *p; u32 order; } held[512];
	u32 n = 0, frames = 0;
	static u8 owner[FRAMES];

	fresh_pool();
	memset(owner, 0, sizeof(owner));
	for (u32 step = 0; step < 20000 * host_test_scale(); step++) {
		if (n < ARRAY_SIZE(held) && (random32() & 1)) {
			u32 order = random32() % 6;
			struct page *p = buddy_alloc(&pool, order);

			if (!p)
				continue;
			u32 first = (u32)(p - map);
			CHECK_EQ(first & ((1u << order) - 1), 0);
			for (u32 i = 0; i < 1u << order; i++) {
				CHECK_EQ(owner[first + i], 0);
				owner[first + i] = 1;
				CHECK_EQ(map[first + i].flags, 0);
			}
			held[n].p = p;
			held[n++].order = order;
			frames += 1u << order;
		} else if (n) {
			u32 k = random32() % n;

			memset(owner + (held[k].p - map), 0, 1u << held[k].order);
			frames -= 1u << held[k].order;
			buddy_free(&pool, held[k].p, held[k].order);
			held[k] = held[--n];
		}
		CHECK_EQ(pool.nr_free + frames, FRAMES);
	}
	while (n) {
		n--;
		buddy_free(&pool, held[n].p, held[n].order);
	}
	CHECK_EQ(pool.nr_free, FRAMES);
	CHECK_EQ(buddy_count(&pool, MAX_ORDER), FRAMES >> MAX_ORDER);
}

TEST(buddy_below_a_limit)
{
	buddy_init(&pool, map, FRAMES);
	buddy_add_range(&pool, 0, FRAMES);
	u32 total = pool.nr_free, got = 0;
	struct page *p;
	while ((p = buddy_alloc_below(&pool, 3, 100))) {
		CHECK((u32)(p - map) + 8 <= 100 && !((u32)(p - map) & 7));
		got++;
	}
	CHECK_EQ(got, 12);
	CHECK_EQ(pool.nr_free, total - 12 * 8);
	CHECK(buddy_alloc(&pool, 3) != NULL); /* above it there is still some */
}

TEST(buddy_odd_ranges)
{
	memset(map, 0, sizeof(map));
	buddy_init(&pool, map, 1000);
	buddy_add_range(&pool, 3, 517);
	buddy_add_range(&pool, 600, 1000);
	CHECK_EQ(pool.nr_free, 514 + 400);
	CHECK(!buddy_alloc(&pool, 9));
	u32 got = 0;
	while (buddy_alloc(&pool, 0))
		got++;
	CHECK_EQ(got, 914);
	CHECK_EQ(pool.nonempty, 0);
	CHECK(!buddy_alloc(&pool, 0));
}

TEST(buddy_refuses_misaligned)
{
	fresh_pool();
	struct page *p = buddy_alloc(&pool, 2);
	CHECK(PANICS(buddy_free(&pool, p + 1, 2)));
}

/* ---- slab ---- */

static u32 constructed;
static void construct(void *object)
{
	constructed++;
	memset(object, 0x42, 40);
}

TEST(slab_sizes_and_alignment)
{
	for (u32 size = 1; size <= 9000; size += size < 300 ? 1 : 377) {
		u8 *p = kmalloc(size, GFP_KERNEL);

		CHECK(p != NULL);
		CHECK_EQ((uintptr_t)p % (size >= 16 ? 16 : 8), 0);
		memset(p, 0xee, size);
		kfree(p);
	}
	CHECK(!kmalloc((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL));
	kfree(NULL);
}

TEST(slab_random_use_leaves_nothing)
{
	static struct { u8 *p; u32 size; u8 fill; } held[1000];
	u32 n = 0, before;

	kmem_cache_shrink_all();
	before = pool.nr_free;
	for (u32 step = 0; step < 40000 * host_test_scale(); step++) {
		if (n < ARRAY_SIZE(held) && random32() % 5 < 3) {
			u32 size = 1 + random32() % (random32() % 8 ? 300 : 5000);
			u8 *p = random32() % 2 ? kzalloc(size, GFP_KERNEL) : kmalloc(size, GFP_KERNEL);

			if (!p)
				continue;
			held[n].p = p;
			held[n].size = size;
			held[n].fill = (u8)random32();
			memset(p, held[n].fill, size);
			n++;
		} else if (n) {
			u32 k = random32() % n;

			for (u32 i = 0; i < held[k].size; i++)
				if (held[k].p[i] != held[k].fill) {
					CHECK_EQ(held[k].p[i], held[k].fill);
					return;
				}
			kfree(held[k].p);
			held[k] = held[--n];
		}
	}
	while (n)
		kfree(held[--n].p);
	kmem_cache_shrink_all();
	CHECK_EQ(pool.nr_free, before);
}

TEST(slab_constructor_runs_once_per_object)
{
	struct kmem_cache *c = kmem_cache_create("test", 40, 32, construct);
	u8 *objects[100];

	constructed = 0;
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 100; i++) {
			objects[i] = kmem_cache_alloc(c, GFP_KERNEL);
			CHECK_EQ((uintptr_t)objects[i] % 32, 0);
			for (u32 k = 0; k < 40; k++)
				CHECK_EQ(objects[i][k], 0x42);
		}
		for (u32 i = 0; i < 100; i++)
			kmem_cache_free(c, objects[i]);
	}
	CHECK_EQ(constructed, (c->nr_slabs * c->per_slab));
	kmem_cache_destroy(c);
}

TEST(slab_no_memory)
{
	struct kmem_cache *c = kmem_cache_create("test", 1000, 0, NULL);
	void *objects[200];
	u32 n = 0;

	pages_until_failure = 3;
	while (n < ARRAY_SIZE(objects) && (objects[n] = kmem_cache_alloc(c, GFP_ATOMIC)))
		n++;
	CHECK_EQ(n, 3 * c->per_slab);
	CHECK(!kmem_cache_alloc(c, GFP_ATOMIC));
	pages_until_failure = ~0u;
	while (n)
		kmem_cache_free(c, objects[--n]);
	kmem_cache_destroy(c);
}

TEST(slab_finds_misuse)
{
	u8 *p = kmalloc(50, GFP_KERNEL);

	p[64] = 1;
	CHECK(PANICS(kfree(p)));
	CHECK(strstr(panic_text, "past its end") != NULL);

	p = kmalloc(100, GFP_KERNEL);
	p[-1] = 1;
	CHECK(PANICS(kfree(p)));
	CHECK(strstr(panic_text, "before its start") != NULL);

	p = kmalloc(200, GFP_KERNEL);
	kfree(p);
	CHECK(PANICS(kfree(p)));
	CHECK(strstr(panic_text, "freed twice") != NULL);

	p = kmalloc(400, GFP_KERNEL);
	kfree(p);
	p[7] = 1;
	CHECK(PANICS((void)kmalloc(400, GFP_KERNEL)));
	CHECK(strstr(panic_text, "after it was freed") != NULL);

	p = kmalloc(700, GFP_KERNEL);
	CHECK(PANICS(kfree(p + 16)));
}

TEST(slab_shows_itself)
{
	char text[8192];
	struct seq_buf s;

	seq_init(&s, text, sizeof(text));
	CHECK_EQ(slab_show(&s, NULL), 0);
	CHECK(!s.overflow);
	CHECK(strstr(text, "kmalloc-192") != NULL);
}

int main(void)
{
	arena = aligned_alloc(ARENA_ALIGN, (size_t)FRAMES * PAGE_SIZE);
	random_state = host_test_seed() | 1;
	RUN(buddy_joins_everything_again);
	RUN(buddy_below_a_limit);
	RUN(buddy_odd_ranges);
	RUN(buddy_refuses_misaligned);
	fresh_pool();
	slab_init();
	RUN(slab_sizes_and_alignment);
	RUN(slab_random_use_leaves_nothing);
	RUN(slab_constructor_runs_once_per_object);
	RUN(slab_no_memory);
	RUN(slab_shows_itself);
	RUN(slab_finds_misuse);
	free(arena);
	return host_test_end();
}
