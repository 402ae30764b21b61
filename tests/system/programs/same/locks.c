/* flock and record locks: who blocks whom, splitting, what closing gives up. */
#include "say.h"
#include <sys/file.h>

static const char *kind(int type) { return type == F_RDLCK ? "read" : type == F_WRLCK ? "write" : "none"; }

static int lock(int fd, int cmd, int type, long start, long len)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
	return fcntl(fd, cmd, &l);
}

/* What another process sees. */
static void show(const char *what)
{
	pid_t pid = fork();
	if (!pid) {
		int fd = open("l", O_RDWR);
		long at = 0;
		for (int i = 0; i < 10; i++) {
			struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at };
			if (fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK)
				break;
			say("%s: %s from %ld, %ld bytes, by %s", what, kind(l.l_type), (long)l.l_start, (long)l.l_len,
				l.l_pid == getppid() ? "parent" : "other");
			if (!l.l_len)
				break;
			at = (long)(l.l_start + l.l_len);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void in_child(const char *what, int type, long start, long len)
{
	pid_t pid = fork();
	if (!pid) {
		int fd = open("l", O_RDWR), r = lock(fd, F_SETLK, type, start, len);
		say("child %s: %s", what, r ? strerror(errno) : "ok");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void records(int fd)
{
	SAY(lock(fd, F_SETLK, F_WRLCK, 0, 100));
	show("one");
	in_child("write inside", F_WRLCK, 10, 1);
	in_child("read inside", F_RDLCK, 10, 1);
	in_child("write behind", F_WRLCK, 100, 1);
	SAY(lock(fd, F_SETLK, F_UNLCK, 40, 20));
	show("hole");
	in_child("write in the hole", F_WRLCK, 40, 20);
	in_child("write too long", F_WRLCK, 40, 21);
	SAY(lock(fd, F_SETLK, F_RDLCK, 0, 10));
	show("part read");
	in_child("read the part", F_RDLCK, 0, 10);
	in_child("write the part", F_WRLCK, 0, 10);
	SAY(lock(fd, F_SETLK, F_WRLCK, 30, 50));
	show("joined");
	SAY(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	show("nothing");
	SAY(lock(fd, F_SETLK, F_WRLCK, 5, 0));
	show("to the end");
	SAY(lock(fd, F_SETLK, F_WRLCK, -1, 1));
	SAY(lock(fd, F_SETLK, 7, 0, 1));
	SAY(lock(99, F_SETLK, F_WRLCK, 0, 1));
	int other = open("l", O_RDONLY);
	SAY(lock(other, F_SETLK, F_WRLCK, 0, 1));
	SAY(lock(other, F_SETLK, F_RDLCK, 0, 1));
	show("before close");
	SAY(close(other)); /* any close of the file gives all locks of the process up */
	show("after close");
}

static void waiting(int fd)
{
	int p[2];
	char c;
	pipe(p);
	pid_t pid = fork();
	if (!pid) {
		int own = open("l", O_RDWR);
		lock(own, F_SETLK, F_WRLCK, 0, 10);
		write(p[1], "x", 1);
		sleep_ms(100);
		_exit(0);
	}
	read(p[0], &c, 1);
	SAY(lock(fd, F_SETLK, F_WRLCK, 5, 1));
	SAY(lock(fd, F_SETLKW, F_WRLCK, 5, 1));
	waitpid(pid, NULL, 0);
	/* a circle */
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	pid = fork();
	if (!pid) {
		int own = open("l", O_RDWR);
		lock(own, F_SETLK, F_WRLCK, 10, 1);
		write(p[1], "x", 1);
		int r = lock(own, F_SETLKW, F_WRLCK, 0, 1);
		say("child waited: %d", r);
		_exit(0);
	}
	read(p[0], &c, 1);
	sleep_ms(100);
	SAY(lock(fd, F_SETLKW, F_WRLCK, 10, 1));
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	waitpid(pid, NULL, 0);
}

static void whole(void)
{
	int a = open("l", O_RDWR), b = open("l", O_RDONLY), c = dup(a);
	SAY(flock(a, LOCK_EX));
	SAY(flock(b, LOCK_EX | LOCK_NB));
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(c, LOCK_EX | LOCK_NB));
	SAY(flock(c, LOCK_SH));
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(a, LOCK_EX | LOCK_NB));
	SAY(flock(b, LOCK_UN));
	SAY(flock(a, LOCK_EX | LOCK_NB));
	close(a);
	SAY(flock(b, LOCK_SH | LOCK_NB));
	close(c);
	SAY(flock(b, LOCK_SH | LOCK_NB));
	SAY(flock(b, 77));
	SAY(flock(99, LOCK_SH));
	close(b);
}

int main(void)
{
	int fd = open("l", O_RDWR | O_CREAT, 0600);
	records(fd);
	waiting(fd);
	whole();
	return 0;
}
