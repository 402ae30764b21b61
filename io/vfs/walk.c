/* The path walk, see walk.h; and paths: getting, putting, copying them from user space. */
#include "io/vfs/walk.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "mm/alloc.h"

#define MAX_LINKS 40

/* ---- names from user space ---- */

/* One buffer is kept for the next call: a system call that takes a path allocates nothing as a rule. */
static char *spare_name;

static char *alloc_name(void)
{
	char *p = __sync_lock_test_and_set(&spare_name, NULL);
	return p ? p : get_free_page(GFP_KERNEL);
}

void putname(char *name)
{
	if (name && !spare_name)
		name = __sync_lock_test_and_set(&spare_name, name);
	if (name)
		free_page(name);
}

char *getname_flags(const char __user *p, bool empty_ok)
{
	char *name = alloc_name();
	if (!name)
		return ERR_PTR(-ENOMEM);
	ssize_t len = strncpy_from_user(name, p, PATH_MAX);
	if (likely(len > 0 && len < PATH_MAX) || (len == 0 && empty_ok))
		return name;
	putname(name);
	return ERR_PTR(len < 0 ? len : len ? -ENAMETOOLONG : -ENOENT);
}

char *getname(const char __user *p) { return getname_flags(p, false); }

/* ---- paths ---- */

void path_get(const struct path *p)
{
	if (p->mnt)
		mntget(p->mnt);
	if (p->dentry)
		dget(p->dentry);
}

void path_put(const struct path *p)
{
	dput(p->dentry);
	mntput(p->mnt);
}

/* ---- standing somewhere, borrowed or not ---- */

/* Take references and drop the lock. */
static void unborrow(struct walk *w)
{
	if (!w->borrowed)
		return;
	path_get(&w->path);
	w->borrowed = false;
	spin_unlock(&dcache_lock);
}

/* Let go of what is held besides the path. */
static inline void drop_rest(struct walk *w)
{
	putname(w->buf);
	w->buf = NULL;
	if (unlikely(w->scope.dentry)) {
		path_put(&w->scope);
		w->scope = (struct path){ NULL, NULL };
	}
}

/* Stop after an error. */
static int give_up(struct walk *w, int err)
{
	if (w->borrowed)
		spin_unlock(&dcache_lock);
	else
		path_put(&w->path);
	w->borrowed = false;
	w->path = (struct path){ NULL, NULL };
	drop_rest(w);
	return err;
}

/* Under dcache_lock (taken here unless borrowed): go to `to`, and let the lock go again unless borrowed. */
static void step_to(struct walk *w, struct path to)
{
	struct path old = w->path;
	w->path = to;
	if (w->borrowed)
		return;
	path_get(&to);
	spin_unlock(&dcache_lock);
	path_put(&old);
}

static inline void lock_names(struct walk *w)
{
	if (!w->borrowed)
		spin_lock(&dcache_lock);
}

static inline void unlock_names(struct walk *w)
{
	if (!w->borrowed)
		spin_unlock(&dcache_lock);
}

/* step_to, to where another mount may be. */
static inline int step_across(struct walk *w, struct path to)
{
	if (unlikely(w->flags & LOOKUP_NO_XDEV) && to.mnt != w->path.mnt) {
		unlock_names(w);
		return -EXDEV;
	}
	step_to(w, to);
	return 0;
}

/* Over all mounts that lie on top of *p. dcache_lock held. */
static inline void cross_mounts_locked(struct path *p)
{
	while (unlikely(p->dentry->flags & DCACHE_MOUNTED)) {
		struct mount *m = mount_at_locked(p->mnt, p->dentry);
		if (!m)
			break;
		*p = (struct path){ m, m->root };
	}
}

void follow_mounts(struct path *p)
{
	struct path old = *p;
	if (!(READ_ONCE(p->dentry->flags) & DCACHE_MOUNTED))
		return;
	spin_lock(&dcache_lock);
	cross_mounts_locked(p);
	path_get(p);
	spin_unlock(&dcache_lock);
	path_put(&old);
}

