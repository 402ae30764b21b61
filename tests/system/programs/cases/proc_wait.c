/* fork, wait in its forms, exit, stop and continue. */
#include "cases.h"

static pid_t child(int code)
{
	pid_t pid = fork();

	if (!pid)
		_exit(code);
	return pid;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void say_info(const char *what, int result, const siginfo_t *info, pid_t pid)
{
	if (result)
		say("%s: %s", what, strerror(errno));
	else
		say("%s: pid %s, signo %d, code %d, status %d", what, !info->si_pid ? "0" : info->si_pid == pid ? "the child" : "other", info->si_signo,
		    info->si_code, info->si_status);
}

CASE(wait_errors, "no children, wrong options, wrong pids")
{
	int status = 77;
	siginfo_t info;
	pid_t pid;

	SAY(waitpid(-1, &status, 0));
	SAY(waitpid(getpid(), &status, 0));
	SAY(waitpid(1, &status, 0));
	SAY(waitpid(-1, &status, 0x40));
	SAY(waitpid(INT32_MIN, &status, 0));
	SAY(waitpid(0, &status, 0));
	SAY(waitid(P_ALL, 0, &info, WEXITED));
	SAY(waitid(P_ALL, 0, &info, 0));
	SAY(waitid(P_ALL, 0, &info, WEXITED | 0x40));
	SAY(waitid(9, 0, &info, WEXITED));
	SAY(waitid(P_PID, 0, &info, WEXITED));
	SAY(waitid(P_PID, -1, &info, WEXITED));
	pid = child(3);
	SAY(waitpid(pid + 1, &status, WNOHANG));
	SAY(waitpid(-getpid() - 1, &status, 0));
	SAY(waitpid(pid, (int *)16, 0));
	SAY(waitpid(pid, &status, 0));
	say("%d", status);
}

CASE(exit_codes, "what of the exit code is seen")
{
	static const int codes[] = { 0, 1, 127, 128, 255, 256, 257, -1, 0x12345 };

	for (unsigned int i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		int status;

		waitpid(child(codes[i]), &status, 0);
		say("%d: %x", codes[i], status);
	}
}

CASE(signal_deaths, "statuses of children that signals end")
{
	static const int signals[] = { SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, 35, 64, SIGPOLL, SIGPROF, SIGSTKFLT };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int status;
		pid_t pid = sleeper();

		kill(pid, signals[i]);
		waitpid(pid, &status, 0);
		say("%d: %x", signals[i], status);
	}
}

CASE(core_flag, "signals that would dump core, with no core allowed")
{
	static const int signals[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int status;
		pid_t pid = sleeper();

		kill(pid, signals[i]);
		waitpid(pid, &status, 0);
		say("%d: %d", WTERMSIG(status), WIFSIGNALED(status));
	}
}

CASE(ignored_signals, "signals that do nothing by default")
{
	static const int signals[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	int status;
	pid_t pid = sleeper();

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		SAY(kill(pid, signals[i]));
	SAY(waitpid(pid, &status, WNOHANG));
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	say_status("child", status);
}

CASE(waitid_options, "waitid: each option alone, WNOWAIT leaves the child")
{
	siginfo_t info = { .si_pid = 5, .si_signo = 5 };
	pid_t pid = sleeper();
	int status;

	say_info("nothing yet", waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG), &info, pid);
	kill(pid, SIGSTOP);
	say_info("stopped, seen", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), &info, pid);
	say_info("stopped", waitid(P_PID, (id_t)pid, &info, WSTOPPED), &info, pid);
	memset(&info, 0, sizeof(info));
	say_info("no more", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG), &info, pid);
	kill(pid, SIGCONT);
	say_info("continued, seen", waitid(P_ALL, 0, &info, WCONTINUED | WNOWAIT), &info, pid);
	say_info("continued", waitid(P_ALL, 0, &info, WCONTINUED), &info, pid);
	kill(pid, SIGTERM);
	say_info("killed, seen", waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED | WNOWAIT), &info, pid);
	say_info("killed, seen again", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), &info, pid);
	memset(&info, 0, sizeof(info));
	say_info("not stopped", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG), &info, pid);
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("waitpid", status);
	say_info("gone", waitid(P_PID, (id_t)pid, &info, WEXITED), &info, pid);
	pid = child(9);
	SAY(waitid(P_PID, (id_t)pid, NULL, WEXITED));
}

