/*
 * Open files: their life from alloc_file to the last fput, files without a name, seeking, and the kernel's own reads and writes.
 * A struct file is shared by all descriptors that dup and fork made of it; f->refs counts them and the calls under way.
 */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "io/vfs/notify.h"
#include "io/vfs/rw.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/irq/workqueue.h"
#include "mm/alloc.h"

#define FILES_MAX 65536 /* of the whole system; then -ENFILE */

static struct kmem_cache *file_cache;
static atomic_t nr_files;
static struct mount *anon_mnt;
void (*file_last_put_hook)(struct file *f);

struct file *alloc_file(int flags)
{
	if (atomic_read(&nr_files) >= FILES_MAX)
		return ERR_PTR(-ENFILE);
	struct file *f = kmem_cache_alloc(file_cache, GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	memset(f, 0, sizeof(*f));
	atomic_inc(&nr_files);
	atomic_set(&f->refs, 1);
	f->flags = (u32)flags;
	mutex_init(&f->pos_lock, "file position", RANK_FILEPOS);
	return f;
}

static void free_file(struct file *f)
{
	kmem_cache_free(file_cache, f);
	atomic_dec(&nr_files);
}

/* A file that never got a path or operations. */
void free_file_unopened(struct file *f) { free_file(f); }

/* The access mode of open as FMODE bits. */
static u32 access_fmode(int flags)
{
	static const u8 modes[4] = { FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, FMODE_READ | FMODE_WRITE };
	return modes[flags & O_ACCMODE];
}

/*
 * Connect a new file with an inode and call its open operation. Consumes nothing on failure; on success the file owns a reference of path.
 * Write access to regular files is counted here and given back at the last fput.
 */
int file_setup(struct file *f, const struct path *path, struct inode *inode, int flags)
{
	f->mode = access_fmode(flags);
	f->inode = inode;
	f->path = *path;
	if (flags & O_PATH) {
		f->mode = FMODE_PATH;
		f->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
		path_get(path);
		return 0;
	}
	f->ops = inode->fops;
	if (!f->ops)
		return -ENXIO;
	if ((path->dentry->flags & DCACHE_ANON) && !f->private && !f->ops->open) /* through /proc/PID/fd: it cannot be opened twice */
		return -ENXIO;
	if ((f->mode & FMODE_WRITE) && S_ISREG(inode->mode)) {
		int err = get_write_access(inode);
		if (err)
			return err;
		if (mnt_is_readonly(path->mnt)) { /* remounted since may_open; from here on the count prevents it */
			put_write_access(inode);
			return -EROFS;
		}
	}
	path_get(path);
	if (inode->mapping)
		f->wb_err_seen = wb_err_sample(inode->mapping);
	int err = f->ops->open ? f->ops->open(inode, f) : 0;
	if (!err && (flags & O_DIRECT) && !(f->inode->mapping && f->inode->mapping->ops && f->inode->mapping->ops->direct_io)) {
		err = -EINVAL;
		if (f->ops->release)
			f->ops->release(f);
	}
	if (err) {
		if ((f->mode & FMODE_WRITE) && S_ISREG(inode->mode))
			put_write_access(inode);
		path_put(path);
		return err;
	}
	f->flags &= ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	f->mode |= FMODE_OPENED;
	if (f->ops->poll)
		f->mode |= FMODE_CAN_POLL;
	if ((f->mode & FMODE_READ) && f->ops->read_iter)
		f->mode |= FMODE_CAN_READ;
	if ((f->mode & FMODE_WRITE) && f->ops->write_iter)
		f->mode |= FMODE_CAN_WRITE;
	if (f->ops->llseek && f->ops->llseek != no_llseek && !(f->mode & FMODE_STREAM))
		f->mode |= FMODE_LSEEK;
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode))
		f->mode |= FMODE_ATOMIC_POS;
	if (f->inode->mapping && (S_ISREG(f->inode->mode) || S_ISBLK(f->inode->mode)))
		file_ra_init(&f->ra, f->inode->mapping);
	return 0;
}

