/* What a signal does to a call that waits: EINTR, a restart, a part; and what a stop with a continuation does. */
#include "cases.h"
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

enum { FUTEX_WAIT, FUTEX_WAIT_BITSET = 9 };
typedef unsigned long aio_context_t;
struct io_event { uint64_t data, obj; int64_t res, res2; };

static int p[2], q[2], extra;
static char block[300000];
static volatile int ticks;
static void (*volatile release)(void);

static void on_tick(int sig)
{
	(void)sig;
	if (++ticks == 3 && release)
		release();
}

/* A process that signals this one every few milliseconds. */
static pid_t start_ticker(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		for (;;) {
			sleep_ms(5);
			if (getppid() != parent || kill(parent, SIGUSR1))
				_exit(0);
		}
	}
	return pid;
}

/* One call with signals coming: the handler releases the call at the third one if it is given a way. */
static void with_signals(const char *what, int flags, void (*setup)(void), long (*call)(void), void (*let_go)(void))
{
	struct sigaction a = { .sa_handler = on_tick, .sa_flags = flags };

	setup();
	ticks = 0;
	release = let_go;
	sigaction(SIGUSR1, &a, NULL);
	pid_t ticker = start_ticker();
	errno = 0;
	long n = call();
	int err = errno;
	kill(ticker, SIGKILL);
	waitpid(ticker, NULL, 0);
	if (n < 0)
		say("%s: %s", what, strerror(err));
	else
		say("%s: %ld", what, n);
}

/* Both: without SA_RESTART; and with it, let go at the third signal. */
static void both(void (*setup)(void), long (*call)(void), void (*let_go)(void))
{
	with_signals("no SA_RESTART", 0, setup, call, NULL);
	with_signals("SA_RESTART", SA_RESTART, setup, call, let_go);
}

static void nothing(void) { }

/* ---- pipes ---- */

static void empty_pipe(void) { pipe(p); }
static long read_pipe(void) { return read(p[0], block, 10); }
static void write_one(void) { write(p[1], "x", 1); }

static void full_pipe(void)
{
	pipe(p);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], block, 4096) > 0)
		;
	fcntl(p[1], F_SETFL, 0);
}

static long write_pipe(void) { return write(p[1], block, 100); }
static void read_page(void) { read(p[0], block + 200000, 4096); }
static void close_reader(void) { close(p[0]); }

CASE(intr_read, "read of an empty pipe") { both(empty_pipe, read_pipe, write_one); }
CASE(intr_write, "write to a full pipe") { both(full_pipe, write_pipe, read_page); }

static long readv_pipe(void)
{
	struct iovec v[2] = { { block, 5 }, { block + 5, 5 } };

	return readv(p[0], v, 2);
}

CASE(intr_readv, "readv of an empty pipe") { both(empty_pipe, readv_pipe, write_one); }

static long write_big(void) { return write(p[1], block, 70000); }
CASE(intr_write_part, "a large write gives the part that went in, SA_RESTART or not")
{
	with_signals("no SA_RESTART", 0, empty_pipe, write_big, NULL);
	with_signals("SA_RESTART", SA_RESTART, empty_pipe, write_big, NULL);
}

CASE(intr_write_then_broken, "restarted, then the reader is gone")
{
	signal(SIGPIPE, SIG_IGN);
	with_signals("SA_RESTART", SA_RESTART, full_pipe, write_pipe, close_reader);
}

/* ---- FIFOs ---- */

static void fifo(void)
{
	unlink("f");
	mkfifo("f", 0600);
}

static long open_fifo(void) { return open("f", O_RDONLY) < 0 ? -1 : 1; }
static void open_writer(void) { open("f", O_RDWR); }
CASE(intr_open_fifo, "open of a FIFO without a writer") { both(fifo, open_fifo, open_writer); }

/* ---- local sockets ---- */

