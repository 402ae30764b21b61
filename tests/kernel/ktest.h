/*
 * Tests inside the debug kernel. KTEST(name) { ... } makes one; inside it KT_EXPECT(condition) records a failure and goes on, KT_REQUIRE
 * records it and leaves the test. The kernel word `ktest` (or ktest=PREFIX) runs them after the root is mounted and before init; each may
 * sleep. Results go to the kernel log as KTAP (Linux, Documentation/dev-tools/ktap.rst) and end with "# ktest: N passed, N failed".
 */
#ifndef TESTS_KERNEL_KTEST_H
#define TESTS_KERNEL_KTEST_H

#include "kernel/lib/types.h"

struct ktest {
	const char *name;
	void (*fn)(void);
};

#define KTEST(testname) \
	static void ktest_##testname(void); \
	static const struct ktest ktest_entry_##testname __attribute__((section(".ktests"), used, aligned(4))) = { \
		#testname, ktest_##testname \
	}; \
	static void ktest_##testname(void)

#define KT_EXPECT(c) ({ bool ok_ = (c); if (!ok_) ktest_fail(__FILE__, __LINE__, #c); ok_; })
/* Two numbers that should be equal; prints both. */
#define KT_EQUAL(a, b) ktest_equal(__FILE__, __LINE__, #a " == " #b, (long long)(a), (long long)(b))
#define KT_REQUIRE(c) do { if (!KT_EXPECT(c)) return; } while (0)
/* Leave the test as skipped; what it needs is not there. */
#define KT_SKIP(why) do { ktest_skip(why); return; } while (0)

void ktest_fail(const char *file, int line, const char *what);
bool ktest_equal(const char *file, int line, const char *what, long long a, long long b);
void ktest_skip(const char *why);
/* All tests whose names begin with prefix. Process context. */
void ktest_run(const char *prefix);

#endif
