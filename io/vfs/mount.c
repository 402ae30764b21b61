/*
 * The tree of mounts. A mount covers a name (mountpoint in parent) with the root of a super block's tree. The tree changes under mount_lock
 * and, for walkers that hold no references, under dcache_lock. References of a mount: one while it is in the tree, one for each path, open
 * file and child; the last mntput lets the super block go.
 */
#include "io/vfs/mount.h"
#include "io/block/bdev.h"
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/seq_buf.h"
#include "mm/alloc.h"

#define MOUNT_HASH_BITS 5
#define UMOUNT_NOFOLLOW 8
#define MS_PROPAGATION (0xfu << 17) /* MS_UNBINDABLE, PRIVATE, SLAVE, SHARED: there is one name space, so nothing propagates */
#define MS_MAGIC 0xC0ED0000u

DEFINE_MUTEX_RANK(mount_lock, RANK_MOUNT);
struct mount *root_mount;
void (*unreachable_files_hook)(void);
static struct list_head mount_hash[1 << MOUNT_HASH_BITS];
static LIST_HEAD(mounts); /* in the tree, in the order they came */
static u32 last_mount_id;

static struct list_head *bucket(const struct mount *parent, const struct dentry *d)
{
	return &mount_hash[hash_32((u32)(uintptr_t)d ^ ((u32)(uintptr_t)parent >> 3), MOUNT_HASH_BITS)];
}

struct mount *mount_at_locked(const struct mount *parent, const struct dentry *d)
{
	struct mount *m;
	list_for_each_entry(m, bucket(parent, d), hash_node)
		if (m->mountpoint == d && m->parent == parent)
			return m;
	return NULL;
}

void root_path(struct path *out)
{
	*out = (struct path){ NULL, NULL };
	if (root_mount) {
		out->mnt = root_mount;
		out->dentry = root_mount->root;
		path_get(out);
	}
}

/* ---- life ---- */

static u32 mount_flags(u32 ms)
{
	u32 f = 0;
	f |= ms & MS_RDONLY ? MNT_READONLY : 0;
	f |= ms & MS_NOSUID ? MNT_NOSUID : 0;
	f |= ms & MS_NODEV ? MNT_NODEV : 0;
	f |= ms & MS_NOEXEC ? MNT_NOEXEC : 0;
	f |= ms & MS_NODIRATIME ? MNT_NODIRATIME : 0;
	if (ms & MS_NOATIME)
		f |= MNT_NOATIME;
	else if (!(ms & MS_STRICTATIME))
		f |= MNT_RELATIME;
	return f;
}

/* Consumes the caller's active reference of sb, also on failure. root NULL: that of sb. */
static struct mount *alloc_mount(struct super_block *sb, struct dentry *root, u32 flags, const char *source)
{
	struct mount *m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m) {
		deactivate_super(sb);
		return ERR_PTR(-ENOMEM);
	}
	atomic_set(&m->refs, 1);
	m->id = ++last_mount_id;
	m->sb = sb;
	m->root = root ? root : sb->root;
	if (m->root)
		dget(m->root);
	m->flags = flags;
	INIT_LIST_HEAD(&m->children);
	INIT_LIST_HEAD(&m->node);
	strscpy(m->source, source && *source ? source : "none", sizeof(m->source));
	return m;
}

struct mount *kernel_mount(struct super_block *sb, const char *source)
{
	return alloc_mount(sb, NULL, 0, source);
}

void mntput(struct mount *m)
{
	if (!m || atomic_dec_unless_last(&m->refs))
		return;
	spin_lock(&dcache_lock);
	bool last = atomic_dec_and_test(&m->refs);
	spin_unlock(&dcache_lock);
	if (!last)
		return;
	dput(m->root);
	deactivate_super(m->sb);
	kfree(m);
}

/* ---- the tree ---- */

/* Put m on top of the path. The tree takes over the caller's reference of m. mount_lock held. */
static int attach(struct mount *m, const struct path *at)
{
	struct path on = *at;
	struct mount *upper;

	if (S_ISDIR(m->root->inode->mode) != S_ISDIR(on.dentry->inode->mode))
		return -ENOTDIR;
	if (on.dentry->inode->flags & S_DEAD)
		return -ENOENT;
	spin_lock(&dcache_lock);
	while ((upper = mount_at_locked(on.mnt, on.dentry))) /* somebody mounted here since the path was looked up */
		on = (struct path){ upper, upper->root };
	if (on.dentry == on.mnt->root && on.mnt->sb == m->sb && on.mnt->root == m->root) {
		spin_unlock(&dcache_lock);
		return -EBUSY;
	}
	m->parent = on.mnt;
	m->mountpoint = dget(on.dentry);
	mntget(on.mnt);
	on.dentry->flags |= DCACHE_MOUNTED;
	list_add(&m->hash_node, bucket(on.mnt, on.dentry));
	list_add_tail(&m->child_node, &on.mnt->children);
	list_add_tail(&m->node, &mounts);
	spin_unlock(&dcache_lock);
	return 0;
}

