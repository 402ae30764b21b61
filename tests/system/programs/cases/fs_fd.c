/* Descriptors, and locks on what they are open on. */
#include "cases.h"
#include <sys/file.h>

CASE(dup_errors, "dup, dup2, dup3 at their limits")
{
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	SAY(dup(-1));
	SAY(dup(999));
	SAY(dup2(fd, 1023));
	SAY(dup2(fd, 1024));
	SAY(dup2(fd, -1));
	SAY(dup2(fd, INT32_MAX));
	SAY(dup2(999, fd));
	SAY(dup2(999, 999));
	SAY(dup3(fd, 20, O_CLOEXEC));
	SAY(fcntl(20, F_GETFD));
	SAY(dup3(fd, 20, 0));
	SAY(fcntl(20, F_GETFD));
	SAY(dup3(fd, 20, O_NONBLOCK));
	SAY(dup3(fd, fd, O_CLOEXEC));
	SAY(dup3(999, 999, 0));
	SAY(dup3(999, 20, 0));
	SAY(dup3(fd, 5000, 0));
	SAY(fcntl(fd, F_DUPFD, 1023) == -1 ? -1 : 0);
	SAY(fcntl(fd, F_DUPFD, 1024));
	SAY(fcntl(fd, F_DUPFD, -1));
	SAY(fcntl(fd, F_DUPFD_CLOEXEC, 30));
	SAY(fcntl(30, F_GETFD));
}

CASE(lowest_free, "the lowest free number is taken; the limit holds")
{
	struct rlimit l = { 10, 10 };
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	SAY(fd);
	SAY(dup(fd));
	SAY(dup(fd));
	SAY(close(4));
	SAY(open("f", O_RDONLY));
	SAY(setrlimit(RLIMIT_NOFILE, &l));
	SAY(dup(fd));
	SAY(dup(fd));
	SAY(dup(fd));
	SAY(dup(fd));
	SAY(dup(fd));
	SAY(open("f", O_RDONLY));
	SAY(open("new", O_CREAT | O_RDWR, 0600));
	SAY(access("new", F_OK));
	SAY(pipe((int[2]){ 0 }));
	SAY(dup2(fd, 10));
	SAY(dup2(fd, 9));
	close(9);
	SAY(pipe((int[2]){ 0 }));
	SAY(dup(fd));
}

CASE(close_errors, "close and close_range")
{
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	for (int i = 10; i < 20; i++)
		dup2(fd, i);
	SAY(close(-1));
	SAY(close(999));
	SAY(close(1 << 30));
	SAY(close(fd));
	SAY(close(fd));
	SAY(syscall(SYS_close_range, 12, 14, 0));
	SAY(fcntl(11, F_GETFD));
	SAY(fcntl(12, F_GETFD));
	SAY(fcntl(14, F_GETFD));
	SAY(fcntl(15, F_GETFD));
	SAY(syscall(SYS_close_range, 14, 12, 0));
	SAY(syscall(SYS_close_range, 15, 16, 4));
	SAY(fcntl(16, F_GETFD));
	SAY(syscall(SYS_close_range, 15, 16, 8));
	SAY(syscall(SYS_close_range, 17, ~0u, 0));
	SAY(fcntl(17, F_GETFD));
	SAY(fcntl(16, F_GETFD));
	SAY(syscall(SYS_close_range, 3, ~0u, 2));
	SAY(fcntl(10, F_GETFD));
}

