/*
 * See radix_tree.h. 64 slots a node. Each node has a bitmap per tag: a bit says that the entry in that slot (leaf) or some entry in
 * that subtree carries the tag, so that searches for dirty pages skip whole subtrees. Levels count from the leaves, which are level 0.
 */
#include "kernel/lib/radix_tree.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"

#define RADIX_BITS 6u
#define SLOTS (1u << RADIX_BITS)
#define MAX_HEIGHT DIV_ROUND_UP(32u, RADIX_BITS)
#define ANY_TAG RADIX_NR_TAGS /* not a tag: every entry counts */

struct radix_node {
	void *slots[SLOTS]; /* items in a leaf, nodes above */
	u32 tags[RADIX_NR_TAGS][SLOTS / 32];
	u32 used; /* slots that are not NULL */
};

static u32 slot_of(u32 index, u32 level) { return index >> (RADIX_BITS * level) & (SLOTS - 1); }
static bool reaches(u32 height, u32 index) { return height >= MAX_HEIGHT || !(index >> (RADIX_BITS * height)); }

static bool tag_get(const struct radix_node *n, u32 tag, u32 slot) { return n->tags[tag][slot / 32] >> (slot & 31) & 1; }
static void tag_put(struct radix_node *n, u32 tag, u32 slot) { n->tags[tag][slot / 32] |= BIT(slot & 31); }
static void tag_drop(struct radix_node *n, u32 tag, u32 slot) { n->tags[tag][slot / 32] &= ~BIT(slot & 31); }
static bool tag_any(const struct radix_node *n, u32 tag) { return n->tags[tag][0] | n->tags[tag][1]; }

static struct radix_node *new_node(void)
{
	struct radix_node *n = radix_node_alloc(sizeof(*n));

	if (n)
		memset(n, 0, sizeof(*n));
	return n;
}

/* Make the tree high enough for index. An empty one gets its height at once, so that no failure leaves an empty root behind. */
static int grow(struct radix_tree *t, u32 index)
{
	if (!t->root) {
		t->root = new_node();
		if (!t->root)
			return -ENOMEM;
		for (t->height = 1; !reaches(t->height, index);)
			t->height++;
		return 0;
	}
	while (!reaches(t->height, index)) {
		struct radix_node *n = new_node();
		if (!n)
			return -ENOMEM;
		n->slots[0] = t->root;
		n->used = 1;
		for (u32 tag = 0; tag < RADIX_NR_TAGS; tag++)
			if (tag_any(t->root, tag))
				tag_put(n, tag, 0);
		t->root = n;
		t->height++;
	}
	return 0;
}

/* Free the nodes of the path to index that are empty, from level up, then levels at the top that have only slot 0. */
static void prune(struct radix_tree *t, struct radix_node **path, u32 level, u32 index)
{
	for (; level < t->height && !path[level]->used; level++) {
		radix_node_free(path[level], sizeof(struct radix_node));
		if (level + 1 == t->height) {
			t->root = NULL;
			t->height = 0;
			return;
		}
		path[level + 1]->slots[slot_of(index, level + 1)] = NULL;
		path[level + 1]->used--;
	}
	while (t->height > 1 && t->root->used == 1 && t->root->slots[0]) {
		struct radix_node *old = t->root;
		t->root = old->slots[0];
		t->height--;
		radix_node_free(old, sizeof(*old));
	}
}

/* Fill path[] with the nodes that lead to index; false when one is missing. */
static bool walk(const struct radix_tree *t, u32 index, struct radix_node **path)
{
	struct radix_node *n = t->root;

	if (!n || !reaches(t->height, index))
		return false;
	for (u32 level = t->height; level-- > 0;) {
		if (!n)
			return false;
		path[level] = n;
		n = n->slots[slot_of(index, level)];
	}
	return true;
}

int radix_tree_insert(struct radix_tree *t, u32 index, void *item)
{
	struct radix_node *path[MAX_HEIGHT];
	int err = grow(t, index);

	if (err)
		return err;
	u32 level = t->height - 1;
	path[level] = t->root;
	for (; level > 0; level--) {
		void **slot = &path[level]->slots[slot_of(index, level)];
		if (!*slot) {
			*slot = new_node();
			if (!*slot) {
				prune(t, path, level, index);
				return -ENOMEM;
			}
			path[level]->used++;
		}
		path[level - 1] = *slot;
	}
	void **slot = &path[0]->slots[slot_of(index, 0)];
	if (*slot)
		return -EEXIST;
	*slot = item;
	path[0]->used++;
	t->count++;
	return 0;
}

/* The page cache's hottest function. Two levels, up to 16 MiB of a file, go without the loop. */
void *radix_tree_lookup(const struct radix_tree *t, u32 index)
{
	const struct radix_node *n = t->root;
	u32 shift = t->height * RADIX_BITS;

	if (likely(t->height == 2)) {
		n = index < SLOTS * SLOTS ? n->slots[index / SLOTS] : NULL;
		return n ? n->slots[index % SLOTS] : NULL;
	}

	if (unlikely(!n) || (shift < 32 && unlikely(index >> shift)))
		return NULL;
	for (;;) {
		shift -= RADIX_BITS;
		n = n->slots[index >> shift & (SLOTS - 1)];
		if (!shift || !n)
			return (void *)n;
	}
}

