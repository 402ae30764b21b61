/* Waiting, orphans, stopped jobs, queued signals, timers, restarted calls. */
#include "say.h"
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* ---- waitid ---- */

static void say_info(const char *what, const siginfo_t *i, pid_t pid)
{
	say("%s: signo %d code %d status %d child %d", what, i->si_signo, i->si_code, i->si_status, i->si_pid == pid);
}

static void waitids(void)
{
	siginfo_t i = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		sleep_ms(200);
		_exit(6);
	}
	SAY(waitid(P_PID, (id_t)pid, &i, WSTOPPED));
	say_info("stopped", &i, pid);
	SAY(waitid(P_ALL, 0, &i, WEXITED | WNOHANG));
	say("nothing: pid %d signo %d", i.si_pid, i.si_signo);
	kill(pid, SIGCONT);
	SAY(waitid(P_PID, (id_t)pid, &i, WCONTINUED | WNOWAIT));
	say_info("continued", &i, pid);
	SAY(waitid(P_PID, (id_t)pid, &i, WCONTINUED));
	SAY(waitid(P_PID, (id_t)pid, &i, WCONTINUED | WNOHANG));
	SAY(waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT));
	say_info("exited", &i, pid);
	SAY(waitid(P_PGID, 0, &i, WEXITED));
	say_info("reaped", &i, pid);
	SAY(waitid(P_PID, (id_t)pid, &i, WEXITED));
	SAY(waitid(P_PID, 0, &i, WEXITED));
	SAY(waitid(P_ALL, 0, &i, 0));
	SAY(waitid(99, 0, &i, WEXITED));
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	SAY(waitid(P_ALL, 0, &i, WEXITED));
	say_info("killed", &i, pid);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	setpgid(pid, pid);
	SAY(waitpid(0, &status, 0)); /* not in our group */
	SAY(waitpid(-pid, &status, 0) == pid);
}

/* ---- orphans ---- */

static volatile int hangups, continues;
static void on_hup(int n) { (void)n; hangups++; }
static void on_cont(int n) { (void)n; continues++; }

/* A stopped group loses its last controller: SIGHUP and SIGCONT. */
static void orphaned_group(void)
{
	int p[2];
	char c = '?';
	pid_t pid;

	SAY(pipe(p));
	pid = fork();
	if (pid == 0) {
		pid_t job;
		setpgid(0, 0); /* the shell: in another group of the same session */
		job = fork();
		if (job == 0) {
			setpgid(0, 0);
			signal(SIGHUP, on_hup);
			signal(SIGCONT, on_cont);
			raise(SIGSTOP);
			c = hangups == 1 && continues == 1 ? 'y' : 'n';
			_exit(write(p[1], &c, 1) != 1);
		}
		waitpid(job, NULL, WUNTRACED);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	SAY(read(p[0], &c, 1));
	say("hung up and continued: %c", c);
	close(p[0]);
	close(p[1]);
}

/* SIGTSTP does nothing to an orphaned group; SIGSTOP stops it all the same. */
static void orphan_does_not_stop(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		_exit(8);
	}
	waitpid(pid, &status, WUNTRACED);
	say_status("orphan", status);
}

static void subreaper(void)
{
	int status;
	pid_t pid;

	SAY(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGUSR1);
			while (getppid() != (pid_t)getsid(0) && getppid() != getpgrp())
				sleep_ms(5);
			_exit(23);
		}
		sleep_ms(60);
		_exit(22);
	}
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("child", status);
	SAY(waitpid(-1, &status, 0) > 0);
	say_status("grandchild", status);
	SAY(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static void unwanted_children(void)
{
	struct sigaction a = { .sa_handler = on_hup, .sa_flags = SA_NOCLDWAIT };
	pid_t pid;

	hangups = 0;
	sigaction(SIGCHLD, &a, NULL);
	pid = fork();
	if (pid == 0)
		_exit(1);
	SAY(waitpid(pid, NULL, 0)); /* waits for its end, then there is nothing; the signal may interrupt it */
	SAY(waitpid(pid, NULL, 0));
	say("told %d", hangups);
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0)
		_exit(1);
	SAY(waitpid(-1, NULL, 0));
	signal(SIGCHLD, SIG_DFL);
}

/* ---- queued signals ---- */

static int order[16], nr_order;
static void note(int n, siginfo_t *i, void *u)
{
	(void)u;
	order[nr_order++ & 15] = n * 1000 + (i->si_code == SI_QUEUE ? i->si_value.sival_int : 999);
}

