/*
 * The name cache: one dentry for each name that was looked up, also for names that do not exist (negative: no inode). A dentry holds a
 * reference of its parent, so the chain up to the root is always there. Names are found by (parent, hash) in one table. A dentry whose
 * references are gone stays hashed, on an LRU list, until memory is short; one that was used again since it came there gets a second round.
 * Everything here is guarded by dcache_lock; nothing sleeps under it.
 */
#include "io/vfs/internal.h"
#include "io/vfs/notify.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "mm/alloc.h"

DEFINE_SPINLOCK(dcache_lock, RANK_DCACHE);
static struct list_head *hash_table;
static unsigned hash_bits;
static LIST_HEAD(lru);
static u32 nr_unused; /* on lru */
static struct kmem_cache *dentry_cache;
static u32 last_seq = 1; /* 0 and 1 are the positions of . and .. */

static struct list_head *bucket(const struct dentry *parent, u32 hash)
{
	return &hash_table[hash_32(hash ^ ((u32)(uintptr_t)parent >> 4), hash_bits)];
}

/* ---- making ---- */

struct dentry *d_alloc_part(struct dentry *parent, const struct name_part *n)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);
	if (!d)
		return NULL;
	memset(d, 0, offsetof(struct dentry, inline_name));
	char *name = d->inline_name;
	if (n->len >= DNAME_INLINE) {
		name = kmalloc(n->len + 1, GFP_KERNEL);
		if (!name) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
	}
	memcpy(name, n->name, n->len);
	name[n->len] = 0;
	d->name = name;
	d->len = n->len;
	d->hash = n->hash;
	atomic_set(&d->refs, 1);
	INIT_LIST_HEAD(&d->children);
	if (parent) {
		d->parent = dget(parent);
		d->sb = parent->sb;
		spin_lock(&dcache_lock);
		d->seq = ++last_seq;
		list_add(&d->child_node, &parent->children);
		spin_unlock(&dcache_lock);
	} else {
		d->parent = d;
		INIT_LIST_HEAD(&d->child_node);
	}
	return d;
}

struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len)
{
	struct name_part n = name_part(name, len);
	return d_alloc_part(parent, &n);
}

struct dentry *d_make_root(struct inode *root)
{
	if (!root)
		return NULL;
	struct dentry *d = d_alloc(NULL, "/", 1);
	if (!d) {
		iput(root);
		return NULL;
	}
	d->sb = root->sb;
	d->inode = root;
	return d;
}

struct dentry *d_alloc_anon(struct super_block *sb, const char *name, struct inode *inode)
{
	struct dentry *d = d_alloc(NULL, name, strlen(name));
	if (!d) {
		iput(inode);
		return NULL;
	}
	d->sb = sb;
	d->flags |= DCACHE_ANON;
	d->inode = inode;
	return d;
}

/* ---- hashing ---- */

static void hash_locked(struct dentry *d)
{
	if (d->flags & DCACHE_HASHED)
		return;
	list_add(&d->hash_node, bucket(d->parent, d->hash));
	d->flags |= DCACHE_HASHED;
}

static void unhash_locked(struct dentry *d)
{
	if (!(d->flags & DCACHE_HASHED))
		return;
	list_del(&d->hash_node);
	d->flags &= ~DCACHE_HASHED;
}

void d_rehash(struct dentry *d)
{
	spin_lock(&dcache_lock);
	hash_locked(d);
	spin_unlock(&dcache_lock);
}

void d_drop(struct dentry *d)
{
	spin_lock(&dcache_lock);
	unhash_locked(d);
	spin_unlock(&dcache_lock);
}

bool d_unhashed(const struct dentry *d) { return !(READ_ONCE(d->flags) & DCACHE_HASHED); }

void d_add(struct dentry *d, struct inode *inode)
{
	spin_lock(&dcache_lock);
	ASSERT(!d->inode);
	d->inode = inode;
	hash_locked(d);
	spin_unlock(&dcache_lock);
}

void d_instantiate(struct dentry *d, struct inode *inode)
{
	spin_lock(&dcache_lock);
	ASSERT(!d->inode);
	d->inode = inode;
	spin_unlock(&dcache_lock);
}

/* ---- finding ---- */

/* Names are short: compare them in place, a word at a time. */
static inline bool same_name(const char *a, const char *b, u32 len)
{
	for (; len >= 4; len -= 4, a += 4, b += 4) {
		u32 x, y;
		__builtin_memcpy(&x, a, 4); /* one load each, at any address */
		__builtin_memcpy(&y, b, 4);
		if (x != y)
			return false;
	}
	for (; len; len--)
		if (*a++ != *b++)
			return false;
	return true;
}

struct dentry *d_find_locked(const struct dentry *parent, const struct name_part *n)
{
	struct list_head *head = bucket(parent, n->hash);
	struct dentry *d;

