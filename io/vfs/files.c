/*
 * Descriptor tables. A table grows by doubling, up to RLIMIT_NOFILE; open_map has a bit for each descriptor in use or reserved, so that the
 * lowest free one is found a word at a time from next_fd on (no free descriptor lies below it).
 * A table that only one task uses is read without its lock: nobody else can change it.
 */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

#define FILES_INITIAL 32u
#define NR_OPEN_MAX (1024u * 1024u)

static u32 nofile_limit(void)
{
	u64 cur = rlimit(RLIMIT_NOFILE);
	return cur < NR_OPEN_MAX ? (u32)cur : NR_OPEN_MAX;
}

/* Room for max descriptors: the pointers, then the two maps, in one piece. max is a multiple of 32. */
static bool table_alloc(struct files *t, u32 max_fds)
{
	u32 words = max_fds / 32;
	struct file **fd = kzalloc(max_fds * sizeof(*fd) + 2 * words * sizeof(u32), GFP_KERNEL);
	if (!fd)
		return false;
	t->fd = fd;
	t->open_map = (u32 *)(fd + max_fds);
	t->cloexec_map = t->open_map + words;
	t->max = max_fds;
	return true;
}

static struct files *files_alloc(u32 max_fds)
{
	struct files *t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return NULL;
	atomic_set(&t->refs, 1);
	spin_lock_init(&t->lock, "files", RANK_FILES);
	if (!table_alloc(t, max_fds)) {
		kfree(t);
		return NULL;
	}
	return t;
}

struct files *files_create(void)
{
	struct files *t = files_alloc(FILES_INITIAL);
	return t ? t : ERR_PTR(-ENOMEM);
}

/* How many descriptors up to the highest one in use, in multiples of 32. Lock held. */
static u32 used_size(const struct files *t)
{
	u32 w = t->max / 32;
	while (w > 1 && !t->open_map[w - 1])
		w--;
	return w * 32;
}

struct files *files_dup(struct files *old)
{
	for (;;) {
		u32 size = max(used_size(old), FILES_INITIAL);
		struct files *t = files_alloc(size);
		if (!t)
			return ERR_PTR(-ENOMEM);
		spin_lock(&old->lock);
		if (unlikely(used_size(old) > size)) { /* another thread opened more meanwhile */
			spin_unlock(&old->lock);
			kfree(t->fd);
			kfree(t);
			continue;
		}
		memcpy(t->open_map, old->open_map, size / 8);
		memcpy(t->cloexec_map, old->cloexec_map, size / 8);
		for (u32 w = 0; w < size / 32; w++)
			for (u32 bits = t->open_map[w]; bits; bits &= bits - 1) {
				u32 fd = w * 32 + (u32)__builtin_ctz(bits);
				if (old->fd[fd])
					t->fd[fd] = get_file(old->fd[fd]);
				else /* reserved by a call of another thread that is still under way */
					bitmap_clear(t->open_map, fd);
			}
		t->next_fd = 0;
		spin_unlock(&old->lock);
		return t;
	}
}

/* What closing one descriptor means for its file, apart from the reference. May sleep. */
static int file_close(struct file *f, struct files *owner)
{
	int err = 0;
	if (f->ops && f->ops->flush)
		err = f->ops->flush(f);
	if (!(f->mode & FMODE_PATH))
		locks_remove_posix(f, owner);
	fput(f);
	return err;
}

void files_put(struct files *t)
{
	if (!t || !atomic_dec_and_test(&t->refs))
		return;
	for (u32 w = 0; w < t->max / 32; w++)
		for (u32 bits = t->open_map[w]; bits; bits &= bits - 1) {
			struct file *f = t->fd[w * 32 + (u32)__builtin_ctz(bits)];
			if (f) {
				file_close(f, t);
				cond_resched();
			}
		}
	kfree(t->fd);
	kfree(t);
}

/* Take descriptor fd out of the table; its file with the table's reference, or NULL. Lock held. */
static struct file *take_fd(struct files *t, u32 fd)
{
	if (fd >= t->max || !t->fd[fd])
		return NULL;
	struct file *f = t->fd[fd];
	t->fd[fd] = NULL;
	bitmap_clear(t->open_map, fd);
	bitmap_clear(t->cloexec_map, fd);
	if (fd < t->next_fd)
		t->next_fd = fd;
	return f;
}

