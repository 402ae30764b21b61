/* splice, tee, vmsplice, sendfile, copy_file_range: what goes with what, positions, ends, parts, refusals. */
#include "cases.h"
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

static int p[2], q[2], f, g;
static char block[300000];

static int readable(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) < 0 ? -1 : n;
}

/* Two empty pipes, and two files: f with 26 letters, g empty. */
static void make(void)
{
	pipe(p);
	pipe(q);
	f = open("f", O_RDWR | O_CREAT, 0600);
	g = open("g", O_RDWR | O_CREAT, 0600);
	for (char c = 'a'; c <= 'z'; c++)
		write(f, &c, 1);
	lseek(f, 0, SEEK_SET);
}

static void show_pipe(const char *what, int fd)
{
	char text[100];
	int n = readable(fd);

	if (n > 90)
		n = 90;
	if (n > 0)
		n = (int)read(fd, text, (size_t)n);
	say("%s: %.*s", what, n > 0 ? n : 0, text);
}

CASE(splice_needs_a_pipe, "one of the two has to be a pipe")
{
	make();
	SAY(splice(f, NULL, g, NULL, 10, 0));
	SAY(splice(open("/dev/zero", O_RDONLY), NULL, g, NULL, 10, 0));
	SAY(splice(p[0], NULL, p[1], NULL, 10, 0));
	SAY(tee(f, p[1], 10, 0));
	SAY(tee(p[0], f, 10, 0));
	SAY(tee(p[0], p[1], 10, 0));
	SAY(vmsplice(f, &(struct iovec){ block, 10 }, 1, 0));
}

CASE(splice_bad_descriptors, "descriptors that are closed or of the wrong mode")
{
	make();
	int rd = open("f", O_RDONLY), wr = open("g", O_WRONLY), path = open("f", O_PATH);
	SAY(splice(99, NULL, p[1], NULL, 10, 0));
	SAY(splice(f, NULL, 99, NULL, 10, 0));
	SAY(splice(99, NULL, 98, NULL, 10, 0));
	SAY(splice(wr, NULL, p[1], NULL, 10, 0));
	SAY(splice(p[0], NULL, rd, NULL, 10, 0));
	SAY(splice(p[1], NULL, g, NULL, 10, 0));
	SAY(splice(f, NULL, p[0], NULL, 10, 0));
	SAY(splice(path, NULL, p[1], NULL, 10, 0));
	SAY(splice(99, NULL, 98, NULL, 0, 0));
	SAY(splice(99, NULL, 98, NULL, 10, 0x100));
	SAY(splice(99, NULL, 98, NULL, 0, 0x100));
	SAY(tee(p[1], q[1], 10, 0));
	SAY(tee(p[0], q[0], 10, 0));
	SAY(tee(99, q[1], 10, 0));
	SAY(tee(p[0], 99, 10, 0));
	SAY(tee(99, 98, 0, 0));
	SAY(tee(99, 98, 10, 0x100));
	SAY(tee(99, 98, 0, 0x100));
	SAY(vmsplice(99, NULL, 0, 0));
	SAY(vmsplice(p[1], NULL, 0, 0x100));
	SAY(vmsplice(path, NULL, 0, 0));
}

CASE(splice_offsets, "an offset is for what has positions; the file's own then stays")
{
	long long at = 3;

	make();
	SAY(syscall(SYS_splice, f, &at, p[1], &at, 10, 0));
	SAY(syscall(SYS_splice, p[0], &at, g, NULL, 10, 0));
	SAY(syscall(SYS_splice, p[0], &at, q[1], NULL, 10, 0));
	SAY(syscall(SYS_splice, p[0], NULL, q[1], &at, 10, 0));
	SAY(syscall(SYS_splice, f, &at, p[1], NULL, 5, 0));
	say("offset %lld, position %d", at, (int)lseek(f, 0, SEEK_CUR));
	SAY(syscall(SYS_splice, f, NULL, p[1], NULL, 5, 0));
	say("position %d", (int)lseek(f, 0, SEEK_CUR));
	at = 100;
	SAY(syscall(SYS_splice, p[0], NULL, g, &at, 6, 0));
	say("offset %lld, position %d, size %d", at, (int)lseek(g, 0, SEEK_CUR), (int)lseek(g, 0, SEEK_END));
	lseek(g, 0, SEEK_SET);
	SAY(syscall(SYS_splice, p[0], NULL, g, NULL, 6, 0));
	say("position %d", (int)lseek(g, 0, SEEK_CUR));
	at = -1;
	SAY(syscall(SYS_splice, f, &at, p[1], NULL, 5, 0));
	SAY(syscall(SYS_splice, f, (void *)16, p[1], NULL, 5, 0));
	at = 1000;
	SAY(syscall(SYS_splice, f, &at, p[1], NULL, 5, 0));
	show_file("g");
}

