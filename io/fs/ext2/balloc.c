/*
 * Blocks: which are free, and which one a file gets.
 *
 * A file that grows keeps a window: a run of free blocks in one group that nobody else is given, so that files written side by side do
 * not interleave. Windows exist in memory only. Each group has a rotor; all windows lie below it, and a new window starts at the first
 * long enough run from there. A window doubles each time it is used up (16 blocks to 256) and what is left of it when the file is closed
 * goes back by moving the rotor down. Bits, descriptors and counters change under sbi->lock, which is never held across a sleep.
 */
#include "io/fs/ext2/ext2.h"

#define WINDOW_MIN 16u
#define WINDOW_MAX 256u
#define POLITE_GROUPS 16u /* how many groups are searched for room outside all windows */

static u32 block_group(const struct ext2_sb_info *sbi, u32 block) { return (block - sbi->first_data_block) / sbi->blocks_per_group; }

/* Does the bitmap mark the group's own metadata, and does it end where the group ends? */
static bool bitmap_plausible(struct ext2_sb_info *sbi, u32 g, const u8 *map)
{
	const struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);
	u32 first = ext2_group_first_block(sbi, g), table = gd->bg_inode_table - first;

	if (bitmap_find_zero(map, sbi->group[g].sys_blocks, 0) != sbi->group[g].sys_blocks)
		return false;
	if (!bitmap_test(map, gd->bg_block_bitmap - first) || !bitmap_test(map, gd->bg_inode_bitmap - first))
		return false;
	return bitmap_find_zero(map, table + sbi->itable_blocks, table) == table + sbi->itable_blocks;
}

/* The block bitmap of a group with a reference; NULL and *err. */
static struct buffer_head *read_bitmap(struct super_block *sb, u32 g, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_group *gi = &sbi->group[g];
	struct buffer_head *bh;

	*err = -EUCLEAN;
	if (gi->flags & EXT2_GROUP_BLOCKS_BAD)
		return NULL;
	bh = sb_bread(sb, ext2_group_desc(sbi, g, NULL)->bg_block_bitmap);
	if (!bh) {
		ext2_error(sb, __func__, "cannot read the block bitmap of group %u", g);
		*err = -EIO;
		return NULL;
	}
	if (likely(gi->flags & EXT2_GROUP_BLOCKS_CHECKED))
		return bh;
	if (!bitmap_plausible(sbi, g, bh->data)) {
		gi->flags |= EXT2_GROUP_BLOCKS_BAD;
		brelse(bh);
		ext2_error(sb, __func__, "block bitmap of group %u does not cover its own metadata", g);
		return NULL;
	}
	gi->flags |= EXT2_GROUP_BLOCKS_CHECKED;
	return bh;
}

/* How many of the bits from `bit` on are clear, at most want. */
static u32 run_length(const u8 *map, u32 nbits, u32 bit, u32 want)
{
	u32 end = min(nbits, bit + want);
	return bitmap_find_set(map, end, bit) - bit;
}

/* The first run of `want` clear bits in [start, nbits), or else the longest there is; its length in *len (0: none). */
static u32 find_run(const u8 *map, u32 nbits, u32 start, u32 want, u32 *len)
{
	u32 bit = start, best = 0;

	*len = 0;
	while ((bit = bitmap_find_zero(map, nbits, bit)) < nbits) {
		u32 n = run_length(map, nbits, bit, want);
		if (n > *len) {
			best = bit;
			*len = n;
			if (n == want)
				break;
		}
		bit += n + 1;
	}
	return best;
}

/* Where in the group to take blocks for this file, moving its window; ~0: nothing. anywhere: also where others have windows. Lock held. */
static u32 pick_bit(struct ext2_sb_info *sbi, struct ext2_inode_info *ei, u32 g, const u8 *map, u32 goal, bool goal_exact, u32 want,
	bool anywhere)
{
	struct ext2_group *gi = &sbi->group[g];
	u32 nbits = ext2_group_blocks(sbi, g), len, bit, size;

	if (ei->win_end && ei->win_group == g) {
		if (goal >= ei->win_start && goal < ei->win_end && !bitmap_test(map, goal))
			return goal;
		bit = bitmap_find_zero(map, min(ei->win_end, nbits), ei->win_start);
		if (bit < min(ei->win_end, nbits))
			return bit;
		ei->win_size = min(2 * ei->win_size, WINDOW_MAX);
	} else if (S_ISREG(ei->vfs.mode)) {
		ei->win_size = max(ei->win_size, WINDOW_MIN);
	} else {
		ei->win_size = 1;
	}
	size = max(ei->win_size, min(want, WINDOW_MAX));
	if (goal_exact && goal < nbits && !bitmap_test(map, goal) && (!ei->win_end || gi->rotor <= goal)) {
		bit = goal; /* goes on right behind the file's last block */
		len = run_length(map, nbits, bit, size);
	} else {
		bit = find_run(map, nbits, anywhere ? 0 : min(gi->rotor, nbits), size, &len);
		if (!anywhere && len < min(size, WINDOW_MIN))
			gi->rotor = max(gi->rotor, nbits - WINDOW_MIN + 1); /* no need to look here again until blocks are freed */
		if (!len || (!anywhere && len < min(size, WINDOW_MIN)))
			return ~0u;
	}
	ei->win_group = g;
	ei->win_start = bit;
	ei->win_end = bit + len;
	gi->rotor = max(gi->rotor, ei->win_end);
	return bit;
}

