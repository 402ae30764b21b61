/* Tests of tasks: kernel threads, wait queues, completions, mutexes, fairness, priorities, pids. */
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define SOON deadline_ms(2000)

/* ---- kernel threads ---- */

static int return_argument(void *arg) { return (int)(long)arg; }

static int until_stopped(void *arg)
{
	u32 *turns = arg;

	while (!kthread_should_stop()) {
		++*turns;
		sleep_ms(1);
	}
	return 7;
}

KTEST(sched_thread_stops_with_its_result)
{
	u32 turns = 0;
	struct task *t = kthread_run(until_stopped, &turns, "stopme%d", 3);

	KT_REQUIRE(!IS_ERR(t));
	KT_EXPECT(!strcmp(t->comm, "stopme3"));
	sleep_ms(20);
	KT_EQUAL(kthread_stop(t), 7);
	KT_EXPECT(turns > 0);
}

KTEST(sched_many_threads)
{
	u32 before = nr_tasks();

	for (u32 round = 0; round < 200; round++) {
		struct task *t = kthread_run(return_argument, (void *)1, "many");
		KT_REQUIRE(!IS_ERR(t));
		if (!(round % 20))
			yield_cpu();
	}
	for (u32 i = 0; i < 100 && nr_tasks() != before; i++)
		sleep_ms(5);
	KT_EQUAL(nr_tasks(), before);
}

/* ---- wait queues ---- */

struct meeting {
	struct wait_queue_head wq;
	u32 value, woken;
	bool exclusive;
	struct completion gone;
};

static int wait_for_value(void *arg)
{
	struct meeting *m = arg;

	if (m->exclusive)
		wait_event_exclusive(&m->wq, m->value);
	else
		wait_event(&m->wq, m->value);
	m->woken++;
	complete(&m->gone);
	return 0;
}

static void meet(struct meeting *m, bool exclusive, u32 n)
{
	*m = (struct meeting){ .exclusive = exclusive };
	wait_queue_init(&m->wq);
	completion_init(&m->gone);
	for (u32 i = 0; i < n; i++)
		kthread_run(wait_for_value, m, "waiter");
	sleep_ms(20);
}

static u32 gone(struct meeting *m, u32 n)
{
	u32 i = 0;

	while (i < n && wait_for_completion_until(&m->gone, SOON))
		i++;
	return i;
}

KTEST(wait_wakes_all_but_exclusive_ones)
{
	struct meeting m;

	meet(&m, false, 3);
	KT_EQUAL(m.woken, 0);
	wake_up(&m.wq); /* the condition does not hold: they go back to sleep */
	sleep_ms(10);
	KT_EQUAL(m.woken, 0);
	m.value = 1;
	wake_up(&m.wq);
	KT_EQUAL(gone(&m, 3), 3);
	KT_EXPECT(!wait_queue_active(&m.wq));

	meet(&m, true, 3);
	m.value = 1;
	wake_up(&m.wq);
	KT_EQUAL(gone(&m, 1), 1);
	sleep_ms(10);
	KT_EQUAL(m.woken, 1);
	wake_up_all(&m.wq);
	KT_EQUAL(gone(&m, 2), 2);
	KT_EXPECT(!wait_queue_active(&m.wq));
}

KTEST(wait_deadline)
{
	DEFINE_WAIT_QUEUE(wq);
	u64 start = ktime_ns();

	KT_EQUAL(wait_event_until(&wq, false, deadline_ms(30)), -ETIMEDOUT);
	KT_EXPECT(ktime_ns() - start >= 30 * NSEC_PER_MSEC);
	KT_EQUAL(wait_event_until(&wq, true, 0), 0);
	KT_EQUAL(wait_event_until(&wq, false, ktime_ns() - 1), -ETIMEDOUT);
	KT_EQUAL(current->state, TASK_RUNNING);
	KT_EXPECT(!wait_queue_active(&wq));
}

static bool note_key(struct wait_queue_entry *e, u32 mode, u32 key)
{
	*(u32 *)e->private = key;
	return true;
}

KTEST(wait_callback_gets_the_key)
{
	DEFINE_WAIT_QUEUE(wq);
	u32 key = 0;
	struct wait_queue_entry e = { .private = &key, .func = note_key };

	add_wait_queue(&wq, &e);
	wake_up_poll(&wq, 0x41);
	KT_EQUAL(key, 0x41);
	remove_wait_queue(&wq, &e);
	key = 0;
	wake_up_poll(&wq, 1);
	KT_EQUAL(key, 0);
}

/* ---- completions ---- */

KTEST(completion_counts)
{
	struct completion c;

	completion_init(&c);
	KT_EXPECT(!wait_for_completion_until(&c, deadline_ms(5)));
	complete(&c);
	complete(&c);
	KT_EXPECT(wait_for_completion_until(&c, SOON));
	KT_EXPECT(wait_for_completion_until(&c, SOON));
	KT_EXPECT(!wait_for_completion_until(&c, deadline_ms(5)));
	complete_all(&c);
	for (u32 i = 0; i < 5; i++)
		wait_for_completion(&c);
}

/* ---- mutexes ---- */

struct contest {
	struct mutex m;
	u32 inside, count;
	bool clash;
	struct completion done;
};

#define TURNS 50
#define CONTESTANTS 5

static int contend(void *arg)
{
	struct contest *c = arg;

	for (u32 i = 0; i < TURNS; i++) {
		mutex_lock(&c->m);
		if (c->inside++)
			c->clash = true;
		c->count++;
		if (i & 1)
			yield_cpu(); /* somebody else tries while we hold it */
		c->inside--;
		mutex_unlock(&c->m);
	}
	complete(&c->done);
	return 0;
}

