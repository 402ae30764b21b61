/*
 * init: the first program, pid 1.
 *
 * It mounts what a program expects (/proc, /sys, /dev, /run), then does one of two things:
 *  - tools/vm handed in a command (QEMU's fw_cfg item opt/sluice/argv, NUL-separated arguments): run it with stdin /dev/null, stdout and
 *    stderr on the host's debug ports, working directory /root and a session of its own; report how it ended; power off.
 *  - otherwise: a shell on each terminal of the machine, started again when it ends, until somebody asks for power-off.
 *
 * What it says to tools/vm on /dev/hoststatus is one line a fact, each begun by a byte 1, so that nothing else can look like one:
 *   \1status exit N      the command ended by itself
 *   \1status signal N    a signal ended it
 *   \1status cannot E    it could not be executed; E is the errno
 *
 * Signals are busybox's: SIGUSR2 (poweroff), SIGTERM (reboot), SIGUSR1 (halt). The handler does the work itself, so none is lost between
 * a test and a wait; init holds no lock and does nothing but wait when one arrives.
 */
#define _GNU_SOURCE /* environ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FW_CFG_ITEM(name) "/sys/firmware/qemu_fw_cfg/by_name/opt/sluice/" name "/raw"
#define MAX_ARGS 4096
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A terminal with a shell on it. */
struct terminal {
	const char *device, *term;
	pid_t shell;       /* 0: none */
	time_t started_at; /* monotonic seconds */
};

static struct terminal terminals[] = {
	{ .device = "/dev/ttyS0", .term = "TERM=vt100" },
	{ .device = "/dev/tty1", .term = "TERM=linux" },
};

static const char *const base_environment[] = {
	"PATH=/sbin:/bin:/usr/sbin:/usr/bin", "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh",
};

static void complain(const char *what, const char *about)
{
	dprintf(2, "init: %s %s: %s\n", what, about, strerror(errno));
}

/* The whole of a small file, NUL added; the length, or -1. The buffer is malloc'ed. */
static ssize_t slurp(const char *path, char **text)
{
	size_t size = 0, room = 4096;
	char *buf = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0 || !buf)
		goto fail;
	while ((n = read(fd, buf + size, room - size - 1)) > 0) {
		size += (size_t)n;
		if (size + 1 == room) {
			char *larger = realloc(buf, room *= 2);
			if (!larger)
				goto fail;
			buf = larger;
		}
	}
	if (n < 0)
		goto fail;
	close(fd);
	buf[size] = 0;
	*text = buf;
	return (ssize_t)size;
fail:
	if (fd >= 0)
		close(fd);
	free(buf);
	return -1;
}

static void write_all(int fd, const char *text, size_t left)
{
	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		left -= (size_t)n;
	}
}

/* ---- system set-up --------------------------------------------------------------------------------------------------------------- */

static void mount_one(const char *type, const char *at, unsigned long flags, const char *options)
{
	/* The kernel may have mounted it itself: EBUSY. A missing folder or type is not worth dying for. */
	if (mount(type, at, type, flags, options) < 0 && errno != EBUSY)
		complain("mount", at);
}

/* Make sure that 0, 1 and 2 are open, so that no file is ever mistaken for one of them. */
static void open_standard_files(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
	if (fd > 2)
		close(fd);
}

static void set_up(void)
{
	char *name;
	ssize_t n;

	umask(022);
	mount_one("devtmpfs", "/dev", MS_NOSUID, NULL);
	open_standard_files();
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=000"); /* 5: the group tty */
	mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, NULL);
	n = slurp("/etc/hostname", &name);
	if (n > 0) {
		sethostname(name, strcspn(name, "\n"));
		free(name);
	}
}

/* ---- the end --------------------------------------------------------------------------------------------------------------------- */

