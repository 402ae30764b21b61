/* TCP and UDP over lo: arguments, names, states of connecting, both ends' states, datagrams, flags, options. */
#include "cases.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int s[2], l;
static char text[100000];

static struct sockaddr_in address(unsigned ip, int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(ip), .sin_port = htons(port) };
}

/* Bound to lo, port of the kernel's choice; its address in *a. */
static int bound(int type, struct sockaddr_in *a)
{
	socklen_t n = sizeof(*a);
	int fd = socket(AF_INET, type, 0);

	*a = address(INADDR_LOOPBACK, 0);
	if (bind(fd, (void *)a, sizeof(*a)) || getsockname(fd, (void *)a, &n))
		say("bound: %s", strerror(errno));
	return fd;
}

static struct sockaddr_in where;

static void listening(void)
{
	l = bound(SOCK_STREAM, &where);
	listen(l, 5);
}

/* A connection: s[0] accepted, s[1] connected; both without waiting. */
static void connection(void)
{
	listening();
	s[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s[1], (void *)&where, sizeof(where)))
		say("connect: %s", strerror(errno));
	s[0] = accept(l, NULL, NULL);
}

static void nonblocking(void)
{
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	fcntl(s[1], F_SETFL, O_NONBLOCK);
}

/* Two UDP sockets, each connected to the other. */
static void udp_pair(void)
{
	struct sockaddr_in a, b;

	s[0] = bound(SOCK_DGRAM, &a);
	s[1] = bound(SOCK_DGRAM, &b);
	connect(s[0], (void *)&b, sizeof(b));
	connect(s[1], (void *)&a, sizeof(a));
}

/* poll, after waiting for some of the events. */
static void say_poll(const char *what, int fd, int wait_for)
{
	struct pollfd w = { fd, (short)wait_for, 0 }, f = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };

	if (wait_for)
		poll(&w, 1, 5000);
	int n = poll(&f, 1, 0);
	say("%s: %d, events %#x", what, n, f.revents);
}

static void wait_in(int fd)
{
	struct pollfd f = { fd, POLLIN, 0 };

	poll(&f, 1, 5000);
}

CASE(in_socket_arguments, "types and protocols")
{
	SAY_OK(socket(AF_INET, SOCK_STREAM, 0));
	SAY_OK(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
	SAY_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
	SAY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SAY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
	SAY(socket(AF_INET, SOCK_RDM, 0));
	SAY(socket(AF_INET, 0, 0));
	SAY(socket(AF_INET, SOCK_STREAM, -1));
	SAY(socket(AF_INET, SOCK_STREAM, 1000));
	int v = 0;
	socklen_t n = sizeof(v);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SAY(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n));
	say("protocol %d", v);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	SAY(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n));
	say("protocol %d", v);
}

CASE(in_bind_errors, "bind: lengths, families, foreign addresses, twice, in use")
{
	struct sockaddr_in a = address(INADDR_LOOPBACK, 0), b;
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);

	SAY(bind(fd, (void *)&a, sizeof(a) - 1));
	SAY(bind(fd, (void *)&a, 2));
	SAY(bind(fd, (void *)16, sizeof(a)));
	a.sin_family = AF_UNIX;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	a = address(0x01020304, 0);
	SAY(bind(fd, (void *)&a, sizeof(a)));
	a = address(INADDR_LOOPBACK, 0);
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(bind(fd, (void *)&a, sizeof(a)));
	socklen_t n = sizeof(b);
	getsockname(fd, (void *)&b, &n);
	say("length %d, port chosen %d, address %s", (int)n, b.sin_port != 0, inet_ntoa(b.sin_addr));
	SAY(bind(other, (void *)&b, sizeof(b)));
	SAY(bind(socket(AF_INET, SOCK_DGRAM, 0), (void *)&b, sizeof(b)));
	b.sin_addr.s_addr = 0;
	SAY(bind(other, (void *)&b, sizeof(b)));
}

CASE(in_bind_lo, "all of 127.0.0.0/8 is here")
{
	struct sockaddr_in a = address(0x7f010203, 0), b;
	socklen_t n = sizeof(b);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	SAY(bind(fd, (void *)&a, sizeof(a)));
	getsockname(fd, (void *)&b, &n);
	say("%s", inet_ntoa(b.sin_addr));
	int c = socket(AF_INET, SOCK_DGRAM, 0);
	if (sendto(c, "x", 1, 0, (void *)&b, sizeof(b)) == 1)
		wait_in(fd);
	SAY(recv(fd, text, 10, 0));
}