/* The root directory of this task. dcache_lock held: fs contexts change under it too, and it keeps what is found alive. */
static struct path task_root(void)
{
	struct fs_context *fs = current->fs;
	if (likely(fs && fs->root.dentry))
		return fs->root;
	return (struct path){ root_mount, root_mount ? root_mount->root : NULL };
}

static struct path task_cwd(void)
{
	struct fs_context *fs = current->fs;
	return likely(fs && fs->cwd.dentry) ? fs->cwd : task_root();
}

/* Begin at the root, the current directory or the directory open as dfd. On success the walk is borrowed. */
static int walk_start(struct walk *w, int dfd, const char *name)
{
	struct fd f = { NULL, false, false };
	bool from_root = *name == '/';
	int err = 0;

	if (unlikely(from_root && (w->flags & LOOKUP_SCOPED))) {
		if (w->flags & LOOKUP_BENEATH)
			return -EXDEV;
		from_root = false;
	}
	if (!from_root && dfd != AT_FDCWD) {
		f = fdget_raw(dfd);
		if (!f.file)
			return -EBADF;
	}
	spin_lock(&dcache_lock);
	w->borrowed = true;
	if (from_root)
		w->path = task_root();
	else if (f.file)
		w->path = f.file->path;
	else
		w->path = task_cwd();
	if (unlikely(!w->path.dentry))
		err = -ENOENT; /* no root yet */
	else if (f.file && *name && !S_ISDIR(w->path.dentry->inode->mode))
		err = -ENOTDIR;
	if ((f.need_put || (w->flags & LOOKUP_SCOPED)) && !err)
		unborrow(w); /* the descriptor may be closed under us */
	if (unlikely(w->flags & LOOKUP_SCOPED) && !err) {
		w->scope = w->path;
		path_get(&w->scope);
	}
	if (err)
		give_up(w, err);
	fdput(f);
	return err;
}

/* ---- one component ---- */

/* May names be looked up in the directory the walk stands at? */
static int may_search(struct walk *w)
{
	struct inode *dir = w->path.dentry->inode;
	if (unlikely(!dir || !S_ISDIR(dir->mode)))
		return -ENOTDIR;
	if (unlikely(dir->iops->permission)) {
		unborrow(w);
		return dir->iops->permission(dir, MAY_EXEC);
	}
	return likely((dir->mode & 0111) == 0111) ? 0 : generic_permission(dir, MAY_EXEC);
}

static int step_up(struct walk *w)
{
	lock_names(w);
	struct path p = w->path, root = task_root();
	for (;;) {
		if (unlikely(w->flags & LOOKUP_SCOPED) && p.dentry == w->scope.dentry && p.mnt == w->scope.mnt) {
			if (w->flags & LOOKUP_IN_ROOT)
				break;
			unlock_names(w);
			return -EXDEV;
		}
		if (p.dentry == root.dentry && p.mnt == root.mnt)
			break;
		if (p.dentry != p.mnt->root) {
			p.dentry = p.dentry->parent;
			break;
		}
		if (!p.mnt->parent)
			break;
		p = (struct path){ p.mnt->parent, p.mnt->mountpoint };
	}
	cross_mounts_locked(&p);
	return step_across(w, p);
}

/* The name is not cached, or the file system wants to be asked. The walk holds references. Returns the dentry with one, or ERR_PTR. */
static struct dentry *ask_file_system(struct walk *w, const struct name_part *n)
{
	struct dentry *parent = w->path.dentry;
	mutex_lock(&parent->inode->lock);
	struct dentry *d = lookup_slow(parent, n);
	mutex_unlock(&parent->inode->lock);
	return d;
}

/* The plain case: a borrowed walk, and a cached name of something that is neither a link to be followed nor covered by a mount. */
static inline bool step_cached(struct walk *w, const struct name_part *n, bool follow)
{
	if (unlikely(!w->borrowed))
		return false;
	struct dentry *d = d_find_locked(w->path.dentry, n);
	if (unlikely(!d || !d->inode || d->dops || (d->flags & DCACHE_MOUNTED) || (follow && S_ISLNK(d->inode->mode))))
		return false;
	w->path.dentry = d;
	return true;
}

