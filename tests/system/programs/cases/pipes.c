/* Pipes: how much they hold, what fits whole, their sizes, their ends in all states, packets. */
#include "cases.h"
#include <sys/ioctl.h>

static int p[2];
static char block[70000];

static void make(int flags)
{
	if (pipe2(p, flags) < 0)
		say("pipe2: %s", strerror(errno));
}

static int readable(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) < 0 ? -1 : n;
}

/* What poll tells of a descriptor at once. */
static void say_poll(const char *what, int fd)
{
	struct pollfd f = { fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND, 0 };
	int n = poll(&f, 1, 0);

	say("%s: %d, events %#x", what, n, f.revents);
}

CASE_ROOT(pipe_owner, "the ends have one owner")
{
	struct stat s;

	make(0);
	SAY(fchown(p[0], 5, 6));
	fstat(p[1], &s);
	say("owner %d %d", (int)s.st_uid, (int)s.st_gid);
}

CASE(pipe_zero_read, "a read of nothing does not wait and does not look at the other end")
{
	make(0);
	SAY(read(p[0], block, 0));
	SAY(read(p[0], NULL, 0));
	close(p[1]);
	SAY(read(p[0], block, 0));
	SAY(read(p[0], block, 10));
}

CASE(pipe_zero_write, "a write of nothing makes no SIGPIPE and wakes nobody")
{
	make(O_NONBLOCK);
	SAY(write(p[1], block, 0));
	SAY(write(p[1], NULL, 0));
	SAY(read(p[0], block, 1));
	close(p[0]);
	SAY(write(p[1], block, 0));
	SAY(writev(p[1], NULL, 0));
	say_poll("writer without readers", p[1]);
}

CASE(pipe_sigpipe, "a write without readers ends the program")
{
	make(0);
	close(p[0]);
	SAY(write(p[1], "x", 1));
}

CASE(pipe_epipe, "with SIGPIPE blocked or ignored the write fails, and the signal is left pending only when blocked")
{
	sigset_t set, pending;

	make(0);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	SAY(write(p[1], "x", 1));
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAY(write(p[1], "x", 1));
	sigpending(&pending);
	SAY(sigismember(&pending, SIGPIPE));
	struct iovec v[2] = { { "a", 1 }, { "b", 1 } };
	SAY(writev(p[1], v, 2));
	SAY(syscall(SYS_tee, p[0], p[1], 1, 0));
}

CASE(pipe_wrong_end, "the ends have one direction")
{
	make(0);
	SAY(write(p[0], "x", 1));
	SAY(read(p[1], block, 1));
	SAY(write(p[0], "x", 0));
	SAY(read(p[1], block, 0));
	say("flags %o %o", fcntl(p[0], F_GETFL) & O_ACCMODE, fcntl(p[1], F_GETFL) & O_ACCMODE);
}

CASE(pipe_no_positions, "what has no position says ESPIPE")
{
	make(0);
	write(p[1], "abc", 3);
	SAY(lseek(p[0], 0, SEEK_CUR));
	SAY(lseek(p[0], 0, SEEK_END));
	SAY(lseek(p[1], 1, SEEK_SET));
	SAY(pread(p[0], block, 1, 0));
	SAY(pwrite(p[1], block, 1, 0));
	SAY(ftruncate(p[1], 0));
	SAY(fsync(p[1]));
	SAY(fdatasync(p[0]));
	SAY(posix_fadvise(p[0], 0, 0, 0));
	SAY(syscall(SYS_fallocate, p[1], 0, 0, 0, 10, 0));
	SAY(syscall(SYS_readahead, p[0], 0, 0, 10));
	SAY(syscall(SYS_sync_file_range, p[1], 0, 0, 0, 0, 0));
	SAY(readable(p[0]));
}