/* Processes that are still there: asked to end, given half a second, then killed. */
static void end_processes(void)
{
	const struct timespec tick = { .tv_nsec = 10 * 1000 * 1000 };

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	for (int i = 0; i < 50; i++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		nanosleep(&tick, NULL);
	}
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Unmount the last mounted first; the root stays and is made read-only. */
static void unmount_all(void)
{
	char *table, *points[256], *line;
	size_t n = 0;

	if (slurp("/proc/mounts", &table) > 0) {
		for (line = strtok(table, "\n"); line && n < ARRAY_SIZE(points); line = strtok(NULL, "\n")) {
			char *point = strchr(line, ' '), *end = point ? strchr(point + 1, ' ') : NULL;

			if (!end)
				continue;
			*end = 0;
			points[n++] = point + 1;
		}
		while (n--)
			if (strcmp(points[n], "/") && strcmp(points[n], "/dev"))
				umount2(points[n], 0);
		free(table);
	}
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

static void __attribute__((noreturn)) shut_down(int how)
{
	end_processes();
	sync();
	unmount_all();
	sync();
	reboot(how);
	/* The machine did not do it; there is nothing better to do than to stay. */
	for (;;)
		pause();
}

static void on_signal(int signal)
{
	shut_down(signal == SIGUSR2 ? RB_POWER_OFF : signal == SIGUSR1 ? RB_HALT_SYSTEM : RB_AUTOBOOT);
}

static void catch_signals(void)
{
	static const int which[] = { SIGUSR1, SIGUSR2, SIGTERM };
	struct sigaction action = { .sa_handler = on_signal };

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(which); i++)
		sigaction(which[i], &action, NULL);
}

/* In a child: what init changed goes back to the default. */
static void default_signals(void)
{
	static const int which[] = { SIGUSR1, SIGUSR2, SIGTERM };

	for (size_t i = 0; i < ARRAY_SIZE(which); i++)
		signal(which[i], SIG_DFL);
}

/* ---- the command from tools/vm --------------------------------------------------------------------------------------------------- */

static void report(const char *fact, int number)
{
	char line[64];
	int fd = open("/dev/hoststatus", O_WRONLY | O_CLOEXEC);
	int n = snprintf(line, sizeof(line), "\1status %s %d\n", fact, number);

	if (fd < 0) {
		complain("open", "/dev/hoststatus");
		return;
	}
	write_all(fd, line, (size_t)n);
	close(fd);
}

static void onto(int fd, const char *path, int flags)
{
	int from = open(path, flags);

	if (from < 0) {
		complain("open", path);
		return;
	}
	if (from != fd) {
		dup2(from, fd);
		close(from);
	}
}

static void __attribute__((noreturn)) exec_command(char **argv)
{
	char *environment[ARRAY_SIZE(base_environment) + 2];
	size_t n = 0;

	for (; n < ARRAY_SIZE(base_environment); n++)
		environment[n] = (char *)base_environment[n];
	environment[n++] = (char *)"TERM=dumb";
	environment[n] = NULL;
	setsid();
	onto(0, "/dev/null", O_RDONLY);
	onto(1, "/dev/hostout", O_WRONLY);
	onto(2, "/dev/hosterr", O_WRONLY);
	if (chdir("/root") < 0)
		complain("chdir", "/root");
	default_signals();
	environ = environment;
	execvp(argv[0], argv);
	report("cannot", errno);
	_exit(errno == ENOENT || errno == ENOTDIR ? 127 : 126);
}

static void __attribute__((noreturn)) run_command(char *text, size_t size)
{
	static char *argv[MAX_ARGS + 1];
	size_t n = 0;
	pid_t child, pid;
	int status;

	for (size_t at = 0; at < size && n < MAX_ARGS; at += strlen(text + at) + 1)
		argv[n++] = text + at;
	child = fork();
	if (child == 0)
		exec_command(argv);
	if (child < 0) {
		report("cannot", errno);
		shut_down(RB_POWER_OFF);
	}
	do {
		pid = waitpid(-1, &status, 0);
	} while (pid != child && (pid >= 0 || errno == EINTR));
	if (pid != child)
		complain("wait", argv[0]);
	else if (WIFSIGNALED(status))
		report("signal", WTERMSIG(status));
	else
		report("exit", WEXITSTATUS(status));
	shut_down(RB_POWER_OFF);
}

/* ---- shells on the terminals ------------------------------------------------------------------------------------------------------ */

static time_t now(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_MONOTONIC, &t) < 0 ? 0 : t.tv_sec;
}

/* The host's terminal size, when tools/vm told it: "ROWS COLUMNS". */
static void set_window_size(int fd)
{
	struct winsize size = { 0 };
	unsigned int rows, columns;
	char *text;

	if (slurp(FW_CFG_ITEM("winsize"), &text) <= 0)
		return;
	if (sscanf(text, "%u %u", &rows, &columns) == 2) {
		size.ws_row = (unsigned short)rows;
		size.ws_col = (unsigned short)columns;
		ioctl(fd, TIOCSWINSZ, &size);
	}
	free(text);
}

static void __attribute__((noreturn)) exec_shell(const struct terminal *t)
{
	char *environment[ARRAY_SIZE(base_environment) + 2];
	char *greeting;
	size_t n = 0;
	ssize_t length;
	int fd;

	for (; n < ARRAY_SIZE(base_environment); n++)
		environment[n] = (char *)base_environment[n];
	environment[n++] = (char *)t->term;
	environment[n] = NULL;
	setsid();
	fd = open(t->device, O_RDWR);
	if (fd < 0)
		_exit(1);
	ioctl(fd, TIOCSCTTY, 1);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	if (!strcmp(t->device, "/dev/ttyS0"))
		set_window_size(0);
	length = slurp("/etc/issue", &greeting);
	if (length > 0)
		write_all(1, greeting, (size_t)length);
	if (chdir("/root") < 0)
		complain("chdir", "/root");
	default_signals();
	execle("/bin/sh", "-sh", (char *)NULL, environment);
	complain("exec", "/bin/sh");
	_exit(1);
}

static void start_shell(struct terminal *t)
{
	const struct timespec second = { .tv_sec = 1 };

	if (access(t->device, F_OK) < 0)
		return;
	if (t->started_at && now() - t->started_at < 1)
		nanosleep(&second, NULL); /* one that dies at once does not keep the machine busy */
	t->started_at = now();
	t->shell = fork();
	if (t->shell == 0)
		exec_shell(t);
	if (t->shell < 0)
		t->shell = 0;
}

static void __attribute__((noreturn)) run_shells(void)
{
	for (;;) {
		int status = 0;
		pid_t pid;

		for (size_t i = 0; i < ARRAY_SIZE(terminals); i++)
			if (!terminals[i].shell)
				start_shell(&terminals[i]);
		pid = waitpid(-1, &status, 0);
		if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			sleep(1); /* on the way down (poweroff -f) the kernel kills all but init: nothing is started anew */
		for (size_t i = 0; i < ARRAY_SIZE(terminals); i++)
			if (pid > 0 && terminals[i].shell == pid)
				terminals[i].shell = 0;
		if (pid < 0 && errno == ECHILD)
			sleep(1); /* no terminal at all: nothing to wait for */
	}
}

int main(void)
{
	char *command;
	ssize_t size;

	if (getpid() != 1) {
		fprintf(stderr, "init: this is the first program's job; to power off: poweroff\n");
		return 1;
	}
	set_up();
	catch_signals();
	size = slurp(FW_CFG_ITEM("argv"), &command);
	if (size > 0)
		run_command(command, (size_t)size);
	run_shells();
}
