/*
 * The vDSO's clocks: what clock_gettime, gettimeofday, time and clock_getres answer, without entering the kernel where that can be.
 * The time is computed from the page [vvar] (kernel/sched/vdso_data.h) and the TSC, by the kernel's own arithmetic, so that it never
 * disagrees with the system call. Clocks of CPU time, unknown ones, and a page too old to count on from (a tick overdue by seconds) go to the
 * kernel. Runs in the program: a bad pointer is the program's own fault, as on Linux.
 */
#define VDSO
#include "kernel/hal/time_hw.h"
#include "kernel/sched/vdso_data.h"
#include "kernel/uapi/time.h"

#define EXPORT __attribute__((visibility("default")))
#define NSEC_PER_SEC 1000000000u
#define SYS_clock_getres 266
#define SYS_clock_gettime 265
#define SYS_clock_gettime64 403

struct timespec32 { s32 sec, nsec; };
struct timespec64 { s64 sec; s32 nsec, unused; };
struct timeval32 { s32 sec, usec; };
struct timezone32 { s32 minuteswest, dsttime; };

extern const struct vdso_data vvar __attribute__((visibility("hidden"))); /* placed by vdso.lds: the page before the image */

int __vdso_clock_gettime(int clock, struct timespec32 *ts);
int __vdso_clock_gettime64(int clock, struct timespec64 *ts);
int __vdso_clock_getres(int clock, struct timespec32 *ts);
int __vdso_gettimeofday(struct timeval32 *tv, struct timezone32 *tz);
s32 __vdso_time(s32 *t);

/* In a register: else the compiler adds the offset from the global offset table at each use. */
static inline const struct vdso_data *get_data(void)
{
	const struct vdso_data *v = &vvar;

	__asm__("" : "+r"(v));
	return v;
}

static int system_call(u32 nr, int clock, void *ts)
{
	int ret;

	__asm__ volatile("call __kernel_vsyscall" : "=a"(ret) : "a"(nr), "b"(clock), "c"(ts) : "memory");
	return ret;
}

/* The value at the last tick. */
static inline void read_coarse(const struct vdso_data *v, const struct vdso_clock *c, s64 *sec, u32 *nsec)
{
	u32 seq;

	do {
		seq = seq_read_begin(&v->seq);
		*sec = (s64)c->sec;
		*nsec = c->nsec;
	} while (seq_read_retry(&v->seq, seq));
}

/* The value now. False: the last tick is more than 2 s or 2^32 cycles ago. */
static inline bool read_fine(const struct vdso_data *v, const struct vdso_clock *c, s64 *sec, u32 *nsec)
{
	const u32 *tsc = (const u32 *)&v->tsc;
	u32 seq, late, low, high;

	do {
		seq = seq_read_begin(&v->seq);
		/* late and product: TSC - tsc; high and low: product * mult + fraction. In C it takes thrice as many instructions. */
		__asm__ volatile("rdtsc\n\tsubl %3, %%eax\n\tsbbl %4, %%edx\n\tmovl %%edx, %2\n\tmull %5\n\taddl %6, %%eax\n\tadcl $0, %%edx"
				 : "=&a"(low), "=&d"(high), "=&r"(late) : "m"(tsc[0]), "m"(tsc[1]), "m"(v->mult), "m"(v->fraction));
		*nsec = c->nsec + (high << (32 - CLOCK_SHIFT) | low >> CLOCK_SHIFT); /* when not late below 1e9 + 2^31 */
		*sec = (s64)c->sec;
	} while (seq_read_retry(&v->seq, seq));
	if (unlikely(late | high >> (CLOCK_SHIFT - 1)))
		return false;
	while (unlikely(*nsec >= NSEC_PER_SEC)) {
		*nsec -= NSEC_PER_SEC;
		(*sec)++;
	}
	return true;
}

#define CLOCK_BIT(clock) (1u << (clock))
#define OF_REALTIME (CLOCK_BIT(CLOCK_REALTIME) | CLOCK_BIT(CLOCK_TAI))
#define OF_MONOTONIC (CLOCK_BIT(CLOCK_MONOTONIC) | CLOCK_BIT(CLOCK_MONOTONIC_RAW) | CLOCK_BIT(CLOCK_BOOTTIME))
#define OF_COARSE (CLOCK_BIT(CLOCK_REALTIME_COARSE) | CLOCK_BIT(CLOCK_MONOTONIC_COARSE))

/* False: ask the kernel. */
static inline bool read_clock(u32 clock, s64 *sec, u32 *nsec)
{
	const struct vdso_data *v = get_data();
	u32 bit = clock < 32 ? CLOCK_BIT(clock) : 0;

	if (likely(bit & (OF_REALTIME | OF_MONOTONIC)))
		return read_fine(v, bit & OF_REALTIME ? &v->realtime : &v->monotonic, sec, nsec);
	if (!(bit & OF_COARSE))
		return false;
	read_coarse(v, bit & CLOCK_BIT(CLOCK_REALTIME_COARSE) ? &v->realtime : &v->monotonic, sec, nsec);
	return true;
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec32 *ts)
{
	s64 sec;
	u32 nsec;

	if (!read_clock((u32)clock, &sec, &nsec))
		return system_call(SYS_clock_gettime, clock, ts);
	*ts = (struct timespec32){ (s32)sec, (s32)nsec };
	return 0;
}

EXPORT int __vdso_clock_gettime64(int clock, struct timespec64 *ts)
{
	s64 sec;
	u32 nsec;

	if (!read_clock((u32)clock, &sec, &nsec))
		return system_call(SYS_clock_gettime64, clock, ts);
	ts->sec = sec;
	ts->nsec = (s32)nsec;
	ts->unused = 0;
	return 0;
}

EXPORT int __vdso_clock_getres(int clock, struct timespec32 *ts)
{
	u32 bit = (u32)clock < 32 ? CLOCK_BIT(clock) : 0;

	if (!(bit & (OF_REALTIME | OF_MONOTONIC | OF_COARSE)))
		return system_call(SYS_clock_getres, clock, ts);
	if (ts)
		*ts = (struct timespec32){ 0, bit & OF_COARSE ? (s32)(NSEC_PER_SEC / HZ) : (s32)vvar.hrtimer_res };
	return 0;
}

EXPORT int __vdso_gettimeofday(struct timeval32 *tv, struct timezone32 *tz)
{
	struct timespec32 ts;

	if (tv) {
		(void)__vdso_clock_gettime(CLOCK_REALTIME, &ts);
		*tv = (struct timeval32){ ts.sec, (s32)((u32)ts.nsec / 1000) };
	}
	if (tz)
		*tz = (struct timezone32){ vvar.minuteswest, vvar.dsttime };
	return 0;
}

EXPORT s32 __vdso_time(s32 *t)
{
	s32 now = (s32)vvar.realtime.sec;

	if (t)
		*t = now;
	return now;
}
