/* System V semaphores: sets and values, operations all at once, waiting, SEM_UNDO, permissions. */
#include "cases.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <pthread.h>

#define KEY (key_ ? key_ : (key_ = 0x52000000 + getpid() * 16)) /* of this run alone, and of a case's children, too */
#define SEM_STAT_ANY 20
#define STAT 2 /* the kernel's number: musl's IPC_STAT has a bit more */

union arg {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	void *any;
};

static key_t key_;
static int made[16], nr_made;

static int get(key_t key, int n, int flags)
{
	int id = semget(key, n, flags);

	if (id >= 0 && nr_made < 16)
		made[nr_made++] = id;
	return id;
}

static void remove_all(void)
{
	for (int i = 0; i < nr_made; i++)
		semctl(made[i], 0, IPC_RMID);
}

static int op1(int id, int num, int op, int flags)
{
	struct sembuf b = { num, op, flags };

	return semop(id, &b, 1);
}

static void values(int id, int n)
{
	unsigned short v[8] = { 0 };

	if (semctl(id, 0, GETALL, (union arg){ .array = v }))
		say("GETALL: %s", strerror(errno));
	else
		say("values %d %d %d of %d", v[0], v[1], v[2], n);
}

/* Wait until so many wait for semaphore n to become more, or 0. */
static void wait_waiting(int id, int n, int cmd, int count)
{
	for (int i = 0; i < 3000 && semctl(id, n, cmd) != count; i++)
		sleep_ms(10);
}

CASE(sem_get, "semget: keys, numbers of semaphores")
{
	struct semid_ds d;
	int a, b;

	SAY(semget(KEY, 3, 0600));
	say("made %d", (a = get(KEY, 3, IPC_CREAT | IPC_EXCL | 0640)) >= 0);
	say("the same %d %d %d", semget(KEY, 3, 0) == a, semget(KEY, 0, 0) == a, semget(KEY, 2, IPC_CREAT | 0400) == a);
	SAY(semget(KEY, 4, 0));
	SAY(semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600));
	SAY(semget(KEY + 1, 0, IPC_CREAT | 0600));
	SAY(semget(KEY + 1, -1, IPC_CREAT | 0600));
	SAY(semget(IPC_PRIVATE, 100000, 0600));
	b = get(IPC_PRIVATE, 1, 0600);
	say("another %d", b >= 0 && b != a);
	SAY(semctl(a, 0, IPC_STAT, (union arg){ .buf = &d }));
	say("n %lu mode %o otime %s ctime %s", (unsigned long)d.sem_nsems, d.sem_perm.mode, d.sem_otime ? "set" : "0", d.sem_ctime ? "set" : "0");
	SAY(semctl(a, 0, IPC_RMID));
	SAY(semctl(a, 0, IPC_RMID));
	SAY(semctl(a, 0, GETVAL));
	SAY(semctl(-1, 0, GETVAL));
	SAY(semctl(b, 0, 99));
	SAY(semctl(b, 1, GETVAL));
	SAY(semctl(b, -1, GETVAL));
	remove_all();
}

CASE(sem_values, "SETVAL, SETALL, GETALL, GETPID and what they refuse")
{
	int id = get(IPC_PRIVATE, 3, 0600);
	unsigned short v[3] = { 1, 2, 3 }, big[3] = { 1, 32768, 1 };

	values(id, 3);
	SAY(semctl(id, 0, SETALL, (union arg){ .array = v }));
	values(id, 3);
	SAY(semctl(id, 0, SETALL, (union arg){ .array = big }));
	SAY(semctl(id, 1, SETVAL, (union arg){ .val = 32767 }));
	SAY(semctl(id, 1, SETVAL, (union arg){ .val = 32768 }));
	SAY(semctl(id, 1, SETVAL, (union arg){ .val = -1 }));
	SAY(semctl(id, 3, SETVAL, (union arg){ .val = 1 }));
	values(id, 3);
	say("pid %d", semctl(id, 1, GETPID) == getpid());
	SAY(semctl(id, 0, SETALL, (union arg){ .any = (void *)1 }));
	SAY(semctl(id, 0, GETALL, (union arg){ .any = (void *)1 }));
	SAY(op1(id, 1, 1, 0));
	SAY(op1(id, 1, 0, IPC_NOWAIT));
	SAY(op1(id, 3, 1, 0));
	SAY(op1(id, 0, -2, IPC_NOWAIT));
	remove_all();
}