CASE(pipe_flags, "pipe2 knows its flags")
{
	int q[2] = { -5, -5 };

	SAY(syscall(SYS_pipe2, q, O_APPEND));
	SAY(syscall(SYS_pipe2, q, O_SYNC));
	SAY(syscall(SYS_pipe2, q, O_RDWR));
	SAY(syscall(SYS_pipe2, q, -1));
	say("untouched %d %d", q[0], q[1]);
	SAY(syscall(SYS_pipe2, NULL, 0));
	SAY(syscall(SYS_pipe2, (void *)-4096l, 0));
	SAY(pipe2(q, O_CLOEXEC | O_NONBLOCK));
	say("cloexec %d %d, nonblock %d %d", fcntl(q[0], F_GETFD), fcntl(q[1], F_GETFD), !!(fcntl(q[0], F_GETFL) & O_NONBLOCK),
	    !!(fcntl(q[1], F_GETFL) & O_NONBLOCK));
}

CASE(pipe_failed_copy_leaves_no_descriptors, "a bad address for the numbers: no descriptors stay open")
{
	int before = dup(0), after;

	close(before);
	SAY(syscall(SYS_pipe, (void *)8));
	after = dup(0);
	say("same next descriptor: %d", before == after);
}

CASE(pipe_fill_by_bytes, "bytes written one by one share pages")
{
	int n = 0;

	make(O_NONBLOCK);
	while (write(p[1], "x", 1) == 1)
		n++;
	say("holds %d, then %s", n, strerror(errno));
	say("readable %d, at the writer %d", readable(p[0]), readable(p[1]));
}

CASE(pipe_fill_by_blocks, "how many writes of each size a pipe takes")
{
	static const int sizes[] = { 2, 100, 1000, 2048, 2049, 3000, 4095, 4096, 4097, 5000, 8192, 65536, 65537 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		long total = 0, n, count = 0;

		make(O_NONBLOCK);
		while ((n = write(p[1], block, (size_t)sizes[i])) > 0) {
			total += n;
			count++;
		}
		say("size %d: %ld writes, %ld bytes, then %s", sizes[i], count, total, strerror(errno));
		close(p[0]);
		close(p[1]);
	}
}

CASE(pipe_small_writes_are_whole, "up to PIPE_BUF nothing or all is written; more may be written in part")
{
	make(O_NONBLOCK);
	SAY(write(p[1], block, 65536 - 4096));
	SAY(write(p[1], block, 4095));
	SAY(write(p[1], block, 2));
	SAY(write(p[1], block, 1));
	SAY(write(p[1], block, 1));
	SAY(read(p[0], block, 4095));
	SAY(write(p[1], block, 2));
	SAY(read(p[0], block, 1));
	SAY(write(p[1], block, 4096));
	SAY(write(p[1], block, 1));
	SAY(read(p[0], block, 8192));
	SAY(write(p[1], block, 10000));
	SAY(write(p[1], block, 10000));
}

CASE(pipe_merging, "a write goes on in the last page when it fits there")
{
	make(O_NONBLOCK);
	for (int i = 0; i < 15; i++)
		write(p[1], block, 4096);
	SAY(write(p[1], block, 100));
	SAY(write(p[1], block, 3996));
	SAY(write(p[1], block, 1));
	SAY(readable(p[0]));
	SAY(read(p[0], block, 65536));
	for (int i = 0; i < 15; i++)
		write(p[1], block, 4096);
	SAY(write(p[1], block, 4000));
	SAY(write(p[1], block, 97));
	SAY(write(p[1], block, 5000));
	SAY(readable(p[0]));
}

CASE(pipe_merge_after_reading, "what was read makes no room in front of the last page")
{
	make(O_NONBLOCK);
	for (int i = 0; i < 16; i++)
		write(p[1], block, 4096);
	SAY(read(p[0], block, 2048));
	SAY(write(p[1], block, 2048));
	SAY(read(p[0], block, 2048));
	SAY(write(p[1], block, 2048));
	SAY(write(p[1], block, 2048));
	SAY(write(p[1], block, 1));
}

CASE(pipe_big_blocking_write, "a blocking write of more than the pipe holds returns when all is read")
{
	int status;

	make(0);
	pid_t pid = fork();
	if (!pid) {
		close(p[0]);
		_exit(write(p[1], block, sizeof(block)) == (ssize_t)sizeof(block) ? 0 : 1);
	}
	close(p[1]);
	long total = 0, n;
	while ((n = read(p[0], block, 1000)) > 0)
		total += n;
	waitpid(pid, &status, 0);
	say("read %ld, end %ld", total, n);
	say_status("writer", status);
}

