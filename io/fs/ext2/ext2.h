/*
 * ext2 in memory: what its files share. Who does what:
 *   super.c   mount, options, errors, statfs                                   balloc.c  block bitmaps
 *   super_check.c  superblock, features and descriptors checked
 *   inode.c   inodes read, written, evicted, attributes                        ialloc.c  inode bitmaps
 *   map.c     where a file's block lies, and new ones                          truncate.c  blocks given back
 *   dir.c     directory blocks                                                 dirindex.c  names of a large directory, hashed
 *   namei.c   operations on names                                              file.c    operations on open files, page cache
 *   xattr.c   shared attribute blocks let go                                   tx.c      transaction brackets
 * Locks, outermost first: inode->lock (VFS) -> transaction -> page lock -> ext2_inode_info.map_lock -> ext2_sb_info.lock (spin).
 * Metadata lives in buffers of the device's mapping only; the directory index holds hashes and offsets, never contents.
 */
#ifndef IO_FS_EXT2_EXT2_H
#define IO_FS_EXT2_EXT2_H

#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"
#include "io/fs/ext2/ext2_fs.h"
#include "io/fs/ext2/tx.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/bitmap.h"

struct ext2_dir_index;

#define EXT2_GROUP_BLOCKS_CHECKED BIT(0) /* the block bitmap covers the group's own metadata */
#define EXT2_GROUP_BLOCKS_BAD BIT(1)     /* it does not: allocate nothing here */
#define EXT2_GROUP_INODES_CHECKED BIT(2)
#define EXT2_GROUP_INODES_BAD BIT(3)

struct ext2_group {
	u32 rotor;        /* first block (in the group) past all allocation windows */
	u16 sys_blocks;   /* blocks of the superblock copy and the descriptors at the group's start */
	u16 meta_end;     /* from here on (counted in the group) there is only data */
	u32 flags;        /* EXT2_GROUP_* */
};

struct ext2_sb_info {
	/* fixed at mount */
	struct buffer_head *super_bh;
	struct ext2_super_block *es;   /* in super_bh */
	struct buffer_head **desc_bh;  /* all blocks of group descriptors */
	u32 desc_blocks, desc_per_block;
	u32 groups;
	u32 blocks_per_group, inodes_per_group, inodes_per_block, itable_blocks;
	u32 inode_size, want_extra;    /* bytes of an inode, bytes used past 128 in new ones */
	u32 first_ino;
	u32 first_data_block, blocks_count, inodes_count;
	u32 ptr_bits;                  /* log2 of block numbers per block */
	u32 overhead;                  /* blocks that can never hold data */
	bool has_filetype;
	u32 errors;                    /* EXT2_ERRORS_*: mount option or superblock */
	bool errors_by_option;
	uid_t resuid;                  /* who may use the reserve beside root */
	gid_t resgid;
	/* lock: bitmaps while bits change, descriptors' and superblock's fields, and these */
	struct spinlock lock;
	struct ext2_group *group;
	u32 free_blocks, free_inodes, dirs;
	u16 mount_state;               /* what s_state becomes at unmount */
	bool writing;                  /* s_state on the device says "not clean" */
	bool super_dirty;              /* counters changed since the superblock was last filled in */
	bool freed;                    /* blocks were freed and their former owners may not be on the device yet */
	u32 next_generation;
	u32 error_count;
	atomic_t tx_open;              /* transactions under way: for the checks of debug builds */
};

#define EXT2_STATE_NEW BIT(0)          /* never written: the whole raw inode is to be zeroed first */
#define EXT2_STATE_LIVE BIT(2)         /* completely read or made: eviction with nlink 0 frees it */
#define EXT2_STATE_NO_INDEX BIT(1)     /* directory too large or memory too short for an index */

struct ext2_inode_info {
	/* map_lock, but for readers that take single words */
	struct mutex map_lock;
	u32 data[EXT2_N_BLOCKS];       /* i_block */
	u32 next_lblock, next_pblock;  /* where a sequential writer goes on: block of the file, block of the device */
	/* sbi->lock: run of blocks this file is about to use, in group win_group; win_end 0: none */
	u32 win_group, win_start, win_end, win_size;
	u32 alloc_lo, alloc_hi;        /* groups whose bitmaps changed for this file since its last fsync; lo > hi: none */
	/* inode->lock */
	u32 flags;                     /* i_flags */
	u32 file_acl;
	u32 dtime;
	u32 state;                     /* EXT2_STATE_* */
	u16 extra_isize;
	u32 group;                     /* of the inode */
	/* directories, inode->lock */
	u32 parent_ino;                /* where it hangs, checked against ".."; 0: not looked up yet */
	u32 name_hash;
	u32 add_hint;                  /* offset of an entry with room behind it, or ~0 */
	u32 scans;                     /* linear searches so far */
	struct ext2_dir_index *index;
	struct inode vfs;
};

