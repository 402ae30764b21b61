/* Signal-driven I/O: O_ASYNC, F_SETOWN, F_SETOWN_EX, F_SETSIG; what goes wrong with them, who is told what. */
#include "cases.h"
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { SET_SIG = 10, GET_SIG = 11, SET_OWN_EX = 15, GET_OWN_EX = 16, OWNER_TID = 0, OWNER_PID = 1, OWNER_PGRP = 2 };
struct owner { int type; pid_t pid; };

static int p[2];
static char text_of_size[16];
static sigset_t set;
static siginfo_t info;

/* The signals are blocked and taken by hand. */
static void hold(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, 40);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void next(const char *what)
{
	struct timespec soon = { 0, 0 };
	int n = sigtimedwait(&set, &info, &soon);

	if (n < 0)
		say("%s: no signal", what);
	else if (n == SIGIO && info.si_code > 0)
		say("%s: signal %d, code %#x", what, n, info.si_code == 128 ? 128 : info.si_code);
	else
		say("%s: signal %d, code %d, band %#lx, its fd %d", what, n, info.si_code, info.si_band, info.si_fd == p[0] ? 0 : info.si_fd == p[1] ? 1 : -1);
}

static void async(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK); }

CASE(sigio_pipe, "a pipe: SIGIO when something comes, when room comes, when an end is closed")
{
	char c[10];

	hold();
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	async(p[0]);
	next("nothing yet");
	write(p[1], "x", 1);
	next("written");
	next("once");
	write(p[1], "x", 1);
	write(p[1], "x", 1);
	next("twice written");
	next("once");
	read(p[0], c, 10);
	next("read");
	close(p[1]);
	next("closed");
}

CASE(sigio_without_owner, "no owner: nobody is told")
{
	hold();
	pipe(p);
	async(p[0]);
	SAY(fcntl(p[0], F_GETOWN));
	write(p[1], "x", 1);
	next("written");
	fcntl(p[0], F_SETOWN, getpid());
	SAY(fcntl(p[0], F_GETOWN) == getpid());
	write(p[1], "x", 1);
	next("with an owner");
	fcntl(p[0], F_SETOWN, 0);
	write(p[1], "x", 1);
	next("without again");
}

CASE(sigio_signal_of_choice, "F_SETSIG: the signal brings the descriptor and what is ready")
{
	hold();
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	SAY(fcntl(p[0], SET_SIG, 40));
	SAY(fcntl(p[0], GET_SIG));
	async(p[0]);
	write(p[1], "x", 1);
	next("written");
	write(p[1], "x", 1);
	write(p[1], "x", 1);
	next("queued");
	next("queued");
	next("no more");
	SAY(fcntl(p[0], SET_SIG, 0));
	write(p[1], "x", 1);
	next("plain again");
	SAY(fcntl(p[0], SET_SIG, 65));
	SAY(fcntl(p[0], SET_SIG, -1));
	SAY(fcntl(p[0], SET_SIG, 64));
	SAY(fcntl(99, SET_SIG, 40));
}

CASE(sigio_owner_ex, "F_SETOWN_EX and F_GETOWN_EX: kinds of owners")
{
	struct owner o = { OWNER_PID, getpid() };

	hold();
	pipe(p);
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	SAY(fcntl(p[0], F_GETOWN) == getpid());
	o.type = OWNER_TID;
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	o.type = -1;
	SAY(fcntl(p[0], GET_OWN_EX, &o));
	say("type %d, own %d", o.type, o.pid == getpid());
	o = (struct owner){ OWNER_PGRP, getpgrp() };
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	SAY(syscall(SYS_fcntl64, p[0], F_GETOWN) < 0 ? 1 : 0);
	fcntl(p[0], GET_OWN_EX, &o);
	say("type %d, own %d", o.type, o.pid == getpgrp());
	async(p[0]);
	write(p[1], "x", 1);
	next("group");
	o.type = 3;
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	o = (struct owner){ OWNER_PID, 999999 };
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	o.pid = 0;
	SAY(fcntl(p[0], SET_OWN_EX, &o));
	SAY(fcntl(p[0], SET_OWN_EX, (void *)16));
	SAY(fcntl(p[0], GET_OWN_EX, (void *)16));
	SAY(fcntl(p[0], F_SETOWN, 999999));
	SAY(fcntl(p[0], F_SETOWN, -999999));
	SAY(fcntl(p[0], F_SETOWN, 0x80000000));
	SAY(fcntl(p[0], F_GETOWN));
}

CASE(sigio_off, "without O_ASYNC nothing comes, with it again something comes")
{
	int on = 1;

	hold();
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	SAY(ioctl(p[0], FIOASYNC, &on));
	SAY(!!(fcntl(p[0], F_GETFL) & O_ASYNC));
	write(p[1], "x", 1);
	next("on");
	on = 0;
	SAY(ioctl(p[0], FIOASYNC, &on));
	write(p[1], "x", 1);
	next("off");
	SAY(!!(fcntl(p[0], F_GETFL) & O_ASYNC));
	SAY(ioctl(p[0], FIOASYNC, (void *)16));
}

CASE(sigio_of_files, "files take O_ASYNC in F_SETFL and nothing happens; FIOASYNC is refused")
{
	int on = 1, f = open("f", O_RDWR | O_CREAT, 0600);

	hold();
	SAY(fcntl(f, F_SETOWN, getpid()));
	SAY(fcntl(f, F_SETFL, O_ASYNC));
	SAY(!!(fcntl(f, F_GETFL) & O_ASYNC));
	SAY(ioctl(f, FIOASYNC, &on));
	write(f, "x", 1);
	next("written");
}

