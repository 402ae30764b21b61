/*
 * AIO contexts and their rings, see aio.h. The ring is shared memory of the process, its pages there from the start, so that a completion in any context writes the
 * event straight into it; the program may read it there and move `head` itself, so nothing the kernel needs to trust lies in it: the tail is
 * kept in the context, the head is taken modulo the size.
 * A context takes requests until io_destroy or the end of its address space, which wait for them. It lives until its last request has ended and nobody has the
 * ring mapped any more: a child of fork inherits the mapping, as on Linux, and may read and spoil what its parent reads there, no more.
 */
#include "io/async/aio.h"
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define HEADER_EVENTS 1u        /* the header takes the place of one event */
#define MOST_EVENTS (0x10000000u / sizeof(struct io_event_abi))
#define READ_BATCH 8u

static DEFINE_SPINLOCK(contexts_lock, RANK_FILES);
static LIST_HEAD(contexts);
static u32 aio_nr, aio_max_nr = 65536; /* events of all rings, and how many they may be: /proc/sys/fs. contexts_lock */

/* ---- the ring ---- */

static inline struct aio_ring *ring(const struct aio_context *c) { return page_address(c->pages[0]); }

/* Event `index` of the ring; no event lies across pages, for both sizes are powers of two. */
static struct io_event_abi *event_at(const struct aio_context *c, u32 index)
{
	u32 at = (index + HEADER_EVENTS) * sizeof(struct io_event_abi);

	return (struct io_event_abi *)((u8 *)page_address(c->pages[at >> PAGE_SHIFT]) + (at & ~PAGE_MASK));
}

static u32 ring_head(const struct aio_context *c)
{
	u32 head = *(volatile u32 *)&ring(c)->head;

	return likely(head < c->nr) ? head : head % c->nr;
}

/* Events that wait to be read. lock held. */
static u32 ring_used(const struct aio_context *c)
{
	u32 head = ring_head(c);

	return c->tail >= head ? c->tail - head : c->tail + c->nr - head;
}

bool aio_reserve(struct aio_context *c)
{
	u32 flags = spin_lock_irqsave(&c->lock);
	bool room = !c->dead && c->in_flight + ring_used(c) < c->nr - 1;

	if (room)
		c->in_flight++;
	spin_unlock_irqrestore(&c->lock, flags);
	return room;
}

void aio_unreserve(struct aio_context *c)
{
	u32 flags = spin_lock_irqsave(&c->lock);

	c->in_flight--;
	spin_unlock_irqrestore(&c->lock, flags);
	wake_up_all(&c->wait); /* io_destroy may wait for this one */
}

void aio_request_begins(struct aio_context *c)
{
	u32 flags = spin_lock_irqsave(&c->lock);

	c->unfinished++;
	atomic_inc(&c->refs);
	spin_unlock_irqrestore(&c->lock, flags);
}

void aio_request_over(struct aio_context *c)
{
	u32 flags = spin_lock_irqsave(&c->lock);

	c->unfinished--;
	spin_unlock_irqrestore(&c->lock, flags);
	wake_up_all(&c->wait);
	aio_context_put(c);
}

void aio_complete(struct aio_request *r, long result)
{
	struct aio_context *c = r->ctx;
	u32 flags = spin_lock_irqsave(&c->lock);

	if (!list_empty(&r->active))
		list_del_init(&r->active);
	*event_at(c, c->tail) = (struct io_event_abi){ r->data, r->obj, result, 0 };
	c->tail = c->tail + 1 == c->nr ? 0 : c->tail + 1;
	barrier();
	ring(c)->tail = c->tail;
	c->in_flight--;
	spin_unlock_irqrestore(&c->lock, flags);
	if (r->eventfd)
		eventfd_signal(r->eventfd, 1);
	wake_up_all(&c->wait);
	aio_request_free(r);
}

/* Take up to max events off the ring. How many, or -EFAULT when none could be handed over. */
static long read_events(struct aio_context *c, struct io_event_abi __user *user, u32 max)
{
	struct io_event_abi batch[READ_BATCH];
	u32 done = 0;

	mutex_lock(&c->read_lock);
	while (done < max) {
		u32 head = ring_head(c), tail = *(volatile u32 *)&c->tail, n = 0;
		while (n < READ_BATCH && done + n < max && head != tail) {
			batch[n++] = *event_at(c, head);
			head = head + 1 == c->nr ? 0 : head + 1;
		}
		if (!n)
			break;
		if (copy_to_user(user + done, batch, n * sizeof(*batch))) {
			mutex_unlock(&c->read_lock);
			return done ? (long)done : -EFAULT;
		}
		ring(c)->head = head;
		done += n;
	}
	mutex_unlock(&c->read_lock);
	return (long)done;
}

