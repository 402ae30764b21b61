/*
 * Mounting and unmounting, errors found later, statfs. Descriptors stay in memory (referenced
 * buffers) while mounted; free counts live in sbi and go into the superblock on sync and unmount. Copies of the superblock in other
 * groups are left alone, as e2fsck wants them.
 */
#include "io/fs/ext2/ext2.h"
#include "kernel/lib/printf.h"
#include "mm/alloc.h"

#define ERRORS_SHOWN 32u /* lines in the log until only every 1024th error is shown */

/* ---- errors found while mounted ---- */

int ext2_error(struct super_block *sb, const char *function, const char *fmt, ...)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sbi->error_count < ERRORS_SHOWN || !(sbi->error_count & 1023))
		pr_err("ext2 %s: %s: %s\n", sb->id, function, text);
	sbi->error_count++;
	if (ext2_read_only(sb))
		return -EUCLEAN;
	sbi->mount_state |= EXT2_ERROR_FS;
	sbi->super_dirty = true;
	if (sbi->errors == EXT2_ERRORS_PANIC)
		panic("ext2 %s: %s: %s (mounted with errors=panic)", sb->id, function, text);
	if (sbi->errors == EXT2_ERRORS_RO) {
		pr_err("ext2 %s: read-only from now on\n", sb->id);
		sbi->es->s_state |= EXT2_ERROR_FS;
		mark_buffer_dirty(sbi->super_bh);
		sb->flags |= SB_RDONLY;
	}
	return -EUCLEAN;
}

/* ---- mount options ---- */

struct ext2_options {
	u32 errors; /* 0: not given */
	bool has_resuid, has_resgid;
	u32 resuid, resgid;
};

static int parse_option(struct super_block *sb, const char *key, const char *value, struct ext2_options *o)
{
	static const char *const ignored[] = { "check", "nocheck", "acl", "noacl", "user_xattr", "nouser_xattr", "bsddf", "nobh", "orlov",
		"reservation", "noreservation" };
	u32 i;

	if (!strcmp(key, "errors") && value) {
		if (!strcmp(value, "continue"))
			o->errors = EXT2_ERRORS_CONTINUE;
		else if (!strcmp(value, "remount-ro"))
			o->errors = EXT2_ERRORS_RO;
		else if (!strcmp(value, "panic"))
			o->errors = EXT2_ERRORS_PANIC;
		else
			goto bad;
		return 0;
	}
	if (!strcmp(key, "resuid") && value && !kstrtou32(value, 10, &o->resuid)) {
		o->has_resuid = true;
		return 0;
	}
	if (!strcmp(key, "resgid") && value && !kstrtou32(value, 10, &o->resgid)) {
		o->has_resgid = true;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(ignored); i++)
		if (!strcmp(key, ignored[i]))
			return 0;
bad:
	pr_err("ext2 %s: bad mount option %s%s%s\n", sb->id, key, value ? "=" : "", value ? value : "");
	return -EINVAL;
}

static int parse_options(struct super_block *sb, const char *text, struct ext2_options *o)
{
	char *copy = kstrdup(text ? text : "", GFP_KERNEL), *p = copy, *key, *value;
	int err = 0;

	*o = (struct ext2_options){ 0 };
	if (!copy)
		return -ENOMEM;
	while (!err && next_mount_option(&p, &key, &value))
		err = parse_option(sb, key, value, o);
	kfree(copy);
	return err;
}

static void apply_options(struct ext2_sb_info *sbi, const struct ext2_options *o)
{
	if (o->errors) {
		sbi->errors = o->errors;
		sbi->errors_by_option = true;
	}
	if (o->has_resuid)
		sbi->resuid = o->resuid;
	if (o->has_resgid)
		sbi->resgid = o->resgid;
}

/* ---- the superblock written ---- */

/* Fill in what changed; sync: and wait until it is on the device. */
static int write_super(struct super_block *sb, bool sync)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = tx_begin(sb, 1);

	if (err)
		return err;
	err = tx_get_write(sb, sbi->super_bh);
	if (!err) {
		spin_lock(&sbi->lock);
		sbi->es->s_free_blocks_count = sbi->free_blocks;
		sbi->es->s_free_inodes_count = sbi->free_inodes;
		sbi->es->s_wtime = (u32)current_time_coarse().sec;
		sbi->es->s_state |= sbi->mount_state & EXT2_ERROR_FS;
		sbi->super_dirty = false;
		spin_unlock(&sbi->lock);
		tx_dirty(sb, sbi->super_bh);
	}
	tx_end(sb);
	return err || !sync ? err : sync_dirty_buffer(sbi->super_bh);
}

