/* Reference counts. */
#ifndef LINUX_KREF_H
#define LINUX_KREF_H

#include "kernel/include/sluice/prelude.h"

struct kref {
	atomic_t refcount;
};
static inline void kref_init(struct kref *k) { atomic_set(&k->refcount, 1); }
static inline void kref_get(struct kref *k) { atomic_inc(&k->refcount); }
static inline int kref_get_unless_zero(struct kref *k) { return atomic_inc_not_zero(&k->refcount); }
static inline int kref_put(struct kref *k, void (*release)(struct kref *k))
{
	if (!atomic_dec_and_test(&k->refcount))
		return 0;
	release(k);
	return 1;
}

#endif
