/*
 * The system calls on files, for the table (kernel/syscall/table.c). Arguments as programs pass them; 64-bit offsets come as two longs, low
 * first. Results are 0, a count, a descriptor, or -errno.
 */
#ifndef KERNEL_SYSCALL_FS_H
#define KERNEL_SYSCALL_FS_H

#include "kernel/lib/types.h"

struct iovec_k;

/* rw.c */
long sys_read(int fd, void __user *buf, size_t n);
long sys_write(int fd, const void __user *buf, size_t n);
long sys_pread64(int fd, void __user *buf, size_t n, u32 lo, u32 hi);
long sys_pwrite64(int fd, const void __user *buf, size_t n, u32 lo, u32 hi);
long sys_readv(int fd, const struct iovec_k __user *vec, u32 n);
long sys_writev(int fd, const struct iovec_k __user *vec, u32 n);
long sys_preadv(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi);
long sys_pwritev(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi);
long sys_preadv2(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi, u32 flags);
long sys_pwritev2(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi, u32 flags);
long sys_lseek(int fd, long off, int whence);
long sys_llseek(int fd, u32 hi, u32 lo, s64 __user *result, int whence);
long sys_sendfile(int out, int in, s32 __user *offset, size_t n);
long sys_sendfile64(int out, int in, s64 __user *offset, size_t n);
/* open.c */
long sys_open(const char __user *name, int flags, u32 mode);
long sys_openat(int dfd, const char __user *name, int flags, u32 mode);
long sys_openat2(int dfd, const char __user *name, const void __user *how, size_t size);
long sys_creat(const char __user *name, u32 mode);
long sys_close(int fd);
long sys_close_range(u32 first, u32 last, u32 flags);
long sys_pipe(s32 __user *fds);
long sys_pipe2(s32 __user *fds, int flags);
long sys_truncate(const char __user *name, long size);
long sys_ftruncate(int fd, long size);
long sys_truncate64(const char __user *name, u32 lo, u32 hi);
long sys_ftruncate64(int fd, u32 lo, u32 hi);
long sys_fallocate(int fd, int mode, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi);
/* fd.c */
long sys_dup(int fd);
long sys_dup2(int old, int new);
long sys_dup3(int old, int new, int flags);
long sys_fcntl(int fd, u32 cmd, unsigned long arg);
long sys_fcntl64(int fd, u32 cmd, unsigned long arg);
long sys_ioctl(int fd, u32 cmd, unsigned long arg);
long sys_flock(int fd, int op);
long sys_umask(u32 mask);
/* stat.c */
long sys_oldstat(const char __user *name, void __user *st);
long sys_oldlstat(const char __user *name, void __user *st);
long sys_oldfstat(int fd, void __user *st);
long sys_stat(const char __user *name, void __user *st);
long sys_lstat(const char __user *name, void __user *st);
long sys_fstat(int fd, void __user *st);
long sys_stat64(const char __user *name, void __user *st);
long sys_lstat64(const char __user *name, void __user *st);
long sys_fstat64(int fd, void __user *st);
long sys_fstatat64(int dfd, const char __user *name, void __user *st, int flags);
long sys_statx(int dfd, const char __user *name, u32 flags, u32 mask, void __user *st);
long sys_statfs(const char __user *name, void __user *st);
long sys_fstatfs(int fd, void __user *st);
long sys_statfs64(const char __user *name, size_t size, void __user *st);
long sys_fstatfs64(int fd, size_t size, void __user *st);
long sys_ustat(u32 dev, void __user *st);
long sys_readlink(const char __user *name, char __user *buf, int size);
long sys_readlinkat(int dfd, const char __user *name, char __user *buf, int size);
/* dirent.c */
long sys_getdents(int fd, void __user *buf, u32 size);
long sys_getdents64(int fd, void __user *buf, u32 size);
long sys_old_readdir(int fd, void __user *buf, u32 count);
/* names.c */
long sys_mkdir(const char __user *name, u32 mode);
long sys_mkdirat(int dfd, const char __user *name, u32 mode);
long sys_rmdir(const char __user *name);
long sys_mknod(const char __user *name, u32 mode, u32 dev);
long sys_mknodat(int dfd, const char __user *name, u32 mode, u32 dev);
long sys_unlink(const char __user *name);
long sys_unlinkat(int dfd, const char __user *name, int flags);
long sys_symlink(const char __user *target, const char __user *name);
long sys_symlinkat(const char __user *target, int dfd, const char __user *name);
long sys_link(const char __user *old, const char __user *new);
long sys_linkat(int olddfd, const char __user *old, int newdfd, const char __user *new, int flags);
long sys_rename(const char __user *old, const char __user *new);
long sys_renameat(int olddfd, const char __user *old, int newdfd, const char __user *new);
long sys_renameat2(int olddfd, const char __user *old, int newdfd, const char __user *new, u32 flags);
long sys_chdir(const char __user *name);
long sys_fchdir(int fd);
long sys_chroot(const char __user *name);
long sys_getcwd(char __user *buf, u32 size);
/* attr.c */
long sys_access(const char __user *name, int mode);
long sys_faccessat(int dfd, const char __user *name, int mode);
long sys_faccessat2(int dfd, const char __user *name, int mode, int flags);
long sys_chmod(const char __user *name, u32 mode);
long sys_fchmod(int fd, u32 mode);
long sys_fchmodat(int dfd, const char __user *name, u32 mode);
long sys_chown(const char __user *name, u32 uid, u32 gid); /* chown32 of the table; the 16-bit forms are below */
long sys_lchown(const char __user *name, u32 uid, u32 gid);
long sys_fchown(int fd, u32 uid, u32 gid);
long sys_chown16(const char __user *name, u32 uid, u32 gid);
long sys_lchown16(const char __user *name, u32 uid, u32 gid);
long sys_fchown16(int fd, u32 uid, u32 gid);
long sys_fchownat(int dfd, const char __user *name, u32 uid, u32 gid, int flags);
long sys_utime(const char __user *name, const s32 __user *times);
long sys_utimes(const char __user *name, const s32 __user *times);
long sys_futimesat(int dfd, const char __user *name, const s32 __user *times);
long sys_utimensat(int dfd, const char __user *name, const s32 __user *times, int flags);
long sys_utimensat_time64(int dfd, const char __user *name, const s64 __user *times, int flags);
/* poll.c */
long sys_poll(void __user *fds, u32 n, int timeout_ms);
long sys_ppoll(void __user *fds, u32 n, s32 __user *timeout, const void __user *mask, size_t size);
long sys_ppoll_time64(void __user *fds, u32 n, s64 __user *timeout, const void __user *mask, size_t size);
long sys_old_select(const u32 __user *args);
long sys_select(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout);
long sys_pselect6(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s32 __user *timeout, const u32 __user *mask);
long sys_pselect6_time64(int n, u32 __user *in, u32 __user *out, u32 __user *ex, s64 __user *timeout, const u32 __user *mask);
/* mount.c */
long sys_mount(const char __user *source, const char __user *target, const char __user *type, u32 flags, const void __user *data);
long sys_oldumount(const char __user *target);
long sys_umount(const char __user *target, int flags);
/* sync.c */
long sys_sync(void);
long sys_syncfs(int fd);
long sys_fsync(int fd);
long sys_fdatasync(int fd);
long sys_sync_file_range(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 flags);
long sys_fadvise64(int fd, u32 off_lo, u32 off_hi, u32 len, int advice);
long sys_fadvise64_64(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, int advice);
long sys_readahead(int fd, u32 off_lo, u32 off_hi, u32 count);

/* xattr.c: sizes in bytes */
long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags);
long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags);
long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size, int flags);
long sys_getxattr(const char __user *path, const char __user *name);
long sys_lgetxattr(const char __user *path, const char __user *name);
long sys_fgetxattr(int fd, const char __user *name);
long sys_listxattr(const char __user *path);
long sys_llistxattr(const char __user *path);
long sys_flistxattr(int fd);
long sys_removexattr(const char __user *path, const char __user *name);
long sys_lremovexattr(const char __user *path, const char __user *name);
long sys_fremovexattr(int fd, const char __user *name);

#endif
