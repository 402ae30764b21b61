/* Identifiers, keys and permissions of System V IPC. Interface and rules: kernel/ipc/ids.h. */
#include "kernel/ipc/ids.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cred.h"
#include "kernel/sched/time.h"
#include "kernel/uapi/stat.h"

#define INDEX_MASK (IPC_MAX_OBJECTS - 1)
#define SEQ_MAX ((u32)INT32_MAX >> IPC_INDEX_BITS)
#define MIN_CYCLE 64u /* so many places are used before the first comes again, and half as many again as are in use: ids are not met twice soon */

/* ---- the table ---- */

/* A free place, from the one behind the last given on. There is one. */
static u32 free_place(struct ipc_ids *ids)
{
	u32 places = min(max(ids->in_use + ids->in_use / 2, MIN_CYCLE), IPC_MAX_OBJECTS), at = ids->next;

	for (u32 n = 0; n <= places; n++, at++) {
		if (at >= places) {
			at = 0;
			ids->seq = ids->seq == SEQ_MAX ? 0 : ids->seq + 1;
		}
		if (!radix_tree_lookup(&ids->objects, at))
			break;
	}
	return at;
}

static long add(struct ipc_ids *ids, struct ipc_perm *p, const struct ipc_request *rq)
{
	const struct cred *c = current_cred();
	u32 place = free_place(ids);
	int err = radix_tree_insert(&ids->objects, place, p);

	if (err)
		return err;
	if (rq->key != IPC_PRIVATE) {
		err = radix_tree_insert(&ids->keys, (u32)rq->key, p);
		if (err) {
			(void)radix_tree_delete(&ids->objects, place);
			return err;
		}
	}
	p->id = (s32)(ids->seq << IPC_INDEX_BITS | place);
	p->key = rq->key;
	p->uid = p->cuid = c->euid;
	p->gid = p->cgid = c->egid;
	p->mode = rq->flags & S_IRWXUGO;
	ids->in_use++;
	ids->next = place + 1;
	return p->id;
}

void ipc_forget_key(struct ipc_ids *ids, struct ipc_perm *p)
{
	if (p->key != IPC_PRIVATE)
		(void)radix_tree_delete(&ids->keys, (u32)p->key);
	p->key = IPC_PRIVATE;
}

void ipc_remove(struct ipc_ids *ids, struct ipc_perm *p)
{
	ipc_forget_key(ids, p);
	(void)radix_tree_delete(&ids->objects, (u32)p->id & INDEX_MASK);
	ids->in_use--;
}

struct ipc_perm *ipc_find_at(const struct ipc_ids *ids, s32 id)
{
	struct ipc_perm *p = radix_tree_lookup(&ids->objects, (u32)id & INDEX_MASK);

	return p ? p : ERR_PTR(-EINVAL);
}

struct ipc_perm *ipc_find(const struct ipc_ids *ids, s32 id)
{
	struct ipc_perm *p = ipc_find_at(ids, id);

	return IS_ERR(p) || p->id == id ? p : ERR_PTR(-EINVAL);
}

struct ipc_perm *ipc_next(const struct ipc_ids *ids, u32 *place)
{
	void *p;

	if (!radix_tree_gang_lookup(&ids->objects, *place, &p, place, 1))
		return NULL;
	++*place;
	return p;
}

int ipc_highest(const struct ipc_ids *ids)
{
	u32 place = 0;

	while (ipc_next(ids, &place))
		;
	return place ? (int)place - 1 : 0;
}

/* ---- getting ---- */

static long open_existing(struct ipc_ids *ids, struct ipc_perm *p, const struct ipc_request *rq)
{
	if ((rq->flags & IPC_CREAT) && (rq->flags & IPC_EXCL))
		return -EEXIST;
	int err = ids->fits ? ids->fits(p, rq) : 0;
	if (err)
		return err;
	return ipc_allows(p, rq->flags) ? p->id : -EACCES;
}

