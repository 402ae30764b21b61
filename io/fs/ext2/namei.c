/*
 * Operations on names. The VFS holds the locks of the directories (and of the inode that goes) and has checked permissions. Each change
 * is one transaction. What can fail is done before what cannot be undone.
 */
#include "io/fs/ext2/ext2.h"

int ext2_sync_names(struct inode *dir, struct inode *other)
{
	struct inode *list[2] = { dir, other };
	int err = 0, e, i;

	for (i = 0; i < 2; i++) {
		if (!list[i] || !((dir->flags & S_SYNC) || (dir->sb->flags & SB_SYNCHRONOUS)))
			continue;
		e = sync_mapping_buffers(list[i]->mapping);
		err = err ? err : e;
		e = ext2_sync_allocation(list[i]);
		err = err ? err : e;
		e = ext2_write_inode(list[i], true);
		err = err ? err : e;
	}
	return err;
}

/*
 * A directory has one place in the tree: where its ".." points to, under one name. A damaged image may show it elsewhere, and then
 * walks would go round for ever and locks would be taken twice.
 */
static int check_place(struct inode *dir, u32 name_hash, struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_slot slot;
	u32 up;
	int err;

	if (!S_ISDIR(inode->mode) || (ei->parent_ino == dir->ino && ei->name_hash == name_hash))
		return 0;
	if (inode == dir || inode->ino == EXT2_ROOT_INO || ei->parent_ino)
		return ext2_error(dir->sb, __func__, "directory %u has a second name in directory %u", inode->ino, dir->ino);
	err = ext2_find_dotdot(inode, &slot);
	if (err)
		return err;
	up = slot.de->inode;
	brelse(slot.bh);
	if (up != dir->ino)
		return ext2_error(dir->sb, __func__, "directory %u hangs in %u, but its '..' is %u", inode->ino, dir->ino, up);
	ei->parent_ino = dir->ino;
	ei->name_hash = name_hash;
	return 0;
}

static struct dentry *ext2_lookup(struct inode *dir, struct dentry *d)
{
	struct inode *inode;
	struct ext2_slot slot;
	u32 ino;
	int err;

	if (d->len > EXT2_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	err = ext2_find_entry(dir, d->name, d->len, &slot);
	if (err == -ENOENT) {
		d_add(d, NULL);
		return NULL;
	}
	if (err)
		return ERR_PTR(err);
	ino = slot.de->inode;
	brelse(slot.bh);
	if (ino == EXT2_ROOT_INO)
		return ERR_PTR(ext2_error(dir->sb, __func__, "directory %u has an entry for the root", dir->ino));
	inode = ext2_iget(dir->sb, ino);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	err = check_place(dir, ext2_name_hash(d->name, d->len), inode);
	if (err) {
		iput(inode);
		return ERR_PTR(err);
	}
	d_add(d, inode);
	return NULL;
}

/* A new inode that did not make it into a directory. */
static int drop_new(struct inode *inode, int err)
{
	clear_nlink(inode);
	unlock_new_inode(inode);
	iput(inode);
	return err;
}

/* Enter the new inode in the directory and let it be seen. */
static int publish(struct inode *dir, struct dentry *d, struct inode *inode)
{
	int err = ext2_add_entry(dir, d->name, d->len, inode);

	if (err)
		return drop_new(inode, err);
	unlock_new_inode(inode);
	d_instantiate(d, inode);
	return 0;
}

static int ext2_mknod(struct inode *dir, struct dentry *d, umode_t mode, kdev_t dev)
{
	struct inode *inode;
	int err;

	err = tx_begin(dir->sb, TX_CREDITS_NAME);
	if (err)
		return err;
	inode = ext2_new_inode(dir, mode);
	err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
	if (!err) {
		inode->rdev = dev;
		ext2_set_ops(inode);
		err = publish(dir, d, inode);
	}
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, inode);
}

static int ext2_create(struct inode *dir, struct dentry *d, umode_t mode)
{
	return ext2_mknod(dir, d, (mode & S_IALLUGO) | S_IFREG, 0);
}

/* Nothing on the disk leads to it: after a power cut e2fsck gives it back. */
static int ext2_tmpfile(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct inode *inode;
	int err = tx_begin(dir->sb, TX_CREDITS_NAME);

	if (err)
		return err;
	inode = ext2_new_inode(dir, mode);
	err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
	if (!err) {
		ext2_set_ops(inode);
		clear_nlink(inode);
		mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
		unlock_new_inode(inode);
		d_instantiate(d, inode);
	}
	tx_end(dir->sb);
	return err;
}