CASE(in_reuse, "SO_REUSEADDR: both have to ask; not for listeners on UDP's other side")
{
	struct sockaddr_in a;
	int one = 1, fd = bound(SOCK_DGRAM, &a), other = socket(AF_INET, SOCK_DGRAM, 0);

	SAY(bind(other, (void *)&a, sizeof(a)));
	setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	SAY(bind(other, (void *)&a, sizeof(a)));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	SAY(bind(other, (void *)&a, sizeof(a)));
	listening();
	other = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	SAY(bind(other, (void *)&where, sizeof(where)));
	close(l);
	SAY(bind(other, (void *)&where, sizeof(where)));
}

CASE(in_names, "getsockname and getpeername before and after")
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SAY(getsockname(fd, (void *)&a, &n));
	say("family %d, %s, port %d", a.sin_family, inet_ntoa(a.sin_addr), a.sin_port);
	SAY(getpeername(fd, (void *)&a, &n));
	connection();
	n = sizeof(a);
	SAY(getpeername(s[1], (void *)&a, &n));
	say("length %d, the listener %d", (int)n, a.sin_port == where.sin_port);
	SAY(getsockname(s[0], (void *)&a, &n));
	say("%s, the listener's port %d", inet_ntoa(a.sin_addr), a.sin_port == where.sin_port);
	SAY(getpeername(l, (void *)&a, &n));
	n = 3;
	memset(&a, 0x55, sizeof(a));
	SAY(getsockname(s[0], (void *)&a, &n));
	say("length %d, port %#x", (int)n, a.sin_port & 0xff00);
}

CASE(in_connect_errors, "connect: lengths, families, nobody there, again")
{
	struct sockaddr_in a;
	int c = socket(AF_INET, SOCK_STREAM, 0);

	listening();
	SAY(connect(c, (void *)&where, sizeof(where) - 1));
	SAY(connect(c, (void *)16, sizeof(where)));
	a = where;
	a.sin_family = 77;
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(connect(c, (void *)&where, sizeof(where)));
	SAY(connect(c, (void *)&where, sizeof(where)));
	SAY(connect(l, (void *)&where, sizeof(where)));
	int gone = bound(SOCK_STREAM, &a), e = -1;
	socklen_t n = sizeof(e);
	close(gone);
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	say("%d", e);
	SAY(connect(c, (void *)&where, sizeof(where)));
}

CASE(in_connect_nonblock, "connect without waiting: EINPROGRESS, then EISCONN; refused ones tell by SO_ERROR")
{
	struct sockaddr_in a;
	int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), e = -1;
	socklen_t n = sizeof(e);

	listening();
	int r = connect(c, (void *)&where, sizeof(where));
	say("%s", r ? strerror(errno) : "at once");
	struct pollfd f = { c, POLLOUT, 0 };
	SAY(poll(&f, 1, 5000));
	say("events %#x", f.revents);
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	say("%d", e);
	SAY(connect(c, (void *)&where, sizeof(where)));
	SAY(connect(c, (void *)&where, sizeof(where)));
	int gone = bound(SOCK_STREAM, &a);
	close(gone);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	r = connect(c, (void *)&a, sizeof(a));
	say("%s", r ? strerror(errno) : "at once");
	f.fd = c;
	poll(&f, 1, 5000);
	say("events %#x", f.revents);
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	say("%s", strerror(e));
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	say("%d", e);
}

CASE(in_not_connected, "what a TCP socket without a connection says")
{
	int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = address(INADDR_LOOPBACK, 1);

	SAY(recv(c, text, 10, 0));
	SAY(read(c, text, 10));
	IN_CHILD SAY(send(c, "x", 1, 0));
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
	SAY(sendto(c, "x", 1, MSG_NOSIGNAL, (void *)&a, sizeof(a)));
	say_poll("new", c, 0);
	SAY(accept(c, NULL, NULL));
	SAY(shutdown(c, SHUT_RDWR));
	listening();
	say_poll("listening", l, 0);
	SAY(recv(l, text, 10, 0));
	SAY(send(l, "x", 1, MSG_NOSIGNAL));
}

CASE(in_listen_accept, "listen and accept: wrong types, empty queues")
{
	int u = socket(AF_INET, SOCK_DGRAM, 0), fresh = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	SAY(listen(u, 1));
	SAY(accept(u, NULL, NULL));
	SAY(listen(fresh, 1));
	SAY(getsockname(fresh, (void *)&a, &n));
	say("port chosen %d, address %s", a.sin_port != 0, inet_ntoa(a.sin_addr));
	SAY(accept(fresh, NULL, NULL));
	SAY(accept4(fresh, NULL, NULL, 0x7));
	connection();
	SAY(listen(s[1], 1));
	SAY(accept(s[1], NULL, NULL));
	SAY(listen(l, 3));
}

