/* Processes: fork, exec, wait, exit, groups, sessions, memory that is shared or copied. */
#include "say.h"
#include <sys/resource.h>

static void exits(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(300);
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("child", status);
	SAY(waitpid(pid, &status, 0));
	SAY(waitpid(-1, &status, WNOHANG));
	pid = fork();
	if (pid == 0) {
		sleep_ms(50);
		abort();
	}
	SAY(waitpid(pid, &status, WNOHANG));
	SAY(waitpid(-1, &status, 0) == pid);
	say_status("abort", status);
	pid = fork();
	if (pid == 0) {
		*(volatile int *)16 = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status("wild write", status);
	pid = fork();
	if (pid == 0) {
		divide_by_zero();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status("division by zero", status);
	SAY(waitpid(-1, &status, 0x1000000));
	SAY(kill(getpid(), 99));
	SAY(kill(0x7ffffff, 0));
	SAY(kill(getpid(), 0));
}

static void stops(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		sleep_ms(200); /* the continuation is to be seen before the end */
		_exit(5);
	}
	SAY(waitpid(pid, &status, WUNTRACED) == pid);
	say_status("child", status);
	SAY(kill(pid, SIGCONT));
	SAY(waitpid(pid, &status, WCONTINUED) == pid);
	say_status("child", status);
	SAY(waitpid(pid, &status, 0) == pid);
	say_status("child", status);
}

static void memory(void)
{
	int status;
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static volatile int data = 1;
	pid_t pid;

	*shared = *private = 1;
	pid = fork();
	if (pid == 0) {
		*shared = 2;
		*private = 2;
		data = 2;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("shared %d, private %d, data %d", *shared, *private, data);
	pid = vfork();
	if (pid == 0)
		_exit(7);
	waitpid(pid, &status, 0);
	say_status("vfork", status);
}

static void execs(char *self)
{
	int status, pipes[2];
	char text[64];
	ssize_t n;
	pid_t pid;

	if (pipe(pipes) < 0)
		return;
	fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		char fd[12], kept[12];

		snprintf(fd, sizeof(fd), "%d", pipes[0]);
		snprintf(kept, sizeof(kept), "%d", pipes[1]);
		execl(self, "renamed", "child", fd, kept, (char *)NULL);
		_exit(1);
	}
	close(pipes[1]);
	n = read(pipes[0], text, sizeof(text));
	say("through the pipe: %.*s", (int)n, text);
	waitpid(pid, &status, 0);
	say_status("exec", status);
	SAY(execl("/no/such", "x", (char *)NULL));
	SAY(execl("/", "x", (char *)NULL));
	close(open("not-a-program", O_CREAT | O_WRONLY, 0755));
	SAY(execl("./not-a-program", "x", (char *)NULL));
	SAY(chmod("not-a-program", 0644));
	SAY(execl("./not-a-program", "x", (char *)NULL));
}

static void groups(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		SAY(setpgid(0, 0));
		SAY(getpgrp() == getpid());
		SAY(setsid());
		SAY(setpgid(0, 1));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		SAY(setsid() == getpid());
		SAY(getsid(0) == getpid());
		SAY(setpgid(0, 0));
		SAY(open("/dev/tty", O_RDWR));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status("session", status);
	SAY(getsid(0x7ffffff));
	SAY(getpgid(0x7ffffff));
}

static void parents(void)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	if (pipe(pipes) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		pid_t me = getpid();

		if (fork() == 0) {
			while (getppid() == me)
				sleep_ms(5);
			c = 'o';
			write(pipes[1], &c, 1);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	SAY(read(pipes[0], &c, 1));
	say("orphan says %c", c);
}

static void usage(void)
{
	struct rusage u;
	struct rlimit limit;

	SAY(getrusage(RUSAGE_SELF, &u));
	SAY(getrusage(77, &u));
	SAY(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 20;
	SAY(setrlimit(RLIMIT_NOFILE, &limit));
	SAY(fcntl(0, F_DUPFD, 20));
	SAY(dup2(0, 20));
	SAY(dup2(0, 19));
	SAY(getpriority(PRIO_PROCESS, 0));
	SAY(setpriority(PRIO_PROCESS, 0, 5));
	SAY(getpriority(PRIO_PROCESS, 0));
}

/* The signal that a child's end sends is any number of the clone's low byte, but only a signal is sent. */
static void strange_ends(void)
{
	static const int signals[] = { 0, SIGUSR1, 64, 65, 81, 255 };

	signal(SIGUSR1, SIG_IGN);
	signal(64, SIG_IGN);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int status = 0;
		pid_t pid = (pid_t)syscall(SYS_clone, signals[i], 0, 0, 0, 0);

		if (pid == 0)
			_exit(5);
		say("ends with signal %d: %d, without __WALL %d", signals[i], pid > 0, (int)waitpid(pid, &status, 0));
		say("reaped %d, status %#x", waitpid(pid, &status, 0x40000000) == pid, status);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "child")) {
		int kept = atoi(argv[3]);

		dprintf(kept, "I am %s, closed %d", argv[0], fcntl(atoi(argv[2]), F_GETFD) == -1 && errno == EBADF);
		return 9;
	}
	exits();
	stops();
	memory();
	execs(argv[0]);
	groups();
	parents();
	strange_ends();
	usage();
	return 0;
}
