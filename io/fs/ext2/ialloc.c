/*
 * Inodes: which number a new one gets. A light form of Orlov's idea ("The Orlov block allocator"): directories directly below the root
 * are spread over groups that are emptier than the average; deeper directories and files stay in the group of their parent, or as near
 * as there is room, because what is made together is read together.
 */
#include "io/fs/ext2/ext2.h"

/* The inode bitmap of a group with a reference; NULL and *err. */
static struct buffer_head *read_bitmap(struct super_block *sb, u32 g, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_group *gi = &sbi->group[g];
	struct buffer_head *bh;

	*err = -EUCLEAN;
	if (gi->flags & EXT2_GROUP_INODES_BAD)
		return NULL;
	bh = sb_bread(sb, ext2_group_desc(sbi, g, NULL)->bg_inode_bitmap);
	if (!bh) {
		ext2_error(sb, __func__, "cannot read the inode bitmap of group %u", g);
		*err = -EIO;
		return NULL;
	}
	if (unlikely(!(gi->flags & EXT2_GROUP_INODES_CHECKED))) {
		if (!g && bitmap_find_zero(bh->data, sbi->first_ino - 1, 0) != sbi->first_ino - 1) {
			gi->flags |= EXT2_GROUP_INODES_BAD;
			brelse(bh);
			ext2_error(sb, __func__, "inode bitmap of group 0 has reserved inodes marked free");
			return NULL;
		}
		gi->flags |= EXT2_GROUP_INODES_CHECKED;
	}
	return bh;
}

/* A group for a directory below the root: at least average in free inodes and blocks, and the fewest directories. */
static u32 spread_group(struct ext2_sb_info *sbi, u32 start)
{
	u32 avg_inodes = sbi->free_inodes / sbi->groups, avg_blocks = sbi->free_blocks / sbi->groups, best = start, best_dirs = ~0u, i;

	for (i = 0; i < sbi->groups; i++) {
		u32 g = (start + i) % sbi->groups;
		const struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);
		if (!gd->bg_free_inodes_count || gd->bg_free_inodes_count < avg_inodes || gd->bg_free_blocks_count < avg_blocks)
			continue;
		if (gd->bg_used_dirs_count < best_dirs) {
			best = g;
			best_dirs = gd->bg_used_dirs_count;
		}
	}
	return best;
}

/* Where to start looking. */
static u32 first_group(struct inode *dir, umode_t mode)
{
	struct ext2_sb_info *sbi = EXT2_SB(dir->sb);
	u32 parent = EXT2_I(dir)->group, step, g;

	if (S_ISDIR(mode) && (dir->ino == EXT2_ROOT_INO || (EXT2_I(dir)->flags & EXT2_TOPDIR_FL)))
		return spread_group(sbi, sbi->next_generation % sbi->groups);
	/* The parent's group, then at growing distances, as long as there is room for the contents too. */
	for (g = parent, step = 1; step <= sbi->groups; g = (g + step) % sbi->groups, step *= 2) {
		const struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);
		if (gd->bg_free_inodes_count && gd->bg_free_blocks_count)
			return g;
	}
	return parent;
}

/* Mark a free inode of group g; its number, or 0 with *err (0: none free here). */
static u32 take_inode(struct super_block *sb, u32 g, bool is_dir, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct buffer_head *bh, *gd_bh;
	struct ext2_group_desc *gd = ext2_group_desc(sbi, g, &gd_bh);
	u32 bit;

	*err = 0;
	if (!gd->bg_free_inodes_count)
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
	bit = bitmap_find_zero(bh->data, sbi->inodes_per_group, g ? 0 : sbi->first_ino - 1);
	if (bit < sbi->inodes_per_group) {
		bitmap_set(bh->data, bit);
		gd->bg_free_inodes_count--;
		if (is_dir) {
			gd->bg_used_dirs_count++;
			sbi->dirs++;
		}
		sbi->free_inodes -= sbi->free_inodes ? 1 : 0;
		sbi->super_dirty = true;
	}
	spin_unlock(&sbi->lock);
	if (bit < sbi->inodes_per_group) {
		tx_dirty(sb, bh);
		tx_dirty(sb, gd_bh);
	} else {
		sbi->group[g].flags |= EXT2_GROUP_INODES_BAD;
		*err = ext2_error(sb, __func__, "group %u: descriptor counts free inodes, bitmap has none", g);
	}
	brelse(bh);
	return bit < sbi->inodes_per_group ? g * sbi->inodes_per_group + bit + 1 : 0;
}

