/* futex, robust lists and clone's flags: what is refused, what wakes whom. */
#include "cases.h"
#include <sched.h>

enum { WAIT, WAKE, REQUEUE = 3, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET, PRIVATE = 128, REALTIME = 256 };

static int *word; /* in memory that children share */

static long futex(int *at, int op, int value, const void *time, int *second, int value3)
{
	return syscall(SYS_futex, at, op, value, time, second, value3);
}

static void make(void) { word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }

/* A child that waits with these arguments until it sleeps; it says its result. */
static pid_t waiter(int *at, int op, int value, int value3)
{
	int ready[2];
	char c;

	pipe(ready);
	pid_t pid = fork();
	if (!pid) {
		write(ready[1], "x", 1);
		long n = futex(at, op, value, NULL, NULL, value3);
		_exit(n < 0 ? 100 + errno : (int)n);
	}
	read(ready[0], &c, 1);
	wait_state(pid, "S");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void ended(const char *what, pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	say_status(what, status);
}

CASE(futex_wait_errors, "values, addresses, times, operations")
{
	long past[2] = { 0, 1 }, bad[2] = { 0, 1000000000 }, negative[2] = { -1, 0 };

	make();
	*word = 5;
	SAY(futex(word, WAIT, 4, NULL, NULL, 0));
	SAY(futex(word, WAIT, 5, past, NULL, 0));
	SAY(futex(word, WAIT, 5, bad, NULL, 0));
	SAY(futex(word, WAIT, 5, negative, NULL, 0));
	SAY(futex(word, WAIT, 5, (void *)16, NULL, 0));
	SAY(futex((void *)((char *)word + 1), WAIT, 5, NULL, NULL, 0));
	SAY(futex((void *)((char *)word + 2), WAKE, 1, NULL, NULL, 0));
	SAY(futex((void *)16, WAIT, 5, NULL, NULL, 0));
	SAY(futex((void *)16, WAIT | PRIVATE, 5, NULL, NULL, 0));
	SAY(futex((void *)16, WAKE, 1, NULL, NULL, 0));
	SAY(futex((void *)16, WAKE | PRIVATE, 1, NULL, NULL, 0));
	SAY(futex(NULL, WAIT, 0, NULL, NULL, 0));
	SAY(futex(word, 99, 5, NULL, NULL, 0));
	SAY(futex(word, WAKE, 1, NULL, NULL, 0));
	SAY(futex(word, WAKE, -1, NULL, NULL, 0));
}

CASE(futex_bitset_errors, "a set of no bits; absolute times")
{
	long past[2] = { 1, 0 };

	make();
	SAY(futex(word, WAIT_BITSET, 0, NULL, NULL, 0));
	SAY(futex(word, WAKE_BITSET, 1, NULL, NULL, 0));
	SAY(futex(word, WAKE_BITSET, 1, NULL, NULL, 1));
	SAY(futex(word, WAIT_BITSET, 0, past, NULL, 1));
	SAY(futex(word, WAIT_BITSET | REALTIME, 0, past, NULL, 1));
	SAY(futex(word, WAIT_BITSET, 7, past, NULL, 1));
	SAY(futex(word, WAKE | REALTIME, 1, NULL, NULL, 0));
}

CASE(futex_wake_counts, "as many as are asked for, no more than there are")
{
	pid_t a, b, c;

	make();
	a = waiter(word, WAIT, 0, 0);
	b = waiter(word, WAIT, 0, 0);
	c = waiter(word, WAIT, 0, 0);
	SAY(futex(word, WAKE, 1, NULL, NULL, 0));
	SAY(futex(word, WAKE, 10, NULL, NULL, 0));
	SAY(futex(word, WAKE, 10, NULL, NULL, 0));
	ended("a", a);
	ended("b", b);
	ended("c", c);
}

CASE(futex_order, "who came first is woken first")
{
	pid_t a, b;

	make();
	a = waiter(word, WAIT, 0, 0);
	b = waiter(word, WAIT, 0, 0);
	SAY(futex(word, WAKE, 1, NULL, NULL, 0));
	ended("first", a);
	SAY(waitpid(b, NULL, WNOHANG));
	SAY(futex(word, WAKE, 1, NULL, NULL, 0));
	ended("second", b);
}

CASE(futex_bits, "a wake with bits wakes those that share one")
{
	pid_t a, b, c;

	make();
	a = waiter(word, WAIT_BITSET, 0, 1);
	b = waiter(word, WAIT_BITSET, 0, 2);
	c = waiter(word, WAIT, 0, 0);
	SAY(futex(word, WAKE_BITSET, 10, NULL, NULL, 4));
	ended("plain one has all bits", c);
	SAY(futex(word, WAKE_BITSET, 10, NULL, NULL, 2));
	ended("b", b);
	SAY(futex(word, WAKE_BITSET, 10, NULL, NULL, -1));
	ended("a", a);
}

CASE(futex_private, "private and shared waits do not meet")
{
	pid_t a;

	make();
	a = waiter(word, WAIT, 0, 0);
	SAY(futex(word, WAKE | PRIVATE, 10, NULL, NULL, 0));
	SAY(futex(word, WAKE, 10, NULL, NULL, 0));
	ended("a", a);
}

CASE(futex_requeue, "CMP_REQUEUE wakes some and moves some")
{
	pid_t a, b, c;

	make();
	a = waiter(word, WAIT, 0, 0);
	b = waiter(word, WAIT, 0, 0);
	c = waiter(word, WAIT, 0, 0);
	SAY(futex(word, CMP_REQUEUE, 1, (void *)1, word + 1, 5));
	SAY(futex(word, CMP_REQUEUE, 1, (void *)1, word + 1, 0));
	ended("a", a);
	SAY(futex(word + 1, WAKE, 10, NULL, NULL, 0));
	ended("b", b);
	SAY(futex(word, REQUEUE, 0, (void *)10, word + 1, 0));
	SAY(futex(word, WAKE, 10, NULL, NULL, 0));
	SAY(futex(word + 1, WAKE, 10, NULL, NULL, 0));
	ended("c", c);
	SAY(futex(word, CMP_REQUEUE, -1, (void *)1, word + 1, 0));
	SAY(futex(word, CMP_REQUEUE, 1, (void *)-1l, word + 1, 0));
	SAY(futex(word, CMP_REQUEUE, 1, (void *)1, (void *)((char *)word + 1), 0));
	SAY(futex(word, CMP_REQUEUE, 1, (void *)1, (void *)16, 0));
}

/* operation, comparison, their arguments */
#define OP(op, arg, cmp, with) ((op) << 28 | (cmp) << 24 | (arg) << 12 | (with))

CASE(futex_wake_op, "WAKE_OP changes the second word, wakes at the first, and at the second if it was so")
{
	pid_t a, b;

	make();
	word[1] = 7;
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(1, 3, 0, 7)));
	say("%d", word[1]);
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(0, 0, 0, 7)));
	a = waiter(word, WAIT, 0, 0);
	b = waiter(word + 1, WAIT, 0, 0);
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(2, 12, 4, 0)));
	say("%d", word[1]);
	ended("a", a);
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(4, 5, 0, 12)));
	say("%d", word[1]);
	ended("b", b);
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(8 | 0, 4, 1, 9)));
	say("%d", word[1]);
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(5, 4, 0, 0)));
	SAY(futex(word, WAKE_OP, 1, (void *)1, word + 1, OP(0, 4, 9, 0)));
	SAY(futex(word, WAKE_OP, 1, (void *)1, (void *)16, OP(0, 4, 0, 0)));
}

