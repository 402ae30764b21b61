/* Options of sockets: what each takes and gives, lengths too short and too long, limits, bad pointers; addresses likewise. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "say.h"

static void *const bad = (void *)16;

static int get(int fd, int level, int opt)
{
	int v = -1;
	socklen_t len = sizeof(v);
	return getsockopt(fd, level, opt, &v, &len) ? -errno : v;
}

static int set(int fd, int level, int opt, int v) { return setsockopt(fd, level, opt, &v, sizeof(v)); }

static void numbers(const char *what, int fd)
{
	static const struct { const char *name; int opt; } options[] = {
		{ "REUSEADDR", SO_REUSEADDR }, { "KEEPALIVE", SO_KEEPALIVE }, { "BROADCAST", SO_BROADCAST }, { "OOBINLINE", SO_OOBINLINE },
		{ "DONTROUTE", SO_DONTROUTE }, { "TIMESTAMP", SO_TIMESTAMP }, { "RCVLOWAT", SO_RCVLOWAT }, { "PRIORITY", SO_PRIORITY },
		{ "TYPE", SO_TYPE }, { "DOMAIN", SO_DOMAIN }, { "PROTOCOL", SO_PROTOCOL }, { "ERROR", SO_ERROR }, { "ACCEPTCONN", SO_ACCEPTCONN },
		{ "SNDLOWAT", SO_SNDLOWAT },
	};

	say("-- numbers of %s", what);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int first = get(fd, SOL_SOCKET, options[i].opt);
		int r = set(fd, SOL_SOCKET, options[i].opt, 5) ? errno : 0;
		int second = get(fd, SOL_SOCKET, options[i].opt);
		int s = set(fd, SOL_SOCKET, options[i].opt, 0) ? errno : 0;
		say("%s: %d, set 5: %s, %d, set 0: %s, %d", options[i].name, first, strerror(r), second, strerror(s), get(fd, SOL_SOCKET, options[i].opt));
	}
}

static void sizes(int fd)
{
	static const int values[] = { 0, 1, 1000, 2304, 5000, 100000, 0x7fffffff, -1 };

	say("-- sizes of buffers");
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		set(fd, SOL_SOCKET, SO_SNDBUF, values[i]);
		set(fd, SOL_SOCKET, SO_RCVBUF, values[i]);
		if (values[i] >= 0 && values[i] < 200000) /* the greatest is the machine's choice */
			say("%d: %d %d", values[i], get(fd, SOL_SOCKET, SO_SNDBUF), get(fd, SOL_SOCKET, SO_RCVBUF));
		else
			say("%d: much %d %d", values[i], get(fd, SOL_SOCKET, SO_SNDBUF) > 200000, get(fd, SOL_SOCKET, SO_RCVBUF) > 200000);
	}
}

static void lengths(int fd)
{
	struct linger l = { 7, 9 };
	long long wide[4] = { 1, 2, 3, 4 };
	int v = 1;
	socklen_t len;

	say("-- lengths");
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, 3));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, 0));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, (socklen_t)-1));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, wide, sizeof(wide)));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, wide, 100000));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad, 4));
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 7));
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 3));
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 8));
	l = (struct linger){ -1, -1 };
	len = sizeof(l);
	SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	say("linger %d %d, len %u", l.l_onoff, l.l_linger, len);
	for (unsigned n = 0; n <= 6; n++) {
		memset(wide, 0xff, sizeof(wide));
		len = n;
		int r = getsockopt(fd, SOL_SOCKET, SO_TYPE, wide, &len);
		say("getsockopt with room for %u: %d, len %u, %08x %08x", n, r, len, ((unsigned *)wide)[0], ((unsigned *)wide)[1]);
	}
	len = (socklen_t)-1;
	SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, wide, &len));
	len = sizeof(wide);
	SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, wide, &len));
	say("len %u", len);
	SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, bad, &len));
	SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, wide, bad));
	SAY(getsockopt(fd, SOL_SOCKET, 7777, wide, &len));
	SAY(getsockopt(999, SOL_SOCKET, SO_TYPE, wide, &len));
	SAY(getsockopt(1000, SOL_SOCKET, 7777, bad, bad));
	SAY(getsockopt(0, SOL_SOCKET, SO_TYPE, wide, &len));
	SAY(setsockopt(0, SOL_SOCKET, SO_TYPE, wide, 4));
	SAY(setsockopt(fd, 4242, 1, &v, sizeof(v)));
	SAY(getsockopt(fd, 4242, 1, &v, &len));
}

