/*
 * epoll. Each watched file is an item in the set's tree, by (file, descriptor). The item hangs with a callback on the wait queues that the
 * file's poll operation names; the callback, in any context, puts the item on the list of ready ones and wakes a waiter. epoll_wait takes
 * items off that list, asks each file once more, and tells the program; a level-triggered item goes back to the end of the list, so that
 * the next wait asks it again. So a wait costs by event, however many files are watched.
 *
 * Locks, in this order:
 *   nest_mutex      which sets watch which: additions of a set to a set, and the end of a watched file
 *   ep->mutex       the tree, and taking items off the ready list; held while files are asked (nested: a set that watches sets)
 *   a file's wait queue
 *   ep->wait.lock   the ready list; taken in the callback, interrupts off
 * An item holds no reference of its file: the file's last fput removes its items (epoll_forget_file) before it is released.
 * User memory is written with page faults off while ep->mutex is held; what is missing is faulted in without it, and the wait tried again.
 */
#include "io/async/epoll.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timespec.h"
#include "mm/alloc.h"

#define MAX_NESTS 4u
#define PRIVATE_BITS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
#define EXCLUSIVE_OK (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define MAX_EVENTS (INT32_MAX / (int)sizeof(struct epoll_event_abi))

struct eventpoll {
	struct mutex mutex;
	struct wait_queue_head wait;      /* who is in epoll_wait; its lock guards `ready` */
	struct wait_queue_head poll_wait; /* who polls the set itself */
	struct list_head ready;
	struct rb_root items;
	struct file *file;                /* its own, from the first epoll_ctl on: nest_mutex */
	u32 walk, depth;                  /* which walk over nested sets was here last, and what it found: nest_mutex */
};

struct epitem;
struct eppoll { /* an item on one wait queue */
	struct wait_queue_entry wait;
	struct wait_queue_head *volatile wq; /* NULL: the queue has gone (POLLFREE) */
	struct epitem *item;
	struct eppoll *next;
};

struct epitem {
	struct rb_node node;
	struct list_head ready;     /* on ep->ready or on a waiter's list; ep->wait.lock */
	struct eventpoll *ep;
	struct file *file;
	int fd;
	struct epoll_event_abi event;
	struct eppoll *queues;
	struct epitem *file_next;   /* items of the same file, from file->epoll_items: nest_mutex */
};

struct ep_table { /* the poll table of an addition */
	struct poll_table pt;
	struct epitem *item;
	int err;
};

static const struct file_operations epoll_fops;
static u32 walks; /* nest_mutex */
static struct kmem_cache *item_cache, *eppoll_cache;
static DEFINE_MUTEX_RANK(nest_mutex, RANK_EPOLL_NEST);

static bool is_epoll(const struct file *f) { return f->ops == &epoll_fops; }

/* ---- becoming ready ---- */

/* ep->wait.lock held. */
static void mark_ready(struct eventpoll *ep, struct epitem *item)
{
	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
}

/* A change of a watched file: its wait queue's lock held, interrupts off, any context. Sets that watch sets nest here; they form no circle. */
static bool ep_callback(struct wait_queue_entry *w, u32 mode, u32 key)
{
	struct eppoll *p = container_of(w, struct eppoll, wait);
	struct epitem *item = p->item;
	struct eventpoll *ep = item->ep;
	u32 events = item->event.events;
	bool woken = false;

	if (key & POLLFREE) {
		list_unlink(&w->node);
		w->node.next = NULL;
		p->wq = NULL;
		return false;
	}
	if (!(events & ~PRIVATE_BITS) || (key && !(key & events)))
		return false;
	spin_lock_nested(&ep->wait.lock);
	mark_ready(ep, item);
	if (wait_queue_active(&ep->wait)) {
		wake_up_key_locked(&ep->wait, TASK_NORMAL, 1, 0);
		woken = true;
	}
	spin_unlock(&ep->wait.lock);
	if (wait_queue_active(&ep->poll_wait)) {
		spin_lock_nested(&ep->poll_wait.lock);
		wake_up_key_locked(&ep->poll_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
		spin_unlock(&ep->poll_wait.lock);
	}
	return woken || !(events & EPOLLEXCLUSIVE);
}

static void ep_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct ep_table *t = container_of(pt, struct ep_table, pt);
	struct eppoll *p = t->err ? NULL : kmem_cache_alloc(eppoll_cache, GFP_KERNEL);

	if (!p) {
		t->err = -ENOMEM;
		return;
	}
	*p = (struct eppoll){ .wait = { .func = ep_callback, .flags = t->item->event.events & EPOLLEXCLUSIVE ? WQ_EXCLUSIVE : 0 },
			      .wq = wq, .item = t->item, .next = t->item->queues };
	t->item->queues = p;
	add_wait_queue(wq, &p->wait);
}

