/* SIGKILL ends a process wherever its threads are: stopped, in vfork, in exec, asleep. */
#include "cases.h"
#include <sched.h>

#define STACK 65536
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int told[2];

static int stops(void *arg)
{
	(void)!write(told[1], "x", 1);
	kill(getpid(), SIGSTOP);
	for (;;)
		pause();
	return 0;
}

static int sleeps(void *arg)
{
	(void)!write(told[1], "x", 1);
	for (;;)
		pause();
	return 0;
}

/* A child that runs the function in a clone with these flags and then only waits; once the function runs (and a while later) it is killed. */
static void killed(int (*function)(void *), int flags, int leader_ends)
{
	char c;
	pid_t pid;

	SAY(pipe(told));
	pid = fork();
	if (!pid) {
		clone(function, (char *)malloc(STACK) + STACK, flags, NULL);
		if (leader_ends)
			syscall(SYS_exit, 0);
		for (;;)
			pause();
	}
	SAY(read(told[0], &c, 1));
	sleep_ms(20);
	SAY(kill(pid, SIGKILL));
	int status;
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("killed", status);
}

CASE(stopped_thread, "a process whose second thread stopped it") { killed(stops, THREAD, 0); }
CASE(stopped_without_leader, "a stopped process whose first thread has ended") { killed(stops, THREAD, 1); }
CASE(vfork_of_a_stopped_thread, "the first thread waits as vfork does for the second, which stopped the process") { killed(stops, THREAD | CLONE_VFORK, 0); }
CASE(vfork_of_a_sleeping_thread, "the first thread waits as vfork does for the second, which sleeps") { killed(sleeps, THREAD | CLONE_VFORK, 0); }

CASE(vfork_parent, "a parent is killed while it waits for its vfork child; the child lives on")
{
	char c;
	int status;

	SAY(pipe(told));
	pid_t pid = fork();
	if (!pid) {
		if (!vfork()) {
			(void)!write(told[1], "x", 1);
			sleep_ms(300);
			(void)!write(told[1], "y", 1);
			_exit(0);
		}
		pause();
	}
	close(told[1]);
	SAY(read(told[0], &c, 1));
	sleep_ms(20);
	SAY(kill(pid, SIGKILL));
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("parent", status);
	SAY(read(told[0], &c, 1));
	say("%c", c);
	SAY(read(told[0], &c, 1));
}

CASE(vfork_parent_other_signals, "a parent that waits for its vfork child takes no other signal before it goes on")
{
	int status, go[2];

	SAY(pipe(told));
	SAY(pipe(go));
	pid_t pid = fork();
	if (!pid) {
		char c;
		catch_signal(SIGUSR1, 0);
		if (!vfork()) {
			(void)!write(told[1], "x", 1);
			(void)!read(go[0], &c, 1);
			(void)!write(1, "child ends\n", 11);
			_exit(0);
		}
		(void)!read(told[0], &c, 1);
		_exit(7);
	}
	while (poll(&(struct pollfd){ told[0], POLLIN, 0 }, 1, 1000) == 0)
		;
	SAY(kill(pid, SIGUSR1));
	(void)!write(go[1], "x", 1);
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("parent", status);
}
