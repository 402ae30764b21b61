/* What the files of procfs share. */
#ifndef IO_FS_PROC_INTERNAL_H
#define IO_FS_PROC_INTERNAL_H

#include "io/contract/filesystem.h"
#include "io/contract/proc_file.h"

/* A registered file, folder or link. Entries are never removed. */
struct proc_entry {
	char name[32];
	umode_t mode;
	u32 ino;
	seq_show_t show;
	ssize_t (*write)(void *arg, const char *text, size_t len);
	void *arg;
	const char *target; /* links; NULL: the reader's pid */
	struct list_head children, sibling; /* proc_lock */
};
extern struct proc_entry proc_root;
struct proc_entry *proc_find(struct proc_entry *dir, const char *name, size_t len); /* NULL: none */
struct proc_entry *proc_nth(struct proc_entry *dir, u32 n);
struct inode *proc_entry_inode(struct super_block *sb, struct proc_entry *e);

/* Processes (pid.c). */
#define PROC_PID_POS 0x10000 /* positions of the root folder from here on are pids */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *d); /* NULL: d is hashed; ERR_PTR(-ENOENT): no such process */
void proc_pid_iterate(struct dir_context *c);
void proc_pid_evict(struct inode *inode);
bool proc_inode_is_pid(const struct inode *inode);

#endif
