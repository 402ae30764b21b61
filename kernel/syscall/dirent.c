/*
 * getdents: the entries of a directory, in three layouts. The file system emits into a page of the kernel while the directory is locked; the
 * page goes to the program afterwards, for copying there may need locks that come before the directory's.
 */
#include "io/vfs/files.h"
#include "io/vfs/notify.h"
#include "kernel/hal/uaccess.h"
#include "kernel/syscall/fs.h"
#include "kernel/uapi/stat_abi.h"
#include "mm/alloc.h"

enum layout { DIRENT_OLD, DIRENT_32, DIRENT_64 };

struct fill {
	struct dir_context ctx;
	enum layout layout;
	u8 *buf;
	u32 size, used; /* bytes */
	u32 last;       /* where the newest record begins: its d_off is told by the next one */
	int error;      /* why nothing more is taken */
	bool any;
};

static void set_offset(struct fill *f, loff_t off)
{
	if (!f->any)
		return;
	if (f->layout == DIRENT_64)
		((struct dirent64_abi *)(f->buf + f->last))->d_off = off;
	else if (f->layout == DIRENT_32)
		((struct dirent_abi *)(f->buf + f->last))->d_off = (u32)off;
}

static u32 record_size(enum layout l, u32 name_len)
{
	if (l == DIRENT_64)
		return ALIGN_UP((u32)offsetof(struct dirent64_abi, d_name) + name_len + 1, 8u);
	return ALIGN_UP((u32)offsetof(struct dirent_abi, d_name) + name_len + 2, 4u); /* name, zero, type */
}

static bool fill_one(struct dir_context *c, const char *name, u32 len, loff_t pos, u64 ino, u32 type)
{
	struct fill *f = container_of(c, struct fill, ctx);
	u32 rec = record_size(f->layout, len);

	if (f->layout == DIRENT_OLD && f->any)
		return false;
	if (f->used + rec > f->size) {
		f->error = -EINVAL; /* counts only if not even one fits */
		return false;
	}
	if (f->layout != DIRENT_64 && ino >> 32) {
		f->error = -EOVERFLOW;
		return false;
	}
	set_offset(f, pos);
	u8 *at = f->buf + f->used;
	*(u64 *)(at + rec - 8) = 0; /* terminator and padding: never more than the last 8 bytes */
	if (f->layout == DIRENT_64) {
		struct dirent64_abi *d = (void *)at;
		d->d_ino = ino;
		d->d_off = 0;
		d->d_reclen = (u16)rec;
		d->d_type = (u8)type;
		memcpy(d->d_name, name, len);
	} else {
		struct dirent_abi *d = (void *)at;
		d->d_ino = (u32)ino;
		if (f->layout == DIRENT_OLD) {
			d->d_off = (u32)pos;
			d->d_reclen = (u16)len;
		} else {
			d->d_reclen = (u16)rec;
			at[rec - 1] = (u8)type;
		}
		memcpy(d->d_name, name, len);
	}
	f->last = f->used;
	f->used += rec;
	f->any = true;
	return true;
}

/* Fill f->buf once from the directory's position, which moves. 0 or -errno; f->used says how much came. */
static int fill_page(struct file *dir, struct fill *f)
{
	struct inode *i = dir->inode;
	int err;

	f->used = f->last = 0;
	f->error = 0;
	f->any = false;
	f->ctx.pos = dir->pos;
	mutex_lock(&i->lock);
	err = i->flags & S_DEAD ? -ENOENT : dir->ops->iterate(dir, &f->ctx);
	mutex_unlock(&i->lock);
	set_offset(f, f->ctx.pos);
	if (f->any)
		err = 0;
	else if (!err)
		err = f->error;
	return err;
}

static long get_entries(int fd, u8 __user *user, u32 size, enum layout layout)
{
	struct fd f = fdget_pos(fd);
	if (!f.file)
		return -EBADF;
	struct fill fill = { .ctx = { .emit = fill_one }, .layout = layout };
	long done = 0, err = 0;
	if (!f.file->ops->iterate)
		err = -ENOTDIR;
	else if (!(f.file->mode & FMODE_READ))
		err = -EBADF;
	fill.buf = err ? NULL : get_free_page(GFP_KERNEL);
	if (!err && !fill.buf)
		err = -ENOMEM;
	while (!err && ((u32)done < size || !done)) { /* no room at all is an error, too, unless the end is reached */
		fill.size = min(size - (u32)done, PAGE_SIZE);
		err = fill_page(f.file, &fill);
		if (err || !fill.used)
			break;
		if (copy_to_user(user + done, fill.buf, fill.used)) {
			err = -EFAULT;
			break;
		}
		f.file->pos = fill.ctx.pos;
		done += (long)fill.used;
		if (layout == DIRENT_OLD)
			break;
	}
	if (fill.buf) {
		touch_atime(f.file);
		if (!err)
			notify_file(f.file, IN_ACCESS);
		free_page(fill.buf);
	}
	fdput_pos(f);
	return done ? done : err;
}

long sys_getdents(int fd, void __user *buf, u32 size) { return get_entries(fd, buf, size, DIRENT_32); }
long sys_getdents64(int fd, void __user *buf, u32 size) { return get_entries(fd, buf, size, DIRENT_64); }

/* One entry a call; count is ignored. 1: there was one, 0: the end. */
long sys_old_readdir(int fd, void __user *buf, u32 count)
{
	long n = get_entries(fd, buf, PAGE_SIZE, DIRENT_OLD);
	return n > 0 ? 1 : n;
}
