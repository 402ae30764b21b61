/*
 * Transactions around metadata changes. ext2 has no journal, so they do nothing but check their own use in debug builds; a journal
 * will give them a body without a change in the callers. The rules they check and callers keep:
 *   - metadata (a superblock, descriptor, bitmap, inode table, indirect or directory block) changes only between tx_begin and tx_end;
 *   - a buffer is named by tx_get_write before its bytes change and by tx_dirty (tx_dirty_inode) afterwards;
 *   - lock order: inode lock, transaction, page lock. Write-back of a hole that a store through mmap filled behind an old end of file is
 *     the one place that begins one with a page locked (ext2_get_block_writeback).
 * credits: how many buffers the caller may change at most. Transactions nest; the outermost one counts.
 */
#ifndef IO_FS_EXT2_TX_H
#define IO_FS_EXT2_TX_H

#include "io/contract/buffer_head.h"

struct super_block;

/* Upper bounds for one operation: three levels of the map with their bitmaps and descriptors, the inode. */
#define TX_CREDITS_INODE 2
#define TX_CREDITS_MAP 12
#define TX_CREDITS_NAME (TX_CREDITS_MAP + 8)

#if defined(CONFIG_DEBUG) || defined(HOST_TEST)
/* 0 or -errno. May sleep. */
int __must_check tx_begin(struct super_block *sb, u32 credits);
void tx_end(struct super_block *sb);
/* A long operation (truncate) stands where all it has done so far may be committed, and wants room for `credits` more buffers. */
int __must_check tx_extend(struct super_block *sb, u32 credits);
/* The buffer is about to change. 0 or -errno (a journal may fail to make room); may sleep. */
int __must_check tx_get_write(struct super_block *sb, struct buffer_head *b);
/* It has changed: it will be written. */
void tx_dirty(struct super_block *sb, struct buffer_head *b);
/* The same, and fsync of that inode must write it. */
void tx_dirty_inode(struct inode *inode, struct buffer_head *b);
/* The block is being freed: it is not to be written any more. Drops the reference. */
void tx_forget(struct super_block *sb, struct buffer_head *b);
#else
static inline int __must_check tx_begin(struct super_block *sb, u32 credits) { return 0; }
static inline void tx_end(struct super_block *sb) { }
static inline int __must_check tx_extend(struct super_block *sb, u32 credits) { return 0; }
static inline int __must_check tx_get_write(struct super_block *sb, struct buffer_head *b) { return 0; }
static inline void tx_dirty(struct super_block *sb, struct buffer_head *b) { mark_buffer_dirty(b); }
#define tx_dirty_inode(inode, b) mark_buffer_dirty_inode((b), (inode)->mapping)
static inline void tx_forget(struct super_block *sb, struct buffer_head *b) { bforget(b); }
#endif

#endif
