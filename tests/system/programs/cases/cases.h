/*
 * Small cases that run on Sluice and on the host's Linux and must print the same (tests/system/test_cases.py).
 *
 *	CASE(append_pwrite, "pwrite to a file opened for appending appends") { ... SAY(pwrite(fd, "x", 1, 0)); ... }
 *
 * One file a subject; the program needs nothing else, main is here. Each case runs in a child process, leader of a session of its own, in a
 * fresh folder (removed afterwards), umask 022, standard input /dev/null, no other descriptors, default signals, and with a time limit. What it
 * prints and how its process ended are its result. Without arguments all cases run in the order of the file, otherwise those that are named.
 *
 * What is printed must not depend on timing, process ids, inode numbers, addresses, the kind of the file system or how much memory there is.
 * CASE_ROOT is for cases that need a host where we are root (tests/system/test_cases.py skips them otherwise).
 */
#ifndef CASES_H
#define CASES_H

#include "../same/say.h"
#include <dirent.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <sys/resource.h>

#define CASE_SECONDS 60

#define FALLOC_FL_COLLAPSE_RANGE 8 /* musl 1.2.3 has none of these */
#define FALLOC_FL_ZERO_RANGE 16
#define RWF_HIPRI 1
#define RWF_DSYNC 2
#define RWF_SYNC 4
#define RWF_NOWAIT 8
#define RWF_APPEND 16

/* The offset in two words, low and high. */
static inline ssize_t preadv2(int fd, const struct iovec *v, int n, long long at, int flags)
{
	return syscall(SYS_preadv2, fd, v, n, (long)at, (long)(at >> 32), flags);
}

static inline ssize_t pwritev2(int fd, const struct iovec *v, int n, long long at, int flags)
{
	return syscall(SYS_pwritev2, fd, v, n, (long)at, (long)(at >> 32), flags);
}

struct case_ {
	const char *name;
	void (*run)(void);
	struct case_ *next;
};

static struct case_ *cases_, **last_case_ = &cases_;

#define CASE(name_, what_) \
	static void case_##name_(void); \
	__attribute__((constructor)) static void register_##name_(void) \
	{ \
		static struct case_ self = { #name_, case_##name_, NULL }; \
		*last_case_ = &self; \
		last_case_ = &self.next; \
	} \
	static void case_##name_(void)
#define CASE_ROOT CASE

/* ---- what cases use ------------------------------------------------------- */

/* A file with this text. */
static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		say("put %s: %s", path, strerror(errno));
	close(fd);
}

/* A line with the size and the first bytes of a file; bytes that are no letters as dots. */
static inline void show_file(const char *path)
{
	char text[61];
	struct stat st;
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd < 0 || n < 0 || fstat(fd, &st)) {
		say("%s: %s", path, strerror(errno));
	} else {
		text[n] = 0;
		for (int i = 0; i < n; i++)
			text[i] = text[i] < ' ' || text[i] > '~' ? '.' : text[i];
		say("%s: %lld bytes: %s", path, (long long)st.st_size, text);
	}
	if (fd >= 0)
		close(fd);
}

/* A line with kind, mode, links, owner, size of a name (not of what a link points to). */
static inline void show_stat(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		say("%s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode)) /* sizes of folders, and link counts on some file systems, differ */
		say("%s: mode %o, owner %d:%d", path, st.st_mode, (int)st.st_uid, (int)st.st_gid);
	else
		say("%s: mode %o, links %d, owner %d:%d, size %lld", path, st.st_mode, (int)st.st_nlink, (int)st.st_uid, (int)st.st_gid, (long long)st.st_size);
}

/* Become an ordinary user, for good. */
static inline void become(uid_t id)
{
	if (setgroups(0, NULL) || setgid(id) || setuid(id))
		say("become: %s", strerror(errno));
}

static inline int child_begins_(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		return 1;
	if (waitpid(pid, &status, 0) == pid)
		say_status("child", status);
	return 0;
}

/* IN_CHILD { ... }: runs the block in a child process, waits, says how it ended. */
#define IN_CHILD for (; child_begins_(); _exit(0))

static inline void on_signal_(int n)
{
	say("signal %d", n);
	if (n == SIGSEGV || n == SIGBUS || n == SIGILL || n == SIGFPE) /* it would come again */
		_exit(95);
}

/* From now on say the signal when it comes. */
static inline void catch_signal(int n, int flags)
{
	struct sigaction a = { .sa_handler = on_signal_, .sa_flags = flags };

	sigaction(n, &a, NULL);
}

/* Wait until a process is stopped, sleeping or dead (a letter of /proc/PID/stat in which); true when it came to that. */
static inline int wait_state(pid_t pid, const char *which)
{
	char path[40], text[200];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1500; i++) {
		int fd = open(path, O_RDONLY);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		char *at;

		close(fd);
		text[n > 0 ? n : 0] = 0;
		at = strrchr(text, ')');
		if (at && at[1] && strchr(which, at[2]))
			return 1;
		sleep_ms(10);
	}
	return 0;
}

/* ---- the runner ----------------------------------------------------------- */

static inline int remove_one_(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)at;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

static inline void case_child_(void (*run)(void), const char *folder)
{
	struct rlimit files = { 1024, 4096 }, none = { 0, 0 };
	sigset_t empty;

	setsid();
	static const long fresh[5]; /* the kernel's struct: SIG_DFL, no flags, an empty mask; libc leaves its own signals alone */
	for (int n = 1; n < 65; n++)
		syscall(SYS_rt_sigaction, n, fresh, NULL, 8);
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
	if (chdir(folder) < 0)
		_exit(97);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(1, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	run();
	_exit(0);
}

/* Run one case in a folder of its own, print its result. */
static inline void run_case(const char *name, void (*run)(void))
{
	struct timespec limit = { CASE_SECONDS, 0 };
	char folder[100];
	int status = 0, late = 0;
	sigset_t child;
	pid_t pid;

	say("== %s", name);
	snprintf(folder, sizeof(folder), "case-%s", name);
	umask(022);
	if (mkdir(folder, 0755) < 0)
		say("mkdir %s: %s", folder, strerror(errno));
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (!pid)
		case_child_(run, folder);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigtimedwait(&child, NULL, &limit) < 0 && errno == EAGAIN && !late) {
			late = 1;
			kill(pid, SIGKILL);
		}
	}
	kill(-pid, SIGKILL);
	if (late)
		say("-- no end after %d s", CASE_SECONDS);
	else
		say_status("--", status);
	nftw(folder, remove_one_, 16, FTW_DEPTH | FTW_PHYS);
}

/* What the program does instead when a case executes it again (/proc/self/exe) with argv[0] "exec-case"; defined where it is wanted. */
void exec_main(int argc, char **argv) __attribute__((weak));

#ifndef CASES_OWN_MAIN
int main(int argc, char **argv)
{
	if (exec_main && argc && !strcmp(argv[0], "exec-case")) {
		exec_main(argc, argv);
		return 0;
	}
	for (struct case_ *c = cases_; c; c = c->next) {
		int wanted = argc < 2;

		for (int i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], c->name);
		if (wanted)
			run_case(c->name, c->run);
	}
	return 0;
}
#endif

#endif
