/* Pipes, FIFOs, poll and select: blocking, ends, atomicity, readiness. */
#include "say.h"
#include <sys/select.h>

static void ends(void)
{
	int p[2];
	char text[100];

	SAY(pipe(p));
	SAY(write(p[1], "abc", 3));
	SAY(write(p[1], "def", 3));
	SAY(read(p[0], text, 4));
	SAY(read(p[0], text, 100));
	SAY(read(p[1], text, 1));
	SAY(write(p[0], text, 1));
	SAY(lseek(p[0], 0, SEEK_SET));
	SAY(pread(p[0], text, 1, 0));
	SAY(close(p[1]));
	SAY(read(p[0], text, 100));
	SAY(close(p[0]));
	SAY(pipe(p));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	SAY(write(p[1], "x", 1));
	signal(SIGPIPE, SIG_DFL);
	close(p[1]);
	SAY(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	SAY(fcntl(p[0], F_GETFD));
	SAY(read(p[0], text, 1));
	long total = 0, n;
	char block[4096];
	memset(block, 'b', sizeof(block));
	while ((n = write(p[1], block, sizeof(block))) > 0)
		total += n;
	say("holds %ld, then %s", total, strerror(errno));
	SAY(read(p[0], block, 4096));
	SAY(write(p[1], block, 4096));
	SAY(fcntl(p[0], F_GETPIPE_SZ));
	close(p[0]);
	close(p[1]);
	SAY(pipe2(p, 077777));
}

static void through_a_child(void)
{
	int p[2], status;
	unsigned long sum = 0;
	char block[5000];
	ssize_t n;
	pid_t pid;

	if (pipe(p) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		for (int i = 0; i < 200; i++) {
			memset(block, i, sizeof(block));
			if (write(p[1], block, sizeof(block)) != (ssize_t)sizeof(block))
				_exit(1);
		}
		_exit(0);
	}
	close(p[1]);
	while ((n = read(p[0], block, 777)) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)block[i];
	waitpid(pid, &status, 0);
	say_status("writer", status);
	say("sum %08lx", sum & 0xffffffff);
	close(p[0]);
}

static void polling(void)
{
	int p[2];
	struct pollfd f[3];

	if (pipe(p) < 0)
		return;
	f[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	f[1] = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	f[2] = (struct pollfd){ .fd = -1, .events = POLLIN };
	SAY(poll(f, 3, 0));
	say("%x %x %x", f[0].revents, f[1].revents, f[2].revents);
	SAY(write(p[1], "x", 1));
	SAY(poll(f, 3, -1));
	say("%x %x %x", f[0].revents, f[1].revents, f[2].revents);
	close(p[1]);
	SAY(poll(f, 2, 100));
	say("%x %x", f[0].revents, f[1].revents);
	SAY(poll(f, 1, 10));
	f[0].fd = 0x7000;
	SAY(poll(f, 1, 10));
	say("%x", f[0].revents);
	close(p[0]);

	struct timeval t = { 0, 20000 };
	fd_set in, out;
	SAY(pipe(p));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p[0], &in);
	SAY(select(p[0] + 1, &in, NULL, NULL, &t));
	say("in %d", FD_ISSET(p[0], &in) != 0);
	if (fork() == 0) {
		sleep_ms(50);
		write(p[1], "y", 1);
		_exit(0);
	}
	FD_SET(p[0], &in);
	SAY(select(p[0] + 1, &in, NULL, NULL, NULL));
	say("in %d", FD_ISSET(p[0], &in) != 0);
	FD_SET(p[1], &out);
	SAY(select(p[1] + 1, &in, &out, NULL, NULL));
	say("in %d out %d", FD_ISSET(p[0], &in) != 0, FD_ISSET(p[1], &out) != 0);
	close(p[0]);
	close(p[1]);
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	t = (struct timeval){ 0, 1000 };
	SAY(select(p[0] + 1, &in, NULL, NULL, &t));
	wait(NULL);
	f[0] = (struct pollfd){ .fd = open("/etc/passwd", O_RDONLY), .events = POLLIN | POLLOUT };
	SAY(poll(f, 1, 0));
	say("file %x", f[0].revents);
	f[0] = (struct pollfd){ .fd = open("/dev/null", O_RDWR), .events = POLLIN | POLLOUT };
	SAY(poll(f, 1, 0));
	say("null %x", f[0].revents);
}

static void fifos(void)
{
	char text[10] = "";
	int fd, status;
	pid_t pid;

	SAY(mkfifo("fifo", 0600));
	SAY(mkfifo("fifo", 0600));
	SAY(open("fifo", O_WRONLY | O_NONBLOCK));
	pid = fork();
	if (pid == 0) {
		fd = open("fifo", O_WRONLY);
		write(fd, "hello", 5);
		_exit(0);
	}
	fd = open("fifo", O_RDONLY);
	SAY(read(fd, text, 5));
	say("%s", text);
	waitpid(pid, &status, 0);
	SAY(read(fd, text, 5));
	close(fd);
	SAY_OK(fd = open("fifo", O_RDWR));
	SAY(write(fd, "x", 1));
	SAY(read(fd, text, 1));
	close(fd);
}

/* Memory that ends in the middle of what is to be moved. */
static void half_reachable(void)
{
	int p[2], f = open("half", O_RDWR | O_CREAT, 0600);
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = { { m + 4090, 6 }, { m + 4096, 6 } };

	memset(m, 'm', 8192);
	munmap(m + 4096, 4096);
	pipe2(p, O_NONBLOCK);
	SAY(write(p[1], m + 4096 - 13, 5000));
	SAY(write(p[1], m + 4096, 10));
	SAY(read(p[0], m, 100));
	SAY(write(p[1], m, 1000));
	SAY(read(p[0], m + 4096 - 7, 100));
	SAY(read(p[0], m, 4000));
	SAY(writev(p[1], v, 2));
	SAY(read(p[0], m, 4000));
	SAY(write(f, m + 4096 - 13, 5000));
	SAY(write(f, m + 4096, 10));
	SAY(writev(f, v, 2));
	SAY(pread(f, m, 4096, 0));
	SAY(pwrite(f, m, 4096, 0));
	SAY(pwrite(f, m + 100, 4096, 4096));
	SAY(lseek(f, 0, SEEK_END));
	SAY(pread(f, m + 4096 - 21, 4096, 0));
}

int main(void)
{
	half_reachable();
	ends();
	through_a_child();
	polling();
	fifos();
	return 0;
}
