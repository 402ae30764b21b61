/*
 * /proc: subsystems register what they show. System-wide files by proc_create; the files of a process's folder by one table, because
 * each exists once per process. Process context, may sleep.
 */
#ifndef IO_CONTRACT_PROC_FILE_H
#define IO_CONTRACT_PROC_FILE_H

#include "io/contract/file.h"
#include "kernel/lib/seq_buf.h"

struct task;

/*
 * path like "meminfo" or "sys/vm/drop_caches" (folders are made). show and write may be NULL; write gets the text terminated and returns
 * bytes taken or -errno. 0, -EEXIST, -ENOMEM.
 */
int __must_check proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *arg, const char *text, size_t len), void *arg);
/* target NULL: the pid of whoever reads the link. */
int __must_check proc_symlink(const char *path, const char *target);

/* One entry of /proc/PID. t is kept alive by a reference; it may have exited meanwhile: answer -ESRCH or nothing. */
struct proc_pid_entry {
	const char *name;
	u32 mode;                                         /* type and permissions */
	bool inside;                                      /* S_IFREG: only for who may look inside the process; links and folders always are */
	int (*show)(struct seq_buf *s, struct task *t);   /* S_IFREG: its text */
	int (*get_path)(struct task *t, struct path *out); /* S_IFLNK: where it leads; with references. -ENOENT */
	/* S_IFDIR: a folder of numbered links (fd). The lowest number >= from, or -1. */
	int (*next)(struct task *t, u32 from);
	int (*get_numbered)(struct task *t, u32 n, struct path *out);
	u32 (*numbered_mode)(struct task *t, u32 n);       /* permissions of the link: how the file is open */
	/* S_IFREG: what is written to it; bytes taken or -errno. NULL: read-only. */
	ssize_t (*write)(struct task *t, const char *text, size_t len);
};
/* The table of /proc/PID: nr entries; once, at init. */
void proc_pid_register(const struct proc_pid_entry *entries, u32 nr);
/* The process whose folder /proc/PID the file is, with a reference; NULL: it is another file. The process may have ended. */
struct task *proc_pid_folder_task(const struct file *f);

#endif
