/*
 * What a disk says about itself, checked before anything believes it: the superblock, its features, the group descriptors; and where
 * each group's metadata lies, for the checks of block numbers later.
 */
#include "io/fs/ext2/ext2.h"
#include "kernel/lib/printf.h"
#include "mm/alloc.h"

/* ---- geometry ---- */

struct ext2_group_desc *ext2_group_desc(struct ext2_sb_info *sbi, u32 group, struct buffer_head **bh)
{
	struct buffer_head *b;

	ASSERT(group < sbi->groups);
	b = sbi->desc_bh[group / sbi->desc_per_block];
	if (bh)
		*bh = b;
	return (struct ext2_group_desc *)b->data + group % sbi->desc_per_block;
}

static bool power_of(u32 n, u32 base)
{
	while (n > base && n % base == 0)
		n /= base;
	return n == base;
}

bool ext2_group_has_super(const struct ext2_sb_info *sbi, u32 group)
{
	const struct ext2_super_block *es = sbi->es;

	if (group == 0)
		return true;
	if (es->s_rev_level && (es->s_feature_compat & EXT2_COMPAT_SPARSE_SUPER2))
		return group == es->s_backup_bgs[0] || group == es->s_backup_bgs[1];
	if (!es->s_rev_level || !(es->s_feature_ro_compat & EXT2_RO_COMPAT_SPARSE_SUPER) || group == 1)
		return true;
	return power_of(group, 3) || power_of(group, 5) || power_of(group, 7);
}

u32 ext2_group_blocks(const struct ext2_sb_info *sbi, u32 group)
{
	return group + 1 < sbi->groups ? sbi->blocks_per_group : sbi->blocks_count - ext2_group_first_block(sbi, group);
}

static bool overlap(u32 a, u32 na, u32 b, u32 nb) { return a < b + nb && b < a + na; }

bool ext2_data_blocks_valid(struct ext2_sb_info *sbi, u32 block, u32 count)
{
	u32 g, last, at;

	if (block <= sbi->first_data_block || block >= sbi->blocks_count || count > sbi->blocks_count - block)
		return false;
	g = (block - sbi->first_data_block) / sbi->blocks_per_group;
	at = block - ext2_group_first_block(sbi, g);
	if (likely(at >= sbi->group[g].meta_end && count <= sbi->blocks_per_group - at))
		return true;
	last = (block + count - 1 - sbi->first_data_block) / sbi->blocks_per_group;
	for (; g <= last; g++) {
		const struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);
		if (overlap(block, count, ext2_group_first_block(sbi, g), sbi->group[g].sys_blocks) ||
			overlap(block, count, gd->bg_inode_table, sbi->itable_blocks) || overlap(block, count, gd->bg_block_bitmap, 1) ||
			overlap(block, count, gd->bg_inode_bitmap, 1))
			return false;
	}
	return true;
}

/* ---- features ---- */

static const char *const incompat_names[32] = {
	[0] = "compression", [1] = "filetype", [2] = "recover", [3] = "journal_dev", [4] = "meta_bg", [6] = "extents", [7] = "64bit", [8] = "mmp",
	[9] = "flex_bg", [10] = "ea_inode", [12] = "dirdata", [13] = "csum_seed", [14] = "largedir", [15] = "inline_data", [16] = "encrypt",
	[17] = "casefold",
};
static const char *const ro_compat_names[32] = {
	[0] = "sparse_super", [1] = "large_file", [2] = "btree_dir", [3] = "huge_file", [4] = "gdt_csum", [5] = "dir_nlink", [6] = "extra_isize",
	[7] = "snapshot", [8] = "quota", [9] = "bigalloc", [10] = "metadata_csum", [11] = "replica", [12] = "readonly", [13] = "project",
	[14] = "shared_blocks", [15] = "verity", [16] = "orphan_present",
};

