/* Signals: actions and their flags, queues and their order, what siginfo tells, waiting for them, sending them, and what is refused. */
#include "cases.h"
#include <sys/resource.h>
#include <sys/signalfd.h>

static volatile int seen[65], nr_seen, order[100];
static siginfo_t last;

static void note(int sig)
{
	seen[sig]++;
	if (nr_seen < 100)
		order[nr_seen++] = sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	last = *info;
	note(sig);
}

static void act(int sig, void (*handler)(int), int flags)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = flags };

	if (sigaction(sig, &a, NULL))
		say("sigaction: %s", strerror(errno));
}

static void act_info(int sig, int flags)
{
	struct sigaction a = { .sa_sigaction = note_info, .sa_flags = SA_SIGINFO | flags };

	if (sigaction(sig, &a, NULL))
		say("sigaction: %s", strerror(errno));
}

static void mask(int how, int sig)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, sig);
	sigprocmask(how, &s, NULL);
}

static int is_pending(int sig)
{
	sigset_t s;

	sigpending(&s);
	return sigismember(&s, sig);
}

static int is_blocked(int sig)
{
	sigset_t s;

	sigprocmask(SIG_BLOCK, NULL, &s);
	return sigismember(&s, sig);
}

CASE(sig_action_refused, "SIGKILL and SIGSTOP have no other action; numbers have limits")
{
	struct sigaction a = { .sa_handler = SIG_IGN };
	unsigned char raw[20] = { 1 };

	SAY(sigaction(SIGKILL, &a, NULL));
	SAY(sigaction(SIGSTOP, &a, NULL));
	SAY(sigaction(SIGKILL, NULL, &a));
	SAY(syscall(SYS_rt_sigaction, 0, raw, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 65, raw, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, -1, raw, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 64, raw, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 10, raw, NULL, 4));
	SAY(syscall(SYS_rt_sigaction, 10, raw, NULL, 16));
	SAY(syscall(SYS_rt_sigaction, 10, (void *)16, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 10, NULL, (void *)16, 8));
	SAY(syscall(SYS_rt_sigaction, SIGKILL, NULL, (void *)16, 8));
}

CASE(sig_mask_refused, "sigprocmask: SIGKILL and SIGSTOP are left out in silence, the way is checked only with a set")
{
	sigset_t s;

	sigfillset(&s);
	SAY(sigprocmask(SIG_BLOCK, &s, NULL));
	say("kill %d stop %d term %d", is_blocked(SIGKILL), is_blocked(SIGSTOP), is_blocked(SIGTERM));
	SAY(syscall(SYS_rt_sigprocmask, 77, NULL, &s, 8));
	SAY(syscall(SYS_rt_sigprocmask, 77, &s, NULL, 8));
	SAY(syscall(SYS_rt_sigprocmask, 0, &s, NULL, 4));
	SAY(syscall(SYS_rt_sigprocmask, 0, (void *)16, NULL, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &s, (void *)16, 8));
	say("after a bad address for the old one: term %d", is_blocked(SIGTERM));
}

CASE(sig_pending_sizes, "rt_sigpending takes any size up to the set's")
{
	unsigned char raw[16];

	mask(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	memset(raw, 0xff, 16);
	SAY(syscall(SYS_rt_sigpending, raw, 4));
	say("%02x %02x %02x", raw[0], raw[1], raw[4]);
	SAY(syscall(SYS_rt_sigpending, raw, 0));
	SAY(syscall(SYS_rt_sigpending, raw, 9));
	SAY(syscall(SYS_rt_sigpending, (void *)16, 8));
	SAY(syscall(SYS_sigpending, raw));
}

CASE(sig_standard_once, "a standard signal is pending once, and keeps what came first")
{
	union sigval v;

	act_info(SIGUSR1, 0);
	mask(SIG_BLOCK, SIGUSR1);
	v.sival_int = 1;
	SAY(sigqueue(getpid(), SIGUSR1, v));
	v.sival_int = 2;
	SAY(sigqueue(getpid(), SIGUSR1, v));
	kill(getpid(), SIGUSR1);
	mask(SIG_UNBLOCK, SIGUSR1);
	say("seen %d, code %d, value %d", seen[SIGUSR1], last.si_code, last.si_value.sival_int);
}

CASE(sig_realtime_queue, "real-time signals queue, the lowest number first, each in its order")
{
	union sigval v;
	siginfo_t info;
	sigset_t s;

	sigemptyset(&s);
	for (int i = 0; i < 3; i++)
		sigaddset(&s, 40 + i);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (int i = 0; i < 6; i++) {
		v.sival_int = i;
		sigqueue(getpid(), 42 - i % 3, v);
	}
	kill(getpid(), 41);
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 9; i++) {
		struct timespec none = { 0, 0 };
		int sig = sigtimedwait(&s, &info, &none);
		if (sig < 0)
			say("%s", strerror(errno));
		else
			say("signal %d, code %d, value %d", sig, info.si_code, sig == SIGUSR1 || info.si_code == 0 ? -1 : info.si_value.sival_int);
	}
}

