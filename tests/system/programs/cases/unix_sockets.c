/* Local sockets: names, connecting, both ends' states, flags of send and receive, options, credentials, descriptors beside the data. */
#include "cases.h"
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int s[2];
static char text[300000];

static struct sockaddr_un name_of(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	return a;
}

static int bind_to(int fd, const char *path)
{
	struct sockaddr_un a = name_of(path);

	return bind(fd, (void *)&a, sizeof(a));
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un a = name_of(path);

	return connect(fd, (void *)&a, sizeof(a));
}

static int listener(const char *path, int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (bind_to(fd, path) || listen(fd, 5))
		say("listener: %s", strerror(errno));
	return fd;
}

static void say_poll(const char *what, int fd)
{
	struct pollfd f = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };
	int n = poll(&f, 1, 0);

	say("%s: %d, events %#x", what, n, f.revents);
}

static void pair(int type) { socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s); }

CASE(un_socket_arguments, "families, types, protocols")
{
	SAY_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	SAY_OK(socket(AF_UNIX, SOCK_STREAM, PF_UNIX));
	SAY(socket(AF_UNIX, SOCK_STREAM, 2));
	SAY(socket(AF_UNIX, SOCK_STREAM, -1));
	SAY_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	SAY_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	SAY_OK(socket(AF_UNIX, SOCK_RAW, 0));
	SAY(socket(AF_UNIX, SOCK_RDM, 0));
	SAY(socket(AF_UNIX, 0, 0));
	SAY(socket(AF_UNIX, 15, 0));
	SAY(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
	SAY(socket(0, SOCK_STREAM, 0));
	SAY(socket(-1, SOCK_STREAM, 0));
	SAY(socket(99, SOCK_STREAM, 0));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	say("%d %d", fcntl(fd, F_GETFD), !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

CASE(un_pair_arguments, "socketpair")
{
	int v[2] = { -7, -7 };

	SAY(socketpair(AF_INET, SOCK_STREAM, 0, v));
	SAY(socketpair(AF_UNIX, SOCK_RDM, 0, v));
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 7, v));
	SAY(socketpair(99, SOCK_STREAM, 0, v));
	SAY(socketpair(AF_UNIX, SOCK_STREAM | 0x100000, 0, v));
	SAY(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (void *)16));
	SAY(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, v));
	say("the next two numbers: %d", v[1] == v[0] + 1 && dup(0) == v[1] + 1);
}

CASE(un_not_a_socket, "the calls on what is no socket, on what is closed")
{
	struct sockaddr_un a = name_of("x");
	socklen_t n = sizeof(a);
	int f = open("f", O_RDWR | O_CREAT, 0600), path = open("f", O_PATH);
	struct msghdr m = { 0 };

	SAY(bind(f, (void *)&a, n));
	SAY(bind(99, (void *)&a, n));
	SAY(bind(path, (void *)&a, n));
	SAY(connect(f, (void *)&a, n));
	SAY(listen(f, 1));
	SAY(accept(f, NULL, NULL));
	SAY(accept(99, NULL, NULL));
	SAY(getsockname(f, (void *)&a, &n));
	SAY(getpeername(f, (void *)&a, &n));
	SAY(shutdown(f, SHUT_RD));
	SAY(send(f, "x", 1, 0));
	SAY(recv(f, text, 1, 0));
	SAY(sendmsg(f, &m, 0));
	SAY(recvmsg(f, &m, 0));
	SAY(getsockopt(f, SOL_SOCKET, SO_TYPE, text, &n));
	SAY(setsockopt(f, SOL_SOCKET, SO_DEBUG, text, 4));
}

