/*
 * The elevators that know processes and latencies, in modelled time: BFQ's shares, CFQ's slices, idling, weight raising, classes, Kyber's tokens.
 *
 * SOURCES: tests/host/elevator_sim.c io/block/elevators/sorted.c io/block/elevators/perprocess.c io/block/elevators/fcfs.c
 * SOURCES: io/block/elevators/sstf.c io/block/elevators/scan.c io/block/elevators/cscan.c io/block/elevators/look.c
 * SOURCES: io/block/elevators/clook.c io/block/elevators/deadline.c io/block/elevators/cfq.c io/block/elevators/bfq.c
 * SOURCES: io/block/elevators/kyber.c kernel/lib/rbtree.c kernel/lib/div64.c
 */
#include "tests/host/host_test.h"

#include <string.h>

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

/* ---- fairness: two or three processes that always have requests waiting ---- */

struct reader {
	pid_t pid;
	u8 level;
	bool sequential;
	sector_t next;
	u64 sectors;
};

struct readers {
	struct reader reader[3];
	struct sim_request r[3 * 8];
	u64 stop_at, slice_began, slice_worst, slice_least;
	u32 in_slice, last_owner;
};

static void reader_next(struct sim *s, struct sim_request *r)
{
	struct readers *all = s->private;
	struct reader *me = &all->reader[r->owner];
	sector_t at = me->sequential ? me->next : rnd((u32)sim_capacity - 64);

	me->next = (me->next + 64) % (sim_capacity - 64);
	if (s->now < all->stop_at)
		sim_arrive(s, r, REQ_READ | REQ_SYNC, at, 64, me->pid, BE, me->level);
}

static void reader_served(struct sim *s, struct sim_request *r)
{
	struct readers *all = s->private;

	all->reader[r->owner].sectors += s->now < all->stop_at ? r->rq.nr_sectors : 0;
	reader_next(s, r);
}

static u64 slice_service(struct sim *s, struct sim_request *r)
{
	struct readers *all = s->private;

	if (r->owner != all->last_owner) {
		u64 slice = s->now - all->slice_began;

		if (all->in_slice > 2 && all->last_owner == 0 && s->now < all->stop_at) {
			all->slice_worst = max(all->slice_worst, slice);
			all->slice_least = min(all->slice_least, slice);
		}
		all->slice_began = s->now;
		all->last_owner = r->owner;
		all->in_slice++;
	}
	return sim_arm_service(s, r);
}

static void run_readers(struct readers *all, const char *name, u32 nr, const u8 *levels, bool sequential, u32 seconds)
{
	struct sim s;

	memset(all, 0, sizeof(*all));
	sim_start(&s, sim_type(name), 1, slice_service);
	sim_set(&s, "low_latency", 0);
	s.private = all;
	s.served = reader_served;
	all->stop_at = s.now + seconds * 1000 * MS;
	all->last_owner = 99;
	all->slice_least = ~0ull;
	for (u32 i = 0; i < nr; i++) {
		all->reader[i] = (struct reader){ .pid = (pid_t)(10 + i), .level = levels[i], .sequential = sequential, .next = (sim_capacity / 4) * i };
		for (u32 k = 0; k < 8; k++) {
			all->r[i * 8 + k].owner = i;
			reader_next(&s, &all->r[i * 8 + k]);
		}
	}
	sim_drain(&s);
	CHECK_EQ(s.errors, 0);
	sim_end(&s);
}

/* got : want within so many percent */
static bool near_ratio(u64 a, u64 b, u32 wa, u32 wb, u32 percent)
{
	u64 x = a * wb * 100, y = b * wa * 100;

	return x < y ? (y - x) * 100 <= y * percent : (x - y) * 100 <= y * percent;
}

TEST(bfq_shares_by_weight)
{
	static const struct { u32 nr; u8 levels[3]; u32 weights[3]; } cases[] = {
		{ 2, { 4, 4 }, { 1, 1 } }, { 2, { 6, 4 }, { 1, 2 } }, { 2, { 7, 0 }, { 1, 8 } }, { 3, { 5, 2, 4 }, { 3, 6, 4 } },
	};

	for (u32 sequential = 0; sequential < 2; sequential++) {
		for (u32 c = 0; c < ARRAY_SIZE(cases); c++) {
			struct readers all;

			run_readers(&all, "bfq", cases[c].nr, cases[c].levels, sequential, 150);
			for (u32 i = 1; i < cases[c].nr; i++) {
				bool good = near_ratio(all.reader[0].sectors, all.reader[i].sectors, cases[c].weights[0], cases[c].weights[i], 5);

				CHECK(good);
				if (!good)
					printf("# case %u, sequential %u: %llu to %llu sectors\n", c, sequential, (unsigned long long)all.reader[0].sectors,
					       (unsigned long long)all.reader[i].sectors);
			}
		}
	}
}

