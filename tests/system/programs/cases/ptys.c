/* Pseudo-terminals: the pair's two ends, what passes between them, and what each end sees of the other. */
#include "cases.h"
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>

#define TIOCGPTPEER 0x5441

static char text[8192];

/* A new pair, its slave open without becoming the controlling terminal. */
static int pair(int *slave)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY);

	if (m < 0 || grantpt(m) || unlockpt(m)) {
		say("posix_openpt: %s", strerror(errno));
		_exit(90);
	}
	if (slave) {
		*slave = open(ptsname(m), O_RDWR | O_NOCTTY);
		if (*slave < 0)
			say("slave: %s", strerror(errno));
	}
	return m;
}

static void raw(int fd)
{
	struct termios t;

	tcgetattr(fd, &t);
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
}

/* Poll until something of want is there (a byte goes through a work item), then say all that is. */
static void say_poll(const char *what, int fd, short want)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLPRI, 0 };

	for (int i = 0; want && i < 1500; i++) {
		struct pollfd w = { fd, want, 0 };

		if (poll(&w, 1, 10) && (w.revents & want))
			break;
	}
	poll(&p, 1, 0);
	say("%s: %#x", what, p.revents);
}

/* Read so many bytes, which may come in pieces, or once (0: it is to fail, or to be the end of the file). */
static void say_read(const char *what, int fd, int want)
{
	ssize_t n = 0, got;

	do {
		got = read(fd, text + n, 100);
		n += got > 0 ? got : 0;
	} while (got > 0 && n < want);
	if (got < 0) {
		say("%s: %s", what, strerror(errno));
		return;
	}
	text[n] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] < ' ')
			text[i] = text[i] == '\n' ? '$' : '.';
	say("%s: %zd [%s]", what, n, text);
}

CASE(pty_both_ways, "what is written to the slave is read from the master with CR LF, what is typed is echoed and read as a line")
{
	int s, m = pair(&s);

	SAY(write(s, "out\n", 4));
	say_poll("master", m, POLLIN);
	say_read("master", m, 5);
	SAY(write(m, "in\n", 3));
	say_poll("slave", s, POLLIN);
	say_read("echo", m, 4);
	say_read("slave", s, 3);
	SAY(isatty(m));
	SAY(isatty(s));
}

CASE(pty_lock, "a new slave is locked: opening it fails until TIOCSPTLCK")
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), on = 1, v = -1;
	char name[50];

	SAY(ptsname_r(m, name, sizeof(name)));
	SAY(ioctl(m, TIOCGPTLCK, &v));
	say("locked %d", v);
	SAY_OK(open(name, O_RDWR | O_NOCTTY));
	SAY(unlockpt(m));
	SAY_OK(open(name, O_RDWR | O_NOCTTY));
	SAY(ioctl(m, TIOCSPTLCK, &on));
	SAY_OK(open(name, O_RDWR | O_NOCTTY));
	SAY(close(m));
	SAY_OK(open(name, O_RDWR | O_NOCTTY));
}

CASE(pty_slave_closed, "the master reads what is left, then EIO; a slave that is opened again makes it wait again")
{
	int s, m = pair(&s);

	say_poll("open", m, POLLOUT);
	write(s, "last", 4);
	close(s);
	say_poll("closed, data", m, POLLIN);
	say_read("master", m, 4);
	say_poll("closed", m, POLLHUP);
	say_read("master", m, 0);
	s = open(ptsname(m), O_RDWR | O_NOCTTY);
	say_poll("open again", m, POLLOUT);
	fcntl(m, F_SETFL, O_NONBLOCK);
	say_read("master", m, 0);
}

CASE(pty_never_opened, "before the slave was ever open the master has no hang-up")
{
	int m = pair(NULL);

	fcntl(m, F_SETFL, O_NONBLOCK);
	say_poll("master", m, POLLOUT);
	say_read("master", m, 0);
	SAY(write(m, "x", 1));
}

CASE(pty_master_closed, "the slave reads end of file, writes EIO, polls a hang-up, and its ioctls fail")
{
	int s, m = pair(&s);
	struct termios t;

	close(m);
	say_read("slave", s, 0);
	SAY(write(s, "x", 1));
	say_poll("slave", s, POLLHUP);
	SAY(tcgetattr(s, &t));
}