static void name_features(u32 bits, const char *const *names, char *buf, size_t size)
{
	size_t len = 0;
	u32 i;

	buf[0] = 0;
	for (i = 0; i < 32; i++) {
		if (!(bits & BIT(i)) || len + 1 >= size)
			continue;
		if (names[i])
			len += (size_t)kscnprintf(buf + len, size - len, "%s%s", len ? " " : "", names[i]);
		else
			len += (size_t)kscnprintf(buf + len, size - len, "%sbit %u", len ? " " : "", i);
	}
}

/* 0, -EINVAL: cannot be mounted, -EROFS: only read-only. */
int ext2_check_features(struct super_block *sb, const struct ext2_super_block *es, bool want_write)
{
	char names[160];
	u32 bits;

	if (es->s_rev_level == EXT2_GOOD_OLD_REV)
		return 0;
	bits = es->s_feature_incompat & ~(u32)EXT2_INCOMPAT_SUPPORTED;
	if (bits) {
		name_features(bits, incompat_names, names, sizeof(names));
		pr_err("ext2 %s: cannot be mounted, it has features this kernel does not know: %s\n", sb->id, names);
		return -EINVAL;
	}
	bits = es->s_feature_ro_compat & ~(u32)EXT2_RO_COMPAT_SUPPORTED;
	if (bits && want_write) {
		name_features(bits, ro_compat_names, names, sizeof(names));
		pr_err("ext2 %s: can only be mounted read-only because of the features: %s\n", sb->id, names);
		return -EROFS;
	}
	return 0;
}

/* ---- reading and checking the superblock ---- */

/* Read it with the present block size of the device. */
static int read_super(struct super_block *sb, struct ext2_sb_info *sbi)
{
	u32 block = EXT2_SUPER_OFFSET / sb->blocksize, offset = EXT2_SUPER_OFFSET % sb->blocksize;

	brelse(sbi->super_bh);
	sbi->super_bh = sb_bread(sb, block);
	if (!sbi->super_bh)
		return -EIO;
	sbi->es = (struct ext2_super_block *)(sbi->super_bh->data + offset);
	return 0;
}

/* Find the superblock and set the device to its block size. */
int ext2_find_super(struct super_block *sb, struct ext2_sb_info *sbi, bool silent)
{
	u32 size;
	int err;

	for (size = EXT2_MIN_BLOCK_SIZE; size <= EXT2_MAX_BLOCK_SIZE; size *= 2)
		if (!sb_set_blocksize(sb, size))
			break;
	if (size > EXT2_MAX_BLOCK_SIZE) {
		pr_err("ext2 %s: no block size suits the device\n", sb->id);
		return -EINVAL;
	}
	err = read_super(sb, sbi);
	if (err)
		return err;
	if (sbi->es->s_magic != EXT2_SUPER_MAGIC) {
		if (!silent)
			pr_err("ext2 %s: no ext2 file system found\n", sb->id);
		return -EINVAL;
	}
	if (sbi->es->s_log_block_size > 2) {
		pr_err("ext2 %s: block size of 2^%u KiB is not supported\n", sb->id, sbi->es->s_log_block_size);
		return -EINVAL;
	}
	size = EXT2_MIN_BLOCK_SIZE << sbi->es->s_log_block_size;
	if (size == sb->blocksize)
		return 0;
	brelse(sbi->super_bh); /* the block size may change only while no buffer is in use */
	sbi->super_bh = NULL;
	if (sb_set_blocksize(sb, size)) {
		pr_err("ext2 %s: block size %u does not suit the device\n", sb->id, size);
		return -EINVAL;
	}
	err = read_super(sb, sbi);
	if (err)
		return err;
	return sbi->es->s_magic == EXT2_SUPER_MAGIC && EXT2_MIN_BLOCK_SIZE << sbi->es->s_log_block_size == size ? 0 : -EINVAL;
}

