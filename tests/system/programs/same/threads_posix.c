/* What POSIX promises about threads, through the C library: locks of all kinds, keys, cancellation, names and stacks, many threads, processes. */
#include "say.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>

static const char *error(int e) { return e ? strerror(e) : "ok"; }

static struct timespec after_ms(clockid_t clock, int ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int e = pthread_create(&t, NULL, fn, arg);

	if (e)
		say("pthread_create: %s", error(e));
	return t;
}

static long end(pthread_t t)
{
	void *r = NULL;
	int e = pthread_join(t, &r);

	if (e)
		say("pthread_join: %s", error(e));
	return (long)r;
}

/* ---- mutexes ---- */

static pthread_mutex_t mutex_of(int type, int robust, int shared, int protocol)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	int e;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setpshared(&a, shared);
	e = pthread_mutexattr_setprotocol(&a, protocol);
	if (!e)
		e = pthread_mutex_init(&m, &a);
	if (e)
		say("mutex: %s", error(e));
	return m;
}

static void *try_it(void *m) { return (void *)(long)pthread_mutex_trylock(m); }
static void *unlock_it(void *m) { return (void *)(long)pthread_mutex_unlock(m); }

static void *wait_for_it(void *m)
{
	struct timespec t = after_ms(CLOCK_REALTIME, 20);
	return (void *)(long)pthread_mutex_timedlock(m, &t);
}

static void *lock_and_end(void *m) { return (void *)(long)pthread_mutex_lock(m); }

static void mutexes(int protocol)
{
	static const int types[] = { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK };

	for (int i = 0; i < 3; i++) {
		pthread_mutex_t m = mutex_of(types[i], PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE, protocol);
		say("-- mutex of type %d, protocol %d", i, protocol);
		say("lock: %s", error(pthread_mutex_lock(&m)));
		say("another tries: %s", error((int)end(start(try_it, &m))));
		say("another waits: %s", error((int)end(start(wait_for_it, &m))));
		say("again: %s", error(pthread_mutex_trylock(&m)));
		if (i) {
			say("lock again: %s", error(pthread_mutex_lock(&m)));
			say("another unlocks: %s", error((int)end(start(unlock_it, &m))));
		}
		for (int n = 0; n < (i == 1 ? 3 : 1); n++)
			say("unlock: %s", error(pthread_mutex_unlock(&m)));
		if (i)
			say("too often: %s", error(pthread_mutex_unlock(&m)));
		say("free: %s", error((int)end(start(wait_for_it, &m))));
	}
	pthread_mutex_t m = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE, protocol);
	say("-- robust mutex, protocol %d", protocol);
	say("its owner ends: %s", error((int)end(start(lock_and_end, &m))));
	say("lock: %s", error(pthread_mutex_lock(&m)));
	say("consistent: %s", error(pthread_mutex_consistent(&m)));
	say("unlock: %s", error(pthread_mutex_unlock(&m)));
	say("its owner ends: %s", error((int)end(start(lock_and_end, &m))));
	say("trylock: %s", error(pthread_mutex_trylock(&m)));
	say("unlock, not made consistent: %s", error(pthread_mutex_unlock(&m)));
	say("lock: %s", error(pthread_mutex_lock(&m)));
}

/* ---- conditions, on both clocks ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int stage;

static void set_stage(int n)
{
	pthread_mutex_lock(&lock);
	stage = n;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_stage(int n)
{
	pthread_mutex_lock(&lock);
	while (stage < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void timed_waits(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };

	for (int i = 0; i < 2; i++) {
		pthread_condattr_t a;
		pthread_cond_t c;
		struct timespec before, t = after_ms(clocks[i], 30), past = { 1, 0 };

		pthread_condattr_init(&a);
		say("clock %d: %s", (int)clocks[i], error(pthread_condattr_setclock(&a, clocks[i])));
		pthread_cond_init(&c, &a);
		pthread_mutex_lock(&lock);
		say("timed wait: %s", error(pthread_cond_timedwait(&c, &lock, &t)));
		clock_gettime(clocks[i], &before);
		say("not early: %d", before.tv_sec > t.tv_sec || (before.tv_sec == t.tv_sec && before.tv_nsec >= t.tv_nsec));
		say("past: %s", error(pthread_cond_timedwait(&c, &lock, &past)));
		pthread_mutex_unlock(&lock);
		pthread_cond_destroy(&c);
	}
}

/* ---- barriers, readers and writers, semaphores, once ---- */

#define NR 8
static pthread_barrier_t barrier;
static int turns[NR], serial;

