/*
 * Where a file's blocks lie: 12 direct numbers in the inode, then one, two and three levels of indirect blocks ("Internal Layout",
 * section 3.4 "Inode Table", i_block). Looking up takes no lock: it reads single words, and whoever takes blocks away has locked the
 * pages out first. Allocation and truncation hold map_lock. Every number read is checked before it is followed.
 */
#include "io/fs/ext2/ext2.h"

#define MAX_DEPTH 4

/* One step of the way from the inode to a data block: the word, its value, and the buffer it lies in (NULL: the inode). */
struct step {
	u32 *p;
	u32 key;
	struct buffer_head *bh;
};

u32 ext2_block_path(const struct ext2_sb_info *sbi, u32 iblock, u32 path[4])
{
	u32 bits = sbi->ptr_bits, mask = (1u << bits) - 1, n = iblock;

	if (n < EXT2_NDIR_BLOCKS) {
		path[0] = n;
		return 1;
	}
	n -= EXT2_NDIR_BLOCKS;
	if (n <= mask) {
		path[0] = EXT2_IND_BLOCK;
		path[1] = n;
		return 2;
	}
	n -= mask + 1;
	if (n >> bits <= mask) {
		path[0] = EXT2_DIND_BLOCK;
		path[1] = n >> bits;
		path[2] = n & mask;
		return 3;
	}
	n -= 1u << (2 * bits);
	if (n >> (2 * bits) <= mask) {
		path[0] = EXT2_TIND_BLOCK;
		path[1] = n >> (2 * bits);
		path[2] = n >> bits & mask;
		path[3] = n & mask;
		return 4;
	}
	return 0;
}

static void release_steps(struct step *s, u32 n)
{
	while (n--)
		brelse(s[n].bh);
}

/*
 * Follow the path. Returns the number of steps whose key is not 0 (depth: all of them); *filled says how many entries of s hold a
 * reference. -errno: an indirect block could not be read or makes no sense.
 */
static int walk(struct inode *inode, u32 depth, const u32 *path, struct step *s, u32 *filled)
{
	struct super_block *sb = inode->sb;
	u32 i;

	s[0] = (struct step){ .p = &EXT2_I(inode)->data[path[0]] };
	s[0].key = READ_ONCE(*s[0].p);
	*filled = 1;
	for (i = 0; i + 1 < depth && s[i].key; i++) {
		struct buffer_head *bh;
		if (unlikely(!ext2_data_blocks_valid(EXT2_SB(sb), s[i].key, 1)))
			return ext2_error(sb, __func__, "inode %u: indirect block number %u is not a data block", inode->ino, s[i].key);
		bh = sb_bread(sb, s[i].key);
		if (!bh)
			return -EIO;
		s[i + 1] = (struct step){ .p = (u32 *)bh->data + path[i + 1], .bh = bh };
		s[i + 1].key = READ_ONCE(*s[i + 1].p);
		*filled = i + 2;
	}
	return (int)(s[i].key ? i + 1 : i);
}

/* How many words from the last step on stand in the same block (or in the direct part of the inode). */
static u32 words_left(const struct ext2_sb_info *sbi, u32 depth, const u32 *path)
{
	return depth == 1 ? EXT2_NDIR_BLOCKS - path[0] : (1u << sbi->ptr_bits) - path[depth - 1];
}

/* The run of neighbouring blocks at the end of a complete walk. */
static int mapped_run(struct inode *inode, u32 depth, const u32 *path, const struct step *s, u32 max, u32 *phys)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);
	const struct step *last = &s[depth - 1];
	u32 limit = min(max, words_left(sbi, depth, path)), n = 1;

	while (n < limit && READ_ONCE(last->p[n]) == last->key + n)
		n++;
	if (unlikely(!ext2_data_blocks_valid(sbi, last->key, n)))
		return ext2_error(inode->sb, __func__, "inode %u: blocks %u+%u are not data blocks", inode->ino, last->key, n);
	*phys = last->key;
	return (int)n;
}

/* Where the next block would be best. *exact: right behind the one before it in the file. */
static u32 find_goal(struct inode *inode, u32 iblock, const struct step *missing, u32 index, bool *exact)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	const u32 *words = missing->bh ? (const u32 *)missing->bh->data : ei->data;

	*exact = true;
	if (iblock && iblock == ei->next_lblock && ei->next_pblock)
		return ei->next_pblock;
	while (index--)
		if (words[index])
			return words[index] + 1;
	*exact = missing->bh != NULL;
	return missing->bh ? missing->bh->blocknr + 1 : ext2_group_first_block(EXT2_SB(inode->sb), ei->group);
}

/* Give back what a failed allocation took: `n` indirect blocks with their buffers. map_lock held. */
static void undo_branch(struct inode *inode, const u32 *blocks, struct buffer_head **bhs, u32 n)
{
	while (n--) {
		if (bhs[n])
			tx_forget(inode->sb, bhs[n]);
		ext2_free_blocks(inode, blocks[n], 1);
	}
}

/* A new indirect block in memory, all holes; never read from the disk. */
static struct buffer_head *zeroed_buffer(struct inode *inode, u32 block)
{
	struct buffer_head *bh = sb_getblk(inode->sb, block);

	if (!bh || tx_get_write(inode->sb, bh)) {
		brelse(bh);
		return NULL;
	}
	lock_buffer(bh);
	memset(bh->data, 0, bh->size);
	bh_set(bh, BH_Uptodate);
	unlock_buffer(bh);
	return bh;
}

/*
 * Fill the hole at step k of the walk: allocate the indirect blocks that are missing and a run of data blocks, build the branch aside,
 * then hang it in by one store. map_lock held, in a transaction. The number of data blocks or -errno.
 */
