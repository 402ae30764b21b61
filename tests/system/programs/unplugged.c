/*
 * unplugged DEVICE: what files see of a device that goes. First interrupts come through it; then one process waits in read and one in poll,
 * "waiting" is printed, and somebody unplugs it. What each then gets is printed, a line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int say(const char *what, long r)
{
	printf("%s: %s\n", what, r < 0 ? strerror(errno) : "done");
	fflush(stdout);
	return 0;
}

static void interrupts(int fd)
{
	for (uint32_t i = 1; i <= 50; i++) {
		uint32_t back = 0;

		if (write(fd, &i, sizeof(i)) != sizeof(i) || read(fd, &back, sizeof(back)) != sizeof(back) || back != i) {
			printf("interrupt %u: %u came back\n", i, back);
			return;
		}
	}
	puts("interrupts: all");
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "";
	int fd = open(path, O_RDWR);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	pid_t reader, poller;
	uint32_t v = 1;

	if (fd < 0)
		return say(path, -1) + 1;
	interrupts(fd);
	reader = fork();
	if (!reader)
		return say("a read under way", read(fd, &v, sizeof(v)));
	poller = fork();
	if (!poller) {
		poll(&p, 1, -1);
		printf("poll: %s\n", p.revents & POLLHUP ? "hang-up" : "something else");
		return 0;
	}
	puts("waiting");
	fflush(stdout);
	waitpid(reader, NULL, 0);
	waitpid(poller, NULL, 0);
	say("read", read(fd, &v, sizeof(v)));
	say("write", write(fd, &v, sizeof(v)));
	say("open", open(path, O_RDWR));
	say("close", close(fd));
	return 0;
}