/* Take m out of its place; what it held of the parent is returned in *was. dcache_lock and mount_lock held. */
static void detach_locked(struct mount *m, struct path *was)
{
	struct mount *o;
	bool still = false;

	*was = (struct path){ m->parent, m->mountpoint };
	list_del(&m->hash_node);
	list_del(&m->child_node);
	list_del_init(&m->node);
	list_for_each_entry(o, &mounts, node)
		still |= o->mountpoint == m->mountpoint;
	if (!still)
		m->mountpoint->flags &= ~DCACHE_MOUNTED;
	m->parent = NULL;
	m->mountpoint = NULL;
}

/* Unmount m and everything below it, in use or not (MNT_DETACH). mount_lock held. */
static void detach_tree(struct mount *m)
{
	struct path was;
	while (!list_empty(&m->children))
		detach_tree(list_first_entry(&m->children, struct mount, child_node));
	spin_lock(&dcache_lock);
	detach_locked(m, &was);
	spin_unlock(&dcache_lock);
	path_put(&was);
	mntput(m);
}

/* ---- mount(2) ---- */

/* The device number behind the name of a source. */
static int source_device(const char *source, kdev_t *dev)
{
	struct path p;
	int err = path_lookup_at(AT_FDCWD, source, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	const struct inode *i = p.dentry->inode;
	if (!S_ISBLK(i->mode))
		err = -ENOTBLK;
	else if (p.mnt->flags & MNT_NODEV)
		err = -EACCES;
	else
		*dev = i->rdev;
	path_put(&p);
	return err;
}

static int do_new_mount(const char *source, const struct path *at, const char *type, u32 flags, const char *data)
{
	struct file_system_type *t = type ? find_filesystem(type) : NULL;
	kdev_t dev = 0;

	if (!t)
		return type && *type ? -ENODEV : -EINVAL;
	if (t->needs_dev) {
		if (!source || !*source)
			return -EINVAL;
		int err = source_device(source, &dev);
		if (err)
			return err;
	}
	mutex_lock(&mount_lock);
	struct super_block *sb = get_super(t, dev, t->name, flags, data);
	struct mount *m = IS_ERR(sb) ? ERR_CAST(sb) : alloc_mount(sb, NULL, mount_flags(flags), source);
	int err = IS_ERR(m) ? (int)PTR_ERR(m) : attach(m, at);
	mutex_unlock(&mount_lock);
	if (err && !IS_ERR(m))
		mntput(m);
	return err;
}

static int do_bind(const char *source, const struct path *at)
{
	struct path from;
	if (!source || !*source)
		return -EINVAL;
	int err = path_lookup_at(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&mount_lock);
	atomic_inc(&from.mnt->sb->active);
	struct mount *m = alloc_mount(from.mnt->sb, from.dentry, from.mnt->flags, from.mnt->source);
	err = IS_ERR(m) ? (int)PTR_ERR(m) : attach(m, at);
	mutex_unlock(&mount_lock);
	if (err && !IS_ERR(m))
		mntput(m);
	path_put(&from);
	return err;
}

/* Is `m` the mount of `at`, or above it? Then at cannot become m's parent. mount_lock held. */
static bool mount_is_above(const struct mount *m, const struct mount *at)
{
	for (; at; at = at->parent)
		if (at == m)
			return true;
	return false;
}

static int do_move(const char *source, const struct path *at)
{
	struct path from, was = { NULL, NULL };
	if (!source || !*source)
		return -EINVAL;
	int err = path_lookup_at(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&mount_lock);
	struct mount *m = from.mnt;
	if (from.dentry != m->root || !m->parent)
		err = -EINVAL;
	else if (mount_is_above(m, at->mnt))
		err = -ELOOP;
	else if (S_ISDIR(m->root->inode->mode) != S_ISDIR(at->dentry->inode->mode))
		err = -ENOTDIR;
	if (!err) {
		spin_lock(&dcache_lock);
		detach_locked(m, &was);
		spin_unlock(&dcache_lock);
		err = attach(m, at);
		if (err) /* back where it was: that place is free */
			BUG_ON(attach(m, &was));
	}
	mutex_unlock(&mount_lock);
	if (was.mnt)
		path_put(&was);
	path_put(&from);
	return err;
}

static int do_remount(const struct path *at, u32 flags, const char *data)
{
	struct mount *m = at->mnt;
	if (at->dentry != m->root)
		return -EINVAL;
	mutex_lock(&mount_lock);
	u32 mflags = mount_flags(flags);
	if (!(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME))) /* not mentioned: as it was */
		mflags = (mflags & ~(MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)) | (m->flags & (MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME));
	int err = flags & MS_BIND ? 0 : remount_super(m->sb, flags, data, false);
	if (!err)
		m->flags = mflags;
	mutex_unlock(&mount_lock);
	return err;
}

