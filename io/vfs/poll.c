/*
 * poll and select. Each file is looked at first without queueing anywhere: when one is ready, that is all. Otherwise a second pass queues
 * one entry on each wait queue the files name, and the task sleeps; after each wake-up it looks again, without queueing. An entry keeps its
 * file until the call ends.
 */
#include "io/vfs/poll.h"
#include "io/vfs/internal.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct poll_set;
struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct file *file;
	struct poll_set *set;
	u32 key;
};
#define INLINE_ENTRIES 8u
#define ENTRIES_PER_PAGE ((PAGE_SIZE - sizeof(void *)) / sizeof(struct poll_entry))
struct entry_page {
	struct entry_page *next;
	struct poll_entry entries[ENTRIES_PER_PAGE];
};

struct poll_set {
	struct poll_table pt;
	struct task *task;
	volatile bool triggered;
	bool no_memory;
	u32 nr_inline, nr_in_page; /* entries in use; the latter of the first page */
	struct entry_page *pages;
	struct poll_entry inline_entries[INLINE_ENTRIES];
};

static struct poll_entry *new_entry(struct poll_set *s)
{
	if (s->nr_inline < INLINE_ENTRIES)
		return &s->inline_entries[s->nr_inline++];
	if (!s->pages || s->nr_in_page == ENTRIES_PER_PAGE) {
		struct entry_page *p = get_free_page(GFP_KERNEL);
		if (!p)
			return NULL;
		p->next = s->pages;
		s->pages = p;
		s->nr_in_page = 0;
	}
	return &s->pages->entries[s->nr_in_page++];
}

/* The callback of each entry: wait queue lock held, any context. */
static bool poll_wake(struct wait_queue_entry *w, u32 mode, u32 key)
{
	struct poll_entry *e = container_of(w, struct poll_entry, wait);
	if (key && !(key & e->key))
		return false;
	e->set->triggered = true;
	wake_up_state(e->set->task, TASK_NORMAL);
	return false; /* readiness is told to all who poll */
}

static void poll_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct poll_set *s = container_of(pt, struct poll_set, pt);
	struct poll_entry *e = new_entry(s);
	if (!e) {
		s->no_memory = true;
		return;
	}
	*e = (struct poll_entry){ .wait = { .func = poll_wake }, .wq = wq, .file = get_file(f), .set = s, .key = pt->key };
	add_wait_queue(wq, &e->wait);
}

static void poll_set_init(struct poll_set *s)
{
	s->pt.queue = poll_queue;
	s->task = current;
	s->triggered = false;
	s->no_memory = false;
	s->nr_inline = s->nr_in_page = 0;
	s->pages = NULL;
}

static void leave(struct poll_entry *e, u32 n)
{
	for (; n; n--, e++) {
		remove_wait_queue(e->wq, &e->wait);
		fput(e->file);
	}
}

static void poll_set_end(struct poll_set *s)
{
	leave(s->inline_entries, s->nr_inline);
	while (s->pages) {
		struct entry_page *p = s->pages;
		leave(p->entries, s->nr_in_page);
		s->nr_in_page = ENTRIES_PER_PAGE;
		s->pages = p->next;
		free_page(p);
	}
}

/* Sleep until an entry is triggered. false: the deadline has passed. */
static bool poll_sleep(struct poll_set *s, u64 deadline_ns)
{
	bool in_time = true;
	set_current_state(TASK_INTERRUPTIBLE);
	if (!s->triggered)
		in_time = schedule_until(deadline_ns);
	set_current_state(TASK_RUNNING);
	s->triggered = false;
	return in_time;
}

/*
 * Both calls: look; if nothing is ready, queue while looking; then sleep and look again until something is. scan returns how many are ready.
 */
static long poll_loop(long (*scan)(void *arg, struct poll_table *pt), void *arg, u64 deadline_ns)
{
	struct poll_set s;
	long n = scan(arg, NULL);

	if (n)
		return n;
	if (!deadline_ns) /* even without a wait: a ppoll whose mask lets a signal in takes it */
		return signal_pending_current() ? -EINTR : 0;
	poll_set_init(&s);
	n = scan(arg, &s.pt);
	for (bool in_time = true;;) {
		if (n)
			break;
		if (s.no_memory)
			n = -ENOMEM;
		else if (signal_pending_current())
			n = -EINTR;
		if (n || !in_time)
			break;
		in_time = poll_sleep(&s, deadline_ns);
		n = scan(arg, NULL);
	}
	poll_set_end(&s);
	return n;
}