CASE(splice_at_the_end, "the end of the file, of the pipe; nothing asked")
{
	make();
	SAY(splice(f, NULL, p[1], NULL, 100, 0));
	SAY(splice(f, NULL, p[1], NULL, 100, 0));
	SAY(splice(p[0], NULL, g, NULL, 0, 0));
	SAY(splice(p[0], NULL, g, NULL, 100, 0));
	close(p[1]);
	SAY(splice(p[0], NULL, g, NULL, 100, 0));
	SAY(splice(p[0], NULL, q[1], NULL, 100, 0));
	SAY(tee(p[0], q[1], 100, 0));
	show_file("g");
}

CASE(splice_append, "a file open for appending is refused as target")
{
	make();
	int a = open("g", O_WRONLY | O_APPEND);
	write(p[1], "abc", 3);
	SAY(splice(p[0], NULL, a, NULL, 3, 0));
	SAY(readable(p[0]));
}

CASE(splice_nonblock, "SPLICE_F_NONBLOCK and O_NONBLOCK: EAGAIN when the pipe is empty or full")
{
	make();
	SAY(splice(p[0], NULL, g, NULL, 10, SPLICE_F_NONBLOCK));
	SAY(splice(p[0], NULL, q[1], NULL, 10, SPLICE_F_NONBLOCK));
	SAY(tee(p[0], q[1], 10, SPLICE_F_NONBLOCK));
	fcntl(q[1], F_SETFL, O_NONBLOCK);
	while (write(q[1], block, 4096) > 0)
		;
	SAY(splice(f, NULL, q[1], NULL, 10, SPLICE_F_NONBLOCK));
	SAY(splice(f, NULL, q[1], NULL, 10, 0));
	write(p[1], "abc", 3);
	SAY(splice(p[0], NULL, q[1], NULL, 10, SPLICE_F_NONBLOCK));
	SAY(tee(p[0], q[1], 10, SPLICE_F_NONBLOCK));
	SAY(vmsplice(q[1], &(struct iovec){ block, 10 }, 1, SPLICE_F_NONBLOCK));
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	SAY(splice(p[0], NULL, g, NULL, 10, 0));
	SAY(splice(p[0], NULL, g, NULL, 10, 0));
	SAY(readable(q[0]));
}

CASE(splice_broken, "without readers: SIGPIPE and EPIPE")
{
	make();
	signal(SIGPIPE, SIG_IGN);
	close(q[0]);
	write(p[1], "abc", 3);
	SAY(splice(f, NULL, q[1], NULL, 10, 0));
	SAY(splice(p[0], NULL, q[1], NULL, 10, 0));
	SAY(tee(p[0], q[1], 10, 0));
	SAY(vmsplice(q[1], &(struct iovec){ block, 10 }, 1, 0));
	SAY(sendfile(q[1], f, NULL, 10));
	say("position %d", (int)lseek(f, 0, SEEK_CUR));
	SAY(readable(p[0]));
	signal(SIGPIPE, SIG_DFL);
	IN_CHILD SAY(splice(p[0], NULL, q[1], NULL, 10, 0));
	IN_CHILD SAY(sendfile(q[1], f, NULL, 10));
}

CASE(splice_parts, "a part of what a pipe holds; the rest stays")
{
	make();
	write(p[1], "hello world", 11);
	SAY(splice(p[0], NULL, g, NULL, 5, 0));
	SAY(readable(p[0]));
	SAY(splice(p[0], NULL, q[1], NULL, 3, 0));
	show_pipe("first", p[0]);
	show_pipe("second", q[0]);
	show_file("g");
}

CASE(splice_as_much_as_fits, "a file larger than the pipe: what fits")
{
	make();
	int big = open("big", O_RDWR | O_CREAT, 0600);
	write(big, block, 200000);
	lseek(big, 0, SEEK_SET);
	SAY(splice(big, NULL, p[1], NULL, 200000, 0));
	say("position %d", (int)lseek(big, 0, SEEK_CUR));
	SAY(splice(big, NULL, p[1], NULL, 200000, SPLICE_F_NONBLOCK));
	SAY(splice(p[0], NULL, g, NULL, 200000, 0));
	lseek(big, 100, SEEK_SET);
	SAY(splice(big, NULL, p[1], NULL, 200000, 0));
}