CASE(stop_and_continue, "WUNTRACED, WCONTINUED; stop signals; a stopped child is killed")
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	int status;

	for (int i = 0; i < 4; i++) {
		pid_t pid = sleeper();

		setpgid(pid, pid); /* a group whose parent is in another session is orphaned, and does not stop */
		kill(pid, stops[i]);
		SAY(waitpid(pid, &status, WUNTRACED) == pid);
		say("%d: %x", stops[i], status);
		SAY(waitpid(pid, &status, WUNTRACED | WNOHANG));
		kill(pid, SIGCONT);
		SAY(waitpid(pid, &status, WCONTINUED) == pid);
		say("%x", status);
		kill(pid, SIGSTOP);
		waitpid(pid, &status, WUNTRACED);
		kill(pid, SIGTERM); /* waits until it continues */
		SAY(waitpid(pid, &status, WNOHANG));
		kill(pid, i & 1 ? SIGKILL : SIGCONT);
		waitpid(pid, &status, 0);
		say_status("end", status);
	}
}

CASE(wait_groups, "waiting for a process group")
{
	int status;
	pid_t a = sleeper(), b = sleeper();

	SAY(setpgid(a, a));
	SAY(setpgid(b, a));
	SAY(waitpid(0, &status, WNOHANG));
	SAY(waitpid(-a, &status, WNOHANG));
	kill(-a, SIGTERM);
	SAY(waitpid(-a, &status, 0) > 0);
	SAY(waitpid(-a, &status, 0) > 0);
	SAY(waitpid(-a, &status, 0));
	a = sleeper();
	kill(a, SIGINT);
	SAY(waitpid(0, &status, 0) == a);
	say_status("own group", status);
}

CASE(sigchld_ignored, "SIG_IGN or SA_NOCLDWAIT: no zombies, wait ends with ECHILD when all are gone")
{
	int status;
	struct sigaction a = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };

	signal(SIGCHLD, SIG_IGN);
	child(1);
	child(2);
	SAY(waitpid(-1, &status, 0));
	signal(SIGCHLD, SIG_DFL);
	SAY(waitpid(child(3), &status, 0) > 0);
	sigaction(SIGCHLD, &a, NULL);
	child(4);
	SAY(wait(&status));
}

CASE(sigchld_info, "siginfo of SIGCHLD; SA_NOCLDSTOP")
{
	siginfo_t info;
	sigset_t set;
	int status;
	pid_t pid;
	struct sigaction a = { .sa_handler = on_signal_, .sa_flags = SA_NOCLDSTOP };
	struct timespec none = { 0, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = child(7);
	sigwaitinfo(&set, &info);
	say_info("exit", 0, &info, pid);
	say("uid %d", (int)info.si_uid);
	waitpid(pid, &status, 0);
	pid = sleeper();
	kill(pid, SIGSTOP);
	sigwaitinfo(&set, &info);
	say_info("stop", 0, &info, pid);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	sigwaitinfo(&set, &info);
	say_info("continue", 0, &info, pid);
	waitpid(pid, &status, WCONTINUED);
	sigaction(SIGCHLD, &a, NULL);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	SAY(sigtimedwait(&set, &info, &none));
	kill(pid, SIGKILL);
	sigwaitinfo(&set, &info);
	say_info("kill", 0, &info, pid);
	waitpid(pid, &status, 0);
}

CASE(orphans, "children of a dead parent get another one; its zombies are reaped")
{
	int p[2], status;
	char c = 0;
	pid_t pid;

	pipe(p);
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (!fork()) {
			close(p[0]);
			while (getppid() == parent)
				sleep_ms(5);
			write(p[1], "o", 1);
			_exit(0);
		}
		child(1); /* left as a zombie */
		_exit(4);
	}
	close(p[1]);
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("parent", status);
	SAY(read(p[0], &c, 1));
	say("%c", c);
	SAY(read(p[0], &c, 1));
	SAY(waitpid(-1, &status, 0));
}

