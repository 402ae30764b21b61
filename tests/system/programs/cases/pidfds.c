/* Descriptors of processes (pidfd_open, pidfd_send_signal, pidfd_getfd, CLONE_PIDFD, waitid by one), and what the calls for extended attributes say first. */
#include "cases.h"
#include <sched.h>
#include <sys/epoll.h>

#define P_PIDFD_ 3
#define CLONE_PIDFD_ 0x1000
#define SYS_pidfd_send_signal_ 424
#define SYS_pidfd_open_ 434
#define SYS_pidfd_getfd_ 438

static char text[100];

static int pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open_, pid, flags); }
static int pidfd_signal(int fd, int sig, void *info) { return (int)syscall(SYS_pidfd_send_signal_, fd, sig, info, 0); }
static int pidfd_getfd(int fd, int target, unsigned flags) { return (int)syscall(SYS_pidfd_getfd_, fd, target, flags); }

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void say_info(const char *what, long r, const siginfo_t *i, pid_t pid)
{
	say("%s: %ld %s, pid %s, code %d, status %d", what, r, r < 0 ? strerror(errno) : "", i->si_pid == pid ? "its" : i->si_pid ? "another" : "0", i->si_code,
	    i->si_status);
}

CASE(pidfd_ready_at_the_end, "a pidfd polls readable once the process has ended, and stays so when it is reaped")
{
	pid_t pid = sleeper();
	int fd = pidfd_open(pid, 0);
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	SAY(fcntl(fd, F_GETFD));
	SAY(poll(&p, 1, 0));
	SAY(pidfd_signal(fd, 0, NULL));
	SAY(pidfd_signal(fd, SIGTERM, NULL));
	SAY(poll(&p, 1, -1));
	say("events %#x", p.revents);
	int status;
	waitpid(pid, &status, 0);
	say_status("child", status);
	SAY(poll(&p, 1, 0));
	SAY(pidfd_signal(fd, 0, NULL));
	SAY(read(fd, text, 1));
	SAY(write(fd, text, 1));
}

CASE(pidfd_wait_by_it, "waitid by a pidfd: the child, not another; a nonblocking one says EAGAIN")
{
	pid_t pid = sleeper(), other = sleeper();
	int fd = pidfd_open(pid, 0), nb = pidfd_open(pid, O_NONBLOCK);
	siginfo_t i = { 0 };

	kill(other, SIGKILL);
	wait_state(other, "Z");
	say_info("running", waitid(P_PIDFD_, (id_t)fd, &i, WEXITED | WNOHANG), &i, pid);
	say_info("nonblocking", waitid(P_PIDFD_, (id_t)nb, &i, WEXITED), &i, pid);
	kill(pid, SIGKILL);
	say_info("ended", waitid(P_PIDFD_, (id_t)fd, &i, WEXITED | WNOWAIT), &i, pid);
	say_info("reaped", waitid(P_PIDFD_, (id_t)nb, &i, WEXITED), &i, pid);
	say_info("again", waitid(P_PIDFD_, (id_t)fd, &i, WEXITED), &i, pid);
	say_info("no pidfd", waitid(P_PIDFD_, 0, &i, WEXITED), &i, pid);
	say_info("bad", waitid(P_PIDFD_, 77, &i, WEXITED), &i, pid);
	say_info("negative", waitid(P_PIDFD_, (id_t)-1, &i, WEXITED), &i, pid);
	int self = pidfd_open(getpid(), 0);
	say_info("no child", waitid(P_PIDFD_, (id_t)self, &i, WEXITED), &i, pid);
}

CASE(pidfd_open_errors, "pidfd_open: numbers and flags that are none, processes that are not there")
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	wait_state(pid, "Z");
	SAY_OK(pidfd_open(pid, 0));
	waitpid(pid, NULL, 0);
	SAY_OK(pidfd_open(pid, 0));
	SAY_OK(pidfd_open(0, 0));
	SAY_OK(pidfd_open(-1, 0));
	SAY_OK(pidfd_open(getpid(), 1));
	SAY_OK(pidfd_open(getpid(), O_NONBLOCK));
	SAY(pidfd_signal(0, 0, NULL));
	SAY(pidfd_signal(77, 0, NULL));
	int self = pidfd_open(getpid(), 0);
	SAY(pidfd_signal(self, 99, NULL));
	SAY(syscall(SYS_pidfd_send_signal_, self, 0, NULL, 0x100));
	int folder = open("/proc/self", O_RDONLY | O_DIRECTORY), inside = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	SAY(pidfd_signal(folder, 0, NULL));
	SAY(pidfd_signal(inside, 0, NULL));
	SAY(poll(&(struct pollfd){ folder, POLLIN, 0 }, 1, 0));
	SAY(fcntl(folder, F_GETLEASE));
	SAY(fcntl(folder, F_NOTIFY, DN_MULTISHOT));
}

CASE(pidfd_signal_with_value, "a signal with siginfo of one's own, by the rules of rt_sigqueueinfo")
{
	siginfo_t i = { .si_signo = SIGUSR1, .si_code = SI_QUEUE }, got;
	int self = pidfd_open(getpid(), 0);
	sigset_t one;

	i.si_value.sival_int = 4711;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	SAY(pidfd_signal(self, SIGUSR1, &i));
	sigwaitinfo(&one, &got);
	say("code %d, value %d", got.si_code, got.si_value.sival_int);
	SAY(pidfd_signal(self, SIGUSR2, &i));
	SAY(pidfd_signal(self, SIGUSR1, (void *)8));
	pid_t pid = sleeper();
	int fd = pidfd_open(pid, 0);
	i.si_code = SI_USER;
	SAY(pidfd_signal(fd, SIGUSR1, &i));
	kill(pid, SIGKILL);
}

