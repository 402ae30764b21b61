/*
 * File system types and super blocks. A super block lives while sb->active > 0: each mount has one, and for_each_super takes one around
 * its callback. The last deactivate_super writes everything out, drops names and inodes and closes the device; until that is finished the
 * block stays on the list, so that a new mount of the same device waits for it.
 */
#include "io/block/bdev.h"
#include "io/cache/writeback.h"
#include "io/vfs/internal.h"
#include "io/vfs/notify.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/seq_buf.h"
#include "mm/alloc.h"

static DEFINE_SPINLOCK(super_lock, RANK_FILES); /* the two lists */
static LIST_HEAD(types);
static LIST_HEAD(supers);
static DEFINE_WAIT_QUEUE(super_wait); /* a super block left the list, or its last change of names ended */
static u32 last_anon_minor;

/* ---- types ---- */

int register_filesystem(struct file_system_type *t)
{
	if (find_filesystem(t->name))
		return -EBUSY;
	spin_lock(&super_lock);
	list_add_tail(&t->node, &types);
	spin_unlock(&super_lock);
	return 0;
}

struct file_system_type *find_filesystem(const char *name)
{
	struct file_system_type *t, *found = NULL;
	spin_lock(&super_lock);
	list_for_each_entry(t, &types, node)
		if (!strcmp(t->name, name))
			found = t;
	spin_unlock(&super_lock);
	return found;
}

struct file_system_type *next_filesystem(struct file_system_type *t)
{
	spin_lock(&super_lock);
	struct list_head *next = t ? t->node.next : types.next;
	t = next == &types ? NULL : list_entry(next, struct file_system_type, node);
	spin_unlock(&super_lock);
	return t;
}

int filesystems_show(struct seq_buf *s, void *arg)
{
	for (struct file_system_type *t = next_filesystem(NULL); t; t = next_filesystem(t))
		seq_printf(s, "%s\t%s\n", t->needs_dev ? "" : "nodev", t->name);
	return 0;
}

/* ---- making ---- */

static struct super_block *alloc_super(const struct file_system_type *t, const char *id, u32 flags)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!sb)
		return NULL;
	atomic_set(&sb->active, 1);
	INIT_LIST_HEAD(&sb->inodes);
	sb->type = t;
	sb->flags = flags & (SB_RDONLY | SB_NOSUID | SB_NODEV | SB_NOEXEC | SB_SYNCHRONOUS);
	sb->blocksize = PAGE_SIZE;
	sb->blocksize_bits = PAGE_SHIFT;
	sb->max_bytes = INT64_MAX;
	strscpy(sb->id, id, sizeof(sb->id));
	return sb;
}

static void list_super(struct super_block *sb)
{
	spin_lock(&super_lock);
	if (!sb->dev)
		sb->dev = MKDEV(0, ++last_anon_minor);
	list_add_tail(&sb->node, &supers);
	spin_unlock(&super_lock);
}

/* Names, inodes, device: everything goes. The super block is not on the list or has active == 0. */
static void destroy_super(struct super_block *sb)
{
	struct block_device *bdev = sb->bdev;

	sb->flags &= ~SB_ACTIVE;
	shrink_dcache_for_umount(sb);
	writeback_forget_sb(sb);
	notify_unmount(sb);
	u32 busy = evict_unused_inodes(sb);
	if (busy)
		pr_err("%s: %u inodes still in use after unmount\n", sb->id, busy);
	if (sb->ops && sb->ops->put_super)
		sb->ops->put_super(sb);
	if (bdev)
		blkdev_put(bdev, sb);
}

static struct super_block *fill_new(struct file_system_type *t, kdev_t dev, const char *id, u32 flags, const char *options)
{
	struct super_block *sb = alloc_super(t, id, flags);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	if (t->needs_dev) {
		struct block_device *bdev = blkdev_get(dev, FMODE_READ | (flags & SB_RDONLY ? 0 : FMODE_WRITE), sb);
		if (IS_ERR(bdev)) {
			kfree(sb);
			return ERR_CAST(bdev);
		}
		sb->bdev = bdev;
		sb->dev = bdev->dev;
		strscpy(sb->id, bdev->name, sizeof(sb->id));
	}
	int err = t->fill_super(sb, options ? options : "", flags & MS_SILENT);
	if (err) {
		destroy_super(sb);
		kfree(sb);
		return ERR_PTR(err);
	}
	ASSERT(sb->root);
	sb->flags |= SB_ACTIVE;
	list_super(sb);
	return sb;
}

/* A super block of dev on the list, with an active reference unless it is on its way out (then *dying). */
static struct super_block *find_super(kdev_t dev, bool *dying)
{
	struct super_block *sb, *found = NULL;
	*dying = false;
	spin_lock(&super_lock);
	list_for_each_entry(sb, &supers, node)
		if (sb->dev == dev && sb->bdev) {
			if (atomic_inc_not_zero(&sb->active))
				found = sb;
			else
				*dying = true;
		}
	spin_unlock(&super_lock);
	return found;
}

static bool super_is_dying(kdev_t dev)
{
	bool dying;
	struct super_block *sb = find_super(dev, &dying);
	if (sb)
		deactivate_super(sb);
	return dying;
}