TEST(cfq_slices)
{
	static const struct { u8 levels[2]; u32 first_ms, a, b; } cases[] = {
		{ { 4, 4 }, 100, 1, 1 }, { { 6, 3 }, 60, 1, 2 }, { { 7, 5 }, 40, 1, 2 }, { { 0, 7 }, 180, 9, 2 },
	};

	for (u32 sequential = 0; sequential < 2; sequential++) {
		for (u32 c = 0; c < ARRAY_SIZE(cases); c++) {
			struct readers all;
			bool good;

			run_readers(&all, "cfq", 2, cases[c].levels, sequential, 150);
			/* Random reads of a longer slice are nearer to each other. */
			good = near_ratio(all.reader[0].sectors, all.reader[1].sectors, cases[c].a, cases[c].b, sequential ? 5 : 8);
			CHECK(good);
			if (!good)
				printf("# case %u, sequential %u: %llu to %llu sectors\n", c, sequential, (unsigned long long)all.reader[0].sectors,
				       (unsigned long long)all.reader[1].sectors);
			/* A slice overruns by at most the request under way, and the next is shorter by that; the way to the first is added. */
			CHECK(all.slice_worst <= (cases[c].first_ms + 2 * 18) * MS);
			CHECK(all.slice_least + 18 * MS >= cases[c].first_ms * MS);
		}
	}
}

/* The disk waits for the next read of a process that thinks for 2 ms, and not for one that thinks for 50. */
static u64 thinker_time(const char *name, u64 think, u32 reads)
{
	struct sim_request mine, other[8];
	struct readers all = { .reader = { { .pid = 5, .level = 4 } } };
	struct sim s;
	u64 began;

	sim_start(&s, sim_type(name), 1, sim_arm_service);
	s.private = &all;
	s.served = NULL;
	for (u32 i = 0; i < 8; i++)
		other[i] = (struct sim_request){ .owner = 0 };
	sim_set(&s, "low_latency", 0);
	all.stop_at = ~0ull;
	all.reader[0].pid = 6;
	for (u32 i = 0; i < 8; i++)
		reader_next(&s, &other[i]);
	began = s.now;
	for (u32 n = 0; n < reads; n++) {
		read_at(&s, &mine, 1000000 + 8 * n, 5, 4);
		while (mine.state != SIM_SERVED) {
			sim_step(&s, ~0ull - 1);
			for (u32 i = 0; i < 8; i++)
				if (other[i].state == SIM_SERVED)
					reader_next(&s, &other[i]);
		}
		sim_run(&s, s.now + think);
	}
	began = s.now - began - reads * think;
	all.stop_at = 0;
	sim_drain(&s);
	sim_end(&s);
	return began / reads;
}

TEST(idling_pays_for_a_reader)
{
	u64 cfq = thinker_time("cfq", MS, 400), look = thinker_time("look", MS, 400), bfq = thinker_time("bfq", MS, 400);

	CHECK(cfq < look);
	CHECK(bfq < look);
	printf("# a reader beside eight: %u us a read under look, %u under cfq, %u under bfq\n", (u32)(look / 1000), (u32)(cfq / 1000), (u32)(bfq / 1000));
}

/* Weight raising: a process that starts up beside six sequential readers gets the disk sooner. */
static u64 start_up_time(bool low_latency)
{
	struct readers all;
	struct sim_request mine;
	struct sim s;
	u64 began;

	memset(&all, 0, sizeof(all));
	sim_start(&s, sim_type("bfq"), 1, sim_arm_service);
	sim_set(&s, "low_latency", low_latency);
	s.private = &all;
	s.served = NULL;
	all.stop_at = ~0ull;
	for (u32 i = 0; i < 3; i++) {
		all.reader[i] = (struct reader){ .pid = (pid_t)(10 + i), .level = 4, .sequential = true, .next = (sim_capacity / 4) * i };
		for (u32 k = 0; k < 8; k++) {
			all.r[i * 8 + k].owner = i;
			reader_next(&s, &all.r[i * 8 + k]);
		}
	}
	for (u32 n = 0; n < 4000; n++) { /* ten seconds and more: nobody is new any longer */
		sim_step(&s, ~0ull - 1);
		for (u32 k = 0; k < 24; k++)
			if (all.r[k].state == SIM_SERVED)
				reader_next(&s, &all.r[k]);
	}
	began = s.now;
	for (u32 n = 0; n < 100; n++) {
		read_at(&s, &mine, rnd((u32)sim_capacity), 99, 4);
		while (mine.state != SIM_SERVED) {
			sim_step(&s, ~0ull - 1);
			for (u32 k = 0; k < 24; k++)
				if (all.r[k].state == SIM_SERVED)
					reader_next(&s, &all.r[k]);
		}
	}
	began = s.now - began;
	all.stop_at = 0;
	sim_drain(&s);
	sim_end(&s);
	return began;
}

