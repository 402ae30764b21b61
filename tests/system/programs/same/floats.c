/*
 * Floating point and the kernel: the state of x87, MMX and SSE stays a process's own over switches between processes and over signals whose
 * handlers use it themselves; what an unmasked x87 exception tells in its SIGFPE.
 */
#include "say.h"
#include <ucontext.h>

#define WORKERS 4
#define ROUNDS 300

struct fxsave { /* Intel SDM volume 1, table 10-2 */
	uint16_t control, status;
	uint8_t tags, reserved;
	uint16_t opcode;
	uint32_t ip, cs, data, ds, mxcsr, mxcsr_mask;
	uint8_t st[8][16], xmm[8][16];
	uint8_t rest[224];
} __attribute__((aligned(16)));

static volatile int signals;

/* Uses everything, and leaves it in disorder. */
static void clobber(void)
{
	static const uint32_t mxcsr = 0x1f80;
	static const uint8_t junk[16] = { 0xee, 0xee, 0xee };

	__asm__ volatile("fninit; fldpi; fldpi; fldl2e; ldmxcsr %0; movups %1, %%xmm0; movups %1, %%xmm5; movups %1, %%xmm7" : : "m"(mxcsr), "m"(junk));
	__asm__ volatile("movq %0, %%mm3" : : "m"(junk));
}

static void on_alarm(int sig)
{
	signals++;
	clobber();
}

static void fill(struct fxsave *f, int who, int mmx)
{
	memset(f, 0, sizeof(*f));
	srand(who * 7 + mmx);
	f->control = 0x37f & ~(who % 4 << 10); /* another rounding for each */
	f->status = mmx ? 0 : who % 8 << 11;   /* another top of the stack */
	f->tags = mmx ? 0xff : 0x80 | who << 1;
	f->mxcsr = 0x1f80 | who % 4 << 13;
	for (int i = 0; i < 8; i++) {
		for (int b = 0; b < 16; b++)
			f->xmm[i][b] = rand();
		for (int b = 0; b < 8; b++)
			f->st[i][b] = rand();
		f->st[i][7] |= 0x80;
		f->st[i][8] = mmx ? 0xff : rand();
		f->st[i][9] = mmx ? 0xff : 0x3f;
	}
}

static int differs(const struct fxsave *a, const struct fxsave *b)
{
	int bad = a->control != b->control || a->status != b->status || a->tags != b->tags || a->mxcsr != b->mxcsr || memcmp(a->xmm, b->xmm, sizeof(a->xmm));

	for (int i = 0; i < 8; i++)
		bad |= memcmp(a->st[i], b->st[i], 10) != 0;
	return bad;
}

/* No library call between the two: the state is in the registers all the while. */
static int worker(int who)
{
	struct fxsave in, out;
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	int bad = 0, result;

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int round = 0; round < ROUNDS || signals < 5; round++) {
		fill(&in, who + round % 5, round & 1);
		__asm__ volatile("fxrstor %0" : : "m"(in));
		for (int i = 0; i < 20; i++) {
			for (volatile int n = 0; n < 200; n++)
				;
			__asm__ volatile("int $0x80" : "=a"(result) : "a"(158) : "memory"); /* sched_yield */
		}
		__asm__ volatile("fxsave %0" : "=m"(out));
		bad += differs(&in, &out);
	}
	clobber();
	return bad ? 1 : 0;
}

static void test_state(void)
{
	int status, bad = 0;

	for (int w = 0; w < WORKERS; w++)
		if (!fork())
			_exit(worker(w));
	while (wait(&status) > 0)
		bad += status != 0;
	say("state of %d workers damaged", bad);
}

static void test_fresh(void)
{
	struct fxsave f;
	int status;

	__asm__ volatile("fninit");
	fill(&f, 3, 0);
	__asm__ volatile("fxrstor %0" : : "m"(f));
	if (!fork()) {
		struct fxsave out;
		__asm__ volatile("fxsave %0" : "=m"(out));
		_exit(differs(&f, &out));
	}
	wait(&status);
	say("child %s", status ? "has another state" : "inherits the state");
	clobber();
}

/* ---- SIGFPE ---- */

extern char divide_wait[], invalid_wait[], overflow_wait[], root_wait[], int_divide[];
static double zero, one = 1, minus = -1;
static long double huge = 1e4900L;

static void on_fpe(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	struct { uint32_t cw, sw, tag, ip, cs, data, ds; } *f = (void *)u->uc_mcontext.fpregs;
	static const struct { const char *name; char *at; } places[] = {
		{ "divide", divide_wait }, { "invalid", invalid_wait }, { "overflow", overflow_wait }, { "root", root_wait }, { "integer", int_divide },
	};

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (info->si_addr == places[i].at)
			say("%s: signal %d code %d at its place, eip %s, trap %d, raised %#x", places[i].name, sig, info->si_code,
			    (char *)u->uc_mcontext.gregs[REG_EIP] == places[i].at ? "too" : "elsewhere", u->uc_mcontext.gregs[REG_TRAPNO], f->sw & ~f->cw & 0x3f);
	if (info->si_addr == int_divide) {
		u->uc_mcontext.gregs[REG_EIP] += 2; /* idivl %ecx */
		return;
	}
	f->sw &= ~0x80ff; /* go on as if nothing had been raised */
	f->cw |= 0x3f;
}

static void test_exceptions(void)
{
	struct sigaction a = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
	unsigned short cw = 0x37f & ~0xd, after; /* invalid, divide, overflow */

	sigaction(SIGFPE, &a, NULL);
	__asm__ volatile("fninit; fldcw %0; fldl %1; fdivl %2; .globl divide_wait; divide_wait: fwait; fstp %%st(0); fnstcw %3"
			 : : "m"(cw), "m"(one), "m"(zero), "m"(after));
	say("control afterwards %#x", after);
	__asm__ volatile("fninit; fldcw %0; fldl %1; fdivl %1; .globl invalid_wait; invalid_wait: fwait; fstp %%st(0)" : : "m"(cw), "m"(zero));
	__asm__ volatile("fninit; fldcw %0; fldt %1; fmul %%st(0), %%st(0); .globl overflow_wait; overflow_wait: fwait; fstp %%st(0)"
			 : : "m"(cw), "m"(huge));
	__asm__ volatile("fninit; fldcw %0; fldl %1; fsqrt; .globl root_wait; root_wait: fwait; fstp %%st(0)" : : "m"(cw), "m"(minus));
	__asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; .globl int_divide; int_divide: idivl %%ecx" : : : "eax", "ecx", "edx");
	__asm__ volatile("fninit");
}

int main(void)
{
	test_fresh();
	test_state();
	test_exceptions();
	return 0;
}
