/* struct rusage and struct timeval of the i386 ABI. */
#ifndef KERNEL_PROCESS_USAGE_H
#define KERNEL_PROCESS_USAGE_H

#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/sched/time.h"

struct timeval32 { s32 sec, usec; };
struct rusage_user {
	struct timeval32 utime, stime;
	s32 maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};
static_assert(sizeof(struct rusage_user) == 72, "ABI");

static inline struct timeval32 ns_to_timeval(u64 ns)
{
	u32 rem;
	u64 sec = div_u64_rem(ns, NSEC_PER_SEC, &rem);

	return (struct timeval32){ (s32)sec, (s32)(rem / 1000) };
}

static inline void fill_rusage(struct rusage_user *r, const struct process_usage *u)
{
	memset(r, 0, sizeof(*r));
	r->utime = ns_to_timeval(u->utime_ns);
	r->stime = ns_to_timeval(u->stime_ns);
	r->maxrss = (s32)(u->maxrss * (PAGE_SIZE / 1024));
	r->minflt = (s32)u->min_flt;
	r->majflt = (s32)u->maj_flt;
	r->inblock = (s32)(u->io.read_bytes >> SECTOR_SHIFT);
	r->oublock = (s32)(u->io.write_bytes >> SECTOR_SHIFT);
	r->nvcsw = (s32)u->nvcsw;
	r->nivcsw = (s32)u->nivcsw;
}

#endif