static void stream_pair(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, p); }
static void packet_pair(void) { socketpair(AF_UNIX, SOCK_DGRAM, 0, p); }
static long recv_socket(void) { return recv(p[0], block, 10, 0); }
static long recvmsg_socket(void)
{
	struct iovec v = { block, 10 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return recvmsg(p[0], &m, 0);
}

static void full_stream(void)
{
	stream_pair();
	while (send(p[1], block, 4096, MSG_DONTWAIT) > 0)
		;
}

static void full_packets(void)
{
	packet_pair();
	while (send(p[1], block, 100, MSG_DONTWAIT) > 0)
		;
}

static long send_socket(void) { return send(p[1], block, 100, 0); }
static void drain_socket(void)
{
	while (recv(p[0], block + 200000, 100000, MSG_DONTWAIT) > 0)
		;
}

CASE(intr_recv_stream, "recv of a local stream") { both(stream_pair, recv_socket, write_one); }
CASE(intr_recv_packet, "recvmsg of a local datagram socket") { both(packet_pair, recvmsg_socket, write_one); }
CASE(intr_send_stream, "send to a full local stream") { both(full_stream, send_socket, drain_socket); }
CASE(intr_send_packet, "send to a full local datagram socket") { both(full_packets, send_socket, drain_socket); }

static void three_bytes(void)
{
	stream_pair();
	write(p[1], "abc", 3);
}

static long recv_all(void) { return recv(p[0], block, 10, MSG_WAITALL); }
CASE(intr_recv_waitall, "MSG_WAITALL gives the part that came")
{
	with_signals("no SA_RESTART", 0, three_bytes, recv_all, NULL);
	with_signals("SA_RESTART", SA_RESTART, three_bytes, recv_all, NULL);
}

static void with_timeout(int fd, int which)
{
	struct timeval t = { 100, 0 };

	setsockopt(fd, SOL_SOCKET, which, &t, sizeof(t));
}

static void timed_receiver(void)
{
	stream_pair();
	with_timeout(p[0], SO_RCVTIMEO);
}

static void timed_sender(void)
{
	full_stream();
	with_timeout(p[1], SO_SNDTIMEO);
}

CASE(intr_recv_timeout, "with SO_RCVTIMEO the call is not restarted")
{
	with_signals("no SA_RESTART", 0, timed_receiver, recv_socket, NULL);
	with_signals("SA_RESTART", SA_RESTART, timed_receiver, recv_socket, NULL);
}

CASE(intr_send_timeout, "with SO_SNDTIMEO the call is not restarted")
{
	with_signals("SA_RESTART", SA_RESTART, timed_sender, send_socket, NULL);
}

static int listener;
static struct sockaddr_un name;

static void listening(void)
{
	static int count;

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	memset(&name, 0, sizeof(name));
	name.sun_family = AF_UNIX;
	sprintf(name.sun_path, "s%d", count++);
	bind(listener, (void *)&name, sizeof(name));
	listen(listener, 1);
}

static long accept_one(void) { return accept(listener, NULL, NULL) < 0 ? -1 : 1; }
static void connect_one(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect(s, (void *)&name, sizeof(name));
}

static void full_backlog(void)
{
	listening();
	for (int i = 0; i < 20; i++)
		connect_one();
	extra = socket(AF_UNIX, SOCK_STREAM, 0);
}

static long connect_extra(void) { return connect(extra, (void *)&name, sizeof(name)); }
static void accept_all(void)
{
	fcntl(listener, F_SETFL, O_NONBLOCK);
	while (accept(listener, NULL, NULL) >= 0)
		;
}

CASE(intr_accept, "accept of a local listener") { both(listening, accept_one, connect_one); }
CASE(intr_connect, "connect to a local listener whose queue is full") { both(full_backlog, connect_extra, accept_all); }

static void timed_listener(void)
{
	listening();
	with_timeout(listener, SO_RCVTIMEO);
}

CASE(intr_accept_timeout, "accept with SO_RCVTIMEO is not restarted")
{
	with_signals("SA_RESTART", SA_RESTART, timed_listener, accept_one, NULL);
}

/* ---- TCP and UDP ---- */

static struct sockaddr_in where;

static void tcp_listening(void)
{
	socklen_t n = sizeof(where);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bind(listener, (void *)&where, sizeof(where));
	listen(listener, 5);
	getsockname(listener, (void *)&where, &n);
}

static void tcp_connect_one(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect(s, (void *)&where, sizeof(where));
}

static void tcp_pair(void)
{
	tcp_listening();
	p[1] = socket(AF_INET, SOCK_STREAM, 0);
	connect(p[1], (void *)&where, sizeof(where));
	p[0] = accept(listener, NULL, NULL);
}

static void udp_pair(void)
{
	socklen_t n = sizeof(where);

	p[0] = socket(AF_INET, SOCK_DGRAM, 0);
	where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bind(p[0], (void *)&where, sizeof(where));
	getsockname(p[0], (void *)&where, &n);
	p[1] = socket(AF_INET, SOCK_DGRAM, 0);
	connect(p[1], (void *)&where, sizeof(where));
}

CASE(intr_tcp_accept, "accept of a TCP listener") { both(tcp_listening, accept_one, tcp_connect_one); }
CASE(intr_tcp_recv, "recv of a TCP connection") { both(tcp_pair, recv_socket, write_one); }
CASE(intr_udp_recv, "recv of a UDP socket") { both(udp_pair, recv_socket, write_one); }

static long send_much(void)
{
	long total = 0, n;

	do {
		n = send(p[1], block, sizeof(block), 0);
		total += n > 0 ? n : 0;
	} while (n == (long)sizeof(block));
	return total > 0 ? 1 : n;
}

CASE(intr_tcp_send, "send to a TCP connection that nobody reads: a part, or EINTR")
{
	with_signals("some sent", 0, tcp_pair, send_much, NULL);
}

/* ---- readiness ---- */

static long poll_for_ever(void)
{
	struct pollfd f = { p[0], POLLIN, 0 };

	return poll(&f, 1, -1);
}

static long poll_with_time(void)
{
	struct pollfd f = { p[0], POLLIN, 0 };

	return poll(&f, 1, 100000);
}

static long ppoll_for_ever(void)
{
	struct pollfd f = { p[0], POLLIN, 0 };
	sigset_t none;

	sigemptyset(&none);
	return ppoll(&f, 1, NULL, &none);
}

static long select_for_ever(void)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(p[0], &in);
	return select(p[0] + 1, &in, NULL, NULL, NULL);
}