long ipc_get(struct ipc_ids *ids, const struct ipc_request *rq)
{
	struct ipc_perm *p, *failed = NULL;
	long id;

	mutex_lock(&ids->lock);
	p = rq->key == IPC_PRIVATE ? NULL : radix_tree_lookup(&ids->keys, (u32)rq->key);
	if (p) {
		id = open_existing(ids, p, rq);
	} else if (rq->key != IPC_PRIVATE && !(rq->flags & IPC_CREAT)) {
		id = -ENOENT;
	} else {
		p = ids->create(rq);
		if (IS_ERR(p)) {
			id = PTR_ERR(p);
		} else {
			id = ids->in_use < ids->max ? add(ids, p, rq) : -ENOSPC;
			if (id < 0)
				failed = p;
		}
	}
	mutex_unlock(&ids->lock);
	if (failed)
		ids->discard(failed);
	return id;
}

/* ---- permissions ---- */

bool ipc_allows(const struct ipc_perm *p, u32 mode)
{
	u32 wanted = mode >> 6 | mode >> 3 | mode, granted = p->mode;
	uid_t euid = current_cred()->euid;

	if (euid == p->cuid || euid == p->uid)
		granted >>= 6;
	else if (in_group(p->cgid) || in_group(p->gid))
		granted >>= 3;
	return !(wanted & ~granted & 7) || capable();
}

bool ipc_is_owner(const struct ipc_perm *p)
{
	uid_t euid = current_cred()->euid;

	return euid == p->cuid || euid == p->uid || capable();
}

int ipc_change(struct ipc_perm *p, const struct ipc_change *c)
{
	if (!ipc_is_owner(p))
		return -EPERM;
	if (c->uid == (uid_t)-1 || c->gid == (gid_t)-1)
		return -EINVAL;
	p->uid = c->uid;
	p->gid = c->gid;
	p->mode = (p->mode & ~(u32)S_IRWXUGO) | (c->mode & S_IRWXUGO);
	return 0;
}

/* ---- the layouts of programs ---- */

void ipc_perm_to_user(const struct ipc_perm *p, struct ipc64_perm *u)
{
	*u = (struct ipc64_perm){ .key = p->key, .uid = p->uid, .gid = p->gid, .cuid = p->cuid, .cgid = p->cgid, .mode = (u16)p->mode,
				  .seq = (u16)((u32)p->id >> IPC_INDEX_BITS) };
}

/* Ids that do not fit are the overflow id, as in the other old calls. */
static u16 short_id(u32 id)
{
	return id > 0xffff ? 0xfffe : (u16)id;
}

void ipc_perm_to_old(const struct ipc_perm *p, struct ipc_old_perm *u)
{
	*u = (struct ipc_old_perm){ .key = p->key, .uid = short_id(p->uid), .gid = short_id(p->gid), .cuid = short_id(p->cuid),
				    .cgid = short_id(p->cgid), .mode = (u16)p->mode, .seq = (u16)((u32)p->id >> IPC_INDEX_BITS) };
}

void ipc_change_from_user(struct ipc_change *c, const struct ipc64_perm *u)
{
	*c = (struct ipc_change){ u->uid, u->gid, u->mode };
}

void ipc_change_from_old(struct ipc_change *c, const struct ipc_old_perm *u)
{
	*c = (struct ipc_change){ u->uid, u->gid, u->mode };
}

u32 ipc_now(void)
{
	return (u32)div_u64(realtime_ns(), NSEC_PER_SEC);
}

/* ---- knobs ---- */

static int knob_show(struct seq_buf *s, void *arg)
{
	const struct ipc_knob *k = arg;

	seq_printf(s, "%u\n", *k->value);
	return 0;
}

static ssize_t knob_write(void *arg, const char *text, size_t len)
{
	const struct ipc_knob *k = arg;
	u32 v;

	if (kstrtou32(text, 10, &v) || v > k->highest)
		return -EINVAL;
	*k->value = v;
	return (ssize_t)len;
}

int ipc_add_knobs(const struct ipc_knob *knobs, u32 nr)
{
	int err = 0;

	for (u32 i = 0; i < nr && !err; i++)
		err = proc_create(knobs[i].path, 0644, knob_show, knob_write, (void *)&knobs[i]);
	return err;
}
