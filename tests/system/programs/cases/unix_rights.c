/* What travels beside the data: descriptors and credentials over local sockets. */
#include "cases.h"
#include <sys/socket.h>
#include <sys/un.h>

static int s[2];
static char control[4096], data[100];

static void pair(int type) { socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s); }

/* Send len bytes with n descriptors. */
static long give(int fd, const char *what, size_t len, const int *fds, int n)
{
	struct iovec v = { (char *)what, len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(fd, &m, 0);
}

static int got[300];

/* Receive with room for control data; says what came. */
static void take(const char *what, int fd, size_t len, size_t room, int flags)
{
	struct iovec v = { data, len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
	long n = recvmsg(fd, &m, flags);
	int count = 0;

	if (n < 0) {
		say("%s: %s", what, strerror(errno));
		return;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_RIGHTS) {
			count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(got, CMSG_DATA(c), count * sizeof(int));
		}
		say("%s: control %d, length %d", what, c->cmsg_type, (int)c->cmsg_len);
	}
	say("%s: %ld bytes, %d descriptors, control length %d, flags %#x", what, n, count, (int)m.msg_controllen, m.msg_flags);
}

CASE(rights_pass, "a descriptor arrives as another number of the same open file")
{
	int f = open("f", O_RDWR | O_CREAT, 0600);

	pair(SOCK_STREAM);
	SAY(give(s[0], "x", 1, &f, 1));
	take("got", s[1], 10, sizeof(control), 0);
	write(f, "abc", 3);
	say("position %d, another number %d, cloexec %d", (int)lseek(got[0], 0, SEEK_CUR), got[0] != f, fcntl(got[0], F_GETFD));
	give(s[0], "x", 1, &f, 1);
	take("cloexec", s[1], 10, sizeof(control), MSG_CMSG_CLOEXEC);
	say("cloexec %d", fcntl(got[0], F_GETFD));
}

CASE(rights_bad, "descriptors that are none; too many; none at all")
{
	int bad = 99, minus = -1, many[254], f[2] = { 0, 99 };

	pair(SOCK_STREAM);
	SAY(give(s[0], "x", 1, &bad, 1));
	SAY(give(s[0], "x", 1, &minus, 1));
	SAY(give(s[0], "x", 1, f, 2));
	take("nothing came", s[1], 10, sizeof(control), 0);
	for (int i = 0; i < 254; i++)
		many[i] = 0;
	SAY(give(s[0], "x", 1, many, 254));
	SAY(give(s[0], "x", 1, many, 253));
	struct rlimit r = { 300, 4096 };
	setrlimit(RLIMIT_NOFILE, &r);
	take("253", s[1], 10, sizeof(control), 0);
	for (int i = 3; i < 300; i++)
		if (i != s[0] && i != s[1])
			close(i);
	SAY(give(s[0], "x", 1, many, 0));
	take("none", s[1], 10, sizeof(control), 0);
}

CASE(rights_truncated, "room for fewer: MSG_CTRUNC, the rest is closed")
{
	int f[3] = { 0, 0, 0 };

	pair(SOCK_STREAM);
	give(s[0], "x", 1, f, 3);
	take("room for two", s[1], 10, CMSG_SPACE(2 * sizeof(int)), 0);
	give(s[0], "x", 1, f, 3);
	take("room for one and a half", s[1], 10, CMSG_LEN(6), 0);
	give(s[0], "x", 1, f, 3);
	take("room for the header", s[1], 10, CMSG_LEN(0), 0);
	give(s[0], "x", 1, f, 3);
	take("no room", s[1], 10, 0, 0);
	give(s[0], "x", 1, f, 3);
	SAY(recv(s[1], data, 10, 0));
	take("gone", s[1], 10, sizeof(control), 0);
}

CASE(rights_no_numbers_free, "the receiver has no numbers free: MSG_CTRUNC")
{
	int f[2] = { 0, 0 };
	struct rlimit r = { 6, 4096 };

	pair(SOCK_STREAM);
	give(s[0], "x", 1, f, 2);
	setrlimit(RLIMIT_NOFILE, &r);
	take("one free", s[1], 10, sizeof(control), 0);
	give(s[0], "x", 1, f, 2);
	take("none free", s[1], 10, sizeof(control), 0);
}

CASE(rights_stream_borders, "in a stream a read ends at data that brought descriptors")
{
	int f = 0;

	pair(SOCK_STREAM);
	write(s[0], "ab", 2);
	give(s[0], "cd", 2, &f, 1);
	write(s[0], "ef", 2);
	give(s[0], "gh", 2, &f, 1);
	take("first", s[1], 100, sizeof(control), 0);
	take("second", s[1], 100, sizeof(control), 0);
	take("third", s[1], 100, sizeof(control), 0);
	take("fourth", s[1], 100, sizeof(control), 0);
}

CASE(rights_part_read, "they come with the first byte")
{
	int f = 0;

	pair(SOCK_STREAM);
	give(s[0], "abcd", 4, &f, 1);
	take("first", s[1], 1, sizeof(control), 0);
	take("rest", s[1], 10, sizeof(control), 0);
}

CASE(rights_peek, "MSG_PEEK gives a copy of the descriptors each time")
{
	int f = 0;

	pair(SOCK_STREAM);
	give(s[0], "ab", 2, &f, 1);
	take("peek", s[1], 10, sizeof(control), MSG_PEEK);
	take("peek", s[1], 10, sizeof(control), MSG_PEEK);
	take("take", s[1], 10, sizeof(control), 0);
}

CASE(rights_without_data, "descriptors without a byte: a datagram may, a stream does not send")
{
	int f = 0;

	pair(SOCK_STREAM);
	SAY(give(s[0], "", 0, &f, 1));
	take("stream", s[1], 10, sizeof(control), 0);
	pair(SOCK_DGRAM);
	SAY(give(s[0], "", 0, &f, 1));
	take("datagram", s[1], 10, sizeof(control), 0);
}

CASE(rights_kept_alive, "in flight a file stays open; with the socket it goes")
{
	int p[2];

	pair(SOCK_STREAM);
	pipe2(p, O_NONBLOCK);
	give(s[0], "x", 1, &p[1], 1);
	close(p[1]);
	SAY(read(p[0], data, 1));
	close(s[0]);
	close(s[1]);
	poll(&(struct pollfd){ p[0], POLLIN, 0 }, 1, 5000);
	SAY(read(p[0], data, 1));
}

CASE(rights_bad_headers, "control data that is malformed or unknown")
{
	struct iovec v = { (char *)"x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(4) };
	struct cmsghdr *c = (void *)control;

	pair(SOCK_STREAM);
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = 77 };
	SAY(sendmsg(s[0], &m, 0));
	c->cmsg_level = 77;
	SAY(sendmsg(s[0], &m, 0));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = 5;
	SAY(sendmsg(s[0], &m, 0));
	c->cmsg_len = 1000;
	SAY(sendmsg(s[0], &m, 0));
	m.msg_control = (void *)16;
	m.msg_controllen = CMSG_SPACE(4);
	SAY(sendmsg(s[0], &m, 0));
	m.msg_control = control;
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
	m.msg_controllen = CMSG_SPACE(4);
	SAY(sendmsg(s[0], &m, 0));
}

CASE(rights_itself, "a socket through itself")
{
	pair(SOCK_STREAM);
	SAY(give(s[0], "x", 1, &s[1], 1));
	SAY(give(s[0], "y", 1, &s[0], 1));
	take("first", s[1], 1, sizeof(control), 0);
	SAY(write(s[0], "z", 1));
	SAY(read(got[0], data, 1));
	say("%c", data[0]);
}

static void take_cred(const char *what, int fd)
{
	struct iovec v = { data, 10 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	long n = recvmsg(fd, &m, 0);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	struct ucred u;

	if (!c) {
		say("%s: %ld, no control data", what, n);
		return;
	}
	memcpy(&u, CMSG_DATA(c), sizeof(u));
	say("%s: type %d, own pid %d, pid 0 %d, uid %d, gid %d", what, c->cmsg_type, u.pid == getpid(), u.pid == 0, (int)u.uid, (int)u.gid);
}

static void give_eight(const char *what, int fd)
{
	int fds[8] = { 0 };

	say("%s: %s", what, give(fd, "x", 1, fds, 8) == 1 ? "sent" : strerror(errno));
}

/* They are counted for each user: this one is of no other process, nor of another run on the same host. */
CASE_ROOT(rights_limit, "no more descriptors in flight than RLIMIT_NOFILE, but for who has begun below it")
{
	struct rlimit few = { 10, 10 };
	int bad[2] = { 0, 99 };

	setrlimit(RLIMIT_NOFILE, &few);
	pair(SOCK_STREAM);
	for (int i = 0; i < 4; i++)
		give_eight("root", s[0]);
	become(20000 + getpid() % 40000);
	give_eight("first", s[0]);
	give_eight("second", s[0]);
	give_eight("third", s[0]);
	SAY(give(s[0], "x", 1, bad, 2));
	SAY(give(s[0], "x", 1, bad, 1));
	SAY(give(s[0], "x", 1, bad, 0));
	SAY(write(s[0], "x", 1));
	for (int i = 0; i < 4; i++)
		read(s[1], data, 1);
	give_eight("those of root are gone", s[0]);
	take("peek", s[1], 1, 0, MSG_PEEK);
	give_eight("peeked", s[0]);
	take("received without room", s[1], 1, 0, 0);
	give_eight("one received", s[0]);
	give_eight("again", s[0]);
	close(s[0]);
	close(s[1]);
	pair(SOCK_DGRAM);
	give_eight("dropped", s[0]);
	give_eight("datagram", s[0]);
	give_eight("one more", s[0]);
	close(s[1]);
	give_eight("nobody there", s[0]);
	close(s[0]);
	pair(SOCK_DGRAM);
	for (int i = 0; i < 3; i++)
		give_eight("dropped again", s[0]);
}

CASE_ROOT(cred_passed, "SO_PASSCRED: the sender's credentials with each message")
{
	int on = 1;

	pair(SOCK_DGRAM);
	write(s[0], "x", 1);
	setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	take_cred("sent before", s[1]);
	write(s[0], "x", 1);
	take_cred("sent after", s[1]);
	pair(SOCK_STREAM);
	setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	write(s[0], "x", 1);
	take_cred("stream", s[1]);
}

static long send_cred(pid_t pid, uid_t uid, gid_t gid)
{
	struct iovec v = { (char *)"x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(struct ucred)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct ucred u = { pid, uid, gid };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(u));
	memcpy(CMSG_DATA(c), &u, sizeof(u));
	return sendmsg(s[0], &m, 0);
}

CASE_ROOT(cred_joined, "a read of a stream joins what has the same sender, and descriptors end it")
{
	int on = 1, f = 0;

	pair(SOCK_STREAM);
	setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	write(s[0], "ab", 2);
	give(s[0], "cd", 2, &f, 1);
	write(s[0], "ef", 2);
	send_cred(getpid(), 5, 6);
	take("first", s[1], 100, sizeof(control), 0);
	take("second", s[1], 100, sizeof(control), 0);
	take("third", s[1], 100, sizeof(control), 0);
	write(s[0], "ab", 2);
	send_cred(getpid(), 5, 6);
	write(s[0], "cd", 2);
	fcntl(s[1], F_SETFL, 0);
	take("all of one sender", s[1], 100, sizeof(control), MSG_WAITALL);
	take("all of another", s[1], 100, sizeof(control), MSG_WAITALL);
	take("what is there", s[1], 100, sizeof(control), MSG_WAITALL | MSG_DONTWAIT);
}

CASE_ROOT(cred_forged, "who may say that somebody else sent it")
{
	int on = 1;

	pair(SOCK_DGRAM);
	setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	SAY(send_cred(getpid(), 0, 0));
	take_cred("own", s[1]);
	SAY(send_cred(getpid(), 5, 6));
	take_cred("root says another", s[1]);
	SAY(send_cred(999999, 0, 0));
	become(1000);
	SAY(send_cred(getpid(), 1000, 1000));
	take_cred("own", s[1]);
	SAY(send_cred(getpid(), 0, 1000));
	SAY(send_cred(1, 1000, 1000));
}
