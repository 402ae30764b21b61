/*
 * poll and select. Each file is looked at first without queueing anywhere: when one is ready, that is all. Otherwise a second pass queues
 * one entry on each wait queue the files name, and the task sleeps; after each wake-up it looks again, without queueing. An entry keeps its
 * file until the call ends.
 */
#include "io/vfs/poll.h"
#include "io/vfs/internal.h"
#include "kernel/hal/uaccess.h"
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
 * Both calls, after a look that found nothing: look again, queueing; then sleep and look until something is ready. look returns how many are.
 */
static long wait_ready(long (*look)(void *what, u32 n, struct poll_table *pt), void *what, u32 n, const u64 *deadline_ns)
{
	struct poll_set s;

	if (!*deadline_ns) /* even without a wait: a ppoll whose mask lets a signal in takes it */
		return signal_pending_current() ? -EINTR : 0;
	poll_set_init(&s);
	long ready = look(what, n, &s.pt);
	for (bool in_time = true;;) {
		if (ready)
			break;
		if (s.no_memory)
			ready = -ENOMEM;
		else if (signal_pending_current())
			ready = -EINTR;
		if (ready || !in_time)
			break;
		in_time = poll_sleep(&s, *deadline_ns);
		ready = look(what, n, NULL);
	}
	poll_set_end(&s);
	return ready;
}

/*
 * Both calls look through their descriptors by two functions: one for the common case of a table that nobody shares and no queueing, where
 * every instruction counts, and one for all others.
 */
static inline u32 file_events(struct file *f, struct poll_table *pt)
{
	return f->mode & FMODE_CAN_POLL ? f->ops->poll(f, pt) : ALWAYS_READY;
}

/* Of a slot of a table that nobody shares. */
static noinline u32 slot_without_poll(const struct file *f) { return f && !(f->mode & FMODE_PATH) ? ALWAYS_READY : POLLNVAL; }
static inline u32 slot_events(struct file *f)
{
	return likely(f) && likely(f->mode & FMODE_CAN_POLL) ? f->ops->poll(f, NULL) : slot_without_poll(f);
}

/* ---- poll ---- */

#define FAST_FDS 32u