CASE(pipe_writer_dies_of_sigpipe_in_the_middle, "readers go away while a writer waits: what was written counts, the signal comes")
{
	int status;

	make(0);
	pid_t pid = fork();
	if (!pid) {
		close(p[0]);
		signal(SIGPIPE, SIG_IGN);
		ssize_t n = write(p[1], block, sizeof(block));
		say("write %d", (int)n);
		n = write(p[1], block, 1);
		say("again %d %s", (int)n, strerror(errno));
		_exit(0);
	}
	close(p[1]);
	while (readable(p[0]) < 65536)
		sleep_ms(2);
	close(p[0]);
	waitpid(pid, &status, 0);
	say_status("writer", status);
}

CASE(pipe_sizes, "F_SETPIPE_SZ rounds up to a power of two of pages")
{
	static const int sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 12288, 65536, 65537, 100000, 1 << 20 };

	make(O_NONBLOCK);
	SAY(fcntl(p[0], F_GETPIPE_SZ));
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		say("set %d: %d, at the other end %d", sizes[i], fcntl(p[0], F_SETPIPE_SZ, sizes[i]), fcntl(p[1], F_GETPIPE_SZ));
	SAY(fcntl(p[0], F_SETPIPE_SZ, -1));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 0x80000001u));
	SAY(fcntl(p[0], F_GETPIPE_SZ));
}

CASE(pipe_size_busy, "a pipe does not become smaller than what is in it")
{
	make(O_NONBLOCK);
	SAY(write(p[1], block, 8193));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 4096));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 8192));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 16384));
	SAY(write(p[1], block, 20000));
	SAY(read(p[0], block, 8193));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 8192));
	SAY(readable(p[0]));
	SAY(read(p[0], block, 70000));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 4096));
	SAY(write(p[1], block, 5000));
}

CASE(pipe_size_makes_room, "a larger pipe takes more at once, and poll says so")
{
	make(O_NONBLOCK);
	SAY(fcntl(p[1], F_SETPIPE_SZ, 4096));
	SAY(write(p[1], block, 4096));
	say_poll("full", p[1]);
	SAY(fcntl(p[0], F_SETPIPE_SZ, 8192));
	say_poll("larger", p[1]);
	SAY(write(p[1], block, 5000));
}

CASE_ROOT(pipe_size_of_user, "more than the limit is for the superuser")
{
	make(O_NONBLOCK);
	if (setresuid(1000, 1000, 1000))
		say("setresuid failed");
	SAY(fcntl(p[1], F_SETPIPE_SZ, 4 << 20));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 1 << 20));
	SAY(fcntl(p[1], F_SETPIPE_SZ, 2 << 20));
	SAY(fcntl(p[1], F_GETPIPE_SZ));
}

CASE(pipe_size_of_others, "only pipes have a pipe's size")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	SAY(fcntl(fd, F_GETPIPE_SZ));
	SAY(fcntl(fd, F_SETPIPE_SZ, 4096));
	SAY(fcntl(99, F_GETPIPE_SZ));
	fd = open("/dev/null", O_RDWR);
	SAY(fcntl(fd, F_GETPIPE_SZ));
	make(0);
	SAY(fcntl(p[0], F_SETLEASE, F_RDLCK));
}