/* ---- poll ---- */

struct poll_args {
	struct pollfd_abi *fds;
	u32 n;
};

/*
 * Both calls look through their descriptors by a function that is compiled twice: for the common case of a table that nobody shares and no
 * queueing (`quick`), where every instruction counts, and for all others.
 */
static inline struct fd scan_fdget(int fd, bool quick)
{
	return quick ? (struct fd){ unshared_file(current->files, fd), false, false } : fdget(fd);
}

static inline u32 file_events(struct file *f, struct poll_table *pt)
{
	return f->ops->poll ? f->ops->poll(f, pt) : ALWAYS_READY;
}

static __always_inline long scan_pollfds(const struct poll_args *a, struct poll_table *pt, bool quick)
{
	struct pollfd_abi *p = a->fds, *end = p + a->n;
	long ready = 0;

	for (; p < end; p++) {
		u32 events = 0;
		if (likely(p->fd >= 0)) {
			struct fd f = scan_fdget(p->fd, quick);
			if (unlikely(!f.file)) {
				events = POLLNVAL;
			} else {
				if (pt)
					pt->key = (u16)p->events | POLLERR | POLLHUP;
				events = file_events(f.file, pt) & ((u16)p->events | POLLERR | POLLHUP);
				fdput(f);
			}
		}
		p->revents = (s16)events;
		if (events) {
			ready++;
			if (pt)
				pt->queue = NULL; /* no need to wait any more */
		}
	}
	return ready;
}

static long scan_poll(void *arg, struct poll_table *pt)
{
	return !pt && files_unshared(current->files) ? scan_pollfds(arg, NULL, true) : scan_pollfds(arg, pt, false);
}

long do_poll(struct pollfd_abi *fds, u32 n, u64 deadline_ns)
{
	struct poll_args a = { fds, n };
	return poll_loop(scan_poll, &a, deadline_ns);
}

/* ---- select ---- */

#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX POLLPRI

struct select_args {
	u32 n;
	const struct select_sets *sets;
};

/* The descriptors of one word of the bitmaps. Bits set, or -EBADF. */
static __always_inline long scan_word(const struct select_sets *s, u32 w, u32 all, struct poll_table *pt, bool quick)
{
	u32 res_in = 0, res_out = 0, res_ex = 0;
	long ready = 0;

	for (; all; all &= all - 1) {
		u32 bit = all & -all;
		struct fd f = scan_fdget((int)(w * 32 + (u32)__builtin_ctz(all)), quick);
		if (unlikely(!f.file))
			return -EBADF;
		if (pt)
			pt->key = (s->in[w] & bit ? SELECT_IN : 0) | (s->out[w] & bit ? SELECT_OUT : 0) | (s->ex[w] & bit ? SELECT_EX : 0) |
				  POLLERR | POLLHUP;
		u32 events = file_events(f.file, pt);
		fdput(f);
		if (!events)
			continue;
		if ((s->in[w] & bit) && (events & SELECT_IN)) {
			res_in |= bit;
			ready++;
		}
		if ((s->out[w] & bit) && (events & SELECT_OUT)) {
			res_out |= bit;
			ready++;
		}
		if ((s->ex[w] & bit) && (events & SELECT_EX)) {
			res_ex |= bit;
			ready++;
		}
		if (pt && ready)
			pt->queue = NULL;
	}
	s->res_in[w] = res_in;
	s->res_out[w] = res_out;
	s->res_ex[w] = res_ex;
	return ready;
}

static __always_inline long scan_sets(const struct select_args *a, struct poll_table *pt, bool quick)
{
	const struct select_sets *s = a->sets;
	long ready = 0;

	for (u32 w = 0; w * 32 < a->n; w++) {
		u32 all = s->in[w] | s->out[w] | s->ex[w];
		if (a->n - w * 32 < 32)
			all &= (1u << (a->n & 31)) - 1;
		long n = scan_word(s, w, all, pt, quick);
		if (n < 0)
			return n;
		ready += n;
	}
	return ready;
}

static long scan_select(void *arg, struct poll_table *pt)
{
	return !pt && files_unshared(current->files) ? scan_sets(arg, NULL, true) : scan_sets(arg, pt, false);
}

long do_select(u32 n, const struct select_sets *s, u64 deadline_ns)
{
	struct select_args a = { n, s };
	return poll_loop(scan_select, &a, deadline_ns);
}