int do_mount(const char *source, const char *target, const char *type, u32 flags, const char *data)
{
	struct path at;

	if (!capable())
		return -EPERM;
	if ((flags & 0xffff0000u) == MS_MAGIC)
		flags &= 0xffffu;
	int err = path_lookup_at(AT_FDCWD, target, LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	if (flags & MS_REMOUNT)
		err = do_remount(&at, flags, data);
	else if (flags & MS_BIND)
		err = do_bind(source, &at);
	else if (flags & MS_PROPAGATION)
		err = at.dentry == at.mnt->root ? 0 : -EINVAL;
	else if (flags & MS_MOVE)
		err = do_move(source, &at);
	else
		err = do_new_mount(source, &at, type, flags, data);
	path_put(&at);
	return err;
}

/* ---- umount(2) ---- */

/* at is the only path left into the mount besides the tree: take it out. mount_lock held. */
static int detach_unused(struct mount *m)
{
	struct path was;
	spin_lock(&dcache_lock);
	int err = !m->parent ? -EINVAL : !list_empty(&m->children) || atomic_read(&m->refs) > 2 ? -EBUSY : 0;
	if (err) {
		spin_unlock(&dcache_lock);
		return err;
	}
	detach_locked(m, &was);
	spin_unlock(&dcache_lock);
	path_put(&was);
	mntput(m);
	return 0;
}

/*
 * The same; but before it is called busy, what only waits to be closed is closed: files that kernel threads have let go of, and those in
 * messages of sockets that nobody has any more. mount_lock held; dropped meanwhile.
 */
static int detach_idle(struct mount *m)
{
	int err = detach_unused(m);

	if (err != -EBUSY)
		return err;
	mutex_unlock(&mount_lock);
	if (unreachable_files_hook)
		unreachable_files_hook();
	flush_closing_files();
	mutex_lock(&mount_lock);
	err = detach_unused(m);
	if (err == -EBUSY)
		tell_busy(m);
	return err;
}

int do_umount(const char *target, u32 flags)
{
	struct path at;

	if (flags & ~(u32)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!capable())
		return -EPERM;
	int err = path_lookup_at(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	mutex_lock(&mount_lock);
	struct mount *m = at.mnt;
	if (at.dentry != m->root)
		err = -EINVAL;
	else if (m == root_mount) /* it stays, but ends up clean */
		err = flags & MNT_DETACH ? -EINVAL : remount_super(m->sb, m->sb->flags | SB_RDONLY, "", false);
	else if (!m->parent)
		err = -EINVAL;
	else if (flags & MNT_DETACH)
		detach_tree(m);
	else
		err = detach_idle(m);
	mutex_unlock(&mount_lock);
	path_put(&at);
	return err;
}

static int make_readonly(struct super_block *sb, void *arg)
{
	if (!sb->bdev || (sb->flags & SB_RDONLY))
		return 0;
	int err = remount_super(sb, sb->flags | SB_RDONLY, "", true);
	if (err)
		pr_err("%s: could not be left clean (error %d)\n", sb->id, err);
	return err;
}

int umount_all(void)
{
	sync_filesystems(true);
	mutex_lock(&mount_lock);
	int err = for_each_super(make_readonly, NULL);
	mutex_unlock(&mount_lock);
	return err;
}

/* ---- /proc/mounts, /proc/PID/mountinfo ---- */

/* Blanks and backslashes as octal, as in Linux, so that the fields can be told apart. */
static void put_escaped(struct seq_buf *s, const char *text)
{
	for (; *text; text++)
		if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
			seq_printf(s, "\\%03o", (unsigned char)*text);
		else
			seq_putc(s, *text);
}

static void show_mount_options(struct seq_buf *s, const struct mount *m)
{
	static const struct { u32 flag; const char *text; } names[] = {
		{ MNT_NOSUID, ",nosuid" }, { MNT_NODEV, ",nodev" }, { MNT_NOEXEC, ",noexec" },
		{ MNT_NOATIME, ",noatime" }, { MNT_NODIRATIME, ",nodiratime" }, { MNT_RELATIME, ",relatime" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (m->flags & names[i].flag)
			seq_puts(s, names[i].text);
}

static void show_super_options(struct seq_buf *s, struct super_block *sb)
{
	char extra[128];

	if (sb->ops->show_options && sb->ops->show_options(sb, extra, sizeof(extra)) >= 0)
		seq_puts(s, extra);
}

/* A line of /proc/mounts. page: one to work in. */
static void show_mount(struct seq_buf *s, struct mount *m, char *page)
{
	struct path p = { m, m->root };
	const char *where = d_path(&p, page, PAGE_SIZE);

	if (IS_ERR(where))
		return;
	put_escaped(s, m->source);
	seq_putc(s, ' ');
	put_escaped(s, where);
	seq_printf(s, " %s %s%s", m->sb->type->name, mnt_is_readonly(m) ? "ro" : "rw", m->sb->flags & SB_SYNCHRONOUS ? ",sync" : "");
	show_mount_options(s, m);
	show_super_options(s, m->sb);
	seq_puts(s, " 0 0\n");
}

/* A line of /proc/PID/mountinfo (Linux: Documentation/filesystems/proc.rst, 3.5). */
static void show_mountinfo(struct seq_buf *s, struct mount *m, char *page)
{
	struct mount top = { .root = m->sb->root }; /* nothing above it: paths within the file system */
	struct path p = { &top, m->root }, root = { &top, top.root };
	const char *text = d_path_root(&p, &root, page, PAGE_SIZE);

	if (IS_ERR(text))
		return;
	seq_printf(s, "%u %u %u:%u ", m->id, m->parent ? m->parent->id : m->id, MAJOR(m->sb->dev), MINOR(m->sb->dev));
	put_escaped(s, text);
	seq_putc(s, ' ');
	p = (struct path){ m, m->root };
	text = d_path(&p, page, PAGE_SIZE);
	put_escaped(s, IS_ERR(text) ? "?" : text);
	seq_puts(s, m->flags & MNT_READONLY ? " ro" : " rw");
	show_mount_options(s, m);
	seq_printf(s, " - %s ", m->sb->type->name);
	put_escaped(s, m->source);
	seq_printf(s, " %s%s", m->sb->flags & SB_RDONLY ? "ro" : "rw", m->sb->flags & SB_SYNCHRONOUS ? ",sync" : "");
	show_super_options(s, m->sb);
	seq_putc(s, '\n');
}

static int show_all(struct seq_buf *s, void (*show)(struct seq_buf *s, struct mount *m, char *page))
{
	struct mount *m;
	char *page = get_free_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	mutex_lock(&mount_lock);
	list_for_each_entry(m, &mounts, node)
		show(s, m, page);
	mutex_unlock(&mount_lock);
	free_page(page);
	return 0;
}

int mounts_show(struct seq_buf *s, void *arg) { return show_all(s, show_mount); }
int mountinfo_show(struct seq_buf *s) { return show_all(s, show_mountinfo); }

/* The first mount of all. mount_lock held. */
static void set_root_mount(struct mount *m)
{
	spin_lock(&dcache_lock);
	root_mount = m;
	list_add(&m->node, &mounts);
	spin_unlock(&dcache_lock);
}

int mount_root_device(struct file_system_type *t, kdev_t dev, const char *source, u32 flags)
{
	mutex_lock(&mount_lock);
	struct super_block *sb = get_super(t, dev, t->name, flags, "");
	struct mount *m = IS_ERR(sb) ? ERR_CAST(sb) : alloc_mount(sb, NULL, mount_flags(flags), source);
	if (!IS_ERR(m))
		set_root_mount(m);
	mutex_unlock(&mount_lock);
	return IS_ERR(m) ? (int)PTR_ERR(m) : 0;
}

void mount_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(mount_hash); i++)
		INIT_LIST_HEAD(&mount_hash[i]);
}
