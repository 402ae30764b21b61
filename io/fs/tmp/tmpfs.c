/*
 * tmpfs: files in the page cache and nowhere else. Names are dentries that stay (io/vfs/simple.c); contents are pages of the file's mapping,
 * which has no write_page, so that the cache neither writes nor drops them. size= limits the pages, each of which is marked PG_checked once
 * it is paid for; nr_inodes= limits the inodes. A hole takes no page: reads of it are answered with zeros.
 */
#include "io/contract/memfs.h"
#include "io/fs/tmp/seals.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define TMPFS_MAGIC 0x01021994u

struct tmpfs {
	atomic_t pages, inodes; /* in use */
	u32 max_pages, max_inodes; /* 0: no limit */
	umode_t mode;
	uid_t uid;
	gid_t gid;
};

static struct tmpfs *tmpfs_of(const struct super_block *sb) { return sb->private; }

/* ---- pages ---- */

static bool charge_page(struct tmpfs *t)
{
	if (atomic_add_return(&t->pages, 1) <= (s32)t->max_pages || !t->max_pages)
		return true;
	atomic_dec(&t->pages);
	return false;
}

/* The locked page becomes one that is paid for. */
static bool charge_locked(struct page *page)
{
	if (page_test(page, PG_checked))
		return true;
	if (!charge_page(tmpfs_of(page->mapping->host->sb)))
		return false;
	page_set(page, PG_checked);
	return true;
}

/* A fault on a hole: a page of zeros, which from now on belongs to the file. */
static int tmpfs_read_page(struct file *f, struct page *page)
{
	if (!charge_locked(page)) {
		page_end_read(page, -ENOSPC);
		return -ENOSPC;
	}
	page_set(page, PG_dirty);
	return simple_read_page(f, page);
}

/* A page of the file at pos, locked and paid for. */
static int begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	struct tmpfs *t = tmpfs_of(m->host->sb);

	if (unlikely(t->max_pages && atomic_read(&t->pages) >= (s32)t->max_pages)) { /* full: only what is there may be written */
		struct page *old = find_get_page(m, (pgoff_t)(pos >> PAGE_SHIFT));
		bool paid = old && page_test(old, PG_checked);
		if (old)
			put_page(old);
		if (!paid)
			return -ENOSPC;
	}
	int err = simple_write_begin(f, m, pos, len, page, fsdata);
	if (!err && !charge_locked(*page)) {
		unlock_page(*page);
		put_page(*page);
		err = -ENOSPC;
	}
	return err;
}

static int tmpfs_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	int err = seals_allow_write(m->host, pos + len);

	return unlikely(err) ? err : begin(f, m, pos, len, page, fsdata);
}

static void tmpfs_invalidate_page(struct page *page, u32 offset, u32 len)
{
	if (!offset && len == PAGE_SIZE && page_test_clear(page, PG_checked))
		atomic_dec(&tmpfs_of(page->mapping->host->sb)->pages);
}

static const struct mapping_ops tmpfs_mapping_ops = {
	.read_page = tmpfs_read_page,
	.write_begin = tmpfs_write_begin,
	.write_end = simple_write_end,
	.invalidate_page = tmpfs_invalidate_page,
};

/* ---- files ---- */

static ssize_t tmpfs_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct inode *i = k->file->inode;
	ssize_t done = 0;

	while (to->count) {
		loff_t size = inode_size(i);
		if (k->pos >= size)
			break;
		u32 offset = (u32)k->pos & (PAGE_SIZE - 1);
		u32 want = min(PAGE_SIZE - offset, to->count), n;
		if ((u64)(size - k->pos) < want)
			want = (u32)(size - k->pos);
		struct page *page = find_get_page(i->mapping, (pgoff_t)(k->pos >> PAGE_SHIFT));
		if (page && page_test(page, PG_uptodate))
			n = copy_page_to_iter(page, offset, want, to);
		else
			n = iov_iter_zero(want, to);
		if (page)
			put_page(page);
		k->pos += n;
		done += (ssize_t)n;
		if (n < want)
			return done ? done : -EFAULT;
		cond_resched();
	}
	touch_atime(k->file);
	return done;
}

static int tmpfs_fsync(struct file *f, loff_t start, loff_t end, bool datasync) { return 0; }

