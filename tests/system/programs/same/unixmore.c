/* AF_UNIX: who may send and when, whose bytes are read together, names that are made up, many messages in one call, ends and boundaries. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "say.h"

static char buf[100000];

static int at(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);

	strcpy(a.sun_path + (path[0] == '@'), path + (path[0] == '@'));
	if (path[0] == '@')
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	return call(fd, (struct sockaddr *)&a, len);
}

static int made(int type, const char *name)
{
	int s = socket(AF_UNIX, type, 0);

	if (at(bind, s, name))
		say("bind %s: %s", name, strerror(errno));
	return s;
}

static int events(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };
	poll(&p, 1, 0);
	return p.revents;
}

/* A sender that waits for a queue full of others' datagrams hears when there is room. */
static void crowded_queue(void)
{
	int r = made(SOCK_DGRAM, "@queue"), a = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0), status;

	say("-- a queue full of others' datagrams");
	SAY(at(connect, a, "@queue"));
	SAY(at(connect, b, "@queue"));
	say("room %#x", events(b));
	while (send(a, "x", 1, 0) == 1)
		;
	say("full: %s, %#x %#x", strerror(errno), events(a), events(b));
	SAY(send(b, "x", 1, MSG_DONTWAIT));
	for (int how = 0; how < 3; how++) {
		pid_t child = fork();
		if (!child) {
			struct pollfd p = { b, POLLOUT, 0 };
			struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
			int ep = epoll_create1(0);
			epoll_ctl(ep, EPOLL_CTL_ADD, b, &e);
			int n = how == 0 ? poll(&p, 1, 20000) : how == 1 ? epoll_wait(ep, &e, 1, 20000) : (int)send(b, "y", 1, 0);
			_exit(n);
		}
		sleep_ms(100);
		SAY(recv(r, buf, 10, 0));
		waitpid(child, &status, 0);
		say_status(how == 0 ? "poll" : how == 1 ? "epoll" : "send", status);
		while (send(a, "x", 1, 0) == 1)
			;
	}
	close(r);
	SAY(send(b, "x", 1, 0));
	SAY(send(a, "x", 1, 0));
	say("the receiver is gone: %#x %#x", events(a) & POLLOUT, events(b) & POLLOUT);
	close(a), close(b);
}

static ssize_t receive(int s, size_t room, int flags, int *creds, int *fds)
{
	char control[256];
	struct iovec v = { buf, room };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(s, &m, flags);

	*creds = *fds = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n >= 0 && c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS)
			*creds = ((struct ucred *)CMSG_DATA(c))->pid;
		else if (c->cmsg_type == SCM_RIGHTS)
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++, ++*fds)
				close(((int *)CMSG_DATA(c))[i]);
	}
	return n;
}

static void send_fd(int s, const char *text)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { (char *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &(int){ 1 }, sizeof(int));
	if (sendmsg(s, &m, 0) != (ssize_t)v.iov_len)
		say("sendmsg: %s", strerror(errno));
}

static void say_received(int s, size_t room, int flags, pid_t child)
{
	int creds, fds;
	ssize_t n = receive(s, room, flags, &creds, &fds);

	say("got %zd %.*s, of %s, descriptors %d", n, n > 0 ? (int)n : 0, buf, creds == getpid() ? "me" : creds == child ? "the child" : creds ? "another" : "nobody", fds);
}

