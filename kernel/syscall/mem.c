/*
 * The memory system calls: brk, mmap and its relatives. Arguments are checked and files looked up here; the work is done in mm/ (mm/mm.h).
 *
 * A file's area owns one reference of the file: taken here, kept when file->ops->mmap succeeds (area->ops->open and close count from
 * then on), and given back when it fails or when the operation made an anonymous area of it (/dev/zero: it clears area->ops or area->file).
 */
#include "io/contract/filesystem.h"
#include "io/contract/mapping.h"
#include "io/vfs/files.h"
#include "io/vfs/mount.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/mem.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define MCL_CURRENT 1
#define MCL_FUTURE 2

/* ---- limits ---- */

bool within_as_limit(u32 bytes)
{
	return ((u64)current->mm->total_vm << PAGE_SHIFT) + bytes <= rlimit(RLIMIT_AS);
}

/* May there be so much more private writable memory? */
static bool within_data_limit(u32 bytes)
{
	u64 limit = rlimit(RLIMIT_DATA);

	return limit >= UINT32_MAX || ((u64)mm_data_pages(current->mm) << PAGE_SHIFT) + bytes <= limit;
}

/* May this many more bytes be locked? 0, -EPERM, -ENOMEM. */
static int check_lock_limit(u32 bytes)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK);

	if (capable())
		return 0;
	if (!limit)
		return -EPERM;
	return ((u64)current->mm->locked_vm << PAGE_SHIFT) + bytes <= limit ? 0 : -ENOMEM;
}

/* ---- brk ---- */

long sys_brk(u32 brk)
{
	struct mm *mm = current->mm;

	if (brk > mm->brk) {
		u64 data = (u64)(brk - mm->start_brk) + (mm->end_data - mm->start_data);

		if (brk < mm->start_brk || data > rlimit(RLIMIT_DATA) || !within_as_limit(brk - mm->brk) || !within_data_limit(brk - mm->brk))
			return (long)mm->brk;
	}
	return mm_brk(mm, brk);
}

/* ---- mmap ---- */

