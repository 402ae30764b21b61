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

/* The fourth argument of semctl lies in memory. */
static long control_semaphores(s32 id, u32 n, int cmd, u32 where)
{
	u32 arg;

	if (!where)
		return -EINVAL;
	return get_user_u32(&arg, (const u32 __user *)where) ? -EFAULT : semctl_by_ipc(id, n, cmd, arg);
}

/* Buffer and type of msgrcv lie in memory, at first; since version 1 the type is the fifth argument. */
static long receive(u32 version, s32 id, u32 size, u32 flags, u32 ptr, u32 fifth)
{
	u32 kludge[2] = { ptr, fifth };

	if (!version && !ptr)
		return -EINVAL;
	if (!version && copy_from_user(kludge, (const void __user *)ptr, sizeof(kludge)))
		return -EFAULT;
	return sys_msgrcv(id, (void __user *)kludge[0], size, (s32)kludge[1], flags);
}

long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 ptr, u32 fifth)
{
	u32 version = call >> 16;

	switch (call & 0xffff) {
	case SEMOP:
		return semop_until(first, (const void __user *)ptr, second, NULL, false);
	case SEMTIMEDOP:
		return semop_until(first, (const void __user *)ptr, second, (const void __user *)fifth, false);
	case SEMGET:
		return sys_semget(first, (int)second, third);
	case SEMCTL:
		return control_semaphores(first, second, (int)third, ptr);
	case MSGSND:
		return sys_msgsnd(first, (const void __user *)ptr, second, third);
	case MSGRCV:
		return receive(version, first, second, third, ptr, fifth);
	case MSGGET:
		return sys_msgget(first, second);
	case MSGCTL:
		return msgctl_by_ipc(first, (int)second, (void __user *)ptr);
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