static long pselect_for_ever(void)
{
	fd_set in;
	sigset_t none;

	sigemptyset(&none);
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	return pselect(p[0] + 1, &in, NULL, NULL, NULL, &none);
}

static void watched_pipe(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	pipe(p);
	extra = epoll_create1(0);
	epoll_ctl(extra, EPOLL_CTL_ADD, p[0], &e);
}

static long epoll_for_ever(void)
{
	struct epoll_event e;

	return epoll_wait(extra, &e, 1, -1);
}

static long epoll_pwait_for_ever(void)
{
	struct epoll_event e;
	sigset_t none;

	sigemptyset(&none);
	return epoll_pwait(extra, &e, 1, -1, &none);
}

CASE(intr_poll, "poll is never restarted after a handler") { both(empty_pipe, poll_for_ever, NULL); }
CASE(intr_poll_time, "poll with a time-out") { both(empty_pipe, poll_with_time, NULL); }
CASE(intr_ppoll, "ppoll") { both(empty_pipe, ppoll_for_ever, NULL); }
CASE(intr_select, "select") { both(empty_pipe, select_for_ever, NULL); }
CASE(intr_pselect, "pselect") { both(empty_pipe, pselect_for_ever, NULL); }
CASE(intr_epoll, "epoll_wait") { both(watched_pipe, epoll_for_ever, NULL); }
CASE(intr_epoll_pwait, "epoll_pwait") { both(watched_pipe, epoll_pwait_for_ever, NULL); }

/* ---- time, futex, locks, children, signals, AIO ---- */

static long sleep_long(void)
{
	struct timespec t = { 100, 0 }, left = { -1, -1 };
	int r = nanosleep(&t, &left), err = errno;

	say("left: %d", left.tv_sec >= 75 && left.tv_sec < 100);
	errno = err;
	return r;
}

static long sleep_until(void)
{
	struct timespec t, left = { -1, -1 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += 100;
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left);
	say("untouched: %d", left.tv_sec == -1);
	return errno ? -1 : 0;
}

CASE(intr_nanosleep, "nanosleep tells what is left") { both(nothing, sleep_long, NULL); }
CASE(intr_clock_nanosleep, "an absolute sleep tells nothing") { both(nothing, sleep_until, NULL); }

static int word;
static void set_word(void) { word = 5; }
static long futex_wait(void) { return syscall(SYS_futex, &word, FUTEX_WAIT, 5, NULL, NULL, 0); }
static long futex_wait_time(void)
{
	struct { long sec, nsec; } t = { 100, 0 };

	return syscall(SYS_futex, &word, FUTEX_WAIT, 5, &t, NULL, 0);
}

static long futex_wait_bitset(void)
{
	struct { long sec, nsec; } t = { 0x7fffffff, 0 };

	return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, &t, NULL, 1);
}

