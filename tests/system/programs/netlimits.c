/*
 * What only Sluice's own switches can show of sockets: ports that run out, a line that loses everything, a crowd that resets itself before it is
 * accepted, datagrams that nobody reads, and connections whose end the stack forgets while their descriptors are open. Prints a line for each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS 16

static char buf[65536];

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("%s: %s\n", path, strerror(errno));
	close(fd);
}

static struct sockaddr_in at(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int bound(int port)
{
	struct sockaddr_in a = at(port);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	return bind(s, (void *)&a, sizeof(a)) ? close(s), -errno : s;
}

static int listener(int port, int backlog)
{
	struct sockaddr_in a = at(port);
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(s, (void *)&a, sizeof(a)) || listen(s, backlog) ? -1 : s;
}

static int connected(int port, int flags)
{
	struct sockaddr_in a = at(port);
	int s = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (!connect(s, (void *)&a, sizeof(a)) || errno == EINPROGRESS)
		return s;
	close(s);
	return -errno;
}

static void reset(int s)
{
	struct linger hard = { 1, 0 };
	setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s);
}

static int error(int s)
{
	int v = -1;
	socklen_t len = sizeof(v);
	getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &len);
	return v;
}

/* What poll says within 40 seconds, and the error. */
static void wait_for(const char *what, int s, int events)
{
	struct pollfd p = { s, (short)events, 0 };
	int n = poll(&p, 1, 40000);
	printf("%s: %d, %s\n", what, n, strerror(error(s)));
}

static void ports(void)
{
	int s[PORTS + 1], l = listener(7000, 64), n = 0;

	put("/proc/sys/net/ipv4/ip_local_port_range", "40000 40015");
	while (n <= PORTS && (s[n] = bound(0)) >= 0)
		n++;
	printf("bound: %d, %s\n", n, strerror(-s[n]));
	while (n--)
		close(s[n]);
	for (n = 0; n <= PORTS && (s[n] = connected(7000, 0)) >= 0;)
		n++;
	printf("connected: %d, %s\n", n, strerror(-s[n]));
	while (n--)
		close(s[n]), close(accept(l, NULL, NULL));
	for (n = 0; n < 20 * PORTS; n++) { /* ports whose last connection only waits for stray packets are free for a new one */
		int c = connected(7000, 0);
		if (c < 0)
			break;
		close(c);
		close(accept(l, NULL, NULL));
	}
	printf("one after the other: %d\n", n);
	put("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999");
	close(l);
}

static void silence(void)
{
	int l = listener(7001, 8), c = connected(7001, 0), a = accept(l, NULL, NULL), ms = 1000;

	setsockopt(c, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	put("/proc/sys/net/lo_faults", "1000 0 0");
	printf("write: %zd\n", write(c, "lost", 4));
	wait_for("data", c, POLLIN);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in to = at(7001);
	setsockopt(s, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	int n = connect(s, (void *)&to, sizeof(to));
	printf("connect: %d, %s\n", n, strerror(errno));
	wait_for("connection", s, POLLOUT);
	put("/proc/sys/net/lo_faults", "0 0 0");
	close(s), close(c);
	reset(a);
	close(l);
}

static void crowd(void)
{
	int l = listener(7002, 4), n = 0;

	for (int i = 0; i < 200; i++) {
		int c = connected(7002, SOCK_NONBLOCK);
		reset(c);
	}
	/* those that were in are still to be accepted, and say that they are over */
	fcntl(l, F_SETFL, O_NONBLOCK);
	for (int a; (a = accept(l, NULL, NULL)) >= 0; n++) {
		ssize_t r = read(a, buf, 1);
		if (r != -1 || errno != ECONNRESET)
			printf("accepted: %zd, %s\n", r, strerror(errno));
		close(a);
	}
	printf("accepted: %d\n", n);
	fcntl(l, F_SETFL, 0);
	int c = connected(7002, 0), a = accept(l, NULL, NULL);
	printf("then: %d %d\n", c >= 0, a >= 0);
	reset(c);
	close(a), close(l);
}

static void unread(void)
{
	int r = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0), n = 0;
	struct sockaddr_in a = at(7003);

	bind(r, (void *)&a, sizeof(a));
	connect(s, (void *)&a, sizeof(a));
	for (int i = 0; i < 20000; i++)
		n += send(s, "", 0, 0) == 0;
	printf("datagrams sent: %d\n", n);
	for (n = 0; recv(r, buf, 1, MSG_DONTWAIT) == 0;)
		n++;
	printf("kept: %d\n", n > 100 && n < 2000);
	close(r), close(s);
}

/* Both directions are shut, the stack forgets the connection, the descriptors stay. */
static void forgotten(void)
{
	int l = listener(7004, 4), c = connected(7004, 0), a = accept(l, NULL, NULL);
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	shutdown(c, SHUT_WR);
	printf("end: %zd\n", read(a, buf, 1));
	shutdown(a, SHUT_WR);
	printf("end: %zd\n", read(c, buf, 1));
	put("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
	put("/proc/sys/net/ipv4/tcp_max_tw_buckets", "1024");
	for (int i = 0; i < 2; i++) {
		int s = i ? a : c;
		struct pollfd p = { s, POLLIN, 0 };
		int n = poll(&p, 1, 0);
		printf("poll %d %#x, ", n, p.revents);
		printf("read %zd, error %d, ", read(s, buf, 1), error(s));
		n = (int)send(s, "x", 1, MSG_NOSIGNAL);
		printf("send %d %s, ", n, strerror(errno));
		len = sizeof(name);
		n = getsockname(s, (void *)&name, &len);
		printf("name %d %d\n", n, i ? ntohs(name.sin_port) == 7004 : name.sin_port != 0);
		close(s);
	}
	/* closed with data on its way, when the other end has been done for long: the data still arrives */
	c = connected(7004, 0), a = accept(l, NULL, NULL);
	shutdown(c, SHUT_WR);
	printf("end: %zd\n", read(a, buf, 1));
	put("/proc/sys/net/lo_faults", "1000 0 0");
	memset(buf, 'd', sizeof(buf));
	printf("write: %zd\n", write(a, buf, 60000));
	shutdown(a, SHUT_WR);
	close(a);
	memset(buf, 0, sizeof(buf));
	put("/proc/sys/net/lo_faults", "0 0 0");
	ssize_t n, all = 0, good = 0;
	for (; (n = read(c, buf, sizeof(buf))) > 0; all += n)
		for (ssize_t i = 0; i < n; i++)
			good += buf[i] == 'd';
	printf("read: %zd, good %zd\n", all, good);
	close(c), close(l);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(280);
	ports();
	silence();
	crowd();
	unread();
	forgotten();
	return 0;
}