/* What of the events asked for is there now. ep->mutex held. */
static u32 item_events(struct epitem *item, struct poll_table *pt)
{
	if (pt)
		pt->key = item->event.events;
	return item->file->ops->poll(item->file, pt) & item->event.events & ~PRIVATE_BITS;
}

/* Something was found ready by asking: list it and wake. ep->mutex held. */
static void found_ready(struct eventpoll *ep, struct epitem *item)
{
	u32 flags = spin_lock_irqsave(&ep->wait.lock);

	mark_ready(ep, item);
	wake_up_key_locked(&ep->wait, TASK_NORMAL, 1, 0);
	spin_unlock_irqrestore(&ep->wait.lock, flags);
	wake_up_key(&ep->poll_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
}

/* ---- the set ---- */

static int compare(const struct epitem *i, const struct file *f, int fd)
{
	if (i->file != f)
		return f < i->file ? -1 : 1;
	return fd - i->fd;
}

static struct epitem *find(struct eventpoll *ep, const struct file *f, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct epitem *i = container_of(n, struct epitem, node);
		int c = compare(i, f, fd);
		if (!c)
			return i;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void tree_insert(struct eventpoll *ep, struct epitem *item)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(container_of(parent, struct epitem, node), item->file, item->fd) < 0 ? &parent->left : &parent->right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &ep->items);
}

/* Off the queues, the ready list and the tree. nest_mutex and ep->mutex held; the caller takes it off its file's list. */
static void remove_item(struct eventpoll *ep, struct epitem *item)
{
	while (item->queues) {
		struct eppoll *p = item->queues;
		u32 irq = irq_save(); /* against POLLFREE on its way */
		struct wait_queue_head *wq = p->wq;
		if (wq)
			remove_wait_queue(wq, &p->wait);
		irq_restore(irq);
		item->queues = p->next;
		kmem_cache_free(eppoll_cache, p);
	}
	u32 flags = spin_lock_irqsave(&ep->wait.lock);
	list_del_init(&item->ready);
	spin_unlock_irqrestore(&ep->wait.lock, flags);
	rb_erase(&item->node, &ep->items);
	kmem_cache_free(item_cache, item);
}

static void unlink_from_file(struct epitem *item)
{
	struct epitem **at = (struct epitem **)&item->file->epoll_items;

	while (*at != item)
		at = &(*at)->file_next;
	*at = item->file_next;
}

/* The last reference of a watched file is gone. */
static void epoll_forget_file(struct file *f)
{
	mutex_lock(&nest_mutex);
	while (f->epoll_items) {
		struct epitem *item = f->epoll_items;
		struct eventpoll *ep = item->ep;
		mutex_lock(&ep->mutex);
		f->epoll_items = item->file_next;
		remove_item(ep, item);
		mutex_unlock(&ep->mutex);
	}
	mutex_unlock(&nest_mutex);
}

static void epoll_release(struct file *f)
{
	struct eventpoll *ep = f->private;

	mutex_lock(&nest_mutex);
	mutex_lock(&ep->mutex);
	while (ep->items.node) {
		struct epitem *item = container_of(rb_first(&ep->items), struct epitem, node);
		unlink_from_file(item);
		remove_item(ep, item);
	}
	mutex_unlock(&ep->mutex);
	mutex_unlock(&nest_mutex);
	kfree(ep);
}

/* Is the set itself ready? It is when one of its ready items still is; the others leave the list. */
static u32 epoll_poll(struct file *f, struct poll_table *pt)
{
	struct eventpoll *ep = f->private;
	struct epitem *item, *next;
	u32 events = 0;

	poll_wait(f, &ep->poll_wait, pt);
	mutex_lock_nested(&ep->mutex);
	u32 flags = spin_lock_irqsave(&ep->wait.lock);
	LIST_HEAD(look);
	list_splice_init(&ep->ready, &look);
	spin_unlock_irqrestore(&ep->wait.lock, flags);
	list_for_each_entry_safe(item, next, &look, ready) {
		if (item_events(item, NULL)) {
			events = POLLIN | POLLRDNORM;
			break;
		}
		flags = spin_lock_irqsave(&ep->wait.lock);
		list_del_init(&item->ready);
		spin_unlock_irqrestore(&ep->wait.lock, flags);
	}
	flags = spin_lock_irqsave(&ep->wait.lock);
	list_splice(&look, &ep->ready);
	spin_unlock_irqrestore(&ep->wait.lock, flags);
	mutex_unlock(&ep->mutex);
	return events;
}

