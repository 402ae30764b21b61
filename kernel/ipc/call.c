/* ipc(2): the call that all of System V IPC goes through on i386, C libraries' too; the ones of their own came with Linux 5.1. */
#include "kernel/hal/uaccess.h"
#include "kernel/ipc/calls.h"
#include "kernel/uapi/errno.h"
#include "kernel/uapi/ipc.h"

/* The address goes to *where, not back: below zero it would look like an error. */
static long attach(s32 id, u32 addr, u32 flags, u32 where)
{
	long at = sys_shmat(id, addr, flags);

	return at < 0 && at >= -4095 ? at : put_user_u32((u32)at, (u32 __user *)where);
}

long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 ptr, u32 fifth)
{
	u32 version = call >> 16;

	switch (call & 0xffff) {
	case SHMAT:
		return version == 1 ? -EINVAL : attach(first, ptr, second, third); /* 1: iBCS2's way, which Linux does not have either */
	case SHMDT:
		return sys_shmdt(ptr);
	case SHMGET:
		return sys_shmget(first, second, third);
	case SHMCTL:
		return shmctl_by_ipc(first, (int)second, (void __user *)ptr);
	default:
		return -ENOSYS;
	}
}
