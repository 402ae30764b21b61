/*
 * System V semaphores: sets of counters that semop changes all at once or not at all. Who must wait is on the set's list, with what it wants;
 * each change tries those in the order they came, and carries out for them what has become possible. What was done with SEM_UNDO is
 * noted for each process and set, and taken back when the process ends.
 *
 * sem.lock guards all; nobody sleeps with it but for memory, and it is never held while user memory is copied.
 */
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "kernel/ipc/calls.h"
#include "kernel/ipc/ids.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"

#define SEMMNI 32000u
#define SEMMSL 32000u /* semaphores of a set */
#define SEMMNS 32000u /* of all sets: Linux allows more, they are kernel memory */
#define SEMOPM 500u   /* operations of one call */
#define SEMVMX 32767
#define SEMAEM 32767  /* largest adjustment */
#define SEMUSZ 20     /* what Linux says of the size of an undo */
#define FEW_OPS 16u
#define WAITING 1     /* the result of operations that must wait */

struct semaphore {
	u16 value;
	pid_t pid; /* who changed it last */
};

struct sem_set {
	struct ipc_perm perm;
	u32 nsems, otime, ctime;
	struct list_head waiting; /* struct waiter, in order of arrival */
	struct list_head undos;   /* struct undo, one for each process */
	struct semaphore sems[];
};

struct undo {
	struct list_head set_node, all_node;
	struct sem_set *set;
	pid_t tgid;
	s16 adjust[]; /* one for each semaphore */
};

struct waiter {
	struct list_head node;
	struct wait_queue_head changed;
	const struct sembuf *ops, *blocking; /* blocking: the operation that has to wait */
	u32 nops;
	bool alters;
	struct undo *undo;
	pid_t tgid;
	volatile int result;
};

static struct ipc_perm *create(const struct ipc_request *rq);
static int fits(const struct ipc_perm *p, const struct ipc_request *rq);
static void discard(struct ipc_perm *p);

static struct ipc_ids sem = { .max = SEMMNI, .create = create, .fits = fits, .discard = discard };
static u32 semmsl = SEMMSL, semmns = SEMMNS, semopm = SEMOPM, in_use; /* in_use: semaphores of all sets */
static LIST_HEAD(all_undos);

static struct sem_set *find(s32 id) { return (struct sem_set *)ipc_find(&sem, id); }

/* ---- sets ---- */

static struct ipc_perm *create(const struct ipc_request *rq)
{
	u32 n = rq->size;

