/* System calls with pointers that lead nowhere: each gives EFAULT, none harms the kernel. Prints "ok" or what went wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int bad;

static void expect_fault(const char *name, long result)
{
	if (result != -1 || errno != EFAULT) {
		printf("%s: result %ld, errno %d (%s)\n", name, result, errno, strerror(errno));
		bad = 1;
	}
}

int main(void)
{
	char *const wild[] = { (char *)0x10, (char *)0xc0000000, (char *)0xc0100000, (char *)0xfffffff0, NULL };
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/etc/passwd", O_RDONLY), pipes[2];

	munmap(edge + 4096, 4096);
	memset(edge, 'x', 4096);
	if (pipe(pipes) < 0)
		return 1;
	for (int i = 0; wild[i]; i++) {
		char *p = wild[i];

		lseek(fd, 0, SEEK_SET);
		expect_fault("read", read(fd, p, 16));
		expect_fault("write", write(pipes[1], p, 16));
		expect_fault("open", open(p, O_RDONLY));
		expect_fault("stat", syscall(SYS_stat64, "/", p));
		expect_fault("uname", syscall(SYS_uname, p));
		expect_fault("getcwd", syscall(SYS_getcwd, p, 100));
		expect_fault("pipe", syscall(SYS_pipe, p));
		expect_fault("readv", readv(fd, (struct iovec *)p, 1));
		expect_fault("execve", syscall(SYS_execve, "/bin/true", p, NULL));
		expect_fault("sigaction", syscall(SYS_rt_sigaction, SIGUSR1, p, NULL, 8));
		expect_fault("nanosleep", syscall(SYS_nanosleep, p, NULL));
		expect_fault("wait4", syscall(SYS_getdents64, open("/", O_RDONLY | O_DIRECTORY), p, 4096));
	}
	/* A name that runs over the end of what is mapped. */
	expect_fault("open over the edge", open(edge + 4090, O_RDONLY));
	/* A part that can be copied is copied. */
	if (write(pipes[1], edge + 4090, 6) != 6) {
		puts("write up to the edge");
		bad = 1;
	}
	if (!bad)
		puts("ok");
	return bad;
}