static int tmpfs_setattr(struct dentry *d, struct iattr *a)
{
	struct inode *i = d->inode;
	int err = a->valid & ATTR_SIZE ? seals_allow_size(i, a->size) : 0;
	if (!err)
		err = simple_setattr(d, a);
	if (!err && (a->valid & ATTR_SIZE))
		i->blocks = (u64)i->mapping->nrpages * (PAGE_SIZE / SECTOR_SIZE);
	return err;
}

static int tmpfs_getattr(struct inode *i, struct kstat *st)
{
	generic_fillattr(i, st);
	st->blocks = (u64)i->mapping->nrpages * (PAGE_SIZE / SECTOR_SIZE);
	return 0;
}

/* Give every page of the range its place now, so that later writes cannot fail, or take the pages away. */
static int tmpfs_fallocate(struct inode *i, int mode, loff_t off, loff_t len)
{
	struct mapping *m = i->mapping;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (seals_of(i) & SEALS_WRITE)
			return -EPERM;
		truncate_pages_range(m, off, off + len - 1);
		return 0;
	}
	int e = (seals_of(i) & F_SEAL_GROW) && off + len > i->size ? -EPERM : 0;
	if (!e && !(mode & FALLOC_FL_KEEP_SIZE))
		e = check_new_size(i, off + len);
	if (e)
		return e;
	for (loff_t pos = off & ~(loff_t)(PAGE_SIZE - 1); pos < off + len; pos += PAGE_SIZE) {
		struct page *page;
		void *fsdata;
		int err = begin(NULL, m, pos, 0, &page, &fsdata);
		if (err)
			return err;
		page_set(page, PG_uptodate | PG_dirty); /* zeros, or what was there */
		unlock_page(page);
		put_page(page);
		if (signal_pending_current())
			return -EINTR;
		cond_resched();
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > i->size)
		inode_set_size(i, off + len);
	return 0;
}

/* Pages are data, what has none is hole. Inode lock held. */
static loff_t tmpfs_next(struct inode *i, loff_t off, bool data)
{
	struct mapping *m = i->mapping;

	while (off < i->size) {
		pgoff_t index = (pgoff_t)(off >> PAGE_SHIFT), next;
		void *page;
		spin_lock_bh(&m->lock);
		bool more = radix_tree_gang_lookup(&m->pages, index, &page, &next, 1);
		bool there = more && next == index && page_test(page, PG_uptodate);
		spin_unlock_bh(&m->lock);
		if (there == data)
			return off;
		if (!more)
			break;
		off = next == index ? (off | (PAGE_SIZE - 1)) + 1 : (loff_t)next << PAGE_SHIFT; /* over a hole at once: it may be of terabytes */
		cond_resched();
	}
	return data ? -ENXIO : i->size;
}

static loff_t tmpfs_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *i = f->inode;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_llseek(f, off, whence);
	mutex_lock(&i->lock);
	off = off < 0 || off >= i->size ? -ENXIO : tmpfs_next(i, off, whence == SEEK_DATA);
	mutex_unlock(&i->lock);
	return off < 0 ? off : generic_llseek(f, off, SEEK_SET);
}

static const struct file_operations tmpfs_file_operations = {
	.name = "tmpfs file",
	.read_iter = tmpfs_read_iter,
	.write_iter = generic_file_write_iter,
	.llseek = tmpfs_llseek,
	.mmap = seals_mmap,
	.fsync = tmpfs_fsync,
};

long memfs_seals_fcntl(struct file *f, u32 cmd, u32 seals)
{
	if (f->ops != &tmpfs_file_operations)
		return -EINVAL;
	return cmd == F_GET_SEALS ? (long)seals_of(f->inode) : seals_add(f, seals);
}
static const struct inode_operations tmpfs_file_iops = { .setattr = tmpfs_setattr, .getattr = tmpfs_getattr, .fallocate = tmpfs_fallocate };
static const struct inode_operations tmpfs_link_iops = { .readlink = simple_readlink };

/* ---- names ---- */

static struct inode *make_inode(struct super_block *sb, const struct inode *dir, umode_t mode, kdev_t dev);

static int tmpfs_create(struct inode *dir, struct dentry *d, umode_t mode) { return memfs_mknod(dir, d, mode, 0); }

static int tmpfs_tmpfile(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct inode *i = make_inode(dir->sb, dir, mode, 0);
	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	clear_nlink(i);
	d_instantiate(d, i);
	return 0;
}