static void mixed_senders(void)
{
	int s[2], on = 1;

	say("-- bytes of several senders");
	for (int pass = 0; pass < 2; pass++) {
		pid_t child;
		socketpair(AF_UNIX, SOCK_STREAM, 0, s);
		if (pass)
			setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
		write(s[0], "aa", 2);
		child = fork();
		if (!child) {
			write(s[0], "bb", 2);
			write(s[0], "cc", 2);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		write(s[0], "dd", 2);
		write(s[0], "ee", 2);
		say_received(s[1], 100, MSG_PEEK, child);
		for (int i = 0; i < 3; i++)
			say_received(s[1], i ? 100 : 1, MSG_DONTWAIT, child);
		say_received(s[1], 100, MSG_DONTWAIT, child);
		close(s[0]), close(s[1]);
	}
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	write(s[0], "plain", 5);
	send_fd(s[0], "with");
	write(s[0], "after", 5);
	send_fd(s[0], "again");
	send_fd(s[0], "twice");
	for (int i = 0; i < 4; i++)
		say_received(s[1], 100, MSG_DONTWAIT, 0);
	send_fd(s[0], "in two pieces");
	say_received(s[1], 5, MSG_DONTWAIT, 0);
	say_received(s[1], 100, MSG_DONTWAIT, 0);
	close(s[0]), close(s[1]);
}

static void names(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b;
	int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t len = sizeof(b);

	say("-- names");
	SAY(bind(s, (void *)&a, sizeof(a.sun_family)));
	SAY(getsockname(s, (void *)&b, &len));
	int hex = 0;
	for (int i = 1; i < 6; i++)
		hex += isxdigit((unsigned char)b.sun_path[i]) != 0;
	say("made up: len %u, %d, digits %d", len, b.sun_path[0], hex);
	SAY(bind(s, (void *)&a, sizeof(a.sun_family)));
	SAY(bind(t, (void *)&a, 1));
	SAY(bind(t, (void *)&a, 111));
	memset(a.sun_path, 'x', sizeof(a.sun_path));
	SAY(bind(t, (void *)&a, sizeof(a)));
	len = sizeof(b) + 1;
	char longer[sizeof(b) + 1];
	SAY(getsockname(t, (void *)longer, &len));
	say("a name as long as it can be: %u", len);
	memset(a.sun_path, 0, sizeof(a.sun_path));
	close(t);
	strcpy(a.sun_path, "stale");
	t = made(SOCK_STREAM, "stale");
	close(t);
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(at(connect, s, "stale"));
	SAY(at(bind, s, "stale"));
	SAY(at(connect, s, "none"));
	SAY(at(bind, s, "no/such/folder"));
	close(open("plain", O_CREAT | O_WRONLY, 0600));
	SAY(at(connect, s, "plain"));
	t = made(SOCK_DGRAM, "dgram");
	SAY(at(connect, s, "dgram"));
	close(t);
	t = made(SOCK_SEQPACKET, "@seq");
	SAY(listen(t, 1));
	SAY(at(connect, s, "@seq"));
	close(t);
	unlink("stale");
	t = made(SOCK_STREAM, "gone");
	SAY(listen(t, 1));
	unlink("gone");
	SAY(at(connect, s, "gone"));
	close(t), close(s);
	s = made(SOCK_DGRAM, "@one"), t = socket(AF_UNIX, SOCK_DGRAM, 0);
	SAY(at(bind, t, "@one"));
	SAY(at(connect, t, "@one"));
	int u = made(SOCK_DGRAM, "@two");
	SAY(at(connect, s, "@two"));
	SAY(send(t, "x", 1, 0)); /* who has a peer hears nobody else */
	SAY(at(connect, u, "@one"));
	close(s), close(t), close(u);
	unlink("plain"), unlink("dgram"), unlink("xxxxxxxx");
	memset(buf, 'x', 108), buf[108] = 0, unlink(buf);
}

static void many(void)
{
	enum { N = 6 };
	int s[2];
	struct mmsghdr m[N];
	struct iovec v[N];
	char space[N][16];
	struct timespec t = { 5, 0 };

	say("-- many messages in one call");
	socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < N; i++) {
		v[i] = (struct iovec){ "abcdefgh", (size_t)i };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	SAY(sendmmsg(s[0], m, N, 0));
	for (int i = 0; i < N; i++)
		say("sent %u", m[i].msg_len);
	for (int i = 0; i < N; i++)
		v[i] = (struct iovec){ space[i], 3 };
	SAY(recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL));
	for (int i = 0; i < 4; i++)
		say("received %u, flags %#x", m[i].msg_len, m[i].msg_hdr.msg_flags);
	SAY(recvmmsg(s[1], m, N, MSG_WAITFORONE, NULL));
	for (int i = 0; i < 2; i++)
		say("received %u, flags %#x", m[i].msg_len, m[i].msg_hdr.msg_flags);
	SAY(recvmmsg(s[1], m, N, MSG_DONTWAIT, NULL));
	SAY(recvmmsg(s[1], m, 0, 0, NULL));
	SAY(sendmmsg(s[0], m, 0, 0));
	write(s[0], "x", 1);
	t.tv_sec = 0;
	SAY(recvmmsg(s[1], m, N, MSG_DONTWAIT, &t));
	t.tv_nsec = 1000000000;
	SAY(recvmmsg(s[1], m, N, MSG_DONTWAIT, &t));
	SAY(recvmmsg(999, m, N, 0, NULL));
	SAY(recvmmsg(1000, (void *)16, N, 0, NULL));
	v[1] = (struct iovec){ (void *)16, 3 };
	SAY(sendmmsg(s[0], m, N, 0)); /* the first went */
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	close(s[0]), close(s[1]);
}

