/* Urgent data of TCP: MSG_OOB both ways, the mark, SO_OOBINLINE, SIOCATMARK, SIGURG, readiness. */
#include "cases.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#define SIOCATMARK_ 0x8905

static int a, b; /* two ends of a connection */
static char text[20000];

static void connected(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	bind(l, (void *)&name, sizeof(name));
	listen(l, 1);
	getsockname(l, (void *)&name, &len);
	a = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(a, (void *)&name, sizeof(name)))
		say("connect: %s", strerror(errno));
	b = accept(l, NULL, NULL);
	close(l);
	setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Wait until b has so many bytes to read, the urgent one not counted. */
static void wait_bytes(int want)
{
	int n = 0;

	for (int i = 0; i < 3000 && n < want; i++) {
		ioctl(b, FIONREAD, &n);
		if (n < want)
			sleep_ms(5);
	}
	say("to read: %d", n);
}

static void wait_urgent(void)
{
	struct pollfd p = { b, POLLPRI, 0 };

	say("urgent: %d", poll(&p, 1, 15000));
}

/* Wait until there is something to read that is not the urgent byte. */
static void wait_data(void)
{
	struct pollfd p = { b, POLLIN, 0 };

	say("data: %d", poll(&p, 1, 15000));
}

static void say_poll(void)
{
	struct pollfd p = { b, POLLIN | POLLPRI, 0 };

	poll(&p, 1, 0);
	say("events %#x", p.revents);
}

static void say_recv(int flags)
{
	ssize_t n = recv(b, text, 100, flags | MSG_DONTWAIT);

	if (n < 0)
		say("recv %#x: %s", flags, strerror(errno));
	else
		say("recv %#x: %zd [%.*s]", flags, n, (int)n, text);
}

static void say_mark(void)
{
	int at = -1;

	SAY(ioctl(b, SIOCATMARK_, &at));
	say("at mark %d", at);
}

CASE(oob_one_byte, "the urgent byte is read with MSG_OOB, once; what is around it is read apart")
{
	connected();
	SAY(send(a, "before", 6, 0));
	SAY(send(a, "!", 1, MSG_OOB));
	SAY(send(a, "after", 5, 0));
	wait_urgent();
	wait_bytes(6);
	say_poll();
	say_mark();
	say_recv(MSG_OOB | MSG_PEEK);
	say_recv(MSG_OOB);
	say_recv(MSG_OOB);
	say_poll();
	say_recv(0);
	say_mark();
	wait_data();
	say_recv(0);
	say_mark();
	say_recv(0);
}

CASE(oob_last_of_many, "of a longer text the last byte is the urgent one")
{
	connected();
	SAY(send(a, "abcd", 4, MSG_OOB));
	wait_urgent();
	say_recv(MSG_PEEK);
	say_recv(0);
	say_recv(MSG_OOB);
	say_recv(0);
}

CASE(oob_none, "without urgent data recv with MSG_OOB fails, whatever is there")
{
	connected();
	say_recv(MSG_OOB);
	send(a, "x", 1, 0);
	wait_bytes(1);
	say_recv(MSG_OOB);
	say_mark();
	int s = socket(AF_INET, SOCK_STREAM, 0);
	SAY(recv(s, text, 1, MSG_OOB));
	SAY(send(a, "", 0, MSG_OOB));
	say_poll();
}

CASE(oob_passed_over, "a read that goes on behind the mark throws the byte away")
{
	connected();
	send(a, "!", 1, MSG_OOB);
	send(a, "data", 4, 0);
	wait_urgent();
	wait_data();
	say_poll();
	say_recv(MSG_PEEK);
	say_recv(0);
	say_recv(MSG_OOB);
	say_poll();
}

CASE(oob_inline, "SO_OOBINLINE: the byte stays in its place, a read stops before it")
{
	int on = 1;

	connected();
	setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	send(a, "ab", 2, 0);
	send(a, "!", 1, MSG_OOB);
	send(a, "cd", 2, 0);
	wait_urgent();
	wait_bytes(5);
	say_recv(MSG_OOB);
	say_recv(MSG_PEEK);
	say_recv(0);
	say_mark();
	say_poll();
	say_recv(0);
	say_mark();
	say_poll();
}

CASE(oob_waitall, "the mark ends a read that wants more")
{
	connected();
	send(a, "12", 2, 0);
	send(a, "!", 1, MSG_OOB);
	send(a, "3456", 4, 0);
	wait_urgent();
	SAY(recv(b, text, 6, MSG_WAITALL));
	SAY(recv(b, text, 4, MSG_WAITALL));
	say("%.4s", text);
}

CASE(oob_second_mark, "a second urgent byte takes the place of the first")
{
	connected();
	send(a, "a1", 2, MSG_OOB);
	wait_urgent();
	send(a, "b2", 2, MSG_OOB);
	wait_bytes(3);
	say_recv(MSG_OOB);
	say_recv(0);
	say_recv(0);
}

CASE(oob_sigurg, "SIGURG reaches the owner, without O_ASYNC")
{
	sigset_t one;

	connected();
	sigemptyset(&one);
	sigaddset(&one, SIGURG);
	sigprocmask(SIG_BLOCK, &one, NULL);
	catch_signal(SIGURG, 0);
	SAY(fcntl(b, F_SETOWN, getpid()));
	send(a, "!", 1, MSG_OOB);
	SAY(sigwaitinfo(&one, NULL));
	wait_urgent();
	say_recv(MSG_OOB);
}

CASE(oob_select_epoll, "select's third set and EPOLLPRI tell of urgent data")
{
	struct timeval patience = { 15, 0 };
	struct epoll_event v = { .events = EPOLLPRI };
	int e = epoll_create1(0);
	fd_set in, ex;

	connected();
	epoll_ctl(e, EPOLL_CTL_ADD, b, &v);
	SAY(epoll_wait(e, &v, 1, 0));
	send(a, "!", 1, MSG_OOB);
	SAY(epoll_wait(e, &v, 1, 15000));
	say("%#x", v.events);
	FD_ZERO(&in);
	FD_ZERO(&ex);
	FD_SET(b, &in);
	FD_SET(b, &ex);
	SAY(select(b + 1, &in, NULL, &ex, &patience));
	say("in %d, exceptional %d", FD_ISSET(b, &in), FD_ISSET(b, &ex));
	say_recv(MSG_OOB);
	SAY(epoll_wait(e, &v, 1, 0));
}

CASE(oob_behind_much, "the mark is known before the data in front of it is read")
{
	int n = 0;

	connected();
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 2; i++)
		SAY(send(a, text, sizeof(text), 0));
	SAY(send(a, "?!", 2, MSG_OOB));
	wait_urgent();
	say_recv(MSG_OOB);
	while (n < 40001) {
		ssize_t got = recv(b, text, sizeof(text), 0);

		if (got <= 0)
			break;
		n += (int)got;
	}
	say("%d", n);
	say_mark();
	SAY(send(b, "back", 4, MSG_OOB));
	SAY(recv(a, text, 3, MSG_WAITALL));
	say("%.3s", text);
}

CASE(oob_peek, "a peek at nothing but the urgent byte finds nothing, and waits for what comes behind")
{
	struct timeval soon = { .tv_usec = 100000 };

	connected();
	SAY(send(a, "u", 1, MSG_OOB));
	wait_urgent();
	SAY(recv(b, text, 10, MSG_PEEK | MSG_DONTWAIT));
	setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	SAY(recv(b, text, 10, MSG_PEEK));
	SAY(send(a, "x", 1, 0));
	wait_data();
	SAY(recv(b, text, 10, MSG_PEEK));
	say("%c", text[0]);
}
