/* The frames of signal handlers: registers, FPU and SSE state saved, shown and restored; alternate stacks; leaving by longjmp. */
#include "say.h"
#include <setjmp.h>
#include <ucontext.h>

#define NR 16384

static char other_stack[NR] __attribute__((aligned(16)));
static volatile int runs;

/* What both kinds of frames have at its end: the FSAVE image, then FXSAVE's. */
struct fpstate {
	unsigned cw, sw, tag, ipoff, cssel, dataoff, datasel;
	unsigned char st[8][10];
	unsigned short status, magic;
	unsigned char fx[512];
};

static void load_xmm(const unsigned *v) { __asm__ volatile("movups (%0), %%xmm3" : : "r"(v)); }
static void store_xmm(unsigned *v) { __asm__ volatile("movups %%xmm3, (%0)" : : "r"(v) : "memory"); }

/* ---- FPU ---- */

static void clobber(int n)
{
	static const unsigned junk[4] = { 9, 9, 9, 9 };
	unsigned short cw = 0x27f;

	(void)n;
	load_xmm(junk);
	__asm__ volatile("fninit; fldz; fldz; fldz; fldcw %0" : : "m"(cw));
	runs++;
}

static void keeps_fpu(void)
{
	static const unsigned in[4] = { 1, 2, 3, 4 };
	unsigned out[4] = { 0 }, mxcsr = 0x9f80, mxcsr_after;
	unsigned short cw = 0xf7f, cw_after;
	double value = 0;

	signal(SIGUSR1, clobber);
	load_xmm(in);
	__asm__ volatile("ldmxcsr %0; fninit; fldcw %1; fldpi" : : "m"(mxcsr), "m"(cw));
	kill(getpid(), SIGUSR1);
	__asm__ volatile("fstpl %0; fnstcw %1; stmxcsr %2" : "=m"(value), "=m"(cw_after), "=m"(mxcsr_after));
	store_xmm(out);
	say("pi %d, control %#x, mxcsr %#x, xmm %u %u %u %u, runs %d", (int)(value * 1000000), cw_after, mxcsr_after, out[0], out[1], out[2], out[3], runs);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0; fninit" : : "m"(mxcsr));
}

/* A handler starts with what was there, and what it writes to the frame comes back. */
static void change_fpu(int n, siginfo_t *i, void *context)
{
	ucontext_t *u = context;
	struct fpstate *f = (struct fpstate *)u->uc_mcontext.fpregs;
	static const unsigned char ten[10] = { 0, 0, 0, 0, 0, 0, 0, 0xa0, 2, 0x40 };

	(void)n;
	(void)i;
	say("magic %u, control %#x, status %#x, tags %#x, aligned %d", f->magic, f->cw & 0xffff, f->sw & 0xffff, f->tag & 0xffff,
	    (int)((unsigned long)f->fx % 16));
	say("st0 %02x%02x %02x, fx control %#x, xmm3 %u", f->st[0][9], f->st[0][8], f->st[0][7], f->fx[0] | f->fx[1] << 8,
	    *(unsigned *)(f->fx + 160 + 3 * 16));
	memcpy(f->st[0], ten, sizeof(ten));
	f->cw = (f->cw & 0xffff0000) | 0x27f;
	*(unsigned *)(f->fx + 160 + 3 * 16) = 4711;
}

static void shows_fpu(void)
{
	static const unsigned in[4] = { 77, 2, 3, 4 };
	struct sigaction a = { .sa_sigaction = change_fpu, .sa_flags = SA_SIGINFO };
	unsigned out[4];
	unsigned short cw;
	double value = 0;

	sigaction(SIGUSR1, &a, NULL);
	load_xmm(in);
	__asm__ volatile("fninit; fld1");
	kill(getpid(), SIGUSR1);
	__asm__ volatile("fstpl %0; fnstcw %1" : "=m"(value), "=m"(cw));
	store_xmm(out);
	__asm__ volatile("fninit");
	say("st0 %d, control %#x, xmm3 %u", (int)value, cw, out[0]);
}

/* ---- registers ---- */