CASE(un_bind_errors, "bind: lengths, families, names in use")
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = name_of("s");

	SAY(bind(fd, (void *)&a, 0));
	SAY(bind(fd, (void *)&a, 1));
	SAY(bind(fd, (void *)&a, sizeof(a) + 1));
	SAY(bind(fd, (void *)&a, -1));
	SAY(bind(fd, (void *)16, sizeof(a)));
	a.sun_family = AF_INET;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	a.sun_family = AF_UNIX;
	SAY(bind_to(fd, "none/s"));
	SAY(bind_to(fd, "s"));
	SAY(bind_to(fd, "t"));
	SAY(bind_to(other, "s"));
	SAY(unlink("s"));
	SAY(bind_to(other, "s"));
	struct stat st;
	stat("s", &st);
	say("mode %o", st.st_mode);
	put("file", "x");
	SAY(bind_to(socket(AF_UNIX, SOCK_STREAM, 0), "file"));
	mkdir("d", 0755);
	SAY(bind_to(socket(AF_UNIX, SOCK_STREAM, 0), "d"));
}

CASE(un_names_told, "getsockname and getpeername: lengths and texts")
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int l = listener("name", SOCK_STREAM), c = socket(AF_UNIX, SOCK_STREAM, 0);

	SAY(getsockname(l, (void *)&a, &n));
	say("length %d, %s", (int)n, a.sun_path);
	n = 4;
	memset(&a, 'x', sizeof(a));
	SAY(getsockname(l, (void *)&a, &n));
	say("length %d, %.3s", (int)n, a.sun_path);
	n = sizeof(a);
	SAY(getsockname(c, (void *)&a, &n));
	say("length %d", (int)n);
	SAY(getpeername(c, (void *)&a, &n));
	SAY(getpeername(l, (void *)&a, &n));
	connect_to(c, "name");
	n = sizeof(a);
	SAY(getpeername(c, (void *)&a, &n));
	say("length %d, %s", (int)n, a.sun_path);
	int d = accept(l, (void *)&a, &n);
	say("accept %d, length %d", d >= 0, (int)n);
	n = sizeof(a);
	SAY(getsockname(d, (void *)&a, &n));
	say("length %d, %s", (int)n, a.sun_path);
	n = (socklen_t)-1;
	SAY(getsockname(l, (void *)&a, &n));
	SAY(getsockname(l, (void *)&a, NULL));
	SAY(getsockname(l, (void *)16, &(socklen_t){ 10 }));
}

CASE(un_full_length_name, "a name of 108 bytes without a zero at the end")
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b;
	socklen_t n = sizeof(b);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(a.sun_path, 'n', sizeof(a.sun_path));
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(getsockname(fd, (void *)&b, &n));
	say("length %d", (int)n);
	SAY(listen(fd, 1));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

CASE(un_short_length_name, "the length cuts the name")
{
	struct sockaddr_un a = name_of("abcdef");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	SAY(bind(fd, (void *)&a, offsetof(struct sockaddr_un, sun_path) + 3));
	SAY(access("abc", F_OK));
	SAY(access("abcdef", F_OK));
}

CASE(un_abstract, "abstract names: zeros count, they go with the socket")
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0case\0name" }, b;
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 10, n = sizeof(b);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);

	SAY(bind(fd, (void *)&a, len));
	SAY(bind(c, (void *)&a, len));
	SAY(listen(fd, 1));
	SAY(connect(c, (void *)&a, len - 1));
	SAY(connect(c, (void *)&a, len + 1));
	SAY(connect(c, (void *)&a, len));
	SAY(getpeername(c, (void *)&b, &n));
	say("length %d, same %d", (int)n, !memcmp(&a, &b, len));
	close(fd);
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, len));
	SAY(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&a, len));
	SAY(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, len));
}

CASE(un_autobind, "a bind with only the family gives an abstract name of five digits")
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(a);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	SAY(bind(fd, (void *)&a, sizeof(sa_family_t)));
	SAY(getsockname(fd, (void *)&a, &n));
	say("length %d, first %d", (int)n, a.sun_path[0]);
	SAY(bind(fd, (void *)&a, sizeof(sa_family_t)));
}

