/*
 * PI futexes: LOCK_PI, LOCK_PI2, TRYLOCK_PI, UNLOCK_PI. The word holds the owner's thread id; who finds it taken sets FUTEX_WAITERS and sleeps
 * here. Ownership is handed over: UNLOCK_PI, or the end of the owner, writes the id of the waiter of the highest priority into the word and wakes
 * it, so that nobody comes between. The owner's own priority is not raised meanwhile. A word is changed with its page pinned and its bucket
 * locked; the kernel is not pre-empted, so that user space sees one step.
 */
#include "kernel/syscall/futex_internal.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/signal.h"
#include "mm/mm.h"

static u32 nr_waiting; /* PI waiters in all buckets: without any, the end of a task costs nothing */

/* The word in the kernel's own view; the page is to be put. ERR_PTR. May sleep. */
static u32 *pin_word(u32 addr, struct page **page)
{
	int e = get_user_page(addr, true, page);

	return e ? ERR_PTR(e) : (u32 *)((u8 *)page_address(*page) + (addr & ~PAGE_MASK));
}

static struct futex_waiter *first_waiter(struct futex_bucket *b, const struct futex_key *k)
{
	struct futex_waiter *w;

	list_for_each_entry(w, &b->waiters, node) {
		if (w->pi && futex_same_key(&w->key, k))
			return w;
	}
	return NULL;
}

/* Behind those of the same and of higher priority. */
static void enqueue(struct futex_bucket *b, struct futex_waiter *w, pid_t owner)
{
	struct list_head *at;

	list_for_each(at, &b->waiters) {
		const struct futex_waiter *o = list_entry(at, struct futex_waiter, node);
		if (o->pi && futex_same_key(&o->key, &w->key) && o->task->rt_priority < w->task->rt_priority)
			break;
	}
	list_add_tail(&w->node, at);
	w->bucket = b;
	w->pi_owner = owner;
	nr_waiting++;
}

static bool can_hand_over(pid_t pid)
{
	struct task *t = get_task_by_pid(pid);
	bool alive = t && t->mm;

	if (t)
		put_task(t);
	return alive;
}

/* Lock held; owner `alive` was found able to hand the word over. 0: taken, 1: queued behind the owner, 2: look again, or -errno. */
static long take_or_queue(u32 *word, struct futex_bucket *b, struct futex_waiter *w, bool try, pid_t alive)
{
	struct futex_waiter *first = first_waiter(b, &w->key);
	pid_t me = current->pid, owner;
	u32 old, new;

	do {
		old = READ_ONCE(*word);
		owner = (pid_t)(old & FUTEX_TID_MASK);
		if (owner == me)
			return -EDEADLK;
		if (!owner && first)
			owner = first->pi_owner; /* it is ending, and will hand the word to the first */
		if (!owner) {
			new = (u32)me | (old & FUTEX_OWNER_DIED) | (first ? FUTEX_WAITERS : 0);
		} else {
			if (try)
				return -EAGAIN;
			if ((old & FUTEX_TID_MASK) && owner != alive)
				return 2;
			new = old | FUTEX_WAITERS;
		}
	} while (!__sync_bool_compare_and_swap(word, old, new));
	if (!owner)
		return 0;
	enqueue(b, w, owner);
	set_current_state(TASK_INTERRUPTIBLE);
	return 1;
}

static long try_once(u32 addr, struct futex_waiter *w, bool try)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	struct page *page;
	u32 *word = pin_word(addr, &page);
	long r;

	if (IS_ERR(word))
		return PTR_ERR(word);
	do {
		pid_t owner = (pid_t)(READ_ONCE(*word) & FUTEX_TID_MASK);
		bool gone = !try && owner && owner != current->pid && !can_hand_over(owner);

		spin_lock(&b->lock);
		r = gone ? -ESRCH : take_or_queue(word, b, w, try, owner);
		spin_unlock(&b->lock);
	} while (r == 2);
	put_page(page);
	return r;
}

