/*
 * Much data over many TCP connections of this machine with itself, each with its own endings: tcpstorm SEED CONNECTIONS KIB [clients]
 *
 * A server process and some client processes drive all connections by epoll, without blocking. What a connection carries each way is a window
 * of one table, another one for each connection and direction, so that both ends can compare each byte; sizes of reads and writes are random.
 * How it ends is the client's choice, told in its first bytes:
 *   CLOSE  both send all, the client shuts down its direction and reads the answer to its end
 *   FIRST  the same, but the server is done first and the client's data comes to a half-closed connection
 *   RESET  the client resets it (SO_LINGER 0) in the middle; the server sees ECONNRESET after a good beginning
 *   DEAF   the client closes with data unread: a reset too, and the server may see EPIPE
 * Prints one line for each client and for the server: connections by ending, bytes received and their checksum over all; exit 0: all as wanted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE 65521u           /* bytes; a prime */
#define PIECE 70000u           /* bytes at most in one call */
#define MAX_CONNECTIONS 256u
#define PATIENCE 60000         /* ms in which something must happen */

enum { CLOSE, FIRST, RESET, DEAF, NR_ENDINGS };
static const char *const endings[] = { "close", "first", "reset", "deaf" };

struct hello { uint32_t id, ending, up, down; }; /* up: bytes from the client, down: from the server */

struct connection {
	int fd;
	struct hello h;
	uint32_t hello_done, sent, received, stop_at;
	int shut, eof, over;
};

static unsigned char table[TABLE + PIECE], buf[PIECE];
static uint32_t random_state, counts[NR_ENDINGS], total_kib;
static uint64_t bytes_received, checksum;
static const char *who;

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *format, ...)
{
	va_list args;
	char line[300];
	int n = snprintf(line, sizeof(line), "%s: ", who);

	va_start(args, format);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	line[n++] = '\n';
	if (write(1, line, (size_t)n) < 0)
		_exit(2);
	_exit(1);
}

static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

static const unsigned char *stream(const struct connection *c, int up, uint32_t at) { return table + (c->h.id * 2654435761u + (up ? 0 : 30011u) + at) % TABLE; }

/* For the line before it fails. */
static void tell(const struct connection *all, uint32_t n)
{
	char line[200];

	for (uint32_t i = 0; i < n; i++) {
		const struct connection *c = &all[i];
		struct pollfd p = { c->fd, POLLIN | POLLOUT | POLLRDHUP, 0 };
		if (c->over)
			continue;
		poll(&p, 1, 0);
		int len = snprintf(line, sizeof(line), "%s: %s %u stands: sent %u, received %u of %u %u, shut %d, end %d, events %#x\n", who, endings[c->h.ending],
				   c->h.id, c->sent, c->received, c->h.up, c->h.down, c->shut, c->eof, p.revents);
		if (write(1, line, (size_t)len) < 0)
			return;
	}
}

static void watch(int ep, struct connection *c, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (epoll_ctl(ep, op, c->fd, &e))
		fail("epoll_ctl: %s", strerror(errno));
}

static void finish(struct connection *c)
{
	counts[c->h.ending]++;
	close(c->fd);
	c->over = 1;
}

/* Whether an error is what the ending promises. The prefix that came was right, so the connection is done. */
static int expected(const struct connection *c, int error)
{
	return (c->h.ending == RESET || c->h.ending == DEAF) && (error == ECONNRESET || error == EPIPE);
}

/* Send what goes: 1 all is sent, 0 later, -1 it is over. up: this is the client. */
static int send_some(struct connection *c, int up)
{
	uint32_t all = up ? c->h.up : c->h.down;

	while (c->sent < all) {
		uint32_t n = 1 + rnd(rnd(2) ? PIECE : 3000);
		n = n < all - c->sent ? n : all - c->sent;
		ssize_t w = send(c->fd, stream(c, up, c->sent), n, MSG_NOSIGNAL);
		if (w < 0 && errno == EAGAIN)
			return 0;
		if (w < 0 && expected(c, errno)) {
			finish(c);
			return -1;
		}
		if (w <= 0)
			fail("%s %u: send: %s after %u of %u", endings[c->h.ending], c->h.id, strerror(errno), c->sent, all);
		c->sent += (uint32_t)w;
	}
	return 1;
}