CASE(un_connect_errors, "connect: nobody there, no listener, wrong type, wrong file, no right")
{
	int c = socket(AF_UNIX, SOCK_STREAM, 0), bound = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = name_of("x");

	SAY(connect_to(c, "none"));
	put("file", "x");
	SAY(connect_to(c, "file"));
	SAY(connect_to(c, "."));
	bind_to(bound, "bound");
	SAY(connect_to(c, "bound"));
	SAY(connect_to(bound, "bound"));
	int l = listener("l", SOCK_STREAM), d = socket(AF_UNIX, SOCK_DGRAM, 0), q = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	SAY(connect_to(d, "l"));
	SAY(connect_to(q, "l"));
	SAY(connect_to(c, "l"));
	SAY(connect_to(c, "l"));
	SAY(connect_to(l, "l"));
	close(l);
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "l"));
	a.sun_family = 77;
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, 1));
	a.sun_family = AF_UNSPEC;
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

CASE(un_connect_unlinked, "a listener whose name was removed cannot be reached; the connections stay")
{
	int l = listener("l", SOCK_STREAM), c = socket(AF_UNIX, SOCK_STREAM, 0);

	SAY(connect_to(c, "l"));
	unlink("l");
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "l"));
	int d = accept(l, NULL, NULL);
	SAY(write(d, "hi", 2));
	SAY(read(c, text, 10));
}

CASE(un_connect_renamed, "a renamed name still leads to the listener")
{
	int l = listener("l", SOCK_STREAM);

	rename("l", "m");
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "m"));
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "l"));
	link("m", "n");
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "n"));
	symlink("n", "o");
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "o"));
	(void)l;
}

CASE_ROOT(un_connect_permission, "connecting needs the right to write")
{
	listener("l", SOCK_STREAM);
	chmod("l", 0755);
	become(1000);
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM, 0), "l"));
}

CASE(un_listen_accept_errors, "listen and accept on what does not listen")
{
	int d = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	SAY(listen(d, 1));
	SAY(accept(d, NULL, NULL));
	SAY(listen(c, 1));
	SAY(accept(c, NULL, NULL));
	bind_to(c, "c");
	SAY(listen(c, 0));
	SAY(listen(c, -1));
	SAY(accept(c, NULL, NULL));
	SAY(accept4(c, NULL, NULL, 0x100));
	SAY(accept(c, (void *)16, (void *)16));
	pair(SOCK_STREAM);
	SAY(listen(s[0], 1));
	SAY(accept(s[0], NULL, NULL));
	SAY(bind_to(s[0], "pair"));
	int r = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(send(r, "x", 1, MSG_NOSIGNAL));
	SAY(recv(r, text, 1, 0));
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
	SAY(recv(c, text, 1, 0));
}

CASE(un_listener_states, "poll of sockets that are new, listen, have somebody waiting")
{
	int c = socket(AF_UNIX, SOCK_STREAM, 0), l;

	say_poll("new stream", c);
	say_poll("new datagram", socket(AF_UNIX, SOCK_DGRAM, 0));
	l = listener("l", SOCK_STREAM);
	say_poll("listening", l);
	connect_to(c, "l");
	say_poll("somebody waits", l);
	say_poll("connected, not accepted", c);
	SAY(write(c, "early", 5));
	close(l);
	say_poll("never accepted", c);
	SAY(read(c, text, 10));
	SAY(read(c, text, 10));
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
}

CASE(un_backlog, "a full queue of connections: EAGAIN without waiting")
{
	int l = socket(AF_UNIX, SOCK_STREAM, 0), n = 0;

	bind_to(l, "l");
	listen(l, 2);
	for (; n < 10; n++) {
		int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect_to(c, "l"))
			break;
	}
	say("%d, then %s", n, strerror(errno));
	close(accept(l, NULL, NULL));
	SAY(connect_to(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), "l"));
}