TEST(bfq_raises_who_starts_up)
{
	u64 plain = start_up_time(false), raised = start_up_time(true);

	printf("# a start-up of 100 reads: %u ms plain, %u ms raised\n", (u32)(plain / MS), (u32)(raised / MS));
	CHECK(raised * 2 < plain);
}

/* Classes: RT before BE before IDLE, as long as the higher one wants something. */
TEST(classes)
{
	static const char *const names[] = { "cfq", "bfq", "mq-deadline" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct sim_request r[30];
		struct sim s;
		u64 last[4] = { 0 }, first[4] = { ~0ull, ~0ull, ~0ull, ~0ull };

		sim_start(&s, sim_type(names[i]), 1, sim_arm_service);
		for (u32 n = 0; n < 30; n++) {
			u8 class = (u8)(3 - n % 3);

			sim_arrive(&s, &r[n], REQ_READ | REQ_SYNC, rnd((u32)sim_capacity), 8, 10 + class, class, 4);
		}
		sim_drain(&s);
		for (u32 n = 0; n < 30; n++) {
			u8 class = r[n].rq.ioprio_class;

			first[class] = min(first[class], r[n].dispatched);
			last[class] = max(last[class], r[n].dispatched);
		}
		CHECK(last[IOPRIO_CLASS_RT] < first[IOPRIO_CLASS_BE]);
		CHECK(last[IOPRIO_CLASS_BE] < first[IOPRIO_CLASS_IDLE]);
		sim_end(&s);
	}
}

/* ---- Kyber: the latency inside the device moves towards its target ---- */

/* A device that slows down with what is in it: writes are heavy. */
static u64 crowded_service(struct sim *s, struct sim_request *r)
{
	u32 writes = 0;

	for (u32 i = 0; i < SIM_DEPTH_MAX; i++)
		writes += s->slot[i].r && rq_op(&s->slot[i].r->rq) == REQ_WRITE;
	return MS / 2 + writes * (MS / 2);
}

struct load {
	struct sim_request r[96];
	u64 read_sum[2];
	u32 reads[2];
	u64 half;
};

static void load_next(struct sim *s, struct sim_request *r)
{
	struct load *l = s->private;
	u32 late = s->now > l->half;

	if (r->done && rq_op(&r->rq) == REQ_READ) {
		l->read_sum[late] += r->done - r->arrived;
		l->reads[late]++;
	}
	if (s->now < l->half * 3)
		sim_arrive(s, r, r->owner < 8 ? REQ_READ | REQ_SYNC : REQ_WRITE, rnd((u32)sim_capacity), 8, 1, BE, 4);
}

TEST(kyber_moves_towards_its_target)
{
	struct load l = { .half = 5000 * MS };
	struct sim s;
	char text[64];
	u32 writes;

	sim_start(&s, sim_type("kyber"), 64, crowded_service);
	sim_set(&s, "write_lat_nsec", 100000000);
	s.private = &l;
	s.served = load_next;
	for (u32 i = 0; i < 96; i++) {
		l.r[i].owner = i;
		l.r[i].done = 0;
		load_next(&s, &l.r[i]);
	}
	sim_run(&s, l.half * 3);
	s.e.type->attrs[2].show(&s.e, text, sizeof(text));
	sim_drain(&s);
	writes = (u32)strtoul(strstr(text, "write ") + 6, NULL, 10);
	printf("# %s#  a read took %u us in the first third, %u us afterwards\n", text, (u32)(l.read_sum[0] / l.reads[0] / 1000),
	       (u32)(l.read_sum[1] / l.reads[1] / 1000));
	CHECK(writes < 128);
	CHECK(l.read_sum[1] / l.reads[1] < l.read_sum[0] / l.reads[0]);
	CHECK(l.read_sum[1] / l.reads[1] < 4 * MS);
	CHECK_EQ(s.nr_served, s.nr_arrived);
	sim_end(&s);
}

int main(void)
{
	random_state = host_test_seed();
	RUN(bfq_shares_by_weight);
	RUN(cfq_slices);
	RUN(idling_pays_for_a_reader);
	RUN(bfq_raises_who_starts_up);
	RUN(classes);
	RUN(kyber_moves_towards_its_target);
	return host_test_end();
}
