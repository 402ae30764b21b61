/*
 * The vDSO as programs see it: its symbols, calls through __kernel_vsyscall (all registers kept, six arguments, interrupted and made again,
 * single-stepped, with unusual flags), the trampolines of signal handlers, the clocks, and what a program may do to the mapping.
 */
#include "say.h"
#include <elf.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <ucontext.h>

#define PAGE 4096u
#define FLAG_CF 0x1u
#define FLAG_TF 0x100u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_AC 0x40000u

static char *image;      /* where the vDSO is */
static unsigned entry;   /* __kernel_vsyscall */

/* ---- symbols ---- */

static const Elf32_Dyn *dynamic(int tag)
{
	const Elf32_Ehdr *h = (const void *)image;
	const Elf32_Phdr *p = (const void *)(image + h->e_phoff);

	for (int i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			for (const Elf32_Dyn *d = (const void *)(image + p[i].p_vaddr); d->d_tag; d++)
				if (d->d_tag == tag)
					return d;
	return NULL;
}

static const void *table(int tag)
{
	const Elf32_Dyn *d = dynamic(tag);

	return d ? image + (d->d_un.d_ptr >= (unsigned)image ? d->d_un.d_ptr - (unsigned)image : d->d_un.d_ptr) : NULL;
}

static const char *version_of(unsigned index)
{
	const char *strings = table(DT_STRTAB);
	const Elf32_Verdef *v = table(DT_VERDEF);

	while (v->vd_ndx != (index & 0x7fff) || (v->vd_flags & VER_FLG_BASE)) {
		if (!v->vd_next)
			return "none";
		v = (const void *)((const char *)v + v->vd_next);
	}
	return strings + ((const Elf32_Verdaux *)(const void *)((const char *)v + v->vd_aux))->vda_name;
}

/* The symbols end where the strings begin. */
static char *symbol(const char *name, const char **version)
{
	const Elf32_Sym *s = table(DT_SYMTAB), *end = table(DT_STRTAB);
	const char *strings = table(DT_STRTAB);
	const unsigned short *versions = table(DT_VERSYM);

	for (unsigned i = 0; s + i < end; i++)
		if (s[i].st_shndx && !strcmp(strings + s[i].st_name, name)) {
			if (version)
				*version = version_of(versions[i]);
			return image + s[i].st_value;
		}
	return NULL;
}

static void symbols(void)
{
	static const char *const names[] = { "__kernel_vsyscall", "__kernel_sigreturn", "__kernel_rt_sigreturn", "__vdso_clock_gettime",
					     "__vdso_clock_gettime64", "__vdso_clock_getres", "__vdso_gettimeofday", "__vdso_time" };
	static const unsigned char sigreturn[8] = { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 }, rt_sigreturn[7] = { 0xb8, 173, 0, 0, 0, 0xcd, 0x80 };
	const Elf32_Ehdr *h = (const void *)image;

	say("ELF: %d, type %d, machine %d, soname %s, symbolic hash tables %s", !memcmp(h->e_ident, ELFMAG, SELFMAG), h->e_type, h->e_machine,
	    (const char *)table(DT_STRTAB) + dynamic(DT_SONAME)->d_un.d_val, table(DT_HASH) || table(DT_GNU_HASH) ? "there" : "missing");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *version = "none";
		char *at = symbol(names[i], &version);
		say("%s: %s, version %s", names[i], at ? "there" : "missing", version);
	}
	say("AT_SYSINFO is __kernel_vsyscall: %d", entry == (unsigned)symbol("__kernel_vsyscall", NULL));
	say("trampolines: %d %d", !memcmp(symbol("__kernel_sigreturn", NULL), sigreturn, 8), !memcmp(symbol("__kernel_rt_sigreturn", NULL), rt_sigreturn, 7));
}

/* ---- calls ---- */

struct call {
	unsigned eax, ebx, ecx, edx, esi, edi, ebp, flags;
};

