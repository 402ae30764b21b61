/*
 * A storm of processes and signals, from a seed: forks, vforks, threads, execs, stops, continues, kills, timers, all at once. What happens in
 * it is left to chance; that it ends, that nothing is left over and that the kernel is still there is the test. Arguments: seed, rounds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 64
#define MAX_DEPTH 3
#define MAX_ALL 4096

static struct shared {
	volatile pid_t pids[SLOTS];   /* targets of signals */
	volatile pid_t all[MAX_ALL];  /* every process of the round */
	volatile int nr_all, events;
} *shared;
static unsigned seed;

static unsigned chance(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 12) % n;
}

static void handler(int n)
{
	(void)n;
	__sync_fetch_and_add(&shared->events, 1);
}

static void on_segv(int n)
{
	_exit(n);
}

static void set_handlers(void)
{
	struct sigaction a = { .sa_handler = handler };

	a.sa_flags = chance(2) ? SA_RESTART : chance(2) ? SA_NODEFER : 0;
	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	sigaction(40, &a, NULL);
	a.sa_flags |= SA_SIGINFO;
	sigaction(SIGUSR2, &a, NULL);
	a.sa_handler = on_segv;
	sigaction(SIGSEGV, &a, NULL);
}

static void *thread(void *arg)
{
	volatile char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 20; i++) {
		p[(i * 997) % 16384] = 1;
		if (!(i & 3))
			sched_yield();
	}
	munmap((void *)p, 16384);
	return arg;
}

static void pipes(void)
{
	int p[2];
	char block[300];

	if (pipe(p))
		return;
	if (write(p[1], block, sizeof(block)) > 0)
		(void)!read(p[0], block, chance(300));
	close(p[0]);
	close(p[1]);
}

static void signal_somebody(void)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, 40, SIGSTOP, SIGCONT, SIGCONT, SIGTERM, SIGKILL, SIGTSTP, SIGALRM, SIGSEGV };
	pid_t pid = shared->pids[chance(SLOTS)];
	int sig = signals[chance(sizeof(signals) / sizeof(signals[0]))];

	if (pid > 1)
		chance(10) ? kill(pid, sig) : sigqueue(pid, sig, (union sigval){ .sival_int = 1 });
}

static void life(int depth);

static void one_child(int depth)
{
	int slot = (int)chance(SLOTS);
	unsigned next = seed ^ (unsigned)getpid() * 2654435761u;
	pid_t pid;
	int n = __sync_fetch_and_add(&shared->nr_all, 1);

	if (n >= MAX_ALL)
		return;
	pid = fork();
	if (pid == 0) {
		shared->all[n] = getpid();
		seed = next;
		if (chance(8) == 0)
			setpgid(0, 0);
		life(depth + 1);
		_exit((int)chance(256));
	}
	if (pid > 0)
		shared->all[n] = shared->pids[slot] = pid; /* the child may be stopped before its first step */
}

static void life(int depth)
{
	struct itimerval t = { { 0, 0 }, { 0, (long)chance(3000) + 1 } };
	pthread_t th[3];
	int n;

	set_handlers();
	for (unsigned steps = 3 + chance(10); steps--;) {
		switch (chance(12)) {
		case 0:
		case 1:
			if (depth < MAX_DEPTH)
				one_child(depth);
			break;
		case 2:
			n = (int)chance(3) + 1;
			for (int i = 0; i < n; i++)
				if (pthread_create(&th[i], NULL, thread, NULL))
					n = i;
			if (chance(4)) /* or leave them to their end */
				for (int i = 0; i < n; i++)
					pthread_join(th[i], NULL);
			break;
		case 3:
		case 4:
		case 5:
			signal_somebody();
			break;
		case 6:
			pipes();
			break;
		case 7:
			setitimer(ITIMER_REAL, &t, NULL);
			break;
		case 8:
			usleep(chance(2000));
			break;
		case 9:
			while (waitpid(-1, NULL, WNOHANG | (chance(2) ? WUNTRACED : 0)) > 0)
				;
			break;
		case 10:
			if (vfork() == 0)
				_exit(0);
			break;
		default:
			if (depth && chance(4) == 0) {
				char s[20];
				snprintf(s, sizeof(s), "%u", seed);
				execl("/proc/self/exe", "storm", "leaf", s, (char *)NULL);
			}
		}
	}
}

/* Kill all that is left of the round, wherever it hangs: orphans come to us. */
static void clear_up(void)
{
	pid_t pid;

	do {
		for (int i = 0; i < shared->nr_all && i < MAX_ALL; i++)
			if (shared->all[i])
				kill(shared->all[i], SIGKILL);
		usleep(1000);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
	} while (pid == 0);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "leaf")) {
		seed = (unsigned)atoi(argv[2]);
		usleep(chance(1000));
		return (int)chance(200);
	}
	seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setsid();
	for (int n = 1; n < 65; n++)
		if (n != SIGCHLD && n != SIGSEGV && n != SIGUSR1 && n != SIGUSR2 && n != SIGALRM && n != 40)
			signal(n, SIG_IGN);
	set_handlers();
	for (int round = argc > 2 ? atoi(argv[2]) : 20; round--;) {
		struct timeval now, end;
		memset(shared, 0, sizeof(*shared));
		gettimeofday(&end, NULL);
		end.tv_sec += 1;
		for (int i = 0; i < 100; i++) {
			one_child(0);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			gettimeofday(&now, NULL);
			if (timercmp(&now, &end, >))
				break;
		}
		clear_up();
	}
	printf("the storm is over\n");
	return 0;
}
