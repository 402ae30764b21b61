/*
 * On-disk structures of ext2, little endian as on every x86. From "The Second Extended File System, Internal Layout" (Dave Poirier),
 * chapters 3 (superblock, block group descriptors, bitmaps, inodes) and 4 (directories, symbolic links), and, for the fields past byte
 * 128 of an inode and past byte 204 of the superblock that newer mke2fs writes, "ext4 Data Structures" of the Linux documentation,
 * sections "Super Block" and "Inode Table". Nothing here is trusted: super.c, inode.c, map.c and dir.c check before they use.
 */
#ifndef IO_FS_EXT2_EXT2_FS_H
#define IO_FS_EXT2_EXT2_FS_H

#include "kernel/lib/types.h"

#define EXT2_SUPER_MAGIC 0xEF53
#define EXT2_SUPER_OFFSET 1024 /* bytes from the start of the device */
#define EXT2_MIN_BLOCK_SIZE 1024u
#define EXT2_MAX_BLOCK_SIZE 4096u
#define EXT2_NAME_LEN 255
#define EXT2_LINK_MAX 32000

#define EXT2_BAD_INO 1
#define EXT2_ROOT_INO 2
#define EXT2_GOOD_OLD_FIRST_INO 11
#define EXT2_GOOD_OLD_INODE_SIZE 128

#define EXT2_GOOD_OLD_REV 0
#define EXT2_DYNAMIC_REV 1

/* s_state */
#define EXT2_VALID_FS 1
#define EXT2_ERROR_FS 2
/* s_errors */
#define EXT2_ERRORS_CONTINUE 1
#define EXT2_ERRORS_RO 2
#define EXT2_ERRORS_PANIC 3

#define EXT2_COMPAT_RESIZE_INODE 0x0010
#define EXT2_COMPAT_SPARSE_SUPER2 0x0200
#define EXT2_INCOMPAT_FILETYPE 0x0002
#define EXT2_RO_COMPAT_SPARSE_SUPER 0x0001
#define EXT2_RO_COMPAT_LARGE_FILE 0x0002
#define EXT2_RO_COMPAT_BTREE_DIR 0x0004
#define EXT2_INCOMPAT_SUPPORTED EXT2_INCOMPAT_FILETYPE
#define EXT2_RO_COMPAT_SUPPORTED (EXT2_RO_COMPAT_SPARSE_SUPER | EXT2_RO_COMPAT_LARGE_FILE | EXT2_RO_COMPAT_BTREE_DIR)

struct ext2_super_block {
	u32 s_inodes_count;
	u32 s_blocks_count;
	u32 s_r_blocks_count;      /* kept for root */
	u32 s_free_blocks_count;
	u32 s_free_inodes_count;
	u32 s_first_data_block;    /* 1 with 1 KiB blocks, else 0 */
	u32 s_log_block_size;      /* block size is 1024 << this */
	u32 s_log_frag_size;
	u32 s_blocks_per_group;
	u32 s_frags_per_group;
	u32 s_inodes_per_group;
	u32 s_mtime;
	u32 s_wtime;
	u16 s_mnt_count;
	s16 s_max_mnt_count;
	u16 s_magic;
	u16 s_state;
	u16 s_errors;
	u16 s_minor_rev_level;
	u32 s_lastcheck;
	u32 s_checkinterval;
	u32 s_creator_os;
	u32 s_rev_level;
	u16 s_def_resuid;
	u16 s_def_resgid;
	/* revision 1 */
	u32 s_first_ino;
	u16 s_inode_size;
	u16 s_block_group_nr;
	u32 s_feature_compat;
	u32 s_feature_incompat;
	u32 s_feature_ro_compat;
	u8 s_uuid[16];
	char s_volume_name[16];
	char s_last_mounted[64];
	u32 s_algo_bitmap;
	u8 s_prealloc_blocks;
	u8 s_prealloc_dir_blocks;
	u16 s_reserved_gdt_blocks; /* COMPAT_RESIZE_INODE: blocks kept behind the descriptors of each copy */
	u8 s_journal_uuid[16];
	u32 s_journal_inum;
	u32 s_journal_dev;
	u32 s_last_orphan;
	u32 s_hash_seed[4];
	u8 s_def_hash_version;
	u8 s_jnl_backup_type;
	u16 s_desc_size;
	u32 s_default_mount_opts;
	u32 s_first_meta_bg;
	u32 s_mkfs_time;
	u32 s_jnl_blocks[17];
	u32 s_blocks_count_hi;
	u32 s_r_blocks_count_hi;
	u32 s_free_blocks_hi;
	u16 s_min_extra_isize;
	u16 s_want_extra_isize;    /* bytes past 128 that new inodes should use */
	u32 s_flags;
	u8 s_unused1[232];
	u32 s_backup_bgs[2];       /* COMPAT_SPARSE_SUPER2: the groups with the copies */
	u8 s_unused2[424];
	u32 s_checksum;
};
static_assert(sizeof(struct ext2_super_block) == 1024, "superblock");
static_assert(offsetof(struct ext2_super_block, s_magic) == 56, "s_magic");
static_assert(offsetof(struct ext2_super_block, s_rev_level) == 76, "s_rev_level");
static_assert(offsetof(struct ext2_super_block, s_uuid) == 104, "s_uuid");
static_assert(offsetof(struct ext2_super_block, s_reserved_gdt_blocks) == 206, "s_reserved_gdt_blocks");
static_assert(offsetof(struct ext2_super_block, s_mkfs_time) == 264, "s_mkfs_time");
static_assert(offsetof(struct ext2_super_block, s_want_extra_isize) == 350, "s_want_extra_isize");
static_assert(offsetof(struct ext2_super_block, s_backup_bgs) == 588, "s_backup_bgs");