static void queued(void)
{
	struct sigaction a = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	struct timespec brief = { 0, 10000000 };
	siginfo_t i;
	sigset_t set, old;

	sigfillset(&a.sa_mask);
	sigemptyset(&set);
	for (int s = 40; s <= 42; s++) {
		sigaddset(&set, s);
		sigaction(s, &a, NULL);
	}
	sigaddset(&set, SIGUSR2);
	sigaction(SIGUSR2, &a, NULL);
	sigprocmask(SIG_BLOCK, &set, &old);
	SAY(sigqueue(getpid(), 42, (union sigval){ .sival_int = 1 }));
	SAY(sigqueue(getpid(), 40, (union sigval){ .sival_int = 2 }));
	SAY(sigqueue(getpid(), 40, (union sigval){ .sival_int = 3 }));
	SAY(sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 4 }));
	SAY(sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 5 }));
	SAY(kill(getpid(), 41));
	sigprocmask(SIG_SETMASK, &old, NULL);
	for (int n = 0; n < nr_order; n++)
		say("%d", order[n]);
	sigprocmask(SIG_BLOCK, &set, &old);
	SAY(sigtimedwait(&set, &i, &brief));
	SAY(sigqueue(getpid(), 41, (union sigval){ .sival_int = 77 }));
	SAY(sigtimedwait(&set, &i, &brief));
	say("code %d value %d mine %d", i.si_code, i.si_value.sival_int, i.si_pid == getpid());
	SAY(sigqueue(getpid(), 65, (union sigval){ 0 }));
	SAY(sigqueue(0x7ffffff, 0, (union sigval){ 0 }));
	if (fork() == 0) {
		sleep_ms(30);
		sigqueue(getppid(), 40, (union sigval){ .sival_int = 5 });
		_exit(0);
	}
	SAY(sigwaitinfo(&set, &i));
	say("value %d", i.si_value.sival_int);
	wait(NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- timers ---- */

static volatile int ticks;
static void on_tick(int n) { (void)n; ticks++; }

static void timers(void)
{
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } }, old;

	signal(SIGALRM, on_tick);
	signal(SIGVTALRM, on_tick);
	signal(SIGPROF, on_tick);
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	while (ticks < 3)
		pause();
	t.it_value.tv_usec = t.it_interval.tv_usec = 0;
	SAY(setitimer(ITIMER_REAL, &t, &old));
	say("interval %ld.%06ld", (long)old.it_interval.tv_sec, (long)old.it_interval.tv_usec);
	ticks = 0;
	t.it_value.tv_usec = 50000;
	SAY(setitimer(ITIMER_VIRTUAL, &t, NULL));
	while (!ticks)
		;
	SAY(getitimer(ITIMER_VIRTUAL, &old));
	say("left %ld", (long)(old.it_value.tv_sec + old.it_value.tv_usec));
	ticks = 0;
	SAY(setitimer(ITIMER_PROF, &t, NULL));
	while (!ticks)
		getppid();
	t.it_value.tv_usec = 1000000;
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	SAY(setitimer(7, &t, NULL));
	SAY(alarm(100));
	SAY(alarm(0));
	SAY(alarm(0));
	/* An alarm goes on through exec-less fork only in the parent. */
	SAY(alarm(1000) == 0);
	if (fork() == 0)
		_exit((int)alarm(0));
	int status;
	wait(&status);
	say_status("alarm of the child", status);
	alarm(0);
}

/* ---- restarts ---- */

static void interrupted(const char *what, int flags, bool stop)
{
	struct sigaction a = { .sa_handler = on_tick, .sa_flags = flags };
	struct timespec want = { 0, 300000000 }, t0, t1;
	long ms;
	int r;
	pid_t pid, me = getpid();

	sigaction(SIGUSR1, &a, NULL);
	pid = fork();
	if (pid == 0) {
		sleep_ms(50);
		if (stop) {
			kill(me, SIGSTOP);
			sleep_ms(50);
			kill(me, SIGCONT);
		} else {
			kill(me, SIGUSR1);
		}
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &t0);
	r = nanosleep(&want, NULL);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	ms = (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000;
	say("%s: %d %s, %s", what, r, r ? strerror(errno) : "", ms >= 300 ? "all of it" : "part of it");
	waitpid(pid, NULL, 0);
}

static void cpu_limit(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit l = { 1, 2 };
		setrlimit(RLIMIT_CPU, &l);
		for (;;)
			;
	}
	waitpid(pid, &status, 0);
	say_status("cpu limit", status);
	pid = fork();
	if (pid == 0) {
		struct rlimit l = { 1, 2 };
		signal(SIGXCPU, SIG_IGN);
		setrlimit(RLIMIT_CPU, &l);
		for (;;)
			;
	}
	waitpid(pid, &status, 0);
	say_status("hard cpu limit", status);
}

int main(void)
{
	if (setsid() < 0 && fork()) { /* a group of our own, whoever started us */
		wait(NULL);
		return 0;
	}
	setsid();
	waitids();
	orphaned_group();
	orphan_does_not_stop();
	subreaper();
	unwanted_children();
	queued();
	timers();
	interrupted("handler", 0, false);
	interrupted("handler with SA_RESTART", SA_RESTART, false);
	interrupted("stopped and continued", 0, true);
	cpu_limit();
	return 0;
}