CASE(sigio_writer, "the writing end hears when the full pipe gets room, and when its reader goes")
{
	static char block[4096];

	hold();
	pipe(p);
	fcntl(p[1], F_SETOWN, getpid());
	fcntl(p[1], SET_SIG, 40);
	async(p[1]);
	while (write(p[1], block, 4096) > 0)
		;
	next("full");
	read(p[0], block, 4096);
	next("room");
	next("once");
	read(p[0], block, 1);
	next("part of a page");
	close(p[0]);
	next("reader gone");
}

CASE(sigio_socket, "a local stream: data, end, room")
{
	char c[10];

	hold();
	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	fcntl(p[0], F_SETOWN, getpid());
	fcntl(p[0], SET_SIG, 40);
	async(p[0]);
	write(p[1], "x", 1);
	next("data");
	next("once");
	read(p[0], c, 10);
	next("read");
	close(p[1]);
	next("closed");
}

CASE(sigio_dup_and_close, "the registration goes with the open file, not with the descriptor")
{
	hold();
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	async(p[0]);
	int d = dup(p[0]);
	close(p[0]);
	write(p[1], "x", 1);
	next("copy open");
	close(d);
	SAY(signal(SIGPIPE, SIG_IGN) == SIG_DFL);
	write(p[1], "x", 1);
	next("closed");
}

CASE(sigio_child_is_told, "the owner may be another process")
{
	int ready[2], status;
	char c;

	pipe(p);
	pipe(ready);
	pid_t pid = fork();
	if (!pid) {
		hold();
		write(ready[1], "x", 1);
		SAY(sigwaitinfo(&set, &info));
		say("code %#x", info.si_code);
		_exit(0);
	}
	read(ready[0], &c, 1);
	fcntl(p[0], F_SETOWN, pid);
	fcntl(p[0], SET_SIG, 40);
	async(p[0]);
	write(p[1], "x", 1);
	waitpid(pid, &status, 0);
	say_status("child", status);
}

CASE(sigio_default_ends, "SIGIO's default action ends the program")
{
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	async(p[0]);
	write(p[1], "x", 1);
	say("not reached");
}

/* ---- what is for terminals, elsewhere ---- */

CASE(tty_ioctls_elsewhere, "requests for terminals on what is none")
{
	static const unsigned long requests[] = { TCGETS, TCSETS, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY, TIOCNOTTY, TIOCGSID, TIOCSTI, TCFLSH };
	char buffer[100] = "";
	int s[2];

	pipe(p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	int fds[] = { open("f", O_RDWR | O_CREAT, 0600), p[0], s[0], open("/dev/null", O_RDWR), open(".", O_RDONLY), 99 };
	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		for (unsigned r = 0; r < sizeof(requests) / sizeof(requests[0]); r++)
			say("%u %#lx: %s", i, requests[r], ioctl(fds[i], requests[r], buffer) ? strerror(errno) : "ok");
	SAY(open("/dev/tty", O_RDWR));
	SAY(ioctl(open("f", O_PATH), TCGETS, buffer));
}

CASE(generic_ioctls, "requests that every file knows")
{
	int n = 0, f = open("f", O_RDWR | O_CREAT, 0600), d = open(".", O_RDONLY);

	write(f, "hello", 5);
	lseek(f, 2, SEEK_SET);
	SAY(ioctl(f, FIONREAD, &n));
	say("%d", n);
	lseek(f, 9, SEEK_SET);
	SAY(ioctl(f, FIONREAD, &n));
	say("%d", n);
	n = 1;
	SAY(ioctl(f, FIONBIO, &n));
	SAY(!!(fcntl(f, F_GETFL) & O_NONBLOCK));
	SAY(ioctl(f, FIONBIO, (void *)16));
	SAY(ioctl(d, FIONREAD, &n));
	SAY(ioctl(f, 0, 0));
	SAY(ioctl(f, 0xffffffff, 0));
	SAY(ioctl(f, FIOQSIZE, text_of_size));
	SAY(ioctl(99, FIOCLEX));
}

CASE(sigio_errors, "what went wrong with a connection is told as POLL_ERR")
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger off = { 1, 0 };
	socklen_t len = sizeof(a);
	struct timespec patience = { 30, 0 };

	hold();
	p[1] = socket(AF_INET, SOCK_DGRAM, 0);
	bind(p[1], (void *)&a, sizeof(a));
	getsockname(p[1], (void *)&a, &len);
	p[0] = socket(AF_INET, SOCK_DGRAM, 0);
	SAY(connect(p[0], (void *)&a, sizeof(a)));
	close(p[1]);
	fcntl(p[0], F_SETOWN, getpid());
	fcntl(p[0], SET_SIG, 40);
	async(p[0]);
	SAY(send(p[0], "x", 1, 0));
	SAY(sigtimedwait(&set, &info, &patience));
	say("code %d, band %#lx", info.si_code, info.si_band);
	a.sin_port = 0;
	int l = socket(AF_INET, SOCK_STREAM, 0);
	SAY(bind(l, (void *)&a, sizeof(a)));
	SAY(listen(l, 1));
	getsockname(l, (void *)&a, &len);
	p[0] = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(p[0], (void *)&a, sizeof(a)));
	p[1] = accept(l, NULL, NULL);
	fcntl(p[0], F_SETOWN, getpid());
	fcntl(p[0], SET_SIG, 40);
	async(p[0]);
	setsockopt(p[1], SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	close(p[1]);
	SAY(sigtimedwait(&set, &info, &patience));
	say("code %d, band %#lx", info.si_code, info.si_band);
}