static void timeouts(int fd)
{
	struct { int old, new; } names[] = { { 20, 66 }, { 21, 67 } };   /* SO_RCVTIMEO and SO_SNDTIMEO in both layouts */
	int old[4];
	long long wide[4];
	socklen_t len;

	say("-- time-outs");
	for (int i = 0; i < 2; i++) {
		SAY(setsockopt(fd, SOL_SOCKET, names[i].old, (int[]){ 3, 500000 }, 8));
		len = sizeof(wide);
		SAY(getsockopt(fd, SOL_SOCKET, names[i].new, wide, &len));
		say("wide %lld %lld len %u", wide[0], wide[1], len);
		SAY(setsockopt(fd, SOL_SOCKET, names[i].new, (long long[]){ 7, 0 }, 16));
		len = sizeof(old);
		SAY(getsockopt(fd, SOL_SOCKET, names[i].old, old, &len));
		say("old %d %d len %u", old[0], old[1], len);
		SAY(setsockopt(fd, SOL_SOCKET, names[i].old, old, 7));
		SAY(setsockopt(fd, SOL_SOCKET, names[i].new, wide, 8));
		SAY(setsockopt(fd, SOL_SOCKET, names[i].old, (int[]){ 1, 1000000 }, 8));
		SAY(setsockopt(fd, SOL_SOCKET, names[i].old, (int[]){ 1, -1 }, 8));
		SAY(setsockopt(fd, SOL_SOCKET, names[i].old, (int[]){ 0, 0 }, 8));
	}
}

static void of_tcp(void)
{
	static const struct { const char *name; int opt, values[6]; } options[] = {
		{ "KEEPIDLE", TCP_KEEPIDLE, { 0, 1, 32767, 32768, -1, 100 } }, { "KEEPINTVL", TCP_KEEPINTVL, { 0, 1, 32767, 32768, -1, 10 } },
		{ "KEEPCNT", TCP_KEEPCNT, { 0, 1, 127, 128, -1, 3 } }, { "NODELAY", TCP_NODELAY, { 1, 0, 7, -1, 0, 1 } },
		{ "CORK", TCP_CORK, { 1, 0, 7, -1, 1, 0 } }, { "MAXSEG", TCP_MAXSEG, { 0, 87, 88, 32768, -1, 1000 } },
		{ "USER_TIMEOUT", TCP_USER_TIMEOUT, { 0, 1, 100000, -1, 500, 0 } },
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct tcp_info info;
	socklen_t len = sizeof(info);
	char text[32];

	say("-- options of TCP");
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		say("%s: at first %d", options[i].name, get(fd, IPPROTO_TCP, options[i].opt));
		for (int j = 0; j < 6; j++) {
			int r = set(fd, IPPROTO_TCP, options[i].opt, options[i].values[j]) ? errno : 0;
			say("%s %d: %s, %d", options[i].name, options[i].values[j], strerror(r), get(fd, IPPROTO_TCP, options[i].opt));
		}
	}
	SAY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	say("state %d, len %d", info.tcpi_state, len >= 92);
	unsigned char whole[232];
	memset(whole, 0xee, len = sizeof(whole));
	SAY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, whole, &len));
	say("len %u, sent again %d", len, *(int *)(whole + 100));
	len = 1;
	SAY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	say("len %u", len);
	len = sizeof(text);
	SAY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, &len));
	say("len %u", len);
	SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonesuch", 8));
	SAY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, text, 2));
	SAY(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, bad, 4));
	SAY(setsockopt(fd, IPPROTO_TCP, 999, text, 4));
	SAY(getsockopt(fd, IPPROTO_TCP, 999, text, &len));
	SAY(set(fd, IPPROTO_TCP, TCP_QUICKACK, 1));
	/* a socket that listens keeps options, and hands them on */
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), c;
	if (bind(l, (void *)&a, sizeof(a)) || listen(l, 1) || getsockname(l, (void *)&a, &len))
		say("no listener");
	SAY(set(l, IPPROTO_TCP, TCP_NODELAY, 1));
	SAY(set(l, IPPROTO_TCP, TCP_KEEPCNT, 5));
	SAY(set(l, SOL_SOCKET, SO_KEEPALIVE, 1));
	SAY(set(l, IPPROTO_IP, IP_TTL, 33));
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY_OK(c = accept(l, NULL, NULL));
	say("accepted: nodelay %d, keepcnt %d, keepalive %d, ttl %d", get(c, IPPROTO_TCP, TCP_NODELAY), get(c, IPPROTO_TCP, TCP_KEEPCNT),
	    get(c, SOL_SOCKET, SO_KEEPALIVE), get(c, IPPROTO_IP, IP_TTL));
	len = sizeof(info);
	getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &len);
	say("state %d, mss %d", info.tcpi_state, info.tcpi_snd_mss > 500);
	len = sizeof(info);
	getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &len);
	say("state %d", info.tcpi_state);
	close(c), close(l), close(fd);
}

