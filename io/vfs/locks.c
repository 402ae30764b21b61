/*
 * Locks that programs put on files: flock(2) of whole files, owned by the open file; fcntl record locks, owned by the process (its
 * descriptor table) or, for the F_OFD forms, by the open file. All are advisory. Everything is guarded by one spinlock; a task that has to
 * wait sleeps on the one queue of the inode's lock context and tries again at each change.
 */
#include "io/vfs/locks.h"
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

#define OFFSET_MAX INT64_MAX

struct file_lock {
	struct list_head node;
	void *owner;       /* struct files (POSIX) or struct file */
	pid_t pid;         /* -1: of an open file */
	s16 type;          /* F_RDLCK, F_WRLCK, F_UNLCK */
	loff_t start, end; /* bytes, inclusive */
};

struct lock_context { /* inode->flocks */
	struct list_head flock, posix; /* posix: by owner, then by start */
	struct wait_queue_head wait;
};

/* Who waits for whom with a record lock, to refuse a circle. */
struct lock_waiter {
	struct list_head node;
	void *owner, *blocker;
};

static DEFINE_SPINLOCK(locks_lock, RANK_FILES);
static LIST_HEAD(waiters);
static struct kmem_cache *lock_cache, *context_cache;

void locks_init(void)
{
	lock_cache = kmem_cache_create("file_lock", sizeof(struct file_lock), 0, NULL);
	context_cache = kmem_cache_create("file_lock_ctx", sizeof(struct lock_context), 0, NULL);
}

static struct lock_context *get_context(struct inode *i)
{
	if (i->flocks)
		return i->flocks;
	struct lock_context *c = kmem_cache_alloc(context_cache, GFP_KERNEL);
	if (!c)
		return NULL;
	INIT_LIST_HEAD(&c->flock);
	INIT_LIST_HEAD(&c->posix);
	wait_queue_init(&c->wait);
	spin_lock(&locks_lock);
	if (!i->flocks) {
		i->flocks = c;
		c = NULL;
	}
	spin_unlock(&locks_lock);
	kfree(c);
	return i->flocks;
}

static struct file_lock *alloc_lock(void) { return kmem_cache_alloc(lock_cache, GFP_KERNEL); }

static void free_lock(struct file_lock *l)
{
	if (l)
		kmem_cache_free(lock_cache, l);
}

/* ---- flock ---- */

/* Try to make owner's lock on the whole file be of this type. 0, -EAGAIN: another one is in the way. *spare is NULL when it was used. */
static int flock_try(struct lock_context *c, struct file *owner, s16 type, struct file_lock **spare)
{
	struct file_lock *l, *mine = NULL;

	list_for_each_entry(l, &c->flock, node)
		if (l->owner == owner)
			mine = l;
	if (mine && mine->type == type)
		return 0;
	if (mine) { /* a change of type gives the old lock up first, as flock(2) says */
		list_del(&mine->node);
		free_lock(mine);
		wake_up_all(&c->wait);
	}
	if (type == F_UNLCK)
		return 0;
	list_for_each_entry(l, &c->flock, node)
		if (type == F_WRLCK || l->type == F_WRLCK)
			return -EAGAIN;
	l = *spare;
	*spare = NULL;
	*l = (struct file_lock){ .owner = owner, .pid = current->tgid, .type = type, .end = OFFSET_MAX };
	list_add_tail(&l->node, &c->flock);
	return 0;
}

int do_flock(struct file *f, int op)
{
	s16 type;

	switch (op & ~LOCK_NB) {
	case LOCK_SH: type = F_RDLCK; break;
	case LOCK_EX: type = F_WRLCK; break;
	case LOCK_UN: type = F_UNLCK; break;
	default: return -EINVAL;
	}
	if (type == F_UNLCK && !f->inode->flocks)
		return 0;
	struct lock_context *c = get_context(f->inode);
	struct file_lock *spare = alloc_lock();
	int err = -ENOMEM;
	while (c && spare) {
		struct wait_queue_entry e = wait_entry_for_current();
		spin_lock(&locks_lock);
		err = flock_try(c, f, type, &spare);
		if (err == -EAGAIN && !(op & LOCK_NB)) {
			prepare_to_wait(&c->wait, &e, TASK_INTERRUPTIBLE);
			spin_unlock(&locks_lock);
			if (!signal_pending_current())
				schedule();
			finish_wait(&c->wait, &e);
			if (!signal_pending_current())
				continue;
			err = -ERESTARTSYS;
		} else {
			spin_unlock(&locks_lock);
		}
		break;
	}
	free_lock(spare);
	return err;
}