/* ---- contexts ---- */

static void free_context(struct aio_context *c)
{
	for (u32 i = 0; i < c->nr_pages && c->pages[i]; i++)
		put_page(c->pages[i]);
	kfree(c->pages);
	kfree(c);
}

void aio_context_put(struct aio_context *c)
{
	if (atomic_dec_and_test(&c->refs))
		free_context(c);
}

struct aio_context *aio_context_get(u32 id)
{
	struct aio_context *c, *found = NULL;
	u32 index;

	if (get_user_u32(&index, (u32 __user *)id)) /* no ring there any more */
		return NULL;
	spin_lock(&contexts_lock);
	list_for_each_entry(c, &contexts, node)
		if (c->id == id && c->mm == current->mm) {
			found = c;
			atomic_inc(&c->refs);
			break;
		}
	spin_unlock(&contexts_lock);
	return found;
}

/* It takes no more requests; those that wait for something that may never come are cancelled. Already off the list. */
static void end_context(struct aio_context *c)
{
	struct aio_request *r, *next;
	u32 flags = spin_lock_irqsave(&c->lock);

	c->dead = true;
	list_for_each_entry_safe(r, next, &c->active, active)
		(void)aio_cancel_locked(r);
	spin_unlock_irqrestore(&c->lock, flags);
	wake_up_all(&c->wait);
}

/* contexts_lock held. */
static void unlist_locked(struct aio_context *c)
{
	list_unlink(&c->node);
	c->node.next = NULL;
	aio_nr -= c->asked;
}

static bool unlist(struct aio_context *c)
{
	spin_lock(&contexts_lock);
	bool listed = c->node.next;
	if (listed)
		unlist_locked(c);
	spin_unlock(&contexts_lock);
	return listed;
}

static void wait_all_over(struct aio_context *c)
{
	wait_event(&c->wait, !*(volatile u32 *)&c->in_flight && !*(volatile u32 *)&c->unfinished);
}

/* The last user of an address space goes. As on Linux it waits for what is in flight, so that a process that has ended uses no file any more. */
static void aio_mm_exit(struct mm *mm)
{
	for (;;) {
		struct aio_context *c, *found = NULL;
		spin_lock(&contexts_lock);
		list_for_each_entry(c, &contexts, node)
			if (c->mm == mm) {
				found = c;
				unlist_locked(c);
				break;
			}
		spin_unlock(&contexts_lock);
		if (!found)
			return;
		end_context(found);
		wait_all_over(found);
		aio_context_put(found);
	}
}

/* ---- the ring in an address space ---- */

static void ring_open(struct vm_area *a)
{
	struct aio_context *c = a->object;

	atomic_inc(&c->refs);
}

static void ring_close(struct vm_area *a) { aio_context_put(a->object); }

static u32 ring_fault(struct vm_fault *vf)
{
	struct aio_context *c = vf->area->object;

	if (vf->pgoff >= c->nr_pages)
		return VM_FAULT_SIGBUS;
	vf->page = get_page(c->pages[vf->pgoff]);
	return VM_FAULT_OK;
}

/* The context goes by the new address from now on. */
static void ring_moved(struct vm_area *a)
{
	struct aio_context *c = a->object;

	spin_lock(&contexts_lock);
	if (c->mm == a->mm)
		c->id = a->start;
	spin_unlock(&contexts_lock);
}

static const char *ring_name(struct vm_area *a, char *buf, size_t size)
{
	(void)a, (void)buf, (void)size;
	return "/[aio] (deleted)";
}

static const struct vm_ops ring_ops = { .open = ring_open, .close = ring_close, .fault = ring_fault, .moved = ring_moved, .name = ring_name };

static int ring_setup(struct vm_area *a, void *context)
{
	struct aio_context *c = context;

	atomic_inc(&c->refs);
	a->ops = &ring_ops;
	a->object = c;
	a->pgoff = 0;
	return 0;
}

