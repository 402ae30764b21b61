/* read, write and their kin: counts, positions, vectors, faults. */
#include "cases.h"
#include <sys/sendfile.h>

static char page_[4096 * 3] __attribute__((aligned(4096)));

/* Two pages of which the second is not there. */
static char *half(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p + 4096, 4096);
	return p;
}

CASE(zero_length, "reads and writes of nothing: errors come first, nothing is changed")
{
	int r, w;
	struct stat st;

	put("f", "abc");
	r = open("f", O_RDONLY);
	w = open("f", O_WRONLY);
	SAY(read(r, NULL, 0));
	SAY(write(w, NULL, 0));
	SAY(write(r, "x", 0));
	SAY(read(w, page_, 0));
	SAY(read(999, page_, 0));
	SAY(pread(r, NULL, 0, 100));
	SAY(pread(r, NULL, 0, -1));
	SAY(pwrite(w, NULL, 0, 1000));
	SAY(readv(r, NULL, 0));
	SAY(writev(w, (struct iovec[]){ { NULL, 0 }, { NULL, 0 } }, 2));
	fstat(w, &st);
	say("size %d", (int)st.st_size);
	SAY(read(open(".", O_RDONLY), page_, 0));
	SAY(read(open(".", O_RDONLY), page_, 10));
	SAY(write(open(".", O_RDONLY), page_, 10));
	SAY(pread(open(".", O_RDONLY), page_, 10, 0));
}

CASE(append_pwrite, "pwrite on O_APPEND appends whatever its offset; the position is not moved by it")
{
	int fd;

	put("f", "start");
	fd = open("f", O_RDWR | O_APPEND);
	SAY(pwrite(fd, "XY", 2, 0));
	show_file("f");
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(write(fd, "Z", 1));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(lseek(fd, 1, SEEK_SET));
	SAY(read(fd, page_, 2));
	say("%.2s", page_);
	SAY(pwritev(fd, (struct iovec[]){ { "vv", 2 } }, 1, 0));
	show_file("f");
	SAY(fcntl(fd, F_SETFL, 0));
	SAY(pwrite(fd, "AB", 2, 0));
	show_file("f");
	SAY(fcntl(fd, F_SETFL, O_APPEND));
	SAY(write(fd, "end", 3));
	show_file("f");
}

CASE(offsets, "negative offsets, the greatest, sums beyond it")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	SAY(pread(fd, page_, 1, -1));
	SAY(pwrite(fd, page_, 1, -1));
	SAY(pread(fd, page_, 1, INT64_MAX));
	SAY(pread(fd, page_, 100, INT64_MAX - 50));
	SAY(pwrite(fd, page_, 1, INT64_MAX));
	SAY(pwrite(fd, page_, 100, INT64_MAX - 50));
	SAY(lseek(fd, INT64_MAX, SEEK_SET) >= 0 || errno == EINVAL); /* what the file system allows */
	SAY(preadv(fd, (struct iovec[]){ { page_, 1 } }, 1, -1));
	SAY(preadv(fd, (struct iovec[]){ { page_, 1 } }, 1, INT64_MIN));
	SAY(pwritev(fd, (struct iovec[]){ { page_, 1 } }, 1, -5));
	SAY(pwrite(fd, NULL, 0, INT64_MAX));
	show_file("f");
}

CASE(iovec_counts, "0, 1024 and 1025 vectors, -1, NULL")
{
	static struct iovec v[1025];
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	for (int i = 0; i < 1025; i++)
		v[i] = (struct iovec){ "ab", 2 };
	SAY(writev(fd, v, 0));
	SAY(writev(fd, v, 1024));
	SAY(writev(fd, v, 1025));
	SAY(writev(fd, v, -1));
	SAY(writev(fd, NULL, 1));
	SAY(writev(fd, (void *)-4096, 1));
	SAY(writev(-1, v, 1025));
	SAY(pwritev(fd, v, 1025, 0));
	SAY(readv(fd, v, 1025));
	SAY(preadv(fd, v, -1, 0));
	SAY(lseek(fd, 0, SEEK_END));
	SAY(process_vm_readv(getpid(), v, 1025, v, 1, 0) == -1);
}

CASE(iovec_sums, "vector lengths: negative, more together than a count can say")
{
	struct iovec v[3] = { { page_, 10 }, { page_, (size_t)-1 }, { page_, 10 } };
	int fd;

	put("f", "abcdefghij");
	fd = open("f", O_RDWR);
	SAY(writev(fd, v, 3));
	SAY(readv(fd, v, 3));
	SAY(lseek(fd, 0, SEEK_CUR));
	v[1].iov_len = 0x7fffffff;
	SAY(readv(fd, v, 3));
	show_file("f");
	v[1].iov_len = 0x80000000;
	SAY(readv(fd, v, 3));
	v[0].iov_len = v[1].iov_len = v[2].iov_len = 0x60000000;
	lseek(fd, 0, SEEK_SET);
	SAY(readv(fd, v, 3));
}