CASE(futex_file, "a futex in a file: two mappings of it are one place")
{
	int f = open("f", O_RDWR | O_CREAT, 0600);

	ftruncate(f, 4096);
	int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0), *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	pid_t pid = waiter(a, WAIT, 0, 0);
	SAY(futex(b, WAKE, 1, NULL, NULL, 0));
	ended("child", pid);
}

CASE(futex_read_only, "waiting needs only reading")
{
	long soon[2] = { 0, 1000000 };

	make();
	mprotect(word, 4096, PROT_READ);
	SAY(futex(word, WAIT, 0, soon, NULL, 0));
	SAY(futex(word, WAKE, 1, NULL, NULL, 0));
	mprotect(word, 4096, PROT_NONE);
	SAY(futex(word, WAIT | PRIVATE, 0, soon, NULL, 0));
}

CASE(robust_list, "set_robust_list and get_robust_list")
{
	struct { void *next; long offset; void *pending; } head = { &head, 0, NULL };
	void *got = NULL;
	size_t n = 0;

	SAY(syscall(SYS_set_robust_list, &head, sizeof(head)));
	SAY(syscall(SYS_set_robust_list, &head, sizeof(head) - 1));
	SAY(syscall(SYS_get_robust_list, 0, &got, &n));
	say("same %d, size %d", got == &head, (int)n);
	SAY(syscall(SYS_get_robust_list, 999999, &got, &n));
	SAY(syscall(SYS_get_robust_list, 0, (void *)16, &n));
}

