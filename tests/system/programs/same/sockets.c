/* AF_UNIX sockets of all types: pairs, names, connections, descriptors and credentials beside the data, options, readiness, errors. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "say.h"

static char buf[300000];

static socklen_t name(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (path[0] == '@') {
		strcpy(a->sun_path + 1, path + 1);
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	strcpy(a->sun_path, path);
	return sizeof(*a);
}

static int at(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *path)
{
	struct sockaddr_un a;
	socklen_t len = name(&a, path);
	return call(fd, (struct sockaddr *)&a, len);
}

static void say_name(int (*call)(int, struct sockaddr *, socklen_t *), int fd, const char *what)
{
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof(a);

	if (call(fd, (struct sockaddr *)&a, &len))
		say("%s: %s", what, strerror(errno));
	else
		say("%s: family %d len %d %s%s", what, a.sun_family, len, a.sun_path[0] ? "" : "@", a.sun_path[0] ? a.sun_path : a.sun_path + 1);
}

static int option(int fd, int opt)
{
	int v = -1;
	socklen_t len = sizeof(v);
	return getsockopt(fd, SOL_SOCKET, opt, &v, &len) ? -errno : v;
}

static int events(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };
	poll(&p, 1, 0);
	return p.revents;
}

static void pairs(void)
{
	int s[2];
	ssize_t n, all = 0;

	say("-- pairs");
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(write(s[0], "hello", 5));
	SAY(write(s[0], "world", 5));
	int queued;
	SAY(ioctl(s[1], FIONREAD, &queued));
	say("queued %d, events %#x %#x", queued, events(s[0]), events(s[1]));
	SAY(recv(s[1], buf, 7, MSG_PEEK));
	SAY(read(s[1], buf, 100));
	say("%.10s", buf);
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	SAY(send(s[0], buf, 0, 0));
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	say_name(getsockname, s[0], "name");
	say_name(getpeername, s[0], "peer");
	while ((n = send(s[0], buf, 10000, MSG_DONTWAIT)) > 0)
		all += n;
	say("full: %s, much: %d, events %#x", strerror(errno), all > 100000, events(s[0]));
	while ((n = recv(s[1], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		all -= n;
	say("left %zd", all);
	SAY(shutdown(s[0], SHUT_WR));
	SAY(read(s[1], buf, 10));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(write(s[1], "back", 4));
	SAY(read(s[0], buf, 10));
	say("events %#x %#x", events(s[0]), events(s[1]));
	close(s[1]);
	SAY(read(s[0], buf, 10));
	say("events %#x", events(s[0]));
	signal(SIGPIPE, SIG_IGN);
	SAY(write(s[0], "x", 1));
	close(s[0]);
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	write(s[0], "unread", 6);
	close(s[1]);
	say("error %d", option(s[0], SO_ERROR) == ECONNRESET);
	SAY(read(s[0], buf, 10));
	close(s[0]);
	SAY(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	SAY(write(s[0], "one", 3));
	SAY(write(s[0], "second", 6));
	SAY(read(s[1], buf, 100));
	SAY(recv(s[1], buf, 2, MSG_TRUNC));
	SAY(recv(s[1], buf, 2, MSG_DONTWAIT));
	close(s[0]);
	SAY(read(s[1], buf, 100));
	close(s[1]);
	SAY(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s));
	for (n = 0; write(s[0], "dgram", 5) == 5; n++)
		;
	say("datagrams: %s, some: %d", strerror(errno), n > 5);
	SAY(read(s[1], buf, 2));
	say("%.2s", buf);
	SAY(write(s[0], buf, 300000));
	close(s[1]);
	SAY(write(s[0], "x", 1));
	close(s[0]);
}

static void connections(const char *path)
{
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), a;

	say("-- %s", path);
	SAY(at(connect, c, path));
	SAY(listen(l, 1));
	SAY(at(bind, l, path));
	SAY(at(bind, l, "again"));
	SAY(at(connect, c, path));
	SAY(listen(l, 1));
	say("listening %d, events %#x %#x", option(l, SO_ACCEPTCONN), events(l), events(c));
	SAY(at(connect, c, path));
	SAY(at(connect, c, path));
	say("events %#x %#x", events(l), events(c));
	say_name(getpeername, c, "peer");
	say_name(getsockname, c, "name");
	SAY(write(c, "early", 5));
	SAY_OK(a = accept(l, NULL, NULL));
	say_name(getpeername, a, "peer");
	say_name(getsockname, a, "name");
	SAY(read(a, buf, 10));
	struct ucred u;
	socklen_t len = sizeof(u);
	SAY(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &u, &len));
	say("cred %d %d", u.pid == getpid(), u.uid == getuid());
	SAY(write(l, "x", 1));
	SAY(read(l, buf, 1));
	SAY(connect(l, (void *)buf, 2));
	int more[4];
	for (int i = 0; i < 4; i++) {
		more[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		say("more %d: %s", i, at(connect, more[i], path) ? strerror(errno) : "ok");
	}
	fcntl(l, F_SETFL, O_NONBLOCK);
	int one = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	say("flags %d %d", fcntl(one, F_GETFD), (fcntl(one, F_GETFL) & O_NONBLOCK) != 0);
	close(one);
	SAY(read(more[0], buf, 1));
	close(l);
	SAY(read(more[1], buf, 1));
	SAY(at(connect, more[3], path));
	SAY(write(a, "still", 5));
	SAY(read(c, buf, 10));
	for (int i = 0; i < 4; i++)
		close(more[i]);
	close(a), close(c);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(at(bind, l, path));
	close(l);
	if (path[0] != '@')
		unlink(path);
}

static void datagrams(void)
{
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un from, to;
	socklen_t len = sizeof(from), n;

	say("-- datagrams");
	SAY(at(bind, a, "dgram-a"));
	SAY(at(bind, b, "@dgram-b"));
	n = name(&to, "dgram-a");
	SAY(sendto(b, "hello", 5, 0, (void *)&to, n));
	SAY(recvfrom(a, buf, 3, 0, (void *)&from, &len));
	say("from %d @%s", len, from.sun_path + 1);
	SAY(sendto(a, "answer", 6, 0, (void *)&from, len));
	SAY(recv(b, buf, 100, 0));
	SAY(write(b, "x", 1));
	SAY(at(connect, b, "dgram-a"));
	SAY(write(b, "x", 1));
	SAY(recv(a, buf, 100, 0));
	n = name(&to, "nobody");
	SAY(sendto(a, "x", 1, 0, (void *)&to, n));
	n = name(&to, "@nobody");
	SAY(sendto(a, "x", 1, 0, (void *)&to, n));
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(at(connect, s, "dgram-a"));
	to.sun_family = AF_UNSPEC;
	SAY(connect(b, (void *)&to, sizeof(to)));
	SAY(write(b, "x", 1));
	close(s), close(a), close(b);
	unlink("dgram-a");
}

static ssize_t send_with(int s, const char *text, const int *fds, unsigned n)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct iovec v = { (char *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(s, &m, 0);
}

static void receive_with(int s, unsigned room, int flags)
{
	char control[256];
	struct iovec v = { buf, 100 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
	ssize_t n = recvmsg(s, &m, flags);

	say("received %zd, flags %#x", n, m.msg_flags & ~MSG_CMSG_CLOEXEC);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n >= 0 && c; c = CMSG_NXTHDR(&m, c)) {
		int count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)), *fds = (int *)CMSG_DATA(c);
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred *u = (void *)CMSG_DATA(c);
			say("credentials %d %d", u->pid == getpid(), u->uid == getuid());
			continue;
		}
		say("descriptors %d", count);
		for (int i = 0; i < count; i++) {
			say("cloexec %d, reads %zd", fcntl(fds[i], F_GETFD), pread(fds[i], buf, 10, 0));
			close(fds[i]);
		}
	}
}

/* Each socket in the queue of the next one, and nobody receives: they close each other. */
static void chain(int links)
{
	int last = -1, ok = 1;

	for (int i = 0; i < links; i++) {
		int s[2];
		ok &= !socketpair(AF_UNIX, SOCK_STREAM, 0, s) && (last < 0 || send_with(s[0], "x", &last, 1) == 1);
		close(last), close(s[0]);
		last = s[1];
	}
	say("chain %d, closed %d", ok, close(last));
}

