/*
 * The tree behind /sys: adding, finding and removing folders, files and links. See sysfs.h for the rules of life.
 * Locking: sysfs_lock (spinlock) for the shape of the tree and the lists of calls under way; nothing sleeps under it.
 */
#include "io/fs/sys/sysfs.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/hash.h"
#include "kernel/sched/wait.h"
#include "mm/alloc.h"

#define ROOT_INO 1u
#define MAX_DEPTH 32

DEFINE_SPINLOCK(sysfs_lock, RANK_FILES);
static DEFINE_WAIT_QUEUE(idle_wait); /* a call into a dead node has ended */
static u32 last_ino = ROOT_INO + 1;  /* sysfs_lock; 0 and 1 are readdir's positions of . and .. */

struct sysfs_node sysfs_root_node = {
	.name = (char *)"",
	.ino = ROOT_INO,
	.type = SYSFS_DIR,
	.mode = 0555,
	.refs = ATOMIC_INIT(1),
	.sibling = LIST_HEAD_INIT(sysfs_root_node.sibling),
	.children = LIST_HEAD_INIT(sysfs_root_node.children),
	.active = LIST_HEAD_INIT(sysfs_root_node.active),
};

static struct sysfs_node *node_of(struct kobject *k)
{
	return k ? k->sysfs : &sysfs_root_node;
}

void sysfs_put(struct sysfs_node *n)
{
	if (!atomic_dec_and_test(&n->refs))
		return;
	if (n->type == SYSFS_LINK)
		sysfs_put(n->target);
	kfree(n->name);
	kfree(n);
}

static struct sysfs_node *node_alloc(const char *name, enum sysfs_type type, u32 mode, struct kobject *k)
{
	struct sysfs_node *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->name = kstrdup(name, GFP_KERNEL);
	if (!n->name) {
		kfree(n);
		return NULL;
	}
	n->hash = hash_name(name, strlen(name));
	n->type = (u8)type;
	n->mode = (u16)mode;
	atomic_set(&n->refs, 1);
	n->kobj = k;
	INIT_LIST_HEAD(&n->sibling);
	INIT_LIST_HEAD(&n->children);
	INIT_LIST_HEAD(&n->active);
	return n;
}

static struct sysfs_node *child_locked(struct sysfs_node *dir, const char *name, u32 len)
{
	u32 hash = hash_name(name, len);
	struct sysfs_node *n;

	list_for_each_entry(n, &dir->children, sibling)
		if (n->hash == hash && strlen(n->name) == len && !memcmp(n->name, name, len))
			return n;
	return NULL;
}

/* Put n into dir; on an error n is freed. */
static int node_insert(struct sysfs_node *dir, struct sysfs_node *n)
{
	int error = 0;

	spin_lock(&sysfs_lock);
	if (!dir || dir->dead) {
		error = -ENOENT;
	} else if (child_locked(dir, n->name, (u32)strlen(n->name))) {
		error = -EEXIST;
	} else {
		n->ino = ++last_ino;
		n->parent = dir;
		if (n->type == SYSFS_DIR)
			dir->nr_dirs++;
		list_add_tail(&n->sibling, &dir->children);
	}
	spin_unlock(&sysfs_lock);
	if (error)
		sysfs_put(n);
	return error;
}

/* Take n and all below it out of the tree and onto the list gone, leaves first. Recursion as deep as the tree, a few levels. */
static void detach_locked(struct sysfs_node *n, struct list_head *gone)
{
	struct sysfs_node *c, *next;

	list_for_each_entry_safe(c, next, &n->children, sibling)
		detach_locked(c, gone);
	n->dead = true;
	if (n->type == SYSFS_DIR)
		n->parent->nr_dirs--;
	n->parent = NULL;
	list_move_tail(&n->sibling, gone);
}

/* Calls into n by other tasks: a store that removes its own file does not wait for itself. */
static bool others_active(struct sysfs_node *n)
{
	struct sysfs_active *a;
	bool found = false;

	spin_lock(&sysfs_lock);
	list_for_each_entry(a, &n->active, node)
		if (a->task != current)
			found = true;
	spin_unlock(&sysfs_lock);
	return found;
}

/* Finish the removal of what detach_locked collected: wait for calls, drop the tree's references. */
static void gone_put(struct list_head *gone)
{
	struct sysfs_node *n, *next;

	list_for_each_entry_safe(n, next, gone, sibling) {
		list_del_init(&n->sibling);
		wait_event(&idle_wait, !others_active(n));
		sysfs_put(n);
	}
}

static void node_remove(struct sysfs_node *n)
{
	LIST_HEAD(gone);

	spin_lock(&sysfs_lock);
	if (!n->dead)
		detach_locked(n, &gone);
	spin_unlock(&sysfs_lock);
	gone_put(&gone);
}

static void child_remove(struct kobject *k, const char *name, bool link)
{
	struct sysfs_node *dir = node_of(k), *n;
	LIST_HEAD(gone);

	if (!dir)
		return;
	spin_lock(&sysfs_lock);
	n = child_locked(dir, name, (u32)strlen(name));
	if (n && n->type != SYSFS_DIR && (n->type == SYSFS_LINK) == link)
		detach_locked(n, &gone);
	spin_unlock(&sysfs_lock);
	gone_put(&gone);
}

int sysfs_make_dir(struct kobject *k)
{
	struct sysfs_node *n = node_alloc(k->name, SYSFS_DIR, 0755, k);
	int error;

	if (!n)
		return -ENOMEM;
	sysfs_get(n); /* the kobject's */
	k->sysfs = n;
	error = node_insert(node_of(k->parent), n);
	if (error) {
		k->sysfs = NULL;
		sysfs_put(n);
	}
	return error;
}

