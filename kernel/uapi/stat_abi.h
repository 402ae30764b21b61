/* The structures of stat, statfs, getdents and record locks as programs see them: Linux i386 (arch/x86/include/uapi/asm/stat.h, statfs.h, fcntl.h). */
#ifndef KERNEL_UAPI_STAT_ABI_H
#define KERNEL_UAPI_STAT_ABI_H

#include "kernel/lib/types.h"

struct oldstat_abi { /* oldstat, oldlstat, oldfstat */
	u16 st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev;
	u32 st_size, st_atime, st_mtime, st_ctime;
};
struct stat_abi { /* stat, lstat, fstat */
	u32 st_dev, st_ino;
	u16 st_mode, st_nlink, st_uid, st_gid;
	u32 st_rdev, st_size, st_blksize, st_blocks;
	u32 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	u32 unused4, unused5;
};
struct __packed stat64_abi { /* stat64, lstat64, fstat64, fstatat64 */
	u64 st_dev;
	u8 pad0[4];
	u32 st_ino32;
	u32 st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev;
	u8 pad3[4];
	s64 st_size;
	u32 st_blksize;
	u64 st_blocks;
	u32 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	u64 st_ino;
};
struct statx_timestamp_abi {
	s64 sec;
	u32 nsec;
	s32 pad;
};
struct statx_abi {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad1;
	u64 ino, size, blocks, attributes_mask;
	struct statx_timestamp_abi atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id;
	u32 dio_mem_align, dio_offset_align;
	u64 spare[12];
};
#define STATX_BASIC_STATS 0x7ffu
#define STATX_MNT_ID 0x1000u
#define AT_STATX_SYNC_TYPE 0x6000

struct statfs_abi {
	u32 f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_fsid[2], f_namelen, f_frsize, f_flags, f_spare[4];
};
struct __packed statfs64_abi {
	u32 f_type, f_bsize;
	u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2], f_namelen, f_frsize, f_flags, f_spare[4];
};
struct ustat_abi {
	u32 f_tfree, f_tinode;
	char f_fname[6], f_fpack[6];
};

struct dirent_abi { /* getdents, and readdir with the length of the name instead of reclen; the type is the record's last byte */
	u32 d_ino, d_off;
	u16 d_reclen;
	char d_name[];
};
struct __packed dirent64_abi {
	u64 d_ino;
	s64 d_off;
	u16 d_reclen;
	u8 d_type;
	char d_name[];
};

struct flock_abi {
	s16 l_type, l_whence;
	s32 l_start, l_len, l_pid;
};
struct __packed flock64_abi {
	s16 l_type, l_whence;
	s64 l_start, l_len;
	s32 l_pid;
};
struct f_owner_ex_abi {
	s32 type, pid;
};

#ifndef HOST_TEST
static_assert(sizeof(struct oldstat_abi) == 32, "layout of oldstat");
static_assert(sizeof(struct stat_abi) == 64, "layout of stat");
static_assert(sizeof(struct stat64_abi) == 96, "layout of stat64");
static_assert(sizeof(struct statx_abi) == 256, "layout of statx");
static_assert(sizeof(struct statfs_abi) == 64 && sizeof(struct statfs64_abi) == 84, "layout of statfs");
static_assert(offsetof(struct dirent64_abi, d_name) == 19 && offsetof(struct dirent_abi, d_name) == 10, "layout of dirent");
static_assert(sizeof(struct flock_abi) == 16 && sizeof(struct flock64_abi) == 24, "layout of flock");
#endif

#endif