CASE(sig_delivery_order, "several unblocked at once: faults aside the highest number's handler runs first, being set up last")
{
	sigset_t s, old;

	for (int i = 36; i < 40; i++)
		act(i, note, 0);
	act(SIGUSR1, note, 0);
	act(SIGTERM, note, 0);
	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, &old);
	for (int i = 39; i >= 36; i--)
		raise(i);
	raise(SIGTERM);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	for (int i = 0; i < nr_seen; i++)
		say("%d", order[i]);
}

CASE(sig_thread_before_process, "signals to the thread come before those to the process")
{
	siginfo_t info;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGUSR2);
	sigprocmask(SIG_BLOCK, &s, NULL);
	kill(getpid(), SIGUSR1);
	syscall(SYS_tkill, getpid(), SIGUSR2);
	for (int i = 0; i < 2; i++) {
		int sig = sigwaitinfo(&s, &info);
		say("%d code %d", sig, info.si_code);
	}
}

static int depth, deepest;

static void nest(int sig)
{
	if (++depth > deepest)
		deepest = depth;
	if (seen[sig]++ < 3)
		raise(sig);
	depth--;
}

CASE(sig_nodefer, "a handler is not interrupted by its own signal, unless SA_NODEFER says so")
{
	act(SIGUSR1, nest, 0);
	raise(SIGUSR1);
	say("seen %d, depth %d", seen[SIGUSR1], deepest);
	seen[SIGUSR1] = deepest = 0;
	act(SIGUSR1, nest, SA_NODEFER);
	raise(SIGUSR1);
	say("seen %d, depth %d", seen[SIGUSR1], deepest);
}

CASE(sig_resethand, "SA_RESETHAND: the second one has the default action")
{
	act(SIGUSR1, note, SA_RESETHAND);
	raise(SIGUSR1);
	say("seen %d", seen[SIGUSR1]);
	struct sigaction a;
	sigaction(SIGUSR1, NULL, &a);
	say("default %d, flag kept %d", a.sa_handler == SIG_DFL, !!(a.sa_flags & SA_RESETHAND));
	raise(SIGUSR1);
}

static int masked_inside;

static void look_inside(int sig)
{
	seen[sig]++;
	masked_inside = is_blocked(SIGUSR1) | is_blocked(SIGUSR2) << 1 | is_blocked(SIGTERM) << 2;
}

CASE(sig_mask_in_handler, "sa_mask and the signal itself are blocked in the handler, and only there")
{
	struct sigaction a = { .sa_handler = look_inside };

	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	say("inside %d, after %d %d", masked_inside, is_blocked(SIGUSR1), is_blocked(SIGUSR2));
	a.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	say("inside %d", masked_inside);
	sigaddset(&a.sa_mask, SIGUSR1);
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	say("inside %d", masked_inside);
}

