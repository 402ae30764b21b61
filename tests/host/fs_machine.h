/*
 * A machine on the host for file system tests: memory with an LRU and a limit, locks that check their use, and one disk (an image file)
 * whose requests are finished late and in any order, but never two that overlap. The page cache, buffer heads, inodes and names above it
 * are the kernel's own files; only what stands here is made up. One task; a wait finishes requests until what it waits for has happened.
 */
#ifndef TESTS_HOST_FS_MACHINE_H
#define TESTS_HOST_FS_MACHINE_H

#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"

/* Call first. pages: memory of the machine. */
void machine_start(u32 pages, u32 seed);
/* A buffer in page frames, as O_DIRECT wants it. */
#define MACHINE_DMA_PAGES 16u
void *machine_dma_buffer(void);
void machine_seed(u32 seed);
u32 machine_random(void);
void machine_set_user(uid_t uid);  /* 0: root, who may do all */
void machine_show_log(bool on);    /* kernel log to stdout */
u32 machine_log_lines(void);       /* lines so far */
bool machine_log_has(const char *text); /* in the lines since machine_log_clear */
void machine_log_clear(void);
/* Fail the next requests that touch this byte of the disk; ~0: none. */
void machine_fail_at(u64 byte, bool writes);
/* On damaged images two files may share a block, and then requests overlap. */
void machine_allow_overlap(void);
struct disk_counts { u32 reads, writes; u64 bytes_read, bytes_written; };
extern struct disk_counts disk_counts;

/* Mount the image file. ERR_PTR. */
struct super_block *machine_mount(const char *image, u32 flags, const char *options);
/* -EBUSY if something is still in use. The image is complete on return. */
int machine_umount(struct super_block *sb);
int machine_remount(struct super_block *sb, u32 flags, const char *options);
int machine_sync(struct super_block *sb);
/* Forget clean pages, unused names and inodes. */
void machine_drop_caches(void);

/* ---- system calls, in a way: paths from the root of sb; 0, a count, or -errno ---- */
int t_create(struct super_block *sb, const char *path, umode_t mode);
int t_mkdir(struct super_block *sb, const char *path, umode_t mode);
int t_mknod(struct super_block *sb, const char *path, umode_t mode, kdev_t dev);
int t_symlink(struct super_block *sb, const char *target, const char *path);
int t_link(struct super_block *sb, const char *old, const char *path);
int t_unlink(struct super_block *sb, const char *path);
int t_rmdir(struct super_block *sb, const char *path);
int t_rename(struct super_block *sb, const char *old, const char *path, u32 flags);
int t_readlink(struct super_block *sb, const char *path, char *buf, size_t size);
int t_truncate(struct super_block *sb, const char *path, loff_t size);
int t_chmod(struct super_block *sb, const char *path, umode_t mode);
int t_chown(struct super_block *sb, const char *path, uid_t uid, gid_t gid);
int t_utimes(struct super_block *sb, const char *path, struct timespec_k atime, struct timespec_k mtime);
int t_stat(struct super_block *sb, const char *path, struct kstat *st);
struct file *t_open(struct super_block *sb, const char *path, int flags); /* O_CREAT, O_TRUNC, O_DIRECT ...; ERR_PTR */
void t_close(struct file *f);
ssize_t t_pread(struct file *f, void *buf, u32 n, loff_t pos);
ssize_t t_pwrite(struct file *f, const void *buf, u32 n, loff_t pos);
int t_fsync(struct file *f, bool datasync);
/* Call fn for each entry; seek_every > 0: read so many, forget the position and come back by it. 0 or -errno. */
typedef void (*t_entry)(const char *name, u32 len, u64 ino, u32 type, void *arg);
int t_readdir(struct super_block *sb, const char *path, u32 seek_every, t_entry fn, void *arg);
struct inode *t_inode(struct super_block *sb, const char *path); /* with a reference. ERR_PTR */

#endif
