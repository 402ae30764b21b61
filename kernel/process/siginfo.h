/* struct siginfo of the i386 ABI: 128 bytes, three words and a union (include/uapi/asm-generic/siginfo.h of Linux). */
#ifndef KERNEL_PROCESS_SIGINFO_H
#define KERNEL_PROCESS_SIGINFO_H

#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"

struct siginfo_user {
	s32 signo, err, code;
	u32 fields[29];
};
static_assert(sizeof(struct siginfo_user) == 128, "ABI");

/* Faults have the address first, SIGIO band and descriptor, all others pid, uid and a value; SIGCHLD the times behind it. */
static inline void siginfo_to_user(struct siginfo_user *u, const struct siginfo_k *k)
{
	u64 faults = sigmask_of(SIGILL) | sigmask_of(SIGFPE) | sigmask_of(SIGSEGV) | sigmask_of(SIGBUS) | sigmask_of(SIGTRAP);
	bool from_kernel = k->code > 0 && k->code < SI_KERNEL;

	memset(u, 0, sizeof(*u));
	u->signo = k->signo;
	u->err = k->err;
	u->code = k->code;
	if (from_kernel && (sigmask_of(k->signo) & faults)) {
		u->fields[0] = k->addr_or_value;
	} else if ((from_kernel && k->signo != SIGCHLD && k->code <= NSIGPOLL) || k->code == SI_SIGIO) {
		u->fields[0] = (u32)k->band_or_utime;
		u->fields[1] = (u32)k->fd_or_stime;
	} else {
		u->fields[0] = (u32)k->pid;
		u->fields[1] = k->uid;
		u->fields[2] = k->addr_or_value;
		if (k->signo == SIGCHLD && from_kernel) {
			u->fields[3] = (u32)k->band_or_utime;
			u->fields[4] = (u32)k->fd_or_stime;
		}
	}
}

/* What rt_sigqueueinfo takes. */
static inline void siginfo_from_user(struct siginfo_k *k, const struct siginfo_user *u)
{
	*k = (struct siginfo_k){ .signo = u->signo, .code = u->code, .err = u->err, .pid = (pid_t)u->fields[0], .uid = u->fields[1],
				 .addr_or_value = u->fields[2] };
}

#endif
