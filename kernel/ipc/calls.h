/* The system calls of System V IPC, for the table and for ipc(2), which is all of them in one. Arguments as programs pass them. May sleep. */
#ifndef KERNEL_IPC_CALLS_H
#define KERNEL_IPC_CALLS_H

#include "kernel/lib/types.h"

long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 ptr, u32 fifth);

long sys_shmget(s32 key, u32 size, u32 flags);
long sys_shmat(s32 id, u32 addr, u32 flags); /* the address */
long sys_shmdt(u32 addr);
long sys_shmctl(s32 id, int cmd, void __user *buf);
long shmctl_by_ipc(s32 id, int cmd, void __user *buf); /* cmd with or without IPC_64 */

#endif