static inline struct ext2_sb_info *EXT2_SB(const struct super_block *sb) { return sb->private; }
static inline struct ext2_inode_info *EXT2_I(const struct inode *i) { return container_of((struct inode *)i, struct ext2_inode_info, vfs); }
static inline bool ext2_read_only(const struct super_block *sb) { return sb->flags & SB_RDONLY; }

/* ---- super.c ---- */
/* One line in the log, then what errors= asks for. Returns -EUCLEAN for the caller to pass on. Process context. */
int ext2_error(struct super_block *sb, const char *function, const char *fmt, ...) __printf(3, 4);
/* Set RO_COMPAT_LARGE_FILE when the first file passes 2 GiB. */
void ext2_note_large_file(struct super_block *sb);
int ext2_init(void);

/* ---- super_check.c ---- */
/* Read the superblock and set the device to its block size. 0, -EINVAL: no ext2, -EIO. */
int __must_check ext2_find_super(struct super_block *sb, struct ext2_sb_info *sbi, bool silent);
/* 0, -EINVAL: cannot be mounted, -EROFS: only read-only; the log names the features. */
int __must_check ext2_check_features(struct super_block *sb, const struct ext2_super_block *es, bool want_write);
/* NULL or what is wrong with the superblock's numbers. Fills in sbi on the way. */
const char *ext2_check_geometry(struct super_block *sb, struct ext2_sb_info *sbi);
/* The largest file: what three levels reach, and what i_blocks (32 bits of 512 bytes, map included) can count. */
u64 ext2_max_file_size(const struct ext2_sb_info *sbi, u32 blocksize_bits);
/* Read and check all descriptors, and count. 0, -EUCLEAN, -EIO, -ENOMEM. */
int __must_check ext2_read_descriptors(struct super_block *sb, struct ext2_sb_info *sbi);
struct ext2_group_desc *ext2_group_desc(struct ext2_sb_info *sbi, u32 group, struct buffer_head **bh);
bool ext2_group_has_super(const struct ext2_sb_info *sbi, u32 group);
static inline u32 ext2_group_first_block(const struct ext2_sb_info *sbi, u32 group)
{
	return sbi->first_data_block + group * sbi->blocks_per_group;
}
u32 ext2_group_blocks(const struct ext2_sb_info *sbi, u32 group); /* blocks in it: the last one is shorter */
/* Is [block, block + count) on the device and free of metadata? */
bool ext2_data_blocks_valid(struct ext2_sb_info *sbi, u32 block, u32 count);

/* ---- balloc.c ---- */
/*
 * Allocate up to *count neighbouring blocks, at goal if it is free (goal_exact: it continues what the file has), else near it. Returns
 * the first one and how many in *count, or 0 and *err. In a transaction; may sleep.
 */
u32 ext2_new_blocks(struct inode *inode, u32 goal, bool goal_exact, u32 *count, int *err);
void ext2_free_blocks(struct inode *inode, u32 block, u32 count);
/* Does the bitmap say that the block is in use? -EIO: cannot tell. */
int ext2_block_in_use(struct super_block *sb, u32 block);
/* The file is closed or goes: its window is free for others. */
void ext2_drop_window(struct inode *inode);
/*
 * Before fsync promises anything: inodes that gave blocks up must say so on the device. Their blocks may be this file's now, and e2fsck after a
 * power cut, seeing two owners, could mend the wrong one: an old indirect block in the middle of new data. Flushes the device's cache.
 */
int ext2_sync_freed(struct super_block *sb);
/* Write the bitmaps and descriptors that changed for this file, and wait. */
int ext2_sync_allocation(struct inode *inode);

/* ---- ialloc.c ---- */
/* A new inode near dir, I_NEW and hashed, nlink 1, owner and times set. ERR_PTR. In a transaction. */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode);
void ext2_free_inode(struct inode *inode); /* its bit; the inode is being evicted */

/* ---- inode.c ---- */
struct inode *ext2_iget(struct super_block *sb, u32 ino); /* ERR_PTR */
void ext2_set_ops(struct inode *inode);
void ext2_set_inode_flags(struct inode *inode);
int ext2_write_inode(struct inode *inode, bool sync);
void ext2_evict_inode(struct inode *inode);
int ext2_setattr(struct dentry *d, struct iattr *a);
struct inode *ext2_alloc_vfs_inode(struct super_block *sb);
void ext2_free_vfs_inode(struct inode *inode);
int ext2_inode_cache_init(void);
/* Does the target of this symbolic link live in i_block? */
bool ext2_is_fast_symlink(const struct inode *inode);

