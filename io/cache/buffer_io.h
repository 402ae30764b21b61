/* Between buffer_head.c (what buffers are), buffer_io.c (their way to and from the device) and the block-backed pages built on them. */
#ifndef IO_CACHE_BUFFER_IO_H
#define IO_CACHE_BUFFER_IO_H

#include "io/contract/buffer_head.h"

struct bio;

/* buffer_head.c */
bool buffers_try_attach(struct page *page, u32 size); /* page locked, without buffers; false: no memory */
void block_dirty_buffers(struct page *page);          /* all of a page that has some */
void bdev_map_buffers(struct page *page, struct block_device *bdev, u32 size);

/* buffer_io.c: single buffers */
int __must_check buffer_read(struct buffer_head *b);   /* read it if it is not up to date and wait: 0, -EIO */
void buffer_read_start(struct buffer_head *b);         /* locked: start reading; it is unlocked at the end */
void buffer_write_start(struct buffer_head *b);        /* write it if it is dirty; waits only for a write already under way */
int __must_check buffer_write_wait(struct buffer_head *b); /* 0 or -EIO */
/* The first sector of a block. */
static inline u64 block_to_sector(u32 block, u32 bits) { return (u64)block << (bits - 9); }

#endif
