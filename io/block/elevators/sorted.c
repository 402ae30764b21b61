/* Requests sorted by sector, the arm, and what sstf, scan, cscan, look and clook have in common; see sorted.h. */
#include "io/block/elevators/sorted.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

static struct request *rq_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct request, sort_node) : NULL;
}

void sorted_add(struct rb_root *root, struct request *rq)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = rq->sector < rq_of(parent)->sector ? &parent->left : &parent->right;
	}
	rb_link_node(&rq->sort_node, parent, link);
	rb_insert_color(&rq->sort_node, root);
}

void sorted_del(struct rb_root *root, struct request *rq)
{
	rb_erase(&rq->sort_node, root);
}

struct request *sorted_first(const struct rb_root *root)
{
	return rq_of(rb_first(root));
}

struct request *sorted_at(const struct rb_root *root, sector_t sector)
{
	struct rb_node *n = root->node, *best = NULL;

	while (n) {
		if (rq_of(n)->sector >= sector) {
			best = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return rq_of(best);
}

struct request *sorted_below(const struct rb_root *root, sector_t sector)
{
	struct rb_node *n = root->node;
	struct request *best = NULL;

	while (n) {
		struct request *rq = rq_of(n);

		if (rq->sector >= sector) {
			n = n->left;
		} else {
			best = rq;
			n = n->right;
		}
	}
	return best ? sorted_at(root, best->sector) : NULL;
}

struct request *sorted_after(const struct request *rq)
{
	return rq_of(rb_next(&rq->sort_node));
}

void arm_to(struct arm *a, sector_t sector)
{
	a->travel += sector > a->at ? sector - a->at : a->at - sector;
	a->at = sector;
}

/* Downwards the place is the start of what was served. */
void arm_serve(struct arm *a, const struct request *rq)
{
	arm_to(a, rq->sector);
	if (!a->down)
		a->at += rq->nr_sectors;
}

int sweep_init(struct elevator_queue *e)
{
	e->data = kzalloc(sizeof(struct sweep), GFP_KERNEL);
	return e->data ? 0 : -ENOMEM;
}

void sweep_exit(struct elevator_queue *e)
{
	kfree(e->data);
}

void sweep_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct sweep *s = e->data;

	rq->elv_u64[0] = ++s->arrivals;
	sorted_add(&s->sorted, rq);
}

void sweep_merged(struct elevator_queue *e, struct request *rq, bool front)
{
	struct sweep *s = e->data;

	if (!front)
		return;
	sorted_del(&s->sorted, rq); /* its sector has changed */
	sorted_add(&s->sorted, rq);
}

void sweep_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	rq->elv_u64[0] = min(rq->elv_u64[0], next->elv_u64[0]);
	sorted_del(&((struct sweep *)e->data)->sorted, next);
}

/* Does rq want what the arm has just passed, and did it wait already when the arm came? */
static bool is_here(const struct sweep *s, const struct request *rq)
{
	return rq->sector >= s->here && (rq->sector == s->here || rq->sector < s->arm.at) && rq->elv_u64[0] <= s->here_since;
}

struct request *sweep_ahead(const struct sweep *s)
{
	for (struct request *rq = sorted_at(&s->sorted, s->here); rq && (rq->sector == s->here || rq->sector < s->arm.at); rq = sorted_after(rq))
		if (is_here(s, rq))
			return rq;
	return s->arm.down ? sorted_below(&s->sorted, s->arm.at) : sorted_at(&s->sorted, s->arm.at);
}

struct request *sweep_take(struct elevator_queue *e, struct request *rq)
{
	struct sweep *s = e->data;

	if (rq) {
		sorted_del(&s->sorted, rq);
		if (!is_here(s, rq))
			s->here_since = s->arrivals;
		s->here = rq->sector;
		arm_serve(&s->arm, rq);
	}
	return rq;
}

sector_t sweep_last(const struct elevator_queue *e)
{
	sector_t nr = blk_queue_capacity(e->q);

	return nr ? nr - 1 : 0;
}

int sweep_show_head(struct elevator_queue *e, char *buf, size_t size)
{
	return ksnprintf(buf, size, "%llu\n", (unsigned long long)((struct sweep *)e->data)->arm.at);
}

int sweep_show_travel(struct elevator_queue *e, char *buf, size_t size)
{
	return ksnprintf(buf, size, "%llu\n", (unsigned long long)((struct sweep *)e->data)->arm.travel);
}

int sweep_show_direction(struct elevator_queue *e, char *buf, size_t size)
{
	return ksnprintf(buf, size, "%s\n", ((struct sweep *)e->data)->arm.down ? "down" : "up");
}

int sweep_store_direction(struct elevator_queue *e, const char *text)
{
	struct sweep *s = e->data;

	if (!strcmp(text, "up") || !strcmp(text, "up\n"))
		s->arm.down = false;
	else if (!strcmp(text, "down") || !strcmp(text, "down\n"))
		s->arm.down = true;
	else
		return -EINVAL;
	return 0;
}

const struct elevator_attr sweep_attrs[] = {
	{ .name = "head", .show = sweep_show_head },
	{ .name = "travel", .show = sweep_show_travel },
	{ 0 },
};

const struct elevator_attr sweep_direction_attrs[] = {
	{ .name = "head", .show = sweep_show_head },
	{ .name = "travel", .show = sweep_show_travel },
	{ .name = "direction", .show = sweep_show_direction, .store = sweep_store_direction },
	{ 0 },
};
