/*
 * What the elevators share: requests sorted by sector (a red-black tree through rq->sort_node; equal sectors in order of arrival), and the
 * arm, the place the algorithm believes the disk's heads to be. Queue lock held, like everywhere in an elevator. Pure.
 */
#ifndef IO_BLOCK_ELEVATORS_SORTED_H
#define IO_BLOCK_ELEVATORS_SORTED_H

#include "io/contract/elevator.h"

#define NSEC_PER_MSEC_U32 1000000u

void sorted_add(struct rb_root *root, struct request *rq);
void sorted_del(struct rb_root *root, struct request *rq);
struct request *sorted_first(const struct rb_root *root);                    /* lowest sector; NULL: empty */
struct request *sorted_at(const struct rb_root *root, sector_t sector);      /* the lowest at or above; NULL: none */
struct request *sorted_below(const struct rb_root *root, sector_t sector);   /* the highest below, of equal ones the oldest; NULL: none */
struct request *sorted_after(const struct request *rq);                      /* its neighbour above; NULL: none */

/* The arm. Sectors stand for cylinders: a disk does not tell where these end, and neighbouring sectors are neighbours on the platter. */
struct arm {
	sector_t at;
	bool down;      /* which way it moves */
	u64 travel;     /* sectors it has passed, the ways without a request included */
};
void arm_to(struct arm *a, sector_t sector);         /* move, and count the way */
void arm_serve(struct arm *a, const struct request *rq); /* to rq, and over it when it moves upwards */

/* The state of an elevator that knows nothing but the sorted requests and the arm, and its parts that are the same in all of them. */
struct sweep {
	struct rb_root sorted;
	struct arm arm;
	/* Several may want the same place: those that were there when the arm came are served with the first, those that came later wait. */
	u64 arrivals;   /* so far; a request's number is in elv_u64[0] */
	sector_t here;  /* where the last request began */
	u64 here_since; /* arrivals when the arm came here */
};
int sweep_init(struct elevator_queue *e);
void sweep_exit(struct elevator_queue *e);
void sweep_insert(struct elevator_queue *e, struct request *rq, u64 now_ns);
void sweep_merged(struct elevator_queue *e, struct request *rq, bool front);
void sweep_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next);
struct request *sweep_ahead(const struct sweep *s); /* the next on the arm's way; NULL: none that way */
struct request *sweep_take(struct elevator_queue *e, struct request *rq); /* out of the tree, the arm over it; NULL stays NULL */
sector_t sweep_last(const struct elevator_queue *e);                       /* the disk's last sector */
int sweep_show_head(struct elevator_queue *e, char *buf, size_t size);
int sweep_show_travel(struct elevator_queue *e, char *buf, size_t size);
int sweep_show_direction(struct elevator_queue *e, char *buf, size_t size);
int sweep_store_direction(struct elevator_queue *e, const char *text);
extern const struct elevator_attr sweep_attrs[], sweep_direction_attrs[];  /* head, travel; and direction */

#endif
