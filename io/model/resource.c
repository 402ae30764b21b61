/*
 * The trees of addresses (io/contract/resource.h). Children lie in their parent, in order, without overlapping. tree_lock (mutex,
 * RANK_OBJECT) guards both trees.
 */
#include "io/contract/resource.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/sync/mutex.h"
#include "mm/alloc.h"

struct resource ioport_resource = { .start = 0, .end = 0xffff, .name = "PCI IO", .flags = IORESOURCE_IO };
struct resource iomem_resource = { .start = 0, .end = ~0u, .name = "PCI mem", .flags = IORESOURCE_MEM };
static DEFINE_MUTEX_RANK(tree_lock, RANK_OBJECT);

/* Put r below parent; the resource in the way, or NULL. */
static struct resource *insert_locked(struct resource *parent, struct resource *r)
{
	struct resource **at = &parent->child;

	if (r->end < r->start || r->start < parent->start || r->end > parent->end)
		return parent;
	while (*at && (*at)->end < r->start)
		at = &(*at)->sibling;
	if (*at && (*at)->start <= r->end)
		return *at;
	r->sibling = *at;
	r->parent = parent;
	*at = r;
	return NULL;
}

static void remove_locked(struct resource *r)
{
	struct resource **at;

	if (!r->parent)
		return;
	for (at = &r->parent->child; *at != r; at = &(*at)->sibling)
		ASSERT(*at);
	*at = r->sibling;
	r->parent = r->sibling = NULL;
}

int request_resource(struct resource *parent, struct resource *r)
{
	struct resource *taken;

	mutex_lock(&tree_lock);
	taken = insert_locked(parent, r);
	mutex_unlock(&tree_lock);
	return taken ? -EBUSY : 0;
}

void release_resource(struct resource *r)
{
	mutex_lock(&tree_lock);
	remove_locked(r);
	mutex_unlock(&tree_lock);
}

int allocate_resource(struct resource *parent, struct resource *r, u32 size, u32 min, u32 max, u32 align)
{
	u64 at = min, end;
	int error = -EBUSY;

	mutex_lock(&tree_lock);
	for (;;) {
		struct resource *taken;

		at = (at + align - 1) & ~(u64)(align - 1);
		end = at + size - 1;
		if (!size || end > max)
			break;
		r->start = (u32)at;
		r->end = (u32)end;
		taken = insert_locked(parent, r);
		if (!taken)
			error = 0;
		if (!taken || taken == parent)
			break;
		at = (u64)taken->end + 1;
	}
	mutex_unlock(&tree_lock);
	return error;
}

/* Claim inside the innermost device that covers the range; NULL: somebody else's claim is in the way. */
static struct resource *claim(struct resource *root, u32 start, u32 n, const char *name)
{
	struct resource *r = kzalloc(sizeof(*r), GFP_KERNEL), *parent = root, *taken;

	if (!r)
		return NULL;
	*r = (struct resource){ .start = start, .end = start + n - 1, .name = name, .flags = root->flags | IORESOURCE_BUSY };
	mutex_lock(&tree_lock);
	while ((taken = insert_locked(parent, r)) && taken != parent && !(taken->flags & IORESOURCE_BUSY))
		parent = taken;
	mutex_unlock(&tree_lock);
	if (!taken)
		return r;
	kfree(r);
	return NULL;
}

static void unclaim(struct resource *root, u32 start, u32 n)
{
	struct resource *r;

	mutex_lock(&tree_lock);
	for (r = root->child; r;) {
		if ((r->flags & IORESOURCE_BUSY) && r->start == start && r->end == start + n - 1)
			break;
		r = r->start <= start && r->end >= start + n - 1 && !(r->flags & IORESOURCE_BUSY) ? r->child : r->sibling;
	}
	if (r)
		remove_locked(r);
	mutex_unlock(&tree_lock);
	if (WARN_ON(!r))
		return;
	kfree(r);
}

struct resource *request_region(u32 start, u32 n, const char *name) { return claim(&ioport_resource, start, n, name); }
void release_region(u32 start, u32 n) { unclaim(&ioport_resource, start, n); }
struct resource *request_mem_region(u32 start, u32 n, const char *name) { return claim(&iomem_resource, start, n, name); }
void release_mem_region(u32 start, u32 n) { unclaim(&iomem_resource, start, n); }

/* ---- /proc/ioports and /proc/iomem, in Linux's format ---- */

static int show_tree(struct seq_buf *s, void *arg)
{
	const struct resource *root = arg, *r;
	int width = root->end > 0xffff ? 8 : 4, depth = 0;

	mutex_lock(&tree_lock);
	for (r = root->child; r;) {
		seq_printf(s, "%*s%0*x-%0*x : %s\n", 2 * depth, "", width, r->start, width, r->end, r->name);
		if (r->child) {
			r = r->child;
			depth++;
			continue;
		}
		while (!r->sibling && r->parent != root) {
			r = r->parent;
			depth--;
		}
		r = r->sibling;
	}
	mutex_unlock(&tree_lock);
	return 0;
}

/* What every PC has and no driver of ours claims: the chips that kernel/hal drives. */
static struct resource fixed[] = {
	{ .start = 0x00, .end = 0x1f, .name = "dma1" },	    { .start = 0x20, .end = 0x21, .name = "pic1" },
	{ .start = 0x40, .end = 0x43, .name = "timer0" },   { .start = 0x80, .end = 0x8f, .name = "dma page reg" },
	{ .start = 0xa0, .end = 0xa1, .name = "pic2" },	    { .start = 0xc0, .end = 0xdf, .name = "dma2" },
	{ .start = 0xf0, .end = 0xff, .name = "fpu" },	    { .start = 0xcf8, .end = 0xcff, .name = "PCI conf1" },
};

int resource_init(void)
{
	int error = proc_create("ioports", 0444, show_tree, NULL, &ioport_resource);

	if (!error)
		error = proc_create("iomem", 0444, show_tree, NULL, &iomem_resource);
	for (u32 i = 0; i < ARRAY_SIZE(fixed) && !error; i++) {
		fixed[i].flags = IORESOURCE_IO | IORESOURCE_BUSY;
		error = request_resource(&ioport_resource, &fixed[i]);
	}
	return error;
}
