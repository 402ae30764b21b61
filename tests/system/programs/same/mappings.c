/* Mappings of files and their ends: shared and private, truncation under a mapping, msync, mremap, mincore, mlock, madvise, fork, deep stacks. */
#include "say.h"
#include <setjmp.h>
#include <sys/resource.h>

#define PAGE 4096

static sigjmp_buf back;
static volatile int fault_code;

static void on_fault(int n, siginfo_t *info, void *context)
{
	fault_code = info->si_code;
	siglongjmp(back, n);
}

/* 0: it worked; else signal * 100 + code. */
static int try(volatile char *p, int write)
{
	int n = sigsetjmp(back, 1);

	if (n)
		return n * 100 + fault_code;
	if (write)
		*p = 'w';
	else
		(void)*p;
	return 0;
}

static int make_file(const char *name, int pages)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE];

	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i % 26, PAGE);
		if (write(fd, page, PAGE) != PAGE)
			say("write failed");
	}
	return fd;
}

static void show(int fd, off_t at, const char *what)
{
	char c[5] = "";

	pread(fd, c, 4, at);
	say("%s: %s", what, c);
}

static void shared_file(void)
{
	int fd = make_file("shared", 40);
	char *p = mmap(NULL, 40 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 30 * PAGE);

	say("%c %c %c", p[0], p[39 * PAGE], q[0]);
	memcpy(p + 31 * PAGE, "SEEN", 4);
	say("%.4s", q + PAGE);
	show(fd, 31 * PAGE, "read sees the store");
	pwrite(fd, "BACK", 4, 32 * PAGE);
	say("%.4s %.4s", p + 32 * PAGE, q + 2 * PAGE);
	SAY(msync(p, 40 * PAGE, MS_SYNC));
	SAY(msync(p, 40 * PAGE, MS_ASYNC));
	SAY(msync(p, PAGE, MS_SYNC | MS_ASYNC));
	SAY(msync(p + 1, PAGE, MS_SYNC));
	SAY(msync((void *)0x10000, PAGE, MS_SYNC));
	for (int i = 0; i < 40; i++)
		p[i * PAGE + 100] = (char)('0' + i % 10);
	SAY(munmap(p + 10 * PAGE, 10 * PAGE));
	SAY(fsync(fd));
	munmap(p, 40 * PAGE);
	munmap(q, 4 * PAGE);
	char c;
	int good = 0;
	for (int i = 0; i < 40; i++)
		good += pread(fd, &c, 1, i * PAGE + 100) == 1 && c == '0' + i % 10;
	say("%d stores in the file", good);
	close(fd);
}

static void truncated(void)
{
	int fd = make_file("cut", 8);
	char *s = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	p[5 * PAGE] = 'P';
	say("%c %c", s[5 * PAGE], p[5 * PAGE]);
	SAY(ftruncate(fd, 3 * PAGE + 10));
	say("inside %d, last page %d, past %d, write past %d", try(s, 0), try(s + 3 * PAGE, 0), try(s + 4 * PAGE, 0), try(s + 5 * PAGE, 1));
	say("private copy past the end %d", try(p + 5 * PAGE, 0));
	say("rest of the last page: %d", s[3 * PAGE + 10]);
	SAY(ftruncate(fd, 8 * PAGE));
	say("grown again %d: %d", try(s + 5 * PAGE, 0), s[5 * PAGE]);
	s[7 * PAGE] = 'x';
	show(fd, 7 * PAGE, "stored into the hole");
	close(fd);
	munmap(s, 8 * PAGE);
	munmap(p, 8 * PAGE);
}

static void rights(void)
{
	int fd = make_file("rights", 2), ro = open("rights", O_RDONLY);
	char *p;

	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	SAY(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	say("write %d", try(p, 1));
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	SAY(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	say("write %d", try(p, 1));
	show(fd, 0, "file");
	SAY(mprotect(p, PAGE, PROT_WRITE));
	say("read of a page that may only be written %d", try(p, 0));
	SAY(mprotect(p, PAGE, PROT_EXEC));
	say("write %d", try(p, 1));
	SAY(mprotect(p, PAGE, PROT_NONE));
	say("read %d", try(p, 0));
	SAY(mprotect((void *)0x10000, PAGE, PROT_READ));
	SAY(mprotect(p, PAGE, 0x800));
	SAY(mprotect(p, 0, PROT_READ));
	munmap(p, PAGE);
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("/dev/null", O_RDONLY), 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0));
	SAY_OK(syscall(SYS_mmap2, 0, 2 * PAGE, PROT_READ, MAP_SHARED, ro, 0xfffff));
	SAY_OK(syscall(SYS_mmap2, 0, PAGE, PROT_READ, 0, ro, 0));
	SAY_OK(syscall(SYS_mmap2, 0, 0xfffff001, PROT_READ, MAP_PRIVATE, ro, 0));
	struct { unsigned long addr, len, prot, flags, fd, offset; } old = { 0, PAGE, PROT_READ, MAP_PRIVATE, (unsigned long)ro, PAGE };
	p = (char *)syscall(SYS_mmap, &old);
	say("the oldest mmap %c", *p);
	old.offset = 100;
	SAY_OK(syscall(SYS_mmap, &old));
	SAY_OK(syscall(SYS_mmap, 8));
	close(fd);
	close(ro);
}

