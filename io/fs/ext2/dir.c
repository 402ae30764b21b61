/*
 * Directories: blocks full of entries, each with the distance to the next ("Internal Layout", chapter 4, "Linked List Directory"). An
 * entry never crosses a block and never moves while it exists, so its offset is a stable position for readdir. Free room is an unused
 * entry (inode 0) or what an entry's distance leaves behind its name. We keep directories linear: the first change to one with a hash
 * tree on disk (EXT2_INDEX_FL) clears the flag, which turns the tree's inner blocks into free room, as they were made to do.
 */
#include "io/fs/ext2/ext2.h"

#define NO_HINT (~0u)
#define READ_AHEAD_BLOCKS 16u

static inline struct ext2_dir_entry *entry_at(const struct buffer_head *bh, u32 offset)
{
	return (struct ext2_dir_entry *)(bh->data + offset);
}

/* Room behind the name of an entry, or all of an unused one. */
static inline u32 room_in(const struct ext2_dir_entry *de)
{
	return de->inode ? de->rec_len - EXT2_DIR_REC_LEN(de->name_len) : de->rec_len;
}

static u8 type_of_mode(const struct ext2_sb_info *sbi, umode_t mode)
{
	if (!sbi->has_filetype)
		return 0;
	switch (mode & S_IFMT) {
	case S_IFREG: return EXT2_FT_REG_FILE;
	case S_IFDIR: return EXT2_FT_DIR;
	case S_IFCHR: return EXT2_FT_CHRDEV;
	case S_IFBLK: return EXT2_FT_BLKDEV;
	case S_IFIFO: return EXT2_FT_FIFO;
	case S_IFSOCK: return EXT2_FT_SOCK;
	case S_IFLNK: return EXT2_FT_SYMLINK;
	default: return EXT2_FT_UNKNOWN;
	}
}

static u32 dirent_type(const struct ext2_sb_info *sbi, u8 file_type)
{
	static const u8 types[EXT2_FT_MAX] = { DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK };
	return sbi->has_filetype && file_type < EXT2_FT_MAX ? types[file_type] : DT_UNKNOWN;
}

bool ext2_check_entry(struct inode *dir, const struct ext2_dir_entry *de, u32 pos)
{
	struct super_block *sb = dir->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 in_block = pos & (sb->blocksize - 1), len = de->rec_len;
	const char *wrong;

	if (likely(len >= EXT2_DIR_REC_LEN(de->name_len) && len >= EXT2_DIR_REC_LEN(1) && !(len & 3) && in_block + len <= sb->blocksize &&
		    de->inode <= sbi->inodes_count && (sbi->has_filetype || !de->file_type) && (de->name_len || !de->inode)))
		return true;
	if (len < EXT2_DIR_REC_LEN(1) || (len & 3))
		wrong = "rec_len is impossible";
	else if (in_block + len > sb->blocksize)
		wrong = "entry leaves its block";
	else if (de->inode > sbi->inodes_count)
		wrong = "inode number is out of range";
	else
		wrong = "name is impossible";
	ext2_error(sb, __func__, "directory %u, offset %u: %s (inode %u, rec_len %u, name_len %u)", dir->ino, pos, wrong, de->inode, len,
		de->name_len);
	return false;
}

/* Start reading the blocks behind iblock that lie together on the device. */
static void read_ahead(struct inode *dir, u32 iblock)
{
	struct super_block *sb = dir->sb;
	u32 left = ext2_dir_blocks(dir) - iblock, shift = PAGE_SHIFT - sb->blocksize_bits, phys;
	int n = ext2_map_blocks(dir, iblock, min(left, READ_AHEAD_BLOCKS), &phys, NULL, false);

	if (n > 1)
		force_readahead(sb->bdev->mapping, NULL, phys >> shift, ((phys + (u32)n - 1) >> shift) - (phys >> shift) + 1, 0);
}

