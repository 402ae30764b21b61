/* A disk in modelled time; see elevator_sim.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/alloc.h"
#include "tests/host/elevator_sim.h"

sector_t sim_capacity = 1u << 21;
bool sim_rotational = true;

struct elevator_type *const sim_types[] = {
	&elevator_fcfs, &elevator_sstf, &elevator_scan, &elevator_cscan, &elevator_look, &elevator_clook,
	&elevator_deadline, &elevator_mq_deadline, &elevator_cfq, &elevator_bfq, &elevator_kyber,
};
const u32 sim_nr_types = ARRAY_SIZE(sim_types);

/* ---- what the elevators want of the kernel ---- */

void *kzalloc(size_t size, u32 gfp) { return calloc(1, size); }
void kfree(const void *p) { free((void *)p); }
sector_t blk_queue_capacity(const struct request_queue *q) { return sim_capacity; }
bool blk_queue_rotational(const struct request_queue *q) { return sim_rotational; }

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

/* ---- the simulation ---- */

struct elevator_type *sim_type(const char *name)
{
	for (u32 i = 0; i < sim_nr_types; i++)
		if (!strcmp(sim_types[i]->name, name))
			return sim_types[i];
	return NULL;
}

void sim_start(struct sim *s, struct elevator_type *t, u32 depth, u64 (*service)(struct sim *, struct sim_request *))
{
	memset(s, 0, sizeof(*s));
	s->e.type = t;
	s->depth = depth;
	s->service = service;
	s->now = MS; /* not 0, as in a running kernel */
	if (t->init(&s->e))
		abort();
}

void sim_end(struct sim *s)
{
	if (s->e.nr_queued || s->in_flight) {
		printf("# %s: %u requests are still waiting\n", s->e.type->name, s->e.nr_queued);
		abort();
	}
	s->e.type->exit(&s->e);
}

void sim_arrive(struct sim *s, struct sim_request *r, u32 flags, sector_t sector, u32 nr, pid_t pid, u8 class, u8 level)
{
	memset(&r->rq, 0, sizeof(r->rq));
	r->rq.flags = flags;
	r->rq.sector = sector;
	r->rq.nr_sectors = nr;
	r->rq.pid = pid;
	r->rq.ioprio_class = class;
	r->rq.ioprio_level = level;
	r->rq.state = RQ_QUEUED;
	r->arrived = s->now;
	r->done = 0;
	r->number = s->nr_arrived++;
	r->state = SIM_WAITS;
	s->e.nr_queued++;
	s->e.type->insert(&s->e, &r->rq, s->now);
}

/* Fill the device. Returns when the elevator wants to be asked again; ~0: after the next event. */
static u64 dispatch(struct sim *s)
{
	while (s->in_flight < s->depth && s->e.nr_queued) {
		u64 again = 0;
		struct sim_request *r = (struct sim_request *)s->e.type->dispatch(&s->e, NULL, s->now, &again);
		u32 i = 0;

		if (!r)
			return again > s->now ? again : again ? s->now + 1 : ~0ull;
		if (r->state != SIM_WAITS) {
			s->errors++;
			continue;
		}
		s->e.nr_queued--;
		r->state = SIM_IN_DEVICE;
		r->dispatched = s->now;
		while (s->slot[i].r)
			i++;
		s->slot[i].r = r;
		s->slot[i].done = s->now + s->service(s, r);
		s->arm = r->rq.sector + r->rq.nr_sectors;
		s->in_flight++;
	}
	return ~0ull;
}

static void complete_slot(struct sim *s, u32 i)
{
	struct sim_request *r = s->slot[i].r;

	s->slot[i].r = NULL;
	s->in_flight--;
	s->nr_served++;
	r->state = SIM_SERVED;
	r->done = s->now;
	if (s->e.type->completed)
		s->e.type->completed(&s->e, &r->rq, s->now);
	if (s->served)
		s->served(s, r);
}

bool sim_step(struct sim *s, u64 until)
{
	u64 next = dispatch(s);
	u32 first = SIM_DEPTH_MAX;

	for (u32 i = 0; i < SIM_DEPTH_MAX; i++) {
		if (s->slot[i].r && s->slot[i].done <= next) {
			next = s->slot[i].done;
			first = i;
		}
	}
	if (next == ~0ull) {
		if (s->e.nr_queued)
			s->errors++; /* it holds requests back and waits for nothing */
		return false;
	}
	if (next > until) {
		s->now = until;
		return true;
	}
	if (s->in_flight)
		s->busy_ns += next - s->now;
	s->now = next;
	if (first < SIM_DEPTH_MAX)
		complete_slot(s, first);
	return true;
}

void sim_run(struct sim *s, u64 until)
{
	while (s->now < until && sim_step(s, until))
		;
	if (s->now < until)
		s->now = until;
}

void sim_drain(struct sim *s)
{
	while (sim_step(s, ~0ull - 1))
		;
}

int sim_set(struct sim *s, const char *file, u64 value)
{
	for (const struct elevator_attr *a = s->e.type->attrs; a && a->name; a++) {
		if (strcmp(a->name, file))
			continue;
		*(u64 *)((u8 *)s->e.data + a->offset) = value * a->unit;
		return 0;
	}
	return -ENOENT;
}

/* ---- models ---- */

static u64 root(u64 n)
{
	u64 r = 0;

	for (u64 bit = 1ull << 31; bit; bit >>= 1)
		if ((r | bit) * (r | bit) <= n)
			r |= bit;
	return r;
}

u64 sim_arm_service(struct sim *s, struct sim_request *r)
{
	u64 far = r->rq.sector > s->arm ? r->rq.sector - s->arm : s->arm - r->rq.sector;
	u64 seek = far ? 300000 + 13700 * root(1000000ull * far / sim_capacity) : 0;

	return seek + (far ? 3 * MS : 0) + r->rq.nr_sectors * 3413ull;
}

u64 sim_flat_service(struct sim *s, struct sim_request *r)
{
	return MS / 10 + r->rq.nr_sectors * 3413ull;
}