/* ---- map.c ---- */
/*
 * Map up to max blocks from iblock on. Returns how many neighbouring ones lie at *phys; 0: a hole (only without create); -errno.
 * *is_new (may be NULL): they were allocated just now.
 */
int ext2_map_blocks(struct inode *inode, u32 iblock, u32 max, u32 *phys, bool *is_new, bool create);
int ext2_get_block(struct inode *inode, u32 iblock, struct buffer_head *b, bool create);
int ext2_get_block_writeback(struct inode *inode, u32 iblock, struct buffer_head *b, bool create);
/* Offsets of iblock at each level into path[4]; number of levels, 0 when the block is past the largest file. */
u32 ext2_block_path(const struct ext2_sb_info *sbi, u32 iblock, u32 path[4]);
/* A metadata block of a directory or symbolic link: read (hole: NULL and *err -EUCLEAN) or, with create, allocated and zeroed. */
struct buffer_head *ext2_read_block(struct inode *inode, u32 iblock, int *err);
struct buffer_head *ext2_append_block(struct inode *inode, u32 iblock, int *err);

/* ---- truncate.c ---- */
/* Give back all blocks from byte `size` on. In no transaction (makes its own); map_lock not held. */
void ext2_truncate_blocks(struct inode *inode, loff_t size);
/* Make the file `size` bytes long; inode lock held. */
int ext2_set_size(struct inode *inode, loff_t size);
/* After a write that failed midway: take back what was allocated past the end. */
void ext2_trim_failed_write(struct inode *inode, loff_t reached);

/* ---- dir.c; inode lock of the directory held ---- */
struct ext2_slot { /* an entry found: release with brelse(bh) */
	struct buffer_head *bh;
	struct ext2_dir_entry *de;
	u32 pos;  /* byte offset in the directory */
};
int __must_check ext2_find_entry(struct inode *dir, const char *name, u32 len, struct ext2_slot *slot); /* 0, -ENOENT, ... */
int __must_check ext2_find_dotdot(struct inode *dir, struct ext2_slot *slot);
int __must_check ext2_add_entry(struct inode *dir, const char *name, u32 len, struct inode *inode);
int __must_check ext2_delete_entry(struct inode *dir, struct ext2_slot *slot); /* consumes slot->bh */
int __must_check ext2_set_entry(struct inode *dir, struct ext2_slot *slot, struct inode *inode, bool touch_times); /* consumes slot->bh */
int __must_check ext2_make_empty(struct inode *inode, struct inode *parent);
int ext2_dir_is_empty(struct inode *dir); /* 1, 0, -errno */
bool ext2_check_entry(struct inode *dir, const struct ext2_dir_entry *de, u32 pos);
/* The block of a directory, read ahead a little. NULL and *err. */
struct buffer_head *ext2_dir_block(struct inode *dir, u32 iblock, int *err);
static inline u32 ext2_dir_blocks(const struct inode *dir) { return (u32)(dir->size >> dir->sb->blocksize_bits); }
static inline bool ext2_is_dot_or_dotdot(const struct ext2_dir_entry *de)
{
	return de->name[0] == '.' && (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
}

/* ---- dirindex.c; inode lock of the directory held ---- */
u32 ext2_name_hash(const char *name, u32 len);
/* The index if there is one or it is worth making one now; else NULL. */
struct ext2_dir_index *ext2_dir_index_get(struct inode *dir);
/* Visit the offsets of entries with this hash: *iter starts at 0; ~0 ends. */
u32 ext2_dir_index_next(struct ext2_dir_index *x, u32 hash, u32 *iter);
void ext2_dir_index_add(struct inode *dir, u32 hash, u32 pos);
void ext2_dir_index_remove(struct inode *dir, u32 hash, u32 pos);
/* The first block that may have `need` bytes of room, from `from` on; ~0: none. */
u32 ext2_dir_index_room(struct ext2_dir_index *x, u32 need, u32 from);
/* The largest gap of a block is (at most) this. */
void ext2_dir_index_set_room(struct inode *dir, u32 iblock, u32 room);
void ext2_dir_index_raise_room(struct inode *dir, u32 iblock, u32 room);
void ext2_dir_index_drop(struct inode *dir);

/* ---- xattr.c ---- */
void ext2_xattr_release(struct inode *inode); /* the inode is being deleted */

/* ---- operations ---- */
extern const struct inode_operations ext2_dir_inode_operations, ext2_file_inode_operations, ext2_symlink_inode_operations,
	ext2_special_inode_operations;
extern const struct file_operations ext2_file_operations, ext2_dir_operations;
extern const struct mapping_ops ext2_mapping_ops;
int ext2_readdir(struct file *f, struct dir_context *ctx);
int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync);
/* A change of names is complete: write it out when the mount or the directory is synchronous. */
int ext2_sync_names(struct inode *dir, struct inode *other);

#endif
