/* How TCP connections end, and fail to begin: half-closed, reset, refused, crowded; ports again; what poll and epoll say of each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "say.h"

static char buf[400000];
static volatile sig_atomic_t pipes;

static void on_pipe(int sig) { (void)sig; pipes++; }

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

static int listener(int backlog)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return at(bind, l, 0) || listen(l, backlog) ? -1 : l;
}

static int client(int port, int flags)
{
	int s = socket(AF_INET, SOCK_STREAM | flags, 0);
	return at(connect, s, port) && errno != EINPROGRESS ? -1 : s;
}

static void pair(int s[2])
{
	int l = listener(8);

	s[0] = client(port_of(l), 0);
	s[1] = accept(l, NULL, NULL);
	close(l);
	if (s[0] < 0 || s[1] < 0)
		say("no pair: %s", strerror(errno));
}

/* Wait for these events, then what poll and epoll say in all. */
static void events(const char *what, int fd, int want)
{
	struct pollfd p = { fd, (short)want, 0 };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI };
	int ep = epoll_create1(0), n = want ? poll(&p, 1, 20000) : 1;

	p.events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI;
	if (n == 1)
		n = poll(&p, 1, 0);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	e.events = 0;
	int m = epoll_wait(ep, &e, 1, 0);
	say("%s: poll %d %#x, epoll %d %#x", what, n, p.revents, m, m > 0 ? e.events : 0);
	close(ep);
}

static int error(int fd)
{
	int v = -1;
	socklen_t len = sizeof(v);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &len);
	return v;
}

static void half_closed(void)
{
	int s[2];

	say("-- half-closed");
	pair(s);
	SAY(write(s[0], "question", 8));
	SAY(shutdown(s[0], SHUT_WR));
	events("the one that stopped", s[0], 0);
	events("the other", s[1], POLLRDHUP);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	pipes = 0;
	SAY(write(s[0], "x", 1));
	say("SIGPIPE %d", pipes);
	SAY(read(s[1], buf, 100));
	SAY(read(s[1], buf, 100));
	for (int i = 0; i < 10; i++)
		if (write(s[1], buf, 20000) != 20000)
			say("short");
	SAY(shutdown(s[1], SHUT_WR));
	SAY(shutdown(s[1], SHUT_WR));
	SAY(recv(s[0], buf, sizeof(buf), MSG_WAITALL));
	SAY(read(s[0], buf, 1));
	events("both done", s[0], POLLHUP);
	events("both done", s[1], POLLHUP);
	say("errors %d %d", error(s[0]), error(s[1]));
	close(s[0]), close(s[1]);

	pair(s);
	SAY(write(s[1], "waiting", 7));
	events("data", s[0], POLLIN);
	SAY(shutdown(s[0], SHUT_RD));
	events("not to be read any more", s[0], 0);
	SAY(read(s[0], buf, 100));
	SAY(read(s[0], buf, 100));
	SAY(write(s[0], "still", 5));
	SAY(recv(s[1], buf, 5, MSG_WAITALL));
	SAY(shutdown(s[0], SHUT_RDWR));
	events("closed by shutdown", s[0], 0);
	events("the other", s[1], POLLRDHUP);
	SAY(write(s[0], "x", 1));
	close(s[0]), close(s[1]);
}

static void reset(void)
{
	struct linger hard = { 1, 0 };
	int s[2];

	say("-- reset");
	pair(s);
	SAY(write(s[0], "before", 6));
	events("data", s[1], POLLIN);
	setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s[0]);
	events("reset", s[1], POLLHUP);
	SAY(read(s[1], buf, 100));
	SAY(read(s[1], buf, 100));
	SAY(read(s[1], buf, 100));
	events("told", s[1], 0);
	pipes = 0;
	SAY(write(s[1], "x", 1));
	say("SIGPIPE %d", pipes);
	SAY(shutdown(s[1], SHUT_WR));
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	SAY(getpeername(s[1], (void *)&a, &len));
	SAY(connect(s[1], (void *)&a, sizeof(a)));
	close(s[1]);

	pair(s);
	setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s[0]);
	events("reset", s[1], POLLERR);
	pipes = 0;
	SAY(write(s[1], "x", 1));
	SAY(write(s[1], "x", 1));
	say("SIGPIPE %d, error %d", pipes, error(s[1]));
	close(s[1]);

	pair(s); /* what was heard to its end, and is still written to */
	close(s[0]);
	events("the end", s[1], POLLRDHUP);
	SAY(read(s[1], buf, 10));
	SAY(write(s[1], "to nobody", 9));
	events("answered by a reset", s[1], POLLERR);
	pipes = 0;
	SAY(read(s[1], buf, 10));
	SAY(write(s[1], "x", 1));
	say("SIGPIPE %d", pipes);
	close(s[1]);

	pair(s); /* closed with data unread */
	SAY(write(s[1], "unread", 6));
	events("data", s[0], POLLIN);
	close(s[0]);
	events("reset", s[1], POLLERR);
	say("error %d, then %d", error(s[1]) == ECONNRESET, error(s[1]));
	SAY(read(s[1], buf, 10));
	close(s[1]);

	struct linger soft = { 1, 20 };
	pair(s);
	setsockopt(s[0], SOL_SOCKET, SO_LINGER, &soft, sizeof(soft));
	SAY(write(s[0], buf, 20000));
	SAY(close(s[0]));
	SAY(recv(s[1], buf, sizeof(buf), MSG_WAITALL));
	close(s[1]);
}

