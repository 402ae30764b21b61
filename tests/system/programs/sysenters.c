/*
 * sysenter executed by the program itself, with stack pointers that are none, with flags and segments that are not meant for it, and calls by
 * the vDSO with segments of the program's own. Prints what came of it, a line a case; ends with "end". Nothing of it may harm the kernel.
 *
 *     sysenters          the cases          sysenters copies N      N readings of a clock between two looks at /proc/self/copies
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define FLAG_TF 0x100u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_AC 0x40000u

struct user_desc { /* <asm/ldt.h> */
	unsigned entry_number, base_addr, limit, seg_32bit : 1, contents : 2, read_exec_only : 1, limit_in_pages : 1, seg_not_present : 1, useable : 1;
};

static sigjmp_buf back;
static volatile unsigned traps;
static volatile int got_signal;
static void *volatile got_address;

static void handler(int sig, siginfo_t *info, void *context)
{
	if (sig == SIGTRAP) {
		traps++;
		return;
	}
	got_signal = sig;
	got_address = info->si_addr;
	siglongjmp(back, 1);
}

/* sysenter with these in eax, ebp, esp and the flags. It goes on in the vDSO, which takes three registers and the place to return to from ebp. */
long enter(unsigned eax, unsigned ebp, unsigned esp, unsigned flags);
__asm__("enter:\n"
	"	pushal\n"
	"	movl %esp, saved_esp\n"
	"	movl 36(%esp), %eax\n"
	"	movl 40(%esp), %ebp\n"
	"	movl 44(%esp), %ecx\n"
	"	pushl 48(%esp)\n"
	"	popfl\n"
	"	movl %ecx, %esp\n"
	"	sysenter\n"
	"	.globl entered\n"
	"entered:\n"
	"	movl saved_esp, %esp\n"
	"	movl %eax, 28(%esp)\n"
	"	pushl $2\n"
	"	popfl\n"
	"	popal\n"
	"	ret\n"
	"	.comm saved_esp,4\n");
extern char entered;

static void attempt(const char *name, unsigned ebp, unsigned esp)
{
	printf("%s:", name);
	for (unsigned i = 0; i < 16; i++) {
		unsigned flags = (i & 1 ? FLAG_TF : 0) | (i & 2 ? FLAG_DF : 0) | (i & 4 ? FLAG_NT : 0) | (i & 8 ? FLAG_AC : 0);
		traps = 0;
		got_signal = 0;
		if (!sigsetjmp(back, 1)) {
			long r = enter(SYS_getppid, ebp, esp, flags | 2);
			printf(" %s", r == getppid() ? "answered" : "wrong");
		} else {
			__asm__ volatile("pushl $2; popfl");
			printf(" %d%s", got_signal, got_address == (void *)ebp ? "" : "?");
		}
		if (!!traps != (i & 1))
			printf(" %u traps", traps);
	}
	printf("\n");
	fflush(stdout);
}

static void cases(void)
{
	static unsigned stack[5];
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *fresh;

	memset(page, 0, 8192);
	munmap(page + 4096, 4096);
	stack[3] = (unsigned)&entered;
	attempt("a good stack", (unsigned)stack, (unsigned)stack);
	attempt("a good stack, esp in the kernel", (unsigned)stack, 0xc0100000);
	fresh = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(fresh + 4096, stack, sizeof(stack));
	mprotect(fresh + 4096, 4096, PROT_READ);
	attempt("a read-only stack", (unsigned)fresh + 4096, 0);
	attempt("null", 0, 0);
	attempt("unmapped", 0x10000, 0x10000);
	attempt("behind the page", (unsigned)page + 4096, (unsigned)page);
	attempt("the last bytes of user space", 0xbffffffc, 0);
	attempt("across the end of user space", 0xbffffffd, 0);
	attempt("the first byte of the kernel", 0xc0000000, 0xc0000000);
	attempt("the kernel", 0xc0100000, 0xc0100000);
	attempt("the last word", 0xfffffffc, 0xfffffffc);
	attempt("the last byte", 0xffffffff, 0xffffffff);
}

/* A call by the vDSO with other data segments than the usual one: they are the program's, and it gets them back. */
static void segments(void)
{
	struct user_desc own = { .entry_number = ~0u, .base_addr = 0, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1 };
	unsigned entry = (unsigned)getauxval(AT_SYSINFO), selector, ds, es, fs;
	long r;

	if (syscall(SYS_set_thread_area, &own))
		perror("set_thread_area");
	selector = own.entry_number << 3 | 3;
	for (int i = 0; i < 2; i++) {
		unsigned s = i ? selector : 0;
		__asm__ volatile("pushl %%ds; pushl %%es; pushl %%fs\n\t"
				 "movl %5, %%ds; movl %5, %%es; movl %5, %%fs\n\t"
				 "call *%4\n\t"
				 "movl %%ds, %1; movl %%es, %2; movl %%fs, %3\n\t"
				 "popl %%fs; popl %%es; popl %%ds"
				 : "=a"(r), "=&c"(ds), "=&d"(es), "=&b"(fs) : "r"(entry), "S"(s), "0"(SYS_getppid) : "memory");
		printf("segments: answered %d, kept %d %d %d\n", r == getppid(), ds == s, es == s, fs == s);
	}
	/* Taken away in the call itself: null at the return, as after int 0x80. */
	own = (struct user_desc){ .entry_number = own.entry_number, .read_exec_only = 1, .seg_not_present = 1 };
	__asm__ volatile("movl %1, %%fs\n\tcall *%2\n\tmovl %%fs, %1" : "=a"(r), "+S"(selector) : "r"(entry), "0"(SYS_set_thread_area), "b"(&own) : "memory");
	printf("a segment that goes: %ld, then %u\n", r, selector);
}

/* "mode switches" of /proc/self/copies. */
static long mode_switches(void)
{
	static char text[1024];
	int fd = open("/proc/self/copies", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *at = n > 0 ? strstr(text, "mode_switches: ") : NULL;

	close(fd);
	return at ? strtol(at + 15, NULL, 10) : -1;
}

static int copies(long readings)
{
	long before = mode_switches(), between, after;

	for (long i = 0; i < readings; i++) {
		struct timespec t;
		struct timeval v;
		clock_gettime((clockid_t)(i & 1), &t);
		clock_gettime(i & 1 ? CLOCK_REALTIME_COARSE : CLOCK_MONOTONIC_COARSE, &t);
		gettimeofday(&v, NULL);
		time(NULL);
	}
	between = mode_switches();
	for (int i = 0; i < 10; i++) {
		struct timespec t;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	}
	after = mode_switches();
	/* What the looking itself takes is in both. */
	printf("%ld readings of clocks: no mode switch: %d; 10 of CPU time: %ld\n", readings, 2 * between - before - after == -20, after - 2 * between + before);
	return before <= 0;
}

int main(int argc, char **argv)
{
	stack_t ss = { .ss_size = 65536 };
	struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (argc == 3)
		return copies(atol(argv[2]));
	ss.ss_sp = malloc(ss.ss_size);
	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	sigaction(SIGTRAP, &a, NULL);
	sigaction(SIGILL, &a, NULL);
	cases();
	segments();
	printf("end\n");
	return 0;
}
