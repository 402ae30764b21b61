/*
 * What the kinds of System V IPC share: objects with an identifier, perhaps a key, an owner and a mode. An identifier is the object's place in
 * the table of its kind and, from bit 15 on, a sequence number that changes when places are used again. One mutex for each kind (RANK_IPC)
 * guards the table and what is in it.
 */
#ifndef KERNEL_IPC_IDS_H
#define KERNEL_IPC_IDS_H

#include "kernel/lib/err.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sync/mutex.h"
#include "kernel/uapi/ipc.h"

#define IPC_INDEX_BITS 15u
#define IPC_MAX_OBJECTS (1u << IPC_INDEX_BITS)

struct ipc_perm { /* the first member of each object */
	s32 id, key;
	uid_t uid, cuid;
	gid_t gid, cgid;
	u32 mode;
};

struct ipc_request { /* what shmget and its relatives were called with */
	s32 key;
	u32 flags, size;
};

struct ipc_ids {
	struct mutex lock;
	struct radix_tree objects; /* by place */
	struct radix_tree keys;    /* the same ones, those with a key */
	u32 in_use, next, seq;
	u32 max;                   /* how many there may be: a knob */
	/* A new object, or ERR_PTR; ipc_get fills in perm. lock held; so for the next one. */
	struct ipc_perm *(*create)(const struct ipc_request *rq);
	/* May an object that is there be had by this request, permissions aside? 0 or -EINVAL. */
	int (*fits)(const struct ipc_perm *p, const struct ipc_request *rq);
	/* Free what create made. lock not held; may sleep. */
	void (*discard)(struct ipc_perm *p);
};

/* shmget, semget, msgget: the identifier of the object with that key, or of a new one; or -errno. Takes the lock. */
long ipc_get(struct ipc_ids *ids, const struct ipc_request *rq);

/* The rest wants the lock. */
struct ipc_perm *ipc_find(const struct ipc_ids *ids, s32 id);     /* ERR_PTR(-EINVAL): no such identifier */
struct ipc_perm *ipc_find_at(const struct ipc_ids *ids, s32 id);  /* by its place alone, for SHM_STAT and its relatives */
struct ipc_perm *ipc_next(const struct ipc_ids *ids, u32 *place); /* the first at *place or behind it, *place is moved past it; NULL: none */
void ipc_remove(struct ipc_ids *ids, struct ipc_perm *p);         /* out of the table; the caller frees it */
void ipc_forget_key(struct ipc_ids *ids, struct ipc_perm *p);     /* it stays for who knows the identifier */
int ipc_highest(const struct ipc_ids *ids);                       /* the highest place in use, 0 when none is */

bool ipc_allows(const struct ipc_perm *p, u32 mode);              /* S_IRUGO, S_IWUGO: may the current process? */
bool ipc_is_owner(const struct ipc_perm *p);                      /* may it change and remove the object? */

struct ipc_change { /* IPC_SET */
	uid_t uid;
	gid_t gid;
	u32 mode;
};
int ipc_change(struct ipc_perm *p, const struct ipc_change *c);   /* 0, -EPERM, -EINVAL */

/* The layouts of programs. */
void ipc_perm_to_user(const struct ipc_perm *p, struct ipc64_perm *u);
void ipc_perm_to_old(const struct ipc_perm *p, struct ipc_old_perm *u);
void ipc_change_from_user(struct ipc_change *c, const struct ipc64_perm *u);
void ipc_change_from_old(struct ipc_change *c, const struct ipc_old_perm *u);

u32 ipc_now(void); /* seconds since 1970 */

/* The knobs and files of /proc: a number that may be written within limits. */
struct ipc_knob {
	const char *path;
	u32 *value, highest;
};
int __must_check ipc_add_knobs(const struct ipc_knob *knobs, u32 nr);

#endif
