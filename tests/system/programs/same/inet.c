/* TCP and UDP over loopback: connections, half-closed, reset, refused, ports, options, readiness, much data both ways. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "say.h"

static char buf[200000];

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	return getsockname(fd, (void *)&a, &len) ? -1 : ntohs(a.sin_port);
}

static int at(int (*call)(int, const struct sockaddr *, socklen_t), int fd, int port)
{
	struct sockaddr_in a = local(port);
	return call(fd, (void *)&a, sizeof(a));
}

static int events(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };
	poll(&p, 1, 0);
	return p.revents;
}

static int option(int fd, int level, int opt)
{
	int v = -1;
	socklen_t len = sizeof(v);
	return getsockopt(fd, level, opt, &v, &len) ? -errno : v;
}

/* A listener on a free port, and a connection to it: the two ends. */
static int pair(int s[2])
{
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (at(bind, l, 0) || listen(l, 8))
		return -1;
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (at(connect, s[0], port_of(l)))
		return -1;
	s[1] = accept(l, NULL, NULL);
	close(l);
	return s[1] < 0;
}

static void connections(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), a, port, on = 1;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	say("-- connections");
	SAY(at(bind, l, 0));
	port = port_of(l);
	say("a port: %d", port > 1023);
	SAY(at(bind, l, 0));
	SAY(at(connect, c, port));
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(listen(l, 4));
	say("listening %d, events %#x", option(l, SOL_SOCKET, SO_ACCEPTCONN), events(l));
	SAY(at(connect, c, port));
	SAY(at(connect, c, port));
	say("events %#x %#x", events(l), events(c));
	SAY_OK(a = accept(l, (void *)&from, &len));
	say("from %d %d %d", len, from.sin_addr.s_addr == htonl(INADDR_LOOPBACK), ntohs(from.sin_port) == port_of(c));
	SAY(write(c, "hello", 5));
	struct pollfd p = { a, POLLIN, 0 };
	SAY(poll(&p, 1, 1000));
	SAY(ioctl(a, FIONREAD, &on));
	say("queued %d", on);
	SAY(recv(a, buf, 3, MSG_PEEK));
	SAY(read(a, buf, 100));
	SAY(recv(a, buf, 100, MSG_DONTWAIT));
	SAY(shutdown(c, SHUT_WR));
	p.events = POLLRDHUP;
	SAY(poll(&p, 1, 1000));
	SAY(read(a, buf, 100));
	SAY(write(a, "back", 4));
	SAY(recv(c, buf, 100, 0));
	signal(SIGPIPE, SIG_IGN);
	SAY(write(c, "x", 1));
	close(a);
	SAY(read(c, buf, 100));
	close(c);
	fcntl(l, F_SETFL, O_NONBLOCK);
	SAY(accept(l, NULL, NULL));
	int busy = socket(AF_INET, SOCK_STREAM, 0);
	SAY(at(bind, busy, port));
	close(busy);
	close(l);
	on = 1;
	l = socket(AF_INET, SOCK_STREAM, 0);
	SAY(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	SAY(at(bind, l, port));
	close(l);
}