void sysfs_remove_dir(struct kobject *k)
{
	struct sysfs_node *n = k->sysfs;

	if (!n)
		return;
	node_remove(n);
	k->sysfs = NULL;
	sysfs_put(n);
}

struct kobject *sysfs_find_dir(struct kobject *parent, const char *name)
{
	struct sysfs_node *dir = node_of(parent), *n;
	struct kobject *k = NULL;

	spin_lock(&sysfs_lock);
	n = dir ? child_locked(dir, name, (u32)strlen(name)) : NULL;
	if (n) {
		k = n->kobj;
		if (n->type != SYSFS_DIR)
			k = ERR_PTR(-EEXIST);
		else if (!atomic_inc_not_zero(&k->refs))
			k = ERR_PTR(-EAGAIN);
	}
	spin_unlock(&sysfs_lock);
	return k;
}

int sysfs_add_file(struct kobject *k, const struct kobj_attribute *a)
{
	struct sysfs_node *n = node_alloc(a->name, SYSFS_ATTR, a->mode & S_IALLUGO, k);

	if (!n)
		return -ENOMEM;
	n->attr = a;
	return node_insert(node_of(k), n);
}

int sysfs_add_files(struct kobject *k, const struct kobj_attribute *a, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		int error = sysfs_add_file(k, &a[i]);

		if (error) {
			while (i--)
				sysfs_remove_file(k, a[i].name);
			return error;
		}
	}
	return 0;
}

void sysfs_remove_file(struct kobject *k, const char *name)
{
	child_remove(k, name, false);
}

int sysfs_add_binary(struct kobject *k, const char *name, u32 mode, u32 size,
		     ssize_t (*read)(void *arg, char *buf, size_t n, loff_t pos), void *arg)
{
	struct sysfs_node *n = node_alloc(name, SYSFS_BINARY, mode & S_IALLUGO, k);

	if (!n)
		return -ENOMEM;
	n->bin.read = read;
	n->bin.arg = arg;
	n->bin.size = size;
	return node_insert(node_of(k), n);
}

int sysfs_add_link(struct kobject *k, const char *name, struct kobject *target)
{
	struct sysfs_node *to = node_of(target), *n;

	if (!to)
		return -ENOENT;
	n = node_alloc(name, SYSFS_LINK, 0777, k);
	if (!n)
		return -ENOMEM;
	n->target = sysfs_get(to);
	return node_insert(node_of(k), n);
}

void sysfs_remove_link(struct kobject *k, const char *name)
{
	child_remove(k, name, true);
}

struct sysfs_node *sysfs_find_child(struct sysfs_node *dir, const char *name, u32 len)
{
	struct sysfs_node *n;

	spin_lock(&sysfs_lock);
	n = child_locked(dir, name, len);
	if (n)
		sysfs_get(n);
	spin_unlock(&sysfs_lock);
	return n;
}

struct sysfs_node *sysfs_child_from(struct sysfs_node *dir, u32 ino)
{
	struct sysfs_node *n, *found = NULL;

	spin_lock(&sysfs_lock);
	list_for_each_entry(n, &dir->children, sibling)
		if (n->ino >= ino) {
			found = sysfs_get(n);
			break;
		}
	spin_unlock(&sysfs_lock);
	return found;
}

static u32 depth_of(const struct sysfs_node *n)
{
	u32 depth = 0;

	for (; n->parent; n = n->parent)
		depth++;
	return depth;
}

static int link_text_locked(struct sysfs_node *link, struct seq_buf *s)
{
	const struct sysfs_node *from = link->parent, *to = link->target, *way[MAX_DEPTH];
	u32 from_depth, to_depth, n = 0;
	bool first = true;

	if (!from || to->dead)
		return -ENOENT;
	from_depth = depth_of(from);
	to_depth = depth_of(to);
	while (from != to) { /* climb the deeper one until they meet */
		if (from_depth >= to_depth) {
			seq_puts(s, first ? ".." : "/..");
			first = false;
			from = from->parent;
			from_depth--;
		} else {
			if (n == MAX_DEPTH)
				return -ENAMETOOLONG;
			way[n++] = to;
			to = to->parent;
			to_depth--;
		}
	}
	while (n) {
		seq_printf(s, "%s%s", first ? "" : "/", way[--n]->name);
		first = false;
	}
	return s->overflow ? -ENAMETOOLONG : 0;
}

int sysfs_link_text(struct sysfs_node *link, char *buf, size_t size)
{
	struct seq_buf s;
	int error;

	seq_init(&s, buf, size);
	spin_lock(&sysfs_lock);
	error = link_text_locked(link, &s);
	spin_unlock(&sysfs_lock);
	if (!error && s.len >= size)
		error = -ENAMETOOLONG;
	if (error)
		return error;
	buf[s.len] = '\0';
	return (int)s.len;
}

bool sysfs_begin(struct sysfs_node *n, struct sysfs_active *a)
{
	bool alive;

	a->task = current;
	spin_lock(&sysfs_lock);
	alive = !n->dead && (!n->kobj || atomic_inc_not_zero(&n->kobj->refs));
	if (alive)
		list_add(&a->node, &n->active);
	spin_unlock(&sysfs_lock);
	return alive;
}

void sysfs_end(struct sysfs_node *n, struct sysfs_active *a)
{
	bool dead;

	spin_lock(&sysfs_lock);
	list_del(&a->node);
	dead = n->dead;
	spin_unlock(&sysfs_lock);
	if (dead)
		wake_up_all(&idle_wait);
	if (n->kobj)
		kobject_put(n->kobj);
}
