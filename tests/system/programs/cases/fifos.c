/* FIFOs: who waits for whom in open, the ends' states through the file's name. */
#include "cases.h"
#include <sys/ioctl.h>
#include <sys/select.h>

static char text[100];

static void say_poll(const char *what, int fd)
{
	struct pollfd f = { fd, POLLIN | POLLOUT, 0 };
	int n = poll(&f, 1, 0);

	say("%s: %d, events %#x", what, n, f.revents);
}

CASE(fifo_open_nonblock, "O_NONBLOCK: a reader opens at once, a writer without readers gets ENXIO, both ways at once always opens")
{
	SAY(mkfifo("f", 0600));
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
	int r = open("f", O_RDONLY | O_NONBLOCK), w, rw;
	say("reader %d", r >= 0);
	w = open("f", O_WRONLY | O_NONBLOCK);
	say("writer %d", w >= 0);
	close(r);
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
	close(w);
	rw = open("f", O_RDWR);
	say("both %d", rw >= 0);
	SAY(write(rw, "abc", 3));
	SAY(read(rw, text, 10));
}

CASE(fifo_reader_before_writers, "a reader that opened before any writer reads end of file and sees no hang-up")
{
	mkfifo("f", 0600);
	int r = open("f", O_RDONLY | O_NONBLOCK);
	SAY(read(r, text, 1));
	say_poll("no writer yet", r);
	int w = open("f", O_WRONLY);
	SAY(read(r, text, 1));
	say_poll("writer", r);
	write(w, "x", 1);
	say_poll("data", r);
	close(w);
	say_poll("writer gone, data", r);
	SAY(read(r, text, 1));
	say_poll("writer gone", r);
	w = open("f", O_WRONLY);
	say_poll("a new writer", r);
	close(w);
	say_poll("gone again", r);
	int again = open("f", O_RDONLY | O_NONBLOCK);
	say_poll("who opened after it", again);
}

CASE(fifo_data_goes_with_the_last, "what nobody read is gone once all ends are closed")
{
	mkfifo("f", 0600);
	int rw = open("f", O_RDWR | O_NONBLOCK);
	SAY(write(rw, "abc", 3));
	close(rw);
	rw = open("f", O_RDWR | O_NONBLOCK);
	SAY(read(rw, text, 10));
	int r = open("f", O_RDONLY);
	SAY(write(rw, "abc", 3));
	close(rw);
	SAY(read(r, text, 10));
	SAY(read(r, text, 10));
}

CASE(fifo_open_waits, "a blocking open of each end waits for the other")
{
	int status;

	mkfifo("f", 0600);
	pid_t pid = fork();
	if (!pid) {
		int r = open("f", O_RDONLY);
		ssize_t n = read(r, text, 10), end = read(r, text, 10);
		say("child read %d, then %d", (int)n, (int)end);
		_exit(0);
	}
	int w = open("f", O_WRONLY);
	SAY(write(w, "abc", 3));
	close(w);
	waitpid(pid, &status, 0);
	say_status("child", status);
}

static void on_alarm(int sig) { (void)sig; }

CASE(fifo_open_interrupted, "a signal ends the wait of open")
{
	struct sigaction a = { .sa_handler = on_alarm };
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } };

	mkfifo("f", 0600);
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	SAY_OK(open("f", O_RDONLY));
	SAY_OK(open("f", O_WRONLY));
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &off, NULL);
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
}

CASE(fifo_unlinked, "a FIFO without a name still connects those who have it open")
{
	mkfifo("f", 0600);
	int r = open("f", O_RDONLY | O_NONBLOCK), w = open("f", O_WRONLY);
	SAY(unlink("f"));
	SAY(write(w, "abc", 3));
	SAY(read(r, text, 10));
	struct stat s;
	fstat(r, &s);
	say("links %d, is a fifo %d", (int)s.st_nlink, S_ISFIFO(s.st_mode));
	SAY_OK(open("f", O_RDONLY | O_NONBLOCK));
}

CASE(fifo_names, "two names of one FIFO are one pipe")
{
	mkfifo("f", 0600);
	SAY(link("f", "g"));
	int r = open("f", O_RDONLY | O_NONBLOCK), w = open("g", O_WRONLY | O_NONBLOCK);
	SAY(write(w, "abc", 3));
	SAY(read(r, text, 10));
	SAY(rename("g", "h"));
	int w2 = open("h", O_WRONLY | O_NONBLOCK);
	SAY(write(w2, "d", 1));
	SAY(read(r, text, 10));
}

CASE(fifo_positions, "a FIFO has no positions and no length")
{
	mkfifo("f", 0600);
	int rw = open("f", O_RDWR);
	struct stat s;
	SAY(lseek(rw, 0, SEEK_SET));
	SAY(ftruncate(rw, 0));
	SAY(truncate("f", 0));
	SAY(pread(rw, text, 1, 0));
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, rw, 0));
	write(rw, "abc", 3);
	fstat(rw, &s);
	say("size %d", (int)s.st_size);
	SAY(fsync(rw));
	SAY_OK(open("f", O_RDWR | O_TRUNC));
	int n;
	ioctl(rw, FIONREAD, &n);
	say("still there: %d", n);
	SAY_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("f", O_RDONLY | O_DIRECTORY));
}

CASE(fifo_making, "mkfifo and mknod")
{
	SAY(mkfifo("f", 0644));
	SAY(mkfifo("f", 0644));
	SAY(mkfifo("none/f", 0644));
	SAY(mkfifo("f/g", 0644));
	SAY(mkfifo("", 0644));
	SAY(mknod("g", S_IFIFO | 0600, 7));
	struct stat s;
	stat("g", &s);
	say("mode %o, rdev %d, size %d", s.st_mode, (int)s.st_rdev, (int)s.st_size);
	umask(027);
	SAY(mkfifo("h", 0777));
	stat("h", &s);
	say("mode %o", s.st_mode);
}

CASE_ROOT(fifo_permissions, "the mode counts for the ends")
{
	mkfifo("f", 0400);
	if (chmod(".", 0755) || chown("f", 1000, 1000) || setresuid(1000, 1000, 1000))
		say("cannot become a user");
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
	SAY_OK(open("f", O_RDWR | O_NONBLOCK));
	SAY_OK(open("f", O_RDONLY | O_NONBLOCK));
}

CASE(fifo_path_only, "O_PATH neither waits nor counts as an end")
{
	mkfifo("f", 0600);
	int h = open("f", O_PATH);
	say("opened %d", h >= 0);
	SAY(read(h, text, 1));
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
	char path[40];
	sprintf(path, "/proc/self/fd/%d", h);
	int r = open(path, O_RDONLY | O_NONBLOCK);
	say("through it %d", r >= 0);
	SAY_OK(open("f", O_WRONLY | O_NONBLOCK));
}

CASE(fifo_select, "select of a FIFO's ends")
{
	fd_set in, out;
	struct timeval none = { 0, 0 };

	mkfifo("f", 0600);
	int r = open("f", O_RDONLY | O_NONBLOCK), w = open("f", O_WRONLY | O_NONBLOCK);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(r, &in);
	FD_SET(w, &out);
	SAY(select(w + 1, &in, &out, NULL, &none));
	say("reader %d, writer %d", FD_ISSET(r, &in), FD_ISSET(w, &out));
	close(w);
	FD_SET(r, &in);
	SAY(select(r + 1, &in, NULL, NULL, &none));
}
