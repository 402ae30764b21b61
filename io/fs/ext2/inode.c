/*
 * Inodes: read and checked, written, evicted, their attributes. The raw inode lives in a buffer of the inode table; bytes that we do not
 * know (attributes behind the fields, the upper words of other systems) stay as they are, and a new inode starts as zeros.
 */
#include "io/fs/ext2/ext2.h"
#include "mm/alloc.h"

static struct kmem_cache *inode_cache;

int ext2_inode_cache_init(void)
{
	inode_cache = kmem_cache_create("ext2_inode", sizeof(struct ext2_inode_info), 0, NULL);
	kmem_cache_mark_reclaimable(inode_cache);
	return inode_cache ? 0 : -ENOMEM;
}

struct inode *ext2_alloc_vfs_inode(struct super_block *sb)
{
	struct ext2_inode_info *ei = kmem_cache_alloc(inode_cache, GFP_NOFS);

	if (!ei)
		return NULL;
	memset(ei, 0, offsetof(struct ext2_inode_info, vfs)); /* the VFS sets up its own part */
	mutex_init(&ei->map_lock, "ext2_map", RANK_FSMAP);
	ei->alloc_lo = ~0u;
	ei->add_hint = ~0u;
	return &ei->vfs;
}

void ext2_free_vfs_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, EXT2_I(inode));
}

/* The raw inode inside its block of the table, with a reference on the buffer. */
static struct ext2_inode *raw_inode(struct super_block *sb, u32 ino, struct buffer_head **bh)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 index = (ino - 1) % sbi->inodes_per_group, g = (ino - 1) / sbi->inodes_per_group;
	u32 offset = index * sbi->inode_size;

	ASSERT(ino && ino <= sbi->inodes_count);
	*bh = sb_bread(sb, ext2_group_desc(sbi, g, NULL)->bg_inode_table + (offset >> sb->blocksize_bits));
	return *bh ? (struct ext2_inode *)((*bh)->data + (offset & (sb->blocksize - 1))) : NULL;
}

static struct ext2_inode_extra *raw_extra(struct ext2_inode *raw) { return (struct ext2_inode_extra *)(raw + 1); }

static struct timespec_k decode_time(u32 seconds, bool has_extra, u32 extra)
{
	struct timespec_k t = { .sec = (s32)seconds };

	if (has_extra) {
		t.sec += (s64)(extra & 3) << 32;
		t.nsec = extra >> 2 < 1000000000u ? extra >> 2 : 0;
	}
	return t;
}

static u32 encode_extra(struct timespec_k t)
{
	return ((u32)((u64)(t.sec - (s32)(u32)t.sec) >> 32) & 3) | t.nsec << 2;
}

#define HAS_EXTRA(extra_isize, field) ((extra_isize) >= offsetof(struct ext2_inode_extra, field) + sizeof(u32))

static void read_times(struct inode *inode, struct ext2_inode *raw)
{
	u32 size = EXT2_I(inode)->extra_isize;
	const struct ext2_inode_extra *x = raw_extra(raw);

	inode->atime = decode_time(raw->i_atime, HAS_EXTRA(size, i_atime_extra), HAS_EXTRA(size, i_atime_extra) ? x->i_atime_extra : 0);
	inode->mtime = decode_time(raw->i_mtime, HAS_EXTRA(size, i_mtime_extra), HAS_EXTRA(size, i_mtime_extra) ? x->i_mtime_extra : 0);
	inode->ctime = decode_time(raw->i_ctime, HAS_EXTRA(size, i_ctime_extra), HAS_EXTRA(size, i_ctime_extra) ? x->i_ctime_extra : 0);
}

static void write_times(const struct inode *inode, struct ext2_inode *raw)
{
	u32 size = EXT2_I(inode)->extra_isize;
	struct ext2_inode_extra *x = raw_extra(raw);

	raw->i_atime = (u32)inode->atime.sec;
	raw->i_mtime = (u32)inode->mtime.sec;
	raw->i_ctime = (u32)inode->ctime.sec;
	if (HAS_EXTRA(size, i_atime_extra))
		x->i_atime_extra = encode_extra(inode->atime);
	if (HAS_EXTRA(size, i_mtime_extra))
		x->i_mtime_extra = encode_extra(inode->mtime);
	if (HAS_EXTRA(size, i_ctime_extra))
		x->i_ctime_extra = encode_extra(inode->ctime);
}

/* Device numbers: the old form, 8 and 8 bits, in the first word; else the newer one in the second. */
static kdev_t decode_dev(const u32 *data)
{
	if (data[0])
		return MKDEV(data[0] >> 8 & 0xff, data[0] & 0xff);
	return MKDEV(data[1] >> 8 & 0xfff, (data[1] & 0xff) | (data[1] >> 12 & 0xfff00));
}