CASE(fcntl_flags, "F_GETFL, F_SETFL, F_SETFD: what can be changed")
{
	int fd = open("f", O_CREAT | O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0600), p[2];

	say("%o", fcntl(fd, F_GETFL));
	SAY(fcntl(fd, F_SETFL, O_RDONLY | O_CREAT | O_TRUNC));
	say("%o", fcntl(fd, F_GETFL));
	SAY(fcntl(fd, F_SETFL, O_APPEND | O_NOATIME));
	say("%o", fcntl(fd, F_GETFL));
	SAY(fcntl(fd, F_SETFL, O_SYNC));
	say("%o", fcntl(fd, F_GETFL));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_SETFD, 0));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_SETFD, 0xff));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, 9999));
	SAY(fcntl(999, F_GETFL));
	SAY(fcntl(999, 9999));
	pipe2(p, O_NONBLOCK | O_CLOEXEC);
	say("%o %o", fcntl(p[0], F_GETFL), fcntl(p[1], F_GETFL));
	SAY(fcntl(p[0], F_SETFL, O_DIRECT) == 0 || errno == EINVAL);
	SAY(pipe2(p, O_APPEND));
	SAY(pipe2(p, 0x40000000));
	SAY(fcntl(fd, F_GETOWN));
	SAY(fcntl(fd, F_GETSIG));
	SAY(fcntl(fd, F_SETSIG, 100));
	SAY(fcntl(fd, F_SETOWN, 0x7ffffff));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 8192));
	SAY(fcntl(p[1], F_GETPIPE_SZ));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 5000));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 0) > 0);
	SAY(fcntl(fd, F_SETPIPE_SZ, 8192));
	SAY(fcntl(fd, F_GETPIPE_SZ));
}

CASE(flags_shared, "status flags belong to the open file, the close-on-exec flag to the descriptor")
{
	int fd = open("f", O_CREAT | O_RDWR, 0600), d = dup(fd), o = open("f", O_RDWR);

	SAY(fcntl(fd, F_SETFL, O_APPEND));
	SAY(fcntl(d, F_GETFL) & O_APPEND);
	SAY(fcntl(o, F_GETFL) & O_APPEND);
	SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SAY(fcntl(d, F_GETFD));
	SAY(fcntl(dup(fd), F_GETFD));
	IN_CHILD fcntl(d, F_SETFL, O_NONBLOCK);
	SAY(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
	IN_CHILD fcntl(d, F_SETFD, FD_CLOEXEC);
	SAY(fcntl(d, F_GETFD));
}

CASE(ioctl_errors, "ioctl on what does not know it; FIONREAD, FIONBIO, FIOCLEX")
{
	int fd, n = -1, on = 1, p[2];

	put("f", "12345");
	fd = open("f", O_RDWR);
	SAY(ioctl(fd, 0x12345, &n));
	SAY(ioctl(fd, 0x5413, &n));
	SAY(ioctl(999, 0x5413, &n));
	SAY(ioctl(fd, 0x541B, &n));
	SAY(n);
	SAY(lseek(fd, 2, SEEK_SET));
	SAY(ioctl(fd, 0x541B, &n));
	SAY(n);
	SAY(ioctl(fd, 0x5421, &on));
	SAY(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SAY(ioctl(fd, 0x5451, 0));
	SAY(fcntl(fd, F_GETFD));
	SAY(ioctl(fd, 0x5450, 0));
	SAY(fcntl(fd, F_GETFD));
	SAY(ioctl(fd, 0x541B, (void *)16));
	pipe(p);
	write(p[1], "abc", 3);
	SAY(ioctl(p[0], 0x541B, &n));
	SAY(n);
	SAY(ioctl(p[0], 0x5401, &n));
	SAY(ioctl(open(".", O_RDONLY), 0x5401, &n));
	SAY(ioctl(open("/dev/null", O_RDONLY), 0x5401, &n));
}

static struct flock lock_of(int type, long start, long len)
{
	return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
}

static void ask(int fd, long start, long len)
{
	struct flock l = lock_of(F_WRLCK, start, len);

	if (fcntl(fd, F_GETLK, &l))
		say("%ld+%ld: %s", start, len, strerror(errno));
	else if (l.l_type == F_UNLCK)
		say("%ld+%ld: free", start, len);
	else
		say("%ld+%ld: %s lock %ld+%ld of %s", start, len, l.l_type == F_RDLCK ? "read" : "write", (long)l.l_start, (long)l.l_len,
		    l.l_pid == getppid() ? "the parent" : l.l_pid == -1 ? "an open file" : "another");
}

CASE(lock_errors, "F_SETLK: bad arguments, access modes, kinds")
{
	struct flock l = lock_of(F_WRLCK, 0, 0);
	int fd = open("f", O_CREAT | O_RDWR, 0600), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY), p[2];

	SAY(fcntl(ro, F_SETLK, &l));
	l.l_type = F_RDLCK;
	SAY(fcntl(wo, F_SETLK, &l));
	SAY(fcntl(ro, F_SETLK, &l));
	l.l_type = 7;
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, -1, 1);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, 10, -5);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, 10, -20);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, 0, 0);
	l.l_whence = 9;
	SAY(fcntl(fd, F_SETLK, &l));
	l.l_whence = SEEK_END;
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, 0, 0);
	SAY(fcntl(999, F_SETLK, &l));
	pipe(p);
	SAY(fcntl(p[1], F_SETLK, &l) == 0 || errno == EINVAL);
	SAY(fcntl(fd, F_SETLK, (void *)16));
	l.l_type = F_UNLCK;
	SAY(fcntl(fd, F_GETLK, &l));
}