CASE(sig_ignored_and_blocked, "an ignored signal that is blocked stays pending; ignoring throws away what is pending")
{
	mask(SIG_BLOCK, SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	say("blocked, then ignored: %d", is_pending(SIGUSR1));
	signal(SIGUSR1, SIG_DFL);
	raise(SIGUSR1);
	say("pending %d", is_pending(SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	say("after ignoring %d", is_pending(SIGUSR1));
	mask(SIG_BLOCK, SIGCHLD);
	raise(SIGCHLD);
	say("SIGCHLD by default: %d", is_pending(SIGCHLD));
	signal(SIGCHLD, SIG_DFL);
	say("default again: %d", is_pending(SIGCHLD));
	mask(SIG_UNBLOCK, SIGUSR1);
	raise(SIGUSR1);
	say("not blocked, ignored: %d", is_pending(SIGUSR1));
}

CASE(sig_wait_for_ignored, "sigtimedwait gets a blocked signal although it is ignored")
{
	struct timespec none = { 0, 0 };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	SAY(sigtimedwait(&s, NULL, &none));
	SAY(sigtimedwait(&s, NULL, &none));
}

CASE(sig_stop_and_continue_pending, "SIGCONT throws stop signals away, stop signals throw SIGCONT away, even when blocked")
{
	sigset_t s;

	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGTSTP);
	raise(SIGTTIN);
	say("stop %d %d", is_pending(SIGTSTP), is_pending(SIGTTIN));
	raise(SIGCONT);
	say("stop %d %d, cont %d", is_pending(SIGTSTP), is_pending(SIGTTIN), is_pending(SIGCONT));
	raise(SIGTTOU);
	say("stop %d, cont %d", is_pending(SIGTTOU), is_pending(SIGCONT));
}

CASE(sig_codes_user, "si_code, si_pid, si_uid of kill, tkill, sigqueue, raise")
{
	union sigval v = { .sival_int = 4711 };

	act_info(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	say("kill: %d, own pid %d, uid %d, errno %d", last.si_code, last.si_pid == getpid(), (int)last.si_uid, last.si_errno);
	syscall(SYS_tkill, getpid(), SIGUSR1);
	say("tkill: %d, own pid %d", last.si_code, last.si_pid == getpid());
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	say("tgkill: %d, own pid %d", last.si_code, last.si_pid == getpid());
	sigqueue(getpid(), SIGUSR1, v);
	say("sigqueue: %d, own pid %d, value %d", last.si_code, last.si_pid == getpid(), last.si_value.sival_int);
	act_info(SIGALRM, 0);
	alarm(1);
	while (!seen[SIGALRM])
		pause();
	say("alarm: %d, pid %d", last.si_code, last.si_pid);
}

CASE(sig_codes_from_child, "SIGCHLD tells who, how, and with which code")
{
	sigset_t s;
	siginfo_t info;
	int gate[2];

	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s, NULL);
	pipe(gate);
	pid_t pid = fork();
	if (!pid) {
		char c;
		raise(SIGSTOP);
		read(gate[0], &c, 1);
		_exit(7);
	}
	sigwaitinfo(&s, &info);
	say("stopped: code %d, pid %d, status %d", info.si_code, info.si_pid == pid, info.si_status);
	kill(pid, SIGCONT);
	sigwaitinfo(&s, &info);
	say("continued: code %d, pid %d, status %d", info.si_code, info.si_pid == pid, info.si_status);
	write(gate[1], "x", 1);
	sigwaitinfo(&s, &info);
	say("exited: code %d, pid %d, status %d, uid %d", info.si_code, info.si_pid == pid, info.si_status, (int)info.si_uid);
	waitpid(pid, NULL, 0);
	pid = fork();
	if (!pid) {
		for (;;)
			pause();
	}
	kill(pid, SIGTERM);
	sigwaitinfo(&s, &info);
	say("killed: code %d, pid %d, status %d", info.si_code, info.si_pid == pid, info.si_status);
}

static void report_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say("signal %d, code %d, address %#lx", sig, info->si_code, (unsigned long)info->si_addr & 0xfff);
	_exit(0);
}

CASE(sig_fault_codes, "SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR, FPE_INTDIV, ILL_ILLOPN, TRAP_BRKPT")
{
	static char page[8192] __attribute__((aligned(4096)));

	for (int i = 0; i < 7; i++) {
		pid_t pid = fork();
		if (!pid) {
			struct sigaction a = { .sa_flags = SA_SIGINFO };
			a.sa_sigaction = report_fault;
			for (int sig = 1; sig < 32; sig++)
				sigaction(sig, &a, NULL);
			int fd = open("file", O_RDWR | O_CREAT, 0600);
			char *empty = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			mprotect(page + 4096 - 4096, 4096, PROT_READ);
			switch (i) {
			case 0: *(volatile int *)0x10 = 1; break;
			case 1: page[0x123] = 1; __asm__ volatile("" ::: "memory"); break;
			case 2: *(volatile char *)(empty + 0x45) = 1; break;
			case 3: divide_by_zero(); break;
			case 4: __asm__ volatile("ud2"); break;
			case 5: __asm__ volatile("int3"); break;
			case 6: __asm__ volatile("hlt"); break;
			}
			say("no fault");
			_exit(1);
		}
		int status;
		waitpid(pid, &status, 0);
		say_status("child", status);
	}
}

CASE(sig_fault_blocked, "a fault whose signal is blocked or ignored ends the program")
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (!pid) {
			act(SIGSEGV, note, 0);
			if (i)
				signal(SIGSEGV, SIG_IGN);
			else
				mask(SIG_BLOCK, SIGSEGV);
			*(volatile int *)0x10 = 1;
			_exit(0);
		}
		int status;
		waitpid(pid, &status, 0);
		say_status("child", status);
	}
}