static void passing(void)
{
	int s[2], fd = open("passed", O_RDWR | O_CREAT, 0600), two[2] = { fd, fd }, on = 1;

	say("-- passing");
	write(fd, "content", 7);
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(send_with(s[0], "take", two, 2));
	SAY(write(s[0], "more", 4));
	receive_with(s[1], 256, 0);
	receive_with(s[1], 256, 0);
	SAY(send_with(s[0], "cloexec", two, 1));
	receive_with(s[1], 256, MSG_CMSG_CLOEXEC);
	SAY(send_with(s[0], "no room", two, 2));
	receive_with(s[1], CMSG_LEN(4), 0);
	SAY(send_with(s[0], "not wanted", two, 1));
	SAY(read(s[1], buf, 100));
	two[1] = 999;
	SAY(send_with(s[0], "bad", two, 2));
	SAY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	SAY(write(s[0], "who", 3));
	receive_with(s[1], 256, 0);
	/* a length that wraps around when it is aligned */
	struct cmsghdr c = { .cmsg_len = (socklen_t)-3, .cmsg_level = 99 };
	struct msghdr m = { .msg_control = &c, .msg_controllen = (socklen_t)-1 };
	SAY(sendmsg(s[0], &m, 0));
	chain(400);
	/* a socket through itself, closed with it inside */
	SAY(send_with(s[0], "self", s, 1));
	close(s[0]), close(s[1]);
	close(fd);
	unlink("passed");
}

static void options(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), v = 5000;
	struct timeval t = { 0, 30000 };

	say("-- options");
	say("type %d domain %d protocol %d", option(s, SO_TYPE), option(s, SO_DOMAIN), option(s, SO_PROTOCOL));
	SAY(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)));
	say("sndbuf %d", option(s, SO_SNDBUF));
	SAY(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	SAY(setsockopt(s, SOL_SOCKET, 9999, &v, sizeof(v)));
	SAY(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 2));
	SAY(getsockopt(s, SOL_SOCKET, 9999, &v, (socklen_t *)&v));
	SAY(read(s, buf, 1));
	SAY(write(s, buf, 1));
	SAY(accept(s, NULL, NULL));
	SAY(shutdown(s, 5));
	SAY(socket(AF_UNIX, 77, 0));
	SAY(socket(AF_UNIX, SOCK_STREAM, 99));
	SAY(socket(99, SOCK_STREAM, 0));
	SAY(listen(0, 1));
	SAY(listen(999, 1));
	close(s);
	int p[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(read(p[0], buf, 10));
	if (!fork()) {
		sleep_ms(20);
		write(p[1], "ab", 2);
		sleep_ms(20);
		write(p[1], "cd", 2);
		_exit(0);
	}
	t.tv_usec = 0;
	setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SAY(recv(p[0], buf, 4, MSG_WAITALL));
	wait(NULL);
	close(p[0]), close(p[1]);
}

int main(void)
{
	alarm(40);
	close(0);
	open("/dev/null", O_RDONLY);
	pairs();
	connections("socket");
	connections("@abstract");
	datagrams();
	passing();
	options();
	return 0;
}
