/*
 * Blocks given back. A tree is freed from its leaves up; neighbouring blocks go to the bitmap in one piece. Each indirect block must be
 * marked in use when it is entered and is free when it is left, so a damaged tree that contains itself ends too.
 */
#include "io/fs/ext2/ext2.h"

struct run { /* data blocks collected to be freed together */
	struct inode *inode;
	u32 start, count;
};

static void account_freed(struct inode *inode, u32 count)
{
	u64 units = (u64)count << (inode->sb->blocksize_bits - 9);
	inode->blocks -= min(units, inode->blocks);
}

static void flush_run(struct run *r)
{
	struct super_block *sb = r->inode->sb;
	u32 i;

	if (!r->count)
		return;
	/* Blocks of directories and symbolic links are buffers of the device; those of regular files are not. */
	if (!S_ISREG(r->inode->mode) && ext2_data_blocks_valid(EXT2_SB(sb), r->start, r->count)) {
		for (i = 0; i < r->count; i++) {
			struct buffer_head *bh = sb_getblk(sb, r->start + i);
			if (bh)
				tx_forget(sb, bh);
		}
	}
	ext2_free_blocks(r->inode, r->start, r->count);
	account_freed(r->inode, r->count);
	r->count = 0;
}

static void add_to_run(struct run *r, u32 block)
{
	if (r->count && block == r->start + r->count) {
		r->count++;
		return;
	}
	flush_run(r);
	r->start = block;
	r->count = 1;
}

/* The indirect block, if it is one: its number is a data block's and in use. */
static struct buffer_head *read_indirect(struct inode *inode, u32 block)
{
	struct super_block *sb = inode->sb;
	struct buffer_head *bh;

	if (!ext2_data_blocks_valid(EXT2_SB(sb), block, 1)) {
		ext2_error(sb, __func__, "inode %u: indirect block number %u is not a data block", inode->ino, block);
		return NULL;
	}
	if (ext2_block_in_use(sb, block) <= 0) {
		ext2_error(sb, __func__, "inode %u: indirect block %u is marked free", inode->ino, block);
		return NULL;
	}
	bh = sb_bread(sb, block);
	if (!bh)
		ext2_error(sb, __func__, "inode %u: cannot read indirect block %u, what it names stays allocated", inode->ino, block);
	return bh;
}

/* Free `block`, which is the root of `level` levels of indirect blocks (0: data). */
static void free_tree(struct run *r, u32 block, u32 level)
{
	struct inode *inode = r->inode;
	struct buffer_head *bh;
	u32 i, n = 1u << EXT2_SB(inode->sb)->ptr_bits;

	if (!level) {
		add_to_run(r, block);
		return;
	}
	flush_run(r); /* so that read_indirect sees its bits */
	bh = read_indirect(inode, block);
	if (!bh)
		return;
	for (i = 0; i < n; i++) {
		u32 child = ((const u32 *)bh->data)[i];
		if (child)
			free_tree(r, child, level - 1);
	}
	flush_run(r);
	tx_forget(inode->sb, bh);
	ext2_free_blocks(inode, block, 1);
	account_freed(inode, 1);
}

/* Free what lies from data block `from` (> 0, counted inside this tree) on; the tree's root stays. */
static void cut_tree(struct run *r, u32 block, u32 level, u32 from)
{
	struct super_block *sb = r->inode->sb;
	u32 bits = EXT2_SB(sb)->ptr_bits, n = 1u << bits, shift = bits * (level - 1), i = from >> shift, rest = from & ((1u << shift) - 1);
	struct buffer_head *bh = read_indirect(r->inode, block);
	bool changed = false;
	u32 *words;

	if (!bh)
		return;
	if (tx_extend(sb, TX_CREDITS_MAP) || tx_get_write(sb, bh)) {
		brelse(bh);
		return;
	}
	words = (u32 *)bh->data;
	if (rest) {
		if (words[i])
			cut_tree(r, words[i], level - 1, rest);
		i++;
	}
	for (; i < n; i++) {
		u32 child = words[i];
		if (!child)
			continue;
		WRITE_ONCE(words[i], 0);
		changed = true;
		free_tree(r, child, level - 1);
	}
	flush_run(r);
	if (changed)
		tx_dirty_inode(r->inode, bh);
	brelse(bh);
}

void ext2_truncate_blocks(struct inode *inode, loff_t size)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct run r = { .inode = inode };
	u32 first = (u32)((size + sb->blocksize - 1) >> sb->blocksize_bits), i, level, base = EXT2_NDIR_BLOCKS, block;

	if (tx_begin(sb, TX_CREDITS_MAP))
		return;
	mutex_lock(&ei->map_lock);
	ei->next_lblock = ei->next_pblock = 0;
	for (i = first; i < EXT2_NDIR_BLOCKS; i++) {
		block = ei->data[i];
		WRITE_ONCE(ei->data[i], 0);
		if (block)
			add_to_run(&r, block);
	}
	for (level = 1; level <= 3; level++) {
		u32 span = 1u << (sbi->ptr_bits * level), *root = &ei->data[EXT2_IND_BLOCK + level - 1];
		block = *root;
		if (block && first <= base) {
			WRITE_ONCE(*root, 0);
			free_tree(&r, block, level);
		} else if (block && first - base < span) {
			cut_tree(&r, block, level, first - base);
		}
		base += span;
	}
	flush_run(&r);
	mutex_unlock(&ei->map_lock);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	tx_end(sb);
}

int ext2_set_size(struct inode *inode, loff_t size)
{
	loff_t old = inode->size;
	int err;

	if (size < 0 || (u64)size > inode->sb->max_bytes)
		return -EFBIG;
	/* Bytes behind the end in its last block must read as zeros once the file grows over them. */
	err = block_truncate_page(inode->mapping, min(size, old), ext2_get_block);
	if (err)
		return err;
	inode_set_size(inode, size);
	if (size < old) {
		truncate_pages(inode->mapping, size);
		ext2_truncate_blocks(inode, size);
		(void)ext2_write_inode(inode, false); /* for ext2_sync_freed; it stays dirty and is written again */
	}
	inode->mtime = inode->ctime = current_time_coarse();
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	return 0;
}

void ext2_trim_failed_write(struct inode *inode, loff_t reached)
{
	loff_t size = inode_size(inode);

	if (reached <= size)
		return;
	truncate_pages(inode->mapping, size);
	ext2_truncate_blocks(inode, size);
	(void)ext2_write_inode(inode, false);
}