CASE(splice_file_pages_are_not_written, "a write behind spliced pages does not change the file")
{
	make();
	SAY(splice(f, NULL, p[1], NULL, 5, 0));
	SAY(write(p[1], "XYZ", 3));
	show_pipe("pipe", p[0]);
	show_file("f");
}

CASE(tee_keeps, "tee leaves the data, and both copies are of the same bytes")
{
	make();
	write(p[1], "hello", 5);
	SAY(tee(p[0], q[1], 3, 0));
	SAY(tee(p[0], q[1], 100, 0));
	show_pipe("first", p[0]);
	show_pipe("second", q[0]);
	SAY(tee(p[0], q[1], 0, 0));
}

CASE(tee_then_write, "a write after tee does not show in the other pipe")
{
	make();
	write(p[1], "abc", 3);
	SAY(tee(p[0], q[1], 10, 0));
	SAY(write(p[1], "def", 3));
	SAY(write(q[1], "xyz", 3));
	show_pipe("first", p[0]);
	show_pipe("second", q[0]);
}

CASE(vmsplice_vectors, "vmsplice: vectors, empty pieces, bad memory, from a pipe into memory")
{
	struct iovec v[3] = { { "abc", 3 }, { NULL, 0 }, { "def", 3 } }, bad = { (void *)16, 10 }, to = { block, 4 };

	make();
	SAY(vmsplice(p[1], v, 3, 0));
	SAY(readable(p[0]));
	SAY(vmsplice(p[1], v, 0, 0));
	SAY(vmsplice(p[1], NULL, 0, 0));
	SAY(vmsplice(p[1], &bad, 1, 0));
	SAY(vmsplice(p[1], (void *)16, 1, 0));
	SAY(vmsplice(p[1], v, 1025, 0));
	SAY(vmsplice(p[0], &to, 1, 0));
	say("%.4s", block);
	show_pipe("rest", p[0]);
	SAY(vmsplice(p[0], &to, 1, SPLICE_F_NONBLOCK));
}

CASE(vmsplice_much, "more than a pipe takes: a part")
{
	struct iovec v = { block, sizeof(block) };

	make();
	SAY(vmsplice(p[1], &v, 1, SPLICE_F_NONBLOCK) > 60000);
	SAY(vmsplice(p[1], &v, 1, SPLICE_F_NONBLOCK));
}

CASE(splice_sockets, "a socket at one end")
{
	int s[2];

	make();
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	write(p[1], "hello", 5);
	SAY(splice(p[0], NULL, s[0], NULL, 5, 0));
	SAY(splice(s[1], NULL, q[1], NULL, 100, 0));
	show_pipe("through the socket", q[0]);
	SAY(splice(s[1], NULL, q[1], NULL, 100, SPLICE_F_NONBLOCK));
	shutdown(s[0], SHUT_WR);
	SAY(splice(s[1], NULL, q[1], NULL, 100, 0));
	close(s[0]);
	signal(SIGPIPE, SIG_IGN);
	write(p[1], "x", 1);
	SAY(splice(p[0], NULL, s[1], NULL, 5, 0));
	SAY(readable(p[0]));
}

CASE(splice_devices, "/dev/null takes, /dev/zero gives")
{
	make();
	write(p[1], "hello", 5);
	SAY(splice(p[0], NULL, open("/dev/null", O_WRONLY), NULL, 100, 0));
	SAY(splice(open("/dev/zero", O_RDONLY), NULL, p[1], NULL, 100, 0));
	SAY(readable(p[0]));
	SAY(splice(open("/dev/null", O_RDONLY), NULL, q[1], NULL, 100, 0));
}

CASE(splice_folder_and_events, "folders, eventfds")
{
	make();
	write(p[1], "12345678", 8);
	SAY(splice(open(".", O_RDONLY), NULL, p[1], NULL, 100, 0));
	SAY(splice(p[0], NULL, eventfd(0, 0), NULL, 8, 0));
}

/* ---- sendfile ---- */