/* Make the call c through the address `at`, with the flags of c; *c becomes what the registers are behind it. */
void call_at(struct call *c, unsigned at);
__asm__("call_at:\n"
	"	pushal\n"
	"	movl 36(%esp), %eax\n"
	"	movl 40(%esp), %edx\n"
	"	pushl %eax\n"
	"	pushl %edx\n"               /* 0: at, 4: c */
	"	pushl 28(%eax)\n"
	"	movl 4(%eax), %ebx\n"
	"	movl 8(%eax), %ecx\n"
	"	movl 12(%eax), %edx\n"
	"	movl 16(%eax), %esi\n"
	"	movl 20(%eax), %edi\n"
	"	movl 24(%eax), %ebp\n"
	"	movl (%eax), %eax\n"
	"	popfl\n"
	"	call *(%esp)\n"
	"	pushfl\n"
	"	pushl $2\n"
	"	popfl\n"
	"	pushl %eax\n"               /* 0: eax, 4: flags, 8: at, 12: c */
	"	movl 12(%esp), %eax\n"
	"	movl %ebx, 4(%eax)\n"
	"	movl %ecx, 8(%eax)\n"
	"	movl %edx, 12(%eax)\n"
	"	movl %esi, 16(%eax)\n"
	"	movl %edi, 20(%eax)\n"
	"	movl %ebp, 24(%eax)\n"
	"	popl (%eax)\n"
	"	popl 28(%eax)\n"
	"	addl $8, %esp\n"
	"	popal\n"
	"	ret\n");

static long vcall6(long nr, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e, unsigned f)
{
	struct call k = { (unsigned)nr, a, b, c, d, e, f, 2 };

	call_at(&k, entry);
	return (long)k.eax;
}

/* By int 0x80, which stays what it is whatever becomes of the vDSO. */
static long raw3(long nr, unsigned a, unsigned b, unsigned c)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}

static long raw5(long nr, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return r;
}

static void registers(void)
{
	struct call k = { SYS_getpid, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666, FLAG_CF | 2 };

	call_at(&k, entry);
	say("getpid: %d; kept: %d %d %d %d %d %d", (pid_t)k.eax == getpid(), k.ebx == 0x11111111, k.ecx == 0x22222222, k.edx == 0x33333333,
	    k.esi == 0x44444444, k.edi == 0x55555555, k.ebp == 0x66666666);
	say("carry flag kept: %d", !!(k.flags & FLAG_CF));
	say("no such call: %ld; number -1: %ld", vcall6(9999, 0, 0, 0, 0, 0, 0), vcall6(-1, 0, 0, 0, 0, 0, 0));
	say("bad pointer: %ld", vcall6(SYS_write, 1, 0xc0000000, 1, 0, 0, 0));
	static const unsigned flags[] = { FLAG_DF, FLAG_NT, FLAG_AC, FLAG_NT | FLAG_DF | FLAG_CF };
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		k = (struct call){ .eax = SYS_getppid, .flags = flags[i] | 2 };
		call_at(&k, entry);
		say("flags %#x: %d", flags[i], (pid_t)k.eax == getppid());
	}
}