/*
 * Find the name in the directory the walk stands at. 0: the walk stands at it, or, when it is a symbolic link to be followed, *link is
 * that dentry with a reference and the walk (by references now) still stands at the directory.
 */
static int step_down(struct walk *w, const struct name_part *n, bool follow, struct dentry **link)
{
	struct dentry *d;

	if (unlikely(n->len > NAME_MAX))
		return -ENAMETOOLONG;
	lock_names(w);
	d = d_find_locked(w->path.dentry, n);
	if (likely(d && !(d->dops && d->dops->revalidate))) {
		if (!d->inode) {
			unlock_names(w);
			return -ENOENT;
		}
		if (likely(!(follow && S_ISLNK(d->inode->mode)))) {
			struct path to = { w->path.mnt, d };
			cross_mounts_locked(&to);
			return step_across(w, to);
		}
		*link = dget(d);
		if (w->borrowed)
			unborrow(w);
		else
			spin_unlock(&dcache_lock);
		return 0;
	}
	if (w->borrowed)
		unborrow(w);
	else
		spin_unlock(&dcache_lock);
	d = ask_file_system(w, n);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (!d->inode) {
		dput(d);
		return -ENOENT;
	}
	if (follow && S_ISLNK(d->inode->mode)) {
		*link = d;
		return 0;
	}
	struct path to = { w->path.mnt, d };
	lock_names(w);
	cross_mounts_locked(&to);
	int err = step_across(w, to);
	dput(d);
	return err;
}

/* ---- symbolic links ---- */

/*
 * The walk stands, by references, at the directory of the link. Moves it where the link begins (the root or that directory) and sets *name to
 * the link's text with the rest of the path behind it; for magic links moves it to their end and leaves the rest alone.
 */
static int enter_link(struct walk *w, struct dentry *link, const char **name)
{
	const struct inode_operations *iops = link->inode->iops;
	const char *rest = *name;
	int err;

	if (++w->links > MAX_LINKS || (w->flags & LOOKUP_NO_SYMLINKS))
		return -ELOOP;
	if (iops->get_path) {
		struct path to;
		if (w->flags & LOOKUP_NO_MAGICLINKS)
			return -ELOOP;
		if (w->flags & LOOKUP_SCOPED)
			return -EXDEV;
		err = iops->get_path(link, &to);
		if (err)
			return err;
		if ((w->flags & LOOKUP_NO_XDEV) && to.mnt != w->path.mnt) {
			path_put(&to);
			return -EXDEV;
		}
		path_put(&w->path);
		w->path = to;
		return 0;
	}
	if (!iops->readlink)
		return -EINVAL;
	char *buf = alloc_name();
	if (!buf)
		return -ENOMEM;
	int len = iops->readlink(link, buf, PATH_MAX);
	size_t rest_len = strlen(rest);
	if (len > 0 && (size_t)len + 1 + rest_len >= PATH_MAX)
		len = -ENAMETOOLONG;
	if (len <= 0) {
		putname(buf);
		return len ? len : -ENOENT;
	}
	struct path at = { w->path.mnt, link };
	touch_atime_path(&at);
	if (rest_len || w->must_be_dir)
		buf[len++] = '/';
	memcpy(buf + len, rest, rest_len + 1);
	putname(w->buf);
	w->buf = buf;
	*name = buf;
	if (*buf != '/')
		return 0;
	if (w->flags & LOOKUP_BENEATH)
		return -EXDEV;
	spin_lock(&dcache_lock);
	return step_across(w, w->scope.dentry ? w->scope : task_root());
}

/* ---- the walk ---- */

/* Cut the next component off *name: its text and hash, whether it is the last one, and whether slashes follow it. */
static void next_component(const char **name, struct name_part *n, bool *last, bool *slash)
{
	const char *s = *name;
	u32 h = 2166136261u;
	char c = *s;

	do {
		h = (h ^ (u8)c) * 16777619u;
		c = *++s;
	} while (c && c != '/');
	n->name = *name;
	n->len = (u32)(s - *name);
	n->hash = h;
	*slash = c != 0;
	while (*s == '/')
		s++;
	*last = !*s;
	*name = s;
}