CASE(sendfile_positions, "the file's position or the one that is given")
{
	off_t at = 5;

	make();
	SAY(sendfile(g, f, NULL, 4));
	say("positions %d %d", (int)lseek(f, 0, SEEK_CUR), (int)lseek(g, 0, SEEK_CUR));
	SAY(sendfile(g, f, &at, 3));
	say("offset %d, position %d", (int)at, (int)lseek(f, 0, SEEK_CUR));
	SAY(sendfile(g, f, NULL, 100));
	SAY(sendfile(g, f, NULL, 100));
	at = 100;
	SAY(sendfile(g, f, &at, 100));
	say("offset %d", (int)at);
	SAY(sendfile(g, f, NULL, 0));
	show_file("g");
}

CASE(sendfile_errors, "descriptors, modes, offsets")
{
	long long at = -1;
	long small = -1;

	make();
	int rd = open("f", O_RDONLY), wr = open("g", O_WRONLY), path = open("f", O_PATH);
	SAY(sendfile(99, f, NULL, 1));
	SAY(sendfile(g, 99, NULL, 1));
	SAY(sendfile(rd, f, NULL, 1));
	SAY(sendfile(g, wr, NULL, 1));
	SAY(sendfile(g, path, NULL, 1));
	SAY(syscall(SYS_sendfile64, g, f, &at, 1));
	SAY(syscall(SYS_sendfile64, g, f, (void *)16, 1));
	SAY(syscall(SYS_sendfile, g, f, &small, 1));
	SAY(sendfile(g, open(".", O_RDONLY), NULL, 10));
	SAY(sendfile(open(".", O_RDONLY), f, NULL, 10));
	at = 0;
	SAY(syscall(SYS_sendfile64, g, p[0], &at, 1));
	SAY(sendfile(g, p[0], NULL, 0));
	SAY(sendfile(open("g", O_WRONLY | O_APPEND), f, NULL, 3));
	SAY(syscall(SYS_sendfile64, g, f, NULL, -1));
}

CASE(sendfile_devices, "/dev/null takes and does not give, /dev/zero gives, an eventfd neither")
{
	make();
	SAY(sendfile(open("/dev/null", O_WRONLY), f, NULL, 10));
	SAY(sendfile(g, open("/dev/null", O_RDONLY), NULL, 10));
	SAY(sendfile(g, open("/dev/zero", O_RDONLY), NULL, 10));
	SAY(sendfile(eventfd(0, 0), f, NULL, 8));
	SAY(sendfile(g, eventfd(1, 0), NULL, 8));
	show_file("g");
}

CASE(sendfile_to_pipe, "into a pipe: what fits; when it is full EAGAIN")
{
	make();
	int big = open("big", O_RDWR | O_CREAT, 0600);
	write(big, block, 200000);
	lseek(big, 0, SEEK_SET);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	SAY(sendfile(p[1], big, NULL, 200000));
	SAY(sendfile(p[1], big, NULL, 200000));
	say("position %d", (int)lseek(big, 0, SEEK_CUR));
	SAY(readable(p[0]));
}

CASE(sendfile_same_file, "from a file into itself")
{
	off_t at = 0;

	make();
	lseek(f, 0, SEEK_END);
	SAY(sendfile(f, f, &at, 10));
	say("offset %d, position %d", (int)at, (int)lseek(f, 0, SEEK_CUR));
	show_file("f");
}

CASE(sendfile_to_socket, "to sockets that are closed or shut")
{
	int s[2];

	make();
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	SAY(sendfile(s[0], f, NULL, 100));
	char text[40];
	SAY(read(s[1], text, 40));
	lseek(f, 0, SEEK_SET);
	signal(SIGPIPE, SIG_IGN);
	shutdown(s[0], SHUT_WR);
	SAY(sendfile(s[0], f, NULL, 100));
	say("position %d", (int)lseek(f, 0, SEEK_CUR));
}

/* ---- copy_file_range ---- */

static long copy(int in, long long *at_in, int out, long long *at_out, size_t n, unsigned flags)
{
	return syscall(SYS_copy_file_range, in, at_in, out, at_out, n, flags);
}

CASE(copy_positions, "positions of both, given or the files' own")
{
	long long a = 20, b = 50;

	make();
	SAY(copy(f, NULL, g, NULL, 4, 0));
	say("positions %d %d", (int)lseek(f, 0, SEEK_CUR), (int)lseek(g, 0, SEEK_CUR));
	SAY(copy(f, &a, g, &b, 100, 0));
	say("offsets %lld %lld, positions %d %d", a, b, (int)lseek(f, 0, SEEK_CUR), (int)lseek(g, 0, SEEK_CUR));
	SAY(copy(f, &a, g, &b, 100, 0));
	SAY(copy(f, NULL, g, NULL, 0, 0));
	a = 1000;
	SAY(copy(f, &a, g, NULL, 5, 0));
	say("offset %lld", a);
	show_file("g");
}