static void *at_barrier(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < 20; i++) {
		turns[me] = i;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__sync_fetch_and_add(&serial, 1);
		for (int n = 0; n < NR; n++)
			if (turns[n] != i)
				return (void *)1L;
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

static void *try_read(void *arg)
{
	int e = pthread_rwlock_tryrdlock(&rw);

	(void)arg;
	if (!e)
		pthread_rwlock_unlock(&rw);
	return (void *)(long)e;
}

static void *try_write(void *arg)
{
	struct timespec t = after_ms(CLOCK_REALTIME, 15);
	int e = pthread_rwlock_timedwrlock(&rw, &t);

	(void)arg;
	if (!e)
		pthread_rwlock_unlock(&rw);
	return (void *)(long)e;
}

static int shared_count, wrong;

static void *read_and_write(void *arg)
{
	for (int i = 0; i < 300; i++) {
		if ((i + (int)(long)arg) % 4) {
			pthread_rwlock_rdlock(&rw);
			wrong += shared_count & 1;
		} else {
			pthread_rwlock_wrlock(&rw);
			shared_count++;
			if (i % 8 == 0)
				sched_yield();
			shared_count++;
		}
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static sem_t items, room;
static int ring[4], ring_in;

static void *produce(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 500; i++) {
		sem_wait(&room);
		ring[ring_in++ % 4] = i;
		sem_post(&items);
	}
	return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;

static void only_once(void)
{
	sleep_ms(10);
	once_count++;
}

static void *call_once(void *arg)
{
	pthread_once(&once, only_once);
	(void)arg;
	return (void *)(long)once_count;
}

static void others(void)
{
	pthread_t t[NR];
	long sum = 0;

	pthread_barrier_init(&barrier, NULL, NR);
	for (long i = 0; i < NR; i++)
		t[i] = start(at_barrier, (void *)i);
	for (int i = 0; i < NR; i++)
		sum += end(t[i]);
	say("barrier: %ld wrong, %d times the serial one", sum, serial);
	pthread_rwlock_rdlock(&rw);
	say("read locked: read %s, write %s", error((int)end(start(try_read, NULL))), error((int)end(start(try_write, NULL))));
	pthread_rwlock_unlock(&rw);
	pthread_rwlock_wrlock(&rw);
	say("write locked: read %s, write %s", error((int)end(start(try_read, NULL))), error((int)end(start(try_write, NULL))));
	pthread_rwlock_unlock(&rw);
	for (long i = 0; i < NR; i++)
		t[i] = start(read_and_write, (void *)i);
	for (int i = 0; i < NR; i++)
		end(t[i]);
	say("readers and writers: %d changes, %d seen half", shared_count, wrong);
	sem_init(&items, 0, 0);
	sem_init(&room, 0, 4);
	t[0] = start(produce, NULL);
	sum = 0;
	for (int i = 0; i < 500; i++) {
		sem_wait(&items);
		sum += ring[i % 4] == i + 1;
		sem_post(&room);
	}
	end(t[0]);
	struct timespec soon = after_ms(CLOCK_REALTIME, 15);
	say("semaphores: %ld in order", sum);
	SAY(sem_trywait(&items));
	SAY(sem_timedwait(&items, &soon));
	for (long i = 0; i < NR; i++)
		t[i] = start(call_once, NULL);
	sum = 0;
	for (int i = 0; i < NR; i++)
		sum += end(t[i]);
	say("once: %ld of %d saw it done", sum, NR);
}

/* ---- keys and thread-local variables ---- */

static pthread_key_t key, key2;
static __thread int local = 5;
static __thread char local_text[300] = "initial";
static int destroyed, sum_destroyed, rounds;

static void destroy(void *value)
{
	destroyed++;
	sum_destroyed += *(int *)value;
	free(value);
}

static void destroy_again(void *value)
{
	if (++rounds % 3) /* set again: it is called again */
		pthread_setspecific(key2, value);
}

static void *use_keys(void *arg)
{
	int *value = malloc(sizeof(int));

	*value = (int)(long)arg;
	if (pthread_getspecific(key))
		return (void *)-1L;
	pthread_setspecific(key, value);
	pthread_setspecific(key2, value);
	local += *value;
	sched_yield();
	return (void *)(long)(local + (strcmp(local_text, "initial") ? 1000 : 0) + (*(int *)pthread_getspecific(key) != *value));
}

static void keys(void)
{
	pthread_t t[4];
	long sum = 0;

	pthread_key_create(&key, destroy);
	pthread_key_create(&key2, destroy_again);
	strcpy(local_text, "mine");
	for (long i = 0; i < 4; i++)
		t[i] = start(use_keys, (void *)i);
	for (int i = 0; i < 4; i++)
		sum += end(t[i]);
	say("thread-local: %ld, here %d %s", sum, local, local_text);
	say("destructors: %d, of %d, again %d", destroyed, sum_destroyed, rounds);
	pthread_key_delete(key);
	pthread_key_delete(key2);
}

/* ---- cancellation ---- */

static int cleaned, pipe_ends[2];
static volatile int spun;

static void clean(void *arg) { cleaned = cleaned * 10 + (int)(long)arg; }

static void *in_read(void *arg)
{
	char c;

	pthread_cleanup_push(clean, (void *)1L);
	pthread_cleanup_push(clean, (void *)2L);
	set_stage(1);
	(void)!read(pipe_ends[0], &c, 1);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void unlock(void *m)
{
	clean((void *)3L);
	pthread_mutex_unlock(m);
}

static void *in_cond_wait(void *arg)
{
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&lock);
	stage = 2;
	pthread_cond_broadcast(&changed);
	pthread_cleanup_push(unlock, &lock);
	for (;;)
		pthread_cond_wait(&never, &lock);
	pthread_cleanup_pop(0);
	return arg;
}

static void *spin(void *arg)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	spun = 1;
	for (;;)
		;
	return arg;
}

static void *protected(void *arg)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	set_stage(3);
	wait_stage(4); /* cancelled meanwhile, but it does not mind */
	sleep_ms(5);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	spun = 7;
	pthread_testcancel();
	spun = 8;
	return arg;
}

static void *in_sleep(void *arg)
{
	set_stage(5);
	sleep_ms(100000);
	return arg;
}

static void cancelled(const char *what, pthread_t t)
{
	long r;

	pthread_cancel(t);
	r = end(t);
	say("%s: %s, cleaned %d", what, r == (long)PTHREAD_CANCELED ? "cancelled" : "ended", cleaned);
	cleaned = 0;
}

static void cancels(void)
{
	pthread_t t;

	if (pipe(pipe_ends))
		return;
	t = start(in_read, NULL);
	wait_stage(1);
	sleep_ms(20);
	cancelled("in a read", t);
	t = start(in_cond_wait, NULL);
	wait_stage(2);
	cancelled("in a wait", t);
	say("the mutex is %s", pthread_mutex_trylock(&lock) ? "locked" : "free");
	pthread_mutex_unlock(&lock);
	t = start(spin, NULL);
	while (!spun)
		sched_yield();
	cancelled("at once", t);
	t = start(protected, NULL);
	wait_stage(3);
	pthread_cancel(t);
	set_stage(4);
	bool was = end(t) == (long)PTHREAD_CANCELED;
	say("protected: %s, reached %d", was ? "cancelled" : "ended", spun);
	t = start(in_sleep, NULL);
	wait_stage(5);
	sleep_ms(10);
	cancelled("asleep", t);
	stage = 0;
}

/* ---- names, stacks, many ---- */

static void *named(void *arg)
{
	char name[20] = "";

	(void)arg;
	say("setname: %s", error(pthread_setname_np(pthread_self(), "worker")));
	say("too long: %s", error(pthread_setname_np(pthread_self(), "a name that is too long")));
	pthread_getname_np(pthread_self(), name, sizeof(name));
	say("name %s", name);
	return NULL;
}

static void *stack_of_mine(void *arg)
{
	pthread_attr_t a;
	size_t size = 0, guard = 0;
	void *low = NULL;
	char here;

	pthread_getattr_np(pthread_self(), &a);
	pthread_attr_getstack(&a, &low, &size);
	pthread_attr_getguardsize(&a, &guard);
	pthread_attr_destroy(&a);
	say("on its stack: %d, as large as asked: %d, guard %d", &here > (char *)low && &here < (char *)low + size, size >= (size_t)(long)arg, (int)guard);
	memset(__builtin_alloca(100000), 1, 100000);
	return NULL;
}

static int total;

static void *contend(void *m)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(m);
		int v = total;
		if (i % 20 == 0)
			sched_yield();
		total = v + 1;
		pthread_mutex_unlock(m);
	}
	return NULL;
}

