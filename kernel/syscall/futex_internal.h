/* What futex.c and futex_pi.c share: keys, waiters and the buckets they are queued in. */
#ifndef KERNEL_SYSCALL_FUTEX_INTERNAL_H
#define KERNEL_SYSCALL_FUTEX_INTERNAL_H

#include "kernel/lib/hash.h"
#include "kernel/lib/list.h"
#include "kernel/syscall/futex.h"
#include "kernel/sync/spinlock.h"

#define MATCH_ANY 0xffffffffu
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define FUTEX_BUCKET_BITS 6

struct page;
struct futex_key {
	const void *object; /* struct mm, or struct page */
	u32 word;           /* address, or offset in the page */
	struct page *page;  /* shared: held while the key is in use */
};
struct futex_waiter {
	struct list_head node;
	struct futex_key key;
	struct futex_bucket *volatile bucket; /* NULL: taken off by a waker */
	struct task *task;
	u32 bitset;
	bool pi;        /* waits to become the owner */
	pid_t pi_owner; /* whom it waits for; 0: nobody who will tell */
};
extern struct futex_bucket {
	struct spinlock lock;
	struct list_head waiters;
} futex_buckets[1 << FUTEX_BUCKET_BITS];

static inline bool futex_same_key(const struct futex_key *a, const struct futex_key *b) { return a->object == b->object && a->word == b->word; }

static inline struct futex_bucket *futex_bucket_of(const struct futex_key *k)
{
	return &futex_buckets[hash_32((u32)k->object ^ k->word * 31, FUTEX_BUCKET_BITS)];
}

/* What the word at addr is. 0, -EINVAL (not aligned), -EFAULT; futex_put_key afterwards. May sleep. */
int futex_get_key(u32 addr, bool private, bool write, struct futex_key *k);
void futex_put_key(struct futex_key *k);
void futex_wake_one(struct futex_waiter *w); /* off its queue; the bucket's lock is held. From then on w may be gone */
bool futex_unqueue(struct futex_waiter *w);  /* false: a waker did already */

/* futex_pi.c */
long futex_lock_pi(u32 addr, bool private, u64 deadline, int clock, bool try);
long futex_unlock_pi(u32 addr, bool private);

#endif