static void file_release(struct file *f)
{
	might_sleep();
	if (f->epoll_items)
		file_last_put_hook(f);
	if (unlikely(f->flags & O_ASYNC) && f->ops->fasync)
		f->ops->fasync(-1, f, 0);
	if (f->mode & FMODE_OPENED) {
		notify_file(f, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
		struct inode *named = f->path.dentry->inode; /* for a block device f->inode is the device's own */
		locks_remove_file(f);
		if (f->ops->release)
			f->ops->release(f);
		if ((f->mode & FMODE_WRITE) && named && S_ISREG(named->mode))
			put_write_access(named);
	}
	if (f->path.dentry)
		path_put(&f->path);
	free_file(f);
}

bool fput_not_last(struct file *f)
{
	for (s32 refs = atomic_read(&f->refs); refs > 1; refs = atomic_read(&f->refs))
		if (__sync_bool_compare_and_swap(&f->refs.v, refs, refs - 1))
			return true;
	return false;
}

void fput(struct file *f)
{
	if (atomic_dec_and_test(&f->refs))
		file_release(f);
}

/*
 * Closing later: a list of each task, which nobody else looks at, and one for all kernel threads. A file on it keeps the last reference.
 */
static struct file *volatile threads_closing;

static void close_list(struct file *f)
{
	while (f) {
		struct file *next = f->closing;
		fput(f);
		cond_resched();
		f = next;
	}
}

static void closing_work_fn(struct work_struct *w) { close_list(__atomic_exchange_n(&threads_closing, NULL, __ATOMIC_ACQ_REL)); }
static DECLARE_WORK(closing_work, closing_work_fn);

void fput_later(struct file *f)
{
	struct task *t = current;

	if (fput_not_last(f))
		return;
	if (!(t->flags & PF_KTHREAD)) {
		f->closing = t->closing;
		t->closing = f;
		atomic_or(&t->flags, TIF_CLOSING);
		return;
	}
	do
		f->closing = threads_closing;
	while (!__sync_bool_compare_and_swap(&threads_closing, f->closing, f));
	schedule_work(&closing_work);
}

void close_later_files(void)
{
	struct task *t = current;
	struct file *f;

	atomic_and(&t->flags, ~TIF_CLOSING);
	while ((f = t->closing)) { /* what they hold may come on the list meanwhile */
		t->closing = NULL;
		close_list(f);
	}
}

void flush_closing_files(void)
{
	close_later_files();
	flush_work(&closing_work);
}

/* ---- files without a name ---- */

static const struct super_operations anon_sops = { .statfs = simple_statfs, .drop_inode = always_drop_inode };

struct mount *anon_mount(void)
{
	return anon_mnt;
}

struct file *anon_file(const char *name, const struct file_operations *ops, void *private, u32 flags)
{
	struct file *f = alloc_file((int)(flags & ~(u32)O_CLOEXEC)); /* that one is the descriptor's */
	if (IS_ERR(f))
		return f;
	struct inode *inode = new_inode(anon_mnt->sb);
	if (!inode) {
		free_file(f);
		return ERR_PTR(-ENOMEM);
	}
	inode->mode = 0600;
	inode->uid = current_cred()->fsuid;
	inode->gid = current_cred()->fsgid;
	inode->atime = inode->mtime = inode->ctime = current_time_coarse();
	struct path path = { anon_mnt, d_alloc_anon(anon_mnt->sb, name, inode) };
	if (!path.dentry) {
		free_file(f);
		return ERR_PTR(-ENOMEM);
	}
	inode->fops = ops;
	f->private = private;
	int err = file_setup(f, &path, inode, (int)f->flags);
	dput(path.dentry);
	if (err) {
		free_file(f);
		return ERR_PTR(err);
	}
	return f;
}

void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0, NULL);
	struct super_block *sb = pseudo_super("anon", &anon_sops);
	anon_mnt = sb ? kernel_mount(sb, "anon") : NULL;
	if (IS_ERR_OR_NULL(anon_mnt))
		panic("vfs: no memory for the files without names");
}

/* ---- seeking ---- */

/* Set the position if it lies in [0, max]. */
static loff_t set_position(struct file *f, loff_t pos, loff_t max_pos)
{
	if (pos < 0 || pos > max_pos)
		return -EINVAL;
	f->pos = pos;
	return pos;
}

/* One rule for all: size is where SEEK_END counts from and where the one hole of SEEK_HOLE begins. */
static loff_t seek_in(struct file *f, loff_t off, int whence, loff_t size, loff_t max_pos)
{
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		if (!off)
			return f->pos;
		if (off > 0 && f->pos > max_pos - off)
			return -EOVERFLOW;
		off += f->pos;
		break;
	case SEEK_END:
		if (off > 0 && size > max_pos - off)
			return -EOVERFLOW;
		off += size;
		break;
	case SEEK_DATA: /* without knowledge of holes all is data, and there is one hole, at the end */
		if (off < 0 || off >= size)
			return -ENXIO;
		break;
	case SEEK_HOLE:
		if (off < 0 || off >= size)
			return -ENXIO;
		off = size;
		break;
	default:
		return -EINVAL;
	}
	return set_position(f, off, max_pos);
}

