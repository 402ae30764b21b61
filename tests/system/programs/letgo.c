/*
 * letgo DEV DIR: a disk can be unmounted as soon as the last process that used it has been waited for, however that process held its files:
 * in messages nobody received, in sockets that only such messages hold, by asynchronous requests under way, mapped. And while a process
 * holds one, it cannot. Prints a line for each way: what umount(2) said. And nobody waits for a screen whose output is stopped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "user/linux_aio.h"

#define PAGES 64
#define CHAIN 300

static const char *dev, *dir;

static void must(int good, const char *what)
{
	if (good)
		return;
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *unmounted(void) { return umount(dir) ? strerror(errno) : "gone"; }
static void mounted(void) { must(!mount(dev, dir, "ext2", 0, NULL), "mount"); }

static void give(int to, int a, int b)
{
	int fds[2] = { a, b };
	char control[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fds)) };
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	must(sendmsg(to, &m, 0) == 1, "sendmsg");
}

static int file(int flags)
{
	int fd = open("file", flags);

	must(fd >= 0, "open");
	return fd;
}

static void pair(int *p) { must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair"); }

/* ---- the ways ---- */

static void message(void)
{
	int p[2];

	pair(p);
	for (int i = 0; i < 50; i++)
		give(p[0], file(O_RDWR), open(".", O_RDONLY));
}

/* In the queue of a socket in the queue of a socket ... */
static void chain(void)
{
	int in = file(O_RDWR), p[2];

	for (int i = 0; i < CHAIN; i++) {
		pair(p);
		give(p[0], in, p[0]);
		close(p[0]);
		close(in);
		in = p[1];
	}
}

/* A socket in its own queue, and the file with it. Nothing is closed when the process ends. */
static void circle(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0circle" };
	socklen_t len = sizeof(a.sun_family) + 7;
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	must(!bind(s, (struct sockaddr *)&a, len) && !connect(s, (struct sockaddr *)&a, len), "connect");
	give(s, s, file(O_RDONLY));
}

static void bound(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink("socket");
	must(!bind(s, (struct sockaddr *)&a, sizeof(a)) && !listen(s, 1), "bind");
}

static void map(void)
{
	char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file(O_RDWR), 0);

	must(p != MAP_FAILED, "mmap");
	memset(p, 'm', PAGES * 4096);
}

/* Requests of all kinds, most of them not even started when the process ends; it has a file mapped, too. */
static void requests(int flags)
{
	struct iocb cb[2 * PAGES + 1], *list[2 * PAGES + 1];
	char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	aio_context_t c = 0;
	int p[2], fd = file(O_RDWR | flags);

	map();
	must(!io_setup(2 * PAGES + 1, &c) && !pipe(p), "io_setup");
	memset(cb, 0, sizeof(cb));
	for (int i = 0; i < 2 * PAGES; i++) {
		cb[i] = (struct iocb){ .opcode = i % 2 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD, .fd = (uint32_t)fd, .buf = (uintptr_t)memory + i / 2 * 4096, .nbytes = 4096,
				       .offset = (PAGES - 1 - i / 2) * 4096 };
		if (i % 16 == 15)
			cb[i] = (struct iocb){ .opcode = IOCB_CMD_FSYNC, .fd = (uint32_t)fd };
		list[i] = &cb[i];
	}
	cb[2 * PAGES] = (struct iocb){ .opcode = IOCB_CMD_POLL, .fd = (uint32_t)p[0], .buf = 1 };
	list[2 * PAGES] = &cb[2 * PAGES];
	must(io_submit(c, 2 * PAGES + 1, list) == 2 * PAGES + 1, "io_submit");
}

static void buffered(void) { requests(0); }
static void direct(void) { requests(O_DIRECT); }

static const struct way { const char *name; void (*fn)(void); } ways[] = {
	{ "message", message }, { "chain", chain }, { "circle", circle }, { "bound", bound }, { "map", map }, { "buffered", buffered }, { "direct", direct },
};

/* By a process that holds it until told, and then ends, is killed, or becomes another program. */
static void held(const struct way *w, int how)
{
	int up[2], down[2], status;
	char c;

	mounted();
	must(!pipe2(up, O_CLOEXEC) && !pipe2(down, O_CLOEXEC), "pipe");
	pid_t pid = fork();
	if (!pid) {
		must(!chdir(dir), "chdir");
		w->fn();
		must(!chdir("/"), "chdir");
		must(write(up[1], "x", 1) == 1 && read(down[0], &c, 1) == 1, "pipe");
		if (how == 2)
			must(!execl("/bin/busybox", "true", NULL), "exec");
		_exit(0);
	}
	must(read(up[0], &c, 1) == 1, "child");
	const char *before = unmounted();
	must(how == 1 ? !kill(pid, SIGKILL) : write(down[1], "x", 1) == 1, "end");
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	const char *after = unmounted();
	if (how < 2)
		printf("%s: %s, %s\n", w->name, before, after);
	else if (strcmp(after, "gone"))
		printf("%s, exec: %s\n", w->name, after);
	for (int i = 0; i < 2; i++) {
		close(up[i]);
		close(down[i]);
	}
}

/* What recvmsg throws away, because nobody has room for it, is closed when it returns; so is what a closed socket had. */
static void thrown_away(void)
{
	struct iovec v = { &(char){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int p[2], fd;

	mounted();
	must(!chdir(dir), "chdir");
	fd = file(O_RDWR);
	must(!chdir("/"), "chdir");
	pair(p);
	give(p[0], fd, fd);
	give(p[0], fd, fd);
	close(fd);
	printf("sent: %s\n", unmounted());
	must(recvmsg(p[1], &m, 0) == 1, "recvmsg");
	printf("received without room: %s, one left: %s\n", m.msg_flags & MSG_CTRUNC ? "cut" : "whole", unmounted());
	close(p[1]);
	printf("closed: %s\n", unmounted());
	close(p[0]);
}

static void stopped_screen(void)
{
	int fd = open("/dev/tty1", O_RDWR | O_NOCTTY), kept = -1;

	must(fd >= 0 && !tcflow(fd, TCOOFF) && write(fd, "shown later\n", 12) == 12, "tty1");
	must(!ioctl(fd, TIOCOUTQ, &kept) && !tcdrain(fd) && !close(fd), "drain");
	printf("screen: %d kept\n", kept);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	dev = argv[1];
	dir = argv[2];
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (int how = 0; how < 3; how++)
			held(&ways[i], how);
	thrown_away();
	stopped_screen();
	return argc != 3;
}
