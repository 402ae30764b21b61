/*
 * Files in address spaces: the fault operations of file areas. A read fault maps the cached page itself; a store to a shared page goes
 * through page_mkwrite first, which makes blocks for it and marks it dirty, so that a writable table entry always means a dirty page;
 * write-back write-protects again (clear_page_dirty_for_io). Private areas get their copies from mm.
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "mm/alloc.h"
#include "mm/mm.h"

static inline pgoff_t pages_of_file(struct inode *host)
{
	return (pgoff_t)((inode_size(host) + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

u32 generic_file_fault(struct vm_fault *vf)
{
	struct file *f = vf->area->file;
	struct mapping *m = f->inode->mapping;
	struct page *page;
	u32 major = 0;

	if (unlikely(vf->pgoff >= pages_of_file(m->host)))
		return VM_FAULT_SIGBUS;
	page = page_cache_lookup(m, vf->pgoff);
	if (likely(page && (page->flags & (PG_uptodate | PG_readahead)) == PG_uptodate)) {
		get_page(page);
		cache_events.hits++;
		if (f->ra.mmap_miss)
			f->ra.mmap_miss--;
	} else {
		u32 id = trace_new_id();

		count_lookup(page);
		TRACE(TRACE_CACHE, "fault ino=%u index=%u", id, m->host->ino, vf->pgoff);
		if (!page) {
			major = VM_FAULT_MAJOR;
			if (vf->area->flags & VM_SEQ_READ)
				page_cache_sync_readahead(m, &f->ra, vf->pgoff, 1, id);
			else if (!(vf->area->flags & VM_RAND_READ))
				page_cache_read_around(m, &f->ra, vf->pgoff, id);
		}
		page = page_cache_fill(m, vf->area->flags & VM_RAND_READ ? NULL : f, vf->pgoff, 1, id, false);
		if (IS_ERR(page))
			return page == ERR_PTR(-ENOMEM) ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
		/* We slept: it may have been cut off meanwhile. */
		if (page->mapping != m || vf->pgoff >= pages_of_file(m->host)) {
			put_page(page);
			return page->mapping == m ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
		}
	}
	f->ra.prev_index = vf->pgoff;
	page_touched(page);
	vf->page = page;
	return VM_FAULT_OK | major;
}

void generic_file_map_pages(struct vm_fault *vf, pgoff_t first, pgoff_t last)
{
	struct vm_area *a = vf->area;
	struct mapping *m = ((struct file *)a->file)->inode->mapping;
	pgoff_t end = pages_of_file(m->host);
	struct page *pages[16];

	if (page_cache_broken || !end)
		return;
	last = min(last, end - 1);
	while (first <= last) {
		u32 n = radix_tree_gang_lookup(&m->pages, first, (void **)pages, NULL, min(last - first + 1, (u32)ARRAY_SIZE(pages)));

		if (!n)
			return;
		for (u32 i = 0; i < n; i++) {
			struct page *p = pages[i];

			first = p->index;
			if (first > last)
				return;
			if ((p->flags & (PG_uptodate | PG_locked | PG_readahead)) == PG_uptodate)
				mm_install_page(a, a->start + ((first - a->pgoff) << PAGE_SHIFT), p);
		}
		if (!++first)
			return;
	}
}

/* Bytes of the page at index that lie within the file. */
static u32 bytes_in_page(struct inode *host, pgoff_t index)
{
	loff_t left = inode_size(host) - ((loff_t)index << PAGE_SHIFT);

	return left <= 0 ? 0 : left < (loff_t)PAGE_SIZE ? (u32)left : PAGE_SIZE;
}

u32 generic_file_page_mkwrite(struct vm_fault *vf)
{
	struct file *f = vf->area->file;
	struct mapping *m = f->inode->mapping;
	struct page *page = vf->page, *same;
	u32 n = bytes_in_page(m->host, vf->pgoff), len = n;
	void *fsdata;
	int error;

	if (!n || page->mapping != m)
		return n ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
	(void)file_update_time(f);
	/* A write of what is there already: allocates blocks, marks dirty. */
	error = m->ops->write_begin(f, m, (loff_t)vf->pgoff << PAGE_SHIFT, n, &same, &fsdata);
	if (error)
		return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	/* The inode's lock is not held: the file may have been cut meanwhile, and write_end would make it as long as it was. */
	if (same != page || bytes_in_page(m->host, vf->pgoff) < n)
		n = 0;
	error = m->ops->write_end(f, m, (loff_t)vf->pgoff << PAGE_SHIFT, len, n, same, fsdata);
	if (error < 0)
		return VM_FAULT_SIGBUS;
	if (!n)
		return VM_FAULT_NOPAGE; /* the access is tried again, with what is there now */
	if (nr_unwritten_above(dirty_check_limit))
		balance_dirty_pages_slow();
	lock_page(page);
	if (page->mapping != m) {
		unlock_page(page);
		return VM_FAULT_NOPAGE;
	}
	/* Written out between write_end and the lock: dirty it again, or the coming store would be lost. */
	set_page_dirty(page);
	return VM_FAULT_LOCKED;
}

/* The area's place in i_mmap, by which truncate and write-back find the table entries. */
static void enter_i_mmap(struct vm_area *a)
{
	struct mapping *m = ((struct file *)a->file)->inode->mapping;

	spin_lock_bh(&m->lock);
	list_add(&a->mapping_node, &m->i_mmap);
	spin_unlock_bh(&m->lock);
}

void generic_file_area_open(struct vm_area *a)
{
	get_file(a->file);
	enter_i_mmap(a);
}

void generic_file_area_close(struct vm_area *a)
{
	struct mapping *m = ((struct file *)a->file)->inode->mapping;

	spin_lock_bh(&m->lock);
	list_del(&a->mapping_node);
	spin_unlock_bh(&m->lock);
	fput(a->file);
}

const char *generic_file_area_name(struct vm_area *a, char *buf, size_t size)
{
	return file_path(a->file, buf, size);
}

static const struct vm_ops generic_file_vm_ops = {
	.open = generic_file_area_open,
	.close = generic_file_area_close,
	.fault = generic_file_fault,
	.map_pages = generic_file_map_pages,
	.page_mkwrite = generic_file_page_mkwrite,
	.name = generic_file_area_name,
	.unlock_page = unlock_page,
};

int generic_file_mmap(struct file *f, struct vm_area *a)
{
	struct mapping *m = f->inode->mapping;

	if (!m || !m->ops || (!m->ops->read_page && !m->ops->read_pages))
		return -ENODEV;
	if ((a->flags & VM_SHARED) && (a->flags & VM_MAYWRITE) && !m->ops->write_begin)
		return -EINVAL;
	touch_atime(f);
	a->ops = &generic_file_vm_ops;
	enter_i_mmap(a);
	return 0;
}
