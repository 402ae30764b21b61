/*
 * Every elevator of the kernel in modelled time: the worked example, nothing lost or served twice, and what each promises.
 *
 *   test_elevators --order NAME [HEAD]    reads "R|W SECTOR NR" lines, all there at the start, and prints the order in which NAME serves
 *                                         them on a device that takes one at a time, after two reads that end at HEAD; tests/system
 *                                         compares it with a real device's order
 *
 * SOURCES: tests/host/elevator_sim.c io/block/elevators/sorted.c io/block/elevators/perprocess.c io/block/elevators/fcfs.c
 * SOURCES: io/block/elevators/sstf.c io/block/elevators/scan.c io/block/elevators/cscan.c io/block/elevators/look.c
 * SOURCES: io/block/elevators/clook.c io/block/elevators/deadline.c io/block/elevators/cfq.c io/block/elevators/bfq.c
 * SOURCES: io/block/elevators/kyber.c kernel/lib/rbtree.c kernel/lib/div64.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "io/block/elevators/sorted.h"
#include "kernel/uapi/ioprio.h"
#include "tests/host/elevator_sim.h"

#define BE IOPRIO_CLASS_BE

static u64 random_state;

static u32 rnd(u32 below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((random_state >> 33) % below);
}

static void read_at(struct sim *s, struct sim_request *r, sector_t sector, pid_t pid, u8 level)
{
	sim_arrive(s, r, REQ_READ | REQ_SYNC, sector, 8, pid, BE, level);
}

/* ---- the worked example ---- */

#define EXAMPLE_SCALE 65536u

static u64 example(const char *name, const u32 *want)
{
	static const u32 list[] = { 98, 183, 37, 122, 14, 124, 65, 67 };
	struct sim_request r[9];
	struct sim s;
	u64 start;

	sim_capacity = 200ull * EXAMPLE_SCALE + 1;
	sim_start(&s, sim_type(name), 1, sim_flat_service);
	sim_arrive(&s, &r[8], REQ_READ, 53ull * EXAMPLE_SCALE, 0, 1, BE, 4); /* brings the arm to its place */
	sim_drain(&s);
	start = ((struct sweep *)s.e.data)->arm.travel;
	for (u32 i = 0; i < 8; i++)
		sim_arrive(&s, &r[i], REQ_READ, (u64)list[i] * EXAMPLE_SCALE, 0, 1, BE, 4);
	for (u32 n = 0; n < 8; n++) {
		u64 again = 0;
		struct request *rq = s.e.type->dispatch(&s.e, NULL, s.now, &again);

		s.e.nr_queued--;
		CHECK_EQ(rq->sector / EXAMPLE_SCALE, want[n]);
	}
	start = (((struct sweep *)s.e.data)->arm.travel - start) / EXAMPLE_SCALE;
	sim_end(&s);
	sim_capacity = 1u << 21;
	return start;
}

TEST(worked_example)
{
	CHECK_EQ(example("fcfs", (const u32[]){ 98, 183, 37, 122, 14, 124, 65, 67 }), 640);
	CHECK_EQ(example("sstf", (const u32[]){ 65, 67, 37, 14, 98, 122, 124, 183 }), 236);
	CHECK_EQ(example("scan", (const u32[]){ 65, 67, 98, 122, 124, 183, 37, 14 }), 333);
	CHECK_EQ(example("cscan", (const u32[]){ 65, 67, 98, 122, 124, 183, 14, 37 }), 384);
	CHECK_EQ(example("look", (const u32[]){ 65, 67, 98, 122, 124, 183, 37, 14 }), 299);
	CHECK_EQ(example("clook", (const u32[]){ 65, 67, 98, 122, 124, 183, 14, 37 }), 322);
}

/* ---- nothing lost, nothing twice ---- */

#define WAITING_MAX 200u