void files_close_on_exec(struct files *t)
{
	for (u32 w = 0; w < t->max / 32; w++) {
		while (t->cloexec_map[w]) {
			u32 fd = w * 32 + (u32)__builtin_ctz(t->cloexec_map[w]);
			spin_lock(&t->lock);
			struct file *f = take_fd(t, fd);
			bitmap_clear(t->cloexec_map, fd);
			spin_unlock(&t->lock);
			if (f)
				file_close(f, t);
		}
	}
}

struct files *files_replace(struct files *own)
{
	spin_lock_bh(&tasklist_lock);
	struct files *old = current->files;
	current->files = own;
	spin_unlock_bh(&tasklist_lock);
	return old;
}

/* ---- looking up ---- */

struct fd fdget_shared(int fd, bool raw)
{
	struct files *t = current->files;
	spin_lock(&t->lock);
	struct file *f = (u32)fd < t->max ? t->fd[fd] : NULL;
	if (f && !raw && (f->mode & FMODE_PATH))
		f = NULL;
	if (f)
		get_file(f);
	spin_unlock(&t->lock);
	return (struct fd){ f, f != NULL, false };
}

struct fd fdget_raw(int fd)
{
	struct files *t = current->files;
	if (atomic_read(&t->refs) != 1)
		return fdget_shared(fd, true);
	return (struct fd){ (u32)fd < t->max ? t->fd[fd] : NULL, false, false };
}

struct file *fget_raw(int fd)
{
	return current->files ? fdget_shared(fd, true).file : NULL;
}

struct file *fget(int fd)
{
	return current->files ? fdget_shared(fd, false).file : NULL;
}

/* The table of another task, kept alive. NULL: it has none (any more). */
static struct files *task_files(struct task *t)
{
	spin_lock_bh(&tasklist_lock);
	struct files *files = t->files;
	if (files && !atomic_inc_not_zero(&files->refs))
		files = NULL;
	spin_unlock_bh(&tasklist_lock);
	return files;
}

struct file *task_fget(struct task *task, u32 fd)
{
	struct files *t = task_files(task);
	if (!t)
		return NULL;
	spin_lock(&t->lock);
	struct file *f = fd < t->max && t->fd[fd] ? get_file(t->fd[fd]) : NULL;
	spin_unlock(&t->lock);
	files_put(t);
	return f;
}

int task_next_fd(struct task *task, u32 from)
{
	struct files *t = task_files(task);
	int found = -1;
	if (!t)
		return -1;
	spin_lock(&t->lock);
	for (u32 fd = from; fd < t->max && found < 0; fd++)
		if (t->fd[fd])
			found = (int)fd;
	spin_unlock(&t->lock);
	files_put(t);
	return found;
}

/* ---- reserving and installing ---- */

/* Make the table hold descriptor fd. Lock held, dropped and taken again. 0, -ENOMEM. */
static int table_grow(struct files *t, u32 fd)
{
	struct files bigger = { 0 };
	u32 want = max(t->max * 2, ALIGN_UP(fd + 1, 32u));
	struct file **old = NULL;

	spin_unlock(&t->lock);
	bool ok = table_alloc(&bigger, min(want, NR_OPEN_MAX));
	spin_lock(&t->lock);
	if (!ok)
		return -ENOMEM;
	if (t->max < bigger.max) {
		memcpy(bigger.fd, t->fd, t->max * sizeof(*t->fd));
		memcpy(bigger.open_map, t->open_map, t->max / 8);
		memcpy(bigger.cloexec_map, t->cloexec_map, t->max / 8);
		old = t->fd;
		t->fd = bigger.fd;
		t->open_map = bigger.open_map;
		t->cloexec_map = bigger.cloexec_map;
		t->max = bigger.max;
	} else { /* somebody else was faster */
		old = bigger.fd;
	}
	kfree(old);
	return 0;
}

