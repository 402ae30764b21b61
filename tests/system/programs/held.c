/* Files of a device that goes away (tests/system/modules/held.c): whoever waits is woken, and every call answers ENODEV. Prints "fine". */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int bad;
#define CHECK(c) do { if (!(c)) { printf("line %d: %s (errno %d)\n", __LINE__, #c, errno); bad = 1; } } while (0)
#define GONE(c) CHECK((c) == -1 && errno == ENODEV)

int main(void)
{
	int fd = open("/dev/held0", O_RDWR), gone = open("/sys/module/held/parameters/gone", O_WRONLY);
	char c;
	int status;

	CHECK(fd >= 0 && gone >= 0);
	CHECK(open("/dev/held2", O_RDWR) == -1 && errno == EBUSY);
	CHECK(ioctl(fd, 100) == 42);
	CHECK(ioctl(fd, 101) == -1 && errno == ENOTTY);
	CHECK(write(fd, "x", 1) == -1 && errno == EINVAL);
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && !strcmp(map, "mapped"));
	CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	int set = epoll_create1(0);
	CHECK(!epoll_ctl(set, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN }));
	pid_t readers[3], poller;
	for (int i = 0; i < 3; i++)
		if (!(readers[i] = fork()))
			_exit(read(fd, &c, 1) == -1 ? errno : 0);
	if (!(poller = fork())) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		_exit(poll(&p, 1, 60000) == 1 ? p.revents : 0);
	}
	usleep(200000);
	CHECK(write(gone, "1", 1) == 1);
	for (int i = 0; i < 3; i++)
		CHECK(waitpid(readers[i], &status, 0) == readers[i] && WEXITSTATUS(status) == ENODEV);
	CHECK(waitpid(poller, &status, 0) == poller && (WEXITSTATUS(status) & POLLHUP));
	struct epoll_event e;
	CHECK(epoll_wait(set, &e, 1, 20000) == 1 && (e.events & EPOLLHUP));
	GONE(read(fd, &c, 1));
	GONE(ioctl(fd, 100));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLERR | POLLHUP));
	CHECK(open("/dev/held0", O_RDWR) == -1 && errno == ENOENT);
	CHECK(!strcmp(map, "mapped")); /* what is mapped stays */
	if (!bad)
		puts("fine");
	return bad;
}