void ext2_note_large_file(struct super_block *sb)
{
	struct ext2_super_block *es = EXT2_SB(sb)->es;

	if (likely(es->s_feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE))
		return;
	if (tx_get_write(sb, EXT2_SB(sb)->super_bh))
		return;
	es->s_feature_ro_compat |= EXT2_RO_COMPAT_LARGE_FILE;
	tx_dirty(sb, EXT2_SB(sb)->super_bh);
}

/* The mount becomes writable: until it is unmounted the disk says "not clean". */
static int start_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_super_block *es = sbi->es;

	if (es->s_state & EXT2_ERROR_FS)
		pr_warn("ext2 %s: has recorded errors, e2fsck should be run\n", sb->id);
	else if (!(es->s_state & EXT2_VALID_FS))
		pr_warn("ext2 %s: was not unmounted cleanly, e2fsck should be run\n", sb->id);
	else if (es->s_max_mnt_count > 0 && es->s_mnt_count >= (u16)es->s_max_mnt_count)
		pr_notice("ext2 %s: mounted %u times, e2fsck is due\n", sb->id, es->s_mnt_count);
	sbi->mount_state = es->s_state;
	es->s_state &= (u16)~EXT2_VALID_FS;
	es->s_mnt_count++;
	es->s_mtime = (u32)current_time_coarse().sec;
	return write_super(sb, true);
}

/* No more changes. "Clean" may stand on the medium only when all the rest does: the device's cache is flushed before and after it. */
static int stop_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = blkdev_issue_flush(sb->bdev);

	if (err)
		return err;
	sbi->es->s_state = (u16)((sbi->es->s_state & EXT2_ERROR_FS) | sbi->mount_state);
	err = write_super(sb, true);
	return err ? err : blkdev_issue_flush(sb->bdev);
}

/* ---- operations ---- */

static int ext2_sync_fs(struct super_block *sb, bool wait)
{
	return EXT2_SB(sb)->super_dirty && !ext2_read_only(sb) ? write_super(sb, wait) : 0;
}

/* Also after a mount that failed midway: whatever is there goes. */
static void ext2_put_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i;

	if (!sbi)
		return;
	if (sbi->writing) {
		int err = sync_blockdev(sb->bdev);
		if (!err)
			err = stop_writing(sb);
		if (err)
			pr_err("ext2 %s: the superblock could not be written at unmount\n", sb->id);
	}
	for (i = 0; sbi->desc_bh && i < sbi->desc_blocks; i++)
		brelse(sbi->desc_bh[i]);
	brelse(sbi->super_bh);
	kfree(sbi->desc_bh);
	kfree(sbi->group);
	kfree(sbi);
	sb->private = NULL;
}

static int ext2_statfs(struct super_block *sb, struct kstatfs *st)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->es;

	*st = (struct kstatfs){ .type = EXT2_SUPER_MAGIC, .bsize = sb->blocksize, .frsize = sb->blocksize, .namelen = EXT2_NAME_LEN };
	st->blocks = sbi->blocks_count - sbi->overhead;
	spin_lock(&sbi->lock);
	st->bfree = sbi->free_blocks;
	st->ffree = sbi->free_inodes;
	spin_unlock(&sbi->lock);
	st->bavail = st->bfree > es->s_r_blocks_count ? st->bfree - es->s_r_blocks_count : 0;
	st->files = sbi->inodes_count;
	for (u32 i = 0; i < sizeof(es->s_uuid); i++)
		st->fsid[i >> 2 & 1] ^= (u32)es->s_uuid[i] << 8 * (i & 3);
	return 0;
}

static int ext2_remount(struct super_block *sb, u32 *flags, const char *data)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_options o;
	int err;

	err = parse_options(sb, data, &o);
	if (err)
		return err;
	if (!(*flags & SB_RDONLY)) {
		err = ext2_check_features(sb, sbi->es, true);
		if (err)
			return err;
	}
	apply_options(sbi, &o);
	if ((*flags & SB_RDONLY) && sbi->writing) {
		err = sync_blockdev(sb->bdev);
		if (!err)
			err = stop_writing(sb);
		sbi->writing = err != 0;
	} else if (!(*flags & SB_RDONLY) && !sbi->writing) {
		err = start_writing(sb);
		sbi->writing = !err;
	}
	return err;
}

