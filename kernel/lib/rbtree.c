/* See rbtree.h; the cases are numbered as in the book, chapter 13.3 (insertion) and 13.4 (deletion). NULL leaves are black. */
#include "kernel/lib/rbtree.h"

static bool is_red(const struct rb_node *n) { return n && n->red; }

static void replace_child(struct rb_root *root, struct rb_node *parent, const struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

static void rotate_left(struct rb_node *x, struct rb_root *root)
{
	struct rb_node *y = x->right;

	x->right = y->left;
	if (y->left)
		y->left->parent = x;
	y->parent = x->parent;
	replace_child(root, x->parent, x, y);
	y->left = x;
	x->parent = y;
}

static void rotate_right(struct rb_node *x, struct rb_root *root)
{
	struct rb_node *y = x->left;

	x->left = y->right;
	if (y->right)
		y->right->parent = x;
	y->parent = x->parent;
	replace_child(root, x->parent, x, y);
	y->right = x;
	x->parent = y;
}

void rb_insert_color(struct rb_node *n, struct rb_root *root)
{
	while (is_red(n->parent)) {
		struct rb_node *parent = n->parent, *grand = parent->parent;
		bool left = parent == grand->left;
		struct rb_node *uncle = left ? grand->right : grand->left;
		if (is_red(uncle)) { /* case 1 */
			parent->red = uncle->red = 0;
			grand->red = 1;
			n = grand;
			continue;
		}
		if (n == (left ? parent->right : parent->left)) { /* case 2 */
			n = parent;
			if (left)
				rotate_left(n, root);
			else
				rotate_right(n, root);
			parent = n->parent;
		}
		parent->red = 0; /* case 3 */
		grand->red = 1;
		if (left)
			rotate_right(grand, root);
		else
			rotate_left(grand, root);
	}
	root->node->red = 0;
}

/* The path through n (a child of parent, NULL allowed) has one black node too few. */
static void erase_fixup(struct rb_node *n, struct rb_node *parent, struct rb_root *root)
{
	while (n != root->node && !is_red(n)) {
		bool left = n == parent->left;
		struct rb_node *w = left ? parent->right : parent->left;
		if (w->red) { /* case 1 */
			w->red = 0;
			parent->red = 1;
			if (left)
				rotate_left(parent, root);
			else
				rotate_right(parent, root);
			w = left ? parent->right : parent->left;
		}
		if (!is_red(w->left) && !is_red(w->right)) { /* case 2 */
			w->red = 1;
			n = parent;
			parent = n->parent;
			continue;
		}
		if (!is_red(left ? w->right : w->left)) { /* case 3 */
			(left ? w->left : w->right)->red = 0;
			w->red = 1;
			if (left)
				rotate_right(w, root);
			else
				rotate_left(w, root);
			w = left ? parent->right : parent->left;
		}
		w->red = parent->red; /* case 4 */
		parent->red = 0;
		(left ? w->right : w->left)->red = 0;
		if (left)
			rotate_left(parent, root);
		else
			rotate_right(parent, root);
		n = root->node;
		break;
	}
	if (n)
		n->red = 0;
}

void rb_erase(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *child, *parent;
	u32 red = n->red;

	if (n->left && n->right) { /* its successor takes its place */
		struct rb_node *next = n->right;
		while (next->left)
			next = next->left;
		red = next->red;
		child = next->right;
		parent = next->parent;
		if (parent == n) {
			parent = next;
		} else {
			parent->left = child;
			if (child)
				child->parent = parent;
			next->right = n->right;
			n->right->parent = next;
		}
		next->left = n->left;
		n->left->parent = next;
		next->parent = n->parent;
		next->red = n->red;
		replace_child(root, n->parent, n, next);
	} else {
		child = n->left ? n->left : n->right;
		parent = n->parent;
		if (child)
			child->parent = parent;
		replace_child(root, parent, n, child);
	}
	if (!red)
		erase_fixup(child, parent, root);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;
	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;
	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->right) {
		for (p = n->right; p->left; p = p->left)
			;
		return p;
	}
	for (p = n->parent; p && n == p->right; p = p->parent)
		n = p;
	return p;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->left) {
		for (p = n->left; p->right; p = p->right)
			;
		return p;
	}
	for (p = n->parent; p && n == p->left; p = p->parent)
		n = p;
	return p;
}