CASE(pty_nonblock, "without data O_NONBLOCK gives EAGAIN on both ends")
{
	int s, m = pair(&s);

	fcntl(m, F_SETFL, O_NONBLOCK);
	fcntl(s, F_SETFL, O_NONBLOCK);
	say_read("master", m, 0);
	say_read("slave", s, 0);
	say_poll("master", m, 0);
	say_poll("slave", s, 0);
}

CASE(pty_settings, "either end sets what the slave's discipline does; the window's size is of both, and its change a SIGWINCH")
{
	int s, m = pair(&s);
	struct winsize w = { 24, 80, 640, 480 }, got = { 0 };
	struct termios t;

	SAY(tcgetattr(m, &t));
	say("%o %o %o %o", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
	t.c_lflag &= ~(tcflag_t)ECHO;
	SAY(tcsetattr(m, TCSANOW, &t));
	SAY(tcgetattr(s, &t));
	say("echo %d", !!(t.c_lflag & ECHO));
	SAY(ioctl(m, TIOCGWINSZ, &got));
	say("%d %d", got.ws_row, got.ws_col);
	SAY(ioctl(m, TIOCSWINSZ, &w));
	SAY(ioctl(s, TIOCGWINSZ, &got));
	say("%d %d %d %d", got.ws_row, got.ws_col, got.ws_xpixel, got.ws_ypixel);
	IN_CHILD {
		setsid();
		catch_signal(SIGWINCH, 0);
		SAY(ioctl(s, TIOCSCTTY, 0));
		w.ws_col = 132;
		SAY(ioctl(m, TIOCSWINSZ, &w));
		SAY(ioctl(m, TIOCSWINSZ, &w));
	}
}

CASE(pty_signals, "typed ^C goes to the foreground group, and the master may send it as an ioctl")
{
	int s, m = pair(&s);

	IN_CHILD {
		int group = 0;

		setsid();
		catch_signal(SIGINT, 0);
		catch_signal(SIGQUIT, 0);
		SAY(ioctl(s, TIOCSCTTY, 0));
		SAY(ioctl(m, TIOCGPGRP, &group));
		say("mine %d", group == getpgrp());
		SAY(ioctl(m, TIOCGSID, &group));
		say("mine %d", group == getsid(0));
		sigset_t one, old;
		sigemptyset(&one);
		sigaddset(&one, SIGINT);
		sigprocmask(SIG_BLOCK, &one, &old);
		SAY(write(m, "a\003", 2));
		sigsuspend(&old);
		say_read("master", m, 2);
		sigprocmask(SIG_SETMASK, &old, NULL);
		SAY(ioctl(m, 0x40045436, SIGQUIT));
		SAY(ioctl(m, 0x40045436, SIGTERM));
	}
	int group;
	SAY(ioctl(s, TIOCGPGRP, &group));
	SAY(ioctl(m, TIOCGSID, &group));
}

CASE(pty_hangup, "closing the master sends SIGHUP and SIGCONT to the session's leader and takes its terminal away")
{
	int s, m = pair(&s), ready[2];
	pid_t pid;

	pipe(ready);
	pid = fork();
	if (!pid) {
		sigset_t both, old;

		setsid();
		close(m);
		sigemptyset(&both);
		sigaddset(&both, SIGHUP);
		sigaddset(&both, SIGCONT);
		sigprocmask(SIG_BLOCK, &both, &old);
		ioctl(s, TIOCSCTTY, 0);
		SAY_OK(open("/dev/tty", O_RDWR));
		write(ready[1], "x", 1);
		say("got %d", sigwaitinfo(&(sigset_t){ { 1u << (SIGHUP - 1) } }, NULL));
		say("got %d", sigwaitinfo(&(sigset_t){ { 1u << (SIGCONT - 1) } }, NULL));
		for (int i = 0; i < 1000; i++) {
			int fd = open("/dev/tty", O_RDWR);

			if (fd < 0)
				break;
			close(fd);
			sleep_ms(10);
		}
		SAY_OK(open("/dev/tty", O_RDWR));
		_exit(7);
	}
	read(ready[0], text, 1);
	close(m);
	int status;
	waitpid(pid, &status, 0);
	say_status("leader", status);
}

CASE(pty_controlling, "a session leader without a terminal gets the slave by opening it; the master is never one")
{
	int m = pair(NULL);

	IN_CHILD {
		setsid();
		SAY_OK(open("/dev/tty", O_RDWR));
		SAY_OK(open("/dev/ptmx", O_RDWR));
		SAY_OK(open("/dev/tty", O_RDWR));
		int s = open(ptsname(m), O_RDWR), t = open("/dev/tty", O_RDWR);
		say("now %d", t >= 0);
		SAY(write(t, "by tty\n", 7));
		say_read("master", m, 8);
		SAY(ioctl(s, TIOCNOTTY));
		SAY_OK(open("/dev/tty", O_RDWR));
	}
}

CASE(pty_peer, "TIOCGPTPEER opens the slave without its name")
{
	int m = pair(NULL), s;

	s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	say("peer %d, cloexec %d", s >= 0, fcntl(s, F_GETFD));
	SAY(!strcmp(ttyname(s), ptsname(m)));
	SAY(write(s, "peer", 4));
	say_read("master", m, 4);
	SAY(ioctl(m, TIOCGPTPEER, 0x7fffffff));
	SAY(ioctl(s, TIOCGPTPEER, O_RDWR));
}

static void wait_count(int fd, int want)
{
	for (int i = 0, n = 0; i < 1500 && !ioctl(fd, FIONREAD, &n) && n < want; i++)
		sleep_ms(10);
}

CASE(pty_counts, "FIONREAD and TIOCOUTQ of both ends; flushing throws away what was not read")
{
	int s, m = pair(&s), n = -1;

	raw(s);
	write(s, "12345", 5);
	wait_count(m, 5);
	SAY(ioctl(m, FIONREAD, &n));
	say("%d", n);
	SAY(ioctl(s, TIOCOUTQ, &n));
	say("%d", n);
	write(m, "123", 3);
	wait_count(s, 3);
	SAY(ioctl(s, FIONREAD, &n));
	say("%d", n);
	SAY(tcflush(s, TCIFLUSH));
	SAY(ioctl(s, FIONREAD, &n));
	say("%d", n);
	SAY(tcdrain(s));
	SAY(tcflush(m, TCIFLUSH));
	SAY(ioctl(m, FIONREAD, &n));
	say("%d", n);
	SAY(tcflush(m, 7));
}

CASE(pty_much, "a long text through both directions, raw, arrives whole")
{
	int s, m = pair(&s);
	enum { TOTAL = 100000 };

	raw(s);
	for (int way = 0; way < 2; way++) {
		int from = way ? m : s, to = way ? s : m, got = 0, wrong = 0;
		pid_t pid = fork();

		if (!pid) {
			for (int i = 0; i < TOTAL;) {
				int n = TOTAL - i < 1000 ? TOTAL - i : 1000;

				for (int j = 0; j < n; j++)
					text[j] = (char)((i + j) * 7 % 251);
				n = (int)write(from, text, (size_t)n);
				if (n <= 0)
					_exit(1);
				i += n;
			}
			_exit(0);
		}
		while (got < TOTAL) {
			ssize_t n = read(to, text, sizeof(text));

			if (n <= 0)
				break;
			for (ssize_t j = 0; j < n; j++)
				wrong += text[j] != (char)((got + j) * 7 % 251);
			got += (int)n;
		}
		int status;
		waitpid(pid, &status, 0);
		say("%s: %d bytes, %d wrong, %d", way ? "master to slave" : "slave to master", got, wrong, status);
	}
}

CASE(pty_epoll, "an edge-triggered watch of the master wakes at each write and at the last close")
{
	int s, m = pair(&s), e = epoll_create1(0);
	struct epoll_event v = { .events = EPOLLIN | EPOLLET };

	raw(s);
	epoll_ctl(e, EPOLL_CTL_ADD, m, &v);
	SAY(epoll_wait(e, &v, 1, 0));
	write(s, "a", 1);
	SAY(epoll_wait(e, &v, 1, 15000));
	say("%#x", v.events);
	write(s, "b", 1);
	SAY(epoll_wait(e, &v, 1, 15000));
	say("%#x", v.events);
	close(s);
	SAY(epoll_wait(e, &v, 1, 15000));
	say("%#x", v.events);
}

static void nothing(int n) { (void)n; }

CASE(pty_interrupted, "a signal interrupts a read of either end that waits")
{
	int s, m = pair(&s);
	struct itimerval again = { { 0, 50000 }, { 0, 50000 } }; /* and again: the first may come before the read has begun */
	struct sigaction a = { .sa_handler = nothing };

	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &again, NULL);
	say_read("master", m, 0);
	say_read("slave", s, 0);
}