static void refused(void)
{
	int l = listener(1), port = port_of(l), s;

	say("-- refused");
	close(l);
	s = socket(AF_INET, SOCK_STREAM, 0);
	SAY(at(connect, s, port));
	events("blocking", s, 0);
	say("error %d", error(s));
	SAY(at(connect, s, port));
	l = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	SAY(at(bind, l, port));
	SAY(listen(l, 4));
	SAY(at(connect, s, port)); /* the same socket, now that somebody listens */
	close(s), close(l);
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(at(connect, s, port));
	events("non-blocking", s, POLLOUT);
	SAY(at(connect, s, port));
	say("error %d", error(s));
	events("told", s, 0);
	SAY(at(connect, s, port));
	events("again", s, POLLOUT);
	say("error %d, then %d", error(s) == ECONNREFUSED, error(s));
	SAY(at(connect, s, port));
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	events("new", s, 0);
	SAY(read(s, buf, 1));
	SAY(send(s, "x", 1, MSG_NOSIGNAL));
	SAY(shutdown(s, SHUT_WR));
	SAY(accept(s, NULL, NULL));
	struct sockaddr_in nowhere = { .sin_family = AF_UNSPEC };
	SAY(connect(s, (void *)&nowhere, sizeof(nowhere)));
	close(s);
}

static void crowded(void)
{
	int l = listener(1), port = port_of(l), s[12], connected = 0;
	struct pollfd p;

	say("-- crowded");
	for (int i = 0; i < 12; i++)
		s[i] = client(port, SOCK_NONBLOCK);
	for (int i = 0; i < 12; i++) {
		p = (struct pollfd){ s[i], POLLOUT, 0 };
		connected += poll(&p, 1, i < 2 ? 20000 : 0) == 1;
	}
	say("two are in, %s wait", connected < 12 ? "others" : "none");
	for (int i = 2; i < 12; i++)
		if (i != 11)
			close(s[i]);
	for (int i = 0; i < 2; i++) {
		int a = accept(l, NULL, NULL);
		SAY(write(a, "hello", 5));
		close(a);
	}
	p = (struct pollfd){ s[11], POLLOUT, 0 };
	SAY(poll(&p, 1, 30000)); /* its request is repeated, and now there is room */
	say("error %d", error(s[11]));
	close(s[0]), close(s[1]), close(s[11]), close(l);
	/* the backlog is closed with its listener */
	l = listener(4);
	s[0] = client(port_of(l), 0);
	close(l);
	events("reset in the backlog", s[0], POLLHUP);
	SAY(read(s[0], buf, 1));
	close(s[0]);
	/* shutdown ends listening, and who waits for a connection hears it */
	l = listener(4);
	if (!fork()) {
		int r = accept(l, NULL, NULL);
		_exit(r == -1 && errno == EINVAL);
	}
	sleep_ms(100);
	SAY(shutdown(l, SHUT_WR));
	SAY(shutdown(l, SHUT_RD));
	int status;
	wait(&status);
	say_status("accept says so", status);
	SAY(accept(l, NULL, NULL));
	events("stopped", l, 0);
	close(l);
}

static void ports(void)
{
	int a = listener(4), port = port_of(a), on = 1, b = socket(AF_INET, SOCK_STREAM, 0), s[2];

	say("-- ports");
	SAY(at(bind, b, port));
	setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	SAY(at(bind, b, port)); /* not even so, while somebody listens */
	s[0] = client(port, 0);
	s[1] = accept(a, NULL, NULL);
	close(a);
	SAY(at(bind, b, port)); /* connections of the old listener do not matter */
	SAY(listen(b, 4));
	SAY(listen(b, 2));
	close(s[1]); /* here TIME_WAIT will be */
	events("the end", s[0], POLLRDHUP);
	close(s[0]);
	close(b);
	sleep_ms(20);
	b = socket(AF_INET, SOCK_STREAM, 0);
	SAY(at(bind, b, port));
	setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	SAY(at(bind, b, port));
	SAY(listen(b, 1));
	close(b);
	a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	SAY(at(bind, a, 0));
	SAY(at(bind, b, port_of(a))); /* two names, as long as only one listens */
	SAY(listen(a, 1));
	SAY(listen(b, 1));
	close(a), close(b);
}