/* The target of a symbolic link: into the inode, or into one block of its own. */
static int store_target(struct inode *inode, const char *target, u32 len)
{
	struct buffer_head *bh;
	int err;

	if (len <= EXT2_FAST_LINK_MAX) {
		memcpy(EXT2_I(inode)->data, target, len);
		inode_set_size(inode, len);
		return 0;
	}
	bh = ext2_append_block(inode, 0, &err);
	if (!bh)
		return err;
	lock_buffer(bh);
	memcpy(bh->data, target, len);
	unlock_buffer(bh);
	tx_dirty_inode(inode, bh);
	brelse(bh);
	inode_set_size(inode, len);
	return 0;
}

static int ext2_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	size_t len = strlen(target);
	struct inode *inode;
	int err;

	if (!len || len >= dir->sb->blocksize || len >= PATH_MAX)
		return len ? -ENAMETOOLONG : -ENOENT;
	err = tx_begin(dir->sb, TX_CREDITS_NAME + TX_CREDITS_MAP);
	if (err)
		return err;
	inode = ext2_new_inode(dir, S_IFLNK | S_IRWXUGO);
	err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
	if (!err) {
		ext2_set_ops(inode);
		err = store_target(inode, target, (u32)len);
		err = err ? drop_new(inode, err) : publish(dir, d, inode);
	}
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, inode);
}

static int ext2_mkdir(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct inode *inode;
	int err;

	if (dir->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = tx_begin(dir->sb, TX_CREDITS_NAME + TX_CREDITS_MAP);
	if (err)
		return err;
	inode = ext2_new_inode(dir, (mode & S_IALLUGO) | S_IFDIR);
	err = IS_ERR(inode) ? (int)PTR_ERR(inode) : 0;
	if (!err) {
		ext2_set_ops(inode);
		inode->nlink = 2;
		EXT2_I(inode)->parent_ino = dir->ino;
		EXT2_I(inode)->name_hash = ext2_name_hash(d->name, d->len);
		err = ext2_make_empty(inode, dir);
		err = err ? drop_new(inode, err) : publish(dir, d, inode);
	}
	if (!err) {
		inc_nlink(dir);
		mark_inode_dirty_flags(dir, I_DIRTY_SYNC);
	}
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, inode);
}

static int ext2_link(struct dentry *old, struct inode *dir, struct dentry *d)
{
	struct inode *inode = old->inode;
	int err;

	if (inode->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = tx_begin(dir->sb, TX_CREDITS_NAME);
	if (err)
		return err;
	err = ext2_add_entry(dir, d->name, d->len, inode);
	if (!err) {
		inc_nlink(inode);
		inode->ctime = current_time_coarse();
		mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
		atomic_inc(&inode->refs);
		d_instantiate(d, inode);
	}
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, inode);
}

/* One name less. A count that is 0 already is a damaged image's, and stays. */
static void lose_link(struct inode *inode)
{
	inode->ctime = current_time_coarse();
	if (inode->nlink)
		drop_nlink(inode);
	else
		ext2_error(inode->sb, __func__, "inode %u has more names than links", inode->ino);
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
}

/* The entry of dentry d, which must lead to its inode. */
static int find_own_entry(struct inode *dir, const struct dentry *d, struct ext2_slot *slot)
{
	int err = ext2_find_entry(dir, d->name, d->len, slot);

	if (!err && slot->de->inode != d->inode->ino) {
		err = ext2_error(dir->sb, __func__, "entry in directory %u leads to inode %u, not %u", dir->ino, slot->de->inode, d->inode->ino);
		brelse(slot->bh);
	}
	return err;
}

static int remove_name(struct inode *dir, struct dentry *d)
{
	struct ext2_slot slot;
	int err = find_own_entry(dir, d, &slot);

	return err ? err : ext2_delete_entry(dir, &slot);
}

static int ext2_unlink(struct inode *dir, struct dentry *d)
{
	int err = tx_begin(dir->sb, TX_CREDITS_NAME);

	if (err)
		return err;
	err = remove_name(dir, d);
	if (!err)
		lose_link(d->inode);
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, d->inode);
}

/* The directory has lost its name: "." and ".." do not count any more. */
static void lose_directory(struct inode *inode)
{
	clear_nlink(inode);
	inode->flags |= S_DEAD;
	inode->ctime = current_time_coarse();
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
}

static void lose_subdirectory(struct inode *dir)
{
	if (dir->nlink > 2)
		drop_nlink(dir);
	else
		ext2_error(dir->sb, __func__, "directory %u has more subdirectories than links", dir->ino);
	mark_inode_dirty_flags(dir, I_DIRTY_SYNC);
}

static int must_be_empty(struct inode *inode)
{
	int n = ext2_dir_is_empty(inode);
	return n < 0 ? n : n ? 0 : -ENOTEMPTY;
}

