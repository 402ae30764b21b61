/* Tests of the signal queues on a made-up process: what is kept, in which order it is taken, what cancels what. */
#include "kernel/hal/percpu.h"
#include "kernel/lib/chacha20.h"
#include "kernel/sched/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

/*
 * The test becomes a process for its duration: own handlers and signal state, no longer a kernel thread as far as signals are concerned.
 * It never returns to user space with them.
 */
struct disguise {
	struct signal *signal;
	struct sighand *sighand;
};

static bool put_on(struct disguise *d)
{
	struct task *t = current;
	struct signal *s = signal_create();
	struct sighand *h = sighand_create(&init_sighand);

	if (!s || !h)
		return false;
	memcpy(s->rlim, init_signal.rlim, sizeof(s->rlim));
	s->rlim[RLIMIT_SIGPENDING].cur = 8;
	d->signal = t->signal;
	d->sighand = t->sighand;
	t->signal = s;
	t->sighand = h;
	list_add(&t->thread_node, &s->threads);
	atomic_and(&t->flags, ~PF_KTHREAD);
	return true;
}

static void take_off(struct disguise *d)
{
	struct task *t = current;

	t->blocked = 0;
	flush_all_signals(t);
	list_del_init(&t->thread_node);
	signal_put(t->signal);
	sighand_put(t->sighand);
	t->signal = d->signal;
	t->sighand = d->sighand;
	atomic_or(&t->flags, PF_KTHREAD);
	atomic_and(&t->flags, ~TIF_SIGPENDING);
}

static int take(struct siginfo_k *info)
{
	u32 flags = spin_lock_irqsave(&current->sighand->lock);
	int sig = dequeue_signal(current->blocked, info);

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return sig;
}

static void handle(int sig, u32 handler) { current->sighand->action[sig - 1].handler = handler; }

#define SOME_HANDLER 0x1000u

KTEST(signal_order_and_values)
{
	struct siginfo_k info = { .code = SI_QUEUE, .addr_or_value = 41 };
	struct task *t = current;
	struct disguise d;

	KT_REQUIRE(put_on(&d));
	t->blocked = ~0ull;
	KT_EQUAL(send_signal_process(t, 40, &info), 0);
	info.addr_or_value = 42;
	KT_EQUAL(send_signal_process(t, 40, &info), 0);
	KT_EQUAL(send_signal(t, SIGUSR1, NULL), 0);
	KT_EQUAL(send_signal(t, SIGUSR1, NULL), 0);
	KT_EQUAL(send_signal(t, SIGSEGV, NULL), 0);
	KT_EXPECT(!signal_pending(t));
	KT_EQUAL(take(&info), 0);
	set_current_blocked(0);
	KT_EXPECT(signal_pending(t));
	KT_EQUAL(take(&info), SIGSEGV); /* faults first */
	KT_EQUAL(take(&info), SIGUSR1); /* once, however often it was sent */
	KT_EQUAL(take(&info), 40);      /* real-time ones each, in order, with their values */
	KT_EQUAL(info.addr_or_value, 41);
	KT_EQUAL(take(&info), 40);
	KT_EQUAL(info.addr_or_value, 42);
	KT_EQUAL(take(&info), 0);
	KT_EXPECT(!signal_pending(t));
	KT_EQUAL(t->signal->nr_queued, 0);
	take_off(&d);
}

KTEST(signal_queue_limit)
{
	struct siginfo_k info = { .code = SI_QUEUE };
	struct disguise d;
	u32 n = 0;

	KT_REQUIRE(put_on(&d));
	current->blocked = ~0ull;
	while (n < 100 && !send_signal_process(current, 50, &info))
		n++;
	KT_EQUAL(n, 8);
	KT_EQUAL(send_signal_process(current, 50, &info), -EAGAIN);
	take_off(&d);
}

KTEST(signal_ignored_ones_are_dropped)
{
	struct siginfo_k info;
	struct task *t = current;
	struct disguise d;

	KT_REQUIRE(put_on(&d));
	send_signal(t, SIGCHLD, NULL); /* default: ignore */
	KT_EQUAL(take(&info), 0);
	handle(SIGUSR2, SIG_IGN);
	send_signal(t, SIGUSR2, NULL);
	KT_EQUAL(take(&info), 0);
	t->blocked = sigmask_of(SIGUSR2); /* blocked ones are kept: the action may change */
	send_signal(t, SIGUSR2, NULL);
	set_current_blocked(0);
	KT_EQUAL(take(&info), SIGUSR2);
	t->signal->unkillable = true;
	send_signal(t, SIGTERM, NULL);
	KT_EQUAL(take(&info), 0);
	handle(SIGTERM, SOME_HANDLER);
	send_signal(t, SIGTERM, NULL);
	KT_EQUAL(take(&info), SIGTERM);
	take_off(&d);
}

KTEST(signal_stop_and_continue_cancel)
{
	struct siginfo_k info;
	struct task *t = current;
	struct disguise d;

	KT_REQUIRE(put_on(&d));
	handle(SIGCONT, SOME_HANDLER);
	t->blocked = sigmask_of(SIGTSTP) | sigmask_of(SIGCONT);
	send_signal_process(t, SIGTSTP, NULL);
	send_signal_process(t, SIGCONT, NULL);
	KT_EXPECT(!(t->signal->shared_pending & sigmask_of(SIGTSTP)));
	KT_EXPECT(t->signal->shared_pending & sigmask_of(SIGCONT));
	send_signal(t, SIGTSTP, NULL);
	KT_EXPECT(!(t->signal->shared_pending & sigmask_of(SIGCONT)));
	KT_EQUAL(t->pending_set, sigmask_of(SIGTSTP));
	t->signal->stopped = true;
	send_signal_process(t, SIGCONT, NULL);
	KT_EXPECT(!t->signal->stopped && t->signal->cont_pending && t->signal->cont_notify);
	t->signal->cont_notify = false;
	set_current_blocked(0);
	KT_EQUAL(take(&info), SIGCONT);
	take_off(&d);
}

KTEST(signal_kill_cannot_be_blocked)
{
	struct siginfo_k info;
	struct disguise d;

	KT_REQUIRE(put_on(&d));
	set_current_blocked(~0ull);
	KT_EQUAL(current->blocked, ~SIGMASK_UNBLOCKABLE);
	send_signal_process(current, SIGKILL, NULL);
	KT_EXPECT(signal_pending(current));
	KT_EQUAL(take(&info), SIGKILL);
	take_off(&d);
}

KTEST(random_chacha20_block)
{
	/* RFC 8439, 2.3.2. */
	static const u32 nonce[3] = { 0x09000000, 0x4a000000, 0 };
	static const u8 expected[16] = { 0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4 };
	u8 key[32], out[64], again[64];

	for (u32 i = 0; i < 32; i++)
		key[i] = (u8)i;
	chacha20_block((const u32 *)key, 1, nonce, out);
	KT_EQUAL(memcmp(out, expected, sizeof(expected)), 0);
	get_random_bytes(out, sizeof(out));
	get_random_bytes(again, sizeof(again));
	KT_EXPECT(memcmp(out, again, sizeof(out)) != 0);
}