CASE(pty_names, "names come and go with the masters; nothing else can be made or removed beside them")
{
	int m = pair(NULL);
	struct stat st, of;
	char name[50];

	ptsname_r(m, name, sizeof(name));
	SAY(stat(name, &st));
	SAY(fstat(m, &of));
	say("slave %o, major %u, mine %d; master is %u:%u", st.st_mode & ~0777u, (unsigned)(st.st_rdev >> 8), st.st_uid == getuid(), (unsigned)(of.st_rdev >> 8),
	    (unsigned)(of.st_rdev & 0xff));
	SAY(unlink(name));
	SAY(mkdir("/dev/pts/folder", 0700));
	SAY_OK(open("/dev/pts/file", O_CREAT | O_RDWR, 0600));
	SAY(close(m));
	SAY(stat(name, &st));
}

/* What a read in packet mode gives: its first byte, and what follows. */
static void say_packet(const char *what, int m)
{
	ssize_t n = read(m, text, 100);

	if (n < 0) {
		say("%s: %s", what, strerror(errno));
		return;
	}
	text[n] = 0;
	say("%s: %d [%s]", what, n ? text[0] : -1, n ? text + 1 : "");
}

CASE(pty_packet, "packet mode: a byte in front of each read tells what happened to the slave")
{
	int s, m = pair(&s), on = 1;
	struct termios t;

	raw(s);
	SAY(fcntl(m, F_SETFL, O_NONBLOCK));
	SAY(ioctl(m, TIOCPKT, (void *)16));
	SAY(ioctl(s, TIOCPKT, &on));
	SAY(ioctl(m, TIOCPKT, &on));
	SAY(ioctl(m, TIOCGPKT, &on));
	say("on %d", on);
	say_packet("nothing", m);
	SAY(write(s, "data", 4));
	say_poll("data", m, POLLIN);
	say_packet("data", m);
	SAY(write(s, "xy", 2));
	say_poll("xy", m, POLLIN);
	SAY(read(m, text, 1));
	say_packet("the rest", m);
	SAY(tcflush(s, TCIFLUSH));
	say_poll("flushed", m, POLLPRI);
	say_packet("input flushed", m);
	SAY(tcflush(s, TCIOFLUSH));
	say_packet("both flushed", m);
	say_packet("nothing", m);
	tcgetattr(s, &t);
	t.c_iflag |= IXON;
	SAY(tcsetattr(s, TCSANOW, &t));
	say_packet("^S stops", m);
	SAY(tcflow(s, TCOOFF));
	say_packet("stopped", m);
	say_packet("stopped", m);
	SAY(tcflow(s, TCOON));
	say_packet("started", m);
	SAY(write(s, "later", 5));
	say_poll("later", m, POLLIN);
	say_packet("data", m);
	t.c_cc[VSTOP] = 1;
	SAY(tcsetattr(s, TCSANOW, &t));
	say_packet("^S does nothing", m);
	SAY(tcflush(s, TCIFLUSH));
	on = 0;
	SAY(ioctl(m, TIOCPKT, &on));
	SAY(write(s, "plain", 5));
	say_poll("plain", m, POLLIN);
	say_read("plain", m, 5);
}

CASE(pty_old_name, "who kept the place of a slave that is gone cannot open the next one that gets its number")
{
	char path[64];
	int m = pair(NULL), place = open(ptsname(m), O_PATH), next, fd;

	close(m);
	next = pair(NULL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDWR | O_NOCTTY);
	say("open: %s", fd < 0 ? strerror(errno) : "succeeds");
	close(next);
}

CASE(pty_packet_late, "packet mode that comes on during a read of the master does not count for that read, which goes on waiting for data")
{
	int slave, m = pair(&slave), on = 1, status;
	char buf[8];

	if (!fork()) {
		ssize_t n = read(m, buf, sizeof(buf));
		say("%d: %#x", (int)n, buf[0]);
		_exit(0);
	}
	sleep_ms(100);
	SAY(ioctl(m, TIOCPKT, &on));
	SAY(tcflush(slave, TCIFLUSH));
	SAY(write(slave, "x", 1));
	wait(&status);
	say_status("child", status);
}