static void change_word(void) { word = 6; }

CASE(intr_futex, "futex without a time is restarted: the changed word is seen") { both(set_word, futex_wait, change_word); }
CASE(intr_futex_time, "futex with a time is not restarted") { both(set_word, futex_wait_time, NULL); }
CASE(intr_futex_bitset, "FUTEX_WAIT_BITSET with an absolute time") { both(set_word, futex_wait_bitset, NULL); }

static pid_t holder;

static void kill_holder(void) { kill(holder, SIGKILL); }

/* A child that holds a lock of the file `extra`. */
static void start_holder(int posix)
{
	char c;

	if (holder)
		kill_holder();
	extra = open("l", O_RDWR | O_CREAT, 0600);
	pipe(q);
	holder = fork();
	if (!holder) {
		struct flock l = { .l_type = F_WRLCK };
		int fd = open("l", O_RDWR);
		if (posix)
			fcntl(fd, F_SETLKW, &l);
		else
			flock(fd, LOCK_EX);
		write(q[1], "x", 1);
		for (;;)
			pause();
	}
	read(q[0], &c, 1);
}

static void posix_held(void) { start_holder(1); }
static void flock_held(void) { start_holder(0); }
static long get_flock(void) { return flock(extra, LOCK_EX); }
static long get_posix(void)
{
	struct flock l = { .l_type = F_WRLCK };

	return fcntl(extra, F_SETLKW, &l);
}

static long get_ofd(void)
{
	struct flock l = { .l_type = F_WRLCK };

	return fcntl(extra, 38, &l);
}

CASE(intr_flock, "flock that another holds") { both(flock_held, get_flock, kill_holder); }
CASE(intr_setlkw, "F_SETLKW that another holds") { both(posix_held, get_posix, kill_holder); }
CASE(intr_ofd_setlkw, "F_OFD_SETLKW that another holds") { both(posix_held, get_ofd, kill_holder); }

static void living_child(void)
{
	holder = fork();
	if (!holder) {
		for (;;)
			pause();
	}
}

static long wait_child(void) { return waitpid(holder, NULL, 0) < 0 ? -1 : 1; }
static long waitid_child(void) { return waitid(P_PID, (id_t)holder, NULL, WEXITED); }

CASE(intr_wait, "waitpid") { both(living_child, wait_child, kill_holder); }
CASE(intr_waitid, "waitid") { both(living_child, waitid_child, kill_holder); }

static long suspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigsuspend(&none);
}

static long do_pause(void) { return pause(); }
CASE(intr_sigsuspend, "sigsuspend") { both(nothing, suspend, NULL); }
CASE(intr_pause, "pause") { both(nothing, do_pause, NULL); }

static aio_context_t ctx;
static void make_ctx(void)
{
	ctx = 0;
	syscall(SYS_io_setup, 4, &ctx);
}

static long get_events(void)
{
	struct io_event e;

	return syscall(SYS_io_getevents, ctx, 1, 1, &e, NULL);
}

CASE(intr_io_getevents, "io_getevents") { both(make_ctx, get_events, NULL); }

static void make_eventfd(void) { p[1] = p[0] = eventfd(0, 0); }
static void add_one(void)
{
	uint64_t one = 1;

	write(p[1], &one, 8);
}

static void full_eventfd(void)
{
	uint64_t most = 0xfffffffffffffffe;

	make_eventfd();
	write(p[1], &most, 8);
}

static long write_eventfd(void)
{
	uint64_t one = 1;

	return write(p[1], &one, 8);
}

static void read_eventfd(void) { read(p[0], block, 8); }
CASE(intr_eventfd, "read of an eventfd at 0") { both(make_eventfd, read_pipe, add_one); }
CASE(intr_eventfd_write, "write to an eventfd that is full") { both(full_eventfd, write_eventfd, read_eventfd); }

static void make_timerfd(void) { p[0] = timerfd_create(CLOCK_MONOTONIC, 0); }
static void arm_timerfd(void)
{
	struct itimerspec t = { { 0, 0 }, { 0, 1 } };

	timerfd_settime(p[0], 0, &t, NULL);
}

CASE(intr_timerfd, "read of a timer that is not set") { both(make_timerfd, read_pipe, arm_timerfd); }

static void make_signalfd(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigprocmask(SIG_BLOCK, &s, NULL);
	p[0] = signalfd(-1, &s, 0);
}

