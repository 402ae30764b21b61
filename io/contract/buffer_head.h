/*
 * Buffer heads: one per block of a cached page, for file systems whose blocks are smaller than or equal to a page. The data of a
 * file system's metadata lives in the pages of its block device's mapping; sb_bread gives a block of it. No file system keeps its own.
 */
#ifndef IO_CONTRACT_BUFFER_HEAD_H
#define IO_CONTRACT_BUFFER_HEAD_H

#include "io/contract/mapping.h"

struct block_device;
struct super_block;

#define BH_Uptodate BIT(0)
#define BH_Dirty BIT(1)
#define BH_Lock BIT(2)
#define BH_Mapped BIT(3)   /* blocknr is valid */
#define BH_New BIT(4)      /* just allocated: the rest of it must be zeroed, not read */
#define BH_WriteError BIT(5)
#define BH_AsyncRead BIT(6)
#define BH_AsyncWrite BIT(7)
#define BH_Meta BIT(8)
#define BH_Waiters BIT(9) /* somebody waits for BH_Lock to clear */

struct buffer_head {
	volatile u32 state;
	atomic_t refs;
	struct buffer_head *next; /* ring of the page's buffers */
	struct page *page;
	u8 *data;
	u32 size;
	u32 blocknr;              /* in units of size, on bdev */
	struct block_device *bdev;
	struct list_head assoc;   /* dirty metadata of one inode: inode->private buffers, guarded by the mapping's lock */
	struct mapping *assoc_mapping;
};

static inline bool bh_test(const struct buffer_head *b, u32 f) { return b->state & f; }
static inline void bh_set(struct buffer_head *b, u32 f) { atomic_or(&b->state, f); }
static inline void bh_clear(struct buffer_head *b, u32 f) { atomic_and(&b->state, ~f); }

/* A block of the device, read in if needed: NULL on error or no memory (the device's error was logged). Process context. */
struct buffer_head *bread(struct block_device *bdev, u32 block, u32 size);
struct buffer_head *getblk(struct block_device *bdev, u32 block, u32 size); /* not read */
struct buffer_head *sb_bread(struct super_block *sb, u32 block);
struct buffer_head *sb_getblk(struct super_block *sb, u32 block);
void brelse(struct buffer_head *b); /* NULL is fine */
static inline struct buffer_head *get_bh(struct buffer_head *b) { atomic_inc(&b->refs); return b; }
void lock_buffer(struct buffer_head *b);
void unlock_buffer(struct buffer_head *b);
void mark_buffer_dirty(struct buffer_head *b);
/* The same, and fsync of the inode whose mapping this is must write it. */
void mark_buffer_dirty_inode(struct buffer_head *b, struct mapping *inode_mapping);
int sync_dirty_buffer(struct buffer_head *b);      /* write and wait */
int sync_mapping_buffers(struct mapping *inode_mapping);
/* The block was freed: forget it, do not write it. */
void bforget(struct buffer_head *b);
/* A block just became file data (or metadata): drop a stale alias in the device's mapping. */
void clean_bdev_alias(struct block_device *bdev, u32 block);

/* Where block `iblock` of a file lies. create: allocate. Sets b->blocknr, BH_Mapped, BH_New; b->size in: bytes wanted, out: contiguous bytes mapped. */
typedef int (*get_block_t)(struct inode *inode, u32 iblock, struct buffer_head *b, bool create);

/* mapping_ops for block-backed files, given the file system's get_block. */
int block_read_page(struct page *page, get_block_t get_block, u32 id);
void block_read_pages(struct mapping *m, struct page **pages, u32 nr, get_block_t get_block, u32 id); /* few, large bios */
int block_write_page(struct page *page, get_block_t get_block, struct writeback_control *wbc);
int block_write_pages(struct mapping *m, struct writeback_control *wbc, get_block_t get_block);       /* few, large bios */
int block_write_begin(struct mapping *m, loff_t pos, u32 len, struct page **page, get_block_t get_block);
int block_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page); /* and i_size */
int block_truncate_page(struct mapping *m, loff_t from, get_block_t get_block); /* zero the rest of the block that contains from */
u32 block_page_mkwrite(struct vm_fault *vf, get_block_t get_block);
void block_invalidate_page(struct page *page, u32 offset, u32 len);
bool block_release_page(struct page *page, u32 gfp);
bool block_set_page_dirty(struct page *page);
ssize_t block_direct_io(struct kiocb *k, struct iov_iter *iter, get_block_t get_block);

#endif
