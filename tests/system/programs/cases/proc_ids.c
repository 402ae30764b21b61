/* Users, groups, sessions, limits, priorities. */
#include "cases.h"
#include <sched.h>

static void ids(const char *what)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	say("%s: uid %d %d %d, gid %d %d %d", what, (int)r, (int)e, (int)s, (int)rg, (int)eg, (int)sg);
}

CASE_ROOT(setuid_rules, "setuid of root is for good; setreuid and setresuid of others swap what they have")
{
	IN_CHILD {
		SAY(syscall(SYS_setuid32, 1000));
		ids("setuid");
		SAY(syscall(SYS_setuid32, 0));
		SAY(syscall(SYS_setuid32, 1001));
		SAY(syscall(SYS_setuid32, 1000));
	}
	IN_CHILD {
		SAY(syscall(SYS_setresuid32, 1, 2, 3));
		ids("setresuid");
		SAY(syscall(SYS_setresuid32, -1, 3, -1));
		SAY(syscall(SYS_setresuid32, 4, -1, -1));
		SAY(syscall(SYS_setuid32, 1));
		ids("setuid");
		SAY(syscall(SYS_setreuid32, 3, 1));
		ids("setreuid");
		SAY(syscall(SYS_setreuid32, 1, 3));
		ids("setreuid");
		SAY(syscall(SYS_setreuid32, 0, -1));
	}
	IN_CHILD {
		SAY(syscall(SYS_setreuid32, 1000, -1));
		ids("setreuid");
		SAY(syscall(SYS_setreuid32, -1, 1000));
		ids("setreuid");
		SAY(syscall(SYS_setuid32, 0));
		ids("setuid");
	}
	IN_CHILD {
		SAY(syscall(SYS_setresgid32, 5, 6, 7));
		ids("setresgid");
		SAY(syscall(SYS_setgid32, 8));
		ids("setgid");
		become(1000);
		SAY(syscall(SYS_setgid32, 5));
		SAY(syscall(SYS_setregid32, 1000, 1000));
		SAY(syscall(SYS_setresgid32, 1000, 8, 1000));
	}
}

CASE_ROOT(sixteen_bits, "the old calls with 16-bit numbers")
{
	SAY(syscall(SYS_setresuid32, 70000, 70000, 0) == 0);
	SAY(syscall(SYS_getuid));
	SAY(syscall(SYS_getuid32));
	SAY(syscall(SYS_geteuid));
	SAY(syscall(SYS_setuid, 65535));
	ids("after");
}

CASE_ROOT(groups_calls, "getgroups and setgroups")
{
	gid_t g[3] = { 7, 5, 6 }, got[10];

	SAY(setgroups(3, g));
	SAY(getgroups(0, NULL));
	SAY(getgroups(2, got));
	SAY(getgroups(10, got));
	say("%d %d %d", (int)got[0], (int)got[1], (int)got[2]);
	SAY(getgroups(-1, got));
	SAY(setgroups(70000, g));
	SAY(setgroups(1, (gid_t *)16));
	SAY(setgroups(0, NULL));
	SAY(getgroups(10, got));
	IN_CHILD {
		setuid(1000);
		SAY(setgroups(1, g));
	}
}

CASE_ROOT(fsuid, "setfsuid gives the old one; file access follows it")
{
	put("f", "x");
	chmod("f", 0600);
	SAY(syscall(SYS_setfsuid32, 1000));
	SAY(syscall(SYS_setfsuid32, -1));
	SAY_OK(open("f", O_RDONLY));
	SAY(access("f", R_OK));
	SAY(syscall(SYS_setfsuid32, 0));
	SAY_OK(open("f", O_RDONLY));
	SAY(syscall(SYS_setfsgid32, 5));
	SAY(syscall(SYS_setfsgid32, -1));
}

CASE_ROOT(kill_rights, "who may signal whom")
{
	pid_t root = fork(), mine;
	int status;

	if (!root)
		for (;;)
			pause();
	IN_CHILD {
		become(1000);
		SAY(kill(root, 0));
		SAY(kill(root, SIGTERM));
		SAY(kill(root, 99));
		SAY(kill(0x7ffffff, 0));
		mine = fork();
		if (!mine)
			for (;;)
				pause();
		SAY(kill(mine, 0));
		SAY(kill(mine, SIGTERM));
		waitpid(mine, &status, 0);
		say_status("mine", status);
		SAY(kill(mine, 0));
	}
	SAY(kill(root, SIGKILL));
}