CASE(death_signal, "PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER")
{
	int p[2], status;
	char c, name[20] = "";
	pid_t pid, grandchild = 0;

	pipe(p);
	SAY(syscall(SYS_prctl, 36, 1, 0, 0, 0)); /* orphans come to this process */
	pid = fork();
	if (!pid) {
		grandchild = fork();
		if (!grandchild) {
			syscall(SYS_prctl, 1, SIGUSR1, 0, 0, 0);
			write(p[1], "r", 1);
			for (;;)
				pause();
		}
		read(p[0], &c, 1);
		_exit(0);
	}
	SAY(waitpid(pid, &status, 0) == pid);
	SAY(wait(&status) > 0);
	say_status("grandchild", status);
	SAY(syscall(SYS_prctl, 1, 100, 0, 0, 0));
	SAY(syscall(SYS_prctl, 15, "a-name-that-is-too-long", 0, 0, 0));
	SAY(syscall(SYS_prctl, 16, name, 0, 0, 0));
	say("%s", name);
	SAY(syscall(SYS_prctl, 9999, 0, 0, 0, 0));
	SAY(syscall(SYS_prctl, 38, 1, 0, 0, 0)); /* no new privileges */
	SAY(syscall(SYS_prctl, 39, 0, 0, 0, 0));
	SAY(syscall(SYS_prctl, 38, 0, 0, 0, 0));
}

CASE(vfork_shares, "vfork: the parent waits, memory is shared")
{
	static volatile int shared;
	int status;
	pid_t pid = vfork();

	if (!pid) {
		shared = 5;
		_exit(6);
	}
	say("%d", shared);
	waitpid(pid, &status, 0);
	say_status("child", status);
}

CASE(fork_inherits, "what a child has of its parent and what not")
{
	sigset_t set, got;
	struct itimerval t = { { 0, 0 }, { 1000, 0 } };
	struct rlimit l = { 55, 66 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, SIG_IGN);
	setitimer(ITIMER_REAL, &t, NULL);
	setrlimit(RLIMIT_NOFILE, &l);
	umask(033);
	nice(3);
	IN_CHILD {
		sigprocmask(SIG_BLOCK, NULL, &got);
		say("blocked %d", sigismember(&got, SIGUSR1));
		sigpending(&got);
		say("pending %d", sigismember(&got, SIGUSR1));
		say("ignored %d", signal(SIGUSR2, SIG_DFL) == SIG_IGN);
		getitimer(ITIMER_REAL, &t);
		say("timer %d", (int)t.it_value.tv_sec);
		getrlimit(RLIMIT_NOFILE, &l);
		say("limits %d %d", (int)l.rlim_cur, (int)l.rlim_max);
		say("umask %o", umask(0));
		say("nice %d", getpriority(PRIO_PROCESS, 0));
		say("group %d, session %d", getpgrp() == getppid(), getsid(0) == getppid());
	}
}

CASE(usage, "rusage and times of children are added when they are waited for")
{
	struct rusage before, after, own;
	int status;

	getrusage(RUSAGE_CHILDREN, &before);
	say("%d", (int)(before.ru_utime.tv_sec + before.ru_stime.tv_sec));
	IN_CHILD {
		for (;;) { /* half a second of work by its own clock */
			getrusage(RUSAGE_SELF, &own);
			if (own.ru_utime.tv_sec * 1000 + own.ru_utime.tv_usec / 1000 + own.ru_stime.tv_sec * 1000 + own.ru_stime.tv_usec / 1000 > 150)
				break;
		}
	}
	getrusage(RUSAGE_CHILDREN, &after);
	long ms = after.ru_utime.tv_sec * 1000 + after.ru_utime.tv_usec / 1000 + after.ru_stime.tv_sec * 1000 + after.ru_stime.tv_usec / 1000;
	say("%d %d", ms >= 150, after.ru_minflt > 0);
	SAY(getrusage(77, &own));
	SAY(syscall(SYS_getrusage, RUSAGE_SELF, 16));
	SAY(wait4(child(2), &status, 0, &own) > 0);
	say_status("wait4", status);
}
