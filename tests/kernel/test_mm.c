/* Tests of mm: address spaces, copy on write, file areas, user copies with faults. Each also checks that no page is lost. */
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/mman.h"
#include "mm/area.h"
#include "mm/fail.h"
#include "tests/kernel/mm_helpers.h"
#include "tests/kernel/ktest.h"

#define RW (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE)
#define BASE 0x10000000u

static void store(struct mm *mm, u32 addr, u32 v) { KT_EQUAL(mm_access(mm, addr, &v, sizeof(v), true), sizeof(v)); }

static u32 load(struct mm *mm, u32 addr)
{
	u32 v = 0xdead;

	KT_EQUAL(mm_access(mm, addr, &v, sizeof(v), false), sizeof(v));
	return v;
}

/* Can this access be made at all? */
static bool reachable(struct mm *mm, u32 addr, bool write)
{
	u32 v = 0;

	if (write && mm_access(mm, addr, &v, sizeof(v), false) != sizeof(v))
		return false;
	return mm_access(mm, addr, &v, sizeof(v), write) == sizeof(v);
}

static long map_anon(struct mm *mm, u32 addr, u32 len)
{
	return mm_map(mm, addr, len, MAP_PRIVATE | MAP_ANONYMOUS | (addr ? MAP_FIXED : 0), RW, 0, NULL, NULL);
}

/* ---- address spaces ---- */