CASE(un_peer_gone, "a stream whose peer is closed: end of file, EPIPE, SIGPIPE; unread data resets")
{
	pair(SOCK_STREAM);
	write(s[1], "abc", 3);
	close(s[1]);
	say_poll("peer gone, data left", s[0]);
	SAY(read(s[0], text, 10));
	SAY(read(s[0], text, 10));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(send(s[0], "", 0, MSG_NOSIGNAL));
	pair(SOCK_STREAM);
	write(s[0], "not read", 8);
	close(s[1]);
	say_poll("peer gone with unread data", s[0]);
	SAY(read(s[0], text, 10));
	SAY(read(s[0], text, 10));
	IN_CHILD write(s[0], "x", 1);
	IN_CHILD SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
}

CASE(un_so_error, "SO_ERROR after a reset is told once")
{
	int e = 99;
	socklen_t n = sizeof(e);

	pair(SOCK_STREAM);
	write(s[0], "not read", 8);
	close(s[1]);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &e, &n));
	say("%s", strerror(e));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &e, &n));
	say("%d", e);
	SAY(read(s[0], text, 10));
}

CASE(un_shutdown, "shutdown in all directions")
{
	pair(SOCK_STREAM);
	SAY(shutdown(s[0], 3));
	SAY(shutdown(s[0], -1));
	write(s[1], "abc", 3);
	SAY(shutdown(s[0], SHUT_RD));
	say_poll("read side shut", s[0]);
	say_poll("its peer", s[1]);
	SAY(read(s[0], text, 10));
	SAY(read(s[0], text, 10));
	SAY(send(s[1], "x", 1, MSG_NOSIGNAL));
	SAY(write(s[0], "back", 4));
	SAY(read(s[1], text, 10));
	SAY(shutdown(s[0], SHUT_WR));
	say_poll("both shut", s[0]);
	say_poll("its peer", s[1]);
	SAY(read(s[1], text, 10));
	SAY(shutdown(s[0], SHUT_RDWR));
	SAY(shutdown(socket(AF_UNIX, SOCK_STREAM, 0), SHUT_RDWR));
	pair(SOCK_STREAM);
	SAY(shutdown(s[0], SHUT_WR));
	say_poll("write side shut", s[0]);
	say_poll("its peer", s[1]);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
}

CASE(un_zero_lengths, "sends and receives of nothing, for each type")
{
	pair(SOCK_STREAM);
	SAY(send(s[0], "", 0, 0));
	SAY(recv(s[1], text, 10, 0));
	SAY(recv(s[1], text, 0, 0));
	pair(SOCK_DGRAM);
	SAY(send(s[0], "", 0, 0));
	say_poll("an empty datagram", s[1]);
	SAY(recv(s[1], text, 10, 0));
	SAY(recv(s[1], text, 10, 0));
	SAY(recv(s[1], text, 0, 0));
	SAY(send(s[0], "abc", 3, 0));
	SAY(recv(s[1], text, 0, 0));
	SAY(read(s[1], text, 0));
	SAY(recv(s[1], text, 10, 0));
	pair(SOCK_SEQPACKET);
	SAY(send(s[0], "", 0, 0));
	SAY(recv(s[1], text, 10, 0));
	SAY(write(s[0], "", 0));
	SAY(recv(s[1], text, 10, 0));
}

CASE(un_boundaries, "streams join, datagrams and packets keep their ends")
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	for (int i = 0; i < 3; i++) {
		say("type %d:", types[i]);
		pair(types[i]);
		write(s[0], "abc", 3);
		write(s[0], "defgh", 5);
		SAY(read(s[1], text, 2));
		SAY(read(s[1], text, 4));
		SAY(read(s[1], text, 100));
		SAY(read(s[1], text, 100));
	}
}

