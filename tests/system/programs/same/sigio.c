/* Signal-driven I/O on pipes and terminals: O_ASYNC, F_SETOWN, F_SETOWN_EX, F_SETSIG. */
#include <sys/ioctl.h>

#include "say.h"

static volatile int seen, last_code, last_fd, last_band, last_sig;

static void on_io(int sig, siginfo_t *i, void *context)
{
	(void)context;
	last_sig = sig;
	last_code = i->si_code;
	last_fd = i->si_fd;
	last_band = (int)i->si_band;
	seen++;
}

static void report(const char *what, int fd)
{
	if (seen && last_sig != SIGIO)
		say("%s: %d signals, signal %d code %d band %#x fd %d", what, seen, last_sig - SIGRTMIN, last_code, (unsigned)last_band, last_fd == fd);
	else
		say("%s: %d signals", what, seen);
	seen = 0;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner;
	static char big[70000];
	char c;
	int p[2], on = 1;

	alarm(20);
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGRTMIN, &sa, NULL);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	SAY(pipe(p));
	SAY(fcntl(p[0], F_GETOWN));
	SAY(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	say("flags %d", (fcntl(p[0], F_GETFL) & O_ASYNC) != 0);
	SAY(write(p[1], "a", 1));
	report("no owner", p[0]);
	SAY(fcntl(p[0], F_SETOWN, getpid()));
	say("owner %d", fcntl(p[0], F_GETOWN) == getpid());
	SAY(write(p[1], "b", 1));
	report("owner", p[0]);
	SAY(fcntl(p[0], F_SETSIG, SIGRTMIN));
	say("signal %d", fcntl(p[0], F_GETSIG) == SIGRTMIN);
	SAY(write(p[1], "c", 1));
	report("SIGRTMIN", p[0]);
	SAY(read(p[0], &c, 1));
	report("read", p[0]);
	SAY(fcntl(p[0], F_SETOWN, -getpgrp()));
	say("group %d", fcntl(p[0], F_GETOWN) == -getpgrp());
	SAY(fcntl(p[0], F_GETOWN_EX, &owner));
	say("type %d", owner.type);
	owner = (struct f_owner_ex){ F_OWNER_TID, (pid_t)syscall(SYS_gettid) };
	SAY(fcntl(p[0], F_SETOWN_EX, &owner));
	SAY(write(p[1], "d", 1));
	report("thread", p[0]);
	owner.type = 9;
	SAY(fcntl(p[0], F_SETOWN_EX, &owner));
	SAY(fcntl(p[0], F_SETSIG, 99));
	SAY(fcntl(p[0], F_SETFL, O_NONBLOCK));
	SAY(write(p[1], "e", 1));
	report("switched off", p[0]);
	/* the writing end */
	SAY(fcntl(p[1], F_SETFL, O_ASYNC | O_NONBLOCK));
	SAY(fcntl(p[1], F_SETSIG, SIGRTMIN + 1));
	SAY(fcntl(p[1], F_SETOWN, getpid()));
	SAY(write(p[1], big, 65536) > 0);
	SAY(write(p[1], "x", 1));
	report("full", p[1]);
	SAY(read(p[0], big, 8192));
	report("room", p[1]);
	close(p[0]);
	report("reader gone", p[1]);
	close(p[1]);
	/* by ioctl, and blocked signals queue */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	SAY(pipe(p));
	SAY(ioctl(p[0], FIOASYNC, &on));
	SAY(fcntl(p[0], F_SETOWN, getpid()));
	SAY(fcntl(p[0], F_SETSIG, SIGRTMIN));
	sigprocmask(SIG_BLOCK, &set, NULL);
	write(p[1], "a", 1);
	write(p[1], "b", 1);
	siginfo_t info;
	SAY(sigwaitinfo(&set, &info) == SIGRTMIN);
	say("code %d band %#lx fd %d", info.si_code, (unsigned long)info.si_band, info.si_fd == p[0]);
	struct timespec none = { 0, 0 };
	SAY(sigtimedwait(&set, &info, &none) == SIGRTMIN);
	SAY(sigtimedwait(&set, &info, &none));
	close(p[1]);
	SAY(sigtimedwait(&set, &info, &none) == SIGRTMIN);
	say("code %d", info.si_code);
	SAY(fcntl(0, F_SETFL, O_ASYNC));
	return 0;
}