struct ext2_group_desc {
	u32 bg_block_bitmap;
	u32 bg_inode_bitmap;
	u32 bg_inode_table;
	u16 bg_free_blocks_count;
	u16 bg_free_inodes_count;
	u16 bg_used_dirs_count;
	u16 bg_flags;
	u8 bg_reserved[12];
};
static_assert(sizeof(struct ext2_group_desc) == 32, "group descriptor");

/* i_flags */
#define EXT2_SYNC_FL 0x00000008
#define EXT2_IMMUTABLE_FL 0x00000010
#define EXT2_APPEND_FL 0x00000020
#define EXT2_NODUMP_FL 0x00000040
#define EXT2_NOATIME_FL 0x00000080
#define EXT2_INDEX_FL 0x00001000     /* directory has a hash tree, which we do not keep up */
#define EXT2_DIRSYNC_FL 0x00010000
#define EXT2_TOPDIR_FL 0x00020000
#define EXT2_FL_INHERITED (EXT2_SYNC_FL | EXT2_NODUMP_FL | EXT2_NOATIME_FL | EXT2_DIRSYNC_FL)
/* Formats that only exist with features we refuse: encrypted, extents, large xattr, verity, inline data, case folding. */
#define EXT2_FL_FOREIGN (0x00000800 | 0x00080000 | 0x00100000 | 0x00200000 | 0x10000000 | 0x40000000)

#define EXT2_NDIR_BLOCKS 12
#define EXT2_IND_BLOCK 12
#define EXT2_DIND_BLOCK 13
#define EXT2_TIND_BLOCK 14
#define EXT2_N_BLOCKS 15
#define EXT2_FAST_LINK_MAX (EXT2_N_BLOCKS * 4 - 1) /* longest target that lives in i_block */

struct ext2_inode {
	u16 i_mode;
	u16 i_uid;
	u32 i_size;
	u32 i_atime;
	u32 i_ctime;
	u32 i_mtime;
	u32 i_dtime;
	u16 i_gid;
	u16 i_links_count;
	u32 i_blocks;        /* 512-byte units, indirect and attribute blocks included */
	u32 i_flags;
	u32 i_osd1;
	u32 i_block[EXT2_N_BLOCKS];
	u32 i_generation;
	u32 i_file_acl;      /* block with extended attributes */
	u32 i_size_high;     /* regular files; "directory ACL" elsewhere */
	u32 i_faddr;
	u8 i_frag;
	u8 i_fsize;
	u16 i_pad;
	u16 i_uid_high;
	u16 i_gid_high;
	u32 i_reserved;
};
static_assert(sizeof(struct ext2_inode) == 128, "inode");
static_assert(offsetof(struct ext2_inode, i_block) == 40, "i_block");
static_assert(offsetof(struct ext2_inode, i_uid_high) == 120, "i_uid_high");

/*
 * Follows struct ext2_inode when the inode size is above 128; i_extra_isize says how many bytes of it are in use.
 * The *_extra fields: bits 0-1 extend the seconds past 2038, bits 2-31 are nanoseconds.
 */
struct ext2_inode_extra {
	u16 i_extra_isize;
	u16 i_checksum_hi;
	u32 i_ctime_extra;
	u32 i_mtime_extra;
	u32 i_atime_extra;
	u32 i_crtime;
	u32 i_crtime_extra;
	u32 i_version_hi;
	u32 i_projid;
};
static_assert(sizeof(struct ext2_inode_extra) == 32, "inode, second part");

struct ext2_dir_entry {
	u32 inode;           /* 0: unused */
	u16 rec_len;         /* to the next entry; entries fill their block exactly */
	u8 name_len;
	u8 file_type;        /* with INCOMPAT_FILETYPE, else the upper half of name_len */
	char name[];
};
static_assert(sizeof(struct ext2_dir_entry) == 8, "directory entry");
#define EXT2_DIR_REC_LEN(name_len) (((u32)(name_len) + 8 + 3) & ~3u)

enum ext2_file_type {
	EXT2_FT_UNKNOWN,
	EXT2_FT_REG_FILE,
	EXT2_FT_DIR,
	EXT2_FT_CHRDEV,
	EXT2_FT_BLKDEV,
	EXT2_FT_FIFO,
	EXT2_FT_SOCK,
	EXT2_FT_SYMLINK,
	EXT2_FT_MAX,
};

/* Head of a block with extended attributes, which files may share. */
#define EXT2_XATTR_MAGIC 0xEA020000u
struct ext2_xattr_header {
	u32 h_magic;
	u32 h_refcount;
	u32 h_blocks;
	u32 h_hash;
	u32 h_reserved[4];
};
static_assert(sizeof(struct ext2_xattr_header) == 32, "attribute block");

#endif
