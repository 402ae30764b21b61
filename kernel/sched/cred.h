/* Who a task is, and the one question the layers below ask about it. */
#ifndef KERNEL_SCHED_CRED_H
#define KERNEL_SCHED_CRED_H

#include "kernel/lib/types.h"

#define NGROUPS_MAX 32
struct cred {
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u32 ngroups;
	gid_t groups[NGROUPS_MAX];
};
struct task;
const struct cred *current_cred(void);
bool in_group(gid_t gid);     /* fsgid or a supplementary group */
bool capable(void);           /* effective root: the only privilege there is */
static inline bool fs_owner_or_capable(uid_t owner) { return current_cred()->fsuid == owner || capable(); }

#endif