struct super_block *get_super(struct file_system_type *t, kdev_t dev, const char *id, u32 flags, const char *options)
{
	if (t->single) {
		struct super_block *sb = single_super(t);
		int err = 0;
		if (IS_ERR(sb))
			return sb;
		if (options && *options && sb->ops->remount) /* the last mount's options are those of all */
			err = sb->ops->remount(sb, &sb->flags, options);
		if (err)
			return ERR_PTR(err);
		atomic_inc(&sb->active);
		return sb;
	}
	while (t->needs_dev) {
		bool dying;
		struct super_block *sb = find_super(dev, &dying);
		if (sb) {
			if (sb->type == t && !((sb->flags ^ flags) & SB_RDONLY))
				return sb;
			deactivate_super(sb);
			return ERR_PTR(-EBUSY);
		}
		if (!dying)
			break;
		wait_event(&super_wait, !super_is_dying(dev));
	}
	return fill_new(t, dev, id, flags, options);
}

struct super_block *single_super(struct file_system_type *t)
{
	if (!t->instance) {
		struct super_block *sb = fill_new(t, 0, t->name, 0, "");
		if (IS_ERR(sb))
			return sb;
		t->instance = sb;
	}
	return t->instance;
}

struct super_block *pseudo_super(const char *name, const struct super_operations *ops)
{
	static const struct file_system_type pseudo_type = { .name = "pseudo" };
	struct super_block *sb = alloc_super(&pseudo_type, name, 0);
	if (!sb)
		return NULL;
	sb->ops = ops;
	sb->flags |= SB_ACTIVE;
	list_super(sb);
	return sb;
}

void deactivate_super(struct super_block *sb)
{
	if (atomic_dec_unless_last(&sb->active))
		return;
	/* Write while everything is still there: in large pieces, not inode by inode. */
	if (!(sb->flags & SB_NOWRITEBACK) && sync_filesystem(sb))
		pr_err("%s: data was lost when it was written at unmount\n", sb->id);
	spin_lock(&super_lock);
	bool last = atomic_dec_and_test(&sb->active);
	spin_unlock(&super_lock);
	if (!last)
		return;
	destroy_super(sb);
	spin_lock(&super_lock);
	list_del(&sb->node);
	spin_unlock(&super_lock);
	wake_up_all(&super_wait);
	kfree(sb);
}

int for_each_super(int (*fn)(struct super_block *sb, void *arg), void *arg)
{
	struct super_block *sb, *prev = NULL;
	int err = 0;

	spin_lock(&super_lock);
	list_for_each_entry(sb, &supers, node) {
		if (!atomic_inc_not_zero(&sb->active))
			continue;
		spin_unlock(&super_lock);
		if (prev)
			deactivate_super(prev);
		int e = fn(sb, arg);
		if (e && !err)
			err = e;
		prev = sb; /* stays on the list while we hold it */
		spin_lock(&super_lock);
	}
	spin_unlock(&super_lock);
	if (prev)
		deactivate_super(prev);
	return err;
}

/* ---- changing ---- */

int mnt_want_write(struct mount *m)
{
	struct super_block *sb = m->sb;
	atomic_inc(&sb->write_ops);
	if (likely(!mnt_is_readonly(m)))
		return 0;
	mnt_drop_write(m);
	return -EROFS;
}

void mnt_drop_write(struct mount *m)
{
	if (atomic_dec_and_test(&m->sb->write_ops) && unlikely(wait_queue_active(&super_wait)))
		wake_up_all(&super_wait);
}

int remount_super(struct super_block *sb, u32 flags, const char *options, bool force)
{
	const u32 changeable = SB_RDONLY | SB_SYNCHRONOUS;
	bool to_ro = (flags & SB_RDONLY) && !(sb->flags & SB_RDONLY), to_rw = !(flags & SB_RDONLY) && (sb->flags & SB_RDONLY);
	u32 old = sb->flags, want = (old & ~changeable) | (flags & changeable);
	int err = 0;

	if (to_rw && sb->bdev && sb->bdev->read_only)
		return -EROFS;
	if (to_ro && !force) {
		sb->flags |= SB_RDONLY; /* no new writers from here on */
		wait_event(&super_wait, !atomic_read(&sb->write_ops));
		if (sb_has_writers(sb))
			err = -EBUSY;
		sb->flags &= ~SB_RDONLY;
	}
	if (!err && to_ro)
		err = sync_filesystem(sb);
	if (!err && sb->ops->remount)
		err = sb->ops->remount(sb, &want, options ? options : "");
	if (err)
		return err;
	if (to_ro)
		err = sync_filesystem(sb); /* what remount marked */
	sb->flags = want;
	return err;
}

int sb_set_blocksize(struct super_block *sb, u32 size)
{
	if (size < SECTOR_SIZE || size > PAGE_SIZE || (size & (size - 1)))
		return -EINVAL;
	if (sb->bdev) {
		if (size < blkdev_logical_block_size(sb->bdev) || blkdev_set_block_size(sb->bdev, size))
			return -EINVAL;
	}
	sb->blocksize = size;
	sb->blocksize_bits = (u32)__builtin_ctz(size);
	return 0;
}

bool next_mount_option(char **p, char **key, char **value)
{
	char *s = *p;
	while (*s == ',')
		s++;
	if (!*s)
		return false;
	char *end = strchr(s, ',');
	if (end)
		*end++ = 0;
	else
		end = s + strlen(s);
	char *eq = strchr(s, '=');
	if (eq)
		*eq++ = 0;
	*key = s;
	*value = eq;
	*p = end;
	return true;
}