/* The lowest descriptor >= from that is free (it may lie past the end of the table). Lock held. */
static u32 lowest_free(const struct files *t, u32 from)
{
	u32 w = from / 32, words = t->max / 32;
	if (w >= words)
		return from;
	u32 clear = ~t->open_map[w] & (~0u << (from & 31));
	while (!clear) {
		if (++w == words)
			return t->max;
		clear = ~t->open_map[w];
	}
	return w * 32 + (u32)__builtin_ctz(clear);
}

int get_unused_fd(u32 flags, u32 from)
{
	struct files *t = current->files;
	u32 limit = nofile_limit(), fd;
	int err = 0;

	spin_lock(&t->lock);
	for (;;) {
		fd = lowest_free(t, max(from, t->next_fd));
		if (fd >= limit) {
			err = -EMFILE;
			break;
		}
		if (fd < t->max)
			break;
		err = table_grow(t, fd);
		if (err)
			break;
	}
	if (!err) {
		bitmap_set(t->open_map, fd);
		if (flags & O_CLOEXEC)
			bitmap_set(t->cloexec_map, fd);
		else
			bitmap_clear(t->cloexec_map, fd);
		if (from <= t->next_fd)
			t->next_fd = fd + 1;
	}
	spin_unlock(&t->lock);
	return err ? err : (int)fd;
}

void put_unused_fd(int fd)
{
	struct files *t = current->files;
	spin_lock(&t->lock);
	bitmap_clear(t->open_map, (u32)fd);
	bitmap_clear(t->cloexec_map, (u32)fd);
	if ((u32)fd < t->next_fd)
		t->next_fd = (u32)fd;
	spin_unlock(&t->lock);
}

void fd_install(int fd, struct file *f)
{
	struct files *t = current->files;
	spin_lock(&t->lock);
	ASSERT(!t->fd[fd]);
	t->fd[fd] = f;
	spin_unlock(&t->lock);
}

int close_fd(int fd)
{
	struct files *t = current->files;
	spin_lock(&t->lock);
	struct file *f = take_fd(t, (u32)fd);
	spin_unlock(&t->lock);
	return f ? file_close(f, t) : -EBADF;
}

int replace_fd(int fd, struct file *f, u32 flags)
{
	struct files *t = current->files;
	struct file *old;

	if ((u32)fd >= nofile_limit())
		return -EBADF;
	spin_lock(&t->lock);
	while ((u32)fd >= t->max) {
		int err = table_grow(t, (u32)fd);
		if (err) {
			spin_unlock(&t->lock);
			return err;
		}
	}
	if (!t->fd[fd] && bitmap_test(t->open_map, (u32)fd)) { /* reserved by a call that is under way, as in Linux */
		spin_unlock(&t->lock);
		return -EBUSY;
	}
	old = t->fd[fd];
	t->fd[fd] = get_file(f);
	bitmap_set(t->open_map, (u32)fd);
	if (flags & O_CLOEXEC)
		bitmap_set(t->cloexec_map, (u32)fd);
	else
		bitmap_clear(t->cloexec_map, (u32)fd);
	spin_unlock(&t->lock);
	if (old)
		file_close(old, t);
	return fd;
}

int dup_file_fd(struct file *f, u32 from, u32 flags)
{
	if (from >= nofile_limit())
		return -EINVAL;
	int fd = get_unused_fd(flags, from);
	if (fd >= 0)
		fd_install(fd, get_file(f));
	return fd;
}

int fd_cloexec(int fd, int set)
{
	struct files *t = current->files;
	int flag = -EBADF;
	spin_lock(&t->lock);
	if ((u32)fd < t->max && t->fd[fd]) {
		if (set > 0)
			bitmap_set(t->cloexec_map, (u32)fd);
		else if (!set)
			bitmap_clear(t->cloexec_map, (u32)fd);
		flag = bitmap_test(t->cloexec_map, (u32)fd);
	}
	spin_unlock(&t->lock);
	return flag;
}

int anon_fd(const char *name, const struct file_operations *ops, void *private, u32 flags)
{
	int fd = get_unused_fd(flags, 0);
	if (fd < 0)
		return fd;
	struct file *f = anon_file(name, ops, private, flags);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return (int)PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}
