/* Threads: what clone shares, futexes, thread signals, exec and exit from a thread, robust mutexes. */
#include "say.h"
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_WAIT_PRIVATE (FUTEX_WAIT | FUTEX_PRIVATE_FLAG)
#define FUTEX_WAKE_PRIVATE (FUTEX_WAKE | FUTEX_PRIVATE_FLAG)
#define FUTEX_OP_ADD 1
#define FUTEX_OP_CMP_EQ 0
#define FUTEX_OP(op, operand, cmp, comparand) ((op) << 28 | (cmp) << 24 | (operand) << 12 | (comparand))

#define NR 8
#define TURNS 2000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int counter, stage;
static __thread int mine;

static void *count(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
		mine++;
		if (!(i % 100))
			sched_yield();
	}
	return (void *)(long)(mine + (long)arg);
}

static void mutexes(void)
{
	pthread_t t[NR];
	long sum = 0;

	for (long i = 0; i < NR; i++)
		pthread_create(&t[i], NULL, count, (void *)i);
	for (int i = 0; i < NR; i++) {
		void *r;
		pthread_join(t[i], &r);
		sum += (long)r;
	}
	say("counted %d, returned %ld, own %d", counter, sum, mine);
}

static void *wait_for_stage(void *arg)
{
	pthread_mutex_lock(&lock);
	while (stage != (int)(long)arg)
		pthread_cond_wait(&changed, &lock);
	stage++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void conditions(void)
{
	pthread_t t[NR];
	struct timespec soon;

	for (long i = NR - 1; i >= 0; i--)
		pthread_create(&t[i], NULL, wait_for_stage, (void *)(i + 1));
	pthread_mutex_lock(&lock);
	stage = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < NR; i++)
		pthread_join(t[i], NULL);
	say("stage %d", stage);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 30000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock);
	say("timed wait: %s", strerror(pthread_cond_timedwait(&changed, &lock, &soon)));
	pthread_mutex_unlock(&lock);
}

/* ---- raw futexes ---- */

static int futex(volatile int *addr, int op, int val, const void *timeout, volatile int *addr2, int val3)
{
	/* The number that takes a 32-bit timespec. */
	return (int)syscall(240, addr, op, val, timeout, addr2, val3);
}

static volatile int word, word2, awake, going;

static void *futex_sleep(void *arg)
{
	int bits = (int)(long)arg, r;

	__sync_fetch_and_add(&going, 1);
	r = bits ? futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, bits) : futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	__sync_fetch_and_add(&awake, 1);
	return (void *)(long)r;
}

static void start_sleepers(pthread_t *t, int n, const int *bits)
{
	word = awake = going = 0;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, futex_sleep, (void *)(long)(bits ? bits[i] : 0));
	while (going < n)
		sleep_ms(5);
	sleep_ms(150); /* enough also on a busy host */
}