CASE(big_counts, "counts of nearly 2 GiB end at the end of the file")
{
	int fd;

	put("f", "abcdefghij");
	fd = open("f", O_RDWR);
	SAY(read(fd, page_, 0x7fffffff));
	SAY(read(fd, page_, 0x7fffffff));
	lseek(fd, 0, SEEK_SET);
	SAY(pread(fd, page_, 0x7fffffff, 4));
}

CASE(fault_write, "writing from memory that ends: what can be read is written")
{
	char *p = half();
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	memset(p, 'a', 4096);
	SAY(write(fd, p + 4090, 20));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(write(fd, p + 4096, 20));
	SAY(write(fd, p, 8192));
	SAY(lseek(fd, 0, SEEK_END));
	SAY(write(fd, (void *)16, 4));
	SAY(write(fd, (void *)0xc0001000, 4));
	SAY(write(fd, (void *)-1, 4));
	SAY(lseek(fd, 0, SEEK_END));
}

CASE(fault_read, "reading into memory that ends")
{
	char *p = half();
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	memset(page_, 'q', sizeof(page_));
	SAY(write(fd, page_, sizeof(page_)));
	lseek(fd, 0, SEEK_SET);
	SAY(read(fd, p + 4090, 20));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(read(fd, p + 4096, 20));
	SAY(read(fd, p, 8192));
	SAY(lseek(fd, 0, SEEK_CUR));
	mprotect(p, 4096, PROT_READ);
	SAY(read(fd, p, 10));
	SAY(read(fd, (void *)0xc0001000, 4));
	SAY(pread(fd, p + 5000, 10, 1 << 30));
}

CASE(fault_vectors, "a fault in the second vector")
{
	char *p = half();
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	struct iovec v[3] = { { "first", 5 }, { p + 4096, 10 }, { "third", 5 } };

	SAY(writev(fd, v, 3));
	show_file("f");
	v[1].iov_base = NULL;
	SAY(writev(fd, v, 3));
	v[0] = (struct iovec){ page_, 3 };
	v[1] = (struct iovec){ p + 4096, 10 };
	v[2] = (struct iovec){ page_ + 3, 3 };
	lseek(fd, 0, SEEK_SET);
	SAY(readv(fd, v, 3));
	say("%.6s", page_);
	SAY(lseek(fd, 0, SEEK_CUR));
	v[0].iov_base = NULL;
	SAY(readv(fd, v, 1));
	v[0].iov_len = 0;
	SAY(readv(fd, v, 1));
}

CASE(fault_overlap, "writing a file from its own mapping")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	char *p;

	for (int i = 0; i < 4096; i++)
		page_[i] = (char)('a' + i % 26);
	write(fd, page_, 4096);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SAY(pwrite(fd, p, 100, 1000));
	say("%.26s", p + 1000);
	SAY(pwrite(fd, p, 4096, 4096));
	say("%.10s", p + 4096);
	SAY(pread(fd, p + 50, 26, 4096));
	say("%.26s", p + 50);
	lseek(fd, 0, SEEK_SET);
	SAY(read(fd, p, 4096));
	SAY(pwrite(fd, p, 4096, 0));
	say("%.26s", p);
}

CASE(v2_flags, "preadv2 and pwritev2: flags, offset -1")
{
	struct iovec w = { "hello", 5 }, r = { page_, 5 };
	int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];

	SAY(pwritev2(fd, &w, 1, -1, 0));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwritev2(fd, &w, 1, 0, RWF_APPEND));
	SAY(lseek(fd, 0, SEEK_CUR));
	show_file("f");
	SAY(pwritev2(fd, &w, 1, -1, RWF_APPEND));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwritev2(fd, &w, 1, 0, RWF_SYNC));
	SAY(pwritev2(fd, &w, 1, 0, RWF_DSYNC));
	SAY(pwritev2(fd, &w, 1, 0, 0x4000));
	SAY(preadv2(fd, &r, 1, 0, 0x4000));
	SAY(preadv2(fd, &r, 1, -1, 0));
	SAY(preadv2(fd, &r, 1, -2, 0));
	SAY(preadv2(fd, &r, 1, 2, RWF_HIPRI) == 5 || errno == EOPNOTSUPP);
	SAY(preadv2(fd, &r, 1, 0, RWF_NOWAIT) == 5 || errno == EOPNOTSUPP || errno == EAGAIN);
	SAY(preadv2(fd, &r, 1025, 0, 0));
	pipe(p);
	SAY(preadv2(p[0], &r, 1, 0, 0));
	SAY(pwritev2(p[1], &w, 1, -1, 0));
	SAY(preadv2(p[0], &r, 1, -1, 0));
	SAY(preadv2(p[0], &r, 1, -1, RWF_NOWAIT));
}