CASE(in_accept_names, "accept tells who; flags are not inherited")
{
	struct sockaddr_in a, b;
	socklen_t n = sizeof(a);

	listening();
	fcntl(l, F_SETFL, O_NONBLOCK);
	int c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (void *)&where, sizeof(where));
	wait_in(l);
	int d = accept4(l, (void *)&a, &n, SOCK_CLOEXEC);
	say("length %d, cloexec %d, nonblock %d", (int)n, fcntl(d, F_GETFD), !!(fcntl(d, F_GETFL) & O_NONBLOCK));
	n = sizeof(b);
	getsockname(c, (void *)&b, &n);
	say("the same %d", a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr);
}

CASE(tcp_stream, "bytes join; MSG_PEEK leaves; MSG_TRUNC throws away")
{
	connection();
	send(s[1], "abc", 3, 0);
	send(s[1], "defgh", 5, 0);
	SAY(recv(s[0], text, 8, MSG_WAITALL));
	send(s[1], "abcdef", 6, 0);
	wait_in(s[0]);
	SAY(recv(s[0], text, 2, MSG_PEEK));
	SAY(recv(s[0], text, 2, 0));
	say("%.2s", text);
	nonblocking();
	SAY(recv(s[0], text, 100, MSG_WAITALL));
	SAY(recv(s[0], text, 100, 0));
	SAY(recv(s[0], text, 100, MSG_PEEK));
	SAY(send(s[1], "", 0, 0));
	SAY(recv(s[0], text, 100, 0));
	SAY(read(s[0], text, 0));
}

CASE(tcp_end, "the peer closes: end of file; a second write is answered by a reset")
{
	connection();
	send(s[1], "left", 4, 0);
	close(s[1]);
	say_poll("peer closed, data left", s[0], POLLRDHUP);
	SAY(recv(s[0], text, 10, 0));
	SAY(recv(s[0], text, 10, 0));
	say_poll("nothing left", s[0], 0);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	say_poll("after a write", s[0], POLLHUP);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(recv(s[0], text, 10, 0));
}

CASE(tcp_reset, "closed with unread data: the peer is reset")
{
	int e = 0;
	socklen_t n = sizeof(e);

	connection();
	send(s[0], "unread", 6, 0);
	wait_in(s[1]);
	close(s[1]);
	say_poll("reset", s[0], POLLHUP);
	SAY(recv(s[0], text, 10, 0));
	SAY(recv(s[0], text, 10, 0));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &e, &n));
	say("%d", e);
}

CASE(tcp_linger_reset, "SO_LINGER with 0 seconds resets")
{
	struct linger none = { 1, 0 };

	connection();
	SAY(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &none, sizeof(none)));
	close(s[1]);
	say_poll("reset", s[0], POLLHUP);
	IN_CHILD SAY(send(s[0], "x", 1, 0));
}

CASE(tcp_linger_exit, "the end of a process does not wait for what SO_LINGER tells close to wait for")
{
	struct linger hour = { 1, 3600 };

	IN_CHILD {
		connection();
		dup2(s[1], 50); /* the end that does not read goes later */
		close(s[1]);
		SAY(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hour, sizeof(hour)));
		fcntl(s[0], F_SETFL, O_NONBLOCK);
		while (write(s[0], text, sizeof(text)) > 0)
			;
	}
	say("over");
}

CASE(tcp_shutdown, "each direction by itself")
{
	connection();
	SAY(shutdown(s[1], 7));
	SAY(shutdown(s[1], SHUT_WR));
	say_poll("half closed by the peer", s[0], POLLRDHUP);
	SAY(recv(s[0], text, 10, 0));
	SAY(send(s[1], "x", 1, MSG_NOSIGNAL));
	SAY(send(s[0], "still", 5, 0));
	SAY(recv(s[1], text, 5, MSG_WAITALL));
	SAY(shutdown(s[0], SHUT_RD));
	SAY(recv(s[0], text, 10, 0));
	SAY(send(s[0], "more", 4, 0));
	SAY(recv(s[1], text, 4, MSG_WAITALL));
	SAY(shutdown(s[0], SHUT_WR));
	say_poll("both directions ended", s[1], POLLHUP);
	SAY(recv(s[1], text, 10, 0));
}