static void join_all(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void futexes(void)
{
	static const int bits[3] = { 1, 2, 4 };
	struct { int sec, nsec; } brief = { 0, 20000000 }, wrong = { 0, 2000000000 };
	pthread_t t[4];

	word = 5;
	SAY(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT, 5, &brief, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT, 5, &wrong, NULL, 0));
	SAY(futex((int *)((char *)&word + 1), FUTEX_WAIT, 5, NULL, NULL, 0));
	SAY(futex((int *)16, FUTEX_WAIT, 5, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	SAY(futex(&word, 99, 1, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	start_sleepers(t, 3, NULL);
	SAY(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
	sleep_ms(150);
	say("awake %d", awake);
	SAY(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
	join_all(t, 3);
	start_sleepers(t, 3, bits);
	SAY(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 100, NULL, NULL, 5));
	sleep_ms(150);
	say("awake %d", awake);
	SAY(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 100, NULL, NULL, 2));
	join_all(t, 3);
	start_sleepers(t, 4, NULL);
	SAY(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2, &word2, 1));
	SAY(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2, &word2, 0));
	SAY(futex(&word2, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
	join_all(t, 4);
	start_sleepers(t, 1, NULL);
	word2 = 7;
	/* word2 += 3 if then... wake one of word, and of word2 if it was 7 */
	SAY(futex(&word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, (void *)1, &word2, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 7)));
	say("word2 %d", word2);
	join_all(t, 1);
}

static void shared_futex(void)
{
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, r;
	pid_t pid;

	shared[0] = 0;
	pid = fork();
	if (pid == 0)
		_exit(futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 3 : 4);
	sleep_ms(60);
	SAY(futex(&shared[0], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	for (r = 0; !r;)
		r = futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0);
	say("woke %d across processes", r);
	waitpid(pid, &status, 0);
	say_status("sleeper", status);
	munmap((void *)shared, 4096);
}

static void robust(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &a);
	pid = fork();
	if (pid == 0) {
		pthread_mutex_lock(m);
		sleep_ms(60);
		_exit(0);
	}
	sleep_ms(30);
	say("owner died: %s", strerror(pthread_mutex_lock(m)));
	say("consistent: %d, unlock: %d", pthread_mutex_consistent(m), pthread_mutex_unlock(m));
	waitpid(pid, NULL, 0);
}

/* ---- signals ---- */

static volatile int handled_by, ready[2], enough;

/* It comes, be the machine ever so busy; ten seconds are long enough. */
static void wait_for(const volatile int *what)
{
	for (int i = 0; i < 2000 && !*what; i++)
		sleep_ms(5);
}

static void note_thread(int n)
{
	(void)n;
	handled_by = mine;
}

static void *take_signals(void *arg)
{
	mine = (int)(long)arg;
	ready[mine - 1] = 1;
	wait_for(&enough);
	return NULL;
}

static void signals(void)
{
	struct sigaction a = { .sa_handler = note_thread };
	pthread_t t[2];
	sigset_t set;

	sigaction(SIGUSR1, &a, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	mine = 100;
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, take_signals, (void *)(i + 1));
	wait_for(&ready[0]);
	wait_for(&ready[1]);
	pthread_kill(t[1], SIGUSR1);
	wait_for(&handled_by);
	say("handled by %d", handled_by);
	handled_by = 0;
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* this thread cannot, so another one does */
	kill(getpid(), SIGUSR1);
	wait_for(&handled_by);
	say("handled elsewhere: %d", handled_by == 1 || handled_by == 2);
	enough = 1;
	join_all(t, 2);
	handled_by = 0;
	kill(getpid(), SIGUSR1);
	say("pending: handled by %d", handled_by);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	say("then by %d", handled_by);
}

/* ---- ends ---- */

static const char *self;

static void *forever(void *arg)
{
	for (;;)
		sleep_ms(1000);
	return arg;
}

static void *end_process(void *arg)
{
	exit((int)(long)arg);
	return NULL;
}

static void *run_self(void *arg)
{
	(void)arg;
	execl(self, self, "21", (char *)NULL);
	_exit(99);
}

static void *fault(void *arg)
{
	divide_by_zero();
	return arg;
}

static void child_with_threads(const char *what, void *(*fn)(void *), bool main_leaves)
{
	pthread_t t;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, forever, NULL);
		sleep_ms(10);
		pthread_create(&t, NULL, fn, (void *)17L);
		if (main_leaves)
			pthread_exit(NULL);
		forever(NULL);
	}
	waitpid(pid, &status, 0);
	say_status(what, status);
}

static void killed(int sig)
{
	pthread_t t;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, forever, NULL);
		forever(NULL);
	}
	sleep_ms(50);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	say_status("all threads", status);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	say_status("all threads", status);
	kill(pid, sig);
	waitpid(pid, &status, 0);
	say_status("all threads", status);
}

/* ---- clone ---- */

static int in_clone(void *arg)
{
	int *values = arg;

	values[0] = 1;
	close(values[1]);
	if (chdir("/"))
		return 1;
	return 12;
}

static void clones(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	int values[2] = { 0, dup(0) }, status;
	char cwd[300], before[300];
	pid_t pid;

	if (!getcwd(before, sizeof(before)))
		return;
	pid = clone(in_clone, stack + sizeof(stack), CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, values);
	waitpid(pid, &status, 0);
	say_status("sharing all", status);
	say("memory %d, descriptor %s, folder %s", values[0], fcntl(values[1], F_GETFD) < 0 ? "closed" : "open", getcwd(cwd, sizeof(cwd)));
	if (chdir(before))
		return;
	values[0] = 0;
	values[1] = dup(0);
	pid = clone(in_clone, stack + sizeof(stack), SIGCHLD, values);
	waitpid(pid, &status, 0);
	say_status("sharing nothing", status);
	say("memory %d, descriptor %s", values[0], fcntl(values[1], F_GETFD) < 0 ? "closed" : "open");
	pid = clone(in_clone, stack + sizeof(stack), CLONE_VM, values); /* no signal at its end: a "clone" child */
	SAY(waitpid(pid, &status, 0));
	SAY(waitpid(pid, &status, __WCLONE) == pid);
	SAY(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	SAY(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
}

static void barriers(void)
{
	say("those of old: %ld", syscall(375, 0, 0) & 31);
	SAY(syscall(375, 8, 0)); /* private expedited, not registered */
	SAY(syscall(375, 16, 0));
	SAY(syscall(375, 8, 0));
	SAY(syscall(375, 1, 0));
	SAY(syscall(375, 1, 7));
	SAY(syscall(375, 3, 0));
	SAY(syscall(375, 1 << 20, 0));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return atoi(argv[1]);
	self = argv[0];
	mutexes();
	conditions();
	futexes();
	shared_futex();
	robust();
	signals();
	child_with_threads("exit in a thread", end_process, false);
	child_with_threads("exit in a thread, the first gone", end_process, true);
	child_with_threads("exec in a thread", run_self, false);
	child_with_threads("exec in a thread, the first gone", run_self, true);
	child_with_threads("fault in a thread", fault, true);
	killed(SIGTERM);
	killed(SIGKILL);
	clones();
	barriers();
	return 0;
}