static void change_registers(int n, siginfo_t *i, void *context)
{
	ucontext_t *u = context;
	greg_t *g = u->uc_mcontext.gregs;

	(void)i;
	say("signal %d trap %d error %d rings %d %d", n, g[REG_TRAPNO], g[REG_ERR], g[REG_CS] & 3, g[REG_SS] & 3);
	say("eax %#x ebx %#x ecx %#x edx %#x esi %#x edi %#x", g[REG_EAX], g[REG_EBX], g[REG_ECX], g[REG_EDX], g[REG_ESI], g[REG_EDI]);
	g[REG_EIP] += 2; /* over ud2 */
	g[REG_EAX] = 0x1234;
	g[REG_EFL] |= 1; /* carry */
}

static void shows_registers(void)
{
	struct sigaction a = { .sa_sigaction = change_registers, .sa_flags = SA_SIGINFO };
	unsigned eax = 0xa0000001, edx = 0xd0000004, ecx = 0xc0000003, esi = 0x51, edi = 0xd1;
	unsigned char carry;

	sigaction(SIGILL, &a, NULL);
	__asm__ volatile("pushl %%ebx; movl $0xb0000002, %%ebx; clc; ud2; popl %%ebx; setc %1"
			 : "+a"(eax), "=&d"(carry), "+c"(ecx), "+S"(esi), "+D"(edi) : "1"((unsigned char)edx));
	say("eax %#x carry %u", eax, carry);
}

/* The old kind of frame: signal number and sigcontext (gs fs es ds edi esi ebp esp ebx ...) lie as the handler's arguments would. */
static void old_frame(int n)
{
	const unsigned *args = (unsigned *)__builtin_frame_address(0) + 2;

	say("old frame: signal %d %u, gs %d, fs %u, same data segments %d, stack in order %d", n, args[0], args[1] != 0, args[2] & 0xffff,
	    (args[3] & 0xffff) == (args[4] & 0xffff), args[8] > (unsigned)args);
}

/* ---- stacks ---- */

static volatile unsigned long frame_at;

static void where(int n)
{
	char here;

	(void)n;
	frame_at = (unsigned long)&here;
	runs++;
}

static int on_other(void)
{
	return frame_at - (unsigned long)other_stack < NR;
}

static void nested(int n)
{
	where(n);
	if (runs < 3)
		raise(n);
}

static sigjmp_buf back;
static void leave(int n)
{
	where(n);
	siglongjmp(back, 1);
}

static int overflow(int n)
{
	volatile char room[1000];

	room[0] = (char)n;
	return n > 1000000000 ? 0 : overflow(n + 1) + room[0];
}

static void stacks(void)
{
	stack_t s = { .ss_sp = other_stack, .ss_size = NR }, now;
	struct sigaction a = { .sa_handler = nested, .sa_flags = SA_ONSTACK | SA_NODEFER };

	SAY(sigaltstack(&s, NULL));
	runs = 0;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	say("nested %d, on the other stack %d", runs, on_other());
	sigaltstack(NULL, &now);
	say("flags %d size %d", now.ss_flags, (int)now.ss_size);
	/* The stack overflows; a handler can only run elsewhere. */
	a.sa_handler = leave;
	sigaction(SIGSEGV, &a, NULL);
	if (!sigsetjmp(back, 1))
		overflow(1);
	say("overflow caught on the other stack %d", on_other());
	sigaltstack(NULL, &now);
	say("flags %d", now.ss_flags);
	s.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
	SAY(sigaltstack(&s, NULL));
	a.sa_handler = nested;
	runs = 1; /* the frame inside finds no alternate stack: it goes below the first */
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	say("nested %d", runs);
	sigaltstack(NULL, &now);
	say("flags %#x", now.ss_flags);
	s.ss_flags = SS_DISABLE;
	SAY(sigaltstack(&s, NULL));
	s.ss_flags = 5;
	SAY(sigaltstack(&s, NULL));
}

int main(void)
{
	keeps_fpu();
	shows_fpu();
	shows_registers();
	signal(SIGUSR2, old_frame);
	raise(SIGUSR2);
	stacks();
	return 0;
}