static void boundaries(void)
{
	int s[2], v;
	socklen_t len = sizeof(v);

	say("-- packets");
	SAY(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	SAY(send(s[0], "first", 5, 0));
	SAY(send(s[0], "", 0, 0));
	SAY(send(s[0], "third", 5, MSG_EOR));
	SAY(ioctl(s[1], FIONREAD, &v));
	say("queued %d", v);
	SAY(recv(s[1], buf, 100, MSG_WAITALL));
	SAY(recv(s[1], buf, 100, 0));
	struct iovec io = { buf, 2 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	SAY(recvmsg(s[1], &m, MSG_PEEK));
	say("flags %#x", m.msg_flags & MSG_TRUNC);
	SAY(recvmsg(s[1], &m, MSG_TRUNC));
	say("flags %#x", m.msg_flags & MSG_TRUNC);
	SAY(recv(s[1], buf, 100, MSG_DONTWAIT));
	SAY(shutdown(s[0], SHUT_WR));
	say("events %#x %#x", events(s[0]), events(s[1]));
	SAY(recv(s[1], buf, 100, 0));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(send(s[1], "back", 4, 0));
	SAY(recv(s[0], buf, 100, 0));
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	SAY(getpeername(s[0], (void *)&a, &n));
	SAY(shutdown(s[0], SHUT_RDWR));
	n = sizeof(a);
	SAY(getpeername(s[0], (void *)&a, &n));
	close(s[1]);
	n = sizeof(a);
	SAY(getpeername(s[0], (void *)&a, &n));
	say("events %#x", events(s[0]));
	close(s[0]);
	SAY(socketpair(AF_UNIX, SOCK_RAW, 0, s));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &len));
	say("type %d", v);
	close(s[0]), close(s[1]);
	SAY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
	say("flags %d %d", (fcntl(s[0], F_GETFL) & O_NONBLOCK) != 0, fcntl(s[1], F_GETFD));
	SAY(recv(s[0], buf, 1, 0));
	SAY(accept4(s[0], NULL, NULL, 0x1234));
	SAY(accept(s[0], NULL, NULL));
	SAY(ioctl(s[0], TIOCOUTQ, &v));
	say("on its way %d", v);
	struct ucred cred;
	len = sizeof(cred);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	say("me %d, len %u", cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid(), len);
	len = 5;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	say("len %u", len);
	close(s[0]), close(s[1]);
	int d = socket(AF_UNIX, SOCK_DGRAM, 0);
	SAY(shutdown(d, SHUT_RD));
	SAY(recv(d, buf, 1, 0));
	say("events %#x", events(d));
	SAY(listen(d, 1));
	SAY(accept(d, NULL, NULL));
	close(d);
}

int main(void)
{
	alarm(100);
	close(0);
	open("/dev/null", O_RDONLY);
	crowded_queue();
	mixed_senders();
	names();
	many();
	boundaries();
	return 0;
}
