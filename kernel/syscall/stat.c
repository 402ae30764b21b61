/* stat in all its historical forms, statx, statfs, ustat, readlink: one look at the inode, several layouts. */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/syscall/fs.h"
#include "kernel/uapi/stat_abi.h"
#include "mm/alloc.h"

/* ---- device numbers as programs see them (linux/kdev_t.h) ---- */

static u32 encode_new(kdev_t d) { return (MINOR(d) & 0xff) | MAJOR(d) << 8 | (MINOR(d) & ~0xffu) << 12; }
static u32 encode_old(kdev_t d) { return (MAJOR(d) << 8 | (MINOR(d) & 0xff)) & 0xffff; }
static bool fits_old(kdev_t d) { return MAJOR(d) < 256 && MINOR(d) < 256; }

/* ---- finding ---- */

static int stat_name(int dfd, const char __user *name, int flags, struct kstat *st)
{
	struct path p;
	u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	int err = user_path_at(dfd, name, lookup, &p);
	if (err)
		return err;
	err = vfs_getattr(&p, st);
	path_put(&p);
	return err;
}

static int stat_fd(int fd, struct kstat *st)
{
	struct fd f = fdget_raw(fd);
	if (!f.file)
		return -EBADF;
	int err = vfs_getattr(&f.file->path, st);
	fdput(f);
	return err;
}

/* ---- layouts ---- */

static u16 low_id(u32 id) { return id > 0xffff ? 0xfffe : (u16)id; } /* 16-bit calls see a large id as "overflow" */