CASE(hole_reads, "reads of holes and across the end")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), zero = 1;
	ssize_t n;

	SAY(pwrite(fd, "end", 3, 100000));
	SAY(pread(fd, page_, 10, 99995));
	say("%d %d %.3s", page_[0], page_[4], page_ + 5);
	SAY(pread(fd, page_, 10, 100003));
	SAY(pread(fd, page_, 10, 100004));
	memset(page_, 'x', sizeof(page_));
	n = pread(fd, page_, sizeof(page_), 50000);
	for (int i = 0; i < n; i++)
		zero &= !page_[i];
	say("%d bytes, all zero %d", (int)n, zero);
	SAY(pwrite(fd, "mid", 3, 50000));
	SAY(pread(fd, page_, 5, 49999));
	say("%d %.3s %d", page_[0], page_ + 1, page_[4]);
	SAY(lseek(fd, 200000, SEEK_SET));
	SAY(read(fd, page_, 10));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(lseek(fd, 0, SEEK_END));
}

CASE(file_size_limit, "RLIMIT_FSIZE: a write is cut at it, then SIGXFSZ and EFBIG")
{
	struct rlimit l = { 10, 10 };
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	catch_signal(SIGXFSZ, 0);
	SAY(setrlimit(RLIMIT_FSIZE, &l));
	SAY(write(fd, "0123456789abcdef", 16));
	SAY(write(fd, "x", 1));
	SAY(pwrite(fd, "xx", 2, 9));
	SAY(pwrite(fd, "xx", 2, 10));
	SAY(write(fd, "", 0));
	SAY(ftruncate(fd, 11));
	SAY(ftruncate(fd, 10));
	SAY(truncate("f", 100));
	SAY(lseek(fd, 100, SEEK_SET));
	SAY(writev(fd, (struct iovec[]){ { "ab", 2 } }, 1));
	show_file("f");
	signal(SIGXFSZ, SIG_IGN);
	SAY(write(fd, "x", 1));
	IN_CHILD {
		signal(SIGXFSZ, SIG_DFL);
		write(fd, "x", 1);
	}
}

CASE(fallocate_limit, "fallocate and RLIMIT_FSIZE")
{
	struct rlimit l = { 10, 10 };
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	catch_signal(SIGXFSZ, 0);
	SAY(setrlimit(RLIMIT_FSIZE, &l));
	SAY(fallocate(fd, 0, 0, 20));
	show_file("f");
}

CASE(large_file_flag, "without O_LARGEFILE a file stops at 2 GiB")
{
	int fd = (int)syscall(SYS_open, "f", O_RDWR | O_CREAT & ~O_LARGEFILE, 0600), big;
	struct { unsigned int words[24]; } old;

	catch_signal(SIGXFSZ, 0);
	SAY(pwrite(fd, "ab", 2, 0x7ffffffd));
	SAY(pwrite(fd, "ab", 2, 0x7ffffffe));
	SAY(pwrite(fd, "ab", 2, 0x7fffffff));
	SAY(pwrite(fd, "ab", 2, 0x80000000ll));
	SAY(syscall(SYS_ftruncate, fd, 0x7fffffff));
	big = open("f", O_RDWR | O_LARGEFILE);
	SAY(pwrite(big, "ab", 2, 0x80000000ll));
	SAY(syscall(SYS_open, "f", O_RDONLY));
	SAY(syscall(SYS_open, "f", O_RDONLY | O_PATH) > 0);
	SAY(syscall(106, "f", &old)); /* stat with 32 bits of size */
	SAY(syscall(108, fd, &old));
	SAY(lseek(big, 0, SEEK_END));
	SAY(syscall(SYS_lseek, big, 0, SEEK_SET));
	SAY(ftruncate(big, 0));
}

