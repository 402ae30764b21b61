/*
 * What it costs to wait for one of many pipes, for a machine whose clock counts instructions (tools/vm --accel icount).
 *
 *     waitcost
 *
 * Lines "CALL N NANOSECONDS": of epoll for one event among N pipes (a byte written, told, read again; another pipe each time), of select and
 * poll for each of N pipes, the last of which has something to read.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#define MOST 4096
#define FIRST_WRITER 5000 /* readers have the lower descriptors: select knows 1,024 of them */

static int readers[MOST], writers[MOST];

static int must(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

static void make_pipes(int n)
{
	for (int i = 0; i < n; i++) {
		int ends[2];
		must(pipe(ends), "pipe");
		readers[i] = ends[0];
		writers[i] = must(fcntl(ends[1], F_DUPFD, FIRST_WRITER), "F_DUPFD");
		close(ends[1]);
	}
}

static void close_pipes(int n)
{
	for (int i = 0; i < n; i++) {
		close(readers[i]);
		close(writers[i]);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double epoll_event(int n)
{
	enum { ROUNDS = 2000 };
	struct epoll_event e, told[4];
	int ep = must(epoll_create1(0), "epoll_create1");
	char c = 0;

	make_pipes(n);
	for (int i = 0; i < n; i++) {
		must((int)write(writers[i], &c, 1), "write"); /* each has its page from here on */
		must((int)read(readers[i], &c, 1), "read");
		e = (struct epoll_event){ .events = EPOLLIN, .data.u32 = (unsigned)i };
		must(epoll_ctl(ep, EPOLL_CTL_ADD, readers[i], &e), "epoll_ctl");
	}
	double start = now();
	for (unsigned k = 0; k < ROUNDS; k++) {
		unsigned i = k * 769 % (unsigned)n;
		must((int)write(writers[i], &c, 1), "write");
		if (must(epoll_wait(ep, told, 4, -1), "epoll_wait") != 1 || told[0].data.u32 != i || told[0].events != EPOLLIN)
			exit(fprintf(stderr, "epoll told something else\n"));
		must((int)read(readers[i], &c, 1), "read");
	}
	double cost = (now() - start) / ROUNDS;
	close(ep);
	close_pipes(n);
	return cost;
}

static double poll_pipe(int n)
{
	enum { ROUNDS = 100 };
	static struct pollfd p[MOST];

	make_pipes(n);
	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = readers[i], .events = POLLIN };
	must((int)write(writers[n - 1], "", 1), "write");
	double start = now();
	for (int k = 0; k < ROUNDS; k++)
		if (must(poll(p, (nfds_t)n, -1), "poll") != 1 || p[n - 1].revents != POLLIN)
			exit(fprintf(stderr, "poll told something else\n"));
	double cost = (now() - start) / ROUNDS / n;
	close_pipes(n);
	return cost;
}

static double select_pipe(int n)
{
	enum { ROUNDS = 100 };
	fd_set all, set;

	make_pipes(n);
	FD_ZERO(&all);
	for (int i = 0; i < n; i++)
		FD_SET(readers[i], &all);
	must((int)write(writers[n - 1], "", 1), "write");
	double start = now();
	for (int k = 0; k < ROUNDS; k++) {
		set = all;
		if (must(select(readers[n - 1] + 1, &set, NULL, NULL, NULL), "select") != 1 || !FD_ISSET(readers[n - 1], &set))
			exit(fprintf(stderr, "select told something else\n"));
	}
	double cost = (now() - start) / ROUNDS / n;
	close_pipes(n);
	return cost;
}

int main(void)
{
	struct rlimit most = { 16384, 16384 };

	must(setrlimit(RLIMIT_NOFILE, &most), "setrlimit");
	printf("epoll 10 %.0f\n", epoll_event(10));
	printf("epoll 4096 %.0f\n", epoll_event(4096));
	for (int n = 10; n <= 1000; n *= 10)
		printf("select %d %.1f\npoll %d %.1f\n", n, select_pipe(n), n, poll_pipe(n));
	return 0;
}
