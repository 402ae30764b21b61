/*
 * unixgc ROUNDS: makes sockets that nobody can reach any more, because only messages in the queues of such sockets hold them, in all shapes,
 * ROUNDS times each; among them sockets that look alike and can be reached: what was sent to those must arrive. Says what went wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int round_nr, bad;

static void check(int good, const char *what)
{
	if (!good) {
		printf("round %d, %s: %s\n", round_nr, what, strerror(errno));
		bad = 1;
	}
}

/* Send n descriptors to a socket's other end, or to itself. */
static void give(int to, const int *fds, int n)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	check(sendmsg(to, &m, 0) == 1, "send");
}

static int take(int from)
{
	char control[CMSG_SPACE(8 * sizeof(int))], data;
	struct iovec v = { &data, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(from, &m, MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	check(fd >= 0, "receive");
	return fd;
}

static void close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

/* A ring of n pairs: into each goes an end of the next one. */
static void ring(int type, int n)
{
	int fds[8];

	for (int i = 0; i < n; i++)
		check(!socketpair(AF_UNIX, type, 0, fds + 2 * i), "pair");
	for (int i = 0; i < n; i++)
		give(fds[2 * i], &fds[(2 * i + 3) % (2 * n)], 1);
	close_all(fds, 2 * n);
}

/* Another one each time: the last one's socket may not have been collected yet. */
static struct sockaddr_un address(socklen_t *len)
{
	static int nr;
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	*len = (socklen_t)(sizeof(a.sun_family) + 1 + (size_t)sprintf(a.sun_path + 1, "gc%d.%d", (int)getpid(), nr++));
	return a;
}

/* A datagram socket connected to itself, in its own queue twice. */
static void itself(void)
{
	socklen_t len;
	struct sockaddr_un a = address(&len);
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	int twice[2] = { s, s };

	check(!bind(s, (struct sockaddr *)&a, len) && !connect(s, (struct sockaddr *)&a, len), "connect to itself");
	give(s, twice, 2);
	close(s);
}

/* A listener, in a message to a connection that it has not accepted; with both ends of a pair of which one holds the other. */
static void listener(int type)
{
	socklen_t len;
	struct sockaddr_un a = address(&len);
	int s[4] = { socket(AF_UNIX, type, 0), socket(AF_UNIX, type, 0) };

	check(!bind(s[0], (struct sockaddr *)&a, len) && !listen(s[0], 5), "listen");
	check(!connect(s[1], (struct sockaddr *)&a, len) && !socketpair(AF_UNIX, type, 0, s + 2), "connect");
	give(s[2], s + 3, 1);
	give(s[1], s, 4);
	close_all(s, 4);
}

/* A ring that can be reached through one end that is still open, while others are collected; and a listener that is still open. */
static void reached(void)
{
	socklen_t len;
	struct sockaddr_un a = address(&len);
	int p[2], q[2], l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), got;

	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, p) && !socketpair(AF_UNIX, SOCK_STREAM, 0, q), "pair");
	check(!bind(l, (struct sockaddr *)&a, len) && !listen(l, 5) && !connect(c, (struct sockaddr *)&a, len), "connect");
	give(p[0], q + 1, 1);
	give(q[0], p + 1, 1);
	give(c, q, 1);
	close(q[0]);
	close(q[1]);
	close(p[0]);
	close(c);
	ring(SOCK_STREAM, 2);
	ring(SOCK_DGRAM, 1);
	if (round_nr % 8 == 0)
		usleep(1); /* so that the collector runs now */
	got = take(p[1]);
	close(take(got)); /* p[1] again */
	close(got);
	got = accept(l, NULL, NULL);
	close(take(got));
	close(got);
	close(l);
	close(p[1]);
}

int main(int argc, char **argv)
{
	int rounds = atoi(argv[argc - 1]);

	for (round_nr = 0; round_nr < rounds && !bad; round_nr++) {
		for (int n = 1; n <= 3; n++) {
			ring(SOCK_STREAM, n);
			ring(SOCK_DGRAM, n);
			ring(SOCK_SEQPACKET, n);
		}
		itself();
	}
	for (round_nr = 0; round_nr < rounds && !bad; round_nr++) {
		listener(SOCK_STREAM);
		reached();
	}
	printf(bad ? "bad\n" : "good\n");
	return bad;
}
