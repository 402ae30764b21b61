/*
 * struct mapping: the cached pages of one thing (a file or a block device). The page cache knows this and never an inode of a file
 * system; the owner fills in the operations. Pages are found by (mapping, page index) in a radix tree under mapping->lock.
 * A page is locked (PG_locked) while it is read in, truncated or prepared for writing, and under PG_writeback while it is on its way out.
 */
#ifndef IO_CONTRACT_MAPPING_H
#define IO_CONTRACT_MAPPING_H

#include "io/contract/iov_iter.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/sync/spinlock.h"

struct block_device;
struct file;
struct file_ra;
struct inode;
struct mapping;
struct vm_area;
struct vm_fault;

/* Why and how much the flusher, fsync or reclaim wants written. */
struct writeback_control {
	s32 nr_to_write;      /* pages left to write; counts down */
	bool sync;            /* wait for the data: fsync, umount */
	bool for_reclaim;
	pgoff_t first, last;  /* inclusive range of pages */
	u64 older_than_ns;    /* 0: any age */
	u32 id;               /* of the I/O that asked, for the tracepoints; 0: none */
};

struct mapping_ops {
	/* Start reading a locked page that is not up to date; it is unlocked, and uptodate or error set, when the data is there. file may be NULL. */
	int (*read_page)(struct file *f, struct page *page);
	/* Start reading a run of consecutive locked pages; optional, else read_page for each. id: of the I/O that asked. */
	void (*read_pages)(struct mapping *m, struct page **pages, u32 nr, u32 id);
	/* Start writing a locked dirty page (dirty bit already cleared): sets writeback, unlocks; ends by page_end_writeback. */
	int (*write_page)(struct page *page, struct writeback_control *wbc);
	/* Write the dirty pages of a range; optional, else write_page for each. */
	int (*write_pages)(struct mapping *m, struct writeback_control *wbc);
	/* Prepare [pos, pos+len) inside one page for a write: allocate blocks, read what is only partly overwritten. The page comes locked, referenced. */
	int (*write_begin)(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata);
	/* copied bytes are in the page: mark dirty, extend the size; unlocks and puts the page; returns bytes accepted. */
	int (*write_end)(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata);
	/* The page leaves the cache or is cut at offset: forget buffers. Optional. */
	void (*invalidate_page)(struct page *page, u32 offset, u32 len);
	/* Give up what hangs on a clean page; false: not now. Optional. */
	bool (*release_page)(struct page *page, u32 gfp);
	/* Direct I/O between iter and device, past the cache; see block_direct_io. Optional: O_DIRECT then is EINVAL. */
	ssize_t (*direct_io)(struct kiocb *k, struct iov_iter *iter);
	/* Mark a page dirty from a store through a shared mapping (blocks exist: page_mkwrite made them). Optional, else the plain flag. */
	bool (*set_page_dirty)(struct page *page);
};

struct mapping {
	struct spinlock lock;         /* RANK_MAPPING, irqsave: completions take it */
	struct radix_tree pages;      /* lock */
	u32 nrpages;                  /* lock */
	struct list_head i_mmap;      /* lock: areas that map it */
	const struct mapping_ops *ops;
	struct inode *host;           /* opaque to the cache but for inode_mark_dirty_pages and size, see below */
	struct block_device *bdev;    /* device behind it, for plugging and read-ahead limits; may be NULL */
	u32 gfp;
	u32 wb_err;                   /* errseq: errno and a counter, see wb_err_* */
	struct page *last_written;    /* where the next small write probably goes; only a guess, checked when it is used */
	atomic_t direct_ios;          /* O_DIRECT transfers under way: truncate waits for them */
	void *private;
};