/* Receive and compare what is there; -1 it is over. */
static int receive_some(struct connection *c, int up)
{
	uint32_t all = up ? c->h.down : c->h.up;

	for (int rounds = 0; rounds < 4 && !c->eof; rounds++) {
		ssize_t n = recv(c->fd, buf, 1 + rnd(rnd(2) ? PIECE : 5000), 0);
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && expected(c, errno)) {
			finish(c);
			return -1;
		}
		if (n < 0)
			fail("%s %u: recv: %s after %u of %u", endings[c->h.ending], c->h.id, strerror(errno), c->received, all);
		if ((uint32_t)n > all - c->received || memcmp(buf, stream(c, !up, c->received), (size_t)n))
			fail("%s %u: wrong bytes at %u", endings[c->h.ending], c->h.id, c->received);
		if (!n && c->received != all && c->h.ending != RESET)
			fail("%s %u: the end after %u of %u", endings[c->h.ending], c->h.id, c->received, all);
		c->eof = !n;
		if (c->h.ending == CLOSE || c->h.ending == FIRST) /* of the others it depends on the time */
			for (uint32_t i = (61 - c->received % 61) % 61; i < (uint32_t)n; i += 61)
				checksum += (uint64_t)buf[i] * (c->received + i + 1);
		c->received += (uint32_t)n;
		bytes_received += c->h.ending == CLOSE || c->h.ending == FIRST ? (uint32_t)n : 0;
	}
	return 0;
}

static void shut(struct connection *c)
{
	if (!c->shut && shutdown(c->fd, SHUT_WR) && !expected(c, errno) && errno != ENOTCONN)
		fail("shutdown: %s", strerror(errno));
	c->shut = 1;
}

/* ---- the server ---- */

/* A reset may be lost on the way, and is not repeated: who waits for one has to ask. */
static void keep_asking(int fd)
{
	int on = 1, seconds = 1, times = 100;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) || setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds)) || setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times)))
		fail("keepalive: %s", strerror(errno));
}

static void serve_one(struct connection *c)
{
	while (c->hello_done < sizeof(c->h)) {
		ssize_t n = recv(c->fd, (char *)&c->h + c->hello_done, sizeof(c->h) - c->hello_done, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			fail("no greeting: %s", n ? strerror(errno) : "end");
		c->hello_done += (uint32_t)n;
	}
	if (receive_some(c, 0) < 0)
		return;
	int sent = send_some(c, 0);
	if (sent > 0 && (c->h.ending == FIRST || c->eof))
		shut(c);
	if (c->shut && c->eof)
		finish(c);
}

static void server(int l, uint32_t connections)
{
	static struct connection all[MAX_CONNECTIONS];
	struct connection listener = { .fd = l };
	struct epoll_event e[32];
	uint32_t accepted = 0, over = 0;
	int ep = epoll_create1(0);

	who = "server";
	watch(ep, &listener, EPOLL_CTL_ADD, EPOLLIN);
	while (over < connections) {
		int n = epoll_wait(ep, e, 32, PATIENCE);
		if (n <= 0) {
			tell(all, accepted);
			fail("nothing happens: %u accepted, %u over", accepted, over);
		}
		for (int i = 0; i < n; i++) {
			struct connection *c = e[i].data.ptr;
			if (c == &listener) {
				int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK);
				if (fd < 0 && errno == EAGAIN)
					continue;
				if (fd < 0)
					fail("accept: %s", strerror(errno));
				c = &all[accepted++];
				c->fd = fd;
				keep_asking(fd);
				watch(ep, c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
			}
			if (!c->over)
				serve_one(c);
			over += (uint32_t)c->over;
			if (!c->over) /* more is there than one turn takes: again, after the others */
				watch(ep, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
		}
	}
}

/* ---- a client ---- */

static void reset(struct connection *c)
{
	struct linger hard = { 1, 0 };

	if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)))
		fail("linger: %s", strerror(errno));
	finish(c);
}