static sem_t detached_done;

static void *detached(void *arg)
{
	sem_post(&detached_done);
	return arg;
}

static long mapped_kb(void)
{
	char line[200];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmSize: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

static void many(void)
{
	pthread_t t[64];
	pthread_attr_t a;
	long before;

	end(start(named, NULL));
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 300000);
	pthread_attr_setguardsize(&a, 8192);
	int made = pthread_create(&t[0], &a, stack_of_mine, (void *)300000L); /* it speaks first */
	end(t[0]);
	say("attributes: %s", error(made));
	for (int i = 0; i < 64; i++)
		t[i] = start(contend, &lock);
	for (int i = 0; i < 64; i++)
		end(t[i]);
	say("64 threads: %d", total);
	pthread_mutex_t pi = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE, PTHREAD_PRIO_INHERIT);
	for (int i = 0; i < 16; i++)
		t[i] = start(contend, &pi);
	for (int i = 0; i < 16; i++)
		end(t[i]);
	say("16 with priorities: %d", total);
	before = mapped_kb();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 8; i++)
			t[i] = start(contend, &lock);
		for (int i = 0; i < 8; i++)
			end(t[i]);
	}
	say("160 more: %d, memory %s", total, mapped_kb() > before + 100 ? "grew" : "did not grow");
	sem_init(&detached_done, 0, 0);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 32; i++) {
		int e = pthread_create(&t[0], &a, detached, NULL);
		if (e)
			say("detached: %s", error(e));
		sem_wait(&detached_done);
	}
	say("detached: done");
	t[0] = start(detached, NULL);
	say("detach: %s", error(pthread_detach(t[0])));
	sem_wait(&detached_done);
}

