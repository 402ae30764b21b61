/*
 * inotify, see inotify.h. An instance has watches, numbered from 1 on and never again, and a queue of events. An event that is like the last
 * one of the queue is left out; when the queue is full, one IN_Q_OVERFLOW ends it. All is guarded by notify_lock (io/vfs/notify.h).
 * Limits, by user: /proc/sys/fs/inotify.
 */
#include "io/async/inotify.h"
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"
#include "io/vfs/namei.h"
#include "io/vfs/notify.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/ioctl.h"
#include "mm/alloc.h"

#define KNOWN_BITS (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | \
	IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)
#define KEPT_BITS (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

struct inotify {
	struct list_head node;    /* in instances */
	struct list_head watches, events;
	u32 nr_watches, nr_events, bytes; /* bytes: what a read of all would give */
	bool overflow;            /* the last event is IN_Q_OVERFLOW */
	int last_wd;
	uid_t uid;
	struct wait_queue_head wait;
};
struct watch {
	struct inode_watch w;
	struct list_head node;    /* in instance->watches */
	struct inotify *instance;
	int wd;
};
struct event {
	struct list_head node;
	int wd;
	u32 mask, cookie, len;
	char name[];
};

static const struct file_operations inotify_fops;
static LIST_HEAD(instances);
static u32 max_queued_events = 16384, max_user_instances = 128, max_user_watches = 8192;

/* ---- the queue; notify_lock held ---- */

/* The name as a program reads it: terminated and padded. */
static u32 padded(u32 len) { return len ? (len + sizeof(struct inotify_event)) / sizeof(struct inotify_event) * sizeof(struct inotify_event) : 0; }

static bool same_as_last(const struct inotify *g, int wd, u32 mask, const char *name, u32 len)
{
	const struct event *last;

	if (list_empty(&g->events))
		return false;
	last = list_last_entry(&g->events, struct event, node);
	return last->wd == wd && last->mask == mask && !(mask & IN_IGNORED) && last->len == len && !memcmp(last->name, name, len);
}

