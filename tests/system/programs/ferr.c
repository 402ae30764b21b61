/*
 * Under fpu=ferr: an x87 error is told later, by line 13, with the address from the FPU. Prints what comes; ends by itself.
 *   ferr          a division by zero and a square root of -1, each waited for; then two processes at once
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char divide_here[], root_here[];
static double zero, one = 1, minus = -1;
static volatile int got;

static void on_fpe(int sig, siginfo_t *info, void *context)
{
	printf("signal %d code %d at %s\n", sig, info->si_code,
	       info->si_addr == divide_here ? "the division" : info->si_addr == root_here ? "the root" : "another place");
	fflush(stdout);
	got++;
}

static void wait_for(int n)
{
	while (got < n)
		; /* no fwait: each would raise the line again, and QEMU does not expect that while another line comes up */
}

static __attribute__((noinline, noclone)) void divide(void)
{
	unsigned short cw = 0x37f & ~4;

	__asm__ volatile("fninit; fldcw %0; fldl %1; .globl divide_here; divide_here: fdivl %2; fwait" : : "m"(cw), "m"(one), "m"(zero));
}

static __attribute__((noinline, noclone)) void root(void)
{
	unsigned short cw = 0x37f & ~1;

	__asm__ volatile("fninit; fldcw %0; fldl %1; .globl root_here; root_here: fsqrt; fwait" : : "m"(cw), "m"(minus));
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
	int status, bad = 0;

	sigaction(SIGFPE, &a, NULL);
	divide();
	wait_for(1);
	root();
	wait_for(2);
	for (int i = 0; i < 2; i++)
		if (!fork()) {
			got = 0;
			i ? divide() : root();
			while (!got)
				usleep(1000); /* the state is no longer in the registers when the interrupt comes */
			_exit(0);
		}
	while (wait(&status) > 0)
		bad |= status;
	printf("children %d\n", bad);
	fflush(stdout);
	signal(SIGFPE, SIG_DFL);
	divide();
	for (;;)
		;
}