static const struct file_operations epoll_fops = {
	.name = "epoll",
	.poll = epoll_poll,
	.release = epoll_release,
	.llseek = noop_llseek,
};

/* ---- epoll_create, epoll_ctl ---- */

long sys_epoll_create1(int flags)
{
	if ((u32)flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	struct eventpoll *ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->mutex, "epoll", RANK_EPOLL);
	wait_queue_init(&ep->wait);
	wait_queue_init(&ep->poll_wait);
	INIT_LIST_HEAD(&ep->ready);
	long fd = anon_fd("eventpoll", &epoll_fops, ep, O_RDWR | ((u32)flags & EPOLL_CLOEXEC));
	if (fd < 0)
		kfree(ep);
	return fd;
}

long sys_epoll_create(int size) { return size <= 0 ? -EINVAL : sys_epoll_create1(0); }

/* How many sets can lie below `target`, at most; more than MAX_NESTS if `ep` is one of them or level, where target is, is too deep. nest_mutex held. */
static u32 depth_below(struct eventpoll *target, const struct eventpoll *ep, u32 level)
{
	u32 depth = 0;

	if (target == ep || level > MAX_NESTS)
		return MAX_NESTS + 1;
	if (target->walk == walks)
		return target->depth;
	mutex_lock_nested(&target->mutex);
	for (struct rb_node *n = rb_first(&target->items); n && depth <= MAX_NESTS; n = rb_next(n)) {
		struct epitem *item = container_of(n, struct epitem, node);
		if (is_epoll(item->file))
			depth = max(depth, depth_below(item->file->private, ep, level + 1) + 1);
	}
	mutex_unlock(&target->mutex);
	target->walk = walks;
	target->depth = depth;
	return depth;
}

/* How many sets can lie above one. It ends, for there are no circles. nest_mutex held. */
static u32 depth_above(struct eventpoll *ep)
{
	u32 depth = 0;

	if (ep->walk == walks)
		return ep->depth;
	for (struct epitem *item = ep->file->epoll_items; item; item = item->file_next)
		depth = max(depth, depth_above(item->ep) + 1);
	ep->walk = walks;
	ep->depth = depth;
	return depth;
}

/* May `ep` watch the set `target`? Not when ep can be reached from it, nor when sets would nest too deep (each level is a call in a call). nest_mutex held. */
static int check_nesting(struct eventpoll *ep, struct eventpoll *target)
{
	walks++;
	u32 below = depth_below(target, ep, 0);
	if (below > MAX_NESTS)
		return -ELOOP;
	walks++;
	return below + 1 + depth_above(ep) > MAX_NESTS ? -ELOOP : 0;
}

/*
 * How many ways lead from a file up to sets that nobody watches, by the number of sets in between, and how many there may be (Linux's
 * numbers): a change of the file walks them all, with interrupts off. nest_mutex held.
 */
static int count_ways(const struct epitem *items, u32 depth, u32 *count)
{
	static const u16 most[MAX_NESTS + 1] = { 0, 500, 100, 50, 10 };

	for (; items; items = items->file_next) {
		const struct epitem *above = items->ep->file->epoll_items;
		if (above ? depth == MAX_NESTS || count_ways(above, depth + 1, count) : depth && ++count[depth] > most[depth])
			return -EINVAL;
	}
	return 0;
}

/* The same for each file below a set; every set is looked into once. nest_mutex held. */
static int count_ways_below(struct eventpoll *target)
{
	int err = 0;

	if (target->walk == walks)
		return 0;
	target->walk = walks;
	for (struct rb_node *n = rb_first(&target->items); n && !err; n = rb_next(n)) {
		struct file *f = container_of(n, struct epitem, node)->file;
		u32 count[MAX_NESTS + 1] = { 0 };
		err = is_epoll(f) ? count_ways_below(f->private) : count_ways(f->epoll_items, 0, count);
	}
	return err;
}

/* After f came into the set ep. */
static int check_ways(const struct eventpoll *ep, struct file *f)
{
	u32 count[MAX_NESTS + 1] = { 0 };

	if (is_epoll(f)) {
		walks++;
		return count_ways_below(f->private);
	}
	return ep->file->epoll_items ? count_ways(f->epoll_items, 0, count) : 0;
}

