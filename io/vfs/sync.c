/* Writing everything back: sync(2), syncfs(2), unmounting and powering off. All may sleep. */
#include "io/block/bdev.h"
#include "io/cache/writeback.h"
#include "io/vfs/internal.h"

/* Write all of one file system: data and inodes, its own metadata, the buffers of its device, and what the disk holds back. 0 or the first error. */
int sync_filesystem(struct super_block *sb)
{
	if (sb->flags & (SB_RDONLY | SB_NOWRITEBACK))
		return 0;
	int err = writeback_sb(sb, true), e = 0;
	if (sb->ops && sb->ops->sync_fs)
		e = sb->ops->sync_fs(sb, true);
	if (sb->bdev) {
		int e2 = sync_blockdev(sb->bdev);
		if (!e2)
			e2 = blkdev_issue_flush(sb->bdev);
		e = e ? e : e2;
	}
	return err ? err : e;
}

static int sync_one(struct super_block *sb, void *arg)
{
	if (sb->flags & (SB_RDONLY | SB_NOWRITEBACK))
		return 0;
	if (*(bool *)arg)
		return sync_filesystem(sb);
	return writeback_sb(sb, false);
}

/* What was written to open devices directly. */
static void sync_devices(void)
{
	struct block_device *b;
	kdev_t dev = 0;

	while ((b = blkdev_get_next(&dev))) {
		if (!b->read_only && !sync_blockdev(b) && b->holder == NULL)
			(void)!blkdev_issue_flush(b);
		blkdev_put(b, NULL);
	}
}

void sync_filesystems(bool wait)
{
	bool first_pass = false;
	for_each_super(sync_one, &first_pass); /* start all disks, then wait for each */
	if (!wait)
		return;
	for_each_super(sync_one, &wait);
	sync_devices();
}