	if (!n)
		return ERR_PTR(-EINVAL);
	if (n > semmns || in_use > semmns - n)
		return ERR_PTR(-ENOSPC);
	struct sem_set *s = kzalloc(sizeof(*s) + n * sizeof(s->sems[0]), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->nsems = n;
	s->ctime = ipc_now();
	INIT_LIST_HEAD(&s->waiting);
	INIT_LIST_HEAD(&s->undos);
	in_use += n;
	return &s->perm;
}

static int fits(const struct ipc_perm *p, const struct ipc_request *rq)
{
	return rq->size > ((const struct sem_set *)p)->nsems ? -EINVAL : 0;
}

static void discard(struct ipc_perm *p)
{
	struct sem_set *s = (struct sem_set *)p;

	mutex_lock(&sem.lock);
	in_use -= s->nsems;
	mutex_unlock(&sem.lock);
	kfree(s);
}

long sys_semget(s32 key, int nsems, u32 flags)
{
	if (nsems < 0 || (u32)nsems > semmsl)
		return -EINVAL;
	return ipc_get(&sem, &(struct ipc_request){ key, flags, (u32)nsems });
}

/* ---- operations ---- */

/* One of them: 0, WAITING or -ERANGE; nothing is changed unless 0. */
static int try_one(struct sem_set *s, const struct sembuf *op, struct undo *u)
{
	struct semaphore *one = &s->sems[op->num];
	int value = one->value + op->op;

	if ((!op->op && value) || value < 0)
		return WAITING;
	if (value > SEMVMX)
		return -ERANGE;
	if (op->flags & SEM_UNDO) {
		int adjust = u->adjust[op->num] - op->op;
		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		u->adjust[op->num] = (s16)adjust;
	}
	one->value = (u16)value;
	return 0;
}

/* All or nothing: 0, WAITING, -EAGAIN (it would have to wait and does not want to), -ERANGE. */
static int try_all(struct sem_set *s, struct waiter *w)
{
	u32 done;
	int result = 0;

	for (done = 0; done < w->nops; done++) {
		result = try_one(s, &w->ops[done], w->undo);
		if (result)
			break;
	}
	if (!result) {
		for (u32 i = 0; i < w->nops; i++)
			s->sems[w->ops[i].num].pid = w->tgid;
		s->otime = ipc_now();
		return 0;
	}
	if (result == WAITING) {
		w->blocking = &w->ops[done];
		if (w->blocking->flags & (s16)IPC_NOWAIT)
			result = -EAGAIN;
	}
	while (done--) {
		const struct sembuf *op = &w->ops[done];
		s->sems[op->num].value = (u16)(s->sems[op->num].value - op->op);
		if (op->flags & SEM_UNDO)
			w->undo->adjust[op->num] = (s16)(w->undo->adjust[op->num] + op->op);
	}
	return result;
}

static void end_wait(struct waiter *w, int result)
{
	list_del(&w->node);
	w->result = result;
	wake_up(&w->changed);
}

/* The values have changed: who can go on now? */
static void try_waiting(struct sem_set *s)
{
	struct waiter *w, *next;
	bool changed;

	do {
		changed = false;
		list_for_each_entry_safe(w, next, &s->waiting, node) {
			int result = try_all(s, w);

			if (result == WAITING)
				continue;
			changed = !result && w->alters;
			end_wait(w, result);
			if (changed)
				break;
		}
	} while (changed);
}

/* The notes of the current process about the set, made if there are none. ERR_PTR(-ENOMEM). */
static struct undo *undo_of(struct sem_set *s)
{
	struct undo *u;