struct buffer_head *ext2_dir_block(struct inode *dir, u32 iblock, int *err)
{
	if (iblock % READ_AHEAD_BLOCKS == 1)
		read_ahead(dir, iblock);
	return ext2_read_block(dir, iblock, err);
}

/* Look for a name inside one block. 0: found, -ENOENT, -EUCLEAN. */
static int search_block(struct inode *dir, struct buffer_head *bh, u32 base, const char *name, u32 len, struct ext2_slot *slot)
{
	u32 offset = 0, size = dir->sb->blocksize;

	while (offset < size) {
		struct ext2_dir_entry *de = entry_at(bh, offset);
		if (!ext2_check_entry(dir, de, base + offset))
			return -EUCLEAN;
		if (de->name_len == len && de->inode && !memcmp(de->name, name, len)) {
			*slot = (struct ext2_slot){ .bh = bh, .de = de, .pos = base + offset };
			return 0;
		}
		offset += de->rec_len;
	}
	return -ENOENT;
}

/* The entry at pos, if it has this name. The index told us so; an entry that moved means that somebody wrote to the device. */
static int match_at(struct inode *dir, u32 pos, const char *name, u32 len, struct ext2_slot *slot)
{
	struct super_block *sb = dir->sb;
	struct ext2_dir_entry *de;
	struct buffer_head *bh;
	int err;

	bh = ext2_read_block(dir, pos >> sb->blocksize_bits, &err);
	if (!bh)
		return err;
	de = entry_at(bh, pos & (sb->blocksize - 1));
	if (!ext2_check_entry(dir, de, pos)) {
		brelse(bh);
		return -EUCLEAN;
	}
	if (de->name_len == len && de->inode && !memcmp(de->name, name, len)) {
		*slot = (struct ext2_slot){ .bh = bh, .de = de, .pos = pos };
		return 0;
	}
	brelse(bh);
	return -ENOENT;
}

int ext2_find_entry(struct inode *dir, const char *name, u32 len, struct ext2_slot *slot)
{
	struct ext2_dir_index *x = ext2_dir_index_get(dir);
	u32 nblocks = ext2_dir_blocks(dir), i;
	int err = -ENOENT;

	if (x) {
		u32 hash = ext2_name_hash(name, len), iter = 0, pos;
		while ((pos = ext2_dir_index_next(x, hash, &iter)) != ~0u) {
			err = match_at(dir, pos, name, len, slot);
			if (err != -ENOENT)
				return err;
		}
		return -ENOENT;
	}
	for (i = 0; i < nblocks; i++) {
		struct buffer_head *bh = ext2_dir_block(dir, i, &err);
		if (!bh)
			return err;
		err = search_block(dir, bh, i << dir->sb->blocksize_bits, name, len, slot);
		if (err != -ENOENT) {
			if (err)
				brelse(bh);
			return err;
		}
		brelse(bh);
	}
	return -ENOENT;
}

int ext2_find_dotdot(struct inode *dir, struct ext2_slot *slot)
{
	struct ext2_dir_entry *de;
	struct buffer_head *bh;
	u32 second;
	int err;

	bh = ext2_read_block(dir, 0, &err);
	if (!bh)
		return err;
	de = entry_at(bh, 0);
	second = de->rec_len;
	err = -EUCLEAN;
	if (!ext2_check_entry(dir, de, 0))
		goto bad;
	if (de->name_len == 1 && de->name[0] == '.' && de->inode == dir->ino && second < dir->sb->blocksize) {
		de = entry_at(bh, second);
		if (!ext2_check_entry(dir, de, second))
			goto bad;
		if (de->inode && de->name_len == 2 && de->name[0] == '.' && de->name[1] == '.') {
			*slot = (struct ext2_slot){ .bh = bh, .de = de, .pos = second };
			return 0;
		}
	}
	err = ext2_error(dir->sb, __func__, "directory %u does not start with '.' and '..'", dir->ino);
bad:
	brelse(bh);
	return err;
}