CASE(direct_alignment, "O_DIRECT: unaligned offset, length, address")
{
	int fd = open("f", O_RDWR | O_CREAT | O_DIRECT, 0600), odd;

	if (fd < 0) {
		say("not on this file system");
		return;
	}
	say("not on this file system"); /* the same words where it is: only what goes wrong is told */
	odd = pwrite(fd, page_, 100, 0) == -1 ? errno : 0;
	if (odd && odd != EINVAL)
		say("length: %s", strerror(odd));
	odd = pwrite(fd, page_ + 1, 4096, 0) == -1 ? errno : 0;
	if (odd && odd != EINVAL)
		say("address: %s", strerror(odd));
	if (pwrite(fd, page_, 4096, 0) != 4096)
		say("aligned: %s", strerror(errno));
	if (pread(fd, page_, 8192, 0) != 4096)
		say("end: %s", strerror(errno));
	if (pread(fd, page_, 4096, 4096) != 0)
		say("at the end: %s", strerror(errno));
	if (pread(fd, page_, 4096, 8192) != 0)
		say("behind the end: %s", strerror(errno));
}

CASE(direct_mixed, "what O_DIRECT writes is read through the cache and the other way round")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), direct = open("f", O_RDWR | O_DIRECT);

	if (direct < 0)
		direct = open("f", O_RDWR);
	memset(page_, 'c', 4096);
	SAY(write(fd, page_, 4096));
	memset(page_, 'd', 4096);
	SAY(pwrite(direct, page_, 4096, 0));
	SAY(pread(fd, page_, 10, 0));
	say("%.10s", page_);
	memset(page_, 'e', 4096);
	SAY(pwrite(fd, page_, 2000, 1000));
	SAY(pread(direct, page_, 4096, 0));
	say("%.2s %.2s", page_ + 998, page_ + 1000);
	SAY(pwrite(direct, page_, 4096, 12288));
	SAY(lseek(fd, 0, SEEK_END));
	SAY(pread(fd, page_, 5, 8190));
	say("%d", page_[0]);
	SAY(fcntl(fd, F_SETFL, O_DIRECT) == 0 || errno == EINVAL);
}

CASE(sync_flags, "O_SYNC, O_DSYNC, fsync, fdatasync, sync_file_range, syncfs on what they can and cannot take")
{
	int fd = open("f", O_RDWR | O_CREAT | O_SYNC, 0600), p[2];

	SAY(fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC));
	SAY(write(fd, "abc", 3));
	SAY(fcntl(fd, F_SETFL, 0));
	SAY(fcntl(fd, F_GETFL) & O_SYNC ? 1 : 0);
	SAY(fsync(fd));
	SAY(fdatasync(fd));
	SAY(syncfs(fd));
	SAY(syncfs(999));
	SAY(fsync(999));
	pipe(p);
	SAY(fsync(p[0]));
	SAY(fdatasync(p[1]));
	SAY(fsync(open(".", O_RDONLY)));
	SAY(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	SAY(sync_file_range(fd, -1, 0, SYNC_FILE_RANGE_WRITE));
	SAY(sync_file_range(fd, 0, -1, SYNC_FILE_RANGE_WRITE));
	SAY(sync_file_range(fd, 0, 0, 0x100));
	SAY(sync_file_range(p[0], 0, 0, 0));
	SAY(sync_file_range(fd, 100, 5000, 7));
	SAY(readahead(fd, 0, 100));
	SAY(readahead(p[0], 0, 100));
	SAY(readahead(open("f", O_WRONLY), 0, 100));
	SAY(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	SAY(posix_fadvise(fd, 0, 0, 77));
	SAY(posix_fadvise(p[0], 0, 0, 0));
	SAY(posix_fadvise(999, 0, 0, 0));
	SAY(posix_fadvise(fd, 0, -1, 0));
}

CASE(sendfile_corners, "sendfile: offsets, ends, wrong kinds of files")
{
	int in, out = open("out", O_RDWR | O_CREAT, 0600), p[2];
	off_t at = 2;

	put("in", "0123456789");
	in = open("in", O_RDONLY);
	pipe(p);
	SAY(sendfile(out, in, &at, 3));
	say("at %d", (int)at);
	SAY(lseek(in, 0, SEEK_CUR));
	SAY(sendfile(out, in, NULL, 4));
	SAY(lseek(in, 0, SEEK_CUR));
	SAY(sendfile(out, in, NULL, 1000));
	SAY(sendfile(out, in, NULL, 1000));
	at = 100;
	SAY(sendfile(out, in, &at, 10));
	at = -1;
	SAY(sendfile(out, in, &at, 10));
	SAY(sendfile(out, in, (off_t *)16, 10));
	SAY(sendfile(out, 999, NULL, 10));
	SAY(sendfile(999, in, NULL, 10));
	SAY(sendfile(in, out, NULL, 10));
	SAY(sendfile(out, open("out", O_WRONLY), NULL, 10));
	SAY(sendfile(out, in, NULL, 0));
	at = 0;
	SAY(sendfile(p[1], in, &at, 10));
	SAY(sendfile(out, p[0], NULL, 4));
	at = 0;
	SAY(sendfile(out, p[0], &at, 4));
	SAY(sendfile(out, open(".", O_RDONLY), NULL, 10));
	SAY(sendfile(open("out", O_WRONLY | O_APPEND), in, NULL, 10));
	show_file("out");
	at = 0;
	SAY(sendfile(open("/dev/null", O_WRONLY), in, &at, 100));
}

CASE(copy_range, "copy_file_range: offsets, overlap, ends, kinds")
{
	int in, out = open("out", O_RDWR | O_CREAT, 0600), p[2];
	off_t a = 2, b = 5;

	put("in", "0123456789");
	in = open("in", O_RDWR);
	pipe(p);
	SAY(copy_file_range(in, &a, out, &b, 4, 0));
	say("at %d, %d", (int)a, (int)b);
	show_file("out");
	SAY(copy_file_range(in, NULL, out, NULL, 3, 0));
	SAY(lseek(in, 0, SEEK_CUR));
	SAY(lseek(out, 0, SEEK_CUR));
	SAY(copy_file_range(in, NULL, out, NULL, 1000, 0));
	SAY(copy_file_range(in, NULL, out, NULL, 1000, 0));
	SAY(copy_file_range(in, NULL, out, NULL, 10, 1));
	SAY(copy_file_range(in, NULL, p[1], NULL, 10, 0));
	SAY(copy_file_range(p[0], NULL, out, NULL, 10, 0));
	SAY(copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 10, 0));
	SAY(copy_file_range(in, NULL, open("in", O_RDONLY), NULL, 10, 0));
	SAY(copy_file_range(open("in", O_WRONLY), NULL, out, NULL, 10, 0));
	SAY(copy_file_range(in, NULL, open("out", O_WRONLY | O_APPEND), NULL, 10, 0));
	a = 0, b = 3;
	SAY(copy_file_range(in, &a, in, &b, 5, 0));
	a = 0, b = 5;
	SAY(copy_file_range(in, &a, in, &b, 5, 0));
	show_file("in");
	a = 5, b = 0;
	SAY(copy_file_range(in, &a, in, &b, 5, 0));
	a = 100;
	SAY(copy_file_range(in, &a, out, NULL, 5, 0));
	a = 0;
	SAY(copy_file_range(in, &a, out, NULL, 0, 0));
	SAY(copy_file_range(999, NULL, out, NULL, 1, 0));
	SAY(copy_file_range(in, (off_t *)16, out, NULL, 1, 0));
	show_file("out");
}

