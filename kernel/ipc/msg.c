/*
 * System V message queues: messages with a type, taken out in order or by type. A queue is full when its bytes, or its messages, would be more
 * than its qbytes. Who must wait looks again at each change.
 *
 * msg.lock guards all; it is never held while user memory is copied. A waiter holds its queue, so that the queue is freed by the last.
 */
#include "io/contract/proc_file.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/ipc/calls.h"
#include "kernel/ipc/ids.h"
#include "kernel/sched/cred.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"

#define MSGMAX 8192u   /* bytes of a message */
#define MSGMNB 16384u  /* bytes of a queue, when it is made */
#define MEMORY_SHARE 32u /* all queues together hold at most this part of the memory: so many of them may be made */
#define MSGSSZ 16
#define MSGPOOL(max) ((s32)((max) * MSGMNB / 1024))

struct message {
	struct list_head node;
	s32 type;
	u32 size;
	u8 data[];
};

struct queue {
	struct ipc_perm perm;
	struct list_head messages; /* in order of arrival */
	struct wait_queue_head changed;
	u32 stime, rtime, ctime;
	u32 bytes, nr, qbytes;
	pid_t lspid, lrpid;
	u32 waiters;
	bool removed;
};

static struct ipc_perm *create(const struct ipc_request *rq);
static void discard(struct ipc_perm *p);

static struct ipc_ids msg = { .create = create, .discard = discard };
static u32 msgmax = MSGMAX, msgmnb = MSGMNB, all_bytes, all_messages;
static u32 most_messages; /* of all queues: empty ones take memory, too */

static struct queue *find(s32 id) { return (struct queue *)ipc_find(&msg, id); }

/* ---- queues ---- */

static struct ipc_perm *create(const struct ipc_request *rq)
{
	struct queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&q->messages);
	wait_queue_init(&q->changed);
	q->qbytes = msgmnb;
	q->ctime = ipc_now();
	return &q->perm;
}

static void discard(struct ipc_perm *p)
{
	kfree(p);
}

long sys_msgget(s32 key, u32 flags)
{
	return ipc_get(&msg, &(struct ipc_request){ key, flags, 0 });
}

/* Lock held. */
static void take_out(struct queue *q, struct message *m)
{
	list_del(&m->node);
	q->bytes -= m->size;
	q->nr--;
	all_bytes -= m->size;
	all_messages--;
}

/*
 * Wait for a change of the queue; the lock is released meanwhile. 0, -EIDRM: it is gone, and so is *q perhaps, -ERESTARTNOHAND. The
 * condition is the caller's: seq says whether something changed since it looked.
 */
static long wait_for_change(struct queue *q)
{
	struct wait_queue_entry e = wait_entry_for_current();
	long result = 0;

	q->waiters++;
	prepare_to_wait(&q->changed, &e, TASK_INTERRUPTIBLE); /* changes are made with the lock, so none is missed */
	mutex_unlock(&msg.lock);
	if (!signal_pending_current())
		schedule();
	finish_wait(&q->changed, &e);
	mutex_lock(&msg.lock);
	q->waiters--;
	if (q->removed) {
		if (!q->waiters)
			kfree(q);
		return -EIDRM;
	}
	if (signal_pending_current())
		result = -ERESTARTNOHAND;
	return result;
}

/* ---- msgsnd ---- */

static bool has_room(const struct queue *q, u32 size)
{
	return size <= q->qbytes && q->bytes <= q->qbytes - size && q->nr < q->qbytes;
}

static long put(s32 id, struct message *m, u32 flags)
{
	struct queue *q = find(id);

	if (IS_ERR(q))
		return PTR_ERR(q);
	for (;;) {
		if (!ipc_allows(&q->perm, S_IWUGO))
			return -EACCES;
		if (all_messages >= most_messages)
			return -ENOMEM;
		if (has_room(q, m->size))
			break;
		if (flags & IPC_NOWAIT)
			return -EAGAIN;
		long err = wait_for_change(q);
		if (err)
			return err;
	}
	list_add_tail(&m->node, &q->messages);
	q->bytes += m->size;
	q->nr++;
	all_bytes += m->size;
	all_messages++;
	q->lspid = current->tgid;
	q->stime = ipc_now();
	wake_up_all(&q->changed);
	return 0;
}