/* Allocate the ring and map it into the program. */
static int make_ring(struct aio_context *c)
{
	u32 rights = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_SHARED | VM_DONTEXPAND;

	for (u32 i = 0; i < c->nr_pages; i++) {
		c->pages[i] = alloc_page(GFP_USER | GFP_ZERO);
		if (!c->pages[i])
			return -ENOMEM;
	}
	*ring(c) = (struct aio_ring){ .id = 0, .nr = c->nr, .magic = AIO_RING_MAGIC, .compat = 1, .header_length = sizeof(struct aio_ring) };
	long at = mm_map(current->mm, 0, c->nr_pages * PAGE_SIZE, MAP_SHARED, rights, 0, ring_setup, c);
	if (IS_ERR((void *)at))
		return -ENOMEM;
	c->id = (u32)at;
	return 0;
}

static struct aio_context *make_context(u32 nr)
{
	struct aio_context *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->nr_pages = PAGE_ALIGN((nr + 2 + HEADER_EVENTS) * sizeof(struct io_event_abi)) >> PAGE_SHIFT;
	c->nr = c->nr_pages * (PAGE_SIZE / sizeof(struct io_event_abi)) - HEADER_EVENTS;
	c->asked = nr;
	atomic_set(&c->refs, 1);
	c->mm = current->mm;
	mutex_init(&c->read_lock, "aio ring", RANK_FILEPOS);
	spin_lock_init(&c->lock, "aio context", RANK_WAITQ);
	INIT_LIST_HEAD(&c->active);
	wait_queue_init(&c->wait);
	c->pages = kzalloc(c->nr_pages * sizeof(*c->pages), GFP_KERNEL);
	if (!c->pages)
		c->nr_pages = 0;
	int err = c->pages ? make_ring(c) : -ENOMEM;
	if (err) {
		aio_context_put(c);
		return ERR_PTR(err);
	}
	return c;
}

/* Count its events and let it be found. */
static bool enlist(struct aio_context *c)
{
	spin_lock(&contexts_lock);
	bool room = c->asked <= aio_max_nr && aio_nr <= aio_max_nr - c->asked;
	if (room) {
		aio_nr += c->asked;
		list_add(&c->node, &contexts);
	}
	spin_unlock(&contexts_lock);
	return room;
}

static void unmap_ring(struct aio_context *c) { (void)!mm_unmap(current->mm, c->id, c->nr_pages * PAGE_SIZE); }

long sys_io_setup(u32 nr, u32 __user *user)
{
	u32 id;

	if (get_user_u32(&id, user))
		return -EFAULT;
	if (id || !nr || nr > MOST_EVENTS)
		return -EINVAL;
	if (nr > *(volatile u32 *)&aio_max_nr)
		return -EAGAIN;
	struct aio_context *c = make_context(nr);
	if (IS_ERR(c))
		return PTR_ERR(c);
	if (!enlist(c)) {
		unmap_ring(c);
		aio_context_put(c);
		return -EAGAIN;
	}
	if (put_user_u32(c->id, user)) {
		(void)sys_io_destroy(c->id);
		return -EFAULT;
	}
	return 0;
}

/* Waits until all requests have ended, as Linux does. */
long sys_io_destroy(u32 id)
{
	struct aio_context *c = aio_context_get(id);

	if (!c)
		return -EINVAL;
	bool first = unlist(c);
	if (first) {
		end_context(c);
		wait_all_over(c);
		unmap_ring(c);
		aio_context_put(c); /* the list's */
	}
	aio_context_put(c);
	return first ? 0 : -EINVAL;
}

/* ---- submitting and waiting ---- */

static int submit_one(struct aio_context *c, u32 __user *slot)
{
	struct iocb_abi cb;
	u32 user;

	if (get_user_u32(&user, slot) || copy_from_user(&cb, (void __user *)user, sizeof(cb)))
		return -EFAULT;
	if (cb.reserved || cb.buf >> 32 || cb.nbytes >> 31)
		return -EINVAL;
	return aio_start(c, &cb, user);
}

long sys_io_submit(u32 id, s32 nr, u32 __user *iocbs)
{
	struct aio_context *c = nr < 0 ? NULL : aio_context_get(id);
	int err = 0;
	s32 i;

	if (!c)
		return -EINVAL;
	for (i = 0; i < nr && !err; i += !err)
		err = submit_one(c, iocbs + i);
	aio_context_put(c);
	return i ? i : err;
}

