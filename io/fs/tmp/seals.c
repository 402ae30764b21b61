/* Seals, see seals.h: mappings, and the setting. */
#include "io/fs/tmp/seals.h"
#include "mm/mm.h"

/* A page that is mapped belongs to the file and is paid for; and a mapping made before F_SEAL_FUTURE_WRITE may go on. Page not locked. */
static u32 mapped_page_written(struct vm_fault *vf)
{
	struct file *f = vf->area->file;
	struct page *page = vf->page;

	(void)file_update_time(f);
	lock_page(page);
	if (page->mapping != f->inode->mapping) { /* the file was cut */
		unlock_page(page);
		return VM_FAULT_NOPAGE;
	}
	set_page_dirty(page);
	return VM_FAULT_LOCKED;
}

static const struct vm_ops tmpfs_vm_ops = {
	.open = generic_file_area_open,
	.close = generic_file_area_close,
	.fault = generic_file_fault,
	.map_pages = generic_file_map_pages,
	.page_mkwrite = mapped_page_written,
	.name = generic_file_area_name,
	.unlock_page = unlock_page,
};

int seals_mmap(struct file *f, struct vm_area *a)
{
	int e;

	if ((a->flags & VM_SHARED) && (seals_of(f->inode) & SEALS_WRITE)) {
		if (a->flags & VM_WRITE)
			return -EPERM;
		a->flags &= ~VM_MAYWRITE; /* nor by mprotect later */
	}
	e = generic_file_mmap(f, a);
	if (!e)
		a->ops = &tmpfs_vm_ops;
	return e;
}

static bool has_shared_writers(struct mapping *m)
{
	struct vm_area *a;
	bool found = false;
	u32 flags = spin_lock_irqsave(&m->lock);

	list_for_each_entry(a, &m->i_mmap, mapping_node)
		found |= (a->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
	spin_unlock_irqrestore(&m->lock, flags);
	return found;
}

long seals_add(struct file *f, u32 seals)
{
	struct inode *i = f->inode;
	long e = 0;

	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if (seals & ~F_ALL_SEALS)
		return -EINVAL;
	mutex_lock(&i->lock);
	if (seals_of(i) & F_SEAL_SEAL)
		e = -EPERM;
	else if ((seals & F_SEAL_WRITE) && !(seals_of(i) & F_SEAL_WRITE) && has_shared_writers(i->mapping))
		e = -EBUSY;
	else
		set_seals(i, seals_of(i) | seals);
	mutex_unlock(&i->lock);
	return e;
}