CASE(copy_errors, "flags, descriptors, modes, kinds of files")
{
	make();
	int rd = open("f", O_RDONLY), wr = open("g", O_WRONLY), app = open("g", O_WRONLY | O_APPEND), dir = open(".", O_RDONLY);
	SAY(copy(f, NULL, g, NULL, 1, 1));
	SAY(copy(99, NULL, g, NULL, 1, 0));
	SAY(copy(f, NULL, 99, NULL, 1, 0));
	SAY(copy(99, NULL, 98, NULL, 1, 1));
	SAY(copy(wr, NULL, g, NULL, 1, 0));
	SAY(copy(f, NULL, rd, NULL, 1, 0));
	SAY(copy(f, NULL, app, NULL, 1, 0));
	SAY(copy(dir, NULL, g, NULL, 1, 0));
	SAY(copy(f, NULL, dir, NULL, 1, 0));
	SAY(copy(p[0], NULL, g, NULL, 1, 0));
	SAY(copy(f, NULL, p[1], NULL, 1, 0));
	SAY(copy(open("/dev/zero", O_RDONLY), NULL, g, NULL, 1, 0));
	SAY(copy(f, (void *)16, g, NULL, 1, 0));
	SAY(copy(f, NULL, g, (void *)16, 1, 0));
}

CASE(copy_overlap, "inside one file ranges must not overlap")
{
	long long a = 0, b = 5;

	make();
	SAY(copy(f, &a, f, &b, 6, 0));
	SAY(copy(f, &b, f, &a, 6, 0));
	SAY(copy(f, &a, f, &a, 6, 0));
	SAY(copy(f, &a, f, &b, 5, 0));
	say("offsets %lld %lld", a, b);
	show_file("f");
	int again = open("f", O_RDWR);
	a = 0;
	b = 3;
	SAY(copy(f, &a, again, &b, 6, 0));
	a = 24;
	b = 26;
	SAY(copy(f, &a, again, &b, 100, 0));
	show_file("f");
}

CASE(copy_far_offsets, "ends of what a file can have")
{
	long long a = 0x7fffffffffffffffll, b = 0x7fffffffffffffffll, zero = 0;

	make();
	SAY(copy(f, &a, g, NULL, 10, 0));
	SAY(copy(f, &zero, g, &b, 10, 0));
	say("offsets %lld %lld", zero, b);
}

CASE(copy_limit, "RLIMIT_FSIZE")
{
	struct rlimit r = { 10, 10 };

	make();
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &r);
	SAY(copy(f, NULL, g, NULL, 26, 0));
	SAY(copy(f, NULL, g, NULL, 26, 0));
	SAY(sendfile(g, f, NULL, 10));
	show_file("g");
}

CASE(copy_holes, "a file of holes stays the same to read")
{
	make();
	int hole = open("hole", O_RDWR | O_CREAT, 0600);
	ftruncate(hole, 100000);
	pwrite(hole, "x", 1, 50000);
	SAY(copy(hole, NULL, g, NULL, 200000, 0));
	struct stat s;
	fstat(g, &s);
	char c[3];
	pread(g, c, 3, 49999);
	say("size %d, %d %c %d", (int)s.st_size, c[0], c[1], c[2]);
}

CASE(far_offsets, "splice and sendfile at a position whose end would be none")
{
	long long far = 0x7fffffffffffff00ll, at;
	off_t old;

	make();
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	write(p[1], "0123456789", 10);
	at = far;
	SAY(splice(f, &at, p[1], NULL, 300, SPLICE_F_NONBLOCK));
	SAY(splice(f, &at, p[1], NULL, 255, SPLICE_F_NONBLOCK));
	SAY(splice(p[0], NULL, g, &at, 300, SPLICE_F_NONBLOCK));
	at = -1;
	SAY(splice(f, &at, p[1], NULL, 3, SPLICE_F_NONBLOCK));
	old = far;
	SAY(sendfile(g, f, &old, 300));
	old = -1;
	SAY(sendfile(g, f, &old, 3));
	show_file("g");
	show_pipe("pipe", p[0]);
}
