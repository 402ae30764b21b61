/* Memory without files: mmap, mprotect, mremap, brk, stacks, limits. */
#include "cases.h"
#include <setjmp.h>

#define PAGE 4096

static sigjmp_buf back;

static void on_fault(int n, siginfo_t *info, void *context)
{
	(void)context;
	siglongjmp(back, n * 100 + info->si_code);
}

static int touch(volatile char *p, int write)
{
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int n;

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	n = sigsetjmp(back, 1);
	if (n)
		return n;
	if (write)
		*p = 'w';
	else
		(void)*p;
	return 0;
}

static char *anon(size_t size, int prot) { return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

CASE(protect_splits, "mprotect of the middle splits, of all joins")
{
	char *p = anon(5 * PAGE, PROT_READ | PROT_WRITE);

	memset(p, 1, 5 * PAGE);
	SAY(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	say("%d %d %d", touch(p + PAGE, 1), touch(p + 2 * PAGE, 0), touch(p + 3 * PAGE, 1));
	SAY(mprotect(p + PAGE, 3 * PAGE, PROT_READ));
	say("%d %d %d %d", touch(p, 1), touch(p + PAGE, 1), touch(p + 2 * PAGE, 0), touch(p + 4 * PAGE, 1));
	SAY(mprotect(p, 5 * PAGE, PROT_READ | PROT_WRITE));
	say("%d %d", touch(p + 2 * PAGE, 1), p[2 * PAGE + 5]);
	munmap(p + 3 * PAGE, PAGE);
	SAY(mprotect(p, 5 * PAGE, PROT_READ)); /* what comes before the hole is changed all the same */
	say("%d %d", touch(p, 1), touch(p + 4 * PAGE, 1));
	SAY(mprotect(p, PAGE, PROT_WRITE));
	say("%d", touch(p, 1));
	SAY(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN));
}

CASE(remap_anon, "mremap keeps contents; fixed, in place, over itself")
{
	char *p = anon(2 * PAGE, PROT_READ | PROT_WRITE), *q, *area = anon(20 * PAGE, PROT_READ | PROT_WRITE);

	strcpy(p, "first");
	strcpy(p + PAGE, "second");
	q = mremap(p, 2 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
	say("%s %s %d", q, q + PAGE, q[9 * PAGE]);
	q = mremap(q, 10 * PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	say("%s %d", q, touch(q + 2 * PAGE, 0));
	p = mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 4 * PAGE);
	say("%d %s %s %d", p == area + 4 * PAGE, p, p + PAGE, p[2 * PAGE]);
	munmap(area + 10 * PAGE, 10 * PAGE);
	q = mremap(area + 8 * PAGE, 2 * PAGE, 5 * PAGE, 0);
	say("grown in place %d", q == area + 8 * PAGE);
	SAY_OK(mremap(area, PAGE, 2 * PAGE, 0));
	SAY_OK(mremap(area, 3 * PAGE, 3 * PAGE, 0));
	q = mremap(area, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 2 * PAGE);
	say("overlapping: %s", q == MAP_FAILED ? strerror(errno) : "ok");
	q = mremap(area, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4 /* DONTUNMAP */);
	say("dontunmap %d %d", q != MAP_FAILED && q != area, touch(area, 0));
}

CASE(remap_neighbours, "mremap to an address so near that both ranges share a page table, upwards and downwards")
{
	const unsigned long span = 4 << 20; /* of one page table */
	char *base = anon(4 * span, PROT_NONE), *edge = (char *)(((unsigned long)base + 2 * span) & -span);

	for (int up = 0; up < 2; up++) {
		char *from = up ? edge - PAGE : edge + span - PAGE, *to = up ? edge + span - PAGE : edge - PAGE, *p;

		p = mmap(from, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		strcpy(p, "last of a table");
		strcpy(p + PAGE, "first of the next");
		p = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		say("%d %s, %s; %d", p == to, p, p + PAGE, touch(from, 0));
		munmap(p, 2 * PAGE);
	}
}

CASE(remap_shared_copy, "mremap with old size 0 makes a second mapping of shared memory")
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *q;

	strcpy(p, "shared");
	q = mremap(p, 0, PAGE, MREMAP_MAYMOVE);
	say("%s", q == MAP_FAILED ? strerror(errno) : q);
	if (q != MAP_FAILED) {
		strcpy(q, "both");
		say("%s", p);
	}
}

CASE(brk_steps, "brk: growing, shrinking, into other mappings, below its start")
{
	char *start = (char *)syscall(SYS_brk, 0), *end = (char *)(((uintptr_t)start + PAGE) & ~(uintptr_t)(PAGE - 1));
	char *wall;

	say("%d", (char *)syscall(SYS_brk, end + 10) == end + 10);
	say("%d %d", touch(end + 5, 1), touch(end + PAGE - 1, 1));
	say("%d", touch(end + PAGE, 1) != 0);
	say("%d", (char *)syscall(SYS_brk, end + 10 * PAGE) == end + 10 * PAGE);
	end[9 * PAGE] = 'x';
	say("%d", (char *)syscall(SYS_brk, end + PAGE) == end + PAGE);
	say("%d", (char *)syscall(SYS_brk, end + 10 * PAGE) == end + 10 * PAGE);
	say("zero again %d", end[9 * PAGE]);
	wall = mmap(end + 20 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	say("%d", wall == end + 20 * PAGE);
	say("into a wall: unchanged %d", (char *)syscall(SYS_brk, end + 30 * PAGE) == end + 10 * PAGE);
	say("beside it %d", (char *)syscall(SYS_brk, end + 19 * PAGE) == end + 19 * PAGE);
	say("far too much %d", (char *)syscall(SYS_brk, (char *)0xb0000000) == end + 19 * PAGE);
	say("zero %d", (char *)syscall(SYS_brk, 0) == end + 19 * PAGE);
	say("below the start %d", (char *)syscall(SYS_brk, start - 100 * PAGE) == end + 19 * PAGE);
}

CASE(remap_file_pages, "other pages of shared memory in part of a mapping")
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = (char)('a' + i);
	SAY(syscall(SYS_remap_file_pages, p, PAGE, 0, 3, 0));
	SAY(syscall(SYS_remap_file_pages, p + 2 * PAGE, 2 * PAGE, 0, 0, 0));
	say("%.1s %.1s %.1s %.1s", p, p + PAGE, p + 2 * PAGE, p + 3 * PAGE);
	p[PAGE] = 'B';
	IN_CHILD {
		say("%.1s", p + 3 * PAGE);
		p[2 * PAGE] = 'A';
		SAY(syscall(SYS_remap_file_pages, p, PAGE, 0, 0, 0));
		say("%.1s", p);
	}
	say("%.1s %.1s", p, p + 2 * PAGE);
	SAY(syscall(SYS_remap_file_pages, p, PAGE, PROT_READ, 0, 0));
	SAY(syscall(SYS_remap_file_pages, p, 0, 0, 0, 0));
	SAY(syscall(SYS_remap_file_pages, anon(PAGE, PROT_READ), PAGE, 0, 0, 0));
	munmap(p, 4 * PAGE);
	SAY(syscall(SYS_remap_file_pages, p, PAGE, 0, 0, 0));
}

CASE(address_space_limit, "RLIMIT_AS: mmap, brk, fork of what is there")
{
	struct rlimit l = { 64 << 20, 64 << 20 };
	char *p;

	SAY(setrlimit(RLIMIT_AS, &l));
	p = anon(100 << 20, PROT_READ);
	say("%s", p == MAP_FAILED ? strerror(errno) : "ok");
	p = anon(30 << 20, PROT_READ | PROT_WRITE);
	say("%s", p == MAP_FAILED ? strerror(errno) : "ok");
	p = anon(40 << 20, PROT_NONE);
	say("%s", p == MAP_FAILED ? strerror(errno) : "ok");
	char *start = (char *)syscall(SYS_brk, 0);
	say("brk %d", (char *)syscall(SYS_brk, start + (60 << 20)) == start);
	IN_CHILD say("forked");
	SAY_OK(mremap(anon(PAGE, PROT_READ), PAGE, 50 << 20, MREMAP_MAYMOVE));
}

CASE(data_limit, "RLIMIT_DATA stops brk and private writable memory")
{
	struct rlimit l = { 8 << 20, 8 << 20 };
	char *start;

	SAY(setrlimit(RLIMIT_DATA, &l));
	start = (char *)syscall(SYS_brk, 0);
	say("brk %d", (char *)syscall(SYS_brk, start + (20 << 20)) == start);
	say("read only %d", anon(20 << 20, PROT_READ) != MAP_FAILED);
	say("shared %d", mmap(NULL, 20 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	say("writable %d", anon(20 << 20, PROT_READ | PROT_WRITE) != MAP_FAILED);
}

static int deep(int n)
{
	volatile char room[1000];

	room[0] = (char)n;
	return n ? deep(n - 1) + room[0] : 0;
}

CASE(stack_limit, "the stack grows to its limit, then SIGSEGV, on an alternate stack when there is one")
{
	struct rlimit l = { 256 << 10, 256 << 10 };
	static char other[16384];
	stack_t s = { .ss_sp = other, .ss_size = sizeof(other) };
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	SAY(setrlimit(RLIMIT_STACK, &l));
	IN_CHILD {
		deep(100);
		say("100 KB are fine");
		deep(1000);
		say("not reached");
	}
	IN_CHILD {
		int n;

		sigaltstack(&s, NULL);
		sigaction(SIGSEGV, &a, NULL);
		n = sigsetjmp(back, 1);
		if (!n)
			deep(1000);
		say("caught %d", n);
	}
}

CASE(sigaltstack_errors, "sigaltstack: too small, bad flags, while on it")
{
	static char other[16384];
	stack_t s = { .ss_sp = other, .ss_size = 100 }, old;

	SAY(sigaltstack(NULL, &old));
	say("flags %d", old.ss_flags);
	SAY(sigaltstack(&s, NULL));
	s.ss_size = sizeof(other);
	s.ss_flags = 77;
	SAY(sigaltstack(&s, NULL));
	s.ss_flags = 0;
	SAY(sigaltstack(&s, NULL));
	SAY(sigaltstack(NULL, &old));
	say("%d %d %d", old.ss_sp == other, (int)old.ss_size, old.ss_flags);
	s.ss_flags = SS_DISABLE;
	SAY(sigaltstack(&s, NULL));
	SAY(syscall(SYS_sigaltstack, 16, NULL));
}

CASE(fault_codes, "si_code and address of faults")
{
	char *p = anon(2 * PAGE, PROT_READ);
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	say("write to read-only: %d", touch(p, 1));
	munmap(p + PAGE, PAGE);
	say("unmapped: %d", touch(p + PAGE, 0));
	say("behind a file: %d", touch(q, 0));
	mprotect(p, PAGE, PROT_NONE);
	say("none: %d", touch(p, 0));
	say("null: %d", touch(NULL, 0));
	signal(SIGSEGV, SIG_DFL); /* what on_fault goes back to is over */
	IN_CHILD {
		signal(SIGSEGV, SIG_IGN); /* a fault cannot be ignored */
		*(volatile char *)NULL = 1;
	}
	IN_CHILD {
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		*(volatile char *)NULL = 1;
	}
	IN_CHILD __asm__ volatile("ud2");
	IN_CHILD __asm__ volatile("hlt");
	IN_CHILD __asm__ volatile("int3");
	IN_CHILD ((void (*)(void))NULL)();
}

CASE(fork_copies, "private memory is copied, shared memory shared, advice and protections inherited")
{
	char *p = anon(3 * PAGE, PROT_READ | PROT_WRITE), *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	strcpy(p, "parent");
	strcpy(s, "parent");
	mprotect(p + PAGE, PAGE, PROT_NONE);
	madvise(p + 2 * PAGE, PAGE, 10); /* DONTFORK */
	p[2 * PAGE] = 'x';
	IN_CHILD {
		say("%s %s %d %d", p, s, touch(p + PAGE, 0), touch(p + 2 * PAGE, 0));
		strcpy(p, "child");
		strcpy(s, "child");
		munmap(p, PAGE);
	}
	say("%s %s %c", p, s, p[2 * PAGE]);
	madvise(p, PAGE, 18); /* WIPEONFORK */
	strcpy(p, "parent");
	IN_CHILD say("wiped: %d", p[0] == 0);
	SAY(madvise(s, PAGE, 18));
}

CASE(dontneed, "MADV_DONTNEED gives zeros in private, the old contents in shared memory")
{
	char *p = anon(2 * PAGE, PROT_READ | PROT_WRITE), *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	strcpy(p, "private");
	strcpy(p + PAGE, "second");
	strcpy(s, "shared");
	SAY(madvise(p, PAGE, MADV_DONTNEED));
	SAY(madvise(s, PAGE, MADV_DONTNEED));
	say("%d %s %s", p[0], p + PAGE, s);
	mprotect(p + PAGE, PAGE, PROT_READ);
	SAY(madvise(p + PAGE, PAGE, MADV_DONTNEED));
	say("%d", p[PAGE]);
	munmap(p, PAGE);
	SAY(madvise(p, 2 * PAGE, MADV_DONTNEED));
}

CASE(grows_down, "MAP_GROWSDOWN")
{
	char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	munmap(p, 16 * PAGE);
	q = mmap(p + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	say("%d", q == p + 8 * PAGE);
	say("%d", touch(q, 1));
	say("%d", touch(q - 1, 1));
	say("%d", touch(q - PAGE - 1, 1));
}

CASE(many_areas, "a thousand areas, every second one unmapped")
{
	char *p = anon(1000 * PAGE, PROT_READ | PROT_WRITE);
	int bad = 0;

	for (int i = 0; i < 1000; i += 2)
		bad += munmap(p + i * PAGE, PAGE) != 0;
	for (int i = 1; i < 1000; i += 2)
		p[i * PAGE] = 1;
	for (int i = 0; i < 1000; i += 100)
		bad += touch(p + i * PAGE, 0) == 0;
	say("%d", bad);
	SAY(munmap(p, 1000 * PAGE));
}
