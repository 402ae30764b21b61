/* The buffer library: rings that wrap, two buffers in turn, waiting for a free one, strategies. */
#include "io/contract/buffer.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "tests/kernel/ktest.h"

#define SIZE 64u

static u8 pattern(u32 i) { return (u8)(i * 7 + (i >> 8)); }

KTEST(buffer_ring_wraps)
{
	struct buffer_ring r;
	u8 data[SIZE], out[SIZE];
	u32 put = 0, got = 0;

	KT_REQUIRE(!buffer_ring_init(&r, "ktest ring", SIZE));
	for (u32 round = 1; round < 200; round++) {
		u32 n = round * 13 % (SIZE + 1), taken;

		for (u32 i = 0; i < n; i++)
			data[i] = pattern(put + i);
		taken = buffer_ring_put(&r, data, n);
		KT_EQUAL(taken, min(n, SIZE - (put - got)));
		put += taken;
		buffer_ring_lost(&r, n - taken);
		n = buffer_ring_get(&r, out, round * 5 % SIZE);
		for (u32 i = 0; i < n; i++, got++)
			if (!KT_EQUAL(out[i], pattern(got)))
				goto out;
		KT_EQUAL(buffer_ring_used(&r), put - got);
	}
	KT_EXPECT(r.monitor.overruns && r.monitor.in == put && r.monitor.out == got && r.monitor.most == SIZE);
out:
	buffer_ring_destroy(&r);
}

KTEST(buffer_stream_alternates)
{
	struct buffer_stream s;
	u8 data[3 * SIZE], out[3 * SIZE];

	KT_REQUIRE(!buffer_stream_init(&s, "ktest double", 2, SIZE));
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = pattern(i);
	KT_EQUAL(buffer_stream_put(&s, data, sizeof(data)), 2 * SIZE); /* both are full */
	KT_EXPECT(!buffer_stream_room(&s));
	KT_EQUAL(buffer_stream_put(&s, data, 1), 0);
	KT_EQUAL(buffer_stream_get(&s, out, SIZE / 2), SIZE / 2);
	KT_EXPECT(!buffer_stream_room(&s)); /* a buffer is free when it is empty, not before */
	KT_EQUAL(buffer_stream_get(&s, out + SIZE / 2, SIZE / 2), SIZE / 2);
	KT_EXPECT(buffer_stream_room(&s));
	KT_EQUAL(buffer_stream_put(&s, data + 2 * SIZE, SIZE), SIZE);
	KT_EQUAL(buffer_stream_get(&s, out + SIZE, sizeof(out)), 2 * SIZE); /* in the order of filling */
	KT_EXPECT(!memcmp(data, out, sizeof(data)));
	KT_EQUAL(s.pool.monitor.in_use, 0);
	KT_EQUAL(s.pool.monitor.most, 2);
	/* A buffer that is not full goes when there is no other. */
	KT_EQUAL(buffer_stream_put(&s, "abc", 3), 3);
	KT_EQUAL(buffer_stream_pending(&s), 3);
	KT_EQUAL(buffer_stream_get(&s, out, SIZE), 3);
	KT_EQUAL(buffer_stream_get(&s, out, SIZE), 0);
	KT_EQUAL(buffer_stream_put(&s, data, sizeof(data)), 2 * SIZE);
	buffer_stream_discard(&s);
	KT_EQUAL(buffer_stream_pending(&s), 0);
	buffer_stream_destroy(&s);
}

static struct buffer_stream shared;

static int slow_taker(void *arg)
{
	u8 out[SIZE / 4];
	u32 got = 0, n;

	while (got < (u32)arg) {
		n = buffer_stream_get(&shared, out, sizeof(out));
		for (u32 i = 0; i < n; i++)
			if (out[i] != pattern(got + i))
				return -EIO;
		got += n;
		sleep_ms(1);
	}
	return 0;
}

/* count buffers, `bytes` through them; how often the filling side waited. */
static u32 run_through(u32 count, u32 bytes)
{
	struct task *t;
	u32 waits, put = 0;

	if (!KT_EXPECT(!buffer_stream_init(&shared, "ktest shared", count, SIZE)))
		return 0;
	t = kthread_run(slow_taker, (void *)bytes, "ktaker");
	while (!IS_ERR(t) && put < bytes) {
		u8 c = pattern(put);
		u32 n = buffer_stream_put(&shared, &c, 1);

		put += n;
		if (!n && !KT_EXPECT(!buffer_stream_wait_room(&shared, deadline_ms(10000))))
			break;
	}
	KT_EXPECT(!buffer_stream_wait_empty(&shared, deadline_ms(10000)));
	KT_EXPECT(!IS_ERR(t) && kthread_stop(t) == 0);
	waits = shared.pool.monitor.waits;
	buffer_stream_destroy(&shared);
	return waits;
}

KTEST(buffer_single_and_double)
{
	u32 single = run_through(1, 8 * SIZE), two = run_through(2, 8 * SIZE);

	pr_info("buffer: the filling side waited %u times with one buffer, %u with two\n", single, two);
	KT_EXPECT(single >= 7); /* between any two buffers */
	KT_EXPECT(two >= 1 && two <= single);
}

KTEST(buffer_pool_strategies)
{
	static const char *const names[] = { "fifo", "lifo" };
	struct buffer_pool p;
	struct io_buffer *a, *b;

	KT_REQUIRE(!buffer_pool_init(&p, "ktest pool", "single", 3, SIZE, NULL));
	a = buffer_alloc(&p);
	b = buffer_alloc(&p);
	buffer_free(&p, a);
	buffer_free(&p, b);
	/* In turn: the third one, which was never used. */
	KT_EXPECT(!strcmp(p.strategy->name, names[0]));
	struct io_buffer *next = buffer_try_alloc(&p);
	KT_EXPECT(next != a && next != b);
	buffer_free(&p, next);
	p.strategy++;
	KT_EXPECT(!strcmp(p.strategy->name, names[1]));
	KT_EXPECT(buffer_try_alloc(&p) == next);
	KT_EXPECT(buffer_try_alloc(&p) == b);
	KT_EXPECT(buffer_try_alloc(&p) == a);
	KT_EXPECT(!buffer_try_alloc(&p));
	buffer_free(&p, a);
	buffer_free(&p, b);
	buffer_free(&p, next);
	buffer_pool_destroy(&p);
}
