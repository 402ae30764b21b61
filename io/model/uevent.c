/*
 * Events of the device model (io/contract/device.h): made when something comes, goes or changes, numbered in one sequence, and put into the
 * queue of every reader. A reader's order is the order of the numbers. uevent_lock (spinlock, RANK_FILES) guards the number, the list of
 * readers and their queues; nothing sleeps under it.
 */
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/wait.h"
#include "kernel/uapi/poll.h"
#include "mm/alloc.h"

#define SEQNUM_ROOM 32u /* "SEQNUM=" and twenty digits */
#define LOST_ROOM 40u

struct uevent_reader {
	struct list_head node;
	struct wait_queue_head wait;
	u32 first, nr, max;       /* of queue, a ring; uevent_lock, like the next two */
	u32 lost;
	struct uevent *queue[];
};

static DEFINE_SPINLOCK(uevent_lock, RANK_FILES);
static LIST_HEAD(readers); /* uevent_lock */
static u64 seqnum;         /* uevent_lock: of the last event */

static const char *const action_names[] = {
	[UEVENT_ADD] = "add", [UEVENT_REMOVE] = "remove", [UEVENT_CHANGE] = "change", [UEVENT_MOVE] = "move",
	[UEVENT_ONLINE] = "online", [UEVENT_OFFLINE] = "offline", [UEVENT_BIND] = "bind", [UEVENT_UNBIND] = "unbind",
};

/* ---- what an event says ---- */

int add_uevent_var(struct uevent_env *env, const char *fmt, ...)
{
	size_t start = env->text.len;
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (u32)n >= sizeof(line) || env->nr_vars == UEVENT_MAX_VARS)
		return -ENOMEM;
	seq_printf(&env->text, "%s\n", line);
	if (env->text.overflow) {
		env->text.len = start;
		env->text.overflow = false;
		return -ENOMEM;
	}
	env->nr_vars++;
	return 0;
}

/* An empty environment with its text behind it; kfree. */
static struct uevent_env *env_create(void)
{
	struct uevent_env *env = kmalloc(sizeof(*env) + UEVENT_MAX_TEXT, GFP_KERNEL);

	if (!env)
		return NULL;
	env->nr_vars = 0;
	seq_init(&env->text, (char *)(env + 1), UEVENT_MAX_TEXT);
	return env;
}

static int add_path(struct uevent_env *env, struct kobject *k)
{
	char *path = kmalloc(UEVENT_MAX_TEXT, GFP_KERNEL);
	int error = -ENOMEM;

	if (!path)
		return -ENOMEM;
	if (kobject_path(k, path, UEVENT_MAX_TEXT) && env->nr_vars < UEVENT_MAX_VARS) {
		size_t start = env->text.len;

		seq_printf(&env->text, "DEVPATH=%s\n", path);
		error = env->text.overflow ? -ENOMEM : 0;
		if (error)
			env->text.len = start;
		else
			env->nr_vars++;
	}
	kfree(path);
	return error;
}

static int fill(struct uevent_env *env, struct kobject *k, enum uevent_action action, const char *subsystem, const char *const *extra)
{
	int error = add_uevent_var(env, "ACTION=%s", action_names[action]);

	if (!error)
		error = add_path(env, k);
	if (!error)
		error = add_uevent_var(env, "SUBSYSTEM=%s", subsystem);
	for (; extra && *extra && !error; extra++)
		error = add_uevent_var(env, "%s", *extra);
	if (!error && k->uevent->vars)
		error = k->uevent->vars(k, env);
	return error;
}

int kobject_show_uevent(struct kobject *k, struct seq_buf *s)
{
	struct uevent_env *env;
	int error = 0;

	if (!k->uevent || !k->uevent->vars)
		return 0;
	env = env_create();
	if (!env)
		return -ENOMEM;
	error = k->uevent->vars(k, env);
	if (!error)
		seq_write(s, env->text.buf, env->text.len);
	kfree(env);
	return error;
}

/* ---- to the readers ---- */

void uevent_put(struct uevent *e)
{
	if (atomic_dec_and_test(&e->refs))
		kfree(e);
}

/* One more in r's queue; returns the event that had to make room, or NULL. uevent_lock held. */
static struct uevent *queue_locked(struct uevent_reader *r, struct uevent *e)
{
	struct uevent *dropped = NULL;