static void endings(void)
{
	int s[2];
	struct linger hard = { 1, 0 };

	say("-- endings");
	SAY(pair(s));
	setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s[0]);
	struct pollfd p = { s[1], POLLIN, 0 };
	SAY(poll(&p, 1, 1000));
	SAY(read(s[1], buf, 10));
	SAY(read(s[1], buf, 10));
	close(s[1]);
	SAY(pair(s));
	write(s[0], "unread", 6);
	p = (struct pollfd){ s[1], POLLIN, 0 };
	poll(&p, 1, 1000);
	close(s[1]);
	p = (struct pollfd){ s[0], POLLIN, 0 };
	poll(&p, 1, 1000);
	say("reset %d", option(s[0], SOL_SOCKET, SO_ERROR) == ECONNRESET);
	close(s[0]);
	SAY(pair(s));
	SAY(write(s[0], "last words", 10));
	close(s[0]);
	SAY(recv(s[1], buf, 100, MSG_WAITALL));
	SAY(read(s[1], buf, 100));
	close(s[1]);
	int n = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(read(n, buf, 1));
	SAY(write(n, buf, 1));
	SAY(at(connect, n, 1));
	p = (struct pollfd){ n, POLLOUT, 0 };
	SAY(poll(&p, 1, 2000));
	say("refused %d", option(n, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
	close(n);
}

/* Both ways at once, through small and large pieces. */
static void much(void)
{
	enum { TOTAL = 3000000 };
	int s[2], status;
	unsigned sum = 0;
	size_t got = 0;

	say("-- much");
	SAY(pair(s));
	if (!fork()) {
		close(s[0]);
		for (size_t at_byte = 0; at_byte < TOTAL;) {
			size_t n = 1 + at_byte * 7 % 60000;
			if (n > TOTAL - at_byte)
				n = TOTAL - at_byte;
			for (size_t i = 0; i < n; i++)
				buf[i] = (char)((at_byte + i) * 13 / 7);
			ssize_t w = write(s[1], buf, n);
			if (w <= 0)
				_exit(1);
			at_byte += (size_t)w;
		}
		shutdown(s[1], SHUT_WR);
		while (read(s[1], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	close(s[1]);
	int bad = 0;
	for (ssize_t n; (n = read(s[0], buf, 50000)) > 0; got += (size_t)n)
		for (ssize_t i = 0; i < n; i++)
			bad += buf[i] != (char)((got + (size_t)i) * 13 / 7), sum += (unsigned char)buf[i];
	say("got %zu, bad %d", got, bad);
	SAY(write(s[0], buf, 100000));
	close(s[0]);
	wait(&status);
	say_status("sender", status);
}

static void datagrams(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to, from;
	socklen_t len = sizeof(from);

	say("-- datagrams");
	SAY(at(bind, a, 0));
	to = local(port_of(a));
	SAY(sendto(b, "hello", 5, 0, (void *)&to, sizeof(to)));
	SAY(sendto(b, "", 0, 0, (void *)&to, sizeof(to)));
	say("events %#x", events(a));
	SAY(recvfrom(a, buf, 3, MSG_TRUNC, (void *)&from, &len));
	say("from %d %d", len, ntohs(from.sin_port) == port_of(b));
	SAY(recv(a, buf, 10, 0));
	SAY(recv(a, buf, 10, MSG_DONTWAIT));
	SAY(write(b, "x", 1));
	SAY(connect(b, (void *)&to, sizeof(to)));
	SAY(write(b, "connected", 9));
	SAY(recv(a, buf, 100, MSG_PEEK));
	SAY(recv(a, buf, 100, 0));
	SAY(sendto(a, buf, 66000, 0, (void *)&from, sizeof(from)));
	SAY(send(b, buf, 60000, 0));
	SAY(recv(a, buf, sizeof(buf), 0));
	from.sin_family = 77;
	SAY(sendto(a, "x", 1, 0, (void *)&from, sizeof(from)));
	SAY(sendto(a, "x", 1, 0, (void *)&from, 3));
	SAY(listen(a, 1));
	close(a), close(b);
}

static void options(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0x01020304) };

	say("-- options");
	SAY(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	say("nodelay %d type %d domain %d protocol %d", option(s, IPPROTO_TCP, TCP_NODELAY), option(s, SOL_SOCKET, SO_TYPE),
	    option(s, SOL_SOCKET, SO_DOMAIN), option(s, SOL_SOCKET, SO_ERROR));
	SAY(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	say("keepalive %d", option(s, SOL_SOCKET, SO_KEEPALIVE));
	SAY(setsockopt(s, IPPROTO_TCP, 999, &on, sizeof(on)));
	SAY(bind(s, (void *)&far, sizeof(far)));
	SAY(bind(s, (void *)&far, 3));
	SAY(shutdown(s, SHUT_RD));
	close(s);
	SAY(socket(AF_INET, SOCK_STREAM, 17));
	SAY(socket(AF_INET, 77, 0));
}

/* With an argument: only the part that must survive a line that loses packets. */
int main(int argc, char **argv)
{
	(void)argv;
	alarm(argc > 1 ? 100 : 50);
	if (argc > 1) {
		much();
		return 0;
	}
	connections();
	endings();
	much();
	datagrams();
	options();
	return 0;
}