static void encode_dev(u32 *data, kdev_t dev)
{
	u32 major = MAJOR(dev), minor = MINOR(dev);

	data[0] = data[1] = 0;
	if (major < 256 && minor < 256 && dev)
		data[0] = major << 8 | minor;
	else
		data[1] = (minor & 0xff) | major << 8 | (minor & 0xfff00) << 12;
}

bool ext2_is_fast_symlink(const struct inode *inode)
{
	u32 attributes = EXT2_I(inode)->file_acl ? inode->sb->blocksize >> 9 : 0;
	return S_ISLNK(inode->mode) && inode->blocks <= attributes;
}

void ext2_set_inode_flags(struct inode *inode)
{
	u32 f = EXT2_I(inode)->flags;

	inode->flags &= ~(S_SYNC | S_APPEND | S_IMMUTABLE | S_NOATIME);
	inode->flags |= (f & EXT2_SYNC_FL ? S_SYNC : 0) | (f & EXT2_APPEND_FL ? S_APPEND : 0) | (f & EXT2_IMMUTABLE_FL ? S_IMMUTABLE : 0) |
		(f & EXT2_NOATIME_FL ? S_NOATIME : 0);
	if (S_ISDIR(inode->mode) && (f & EXT2_DIRSYNC_FL))
		inode->flags |= S_SYNC;
}

void ext2_set_ops(struct inode *inode)
{
	inode->data.ops = &ext2_mapping_ops;
	inode->data.bdev = inode->sb->bdev;
	inode->blkbits = inode->sb->blocksize_bits;
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->iops = &ext2_file_inode_operations;
		inode->fops = &ext2_file_operations;
		break;
	case S_IFDIR:
		inode->iops = &ext2_dir_inode_operations;
		inode->fops = &ext2_dir_operations;
		break;
	case S_IFLNK:
		inode->iops = &ext2_symlink_inode_operations;
		break;
	default:
		inode->iops = &ext2_special_inode_operations;
		inode_init_special(inode, inode->mode, inode->rdev);
		break;
	}
}

/* Do the fields make sense together? NULL or what is wrong. */
static const char *implausible(const struct inode *inode, const struct ext2_inode *raw)
{
	const struct super_block *sb = inode->sb;
	const struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (!raw->i_links_count)
		return "it is deleted";
	if (raw->i_flags & EXT2_FL_FOREIGN)
		return "its flags are of a format this file system does not have";
	if (sbi->inode_size > EXT2_GOOD_OLD_INODE_SIZE) {
		const struct ext2_inode_extra *x = (const struct ext2_inode_extra *)(raw + 1);
		if (x->i_extra_isize > sbi->inode_size - EXT2_GOOD_OLD_INODE_SIZE || (x->i_extra_isize & 3))
			return "its extra size is impossible";
	}
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return inode->size < 0 || (u64)inode->size > sb->max_bytes ? "its size is impossible" : NULL;
	case S_IFDIR:
		return !inode->size || (inode->size & (sb->blocksize - 1)) || inode->size >= 1ll << 31 ? "its size is not a directory's" : NULL;
	case S_IFLNK:
		if (!inode->size || inode->size >= (ext2_is_fast_symlink(inode) ? EXT2_FAST_LINK_MAX + 1 : sb->blocksize) || inode->size >= PATH_MAX)
			return "its size is not a symbolic link's";
		return NULL;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return NULL;
	default:
		return "it has no known type";
	}
}

static const char *fill_inode(struct inode *inode, struct ext2_inode *raw)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	const char *wrong;

	inode->mode = raw->i_mode;
	inode->uid = raw->i_uid | (u32)raw->i_uid_high << 16;
	inode->gid = raw->i_gid | (u32)raw->i_gid_high << 16;
	inode->nlink = raw->i_links_count;
	inode->size = raw->i_size;
	if (S_ISREG(inode->mode))
		inode->size = (loff_t)(raw->i_size | (u64)raw->i_size_high << 32);
	inode->blocks = raw->i_blocks;
	inode->generation = raw->i_generation;
	ei->flags = raw->i_flags;
	ei->file_acl = raw->i_file_acl;
	ei->group = (inode->ino - 1) / sbi->inodes_per_group;
	memcpy(ei->data, raw->i_block, sizeof(ei->data));
	wrong = implausible(inode, raw);
	if (wrong)
		return wrong;
	if (sbi->inode_size > EXT2_GOOD_OLD_INODE_SIZE)
		ei->extra_isize = raw_extra(raw)->i_extra_isize;
	read_times(inode, raw);
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		inode->rdev = decode_dev(ei->data);
	return NULL;
}