	if (r->nr == r->max) {
		dropped = r->queue[r->first];
		r->first = (r->first + 1) % r->max;
		r->nr--;
		r->lost++;
	}
	atomic_inc(&e->refs);
	r->queue[(r->first + r->nr++) % r->max] = e;
	wake_up_key(&r->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	return dropped;
}

static void deliver(struct uevent *e)
{
	struct uevent_reader *r;
	size_t room = e->len + SEQNUM_ROOM;

	spin_lock(&uevent_lock);
	e->len += (u32)ksnprintf(e->text + e->len, room - e->len, "SEQNUM=%llu\n", ++seqnum);
	list_for_each_entry(r, &readers, node) {
		struct uevent *dropped = queue_locked(r, e);

		if (dropped)
			uevent_put(dropped);
	}
	spin_unlock(&uevent_lock);
	uevent_put(e);
}

int kobject_uevent_env(struct kobject *k, enum uevent_action action, const char *const *extra)
{
	const char *subsystem = k->uevent ? k->uevent->subsystem(k) : NULL;
	struct uevent_env *env;
	struct uevent *e;
	int error;

	if (!subsystem)
		return 0;
	env = env_create();
	if (!env)
		return -ENOMEM;
	error = fill(env, k, action, subsystem, extra);
	if (!error) {
		e = kmalloc(sizeof(*e) + env->text.len + SEQNUM_ROOM, GFP_KERNEL);
		if (e) {
			atomic_set(&e->refs, 1);
			e->len = (u32)env->text.len;
			memcpy(e->text, env->text.buf, env->text.len);
			deliver(e);
		} else {
			error = -ENOMEM;
		}
	}
	kfree(env);
	if (error)
		pr_warn("%s: event \"%s\" not sent: error %d\n", k->name, action_names[action], error);
	return error;
}

int kobject_uevent(struct kobject *k, enum uevent_action action)
{
	return kobject_uevent_env(k, action, NULL);
}

ssize_t kobject_synth_uevent(struct kobject *k, const char *text, size_t len)
{
	static const char *const extra[] = { "SYNTH_UUID=0", NULL };
	size_t n = len && text[len - 1] == '\n' ? len - 1 : len;
	int error;

	for (u32 i = 0; i < ARRAY_SIZE(action_names); i++)
		if (strlen(action_names[i]) == n && !memcmp(action_names[i], text, n)) {
			error = kobject_uevent_env(k, (enum uevent_action)i, extra);
			return error ? error : (ssize_t)len;
		}
	return -EINVAL;
}

/* ---- readers ---- */

struct uevent_reader *uevent_reader_open(u32 max)
{
	struct uevent_reader *r = kzalloc(sizeof(*r) + max * sizeof(r->queue[0]), GFP_KERNEL);

	if (!r)
		return NULL;
	ASSERT(max);
	r->max = max;
	wait_queue_init(&r->wait);
	spin_lock(&uevent_lock);
	list_add_tail(&r->node, &readers);
	spin_unlock(&uevent_lock);
	return r;
}

void uevent_reader_close(struct uevent_reader *r)
{
	spin_lock(&uevent_lock);
	list_del(&r->node);
	spin_unlock(&uevent_lock);
	for (; r->nr; r->nr--, r->first = (r->first + 1) % r->max)
		uevent_put(r->queue[r->first]);
	kfree(r);
}

/* The event that tells of n lost ones. NULL: no memory, then it is told another time. */
static struct uevent *lost_event(u32 n)
{
	struct uevent *e = kmalloc(sizeof(*e) + LOST_ROOM, GFP_ATOMIC);

	if (!e)
		return NULL;
	atomic_set(&e->refs, 1);
	e->len = (u32)ksnprintf(e->text, LOST_ROOM, "ACTION=lost\nLOST=%u\n", n);
	return e;
}

struct uevent *uevent_next(struct uevent_reader *r)
{
	struct uevent *e = NULL;

	spin_lock(&uevent_lock);
	if (r->lost && (e = lost_event(r->lost))) {
		r->lost = 0;
	} else if (r->nr) {
		e = r->queue[r->first];
		r->first = (r->first + 1) % r->max;
		r->nr--;
	}
	spin_unlock(&uevent_lock);
	return e;
}

bool uevent_waiting(struct uevent_reader *r)
{
	return READ_ONCE(r->nr) || READ_ONCE(r->lost);
}

struct wait_queue_head *uevent_wait(struct uevent_reader *r)
{
	return &r->wait;
}

/* ---- /sys/kernel/uevent_seqnum ---- */

static int seqnum_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	u64 n;

	spin_lock(&uevent_lock);
	n = seqnum;
	spin_unlock(&uevent_lock);
	seq_printf(s, "%llu\n", n);
	return 0;
}

int uevent_init(struct kobject *kernel_folder)
{
	static const struct kobj_attribute file = { .name = "uevent_seqnum", .mode = 0444, .show = seqnum_show };

	return sysfs_add_file(kernel_folder, &file);
}