CASE(lock_ranges, "ranges split, join, shrink; what another process sees")
{
	struct flock l;
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	l = lock_of(F_WRLCK, 100, 100);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_UNLCK, 130, 10);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_RDLCK, 150, 10);
	SAY(fcntl(fd, F_SETLK, &l));
	IN_CHILD {
		ask(fd, 0, 100);
		ask(fd, 0, 101);
		ask(fd, 130, 10);
		ask(fd, 135, 20);
		ask(fd, 150, 1);
		ask(fd, 165, 0);
		ask(fd, 200, 0);
	}
	l = lock_of(F_WRLCK, 130, 10);
	SAY(fcntl(fd, F_SETLK, &l));
	l = lock_of(F_WRLCK, 150, 10);
	SAY(fcntl(fd, F_SETLK, &l));
	IN_CHILD ask(fd, 0, 0);
	l = lock_of(F_WRLCK, 1000, 0);
	SAY(fcntl(fd, F_SETLK, &l));
	IN_CHILD {
		ask(fd, 5000, 1);
		l = lock_of(F_RDLCK, 5000, 1);
		SAY(fcntl(fd, F_SETLK, &l));
		l = lock_of(F_RDLCK, 300, 1);
		SAY(fcntl(fd, F_SETLK, &l));
	}
	l = lock_of(F_WRLCK, 300, 1);
	SAY(fcntl(fd, F_SETLK, &l)); /* the child's lock went with it */
}

CASE(lock_lost_at_close, "closing any descriptor of the file drops the process's record locks")
{
	struct flock l = lock_of(F_WRLCK, 0, 10);
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	SAY(fcntl(fd, F_SETLK, &l));
	IN_CHILD ask(fd, 0, 0);
	close(open("f", O_RDONLY));
	IN_CHILD ask(fd, 0, 0);
	l = lock_of(F_WRLCK, 0, 10);
	SAY(fcntl(fd, F_SETLK, &l));
	close(dup(fd));
	IN_CHILD ask(fd, 0, 0);
}

CASE(lock_waits, "F_SETLKW waits for the other; a signal ends the wait; a deadlock is seen")
{
	struct flock a = lock_of(F_WRLCK, 0, 1), b = lock_of(F_WRLCK, 1, 1), u = lock_of(F_UNLCK, 0, 0);
	int fd = open("f", O_CREAT | O_RDWR, 0600), ready[2], status;
	char c;
	pid_t pid;

	pipe(ready);
	SAY(fcntl(fd, F_SETLK, &a));
	pid = fork();
	if (!pid) {
		catch_signal(SIGUSR1, 0);
		fcntl(fd, F_SETLK, &b);
		write(ready[1], "x", 1);
		SAY(fcntl(fd, F_SETLKW, &a)); /* ended by the signal */
		write(ready[1], "x", 1);
		_exit(fcntl(fd, F_SETLKW, &a) ? 1 : 5); /* got when the parent lets go */
	}
	read(ready[0], &c, 1);
	SAY(wait_state(pid, "S"));
	kill(pid, SIGUSR1);
	read(ready[0], &c, 1);
	SAY(wait_state(pid, "S"));
	SAY(fcntl(fd, F_SETLKW, &b)); /* each would wait for the other */
	SAY(fcntl(fd, F_SETLK, &u));
	waitpid(pid, &status, 0);
	say_status("child", status);
	SAY(fcntl(fd, F_SETLKW, &b));
}

