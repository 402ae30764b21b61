/* The runner of the tests inside the kernel (ktest.h). */
#include "tests/kernel/ktest.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/ubsan.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/string.h"

extern const struct ktest __ktest_start[], __ktest_end[];

static u32 failures; /* of the running test */
static const char *skipped;

void ktest_fail(const char *file, int line, const char *what)
{
	failures++;
	pr_info("# %s:%d: expected %s\n", file, line, what);
}

bool ktest_equal(const char *file, int line, const char *what, long long a, long long b)
{
	if (a == b)
		return true;
	failures++;
	pr_info("# %s:%d: expected %s, but they are %lld and %lld\n", file, line, what, a, b);
	return false;
}

void ktest_skip(const char *why) { skipped = why; }

static bool chosen(const struct ktest *t, const char *prefix) { return !strncmp(t->name, prefix, strlen(prefix)); }

/* A test fails, too, when it leaves the kernel in another state: atomic, interrupts off, undefined behaviour found. */
static bool run_one(const struct ktest *t)
{
	u32 ubsan_before = ubsan_count;

	failures = 0;
	skipped = NULL;
	t->fn();
	KT_EQUAL(preempt_count(), 0);
	KT_EXPECT(irqs_enabled());
	KT_EQUAL(ubsan_count, ubsan_before);
	return !failures;
}

void ktest_run(const char *prefix)
{
	u32 planned = 0, nr = 0, failed = 0;
	const struct ktest *t;

	for (t = __ktest_start; t < __ktest_end; t++)
		planned += chosen(t, prefix);
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", planned);
	for (t = __ktest_start; t < __ktest_end; t++) {
		if (!chosen(t, prefix))
			continue;
		bool ok = run_one(t);
		failed += !ok;
		nr++;
		if (skipped && ok)
			pr_info("ok %u %s # SKIP %s\n", nr, t->name, skipped);
		else
			pr_info("%s %u %s\n", ok ? "ok" : "not ok", nr, t->name);
	}
	pr_info("# ktest: %u passed, %u failed\n", nr - failed, failed);
}