static int ext2_rmdir(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;
	int err = must_be_empty(inode);

	if (!err)
		err = tx_begin(dir->sb, TX_CREDITS_NAME);
	if (err)
		return err;
	err = remove_name(dir, d);
	if (!err) {
		lose_directory(inode);
		lose_subdirectory(dir);
	}
	tx_end(dir->sb);
	return err ? err : ext2_sync_names(dir, inode);
}

/* Put inode under d's name in place of d->inode. */
static int replace_target(struct inode *dir, struct dentry *d, struct inode *inode)
{
	struct inode *target = d->inode;
	struct ext2_slot slot;
	int err = find_own_entry(dir, d, &slot);

	if (!err)
		err = ext2_set_entry(dir, &slot, inode, true);
	if (err)
		return err;
	if (S_ISDIR(target->mode)) {
		lose_directory(target);
		lose_subdirectory(dir);
	} else {
		lose_link(target);
	}
	return 0;
}

/* The steps of a rename inside its transaction. *from and *dotdot (bh NULL: not a directory that moves) were found; both are consumed. */
static int move_name(struct inode *old_dir, struct inode *inode, struct inode *new_dir, struct dentry *d, struct ext2_slot *from,
	struct ext2_slot *dotdot)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err = d->inode ? replace_target(new_dir, d, inode) : ext2_add_entry(new_dir, d->name, d->len, inode);

	if (err) {
		brelse(from->bh);
		brelse(dotdot->bh);
		return err;
	}
	inode->ctime = current_time_coarse();
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC);
	err = ext2_delete_entry(old_dir, from);
	if (S_ISDIR(inode->mode)) {
		ei->parent_ino = new_dir->ino;
		ei->name_hash = ext2_name_hash(d->name, d->len);
	}
	if (dotdot->bh) {
		int e = ext2_set_entry(inode, dotdot, new_dir, false);
		err = err ? err : e;
		inc_nlink(new_dir);
		mark_inode_dirty_flags(new_dir, I_DIRTY_SYNC);
		lose_subdirectory(old_dir);
	}
	return err;
}

static int ext2_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *d, u32 flags)
{
	struct inode *inode = old->inode, *target = d->inode;
	struct ext2_slot from, dotdot = { NULL, NULL, 0 };
	bool moves = S_ISDIR(inode->mode) && old_dir != new_dir;
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	if ((flags & RENAME_NOREPLACE) && target)
		return -EEXIST;
	if (target == inode)
		return 0;
	if (target && S_ISDIR(inode->mode) != S_ISDIR(target->mode))
		return S_ISDIR(target->mode) ? -EISDIR : -ENOTDIR;
	if (target && S_ISDIR(target->mode)) {
		err = must_be_empty(target);
		if (err)
			return err;
	} else if (moves && new_dir->nlink >= EXT2_LINK_MAX) {
		return -EMLINK;
	}
	err = tx_begin(old_dir->sb, 2 * TX_CREDITS_NAME);
	if (err)
		return err;
	err = find_own_entry(old_dir, old, &from);
	if (!err && moves) {
		err = ext2_find_dotdot(inode, &dotdot);
		if (err)
			brelse(from.bh);
	}
	if (!err)
		err = move_name(old_dir, inode, new_dir, d, &from, &dotdot);
	tx_end(old_dir->sb);
	if (!err)
		err = ext2_sync_names(old_dir, inode);
	return err || old_dir == new_dir ? err : ext2_sync_names(new_dir, target);
}

static int ext2_readlink(struct dentry *d, char *buf, size_t size)
{
	struct inode *inode = d->inode;
	u32 len = (u32)inode->size;
	struct buffer_head *bh;
	int err;

	if (len >= size)
		return -ENAMETOOLONG;
	if (ext2_is_fast_symlink(inode)) {
		memcpy(buf, EXT2_I(inode)->data, len);
	} else {
		bh = ext2_read_block(inode, 0, &err);
		if (!bh)
			return err;
		memcpy(buf, bh->data, len);
		brelse(bh);
	}
	buf[len] = 0;
	if (strlen(buf) != len)
		return ext2_error(inode->sb, __func__, "symbolic link %u: its target is not as long as its size says", inode->ino);
	return (int)len;
}

const struct inode_operations ext2_dir_inode_operations = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.symlink = ext2_symlink,
	.mkdir = ext2_mkdir,
	.rmdir = ext2_rmdir,
	.mknod = ext2_mknod,
	.rename = ext2_rename,
	.tmpfile = ext2_tmpfile,
	.setattr = ext2_setattr,
};

const struct inode_operations ext2_symlink_inode_operations = {
	.readlink = ext2_readlink,
	.setattr = ext2_setattr,
};

const struct inode_operations ext2_special_inode_operations = {
	.setattr = ext2_setattr,
};
