/* The part of the name space a task sees: current directory, root directory, umask. See files.h. */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "mm/alloc.h"

struct fs_context *fs_create(void)
{
	struct fs_context *fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	if (!fs)
		return ERR_PTR(-ENOMEM);
	atomic_set(&fs->refs, 1);
	spin_lock_init(&fs->lock, "fs context", RANK_FILES);
	fs->umask = 022;
	root_path(&fs->root);
	root_path(&fs->cwd);
	return fs;
}

struct fs_context *fs_dup(struct fs_context *old)
{
	struct fs_context *fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	if (!fs)
		return ERR_PTR(-ENOMEM);
	atomic_set(&fs->refs, 1);
	spin_lock_init(&fs->lock, "fs context", RANK_FILES);
	spin_lock(&old->lock);
	fs->umask = old->umask;
	fs->root = old->root;
	fs->cwd = old->cwd;
	path_get(&fs->root);
	path_get(&fs->cwd);
	spin_unlock(&old->lock);
	return fs;
}

void fs_put(struct fs_context *fs)
{
	if (!fs || !atomic_dec_and_test(&fs->refs))
		return;
	path_put(&fs->cwd);
	path_put(&fs->root);
	kfree(fs);
}

/* Kernel threads have no context of their own: they see the root mount. */
static void get_path_of(struct fs_context *fs, const struct path *which, struct path *out)
{
	if (!fs || !which->dentry) {
		root_path(out);
		return;
	}
	spin_lock(&fs->lock);
	*out = *which;
	path_get(out);
	spin_unlock(&fs->lock);
}

void current_cwd(struct path *out)
{
	struct fs_context *fs = current->fs;
	get_path_of(fs, fs ? &fs->cwd : NULL, out);
}

void current_root(struct path *out)
{
	struct fs_context *fs = current->fs;
	get_path_of(fs, fs ? &fs->root : NULL, out);
}

static void set_path(struct fs_context *fs, struct path *which, const struct path *p)
{
	struct path old;
	path_get(p);
	spin_lock(&fs->lock);
	spin_lock(&dcache_lock); /* the path walk reads the two under it alone */
	old = *which;
	*which = *p;
	spin_unlock(&dcache_lock);
	spin_unlock(&fs->lock);
	path_put(&old);
}

void set_fs_cwd(struct fs_context *fs, const struct path *p) { set_path(fs, &fs->cwd, p); }
void set_fs_root(struct fs_context *fs, const struct path *p) { set_path(fs, &fs->root, p); }

void task_fs_paths(struct task *t, struct path *cwd, struct path *root)
{
	*cwd = *root = (struct path){ NULL, NULL };
	spin_lock_bh(&tasklist_lock);
	struct fs_context *fs = t->fs;
	if (fs && !atomic_inc_not_zero(&fs->refs))
		fs = NULL;
	spin_unlock_bh(&tasklist_lock);
	if (!fs)
		return;
	get_path_of(fs, &fs->cwd, cwd);
	get_path_of(fs, &fs->root, root);
	fs_put(fs);
}
