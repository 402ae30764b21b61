/*
 * For tests of pure code on the host. A test program is one file tests/host/test_NAME.c:
 *
 *	(a comment that says what is tested, with the line)
 *	SOURCES: kernel/lib/rbtree.c kernel/lib/string.c
 *	#include "tests/host/host_test.h"
 *
 *	TEST(insert_keeps_order)
 *	{
 *		CHECK(a == b);
 *		CHECK_EQ(count, 3);
 *	}
 *
 *	int main(void)
 *	{
 *		RUN(insert_keeps_order);
 *		return host_test_end();
 *	}
 *
 * The line SOURCES names the kernel files to compile in. Each test prints "ok NAME" or "not ok NAME"; a failed check prints where and what,
 * and the test goes on. Seeded tests take their seed from host_test_seed(): 1, or SEED=n, or a new one each time in `make soak`, printed so
 * that SEED=n repeats the run; host_test_scale() is 1, and more in `make soak`.
 */
#ifndef TESTS_HOST_HOST_TEST_H
#define TESTS_HOST_HOST_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int host_test_ran_, host_test_failed_, host_test_bad_checks_;

#define TEST(name) static void name(void)

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			host_test_bad_checks_++; \
		} \
	} while (0)

#define CHECK_EQ(got, want) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) { \
			printf("# %s:%d: %s is %lld, should be %lld\n", __FILE__, __LINE__, #got, got_, want_); \
			host_test_bad_checks_++; \
		} \
	} while (0)

static inline void host_test_one_(const char *name, void (*test)(void))
{
	host_test_bad_checks_ = 0;
	test();
	host_test_ran_++;
	host_test_failed_ += host_test_bad_checks_ != 0;
	printf("%s %s\n", host_test_bad_checks_ ? "not ok" : "ok", name);
	fflush(stdout);
}

#define RUN(name) host_test_one_(#name, name)

/* What main returns: 0 when tests ran and all held. */
static inline int host_test_end(void)
{
	return host_test_ran_ == 0 || host_test_failed_ != 0;
}

static inline unsigned int host_test_scale(void)
{
	const char *given = getenv("SCALE");
	return given ? (unsigned int)strtoul(given, NULL, 0) : 1;
}

static inline unsigned int host_test_seed(void)
{
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : host_test_scale() > 1 ? (unsigned int)time(NULL) : 1;

	printf("# SEED=%u\n", seed);
	return seed;
}

#endif