CASE(un_peek_trunc, "MSG_PEEK leaves, MSG_TRUNC tells the whole length of a datagram")
{
	struct iovec v = { text, 2 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	pair(SOCK_DGRAM);
	send(s[0], "abcdef", 6, 0);
	SAY(recv(s[1], text, 100, MSG_PEEK));
	SAY(recv(s[1], text, 2, MSG_PEEK | MSG_TRUNC));
	SAY(recvmsg(s[1], &m, MSG_PEEK));
	say("flags %#x", m.msg_flags);
	SAY(recvmsg(s[1], &m, MSG_TRUNC));
	say("flags %#x", m.msg_flags);
	SAY(recv(s[1], text, 100, 0));
	pair(SOCK_STREAM);
	send(s[0], "abcdef", 6, 0);
	SAY(recv(s[1], text, 2, MSG_PEEK));
	SAY(recv(s[1], text, 100, MSG_PEEK));
	SAY(recv(s[1], text, 2, 0));
	SAY(recvmsg(s[1], &m, 0));
	say("flags %#x", m.msg_flags);
}

CASE(un_flags, "flags of send and receive that a socket knows or not")
{
	pair(SOCK_STREAM);
	SAY(send(s[0], "x", 1, MSG_DONTROUTE));
	SAY(send(s[0], "x", 1, MSG_EOR));
	SAY(send(s[0], "x", 1, MSG_MORE));
	SAY(recv(s[1], text, 10, MSG_DONTWAIT));
	SAY(recv(s[1], text, 10, MSG_DONTWAIT));
	SAY(recv(s[1], text, 10, MSG_ERRQUEUE));
	SAY(recv(s[1], text, 10, MSG_WAITALL | MSG_DONTWAIT));
	write(s[0], "abc", 3);
	SAY(recv(s[1], text, 10, MSG_WAITALL | MSG_DONTWAIT));
	pair(SOCK_DGRAM);
	SAY(send(s[0], "x", 1, MSG_OOB));
	SAY(recv(s[1], text, 10, MSG_OOB));
}

CASE(un_sendto, "an address where none belongs, and none where one is needed")
{
	struct sockaddr_un a = name_of("s"), b;
	socklen_t n = sizeof(b);
	int d = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), e = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	pair(SOCK_STREAM);
	SAY(sendto(s[0], "x", 1, 0, (void *)&a, sizeof(a)));
	int c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(sendto(c, "x", 1, MSG_NOSIGNAL, (void *)&a, sizeof(a)));
	SAY(send(d, "x", 1, 0));
	SAY(sendto(d, "x", 1, 0, (void *)&a, sizeof(a)));
	bind_to(e, "s");
	SAY(sendto(d, "x", 1, 0, (void *)&a, sizeof(a)));
	SAY(recvfrom(e, text, 10, 0, (void *)&b, &n));
	say("length of the sender's name %d", (int)n);
	bind_to(d, "d");
	sendto(d, "x", 1, 0, (void *)&a, sizeof(a));
	n = sizeof(b);
	SAY(recvfrom(e, text, 10, 0, (void *)&b, &n));
	say("length %d, %s", (int)n, b.sun_path);
	close(e);
	SAY(sendto(d, "x", 1, 0, (void *)&a, sizeof(a)));
	SAY(sendto(d, "x", 1, 0, (void *)&a, 1));
	SAY(sendto(d, "x", 1, 0, (void *)&a, 1000));
}

CASE(un_datagram_connected, "a connected datagram socket takes only from its peer; unconnecting; the peer goes away")
{
	struct sockaddr_un none = { .sun_family = AF_UNSPEC }, to = name_of("a");
	int a = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), b = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	bind_to(a, "a");
	bind_to(b, "b");
	SAY(connect_to(a, "b"));
	SAY(sendto(c, "x", 1, 0, (void *)&to, sizeof(to)));
	SAY(sendto(b, "x", 1, 0, (void *)&to, sizeof(to)));
	SAY(recv(a, text, 10, 0));
	SAY(connect(a, (void *)&none, sizeof(none)));
	SAY(send(a, "x", 1, 0));
	SAY(sendto(c, "x", 1, 0, (void *)&to, sizeof(to)));
	SAY(connect_to(a, "b"));
	close(b);
	SAY(send(a, "x", 1, 0));
	SAY(send(a, "x", 1, 0));
	SAY(connect_to(a, "b"));
}