CASE(sig_kill_errors, "kill: who, which number")
{
	SAY(kill(getpid(), 0));
	SAY(kill(getpid(), 65));
	SAY(kill(getpid(), -1));
	SAY(kill(999999, 0));
	SAY(kill(999999, 70));
	SAY(kill(-999999, 0));
	SAY(kill((pid_t)0x80000000, 0));
	SAY(kill(0, 0));
	SAY(syscall(SYS_tkill, 0, SIGUSR1));
	SAY(syscall(SYS_tkill, -1, SIGUSR1));
	SAY(syscall(SYS_tkill, 999999, SIGUSR1));
	SAY(syscall(SYS_tkill, getpid(), 0));
	SAY(syscall(SYS_tgkill, -1, getpid(), 0));
	SAY(syscall(SYS_tgkill, 0, getpid(), 0));
	SAY(syscall(SYS_tgkill, 1, getpid(), 0));
	SAY(syscall(SYS_tgkill, getpid(), getpid(), 99));
}

CASE(sig_kill_zombie, "a zombie can still be asked about and takes signals in silence")
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	SAY(kill(pid, 0));
	SAY(kill(pid, SIGKILL));
	waitpid(pid, NULL, 0);
	SAY(kill(pid, 0));
}

CASE_ROOT(sig_kill_permission, "an ordinary user signals its own only")
{
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		setresuid(1000, 1000, 1000);
		SAY(kill(parent, 0));
		SAY(kill(parent, SIGCONT));
		SAY(kill(parent, 99));
		SAY(kill(getpid(), 0));
		SAY(syscall(SYS_tkill, parent, 0));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pid = fork();
	if (!pid) {
		setsid();
		setresuid(1000, 1000, 1000);
		SAY(kill(parent, SIGCONT));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

CASE(sig_sigqueue_codes, "what a program may not pretend: codes of the kernel")
{
	siginfo_t i = { .si_code = SI_USER };
	pid_t pid = fork();

	if (!pid) {
		mask(SIG_BLOCK, SIGUSR1);
		for (;;)
			pause();
	}
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
	i.si_code = SI_TKILL;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
	i.si_code = SI_KERNEL;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
	i.si_code = SI_QUEUE;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
	i.si_code = -77;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
	SAY(syscall(SYS_rt_sigqueueinfo, pid, 0, &i));
	SAY(syscall(SYS_rt_sigqueueinfo, pid, 65, &i));
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, (void *)16));
	SAY(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, &i));
	SAY(syscall(SYS_rt_tgsigqueueinfo, 0, pid, SIGUSR1, &i));
	SAY(syscall(SYS_rt_tgsigqueueinfo, getpid(), pid, SIGUSR1, &i));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i));
}