/* Take up to want clear bits at bit; sbi->lock held. */
static u32 take_bits(struct ext2_sb_info *sbi, u32 g, u8 *map, u32 bit, u32 want)
{
	struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);
	u32 n = run_length(map, ext2_group_blocks(sbi, g), bit, want), i;

	for (i = 0; i < n; i++)
		bitmap_set(map, bit + i);
	gd->bg_free_blocks_count -= min_t(u32, n, gd->bg_free_blocks_count);
	sbi->free_blocks -= min(n, sbi->free_blocks);
	sbi->super_dirty = true;
	return n;
}

static void note_changed_group(struct ext2_inode_info *ei, u32 g)
{
	ei->alloc_lo = min(ei->alloc_lo, g);
	ei->alloc_hi = max(ei->alloc_hi, g);
}

/* Try one group. The first block, or 0 with *err set only when something is broken. */
static u32 new_blocks_in_group(struct inode *inode, u32 g, u32 goal, bool goal_exact, u32 *count, bool anywhere, int *err)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer_head *bh, *gd_bh;
	u32 bit, n = 0;

	if (!ext2_group_desc(sbi, g, &gd_bh)->bg_free_blocks_count)
		return 0;
	if (!anywhere && !goal_exact && !(ei->win_end && ei->win_group == g) && sbi->group[g].rotor + WINDOW_MIN > ext2_group_blocks(sbi, g))
		return 0;
	bh = read_bitmap(sb, g, err);
	if (!bh)
		return 0;
	*err = tx_get_write(sb, bh);
	if (!*err)
		*err = tx_get_write(sb, gd_bh);
	if (*err) {
		brelse(bh);
		return 0;
	}
	spin_lock(&sbi->lock);
	bit = pick_bit(sbi, ei, g, bh->data, goal, goal_exact, *count, anywhere);
	if (bit != ~0u) {
		n = take_bits(sbi, g, bh->data, bit, min(*count, ei->win_end - bit));
		note_changed_group(ei, g);
	}
	spin_unlock(&sbi->lock);
	if (n) {
		tx_dirty(sb, bh);
		tx_dirty(sb, gd_bh);
	} else if (anywhere) {
		*err = ext2_error(sb, __func__, "group %u: descriptor counts free blocks, bitmap has none", g);
		sbi->group[g].flags |= EXT2_GROUP_BLOCKS_BAD;
	}
	brelse(bh);
	*count = n;
	return n ? ext2_group_first_block(sbi, g) + bit : 0;
}

/* Blocks this task may take: the reserve is for root and for those the superblock names. */
static u32 blocks_available(struct ext2_sb_info *sbi)
{
	u32 reserve = sbi->es->s_r_blocks_count;

	if (sbi->free_blocks > reserve)
		return sbi->free_blocks - reserve;
	if (capable() || current_cred()->fsuid == sbi->resuid || (sbi->resgid && in_group(sbi->resgid)))
		return sbi->free_blocks;
	return 0;
}

u32 ext2_new_blocks(struct inode *inode, u32 goal, bool goal_exact, u32 *count, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);
	u32 available = blocks_available(sbi), want = *count, polite = min(sbi->groups, POLITE_GROUPS), goal_group, i;
	int broken = 0;

	*err = -ENOSPC;
	if (!available)
		return 0;
	want = min(want, available);
	if (goal < sbi->first_data_block || goal >= sbi->blocks_count) {
		goal = ext2_group_first_block(sbi, EXT2_I(inode)->group);
		goal_exact = false;
	}
	goal_group = block_group(sbi, goal);
	for (i = 0; i < polite + sbi->groups; i++) {
		u32 g = (goal_group + (i < polite ? i : i - polite)) % sbi->groups, n = want, block;
		int e = 0;
		block = new_blocks_in_group(inode, g, i ? 0 : goal - ext2_group_first_block(sbi, g), !i && goal_exact, &n, i >= polite, &e);
		if (block) {
			*count = n;
			*err = 0;
			return block;
		}
		if (e)
			broken = e;
	}
	if (broken)
		*err = broken;
	return 0;
}