static const struct inode_operations tmpfs_dir_iops = {
	.lookup = simple_lookup,
	.create = tmpfs_create,
	.link = simple_link,
	.unlink = simple_unlink,
	.symlink = memfs_symlink,
	.mkdir = memfs_mkdir,
	.rmdir = simple_rmdir,
	.mknod = memfs_mknod,
	.rename = simple_rename,
	.tmpfile = tmpfs_tmpfile,
};

static struct inode *make_inode(struct super_block *sb, const struct inode *dir, umode_t mode, kdev_t dev)
{
	struct tmpfs *t = tmpfs_of(sb);

	if (atomic_add_return(&t->inodes, 1) > (s32)t->max_inodes && t->max_inodes) {
		atomic_dec(&t->inodes);
		return ERR_PTR(-ENOSPC);
	}
	struct inode *i = new_inode(sb);
	if (!i) {
		atomic_dec(&t->inodes);
		return ERR_PTR(-ENOMEM);
	}
	inode_init_owner(i, dir, mode);
	i->atime = i->mtime = i->ctime = current_time_coarse();
	switch (mode & S_IFMT) {
	case S_IFREG:
		i->iops = &tmpfs_file_iops;
		i->fops = &tmpfs_file_operations;
		i->data.ops = &tmpfs_mapping_ops;
		i->data.gfp = GFP_USER;
		set_seals(i, F_SEAL_SEAL); /* a file with a name is never sealed */
		break;
	case S_IFDIR:
		i->iops = &tmpfs_dir_iops;
		i->fops = &simple_dir_operations;
		i->nlink = 2;
		break;
	case S_IFLNK:
		i->iops = &tmpfs_link_iops;
		break;
	default:
		inode_init_special(i, i->mode, dev);
	}
	return i;
}

struct inode *memfs_file_inode(struct super_block *sb, umode_t mode, bool sealable)
{
	struct inode *i = make_inode(sb, NULL, mode, 0);

	if (!IS_ERR(i)) {
		clear_nlink(i);
		if (sealable)
			set_seals(i, 0);
	}
	return i;
}

/* The inode exists: give it the name, which from now on is pinned. */
static void add_name(struct inode *dir, struct dentry *d, struct inode *i)
{
	d_instantiate(d, i);
	dget(d);
	dir->mtime = dir->ctime = i->ctime;
}

int memfs_mknod(struct inode *dir, struct dentry *d, umode_t mode, kdev_t dev)
{
	struct inode *i = make_inode(dir->sb, dir, mode, dev);
	if (IS_ERR(i))
		return (int)PTR_ERR(i);
	add_name(dir, d, i);
	return 0;
}

int memfs_mkdir(struct inode *dir, struct dentry *d, umode_t mode)
{
	int err = memfs_mknod(dir, d, (umode_t)(S_IFDIR | (mode & S_IALLUGO)), 0);
	if (!err)
		inc_nlink(dir);
	return err;
}

int memfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	char *copy = kstrdup(target, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	struct inode *i = make_inode(dir->sb, dir, S_IFLNK | S_IRWXUGO, 0);
	if (IS_ERR(i)) {
		kfree(copy);
		return (int)PTR_ERR(i);
	}
	i->symlink = copy;
	i->size = (loff_t)strlen(copy);
	add_name(dir, d, i);
	return 0;
}

/* ---- super blocks ---- */

static void tmpfs_evict_inode(struct inode *i)
{
	truncate_pages(&i->data, 0);
	if (S_ISLNK(i->mode))
		kfree(i->symlink);
	atomic_dec(&tmpfs_of(i->sb)->inodes);
}

static int tmpfs_statfs(struct super_block *sb, struct kstatfs *st)
{
	struct tmpfs *t = tmpfs_of(sb);
	u32 used = (u32)atomic_read(&t->pages), used_inodes = (u32)atomic_read(&t->inodes);

	st->type = TMPFS_MAGIC;
	st->bsize = st->frsize = PAGE_SIZE;
	st->namelen = NAME_MAX;
	st->blocks = t->max_pages;
	st->bfree = st->bavail = t->max_pages > used ? t->max_pages - used : 0;
	st->files = t->max_inodes;
	st->ffree = t->max_inodes > used_inodes ? t->max_inodes - used_inodes : 0;
	return 0;
}