CASE(tcp_shutdown_read, "shut for reading: end of file at once")
{
	connection();
	SAY(shutdown(s[0], SHUT_RD));
	SAY(recv(s[0], text, 10, 0));
	say_poll("shut", s[0], 0);
	IN_CHILD SAY(send(s[0], "x", 1, 0));
	SAY(recv(s[1], text, 1, MSG_WAITALL));
}

CASE(tcp_full, "nobody reads: a part, then EAGAIN; poll tells when there is room again")
{
	long total = 0, n, got = 0;

	connection();
	nonblocking();
	for (int quiet = 0; quiet < 20;) {
		n = send(s[1], text, sizeof(text), 0);
		if (n > 0) {
			total += n;
			quiet = 0;
		} else {
			quiet++;
			sleep_ms(5);
		}
	}
	say("much %d, then %s", total > 100000, strerror(errno));
	struct pollfd f = { s[1], POLLOUT, 0 };
	SAY(poll(&f, 1, 0));
	while (got < total) {
		wait_in(s[0]);
		n = recv(s[0], text, sizeof(text), 0);
		if (n <= 0)
			break;
		got += n;
	}
	say("all %d", got == total);
	SAY(poll(&f, 1, 5000));
}

CASE(tcp_options, "what can be asked and set")
{
	int v = -1;
	socklen_t n = sizeof(v);

	connection();
	SAY(getsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, &n));
	say("%d", v);
	v = 1;
	SAY(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)));
	v = -1;
	SAY(getsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, &n));
	say("%d, length %d", v, (int)n);
	SAY(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, 1));
	SAY(setsockopt(s[0], IPPROTO_TCP, 9999, &v, 4));
	SAY(getsockopt(s[0], IPPROTO_TCP, 9999, &v, &n));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ACCEPTCONN, &v, &n));
	say("%d", v);
	SAY(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &n));
	say("%d", v);
	v = 1;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &v, sizeof(v)));
	v = 0;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &v, &n));
	say("%d", v);
	v = 7;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &v, sizeof(v)));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &v, &n));
	say("%d", v);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_SNDLOWAT, &v, &n));
	say("%d", v);
	struct linger g = { 1, 5 };
	SAY(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &g, 4));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &g, sizeof(g)));
	n = sizeof(g);
	memset(&g, 0, sizeof(g));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_LINGER, &g, &n));
	say("%d %d", g.l_onoff, g.l_linger);
}

CASE(tcp_ioctls, "FIONREAD, SIOCOUTQ")
{
	int n = -1;

	connection();
	send(s[1], "abc", 3, 0);
	wait_in(s[0]);
	SAY(ioctl(s[0], FIONREAD, &n));
	say("%d", n);
	SAY(ioctl(l, FIONREAD, &n));
	SAY(ioctl(s[0], 0x5401, text));
	SAY(lseek(s[0], 0, SEEK_SET));
	SAY(pread(s[0], text, 1, 0));
}