/* Two requests that wait become one, or one grows at its front or end, as the queue core does it. */
static void merge_something(struct sim *s, struct sim_request *r, u32 nr)
{
	struct sim_request *a = &r[rnd(nr)], *b = &r[rnd(nr)];
	struct bio bio = { .flags = b->rq.flags, .sector = b->rq.sector, .pid = b->rq.pid };
	const struct elevator_type *t = s->e.type;
	bool front = rnd(2);

	if (a->state != SIM_WAITS)
		return;
	if (a != b && b->state == SIM_WAITS && rq_op(&a->rq) == rq_op(&b->rq) && a->rq.ioprio_class == b->rq.ioprio_class &&
	    a->rq.ioprio_level == b->rq.ioprio_level && (!t->allow_merge || t->allow_merge(&s->e, &a->rq, &bio))) {
		a->rq.nr_sectors += b->rq.nr_sectors;
		s->e.nr_queued--;
		if (t->merged_requests)
			t->merged_requests(&s->e, &a->rq, &b->rq);
		b->state = SIM_MERGED;
		s->nr_served++;
		return;
	}
	if (front && a->rq.sector < 8)
		return;
	a->rq.nr_sectors += 8;
	a->rq.sector -= front ? 8 : 0;
	if (t->merged)
		t->merged(&s->e, &a->rq, front);
}

static void random_arrivals(struct elevator_type *t, u32 count)
{
	static const u32 kinds[] = { REQ_READ, REQ_READ | REQ_SYNC, REQ_WRITE, REQ_WRITE | REQ_SYNC, REQ_DISCARD };
	struct sim_request *r = calloc(WAITING_MAX, sizeof(*r));
	u32 made = 0;
	struct sim s;

	sim_start(&s, t, 1 + rnd(32), rnd(2) ? sim_flat_service : sim_arm_service);
	sim_rotational = rnd(2);
	while (made < count) {
		struct sim_request *free_one = &r[rnd(WAITING_MAX)];
		u32 waiting = s.e.nr_queued + s.in_flight;

		if ((free_one->state == SIM_NEW || free_one->state >= SIM_SERVED) && waiting < WAITING_MAX / 2 + rnd(WAITING_MAX / 2)) {
			u8 class = (u8)rnd(8);

			sim_arrive(&s, free_one, kinds[rnd(ARRAY_SIZE(kinds))], rnd((u32)sim_capacity - 4096), 8u << rnd(6), (pid_t)(100 + rnd(40)),
				   class < 6 ? BE : class == 6 ? IOPRIO_CLASS_RT : IOPRIO_CLASS_IDLE, (u8)rnd(8));
			made++;
		} else if (!rnd(4)) {
			merge_something(&s, r, WAITING_MAX);
		} else if (rnd(100)) {
			sim_step(&s, ~0ull - 1);
		} else {
			sim_run(&s, s.now + rnd(300) * MS);
		}
	}
	sim_drain(&s);
	CHECK_EQ(s.nr_served, count);
	CHECK_EQ(s.errors, 0);
	if (s.nr_served != count || s.errors)
		printf("# with %s\n", t->name);
	sim_end(&s);
	sim_rotational = true;
	free(r);
}

TEST(nothing_lost_nothing_twice)
{
	u32 each = host_test_scale() > 1 ? 1000000 : 95000;

	for (u32 i = 0; i < sim_nr_types; i++)
		random_arrivals(sim_types[i], each);
}

/* ---- starvation: requests keep coming near the arm, one waits far away ---- */

struct crowd {
	struct sim_request near[16], far;
	u32 limit;
	u64 worst_wait;
};

static void crowd_again(struct sim *s, struct sim_request *r)
{
	struct crowd *c = s->private;

	if (r != &c->far && s->nr_arrived < c->limit)
		read_at(s, r, 1000 + rnd(20000), (pid_t)(2 + (r - c->near)), 4);
}