static u32 rights_of_prot(u32 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* What the way the file was opened allows. Adds to *vm_flags; 0 or -errno. */
static int check_file(const struct file *f, u32 map_flags, u32 *vm_flags)
{
	bool noexec = f->path.mnt && (f->path.mnt->flags & MNT_NOEXEC);

	if (!(f->mode & FMODE_READ))
		return -EACCES;
	if (*vm_flags & VM_SHARED) {
		if ((*vm_flags & VM_WRITE) && !(f->mode & FMODE_WRITE))
			return -EACCES;
		if ((f->mode & FMODE_WRITE) && (f->inode->flags & S_APPEND))
			return -EACCES;
		if (!(f->mode & FMODE_WRITE))
			*vm_flags &= ~VM_MAYWRITE;
	}
	if (noexec) {
		if (*vm_flags & VM_EXEC)
			return -EPERM;
		*vm_flags &= ~VM_MAYEXEC;
	}
	if (!f->ops->mmap)
		return -ENODEV;
	return map_flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

/* mm_map's setup: hand the new area to the file. Takes a reference of its own. */
static int attach_file(struct vm_area *a, void *arg)
{
	struct file *f = arg;
	int err;

	a->file = get_file(f);
	a->file_ino = f->inode->ino;
	a->file_dev = f->inode->sb ? f->inode->sb->dev : 0;
	err = f->ops->mmap(f, a);
	if (err || !a->ops || !a->file) {
		a->file = NULL;
		fput(f);
	}
	return err;
}

static long map_checked(struct file *f, u32 addr, u32 len, u32 prot, u32 map_flags, pgoff_t pgoff)
{
	u32 vm_flags = rights_of_prot(prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	u32 size = PAGE_ALIGN(len), type = map_flags & MAP_TYPE;
	int err;
	long at;

	if (!len)
		return -EINVAL;
	if (size < len)
		return -ENOMEM;
	if (pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (type == MAP_SHARED || (f && type == MAP_SHARED_VALIDATE))
		vm_flags |= VM_SHARED;
	else if (type != MAP_PRIVATE)
		return -EINVAL;
	if (map_flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (f) {
		err = check_file(f, map_flags, &vm_flags);
		if (err)
			return err;
	}
	if (map_flags & MAP_LOCKED) {
		err = check_lock_limit(size);
		if (err)
			return err == -ENOMEM ? -EAGAIN : err;
		vm_flags |= VM_LOCKED;
	}
	if (!within_as_limit(size) || ((vm_flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE && !within_data_limit(size)))
		return -ENOMEM;
	if (f)
		at = mm_map(current->mm, addr, size, map_flags, vm_flags, pgoff, attach_file, f);
	else
		at = mm_map(current->mm, addr, size, map_flags, vm_flags, 0, vm_flags & VM_SHARED ? mm_setup_shared_anon : NULL, NULL);
	if ((map_flags & MAP_POPULATE) && !IS_ERR((void *)at))
		(void)mm_populate(current->mm, (u32)at, size);
	return at;
}

long sys_mmap2(u32 addr, u32 len, u32 prot, u32 flags, int fd, pgoff_t pgoff)
{
	struct file *f;
	long at;

	if (flags & MAP_ANONYMOUS)
		return map_checked(NULL, addr, len, prot, flags, 0);
	f = fget(fd);
	if (!f)
		return -EBADF;
	at = map_checked(f, addr, len, prot, flags, pgoff);
	fput(f);
	return at;
}

long sys_mmap(const struct mmap_args __user *user)
{
	struct mmap_args a;

	if (copy_from_user(&a, user, sizeof(a)))
		return -EFAULT;
	if (a.offset & (PAGE_SIZE - 1))
		return -EINVAL;
	return sys_mmap2(a.addr, a.len, a.prot, a.flags, a.fd, a.offset >> PAGE_SHIFT);
}

long sys_munmap(u32 addr, u32 len)
{
	return mm_unmap(current->mm, addr, len);
}

long sys_mprotect(u32 addr, u32 len, u32 prot)
{
	return mm_protect(current->mm, addr, len, prot);
}

long sys_mremap(u32 old, u32 old_len, u32 new_len, u32 flags, u32 new_addr)
{
	if (new_len > old_len && !within_as_limit(PAGE_ALIGN(new_len) - PAGE_ALIGN(old_len)))
		return -ENOMEM;
	return mm_remap(current->mm, old, old_len, new_len, flags, new_addr);
}

/* A call of the past: show other pages of the file in part of a shared mapping. Done by mapping that part anew. */
long sys_remap_file_pages(u32 start, u32 size, u32 prot, pgoff_t pgoff, u32 flags)
{
	struct mm *mm = current->mm;
	struct shared_anon *anon = NULL;
	struct file *f = NULL;
	struct vm_area *a;
	u32 vm_flags = 0;
	long at;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || !size || start + size < start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	mutex_lock(&mm->lock);
	a = mm_find_area_exact(mm, start);
	if (a && (a->flags & VM_SHARED) && start + size <= a->end) {
		f = a->file ? get_file(a->file) : NULL;
		anon = f ? NULL : shared_anon_get(a);
		vm_flags = a->flags;
	}
	mutex_unlock(&mm->lock);
	flags = MAP_SHARED | MAP_FIXED | (flags & MAP_POPULATE);
	if (f) {
		at = mm_map(mm, start, size, flags, vm_flags, pgoff, attach_file, f);
		fput(f);
	} else if (anon) {
		at = mm_map(mm, start, size, flags, vm_flags, pgoff, mm_setup_shared_again, anon);
		shared_anon_put(anon);
	} else {
		return -EINVAL;
	}
	return IS_ERR((void *)at) ? at : 0;
}

/* ---- ranges of existing mappings ---- */

/* One piece of a range: an area that touches it, with a reference of its file. */
struct piece {
	u32 start, end, flags;
	pgoff_t pgoff; /* of start */
	struct file *file;
};

/* The first mapped piece of [start, end). false: there is none. */
static bool next_piece(u32 start, u32 end, struct piece *p)
{
	struct mm *mm = current->mm;
	struct vm_area *a;
	bool found;

	mutex_lock(&mm->lock);
	a = mm_find_area(mm, start);
	found = a && a->start < end;
	if (found) {
		p->start = max(start, a->start);
		p->end = min(end, a->end);
		p->flags = a->flags;
		p->pgoff = a->pgoff + ((p->start - a->start) >> PAGE_SHIFT);
		p->file = a->file ? get_file(a->file) : NULL;
	}
	mutex_unlock(&mm->lock);
	return found;
}

static bool range_ok(u32 addr, u32 len, u32 *end)
{
	u32 size = PAGE_ALIGN(len);

	*end = addr + size;
	return size >= len && size <= USER_SPACE_END && addr <= USER_SPACE_END - size;
}

static int sync_piece(const struct piece *p)
{
	loff_t from = (loff_t)p->pgoff << PAGE_SHIFT;

	if (!p->file || !(p->flags & VM_SHARED) || !p->file->ops->fsync)
		return 0;
	return p->file->ops->fsync(p->file, from, from + (p->end - p->start) - 1, false);
}

long sys_msync(u32 addr, u32 len, int flags)
{
	struct piece p;
	u32 end;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & (PAGE_SIZE - 1))
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	if (!range_ok(addr, len, &end))
		return -ENOMEM;
	for (u32 at = addr; at < end; at = p.end) {
		if (!next_piece(at, end, &p))
			return -ENOMEM;
		if (p.start > at)
			err = -ENOMEM;
		int failed = 0;
		if ((flags & MS_INVALIDATE) && (p.flags & VM_LOCKED))
			failed = -EBUSY;
		else if (flags & MS_SYNC)
			failed = sync_piece(&p);
		if (p.file)
			fput(p.file);
		if (failed)
			return failed;
	}
	return err;
}

static void read_ahead_piece(const struct piece *p)
{
	if (p->file && p->file->inode && p->file->inode->mapping)
		force_readahead(p->file->inode->mapping, p->file, p->pgoff, (p->end - p->start) >> PAGE_SHIFT, trace_new_id());
}

long sys_madvise(u32 addr, u32 len, int advice)
{
	struct piece p;
	u32 end;

	if (advice == MADV_DONTDUMP || advice == MADV_DODUMP || advice == MADV_COLD || advice == MADV_PAGEOUT)
		return addr & (PAGE_SIZE - 1) ? -EINVAL : 0; /* advice we understand and need not follow */
	if (advice != MADV_WILLNEED)
		return mm_advise(current->mm, addr, len, advice);
	if (addr & (PAGE_SIZE - 1) || !range_ok(addr, len, &end))
		return -EINVAL;
	for (u32 at = addr; at < end; at = p.end) {
		if (!next_piece(at, end, &p))
			return -ENOMEM;
		read_ahead_piece(&p);
		if (p.file)
			fput(p.file);
		if (p.start > at)
			return -ENOMEM;
	}
	return 0;
}

/* Is the page of the file in the cache, whether or not it is mapped? */
static bool is_cached(const struct piece *p, u32 addr)
{
	struct page *page;

	if (!p->file || !p->file->inode || !p->file->inode->mapping)
		return false;
	page = find_get_page(p->file->inode->mapping, p->pgoff + ((addr - p->start) >> PAGE_SHIFT));
	if (!page)
		return false;
	bool ready = page_test(page, PG_uptodate);
	put_page(page);
	return ready;
}

/* Fill vec for one piece, at most `room` pages; returns pages done. */
static u32 residency(const struct piece *p, u8 *vec, u32 room)
{
	struct mm *mm = current->mm;
	u32 n = min((p->end - p->start) >> PAGE_SHIFT, room);

	mutex_lock(&mm->lock);
	for (u32 i = 0; i < n; i++)
		vec[i] = mm_resident(mm, p->start + (i << PAGE_SHIFT));
	mutex_unlock(&mm->lock);
	for (u32 i = 0; i < n; i++)
		if (!vec[i])
			vec[i] = is_cached(p, p->start + (i << PAGE_SHIFT));
	return n;
}

long sys_mincore(u32 addr, u32 len, u8 __user *vec)
{
	struct piece p;
	u32 end, n;
	u8 *buf;
	long err = 0;

	if (addr & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!range_ok(addr, len, &end))
		return -ENOMEM;
	if (!access_ok(vec, (end - addr) >> PAGE_SHIFT))
		return -EFAULT;
	buf = get_free_page(GFP_KERNEL);
	if (!buf)
		return -EAGAIN;
	for (u32 at = addr; at < end && !err; at += n << PAGE_SHIFT, vec += n) {
		n = 0;
		if (!next_piece(at, end, &p)) {
			err = -ENOMEM;
			break;
		}
		if (p.start > at)
			err = -ENOMEM;
		else
			n = residency(&p, buf, PAGE_SIZE);
		if (p.file)
			fput(p.file);
		if (!err && copy_to_user(vec, buf, n))
			err = -EFAULT;
	}
	free_page(buf);
	return err;
}

/* ---- locking: there is no swap, so a locked page is one that was brought in ---- */

static long lock_range(u32 addr, u32 len, bool lock)
{
	u32 start = addr & PAGE_MASK, end = PAGE_ALIGN(addr + len);
	int err;

	if (!len)
		return 0;
	if (addr + len < addr || end < start || end > USER_SPACE_END)
		return addr + len < addr ? -EINVAL : -ENOMEM;
	if (lock) {
		err = check_lock_limit(end - start);
		if (err)
			return err;
	}
	err = mm_lock_range(current->mm, start, end, lock);
	return err == -EFAULT ? -ENOMEM : err;
}

long sys_mlock(u32 addr, u32 len)
{
	return lock_range(addr, len, true);
}

long sys_munlock(u32 addr, u32 len)
{
	return lock_range(addr, len, false);
}

long sys_mlockall(int flags)
{
	int err;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE))
		return -EINVAL;
	err = check_lock_limit(flags & MCL_CURRENT ? (current->mm->total_vm - current->mm->locked_vm) << PAGE_SHIFT : 0);
	return err ? err : mm_lock_all(current->mm, flags & MCL_CURRENT, flags & MCL_FUTURE);
}

long sys_munlockall(void)
{
	return mm_lock_all(current->mm, false, false);
}
