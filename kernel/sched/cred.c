/* Questions about who the current task is. */
#include "kernel/sched/cred.h"
#include "kernel/sched/task.h"

const struct cred *current_cred(void) { return &current->cred; }

bool in_group(gid_t gid)
{
	const struct cred *c = &current->cred;

	if (c->fsgid == gid)
		return true;
	for (u32 i = 0; i < c->ngroups; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

bool capable(void) { return current->cred.euid == 0; }
