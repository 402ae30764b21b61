/*
 * Descriptor tables and the per-process file-system context (cwd, root, umask). Both reference-counted, shared by clone.
 * A task that exits sets task->files and task->fs to NULL under tasklist_lock before it puts them: /proc looks at them under that lock.
 */
#ifndef IO_VFS_FILES_H
#define IO_VFS_FILES_H

#include "io/contract/filesystem.h"
#include "kernel/sched/task.h"

struct files {
	atomic_t refs;
	struct spinlock lock;   /* RANK_FILES */
	struct file **fd;       /* max entries; a slot that is reserved but not yet installed holds NULL with its open bit set */
	u32 *open_map, *cloexec_map;
	u32 max, next_fd;
};
struct fs_context {
	atomic_t refs;
	struct spinlock lock;   /* RANK_FILES */
	struct path cwd, root;
	umode_t umask;
};

struct files *files_create(void);
struct files *files_dup(struct files *old);   /* for fork: same files, own table. ERR_PTR */
void files_put(struct files *f);              /* the last one closes everything; may sleep */
void files_close_on_exec(struct files *f);
struct files *files_replace(struct files *own); /* current uses own (its reference moves) from now on; the old table with its reference */
struct fs_context *fs_create(void);           /* cwd and root at the root mount, umask 022 */
struct fs_context *fs_dup(struct fs_context *old);
void fs_put(struct fs_context *fs);

struct file *fget(int fd);                    /* of current, with a reference; NULL: bad descriptor (or O_PATH) */
struct file *fget_raw(int fd);                /* O_PATH ones too */
/* Does the current task alone use its table? Then it stays so until this task shares it, and its files need no reference meanwhile. */
static inline bool files_unshared(const struct files *t) { return atomic_read(&t->refs) == 1; }
/* In such a table; NULL: bad descriptor (or O_PATH). */
static inline struct file *unshared_file(const struct files *t, int fd)
{
	struct file *f = likely((u32)fd < t->max) ? t->fd[fd] : NULL;
	return f && likely(!(f->mode & FMODE_PATH)) ? f : NULL;
}
/*
 * The file (O_PATH ones too), when nobody else can use the table meanwhile: it needs no reference. NULL: a shared table, or a bad descriptor.
 * fd_alone_pos: nor the position, so pos_lock is not needed either. Whoever gets NULL goes on with fdget or fdget_pos.
 */
static inline struct file *fd_alone(int fd)
{
	const struct files *t = current->files;
	return likely(files_unshared(t) && (u32)fd < t->max) ? t->fd[fd] : NULL;
}
static inline struct file *fd_alone_pos(int fd)
{
	struct file *f = fd_alone(fd);
	return f && unlikely((f->mode & FMODE_ATOMIC_POS) && atomic_read(&f->refs) > 1) ? NULL : f;
}
/* Without a reference when the table is not shared: pair with fdput. */
struct fd {
	struct file *file; /* NULL: bad descriptor (or O_PATH) */
	u32 need_put, pos_locked; /* truth values; words, because gcc aligns the stack for a local of 8 bytes */
};
struct fd fdget_shared(int fd, bool raw);
static inline struct fd fdget(int fd)
{
	if (unlikely(!files_unshared(current->files)))
		return fdget_shared(fd, false);
	return (struct fd){ unshared_file(current->files, fd), false, false };
}
struct fd fdget_raw(int fd);                  /* O_PATH ones too */
static inline void fdput(struct fd f)
{
	if (f.need_put)
		fput(f.file);
}
/* The same, and pos_lock when somebody else can use the position at the same time. */
static inline struct fd fdget_pos(int fd)
{
	struct fd f = fdget(fd);
	if (f.file && (f.file->mode & FMODE_ATOMIC_POS) && atomic_read(&f.file->refs) > 1) {
		f.pos_locked = true;
		mutex_lock(&f.file->pos_lock);
	}
	return f;
}
static inline void fdput_pos(struct fd f)
{
	if (f.pos_locked)
		mutex_unlock(&f.file->pos_lock);
	fdput(f);
}
int get_unused_fd(u32 flags, u32 from);       /* reserve; -EMFILE by RLIMIT_NOFILE */
void put_unused_fd(int fd);
void fd_install(int fd, struct file *f);      /* consumes the reference */
/* A descriptor of a new file without a name (see anon_file; flags with O_CLOEXEC). -errno: private is still the caller's. */
int anon_fd(const char *name, const struct file_operations *ops, void *private, u32 flags);
int close_fd(int fd);
int replace_fd(int fd, struct file *f, u32 flags); /* dup2 */
void close_later_files(void);                      /* of current, that fput_later left; may sleep */
void flush_closing_files(void);                    /* the same, and those that kernel threads left; no lock held */
struct file *task_fget(struct task *t, u32 fd);    /* of another task, with a reference; for /proc */
int task_next_fd(struct task *t, u32 from);        /* lowest open one >= from, or -1 */
int fd_cloexec(int fd, int set);                   /* FD_CLOEXEC: 0 or 1 sets it, -1 asks; the flag or -EBADF */
int dup_file_fd(struct file *f, u32 from, u32 flags); /* lowest free descriptor >= from; takes its own reference */
/* cwd and root of the current task, with references. */
void current_cwd(struct path *out);
void current_root(struct path *out);
void set_fs_cwd(struct fs_context *fs, const struct path *p);  /* takes its own references */
void set_fs_root(struct fs_context *fs, const struct path *p);
void task_fs_paths(struct task *t, struct path *cwd, struct path *root); /* of another task, with references (NULL members: gone); for /proc */

#endif
