/* Tests of mm's allocators: pages, kmalloc, vmalloc, device memory, DMA. Each also checks that no page is lost. */
#include "kernel/hal/multiboot.h"
#include "kernel/hal/page_copy.h"
#include "kernel/lib/string.h"
#include "mm/reclaim.h"
#include "mm/vmalloc.h"
#include "tests/kernel/mm_helpers.h"
#include "tests/kernel/ktest.h"

KTEST(mm_page_alloc_random)
{
	static struct { struct page *p; u32 order; } held[200];
	u32 n = 0, before = settled_free_pages();

	for (u32 step = 0; step < 3000; step++) {
		if (n < ARRAY_SIZE(held) && (random32() & 1)) {
			u32 order = random32() % 4;
			struct page *p = alloc_pages(GFP_KERNEL | (random32() & GFP_ZERO), order);

			KT_REQUIRE(p);
			KT_EQUAL(atomic_read(&p->refs), 1);
			KT_EQUAL(page_to_pfn(p) & ((1u << order) - 1), 0);
			memset(page_address(p), (int)n, PAGE_SIZE << order);
			held[n].p = p;
			held[n++].order = order;
		} else if (n) {
			u32 k = random32() % n;

			free_pages(held[k].p, held[k].order);
			held[k] = held[--n];
		}
	}
	while (n) {
		n--;
		free_pages(held[n].p, held[n].order);
	}
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_pages_cleared_and_copied)
{
	u32 *a = get_free_page(GFP_KERNEL | GFP_ZERO), *b = get_free_page(GFP_KERNEL);

	KT_REQUIRE(a && b);
	for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
		KT_REQUIRE(a[i] == 0);
		a[i] = i * 2654435761u;
	}
	copy_page(b, a);
	KT_EQUAL(memcmp(a, b, PAGE_SIZE), 0);
	clear_page(b);
	KT_EXPECT(!b[0] && !b[PAGE_SIZE / 4 - 1] && !memcmp(b, b + 1, PAGE_SIZE - 4));
	free_page(a);
	free_page(b);
}

/* The registers of the program, or of a copy that was interrupted, survive the copies that use SSE. */
KTEST(mm_copies_keep_sse_registers)
{
	static u8 page[2 * PAGE_SIZE] __aligned(4096);
	u32 in[4] = { 1, 0x80000000u, 3, 0xfffffffeu }, out[4];

	__asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm3" : : "m"(in));
	clear_page(page);
	copy_page(page + PAGE_SIZE, page);
	__asm__ volatile("movups %%xmm0, %0" : "=m"(out));
	KT_EQUAL(memcmp(in, out, sizeof(in)), 0);
	__asm__ volatile("movups %%xmm3, %0" : "=m"(out));
	KT_EQUAL(memcmp(in, out, sizeof(in)), 0);
}

KTEST(mm_kmalloc_random)
{
	static struct { u8 *p; u32 size; } held[300];
	u32 n = 0, before = settled_free_pages();

	for (u32 step = 0; step < 10000; step++) {
		if (n < ARRAY_SIZE(held) && random32() % 5 < 3) {
			u32 size = 1 + random32() % (random32() % 16 ? 600 : 20000);
			u8 *p = kmalloc(size, random32() % 2 ? GFP_KERNEL : GFP_ATOMIC);

			KT_REQUIRE(p);
			memset(p, (int)size, size);
			held[n].p = p;
			held[n++].size = size;
		} else if (n) {
			u32 k = random32() % n;

			KT_REQUIRE(held[k].p[0] == (u8)held[k].size && held[k].p[held[k].size - 1] == (u8)held[k].size);
			kfree(held[k].p);
			held[k] = held[--n];
		}
	}
	while (n)
		kfree(held[--n].p);
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_vmalloc_has_guards)
{
	u32 before = settled_free_pages();
	u8 *p[8];

	for (u32 i = 0; i < 8; i++) {
		u32 size = (i + 1) * PAGE_SIZE - 100;

		p[i] = vmalloc(size);
		KT_REQUIRE(p[i]);
		memset(p[i], (int)i, size);
		KT_EXPECT(!kernel_address_mapped((u32)p[i] - 1));
		KT_EXPECT(vmalloc_is_guard((u32)p[i] - 1));
		KT_EXPECT(kernel_address_mapped((u32)p[i]) && kernel_address_mapped((u32)p[i] + size));
		KT_EXPECT(!kernel_address_mapped((u32)p[i] + (i + 1) * PAGE_SIZE));
	}
	for (u32 i = 0; i < 8; i++) {
		KT_EQUAL(p[i][i * PAGE_SIZE], i);
		vfree(p[i]);
	}
	KT_EQUAL(settled_free_pages(), before);
	KT_EXPECT(!kernel_address_mapped((u32)p[3]));
	KT_EXPECT(!vmalloc(256u << 20));
}