static void six_arguments(void)
{
	int fd = open("vdso.data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	if (fd < 0 || ftruncate(fd, 3 * PAGE) || pwrite(fd, "third", 5, 2 * PAGE) != 5)
		say("no file");
	p = (char *)vcall6(SYS_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE, (unsigned)fd, 2);
	say("mmap2 at page 2: %.5s", p);
	say("munmap: %ld", vcall6(SYS_munmap, (unsigned)p, PAGE, 0, 0, 0, 0));
	close(fd);
	unlink("vdso.data");
}

/* ---- signals ---- */

struct kernel_action {
	void (*handler)(int);
	unsigned flags;
	void *restorer;
	unsigned mask[2];
};

static volatile int handled, through_plain, through_rt, feed = -1;

static void note_return(void *return_address)
{
	through_plain += return_address == symbol("__kernel_sigreturn", NULL);
	through_rt += return_address == symbol("__kernel_rt_sigreturn", NULL);
}

/* The first one may come before the call has begun to wait. */
static void feed_at_second(void)
{
	if (++handled == 2 && feed >= 0)
		(void)raw3(SYS_write, (unsigned)feed, (unsigned)"hello", 5);
}

static void plain_handler(int sig)
{
	note_return(__builtin_return_address(0));
	feed_at_second();
}

static void rt_handler(int sig, siginfo_t *info, void *context)
{
	note_return(__builtin_return_address(0));
	feed_at_second();
}

/* Without a restorer, which the C libraries might add. */
static void set_handler(int sig, void *handler, unsigned flags)
{
	struct kernel_action a = { .handler = (void (*)(int))handler, .flags = flags };

	raw5(SYS_rt_sigaction, (unsigned)sig, (unsigned)&a, 0, 8, 0);
}

static void trampolines(void)
{
	set_handler(SIGUSR1, plain_handler, 0);
	raise(SIGUSR1);
	say("handler: %d, through __kernel_sigreturn %d, __kernel_rt_sigreturn %d", handled, through_plain, through_rt);
	set_handler(SIGUSR1, rt_handler, SA_SIGINFO);
	raise(SIGUSR1);
	say("handler: %d, through __kernel_sigreturn %d, __kernel_rt_sigreturn %d", handled, through_plain, through_rt);
}

/* A call that waits, and a signal whose handler makes what it waits for: by its six arguments it finds it when it is made again. */
static void interrupted(void *handler, unsigned flags, const char *what)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
	int pair[2];
	unsigned length = 99;
	char buffer[8] = "";
	struct call k;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	feed = flags & SA_RESTART ? pair[1] : -1;
	handled = 0;
	set_handler(SIGALRM, handler, flags);
	setitimer(ITIMER_REAL, &often, NULL);
	k = (struct call){ 371 /* recvfrom */, (unsigned)pair[0], (unsigned)buffer, sizeof(buffer), 0, (unsigned)&k, (unsigned)&length, 2 };
	struct sockaddr from;
	k.edi = (unsigned)&from;
	call_at(&k, entry);
	setitimer(ITIMER_REAL, &never, NULL);
	say("%s: recvfrom %d %s, handlers %d, address length written %d, ecx %d edx %d ebp %d", what, (int)k.eax, buffer, handled > 0, length != 99,
	    k.ecx == (unsigned)buffer, k.edx == sizeof(buffer), k.ebp == (unsigned)&length);
	feed = -1;
	close(pair[0]);
	close(pair[1]);
}

/* ---- single steps ---- */

extern char etext;
static volatile unsigned steps, steps_inside, steps_wild;

static void step_handler(int sig, siginfo_t *info, void *context)
{
	unsigned eip = (unsigned)((ucontext_t *)context)->uc_mcontext.gregs[14];

	steps++;
	steps_inside += eip - (unsigned)image < PAGE;
	steps_wild += eip - (unsigned)image >= PAGE && eip > (unsigned)&etext;
}

static void single_steps(void)
{
	set_handler(SIGTRAP, step_handler, SA_SIGINFO);
	for (int i = 0; i < 3; i++) {
		struct call k = { .eax = SYS_getppid, .flags = FLAG_TF | 2 };
		steps = steps_inside = steps_wild = 0;
		call_at(&k, entry);
		say("single steps: result %d, some %d, in the vDSO %d, elsewhere %d", (pid_t)k.eax == getppid(), steps > 4, steps_inside > 3, steps_wild);
	}
}

/* ---- clocks ---- */

struct time64 { long long sec; int nsec, unused; };

static long long vdso_ns(int clock)
{
	int (*f)(int, struct time64 *) = (int (*)(int, struct time64 *))symbol("__vdso_clock_gettime64", NULL);
	struct time64 t;

	return f(clock, &t) ? -1 : t.sec * 1000000000 + t.nsec;
}

static long long kernel_ns(int clock)
{
	struct time64 t;

	return raw3(403, (unsigned)clock, (unsigned)&t, 0) ? -1 : t.sec * 1000000000 + t.nsec;
}

