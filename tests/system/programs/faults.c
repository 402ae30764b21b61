/*
 * What the CPU does to a program that misbehaves, and which signal comes of it. Prints one line a case: name, signal, si_code, and for memory
 * faults the address. Only Linux calls, so that the host's own Linux can be asked for the right answers. Ends with "end".
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int got_signal, got_code;
static void *volatile got_address;

static void handler(int sig, siginfo_t *info, void *context)
{
	got_signal = sig;
	got_code = info->si_code;
	got_address = info->si_addr;
	siglongjmp(back, 1);
}

#define CASE(name, ...) do { \
		got_signal = got_code = 0; \
		if (!sigsetjmp(back, 1)) { \
			__VA_ARGS__; \
		} \
		__asm__ volatile("fninit; pushfl; andl $~0x40100, (%esp); popfl"); \
		report(name); \
	} while (0)

static void report(const char *name)
{
	printf("%s: signal %d code %d", name, got_signal, got_code);
	if (got_signal == SIGSEGV && (got_code == SEGV_MAPERR || got_code == SEGV_ACCERR))
		printf(" address %p", got_address);
	printf("\n");
	fflush(stdout);
}

/* In a child of its own: it is killed, or ends by itself. */
static void in_child(const char *name, void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int s = 1; s < 32; s++)
			signal(s, SIG_DFL);
		fn();
		_exit(42);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: killed by %d\n", name, WTERMSIG(status));
	else
		printf("%s: exit %d\n", name, WEXITSTATUS(status));
	fflush(stdout);
}

static unsigned short fcw;
static double zero, one = 1.0;
static const char constant[] = "read only";

/* No SSE: QEMU's emulation sets the flags in MXCSR, but never raises the exception. */
static void fpu_cases(void)
{
	fcw = 0x37f & ~4;
	CASE("x87 divide", __asm__ volatile("fldcw %0; fldl %1; fdivl %2; fwait" : : "m"(fcw), "m"(one), "m"(zero)));
	fcw = 0x37f & ~1;
	CASE("x87 invalid", __asm__ volatile("fldcw %0; fldl %1; fdivl %1; fwait" : : "m"(fcw), "m"(zero)));
}

static void exception_cases(void)
{
	CASE("divide by zero", __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx"));
	CASE("divide overflow", __asm__ volatile("movl $-1, %%ecx; movl $0x80000000, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx"));
	CASE("undefined instruction", __asm__ volatile("ud2"));
	CASE("breakpoint", __asm__ volatile("int3"));
	CASE("into", __asm__ volatile("movb $127, %%al; incb %%al; into" ::: "eax"));
	CASE("bound", int range[2] = { 1, 5 }; __asm__ volatile("boundl %0, %1" : : "r"(9), "m"(range)));
	CASE("hlt", __asm__ volatile("hlt"));
	CASE("cli", __asm__ volatile("cli"));
	CASE("in", __asm__ volatile("inb $0x60, %%al" ::: "eax"));
	CASE("out", __asm__ volatile("outb %%al, $0x80" ::: "eax"));
	CASE("insb", __asm__ volatile("movl $0x1f0, %%edx; leal -64(%%esp), %%edi; insb" ::: "edx", "edi", "memory"));
	CASE("int 0x21", __asm__ volatile("int $0x21"));
	CASE("int 14", __asm__ volatile("int $14"));
	CASE("load cr3", __asm__ volatile("movl %%cr3, %%eax" ::: "eax"));
	CASE("load gdtr", char place[6] = { 0 }; __asm__ volatile("lgdt %0" : : "m"(place)));
	CASE("far jump", __asm__ volatile("ljmp $0x60, $0"));
	CASE("load ss", __asm__ volatile("movl $0x68, %%eax; movl %%eax, %%ss" ::: "eax"));
	CASE("bad selector", __asm__ volatile("movl $0x1234, %%eax; movl %%eax, %%es" ::: "eax"));
	CASE("single step", __asm__ volatile("pushfl; orl $0x100, (%esp); popfl; nop; nop"));
}

static void memory_cases(void)
{
	CASE("read null", *(volatile int *)0);
	CASE("write null", *(volatile int *)4 = 1);
	CASE("read kernel", *(volatile int *)0xc0100000);
	CASE("write kernel", *(volatile int *)0xc0100000 = 1);
	CASE("write constant", *(volatile char *)constant = 1);
	CASE("jump to null", ((void (*)(void))16)());
	CASE("jump to kernel", ((void (*)(void))0xc0100010)());
	got_address = NULL;
}

/* ---- frames that sigreturn must not trust ---- */

static int reg_to_break;
static unsigned int bad_value;

static void breaking_handler(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[reg_to_break] = (int)bad_value;
}

static void return_with_bad_register(void)
{
	struct sigaction sa = { .sa_sigaction = breaking_handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	__asm__ volatile("pushl %ds; popl %es");
}

static void frame_case(const char *name, int reg, unsigned int value)
{
	reg_to_break = reg;
	bad_value = value;
	in_child(name, return_with_bad_register);
}

static void frame_cases(void)
{
	frame_case("sigreturn cs null", REG_CS, 0);
	frame_case("sigreturn cs of the kernel", REG_CS, 0x60);
	frame_case("sigreturn cs data", REG_CS, 0x7b);
	frame_case("sigreturn cs wild", REG_CS, 0xfff3);
	frame_case("sigreturn ss null", REG_SS, 0);
	frame_case("sigreturn ss of the kernel", REG_SS, 0x68);
	frame_case("sigreturn ss code", REG_SS, 0x73);
	frame_case("sigreturn eip in the kernel", REG_EIP, 0xc0100010);
	frame_case("sigreturn flags", REG_EFL, 0x3000); /* IOPL 3, interrupts off: must not be taken over */
}

static void bad_stack(void)
{
	__asm__ volatile("movl $16, %esp; pushl %eax");
}

static void bad_stack_in_kernel(void)
{
	__asm__ volatile("movl $0xc0100000, %esp; pushl %eax");
}

static int overflow(int n)
{
	volatile char room[3000];

	room[n % 3000] = 1;
	return n > 1000000000 ? 0 : overflow(n + 1) + room[0];
}

static void stack_overflow(void)
{
	overflow(1);
}

static void null_selector(void)
{
	__asm__ volatile("xorl %%eax, %%eax; movl %%eax, %%gs; movl %%gs:0, %%eax" ::: "eax");
}

static void no_frame_at_all(void)
{
	__asm__ volatile("movl $16, %%esp; movl %0, %%eax; int $0x80" : : "i"(SYS_sigreturn));
}

static void handler_on_bad_stack(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	__asm__ volatile("movl $16, %esp; pushl %eax");
}

/* A program that cannot hear interrupts could not be stopped: after all this the flags must still be those of a program. */
static void flags_at_the_end(void)
{
	unsigned int flags;

	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	printf("flags: interrupts %s, iopl %u\n", flags & 0x200 ? "on" : "off", flags >> 12 & 3);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	static const int signals[] = { SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGBUS };

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	exception_cases();
	fpu_cases();
	memory_cases();
	frame_cases();
	in_child("null selector", null_selector);
	in_child("stack overflow", stack_overflow);
	in_child("push on a bad stack", bad_stack);
	in_child("push on the kernel", bad_stack_in_kernel);
	in_child("sigreturn without a frame", no_frame_at_all);
	in_child("handler on a bad stack", handler_on_bad_stack);
	flags_at_the_end();
	printf("end\n");
	return 0;
}