static int fill_hole(struct inode *inode, u32 iblock, u32 depth, const u32 *path, struct step *s, u32 k, u32 max, u32 *phys)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 indirect = depth - 1 - k, blocks[MAX_DEPTH], n = 0, i, count, goal, limit = min(max, words_left(sbi, depth, path));
	struct buffer_head *bhs[MAX_DEPTH] = { NULL };
	bool exact;
	int err;

	count = 1;
	if (indirect)
		count = limit;
	else
		while (count < limit && !s[k].p[count])
			count++;
	if (s[k].bh) {
		err = tx_get_write(sb, s[k].bh);
		if (err)
			return err;
	}
	goal = find_goal(inode, iblock, &s[k], path[k], &exact);
	for (n = 0; n < indirect; n++) {
		u32 one = 1;
		blocks[n] = ext2_new_blocks(inode, goal, exact, &one, &err);
		if (!blocks[n])
			goto undo;
		goal = blocks[n] + 1;
		exact = true;
	}
	blocks[n] = ext2_new_blocks(inode, goal, exact, &count, &err);
	if (!blocks[n])
		goto undo;
	for (i = 0; i < indirect; i++) {
		u32 *words, j;
		bhs[i] = zeroed_buffer(inode, blocks[i]);
		if (!bhs[i]) {
			err = -ENOMEM;
			ext2_free_blocks(inode, blocks[n], count);
			goto undo;
		}
		words = (u32 *)bhs[i]->data + path[k + 1 + i];
		words[0] = blocks[i + 1];
		for (j = 1; i + 1 == indirect && j < count; j++)
			words[j] = blocks[i + 1] + j;
		tx_dirty_inode(inode, bhs[i]);
	}
	for (i = 0; i < indirect; i++)
		brelse(bhs[i]);
	for (i = indirect ? 1 : count; i-- > 0;)
		WRITE_ONCE(s[k].p[i], blocks[0] + i);
	if (s[k].bh)
		tx_dirty_inode(inode, s[k].bh);
	ei->next_lblock = iblock + count;
	ei->next_pblock = blocks[n] + count;
	inode->blocks += (u64)(indirect + count) << (sb->blocksize_bits - 9);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	*phys = blocks[n];
	return (int)count;
undo:
	undo_branch(inode, blocks, bhs, n);
	return err;
}

int ext2_map_blocks(struct inode *inode, u32 iblock, u32 max, u32 *phys, bool *is_new, bool create)
{
	u32 path[MAX_DEPTH], filled = 0, depth = ext2_block_path(EXT2_SB(inode->sb), iblock, path);
	struct step s[MAX_DEPTH];
	int got;

	if (is_new)
		*is_new = false;
	if (!depth)
		return create ? -EFBIG : 0;
	if (create) /* who may allocate mostly has to: take the lock at once instead of walking twice */
		mutex_lock(&EXT2_I(inode)->map_lock);
	got = walk(inode, depth, path, s, &filled);
	if (got == (int)depth) {
		got = mapped_run(inode, depth, path, s, max, phys);
	} else if (got >= 0) {
		got = create ? fill_hole(inode, iblock, depth, path, s, (u32)got, max, phys) : 0;
		if (is_new)
			*is_new = got > 0;
	}
	if (create)
		mutex_unlock(&EXT2_I(inode)->map_lock);
	release_steps(s, filled);
	return got;
}

int ext2_get_block(struct inode *inode, u32 iblock, struct buffer_head *b, bool create)
{
	u32 bits = inode->sb->blocksize_bits, max = max(b->size >> bits, 1u), phys;
	bool is_new;
	int n = ext2_map_blocks(inode, iblock, max, &phys, &is_new, create);

	if (n < 0)
		return n;
	if (!n)
		return 0; /* a hole */
	b->blocknr = phys;
	b->bdev = inode->sb->bdev;
	b->size = (u32)n << bits;
	bh_set(b, BH_Mapped | (is_new ? BH_New : 0));
	return 0;
}

int ext2_get_block_writeback(struct inode *inode, u32 iblock, struct buffer_head *b, bool create)
{
	int err = ext2_get_block(inode, iblock, b, false);

	if (err || bh_test(b, BH_Mapped) || !create)
		return err;
	err = tx_begin(inode->sb, TX_CREDITS_MAP);
	if (err)
		return err;
	err = ext2_get_block(inode, iblock, b, true);
	tx_end(inode->sb);
	return err;
}

struct buffer_head *ext2_read_block(struct inode *inode, u32 iblock, int *err)
{
	struct buffer_head *bh;
	u32 phys;
	int n = ext2_map_blocks(inode, iblock, 1, &phys, NULL, false);

	if (n <= 0) {
		*err = n ? n : ext2_error(inode->sb, __func__, "inode %u has a hole at block %u", inode->ino, iblock);
		return NULL;
	}
	bh = sb_bread(inode->sb, phys);
	*err = bh ? 0 : -EIO;
	return bh;
}

struct buffer_head *ext2_append_block(struct inode *inode, u32 iblock, int *err)
{
	struct buffer_head *bh;
	bool is_new;
	u32 phys;
	int n = ext2_map_blocks(inode, iblock, 1, &phys, &is_new, true);

	*err = n;
	if (n < 0)
		return NULL;
	if (!is_new) {
		*err = ext2_error(inode->sb, __func__, "inode %u has block %u past its end", inode->ino, iblock);
		return NULL;
	}
	bh = zeroed_buffer(inode, phys);
	*err = bh ? 0 : -ENOMEM;
	return bh;
}