static enum last_type dots(const struct name_part *n)
{
	if (likely(n->name[0] != '.'))
		return LAST_NORMAL;
	if (n->len == 1)
		return LAST_DOT;
	return n->len == 2 && n->name[1] == '.' ? LAST_DOTDOT : LAST_NORMAL;
}

static int walk_components(struct walk *w, const char *name)
{
	for (;;) {
		struct name_part n;
		struct dentry *link = NULL;
		bool last, slash;

		while (*name == '/')
			name++;
		if (!*name) {
			w->last_type = LAST_ROOT;
			return 0;
		}
		int err = may_search(w);
		if (unlikely(err))
			return err;
		next_component(&name, &n, &last, &slash);
		enum last_type type = dots(&n);
		if (last) {
			w->must_be_dir |= slash;
			if (w->flags & LOOKUP_PARENT) {
				w->last_type = (u8)type;
				w->last = n;
				return 0;
			}
		}
		if (likely(type == LAST_NORMAL)) {
			bool follow = !last || slash || (w->flags & LOOKUP_FOLLOW);
			if (likely(step_cached(w, &n, follow))) {
				if (last) {
					w->last_type = LAST_NORMAL;
					return 0;
				}
				continue;
			}
			err = step_down(w, &n, follow, &link);
			if (err)
				return err;
			if (unlikely(link)) {
				err = enter_link(w, link, &name);
				dput(link);
				if (err)
					return err;
				if (link && !*name) { /* a magic link was the last component: the walk stands at its end */
					w->last_type = LAST_ROOT;
					return 0;
				}
			}
		} else if (type == LAST_DOTDOT) {
			err = step_up(w);
			if (err)
				return err;
		}
		if (!*name) {
			w->last_type = (u8)type;
			return 0;
		}
	}
}

/* The walk has arrived: check what was asked for and take references. */
static int arrive(struct walk *w)
{
	const struct inode *i = w->path.dentry->inode;
	if (w->must_be_dir && !(w->flags & LOOKUP_PARENT) && !(i && S_ISDIR(i->mode)))
		return give_up(w, -ENOTDIR);
	if (!i)
		return give_up(w, -ENOENT);
	unborrow(w);
	return 0;
}

int walk_path(struct walk *w, int dfd, const char *name, u32 flags)
{
	w->flags = flags;
	w->links = 0;
	w->buf = NULL;
	w->scope = (struct path){ NULL, NULL };
	w->must_be_dir = flags & LOOKUP_DIRECTORY;
	if (unlikely(!*name && !(flags & LOOKUP_EMPTY)))
		return -ENOENT;
	int err = walk_start(w, dfd, name);
	if (err)
		return err;
	err = walk_components(w, name);
	return unlikely(err) ? give_up(w, err) : arrive(w);
}

int walk_link(struct walk *w, struct dentry *d)
{
	const char *rest = "";
	/* w->buf may hold the text that led here: enter_link replaces it after reading the link. */
	int err = enter_link(w, d, &rest);
	if (!err && *rest)
		err = walk_components(w, rest);
	else if (!err)
		w->last_type = LAST_ROOT;
	return err ? give_up(w, err) : arrive(w);
}

void walk_end(struct walk *w)
{
	path_put(&w->path);
	drop_rest(w);
}

struct dentry *walk_last_locked(struct walk *w)
{
	return lookup_slow(w->path.dentry, &w->last);
}

/* ---- the common case ---- */

int path_lookup_at(int dfd, const char *name, u32 lookup, struct path *out)
{
	struct walk w;
	int err = walk_path(&w, dfd, name, lookup & ~LOOKUP_PARENT);
	if (!err) {
		*out = w.path;
		drop_rest(&w);
	}
	return err;
}

int user_path_at(int dfd, const char __user *uname, u32 lookup, struct path *out)
{
	char *name = getname_flags(uname, lookup & LOOKUP_EMPTY);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	int err = path_lookup_at(dfd, name, lookup, out);
	putname(name);
	return err;
}