CASE(udp_datagrams, "borders, truncation, nothing")
{
	struct iovec v = { text, 2 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int n = -1;

	udp_pair();
	nonblocking();
	SAY(recv(s[0], text, 10, 0));
	SAY(send(s[1], "abcdef", 6, 0));
	SAY(send(s[1], "", 0, 0));
	SAY(send(s[1], "gh", 2, 0));
	wait_in(s[0]);
	SAY(ioctl(s[0], FIONREAD, &n));
	say("%d", n);
	SAY(recv(s[0], text, 3, MSG_PEEK));
	SAY(recv(s[0], text, 3, MSG_PEEK | MSG_TRUNC));
	SAY(recvmsg(s[0], &m, 0));
	say("flags %#x", m.msg_flags);
	wait_in(s[0]);
	SAY(recv(s[0], text, 10, 0));
	wait_in(s[0]);
	SAY(recv(s[0], text, 10, 0));
	SAY(recv(s[0], text, 10, 0));
	SAY(write(s[1], "", 0));
	SAY(send(s[1], "x", 1, 0));
	wait_in(s[0]);
	SAY(read(s[0], text, 0));
	SAY(read(s[0], text, 5));
}

CASE(udp_too_large, "more than a datagram can have")
{
	udp_pair();
	SAY(send(s[1], text, 65507, 0));
	SAY(send(s[1], text, 65508, 0));
	SAY(recv(s[0], text, 70000, 0));
}

CASE(udp_unconnected, "without a connection: sendto only, from anybody")
{
	struct sockaddr_in a, b, from;
	socklen_t n = sizeof(from);
	int x = bound(SOCK_DGRAM, &a), y = bound(SOCK_DGRAM, &b);

	SAY(send(x, "x", 1, 0));
	SAY(sendto(x, "x", 1, 0, (void *)&b, sizeof(b)));
	SAY(recvfrom(y, text, 10, 0, (void *)&from, &n));
	say("length %d, from it %d", (int)n, from.sin_port == a.sin_port);
	SAY(getpeername(x, (void *)&from, &n));
	SAY(sendto(x, "x", 1, 0, (void *)&b, sizeof(b) - 1));
	b.sin_family = 77;
	SAY(sendto(x, "x", 1, 0, (void *)&b, sizeof(b)));
	b.sin_family = AF_INET;
	b.sin_port = 0;
	SAY(sendto(x, "x", 1, 0, (void *)&b, sizeof(b)));
	say_poll("new", socket(AF_INET, SOCK_DGRAM, 0), 0);
}

CASE(udp_connected, "a connected one hears its peer only; unconnecting")
{
	struct sockaddr_in a, b, c;
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t n = sizeof(c);
	int x = bound(SOCK_DGRAM, &a), y = bound(SOCK_DGRAM, &b), z = bound(SOCK_DGRAM, &c);

	fcntl(x, F_SETFL, O_NONBLOCK);
	SAY(connect(x, (void *)&b, sizeof(b)));
	SAY(sendto(z, "stranger", 8, 0, (void *)&a, sizeof(a)));
	SAY(sendto(y, "peer", 4, 0, (void *)&a, sizeof(a)));
	wait_in(x);
	SAY(recv(x, text, 10, 0));
	SAY(sendto(x, "to another", 10, 0, (void *)&c, sizeof(c)));
	SAY(recv(z, text, 20, 0));
	SAY(connect(x, (void *)&c, sizeof(c)));
	SAY(connect(x, &none, sizeof(none)));
	SAY(getpeername(x, (void *)&c, &n));
	SAY(send(x, "x", 1, 0));
	SAY(shutdown(x, SHUT_RDWR));
}

CASE(udp_refused, "nobody at the port: the next call of a connected socket says so")
{
	struct sockaddr_in a;
	int gone = bound(SOCK_DGRAM, &a), c = socket(AF_INET, SOCK_DGRAM, 0);

	close(gone);
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(send(c, "x", 1, 0));
	say_poll("refused", c, POLLERR);
	SAY(recv(c, text, 10, 0));
	fcntl(c, F_SETFL, O_NONBLOCK);
	SAY(recv(c, text, 10, 0));
}

CASE(udp_any, "bound to all addresses, reached by lo; to 0.0.0.0 it goes here")
{
	struct sockaddr_in a = address(INADDR_ANY, 0);
	socklen_t n = sizeof(a);
	int x = socket(AF_INET, SOCK_DGRAM, 0), y = socket(AF_INET, SOCK_DGRAM, 0);

	bind(x, (void *)&a, sizeof(a));
	getsockname(x, (void *)&a, &n);
	say("%s", inet_ntoa(a.sin_addr));
	SAY(sendto(y, "any", 3, 0, (void *)&a, sizeof(a)));
	SAY(recv(x, text, 10, 0));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SAY(sendto(y, "lo", 2, 0, (void *)&a, sizeof(a)));
	SAY(recv(x, text, 10, 0));
}

CASE(in_sendmsg_limits, "how many pieces a message has")
{
	static struct iovec v[1025];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 1025 };

	udp_pair();
	for (int i = 0; i < 1025; i++)
		v[i] = (struct iovec){ (char *)"xy", 2 };
	SAY(sendmsg(s[0], &m, 0));
	m.msg_iovlen = 1024;
	SAY(sendmsg(s[0], &m, 0));
	SAY(recv(s[1], text, 5000, 0));
	m.msg_iovlen = 0;
	SAY(sendmsg(s[0], &m, 0));
	SAY(recv(s[1], text, 5000, 0));
}

CASE(in_timeouts, "SO_RCVTIMEO on TCP, UDP, accept")
{
	struct timeval t = { 0, 20000 };

	connection();
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(recv(s[0], text, 10, 0));
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(accept(l, NULL, NULL));
	udp_pair();
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(recv(s[0], text, 10, 0));
}

CASE(in_peer_of_closed_listener, "a connection that nobody accepted is reset with the listener")
{
	listening();
	int c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(c, (void *)&where, sizeof(where)));
	close(l);
	say_poll("listener closed", c, POLLHUP);
	SAY(recv(c, text, 10, 0));
	SAY(connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&where, sizeof(where)));
}