CASE(sessions, "setsid, setpgid, getpgid, getsid and their errors")
{
	int status, p[2];
	char c;
	pid_t pid;

	SAY(setsid());
	SAY(setpgid(0, 0));
	SAY(getpgid(0x7ffffff));
	SAY(getsid(0x7ffffff));
	SAY(setpgid(0x7ffffff, 0));
	SAY(setpgid(0, -1));
	SAY(getpgrp() == getpid());
	SAY(getsid(0) == getpid());
	pipe(p);
	pid = fork();
	if (!pid) {
		read(p[0], &c, 1);
		SAY(getpgrp() == getpid());
		SAY(setpgid(0, getppid()));
		SAY(getpgrp() == getppid());
		SAY(setpgid(0, 0x7ffffff));
		SAY(setpgid(getppid(), 0));
		SAY(setsid() == getpid());
		SAY(getsid(0) == getpid());
		SAY(setsid());
		SAY(setpgid(0, getppid()));
		_exit(0);
	}
	SAY(setpgid(pid, pid));
	SAY(getpgid(pid) == pid);
	SAY(setpgid(pid, 0x7ffffff));
	write(p[1], "x", 1);
	waitpid(pid, &status, 0);
	say_status("child", status);
	SAY(setpgid(pid, pid));
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "exec-case", NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
}

void exec_main(int argc, char **argv)
{
	char c;

	(void)argv;
	if (argc == 1)
		return;
	write(6, "x", 1);
	read(5, &c, 1);
}

CASE(setpgid_after_exec, "a child that has executed keeps its group")
{
	int a[2], b[2], status;
	char c;
	pid_t pid;

	pipe(a); /* 3, 4 */
	pipe(b); /* 5, 6 */
	pid = fork();
	if (!pid) {
		dup2(a[1], 6);
		execl("/proc/self/exe", "exec-case", "wait", (char *)NULL);
		_exit(1);
	}
	read(a[0], &c, 1);
	SAY(setpgid(pid, pid));
	SAY(getpgid(pid) == getpgrp());
	write(b[1], "x", 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

CASE(kill_targets, "kill by 0, -1 group, and signal 0")
{
	int status;
	pid_t a = fork();

	if (!a)
		for (;;)
			pause();
	setpgid(a, a);
	SAY(kill(-a, 0));
	SAY(kill(-a, SIGUSR1));
	waitpid(a, &status, 0);
	say_status("a", status);
	SAY(kill(-a, 0));
	SAY(kill(a, 0));
	SAY(kill(-0x7ffffff, SIGTERM));
	signal(SIGUSR1, SIG_IGN);
	SAY(kill(0, SIGUSR1));
	SAY(kill(getpid(), -1));
	SAY(kill(getpid(), 65));
	SAY(syscall(SYS_tkill, getpid(), 0));
	SAY(syscall(SYS_tkill, -1, 0));
	SAY(syscall(SYS_tgkill, getpid(), 0, 0));
	SAY(syscall(SYS_tgkill, getpid() + 1, getpid(), 0));
	SAY(syscall(SYS_tgkill, getpid(), getpid(), 99));
}

CASE(rlimits, "getrlimit, setrlimit, prlimit: raising, lowering, errors")
{
	struct rlimit l;
	struct { uint64_t cur, max; } big;

	for (int i = 0; i < 16; i++)
		if (i != RLIMIT_SIGPENDING && i != RLIMIT_NPROC && i != RLIMIT_MSGQUEUE && i != RLIMIT_MEMLOCK && i != RLIMIT_NOFILE) {
			getrlimit(i, &l);
			say("%d: sane %d", i, l.rlim_cur <= l.rlim_max);
		}
	SAY(getrlimit(16, &l));
	SAY(syscall(SYS_ugetrlimit, -1, &l));
	SAY(syscall(SYS_ugetrlimit, 0, 16));
	l.rlim_cur = 100;
	l.rlim_max = 50;
	SAY(setrlimit(RLIMIT_NOFILE, &l));
	l.rlim_cur = 50;
	l.rlim_max = 100;
	SAY(setrlimit(RLIMIT_NOFILE, &l));
	SAY(setrlimit(99, &l));
	IN_CHILD {
		if (!getuid())
			become(1000);
		l.rlim_max = 200;
		SAY(setrlimit(RLIMIT_NOFILE, &l));
		l.rlim_max = 80;
		SAY(setrlimit(RLIMIT_NOFILE, &l));
		l.rlim_cur = 80;
		SAY(setrlimit(RLIMIT_NOFILE, &l));
		l.rlim_cur = 81;
		SAY(setrlimit(RLIMIT_NOFILE, &l));
	}
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &big));
	say("%d %d", (int)big.cur, (int)big.max);
	SAY(syscall(SYS_prlimit64, 0x7ffffff, RLIMIT_NOFILE, NULL, &big));
	SAY(syscall(SYS_prlimit64, 0, 99, NULL, &big));
	big.cur = 1000;
	big.max = 10;
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &big, NULL));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 16, NULL));
}

