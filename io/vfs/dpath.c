/* From a dentry back to its path. */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/lib/printf.h"

/* Put text in front of *at; false when it does not fit. */
static bool prepend(char **at, const char *start, const char *text, u32 len)
{
	if ((u32)(*at - start) < len)
		return false;
	*at -= len;
	memcpy(*at, text, len);
	return true;
}

/* The names from the root to p, written from *at downwards. dcache_lock held. */
static bool prepend_path(struct path p, const struct path *root, char **at, const char *start)
{
	bool any = false;

	while (p.dentry != root->dentry || p.mnt != root->mnt) {
		if (p.dentry == p.mnt->root) {
			if (!p.mnt->parent) /* outside of root, or detached */
				break;
			p = (struct path){ p.mnt->parent, p.mnt->mountpoint };
			continue;
		}
		if (d_is_root(p.dentry))
			break;
		if (!prepend(at, start, p.dentry->name, p.dentry->len) || !prepend(at, start, "/", 1))
			return false;
		any = true;
		p.dentry = p.dentry->parent;
	}
	return any || prepend(at, start, "/", 1);
}

char *d_path_root(const struct path *p, const struct path *root, char *buf, size_t size)
{
	char *at = buf + size;
	const struct dentry *d = p->dentry;

	if (!size)
		return ERR_PTR(-ENAMETOOLONG);
	*--at = 0;
	if (d->flags & DCACHE_ANON) {
		char text[64];
		u32 len = (u32)kscnprintf(text, sizeof(text), S_ISFIFO(d->inode->mode) || S_ISSOCK(d->inode->mode) ? "%s:[%u]" : "anon_inode:[%s]",
			d->name, d->inode->ino);
		return prepend(&at, buf, text, len) ? at : ERR_PTR(-ENAMETOOLONG);
	}
	spin_lock(&dcache_lock);
	bool ok = true;
	if (!d_is_root(d) && !d_hashed(d))
		ok = prepend(&at, buf, " (deleted)", 10);
	ok = ok && prepend_path(*p, root, &at, buf);
	spin_unlock(&dcache_lock);
	return ok ? at : ERR_PTR(-ENAMETOOLONG);
}

char *d_path(const struct path *p, char *buf, size_t size)
{
	struct path root;
	if (!p->dentry)
		return ERR_PTR(-ENOENT);
	current_root(&root);
	char *s = d_path_root(p, &root, buf, size);
	path_put(&root);
	return s;
}

const char *file_path(struct file *f, char *buf, size_t size)
{
	const char *s = d_path(&f->path, buf, size);
	return IS_ERR(s) ? "?" : s;
}