/* ---- processes ---- */

struct shared {
	pthread_mutex_t mutex, robust;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t sem;
	int n, turn;
};

static void between_processes(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	int status, n = 0;

	s->mutex = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED, PTHREAD_PRIO_NONE);
	s->robust = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED, PTHREAD_PRIO_NONE);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->barrier, &ba, 4);
	sem_init(&s->sem, 1, 0);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			pthread_barrier_wait(&s->barrier);
			for (int k = 0; k < 200; k++) {
				pthread_mutex_lock(&s->mutex);
				int v = s->n;
				if (k % 10 == 0)
					sched_yield();
				s->n = v + 1;
				pthread_mutex_unlock(&s->mutex);
			}
			pthread_mutex_lock(&s->mutex);
			while (s->turn != i)
				pthread_cond_wait(&s->cond, &s->mutex);
			s->turn++;
			pthread_cond_broadcast(&s->cond);
			pthread_mutex_unlock(&s->mutex);
			sem_post(&s->sem);
			if (i == 1) /* the others end well, this one with a lock */
				pthread_mutex_lock(&s->robust);
			_exit(i);
		}
	}
	pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < 3; i++)
		sem_wait(&s->sem);
	while (wait(&status) > 0)
		n += WEXITSTATUS(status);
	say("processes: count %d, turn %d, statuses %d", s->n, s->turn, n);
	say("the lock of one that ended: %s", error(pthread_mutex_lock(&s->robust)));
	munmap(s, sizeof(*s));
}

static void *fork_here(void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) { /* alone in the child, with its locks and its variables */
		pthread_t t;
		local = 77;
		pthread_create(&t, NULL, use_keys, (void *)3L);
		_exit((int)end(t));
	}
	waitpid(pid, &status, 0);
	(void)arg;
	return (void *)(long)WEXITSTATUS(status);
}

static void forks(void)
{
	pthread_t t[4];

	strcpy(local_text, "initial");
	pthread_key_create(&key, destroy);
	pthread_key_create(&key2, NULL);
	for (int i = 0; i < 4; i++)
		t[i] = start(fork_here, NULL);
	for (int i = 0; i < 4; i++)
		say("forked in a thread: %ld", end(t[i]));
}

/* ---- signals ---- */

static volatile sig_atomic_t taken;
static __thread int me;

static void take(int sig)
{
	(void)sig;
	taken = taken * 10 + me;
}

static void *takes_signals(void *arg)
{
	sigset_t set;
	int sig;

	me = (int)(long)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &sig); /* blocked in all: here they are taken one after the other */
	return (void *)(long)sig;
}

static void *quiet(void *arg)
{
	sigset_t all;

	me = (int)(long)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	set_stage(6);
	wait_stage(7);
	return NULL;
}

static void signals(void)
{
	struct sigaction a = { .sa_handler = take };
	sigset_t set;
	pthread_t t, t2;

	me = 4;
	sigaction(SIGUSR1, &a, NULL);
	t = start(quiet, (void *)5L);
	wait_stage(6);
	kill(getpid(), SIGUSR1); /* the other one blocks it */
	say("taken by %d", (int)taken);
	say("to a thread that blocks: %s", error(pthread_kill(t, SIGUSR1)));
	say("bad number: %s", error(pthread_kill(t, 99)));
	say("is it there: %s", error(pthread_kill(t, 0)));
	set_stage(7);
	end(t);
	say("taken by %d", (int)taken);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	t = start(takes_signals, (void *)1L);
	t2 = start(takes_signals, (void *)2L);
	pthread_kill(t2, SIGUSR2);
	say("waited for: %ld", end(t2));
	kill(getpid(), SIGUSR2);
	say("waited for: %ld", end(t));
}

int main(void)
{
	mutexes(PTHREAD_PRIO_NONE);
	mutexes(PTHREAD_PRIO_INHERIT);
	timed_waits();
	others();
	keys();
	cancels();
	many();
	between_processes();
	forks();
	signals();
	return 0;
}