static long put_old(int err, const struct kstat *st, void __user *user)
{
	struct oldstat_abi s;
	if (err)
		return err;
	if (!fits_old(st->dev) || !fits_old(st->rdev) || st->size > INT32_MAX)
		return -EOVERFLOW;
	memset(&s, 0, sizeof(s));
	s.st_dev = (u16)encode_old(st->dev);
	s.st_ino = (u16)st->ino;
	s.st_mode = st->mode;
	s.st_nlink = (u16)st->nlink;
	s.st_uid = low_id(st->uid);
	s.st_gid = low_id(st->gid);
	s.st_rdev = (u16)encode_old(st->rdev);
	s.st_size = (u32)st->size;
	s.st_atime = (u32)st->atime.sec;
	s.st_mtime = (u32)st->mtime.sec;
	s.st_ctime = (u32)st->ctime.sec;
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_stat(int err, const struct kstat *st, void __user *user)
{
	struct stat_abi s;
	if (err)
		return err;
	if (!fits_old(st->dev) || !fits_old(st->rdev) || st->size > INT32_MAX)
		return -EOVERFLOW;
	memset(&s, 0, sizeof(s));
	s.st_dev = encode_old(st->dev);
	s.st_ino = (u32)st->ino;
	s.st_mode = st->mode;
	s.st_nlink = (u16)st->nlink;
	s.st_uid = low_id(st->uid);
	s.st_gid = low_id(st->gid);
	s.st_rdev = encode_old(st->rdev);
	s.st_size = (u32)st->size;
	s.st_blksize = st->blksize;
	s.st_blocks = (u32)st->blocks;
	s.st_atime = (u32)st->atime.sec;
	s.st_atime_nsec = st->atime.nsec;
	s.st_mtime = (u32)st->mtime.sec;
	s.st_mtime_nsec = st->mtime.nsec;
	s.st_ctime = (u32)st->ctime.sec;
	s.st_ctime_nsec = st->ctime.nsec;
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_stat64(int err, const struct kstat *st, void __user *user)
{
	if (err)
		return err;
	struct stat64_abi s = {
		.st_dev = encode_new(st->dev),
		.st_ino32 = (u32)st->ino,
		.st_mode = st->mode,
		.st_nlink = st->nlink,
		.st_uid = st->uid,
		.st_gid = st->gid,
		.st_rdev = encode_new(st->rdev),
		.st_size = st->size,
		.st_blksize = st->blksize,
		.st_blocks = st->blocks,
		.st_atime = (u32)st->atime.sec,
		.st_atime_nsec = st->atime.nsec,
		.st_mtime = (u32)st->mtime.sec,
		.st_mtime_nsec = st->mtime.nsec,
		.st_ctime = (u32)st->ctime.sec,
		.st_ctime_nsec = st->ctime.nsec,
		.st_ino = st->ino,
	};
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static struct statx_timestamp_abi statx_time(const struct timespec_k *t)
{
	return (struct statx_timestamp_abi){ .sec = t->sec, .nsec = t->nsec };
}

static long put_statx(int err, const struct kstat *st, void __user *user)
{
	struct statx_abi s;
	if (err)
		return err;
	memset(&s, 0, sizeof(s));
	s.mask = STATX_BASIC_STATS;
	s.blksize = st->blksize;
	s.nlink = st->nlink;
	s.uid = st->uid;
	s.gid = st->gid;
	s.mode = st->mode;
	s.ino = st->ino;
	s.size = (u64)st->size;
	s.blocks = st->blocks;
	s.atime = statx_time(&st->atime);
	s.ctime = statx_time(&st->ctime);
	s.mtime = statx_time(&st->mtime);
	s.rdev_major = MAJOR(st->rdev);
	s.rdev_minor = MINOR(st->rdev);
	s.dev_major = MAJOR(st->dev);
	s.dev_minor = MINOR(st->dev);
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

/* ---- the calls ---- */

#define STAT_CALLS(prefix, put) \
	long sys_##prefix##stat(const char __user *name, void __user *st) \
	{ \
		struct kstat k; \
		int err = stat_name(AT_FDCWD, name, 0, &k); \
		return put(err, &k, st); \
	} \
	long sys_##prefix##lstat(const char __user *name, void __user *st) \
	{ \
		struct kstat k; \
		int err = stat_name(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, &k); \
		return put(err, &k, st); \
	} \
	long sys_##prefix##fstat(int fd, void __user *st) \
	{ \
		struct kstat k; \
		int err = stat_fd(fd, &k); \
		return put(err, &k, st); \
	}

STAT_CALLS(old, put_old)
STAT_CALLS(, put_stat)

long sys_stat64(const char __user *name, void __user *st) { return sys_fstatat64(AT_FDCWD, name, st, 0); }
long sys_lstat64(const char __user *name, void __user *st) { return sys_fstatat64(AT_FDCWD, name, st, AT_SYMLINK_NOFOLLOW); }

long sys_fstat64(int fd, void __user *st)
{
	struct kstat k;
	int err = stat_fd(fd, &k);
	return put_stat64(err, &k, st);
}

long sys_fstatat64(int dfd, const char __user *name, void __user *st, int flags)
{
	struct kstat k;
	int err = stat_name(dfd, name, flags, &k);
	return put_stat64(err, &k, st);
}

long sys_statx(int dfd, const char __user *name, u32 flags, u32 mask, void __user *st)
{
	struct kstat k;
	if ((mask & 0x80000000u) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	int err = stat_name(dfd, name, (int)flags, &k);
	return put_statx(err, &k, st);
}

/* ---- file systems ---- */

#define ST_RDONLY 1u
#define ST_NOSUID 2u
#define ST_NODEV 4u
#define ST_NOEXEC 8u
#define ST_SYNCHRONOUS 16u
#define ST_VALID 32u
#define ST_NOATIME 1024u
#define ST_NODIRATIME 2048u
#define ST_RELATIME 4096u

static u32 statfs_flags(const struct mount *m)
{
	u32 f = ST_VALID;
	f |= mnt_is_readonly(m) ? ST_RDONLY : 0;
	f |= m->flags & MNT_NOSUID ? ST_NOSUID : 0;
	f |= m->flags & MNT_NODEV ? ST_NODEV : 0;
	f |= m->flags & MNT_NOEXEC ? ST_NOEXEC : 0;
	f |= m->sb->flags & SB_SYNCHRONOUS ? ST_SYNCHRONOUS : 0;
	f |= m->flags & MNT_NOATIME ? ST_NOATIME : 0;
	f |= m->flags & MNT_NODIRATIME ? ST_NODIRATIME : 0;
	f |= m->flags & MNT_RELATIME ? ST_RELATIME : 0;
	return f;
}

#define PIPEFS_MAGIC 0x50495045u /* linux/magic.h */
#define SOCKFS_MAGIC 0x534f434bu
#define ANON_INODE_FS_MAGIC 0x09041934u

static int path_statfs(const struct path *p, struct kstatfs *st)
{
	struct super_block *sb = p->mnt->sb;
	memset(st, 0, sizeof(*st));
	int err = sb->ops->statfs ? sb->ops->statfs(sb, st) : -ENOSYS;
	if (p->dentry->flags & DCACHE_ANON) { /* one file system here, three on Linux */
		umode_t mode = p->dentry->inode->mode;
		st->type = S_ISFIFO(mode) ? PIPEFS_MAGIC : S_ISSOCK(mode) ? SOCKFS_MAGIC : ANON_INODE_FS_MAGIC;
	}
	if (!st->frsize)
		st->frsize = st->bsize;
	st->flags = statfs_flags(p->mnt);
	return err;
}

static int statfs_name(const char __user *name, struct kstatfs *st)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = path_statfs(&p, st);
	path_put(&p);
	return err;
}

static int statfs_fd(int fd, struct kstatfs *st)
{
	struct fd f = fdget_raw(fd);
	if (!f.file)
		return -EBADF;
	int err = path_statfs(&f.file->path, st);
	fdput(f);
	return err;
}

static long put_statfs(int err, const struct kstatfs *k, void __user *user)
{
	if (err)
		return err;
	if ((k->blocks | k->bfree | k->bavail | k->files | k->ffree) >> 32)
		return -EOVERFLOW;
	struct statfs_abi s = {
		.f_type = k->type, .f_bsize = k->bsize, .f_blocks = (u32)k->blocks, .f_bfree = (u32)k->bfree, .f_bavail = (u32)k->bavail,
		.f_files = (u32)k->files, .f_ffree = (u32)k->ffree, .f_fsid = { k->fsid[0], k->fsid[1] }, .f_namelen = k->namelen,
		.f_frsize = k->frsize, .f_flags = k->flags,
	};
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_statfs64(int err, const struct kstatfs *k, void __user *user)
{
	if (err)
		return err;
	struct statfs64_abi s = {
		.f_type = k->type, .f_bsize = k->bsize, .f_blocks = k->blocks, .f_bfree = k->bfree, .f_bavail = k->bavail,
		.f_files = k->files, .f_ffree = k->ffree, .f_fsid = { k->fsid[0], k->fsid[1] }, .f_namelen = k->namelen,
		.f_frsize = k->frsize, .f_flags = k->flags,
	};
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

long sys_statfs(const char __user *name, void __user *st)
{
	struct kstatfs k;
	int err = statfs_name(name, &k);
	return put_statfs(err, &k, st);
}

long sys_fstatfs(int fd, void __user *st)
{
	struct kstatfs k;
	int err = statfs_fd(fd, &k);
	return put_statfs(err, &k, st);
}

/* A program built for aligned structures says 88, which Linux accepts as well. */
static bool statfs64_size_ok(size_t size) { return size == sizeof(struct statfs64_abi) || size == sizeof(struct statfs64_abi) + 4; }

long sys_statfs64(const char __user *name, size_t size, void __user *st)
{
	struct kstatfs k;
	if (!statfs64_size_ok(size))
		return -EINVAL;
	int err = statfs_name(name, &k);
	return put_statfs64(err, &k, st);
}

long sys_fstatfs64(int fd, size_t size, void __user *st)
{
	struct kstatfs k;
	if (!statfs64_size_ok(size))
		return -EINVAL;
	int err = statfs_fd(fd, &k);
	return put_statfs64(err, &k, st);
}

struct ustat_search {
	u32 dev;
	bool found;
	struct kstatfs st;
};

static int ustat_one(struct super_block *sb, void *arg)
{
	struct ustat_search *u = arg;
	if (u->found || encode_new(sb->dev) != u->dev || !sb->ops || !sb->ops->statfs)
		return 0;
	u->found = true;
	return sb->ops->statfs(sb, &u->st);
}

long sys_ustat(u32 dev, void __user *user)
{
	struct ustat_search u = { .dev = dev };
	int err = for_each_super(ustat_one, &u);
	if (err)
		return err;
	if (!u.found)
		return -EINVAL;
	struct ustat_abi s = { .f_tfree = (u32)u.st.bfree, .f_tinode = (u32)u.st.ffree };
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

/* ---- readlink ---- */

/* The text of the link at p, in buf of a page. Length or -errno. */
static long read_link(const struct path *p, char *buf, char **text)
{
	struct inode *i = p->dentry->inode;
	*text = buf;
	if (i->iops && i->iops->readlink)
		return i->iops->readlink(p->dentry, buf, PAGE_SIZE);
	if (!i->iops || !i->iops->get_path)
		return -EINVAL;
	struct path to;
	int err = i->iops->get_path(p->dentry, &to);
	if (err)
		return err;
	*text = d_path(&to, buf, PAGE_SIZE);
	path_put(&to);
	return IS_ERR(*text) ? PTR_ERR(*text) : (long)strlen(*text);
}

long sys_readlinkat(int dfd, const char __user *name, char __user *user, int size)
{
	struct path p;
	char *text;

	if (size <= 0)
		return -EINVAL;
	char *path = getname_flags(name, true);
	if (IS_ERR(path))
		return PTR_ERR(path);
	bool empty = !*path;
	int err = path_lookup_at(dfd, path, LOOKUP_EMPTY, &p);
	putname(path);
	if (err)
		return err;
	char *buf = get_free_page(GFP_KERNEL);
	long len = -ENOMEM;
	if (buf) {
		len = S_ISLNK(p.dentry->inode->mode) ? read_link(&p, buf, &text) : empty ? -ENOENT : -EINVAL;
		if (len >= 0) {
			touch_atime_path(&p);
			len = min_t(long, len, size);
			if (copy_to_user(user, text, (size_t)len))
				len = -EFAULT;
		}
		free_page(buf);
	}
	path_put(&p);
	return len;
}

long sys_readlink(const char __user *name, char __user *buf, int size) { return sys_readlinkat(AT_FDCWD, name, buf, size); }