CASE(un_datagram_pair_gone, "a pair of datagram sockets whose other half is closed")
{
	pair(SOCK_DGRAM);
	write(s[1], "left", 4);
	close(s[1]);
	say_poll("data left", s[0]);
	SAY(read(s[0], text, 10));
	say_poll("nothing left", s[0]);
	SAY(read(s[0], text, 10));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
}

CASE(un_packet_gone, "a sequenced packet socket whose peer is closed")
{
	pair(SOCK_SEQPACKET);
	write(s[1], "left", 4);
	close(s[1]);
	say_poll("data left", s[0]);
	SAY(read(s[0], text, 10));
	SAY(read(s[0], text, 10));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	say_poll("nothing left", s[0]);
}

CASE(un_too_large, "a datagram that never fits")
{
	pair(SOCK_DGRAM);
	int n = 4608;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)));
	SAY(send(s[0], text, 300000, 0));
	pair(SOCK_STREAM);
	SAY(send(s[0], text, 300000, 0) > 0);
}

CASE(un_vectors, "sendmsg and recvmsg: how many pieces, bad headers")
{
	static struct iovec v[1025];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 1024 };

	pair(SOCK_STREAM);
	SAY(sendmsg(s[0], &m, 0));
	for (int i = 0; i < 1025; i++)
		v[i] = (struct iovec){ (char *)"xy", 2 };
	SAY(sendmsg(s[0], &m, 0));
	m.msg_iovlen = 1025;
	SAY(sendmsg(s[0], &m, 0));
	SAY(recvmsg(s[1], &m, 0));
	m.msg_iovlen = -1;
	SAY(sendmsg(s[0], &m, 0));
	SAY(syscall(SYS_sendmsg, s[0], (void *)16, 0));
	SAY(syscall(SYS_recvmsg, s[0], (void *)16, 0));
	m.msg_iovlen = 1;
	m.msg_iov = (void *)16;
	SAY(sendmsg(s[0], &m, 0));
	m.msg_iov = v;
	v[0] = (struct iovec){ (void *)16, 5 };
	SAY(sendmsg(s[0], &m, 0));
	m.msg_name = text;
	m.msg_namelen = -1;
	SAY(sendmsg(s[0], &m, 0));
}

CASE(un_mmsg, "several messages at once")
{
	struct iovec v[3] = { { (char *)"a", 1 }, { (char *)"bc", 2 }, { (char *)"def", 3 } }, w[3] = { { text, 10 }, { text, 10 }, { text, 10 } };
	struct mmsghdr m[3];

	pair(SOCK_DGRAM);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	SAY(sendmmsg(s[0], m, 3, 0));
	say("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &w[i], .msg_iovlen = 1 };
	SAY(recvmmsg(s[1], m, 2, 0, NULL));
	SAY(recvmmsg(s[1], m, 3, 0, NULL));
	SAY(recvmmsg(s[1], m, 3, 0, NULL));
	SAY(recvmmsg(s[1], m, 0, 0, NULL));
	SAY(sendmmsg(s[0], m, 0, 0));
}

CASE(un_options, "what getsockopt tells, and its lengths")
{
	int v = 0;
	socklen_t n = sizeof(v);

	pair(SOCK_STREAM);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &n));
	say("type %d, length %d", v, (int)n);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_DOMAIN, &v, &n));
	say("domain %d", v);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PROTOCOL, &v, &n));
	say("protocol %d", v);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ACCEPTCONN, &v, &n));
	say("accepts %d", v);
	int l = listener("l", SOCK_STREAM);
	SAY(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &n));
	say("accepts %d", v);
	n = 2;
	v = 0x7f7f7f7f;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &n));
	say("%#x, length %d", v, (int)n);
	n = 100;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, text, &n));
	say("length %d", (int)n);
	n = (socklen_t)-1;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &n));
	n = 4;
	SAY(getsockopt(s[0], SOL_SOCKET, 9999, &v, &n));
	SAY(getsockopt(s[0], 9999, SO_TYPE, &v, &n));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, (void *)16, &n));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, (void *)16));
	v = 1;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &v, 1));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &v, -1));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, (void *)16, 4));
	SAY(setsockopt(s[0], SOL_SOCKET, 9999, &v, 4));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, 4));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_ERROR, &v, 4));
	SAY(setsockopt(s[0], 6, 1, &v, 4));
}

