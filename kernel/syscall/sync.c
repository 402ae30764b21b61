/* Calls about when data moves between memory and device: sync, fsync, fadvise, readahead. */
#include "io/vfs/files.h"
#include "io/vfs/mount.h"
#include "kernel/syscall/fs.h"

static inline loff_t offset_of(u32 lo, u32 hi) { return (loff_t)((u64)hi << 32 | lo); }

long sys_sync(void)
{
	sync_filesystems(true);
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = sync_filesystem(f.file->path.mnt->sb);
	fdput(f);
	return err;
}

static long sync_file(int fd, bool datasync)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = f.file->ops->fsync ? f.file->ops->fsync(f.file, 0, INT64_MAX, datasync) : -EINVAL;
	fdput(f);
	return err;
}

long sys_fsync(int fd) { return sync_file(fd, false); }
long sys_fdatasync(int fd) { return sync_file(fd, true); }

#define SYNC_FILE_RANGE_WAIT_BEFORE 1u
#define SYNC_FILE_RANGE_WRITE 2u
#define SYNC_FILE_RANGE_WAIT_AFTER 4u

static int sync_range(struct mapping *m, loff_t off, loff_t end, u32 flags)
{
	int err = 0;
	if (flags & SYNC_FILE_RANGE_WAIT_BEFORE)
		err = filemap_wait(m, off, end);
	if (!err && (flags & SYNC_FILE_RANGE_WRITE)) {
		struct writeback_control wbc = {
			.nr_to_write = INT32_MAX,
			.first = (pgoff_t)(off >> PAGE_SHIFT),
			.last = end >> PAGE_SHIFT > UINT32_MAX ? UINT32_MAX : (pgoff_t)(end >> PAGE_SHIFT),
		};
		err = write_mapping(m, &wbc);
	}
	if (!err && (flags & SYNC_FILE_RANGE_WAIT_AFTER))
		err = filemap_wait(m, off, end);
	return err;
}

long sys_sync_file_range(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 flags)
{
	loff_t off = offset_of(off_lo, off_hi), len = offset_of(len_lo, len_hi);

	if ((flags & ~7u) || off < 0 || len < 0 || off > INT64_MAX - len)
		return -EINVAL;
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	struct inode *i = f.file->inode;
	int err = -ESPIPE;
	if (S_ISREG(i->mode) || S_ISBLK(i->mode) || S_ISDIR(i->mode))
		err = sync_range(i->mapping, off, len ? off + len - 1 : INT64_MAX, flags);
	fdput(f);
	return err;
}

/* ---- advice ---- */

/* Does the file have pages that can be read ahead or dropped? */
static bool is_cached(const struct inode *i) { return i->mapping && i->mapping->ops && (S_ISREG(i->mode) || S_ISBLK(i->mode)); }

enum { POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL, POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };

static pgoff_t page_of(loff_t pos) { return pos >> PAGE_SHIFT > UINT32_MAX ? UINT32_MAX : (pgoff_t)(pos >> PAGE_SHIFT); }

/* Start reading [off, end], but no more than the file has. */
static void read_ahead(struct file *f, loff_t off, loff_t end)
{
	loff_t size = inode_size(f->inode);
	if (off >= size)
		return;
	if (end >= size)
		end = size - 1;
	force_readahead(f->inode->mapping, f, page_of(off), page_of(end) - page_of(off) + 1, 0);
}

/* Drop the clean pages that lie wholly in [off, end]; dirty ones are sent on their way first. */
static void dont_need(struct mapping *m, loff_t off, loff_t end)
{
	struct writeback_control wbc = { .nr_to_write = INT32_MAX, .first = page_of(off), .last = page_of(end) };
	pgoff_t first = (pgoff_t)(((u64)off + PAGE_SIZE - 1) >> PAGE_SHIFT), last = end == INT64_MAX ? UINT32_MAX : page_of(end + 1);

	(void)!write_mapping(m, &wbc); /* an error will be told by fsync */
	if (end != INT64_MAX) {
		if (!last)
			return;
		last--;
	}
	if (first <= last)
		invalidate_clean_pages(m, first, last);
}

/* The last byte of a range whose ends come from a program; length 0 and what goes past the greatest offset reach to that. */
static loff_t last_byte(loff_t off, loff_t len)
{
	u64 end = (u64)off + (u64)len - 1;

	return !len || end > INT64_MAX ? INT64_MAX : (loff_t)end;
}

static int advise(struct file *f, loff_t off, loff_t len, int advice)
{
	struct inode *i = f->inode;
	loff_t end = last_byte(off, len);

	if (S_ISFIFO(i->mode))
		return -ESPIPE;
	if (!i->mapping || len < 0 || off < 0)
		return -EINVAL;
	bool cached = is_cached(i);
	switch (advice) {
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_SEQUENTIAL:
		if (cached) {
			file_ra_init(&f->ra, i->mapping);
			if (advice == POSIX_FADV_SEQUENTIAL)
				f->ra.ra_pages *= 2;
		}
		return 0;
	case POSIX_FADV_RANDOM:
		f->ra.ra_pages = 0;
		return 0;
	case POSIX_FADV_WILLNEED:
		if (cached)
			read_ahead(f, off, end);
		return 0;
	case POSIX_FADV_DONTNEED:
		if (cached)
			dont_need(i->mapping, off, end);
		return 0;
	case POSIX_FADV_NOREUSE:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_fadvise64_64(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, int advice)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = advise(f.file, offset_of(off_lo, off_hi), offset_of(len_lo, len_hi), advice);
	fdput(f);
	return err;
}

long sys_fadvise64(int fd, u32 off_lo, u32 off_hi, u32 len, int advice) { return sys_fadvise64_64(fd, off_lo, off_hi, len, 0, advice); }

long sys_readahead(int fd, u32 off_lo, u32 off_hi, u32 count)
{
	loff_t off = offset_of(off_lo, off_hi);
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = -EINVAL;
	if (!(f.file->mode & FMODE_READ))
		err = -EBADF;
	else if (off >= 0 && is_cached(f.file->inode)) {
		err = 0;
		if (count)
			read_ahead(f.file, off, last_byte(off, count));
	}
	fdput(f);
	return err;
}