	list_for_each_entry(u, &s->undos, set_node)
		if (u->tgid == current->tgid)
			return u;
	u = kzalloc(sizeof(*u) + s->nsems * sizeof(u->adjust[0]), GFP_KERNEL);
	if (!u)
		return ERR_PTR(-ENOMEM);
	u->set = s;
	u->tgid = current->tgid;
	list_add_tail(&u->set_node, &s->undos);
	list_add_tail(&u->all_node, &all_undos);
	return u;
}

static void drop_undo(struct undo *u)
{
	list_del(&u->set_node);
	list_del(&u->all_node);
	kfree(u);
}

/* Check what is asked against the set, and begin. The result; WAITING: *w is on the set's list. */
static int begin(s32 id, struct waiter *w)
{
	struct sem_set *s = find(id);
	bool undos = false;

	if (IS_ERR(s))
		return (int)PTR_ERR(s);
	for (u32 i = 0; i < w->nops; i++) {
		if (w->ops[i].num >= s->nsems)
			return -EFBIG;
		undos |= w->ops[i].flags & SEM_UNDO;
		w->alters |= w->ops[i].op != 0;
	}
	if (!ipc_allows(&s->perm, w->alters ? S_IWUGO : S_IRUGO))
		return -EACCES;
	if (undos) {
		w->undo = undo_of(s);
		if (IS_ERR(w->undo))
			return (int)PTR_ERR(w->undo);
	}
	int result = try_all(s, w);
	if (result == WAITING)
		list_add_tail(&w->node, &s->waiting);
	else if (!result && w->alters)
		try_waiting(s);
	return result;
}

static long operate(s32 id, const struct sembuf *ops, u32 nops, u64 deadline)
{
	struct waiter w = { .ops = ops, .nops = nops, .tgid = current->tgid, .result = WAITING };

	wait_queue_init(&w.changed);
	mutex_lock(&sem.lock);
	int result = begin(id, &w);
	mutex_unlock(&sem.lock);
	if (result != WAITING)
		return result;
	long why = wait_event_interruptible_until(&w.changed, w.result != WAITING, deadline);
	mutex_lock(&sem.lock); /* whoever ended the wait is done with w, too */
	if (w.result == WAITING) {
		list_del(&w.node);
		w.result = why == -ETIMEDOUT ? -EAGAIN : -EINTR; /* never started again, see signal(7) */
	}
	mutex_unlock(&sem.lock);
	return w.result;
}

static long semop(s32 id, const struct sembuf __user *user, u32 nops, u64 deadline)
{
	struct sembuf few[FEW_OPS], *ops = few;
	long result = -EFAULT;

	if (id < 0 || !nops)
		return -EINVAL;
	if (nops > semopm)
		return -E2BIG;
	if (nops > FEW_OPS)
		ops = kmalloc(nops * sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	if (!copy_from_user(ops, user, nops * sizeof(*ops)))
		result = operate(id, ops, nops, deadline);
	if (ops != few)
		kfree(ops);
	return result;
}

long semop_until(s32 id, const void __user *ops, u32 nops, const void __user *timeout, bool wide)
{
	u64 ns = 0;
	int err = timeout ? get_timespec_ns(timeout, wide, &ns) : 0;

	if (err)
		return err;
	return semop(id, ops, nops, timeout ? add_ns(ktime_ns(), ns) : WAIT_FOREVER);
}

long sys_semtimedop_time64(s32 id, const void __user *ops, u32 nops, const void __user *timeout)
{
	return semop_until(id, ops, nops, timeout, true);
}

/* ---- the end of a process ---- */

static void take_back(struct undo *u)
{
	struct sem_set *s = u->set;

	for (u32 i = 0; i < s->nsems; i++) {
		int value = s->sems[i].value + u->adjust[i];

		if (!u->adjust[i])
			continue;
		s->sems[i].value = (u16)(value < 0 ? 0 : min(value, SEMVMX));
		s->sems[i].pid = u->tgid;
	}
	s->otime = ipc_now();
	drop_undo(u);
	try_waiting(s);
}

void sem_process_ends(void)
{
	struct undo *u, *next;

	if (likely(list_empty(&all_undos)))
		return;
	mutex_lock(&sem.lock);
	list_for_each_entry_safe(u, next, &all_undos, all_node)
		if (u->tgid == current->tgid)
			take_back(u);
	mutex_unlock(&sem.lock);
}

/* ---- semctl ---- */

static long info(u32 cmd, void __user *buf)
{
	struct seminfo i = { (s32)semmns, (s32)sem.max, (s32)semmns, (s32)semmns, (s32)semmsl, (s32)semopm, (s32)semopm, SEMUSZ, SEMVMX, SEMAEM };

	mutex_lock(&sem.lock);
	int highest = ipc_highest(&sem);
	if (cmd == SEM_INFO) {
		i.semusz = (s32)sem.in_use;
		i.semaem = (s32)in_use;
	}
	mutex_unlock(&sem.lock);
	return copy_to_user(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static long stat(s32 id, u32 cmd, void __user *buf, bool old)
{
	struct semid64_ds d;
	struct semid_old_ds o;
	long result = 0;

	mutex_lock(&sem.lock);
	struct sem_set *s = cmd == IPC_STAT ? find(id) : (struct sem_set *)ipc_find_at(&sem, id);
	if (IS_ERR(s)) {
		result = PTR_ERR(s);
	} else if (cmd != SEM_STAT_ANY && !ipc_allows(&s->perm, S_IRUGO)) {
		result = -EACCES;
	} else {
		d = (struct semid64_ds){ .otime = s->otime, .ctime = s->ctime, .nsems = s->nsems };
		o = (struct semid_old_ds){ .otime = (s32)s->otime, .ctime = (s32)s->ctime, .nsems = (u16)s->nsems };
		ipc_perm_to_user(&s->perm, &d.perm);
		ipc_perm_to_old(&s->perm, &o.perm);
		if (cmd != IPC_STAT)
			result = s->perm.id;
	}
	mutex_unlock(&sem.lock);
	if (result >= 0 && copy_to_user(buf, old ? (void *)&o : (void *)&d, old ? sizeof(o) : sizeof(d)))
		return -EFAULT;
	return result;
}

static long set(s32 id, const void __user *buf, bool old)
{
	struct semid64_ds d;
	struct semid_old_ds o;
	struct ipc_change c;

	if (old ? copy_from_user(&o, buf, sizeof(o)) : copy_from_user(&d, buf, sizeof(d)))
		return -EFAULT;
	if (old)
		ipc_change_from_old(&c, &o.perm);
	else
		ipc_change_from_user(&c, &d.perm);
	mutex_lock(&sem.lock);
	struct sem_set *s = find(id);
	int err = IS_ERR(s) ? (int)PTR_ERR(s) : ipc_change(&s->perm, &c);
	if (!err)
		s->ctime = ipc_now();
	mutex_unlock(&sem.lock);
	return err;
}

static void remove_set(struct sem_set *s)
{
	while (!list_empty(&s->undos))
		drop_undo(list_first_entry(&s->undos, struct undo, set_node));
	while (!list_empty(&s->waiting))
		end_wait(list_first_entry(&s->waiting, struct waiter, node), -EIDRM);
	ipc_remove(&sem, &s->perm);
}

static long remove(s32 id)
{
	long err = 0;

	mutex_lock(&sem.lock);
	struct sem_set *s = find(id);
	if (IS_ERR(s))
		err = PTR_ERR(s);
	else if (!ipc_is_owner(&s->perm))
		err = -EPERM;
	else
		remove_set(s);
	mutex_unlock(&sem.lock);
	if (!err)
		discard(&s->perm);
	return err;
}

/* A value is set by hand: what processes have noted about it counts no more. */
static void set_value(struct sem_set *s, u32 n, u16 value)
{
	struct undo *u;

	list_for_each_entry(u, &s->undos, set_node)
		u->adjust[n] = 0;
	s->sems[n].value = value;
	s->sems[n].pid = current->tgid;
	s->ctime = ipc_now();
}

/* The set for an access, or ERR_PTR. Lock held. */
static struct sem_set *find_for(s32 id, u32 mode)
{
	struct sem_set *s = find(id);

	return IS_ERR(s) || ipc_allows(&s->perm, mode) ? s : ERR_PTR(-EACCES);
}

static long set_one(s32 id, u32 n, int value)
{
	long result = 0;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	mutex_lock(&sem.lock);
	struct sem_set *s = find(id);
	if (IS_ERR(s)) {
		result = PTR_ERR(s);
	} else if (n >= s->nsems) {
		result = -EINVAL;
	} else if (!ipc_allows(&s->perm, S_IWUGO)) {
		result = -EACCES;
	} else {
		set_value(s, n, (u16)value);
		try_waiting(s);
	}
	mutex_unlock(&sem.lock);
	return result;
}

static long count_waiting(const struct sem_set *s, u32 n, bool for_zero)
{
	const struct waiter *w;
	long count = 0;

	list_for_each_entry(w, &s->waiting, node)
		count += w->blocking->num == n && !w->blocking->op == for_zero;
	return count;
}

static long get_one(s32 id, u32 n, u32 cmd)
{
	long result;

	mutex_lock(&sem.lock);
	struct sem_set *s = find_for(id, S_IRUGO);
	if (IS_ERR(s))
		result = PTR_ERR(s);
	else if (n >= s->nsems)
		result = -EINVAL;
	else if (cmd == GETVAL)
		result = s->sems[n].value;
	else if (cmd == GETPID)
		result = s->sems[n].pid;
	else
		result = count_waiting(s, n, cmd == GETZCNT);
	mutex_unlock(&sem.lock);
	return result;
}

/* How many semaphores an access to all of them is about, or -errno. */
static long number_of(s32 id, u32 mode)
{
	mutex_lock(&sem.lock);
	struct sem_set *s = find_for(id, mode);
	long n = IS_ERR(s) ? PTR_ERR(s) : (long)s->nsems;
	mutex_unlock(&sem.lock);
	return n;
}

/* The set once more, after its values were away from the lock. */
static struct sem_set *find_again(s32 id, u32 n)
{
	struct sem_set *s = find(id);

	return IS_ERR(s) || s->nsems != n ? ERR_PTR(-EIDRM) : s;
}

static long get_all(s32 id, u16 *values, u32 n)
{
	mutex_lock(&sem.lock);
	struct sem_set *s = find_again(id, n);
	for (u32 i = 0; !IS_ERR(s) && i < n; i++)
		values[i] = s->sems[i].value;
	mutex_unlock(&sem.lock);
	return IS_ERR(s) ? PTR_ERR(s) : 0;
}

static long set_all(s32 id, const u16 *values, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (values[i] > SEMVMX)
			return -ERANGE;
	mutex_lock(&sem.lock);
	struct sem_set *s = find_again(id, n);
	if (!IS_ERR(s)) {
		for (u32 i = 0; i < n; i++)
			set_value(s, i, values[i]);
		try_waiting(s);
	}
	mutex_unlock(&sem.lock);
	return IS_ERR(s) ? PTR_ERR(s) : 0;
}

static long all_values(s32 id, u32 cmd, u16 __user *buf)
{
	long n = number_of(id, cmd == SETALL ? S_IWUGO : S_IRUGO), result;

	if (n < 0)
		return n;
	u32 bytes = (u32)n * sizeof(u16);
	u16 *values = kmalloc(bytes, GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	if (cmd == SETALL) {
		result = copy_from_user(values, buf, bytes) ? -EFAULT : set_all(id, values, (u32)n);
	} else {
		result = get_all(id, values, (u32)n);
		if (!result && copy_to_user(buf, values, bytes))
			result = -EFAULT;
	}
	kfree(values);
	return result;
}

static long control(s32 id, u32 n, int cmd, u32 arg, bool old)
{
	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return info((u32)cmd, (void __user *)arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return stat(id, (u32)cmd, (void __user *)arg, old);
	case IPC_SET:
		return set(id, (void __user *)arg, old);
	case IPC_RMID:
		return remove(id);
	case GETALL:
	case SETALL:
		return all_values(id, (u32)cmd, (u16 __user *)arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return get_one(id, n, (u32)cmd);
	case SETVAL:
		return set_one(id, n, (int)arg);
	default:
		return -EINVAL;
	}
}

long sys_semctl(s32 id, u32 n, int cmd, u32 arg)
{
	return control(id, n, cmd, arg, false);
}

long semctl_by_ipc(s32 id, u32 n, int cmd, u32 arg)
{
	return control(id, n, cmd & ~IPC_64, arg, !(cmd & IPC_64));
}

/* ---- /proc ---- */

static int show_sets(struct seq_buf *b, void *arg)
{
	struct ipc_perm *p;

	seq_puts(b, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	mutex_lock(&sem.lock);
	for (u32 place = 0; (p = ipc_next(&sem, &place));) {
		const struct sem_set *s = (struct sem_set *)p;
		seq_printf(b, "%10d %10d  %4o %10u %5u %5u %5u %5u %10u %10u\n", p->key, p->id, p->mode, s->nsems, p->uid, p->gid, p->cuid, p->cgid,
			   s->otime, s->ctime);
	}
	mutex_unlock(&sem.lock);
	return 0;
}

static int show_limits(struct seq_buf *b, void *arg)
{
	seq_printf(b, "%u\t%u\t%u\t%u\n", semmsl, semmns, semopm, sem.max);
	return 0;
}

int sem_init(void)
{
	int err = proc_create("sys/kernel/sem", 0444, show_limits, NULL, NULL);

	mutex_init(&sem.lock, "sem", RANK_IPC);
	return err ? err : proc_create("sysvipc/sem", 0444, show_sets, NULL, NULL);
}