CASE_ROOT(sig_queue_limit, "RLIMIT_SIGPENDING ends the queue with EAGAIN; kill still gets through")
{
	struct rlimit r = { 5, 5 };
	union sigval v = { .sival_int = 0 };
	int n = 0;

	if (setresuid(4321, 4321, 4321) || setrlimit(RLIMIT_SIGPENDING, &r))
		say("no limit");
	for (int i = 40; i < 45; i++)
		mask(SIG_BLOCK, i);
	mask(SIG_BLOCK, SIGUSR1);
	while (n < 100 && !sigqueue(getpid(), 40, v))
		n++;
	say("queued %d, then %s", n, strerror(errno));
	SAY(kill(getpid(), SIGUSR1));
	say("pending %d", is_pending(SIGUSR1));
	SAY(kill(getpid(), 41));
	SAY(sigqueue(getpid(), SIGUSR1, v));
}

CASE(sig_timedwait_errors, "sigtimedwait: times, sets, addresses")
{
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 }, soon = { 0, 1000000 };
	unsigned char set[8] = { 0 };
	long raw[2] = { 0, 1000000000 }, past[2] = { -1, 0 };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	SAY(sigtimedwait(&s, NULL, &bad));
	SAY(sigtimedwait(&s, NULL, &negative));
	SAY(sigtimedwait(&s, NULL, &soon));
	SAY(syscall(SYS_rt_sigtimedwait, set, NULL, raw, 8));
	SAY(syscall(SYS_rt_sigtimedwait, set, NULL, past, 8));
	SAY(syscall(SYS_rt_sigtimedwait, set, NULL, NULL, 4));
	SAY(syscall(SYS_rt_sigtimedwait, (void *)16, NULL, NULL, 8));
	SAY(syscall(SYS_rt_sigtimedwait, set, NULL, (void *)16, 8));
	raise(SIGUSR1);
	set[1] = 2;
	SAY(syscall(SYS_rt_sigtimedwait, set, (void *)16, NULL, 8));
	say("still pending %d", is_pending(SIGUSR1));
}

CASE(sig_timedwait_other, "a signal outside the set interrupts sigwaitinfo, SA_RESTART or not")
{
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } }, off = { { 0, 0 }, { 0, 0 } };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	act(SIGALRM, note, SA_RESTART);
	setitimer(ITIMER_REAL, &t, NULL);
	SAY(syscall(SYS_rt_sigtimedwait, &s, NULL, NULL, 8));
	setitimer(ITIMER_REAL, &off, NULL);
}

CASE(sig_suspend, "sigsuspend runs the handler, restores the mask, says EINTR")
{
	sigset_t none;

	mask(SIG_BLOCK, SIGUSR1);
	act(SIGUSR1, note, SA_RESTART);
	raise(SIGUSR1);
	sigemptyset(&none);
	SAY(sigsuspend(&none));
	say("seen %d, blocked again %d", seen[SIGUSR1], is_blocked(SIGUSR1));
	SAY(syscall(SYS_rt_sigsuspend, &none, 4));
	SAY(syscall(SYS_rt_sigsuspend, (void *)16, 8));
}

static void *stack_of_handler;

static void where(int sig)
{
	char c;
	stack_t s;

	seen[sig]++;
	stack_of_handler = &c;
	sigaltstack(NULL, &s);
	say("inside: flags %d", s.ss_flags);
	stack_t other = { .ss_sp = &c, .ss_size = 65536 };
	SAY(sigaltstack(&other, NULL));
}

