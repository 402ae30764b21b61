/*
 * A machine on the host for tests of io/cache: a few hundred pages of memory with reclaim, tasks that switch only where they block, a clock
 * that moves when all of them wait, and one disk whose transfers end late, in any order that does not swap overlapping ones, wherever the
 * kernel could have been interrupted by a softirq. Files are bare inodes over that disk with extents and holes by a pattern.
 */
#ifndef TESTS_HOST_CACHE_MACHINE_H
#define TESTS_HOST_CACHE_MACHINE_H

#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"

/* ---- the machine ---- */
void machine_start(u32 pages, u32 disk_kib, u32 seed);
u32 machine_random(u32 below);
void machine_spawn(void (*fn)(void *arg), void *arg); /* a task; runs when others block */
void machine_join(void);                              /* until all spawned tasks have ended */
void machine_sleep_ms(u32 ms);
u32 machine_free_pages(void);

/* ---- the disk ---- */
struct machine_disk {
	u8 *data;
	u32 sectors;
	u32 reads, writes, flushes;      /* bios */
	u64 bytes_read, bytes_written;
	u32 bad_first, bad_nr;           /* sectors that cannot be read; nr 0: none */
	u32 bad_write_first, bad_write_nr;
	u32 largest;                     /* bytes of the largest bio */
	bool hold;                       /* nothing ends until this is false again */
};
extern struct machine_disk disk;
extern struct block_device machine_bdev;

/* ---- files ---- */
/*
 * A file of `size` bytes with blocks of 1 << bits. run: how many blocks lie in a row on the disk before the place changes (0: all).
 * hole_every: every so many-th block is a hole (0: none). Its first disk block is `start`. The caller frees it with file_free.
 */
struct test_file {
	struct inode inode; /* first */
	struct file file;
	u32 start, run, hole_every, blocks;
	u32 written_inodes; /* calls of write_inode */
	u8 *made;           /* a bit for each hole that was filled */
};
struct test_file *file_make(u32 bits, u32 start, u32 blocks, u32 run, u32 hole_every, loff_t size);
void file_free(struct test_file *f);
u32 file_disk_block(struct test_file *f, u32 block); /* where block lies; ~0: a hole */
ssize_t file_pread(struct test_file *f, void *buf, u32 n, loff_t pos);
ssize_t file_pwrite(struct test_file *f, const void *buf, u32 n, loff_t pos);
ssize_t file_pread_direct(struct test_file *f, void *buf, u32 n, loff_t pos);  /* buf from machine_buffer */
ssize_t file_pwrite_direct(struct test_file *f, const void *buf, u32 n, loff_t pos);
int file_fsync(struct test_file *f);
/* The device's own file. */
extern struct test_file machine_bdev_file;
#define MACHINE_BUFFER_PAGES 8u
void *machine_buffer(void); /* memory of the machine that can be pinned; nobody else has it pinned */
/* The next user copies out of [addr, addr + n) find the page missing until it was faulted in. */
void machine_absent(const void *addr, u32 n);
ssize_t file_pwrite_user(struct test_file *f, const void *buf, u32 n, loff_t pos);

#endif
