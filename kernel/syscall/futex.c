/*
 * futex(2): WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP and the BITSET forms, private and shared; robust lists. The PI forms: futex_pi.c.
 * A waiter is hashed by what its word is: (address space, address) for private memory, (page, offset) for memory that several processes
 * share; the page is held meanwhile, so it stays the one. A bucket's lock makes "still the expected value? then queue" one step against a waker.
 */
#include "kernel/syscall/futex_internal.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/calls.h"
#include "kernel/sched/timespec.h"
#include "mm/mm.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TRYLOCK_PI 8
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_LOCK_PI2 13
#define FUTEX_PRIVATE_FLAG 128u
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_CMD(op) ((op) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

#define ROBUST_LIST_LIMIT 2048

struct futex_bucket futex_buckets[1 << FUTEX_BUCKET_BITS];

void futex_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(futex_buckets); i++) {
		spin_lock_init(&futex_buckets[i].lock, "futex", RANK_FILES);
		INIT_LIST_HEAD(&futex_buckets[i].waiters);
	}
}

/* ---- keys ---- */

/* 1: in memory that may be shared with others, 0: in memory of its own; -EFAULT: nothing that could be read. */
static int in_shared_area(u32 addr)
{
	struct mm *mm = current->mm;
	struct vm_area *a;
	int shared = -EFAULT;

	mutex_lock(&mm->lock);
	a = mm_find_area_exact(mm, addr);
	if (a && (a->flags & VM_READ))
		shared = !!(a->flags & VM_SHARED);
	mutex_unlock(&mm->lock);
	return shared;
}

int futex_get_key(u32 addr, bool private, bool write, struct futex_key *k)
{
	struct page *page;
	int e;

	if (addr & 3)
		return -EINVAL;
	if (!access_ok((void *)addr, 4))
		return -EFAULT;
	*k = (struct futex_key){ .object = current->mm, .word = addr };
	e = private ? 0 : in_shared_area(addr);
	if (e <= 0)
		return e;
	e = get_user_page(addr, write, &page);
	if (e)
		return e;
	*k = (struct futex_key){ .object = page, .word = addr & ~PAGE_MASK, .page = page };
	return 0;
}

void futex_put_key(struct futex_key *k)
{
	if (k->page)
		put_page(k->page);
	k->page = NULL;
}

/* Both locks in the order of their addresses. */
static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *t = a;
		a = b;
		b = t;
	}
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* The word's value without faulting, under a bucket's lock. */
static int read_atomic(u32 *value, u32 addr)
{
	int e;

	pagefault_disable();
	e = get_user_u32(value, (u32 *)addr);
	pagefault_enable();
	return e;
}

/* ---- waking ---- */

void futex_wake_one(struct futex_waiter *w)
{
	struct task *t = get_task(w->task);

	list_del(&w->node);
	w->bucket = NULL; /* from here on w may be gone */
	wake_up_state(t, TASK_NORMAL);
	put_task(t);
}

static u32 wake_locked(struct futex_bucket *b, const struct futex_key *k, u32 nr, u32 bitset)
{
	struct futex_waiter *w, *n;
	u32 woken = 0;

	list_for_each_entry_safe(w, n, &b->waiters, node) {
		if (woken >= nr)
			break;
		if (!futex_same_key(&w->key, k) || !(w->bitset & bitset) || w->pi)
			continue;
		futex_wake_one(w);
		woken++;
	}
	return woken;
}

static long wake_key(struct futex_key *k, u32 nr, u32 bitset)
{
	struct futex_bucket *b = futex_bucket_of(k);
	u32 woken;

	spin_lock(&b->lock);
	woken = wake_locked(b, k, nr, bitset);
	spin_unlock(&b->lock);
	futex_put_key(k);
	return woken;
}

static long futex_wake(u32 addr, bool private, u32 nr, u32 bitset)
{
	struct futex_key k;
	int e;

	if (!bitset)
		return -EINVAL;
	e = futex_get_key(addr, private, false, &k);
	return e ? e : wake_key(&k, nr, bitset);
}

