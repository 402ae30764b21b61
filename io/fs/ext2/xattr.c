/*
 * Extended attributes are not offered to programs, but images made elsewhere have them: small ones behind the inode's fields, which
 * we keep as they are, larger ones in a block that several files may share and that has to be let go with the file.
 */
#include "io/fs/ext2/ext2.h"

void ext2_xattr_release(struct inode *inode)
{
	struct super_block *sb = inode->sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_xattr_header *h;
	struct buffer_head *bh;
	u32 block = ei->file_acl;

	if (!block)
		return;
	ei->file_acl = 0;
	if (!ext2_data_blocks_valid(EXT2_SB(sb), block, 1)) {
		ext2_error(sb, __func__, "inode %u: attribute block %u is not a data block", inode->ino, block);
		return;
	}
	bh = sb_bread(sb, block);
	if (!bh)
		return;
	h = (struct ext2_xattr_header *)bh->data;
	if (h->h_magic != EXT2_XATTR_MAGIC || h->h_blocks != 1 || !h->h_refcount) {
		ext2_error(sb, __func__, "inode %u: block %u holds no attributes", inode->ino, block);
		brelse(bh);
		return;
	}
	if (tx_get_write(sb, bh)) {
		brelse(bh);
		return;
	}
	inode->blocks -= min_t(u64, inode->blocks, sb->blocksize >> 9);
	lock_buffer(bh);
	h->h_refcount--;
	unlock_buffer(bh);
	if (h->h_refcount) {
		tx_dirty(sb, bh);
		brelse(bh);
		return;
	}
	tx_forget(sb, bh);
	ext2_free_blocks(inode, block, 1);
}