CASE(pidfd_signal_by_folder, "an open /proc/PID stands for the process too, for pidfd_send_signal")
{
	pid_t pid = sleeper();
	int fd, inside, status;

	snprintf(text, sizeof(text), "/proc/%d", (int)pid);
	fd = open(text, O_RDONLY | O_DIRECTORY);
	snprintf(text, sizeof(text), "/proc/%d/fd", (int)pid);
	inside = open(text, O_RDONLY | O_DIRECTORY);
	SAY(pidfd_signal(fd, 0, NULL));
	SAY(pidfd_signal(inside, 0, NULL));
	SAY(pidfd_signal(fd, SIGUSR1, NULL));
	waitpid(pid, &status, 0);
	say_status("child", status);
	SAY(pidfd_signal(fd, 0, NULL));
	SAY(pidfd_signal(open("/proc", O_RDONLY), 0, NULL));
}

CASE(pidfd_getfd_copies, "pidfd_getfd: the same open file, closed by exec")
{
	int p[2], go[2];

	pipe(p);
	pipe(go);
	pid_t pid = fork();
	if (!pid) {
		int f = open("shared", O_RDWR | O_CREAT, 0600);
		write(f, "0123456789", 10);
		lseek(f, 3, SEEK_SET);
		dup2(f, 40);
		write(p[1], "x", 1);
		read(go[0], text, 1);
		say("child at %ld", (long)lseek(40, 0, SEEK_CUR));
		_exit(0);
	}
	read(p[0], text, 1);
	int fd = pidfd_open(pid, 0), got = pidfd_getfd(fd, 40, 0);
	SAY(fcntl(got, F_GETFD));
	SAY(read(got, text, 2));
	say("%.2s", text);
	SAY(pidfd_getfd(fd, 41, 0));
	SAY(pidfd_getfd(fd, 40, 1));
	SAY(pidfd_getfd(0, 40, 0));
	write(go[1], "x", 1);
	waitpid(pid, NULL, 0);
	SAY(pidfd_getfd(fd, 40, 0));
}

CASE(pidfd_of_clone, "clone and clone3 give a pidfd of the child; it wakes an epoll set")
{
	struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } a = { .flags = CLONE_PIDFD_, .exit_signal = SIGCHLD };
	struct epoll_event v = { .events = EPOLLIN };
	int fd = -1, e = epoll_create1(0), wait_for[2];
	siginfo_t i = { 0 };

	a.pidfd = (uintptr_t)&fd;
	pipe(wait_for);
	for (int three = 0; three < 2; three++) {
		pid_t pid = (pid_t)(three ? syscall(SYS_clone3, &a, sizeof(a)) : syscall(SYS_clone, CLONE_PIDFD_ | SIGCHLD, 0, &fd, 0, 0));
		if (!pid) {
			read(wait_for[0], text, 1);
			_exit(30 + three);
		}
		say("clone%s: %d, cloexec %d", three ? "3" : "", pid > 0, fcntl(fd, F_GETFD));
		epoll_ctl(e, EPOLL_CTL_ADD, fd, &v);
		SAY(epoll_wait(e, &v, 1, 0));
		write(wait_for[1], "x", 1);
		SAY(epoll_wait(e, &v, 1, -1));
		say_info("wait", waitid(P_PIDFD_, (id_t)fd, &i, WEXITED), &i, pid);
		close(fd);
	}
	SAY(syscall(SYS_clone, CLONE_PIDFD_ | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0));
	SAY(syscall(SYS_clone, CLONE_PIDFD_ | SIGCHLD, 0, 8, 0, 0));
	SAY_OK(open("/dev/null", O_RDONLY));
}

CASE_ROOT(pidfd_permission, "another user's process: no signal, no descriptor of it")
{
	int fd = pidfd_open(getpid(), 0);

	IN_CHILD {
		become(4321);
		SAY(pidfd_signal(fd, 0, NULL));
		SAY(pidfd_getfd(fd, 0, 0));
	}
}

CASE(xattr_arguments, "extended attributes: flags, names and sizes are looked at before the file")
{
	char name[300];

	memset(name, 'x', 299);
	name[299] = 0;
	put("f", "");
	SAY(syscall(SYS_setxattr, "f", "user.a", "v", 1, 4));
	SAY(syscall(SYS_setxattr, "f", name, "v", 1, 0));
	SAY(syscall(SYS_setxattr, "f", "", "v", 1, 0));
	SAY(syscall(SYS_setxattr, "f", "user.a", "v", 70000, 0));
	SAY(syscall(SYS_setxattr, "f", "user.a", (void *)8, 1, 0));
	SAY(syscall(SYS_setxattr, "none", "user.a", "v", 1, 0));
	SAY(syscall(SYS_setxattr, NULL, "user.a", "v", 1, 0));
	SAY(syscall(SYS_getxattr, "none", "user.a", text, 10));
	SAY(syscall(SYS_getxattr, "f", "", text, 10));
	SAY(syscall(SYS_getxattr, "f", "nonsense", text, 10));
	SAY(syscall(SYS_removexattr, "f", "nonsense"));
	SAY(syscall(SYS_listxattr, "f", text, 100));
	SAY(syscall(SYS_flistxattr, 77, text, 100));
	SAY(syscall(SYS_fgetxattr, 77, "user.a", text, 10));
	symlink("nowhere", "l");
	SAY(syscall(SYS_lgetxattr, "l", "user.a", text, 10));
	SAY(syscall(SYS_lremovexattr, "l", "user.a"));
	SAY(syscall(SYS_llistxattr, "l", text, 100));
}
