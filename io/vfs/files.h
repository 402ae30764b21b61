/* Descriptor tables and the per-process file-system context (cwd, root, umask). Both reference-counted, shared by clone. */
#ifndef IO_VFS_FILES_H
#define IO_VFS_FILES_H

#include "io/contract/filesystem.h"

struct task;
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
struct fs_context *fs_create(void);           /* cwd and root at the root mount, umask 022 */
struct fs_context *fs_dup(struct fs_context *old);
void fs_put(struct fs_context *fs);

struct file *fget(int fd);                    /* of current, with a reference; NULL: bad descriptor (or O_PATH) */
struct file *fget_raw(int fd);                /* O_PATH ones too */
/* Without a reference when the table is not shared: pair with fdput. */
struct fd { struct file *file; bool need_put; };
struct fd fdget(int fd);
struct fd fdget_pos(int fd);                  /* and pos_lock if the position is shared */
void fdput(struct fd f);
void fdput_pos(struct fd f);
int get_unused_fd(u32 flags, u32 from);       /* reserve; -EMFILE by RLIMIT_NOFILE */
void put_unused_fd(int fd);
void fd_install(int fd, struct file *f);      /* consumes the reference */
int close_fd(int fd);
int replace_fd(int fd, struct file *f, u32 flags); /* dup2 */
struct file *task_fget(struct task *t, u32 fd);    /* of another task, with a reference; for /proc */
int task_next_fd(struct task *t, u32 from);        /* lowest open one >= from, or -1 */

#endif
