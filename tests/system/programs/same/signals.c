/* Signals: handlers, masks, order, interruption of calls, alternate stack, defaults. */
#include "say.h"
#include <setjmp.h>

static volatile int hits, depth, deepest, last;
static volatile siginfo_t info;

static void count(int n)
{
	hits++;
	last = n;
}

static void nested(int n)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (n == SIGUSR1 && hits++ < 1)
		raise(SIGUSR2);
	depth--;
}

static void with_info(int n, siginfo_t *i, void *context)
{
	last = n;
	info = *i;
}

static void catch(int n, void (*handler)(int), int flags)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = flags };

	sigaction(n, &a, NULL);
}

static void basics(void)
{
	struct sigaction a;

	catch(SIGUSR1, count, 0);
	SAY(raise(SIGUSR1));
	say("hits %d", hits);
	SAY(sigaction(SIGUSR1, NULL, &a));
	say("handler kept %d", a.sa_handler == count);
	SAY(sigaction(SIGKILL, &a, NULL));
	SAY(sigaction(SIGSTOP, &a, NULL));
	SAY(sigaction(0, &a, NULL));
	SAY(sigaction(65, &a, NULL));
	catch(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &a);
	say("hits %d, default again %d", hits, a.sa_handler == SIG_DFL);
	catch(SIGUSR1, SIG_IGN, 0);
	SAY(raise(SIGUSR1));
	say("hits %d", hits);
}

static void masks(void)
{
	sigset_t set, old;

	hits = 0;
	catch(SIGUSR1, count, 0);
	catch(SIGUSR2, count, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	SAY(sigprocmask(SIG_BLOCK, &set, &old));
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR2);
	say("hits %d", hits);
	sigpending(&old);
	say("pending %d %d %d", sigismember(&old, SIGUSR1), sigismember(&old, SIGUSR2), sigismember(&old, SIGHUP));
	SAY(sigprocmask(SIG_UNBLOCK, &set, NULL));
	say("hits %d", hits);
	SAY(sigprocmask(99, &set, NULL));
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigprocmask(SIG_SETMASK, NULL, &old);
	say("KILL blocked %d, STOP blocked %d, TERM blocked %d", sigismember(&old, SIGKILL), sigismember(&old, SIGSTOP), sigismember(&old, SIGTERM));
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void nesting(void)
{
	hits = 0;
	catch(SIGUSR1, nested, 0);
	catch(SIGUSR2, nested, 0);
	raise(SIGUSR1);
	say("deepest %d", deepest);
	catch(SIGUSR1, nested, SA_NODEFER);
	deepest = hits = 0;
	raise(SIGUSR1);
	say("deepest %d", deepest);
}

static void interruption(void)
{
	int pipes[2], status;
	char c;
	pid_t pid;

	if (pipe(pipes) < 0)
		return;
	for (int flags = 0; flags < 2; flags++) {
		hits = 0;
		catch(SIGALRM, count, flags ? SA_RESTART : 0);
		pid = fork();
		if (pid == 0) {
			sleep_ms(200);
			write(pipes[1], "x", 1);
			_exit(0);
		}
		struct itimerval soon = { .it_value = { 0, 50000 } };
		setitimer(ITIMER_REAL, &soon, NULL);
		SAY(read(pipes[0], &c, 1));
		say("hits %d", hits);
		waitpid(pid, &status, 0);
		if (!flags)
			SAY(read(pipes[0], &c, 1));
	}
	struct itimerval soon = { .it_value = { 0, 50000 } };
	struct timespec wait = { 5, 0 }, left = { 0, 0 };
	hits = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	SAY(nanosleep(&wait, &left));
	say("left about %lld", (long long)left.tv_sec);
	setitimer(ITIMER_REAL, &soon, NULL);
	SAY(pause());
	setitimer(ITIMER_REAL, &soon, NULL);
	SAY(poll(NULL, 0, 3000));
	setitimer(ITIMER_REAL, &soon, NULL);
	sigset_t none;
	sigemptyset(&none);
	SAY(sigsuspend(&none));
	say("hits %d", hits);
}

static void information(void)
{
	struct sigaction a = { .sa_sigaction = with_info, .sa_flags = SA_SIGINFO };
	int status;
	pid_t pid;

	sigaction(SIGUSR1, &a, NULL);
	kill(getpid(), SIGUSR1);
	say("code %d, from me %d", info.si_code == SI_USER, info.si_pid == getpid());
	sigaction(SIGCHLD, &a, NULL);
	pid = fork();
	if (pid == 0)
		_exit(6);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	say("last %d, code %d, from the child %d, status %d", last, info.si_code, info.si_pid == pid, info.si_status);
	catch(SIGCHLD, SIG_IGN, 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	SAY(waitpid(pid, &status, 0));
	catch(SIGCHLD, SIG_DFL, 0);
}

static sigjmp_buf back;
static volatile uintptr_t fault_address;
static volatile int armed;

static void on_fault(int n, siginfo_t *i, void *context)
{
	fault_address = (uintptr_t)i->si_addr;
	last = i->si_code;
	if (!armed)
		_exit(98);
	siglongjmp(back, n);
}

static void faults(void)
{
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int n;

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGFPE, &a, NULL);
	sigaction(SIGILL, &a, NULL);
	sigaction(SIGTRAP, &a, NULL);
	armed = 1;
	n = sigsetjmp(back, 1);
	if (!n)
		*(volatile char *)(page + 5) = 1;
	say("write to a read-only page: signal %d, code %d, address right %d", n, last, fault_address == (uintptr_t)page + 5);
	munmap(page, 8192);
	n = sigsetjmp(back, 1);
	if (!n)
		last = *(volatile char *)(page + 7);
	say("read of nothing: signal %d, code %d, address right %d", n, last, fault_address == (uintptr_t)page + 7);
	n = sigsetjmp(back, 1);
	if (!n)
		divide_by_zero();
	say("division: signal %d, code %d", n, last);
	n = sigsetjmp(back, 1);
	if (!n)
		__asm__ volatile("ud2");
	say("undefined instruction: signal %d, code %d", n, last);
	n = sigsetjmp(back, 1);
	if (!n)
		__asm__ volatile("int3");
	say("breakpoint: signal %d", n);
	n = sigsetjmp(back, 1);
	if (!n)
		__asm__ volatile("hlt");
	say("privileged instruction: signal %d", n);
	armed = 0;
}

static volatile int on_stack;
static char stack[16384];

static void where(int n)
{
	char here;

	on_stack = &here >= stack && &here < stack + sizeof(stack);
}

static void alternate_stack(void)
{
	stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;

	SAY(sigaltstack(&s, NULL));
	SAY(sigaltstack(NULL, &old));
	say("kept %d", old.ss_sp == stack && old.ss_size == sizeof(stack));
	catch(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	say("on the stack %d", on_stack);
	catch(SIGUSR1, where, 0);
	raise(SIGUSR1);
	say("on the stack %d", on_stack);
	s.ss_flags = SS_DISABLE;
	SAY(sigaltstack(&s, NULL));
	s.ss_flags = 0;
	s.ss_size = 100;
	SAY(sigaltstack(&s, NULL));
}

static void defaults(void)
{
	const int which[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGCHLD, SIGURG, SIGWINCH, SIGIO, SIGRTMIN };

	for (unsigned i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			signal(which[i], SIG_DFL);
			kill(getpid(), which[i]);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		say_status(strsignal(which[i]), status);
	}
}

int main(void)
{
	basics();
	masks();
	nesting();
	interruption();
	information();
	faults();
	alternate_stack();
	defaults();
	return 0;
}