void futex_wake_addr(u32 __user *addr, u32 nr)
{
	if (futex_wake((u32)addr, false, nr, MATCH_ANY) <= 0)
		(void)futex_wake((u32)addr, true, nr, MATCH_ANY);
}

/* ---- waiting ---- */

/* Take the waiter off its queue; false: a waker did already. A requeue may move it meanwhile. */
bool futex_unqueue(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while ((b = w->bucket) != NULL) {
		spin_lock(&b->lock);
		if (w->bucket == b) {
			list_del(&w->node);
			w->bucket = NULL;
			spin_unlock(&b->lock);
			return true;
		}
		spin_unlock(&b->lock);
	}
	return false;
}

/* Queue w if the word still has the value; current's state is set then. */
static int queue_if_equal(struct futex_waiter *w, u32 addr, u32 value)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	u32 now;
	int e;

	for (;;) {
		spin_lock(&b->lock);
		e = read_atomic(&now, addr);
		if (!e)
			break;
		spin_unlock(&b->lock);
		e = get_user_u32(&now, (u32 *)addr); /* fault it in */
		if (e)
			return e;
	}
	if (now != value) {
		spin_unlock(&b->lock);
		return -EAGAIN;
	}
	list_add_tail(&w->node, &b->waiters);
	w->bucket = b;
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&b->lock);
	return 0;
}

static long futex_wait(u32 addr, u32 op, u32 value, u64 deadline, u32 bitset);

static long futex_wait_restart(struct restart_block *r)
{
	return futex_wait(r->arg[0], r->arg[1], r->arg[2], r->deadline_ns, r->arg[3]);
}