long sys_msgsnd(s32 id, const void __user *user, u32 size, u32 flags)
{
	u32 type;

	if (get_user_u32(&type, user))
		return -EFAULT;
	if (id < 0 || size > msgmax || size > INT32_MAX || (s32)type < 1)
		return -EINVAL;
	struct message *m = kmalloc(sizeof(*m) + size, GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->type = (s32)type;
	m->size = size;
	long err = copy_from_user(m->data, (const u8 __user *)user + sizeof(type), size) ? -EFAULT : 0;
	if (!err) {
		mutex_lock(&msg.lock);
		err = put(id, m, flags);
		mutex_unlock(&msg.lock);
	}
	if (err)
		kfree(m);
	return err;
}

/* ---- msgrcv ---- */

/* type 0: the first; above: the first of that type, or with MSG_EXCEPT of another; below: the first of the lowest type up to -type. */
static struct message *choose(const struct queue *q, s32 type, u32 flags)
{
	s32 most = type == INT32_MIN ? INT32_MAX : -type;
	struct message *m, *best = NULL;

	list_for_each_entry(m, &q->messages, node) {
		if (!type || (type > 0 && (m->type == type) == !(flags & MSG_EXCEPT)))
			return m;
		if (type < 0 && m->type <= most && (!best || m->type < best->type))
			best = m;
	}
	return best;
}

/* ERR_PTR. */
static struct message *get(s32 id, u32 size, s32 type, u32 flags)
{
	struct queue *q = find(id);
	struct message *m;

	if (IS_ERR(q))
		return ERR_CAST(q);
	for (;;) {
		if (!ipc_allows(&q->perm, S_IRUGO))
			return ERR_PTR(-EACCES);
		m = choose(q, type, flags);
		if (m)
			break;
		if (flags & IPC_NOWAIT)
			return ERR_PTR(-ENOMSG);
		long err = wait_for_change(q);
		if (err)
			return ERR_PTR(err);
	}
	if (m->size > size && !(flags & MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	take_out(q, m);
	q->lrpid = current->tgid;
	q->rtime = ipc_now();
	wake_up_all(&q->changed);
	return m;
}

long sys_msgrcv(s32 id, void __user *user, u32 size, s32 type, u32 flags)
{
	if (id < 0 || size > INT32_MAX)
		return -EINVAL;
	if (flags & MSG_COPY)
		return (flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT) ? -EINVAL : -ENOSYS;
	mutex_lock(&msg.lock);
	struct message *m = get(id, size, type, flags);
	mutex_unlock(&msg.lock);
	if (IS_ERR(m))
		return PTR_ERR(m);
	size = min(size, m->size);
	long result = (long)size;
	if (put_user_u32((u32)m->type, user) || copy_to_user((u8 __user *)user + sizeof(u32), m->data, size))
		result = -EFAULT; /* and it is lost, as on Linux */
	kfree(m);
	return result;
}

/* ---- msgctl ---- */

static long info(u32 cmd, void __user *buf)
{
	struct msginfo i = { .msgmax = (s32)msgmax, .msgmnb = (s32)msgmnb, .msgmni = (s32)msg.max, .msgssz = MSGSSZ, .msgseg = 0xffff };

	mutex_lock(&msg.lock);
	int highest = ipc_highest(&msg);
	i.msgpool = cmd == MSG_INFO ? (s32)msg.in_use : MSGPOOL(msg.max);
	i.msgmap = cmd == MSG_INFO ? (s32)all_messages : (s32)msgmnb;
	i.msgtql = cmd == MSG_INFO ? (s32)all_bytes : (s32)msgmnb;
	mutex_unlock(&msg.lock);
	return copy_to_user(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static void describe(const struct queue *q, struct msqid64_ds *d, struct msqid_old_ds *o)
{
	*d = (struct msqid64_ds){ .stime = q->stime, .rtime = q->rtime, .ctime = q->ctime, .cbytes = q->bytes, .qnum = q->nr, .qbytes = q->qbytes,
				  .lspid = q->lspid, .lrpid = q->lrpid };
	*o = (struct msqid_old_ds){ .stime = (s32)q->stime, .rtime = (s32)q->rtime, .ctime = (s32)q->ctime, .lcbytes = q->bytes, .lqbytes = q->qbytes,
				    .cbytes = (u16)min(q->bytes, 0xffffu), .qnum = (u16)min(q->nr, 0xffffu), .qbytes = (u16)min(q->qbytes, 0xffffu),
				    .lspid = (u16)q->lspid, .lrpid = (u16)q->lrpid };
	ipc_perm_to_user(&q->perm, &d->perm);
	ipc_perm_to_old(&q->perm, &o->perm);
}

static long stat(s32 id, u32 cmd, void __user *buf, bool old)
{
	struct msqid64_ds d;
	struct msqid_old_ds o;
	long result = 0;

	mutex_lock(&msg.lock);
	struct queue *q = cmd == IPC_STAT ? find(id) : (struct queue *)ipc_find_at(&msg, id);
	if (IS_ERR(q)) {
		result = PTR_ERR(q);
	} else if (cmd != MSG_STAT_ANY && !ipc_allows(&q->perm, S_IRUGO)) {
		result = -EACCES;
	} else {
		describe(q, &d, &o);
		if (cmd != IPC_STAT)
			result = q->perm.id;
	}
	mutex_unlock(&msg.lock);
	if (result >= 0 && copy_to_user(buf, old ? (void *)&o : (void *)&d, old ? sizeof(o) : sizeof(d)))
		return -EFAULT;
	return result;
}

static int change(struct queue *q, const struct ipc_change *c, u32 qbytes)
{
	int err = ipc_is_owner(&q->perm) && (qbytes <= msgmnb || capable()) ? ipc_change(&q->perm, c) : -EPERM;

	if (err)
		return err;
	q->qbytes = qbytes;
	q->ctime = ipc_now();
	wake_up_all(&q->changed);
	return 0;
}

static long set(s32 id, const void __user *buf, bool old)
{
	struct msqid64_ds d;
	struct msqid_old_ds o;
	struct ipc_change c;

	if (old ? copy_from_user(&o, buf, sizeof(o)) : copy_from_user(&d, buf, sizeof(d)))
		return -EFAULT;
	if (old) {
		ipc_change_from_old(&c, &o.perm);
		d.qbytes = o.qbytes ? o.qbytes : o.lqbytes;
	} else {
		ipc_change_from_user(&c, &d.perm);
	}
	mutex_lock(&msg.lock);
	struct queue *q = find(id);
	int err = IS_ERR(q) ? (int)PTR_ERR(q) : change(q, &c, d.qbytes);
	mutex_unlock(&msg.lock);
	return err;
}

static void remove_queue(struct queue *q)
{
	while (!list_empty(&q->messages)) {
		struct message *m = list_first_entry(&q->messages, struct message, node);
		take_out(q, m);
		kfree(m);
	}
	ipc_remove(&msg, &q->perm);
	q->removed = true;
	if (q->waiters)
		wake_up_all(&q->changed); /* the last of them frees it */
	else
		kfree(q);
}

static long remove(s32 id)
{
	long err = 0;

	mutex_lock(&msg.lock);
	struct queue *q = find(id);
	if (IS_ERR(q))
		err = PTR_ERR(q);
	else if (!ipc_is_owner(&q->perm))
		err = -EPERM;
	else
		remove_queue(q);
	mutex_unlock(&msg.lock);
	return err;
}

static long control(s32 id, int cmd, void __user *buf, bool old)
{
	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return info((u32)cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return stat(id, (u32)cmd, buf, old);
	case IPC_SET:
		return set(id, buf, old);
	case IPC_RMID:
		return remove(id);
	default:
		return -EINVAL;
	}
}

long sys_msgctl(s32 id, int cmd, void __user *buf)
{
	return control(id, cmd, buf, false);
}

long msgctl_by_ipc(s32 id, int cmd, void __user *buf)
{
	return control(id, cmd & ~IPC_64, buf, !(cmd & IPC_64));
}

/* ---- /proc ---- */

static int show_queues(struct seq_buf *b, void *arg)
{
	struct ipc_perm *p;

	seq_puts(b, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n");
	mutex_lock(&msg.lock);
	for (u32 place = 0; (p = ipc_next(&msg, &place));) {
		const struct queue *q = (struct queue *)p;
		seq_printf(b, "%10d %10d  %4o  %10u %10u %5u %5u %5u %5u %5u %5u %10u %10u %10u\n", p->key, p->id, p->mode, q->bytes, q->nr, (u32)q->lspid,
			   (u32)q->lrpid, p->uid, p->gid, p->cuid, p->cgid, q->stime, q->rtime, q->ctime);
	}
	mutex_unlock(&msg.lock);
	return 0;
}

int msg_init(void)
{
	static const struct ipc_knob knobs[] = {
		{ "sys/kernel/msgmax", &msgmax, 1u << 20 },
		{ "sys/kernel/msgmnb", &msgmnb, INT32_MAX },
		{ "sys/kernel/msgmni", &msg.max, IPC_MAX_OBJECTS },
	};
	int err = ipc_add_knobs(knobs, ARRAY_SIZE(knobs));

	mutex_init(&msg.lock, "msg", RANK_IPC);
	most_messages = nr_total_pages() * (PAGE_SIZE / MEMORY_SHARE / 32);
	msg.max = max(nr_total_pages() / MEMORY_SHARE / (MSGMNB / PAGE_SIZE), 16u);
	return err ? err : proc_create("sysvipc/msg", 0444, show_queues, NULL, NULL);
}
