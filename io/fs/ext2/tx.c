/* Transactions without a journal, in builds that check how they are used: see tx.h. */
#include "io/fs/ext2/ext2.h"

#if defined(CONFIG_DEBUG) || defined(HOST_TEST)

int tx_begin(struct super_block *sb, u32 credits)
{
	(void)credits;
	might_sleep();
	atomic_inc(&EXT2_SB(sb)->tx_open);
	return 0;
}

void tx_end(struct super_block *sb)
{
	ASSERT(atomic_read(&EXT2_SB(sb)->tx_open) > 0);
	atomic_dec(&EXT2_SB(sb)->tx_open);
}

int tx_extend(struct super_block *sb, u32 credits)
{
	(void)credits;
	ASSERT(atomic_read(&EXT2_SB(sb)->tx_open) > 0);
	return 0;
}

int tx_get_write(struct super_block *sb, struct buffer_head *b)
{
	ASSERT(atomic_read(&EXT2_SB(sb)->tx_open) > 0);
	ASSERT(atomic_read(&b->refs) > 0);
	return 0;
}

void tx_dirty(struct super_block *sb, struct buffer_head *b)
{
	ASSERT(atomic_read(&EXT2_SB(sb)->tx_open) > 0);
	ASSERT(bh_test(b, BH_Uptodate));
	mark_buffer_dirty(b);
}

void tx_dirty_inode(struct inode *inode, struct buffer_head *b)
{
	ASSERT(atomic_read(&EXT2_SB(inode->sb)->tx_open) > 0);
	ASSERT(bh_test(b, BH_Uptodate));
	mark_buffer_dirty_inode(b, inode->mapping);
}

void tx_forget(struct super_block *sb, struct buffer_head *b)
{
	ASSERT(atomic_read(&EXT2_SB(sb)->tx_open) > 0);
	bforget(b);
}

#endif