CASE(sig_altstack, "SA_ONSTACK and sigaltstack's errors")
{
	static char space[65536];
	stack_t s = { .ss_sp = space, .ss_size = sizeof(space) }, old;

	SAY(sigaltstack(NULL, &old));
	say("at first: flags %d, size %d", old.ss_flags, (int)old.ss_size);
	SAY(sigaltstack(&s, NULL));
	act(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	say("on it %d", (char *)stack_of_handler >= space && (char *)stack_of_handler < space + sizeof(space));
	SAY(sigaltstack(NULL, &old));
	say("after: flags %d, same %d, size %d", old.ss_flags, old.ss_sp == space, (int)old.ss_size);
	s.ss_size = 100;
	SAY(syscall(SYS_sigaltstack, &s, NULL));
	s.ss_size = 65536;
	s.ss_flags = 77;
	SAY(syscall(SYS_sigaltstack, &s, NULL));
	s.ss_flags = SS_ONSTACK;
	SAY(syscall(SYS_sigaltstack, &s, NULL));
	s.ss_flags = SS_DISABLE;
	SAY(syscall(SYS_sigaltstack, &s, NULL));
	SAY(sigaltstack(NULL, &old));
	say("disabled: flags %d", old.ss_flags);
	SAY(syscall(SYS_sigaltstack, (void *)16, NULL));
	SAY(syscall(SYS_sigaltstack, NULL, (void *)16));
	act(SIGUSR1, note, SA_ONSTACK);
	raise(SIGUSR1);
	say("seen %d", seen[SIGUSR1]);
}

static void disarmed(int sig)
{
	stack_t s;

	seen[sig]++;
	sigaltstack(NULL, &s);
	say("inside: flags %#x", (unsigned)s.ss_flags);
}

CASE(sig_altstack_autodisarm, "SS_AUTODISARM: the stack is free while the handler runs, and set again after it")
{
	static char space[65536];
	stack_t s = { .ss_sp = space, .ss_size = sizeof(space), .ss_flags = (int)0x80000000 }, old;

	SAY(syscall(SYS_sigaltstack, &s, NULL));
	act(SIGUSR1, disarmed, SA_ONSTACK);
	raise(SIGUSR1);
	SAY(syscall(SYS_sigaltstack, NULL, &old));
	say("after: flags %#x, size %d", (unsigned)old.ss_flags, (int)old.ss_size);
}

CASE(sig_altstack_fork, "fork keeps the alternate stack, exec's new image has none")
{
	static char space[65536];
	stack_t s = { .ss_sp = space, .ss_size = sizeof(space) }, old;

	sigaltstack(&s, NULL);
	if (!fork()) {
		sigaltstack(NULL, &old);
		say("child: flags %d", old.ss_flags);
		_exit(0);
	}
	wait(NULL);
	if (!vfork()) {
		sigaltstack(NULL, &old);
		say("vfork child: flags %d", old.ss_flags);
		_exit(0);
	}
	wait(NULL);
}

CASE(sig_child_ignored, "SIGCHLD ignored: no zombies; wait waits for all and says ECHILD")
{
	int status = 4711;

	signal(SIGCHLD, SIG_IGN);
	pid_t pid = fork();
	if (!pid)
		_exit(3);
	SAY(waitpid(pid, &status, 0));
	say("status untouched %d", status == 4711);
	SAY(kill(pid, 0));
}

CASE(sig_child_nocldwait, "SA_NOCLDWAIT: no zombies, but the handler runs")
{
	act(SIGCHLD, note, SA_NOCLDWAIT);
	pid_t pid = fork();
	if (!pid)
		_exit(3);
	SAY(waitpid(-1, NULL, 0));
	while (!seen[SIGCHLD])
		sleep_ms(1);
	say("seen %d", seen[SIGCHLD]);
}

CASE(sig_child_nocldstop, "SA_NOCLDSTOP: no SIGCHLD for stops and continuations")
{
	int status;

	act(SIGCHLD, note, SA_NOCLDSTOP | SA_RESTART);
	pid_t pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(pid, &status, WUNTRACED);
	say_status("child", status);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	say_status("child", status);
	say("seen %d", seen[SIGCHLD]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("seen %d", seen[SIGCHLD]);
}

CASE(sig_stop_held, "a stopped process takes no signals but SIGKILL and SIGCONT; the others wait")
{
	int status, p[2];
	char c = 0;

	pipe2(p, O_NONBLOCK);
	pid_t pid = fork();
	if (!pid) {
		act(SIGUSR1, note, 0);
		act(SIGCONT, note, 0);
		raise(SIGSTOP);
		say("continued: usr1 %d, cont %d", seen[SIGUSR1], seen[SIGCONT]);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGUSR1);
	kill(pid, SIGTSTP);
	SAY(waitpid(pid, &status, WNOHANG | WUNTRACED));
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	say_status("child", status);
	(void)c;
}

CASE(sig_stop_killed, "SIGKILL ends a stopped process at once, SIGTERM only after SIGCONT")
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		raise(SIGSTOP);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGTERM);
	SAY(waitpid(pid, &status, WNOHANG));
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	say_status("child", status);
	pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		_exit(5);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say_status("child", status);
}