long futex_lock_pi(u32 addr, bool private, u64 deadline, int clock, bool try)
{
	struct futex_waiter w = { .task = current, .bitset = MATCH_ANY, .pi = true };
	bool in_time = true;
	long r = futex_get_key(addr, private, true, &w.key);

	if (r)
		return r;
	for (;;) {
		r = try_once(addr, &w, try);
		if (r <= 0)
			break;
		if (w.bucket && !signal_pending_current())
			in_time = schedule_until_clock(deadline, clock);
		set_current_state(TASK_RUNNING);
		if (!futex_unqueue(&w)) { /* handed over */
			r = 0;
			break;
		}
		nr_waiting--;
		if (!in_time) {
			r = -ETIMEDOUT;
			break;
		}
		if (signal_pending_current()) {
			r = -ERESTARTNOINTR;
			break;
		}
	}
	futex_put_key(&w.key);
	return r;
}

/* Lock held: the first waiter becomes the owner; without one the word is free. mark: FUTEX_OWNER_DIED or 0. */
static void hand_over(u32 *word, struct futex_bucket *b, const struct futex_key *k, u32 mark)
{
	struct futex_waiter *first = first_waiter(b, k), *w;
	bool more = false;

	if (!first) {
		*word = mark;
		return;
	}
	list_for_each_entry(w, &b->waiters, node) {
		if (w != first && w->pi && futex_same_key(&w->key, k)) {
			w->pi_owner = first->task->pid;
			more = true;
		}
	}
	*word = (u32)first->task->pid | mark | (more ? FUTEX_WAITERS : 0);
	nr_waiting--;
	futex_wake_one(first);
}

long futex_unlock_pi(u32 addr, bool private)
{
	struct futex_key k;
	struct futex_bucket *b;
	struct page *page;
	u32 *word;
	long r = futex_get_key(addr, private, true, &k);

	if (r)
		return r;
	word = pin_word(addr, &page);
	if (IS_ERR(word)) {
		futex_put_key(&k);
		return PTR_ERR(word);
	}
	b = futex_bucket_of(&k);
	spin_lock(&b->lock);
	if ((READ_ONCE(*word) & FUTEX_TID_MASK) != (u32)current->pid)
		r = -EPERM;
	else
		hand_over(word, b, &k, 0);
	spin_unlock(&b->lock);
	put_page(page);
	futex_put_key(&k);
	return r;
}

/* ---- the end of an owner ---- */

/* A key that somebody waits for t with, with a reference of its page. */
static bool find_owned(const struct task *t, struct futex_key *k)
{
	for (u32 i = 0; i < ARRAY_SIZE(futex_buckets); i++) {
		struct futex_bucket *b = &futex_buckets[i];
		struct futex_waiter *w;
		bool found = false;

		spin_lock(&b->lock);
		list_for_each_entry(w, &b->waiters, node) {
			if (w->pi && w->pi_owner == t->pid) {
				*k = w->key;
				if (k->page)
					get_page(k->page);
				found = true;
				break;
			}
		}
		spin_unlock(&b->lock);
		if (found)
			return true;
	}
	return false;
}

/* The word is out of reach: its waiters sleep on, until their time is up or a signal comes. */
static void abandon(struct futex_bucket *b, const struct futex_key *k)
{
	struct futex_waiter *w;

	spin_lock(&b->lock);
	list_for_each_entry(w, &b->waiters, node) {
		if (w->pi && futex_same_key(&w->key, k))
			w->pi_owner = 0;
	}
	spin_unlock(&b->lock);
}

void futex_pi_exit(struct task *t)
{
	struct futex_key k;

	while (nr_waiting && find_owned(t, &k)) {
		struct futex_bucket *b = futex_bucket_of(&k);
		struct page *page = NULL;
		u32 *word;

		if (k.page)
			word = (u32 *)((u8 *)page_address(k.page) + k.word);
		else
			word = k.object == t->mm ? pin_word(k.word, &page) : ERR_PTR(-EFAULT);
		if (IS_ERR(word)) {
			abandon(b, &k);
		} else {
			spin_lock(&b->lock);
			if (first_waiter(b, &k)) /* it may have given up meanwhile */
				hand_over(word, b, &k, FUTEX_OWNER_DIED);
			spin_unlock(&b->lock);
		}
		if (page)
			put_page(page);
		futex_put_key(&k);
	}
}