/* "10m", "4096", "50%" in pages. */
static int parse_size(const char *text, u32 *pages)
{
	char digits[24];
	size_t n = 0;
	u64 v;

	while (text[n] >= '0' && text[n] <= '9' && n < sizeof(digits) - 1)
		n++;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (kstrtou64(digits, 10, &v))
		return -EINVAL;
	if (text[n] == '%' && !text[n + 1]) {
		*pages = (u32)div_u64(v * nr_total_pages(), 100);
		return 0;
	}
	static const char units[] = "kKmMgG";
	const char *unit = text[n] ? strchr(units, text[n]) : NULL;
	if (text[n] && (!unit || text[n + 1]))
		return -EINVAL;
	if (unit)
		v <<= 10 * ((unit - units) / 2 + 1);
	v = (v + PAGE_SIZE - 1) >> PAGE_SHIFT;
	*pages = v > INT32_MAX ? INT32_MAX : (u32)v;
	return 0;
}

/* Options into *t, which is left alone on an error. */
static int parse_options(struct tmpfs *t, const char *options)
{
	struct tmpfs n = *t;
	char *copy = kstrdup(options, GFP_KERNEL), *p = copy, *key, *value;
	int err = copy ? 0 : -ENOMEM;
	u32 mode;

	while (!err && next_mount_option(&p, &key, &value)) {
		if (!value)
			err = -EINVAL;
		else if (!strcmp(key, "size"))
			err = parse_size(value, &n.max_pages);
		else if (!strcmp(key, "nr_blocks"))
			err = kstrtou32(value, 0, &n.max_pages);
		else if (!strcmp(key, "nr_inodes"))
			err = kstrtou32(value, 0, &n.max_inodes);
		else if (!strcmp(key, "mode")) {
			err = kstrtou32(value, 8, &mode);
			n.mode = (umode_t)(mode & S_IALLUGO);
		} else if (!strcmp(key, "uid"))
			err = kstrtou32(value, 0, &n.uid);
		else if (!strcmp(key, "gid"))
			err = kstrtou32(value, 0, &n.gid);
		else
			err = -EINVAL;
	}
	kfree(copy);
	if (!err)
		*t = n;
	return err;
}

static int tmpfs_remount(struct super_block *sb, u32 *flags, const char *options)
{
	struct tmpfs *t = tmpfs_of(sb), n = *t;
	int err = parse_options(&n, options);
	if (err)
		return err;
	if ((n.max_pages && atomic_read(&t->pages) > (s32)n.max_pages) || (n.max_inodes && atomic_read(&t->inodes) > (s32)n.max_inodes))
		return -EINVAL;
	t->max_pages = n.max_pages;
	t->max_inodes = n.max_inodes;
	return 0;
}

static int tmpfs_show_options(struct super_block *sb, char *buf, size_t size)
{
	struct tmpfs *t = tmpfs_of(sb);
	int n = ksnprintf(buf, size, ",size=%uk", t->max_pages * (PAGE_SIZE / 1024));
	if (t->mode != 01777 && n < (int)size)
		n += ksnprintf(buf + n, size - (size_t)n, ",mode=%o", t->mode);
	return n;
}

static void tmpfs_put_super(struct super_block *sb) { kfree(sb->private); }

static const struct super_operations tmpfs_sops = {
	.evict_inode = tmpfs_evict_inode,
	.drop_inode = always_drop_inode,
	.put_super = tmpfs_put_super,
	.statfs = tmpfs_statfs,
	.remount = tmpfs_remount,
	.show_options = tmpfs_show_options,
};

int memfs_fill_super(struct super_block *sb, const char *options, umode_t root_mode)
{
	struct tmpfs *t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->max_pages = t->max_inodes = nr_total_pages() / 2;
	t->mode = root_mode;
	sb->private = t;
	sb->ops = &tmpfs_sops;
	sb->magic = TMPFS_MAGIC;
	sb->flags |= SB_NOWRITEBACK;
	sb->max_bytes = (u64)UINT32_MAX << PAGE_SHIFT;
	int err = parse_options(t, options);
	if (err)
		return err;
	struct inode *root = make_inode(sb, NULL, (umode_t)(S_IFDIR | t->mode), 0);
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	root->uid = t->uid;
	root->gid = t->gid;
	sb->root = d_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static int tmpfs_fill_super(struct super_block *sb, const char *options, bool silent) { return memfs_fill_super(sb, options, 01777); }

static struct file_system_type tmpfs_type = { .name = "tmpfs", .fill_super = tmpfs_fill_super };

int tmpfs_init(void);
int tmpfs_init(void) { return register_filesystem(&tmpfs_type); }