CASE(sig_tstp_orphan, "stop signals of the terminal do not stop a member of an orphaned group")
{
	int status;

	pid_t pid = fork();
	if (!pid) {
		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		say("not stopped");
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	say_status("child", status);
}

CASE(sig_wait_flags, "wait's flags and their errors")
{
	siginfo_t i = { 0 };
	int status;

	SAY(waitpid(-1, NULL, 0));
	SAY(waitpid(-1, NULL, WNOHANG));
	SAY(waitpid(getpid(), NULL, 0));
	SAY(syscall(SYS_wait4, -1, NULL, 0x1000, NULL));
	SAY(syscall(SYS_wait4, (pid_t)0x80000000, NULL, 0, NULL));
	SAY(waitid(P_ALL, 0, &i, 0));
	SAY(waitid(P_ALL, 0, &i, WEXITED));
	SAY(waitid(77, 0, &i, WEXITED));
	SAY(waitid(P_PID, 0, &i, WEXITED));
	SAY(waitid(P_PID, (id_t)-1, &i, WEXITED));
	pid_t pid = fork();
	if (!pid)
		_exit(9);
	SAY(waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT));
	say("code %d, status %d, signo %d", i.si_code, i.si_status, i.si_signo);
	SAY(waitpid(-1, (int *)16, 0));
	SAY(waitpid(-1, &status, 0));
	pid = fork();
	if (!pid) {
		for (;;)
			pause();
	}
	i.si_pid = 99;
	SAY(waitid(P_PID, (id_t)pid, &i, WEXITED | WNOHANG));
	say("pid %d", i.si_pid);
	SAY(waitpid(pid, &status, WNOHANG));
	SAY(waitpid(-getpgrp(), &status, WNOHANG));
	SAY(waitpid(0, &status, WNOHANG));
	SAY(waitpid(-999999, &status, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

CASE(sig_fork_pending, "fork keeps the mask and drops what is pending")
{
	mask(SIG_BLOCK, SIGTERM);
	raise(SIGTERM);
	IN_CHILD say("blocked %d pending %d", is_blocked(SIGTERM), is_pending(SIGTERM));
	say("blocked %d pending %d", is_blocked(SIGTERM), is_pending(SIGTERM));
}

CASE(sig_signal_call, "signal(2) of old: reset and not blocked")
{
	long old = syscall(SYS_signal, SIGUSR1, note);

	say("old %ld", old);
	raise(SIGUSR1);
	say("seen %d, default again %d", seen[SIGUSR1], syscall(SYS_signal, SIGUSR1, SIG_IGN) == 0);
	SAY(syscall(SYS_signal, SIGKILL, SIG_IGN));
	SAY(syscall(SYS_signal, 0, SIG_IGN));
}

CASE(sig_action_kept, "sigaction gives back what was set, flags included")
{
	struct sigaction a = { .sa_handler = note, .sa_flags = SA_RESTART | SA_NODEFER | SA_NOCLDSTOP }, b;

	sigaddset(&a.sa_mask, SIGTERM);
	sigaddset(&a.sa_mask, SIGKILL);
	sigaddset(&a.sa_mask, 50);
	sigaction(SIGUSR1, &a, NULL);
	SAY(sigaction(SIGUSR1, NULL, &b));
	say("handler %d, restart %d nodefer %d nocldstop %d siginfo %d", b.sa_handler == note, !!(b.sa_flags & SA_RESTART), !!(b.sa_flags & SA_NODEFER),
	    !!(b.sa_flags & SA_NOCLDSTOP), !!(b.sa_flags & SA_SIGINFO));
	say("mask: term %d kill %d 50 %d", sigismember(&b.sa_mask, SIGTERM), sigismember(&b.sa_mask, SIGKILL), sigismember(&b.sa_mask, 50));
}

CASE(sig_action_unknown_flags, "flags that the kernel does not know are cleared, so that programs can ask")
{
	struct { unsigned handler, flags, restorer, mask[2]; } a = { 1, 0x00001f00 | 0x400 | 0x800, 0, { 0, 0 } }, b = { 0 };

	SAY(syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &b, 8));
	say("flags %#x", b.flags);
}

CASE(signalfd_basics, "signalfd: reads whole records, as many as fit, thread's first")
{
	struct signalfd_siginfo i[4];
	union sigval v = { .sival_int = 12 };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, 40);
	sigprocmask(SIG_BLOCK, &s, NULL);
	int fd = signalfd(-1, &s, SFD_NONBLOCK);
	SAY(read(fd, i, sizeof(i)));
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), 40, v);
	SAY(read(fd, i, sizeof(i[0]) - 1));
	SAY(read(fd, i, sizeof(i)) / (long)sizeof(i[0]));
	say("%d code %d pid %d uid %d", i[0].ssi_signo, i[0].ssi_code, i[0].ssi_pid == (unsigned)getpid(), i[0].ssi_uid);
	say("%d code %d int %d", i[1].ssi_signo, i[1].ssi_code, i[1].ssi_int);
	SAY(read(fd, i, sizeof(i)));
	raise(SIGUSR1);
	SAY(read(fd, (void *)16, 128));
	SAY(write(fd, i, 128));
	SAY(lseek(fd, 0, SEEK_SET));
}