/* ---- record locks ---- */

static bool overlaps(const struct file_lock *a, const struct file_lock *b) { return a->start <= b->end && b->start <= a->end; }

static struct file_lock *find_conflict(struct lock_context *c, const struct file_lock *want)
{
	struct file_lock *l;
	list_for_each_entry(l, &c->posix, node)
		if (l->owner != want->owner && overlaps(l, want) && (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

/* Would owner wait for itself? */
static bool would_deadlock(const void *owner, const void *blocker)
{
	struct lock_waiter *w;
	for (u32 depth = 0; depth < 64; depth++) {
		const void *next = NULL;
		list_for_each_entry(w, &waiters, node)
			if (w->owner == blocker)
				next = w->blocker;
		if (!next)
			return false;
		if (next == owner)
			return true;
		blocker = next;
	}
	return false;
}

/* Locks of one owner stand together, by their starts. */
static void insert_sorted(struct lock_context *c, struct file_lock *fresh)
{
	struct list_head *before = &c->posix;
	struct file_lock *l;
	bool mine = false;

	list_for_each_entry(l, &c->posix, node) {
		if (l->owner == fresh->owner)
			mine = true;
		if (mine && (l->owner != fresh->owner || l->start > fresh->start)) {
			before = &l->node;
			break;
		}
	}
	list_add_tail(&fresh->node, before);
}

/* The byte behind the last one. */
static loff_t after(loff_t end) { return end == OFFSET_MAX ? OFFSET_MAX : end + 1; }

/*
 * Replace what the owner holds of [start, end] by want (F_UNLCK: by nothing), cutting its locks at the edges. spare[]: two fresh locks,
 * those used are set to NULL. No conflict with others exists.
 */
static void posix_apply(struct lock_context *c, const struct file_lock *want, struct file_lock *spare[2])
{
	struct file_lock *l, *next, merged = *want;

	list_for_each_entry_safe(l, next, &c->posix, node) {
		if (l->owner != want->owner)
			continue;
		if (l->type == want->type && l->start <= after(merged.end) && merged.start <= after(l->end)) { /* the same kind: one larger lock */
			merged.start = min(merged.start, l->start);
			merged.end = max(merged.end, l->end);
		} else if (!overlaps(l, want)) {
			continue;
		} else if (l->start < want->start && l->end > want->end) { /* cut in two */
			struct file_lock *tail = spare[1];
			spare[1] = NULL;
			*tail = *l;
			tail->start = want->end + 1;
			l->end = want->start - 1;
			list_add(&tail->node, &l->node);
			continue;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
			continue;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
			continue;
		}
		list_del(&l->node);
		free_lock(l);
	}
	if (want->type != F_UNLCK) {
		l = spare[0];
		spare[0] = NULL;
		*l = merged;
		insert_sorted(c, l);
	}
}

/* Set a lock, waiting for others if wait. */
static int posix_set(struct inode *i, const struct file_lock *want, bool wait)
{
	struct lock_context *c = get_context(i);
	struct file_lock *spare[2] = { alloc_lock(), alloc_lock() };
	int err = c && spare[0] && spare[1] ? 0 : -ENOMEM;

	while (!err) {
		struct wait_queue_entry e = wait_entry_for_current();
		struct lock_waiter w = { .owner = want->owner };
		spin_lock(&locks_lock);
		struct file_lock *blocker = want->type == F_UNLCK ? NULL : find_conflict(c, want);
		if (!blocker) {
			posix_apply(c, want, spare);
			spin_unlock(&locks_lock);
			wake_up_all(&c->wait);
			break;
		}
		if (!wait || would_deadlock(want->owner, blocker->owner)) {
			spin_unlock(&locks_lock);
			err = wait ? -EDEADLK : -EAGAIN;
			break;
		}
		w.blocker = blocker->owner;
		list_add(&w.node, &waiters);
		prepare_to_wait(&c->wait, &e, TASK_INTERRUPTIBLE);
		spin_unlock(&locks_lock);
		if (!signal_pending_current())
			schedule();
		finish_wait(&c->wait, &e);
		spin_lock(&locks_lock);
		list_del(&w.node);
		spin_unlock(&locks_lock);
		if (signal_pending_current())
			err = -ERESTARTSYS;
	}
	free_lock(spare[0]);
	free_lock(spare[1]);
	return err;
}

/* From the program's form: whence, start and a length that may be 0 (to the end) or negative (backwards). */
static int to_range(struct file *f, const struct flock64_abi *u, struct file_lock *l)
{
	loff_t base;

	switch (u->l_whence) {
	case SEEK_SET: base = 0; break;
	case SEEK_CUR: base = f->pos; break;
	case SEEK_END: base = inode_size(f->inode); break;
	default: return -EINVAL;
	}
	if (u->l_start > 0 && base > OFFSET_MAX - u->l_start)
		return -EOVERFLOW;
	l->start = base + u->l_start;
	if (l->start < 0)
		return -EINVAL;
	if (u->l_len > 0) {
		if (u->l_len - 1 > OFFSET_MAX - l->start)
			return -EOVERFLOW;
		l->end = l->start + u->l_len - 1;
	} else if (u->l_len < 0) {
		l->end = l->start - 1;
		l->start += u->l_len;
		if (l->start < 0)
			return -EINVAL;
	} else {
		l->end = OFFSET_MAX;
	}
	return 0;
}

/* Owner and range of a request. */
static int make_request(struct file *f, const struct flock64_abi *u, bool ofd, struct file_lock *l)
{
	if (u->l_type != F_RDLCK && u->l_type != F_WRLCK && u->l_type != F_UNLCK)
		return -EINVAL;
	if (ofd && u->l_pid)
		return -EINVAL;
	*l = (struct file_lock){ .type = u->l_type, .owner = ofd ? (void *)f : (void *)current->files, .pid = ofd ? -1 : current->tgid };
	return to_range(f, u, l);
}

int posix_get_lock(struct file *f, struct flock64_abi *u, bool ofd)
{
	struct file_lock want, *l = NULL;
	int err = make_request(f, u, ofd, &want);
	if (err)
		return err;
	if (want.type == F_UNLCK && !ofd)
		return -EINVAL;
	spin_lock(&locks_lock);
	if (f->inode->flocks)
		l = find_conflict(f->inode->flocks, &want);
	if (l) {
		u->l_type = l->type;
		u->l_whence = SEEK_SET;
		u->l_start = l->start;
		u->l_len = l->end == OFFSET_MAX ? 0 : l->end - l->start + 1;
		u->l_pid = l->pid;
	} else {
		u->l_type = F_UNLCK;
	}
	spin_unlock(&locks_lock);
	return 0;
}

int posix_set_lock(struct file *f, const struct flock64_abi *u, bool wait, bool ofd)
{
	struct file_lock want = { 0 };
	int err = make_request(f, u, ofd, &want);
	if (err)
		return err;
	if ((want.type == F_RDLCK && !(f->mode & FMODE_READ)) || (want.type == F_WRLCK && !(f->mode & FMODE_WRITE)))
		return -EBADF;
	return posix_set(f->inode, &want, wait);
}

/* ---- at close ---- */

static void remove_all(struct list_head *list, const void *owner)
{
	struct file_lock *l, *next;
	list_for_each_entry_safe(l, next, list, node)
		if (l->owner == owner) {
			list_del(&l->node);
			free_lock(l);
		}
}

void locks_remove_posix(struct file *f, void *owner)
{
	struct lock_context *c = f->inode ? f->inode->flocks : NULL;
	if (!c || list_empty(&c->posix))
		return;
	spin_lock(&locks_lock);
	remove_all(&c->posix, owner);
	spin_unlock(&locks_lock);
	wake_up_all(&c->wait);
}

void locks_remove_file(struct file *f)
{
	struct lock_context *c = f->inode->flocks;
	if (!c)
		return;
	spin_lock(&locks_lock);
	remove_all(&c->flock, f);
	remove_all(&c->posix, f);
	spin_unlock(&locks_lock);
	wake_up_all(&c->wait);
}
