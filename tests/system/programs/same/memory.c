/* Memory: mmap in its forms, mprotect, munmap of parts, brk, files mapped, faults in system calls. */
#include "say.h"
#include <setjmp.h>

#define PAGE 4096

static sigjmp_buf back;
static volatile int armed;

static void on_fault(int n)
{
	if (!armed)
		_exit(98);
	siglongjmp(back, n);
}

static int try_write(char *p)
{
	int n = sigsetjmp(back, 1);

	armed = 1;
	if (!n)
		*(volatile char *)p = 1;
	armed = 0;
	return n;
}

static int try_read(char *p)
{
	int n = sigsetjmp(back, 1);

	armed = 1;
	if (!n)
		(void)*(volatile char *)p;
	armed = 0;
	return n;
}

static void anonymous(void)
{
	char *p = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
	int zero = 1;

	for (int i = 0; i < 10 * PAGE; i++)
		zero &= p[i] == 0;
	say("zeroed %d", zero);
	memset(p, 1, 10 * PAGE);
	SAY(munmap(p + 3 * PAGE, 2 * PAGE));
	say("hole %d, beside it %d %d", try_read(p + 3 * PAGE), try_read(p + 2 * PAGE), try_read(p + 5 * PAGE));
	SAY(munmap(p + 3 * PAGE, 2 * PAGE));
	SAY(munmap(p + 1, PAGE));
	SAY(munmap(p, 0));
	q = mmap(p + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	say("fixed %d, zero %d", q == p + 3 * PAGE, *q == 0);
	SAY(mprotect(p, PAGE, PROT_READ));
	say("read %d, write %d", try_read(p), try_write(p));
	SAY(mprotect(p, PAGE, PROT_NONE));
	say("read %d", try_read(p));
	SAY(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	say("write %d, kept %d", try_write(p + 1), p[2]);
	SAY(mprotect(p + 4 * PAGE, PAGE, PROT_READ));
	SAY(mprotect(p + 1, PAGE, PROT_READ));
	SAY_OK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0));
	SAY_OK(mmap((void *)0xfffff000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	munmap(p, 10 * PAGE);
}

static void files(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT, 0600);
	char *p, *s, text[8] = "";

	write(fd, "0123456789", 10);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	say("%.10s, behind it %d", p, p[10]);
	p[0] = 'X';
	pread(fd, text, 4, 0);
	say("file %s, mapping %.4s", text, p);
	pwrite(fd, "abcd", 4, 4);
	say("%.10s", p);
	say("past the end: %d", try_read(p + PAGE));
	munmap(p, 2 * PAGE);
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100));
	close(fd);
	fd = open("mapped", O_RDONLY);
	SAY_OK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	s = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	say("after close: %.4s", s);
	fd = open("mapped", O_WRONLY);
	SAY_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
}

static void heap(void)
{
	char *start = (char *)syscall(SYS_brk, 0), *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));

	say("grew %d", (char *)syscall(SYS_brk, page + 3 * PAGE) == page + 3 * PAGE);
	memset(page, 7, 3 * PAGE);
	say("%d", page[3 * PAGE - 1]);
	say("shrank %d", (char *)syscall(SYS_brk, page + PAGE) == page + PAGE);
	say("gone %d", try_read(page + PAGE));
	say("grew %d", (char *)syscall(SYS_brk, page + 2 * PAGE) == page + 2 * PAGE);
	say("zero %d", page[PAGE] == 0);
	say("not below its start %d", (char *)syscall(SYS_brk, 4096) == page + 2 * PAGE);
	syscall(SYS_brk, start); /* malloc has its own idea of it */
	for (int i = 0; i < 200; i++) {
		char *m = malloc((size_t)i * 997 + 1);

		memset(m, i, (size_t)i * 997 + 1);
		if (i % 3)
			free(m);
	}
	say("malloc works");
}

static void calls(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/dev/zero", O_RDONLY), out = open("out", O_RDWR | O_CREAT, 0600);

	munmap(p + PAGE, PAGE);
	SAY(read(fd, p + PAGE - 10, 100));
	SAY(write(out, p + PAGE - 10, 100));
	mprotect(p, PAGE, PROT_READ);
	SAY(read(fd, p, 10));
	SAY(write(out, p, 10));
	SAY(read(fd, NULL, 10));
	SAY(read(fd, NULL, 0));
	close(fd);
	close(out);
}

static void growing_stack(int n)
{
	volatile char room[8000];

	room[0] = (char)n;
	if (n)
		growing_stack(n - 1);
	room[7999] = room[0];
}

int main(void)
{
	struct sigaction a = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	anonymous();
	files();
	heap();
	calls();
	growing_stack(500);
	say("stack grows");
	return 0;
}