/* ---- looking up and adding ---- */
void mapping_init(struct mapping *m, struct inode *host, const struct mapping_ops *ops);
struct page *find_get_page(struct mapping *m, pgoff_t index);   /* with a reference, or NULL */
struct page *find_lock_page(struct mapping *m, pgoff_t index);  /* locked, with a reference, still in m; may sleep */
/* Find or make; locked, with a reference; NULL: no memory. May sleep. */
struct page *find_or_create_page(struct mapping *m, pgoff_t index, u32 gfp);
/* Add a new page (locked by the caller); -EEXIST, -ENOMEM. */
int __must_check page_cache_add(struct page *page, struct mapping *m, pgoff_t index, u32 gfp);
/* Up-to-date page, read in if needed; ERR_PTR(-EIO ...). file may be NULL. May sleep. */
struct page *read_mapping_page(struct mapping *m, pgoff_t index, struct file *f);
u32 find_get_pages_tag(struct mapping *m, pgoff_t *start, pgoff_t end, enum radix_tag tag, struct page **pages, u32 max);

/* ---- page states ---- */
void lock_page(struct page *p);        /* may sleep */
bool trylock_page(struct page *p);
void unlock_page(struct page *p);      /* any context */
void wait_on_page_locked(struct page *p);
void wait_on_page_writeback(struct page *p);
/* Completion helpers, any context. end_read: sets uptodate or error, unlocks. */
void page_end_read(struct page *p, int error);
void page_start_writeback(struct page *p); /* page locked */
void page_end_writeback(struct page *p, int error);
/* Mark dirty and put the owner on the dirty lists. true: was clean. Page locked, or otherwise kept in its mapping. */
bool set_page_dirty(struct page *p);
bool clear_page_dirty_for_io(struct page *p); /* page locked */
void mark_page_accessed(struct page *p);

/* ---- whole mappings ---- */
void truncate_pages(struct mapping *m, loff_t new_size);             /* drop everything past new_size, zero the rest of its last page; unmaps too */
void truncate_pages_range(struct mapping *m, loff_t start, loff_t end_inclusive);
/* fadvise DONTNEED, BLKFLSBUF, drop_caches: unused clean pages only; returns how many were dropped. */
u32 invalidate_clean_pages(struct mapping *m, pgoff_t first, pgoff_t last);
int invalidate_pages_for_direct(struct mapping *m, pgoff_t first, pgoff_t last);
int write_mapping(struct mapping *m, struct writeback_control *wbc);
int filemap_write_and_wait(struct mapping *m, loff_t start, loff_t end_inclusive);
int filemap_wait(struct mapping *m, loff_t start, loff_t end_inclusive);
/* errseq: record an error; sample when a file is opened; check and advance at fsync: each file is told once. */
void wb_err_set(struct mapping *m, int error);
u32 wb_err_sample(struct mapping *m);
int wb_err_check_and_advance(struct mapping *m, u32 *seen);

/* ---- generic file operations for owners of mappings ---- */
ssize_t generic_file_read_iter(struct kiocb *k, struct iov_iter *to);
ssize_t generic_file_write_iter(struct kiocb *k, struct iov_iter *from); /* takes the inode lock, updates times, honours O_APPEND/O_SYNC/O_DIRECT */
int generic_file_mmap(struct file *f, struct vm_area *a);
/* The operations of generic_file_mmap one by one, for owners that bring their own page_mkwrite. */
u32 generic_file_fault(struct vm_fault *vf);
void generic_file_map_pages(struct vm_fault *vf, pgoff_t first, pgoff_t last);
u32 generic_file_page_mkwrite(struct vm_fault *vf); /* through write_begin and write_end */
void generic_file_area_open(struct vm_area *a);     /* one more area: takes a reference of the file, enters i_mmap */
void generic_file_area_close(struct vm_area *a);
const char *generic_file_area_name(struct vm_area *a, char *buf, size_t size);
int generic_file_fsync(struct file *f, loff_t start, loff_t end, bool datasync); /* data, then inode through super_ops->write_inode, then the device's cache */
void file_ra_init(struct file_ra *ra, struct mapping *m);
/* Start reading nr pages from index on, if not cached. Does not wait. */
void force_readahead(struct mapping *m, struct file *f, pgoff_t index, u32 nr, u32 id);
/* For write_begin owners without blocks (tmpfs). */
int simple_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata);
int simple_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata);

#endif
