/*
 * AF_UNIX: descriptors in flight, that is in messages nobody has received yet. How many of them a user may have is limited, because no table
 * of descriptors counts them: as in Linux, whoever has more than RLIMIT_NOFILE of them may not send another one, unless privileged.
 *
 * And a socket whose only references are from messages can be received by nobody when those messages hang in its own queue, or in a circle
 * of such sockets. A collector finds them by mark and sweep: a socket whose file has a reference that is not from a queue is alive, and so
 * is what can be received from a living socket, and from the connections that a living listener has not accepted. The queues of all
 * others are emptied; with the messages go the references, and the sockets are closed like any other.
 *
 * Everything here is guarded by unix_lock. References to files are given and taken in process context and the kernel is not preemptible, so
 * what is seen under the lock is one moment: a message that a call is about to queue, or has just taken off, counts as an outside reference.
 */
#include "io/net/unix.h"
#include "io/vfs/mount.h"
#include "kernel/sched/cred.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

struct unix_inflight { /* of one user, while there are any */
	struct list_head node;
	uid_t uid;
	u32 nr;
};

static LIST_HEAD(users);
static u32 nr_messages; /* in queues, with sockets in them */

/* ---- the limit ---- */

static struct unix_inflight *find_user(uid_t uid)
{
	struct unix_inflight *user;

	list_for_each_entry(user, &users, node)
		if (user->uid == uid)
			return user;
	return NULL;
}

int unix_charge(struct scm *scm)
{
	struct unix_inflight *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL), *user;
	bool privileged = capable();
	int err = 0;

	if (!fresh)
		return -ENOMEM;
	*fresh = (struct unix_inflight){ .uid = current->cred.uid };
	spin_lock(&unix_lock);
	user = find_user(fresh->uid);
	if (user && user->nr > rlimit(RLIMIT_NOFILE) && !privileged) {
		err = -ETOOMANYREFS;
	} else {
		if (!user) {
			user = fresh;
			fresh = NULL;
			list_add(&user->node, &users);
		}
		user->nr += scm->nr;
		scm->charged = user;
	}
	spin_unlock(&unix_lock);
	kfree(fresh);
	return err;
}

void unix_uncharge(struct scm *scm)
{
	struct unix_inflight *user = scm->charged;

	if (!user)
		return;
	spin_lock(&unix_lock);
	scm->charged = NULL;
	user->nr -= scm->nr;
	bool last = !user->nr;
	if (last)
		list_del_init(&user->node);
	spin_unlock(&unix_lock);
	if (last)
		kfree(user);
}

/* ---- what is in the queues ---- */

/* The unix socket behind a file in a message; NULL: it is something else. */
static struct unix_sock *socket_behind(struct file *f)
{
	struct socket *s = f ? socket_of(f) : NULL;

	return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

void unix_scm_queued(struct unix_sock *to, struct scm *scm)
{
	INIT_LIST_HEAD(&scm->link);
	for (u32 i = 0; i < scm->nr; i++)
		if (socket_behind(scm->files[i])) {
			list_add_tail(&scm->link, &to->rights);
			nr_messages++;
			return;
		}
}

void unix_scm_taken(struct scm *scm)
{
	if (list_empty(&scm->link))
		return;
	list_del_init(&scm->link);
	nr_messages--;
}

/* ---- mark and sweep ---- */

static void mark(struct unix_sock *u, struct list_head *todo)
{
	if (u->alive)
		return;
	u->alive = true;
	list_add_tail(&u->gc_node, todo);
}

static void count_references(void)
{
	struct unix_sock *u, *e;
	struct scm *scm;

	list_for_each_entry(u, &unix_socks, all) {
		u->from_queues = 0;
		u->alive = u->waits = false;
	}
	list_for_each_entry(u, &unix_socks, all) {
		list_for_each_entry(e, &u->backlog, node)
			e->waits = true;
		list_for_each_entry(scm, &u->rights, link)
			for (u32 i = 0; i < scm->nr; i++) {
				struct unix_sock *in = socket_behind(scm->files[i]);
				if (in)
					in->from_queues++;
			}
	}
}

/* One that has no file yet, or is being closed, is somebody's. What waits in a backlog is the listener's. */
static bool has_outside_reference(const struct unix_sock *u)
{
	const struct file *f = u->socket ? u->socket->file : NULL;

	return !u->waits && (!f || !u->from_queues || (u32)atomic_read(&f->refs) != u->from_queues);
}

static void mark_living(void)
{
	struct unix_sock *u, *e;
	struct scm *scm;
	LIST_HEAD(todo);

	list_for_each_entry(u, &unix_socks, all)
		if (has_outside_reference(u))
			mark(u, &todo);
	while (!list_empty(&todo)) {
		u = list_first_entry(&todo, struct unix_sock, gc_node);
		list_del_init(&u->gc_node);
		list_for_each_entry(e, &u->backlog, node)
			mark(e, &todo);
		list_for_each_entry(scm, &u->rights, link)
			for (u32 i = 0; i < scm->nr; i++) {
				struct unix_sock *in = socket_behind(scm->files[i]);
				if (in)
					mark(in, &todo);
			}
	}
}

void unix_gc(void)
{
	struct unix_sock *u;
	LIST_HEAD(garbage);

	spin_lock(&unix_lock);
	if (nr_messages) {
		count_references();
		mark_living();
		list_for_each_entry(u, &unix_socks, all)
			if (!u->alive)
				unix_take_queue(u, &garbage);
	}
	spin_unlock(&unix_lock);
	unix_free_queue(&garbage);
}

static void gc_work_fn(struct work_struct *w) { unix_gc(); }
static DECLARE_WORK(gc_work, gc_work_fn);

void unix_gc_later(void)
{
	if (nr_messages)
		schedule_work(&gc_work);
}

/* With what the worker is about to collect. */
static void collect_now(void)
{
	flush_work(&gc_work);
	unix_gc();
}

/* What the sockets hold comes free afterwards, when they are closed: no pages to tell of. */
static u32 scan(struct shrinker *s, u32 nr, u32 gfp)
{
	unix_gc();
	return 0;
}

static struct shrinker unix_shrinker = { .name = "unix", .scan = scan };

void unix_gc_init(void)
{
	register_shrinker(&unix_shrinker);
	unreachable_files_hook = collect_now;
}