static u32 find_inode_number(struct inode *dir, umode_t mode, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(dir->sb);
	u32 g = first_group(dir, mode), i;
	int broken = 0;

	for (i = 0; i < sbi->groups; i++) {
		u32 ino = take_inode(dir->sb, g, S_ISDIR(mode), err);
		if (ino)
			return ino;
		if (*err)
			broken = *err;
		if (++g == sbi->groups)
			g = 0;
	}
	*err = broken ? broken : -ENOSPC;
	return 0;
}

static void give_back(struct super_block *sb, u32 ino, bool is_dir)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 g = (ino - 1) / sbi->inodes_per_group, bit = (ino - 1) % sbi->inodes_per_group;
	struct buffer_head *bh, *gd_bh;
	struct ext2_group_desc *gd = ext2_group_desc(sbi, g, &gd_bh);
	bool was_set;
	int err;

	bh = read_bitmap(sb, g, &err);
	if (!bh)
		return;
	if (tx_get_write(sb, bh) || tx_get_write(sb, gd_bh)) {
		brelse(bh);
		return;
	}
	spin_lock(&sbi->lock);
	was_set = bitmap_test(bh->data, bit);
	if (was_set) {
		bitmap_clear(bh->data, bit);
		gd->bg_free_inodes_count++;
		sbi->free_inodes++;
		if (is_dir && gd->bg_used_dirs_count) {
			gd->bg_used_dirs_count--;
			sbi->dirs -= sbi->dirs ? 1 : 0;
		}
		sbi->super_dirty = true;
	}
	spin_unlock(&sbi->lock);
	tx_dirty(sb, bh);
	tx_dirty(sb, gd_bh);
	brelse(bh);
	if (!was_set)
		ext2_error(sb, __func__, "inode %u was free already", ino);
}

void ext2_free_inode(struct inode *inode)
{
	give_back(inode->sb, inode->ino, S_ISDIR(inode->mode));
}

struct inode *ext2_new_inode(struct inode *dir, umode_t mode)
{
	struct super_block *sb = dir->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_inode_info *ei;
	struct inode *inode;
	u32 ino;
	int err;

	ino = find_inode_number(dir, mode, &err);
	if (!ino)
		return ERR_PTR(err);
	inode = iget_locked(sb, ino);
	if (!inode) {
		give_back(sb, ino, S_ISDIR(mode));
		return ERR_PTR(-ENOMEM);
	}
	if (!(inode->state & I_NEW)) { /* the bitmap called it free: leave the bit set, which is the truth */
		iput(inode);
		return ERR_PTR(ext2_error(sb, __func__, "inode %u is in use and was marked free", ino));
	}
	ei = EXT2_I(inode);
	inode_init_owner(inode, dir, mode);
	inode->nlink = 1;
	inode->size = 0;
	inode->blocks = 0;
	inode->atime = inode->mtime = inode->ctime = current_time_coarse();
	inode->generation = sbi->next_generation++;
	ei->group = (ino - 1) / sbi->inodes_per_group;
	ei->alloc_lo = min(ei->alloc_lo, ei->group);
	ei->alloc_hi = max(ei->alloc_hi, ei->group);
	ei->flags = EXT2_I(dir)->flags & EXT2_FL_INHERITED;
	if (!S_ISDIR(mode))
		ei->flags &= ~EXT2_DIRSYNC_FL;
	if (!S_ISDIR(mode) && !S_ISREG(mode))
		ei->flags &= EXT2_NODUMP_FL | EXT2_NOATIME_FL;
	ei->extra_isize = (u16)sbi->want_extra;
	ei->state = EXT2_STATE_NEW | EXT2_STATE_LIVE;
	ext2_set_inode_flags(inode);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	return inode;
}
