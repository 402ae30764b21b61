/* System V IPC as programs see it (include/uapi/linux/ipc.h, shm.h, sem.h, msg.h; the headers of asm that these name): i386 layouts, new and old. */
#ifndef KERNEL_UAPI_IPC_H
#define KERNEL_UAPI_IPC_H

#include "kernel/lib/types.h"

#define IPC_PRIVATE 0
#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_NOWAIT 04000u

#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3
#define IPC_64 0x100 /* in a command of ipc(2): the new layouts; the calls of their own have no others */

/* ipc(2), in the lower half of its first argument */
#define SEMOP 1u
#define SEMGET 2u
#define SEMCTL 3u
#define SEMTIMEDOP 4u
#define MSGSND 11u
#define MSGRCV 12u
#define MSGGET 13u
#define MSGCTL 14u
#define SHMAT 21u
#define SHMDT 22u
#define SHMGET 23u
#define SHMCTL 24u

struct ipc64_perm {
	s32 key;
	u32 uid, gid, cuid, cgid;
	u16 mode, pad1, seq, pad2;
	u32 unused[2];
};
static_assert(sizeof(struct ipc64_perm) == 36, "ABI");

struct ipc_old_perm {
	s32 key;
	u16 uid, gid, cuid, cgid, mode, seq;
};
static_assert(sizeof(struct ipc_old_perm) == 16, "ABI");

/* ---- shared memory ---- */

#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHM_HUGETLB 04000u
#define SHM_NORESERVE 010000u /* of shmget */

#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_INFO 14
#define SHM_STAT_ANY 15

#define SHM_DEST 01000u /* in the mode: goes with its last mapping */
#define SHM_LOCKED 02000u

struct shmid64_ds {
	struct ipc64_perm perm;
	u32 segsz;
	u32 atime, atime_high, dtime, dtime_high, ctime, ctime_high;
	s32 cpid, lpid;
	u32 nattch, unused[2];
};
static_assert(sizeof(struct shmid64_ds) == 84, "ABI");

struct shmid_old_ds {
	struct ipc_old_perm perm;
	s32 segsz;
	s32 atime, dtime, ctime;
	u16 cpid, lpid, nattch, unused;
	u32 unused2, unused3;
};
static_assert(sizeof(struct shmid_old_ds) == 48, "ABI");

struct shminfo64 {
	u32 shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};

struct shminfo_old {
	s32 shmmax, shmmin, shmmni, shmseg, shmall;
};

struct shm_info {
	s32 used_ids;
	u32 shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

/* ---- semaphores ---- */

#define GETPID 11
#define GETVAL 12
#define GETALL 13
#define GETNCNT 14
#define GETZCNT 15
#define SETVAL 16
#define SETALL 17
#define SEM_STAT 18
#define SEM_INFO 19
#define SEM_STAT_ANY 20
#define SEM_UNDO 0x1000

struct sembuf {
	u16 num;
	s16 op, flags;
};

struct semid64_ds {
	struct ipc64_perm perm;
	u32 otime, otime_high, ctime, ctime_high;
	u32 nsems, unused[2];
};
static_assert(sizeof(struct semid64_ds) == 64, "ABI");

struct semid_old_ds {
	struct ipc_old_perm perm;
	s32 otime, ctime;
	u32 unused[4];
	u16 nsems, pad;
};
static_assert(sizeof(struct semid_old_ds) == 44, "ABI");

struct seminfo {
	s32 semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem;
};

/* ---- message queues ---- */

#define MSG_STAT 11
#define MSG_INFO 12
#define MSG_STAT_ANY 13
#define MSG_NOERROR 010000
#define MSG_EXCEPT 020000
#define MSG_COPY 040000

struct msqid64_ds {
	struct ipc64_perm perm;
	u32 stime, stime_high, rtime, rtime_high, ctime, ctime_high;
	u32 cbytes, qnum, qbytes;
	s32 lspid, lrpid;
	u32 unused[2];
};
static_assert(sizeof(struct msqid64_ds) == 88, "ABI");

struct msqid_old_ds {
	struct ipc_old_perm perm;
	u32 unused[2];
	s32 stime, rtime, ctime;
	u32 lcbytes, lqbytes;
	u16 cbytes, qnum, qbytes, lspid, lrpid, pad;
};
static_assert(sizeof(struct msqid_old_ds) == 56, "ABI");

struct msginfo {
	s32 msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
	u16 msgseg, pad;
};
static_assert(sizeof(struct msginfo) == 32, "ABI");

#endif