	list_for_each_entry(d, head, hash_node)
		if (d->hash == n->hash && d->parent == parent && d->len == n->len && likely(same_name(d->name, n->name, n->len)))
			return d;
	return NULL;
}

static struct dentry *lookup_cached(struct dentry *parent, const struct name_part *n)
{
	spin_lock(&dcache_lock);
	struct dentry *d = d_find_locked(parent, n);
	if (d)
		dget(d);
	spin_unlock(&dcache_lock);
	return d;
}

struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len)
{
	struct name_part n = name_part(name, len);
	return lookup_cached(parent, &n);
}

/*
 * Find a name, asking the file system when the cache does not have it (or the file system says that what it has is stale).
 * The lock of the directory is held, so that no two tasks make a dentry for one name.
 */
struct dentry *lookup_slow(struct dentry *parent, const struct name_part *n)
{
	struct inode *dir = parent->inode;
	struct dentry *d = lookup_cached(parent, n);

	if (d && d->dops && d->dops->revalidate && !d->dops->revalidate(d)) {
		d_drop(d);
		dput(d);
		d = NULL;
	}
	if (d)
		return d;
	if (n->len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	if (dir->flags & S_DEAD)
		return ERR_PTR(-ENOENT);
	if (!dir->iops || !dir->iops->lookup)
		return ERR_PTR(-ENOTDIR);
	d = d_alloc_part(parent, n);
	if (!d)
		return ERR_PTR(-ENOMEM);
	struct dentry *other = dir->iops->lookup(dir, d);
	if (other) { /* an error, or the file system had one already */
		dput(d);
		return other;
	}
	return d;
}

struct dentry *lookup_one(struct dentry *parent, const char *name, u32 len)
{
	struct name_part n = name_part(name, len);
	return lookup_slow(parent, &n);
}

/* ---- letting go ---- */

static void lru_remove(struct dentry *d)
{
	if (d->flags & DCACHE_ON_LRU) {
		list_del(&d->lru_node);
		nr_unused--;
		d->flags &= ~(DCACHE_ON_LRU | DCACHE_REFERENCED);
	}
}

static void free_dentry(struct dentry *d)
{
	if (d->name != d->inline_name)
		kfree(d->name);
	kmem_cache_free(dentry_cache, d);
}

/* An unused dentry goes: dcache_lock is held and dropped. Returns the parent, whose reference now belongs to the caller; NULL for a root. */
static struct dentry *kill_and_unlock(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : d->parent;
	struct inode *inode = d->inode;

	unhash_locked(d);
	lru_remove(d);
	if (parent)
		list_del(&d->child_node);
	d->inode = NULL;
	spin_unlock(&dcache_lock);
	if (inode) {
		notify_inode_gone(inode);
		iput(inode);
	}
	free_dentry(d);
	return parent;
}

void dput(struct dentry *d)
{
	while (d) {
		if (atomic_dec_unless_last(&d->refs))
			return;
		spin_lock(&dcache_lock);
		if (!atomic_dec_and_test(&d->refs)) {
			spin_unlock(&dcache_lock);
			return;
		}
		if ((d->flags & DCACHE_HASHED) && !(d->dops && d->dops->delete && d->dops->delete(d))) {
			if (d->flags & DCACHE_ON_LRU) {
				d->flags |= DCACHE_REFERENCED;
			} else {
				list_add(&d->lru_node, &lru);
				nr_unused++;
				d->flags |= DCACHE_ON_LRU;
			}
			spin_unlock(&dcache_lock);
			return;
		}
		d = kill_and_unlock(d);
	}
}

void d_delete(struct dentry *d)
{
	struct inode *inode = NULL;

	spin_lock(&dcache_lock);
	if (atomic_read(&d->refs) == 1) {
		inode = d->inode;
		d->inode = NULL;
	} else {
		unhash_locked(d);
	}
	spin_unlock(&dcache_lock);
	if (inode) {
		notify_inode_gone(inode);
		iput(inode);
	}
}

/* Drop up to nr unused dentries, oldest first; of all file systems, or of sb alone. Returns how many went. */
static u32 prune(struct super_block *sb, u32 nr)
{
	u32 freed = 0, looked = 0;

	spin_lock(&dcache_lock);
	while (!list_empty(&lru) && freed < nr && looked++ < nr * 2 + 64) {
		struct dentry *d = list_last_entry(&lru, struct dentry, lru_node);
		if (atomic_read(&d->refs)) { /* in use again; dput brings it back */
			lru_remove(d);
			continue;
		}
		if ((d->flags & DCACHE_REFERENCED) || (sb && d->sb != sb)) {
			d->flags &= ~DCACHE_REFERENCED;
			list_move(&d->lru_node, &lru);
			continue;
		}
		dput(kill_and_unlock(d));
		freed++;
		spin_lock(&dcache_lock);
	}
	spin_unlock(&dcache_lock);
	return freed;
}

u32 drop_unused_dentries(u32 nr) { return prune(NULL, nr); }

void shrink_dcache_sb(struct super_block *sb)
{
	while (prune(sb, 1024))
		cond_resched();
}

void shrink_dcache_children(struct dentry *d)
{
	struct dentry *c;
again:
	spin_lock(&dcache_lock);
	list_for_each_entry(c, &d->children, child_node)
		if (!atomic_read(&c->refs)) {
			dput(kill_and_unlock(c));
			goto again;
		}
	spin_unlock(&dcache_lock);
}

static u32 shrink(struct shrinker *s, u32 nr, u32 gfp)
{
	static u32 rest;

	if (!(gfp & GFP_FS)) /* dropping an inode may enter a file system */
		return 0;
	return prune(NULL, vfs_shrink_share(nr_unused, nr, &rest)) / (PAGE_SIZE / sizeof(struct dentry));
}

static struct shrinker dentry_shrinker = { .name = "dentry", .scan = shrink };

/* The super block goes: free its whole tree. Nobody uses it any more; trees that live in memory pin their dentries, and that ends here. */
void shrink_dcache_for_umount(struct super_block *sb)
{
	struct dentry *d = sb->root;
	sb->root = NULL;
	while (d) {
		spin_lock(&dcache_lock);
		while (!list_empty(&d->children))
			d = list_first_entry(&d->children, struct dentry, child_node);
		struct dentry *parent = kill_and_unlock(d);
		if (parent)
			atomic_dec(&parent->refs);
		d = parent;
	}
}

/* ---- moving ---- */

bool d_is_ancestor(const struct dentry *a, const struct dentry *d)
{
	bool found = false;
	spin_lock(&dcache_lock);
	for (;; d = d->parent) {
		if (d == a)
			found = true;
		if (found || d->parent == d)
			break;
	}
	spin_unlock(&dcache_lock);
	return found;
}

/* Names change places; inline ones are copied, allocated ones handed over. */
static void swap_names(struct dentry *a, struct dentry *b)
{
	char spare[DNAME_INLINE];
	const char *a_name = a->name == a->inline_name ? NULL : a->name, *b_name = b->name == b->inline_name ? NULL : b->name;

	memcpy(spare, a->inline_name, DNAME_INLINE);
	memcpy(a->inline_name, b->inline_name, DNAME_INLINE);
	memcpy(b->inline_name, spare, DNAME_INLINE);
	a->name = b_name ? b_name : a->inline_name;
	b->name = a_name ? a_name : b->inline_name;
	u32 len = a->len, hash = a->hash;
	a->len = b->len;
	a->hash = b->hash;
	b->len = len;
	b->hash = hash;
}

void d_move(struct dentry *d, struct dentry *target)
{
	struct dentry *old_parent = d->parent;

	spin_lock(&dcache_lock);
	unhash_locked(d);
	unhash_locked(target);
	swap_names(d, target);
	if (d->parent != target->parent) {
		dget(target->parent);
		list_del(&d->child_node);
		d->parent = target->parent;
		d->seq = ++last_seq;
		list_add(&d->child_node, &d->parent->children);
	} else {
		old_parent = NULL;
	}
	hash_locked(d);
	spin_unlock(&dcache_lock);
	if (old_parent)
		dput(old_parent);
}

void d_exchange(struct dentry *a, struct dentry *b)
{
	spin_lock(&dcache_lock);
	unhash_locked(a);
	unhash_locked(b);
	swap_names(a, b);
	if (a->parent != b->parent) { /* each is counted by its parent, so the counts stay */
		struct dentry *parent = a->parent;
		a->parent = b->parent;
		b->parent = parent;
		list_del(&a->child_node);
		list_del(&b->child_node);
		a->seq = ++last_seq;
		b->seq = ++last_seq;
		list_add(&a->child_node, &a->parent->children);
		list_add(&b->child_node, &b->parent->children);
	}
	hash_locked(a);
	hash_locked(b);
	spin_unlock(&dcache_lock);
}

void dcache_init(void)
{
	hash_bits = 9;
	while (hash_bits < 14 && (1u << hash_bits) < nr_total_pages() / 16)
		hash_bits++;
	hash_table = kmalloc(sizeof(*hash_table) << hash_bits, GFP_KERNEL);
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0, NULL);
	kmem_cache_mark_reclaimable(dentry_cache);
	if (!hash_table)
		panic("dcache: no memory for the hash table");
	for (u32 i = 0; i < 1u << hash_bits; i++)
		INIT_LIST_HEAD(&hash_table[i]);
	register_shrinker(&dentry_shrinker);
}