/* Clear a tag on the path from the leaf up, as far as nothing else below a node carries it. */
static void clear_tag_path(const struct radix_tree *t, struct radix_node **path, u32 index, u32 tag)
{
	for (u32 level = 0; level < t->height; level++) {
		tag_drop(path[level], tag, slot_of(index, level));
		if (tag_any(path[level], tag))
			return;
	}
}

void *radix_tree_delete(struct radix_tree *t, u32 index)
{
	struct radix_node *path[MAX_HEIGHT];

	if (!walk(t, index, path))
		return NULL;
	u32 slot = slot_of(index, 0);
	void *item = path[0]->slots[slot];
	if (!item)
		return NULL;
	for (u32 tag = 0; tag < RADIX_NR_TAGS; tag++)
		if (tag_get(path[0], tag, slot))
			clear_tag_path(t, path, index, tag);
	path[0]->slots[slot] = NULL;
	path[0]->used--;
	t->count--;
	prune(t, path, 0, index);
	return item;
}

/* The leaf that holds index, or NULL. */
static __always_inline struct radix_node *leaf_of(const struct radix_tree *t, u32 index)
{
	struct radix_node *n = t->root;
	u32 shift = t->height * RADIX_BITS;

	if (unlikely(!n) || (shift < 32 && unlikely(index >> shift)))
		return NULL;
	for (shift -= RADIX_BITS; shift && n; shift -= RADIX_BITS)
		n = n->slots[index >> shift & (SLOTS - 1)];
	return n;
}

static noinline void tag_set_path(struct radix_tree *t, u32 index, enum radix_tag tag)
{
	struct radix_node *path[MAX_HEIGHT];

	if (walk(t, index, path))
		for (u32 level = 0; level < t->height; level++)
			tag_put(path[level], tag, slot_of(index, level));
}

static noinline void tag_clear_path(struct radix_tree *t, u32 index, enum radix_tag tag)
{
	struct radix_node *path[MAX_HEIGHT];

	if (walk(t, index, path))
		clear_tag_path(t, path, index, tag);
}

/* Tags of neighbours come and go together: while the leaf has the tag elsewhere, the nodes above need no change. */
void radix_tree_tag_set(struct radix_tree *t, u32 index, enum radix_tag tag)
{
	struct radix_node *n = leaf_of(t, index);
	u32 slot = slot_of(index, 0);

	if (unlikely(!n) || !n->slots[slot])
		return;
	if (likely(tag_any(n, tag)))
		tag_put(n, tag, slot);
	else
		tag_set_path(t, index, tag);
}

void radix_tree_tag_clear(struct radix_tree *t, u32 index, enum radix_tag tag)
{
	struct radix_node *n = leaf_of(t, index);
	u32 slot = slot_of(index, 0);

	if (unlikely(!n) || !tag_get(n, tag, slot))
		return;
	tag_drop(n, tag, slot);
	if (!tag_any(n, tag))
		tag_clear_path(t, index, tag);
}

bool radix_tree_tagged(const struct radix_tree *t, enum radix_tag tag) { return t->root && tag_any(t->root, tag); }

/* The first slot from `slot` on that has something (with the tag); SLOTS: none. */
static u32 next_slot(const struct radix_node *n, u32 slot, u32 tag)
{
	if (tag == ANY_TAG) {
		while (slot < SLOTS && !n->slots[slot])
			slot++;
		return slot;
	}
	while (slot < SLOTS) {
		u32 bits = n->tags[tag][slot / 32] >> (slot & 31);
		if (bits)
			return slot + (u32)__builtin_ctz(bits);
		slot = ALIGN_DOWN(slot, 32u) + 32;
	}
	return SLOTS;
}

/* The leaf with the first entry at or after *index, which is moved to that entry; NULL: there is none. */
static struct radix_node *find_leaf(const struct radix_tree *t, u64 *index, u32 tag)
{
	while (t->root && !(*index >> 32) && reaches(t->height, (u32)*index)) {
		struct radix_node *n = t->root;
		for (u32 level = t->height - 1;; level--) {
			u32 shift = RADIX_BITS * level, slot = slot_of((u32)*index, level), next = next_slot(n, slot, tag);
			if (next == SLOTS) { /* nothing more in this node: go on behind it */
				*index = ((*index >> (shift + RADIX_BITS)) + 1) << (shift + RADIX_BITS);
				break;
			}
			if (next != slot)
				*index = ((*index >> (shift + RADIX_BITS) << RADIX_BITS) + next) << shift;
			if (level == 0)
				return n;
			n = n->slots[next];
		}
	}
	return NULL;
}

static u32 gang_lookup(const struct radix_tree *t, u32 start, void **items, u32 *indexes, u32 max, u32 tag)
{
	u64 index = start;
	u32 found = 0;
	const struct radix_node *leaf;

	while (found < max && (leaf = find_leaf(t, &index, tag))) {
		u32 slot = slot_of((u32)index, 0);
		index -= slot;
		for (; slot < SLOTS && found < max; slot = next_slot(leaf, slot + 1, tag)) {
			if (indexes)
				indexes[found] = (u32)index + slot;
			items[found++] = leaf->slots[slot];
		}
		index += SLOTS;
	}
	return found;
}

u32 radix_tree_gang_lookup(const struct radix_tree *t, u32 start, void **items, u32 *indexes, u32 max)
{
	return gang_lookup(t, start, items, indexes, max, ANY_TAG);
}

u32 radix_tree_gang_lookup_tag(const struct radix_tree *t, u32 start, void **items, u32 *indexes, u32 max, enum radix_tag tag)
{
	return gang_lookup(t, start, items, indexes, max, tag);
}