/* Which clock a deadline is told in. LOCK_PI knows the wall clock alone. */
static int clock_of(u32 op)
{
	return op & FUTEX_CLOCK_REALTIME || FUTEX_CMD(op) == FUTEX_LOCK_PI ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

static long futex_wait(u32 addr, u32 op, u32 value, u64 deadline, u32 bitset)
{
	struct futex_waiter w = { .task = current, .bitset = bitset };
	struct restart_block *rb = &current->restart;
	bool in_time = true;
	long r;

	if (!bitset)
		return -EINVAL;
	r = futex_get_key(addr, op & FUTEX_PRIVATE_FLAG, false, &w.key);
	if (r)
		return r;
	for (;;) {
		r = queue_if_equal(&w, addr, value);
		if (r)
			break;
		if (w.bucket && !signal_pending_current())
			in_time = schedule_until_clock(deadline, clock_of(op));
		set_current_state(TASK_RUNNING);
		if (!futex_unqueue(&w))
			break; /* woken */
		if (!in_time) {
			r = -ETIMEDOUT;
			break;
		}
		if (signal_pending_current()) {
			r = -ERESTARTSYS;
			if (deadline != WAIT_FOREVER) {
				*rb = (struct restart_block){ futex_wait_restart, deadline, { addr, op, value, bitset } };
				r = -ERESTART_RESTARTBLOCK;
			}
			break;
		}
	}
	futex_put_key(&w.key);
	return r;
}

/* ---- requeue ---- */

static void move_waiters(struct futex_bucket *from, struct futex_bucket *to, const struct futex_key *k1, const struct futex_key *k2, u32 nr, u32 *moved)
{
	struct futex_waiter *w, *n;

	list_for_each_entry_safe(w, n, &from->waiters, node) {
		if (*moved >= nr)
			break;
		if (!futex_same_key(&w->key, k1) || w->pi)
			continue;
		if (k2->page)
			get_page(k2->page);
		futex_put_key(&w->key);
		w->key = *k2;
		list_move_tail(&w->node, &to->waiters);
		w->bucket = to;
		++*moved;
	}
}

static long futex_requeue(u32 addr, bool private, u32 nr_wake, u32 nr_move, u32 addr2, const u32 *expected)
{
	struct futex_key k1, k2;
	struct futex_bucket *b1, *b2;
	u32 now, moved = 0;
	long r;

	if ((s32)nr_wake < 0 || (s32)nr_move < 0)
		return -EINVAL;
	r = futex_get_key(addr, private, false, &k1);
	if (r)
		return r;
	r = futex_get_key(addr2, private, false, &k2);
	if (r) {
		futex_put_key(&k1);
		return r;
	}
	b1 = futex_bucket_of(&k1);
	b2 = futex_bucket_of(&k2);
	for (;;) {
		lock_two(b1, b2);
		if (!expected || !read_atomic(&now, addr))
			break;
		unlock_two(b1, b2);
		r = get_user_u32(&now, (u32 *)addr);
		if (r)
			goto out;
	}
	if (expected && now != *expected) {
		r = -EAGAIN;
	} else {
		r = wake_locked(b1, &k1, nr_wake, MATCH_ANY);
		if (futex_same_key(&k1, &k2))
			moved = 0;
		else
			move_waiters(b1, b2, &k1, &k2, nr_move, &moved);
		r += (long)moved;
	}
	unlock_two(b1, b2);
out:
	futex_put_key(&k1);
	futex_put_key(&k2);
	return r;
}

/* ---- wake_op ---- */

/* The encoded operation: op 4 bits, comparison 4, operand 12, comparand 12 (futex(2)). */
static u32 apply_op(u32 op, u32 old)
{
	u32 arg = (u32)((s32)(op << 8) >> 20);

	if (op >> 31)
		arg = 1u << (arg & 31);
	switch (op >> 28 & 7) {
	case 0: return arg;
	case 1: return old + arg;
	case 2: return old | arg;
	case 3: return old & ~arg;
	default: return old ^ arg;
	}
}

static int compare_op(u32 op, u32 old)
{
	s32 v = (s32)old, arg = (s32)(op << 20) >> 20;

	switch (op >> 24 & 15) {
	case 0: return v == arg;
	case 1: return v != arg;
	case 2: return v < arg;
	case 3: return v <= arg;
	case 4: return v > arg;
	case 5: return v >= arg;
	default: return -ENOSYS;
	}
}

/*
 * Change the word without another CPU or task coming between: the kernel is not pre-empted and the page is pinned and present, so a
 * compare-and-swap through the direct map does it.
 */
static int change_word(u32 addr, u32 op, u32 *old)
{
	struct page *page;
	u32 *word;
	int e = get_user_page(addr, true, &page);

	if (e)
		return e;
	word = (u32 *)((u8 *)page_address(page) + (addr & ~PAGE_MASK));
	do
		*old = READ_ONCE(*word);
	while (!__sync_bool_compare_and_swap(word, *old, apply_op(op, *old)));
	put_page(page);
	return 0;
}

static long futex_wake_op(u32 addr, bool private, u32 nr, u32 nr2, u32 addr2, u32 op)
{
	struct futex_key k1, k2;
	struct futex_bucket *b1, *b2;
	u32 old;
	long r;
	int c;

	if ((op >> 28 & 7) > 4)
		return -ENOSYS;
	r = futex_get_key(addr, private, false, &k1);
	if (r)
		return r;
	r = futex_get_key(addr2, private, true, &k2);
	if (r)
		goto out1;
	r = change_word(addr2, op, &old);
	if (r)
		goto out2;
	c = compare_op(op, old);
	if (c < 0) {
		r = c;
		goto out2;
	}
	b1 = futex_bucket_of(&k1);
	b2 = futex_bucket_of(&k2);
	lock_two(b1, b2);
	r = wake_locked(b1, &k1, nr, MATCH_ANY);
	if (c)
		r += wake_locked(b2, &k2, nr2, MATCH_ANY);
	unlock_two(b1, b2);
out2:
	futex_put_key(&k2);
out1:
	futex_put_key(&k1);
	return r;
}

/* ---- the calls ---- */

static long do_futex(u32 addr, u32 op, u32 val, u64 deadline, u32 val2, u32 addr2, u32 val3)
{
	bool private = op & FUTEX_PRIVATE_FLAG;

	switch (FUTEX_CMD(op)) {
	case FUTEX_WAIT:
		return futex_wait(addr, op, val, deadline, MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return futex_wait(addr, op, val, deadline, val3);
	case FUTEX_WAKE:
		return futex_wake(addr, private, val, MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, private, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, private, val, val2, addr2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, private, val, val2, addr2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, private, val, val2, addr2, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(addr, private, deadline, clock_of(op), false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, private, WAIT_FOREVER, CLOCK_MONOTONIC, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr, private);
	default:
		return -ENOSYS;
	}
}

/* WAIT takes a time from now, the others a point in time of clock_of. */
static int read_deadline(u32 op, const void __user *user, bool wide, u64 *deadline)
{
	u32 cmd = FUTEX_CMD(op);
	u64 ns;
	int e;

	*deadline = WAIT_FOREVER;
	if (!user || (cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI && cmd != FUTEX_LOCK_PI2))
		return 0;
	e = get_timespec_ns(user, wide, &ns);
	if (e)
		return e;
	*deadline = cmd == FUTEX_WAIT ? add_ns(ktime_ns(), ns) : ns;
	return 0;
}

static long futex_call(u32 addr, u32 op, u32 val, u32 timeout, u32 addr2, u32 val3, bool wide)
{
	u64 deadline;
	int e;

	if ((op & FUTEX_CLOCK_REALTIME) && FUTEX_CMD(op) != FUTEX_WAIT_BITSET && FUTEX_CMD(op) != FUTEX_LOCK_PI2)
		return -ENOSYS;
	e = read_deadline(op, (const void *)timeout, wide, &deadline);
	return e ? e : do_futex(addr, op, val, deadline, timeout, addr2, val3);
}

long sys_futex(u32 addr, u32 op, u32 val, u32 timeout, u32 addr2, u32 val3) { return futex_call(addr, op, val, timeout, addr2, val3, false); }

long sys_futex_time64(u32 addr, u32 op, u32 val, u32 timeout, u32 addr2, u32 val3)
{
	return futex_call(addr, op, val, timeout, addr2, val3, true);
}

/* ---- robust lists ---- */

struct robust_head { u32 next; s32 futex_offset; u32 pending; };

long sys_set_robust_list(void __user *head, size_t len)
{
	if (len != sizeof(struct robust_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(pid_t pid, u32 __user *head, u32 __user *len)
{
	struct task *t = pid ? get_task_by_pid(pid) : get_task(current);
	u32 value;
	int e = 0;

	if (!t)
		return -ESRCH;
	if (t != current && !capable() && t->cred.uid != current->cred.euid)
		e = -EPERM;
	value = (u32)t->robust_list;
	put_task(t);
	if (e)
		return e;
	return put_user_u32(sizeof(struct robust_head), len) || put_user_u32(value, head) ? -EFAULT : 0;
}

/* A word that the dead task owned: keep the waiters bit, mark it, wake one; those of a PI futex are served by futex_pi_exit. */
static int robust_release(struct task *t, u32 addr, bool pi)
{
	struct page *page;
	u32 *word, old;

	if (addr & 3 || !access_ok((void *)addr, 4))
		return -EFAULT;
	if (get_user_page(addr, true, &page))
		return -EFAULT;
	word = (u32 *)((u8 *)page_address(page) + (addr & ~PAGE_MASK));
	do {
		old = READ_ONCE(*word);
		if ((old & FUTEX_TID_MASK) != (u32)t->pid) {
			put_page(page);
			return 0;
		}
	} while (!__sync_bool_compare_and_swap(word, old, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
	put_page(page);
	if ((old & FUTEX_WAITERS) && !pi)
		futex_wake_addr((u32 *)addr, 1);
	return 0;
}

void exit_robust_list(struct task *t)
{
	struct robust_head h;
	u32 head = (u32)t->robust_list, entry, next, limit = ROBUST_LIST_LIMIT;

	t->robust_list = NULL;
	if (copy_from_user(&h, (void *)head, sizeof(h)))
		return;
	/* Bit 0 of a pointer marks a priority-inheritance futex. */
	for (entry = h.next; (entry & ~1u) != head && limit--; entry = next) {
		if (get_user_u32(&next, (u32 *)(entry & ~1u)))
			return;
		if ((entry & ~1u) != (h.pending & ~1u) && robust_release(t, (entry & ~1u) + (u32)h.futex_offset, entry & 1))
			return;
		cond_resched();
	}
	if (h.pending & ~1u)
		(void)robust_release(t, (h.pending & ~1u) + (u32)h.futex_offset, h.pending & 1);
}