static void data(void)
{
	int s[2], n = -1, one = 1;

	say("-- data");
	pair(s);
	SAY(send(s[0], "abcdef", 6, MSG_MORE));
	SAY(send(s[0], "ghi", 3, 0));
	SAY(recv(s[1], buf, 9, MSG_WAITALL));
	SAY(setsockopt(s[0], IPPROTO_TCP, TCP_CORK, &one, sizeof(one)));
	SAY(write(s[0], "corked", 6));
	one = 0;
	SAY(setsockopt(s[0], IPPROTO_TCP, TCP_CORK, &one, sizeof(one)));
	SAY(recv(s[1], buf, 6, MSG_WAITALL));
	SAY(write(s[0], "0123456789", 10));
	SAY(recv(s[1], buf, 10, MSG_PEEK | MSG_WAITALL));
	SAY(recv(s[1], buf, 4, MSG_TRUNC));
	SAY(recv(s[1], buf, 1, 0));
	say("next %c", buf[0]);
	SAY(ioctl(s[1], FIONREAD, &n));
	say("queued %d", n);
	SAY(recv(s[1], buf, 100, MSG_DONTWAIT));
	SAY(recv(s[1], buf, 100, MSG_DONTWAIT));
	SAY(recv(s[1], buf, 100, MSG_OOB));
	SAY(recv(s[1], buf, 100, MSG_ERRQUEUE | MSG_DONTWAIT));
	SAY(recv(s[1], buf, 0, MSG_DONTWAIT));
	SAY(send(s[0], "", 0, 0));
	SAY(send(s[0], "x", 1, 0x10000000));
	SAY(recv(s[1], buf, 1, 0));
	SAY(sendto(s[0], "x", 1, 0, (void *)&(struct sockaddr_in){ .sin_family = AF_INET }, sizeof(struct sockaddr_in)));
	SAY(recv(s[1], buf, 1, 0));
	n = 4;
	SAY(setsockopt(s[1], SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n)));
	SAY(write(s[0], "abc", 3));
	sleep_ms(50);
	events("below the mark", s[1], 0);
	SAY(write(s[0], "d", 1));
	events("at the mark", s[1], POLLIN);
	SAY(read(s[1], buf, 100));
	/* full, and half of it read */
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	long all = 0, got = 0;
	for (ssize_t w; all < 100000000; all += w)
		if ((w = write(s[0], buf, 100000)) < 0) {
			struct pollfd p = { s[0], POLLOUT, 0 };
			if (poll(&p, 1, 300) == 0)
				break;
			w = 0;
		}
	say("full: %s", strerror(errno));
	events("full", s[0], 0);
	SAY(ioctl(s[0], TIOCOUTQ, &n));
	say("on its way %d", n > 0);
	shutdown(s[0], SHUT_WR);
	for (ssize_t r; (r = read(s[1], buf, sizeof(buf))) > 0; got += r)
		;
	say("all came: %d", got == all);
	close(s[0]), close(s[1]);
	/* time-outs */
	struct timeval t = { 0, 50000 };
	pair(s);
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(read(s[0], buf, 1));
	setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	while (write(s[0], buf, 100000) > 0)
		;
	say("sent until %s", strerror(errno));
	close(s[0]), close(s[1]);
	int l = listener(1);
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(accept(l, NULL, NULL));
	close(l);
}

static void datagrams(void)
{
	int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0), port;

	say("-- datagrams");
	SAY(at(bind, u, 0));
	port = port_of(u);
	SAY(at(connect, v, port));
	SAY(send(v, "one", 3, 0));
	SAY(send(v, "two", 3, 0));
	SAY(recv(u, buf, 100, 0));
	close(u);
	SAY(send(v, "x", 1, 0));
	events("refused", v, POLLERR);
	SAY(send(v, "x", 1, 0));
	SAY(send(v, "x", 1, 0));
	events("refused", v, POLLERR);
	say("error %d, then %d", error(v) == ECONNREFUSED, error(v));
	SAY(send(v, "x", 1, 0));
	events("refused", v, POLLERR);
	SAY(recv(v, buf, 1, 0));
	SAY(recv(v, buf, 1, MSG_DONTWAIT));
	SAY(send(v, "x", 1, MSG_OOB));
	close(v);
	v = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = local(port);
	SAY(sendto(v, "x", 1, 0, (void *)&to, sizeof(to))); /* not connected: nobody tells it */
	sleep_ms(20);
	say("error %d", error(v));
	to.sin_port = 0;
	SAY(sendto(v, "x", 1, 0, (void *)&to, sizeof(to)));
	SAY(shutdown(v, SHUT_RD));
	events("shut", v, 0);
	SAY(recv(v, buf, 1, MSG_DONTWAIT));
	close(v);
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
	SAY(at(bind, a, 0));
	SAY(at(bind, b, port_of(a)));
	setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	SAY(at(bind, b, port_of(a)));
	close(a), close(b);
}

int main(void)
{
	alarm(60);
	close(0);
	open("/dev/null", O_RDONLY);
	signal(SIGPIPE, on_pipe);
	half_closed();
	reset();
	refused();
	crowded();
	ports();
	data();
	datagrams();
	return 0;
}