KTEST(mutex_excludes)
{
	struct contest c = { .count = 0 };
	u32 i;

	mutex_init(&c.m, "contest", RANK_NONE);
	completion_init(&c.done);
	for (i = 0; i < CONTESTANTS; i++)
		kthread_run(contend, &c, "contend");
	for (i = 0; i < CONTESTANTS && wait_for_completion_until(&c.done, deadline_ms(10000)); i++)
		;
	KT_EQUAL(i, CONTESTANTS);
	KT_EQUAL(c.count, CONTESTANTS * TURNS);
	KT_EXPECT(!c.clash);
	KT_EXPECT(mutex_trylock(&c.m));
	KT_EXPECT(mutex_is_held(&c.m));
	KT_EXPECT(!mutex_trylock(&c.m));
	mutex_unlock(&c.m);
	KT_EXPECT(!mutex_is_held(&c.m));
	KT_EQUAL(mutex_lock_interruptible(&c.m), 0);
	mutex_unlock(&c.m);
}

/* ---- shares of the CPU ---- */

struct race {
	volatile bool go, stop;
	struct completion done;
};
struct runner {
	struct race *race;
	struct task *task;
	u64 ran_ns;
};

static int run_race(void *arg)
{
	struct runner *r = arg;
	u64 start;

	while (!r->race->go)
		sleep_ms(1);
	start = task_runtime_ns(current);
	while (!r->race->stop) {
		for (u32 i = 0; i < 1000; i++)
			cpu_relax();
		cond_resched();
	}
	r->ran_ns = task_runtime_ns(current) - start;
	complete(&r->race->done);
	return 0;
}

/* Two threads spin for half a second; percent of the time that the first one got. */
static u32 share_of_first(int nice1, int nice2)
{
	struct race race = { .go = false };
	struct runner r[2] = { { .race = &race }, { .race = &race } };
	u64 sum;

	completion_init(&race.done);
	for (u32 i = 0; i < 2; i++) {
		r[i].task = kthread_run(run_race, &r[i], "race%u", i);
		set_user_nice(r[i].task, i ? nice2 : nice1);
	}
	race.go = true;
	sleep_ms(500);
	race.stop = true;
	wait_for_completion(&race.done);
	wait_for_completion(&race.done);
	sum = r[0].ran_ns + r[1].ran_ns;
	return (u32)((u32)(r[0].ran_ns >> 16) * 100 / max(1u, (u32)(sum >> 16)));
}

/* A host that is busy elsewhere stops the machine, and who runs then is charged for it: of a few races one has to be right. */
static bool share_within(int nice1, int nice2, u32 low, u32 high)
{
	u32 share = 0;

	for (u32 i = 0; i < 6; i++) {
		share = share_of_first(nice1, nice2);
		if (share >= low && share <= high)
			return true;
	}
	KT_EQUAL(share, low);
	return false;
}

KTEST(sched_is_fair)
{
	KT_EXPECT(share_within(0, 0, 35, 65));
	KT_EXPECT(share_within(10, 0, 1, 20)); /* the weights are 110 and 1024 */
}

static int spin_briefly(void *arg)
{
	u64 end = ktime_ns() + 20 * NSEC_PER_MSEC;
	u32 *order = arg;

	while (ktime_ns() < end)
		cond_resched();
	order[order[0]++] = (u32)current->rt_priority;
	return 0;
}

/* Real-time tasks run by priority, before all others. */
KTEST(sched_realtime_first)
{
	u32 order[4] = { 1 };
	struct task *t[3];

	sched_set_policy(current, SCHED_FIFO, 50);
	for (u32 i = 0; i < 3; i++) {
		t[i] = kthread_run(spin_briefly, order, "rt%u", i);
		if (!IS_ERR(t[i]))
			sched_set_policy(t[i], i ? SCHED_FIFO : SCHED_NORMAL, i ? 10 * i : 0);
	}
	sched_set_policy(current, SCHED_NORMAL, 0);
	for (u32 i = 0; i < 100 && order[0] < 4; i++)
		sleep_ms(10);
	KT_EQUAL(order[0], 4);
	KT_EQUAL(order[1], 20);
	KT_EQUAL(order[2], 10);
	KT_EQUAL(order[3], 0);
}

/* ---- pids ---- */

KTEST(pid_allocation)
{
	pid_t a = pid_alloc(), b = pid_alloc(), saved, c;

	KT_EXPECT(a > 0 && b > 0 && a != b);
	KT_EXPECT(!find_task(a));
	/* Freed numbers are not given again at once. */
	pid_free(b);
	c = pid_alloc();
	KT_EXPECT(c != b && c != a);
	pid_free(c);
	/* Past the end the search goes on after the reserved ones. */
	saved = last_pid;
	last_pid = 32767;
	c = pid_alloc();
	KT_EXPECT(c >= 300 && c < 32768 && c != a);
	pid_free(c);
	pid_free(a);
	last_pid = saved;
	struct task *t = get_task_by_pid(current->pid);
	KT_EXPECT(t == current);
	put_task(t);
}

/* ---- sleeping ---- */

KTEST(sched_sleep_takes_its_time)
{
	u64 start = ktime_ns(), idle = sched_idle_ns(NULL);

	sleep_ms(50);
	KT_EXPECT(ktime_ns() - start >= 50 * NSEC_PER_MSEC);
	KT_EXPECT(sched_idle_ns(NULL) > idle);
}