/* NULL or what is wrong with the superblock's numbers. Fills in sbi on the way. */
const char *ext2_check_geometry(struct super_block *sb, struct ext2_sb_info *sbi)
{
	const struct ext2_super_block *es = sbi->es;
	bool old = es->s_rev_level == EXT2_GOOD_OLD_REV;
	u32 bs = sb->blocksize;

	if (es->s_rev_level > EXT2_DYNAMIC_REV)
		return "unknown revision";
	sbi->inode_size = old ? EXT2_GOOD_OLD_INODE_SIZE : es->s_inode_size;
	sbi->first_ino = old ? EXT2_GOOD_OLD_FIRST_INO : es->s_first_ino;
	if (sbi->inode_size < EXT2_GOOD_OLD_INODE_SIZE || sbi->inode_size > bs || (sbi->inode_size & (sbi->inode_size - 1)))
		return "inode size";
	if (es->s_log_frag_size != es->s_log_block_size)
		return "fragment size differs from block size";
	sbi->blocks_per_group = es->s_blocks_per_group;
	sbi->inodes_per_group = es->s_inodes_per_group;
	sbi->blocks_count = es->s_blocks_count;
	sbi->inodes_count = es->s_inodes_count;
	sbi->first_data_block = es->s_first_data_block;
	sbi->inodes_per_block = bs / sbi->inode_size;
	sbi->desc_per_block = bs / sizeof(struct ext2_group_desc);
	sbi->ptr_bits = sb->blocksize_bits - 2;
	if (sbi->blocks_per_group < 256 || sbi->blocks_per_group > bs * 8 || (sbi->blocks_per_group & 7))
		return "blocks per group";
	if (es->s_frags_per_group != sbi->blocks_per_group)
		return "fragments per group";
	if (sbi->inodes_per_group < sbi->inodes_per_block || sbi->inodes_per_group > bs * 8)
		return "inodes per group";
	sbi->itable_blocks = DIV_ROUND_UP(sbi->inodes_per_group, sbi->inodes_per_block);
	if (sbi->itable_blocks + 3 > sbi->blocks_per_group)
		return "inode table larger than a group";
	if (sbi->first_data_block != (bs == EXT2_MIN_BLOCK_SIZE ? 1u : 0u) || sbi->blocks_count <= sbi->first_data_block)
		return "first data block";
	if ((sector_t)sbi->blocks_count << (sb->blocksize_bits - SECTOR_SHIFT) > sb->bdev->nr_sectors)
		return "larger than the device";
	sbi->groups = (sbi->blocks_count - sbi->first_data_block - 1) / sbi->blocks_per_group + 1;
	if ((u64)sbi->groups * sbi->inodes_per_group != sbi->inodes_count)
		return "inode count";
	if (sbi->first_ino < EXT2_GOOD_OLD_FIRST_INO || sbi->first_ino > sbi->inodes_per_group)
		return "first inode";
	if (es->s_r_blocks_count > sbi->blocks_count || es->s_free_blocks_count > sbi->blocks_count)
		return "reserved or free blocks";
	sbi->desc_blocks = DIV_ROUND_UP(sbi->groups, sbi->desc_per_block);
	return NULL;
}

/* The largest file: what three levels reach, and what i_blocks (32 bits of 512 bytes, map included) can count. */
u64 ext2_max_file_size(const struct ext2_sb_info *sbi, u32 bits)
{
	u64 n = 1u << sbi->ptr_bits, blocks = EXT2_NDIR_BLOCKS + n + n * n + n * n * n, limit;
	u64 map_blocks = 1 + (1 + n) + (1 + n + n * n);

	limit = ((1ull << 32) - 1) >> (bits - 9);
	if (blocks + map_blocks > limit)
		blocks = limit - map_blocks;
	if (sbi->es->s_rev_level == EXT2_GOOD_OLD_REV)
		return 0x7fffffff; /* cannot say that it has large files */
	return blocks << bits;
}

/* ---- descriptors ---- */

static bool lies_in_group(const struct ext2_sb_info *sbi, u32 g, u32 block, u32 count)
{
	u32 start = ext2_group_first_block(sbi, g) + sbi->group[g].sys_blocks, end = ext2_group_first_block(sbi, g) + ext2_group_blocks(sbi, g);
	return block >= start && block < end && count <= end - block;
}

