/* The running task: current->pid, current->comm; sleeping by hand. */
#ifndef LINUX_SCHED_H
#define LINUX_SCHED_H

#include "kernel/include/sluice/prelude.h"
#include <linux/wait.h>

#define task_struct task
#define MAX_SCHEDULE_TIMEOUT 0x7fffffffl
#define signal_pending(task) signal_pending_current() /* of the running task only */
#define __set_current_state(state) set_current_state(state)
#define task_pid_nr(task) ((task)->pid)
#define task_tgid_nr(task) ((task)->tgid)
/* Sleep at most so many jiffies in the state set before; what is left of them. */
static inline long schedule_timeout(long timeout)
{
	unsigned long until = jiffies + (unsigned long)timeout;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	schedule_until(jiffies_to_ktime(until));
	set_current_state(TASK_RUNNING);
	return max((long)(until - jiffies), 0l);
}
static inline long schedule_timeout_interruptible(long timeout)
{
	set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}
static inline long schedule_timeout_uninterruptible(long timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

#endif