CASE(signalfd_set, "signalfd: another set for the same descriptor, errors")
{
	struct signalfd_siginfo i;
	sigset_t s;

	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	int fd = signalfd(-1, &s, SFD_NONBLOCK);
	raise(SIGUSR2);
	struct pollfd f = { fd, POLLIN | POLLOUT, 0 };
	SAY(poll(&f, 1, 0));
	sigaddset(&s, SIGUSR2);
	SAY(signalfd(fd, &s, 0) == fd);
	SAY(poll(&f, 1, 0));
	say("events %#x", f.revents);
	SAY(read(fd, &i, sizeof(i)));
	SAY(signalfd(0, &s, 0));
	SAY(signalfd(99, &s, 0));
	SAY(syscall(SYS_signalfd4, -1, &s, 4, 0));
	SAY(syscall(SYS_signalfd4, -1, &s, 8, 1));
	SAY(syscall(SYS_signalfd4, -1, (void *)16, 8, 0));
	SAY(signalfd(-2, &s, 0));
}

CASE(signalfd_child_and_fault, "signalfd tells of children")
{
	struct signalfd_siginfo i;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s, NULL);
	int fd = signalfd(-1, &s, 0);
	pid_t pid = fork();
	if (!pid)
		_exit(6);
	SAY(read(fd, &i, sizeof(i)));
	say("%d code %d, pid %d, status %d", i.ssi_signo, i.ssi_code, i.ssi_pid == (unsigned)pid, i.ssi_status);
}

CASE(sig_rt_range, "the numbers between: 32, 33 and 64 are signals like others")
{
	unsigned char set[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, pending[8] = { 0 };

	SAY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, NULL, 8));
	SAY(syscall(SYS_tkill, getpid(), 32));
	SAY(syscall(SYS_tkill, getpid(), 33));
	SAY(syscall(SYS_tkill, getpid(), 64));
	SAY(syscall(SYS_rt_sigpending, pending, 8));
	say("%02x %02x %02x", pending[3], pending[4], pending[7]);
}

CASE(sig_alarm_values, "alarm and setitimer: what was left, what is refused")
{
	struct itimerval t = { { 0, 0 }, { 100, 0 } }, old;

	alarm(100);
	SAY(alarm(0) > 75);
	SAY(alarm(0));
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	SAY(alarm(50) > 75);
	SAY(getitimer(ITIMER_REAL, &old));
	say("interval %d, value %d", (int)old.it_interval.tv_sec, old.it_value.tv_sec >= 25);
	t.it_value.tv_usec = 1000000;
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	t.it_value.tv_usec = -1;
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	SAY(syscall(SYS_setitimer, 3, &old, NULL));
	SAY(syscall(SYS_getitimer, 3, &old));
	SAY(syscall(SYS_setitimer, ITIMER_REAL, NULL, NULL));
	SAY(alarm(0));
}