static void put_event(struct inotify *g, int wd, u32 mask, u32 cookie, const char *name, u32 len)
{
	struct event *e = NULL;

	if (same_as_last(g, wd, mask, name, len) || g->overflow)
		return;
	if (g->nr_events < max_queued_events)
		e = kmalloc(sizeof(*e) + len, GFP_ATOMIC);
	if (!e) { /* no room: at the end the program learns that something is missing */
		g->overflow = true;
		wd = -1;
		mask = IN_Q_OVERFLOW;
		cookie = len = 0;
		e = kmalloc(sizeof(*e), GFP_ATOMIC);
		if (!e)
			return;
	}
	*e = (struct event){ .wd = wd, .mask = mask, .cookie = cookie, .len = len };
	memcpy(e->name, name, len);
	list_add_tail(&e->node, &g->events);
	g->nr_events++;
	g->bytes += sizeof(struct inotify_event) + padded(len);
	wake_up_key(&g->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
}

/* The first event if it fits into n bytes, off the queue; NULL: none; -EINVAL. */
static struct event *take_event(struct inotify *g, u32 n)
{
	struct event *e = NULL;

	spin_lock(&notify_lock);
	if (!list_empty(&g->events)) {
		u32 size;
		e = list_first_entry(&g->events, struct event, node);
		size = sizeof(struct inotify_event) + padded(e->len);
		if (size > n) {
			e = ERR_PTR(-EINVAL);
		} else {
			list_del(&e->node);
			g->nr_events--;
			g->bytes -= size;
		}
	}
	if (list_empty(&g->events))
		g->overflow = false;
	spin_unlock(&notify_lock);
	return e;
}

static void on_event(struct inode_watch *w, u32 mask, u32 cookie, const char *name, u32 len)
{
	struct watch *at = container_of(w, struct watch, w);

	put_event(at->instance, at->wd, mask, cookie, name ? name : "", name ? len : 0);
}

static void on_detached(struct inode_watch *w)
{
	struct watch *at = container_of(w, struct watch, w);

	list_del(&at->node);
	at->instance->nr_watches--;
}

static void on_free(struct inode_watch *w) { kfree(container_of(w, struct watch, w)); }

/* ---- the descriptor ---- */

static ssize_t put_to_user(const struct event *e, struct iov_iter *to)
{
	static const char zeros[sizeof(struct inotify_event)];
	struct inotify_event head = { e->wd, e->mask, e->cookie, padded(e->len) };
	u32 pad = head.len - e->len;

	if (copy_to_iter(&head, sizeof(head), to) != sizeof(head) || copy_to_iter(e->name, e->len, to) != e->len || copy_to_iter(zeros, pad, to) != pad)
		return -EFAULT;
	return (ssize_t)(sizeof(head) + head.len);
}

static ssize_t inotify_read(struct kiocb *k, struct iov_iter *to)
{
	struct inotify *g = k->file->private;
	ssize_t done = 0;

	for (;;) {
		struct event *e = take_event(g, iov_iter_count(to));
		if (IS_ERR(e))
			return done ? done : PTR_ERR(e);
		if (e) {
			ssize_t n = put_to_user(e, to);
			kfree(e);
			if (n < 0)
				return n;
			done += n;
			continue;
		}
		if (done)
			return done;
		if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
			return -EAGAIN;
		long err = wait_event_interruptible(&g->wait, READ_ONCE(g->nr_events));
		if (err)
			return err;
	}
}

static u32 inotify_poll(struct file *f, struct poll_table *pt)
{
	struct inotify *g = f->private;

	poll_wait(f, &g->wait, pt);
	return READ_ONCE(g->nr_events) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct inotify *g = f->private;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user_u32(READ_ONCE(g->bytes), (u32 *)arg) ? -EFAULT : 0;
}

static void destroy(struct inotify *g)
{
	struct inode_watch *dead = NULL;
	struct event *e, *n;

	spin_lock(&notify_lock);
	list_del(&g->node);
	while (!list_empty(&g->watches))
		inode_watch_detach_locked(&list_first_entry(&g->watches, struct watch, node)->w, &dead);
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
	list_for_each_entry_safe(e, n, &g->events, node)
		kfree(e);
	kfree(g);
}

static void inotify_release(struct file *f) { destroy(f->private); }

static const struct file_operations inotify_fops = {
	.name = "inotify",
	.read_iter = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.llseek = noop_llseek,
};

/* ---- the calls ---- */

/* notify_lock held. */
static void count_of_user(uid_t uid, u32 *nr_instances, u32 *nr_watches)
{
	struct inotify *g;

	*nr_instances = *nr_watches = 0;
	list_for_each_entry(g, &instances, node) {
		if (g->uid == uid) {
			++*nr_instances;
			*nr_watches += g->nr_watches;
		}
	}
}

long sys_inotify_init1(int flags)
{
	u32 others, watches;
	struct inotify *g;

	if ((u32)flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	g = kzalloc(sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	INIT_LIST_HEAD(&g->watches);
	INIT_LIST_HEAD(&g->events);
	wait_queue_init(&g->wait);
	g->uid = current->cred.uid;
	spin_lock(&notify_lock);
	count_of_user(g->uid, &others, &watches);
	list_add_tail(&g->node, &instances);
	spin_unlock(&notify_lock);
	long fd = others < max_user_instances ? anon_fd("inotify", &inotify_fops, g, O_RDONLY | (u32)flags) : -EMFILE;
	if (fd < 0)
		destroy(g);
	return fd;
}

long sys_inotify_init(void) { return sys_inotify_init1(0); }

static struct watch *watch_of_inode(const struct inotify *g, const struct inode *inode)
{
	for (struct inode_watch *w = inode->watches; w; w = w->next) {
		struct watch *at = container_of(w, struct watch, w);
		if (w->event == on_event && at->instance == g)
			return at;
	}
	return NULL;
}

/* notify_lock held. The watch's number, or -errno. *fresh is used up (set to NULL) when it is needed. */
static long add_or_change(struct inotify *g, struct inode *inode, u32 mask, struct watch **fresh)
{
	struct watch *at = watch_of_inode(g, inode);
	u32 nr_instances, nr_watches;

	if (at) {
		if (mask & IN_MASK_CREATE)
			return -EEXIST;
		at->w.mask = (mask & KEPT_BITS) | (mask & IN_MASK_ADD ? at->w.mask : IN_UNMOUNT);
		return at->wd;
	}
	count_of_user(g->uid, &nr_instances, &nr_watches);
	if (nr_watches >= max_user_watches || g->last_wd == INT32_MAX)
		return -ENOSPC;
	at = *fresh;
	*fresh = NULL;
	*at = (struct watch){ .w = { .mask = (mask & KEPT_BITS) | IN_UNMOUNT, .event = on_event, .detached = on_detached, .free = on_free },
			      .instance = g, .wd = ++g->last_wd };
	list_add_tail(&at->node, &g->watches);
	g->nr_watches++;
	inode_watch_add_locked(&at->w, inode);
	return at->wd;
}

static struct inotify *instance_of(struct fd f)
{
	return !f.file ? ERR_PTR(-EBADF) : f.file->ops != &inotify_fops ? ERR_PTR(-EINVAL) : f.file->private;
}

static long add_watch(struct inotify *g, const char __user *name, u32 mask)
{
	u32 lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) | (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct watch *fresh;
	struct path path;
	long r = user_path_at(AT_FDCWD, name, lookup, &path);

	if (r)
		return r;
	r = inode_permission(path.dentry->inode, MAY_READ);
	fresh = r ? NULL : kmalloc(sizeof(*fresh), GFP_KERNEL);
	if (!r)
		r = fresh ? 0 : -ENOMEM;
	if (!r) {
		spin_lock(&notify_lock);
		r = add_or_change(g, path.dentry->inode, mask, &fresh);
		spin_unlock(&notify_lock);
	}
	kfree(fresh);
	path_put(&path);
	return r;
}

long sys_inotify_add_watch(int fd, const char __user *name, u32 mask)
{
	if (!mask || (mask & ~KNOWN_BITS))
		return -EINVAL;
	struct fd f = fdget(fd);
	struct inotify *g = instance_of(f);
	long r;
	if (f.file && (mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		r = -EINVAL;
	else
		r = IS_ERR(g) ? PTR_ERR(g) : add_watch(g, name, mask);
	fdput(f);
	return r;
}

static long rm_watch(struct inotify *g, int wd)
{
	struct inode_watch *dead = NULL;
	struct watch *at;
	long r = -EINVAL;

	spin_lock(&notify_lock);
	list_for_each_entry(at, &g->watches, node) {
		if (at->wd == wd) {
			put_event(g, wd, IN_IGNORED, 0, "", 0);
			inode_watch_detach_locked(&at->w, &dead);
			r = 0;
			break;
		}
	}
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
	return r;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fd f = fdget(fd);
	struct inotify *g = instance_of(f);
	long r = IS_ERR(g) ? PTR_ERR(g) : rm_watch(g, wd);

	fdput(f);
	return r;
}

/* ---- limits ---- */

static int limit_show(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%u\n", *(u32 *)arg);
	return 0;
}

static ssize_t limit_write(void *arg, const char *text, size_t len)
{
	u32 n;

	if (kstrtou32(text, 10, &n) || n > INT32_MAX)
		return -EINVAL;
	*(u32 *)arg = n;
	return (ssize_t)len;
}

int inotify_init(void)
{
	int err = proc_create("sys/fs/inotify/max_queued_events", 0644, limit_show, limit_write, &max_queued_events);

	if (!err)
		err = proc_create("sys/fs/inotify/max_user_instances", 0644, limit_show, limit_write, &max_user_instances);
	return err ? err : proc_create("sys/fs/inotify/max_user_watches", 0644, limit_show, limit_write, &max_user_watches);
}
