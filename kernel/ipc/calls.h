/* The system calls of System V IPC, for the table and for ipc(2), which is all of them in one. Arguments as programs pass them. May sleep. */
#ifndef KERNEL_IPC_CALLS_H
#define KERNEL_IPC_CALLS_H

#include "kernel/lib/types.h"

long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 ptr, u32 fifth);

/* shm.c. What ends in _by_ipc takes commands with or without IPC_64. */
long sys_shmget(s32 key, u32 size, u32 flags);
long sys_shmat(s32 id, u32 addr, u32 flags); /* the address */
long sys_shmdt(u32 addr);
long sys_shmctl(s32 id, int cmd, void __user *buf);
long shmctl_by_ipc(s32 id, int cmd, void __user *buf);

/* sem.c */
long sys_semget(s32 key, int nsems, u32 flags);
long sys_semctl(s32 id, u32 n, int cmd, u32 arg); /* arg: a value or a pointer */
long semctl_by_ipc(s32 id, u32 n, int cmd, u32 arg);
long sys_semtimedop_time64(s32 id, const void __user *ops, u32 nops, const void __user *timeout);
/* timeout: a timespec, a wide one or not, or NULL. */
long semop_until(s32 id, const void __user *ops, u32 nops, const void __user *timeout, bool wide);
/* The current process ends: take back what it did with SEM_UNDO. From its last thread. */
void sem_process_ends(void);

/* msg.c */
long sys_msgget(s32 key, u32 flags);
long sys_msgsnd(s32 id, const void __user *message, u32 size, u32 flags);
long sys_msgrcv(s32 id, void __user *message, u32 size, s32 type, u32 flags);
long sys_msgctl(s32 id, int cmd, void __user *buf);
long msgctl_by_ipc(s32 id, int cmd, void __user *buf);

#endif
