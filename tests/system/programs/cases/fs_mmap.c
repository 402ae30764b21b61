/* Mappings of files. */
#include "cases.h"
#include <setjmp.h>

#define PAGE 4096

static sigjmp_buf back;
static volatile int code;

static void on_fault(int n, siginfo_t *info, void *context)
{
	(void)context;
	code = info->si_code;
	siglongjmp(back, n);
}

/* "ok", or the signal and its code, of a read or write of a byte. */
static void touch(const char *what, volatile char *p, int write)
{
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int n;

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	n = sigsetjmp(back, 1);
	if (n) {
		say("%s: signal %d, code %d", what, n, code);
		return;
	}
	if (write)
		*p = 'w';
	else
		(void)*p;
	say("%s: ok", what);
}

static int file_of(int pages)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE];

	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i, PAGE);
		write(fd, page, PAGE);
	}
	return fd;
}

CASE(mmap_errors, "mmap's errors, in their order")
{
	int fd = file_of(2), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY), p[2];

	pipe(p);
	SAY_OK(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, 0, fd, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE, fd, 0) == MAP_FAILED); /* MAP_SHARED_VALIDATE */
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, -1, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 999, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_WRITE | PROT_READ, MAP_PRIVATE, ro, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, wo, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, wo, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100));
	SAY_OK(syscall(SYS_mmap2, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0x7fffffff));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, p[0], 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("f", O_PATH), 0));
	SAY_OK(mmap((void *)0x20000001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	SAY_OK(mmap(NULL, 0x7fffffff, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	SAY_OK(mmap(NULL, 0xfffff001, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SAY_OK(mmap(NULL, PAGE, 0x77, MAP_PRIVATE, fd, 0));
	SAY_OK(mmap(NULL, 100, PROT_READ, MAP_SHARED, fd, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | 0x10000000, fd, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, 3 | 0x8000000, fd, 0));
}

CASE(sigbus_codes, "behind the end, in a hole, after truncation, without rights")
{
	int fd = file_of(2);
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	touch("in the file", p + PAGE, 0);
	touch("behind the end", p + 2 * PAGE, 0);
	touch("behind the end, write", p + 3 * PAGE, 1);
	ftruncate(fd, 3 * PAGE + 1);
	touch("grown", p + 3 * PAGE + 100, 1);
	touch("hole", p + 2 * PAGE, 0);
	ftruncate(fd, PAGE - 1);
	touch("cut", p + PAGE, 0);
	touch("last page", p + PAGE - 1, 1);
	mprotect(p, PAGE, PROT_READ);
	touch("protected", p, 1);
	munmap(p, PAGE);
	touch("unmapped", p, 0);
	touch("null", (char *)0, 0);
	touch("kernel", (char *)0xc0100000, 0);
}

CASE(fault_in_calls, "a system call's fault behind the end of a file is EFAULT, no signal")
{
	int fd = file_of(1), out = open("out", O_RDWR | O_CREAT, 0600);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	catch_signal(SIGBUS, 0);
	SAY(write(out, p + PAGE, 10));
	SAY(write(out, p + PAGE - 5, 10));
	SAY(pread(out, p + PAGE, 5, 0));
	SAY(pread(out, p + PAGE - 3, 5, 0));
	SAY(syscall(SYS_stat64, "f", p + PAGE));
	SAY(access(p + PAGE, F_OK));
	ftruncate(fd, 0);
	SAY(write(out, p, 10));
}

CASE(private_and_shared, "who sees whose stores")
{
	int fd = file_of(1);
	char *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), c;

	say("%c %c", s[0], p[0]);
	s[0] = 'S';
	say("%c", p[0]);
	p[1] = 'P';
	s[0] = 'T';
	pwrite(fd, "W", 1, 2);
	pread(fd, &c, 1, 1);
	say("%c%c%c %c%c%c %c", s[0], s[1], s[2], p[0], p[1], p[2], c);
	IN_CHILD {
		s[3] = 'c';
		p[3] = 'c';
	}
	say("%c %c", s[3], p[3]);
	ftruncate(fd, 0);
	touch("shared", s, 0);
	touch("private copy", p, 0);
	ftruncate(fd, 10);
	say("%d", s[0]);
}

CASE(last_page_zeros, "bytes behind the end in the last page are zero and do not get into the file")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	char *p, c = 'x';

	write(fd, "12345", 5);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("%d %d", p[5], p[PAGE - 1]);
	p[4] = 'L';
	SAY(msync(p, PAGE, MS_SYNC));
	show_file("f");
	SAY(pread(fd, &c, 1, 5));
	munmap(p, PAGE);
	show_file("f");
}

CASE(unmap_parts, "unmapping the middle and the ends of a file mapping")
{
	int fd = file_of(5);
	char *p = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	SAY(munmap(p + PAGE, PAGE));
	SAY(munmap(p + 3 * PAGE, 2 * PAGE));
	say("%c %c", p[0], p[2 * PAGE]);
	touch("1", p + PAGE, 0);
	touch("3", p + 3 * PAGE, 0);
	p[2 * PAGE] = 'M';
	SAY(munmap(p, 5 * PAGE));
	pread(fd, (char *)&code, 1, 2 * PAGE);
	say("%c", *(char *)&code);
	SAY(munmap((void *)0x1000, PAGE));
	SAY(munmap(p, 0));
	SAY(munmap(p + 1, PAGE));
}

CASE(fixed_replaces, "MAP_FIXED over a mapping, MAP_FIXED_NOREPLACE beside and over one")
{
	int fd = file_of(3);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	q = mmap(p + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE);
	say("%d, %d %c %d", q == p + PAGE, p[0], p[PAGE], p[2 * PAGE]);
	q = mmap(p + PAGE, PAGE, PROT_READ, MAP_SHARED | 0x100000, fd, 0);
	say("%s", q == MAP_FAILED ? strerror(errno) : "ok");
	q = mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ, MAP_SHARED | 0x100000, fd, 0);
	say("%s", q == MAP_FAILED ? strerror(errno) : "ok");
	munmap(p, PAGE);
	q = mmap(p, PAGE, PROT_READ, MAP_SHARED | 0x100000, fd, 0);
	say("%d", q == p);
	q = mmap(p, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	say("hint taken %d", q == p);
	q = mmap(p + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 999, 0);
	say("%s; the old one stays: %c", strerror(errno), p[PAGE]);
}

CASE(msync_errors, "msync: flags, holes, addresses")
{
	int fd = file_of(3);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	SAY(msync(p, 3 * PAGE, MS_SYNC));
	SAY(msync(p, 3 * PAGE, 0));
	SAY(msync(p, 0, MS_SYNC));
	SAY(msync(p + 1, PAGE, MS_SYNC));
	SAY(msync(p, PAGE, MS_SYNC | MS_ASYNC));
	SAY(msync(p, PAGE, 0x100));
	SAY(msync(p, PAGE, MS_INVALIDATE));
	munmap(p + PAGE, PAGE);
	SAY(msync(p, 3 * PAGE, MS_SYNC));
	SAY(msync(p + PAGE, PAGE, MS_ASYNC));
	SAY(msync((void *)0xc0000000, PAGE, MS_SYNC));
	SAY(msync(p, 0xfffff000, MS_SYNC));
}

CASE(protect_rights, "mprotect of a shared mapping of what was opened for reading")
{
	int fd, ro;
	char *p, *q;

	file_of(1);
	ro = open("f", O_RDONLY);
	fd = open("f", O_RDWR);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	SAY(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	SAY(mprotect(q, PAGE, PROT_READ | PROT_WRITE));
	touch("private", q, 1);
	SAY(mprotect(p, PAGE, PROT_NONE));
	touch("none", p, 0);
	SAY(mprotect(p, PAGE, PROT_READ));
	touch("read", p, 0);
	SAY(mprotect(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE, PROT_READ | PROT_WRITE));
	SAY(mprotect(p, 0, PROT_READ));
	SAY(mprotect(p, PAGE, 0x100));
	SAY(mprotect((void *)0x1000, PAGE, PROT_READ));
}

CASE(remap_files, "mremap of file mappings: growing, shrinking, moving")
{
	int fd = file_of(4);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE), *q, *to;

	q = mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	say("%c %c %c", q[0], q[PAGE], q[2 * PAGE]);
	q = mremap(q, 3 * PAGE, PAGE, 0);
	say("%c", q[0]);
	touch("cut off", q + PAGE, 0);
	to = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p = mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE);
	say("%d %c", p == to + PAGE, p[0]);
	touch("moved away", q, 0);
	SAY_OK(mremap(p, 0, PAGE, MREMAP_MAYMOVE));
	SAY_OK(mremap(p, PAGE, 0, MREMAP_MAYMOVE));
	SAY_OK(mremap(p + 1, PAGE, PAGE, MREMAP_MAYMOVE));
	SAY_OK(mremap((void *)0x1000, PAGE, PAGE, MREMAP_MAYMOVE));
	SAY_OK(mremap(p, PAGE, PAGE, MREMAP_FIXED, to));
	SAY_OK(mremap(p, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, to + 1));
	SAY_OK(mremap(p, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, p));
	SAY_OK(mremap(p, PAGE, 2 * PAGE, 0));
	SAY_OK(mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	SAY_OK(mremap(p, PAGE, PAGE, 8));
}

CASE(closed_and_unlinked, "a mapping outlives its descriptor and its name")
{
	int fd = file_of(2);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct stat st;

	close(fd);
	p[10] = 'M';
	fd = open("f", O_RDWR);
	pread(fd, (char *)&code, 1, 10);
	say("%c", *(char *)&code);
	unlink("f");
	fstat(fd, &st);
	say("links %d", (int)st.st_nlink);
	close(fd);
	p[PAGE] = 'U';
	say("%c %c", p[10], p[PAGE]);
	SAY(msync(p, 2 * PAGE, MS_SYNC));
	SAY(munmap(p, 2 * PAGE));
}

CASE(writes_through_read, "reading a file into its own mapping's page behind the end of another")
{
	int fd = file_of(2), other = open("other", O_RDWR | O_CREAT, 0600);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	write(other, "0123456789", 10);
	SAY(pread(other, p + PAGE - 5, 10, 0));
	say("%.10s", p + PAGE - 5);
	SAY(pread(fd, p, PAGE, PAGE));
	say("%.6s", p);
	SAY(readv(fd, (struct iovec[]){ { p, 10 }, { p + 5, 10 } }, 2));
	SAY(pwrite(other, p + PAGE - 10, 20, 0));
	show_file("other");
}

CASE(mincore_and_advice, "mincore, madvise, mlock: errors")
{
	int fd = file_of(2);
	unsigned char vec[4] = { 9, 9, 9, 9 };
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)*(volatile char *)p;
	SAY(mincore(p, PAGE, vec));
	say("%d %d", vec[0], vec[1]);
	SAY(mincore(p, 0, vec));
	SAY(mincore(p + 1, PAGE, vec));
	SAY(mincore(p, PAGE, (void *)16));
	SAY(mincore((void *)0x1000, PAGE, vec));
	SAY(mincore(p, 0xfffff000, vec));
	SAY(madvise(p, PAGE, MADV_WILLNEED));
	SAY(madvise(p, PAGE, MADV_DONTNEED));
	say("%c", p[0]);
	SAY(madvise(p, PAGE, 9999));
	SAY(madvise(p + 1, PAGE, MADV_NORMAL));
	SAY(madvise(p, 0, MADV_NORMAL));
	SAY(madvise((void *)0x1000, PAGE, MADV_WILLNEED));
	SAY(mlock(p, PAGE));
	SAY(munlock(p, PAGE));
	SAY(munlock((void *)0x1000, PAGE));
	SAY(mlock(p, 0));
	SAY(syscall(SYS_mlockall, 0));
	SAY(syscall(SYS_mlockall, 99));
	SAY(munlockall());
}