/* The directory changed: times, version, and no hash tree any more. */
static void dir_changed(struct inode *dir)
{
	struct ext2_inode_info *ei = EXT2_I(dir);

	ei->flags &= ~EXT2_INDEX_FL;
	dir->mtime = dir->ctime = current_time_coarse();
	mark_inode_dirty_flags(dir, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
}

static void fill_entry(struct ext2_sb_info *sbi, struct ext2_dir_entry *de, u32 rec_len, const char *name, u32 len, u32 ino, umode_t mode)
{
	de->inode = ino;
	de->rec_len = (u16)rec_len;
	de->name_len = (u8)len;
	de->file_type = type_of_mode(sbi, mode);
	memcpy(de->name, name, len);
}

/* Put the entry into the room behind (or of) de. Returns the offset of the new entry in the block. */
static u32 split_entry(struct inode *dir, struct buffer_head *bh, u32 offset, const char *name, u32 len, struct inode *inode)
{
	struct ext2_dir_entry *de = entry_at(bh, offset);
	u32 rec_len = de->rec_len;

	if (de->inode) {
		u32 used = EXT2_DIR_REC_LEN(de->name_len);
		entry_at(bh, offset + used)->rec_len = 0;
		de->rec_len = (u16)used;
		offset += used;
		rec_len -= used;
	}
	fill_entry(EXT2_SB(dir->sb), entry_at(bh, offset), rec_len, name, len, inode->ino, inode->mode);
	return offset;
}

/* First entry of the block with room for need bytes: its offset; ~0: none, *largest says what there is; ~1: the block is damaged. */
static u32 find_room(struct inode *dir, struct buffer_head *bh, u32 base, u32 need, u32 *largest)
{
	u32 offset = 0;

	*largest = 0;
	while (offset < dir->sb->blocksize) {
		struct ext2_dir_entry *de = entry_at(bh, offset);
		u32 room;
		if (!ext2_check_entry(dir, de, base + offset))
			return ~1u;
		room = room_in(de);
		if (room >= need)
			return offset;
		*largest = max(*largest, room);
		offset += de->rec_len;
	}
	return ~0u;
}

/* Write the new entry at offset of bh, which has the room. Consumes bh. */
static int insert_at(struct inode *dir, struct buffer_head *bh, u32 base, u32 offset, const char *name, u32 len, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(dir);
	int err = tx_get_write(dir->sb, bh);

	if (err) {
		brelse(bh);
		return err;
	}
	lock_buffer(bh);
	offset = split_entry(dir, bh, offset, name, len, inode);
	unlock_buffer(bh);
	tx_dirty_inode(dir, bh);
	brelse(bh);
	ei->add_hint = base + offset;
	ext2_dir_index_add(dir, ext2_name_hash(name, len), base + offset);
	dir_changed(dir);
	return 0;
}

/* No block has room: a new one, with this as its only entry. */
static int add_block(struct inode *dir, const char *name, u32 len, struct inode *inode)
{
	struct super_block *sb = dir->sb;
	u32 iblock = ext2_dir_blocks(dir);
	struct buffer_head *bh;
	int err;

	if ((loff_t)dir->size + sb->blocksize >= 1ll << 31)
		return -EFBIG;
	bh = ext2_append_block(dir, iblock, &err);
	if (!bh) {
		ext2_truncate_blocks(dir, dir->size); /* takes back a block that has no buffer */
		return err;
	}
	fill_entry(EXT2_SB(sb), entry_at(bh, 0), sb->blocksize, "", 0, 0, 0);
	inode_set_size(dir, dir->size + sb->blocksize);
	ext2_dir_index_set_room(dir, iblock, sb->blocksize);
	return insert_at(dir, bh, iblock << sb->blocksize_bits, 0, name, len, inode);
}

/* Try one block. -ENOSPC: no room in it. */
static int add_to_block(struct inode *dir, u32 iblock, u32 need, const char *name, u32 len, struct inode *inode)
{
	u32 base = iblock << dir->sb->blocksize_bits, offset, largest;
	struct buffer_head *bh;
	int err;

	bh = ext2_dir_block(dir, iblock, &err);
	if (!bh)
		return err;
	offset = find_room(dir, bh, base, need, &largest);
	if (offset == ~0u || offset == ~1u) {
		brelse(bh);
		ext2_dir_index_set_room(dir, iblock, offset == ~0u ? largest : 0);
		return offset == ~0u ? -ENOSPC : -EUCLEAN;
	}
	return insert_at(dir, bh, base, offset, name, len, inode);
}

/* Behind the entry added last, if there is room. -ENOSPC: no. */
static int add_at_hint(struct inode *dir, u32 need, const char *name, u32 len, struct inode *inode)
{
	u32 hint = EXT2_I(dir)->add_hint, in_block = hint & (dir->sb->blocksize - 1);
	struct buffer_head *bh;
	int err;

	if (hint == NO_HINT)
		return -ENOSPC;
	bh = ext2_read_block(dir, hint >> dir->sb->blocksize_bits, &err);
	if (!bh)
		return err;
	if (!ext2_check_entry(dir, entry_at(bh, in_block), hint))
		err = -EUCLEAN;
	else if (room_in(entry_at(bh, in_block)) < need)
		err = -ENOSPC;
	else
		return insert_at(dir, bh, hint - in_block, in_block, name, len, inode);
	brelse(bh);
	return err;
}

int ext2_add_entry(struct inode *dir, const char *name, u32 len, struct inode *inode)
{
	u32 need = EXT2_DIR_REC_LEN(len), nblocks = ext2_dir_blocks(dir), i;
	struct ext2_dir_index *x;
	int err;

	if (!len || len > EXT2_NAME_LEN)
		return len ? -ENAMETOOLONG : -EINVAL;
	err = add_at_hint(dir, need, name, len, inode);
	if (err != -ENOSPC)
		return err;
	x = ext2_dir_index_get(dir);
	for (i = 0; i < nblocks; i++, x = EXT2_I(dir)->index) {
		if (x)
			i = ext2_dir_index_room(x, need, i);
		if (i >= nblocks)
			break;
		err = add_to_block(dir, i, need, name, len, inode);
		if (err != -ENOSPC)
			return err;
	}
	return add_block(dir, name, len, inode);
}

/* The entry before the one at slot, inside its block; NULL: it is the first. *err: the block is damaged. */
static struct ext2_dir_entry *previous_entry(struct inode *dir, const struct ext2_slot *slot, int *err)
{
	u32 in_block = slot->pos & (dir->sb->blocksize - 1), base = slot->pos - in_block, offset = 0;
	struct ext2_dir_entry *prev = NULL;

	*err = 0;
	while (offset < in_block) {
		prev = entry_at(slot->bh, offset);
		if (!ext2_check_entry(dir, prev, base + offset)) {
			*err = -EUCLEAN;
			return NULL;
		}
		offset += prev->rec_len;
	}
	if (offset != in_block)
		*err = ext2_error(dir->sb, __func__, "directory %u: no entry starts at offset %u", dir->ino, slot->pos);
	return prev;
}

int ext2_delete_entry(struct inode *dir, struct ext2_slot *slot)
{
	struct ext2_dir_entry *de = slot->de, *prev;
	u32 hash = ext2_name_hash(de->name, de->name_len);
	int err;

	prev = previous_entry(dir, slot, &err);
	if (!err)
		err = tx_get_write(dir->sb, slot->bh);
	if (err) {
		brelse(slot->bh);
		return err;
	}
	lock_buffer(slot->bh);
	de->inode = 0;
	if (prev)
		prev->rec_len += de->rec_len;
	unlock_buffer(slot->bh);
	tx_dirty_inode(dir, slot->bh);
	ext2_dir_index_remove(dir, hash, slot->pos);
	ext2_dir_index_raise_room(dir, slot->pos >> dir->sb->blocksize_bits, room_in(prev ? prev : de));
	brelse(slot->bh);
	EXT2_I(dir)->add_hint = NO_HINT;
	dir_changed(dir);
	return 0;
}

int ext2_set_entry(struct inode *dir, struct ext2_slot *slot, struct inode *inode, bool touch_times)
{
	int err = tx_get_write(dir->sb, slot->bh);

	if (!err) {
		lock_buffer(slot->bh);
		slot->de->inode = inode->ino;
		slot->de->file_type = type_of_mode(EXT2_SB(dir->sb), inode->mode);
		unlock_buffer(slot->bh);
		tx_dirty_inode(dir, slot->bh);
		if (touch_times)
			dir_changed(dir);
	}
	brelse(slot->bh);
	return err;
}

int ext2_make_empty(struct inode *inode, struct inode *parent)
{
	struct super_block *sb = inode->sb;
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct buffer_head *bh;
	u32 first = EXT2_DIR_REC_LEN(1);
	int err;

	bh = ext2_append_block(inode, 0, &err);
	if (!bh)
		return err;
	fill_entry(sbi, entry_at(bh, 0), first, ".", 1, inode->ino, S_IFDIR);
	fill_entry(sbi, entry_at(bh, first), sb->blocksize - first, "..", 2, parent->ino, S_IFDIR);
	tx_dirty_inode(inode, bh);
	brelse(bh);
	inode_set_size(inode, sb->blocksize);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	return 0;
}

int ext2_dir_is_empty(struct inode *dir)
{
	u32 nblocks = ext2_dir_blocks(dir), i, offset;
	int err;

	for (i = 0; i < nblocks; i++) {
		struct buffer_head *bh = ext2_dir_block(dir, i, &err);
		if (!bh)
			return err;
		for (offset = 0; offset < dir->sb->blocksize; offset += entry_at(bh, offset)->rec_len) {
			const struct ext2_dir_entry *de = entry_at(bh, offset);
			bool good = ext2_check_entry(dir, de, (i << dir->sb->blocksize_bits) + offset);
			if (!good || (de->inode && !ext2_is_dot_or_dotdot(de))) {
				brelse(bh);
				return good ? 0 : -EUCLEAN;
			}
		}
		brelse(bh);
	}
	return 1;
}

/* Emit the entries of one block from ctx->pos on. 1: go on, 0: the reader is full, -errno. */
static int emit_block(struct inode *dir, struct buffer_head *bh, u32 base, u32 start, struct dir_context *ctx)
{
	struct ext2_sb_info *sbi = EXT2_SB(dir->sb);
	u32 offset = 0, size = dir->sb->blocksize;

	while (offset < size) {
		const struct ext2_dir_entry *de = entry_at(bh, offset);
		if (!ext2_check_entry(dir, de, base + offset))
			return -EUCLEAN;
		if (offset >= start && de->inode) {
			ctx->pos = base + offset;
			if (!dir_emit(ctx, de->name, de->name_len, de->inode, dirent_type(sbi, de->file_type)))
				return 0;
		}
		offset += de->rec_len;
	}
	ctx->pos = base + size;
	return 1;
}

int ext2_readdir(struct file *f, struct dir_context *ctx)
{
	struct inode *dir = f->inode;
	u32 bits = dir->sb->blocksize_bits;
	int err;

	if (ctx->pos < 0)
		return -EINVAL;
	while (ctx->pos < dir->size) {
		u32 base = (u32)ctx->pos & ~(dir->sb->blocksize - 1);
		struct buffer_head *bh = ext2_dir_block(dir, base >> bits, &err);
		if (!bh)
			return err;
		/* Entries may have been merged since the position was handed out: start at the first one at or behind it. */
		err = emit_block(dir, bh, base, (u32)ctx->pos - base, ctx);
		brelse(bh);
		if (err <= 0)
			return err;
	}
	return 0;
}
