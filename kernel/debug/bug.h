/* Broken invariants. panic() is for our own mistakes only, never for what a program or a device does. */
#ifndef KERNEL_DEBUG_BUG_H
#define KERNEL_DEBUG_BUG_H

#include "kernel/lib/types.h"

struct regs;
/* Print the message, registers, a backtrace with names and the last I/O events, tell tools/vm, stop. Any context. */
void __noreturn panic(const char *fmt, ...) __printf(1, 2);
void __noreturn panic_regs(const struct regs *r, const char *fmt, ...) __printf(2, 3);
/* Print a warning once per place with a backtrace; go on. */
void warn_at(const char *file, int line, const char *what);
void dump_stack(void);

#define BUG() panic("BUG at %s:%d", __FILE__, __LINE__)
#define BUG_ON(c) do { if (unlikely(c)) panic("BUG at %s:%d: %s", __FILE__, __LINE__, #c); } while (0)
#define WARN_ON(c) ({ \
		bool w_ = (c); \
		static bool said_; \
		if (unlikely(w_) && !said_) { \
			said_ = true; \
			warn_at(__FILE__, __LINE__, #c); \
		} \
		w_; \
	})
/* Checked in debug builds only. */
#if defined(CONFIG_DEBUG) || defined(HOST_TEST)
#define ASSERT(c) BUG_ON(!(c))
/* This function may sleep: not in an interrupt, no spinlock held. */
void might_sleep_at(const char *file, int line);
#define might_sleep() might_sleep_at(__FILE__, __LINE__)
#else
#define ASSERT(c) do { (void)sizeof(c); } while (0)
#define might_sleep() do { } while (0)
#endif

#endif
