/* poll, ppoll, select, pselect on pipes, FIFOs, files and bad descriptors; FIFOs and how they are opened. */
#include "say.h"
#include <sys/ioctl.h>
#include <sys/select.h>

static void show_poll(const char *what, struct pollfd *p, int n, int timeout)
{
	int r = poll(p, (nfds_t)n, timeout);
	say("%s: %d%s%s", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
	for (int i = 0; i < n && r >= 0; i++)
		say("  %d: %x", i, p[i].revents);
}

static void polling(void)
{
	int a[2], b[2];
	char big[70000] = { 0 };
	pipe(a);
	pipe2(b, O_NONBLOCK);
	int f = open("f", O_RDWR | O_CREAT, 0600), null = open("/dev/null", O_RDWR);
	struct pollfd p[] = {
		{ a[0], POLLIN, 0 }, { a[1], POLLOUT, 0 }, { b[0], POLLIN | POLLOUT, 0 }, { b[1], POLLIN | POLLOUT, 0 }, { f, POLLIN | POLLOUT, 0 },
		{ -5, POLLIN, 0 }, { 777, POLLIN, 0 }, { null, POLLIN | POLLOUT, 0 },
	};
	show_poll("all", p, 8, 0);
	show_poll("one idle", p, 1, 0);
	show_poll("one idle, a while", p, 1, 20);
	show_poll("none", p, 0, 10);
	write(a[1], "abc", 3);
	show_poll("data", p, 2, -1);
	int n;
	SAY(ioctl(a[0], FIONREAD, &n));
	say("%d", n);
	SAY(write(b[1], big, sizeof(big)));
	SAY(write(b[1], big, 1));
	show_poll("full", p + 2, 2, 0);
	SAY(read(b[0], big, 4095));
	show_poll("not quite", p + 2, 2, 0);
	SAY(read(b[0], big, 1));
	show_poll("a page free", p + 2, 2, 0);
	close(b[0]);
	show_poll("no reader", p + 3, 1, 0);
	close(a[1]);
	show_poll("data and no writer", p, 1, 0);
	read(a[0], big, 10);
	show_poll("no writer", p, 1, 0);
	signal(SIGPIPE, SIG_IGN);
	SAY(write(b[1], "x", 1));
	SAY(poll((struct pollfd *)1, 1, 0));
	SAY(poll(p, 100000000, 0));
	close(b[1]);
	close(a[0]);
	close(f);
	close(null);
}

static void selecting(void)
{
	int a[2];
	fd_set r, w;
	struct timeval t = { 0, 20000 };
	pipe(a);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(a[0], &r);
	FD_SET(a[1], &w);
	SAY(select(a[1] + 1, &r, &w, NULL, NULL));
	say("%d %d", !!FD_ISSET(a[0], &r), !!FD_ISSET(a[1], &w));
	FD_SET(a[0], &r);
	SAY(select(a[0] + 1, &r, NULL, NULL, &t));
	say("%d %d %ld", !!FD_ISSET(a[0], &r), (int)t.tv_sec, (long)t.tv_usec);
	FD_SET(a[0], &r);
	write(a[1], "x", 1);
	SAY(select(a[0] + 1, &r, NULL, NULL, NULL));
	FD_SET(20, &r);
	SAY(select(21, &r, NULL, NULL, NULL));
	t = (struct timeval){ 0, -1 };
	SAY(select(1, NULL, NULL, NULL, &t));
	SAY(select(-1, NULL, NULL, NULL, NULL));
	close(a[0]);
	close(a[1]);
}

static volatile int caught;
static void on_signal(int s) { caught++; }

static void interrupted(void)
{
	struct pollfd none = { -1, 0, 0 };
	struct itimerval in = { { 0, 0 }, { 0, 30000 } };
	struct timespec second = { 1, 0 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigset_t set, empty;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &in, NULL);
	SAY(poll(&none, 1, 5000));
	setitimer(ITIMER_REAL, &in, NULL);
	SAY(select(0, NULL, NULL, NULL, NULL));
	say("caught %d", caught);
	sigemptyset(&empty);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGALRM);
	say("caught %d", caught);
	SAY(ppoll(&none, 1, &second, &empty));
	say("caught %d", caught);
	raise(SIGALRM);
	SAY(pselect(0, NULL, NULL, NULL, &second, &empty));
	say("caught %d", caught);
	raise(SIGALRM);
	second = (struct timespec){ 0, 1000000 };
	SAY(ppoll(&none, 1, &second, &set));
	say("caught %d", caught);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("caught %d", caught);
}

static void fifos(void)
{
	char text[20];
	SAY(mkfifo("p", 0600));
	SAY(mkfifo("p", 0600));
	SAY(open("p", O_WRONLY | O_NONBLOCK));
	int r = open("p", O_RDONLY | O_NONBLOCK);
	struct pollfd pr = { r, POLLIN, 0 };
	show_poll("no writer yet", &pr, 1, 0);
	SAY(read(r, text, 1));
	int w = open("p", O_WRONLY | O_NONBLOCK);
	SAY(read(r, text, 1));
	SAY(write(w, "hello", 5));
	SAY(read(r, text, sizeof(text)));
	SAY(lseek(r, 0, SEEK_SET));
	SAY(pread(r, text, 1, 0));
	close(w);
	show_poll("writer gone", &pr, 1, 0);
	SAY(read(r, text, 1));
	close(r);
	pid_t pid = fork();
	if (!pid) {
		sleep_ms(50);
		w = open("p", O_WRONLY);
		write(w, "from child", 10);
		_exit(0);
	}
	r = open("p", O_RDONLY);
	SAY(read(r, text, sizeof(text)));
	SAY(read(r, text, sizeof(text)));
	waitpid(pid, NULL, 0);
	close(r);
	int rw = open("p", O_RDWR);
	SAY(write(rw, "both", 4));
	SAY(read(rw, text, sizeof(text)));
	SAY(fcntl(rw, F_GETPIPE_SZ));
	SAY(fcntl(rw, F_SETPIPE_SZ, 5000));
	SAY(fcntl(rw, F_SETPIPE_SZ, 1 << 20));
	SAY(fcntl(0, F_GETPIPE_SZ) == -1);
	close(rw);
}

/* The ends of a pipe opened again by their names in /proc. */
static void reopened(void)
{
	char name[40], text[10];
	int p[2];

	pipe(p);
	sprintf(name, "/proc/self/fd/%d", p[0]);
	int r = open(name, O_RDONLY | O_NONBLOCK), w = open(name, O_WRONLY);
	SAY(read(r, text, 1));
	SAY(write(w, "via proc", 8));
	SAY(read(p[0], text, 3));
	SAY(read(r, text, 10));
	close(p[1]);
	SAY(read(r, text, 1));
	close(w);
	SAY(read(r, text, 1));
	SAY(fcntl(r, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
}

int main(void)
{
	reopened();
	polling();
	selecting();
	interrupted();
	fifos();
	return 0;
}