/* Page and call in turns: neither is ever behind the other. */
static void agreement(const char *name, int clock)
{
	long long last = kernel_ns(clock);
	int backwards = 0;

	for (int i = 0; i < 2000; i++) {
		long long a = vdso_ns(clock), b = kernel_ns(clock);
		backwards += a < last || b < a;
		last = b;
	}
	say("%s: %s", name, backwards ? "went back" : "never went back");
}

/* Two processes hand a time to and fro: each sees a later one. */
static void across_processes(void)
{
	int there[2], back[2], wrong = 0;
	long long t, mine;
	pid_t child;

	if (pipe(there) || pipe(back))
		say("no pipes");
	child = fork();
	if (!child) {
		close(there[1]);
		close(back[0]);
		while (read(there[0], &t, sizeof(t)) == sizeof(t)) {
			mine = vdso_ns(CLOCK_MONOTONIC);
			if (mine < t)
				mine = -1;
			if (write(back[1], &mine, sizeof(mine)) != sizeof(mine))
				break;
		}
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < 100; i++) {
		t = i % 2 ? vdso_ns(CLOCK_MONOTONIC) : kernel_ns(CLOCK_MONOTONIC);
		if (write(there[1], &t, sizeof(t)) != sizeof(t) || read(back[0], &mine, sizeof(mine)) != sizeof(mine))
			break;
		wrong += mine < t || vdso_ns(CLOCK_MONOTONIC) < mine;
	}
	close(there[1]);
	close(back[0]);
	waitpid(child, NULL, 0);
	say("between processes: %s", wrong ? "went back" : "never went back");
}

static void clocks(void)
{
	static const int ids[] = { 0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 31, 32, 100, -1 };
	int (*gettime)(int, struct timespec *) = (int (*)(int, struct timespec *))symbol("__vdso_clock_gettime", NULL);
	int (*getres)(int, int *) = (int (*)(int, int *))symbol("__vdso_clock_getres", NULL);
	int (*gettimeofday_)(int *, int *) = (int (*)(int *, int *))symbol("__vdso_gettimeofday", NULL);
	int (*time_)(int *) = (int (*)(int *))symbol("__vdso_time", NULL);

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		int old[2] = { -1, -1 }, res[2] = { -1, -1 }, e = gettime(ids[i], (struct timespec *)old), r = getres(ids[i], res);
		long long ns = vdso_ns(ids[i]);
		say("clock %d: %d, below a second %d, as wide %d; resolution: %d, %s", ids[i], e, e || (unsigned)old[1] < 1000000000,
		    e ? ns == -1 : ns / 1000000000 - old[0] < 100, r, r ? "none" : res[1] == 1 ? "1 ns" : "more");
	}
	say("getres without a place: %d %d", getres(1, NULL), getres(100, NULL));
	agreement("CLOCK_REALTIME", CLOCK_REALTIME);
	agreement("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	agreement("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
	agreement("CLOCK_TAI", 11);
	agreement("CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE);
	agreement("CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE);
	across_processes();
	say("coarse is not ahead: %d", vdso_ns(CLOCK_MONOTONIC_COARSE) <= vdso_ns(CLOCK_MONOTONIC));
	int tv[2] = { 0, -1 }, tz[2] = { -1, -1 }, t = 0, now = time_(&t);
	int e = gettimeofday_(tv, tz) | gettimeofday_(NULL, tz) | gettimeofday_(NULL, NULL);
	say("gettimeofday: %d, microseconds %d, zone %d %d", e, (unsigned)tv[1] < 1000000, tz[0], tz[1]);
	say("time: %d, %d", t == now, tv[0] - time_(NULL) < 2 && time_(NULL) - tv[0] < 100);
}

/* ---- the mapping ---- */

static char *vvar;

static void find_vvar(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];
	unsigned start, end;
	char rights[8];
	int vdsos = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%x-%x %7s", &start, &end, rights) != 3)
			continue;
		if (strstr(line, "[vvar]")) {
			vvar = (char *)start;
			say("[vvar] %s", rights);
		}
		if (strstr(line, "[vdso]")) {
			vdsos++;
			say("[vdso] %s, at AT_SYSINFO_EHDR: %d", rights, (char *)start == image);
		}
	}
	if (f)
		fclose(f);
	say("times in maps: %d", vdsos);
}