struct inode *ext2_iget(struct super_block *sb, u32 ino)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct inode *inode;
	struct ext2_inode *raw;
	struct buffer_head *bh;
	const char *wrong;

	if (ino != EXT2_ROOT_INO && (ino < sbi->first_ino || ino > sbi->inodes_count))
		return ERR_PTR(ext2_error(sb, __func__, "inode number %u is out of range", ino));
	inode = iget_locked(sb, ino);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->state & I_NEW))
		return inode;
	raw = raw_inode(sb, ino, &bh);
	if (!raw) {
		iget_failed(inode);
		return ERR_PTR(-EIO);
	}
	wrong = fill_inode(inode, raw);
	brelse(bh);
	if (wrong) {
		iget_failed(inode);
		return ERR_PTR(ext2_error(sb, __func__, "inode %u cannot be used: %s", ino, wrong));
	}
	ext2_set_ops(inode);
	ext2_set_inode_flags(inode);
	EXT2_I(inode)->state = EXT2_STATE_LIVE;
	unlock_new_inode(inode);
	return inode;
}

/* A raw inode that was never written: no byte of its former owner may remain. */
static void start_new_raw(struct inode *inode, struct ext2_inode *raw)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);

	memset(raw, 0, sbi->inode_size);
	ei->state &= ~EXT2_STATE_NEW;
	if (sbi->inode_size == EXT2_GOOD_OLD_INODE_SIZE)
		return;
	raw_extra(raw)->i_extra_isize = ei->extra_isize;
	if (HAS_EXTRA(ei->extra_isize, i_crtime_extra)) {
		raw_extra(raw)->i_crtime = (u32)inode->ctime.sec;
		raw_extra(raw)->i_crtime_extra = encode_extra(inode->ctime);
	}
}

static void fill_raw(struct inode *inode, struct ext2_inode *raw)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (ei->state & EXT2_STATE_NEW)
		start_new_raw(inode, raw);
	raw->i_mode = inode->mode;
	raw->i_uid = (u16)inode->uid;
	raw->i_uid_high = (u16)(inode->uid >> 16);
	raw->i_gid = (u16)inode->gid;
	raw->i_gid_high = (u16)(inode->gid >> 16);
	raw->i_links_count = (u16)inode->nlink;
	raw->i_size = (u32)inode->size;
	if (S_ISREG(inode->mode))
		raw->i_size_high = (u32)(inode->size >> 32);
	raw->i_dtime = ei->dtime;
	raw->i_blocks = (u32)inode->blocks;
	raw->i_flags = ei->flags;
	raw->i_file_acl = ei->file_acl;
	raw->i_generation = inode->generation;
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		encode_dev(ei->data, inode->rdev);
	memcpy(raw->i_block, ei->data, sizeof(raw->i_block));
	write_times(inode, raw);
}

int ext2_write_inode(struct inode *inode, bool sync)
{
	struct super_block *sb = inode->sb;
	struct ext2_inode *raw;
	struct buffer_head *bh;
	int err;

	err = tx_begin(sb, TX_CREDITS_INODE);
	if (err)
		return err;
	if (S_ISREG(inode->mode) && inode->size > 0x7fffffff)
		ext2_note_large_file(sb);
	raw = raw_inode(sb, inode->ino, &bh);
	err = raw ? tx_get_write(sb, bh) : -EIO;
	if (!err) {
		fill_raw(inode, raw);
		tx_dirty(sb, bh);
	}
	tx_end(sb);
	if (!err && sync)
		err = sync_dirty_buffer(bh);
	brelse(bh);
	return err;
}

static void delete_inode(struct inode *inode)
{
	struct super_block *sb = inode->sb;
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (tx_begin(sb, TX_CREDITS_MAP + TX_CREDITS_INODE))
		return;
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode) || (S_ISLNK(inode->mode) && !ext2_is_fast_symlink(inode)))
		ext2_truncate_blocks(inode, 0);
	ext2_xattr_release(inode);
	inode->size = 0;
	ei->dtime = (u32)current_time_coarse().sec;
	if (ext2_write_inode(inode, false))
		ext2_error(sb, __func__, "inode %u: cannot be written as deleted", inode->ino);
	else
		ext2_free_inode(inode);
	tx_end(sb);
}

void ext2_evict_inode(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	truncate_pages(&inode->data, 0);
	if (!inode->nlink && (ei->state & EXT2_STATE_LIVE) && !ext2_read_only(inode->sb))
		delete_inode(inode);
	ext2_drop_window(inode);
	ext2_dir_index_drop(inode);
}

int ext2_setattr(struct dentry *d, struct iattr *a)
{
	struct inode *inode = d->inode;
	int err = setattr_prepare(d, a);

	if (err)
		return err;
	if (a->valid & ATTR_SIZE) {
		err = ext2_set_size(inode, a->size);
		if (err)
			return err;
	}
	setattr_copy(inode, a);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
	if ((inode->flags & S_SYNC) || (inode->sb->flags & SB_SYNCHRONOUS))
		return ext2_sync_names(inode, NULL);
	return 0;
}