CASE(un_peercred, "SO_PEERCRED: who connected, who listened")
{
	struct ucred c;
	socklen_t n = sizeof(c);

	pair(SOCK_STREAM);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &n));
	say("own pid %d, ids %d, length %d", c.pid == getpid(), c.uid == getuid() && c.gid == getgid(), (int)n);
	int fresh = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(getsockopt(fresh, SOL_SOCKET, SO_PEERCRED, &c, &n));
	say("pid %d, uid %d", c.pid, (int)c.uid);
}

CASE(un_timeouts, "SO_RCVTIMEO and SO_SNDTIMEO: values and EAGAIN")
{
	struct timeval t = { 0, 20000 }, u;
	socklen_t n = sizeof(u);

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	SAY(recv(s[0], text, 10, 0));
	SAY(read(s[0], text, 10));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	SAY(send(s[0], text, 300000, 0) > 0);
	while (send(s[0], text, 1000, MSG_DONTWAIT) > 0)
		;
	SAY(send(s[0], text, 300000, 0));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &u, &n));
	say("%d %d", (int)u.tv_sec, u.tv_usec > 0);
	t.tv_usec = 1000000;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, 4));
}

CASE(un_ioctls, "FIONREAD and SIOCOUTQ, and what is for terminals")
{
	int n = -1;

	pair(SOCK_STREAM);
	write(s[0], "abc", 3);
	SAY(ioctl(s[1], FIONREAD, &n));
	say("%d", n);
	SAY(ioctl(s[0], TCGETS, text));
	SAY(ioctl(listener("l", SOCK_STREAM), FIONREAD, &n));
	pair(SOCK_DGRAM);
	write(s[0], "abc", 3);
	write(s[0], "de", 2);
	SAY(ioctl(s[1], FIONREAD, &n));
	say("%d", n);
	read(s[1], text, 1);
	SAY(ioctl(s[1], FIONREAD, &n));
	say("%d", n);
	struct stat st;
	fstat(s[0], &st);
	say("mode %o, size %d", st.st_mode & S_IFMT, (int)st.st_size);
	SAY(lseek(s[0], 0, SEEK_SET));
	SAY(pread(s[0], text, 1, 0));
	SAY_OK(open("/proc/self/fd/3", O_RDWR));
}

CASE(un_bound_file, "the name of a socket is a file that cannot be opened")
{
	listener("l", SOCK_STREAM);
	SAY(open("l", O_RDWR));
	SAY(open("l", O_RDONLY | O_NONBLOCK));
	SAY_OK(open("l", O_PATH));
	SAY(truncate("l", 0));
	SAY(chmod("l", 0600));
	show_stat("l");
}

CASE(un_nonblock_full, "a full stream: a part, then EAGAIN; room after reading")
{
	long total = 0, n;

	pair(SOCK_STREAM);
	while ((n = send(s[0], text, 10000, 0)) > 0)
		total += n;
	say("much %d, then %s", total > 50000, strerror(errno));
	struct pollfd f = { s[0], POLLOUT, 0 };
	SAY(poll(&f, 1, 0));
	while (recv(s[1], text, 100000, 0) > 0)
		;
	SAY(poll(&f, 1, 0));
}
