/* The FPU's and SSE registers belong to one program at a time: what the others do, sleeping, forking and exec leave them alone. */
#include "cases.h"
#include <sched.h>

/* An FXSAVE image (Intel SDM volume 1, 10.5): control word at 0, MXCSR at 24, eight x87 registers from 32 and eight SSE registers from 160 on. */
struct image { unsigned char b[512]; } __attribute__((aligned(16)));
#define X87_AT 32
#define SSE_AT 160
#define SSE_END 288

static void save(struct image *i) { __asm__ volatile("fxsave (%0)" : : "r"(i->b) : "memory"); }
static void load(const struct image *i) { __asm__ volatile("fxrstor (%0)" : : "r"(i->b) : "memory"); }

/* Registers full of `seed`, with a rounding of its own. */
static void fill(struct image *i, int seed)
{
	__asm__ volatile("fninit");
	save(i);
	*(unsigned short *)i->b = (unsigned short)(0x37f | (seed & 3) << 10);
	i->b[4] = 0xff; /* all eight x87 registers in use */
	*(unsigned *)(i->b + 24) = 0x1f80u | (unsigned)(seed & 3) << 13;
	for (int n = 0; n < 8; n++) {
		memset(i->b + X87_AT + 16 * n, seed + n, 8);
		i->b[X87_AT + 16 * n + 8] = (unsigned char)seed;
		i->b[X87_AT + 16 * n + 9] = 0x3f; /* an exponent that makes it a number */
		i->b[X87_AT + 16 * n + 7] |= 0x80;
	}
	for (int n = SSE_AT; n < SSE_END; n++)
		i->b[n] = (unsigned char)(seed * 7 + n);
	load(i);
}

static int same(const struct image *a, const struct image *b)
{
	if (memcmp(a->b, b->b, 2) || memcmp(a->b + 24, b->b + 24, 4) || memcmp(a->b + SSE_AT, b->b + SSE_AT, SSE_END - SSE_AT))
		return 0;
	for (int n = 0; n < 8; n++)
		if (memcmp(a->b + X87_AT + 16 * n, b->b + X87_AT + 16 * n, 10))
			return 0;
	return 1;
}

static int still(const struct image *mine)
{
	struct image now;

	save(&now);
	return same(mine, &now);
}

static void nap(void)
{
	struct timespec t = { 0, 100000 };

	nanosleep(&t, NULL);
}

/* Wait for a child: its exit status. */
static int ended(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

CASE(fpu_among_programs, "four programs that sleep, yield and wake each other keep their registers")
{
	pid_t pid[4];
	int ring[4][2];

	for (int n = 0; n < 4; n++)
		if (pipe(ring[n]))
			say("pipe");
	for (int n = 0; n < 4; n++) {
		pid[n] = fork();
		if (pid[n])
			continue;
		struct image mine;
		int wrong = 0;
		char token = 'x';

		fill(&mine, 16 + n);
		for (int round = 0; round < 50; round++) {
			if (n == 0 && write(ring[0][1], &token, 1) != 1)
				wrong++;
			if (read(ring[n][0], &token, 1) != 1)
				wrong++;
			wrong += !still(&mine);
			if (n != 3 && write(ring[n + 1][1], &token, 1) != 1)
				wrong++;
			if (round % 5 == n)
				nap();
			else
				sched_yield();
			wrong += !still(&mine);
		}
		_exit(wrong > 100 ? 100 : wrong);
	}
	for (int n = 0; n < 4; n++)
		SAY(ended(pid[n]));
}

CASE(fpu_after_fork, "a child begins with its parent's registers; what it does to them is its own")
{
	struct image mine, others;

	fill(&mine, 40);
	for (int round = 0; round < 20; round++) {
		pid_t child = fork();

		if (!child) {
			int kept = still(&mine);

			fill(&others, 60 + round);
			nap();
			_exit(kept && still(&others) ? 0 : 1);
		}
		if (!still(&mine) || ended(child) || !still(&mine))
			say("round %d: other registers", round);
	}
	SAY(still(&mine));
}

CASE(fpu_fresh, "a program begins with control words of its own")
{
	struct image now;

	save(&now);
	say("control %#x, MXCSR %#x", *(unsigned short *)now.b, *(unsigned *)(now.b + 24) & 0xffc0);
}

CASE(fpu_after_exec, "exec gives a program fresh registers, and leaves those of others alone")
{
	struct image mine;

	fill(&mine, 81);
	pid_t child = fork();

	if (!child) {
		int out = open("fresh", O_WRONLY | O_CREAT, 0644);

		dup2(out, 1);
		fill(&mine, 82);
		execl("/proc/self/exe", "fpu", "fpu_fresh", (char *)NULL);
		_exit(99);
	}
	SAY(ended(child));
	SAY(still(&mine));
	show_file("fresh");
}