CASE(sem_at_once, "several operations happen together or not at all")
{
	int id = get(IPC_PRIVATE, 3, 0600);
	struct sembuf some[] = { { 0, 2, 0 }, { 1, 1, 0 }, { 2, -1, IPC_NOWAIT } }, chain[] = { { 0, 0, IPC_NOWAIT }, { 0, 5, 0 }, { 0, -2, IPC_NOWAIT } };
	struct sembuf many[501], over[] = { { 1, 4, 0 }, { 0, 32767, 0 } };
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 };
	struct semid_ds d;

	for (int i = 0; i < 501; i++)
		many[i] = (struct sembuf){ 0, 1, 0 };
	SAY(semop(id, some, 3));
	values(id, 3);
	SAY(semop(id, chain, 3));
	values(id, 3);
	SAY(semop(id, over, 2));
	values(id, 3);
	SAY(semop(id, many, 501));
	SAY(semop(id, many, 20));
	SAY(semop(id, some, 0));
	SAY(semop(-1, some, 1));
	SAY(semop(id, (void *)16, 1));
	some[2].sem_flg = 0;
	SAY(semtimedop(id, some, 3, &none));
	SAY(semtimedop(id, some, 3, &bad));
	SAY(semtimedop(id, some, 2, &none));
	values(id, 3);
	semctl(id, 0, IPC_STAT, (union arg){ .buf = &d });
	say("otime %s", d.sem_otime ? "set" : "0");
	remove_all();
}

CASE(sem_waiting, "who waits goes on in the order of arrival, as far as the values allow; counts of who waits")
{
	int id = get(IPC_PRIVATE, 2, 0600), status;
	pid_t one, two, zero;

	one = fork();
	if (!one)
		_exit(op1(id, 0, -2, 0) ? 9 : 1);
	wait_waiting(id, 0, GETNCNT, 1);
	two = fork();
	if (!two)
		_exit(op1(id, 0, -1, 0) ? 9 : 2);
	wait_waiting(id, 0, GETNCNT, 2);
	say("more %d zero %d other %d", semctl(id, 0, GETNCNT), semctl(id, 0, GETZCNT), semctl(id, 1, GETNCNT));
	SAY(op1(id, 0, 1, 0)); /* not enough for the first */
	waitpid(two, &status, 0);
	say("the second %d", WEXITSTATUS(status));
	SAY(op1(id, 0, 2, 0));
	waitpid(one, &status, 0);
	say("the first %d, value %d, pid %d", WEXITSTATUS(status), semctl(id, 0, GETVAL), semctl(id, 0, GETPID) == one);
	op1(id, 1, 1, 0);
	zero = fork();
	if (!zero)
		_exit(op1(id, 1, 0, 0) ? 9 : 3);
	wait_waiting(id, 1, GETZCNT, 1);
	say("zero %d", semctl(id, 1, GETZCNT));
	SAY(semctl(id, 1, SETVAL, (union arg){ .val = 0 }));
	waitpid(zero, &status, 0);
	say("%d", WEXITSTATUS(status));
	one = fork();
	if (!one)
		_exit(op1(id, 1, -1, 0) ? errno : 0);
	wait_waiting(id, 1, GETNCNT, 1);
	SAY(semctl(id, 0, IPC_RMID));
	waitpid(one, &status, 0);
	say("removed: %s", strerror(WEXITSTATUS(status)));
}