static int ext2_show_options(struct super_block *sb, char *buf, size_t size)
{
	static const char *const names[] = { "", "continue", "remount-ro", "panic" };
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	int len = 0;

	buf[0] = 0;
	if (sbi->errors_by_option)
		len = kscnprintf(buf, size, ",errors=%s", names[sbi->errors]);
	if (sbi->resuid != sbi->es->s_def_resuid)
		len += kscnprintf(buf + len, size - (size_t)len, ",resuid=%u", sbi->resuid);
	if (sbi->resgid != sbi->es->s_def_resgid)
		len += kscnprintf(buf + len, size - (size_t)len, ",resgid=%u", sbi->resgid);
	return len;
}

static const struct super_operations ext2_super_operations = {
	.alloc_inode = ext2_alloc_vfs_inode,
	.free_inode = ext2_free_vfs_inode,
	.write_inode = ext2_write_inode,
	.evict_inode = ext2_evict_inode,
	.sync_fs = ext2_sync_fs,
	.put_super = ext2_put_super,
	.statfs = ext2_statfs,
	.remount = ext2_remount,
	.show_options = ext2_show_options,
};

/* What the superblock says about behaviour, before the options. */
static void take_defaults(struct ext2_sb_info *sbi)
{
	const struct ext2_super_block *es = sbi->es;
	u32 extra = sbi->inode_size - EXT2_GOOD_OLD_INODE_SIZE;

	sbi->errors = es->s_errors >= EXT2_ERRORS_CONTINUE && es->s_errors <= EXT2_ERRORS_PANIC ? es->s_errors : EXT2_ERRORS_CONTINUE;
	sbi->resuid = es->s_def_resuid;
	sbi->resgid = es->s_def_resgid;
	sbi->mount_state = es->s_state;
	sbi->has_filetype = es->s_rev_level && (es->s_feature_incompat & EXT2_INCOMPAT_FILETYPE);
	sbi->want_extra = min_t(u32, extra, sizeof(struct ext2_inode_extra));
	sbi->next_generation = (u32)current_time_coarse().sec * 0x9E3779B1u;
}

/* The tree's root. Last, because from then on inodes exist. */
static int make_root(struct super_block *sb)
{
	struct inode *root = ext2_iget(sb, EXT2_ROOT_INO);

	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	if (!S_ISDIR(root->mode) || !root->blocks) {
		iput(root);
		pr_err("ext2 %s: the root is not a directory\n", sb->id);
		return -EUCLEAN;
	}
	EXT2_I(root)->parent_ino = EXT2_ROOT_INO;
	sb->root = d_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static int fill_checked(struct super_block *sb, struct ext2_sb_info *sbi, const char *options, bool silent)
{
	struct ext2_options o;
	const char *wrong;
	int err;

	err = parse_options(sb, options, &o);
	if (!err)
		err = ext2_find_super(sb, sbi, silent);
	if (!err)
		err = ext2_check_features(sb, sbi->es, !ext2_read_only(sb));
	if (err)
		return err;
	wrong = ext2_check_geometry(sb, sbi);
	if (wrong) {
		pr_err("ext2 %s: the superblock makes no sense: %s\n", sb->id, wrong);
		return -EUCLEAN;
	}
	sb->max_bytes = ext2_max_file_size(sbi, sb->blocksize_bits);
	sb->magic = EXT2_SUPER_MAGIC;
	take_defaults(sbi);
	apply_options(sbi, &o);
	err = ext2_read_descriptors(sb, sbi);
	if (!err && !ext2_read_only(sb) && sb->bdev->read_only)
		err = -EROFS;
	if (!err)
		err = make_root(sb);
	if (!err && !ext2_read_only(sb)) {
		err = start_writing(sb);
		sbi->writing = !err;
	}
	return err;
}

/* On failure the VFS calls put_super, which cleans up. */
static int ext2_fill_super(struct super_block *sb, const char *options, bool silent)
{
	struct ext2_sb_info *sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);

	if (!sbi)
		return -ENOMEM;
	spin_lock_init(&sbi->lock, "ext2_alloc", RANK_FSALLOC);
	sb->private = sbi;
	sb->ops = &ext2_super_operations;
	return fill_checked(sb, sbi, options, silent);
}

static struct file_system_type ext2_type = { .name = "ext2", .needs_dev = true, .fill_super = ext2_fill_super };

int ext2_init(void)
{
	int err = ext2_inode_cache_init();
	return err ? err : register_filesystem(&ext2_type);
}