/* nest_mutex and ep->mutex held. */
static int insert(struct eventpoll *ep, struct file *f, int fd, const struct epoll_event_abi *event)
{
	struct ep_table t = { .pt = { .queue = ep_queue } };
	struct epitem *item = kmem_cache_alloc(item_cache, GFP_KERNEL);

	if (!item)
		return -ENOMEM;
	*item = (struct epitem){ .ep = ep, .file = f, .fd = fd, .event = *event, .file_next = f->epoll_items };
	INIT_LIST_HEAD(&item->ready);
	f->epoll_items = item;
	tree_insert(ep, item);
	t.item = item;
	u32 events = 0;
	t.err = check_ways(ep, f);
	if (!t.err)
		events = item_events(item, &t.pt);
	if (t.err) {
		f->epoll_items = item->file_next;
		remove_item(ep, item);
		return t.err;
	}
	if (events)
		found_ready(ep, item);
	return 0;
}

static int modify(struct eventpoll *ep, struct epitem *item, const struct epoll_event_abi *event)
{
	if ((item->event.events | event->events) & EPOLLEXCLUSIVE)
		return -EINVAL;
	u32 flags = spin_lock_irqsave(&ep->wait.lock); /* the callback reads it */
	item->event = *event;
	spin_unlock_irqrestore(&ep->wait.lock, flags);
	if (item_events(item, NULL))
		found_ready(ep, item);
	return 0;
}

static int control(struct eventpoll *ep, int op, struct file *f, int fd, const struct epoll_event_abi *event)
{
	struct epitem *item;
	int err;

	if (op == EPOLL_CTL_ADD && is_epoll(f)) {
		err = check_nesting(ep, f->private);
		if (err)
			return err;
	}
	mutex_lock(&ep->mutex);
	item = find(ep, f, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		err = item ? -EEXIST : insert(ep, f, fd, event);
		break;
	case EPOLL_CTL_MOD:
		err = item ? modify(ep, item, event) : -ENOENT;
		break;
	default:
		err = item ? 0 : -ENOENT;
		if (item) {
			unlink_from_file(item);
			remove_item(ep, item);
		}
	}
	mutex_unlock(&ep->mutex);
	return err;
}

static int check_control(const struct file *epf, int op, const struct file *f, const struct epoll_event_abi *event)
{
	if (!f->ops->poll)
		return -EPERM;
	if (epf == f || !is_epoll(epf))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE)) {
		if (op == EPOLL_CTL_MOD || (event->events & ~EXCLUSIVE_OK) || is_epoll(f))
			return -EINVAL;
	}
	return op == EPOLL_CTL_ADD || op == EPOLL_CTL_MOD || op == EPOLL_CTL_DEL ? 0 : -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, const struct epoll_event_abi __user *user)
{
	struct epoll_event_abi event = { 0 };

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	struct file *epf = fget(epfd), *f = epf ? fget(fd) : NULL;
	long err = !f ? -EBADF : check_control(epf, op, f, &event);
	if (!err) {
		event.events |= op == EPOLL_CTL_DEL ? 0 : POLLERR | POLLHUP;
		struct eventpoll *ep = epf->private;
		mutex_lock(&nest_mutex);
		ep->file = epf;
		err = control(ep, op, f, fd, &event);
		mutex_unlock(&nest_mutex);
	}
	if (f)
		fput(f);
	if (epf)
		fput(epf);
	return err;
}

/* ---- epoll_wait ---- */

/* Tell the program about one item taken off the ready list. 1: told, 0: nothing there any more, -EFAULT. ep->mutex held, page faults off. */
static int tell(struct epitem *item, struct epoll_event_abi __user *to)
{
	struct epoll_event_abi e = { item_events(item, NULL), { item->event.data[0], item->event.data[1] } };

	if (!e.events)
		return 0;
	if (copy_to_user(to, &e, sizeof(e)))
		return -EFAULT;
	if (item->event.events & EPOLLONESHOT)
		item->event.events &= PRIVATE_BITS;
	return 1;
}

/*
 * Tell about the first *look items on `now`, each taken off before it is asked: a change after the answer lists it again. Ends at a fault.
 * ep->wait.lock held, but not meanwhile.
 */
static int tell_all(struct eventpoll *ep, struct list_head *now, struct epoll_event_abi __user *user, int max, u32 *look)
{
	int n = 0;

	for (; n < max && *look && !list_empty(now); --*look) {
		struct epitem *item = list_first_entry(now, struct epitem, ready);
		list_del_init(&item->ready);
		spin_unlock_irq(&ep->wait.lock);
		int told = tell(item, user + n);
		spin_lock_irq(&ep->wait.lock);
		if (unlikely(told < 0)) {
			list_move(&item->ready, now);
			return n ? n : told;
		}
		n += told;
		if (told && !(item->event.events & (EPOLLET | EPOLLONESHOT)))
			mark_ready(ep, item);
	}
	return n;
}