CASE(sem_interrupted, "a signal ends waiting with EINTR even with SA_RESTART; a timeout with EAGAIN")
{
	int id = get(IPC_PRIVATE, 1, 0600), status;
	struct timespec soon = { 0, 20000000 };
	struct sembuf down = { 0, -1, 0 };
	pid_t pid = fork();

	if (!pid) {
		catch_signal(SIGUSR1, SA_RESTART);
		_exit(op1(id, 0, -1, 0) ? errno : 0);
	}
	wait_waiting(id, 0, GETNCNT, 1);
	kill(pid, SIGUSR1);
	waitpid(pid, &status, 0);
	say("%s, waiting %d", strerror(WEXITSTATUS(status)), semctl(id, 0, GETNCNT));
	SAY(semtimedop(id, &down, 1, &soon));
	pid = fork();
	if (!pid)
		_exit(op1(id, 0, -1, 0));
	wait_waiting(id, 0, GETNCNT, 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("killed, waiting %d", semctl(id, 0, GETNCNT));
	remove_all();
}

static void *take(void *arg)
{
	op1(*(int *)arg, 1, -1, SEM_UNDO);
	return NULL;
}

CASE(sem_undo, "SEM_UNDO: taken back at the end of a process, not of a thread; SETVAL forgets it; exec keeps it")
{
	int id = get(IPC_PRIVATE, 2, 0600);
	pthread_t thread;

	semctl(id, 0, SETVAL, (union arg){ .val = 5 });
	semctl(id, 1, SETVAL, (union arg){ .val = 5 });
	IN_CHILD {
		op1(id, 0, -3, SEM_UNDO);
		op1(id, 0, 1, SEM_UNDO);
		op1(id, 0, 1, 0);
		pthread_create(&thread, NULL, take, &id);
		pthread_join(thread, NULL);
		values(id, 2);
	}
	values(id, 2);
	say("pid of another %d", semctl(id, 0, GETPID) != getpid());
	IN_CHILD {
		op1(id, 0, -3, SEM_UNDO);
		semctl(id, 0, SETVAL, (union arg){ .val = 1 });
	}
	values(id, 2);
	IN_CHILD {
		op1(id, 0, 4, SEM_UNDO);
		op1(id, 0, -5, 0);
		IN_CHILD {
			say("the child's child %d", semctl(id, 0, GETVAL));
		}
	}
	values(id, 2);
	IN_CHILD {
		op1(id, 1, -1, SEM_UNDO);
		execl("/bin/busybox", "true", NULL);
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	values(id, 2);
	semctl(id, 1, SETVAL, (union arg){ .val = 0 });
	IN_CHILD {
		op1(id, 1, 32767, SEM_UNDO);
		op1(id, 1, -32767, 0);
		SAY(op1(id, 1, 2, SEM_UNDO));
	}
	values(id, 2);
	remove_all();
}

CASE_ROOT(sem_permissions, "who may read, alter, change, remove")
{
	int id = get(IPC_PRIVATE, 1, 0604), alter = get(KEY, 1, IPC_CREAT | 0602);
	struct semid_ds d;

	IN_CHILD {
		become(1000);
		SAY(semctl(id, 0, GETVAL));
		SAY(op1(id, 0, 0, 0));
		SAY(op1(id, 0, 1, 0));
		SAY(semctl(id, 0, SETVAL, (union arg){ .val = 1 }));
		SAY(semctl(id, 0, IPC_STAT, (union arg){ .buf = &d }));
		SAY(semctl(id, 0, IPC_SET, (union arg){ .buf = &d }));
		SAY(semctl(id, 0, IPC_RMID));
		SAY(op1(alter, 0, 1, 0));
		SAY(op1(alter, 0, 0, IPC_NOWAIT));
		SAY(semctl(alter, 0, GETVAL));
		SAY(semget(KEY, 1, 0400));
	}
	semctl(alter, 0, IPC_STAT, (union arg){ .buf = &d });
	d.sem_perm.uid = 1000;
	SAY(semctl(alter, 0, IPC_SET, (union arg){ .buf = &d }));
	IN_CHILD {
		become(1000);
		SAY(semctl(alter, 0, GETVAL));
		SAY(semctl(alter, 0, IPC_RMID));
	}
	remove_all();
}

CASE(sem_in_proc, "/proc/sysvipc/sem, SEM_STAT, SEM_INFO; the calls by their numbers")
{
	int id = get(KEY, 3, IPC_CREAT | 0612), found = 0, key, semid, mode, n;
	struct seminfo all;
	unsigned char raw[100];
	struct { int key; unsigned short uid, gid, cuid, cgid, mode, seq; int otime, ctime, more[4]; unsigned short nsems; } o;
	char line[300];
	FILE *f = fopen("/proc/sysvipc/sem", "r");
	struct sembuf up = { 2, 4, 0 };
	long arg = 7, wide[3] = { 0 }, pointer = (long)&o;

	fgets(line, sizeof(line), f);
	say("%s", line);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d %o %d", &key, &semid, &mode, &n) == 4 && semid == id) {
			found = 1;
			say("key %d mode %o n %d", key == KEY, mode, n);
		}
	fclose(f);
	say("%d", found);
	say("highest %d", semctl(0, 0, SEM_INFO, (union arg){ .any = &all }) >= 0);
	say("sets %d semaphores %d", all.semusz >= 1, all.semaem >= 3);
	say("highest %d", semctl(0, 0, IPC_INFO, (union arg){ .any = &all }) >= 0);
	say("%d %d %d", all.semmsl, all.semopm, all.semvmx);
	say("by its place %d", semctl(id & 0x7fff, 0, SEM_STAT, (union arg){ .any = raw }) == id);
	say("for anybody %ld", syscall(SYS_semctl, id & 0x7fff, 0, SEM_STAT_ANY, raw) - id);
	SAY(syscall(420, id, &up, 1, wide));
	SAY(syscall(SYS_ipc, 1, id, 1, 0, &up));
	SAY(syscall(SYS_ipc, 3, id, 1, SETVAL, &arg));
	SAY(syscall(SYS_semctl, id, 0, SETVAL, 9));
	values(id, 3);
	SAY(syscall(SYS_ipc, 3, id, 0, STAT, &pointer));
	say("%d %o", o.nsems, o.mode);
	SAY(syscall(SYS_ipc, 3, id, 0, GETVAL, 0));
	remove_all();
}