static noinline long poll_look_queue(struct pollfd_abi *p, u32 n, struct poll_table *pt)
{
	long ready = 0;

	for (; n; n--, p++) {
		u32 events = 0, wanted = (u16)p->events | POLLERR | POLLHUP;
		if (p->fd >= 0) {
			struct fd f = fdget(p->fd);
			if (pt)
				pt->key = wanted;
			events = f.file ? file_events(f.file, pt) & wanted : POLLNVAL;
			fdput(f);
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

static __always_inline long poll_look(struct pollfd_abi *fds, u32 n)
{
	const struct files *t = current->files;
	long ready = 0;

	if (!files_unshared(t))
		return poll_look_queue(fds, n, NULL);
	struct file **slots = t->fd;
	u32 max = t->max;
	for (struct pollfd_abi *p = fds, *end = fds + n; p < end; p++) {
		u32 events = 0;
		if (likely((u32)p->fd < max))
			events = slot_events(slots[p->fd]);
		else if (p->fd >= 0)
			events = POLLNVAL;
		if (events)
			events &= (u16)p->events | POLLERR | POLLHUP | POLLNVAL;
		p->revents = (s16)events;
		ready += events != 0;
	}
	return ready;
}

static long poll_look_again(void *fds, u32 n, struct poll_table *pt)
{
	return pt ? poll_look_queue(fds, n, pt) : poll_look(fds, n);
}

long do_poll(struct pollfd_abi __user *user, u32 n, const u64 *deadline_ns)
{
	struct pollfd_abi fast[FAST_FDS], *fds = fast;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FAST_FDS) {
		fds = kmalloc(n * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	long ret = -EFAULT;
	if (!copy_from_user(fds, user, n * sizeof(*fds))) {
		ret = poll_look(fds, n);
		if (!ret)
			ret = wait_ready(poll_look_again, fds, n, deadline_ns);
	}
	if (ret >= 0 && copy_to_user(user, fds, n * sizeof(*fds)))
		ret = -EFAULT;
	if (fds != fast)
		kfree(fds);
	return ret;
}

/* ---- select ---- */

#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX POLLPRI

/* 32 descriptors: what is asked for, and what of it is so. */
struct select_word {
	u32 in, out, ex;
	u32 res_in, res_out, res_ex;
};

/* Those of n descriptors from the program, and back. 0 or -EFAULT. A pointer moves on only when what it pointed to was there. */
static inline int get_words(struct select_word *w, int n, const u32 __user *in, const u32 __user *out, const u32 __user *ex)
{
	for (u32 i = 0; n > 0; n -= 32, w++, i++) {
		w->in = w->out = w->ex = w->res_in = w->res_out = w->res_ex = 0;
		if ((in && !get_user_word(&w->in, in + i)) || (out && !get_user_word(&w->out, out + i)) || (ex && !get_user_word(&w->ex, ex + i)))
			return -EFAULT;
	}
	return 0;
}

static inline int put_words(const struct select_word *w, int n, u32 __user *in, u32 __user *out, u32 __user *ex)
{
	for (u32 i = 0; n > 0; n -= 32, w++, i++)
		if ((in && !put_user_word(w->res_in, in + i)) || (out && !put_user_word(w->res_out, out + i)) || (ex && !put_user_word(w->res_ex, ex + i)))
			return -EFAULT;
	return 0;
}

/* The descriptors of a word that are asked for, among the first n of them. */
static inline u32 word_wanted(const struct select_word *w, int n)
{
	u32 all = w->in | w->out | w->ex;
	return n < 32 ? all & ((1u << n) - 1) : all;
}

/* The descriptor of this bit has these events: note those that are asked for, and count them. */
static inline void word_note(struct select_word *w, u32 bit, u32 events, long *ready)
{
	if ((w->in & bit) && (events & SELECT_IN)) {
		w->res_in |= bit;
		++*ready;
	}
	if ((w->out & bit) && (events & SELECT_OUT)) {
		w->res_out |= bit;
		++*ready;
	}
	if ((w->ex & bit) && (events & SELECT_EX)) {
		w->res_ex |= bit;
		++*ready;
	}
}

/*
 * Both looks fill the results, which are 0 before: those of a look that finds nothing stay so. A descriptor that is not there is an error at first;
 * one that was closed since is ready for everything, as on Linux.
 */
static noinline long select_look_queue(struct select_word *w, int n, struct poll_table *pt, bool first)
{
	long ready = 0;

	for (int base = 0; base < n; base += 32, w++) {
		for (u32 all = word_wanted(w, n - base); all; all &= all - 1) {
			u32 bit = all & -all;
			struct fd f = fdget(base + __builtin_ctz(all));
			if (!f.file) {
				if (first)
					return -EBADF;
				word_note(w, bit, SELECT_IN | SELECT_OUT | SELECT_EX, &ready);
				continue;
			}
			if (pt)
				pt->key = (w->in & bit ? SELECT_IN : 0) | (w->out & bit ? SELECT_OUT : 0) | (w->ex & bit ? SELECT_EX : 0) | POLLERR | POLLHUP;
			word_note(w, bit, file_events(f.file, pt), &ready);
			fdput(f);
			if (pt && ready)
				pt->queue = NULL;
		}
	}
	return ready;
}

static __always_inline long select_look(const struct files *t, struct select_word *w, int n, bool first)
{
	long ready = 0;

	if (!files_unshared(t))
		return select_look_queue(w, n, NULL, first);
	for (struct file **slots = t->fd; n > 0; n -= 32, slots += 32, w++) {
		for (u32 all = word_wanted(w, n); all; all &= all - 1) {
			u32 events = slot_events(slots[__builtin_ctz(all)]);
			if (likely(!events))
				continue;
			if (unlikely(events & POLLNVAL)) {
				if (first)
					return -EBADF;
				events = SELECT_IN | SELECT_OUT | SELECT_EX;
			}
			word_note(w, all & -all, events, &ready);
		}
	}
	return ready;
}

static long select_look_again(void *words, u32 n, struct poll_table *pt)
{
	return pt ? select_look_queue(words, (int)n, pt, false) : select_look(current->files, words, (int)n, false);
}

long do_select(int n, u32 __user *in, u32 __user *out, u32 __user *ex, const u64 *deadline_ns)
{
	struct select_word few[8], *words = few;
	const struct files *t = current->files;

	if (n < 0)
		return -EINVAL;
	n = (int)min((u32)n, t->max);
	if (n > (int)ARRAY_SIZE(few) * 32) {
		words = kmalloc(DIV_ROUND_UP((u32)n, 32) * sizeof(*words), GFP_KERNEL);
		if (!words)
			return -ENOMEM;
	}
	long ret = get_words(words, n, in, out, ex);
	if (!ret)
		ret = select_look(t, words, n, true);
	if (!ret)
		ret = wait_ready(select_look_again, words, (u32)n, deadline_ns);
	if (ret >= 0 && put_words(words, n, in, out, ex))
		ret = -EFAULT;
	if (words != few)
		kfree(words);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}