static void of_ip(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char byte = 77;

	say("-- options of IP");
	say("ttl %d tos %d", get(fd, IPPROTO_IP, IP_TTL), get(fd, IPPROTO_IP, IP_TOS));
	static const int ttls[] = { 1, 255, 0, 256, -2, 100, -1 };
	for (unsigned i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++)
		say("ttl %d: %s, %d", ttls[i], set(fd, IPPROTO_IP, IP_TTL, ttls[i]) ? strerror(errno) : "ok", get(fd, IPPROTO_IP, IP_TTL));
	SAY(setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 1));
	SAY(setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 0));
	for (unsigned n = 0; n < 6; n++) {
		int v[2] = { -1, -1 };
		socklen_t len = n;
		int r = getsockopt(fd, IPPROTO_IP, IP_TTL, v, &len);
		say("room for %u: %d, len %u, %08x %08x", n, r, len, v[0], v[1]);
	}
	SAY(set(fd, IPPROTO_IP, IP_TOS, 0x10));
	say("tos %d", get(fd, IPPROTO_IP, IP_TOS));
	SAY(set(fd, IPPROTO_IP, 9999, 1));
	close(fd);
}

static void addresses(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage big = { .ss_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len;

	say("-- addresses");
	SAY(bind(fd, bad, sizeof(a)));
	SAY(bind(fd, (void *)&a, 0));
	SAY(bind(fd, (void *)&a, (socklen_t)-1));
	SAY(bind(fd, (void *)&big, 129));
	SAY(connect(fd, bad, sizeof(a)));
	SAY(connect(fd, (void *)&a, 1));
	SAY(connect(fd, (void *)&a, 15));
	a.sin_family = 77;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY(connect(u, (void *)&a, sizeof(a)));
	a.sin_family = AF_UNSPEC;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	a.sin_addr.s_addr = 0;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	a.sin_family = AF_INET;
	SAY(bind(u, (void *)&big, sizeof(big)));
	len = 4;
	memset(&a, 0xff, sizeof(a));
	SAY(getsockname(fd, (void *)&a, &len));
	say("len %u, family %d, rest %#x", len, a.sin_family, a.sin_addr.s_addr);
	len = 0;
	SAY(getsockname(fd, (void *)&a, &len));
	say("len %u", len);
	len = (socklen_t)-1;
	SAY(getsockname(fd, (void *)&a, &len));
	len = sizeof(a);
	SAY(getsockname(fd, bad, &len));
	SAY(getsockname(fd, (void *)&a, bad));
	SAY(getpeername(fd, bad, bad));
	SAY(getsockname(0, (void *)&a, &len));
	SAY(sendto(u, "x", 1, 0, bad, sizeof(a)));
	SAY(sendto(u, "x", 1, 0, (void *)&a, 15));
	SAY(sendto(u, bad, 1, 0, (void *)&big, sizeof(big)));
	SAY(recvfrom(u, &a, sizeof(a), MSG_DONTWAIT, bad, bad));
	struct iovec v = { bad, 5 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	SAY(syscall(SYS_sendmsg, u, bad, 0));
	SAY(syscall(SYS_recvmsg, u, bad, MSG_DONTWAIT));
	m.msg_iovlen = 2000;
	SAY(sendmsg(u, &m, 0));
	m.msg_iov = bad, m.msg_iovlen = 1;
	SAY(sendmsg(u, &m, 0));
	int s[2];
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, bad));
	SAY(socketpair(AF_INET, SOCK_STREAM, 0, s));
	SAY(socketpair(AF_UNIX, 9, 0, s));
	SAY(socket(AF_INET, SOCK_STREAM | 0x100, 0));
	SAY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
	SAY(socket(-1, SOCK_STREAM, 0));
	SAY(ioctl(u, 0x8933, bad));
	SAY(ioctl(u, 0x1234, 0));
	close(fd), close(u);
}

int main(void)
{
	alarm(40);
	close(0);
	open("/dev/null", O_RDONLY);
	int fd;
	numbers("TCP", fd = socket(AF_INET, SOCK_STREAM, 0));
	sizes(fd);
	lengths(fd);
	timeouts(fd);
	close(fd);
	numbers("UDP", fd = socket(AF_INET, SOCK_DGRAM, 0));
	close(fd);
	numbers("a local stream", fd = socket(AF_UNIX, SOCK_STREAM, 0));
	sizes(fd);
	timeouts(fd);
	close(fd);
	of_tcp();
	of_ip();
	addresses();
	return 0;
}
