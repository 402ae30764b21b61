/*
 * spinners: real-time processes that never sleep, SCHED_FIFO and SCHED_RR, beside an ordinary one (this) that must get along all the same:
 * what sched_rt_runtime_us leaves of the CPU is enough to sleep, start a process, and kill them. Where sched_rt_runtime_us is -1 it would not end.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SPINNERS 3

int main(void)
{
	struct sched_param none = { 0 }, real_time = { 50 };
	struct timespec soon = { 0, 1000000 };
	pid_t spinners[SPINNERS];
	int status, fds[2];
	char c;

	if (pipe(fds))
		return 1;
	for (int i = 0; i < SPINNERS; i++) {
		spinners[i] = fork();
		if (!spinners[i]) {
			(void)!read(fds[0], &c, 1); /* all begin together */
			for (;;)
				;
		}
		real_time.sched_priority += 5;
		if (syscall(SYS_sched_setscheduler, spinners[i], i == 1 ? SCHED_RR : SCHED_FIFO, &real_time))
			perror("sched_setscheduler");
	}
	(void)!write(fds[1], "go!", SPINNERS);
	for (int i = 0; i < 3; i++)
		printf("slept: %d\n", nanosleep(&soon, NULL));
	if (!fork())
		_exit(7);
	wait(&status);
	printf("child: %d\n", WEXITSTATUS(status));
	/* An ordinary process again: it runs when its turn comes, whatever the others do. */
	syscall(SYS_sched_setscheduler, spinners[0], SCHED_OTHER, &none);
	for (int i = 0; i < SPINNERS; i++)
		kill(spinners[i], SIGKILL);
	for (int i = 0; i < SPINNERS; i++) {
		waitpid(spinners[i], &status, 0);
		printf("spinner: signal %d\n", WTERMSIG(status));
	}
	return 0;
}
