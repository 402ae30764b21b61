/*
 * A disk in modelled time for the elevators of the kernel: requests arrive, wait in an elevator, and go to a device that takes `depth` of them
 * at once and needs as long for each as the model says. Nothing sleeps; the clock jumps from event to event.
 */
#ifndef TESTS_HOST_ELEVATOR_SIM_H
#define TESTS_HOST_ELEVATOR_SIM_H

#include "io/contract/elevator.h"

#define MS 1000000ull
#define SIM_DEPTH_MAX 64u

struct sim_request {
	struct request rq;             /* first */
	u64 arrived, dispatched, done; /* modelled ns; done 0: not yet */
	u32 number;                    /* in order of arrival */
	u32 owner;                     /* for the test */
	u8 state;                      /* enum sim_state */
};
enum sim_state { SIM_NEW, SIM_WAITS, SIM_IN_DEVICE, SIM_SERVED, SIM_MERGED };

struct sim {
	struct elevator_queue e;
	u64 now;
	u32 depth, in_flight;
	sector_t arm;                  /* of the device: where the last request it began ended */
	u64 busy_ns;
	u32 nr_arrived, nr_served, errors; /* errors: served twice, or never inserted */
	struct { struct sim_request *r; u64 done; } slot[SIM_DEPTH_MAX];
	u64 (*service)(struct sim *s, struct sim_request *r); /* ns from now on */
	void (*served)(struct sim *s, struct sim_request *r); /* a request has ended; may let others arrive. NULL: nothing */
	void *private;
};

/* The disk all elevators see through blk_queue_*. */
extern sector_t sim_capacity;
extern bool sim_rotational;

extern struct elevator_type *const sim_types[];
extern const u32 sim_nr_types;
struct elevator_type *sim_type(const char *name); /* NULL: none */

void sim_start(struct sim *s, struct elevator_type *t, u32 depth, u64 (*service)(struct sim *, struct sim_request *));
void sim_end(struct sim *s); /* frees the elevator; aborts when something still waits */
/* A request arrives now. flags: op and REQ_*; ioprio class and level as in struct request. It stays the caller's. */
void sim_arrive(struct sim *s, struct sim_request *r, u32 flags, sector_t sector, u32 nr, pid_t pid, u8 class, u8 level);
/* Until the next thing has happened, or until the time `until`. false: nothing waits, nothing is in the device. */
bool sim_step(struct sim *s, u64 until);
void sim_run(struct sim *s, u64 until); /* until that time */
void sim_drain(struct sim *s);          /* until all is served */
int sim_set(struct sim *s, const char *file, u64 value); /* a tunable by its name in iosched/; 0, -ENOENT */

/* Models: a disk with an arm (0.3 to 14 ms by the root of the distance, half a turn of 6 ms, 150 MB/s), and one that is the same everywhere. */
u64 sim_arm_service(struct sim *s, struct sim_request *r);
u64 sim_flat_service(struct sim *s, struct sim_request *r);

#endif