CASE(process_limit, "RLIMIT_NPROC stops an ordinary user's forks")
{
	struct rlimit l = { 1, 1 };
	pid_t pid;

	if (getuid())
		return;
	IN_CHILD {
		setrlimit(RLIMIT_NPROC, &l);
		become(4711); /* nobody else has it */
		pid = fork();
		if (!pid)
			_exit(0);
		say("%s", pid < 0 ? strerror(errno) : "forked");
	}
	IN_CHILD {
		l.rlim_cur = l.rlim_max = 2;
		setrlimit(RLIMIT_NPROC, &l);
		become(4711);
		pid = fork();
		if (!pid)
			_exit(0);
		say("%s", pid < 0 ? strerror(errno) : "forked");
	}
}

CASE(cpu_limit, "RLIMIT_CPU: SIGXCPU at the soft limit, SIGKILL at the hard one")
{
	struct rlimit l = { 0, 0 };

	IN_CHILD {
		l.rlim_cur = 1;
		l.rlim_max = 5;
		setrlimit(RLIMIT_CPU, &l);
		for (;;)
			;
	}
}

CASE(priorities, "nice, getpriority, setpriority")
{
	SAY(getpriority(PRIO_PROCESS, 0));
	errno = 0;
	SAY(nice(5));
	SAY(getpriority(PRIO_PROCESS, getpid()));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(setpriority(PRIO_PROCESS, 0, 100));
	SAY(getpriority(PRIO_PROCESS, 0));
	SAY(setpriority(99, 0, 0));
	SAY(setpriority(PRIO_PROCESS, 0x7ffffff, 0));
	SAY(getpriority(PRIO_PGRP, 0));
	SAY(getpriority(PRIO_PGRP, 0x7ffffff));
	IN_CHILD {
		if (!getuid())
			become(1000);
		SAY(setpriority(PRIO_PROCESS, 0, 5));
		SAY(setpriority(PRIO_PROCESS, 1, 19));
		SAY(nice(-1));
	}
}

CASE(scheduler, "sched_* calls: errors and defaults")
{
	struct sched_param p = { 0 };
	struct timespec t;
	unsigned char mask[128] = { 0 };

	SAY(syscall(SYS_sched_getscheduler, 0));
	SAY(syscall(SYS_sched_getscheduler, -1));
	SAY(syscall(SYS_sched_getscheduler, 0x7ffffff));
	SAY(syscall(SYS_sched_getparam, 0, &p));
	say("%d", p.sched_priority);
	p.sched_priority = 5;
	SAY(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
	p.sched_priority = 0;
	SAY(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
	SAY(syscall(SYS_sched_setscheduler, 0, 99, &p));
	SAY(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
	SAY(syscall(SYS_sched_get_priority_max, SCHED_FIFO));
	SAY(syscall(SYS_sched_get_priority_min, SCHED_FIFO));
	SAY(syscall(SYS_sched_get_priority_max, SCHED_OTHER));
	SAY(syscall(SYS_sched_get_priority_max, 99));
	SAY(syscall(SYS_sched_rr_get_interval, -1, &t));
	SAY(syscall(SYS_sched_yield));
	SAY(syscall(SYS_sched_getaffinity, 0, 128, mask) > 0);
	SAY(syscall(SYS_sched_getaffinity, 0, 1, mask));
	SAY(syscall(SYS_sched_getaffinity, 0x7ffffff, 128, mask));
	memset(mask, 0, sizeof(mask));
	SAY(syscall(SYS_sched_setaffinity, 0, 128, mask));
	mask[0] = 1;
	SAY(syscall(SYS_sched_setaffinity, 0, 128, mask));
}