static void ask_one(struct connection *c)
{
	while (c->hello_done < sizeof(c->h)) {
		ssize_t n = send(c->fd, (char *)&c->h + c->hello_done, sizeof(c->h) - c->hello_done, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			fail("greeting: %s", strerror(errno));
		c->hello_done += (uint32_t)n;
	}
	int sent = send_some(c, 1);
	if (sent < 0 || (c->h.ending != DEAF && receive_some(c, 1) < 0))
		return;
	if (c->h.ending == RESET && c->received >= c->stop_at)
		reset(c);
	else if (c->h.ending == DEAF && sent > 0 && recv(c->fd, buf, 1, MSG_PEEK) == 1)
		finish(c);
	else if (sent > 0 && c->h.ending != RESET && (c->h.ending == CLOSE || c->eof))
		shut(c);
	if (!c->over && c->shut && c->eof)
		finish(c);
}

static void open_one(struct connection *c, struct sockaddr_in *to, int ep, uint32_t id, uint32_t connections)
{
	uint32_t each = total_kib * 512 / connections; /* both ways together make the total */

	c->h = (struct hello){ id, id % 8 == 5 ? RESET : id % 8 == 7 ? DEAF : id % 2 ? FIRST : CLOSE, each, each };
	c->h.up -= rnd(each / 8 + 1);
	c->h.down -= rnd(each / 8 + 1);
	c->stop_at = 1 + rnd(c->h.down / 2 + 1);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || (connect(c->fd, (void *)to, sizeof(*to)) && errno != EINPROGRESS))
		fail("connect: %s", strerror(errno));
	watch(ep, c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void client(struct sockaddr_in to, uint32_t first, uint32_t step, uint32_t connections)
{
	static struct connection all[MAX_CONNECTIONS];
	struct epoll_event e[32];
	uint32_t mine = 0, over = 0;
	int ep = epoll_create1(0);
	static char name[20];

	snprintf(name, sizeof(name), "client %u", first);
	who = name;
	for (uint32_t id = first; id < connections; id += step)
		open_one(&all[mine++], &to, ep, id, connections);
	while (over < mine) {
		int n = epoll_wait(ep, e, 32, PATIENCE);
		if (n <= 0) {
			tell(all, mine);
			fail("nothing happens: %u of %u over", over, mine);
		}
		for (int i = 0; i < n; i++) {
			struct connection *c = e[i].data.ptr;
			if (c->over)
				continue;
			ask_one(c);
			over += (uint32_t)c->over;
			if (!c->over)
				watch(ep, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
		}
	}
}

static int report(void)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "%s: %u close, %u first, %u reset, %u deaf; %llu bytes, sum %llx\n", who, counts[0], counts[1], counts[2], counts[3],
			 (unsigned long long)bytes_received, (unsigned long long)checksum);

	return write(1, line, (size_t)n) == n ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	uint32_t seed = argc > 1 ? (uint32_t)atoi(argv[1]) : 1, connections = argc > 2 ? (uint32_t)atoi(argv[2]) : 64, clients = argc > 4 ? (uint32_t)atoi(argv[4]) : 4;
	int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), bad = 0, status;

	who = "tcpstorm";
	total_kib = argc > 3 ? (uint32_t)atoi(argv[3]) : 16384;
	random_state = seed * 2654435761u | 1;
	for (uint32_t i = 0; i < TABLE; i++)
		table[i] = (unsigned char)rnd(256);
	for (uint32_t i = TABLE; i < sizeof(table); i++)
		table[i] = table[i - TABLE];
	if (connections > MAX_CONNECTIONS || !clients || bind(l, (void *)&at, sizeof(at)) || listen(l, (int)connections) || getsockname(l, (void *)&at, &len))
		fail("listen: %s", strerror(errno));
	for (uint32_t i = 0; i < clients; i++)
		if (!fork()) {
			close(l);
			random_state += i * 7919 * 2;
			client(at, i, clients, connections);
			_exit(report());
		}
	server(l, connections);
	bad = report();
	while (wait(&status) > 0)
		bad |= status;
	return bad ? 1 : 0;
}