KTEST(mm_areas_split_and_merge)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create();

	KT_REQUIRE(mm);
	KT_EQUAL(map_anon(mm, BASE, 16 * PAGE_SIZE), BASE);
	KT_EQUAL(map_anon(mm, BASE + 16 * PAGE_SIZE, 16 * PAGE_SIZE), BASE + 16 * PAGE_SIZE);
	KT_EQUAL(mm->nr_areas, 1);
	for (u32 i = 0; i < 32; i++)
		store(mm, BASE + i * PAGE_SIZE, i);
	KT_EQUAL(mm->rss, 32);
	KT_EQUAL(mm_protect(mm, BASE + 8 * PAGE_SIZE, 8 * PAGE_SIZE, PROT_READ), 0);
	KT_EQUAL(mm->nr_areas, 3);
	KT_EXPECT(!reachable(mm, BASE + 8 * PAGE_SIZE, true));
	KT_EQUAL(load(mm, BASE + 9 * PAGE_SIZE), 9);
	KT_EQUAL(mm_protect(mm, BASE + 10 * PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	KT_EXPECT(!reachable(mm, BASE + 10 * PAGE_SIZE, false));
	KT_EQUAL(mm->nr_areas, 5);
	KT_EQUAL(mm_protect(mm, BASE, 32 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
	KT_EQUAL(mm->nr_areas, 1);
	for (u32 i = 0; i < 32; i++)
		KT_EQUAL(load(mm, BASE + i * PAGE_SIZE), i);
	KT_EQUAL(mm_unmap(mm, BASE + 4 * PAGE_SIZE, 4 * PAGE_SIZE), 0);
	KT_EQUAL(mm->nr_areas, 2);
	KT_EQUAL(mm->rss, 28);
	KT_EQUAL(mm->total_vm, 28);
	KT_EXPECT(!reachable(mm, BASE + 5 * PAGE_SIZE, false));
	KT_EQUAL(mm_protect(mm, BASE, 32 * PAGE_SIZE, PROT_READ), -ENOMEM);
	KT_EQUAL(mm_unmap(mm, BASE + 1, PAGE_SIZE), -EINVAL);
	KT_EQUAL(mm_unmap(mm, BASE, 0), -EINVAL);
	KT_EQUAL(mm_unmap(mm, BASE, 0xfffff001u), -EINVAL);
	KT_EQUAL(mm_unmap(mm, BASE, 32 * PAGE_SIZE), 0);
	KT_EQUAL(mm->nr_areas + mm->rss + mm->total_vm + mm->nr_tables, 0);
	mm_put(mm);
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_map_chooses_addresses)
{
	struct mm *mm = mm_create();
	u32 flags = MAP_PRIVATE | MAP_ANONYMOUS;

	KT_REQUIRE(mm);
	long a = map_anon(mm, 0, PAGE_SIZE), b = map_anon(mm, 0, 3 * PAGE_SIZE);
	KT_EQUAL(a, STACK_TOP - STACK_GAP - PAGE_SIZE);
	KT_EQUAL(b, a - 3 * (long)PAGE_SIZE);
	KT_EQUAL(mm_map(mm, BASE, PAGE_SIZE, flags, RW, 0, NULL, NULL), BASE); /* a hint that is free */
	KT_EXPECT(mm_map(mm, BASE, PAGE_SIZE, flags, RW, 0, NULL, NULL) != BASE);
	KT_EQUAL(mm_map(mm, BASE, PAGE_SIZE, flags | MAP_FIXED_NOREPLACE, RW, 0, NULL, NULL), -EEXIST);
	KT_EQUAL(mm_map(mm, BASE + 1, PAGE_SIZE, flags | MAP_FIXED, RW, 0, NULL, NULL), -EINVAL);
	KT_EQUAL(mm_map(mm, 0, PAGE_SIZE, flags | MAP_FIXED, RW, 0, NULL, NULL), -EPERM);
	KT_EQUAL(mm_map(mm, 0xbffff000u, 2 * PAGE_SIZE, flags | MAP_FIXED, RW, 0, NULL, NULL), -ENOMEM);
	KT_EQUAL(mm_map(mm, 0, 0, flags, RW, 0, NULL, NULL), -EINVAL);
	KT_EQUAL(mm_map(mm, 0, 0xfffff001u, flags, RW, 0, NULL, NULL), -ENOMEM);
	KT_EQUAL(mm_map(mm, 0, (nr_total_pages() + 1) << PAGE_SHIFT, flags, RW, 0, NULL, NULL), -ENOMEM);
	KT_EXPECT(mm_map(mm, 0, 512u << 20, flags | MAP_NORESERVE, RW, 0, NULL, NULL) > 0);
	mm_put(mm);
}

KTEST(mm_copy_on_write)
{
	u32 before = settled_free_pages();
	struct mm *parent = mm_create(), *child, *grandchild;

	KT_REQUIRE(parent);
	map_anon(parent, BASE, 64 * PAGE_SIZE);
	map_anon(parent, 0x7ff00000u, 8 * PAGE_SIZE);
	for (u32 i = 0; i < 64; i += 2)
		store(parent, BASE + i * PAGE_SIZE, 1000 + i);
	store(parent, 0x7ff01000u, 77);
	child = mm_fork(parent);
	KT_REQUIRE(!IS_ERR(child));
	KT_EQUAL(child->rss, parent->rss);
	KT_EQUAL(child->total_vm, parent->total_vm);
	store(child, BASE, 1);
	store(parent, BASE + 2 * PAGE_SIZE, 2);
	store(child, BASE + PAGE_SIZE, 3); /* was never touched before */
	KT_EQUAL(load(parent, BASE), 1000);
	KT_EQUAL(load(child, BASE + 2 * PAGE_SIZE), 1002);
	KT_EQUAL(load(parent, BASE + PAGE_SIZE), 0);
	grandchild = mm_fork(child);
	KT_REQUIRE(!IS_ERR(grandchild));
	mm_put(child);
	KT_EQUAL(load(grandchild, BASE), 1);
	KT_EQUAL(load(grandchild, 0x7ff01000u), 77);
	store(grandchild, 0x7ff01000u, 78);
	KT_EQUAL(load(parent, 0x7ff01000u), 77);
	mm_put(parent);
	for (u32 i = 4; i < 64; i += 2)
		KT_EQUAL(load(grandchild, BASE + i * PAGE_SIZE), 1000 + i);
	mm_put(grandchild);
	KT_EQUAL(settled_free_pages(), before);
}

/* After the other side is gone the page is taken over, not copied. */
KTEST(mm_last_owner_takes_page_over)
{
	struct mm *parent = mm_create(), *child;
	struct page *first;

	KT_REQUIRE(parent);
	map_anon(parent, BASE, PAGE_SIZE);
	store(parent, BASE, 5);
	first = pte_page(*pte_lookup(parent, BASE));
	child = mm_fork(parent);
	KT_REQUIRE(!IS_ERR(child));
	KT_EQUAL(atomic_read(&first->mapcount), 2);
	KT_EQUAL(atomic_read(&first->refs), 2);
	mm_put(child);
	KT_EQUAL(atomic_read(&first->mapcount), 1);
	store(parent, BASE, 6);
	KT_EXPECT(pte_page(*pte_lookup(parent, BASE)) == first);
	mm_put(parent);
}

KTEST(mm_shared_anonymous)
{
	u32 before = settled_free_pages();
	struct mm *parent = mm_create(), *child;

	KT_REQUIRE(parent);
	KT_EQUAL(mm_map(parent, BASE, 8 * PAGE_SIZE, MAP_SHARED | MAP_FIXED, RW | VM_SHARED, 0, mm_setup_shared_anon, NULL), BASE);
	store(parent, BASE, 1);
	child = mm_fork(parent);
	KT_REQUIRE(!IS_ERR(child));
	store(child, BASE, 2);
	store(child, BASE + 5 * PAGE_SIZE, 3);
	KT_EQUAL(load(parent, BASE), 2);
	KT_EQUAL(load(parent, BASE + 5 * PAGE_SIZE), 3);
	KT_EQUAL(mm_unmap(parent, BASE, 4 * PAGE_SIZE), 0);
	KT_EQUAL(load(parent, BASE + 5 * PAGE_SIZE), 3);
	mm_put(parent);
	KT_EQUAL(load(child, BASE), 2);
	mm_put(child);
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_remap_moves_pages)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create();

	KT_REQUIRE(mm);
	map_anon(mm, BASE, 4 * PAGE_SIZE);
	map_anon(mm, BASE + 8 * PAGE_SIZE, PAGE_SIZE);
	for (u32 i = 0; i < 4; i++)
		store(mm, BASE + i * PAGE_SIZE, 50 + i);
	KT_EQUAL(mm_remap(mm, BASE, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), BASE); /* room above */
	KT_EQUAL(mm_remap(mm, BASE, 8 * PAGE_SIZE, 9 * PAGE_SIZE, 0, 0), -ENOMEM);
	long to = mm_remap(mm, BASE, 8 * PAGE_SIZE, 2000 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	KT_REQUIRE(to > 0 && to != BASE);
	for (u32 i = 0; i < 4; i++)
		KT_EQUAL(load(mm, (u32)to + i * PAGE_SIZE), 50 + i);
	KT_EXPECT(!reachable(mm, BASE, false));
	KT_EQUAL(mm->rss, 4);
	/* To a chosen place that crosses page tables, over what is there. */
	KT_EQUAL(mm_remap(mm, (u32)to, 4 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x203fe000u), 0x203fe000u);
	for (u32 i = 0; i < 4; i++)
		KT_EQUAL(load(mm, 0x203fe000u + i * PAGE_SIZE), 50 + i);
	KT_EQUAL(mm_remap(mm, 0x203fe000u, 4 * PAGE_SIZE, 2 * PAGE_SIZE, 0, 0), 0x203fe000u);
	KT_EQUAL(mm->rss, 2);
	KT_EQUAL(mm_remap(mm, 0x30000000u, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE, 0), -EFAULT);
	KT_EQUAL(mm_remap(mm, 0x203fe000u, 2 * PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_FIXED, 0x30000000u), -EINVAL);
	mm_put(mm);
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_brk_moves)
{
	struct mm *mm = mm_create();

	KT_REQUIRE(mm);
	mm->start_brk = mm->brk = BASE + 100;
	KT_EQUAL(mm_brk(mm, 0), BASE + 100);
	KT_EQUAL(mm_brk(mm, BASE + 3 * PAGE_SIZE), BASE + 3 * PAGE_SIZE);
	store(mm, BASE + 2 * PAGE_SIZE, 9);
	KT_EQUAL(mm_brk(mm, BASE + 30 * PAGE_SIZE + 5), BASE + 30 * PAGE_SIZE + 5);
	KT_EQUAL(mm->nr_areas, 1);
	KT_EQUAL(load(mm, BASE + 2 * PAGE_SIZE), 9);
	map_anon(mm, BASE + 40 * PAGE_SIZE, PAGE_SIZE);
	KT_EQUAL(mm_brk(mm, BASE + 41 * PAGE_SIZE), BASE + 30 * PAGE_SIZE + 5);
	KT_EQUAL(mm_brk(mm, BASE + PAGE_SIZE), BASE + PAGE_SIZE);
	KT_EXPECT(!reachable(mm, BASE + 2 * PAGE_SIZE, false));
	mm_put(mm);
}

KTEST(mm_stack_grows_to_its_limit)
{
	struct mm *mm = mm_create();
	u32 top = STACK_TOP;

	KT_REQUIRE(mm);
	(void)mm_map(mm, top - 4 * PAGE_SIZE, 4 * PAGE_SIZE, MAP_PRIVATE | MAP_FIXED, RW | VM_GROWSDOWN | VM_STACK, 0, NULL, NULL);
	store(mm, top - 4, 1);
	store(mm, top - (1u << 20), 2);
	store(mm, top - (8u << 20), 3);
	KT_EXPECT(!reachable(mm, top - (8u << 20) - 4, true));
	KT_EQUAL(mm->rss, 3);
	KT_EQUAL(mm->nr_areas, 1);
	mm_put(mm);

	mm = mm_create();
	KT_REQUIRE(mm);
	map_anon(mm, top - (2u << 20), PAGE_SIZE);
	(void)mm_map(mm, top - 4 * PAGE_SIZE, 4 * PAGE_SIZE, MAP_PRIVATE | MAP_FIXED, RW | VM_GROWSDOWN | VM_STACK, 0, NULL, NULL);
	store(mm, top - (512u << 10), 1);
	KT_EXPECT(!reachable(mm, top - (1536u << 10), true)); /* inside the guard gap */
	mm_put(mm);
}

KTEST(mm_advice_drops_pages)
{
	struct mm *mm = mm_create();

	KT_REQUIRE(mm);
	map_anon(mm, BASE, 8 * PAGE_SIZE);
	for (u32 i = 0; i < 8; i++)
		store(mm, BASE + i * PAGE_SIZE, 1);
	KT_EQUAL(mm_advise(mm, BASE + 2 * PAGE_SIZE, 3 * PAGE_SIZE, MADV_DONTNEED), 0);
	KT_EQUAL(mm->rss, 5);
	KT_EQUAL(load(mm, BASE + 3 * PAGE_SIZE), 0);
	KT_EQUAL(mm_advise(mm, BASE, 64 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	KT_EQUAL(mm_advise(mm, BASE, PAGE_SIZE, 4711), -EINVAL);
	KT_EQUAL(mm_lock_range(mm, BASE, BASE + 8 * PAGE_SIZE, true), 0);
	KT_EQUAL(mm->locked_vm, 8);
	KT_EQUAL(mm->rss, 8);
	KT_EQUAL(mm_advise(mm, BASE, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	KT_EQUAL(mm_unmap(mm, BASE, 4 * PAGE_SIZE), 0);
	KT_EQUAL(mm->locked_vm, 4);
	KT_EQUAL(mm_lock_range(mm, BASE + 4 * PAGE_SIZE, BASE + 8 * PAGE_SIZE, false), 0);
	KT_EQUAL(mm->locked_vm, 0);
	mm_put(mm);
}

/* ---- file areas, with a file of the test's own ---- */

#define FILE_PAGES 64u
static struct page *file_page[FILE_PAGES];
static LIST_HEAD(file_mmap);
static u32 nr_faults, nr_mkwrites, nr_open;

static void fake_open(struct vm_area *a)
{
	nr_open++;
	list_add(&a->mapping_node, &file_mmap);
}

static void fake_close(struct vm_area *a)
{
	nr_open--;
	list_del(&a->mapping_node);
}

static u32 fake_fault(struct vm_fault *vf)
{
	nr_faults++;
	if (vf->pgoff >= FILE_PAGES)
		return VM_FAULT_SIGBUS;
	vf->page = get_page(file_page[vf->pgoff]);
	return VM_FAULT_OK;
}

static void fake_map_pages(struct vm_fault *vf, pgoff_t first, pgoff_t last)
{
	for (; first <= last && first < FILE_PAGES; first++)
		mm_install_page(vf->area, vf->area->start + ((first - vf->area->pgoff) << PAGE_SHIFT), file_page[first]);
}

static u32 fake_mkwrite(struct vm_fault *vf)
{
	nr_mkwrites++;
	return vf->page == file_page[vf->pgoff] ? VM_FAULT_OK : VM_FAULT_SIGBUS;
}

static const struct vm_ops fake_ops = {
	.open = fake_open, .close = fake_close, .fault = fake_fault, .map_pages = fake_map_pages, .page_mkwrite = fake_mkwrite,
};

static int fake_setup(struct vm_area *a, void *arg)
{
	a->ops = &fake_ops;
	fake_open(a);
	return 0;
}

static bool fake_file_create(void)
{
	nr_faults = nr_mkwrites = 0;
	for (u32 i = 0; i < FILE_PAGES; i++) {
		file_page[i] = alloc_page(GFP_KERNEL | GFP_ZERO);
		if (!file_page[i])
			return false;
		file_page[i]->mapping = (struct mapping *)file_page; /* not anonymous */
		file_page[i]->index = i;
		*(u32 *)page_address(file_page[i]) = 100 + i;
	}
	return true;
}

static void fake_file_destroy(void)
{
	for (u32 i = 0; i < FILE_PAGES; i++) {
		KT_EQUAL(atomic_read(&file_page[i]->mapcount), 0);
		KT_EQUAL(atomic_read(&file_page[i]->refs), 1);
		file_page[i]->mapping = NULL;
		put_page(file_page[i]);
	}
	KT_EQUAL(nr_open, 0);
}

static long map_fake(struct mm *mm, u32 addr, u32 pages, u32 flags, pgoff_t pgoff)
{
	u32 type = flags & VM_SHARED ? MAP_SHARED : MAP_PRIVATE;

	return mm_map(mm, addr, pages << PAGE_SHIFT, MAP_FIXED | type, flags, pgoff, fake_setup, NULL);
}

KTEST(mm_file_read_faults_around)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create();

	KT_REQUIRE(mm && fake_file_create());
	map_fake(mm, BASE, 60, VM_READ | VM_MAYREAD, 2);
	KT_EQUAL(load(mm, BASE + 20 * PAGE_SIZE), 122);
	KT_EQUAL(mm->rss, 16); /* 16 to 31 of the area */
	KT_EQUAL(nr_faults, 0);
	KT_EQUAL(load(mm, BASE), 102);
	KT_EQUAL(load(mm, BASE + 59 * PAGE_SIZE), 161);
	KT_EQUAL(mm->rss, 16 + 16 + 12);
	KT_EXPECT(!reachable(mm, BASE, true));
	mm_put(mm);
	fake_file_destroy();
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_file_private_writes_are_copies)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create(), *child;

	KT_REQUIRE(mm && fake_file_create());
	map_fake(mm, BASE, 40, RW, 0);
	store(mm, BASE + 4, 5);
	KT_EQUAL(nr_faults, 1);
	KT_EQUAL(load(mm, BASE + PAGE_SIZE), 101);
	store(mm, BASE + PAGE_SIZE, 7); /* was mapped read-only */
	KT_EQUAL(*(u32 *)page_address(file_page[1]), 101);
	KT_EQUAL(load(mm, BASE), 100);
	child = mm_fork(mm);
	KT_REQUIRE(!IS_ERR(child));
	KT_EQUAL(load(child, BASE + PAGE_SIZE), 7);
	store(child, BASE + PAGE_SIZE, 8);
	KT_EQUAL(load(mm, BASE + PAGE_SIZE), 7);
	/* Truncation to one page: copies stay on a plain unmapping, go with even_cow. */
	mm_unmap_file_range(&file_mmap, 1, ~0u, false);
	KT_EQUAL(load(child, BASE + PAGE_SIZE), 8);
	mm_unmap_file_range(&file_mmap, 1, ~0u, true);
	KT_EQUAL(load(child, BASE + PAGE_SIZE), 101);
	KT_EQUAL(load(child, BASE + 4), 5);
	mm_put(child);
	mm_put(mm);
	fake_file_destroy();
	KT_EQUAL(settled_free_pages(), before);
}

KTEST(mm_file_shared_writes_ask_first)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create(), *other = mm_create();

	KT_REQUIRE(mm && other && fake_file_create());
	map_fake(mm, BASE, FILE_PAGES + 2, RW | VM_SHARED, 0);
	map_fake(other, 0x20000000u, 8, RW | VM_SHARED, 3);
	KT_EQUAL(load(mm, BASE + 4 * PAGE_SIZE), 104);
	store(mm, BASE + 4 * PAGE_SIZE, 9);
	store(mm, BASE + 4 * PAGE_SIZE, 10);
	KT_EQUAL(nr_mkwrites, 1);
	KT_EQUAL(load(other, 0x20000000u + PAGE_SIZE), 10);
	store(other, 0x20000000u + PAGE_SIZE, 11);
	KT_EQUAL(nr_mkwrites, 2);
	KT_EXPECT(mm_clean_page(&file_mmap, file_page[4]));
	KT_EXPECT(!mm_clean_page(&file_mmap, file_page[4]));
	store(mm, BASE + 4 * PAGE_SIZE, 12);
	KT_EQUAL(nr_mkwrites, 3);
	KT_EXPECT(mm_page_referenced(&file_mmap, file_page[4]));
	KT_EXPECT(!mm_page_referenced(&file_mmap, file_page[4]));
	KT_EXPECT(!reachable(mm, BASE + FILE_PAGES * PAGE_SIZE, false)); /* past the end: SIGBUS */
	/* An area that was cut still leads from the file's pages to the right entries. */
	KT_EQUAL(mm_unmap(mm, BASE + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	KT_EQUAL(nr_open, 3);
	mm_unmap_file_range(&file_mmap, 4, 4, false);
	KT_EQUAL(atomic_read(&file_page[4]->mapcount), 0);
	KT_EQUAL(load(mm, BASE + 4 * PAGE_SIZE), 12);
	mm_put(mm);
	mm_put(other);
	fake_file_destroy();
	KT_EQUAL(settled_free_pages(), before);
}

/* ---- no memory ---- */

/* Run fn with its first n allocations working and the rest failing, for n = 0, 1, 2 ... until it succeeds. It returns 0 or -ENOMEM. */
static void with_failing_allocations(int (*fn)(struct mm *mm), struct mm *mm)
{
	for (u32 n = 0; n < 200; n++) {
		paging_drain();
		alloc_fail_after = n;
		alloc_fail_task = current;
		int err = fn(mm);
		alloc_fail_task = NULL;
		if (!err) {
			KT_EXPECT(n > 0);
			return;
		}
		KT_EQUAL(err, -ENOMEM);
	}
	KT_EXPECT(!"never succeeded");
}

static int try_fork(struct mm *mm)
{
	struct mm *child = mm_fork(mm);

	if (IS_ERR(child))
		return (int)PTR_ERR(child);
	mm_put(child);
	return 0;
}

static int try_map(struct mm *mm)
{
	long at = mm_map(mm, 0x40000000u, PAGE_SIZE, MAP_PRIVATE | MAP_FIXED, RW | VM_EXEC, 0, NULL, NULL);

	return IS_ERR((void *)at) ? (int)at : 0;
}

static int try_shared(struct mm *mm)
{
	long at = mm_map(mm, 0x40000000u, PAGE_SIZE, MAP_SHARED | MAP_FIXED, RW | VM_SHARED, 0, mm_setup_shared_anon, NULL);

	return IS_ERR((void *)at) ? (int)at : 0;
}

static int try_protect(struct mm *mm) { return mm_protect(mm, BASE + 3 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ); }
static int try_unmap(struct mm *mm) { return mm_unmap(mm, BASE + 10 * PAGE_SIZE, PAGE_SIZE); }

static int try_move(struct mm *mm)
{
	long at = mm_remap(mm, BASE + 20 * PAGE_SIZE, 5 * PAGE_SIZE, 2000 * PAGE_SIZE, MREMAP_MAYMOVE, 0);

	return IS_ERR((void *)at) ? (int)at : 0;
}

static int try_store(struct mm *mm)
{
	u32 v = 1;

	return mm_access(mm, 0x60000000u, &v, sizeof(v), true) == sizeof(v) ? 0 : -ENOMEM;
}

KTEST(mm_survives_failing_allocations)
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create();

	KT_REQUIRE(mm && fake_file_create());
	map_anon(mm, BASE, 64 * PAGE_SIZE);
	map_anon(mm, 0x60000000u, PAGE_SIZE);
	map_fake(mm, 0x20000000u, 16, RW, 0);
	map_fake(mm, 0x30000000u, 16, RW | VM_SHARED, 0);
	for (u32 i = 0; i < 64; i++)
		store(mm, BASE + i * PAGE_SIZE, i);
	store(mm, 0x20001000u, 5);
	KT_EQUAL(load(mm, 0x30000000u), 100);
	with_failing_allocations(try_fork, mm);
	with_failing_allocations(try_map, mm);
	with_failing_allocations(try_shared, mm);
	with_failing_allocations(try_protect, mm);
	with_failing_allocations(try_unmap, mm);
	with_failing_allocations(try_move, mm);
	with_failing_allocations(try_store, mm);
	for (u32 i = 0; i < 20; i++)
		if (i != 10)
			KT_EQUAL(load(mm, BASE + i * PAGE_SIZE), i);
	mm_put(mm);
	fake_file_destroy();
	KT_EQUAL(settled_free_pages(), before);
}

/* ---- with an address space of our own ---- */


/* Run fn with a fresh address space loaded. */
static void with_user_space(void (*fn)(struct mm *mm))
{
	u32 before = settled_free_pages();
	struct mm *mm = mm_create(), *active = current->active_mm, *old = current->mm;

	KT_REQUIRE(mm);
	irq_disable();
	current->mm = current->active_mm = mm;
	mm_switch(active, mm);
	irq_enable();
	fn(mm);
	irq_disable();
	current->mm = old;
	current->active_mm = active;
	mm_switch(mm, active);
	irq_enable();
	mm_put(mm);
	KT_EQUAL(settled_free_pages(), before);
}

static void user_copies(struct mm *mm)
{
	static u8 from[3 * PAGE_SIZE], back[3 * PAGE_SIZE];
	u8 *user = (u8 *)BASE;

	map_anon(mm, BASE, 3 * PAGE_SIZE);
	for (u32 i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i * 31 + 7);
	for (u32 i = 0; i < 400; i++) {
		u32 at = random32() % (2 * PAGE_SIZE), n = random32() % (i % 2 ? 64 : PAGE_SIZE), off = random32() % 8;

		KT_EQUAL(copy_to_user(user + at, from + off, n), 0);
		KT_EQUAL(copy_from_user(back + off, user + at, n), 0);
		KT_EQUAL(memcmp(back + off, from + off, n), 0);
	}
	/* The end of the mapping cuts copies off; the count is exact to a word. */
	KT_EQUAL(copy_to_user(user + 3 * PAGE_SIZE - 8, from, 20), 12);
	KT_EQUAL(copy_to_user(user + 3 * PAGE_SIZE - 1000, from, 3000), 2000);
	KT_EQUAL(copy_from_user(back, user + 3 * PAGE_SIZE - 1024, 2048), 1024);
	KT_EXPECT(!memcmp(back, from + 0, 0) && !back[1024] && !back[2047]);
	KT_EQUAL(clear_user(user + 2 * PAGE_SIZE, 2 * PAGE_SIZE), PAGE_SIZE);
	KT_EQUAL(user[3 * PAGE_SIZE - 1], 0);
	/* Kernel addresses and wrapping ranges. */
	KT_EQUAL(copy_to_user((void *)0xc0000000u, from, 4), 4);
	KT_EQUAL(copy_to_user((void *)0xbffffffeu, from, 4), 4);
	KT_EQUAL(copy_from_user(back, (void *)0xfffffff0u, 0x20), 0x20);
	KT_EQUAL(copy_from_user(back, NULL, 4), 4);
	u32 v = 0;
	KT_EQUAL(put_user_u32(0x12345678, (u32 *)(user + 1)), 0);
	KT_EQUAL(get_user_u32(&v, (u32 *)(user + 1)), 0);
	KT_EQUAL(v, 0x12345678);
	KT_EQUAL(put_user_u32(1, NULL), -EFAULT);
	KT_EQUAL(get_user_u32(&v, (u32 *)0xbffffffdu), -EFAULT);
	KT_EQUAL(fault_in_readable(user, 3 * PAGE_SIZE), 0);
	KT_EQUAL(fault_in_writeable(user + 100, 4 * PAGE_SIZE), -EFAULT);
}
KTEST(mm_user_copies) { with_user_space(user_copies); }

static void user_strings(struct mm *mm)
{
	char *end = (char *)BASE + PAGE_SIZE, buf[64];

	map_anon(mm, BASE, PAGE_SIZE);
	KT_EQUAL(fault_in_writeable((void *)BASE, 1), 0);
	for (u32 len = 0; len < 40; len++)
		for (u32 gap = 0; gap < 5; gap++) {
			char *s = end - gap - len - 1;

			memset(s, 'x', len);
			s[len] = 0;
			memset(buf, '#', sizeof(buf));
			KT_EQUAL(strncpy_from_user(buf, s, sizeof(buf)), len);
			KT_EXPECT(!buf[len] && (!len || buf[len - 1] == 'x'));
			KT_EQUAL(strnlen_user(s, 100), len + 1);
			KT_EQUAL(strncpy_from_user(buf, s, len), len); /* no room for the terminator */
			KT_EXPECT(strnlen_user(s, len) > len);
		}
	memset(end - 20, 'y', 20);
	KT_EQUAL(strncpy_from_user(buf, end - 20, sizeof(buf)), -EFAULT);
	KT_EQUAL(strncpy_from_user(buf, end - 20, 20), 20);
	KT_EQUAL(strnlen_user(end - 20, 100), 0);
	KT_EQUAL(strncpy_from_user(buf, (char *)0xc0000000u, 10), -EFAULT);
	KT_EQUAL(strncpy_from_user(buf, NULL, 10), -EFAULT);
}
KTEST(mm_user_strings) { with_user_space(user_strings); }

/* Under pagefault_disable, and in atomic context, a copy stops at a page that is not there. */
static void atomic_copies(struct mm *mm)
{
	u8 buf[8] = { 1 };

	map_anon(mm, BASE, 4 * PAGE_SIZE);
	pagefault_disable();
	KT_EQUAL(copy_to_user((void *)BASE, buf, 8), 8);
	pagefault_enable();
	KT_EQUAL(copy_to_user((void *)BASE, buf, 8), 0);
	pagefault_disable();
	KT_EQUAL(copy_to_user((void *)BASE, buf, 8), 0);
	pagefault_enable();
	preempt_disable();
	KT_EQUAL(copy_from_user(buf, (void *)(BASE + PAGE_SIZE), 8), 8);
	preempt_enable();
	KT_EQUAL(mm->rss, 1);
}
KTEST(mm_atomic_user_copies) { with_user_space(atomic_copies); }

/* The TLB must forget what fork made read-only, what was unmapped, protected and moved. */
static void tlb_is_flushed(struct mm *mm)
{
	volatile u32 *user = (volatile u32 *)BASE;
	u32 v;

	map_anon(mm, BASE, 100 * PAGE_SIZE);
	for (u32 i = 0; i < 100; i++)
		KT_EQUAL(put_user_u32(i, (u32 *)&user[i * 1024]), 0);
	struct mm *child = mm_fork(mm);
	KT_REQUIRE(!IS_ERR(child));
	for (u32 i = 0; i < 100; i++)
		KT_EQUAL(put_user_u32(1000 + i, (u32 *)&user[i * 1024]), 0);
	for (u32 i = 0; i < 100; i++)
		KT_EQUAL(load(child, BASE + i * PAGE_SIZE), i);
	mm_put(child);
	KT_EQUAL(mm_protect(mm, BASE, 2 * PAGE_SIZE, PROT_READ), 0);
	KT_EQUAL(put_user_u32(1, (u32 *)user), -EFAULT);
	KT_EQUAL(get_user_u32(&v, (u32 *)user), 0);
	KT_EQUAL(mm_protect(mm, BASE, 2 * PAGE_SIZE, PROT_NONE), 0);
	KT_EQUAL(get_user_u32(&v, (u32 *)user), -EFAULT);
	u32 from = BASE + 10 * PAGE_SIZE, len = 50 * PAGE_SIZE;
	KT_EQUAL(mm_remap(mm, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000000u), 0x20000000u);
	KT_EQUAL(get_user_u32(&v, (u32 *)&user[10 * 1024]), -EFAULT);
	KT_EQUAL(get_user_u32(&v, (u32 *)0x20000000u), 0);
	KT_EQUAL(v, 1010);
	KT_EQUAL(mm_unmap(mm, BASE, 100 * PAGE_SIZE), 0);
	for (u32 i = 0; i < 100; i++)
		KT_EQUAL(get_user_u32(&v, (u32 *)&user[i * 1024]), -EFAULT);
}
KTEST(mm_tlb_is_flushed) { with_user_space(tlb_is_flushed); }

static void pins(struct mm *mm)
{
	struct page *p, *again;

	map_anon(mm, BASE, 2 * PAGE_SIZE);
	KT_EQUAL(get_user_page(BASE, true, &p), 0);
	KT_EQUAL(atomic_read(&p->refs), 2);
	KT_EQUAL(get_user_page(BASE + 100, false, &again), 0);
	KT_EXPECT(p == again);
	put_page(again);
	KT_EQUAL(mm_unmap(mm, BASE, PAGE_SIZE), 0);
	KT_EQUAL(atomic_read(&p->refs), 1);
	put_page(p);
	KT_EQUAL(get_user_page(BASE, false, &p), -EFAULT);
	KT_EQUAL(get_user_page(0xc0000000u, false, &p), -EFAULT);
	KT_EQUAL(mm_protect(mm, BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	KT_EQUAL(get_user_page(BASE + PAGE_SIZE, true, &p), -EFAULT);
	KT_EQUAL(get_user_page(BASE + PAGE_SIZE, false, &p), 0);
	put_page(p);
}
KTEST(mm_user_pages_pinned) { with_user_space(pins); }
