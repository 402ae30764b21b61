/*
 * Operations on open files and on their pages. The work is the page cache's; ext2 says where blocks lie, and takes back what was
 * allocated past the end for a write that failed.
 */
#include "io/fs/ext2/ext2.h"
#include "mm/mm.h"

static int ext2_read_page(struct file *f, struct page *page)
{
	return block_read_page(page, ext2_get_block, 0);
}

static void ext2_read_pages(struct mapping *m, struct page **pages, u32 nr, u32 id)
{
	block_read_pages(m, pages, nr, ext2_get_block, id);
}

static int ext2_write_page(struct page *page, struct writeback_control *wbc)
{
	return block_write_page(page, ext2_get_block_writeback, wbc);
}

static int ext2_write_pages(struct mapping *m, struct writeback_control *wbc)
{
	return block_write_pages(m, wbc, ext2_get_block_writeback);
}

/* The transaction is open from here to write_end: blocks, and the size that makes them part of the file, belong together. */
static int ext2_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	struct super_block *sb = m->host->sb;
	int err = tx_begin(sb, TX_CREDITS_MAP + TX_CREDITS_INODE);

	if (unlikely(err))
		return err;
	err = block_write_begin(m, pos, len, page, ext2_get_block);
	if (unlikely(err)) {
		tx_end(sb);
		ext2_trim_failed_write(m->host, pos + len);
	}
	return err;
}

static int ext2_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata)
{
	int done = block_write_end(f, m, pos, len, copied, page);

	tx_end(m->host->sb);
	if (unlikely(done < (int)len))
		ext2_trim_failed_write(m->host, pos + len);
	return done;
}

/* Writes hold the inode lock; the block layer's completion moves the size of an asynchronous one, which cannot be past the end. */
static ssize_t ext2_direct_io(struct kiocb *k, struct iov_iter *iter)
{
	struct inode *inode = k->file->inode;
	loff_t end = k->pos + iov_iter_count(iter);
	bool write = !iter->dest;
	ssize_t done;
	int err;

	if (!write)
		return block_direct_io(k, iter, ext2_get_block);
	err = tx_begin(inode->sb, TX_CREDITS_MAP + TX_CREDITS_INODE);
	if (err)
		return err;
	done = block_direct_io(k, iter, ext2_get_block);
	tx_end(inode->sb);
	if (done < 0 || (size_t)done < (size_t)(end - (k->pos - done)))
		ext2_trim_failed_write(inode, end);
	return done;
}

const struct mapping_ops ext2_mapping_ops = {
	.read_page = ext2_read_page,
	.read_pages = ext2_read_pages,
	.write_page = ext2_write_page,
	.write_pages = ext2_write_pages,
	.write_begin = ext2_write_begin,
	.write_end = ext2_write_end,
	.invalidate_page = block_invalidate_page,
	.release_page = block_release_page,
	.direct_io = ext2_direct_io,
	.set_page_dirty = block_set_page_dirty,
};

/* A store to a shared page: blocks behind it, up to the end of the file. The VFS's lock of the inode is not held. */
static u32 ext2_page_mkwrite(struct vm_fault *vf)
{
	struct super_block *sb = ((struct file *)vf->area->file)->inode->sb;
	u32 result;

	if (tx_begin(sb, TX_CREDITS_MAP + TX_CREDITS_INODE))
		return VM_FAULT_SIGBUS;
	result = block_page_mkwrite(vf, ext2_get_block);
	tx_end(sb);
	return result;
}

static const struct vm_ops ext2_vm_ops = {
	.open = generic_file_area_open,
	.close = generic_file_area_close,
	.fault = generic_file_fault,
	.map_pages = generic_file_map_pages,
	.page_mkwrite = ext2_page_mkwrite,
	.name = generic_file_area_name,
	.unlock_page = unlock_page,
};

static int ext2_mmap(struct file *f, struct vm_area *a)
{
	int err = generic_file_mmap(f, a);

	if (!err)
		a->ops = &ext2_vm_ops;
	return err;
}

static void ext2_release(struct file *f)
{
	if (f->mode & FMODE_WRITE)
		ext2_drop_window(f->inode);
}

int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = f->inode;
	int err, e;

	/* Blocks were allocated when the data was written into the cache, so the bitmaps can go first and one device flush covers all. */
	err = ext2_sync_allocation(inode);
	if (S_ISDIR(inode->mode)) {
		e = sync_mapping_buffers(inode->mapping);
		err = err ? err : e;
		if (EXT2_SB(inode->sb)->freed) { /* a name leaves the device before what it named */
			e = blkdev_issue_flush(inode->sb->bdev);
			err = err ? err : e;
		}
	}
	e = generic_file_fsync(f, start, end, datasync);
	err = err ? err : e;
	if (unlikely(EXT2_I(inode)->alloc_lo <= EXT2_I(inode)->alloc_hi)) { /* but for holes that a shared mapping filled */
		e = ext2_sync_allocation(inode);
		err = err ? err : e;
		e = blkdev_issue_flush(inode->sb->bdev);
		err = err ? err : e;
	}
	e = ext2_sync_freed(inode->sb);
	return err ? err : e;
}

const struct file_operations ext2_file_operations = {
	.name = "ext2 file",
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.llseek = generic_llseek,
	.mmap = ext2_mmap,
	.release = ext2_release,
	.fsync = ext2_fsync,
};

const struct file_operations ext2_dir_operations = {
	.name = "ext2 directory",
	.llseek = generic_llseek,
	.iterate = ext2_readdir,
	.fsync = ext2_fsync,
};

const struct inode_operations ext2_file_inode_operations = {
	.setattr = ext2_setattr,
};