static long read_record(void) { return read(p[0], block, 128); }
static void send_usr2(void) { raise(SIGUSR2); }
CASE(intr_signalfd, "read of a signalfd") { both(make_signalfd, read_record, send_usr2); }

/* ---- zero copy ---- */

static void two_pipes(void)
{
	pipe(p);
	pipe(q);
}

static void full_second(void)
{
	full_pipe();
	q[0] = p[0];
	q[1] = p[1];
	pipe(p);
	write(p[1], "abc", 3);
}

static void read_second(void) { read(q[0], block + 200000, 4096); }
static long splice_pipes(void) { return splice(p[0], NULL, q[1], NULL, 100, 0); }
static long tee_pipes(void) { return tee(p[0], q[1], 100, 0); }
static long vmsplice_pipe(void)
{
	struct iovec v = { block, 100 };

	return vmsplice(p[1], &v, 1, 0);
}

CASE(intr_splice_empty, "splice from an empty pipe") { both(two_pipes, splice_pipes, write_one); }
CASE(intr_splice_full, "splice to a full pipe") { both(full_second, splice_pipes, read_second); }
CASE(intr_tee_empty, "tee from an empty pipe") { both(two_pipes, tee_pipes, write_one); }
CASE(intr_vmsplice_full, "vmsplice to a full pipe") { both(full_pipe, vmsplice_pipe, read_page); }

static void file_and_full_pipe(void)
{
	full_pipe();
	extra = open("g", O_RDWR | O_CREAT, 0600);
	ftruncate(extra, 10000);
	lseek(extra, 0, SEEK_SET);
}

static long sendfile_pipe(void) { return sendfile(p[1], extra, NULL, 100); }
CASE(intr_sendfile, "sendfile to a full pipe") { both(file_and_full_pipe, sendfile_pipe, read_page); }

/* ---- signals without a handler ---- */

CASE(intr_ignored_signals, "a signal that does nothing wakes nobody")
{
	pid_t parent = getpid();

	pipe(p);
	signal(SIGUSR1, SIG_IGN);
	if (!fork()) {
		for (int i = 0; i < 5; i++) {
			kill(parent, i % 2 ? SIGWINCH : SIGUSR1);
			sleep_ms(3);
		}
		write(p[1], "x", 1);
		_exit(0);
	}
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
	SAY(epoll_wait(ep, &e, 1, -1));
}

/* ---- stops ---- */

/* A child in the call is stopped and continued; what the call says, released after it when it goes on waiting. */
static void stopped_in(const char *what, void (*setup)(void), long (*call)(void), void (*let_go)(void))
{
	int ready[2], status;
	char c;

	setup();
	pipe(ready);
	pid_t pid = fork();
	if (!pid) {
		write(ready[1], "x", 1);
		errno = 0;
		long n = call();
		if (n < 0)
			say("%s: %s", what, strerror(errno));
		else
			say("%s: %ld", what, n);
		_exit(0);
	}
	read(ready[0], &c, 1);
	wait_state(pid, "S");
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	if (let_go) {
		wait_state(pid, "S");
		let_go();
	}
	waitpid(pid, &status, 0);
}

static long wait_for_usr2(void)
{
	siginfo_t info;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigprocmask(SIG_BLOCK, &s, NULL);
	return syscall(SYS_rt_sigtimedwait, &s, &info, NULL, 8);
}

CASE(stop_goes_on, "stopped and continued without a handler: most calls go on waiting")
{
	stopped_in("read", empty_pipe, read_pipe, write_one);
	stopped_in("poll", empty_pipe, poll_for_ever, write_one);
	stopped_in("poll with time", empty_pipe, poll_with_time, write_one);
	stopped_in("select", empty_pipe, select_for_ever, write_one);
	stopped_in("recv", stream_pair, recv_socket, write_one);
	stopped_in("accept", listening, accept_one, connect_one);
	stopped_in("eventfd", make_eventfd, read_pipe, add_one);
	stopped_in("TCP recv", tcp_pair, recv_socket, write_one);
}

CASE(stop_interrupts, "these say EINTR after a stop even without a handler")
{
	stopped_in("epoll_wait", watched_pipe, epoll_for_ever, NULL);
	stopped_in("sigtimedwait", nothing, wait_for_usr2, NULL);
	stopped_in("recv with SO_RCVTIMEO", timed_receiver, recv_socket, NULL);
}
