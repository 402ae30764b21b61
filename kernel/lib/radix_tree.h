/*
 * A radix tree from u32 to pointers with three tags per entry (dirty, writeback, towrite), as the page cache needs it. Pure:
 * nodes come from radix_node_alloc()/radix_node_free(), which mm/ supplies in the kernel and tests supply on the host.
 * No locking inside: the owner's lock guards the tree.
 */
#ifndef KERNEL_LIB_RADIX_TREE_H
#define KERNEL_LIB_RADIX_TREE_H

#include "kernel/lib/types.h"

struct radix_node;
struct radix_tree {
	struct radix_node *root;
	u32 height; /* levels; 0: empty */
	u32 count;  /* entries */
};
enum radix_tag { RADIX_TAG_DIRTY, RADIX_TAG_WRITEBACK, RADIX_TAG_TOWRITE, RADIX_NR_TAGS };

/* 0, -EEXIST, -ENOMEM. Nodes are allocated without sleeping. item must not be NULL. */
int __must_check radix_tree_insert(struct radix_tree *t, u32 index, void *item);
void *radix_tree_lookup(const struct radix_tree *t, u32 index);
/* Remove and return the item (NULL: was not there); its tags go too. */
void *radix_tree_delete(struct radix_tree *t, u32 index);
void radix_tree_tag_set(struct radix_tree *t, u32 index, enum radix_tag tag);
void radix_tree_tag_clear(struct radix_tree *t, u32 index, enum radix_tag tag);
bool radix_tree_tagged(const struct radix_tree *t, enum radix_tag tag);
/* Up to max items with index >= start, in order, into items[] (and their indexes into indexes[] unless NULL); returns how many. */
u32 radix_tree_gang_lookup(const struct radix_tree *t, u32 start, void **items, u32 *indexes, u32 max);
u32 radix_tree_gang_lookup_tag(const struct radix_tree *t, u32 start, void **items, u32 *indexes, u32 max, enum radix_tag tag);

void *radix_node_alloc(size_t size);
void radix_node_free(void *node, size_t size);

#endif