/* How long the far one waits in requests served before it. */
static u32 far_waits(const char *name, u32 limit, bool write)
{
	struct crowd c = { .limit = limit };
	struct sim s;
	u32 before;

	sim_start(&s, sim_type(name), 1, sim_arm_service);
	s.private = &c;
	s.served = crowd_again;
	for (u32 i = 0; i < ARRAY_SIZE(c.near); i++)
		read_at(&s, &c.near[i], 1000 + rnd(20000), (pid_t)(2 + i), 4);
	sim_run(&s, 500 * MS);
	before = s.nr_served;
	sim_arrive(&s, &c.far, write ? REQ_WRITE : REQ_READ | REQ_SYNC, sim_capacity - 100, 8, 1, BE, 4);
	while (!c.far.done && sim_step(&s, ~0ull - 1))
		;
	before = s.nr_served - before;
	c.limit = 0;
	sim_drain(&s);
	CHECK_EQ(s.errors, 0);
	sim_end(&s);
	return before;
}

TEST(only_sstf_starves)
{
	for (u32 i = 0; i < sim_nr_types; i++) {
		const char *name = sim_types[i]->name;
		u32 waited = far_waits(name, 20000, false), wrote = far_waits(name, 20000, true);

		if (!strcmp(name, "sstf")) {
			CHECK(waited > 19000); /* as long as the others come: for ever */
		} else {
			CHECK(waited < 2000);
			CHECK(wrote < 4000);
		}
		printf("# %s: a far read waits for %u others, a far write for %u\n", name, waited, wrote);
	}
}

/* ---- SCAN and its family: at most two sweeps ---- */

static u32 sweeps, turned_down;
static sector_t last_served;

static u64 sweep_service(struct sim *s, struct sim_request *r)
{
	bool down = ((struct sweep *)s->e.data)->arm.down;

	/* A sweep ends when the arm turns, or jumps back against its direction. */
	if (down != turned_down || (down ? r->rq.sector > last_served : r->rq.sector < last_served))
		sweeps++;
	turned_down = down;
	last_served = r->rq.sector;
	return sim_arm_service(s, r);
}

static u32 worst_sweeps;

static void sweep_again(struct sim *s, struct sim_request *r)
{
	worst_sweeps = max(worst_sweeps, sweeps - r->owner);
	if (s->nr_arrived >= 20000)
		return;
	r->owner = sweeps;
	read_at(s, r, rnd(3) ? rnd((u32)sim_capacity) & ~7u : (s->arm + 8 * rnd(3)) % sim_capacity, 1, 4);
}

TEST(scan_serves_within_two_sweeps)
{
	static const char *const names[] = { "scan", "look", "cscan", "clook" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct sim_request r[64];
		struct sim s;

		sim_start(&s, sim_type(names[i]), 1, sweep_service);
		s.served = sweep_again;
		sweeps = turned_down = worst_sweeps = 0;
		last_served = 0;
		for (u32 n = 0; n < 64; n++) {
			r[n].owner = 0;
			read_at(&s, &r[n], rnd((u32)sim_capacity), 1, 4);
		}
		sim_drain(&s);
		CHECK_EQ(s.nr_served, s.nr_arrived);
		CHECK(sweeps > 50);
		CHECK(worst_sweeps <= (i < 2 ? 2u : 1u));
		printf("# %s: %u sweeps at most\n", names[i], worst_sweeps);
		sim_end(&s);
	}
}

/* ---- deadline: expiry ---- */

struct mixed {
	struct sim_request r[64];
	u64 worst[2];   /* dispatched after its expiry by so much */
	u32 older_worst;
};

static u64 note_lateness(struct sim *s, struct sim_request *r)
{
	struct mixed *m = s->private;
	u32 write = rq_op(&r->rq) == REQ_WRITE;
	u64 expire = (write ? 1000 : 200) * MS, waited = s->now - r->arrived;

	if (waited > expire)
		m->worst[write] = max(m->worst[write], waited - expire);
	return sim_arm_service(s, r);
}

static void mixed_again(struct sim *s, struct sim_request *r)
{
	if (s->nr_arrived < 30000)
		sim_arrive(s, r, rnd(4) ? REQ_READ | REQ_SYNC : REQ_WRITE, rnd(2) ? rnd(8000) : rnd((u32)sim_capacity), 8, 1, BE, 4);
}

