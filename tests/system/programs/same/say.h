/* For programs that run on Sluice and on the host's Linux and must print the same: results as text that does not depend on the machine. */
#ifndef SAY_H
#define SAY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A line; unbuffered, so that children do not print it again. */
static inline void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void say(const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[n++] = '\n';
	if (write(1, line, (size_t)n) != n)
		_exit(99);
}

/* "NAME: RESULT", with the error's name when the call failed. */
#define SAY(call) \
	do { \
		errno = 0; \
		long result_ = (long)(call); \
		if (result_ == -1) \
			say("%s: %s", #call, strerror(errno)); \
		else \
			say("%s: %ld", #call, result_); \
	} while (0)

/* The same for a call whose value is a descriptor or an address: only whether it worked. */
#define SAY_OK(call) \
	do { \
		errno = 0; \
		say("%s: %s", #call, (long)(call) == -1 ? strerror(errno) : "ok"); \
	} while (0)

/* How a child ended. */
static inline void say_status(const char *what, int status)
{
	if (WIFEXITED(status))
		say("%s: exit %d", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say("%s: signal %d", what, WTERMSIG(status));
	else if (WIFSTOPPED(status))
		say("%s: stopped by %d", what, WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		say("%s: continued", what);
}

static inline void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* In assembly: to a compiler it is undefined, and it may drop it. */
static inline void divide_by_zero(void)
{
	unsigned int low = 1, high = 0;

	__asm__ volatile("divl %2" : "+a"(low), "+d"(high) : "r"(0));
}

#endif