static u32 list_length(const struct list_head *head)
{
	u32 n = 0;

	for (const struct list_head *l = head->next; l != head; l = l->next)
		n++;
	return n;
}

/*
 * Look at *look items that are ready at most. Events told, or -EFAULT when there was none before a fault; *look: how many items a fault left
 * over at the beginning of the list, else 0.
 */
static int send_events(struct eventpoll *ep, struct epoll_event_abi __user *user, int max, u32 *look)
{
	LIST_HEAD(now);

	mutex_lock(&ep->mutex);
	pagefault_disable();
	spin_lock_irq(&ep->wait.lock);
	list_splice_init(&ep->ready, &now); /* what becomes ready from here on is for the next round */
	int n = tell_all(ep, &now, user, max, look);
	*look = n < max && *look ? min(*look, list_length(&now)) : 0;
	list_splice(&now, &ep->ready);
	if (!list_empty(&ep->ready) && wait_queue_active(&ep->wait))
		wake_up_key_locked(&ep->wait, TASK_NORMAL, 1, 0); /* the next waiter may have some */
	spin_unlock_irq(&ep->wait.lock);
	pagefault_enable();
	mutex_unlock(&ep->mutex);
	return n;
}

/* What is ready now, also when some of the program's pages are not there yet. */
static int take_events(struct eventpoll *ep, struct epoll_event_abi __user *user, int max)
{
	u32 look = ~0u;
	int n = 0;

	for (int tries = 0;; tries++) {
		int told = send_events(ep, user + n, max - n, &look);
		if (told > 0) {
			n += told;
			tries = 0;
		}
		if (!look)
			return n;
		if (tries == 3 || fault_in_writeable(user + n, sizeof(*user)))
			return n ? n : -EFAULT;
	}
}

static long do_epoll_wait(int epfd, struct epoll_event_abi __user *user, int max, u64 deadline)
{
	if (max <= 0 || max > MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(user, (u32)max * sizeof(*user)))
		return -EFAULT;
	struct fd f = fdget(epfd);
	long n = !f.file ? -EBADF : is_epoll(f.file) ? 0 : -EINVAL;
	struct eventpoll *ep = n ? NULL : f.file->private;
	while (!n) {
		if (!list_empty(&ep->ready))
			n = take_events(ep, user, max);
		if (n || !deadline)
			break;
		n = ___wait_event(&ep->wait, !list_empty(&ep->ready), TASK_INTERRUPTIBLE, deadline, -EINTR, true);
		if (n == -ETIMEDOUT) {
			n = 0;
			break;
		}
	}
	fdput(f);
	return n;
}

long sys_epoll_wait(int epfd, struct epoll_event_abi __user *events, int max, int timeout_ms)
{
	u64 deadline = timeout_ms < 0 ? WAIT_FOREVER : timeout_ms ? add_ns(ktime_ns(), (u64)(u32)timeout_ms * NSEC_PER_MSEC) : 0;

	return do_epoll_wait(epfd, events, max, deadline);
}

long sys_epoll_pwait(int epfd, struct epoll_event_abi __user *events, int max, int timeout_ms, const void __user *mask, size_t size)
{
	if (!mask)
		return sys_epoll_wait(epfd, events, max, timeout_ms);
	long ret = set_user_sigmask(mask, size);
	if (!ret) {
		ret = sys_epoll_wait(epfd, events, max, timeout_ms);
		restore_user_sigmask(ret == -EINTR);
	}
	return ret;
}

long sys_epoll_pwait2(int epfd, struct epoll_event_abi __user *events, int max, const void __user *timeout, const void __user *mask, size_t size)
{
	u64 deadline = WAIT_FOREVER, ns;
	long ret = timeout ? get_timespec_ns(timeout, true, &ns) : 0;

	if (!ret && timeout)
		deadline = ns ? add_ns(ktime_ns(), ns) : 0;
	if (!ret)
		ret = set_user_sigmask(mask, size);
	if (!ret) {
		ret = do_epoll_wait(epfd, events, max, deadline);
		restore_user_sigmask(ret == -EINTR);
	}
	return ret;
}

int epoll_init(void)
{
	item_cache = kmem_cache_create("eventpoll_epi", sizeof(struct epitem), 0, NULL);
	eppoll_cache = kmem_cache_create("eventpoll_pwq", sizeof(struct eppoll), 0, NULL);
	file_last_put_hook = epoll_forget_file;
	return item_cache && eppoll_cache ? 0 : -ENOMEM;
}