/* Clear the bits [bit, bit + n) of one group. */
static void free_in_group(struct inode *inode, u32 g, u32 bit, u32 n)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct buffer_head *gd_bh, *bh;
	struct ext2_group_desc *gd = ext2_group_desc(sbi, g, &gd_bh);
	u32 i, freed = 0;
	int err;

	bh = read_bitmap(sb, g, &err);
	if (!bh)
		return;
	if (tx_get_write(sb, bh) || tx_get_write(sb, gd_bh)) {
		brelse(bh);
		return;
	}
	spin_lock(&sbi->lock);
	for (i = bit; i < bit + n; i++) {
		if (bitmap_test(bh->data, i)) {
			bitmap_clear(bh->data, i);
			freed++;
		}
	}
	gd->bg_free_blocks_count += (u16)freed;
	sbi->free_blocks += freed;
	sbi->super_dirty = sbi->freed = true;
	if (bit < sbi->group[g].rotor)
		sbi->group[g].rotor = bit;
	note_changed_group(EXT2_I(inode), g);
	spin_unlock(&sbi->lock);
	tx_dirty(sb, bh);
	tx_dirty(sb, gd_bh);
	brelse(bh);
	if (freed != n)
		ext2_error(sb, __func__, "%u of the blocks %u-%u freed by inode %u were free already", n - freed,
			ext2_group_first_block(sbi, g) + bit, ext2_group_first_block(sbi, g) + bit + n - 1, inode->ino);
}

void ext2_free_blocks(struct inode *inode, u32 block, u32 count)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);

	if (!ext2_data_blocks_valid(sbi, block, count)) {
		ext2_error(inode->sb, __func__, "inode %u frees blocks %u+%u, which are not data", inode->ino, block, count);
		return;
	}
	while (count) {
		u32 g = block_group(sbi, block), bit = block - ext2_group_first_block(sbi, g);
		u32 n = min(count, sbi->blocks_per_group - bit);
		free_in_group(inode, g, bit, n);
		block += n;
		count -= n;
	}
}

int ext2_block_in_use(struct super_block *sb, u32 block)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 g = block_group(sbi, block);
	struct buffer_head *bh;
	int err;

	bh = read_bitmap(sb, g, &err);
	if (!bh)
		return err;
	err = bitmap_test(bh->data, block - ext2_group_first_block(sbi, g));
	brelse(bh);
	return err;
}

void ext2_drop_window(struct inode *inode)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_group *gi;

	if (!ei->win_end)
		return;
	spin_lock(&sbi->lock);
	gi = &sbi->group[ei->win_group];
	if (gi->rotor == ei->win_end) {
		u32 last = ei->next_pblock - ext2_group_first_block(sbi, ei->win_group); /* just past the last block written */
		gi->rotor = last >= ei->win_start && last < ei->win_end ? last : ei->win_end;
	}
	ei->win_end = ei->win_size = 0;
	spin_unlock(&sbi->lock);
}

/* Consumes the reference. A block that is not in memory cannot be dirty, so callers use sb_getblk. */
static int sync_if_dirty(struct buffer_head *bh)
{
	int err = bh && bh_test(bh, BH_Dirty) ? sync_dirty_buffer(bh) : 0;

	brelse(bh);
	return err;
}

int ext2_sync_freed(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err, e;

	if (likely(!sbi->freed))
		return 0;
	sbi->freed = false;
	err = sync_blockdev(sb->bdev);
	e = blkdev_issue_flush(sb->bdev);
	err = err ? err : e;
	if (err)
		sbi->freed = true;
	return err;
}

int ext2_sync_allocation(struct inode *inode)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 lo, hi, g;
	int err = 0;

	spin_lock(&sbi->lock);
	lo = ei->alloc_lo;
	hi = ei->alloc_hi;
	ei->alloc_lo = ~0u;
	ei->alloc_hi = 0;
	spin_unlock(&sbi->lock);
	for (g = lo; g <= hi && g < sbi->groups; g++) {
		struct buffer_head *gd_bh;
		struct ext2_group_desc *gd = ext2_group_desc(sbi, g, &gd_bh);
		int e1 = sync_if_dirty(sb_getblk(sb, gd->bg_block_bitmap));
		int e2 = sync_if_dirty(sb_getblk(sb, gd->bg_inode_bitmap));
		int e3 = sync_if_dirty(get_bh(gd_bh));
		if (!err)
			err = e1 ? e1 : e2 ? e2 : e3;
	}
	return err;
}
