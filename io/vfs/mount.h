/* Mounts: which super block covers which name. The tree changes under mount_lock (mutex, RANK_MOUNT). */
#ifndef IO_VFS_MOUNT_H
#define IO_VFS_MOUNT_H

#include "io/contract/filesystem.h"

#define MNT_READONLY BIT(0)
#define MNT_NOSUID BIT(1)
#define MNT_NODEV BIT(2)
#define MNT_NOEXEC BIT(3)
#define MNT_NOATIME BIT(4)
#define MNT_NODIRATIME BIT(5)
#define MNT_RELATIME BIT(6)

struct mount {
	atomic_t refs;
	struct super_block *sb;
	struct dentry *root;
	struct mount *parent;
	struct dentry *mountpoint;
	u32 flags;            /* MNT_* */
	u32 id;               /* that no other mount ever has */
	struct list_head node, hash_node, children, child_node;
	char source[64];
};
/* MS_* flags of mount(2). */
#define MS_RDONLY 1u
#define MS_NOSUID 2u
#define MS_NODEV 4u
#define MS_NOEXEC 8u
#define MS_SYNCHRONOUS 16u
#define MS_REMOUNT 32u
#define MS_NOATIME 1024u
#define MS_NODIRATIME 2048u
#define MS_BIND 4096u
#define MS_MOVE 8192u
#define MS_REC 16384u
#define MS_SILENT 32768u
#define MS_RELATIME (1u << 21)
#define MS_STRICTATIME (1u << 24)
#define MNT_FORCE 1
#define MNT_DETACH 2

int do_mount(const char *source, const char *target, const char *type, u32 flags, const char *data);
int do_umount(const char *target, u32 flags);
int mount_root(void); /* by root=, rootfstype=, ro/rw of the command line; with /dev on devfs */
struct seq_buf;
int mounts_show(struct seq_buf *s, void *arg); /* /proc/mounts */
int mountinfo_show(struct seq_buf *s);         /* /proc/PID/mountinfo */
int filesystems_show(struct seq_buf *s, void *arg);
void sync_filesystems(bool wait);
int sync_filesystem(struct super_block *sb);
/*
 * Called before a file system is said to be busy: lets go of files that no process can reach any more, in messages that nobody can receive.
 * Set by io/net. Process context, no lock held.
 */
extern void (*unreachable_files_hook)(void);
int umount_all(void); /* at power-off: sync, remount read-only */
int vfs_init(void);

#endif