CASE(ofd_locks, "locks of open files: fork and dup share them, two opens are two owners")
{
	struct flock64 { short type, whence; int64_t start, len; int pid; } __attribute__((packed)) l = { F_WRLCK, SEEK_SET, 0, 10, 0 };
	int fd = open("f", O_CREAT | O_RDWR, 0600), other = open("f", O_RDWR);

	SAY(fcntl(fd, 37, &l)); /* F_OFD_SETLK */
	SAY(fcntl(other, 37, &l));
	SAY(fcntl(dup(fd), 37, &l));
	IN_CHILD {
		l.type = F_WRLCK;
		SAY(fcntl(fd, 37, &l));
		SAY(fcntl(other, 37, &l));
		ask(other, 0, 0);
	}
	l.pid = 1;
	SAY(fcntl(fd, 37, &l));
	l.pid = 0;
	SAY(fcntl(other, 36, &l));
	say("type %d, pid %d", l.type, l.pid);
	l = (struct flock64){ F_WRLCK, SEEK_SET, 0, 10, 0 };
	close(open("f", O_RDONLY));
	SAY(fcntl(other, 37, &l));
	close(fd);

	for (int i = 3; i < 20; i++)
		if (i != other)
			close(i);
	SAY(fcntl(other, 37, &l));
}

CASE(flock_rules, "flock: owners are open files; conversion, inheritance, errors")
{
	int a = open("f", O_CREAT | O_RDWR, 0600), b = open("f", O_RDONLY), p[2];
	struct flock l = lock_of(F_WRLCK, 0, 0);

	SAY(flock(a, LOCK_SH | LOCK_NB));
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(a, LOCK_EX | LOCK_NB));
	SAY(flock(b, LOCK_UN));
	SAY(flock(a, LOCK_EX | LOCK_NB));
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(dup(a), LOCK_SH | LOCK_NB));
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(b, LOCK_UN));
	IN_CHILD {
		SAY(flock(a, LOCK_EX | LOCK_NB));
		SAY(flock(open("f", O_RDONLY), LOCK_SH | LOCK_NB));
		SAY(flock(a, LOCK_UN));
	}
	SAY(flock(b, LOCK_EX | LOCK_NB));
	SAY(fcntl(a, F_SETLK, &l)); /* the two kinds do not see each other */
	SAY(flock(a, 0));
	SAY(flock(a, 77));
	SAY(flock(999, LOCK_SH));
	SAY(flock(a, LOCK_NB));
	pipe(p);
	SAY(flock(p[0], LOCK_EX | LOCK_NB));
	SAY(flock(open(".", O_RDONLY), LOCK_EX | LOCK_NB));
	SAY(flock(open("f", O_PATH), LOCK_EX | LOCK_NB));
}

void exec_main(int argc, char **argv)
{
	say("%d descriptor flags: 3: %s, 50: %s, 51: %s", argc, fcntl(3, F_GETFD) < 0 ? strerror(errno) : "there",
	    fcntl(50, F_GETFD) < 0 ? strerror(errno) : "there", fcntl(51, F_GETFD) < 0 ? strerror(errno) : "there");
	(void)argv;
}

CASE(exec_closes, "close-on-exec descriptors are gone after exec, others are there")
{
	int kept = open("f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	dup2(kept, 50);
	dup3(kept, 51, O_CLOEXEC);
	IN_CHILD execl("/proc/self/exe", "exec-case", NULL);
	IN_CHILD execl("/proc/self/exe", "exec-case", "more", NULL);
	SAY(fcntl(51, F_GETFD));
}