CASE(special_files, "null, zero, full, random: reads, writes, positions, mappings")
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
	char *p;

	SAY(read(null, page_, 10));
	SAY(write(null, page_, 10));
	SAY(write(null, (void *)16, 10));
	SAY(lseek(null, 100, SEEK_SET));
	SAY(lseek(null, 0, SEEK_END));
	SAY(ftruncate(null, 0));
	page_[0] = 1;
	SAY(read(zero, page_, 10));
	SAY(page_[0]);
	SAY(lseek(zero, 1000, SEEK_SET));
	SAY(pread(zero, page_, 10, 12345));
	SAY(write(zero, page_, 10));
	SAY(read(full, page_, 10));
	SAY(write(full, page_, 10));
	SAY(write(full, page_, 0));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	say("zero mapped %d %d", p != MAP_FAILED, p != MAP_FAILED && p[5000] == 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	say("zero shared %d", p != MAP_FAILED);
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0));
	SAY(fallocate(null, 0, 0, 10));
	SAY(fsync(null));
	SAY(read(zero, half() + 4090, 20));
}

CASE(positions_shared, "dup and fork share a position, open does not; two appenders do not lose data")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), d = dup(fd), o = open("f", O_RDWR), a = open("f", O_WRONLY | O_APPEND);

	SAY(write(fd, "0123456789", 10));
	SAY(lseek(d, 0, SEEK_CUR));
	SAY(lseek(o, 0, SEEK_CUR));
	IN_CHILD lseek(fd, 3, SEEK_SET);
	SAY(lseek(d, 0, SEEK_CUR));
	SAY(write(a, "A", 1));
	SAY(write(open("f", O_WRONLY | O_APPEND), "B", 1));
	SAY(write(a, "C", 1));
	show_file("f");
	SAY(dup2(o, d));
	SAY(lseek(d, 0, SEEK_CUR));
	SAY(fcntl(a, F_SETFL, 0));
	SAY(write(a, "Z", 1));
	show_file("f");
}