/*
 * The bound: an expired request begins the next batch of its kind. Before it lie the older ones of its kind, each of which may begin a batch
 * of fifo_batch, and between two of its batches as many of the other kind as are allowed: one of writes after writes_starved of reads,
 * writes_starved of reads after one of writes. At most 64 wait in all, and nothing takes longer than 18 ms.
 */
TEST(deadline_keeps_its_expiry)
{
	static const char *const names[] = { "deadline", "mq-deadline" };
	enum { BATCH = 4, LONGEST_MS = 18, WAITING = 64 };

	for (u32 i = 0; i < 2; i++) {
		struct mixed m = { 0 };
		struct sim s;

		sim_start(&s, sim_type(names[i]), 1, note_lateness);
		CHECK_EQ(sim_set(&s, "read_expire", 200) | sim_set(&s, "write_expire", 1000) | sim_set(&s, "fifo_batch", BATCH), 0);
		s.private = &m;
		s.served = mixed_again;
		for (u32 n = 0; n < WAITING; n++)
			mixed_again(&s, &m.r[n]);
		sim_drain(&s);
		CHECK_EQ(s.nr_served, s.nr_arrived);
		CHECK(m.worst[0] < (u64)WAITING * 3 / 2 * BATCH * LONGEST_MS * MS);
		CHECK(m.worst[1] < (u64)WAITING * 3 * BATCH * LONGEST_MS * MS);
		printf("# %s: latest read %u ms after its expiry, write %u ms\n", names[i], (u32)(m.worst[0] / MS), (u32)(m.worst[1] / MS));
		sim_end(&s);
	}
}

/* An expired request goes at the next batch, though all others are nearer. */
TEST(deadline_expired_goes_first)
{
	struct sim_request near[40], old;
	struct sim s;
	u32 before = 0;

	sim_start(&s, sim_type("deadline"), 1, sim_arm_service);
	read_at(&s, &old, sim_capacity - 8, 1, 4);
	s.now += 600 * MS;
	for (u32 i = 0; i < 40; i++)
		read_at(&s, &near[i], 8 * i, 1, 4);
	while (!old.dispatched && sim_step(&s, ~0ull - 1))
		before++;
	CHECK(before <= 1);
	sim_drain(&s);
	sim_end(&s);
}

/* ---- the order, for a comparison with a real device ---- */

static int print_order(const char *name, sector_t head)
{
	static struct sim_request r[4096];
	struct elevator_type *t = sim_type(name);
	unsigned long long sector;
	unsigned int nr, n = 0;
	struct sim s;
	char op;

	if (!t)
		return 2;
	sim_start(&s, t, 1, sim_flat_service);
	for (u32 back = 2; head && back; back--) { /* one that ends the time before, and one that keeps the device busy while the others come */
		sim_arrive(&s, &r[n++], REQ_READ | REQ_SYNC, head - 8 * back, 8, 1, BE, 4);
		sim_step(&s, back > 1 ? ~0ull - 1 : s.now);
	}
	while (n < ARRAY_SIZE(r) && scanf(" %c %llu %u", &op, &sector, &nr) == 3)
		sim_arrive(&s, &r[n++], (op == 'R' ? REQ_READ : REQ_WRITE) | REQ_SYNC, sector, nr, 1, BE, 4);
	while (sim_step(&s, ~0ull - 1))
		for (u32 i = head ? 2 : 0; i < n; i++)
			if (r[i].state == SIM_SERVED && r[i].done == s.now)
				printf("%llu %u\n", (unsigned long long)r[i].rq.sector, r[i].rq.nr_sectors);
	sim_end(&s);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--order")) {
		sim_capacity = argc > 4 ? strtoull(argv[4], NULL, 10) : sim_capacity;
		return print_order(argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	}
	random_state = host_test_seed();
	RUN(worked_example);
	RUN(nothing_lost_nothing_twice);
	RUN(only_sstf_starves);
	RUN(scan_serves_within_two_sweeps);
	RUN(deadline_keeps_its_expiry);
	RUN(deadline_expired_goes_first);
	return host_test_end();
}