CASE(pipe_fionread, "FIONREAD and what other ioctls say")
{
	int n = 77;

	make(0);
	SAY(readable(p[0]));
	write(p[1], "hello", 5);
	SAY(readable(p[0]));
	SAY(readable(p[1]));
	SAY(ioctl(p[0], FIONREAD, NULL));
	SAY(ioctl(p[0], TIOCOUTQ, &n));
	SAY(ioctl(p[0], 0x12345678, &n));
	SAY(isatty(p[0]));
	n = 1;
	SAY(ioctl(p[0], FIONBIO, &n));
	read(p[0], block, 5);
	SAY(read(p[0], block, 5));
	n = 0;
	SAY(ioctl(p[0], FIONBIO, &n));
	SAY(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	SAY(ioctl(p[0], FIOCLEX));
	SAY(fcntl(p[0], F_GETFD));
	SAY(ioctl(p[0], FIONCLEX));
	SAY(fcntl(p[0], F_GETFD));
}

CASE(pipe_poll_states, "poll of both ends: empty, some, full, without writers, without readers")
{
	make(O_NONBLOCK);
	say_poll("empty, reader", p[0]);
	say_poll("empty, writer", p[1]);
	write(p[1], block, 1);
	say_poll("some, reader", p[0]);
	say_poll("some, writer", p[1]);
	while (write(p[1], block, 4096) > 0)
		;
	say_poll("full, reader", p[0]);
	say_poll("full, writer", p[1]);
	read(p[0], block, 1);
	say_poll("one slot free, writer", p[1]);
	close(p[1]);
	say_poll("no writer, some", p[0]);
	while (read(p[0], block, sizeof(block)) > 0)
		;
	say_poll("no writer, empty", p[0]);
	close(p[0]);
	make(O_NONBLOCK);
	close(p[0]);
	say_poll("no reader, room", p[1]);
	close(p[1]);
	make(O_NONBLOCK);
	while (write(p[1], block, 4096) > 0)
		;
	close(p[0]);
	say_poll("no reader, full", p[1]);
}

CASE(pipe_part_of_a_page_is_no_room, "a page half read still takes its slot")
{
	make(O_NONBLOCK);
	while (write(p[1], block, 4096) > 0)
		;
	SAY(read(p[0], block, 4095));
	say_poll("writer", p[1]);
	SAY(write(p[1], block, 1));
	SAY(read(p[0], block, 1));
	say_poll("writer", p[1]);
	SAY(write(p[1], block, 1));
}

CASE(pipe_vectors, "readv and writev scatter and gather; a bad piece in the middle cuts")
{
	char a[3], b[4];
	struct iovec w[3] = { { "one", 3 }, { NULL, 0 }, { "two", 3 } }, r[2] = { { a, 3 }, { b, 4 } };
	struct iovec bad[2] = { { "good", 4 }, { (void *)16, 4 } };

	make(O_NONBLOCK);
	SAY(writev(p[1], w, 3));
	SAY(readv(p[0], r, 2));
	say("%.3s %.3s", a, b);
	SAY(writev(p[1], bad + 1, 1));
	SAY(write(p[1], (void *)16, 4));
	SAY(readable(p[0]));
	SAY(writev(p[1], w, -1));
	SAY(writev(p[1], w, 1025));
	SAY(readv(p[0], NULL, 1));
	w[1].iov_len = (size_t)-1;
	SAY(writev(p[1], w, 3));
	SAY(readable(p[0]));
}

CASE(pipe_bad_reader_memory, "a reader with bad memory takes nothing away")
{
	make(O_NONBLOCK);
	write(p[1], "abcdef", 6);
	SAY(read(p[0], (void *)16, 6));
	SAY(readable(p[0]));
	SAY(read(p[0], block, 6));
	SAY(read(p[0], (void *)16, 6));
}

CASE(pipe_reopened, "/proc/self/fd opens a pipe again, in either direction")
{
	char path[40];

	make(0);
	sprintf(path, "/proc/self/fd/%d", p[0]);
	int w = open(path, O_WRONLY), r = open(path, O_RDONLY | O_NONBLOCK), rw;
	say("opened %d %d", w >= 0, r >= 0);
	SAY(write(w, "abc", 3));
	SAY(read(r, block, 10));
	SAY(read(r, block, 10));
	close(p[1]);
	SAY(read(r, block, 10));
	close(w);
	SAY(read(r, block, 10));
	rw = open(path, O_RDWR);
	say("opened %d", rw >= 0);
	SAY(write(rw, "xyz", 3));
	SAY(read(rw, block, 10));
	SAY(read(r, block, 10));
	SAY(fcntl(r, F_GETFL) & O_NONBLOCK);
}

CASE(pipe_link_text, "/proc/self/fd of both ends names one pipe")
{
	char path[40], a[64], b[64];
	struct stat s, t;

	make(0);
	sprintf(path, "/proc/self/fd/%d", p[0]);
	ssize_t n = readlink(path, a, 63), m;
	sprintf(path, "/proc/self/fd/%d", p[1]);
	m = readlink(path, b, 63);
	say("same %d, begins %.6s", n == m && n > 0 && !memcmp(a, b, (size_t)n), a);
	fstat(p[0], &s);
	fstat(p[1], &t);
	say("same inode %d, mode %o, links %d, size %d, blocks %d", s.st_ino == t.st_ino, s.st_mode, (int)s.st_nlink, (int)s.st_size,
	    (int)s.st_blocks);
	SAY(fchmod(p[0], 0640));
	fstat(p[1], &t);
	say("mode %o", t.st_mode);
}

CASE(pipe_packets, "O_DIRECT: every write is a packet, what a read does not take is lost")
{
	make(O_DIRECT | O_NONBLOCK);
	say("flags %d %d", !!(fcntl(p[0], F_GETFL) & O_DIRECT), !!(fcntl(p[1], F_GETFL) & O_DIRECT));
	SAY(write(p[1], "abcdef", 6));
	SAY(write(p[1], "gh", 2));
	SAY(readable(p[0]));
	SAY(read(p[0], block, 3));
	SAY(read(p[0], block, 100));
	SAY(read(p[0], block, 100));
	SAY(write(p[1], block, 5000));
	SAY(read(p[0], block, 70000));
	SAY(read(p[0], block, 70000));
	int n = 0;
	while (write(p[1], "x", 1) == 1)
		n++;
	say("packets held: %d", n);
	SAY(write(p[1], block, 0));
	SAY(read(p[0], block, 0));
	SAY(readable(p[0]));
}

CASE(pipe_packet_mode_later, "F_SETFL turns packets on for what is written after it")
{
	make(O_NONBLOCK);
	SAY(write(p[1], "ab", 2));
	SAY(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	SAY(write(p[1], "cd", 2));
	SAY(write(p[1], "ef", 2));
	SAY(read(p[0], block, 100));
	SAY(read(p[0], block, 100));
	SAY(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SAY(write(p[1], "gh", 2));
	SAY(write(p[1], "ij", 2));
	SAY(read(p[0], block, 100));
}

CASE(pipe_nonblock_is_of_the_open_file, "dup shares O_NONBLOCK, the other end does not")
{
	make(0);
	int d = dup(p[0]);
	SAY(fcntl(d, F_SETFL, O_NONBLOCK));
	say("%d %d %d", !!(fcntl(p[0], F_GETFL) & O_NONBLOCK), !!(fcntl(d, F_GETFL) & O_NONBLOCK), !!(fcntl(p[1], F_GETFL) & O_NONBLOCK));
	SAY(read(p[0], block, 1));
	close(p[1]);
	SAY(read(d, block, 1));
}

CASE(pipe_last_writer, "end of file only after the last copy of the writing end is closed")
{
	make(O_NONBLOCK);
	int d = dup(p[1]);
	close(p[1]);
	SAY(read(p[0], block, 1));
	SAY(write(d, "z", 1));
	close(d);
	SAY(read(p[0], block, 5));
	SAY(read(p[0], block, 5));
}

CASE(pipe_preadv2_flags, "RWF_NOWAIT on a pipe")
{
	struct iovec v = { block, 10 };

	make(0);
	SAY(syscall(SYS_preadv2, p[0], &v, 1, -1, -1, 8));
	write(p[1], "abc", 3);
	SAY(syscall(SYS_preadv2, p[0], &v, 1, -1, -1, 8));
	SAY(syscall(SYS_preadv2, p[0], &v, 1, -1, -1, 0x1000));
	SAY(syscall(SYS_preadv2, p[0], &v, 1, 0, 0, 0));
	SAY(syscall(SYS_pwritev2, p[1], &v, 1, -1, -1, 0));
	SAY(readable(p[0]));
}

CASE(pipe_locks, "an end can be locked; POSIX locks look at its direction")
{
	make(0);
	SAY(flock(p[0], 2));
	SAY(flock(p[0], 8));
	struct flock l = { .l_type = F_RDLCK };
	SAY(fcntl(p[0], F_SETLK, &l));
	l.l_type = F_WRLCK;
	SAY(fcntl(p[0], F_SETLK, &l));
}