CASE(robust_death, "a robust word of a process that dies is marked, and a waiter wakes")
{
	make();
	pid_t pid = fork();
	if (!pid) {
		struct entry { struct entry *next; } *e = (void *)(word + 4);
		static struct { void *next; long offset; void *pending; } head;
		head.next = e;
		head.offset = (char *)word - (char *)e;
		e->next = (void *)&head;
		*word = (int)(syscall(SYS_gettid) | 0x80000000);
		syscall(SYS_set_robust_list, &head, sizeof(head));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say("died %d, waiters %d, owner %d", !!(*word & 0x40000000), !!(*word & 0x80000000), *word & 0x3fffffff);
}

/* ---- clone ---- */

static long clone_flags(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, __WALL);
	return pid < 0 ? pid : 1;
}

CASE(clone_flag_rules, "flags that need others")
{
	SAY(clone_flags(SIGCHLD));
	SAY(clone_flags(0));
	SAY(clone_flags(CLONE_THREAD | SIGCHLD));
	SAY(clone_flags(CLONE_SIGHAND | SIGCHLD));
	SAY(clone_flags(CLONE_THREAD | CLONE_SIGHAND | SIGCHLD));
	SAY(clone_flags(CLONE_NEWNS | CLONE_FS | SIGCHLD));
	SAY(clone_flags(CLONE_FS | CLONE_FILES | SIGCHLD));
	SAY(clone_flags(CLONE_PARENT_SETTID | SIGCHLD));
	SAY(clone_flags(CLONE_UNTRACED | CLONE_DETACHED | SIGCHLD));
}

CASE(clone_files, "CLONE_FILES shares the descriptors, CLONE_FS the folder and the mask")
{
	int f = open("f", O_RDWR | O_CREAT, 0600);

	mkdir("d", 0755);
	long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		close(f);
		(void)!chdir("d");
		_exit(0);
	}
	waitpid((pid_t)pid, NULL, 0);
	SAY(fcntl(f, F_GETFD));
	SAY(access("d", F_OK));
	pid = syscall(SYS_clone, CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		(void)!chdir("d");
		umask(077);
		_exit(0);
	}
	waitpid((pid_t)pid, NULL, 0);
	SAY(access("../d", F_OK));
	say("%o", umask(0));
}

CASE(clone_exit_signal, "the signal of a child's end, and who may wait for it")
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	long pid = syscall(SYS_clone, SIGUSR1, NULL, NULL, NULL, NULL);
	if (!pid)
		_exit(3);
	SAY(sigwaitinfo(&set, &info));
	say("code %d, status %d", info.si_code, info.si_status);
	SAY(waitpid((pid_t)pid, NULL, 0));
	SAY(waitpid((pid_t)pid, NULL, __WCLONE) == pid);
}

CASE(clone_tids, "parent and child find the number in memory; it is cleared at the end")
{
	int *tids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	long pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &tids[0], NULL, &tids[1]);
	if (!pid)
		_exit(tids[1] == getpid() ? 0 : 1);
	int status;
	waitpid((pid_t)pid, &status, 0);
	say_status("child", status);
	say("%d %d", tids[0] == pid, tids[1] == pid);
	tids[2] = 7;
	pid = syscall(SYS_clone, CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, NULL, &tids[2]);
	if (!pid)
		_exit(0);
	waitpid((pid_t)pid, &status, 0);
	say("without a shared memory space it stays %d", tids[2]);
}

CASE(clone3_errors, "clone3: sizes and fields")
{
	uint64_t a[11] = { 0 };

	SAY(syscall(435, a, 0));
	SAY(syscall(435, a, 63));
	SAY(syscall(435, (void *)16, 64));
	a[4] = 200;
	SAY(syscall(435, a, 64));
	a[4] = SIGCHLD;
	a[0] = SIGCHLD;
	SAY(syscall(435, a, 64));
	a[0] = 0;
	a[5] = 4096;
	SAY(syscall(435, a, 64));
	a[5] = 0;
	a[6] = 4096;
	SAY(syscall(435, a, 64));
	a[6] = 0;
	long pid = syscall(435, a, 64);
	if (!pid)
		_exit(4);
	int status;
	waitpid((pid_t)pid, &status, 0);
	say_status("child", status);
	a[10] = 1;
	SAY(syscall(435, a, 5000));
}