KTEST(mm_vmalloc_many)
{
	void *p[64];
	u32 total, used, used_after, before = settled_free_pages();

	vmalloc_usage(&total, &used);
	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < 64; i++)
			KT_REQUIRE((p[i] = vmalloc((1 + random32() % 5) * PAGE_SIZE)));
		for (u32 i = 0; i < 64; i += 2)
			vfree(p[i]);
		for (u32 i = 1; i < 64; i += 2)
			vfree(p[i]);
	}
	KT_EQUAL(settled_free_pages(), before);
	vmalloc_usage(&total, &used_after);
	KT_EQUAL(used_after, used);
}

KTEST(mm_ioremap_video_memory)
{
	volatile u16 *text = ioremap(0xb8000, 4000), *same = phys_to_virt(0xb8000);

	KT_REQUIRE(text);
	u16 old = same[1999];
	text[1999] = 0x1234;
	KT_EQUAL(same[1999], 0x1234);
	same[1999] = old;
	iounmap((void *)text);
	KT_EXPECT(!kernel_address_mapped((u32)text));
	/* An address inside a page keeps its offset. */
	u8 *odd = ioremap(0xb8123, 2);
	KT_EQUAL((u32)odd & 0xfff, 0x123);
	iounmap(odd);
}

KTEST(mm_dma_boundary)
{
	phys_addr_t bus;
	void *va = dma_alloc(24 << 10, 64 << 10, &bus, GFP_KERNEL);

	KT_REQUIRE(va);
	KT_EQUAL(bus >> 16, (bus + (24 << 10) - 1) >> 16);
	KT_EQUAL(phys_to_virt(bus) == va, 1);
	dma_free(va, 24 << 10);
	KT_EXPECT(!dma_alloc(128 << 10, 64 << 10, &bus, GFP_KERNEL));
}

/* Answers of the process layer when memory is out: `dying` times that somebody is dying, then `rest`. */
static struct {
	u32 dying, asked;
	enum oom_answer rest;
} oom;

static enum oom_answer answer(void) { return oom.asked++ < oom.dying ? OOM_DYING : oom.rest; }

/* How often the hook is asked until an allocation gives up. */
static u32 asked_until_end(u32 dying, enum oom_answer rest, u32 *naps)
{
	enum oom_answer (*hook)(void) = out_of_memory_hook;
	struct reclaim_try try = { 0 };

	oom.dying = dying;
	oom.asked = 0;
	oom.rest = rest;
	out_of_memory_hook = answer;
	for (*naps = 0; *naps < 400 && reclaim_wait(&try, 0, GFP_KERNEL); ++*naps)
		;
	out_of_memory_hook = hook;
	return oom.asked;
}

/* A killed process that takes long to end is waited for, and does not count as one more; the number of those killed for one page is small. */
KTEST(mm_reclaim_waits_for_the_dying)
{
	u32 naps;

	KT_EQUAL(asked_until_end(0, OOM_NOBODY, &naps), 1);
	KT_EQUAL(naps, 10);
	KT_EQUAL(asked_until_end(3, OOM_NOBODY, &naps), 4);
	KT_EQUAL(naps, 40);
	KT_EQUAL(asked_until_end(1, OOM_KILLED, &naps), 1 + 9);
	KT_EQUAL(naps, 100);
}

/* When all memory is held, what must not fail gets its page from the reserve, and soon. */
KTEST(mm_no_fail_takes_from_the_reserve)
{
	LIST_HEAD(held);
	struct page *p, *tmp, *last = NULL;
	u32 before = settled_free_pages();

	while ((p = alloc_page(GFP_NOFS | GFP_USER_PAGE | GFP_NOWARN)))
		list_add(&p->lru, &held);
	KT_EXPECT(!list_empty(&held));
	last = alloc_page(GFP_NOFS | GFP_USER_PAGE | GFP_NOFAIL);
	KT_EXPECT(last);
	list_for_each_entry_safe(p, tmp, &held, lru) {
		list_del(&p->lru);
		put_page(p);
	}
	if (last)
		put_page(last);
	KT_EQUAL(settled_free_pages() >= before, 1);
}