loff_t generic_llseek(struct file *f, loff_t off, int whence)
{
	u64 max_bytes = f->inode->sb->max_bytes;
	if (!max_bytes || max_bytes > INT64_MAX || S_ISBLK(f->inode->mode))
		max_bytes = INT64_MAX;
	return seek_in(f, off, whence, inode_size(f->inode), (loff_t)max_bytes);
}

loff_t fixed_size_llseek(struct file *f, loff_t off, int whence, loff_t size) { return seek_in(f, off, whence, size, size); }
loff_t no_llseek(struct file *f, loff_t off, int whence) { return -ESPIPE; }
loff_t noop_llseek(struct file *f, loff_t off, int whence) { return f->pos; }

/* ---- reading and writing ---- */

/* The flags of an open file that each of its writes and reads obeys. */
u32 file_iocb_flags(const struct file *f)
{
	u32 flags = 0;
	if (f->flags & O_APPEND)
		flags |= IOCB_APPEND;
	if (f->flags & O_DIRECT)
		flags |= IOCB_DIRECT;
	if (f->flags & O_DSYNC)
		flags |= IOCB_DSYNC;
	if ((f->flags & O_SYNC) == O_SYNC)
		flags |= IOCB_SYNC;
	if (f->inode->sb->flags & SB_SYNCHRONOUS)
		flags |= IOCB_DSYNC | IOCB_SYNC;
	return flags;
}

int file_cannot_read(const struct file *f) { return !(f->mode & FMODE_READ) ? -EBADF : S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL; }
int file_cannot_write(const struct file *f) { return f->mode & FMODE_WRITE ? -EINVAL : -EBADF; }

/* Read or write through any iterator, with more IOCB flags. */
ssize_t file_read_iter(struct file *f, struct iov_iter *iter, loff_t *pos, u32 iocb_flags)
{
	struct kiocb k;
	if (unlikely(!(f->mode & FMODE_CAN_READ)))
		return file_cannot_read(f);
	file_iocb_init(&k, f, *pos, false);
	k.flags |= iocb_flags;
	TRACE(TRACE_VFS, "ino=%u bytes=%u", k.id, f->inode->ino, iter->count);
	u32 before = copied_before();
	ssize_t done = f->ops->read_iter(&k, iter);
	count_copied(f, before);
	task_io_read(&current->io, done);
	if (done > 0) {
		*pos = k.pos;
		notify_file(f, IN_ACCESS);
	}
	return done;
}

ssize_t file_write_iter(struct file *f, struct iov_iter *iter, loff_t *pos, u32 iocb_flags)
{
	struct kiocb k;
	if (unlikely(!(f->mode & FMODE_CAN_WRITE)))
		return file_cannot_write(f);
	file_iocb_init(&k, f, *pos, true);
	k.flags |= iocb_flags;
	TRACE(TRACE_VFS, "ino=%u bytes=%u", k.id, f->inode->ino, iter->count);
	u32 before = copied_before();
	ssize_t done = f->ops->write_iter(&k, iter);
	count_copied(f, before);
	task_io_write(&current->io, done);
	if (done > 0) {
		*pos = k.pos;
		notify_file(f, IN_MODIFY);
	}
	return done;
}

ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t *pos)
{
	struct iovec_k storage;
	struct iov_iter iter;
	iov_iter_kvec1(&iter, true, &storage, buf, min_t(size_t, n, MAX_RW_COUNT));
	return file_read_iter(f, &iter, pos, 0);
}

ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos)
{
	struct iovec_k storage;
	struct iov_iter iter;
	iov_iter_kvec1(&iter, false, &storage, (void *)buf, min_t(size_t, n, MAX_RW_COUNT));
	return file_write_iter(f, &iter, pos, 0);
}

ssize_t simple_read_from_buffer(struct kiocb *k, struct iov_iter *to, const void *buf, size_t len)
{
	if (k->pos < 0)
		return -EINVAL;
	if (k->pos >= (loff_t)len || !to->count)
		return 0;
	u32 want = min_t(u32, to->count, len - (u32)k->pos);
	u32 done = copy_to_iter((const char *)buf + (u32)k->pos, want, to);
	k->pos += done;
	return done ? (ssize_t)done : -EFAULT;
}