static void moved(void)
{
	char *p = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	for (int i = 0; i < 6; i++)
		p[i * PAGE] = (char)('A' + i);
	q = mremap(p, 6 * PAGE, 3000 * PAGE, MREMAP_MAYMOVE);
	say("%d %c%c%c %d", q != MAP_FAILED, q[0], q[PAGE], q[5 * PAGE], q[2999 * PAGE]);
	q = mremap(q, 3000 * PAGE, 2 * PAGE, 0);
	say("%c%c, past it %d", q[0], q[PAGE], try(q + 2 * PAGE, 0));
	char *to = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *r = mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	say("%d %c%c old %d", r == to, r[0], r[PAGE], try(q, 0));
	SAY_OK(mremap(r + 1, PAGE, PAGE, 0));
	SAY_OK(mremap(r, PAGE, 0, 0));
	SAY_OK(mremap(r, PAGE, PAGE, 8));
	SAY_OK(mremap(r, PAGE, PAGE, MREMAP_FIXED, to));
	SAY_OK(mremap(r, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r + PAGE));
	SAY_OK(mremap((void *)0x10000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	int fd = make_file("moved", 6);
	char *f = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	f[4 * PAGE] = 'Z';
	f = mremap(f + 3 * PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	say("%c%c%c", f[0], f[PAGE], f[2 * PAGE]);
	f[2 * PAGE] = 'Y';
	show(fd, 5 * PAGE, "through the moved mapping");
	close(fd);
}

static void advice(void)
{
	unsigned char map[8];
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	p[PAGE] = p[3 * PAGE] = 1;
	SAY(mincore(p, 8 * PAGE, map));
	for (int i = 0; i < 8; i++)
		map[i] &= 1;
	say("%d%d%d%d%d", map[0], map[1], map[2], map[3], map[4]);
	SAY(mincore(p + 1, PAGE, map));
	SAY(mincore(p, PAGE, (void *)8));
	SAY(mincore((void *)0x10000, PAGE, map));
	SAY(madvise(p, 8 * PAGE, MADV_DONTNEED));
	say("%d", p[PAGE]);
	SAY(madvise(p, 8 * PAGE, MADV_WILLNEED));
	SAY(madvise(p, 8 * PAGE, MADV_SEQUENTIAL));
	SAY(madvise(p, 8 * PAGE, 4711));
	SAY(madvise(p + 1, PAGE, MADV_NORMAL));
	SAY(mlock(p, 8 * PAGE));
	SAY(mincore(p, 8 * PAGE, map));
	say("%d%d", map[0] & 1, map[7] & 1);
	SAY(munlock(p, 8 * PAGE));
	SAY(mlock((void *)0x10000, PAGE));
	SAY(mlockall(0));
	SAY(mlockall(64));
	SAY(munlockall());
	munmap(p, 8 * PAGE);
	int fd = make_file("core", 8);
	p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	SAY(mincore(p, 8 * PAGE, map));
	say("%d%d", map[0] & 1, map[7] & 1); /* just written, so in the cache */
	SAY(madvise(p, 8 * PAGE, MADV_DONTNEED));
	say("%c", p[PAGE]);
	close(fd);
}

static void across_fork(void)
{
	int fd = make_file("forked", 2), status;
	char *private = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *zero = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0);
	char *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *copy = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	for (int i = 0; i < 64; i++)
		private[i * PAGE] = (char)i;
	zero[0]++;
	shared[0] = 1;
	copy[0] = 'C';
	for (int round = 0; round < 3; round++) {
		if (!fork()) {
			int same = 1;

			for (int i = 1; i < 64; i++)
				same &= private[i * PAGE] == i;
			private[0] = 99;
			copy[0] = 'c';
			shared[0]++;
			shared[PAGE] = 7;
			file[PAGE] = (char)('0' + round);
			_exit(same ? 40 + round : 1);
		}
		wait(&status);
		say("child %d: %d %d %d %c %c", WEXITSTATUS(status), private[0], shared[0], shared[PAGE], copy[0], file[PAGE]);
	}
	say("%d", zero[0]);
	close(fd);
}

static int deep(int n)
{
	volatile char room[2000];

	room[0] = (char)n;
	return n ? deep(n - 1) + (room[0] != (char)n) : 0;
}

static void stacks(void)
{
	int status;
	struct rlimit l = { 1 << 20, 1 << 20 };

	say("3 MiB of stack: %d", deep(1500));
	if (!fork()) {
		signal(SIGSEGV, SIG_DFL);
		_exit(deep(100000)); /* 200 MB: over any limit */
	}
	wait(&status);
	say("too deep: signal %d", WTERMSIG(status));
	if (!fork()) {
		signal(SIGSEGV, SIG_DFL);
		setrlimit(RLIMIT_STACK, &l);
		_exit(deep(400) + (deep(1500) & 1));
	}
	wait(&status);
	say("past RLIMIT_STACK: signal %d", WTERMSIG(status));
	if (!fork()) {
		l.rlim_cur = l.rlim_max = 32 << 20;
		setrlimit(RLIMIT_AS, &l);
		SAY_OK(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		SAY_OK(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		_exit(0);
	}
	wait(&status);
}

/* Many areas: cut out every second page, then put them back. */
static void many(void)
{
	int n = 400, ok = 0;
	char *p = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < n; i++)
		p[i * PAGE] = (char)i;
	for (int i = 0; i < n; i += 2)
		ok += !munmap(p + i * PAGE, PAGE);
	for (int i = 0; i < n; i += 2)
		ok += mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + i * PAGE;
	for (int i = 0; i < n; i++)
		ok += p[i * PAGE] == (i & 1 ? (char)i : 0);
	say("%d of %d", ok, 2 * n);
	ok = 0;
	for (int i = 0; i < n; i += 3)
		ok += !mprotect(p + i * PAGE, PAGE, PROT_READ);
	SAY(mprotect(p, (size_t)n * PAGE, PROT_READ | PROT_WRITE));
	memset(p, 5, (size_t)n * PAGE);
	say("%d", ok);
	munmap(p, (size_t)n * PAGE);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	shared_file();
	truncated();
	rights();
	moved();
	advice();
	across_fork();
	stacks();
	many();
	return 0;
}