static unsigned vdso_size(void)
{
	const Elf32_Ehdr *h = (const void *)image;
	unsigned end = h->e_shoff + h->e_shnum * h->e_shentsize;

	return (end + PAGE - 1) & ~(PAGE - 1);
}

/* The C library calls through the old place: in here everything goes by int 0x80, and the result is the exit status. */
static void move_it(void)
{
	unsigned to = 0x50000000, got = (unsigned)raw5(SYS_mremap, (unsigned)image, vdso_size(), vdso_size(), 3 /* MAYMOVE | FIXED */, to);
	struct call k = { .eax = SYS_getpid, .flags = 2 };
	int status = got == to ? 0 : 1;

	call_at(&k, entry - (unsigned)image + to);
	status |= (long)k.eax == raw3(SYS_getpid, 0, 0, 0) ? 0 : 2;
	image = (char *)to;
	handled = through_rt = 0;
	set_handler(SIGUSR2, rt_handler, SA_SIGINFO);
	raw3(SYS_kill, (unsigned)raw3(SYS_getpid, 0, 0, 0), SIGUSR2, 0);
	status |= handled == 1 && through_rt == 1 ? 0 : 4;
	raw3(SYS_exit, (unsigned)status, 0, 0);
}

static void unmap_it(void)
{
	int status = raw3(SYS_munmap, (unsigned)image, vdso_size(), 0) ? 1 : 0;

	status |= raw3(SYS_getpid, 0, 0, 0) > 0 ? 0 : 2;
	if (raw3(SYS_fork, 0, 0, 0) == 0)
		raw3(SYS_exit, 0, 0, 0);
	raw3(SYS_exit, (unsigned)status, 0, 0);
}

static void write_to_it(void)
{
	volatile char *last = image + vdso_size() - 1;
	char before = *last;

	if (mprotect(image, vdso_size(), PROT_READ | PROT_WRITE | PROT_EXEC))
		_exit(1);
	*last = (char)~before;
	_exit(*last == before ? 2 : getppid() > 0 ? 0 : 3);
}

static void use_it_unmapped(void)
{
	struct call k = { .eax = SYS_getpid, .flags = 2 };

	raw3(SYS_munmap, (unsigned)image, vdso_size(), 0);
	call_at(&k, entry);
}

static void in_child(const char *what, void (*f)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		f();
		_exit(99);
	}
	waitpid(pid, &status, 0);
	say_status(what, status);
}

int main(void)
{
	image = (char *)getauxval(AT_SYSINFO_EHDR);
	entry = (unsigned)getauxval(AT_SYSINFO);
	say("AT_SYSINFO_EHDR %d, AT_SYSINFO %d", image != NULL, entry != 0);
	if (!image || !entry)
		return 1;
	symbols();
	registers();
	six_arguments();
	trampolines();
	interrupted(plain_handler, SA_RESTART, "plain handler, SA_RESTART");
	interrupted(rt_handler, SA_SIGINFO | SA_RESTART, "rt handler, SA_RESTART");
	interrupted(rt_handler, SA_SIGINFO, "rt handler");
	single_steps();
	clocks();
	find_vvar();
	SAY(mprotect(vvar, PAGE, PROT_READ | PROT_WRITE));
	char last = image[vdso_size() - 1];
	in_child("writing to its own vDSO", write_to_it);
	say("the others' is the same: %d", image[vdso_size() - 1] == last);
	in_child("moving it", move_it);
	in_child("unmapping it", unmap_it);
	in_child("calling it when unmapped", use_it_unmapped);
	return 0;
}