long sys_io_cancel(u32 id, struct iocb_abi __user *iocb, struct io_event_abi __user *result)
{
	struct aio_request *r;
	long ret = -EINVAL;
	u32 key;

	if (get_user_u32(&key, (u32 __user *)((u32)iocb + offsetof(struct iocb_abi, key))))
		return -EFAULT;
	struct aio_context *c = key ? NULL : aio_context_get(id);
	if (!c)
		return -EINVAL;
	u32 flags = spin_lock_irqsave(&c->lock);
	list_for_each_entry(r, &c->active, active)
		if (r->obj == (u32)iocb) {
			ret = aio_cancel_locked(r) ? -EINPROGRESS : -EINVAL; /* the event tells the rest */
			break;
		}
	spin_unlock_irqrestore(&c->lock, flags);
	aio_context_put(c);
	return ret;
}

static bool enough(const struct aio_context *c, u32 wanted)
{
	u32 head = ring_head(c), tail = *(volatile u32 *)&c->tail;

	return (tail >= head ? tail - head : tail + c->nr - head) >= wanted || *(volatile bool *)&c->dead;
}

/* deadline: ktime_ns, 0 not at all. */
static long get_events(u32 id, s32 min_nr, s32 nr, struct io_event_abi __user *user, u64 deadline)
{
	struct aio_context *c = aio_context_get(id);
	long got = 0, err = 0;

	if (!c)
		return -EINVAL;
	if (nr < 0 || min_nr < 0 || min_nr > nr)
		err = -EINVAL;
	while (!err) {
		long n = read_events(c, user + got, (u32)(nr - got));
		if (n < 0)
			err = n;
		else
			got += n;
		if (!err && !got && c->dead)
			err = -EINVAL;
		if (err || got >= min_nr || !deadline || c->dead)
			break;
		err = wait_event_interruptible_until(&c->wait, enough(c, 1), deadline);
		if (err == -ERESTARTSYS)
			err = -EINTR;
		if (err == -ETIMEDOUT)
			deadline = err = 0;
	}
	aio_context_put(c);
	return got ? got : err;
}

static int get_deadline(const void __user *timeout, bool wide, u64 *deadline)
{
	u64 ns;
	int err = timeout ? get_timespec_ns(timeout, wide, &ns) : 0;

	*deadline = !timeout ? WAIT_FOREVER : !err && ns ? add_ns(ktime_ns(), ns) : 0;
	return err;
}

long sys_io_getevents(u32 id, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout)
{
	u64 deadline;
	int err = get_deadline(timeout, false, &deadline);

	return err ? err : get_events(id, min_nr, nr, events, deadline);
}

/* sig: a pointer to a mask and its size. */
static long pgetevents(u32 id, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout, bool wide, const u32 __user *sig)
{
	u32 mask[2] = { 0, 0 };
	u64 deadline;
	long err = get_deadline(timeout, wide, &deadline);

	if (!err && sig && copy_from_user(mask, sig, sizeof(mask)))
		err = -EFAULT;
	if (!err)
		err = set_user_sigmask((const void __user *)mask[0], mask[1]);
	if (!err) {
		err = get_events(id, min_nr, nr, events, deadline);
		bool pending = signal_pending_current(); /* taken with the mask of the call, even when there are events */
		restore_user_sigmask(pending);
		if (pending && (!err || err == -EINTR))
			err = -ERESTARTNOHAND;
	}
	return err;
}

long sys_io_pgetevents(u32 id, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout, const u32 __user *sig)
{
	return pgetevents(id, min_nr, nr, events, timeout, false, sig);
}

long sys_io_pgetevents_time64(u32 id, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout, const u32 __user *sig)
{
	return pgetevents(id, min_nr, nr, events, timeout, true, sig);
}

/* ---- /proc/sys/fs ---- */

static int number_show(struct seq_buf *s, void *number)
{
	seq_printf(s, "%u\n", *(u32 *)number);
	return 0;
}

static ssize_t max_nr_write(void *arg, const char *text, size_t len)
{
	return kstrtou32(text, 10, &aio_max_nr) ? -EINVAL : (ssize_t)len;
}

int aio_init(void)
{
	int error = aio_submit_init();

	mm_exit_hook = aio_mm_exit;
	if (!error)
		error = proc_create("sys/fs/aio-nr", 0444, number_show, NULL, &aio_nr);
	return error ? error : proc_create("sys/fs/aio-max-nr", 0644, number_show, max_nr_write, &aio_max_nr);
}
