/*
 * Shared anonymous memory: mmap(MAP_SHARED | MAP_ANONYMOUS), and /dev/zero mapped shared. The pages belong to an object that the areas of
 * parent and children share; area->object points to it, area->pgoff counts from its start. They live until the last area closes.
 */
#include "kernel/debug/bug.h"
#include "kernel/lib/err.h"
#include "kernel/lib/radix_tree.h"
#include "mm/alloc.h"
#include "mm/area.h"

struct shared_anon {
	atomic_t refs;          /* areas, and who maps it again */
	struct spinlock lock;
	struct radix_tree pages; /* lock; each holds a reference */
};

static struct kmem_cache *object_cache;

static void shared_open(struct vm_area *a)
{
	struct shared_anon *s = a->object;

	atomic_inc(&s->refs);
}

void shared_anon_put(struct shared_anon *s)
{
	void *pages[16];
	u32 index[16], n;

	if (!atomic_dec_and_test(&s->refs))
		return;
	while ((n = radix_tree_gang_lookup(&s->pages, 0, pages, index, ARRAY_SIZE(pages))))
		for (u32 i = 0; i < n; i++) {
			(void)radix_tree_delete(&s->pages, index[i]);
			put_page(pages[i]);
		}
	kmem_cache_free(object_cache, s);
}

static void shared_close(struct vm_area *a) { shared_anon_put(a->object); }

static u32 shared_fault(struct vm_fault *vf)
{
	struct shared_anon *s = vf->area->object;
	struct page *fresh = NULL, *page;
	int err = 0;

	for (;;) {
		u32 flags = spin_lock_irqsave(&s->lock);

		page = radix_tree_lookup(&s->pages, vf->pgoff);
		if (!page && fresh) {
			err = radix_tree_insert(&s->pages, vf->pgoff, fresh);
			if (!err) {
				page = fresh; /* its first reference stays with the object */
				fresh = NULL;
			}
		}
		if (page)
			get_page(page);
		spin_unlock_irqrestore(&s->lock, flags);
		if (page || err)
			break;
		fresh = alloc_page(GFP_USER | GFP_ZERO);
		if (!fresh)
			return VM_FAULT_OOM;
	}
	if (fresh)
		put_page(fresh);
	if (err)
		return VM_FAULT_OOM;
	vf->page = page;
	return VM_FAULT_OK;
}

static const char *shared_name(struct vm_area *a, char *buf, size_t size)
{
	(void)a;
	(void)buf;
	(void)size;
	return "/dev/zero (deleted)";
}

static const struct vm_ops shared_anon_ops = { .open = shared_open, .close = shared_close, .fault = shared_fault, .name = shared_name };

int mm_setup_shared_anon(struct vm_area *a, void *arg)
{
	struct shared_anon *s = kmem_cache_alloc(object_cache, GFP_KERNEL | GFP_ZERO);

	(void)arg;
	if (!s)
		return -ENOMEM;
	atomic_set(&s->refs, 1);
	spin_lock_init(&s->lock, "shared_anon", RANK_MAPPING);
	a->ops = &shared_anon_ops;
	a->file = NULL;
	a->object = s;
	a->pgoff = 0;
	return 0;
}

struct shared_anon *shared_anon_get(struct vm_area *a)
{
	if (a->ops != &shared_anon_ops)
		return NULL;
	shared_open(a);
	return a->object;
}

int mm_setup_shared_again(struct vm_area *a, void *arg)
{
	a->ops = &shared_anon_ops;
	a->file = NULL;
	a->object = arg;
	shared_open(a);
	return 0;
}

void shared_anon_init(void)
{
	object_cache = kmem_cache_create("shared_anon", sizeof(struct shared_anon), 0, NULL);
}