static bool group_plausible(struct ext2_sb_info *sbi, u32 g)
{
	const struct ext2_group_desc *gd = ext2_group_desc(sbi, g, NULL);

	if (sbi->group[g].sys_blocks >= ext2_group_blocks(sbi, g))
		return false;
	if (!lies_in_group(sbi, g, gd->bg_block_bitmap, 1) || !lies_in_group(sbi, g, gd->bg_inode_bitmap, 1) ||
		!lies_in_group(sbi, g, gd->bg_inode_table, sbi->itable_blocks))
		return false;
	if (gd->bg_block_bitmap == gd->bg_inode_bitmap || overlap(gd->bg_block_bitmap, 1, gd->bg_inode_table, sbi->itable_blocks) ||
		overlap(gd->bg_inode_bitmap, 1, gd->bg_inode_table, sbi->itable_blocks))
		return false;
	return gd->bg_free_blocks_count <= ext2_group_blocks(sbi, g) && gd->bg_free_inodes_count <= sbi->inodes_per_group &&
		gd->bg_used_dirs_count <= sbi->inodes_per_group;
}

/* The end of the group's metadata, which mke2fs puts at its start. */
static u16 end_of_metadata(const struct ext2_sb_info *sbi, u32 g, const struct ext2_group_desc *gd)
{
	u32 last = max(max(gd->bg_block_bitmap, gd->bg_inode_bitmap), gd->bg_inode_table + sbi->itable_blocks - 1);
	return (u16)max(last + 1 - ext2_group_first_block(sbi, g), (u32)sbi->group[g].sys_blocks);
}

int ext2_read_descriptors(struct super_block *sb, struct ext2_sb_info *sbi)
{
	u32 i, reserved = 0;

	sbi->desc_bh = kzalloc(sbi->desc_blocks * sizeof(*sbi->desc_bh), GFP_KERNEL);
	sbi->group = kzalloc(sbi->groups * sizeof(*sbi->group), GFP_KERNEL);
	if (!sbi->desc_bh || !sbi->group)
		return -ENOMEM;
	for (i = 0; i < sbi->desc_blocks; i++) {
		u32 block = sbi->first_data_block + 1 + i;
		sbi->desc_bh[i] = block < sbi->blocks_count ? sb_bread(sb, block) : NULL;
		if (!sbi->desc_bh[i]) {
			pr_err("ext2 %s: cannot read group descriptors\n", sb->id);
			return -EIO;
		}
	}
	if (sbi->es->s_rev_level && (sbi->es->s_feature_compat & EXT2_COMPAT_RESIZE_INODE))
		reserved = sbi->es->s_reserved_gdt_blocks;
	if (1 + sbi->desc_blocks + reserved >= sbi->blocks_per_group) {
		pr_err("ext2 %s: group descriptors do not fit into a group\n", sb->id);
		return -EUCLEAN;
	}
	sbi->overhead = sbi->first_data_block;
	for (i = 0; i < sbi->groups; i++) {
		const struct ext2_group_desc *gd;
		if (ext2_group_has_super(sbi, i)) {
			sbi->group[i].sys_blocks = (u16)(1 + sbi->desc_blocks + reserved);
			sbi->overhead += 1 + sbi->desc_blocks;
		}
		if (!group_plausible(sbi, i)) {
			pr_err("ext2 %s: the descriptor of group %u makes no sense\n", sb->id, i);
			return -EUCLEAN;
		}
		gd = ext2_group_desc(sbi, i, NULL);
		sbi->group[i].meta_end = end_of_metadata(sbi, i, gd);
		sbi->overhead += 2 + sbi->itable_blocks;
		sbi->free_blocks += gd->bg_free_blocks_count;
		sbi->free_inodes += gd->bg_free_inodes_count;
		sbi->dirs += gd->bg_used_dirs_count;
	}
	return 0;
}
