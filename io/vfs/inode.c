/*
 * The inode cache: all inodes in memory by (super block, number), the unused ones on an LRU list until memory is short.
 * The life of an inode: iget_locked makes it (I_NEW: only its maker may use it) -> unlock_new_inode -> in use while refs > 0 -> cached
 * without users -> I_FREEING, from where there is no way back -> evict_inode of its file system -> freed.
 * inode_lock guards hash, LRU, sb->inodes and the step of refs to 0; state bits change by atomic operations (the flusher changes some).
 */
#include "io/block/bdev.h"
#include "io/cache/writeback.h"
#include "io/char/chrdev.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/div64.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

DEFINE_SPINLOCK(inode_lock, RANK_DCACHE);
static struct list_head *hash_table;
static unsigned hash_bits;
static LIST_HEAD(lru);
static u32 nr_unused; /* on lru */
static struct kmem_cache *inode_cache;
static DEFINE_WAIT_QUEUE(state_wait); /* I_NEW went, or an inode on its way out is gone */

static struct list_head *bucket(const struct super_block *sb, u32 ino)
{
	return &hash_table[hash_32(ino ^ ((u32)(uintptr_t)sb >> 5), hash_bits)];
}

static bool inode_hashed(const struct inode *i) { return !list_empty(&i->hash_node); }

/* ---- making ---- */

static struct inode *alloc_inode(struct super_block *sb)
{
	struct inode *i = sb->ops && sb->ops->alloc_inode ? sb->ops->alloc_inode(sb) : kmem_cache_alloc(inode_cache, GFP_KERNEL);
	if (!i)
		return NULL;
	memset(i, 0, sizeof(*i));
	atomic_set(&i->refs, 1);
	i->nlink = 1;
	i->blkbits = sb->blocksize_bits;
	i->sb = sb;
	mutex_init(&i->lock, "inode", RANK_INODE);
	mapping_init(&i->data, i, NULL);
	i->data.bdev = sb->bdev;
	i->mapping = &i->data;
	INIT_LIST_HEAD(&i->hash_node);
	INIT_LIST_HEAD(&i->lru_node);
	INIT_LIST_HEAD(&i->dirty_node);
	INIT_LIST_HEAD(&i->assoc_buffers);
	return i;
}

static void free_inode(struct inode *i)
{
	if (i->sb->ops && i->sb->ops->free_inode)
		i->sb->ops->free_inode(i);
	else
		kmem_cache_free(inode_cache, i);
}

struct inode *new_inode(struct super_block *sb)
{
	static u32 last_ino; /* for those who have no numbers of their own */
	struct inode *i = alloc_inode(sb);
	if (!i)
		return NULL;
	spin_lock(&inode_lock);
	i->ino = ++last_ino;
	list_add(&i->sb_node, &sb->inodes);
	spin_unlock(&inode_lock);
	return i;
}

static struct inode *find_locked(struct super_block *sb, u32 ino)
{
	struct inode *i;
	list_for_each_entry(i, bucket(sb, ino), hash_node)
		if (i->ino == ino && i->sb == sb)
			return i;
	return NULL;
}

/* A cached inode in a usable state with a reference, or NULL. */
static struct inode *find_and_get(struct super_block *sb, u32 ino)
{
	for (;;) {
		spin_lock(&inode_lock);
		struct inode *i = find_locked(sb, ino);
		if (!i) {
			spin_unlock(&inode_lock);
			return NULL;
		}
		if (i->state & I_FREEING) { /* wait until it is out of the hash, then look again */
			struct wait_queue_entry e = wait_entry_for_current();
			prepare_to_wait(&state_wait, &e, TASK_UNINTERRUPTIBLE);
			spin_unlock(&inode_lock);
			schedule();
			finish_wait(&state_wait, &e);
			continue;
		}
		atomic_inc(&i->refs);
		spin_unlock(&inode_lock);
		wait_event(&state_wait, !(READ_ONCE(i->state) & I_NEW));
		if (inode_hashed(i))
			return i;
		iput(i); /* its maker failed */
	}
}

struct inode *iget_locked(struct super_block *sb, u32 ino)
{
	struct inode *i = find_and_get(sb, ino);
	if (i)
		return i;
	struct inode *fresh = alloc_inode(sb);
	if (!fresh)
		return NULL;
	fresh->ino = ino;
	fresh->state = I_NEW;
	spin_lock(&inode_lock);
	if (!find_locked(sb, ino)) {
		list_add(&fresh->hash_node, bucket(sb, ino));
		list_add(&fresh->sb_node, &sb->inodes);
		spin_unlock(&inode_lock);
		return fresh;
	}
	spin_unlock(&inode_lock);
	free_inode(fresh); /* somebody else made it meanwhile */
	return iget_locked(sb, ino);
}

void unlock_new_inode(struct inode *i)
{
	atomic_and(&i->state, ~I_NEW);
	if (wait_queue_active(&state_wait))
		wake_up_all(&state_wait);
}

static void unhash(struct inode *i)
{
	spin_lock(&inode_lock);
	list_del_init(&i->hash_node);
	spin_unlock(&inode_lock);
}

void iget_failed(struct inode *i)
{
	atomic_or(&i->state, I_BAD);
	unhash(i);
	unlock_new_inode(i);
	iput(i);
}

void insert_inode_hash(struct inode *i)
{
	spin_lock(&inode_lock);
	if (!inode_hashed(i))
		list_add(&i->hash_node, bucket(i->sb, i->ino));
	spin_unlock(&inode_lock);
}

struct inode *igrab(struct inode *i)
{
	spin_lock(&inode_lock);
	if (i->state & I_FREEING)
		i = NULL;
	else
		atomic_inc(&i->refs);
	spin_unlock(&inode_lock);
	return i;
}

/* ---- letting go ---- */

/* I_FREEING is set and the inode is off the LRU: nobody finds it any more. */
static void evict(struct inode *i)
{
	writeback_forget_inode(i);
	if (i->sb->ops && i->sb->ops->evict_inode && !(i->state & I_BAD))
		i->sb->ops->evict_inode(i);
	else
		truncate_pages(&i->data, 0);
	spin_lock(&inode_lock);
	list_del_init(&i->hash_node);
	list_del(&i->sb_node);
	spin_unlock(&inode_lock);
	if (wait_queue_active(&state_wait))
		wake_up_all(&state_wait);
	ASSERT(!i->data.nrpages);
	kfree(i->flocks);
	free_inode(i);
}

/* inode_lock held. */
static void lru_remove(struct inode *i)
{
	nr_unused -= !list_empty(&i->lru_node);
	list_del_init(&i->lru_node);
}

/* Mark for freeing and take off the LRU. inode_lock held. */
static void start_freeing(struct inode *i)
{
	atomic_or(&i->state, I_FREEING);
	lru_remove(i);
}

static bool drop_at_once(struct inode *i)
{
	if (i->sb->ops && i->sb->ops->drop_inode)
		return i->sb->ops->drop_inode(i);
	return !i->nlink || !inode_hashed(i);
}

void iput(struct inode *i)
{
	if (!i || atomic_dec_unless_last(&i->refs))
		return;
	/* The last one. What is dirty is written before the inode may be forgotten; meanwhile somebody may take it up again. */
	bool wrote = false;
	for (;;) {
		spin_lock(&inode_lock);
		if (atomic_read(&i->refs) > 1) {
			atomic_dec(&i->refs);
			spin_unlock(&inode_lock);
			return;
		}
		bool drop = drop_at_once(i);
		if (!drop && (i->sb->flags & SB_ACTIVE)) {
			atomic_dec(&i->refs);
			if (list_empty(&i->lru_node)) {
				list_add(&i->lru_node, &lru);
				nr_unused++;
			}
			spin_unlock(&inode_lock);
			return;
		}
		if (i->nlink && (i->state & I_DIRTY) && !(i->sb->flags & SB_NOWRITEBACK) && !wrote) {
			spin_unlock(&inode_lock);
			wrote = true;
			if (write_inode_now(i, true))
				pr_err("%s: inode %u could not be written\n", i->sb->id, i->ino);
			continue;
		}
		atomic_dec(&i->refs);
		start_freeing(i);
		spin_unlock(&inode_lock);
		evict(i);
		return;
	}
}

/* Nothing hangs on it that would be lost. inode_lock held. */
static bool can_forget(const struct inode *i)
{
	return !(i->state & (I_DIRTY | I_SYNC | I_NEW | I_FREEING)) && !i->data.nrpages && list_empty(&i->assoc_buffers);
}

/* Free up to nr cached inodes without users, oldest first; returns how many. */
u32 drop_unused_inodes(u32 nr)
{
	u32 freed = 0, looked = 0;

	spin_lock(&inode_lock);
	while (!list_empty(&lru) && freed < nr && looked++ < nr * 2 + 64) {
		struct inode *i = list_last_entry(&lru, struct inode, lru_node);
		if (atomic_read(&i->refs)) {
			lru_remove(i);
			continue;
		}
		if (!can_forget(i)) {
			list_move(&i->lru_node, &lru);
			continue;
		}
		start_freeing(i);
		spin_unlock(&inode_lock);
		evict(i);
		freed++;
		spin_lock(&inode_lock);
	}
	spin_unlock(&inode_lock);
	return freed;
}

static u32 shrink(struct shrinker *s, u32 nr, u32 gfp)
{
	static u32 rest;

	return gfp & GFP_FS ? drop_unused_inodes(vfs_shrink_share(nr_unused, nr, &rest)) / (PAGE_SIZE / sizeof(struct inode)) : 0;
}

static struct shrinker inode_shrinker = { .name = "inode", .scan = shrink };

u32 evict_unused_inodes(struct super_block *sb)
{
	u32 busy = 0;
	LIST_HEAD(seen);

	spin_lock(&inode_lock);
	while (!list_empty(&sb->inodes)) {
		struct inode *i = list_first_entry(&sb->inodes, struct inode, sb_node);
		list_move(&i->sb_node, &seen);
		if (atomic_read(&i->refs) || (i->state & I_FREEING)) {
			busy++;
			continue;
		}
		start_freeing(i);
		spin_unlock(&inode_lock);
		evict(i);
		spin_lock(&inode_lock);
	}
	list_splice_tail_init(&seen, &sb->inodes);
	spin_unlock(&inode_lock);
	return busy;
}

/* ---- write access: writers > 0 counts files open for writing, < 0 programs that run it ---- */

int get_write_access(struct inode *i)
{
	for (;;) {
		s32 n = atomic_read(&i->writers);
		if (n < 0)
			return -ETXTBSY;
		if (__sync_bool_compare_and_swap(&i->writers.v, n, n + 1))
			return 0;
	}
}

void put_write_access(struct inode *i) { atomic_dec(&i->writers); }

int deny_write_access(struct file *f)
{
	struct inode *i = f->inode;
	for (;;) {
		s32 n = atomic_read(&i->writers);
		if (n > 0)
			return -ETXTBSY;
		if (__sync_bool_compare_and_swap(&i->writers.v, n, n - 1))
			return 0;
	}
}

void allow_write_access(struct file *f) { atomic_inc(&f->inode->writers); }

bool sb_has_writers(struct super_block *sb)
{
	struct inode *i;
	bool found = false;
	spin_lock(&inode_lock);
	list_for_each_entry(i, &sb->inodes, sb_node)
		if (atomic_read(&i->writers) > 0 || (!i->nlink && atomic_read(&i->refs) && S_ISREG(i->mode))) {
			found = true; /* an unlinked open file must still be freed on the device */
			break;
		}
	spin_unlock(&inode_lock);
	return found;
}

/* ---- setting up ---- */

void inode_init_special(struct inode *i, umode_t mode, kdev_t rdev)
{
	i->mode = mode;
	i->rdev = rdev;
	if (S_ISCHR(mode))
		i->fops = &chrdev_fops;
	else if (S_ISBLK(mode))
		i->fops = &blkdev_fops;
	else if (S_ISFIFO(mode))
		i->fops = &fifo_fops;
	else
		i->fops = NULL; /* sockets: opening gives ENXIO */
}

void inode_init_owner(struct inode *i, const struct inode *dir, umode_t mode)
{
	i->uid = current_cred()->fsuid;
	i->gid = current_cred()->fsgid;
	if (dir && (dir->mode & S_ISGID)) {
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010) && !in_group(i->gid) && !capable())
			mode &= (umode_t)~S_ISGID;
	}
	i->mode = mode;
}

void inode_set_size(struct inode *i, loff_t size) { i->size = size; }
bool always_drop_inode(struct inode *i) { return true; }

/* ---- times ---- */

struct timespec_k current_time_coarse(void)
{
	struct timespec_k t;
	u32 sec;

	do {
		sec = realtime_coarse_sec;
		t.nsec = realtime_coarse_nsec;
	} while (unlikely(sec != realtime_coarse_sec));
	t.sec = sec;
	return t;
}

/* Times of files lie in the range of u32. */
static inline bool time_after(const struct timespec_k *a, const struct timespec_k *b)
{
	u32 sec_a = (u32)a->sec, sec_b = (u32)b->sec;

	return sec_a > sec_b || (sec_a == sec_b && a->nsec > b->nsec);
}

#define RELATIME_SECONDS 86400u

/* relatime: only when the file changed since it was last read, or once a day. */
static inline bool atime_needs_update(const struct inode *i)
{
	return !time_after(&i->atime, &i->mtime) || !time_after(&i->atime, &i->ctime) || realtime_coarse_sec - (u32)i->atime.sec > RELATIME_SECONDS;
}

static void update_atime(struct inode *i)
{
	struct timespec_k now = current_time_coarse();

	if (now.sec == i->atime.sec && now.nsec == i->atime.nsec)
		return;
	i->atime = now;
	mark_inode_dirty_flags(i, I_DIRTY_SYNC);
}

static inline void touch_inode_atime(const struct mount *mnt, struct inode *i)
{
	u32 flags = mnt->flags;

	if ((flags & (MNT_NOATIME | MNT_READONLY)) || (i->flags & S_NOATIME) || (i->sb->flags & (SB_NOATIME | SB_RDONLY)))
		return;
	if ((flags & MNT_NODIRATIME) && S_ISDIR(i->mode))
		return;
	if (unlikely(!(flags & MNT_RELATIME) || atime_needs_update(i)))
		update_atime(i);
}

static noinline void touch_file_atime(struct file *f)
{
	if (f->path.mnt && !(f->flags & O_NOATIME))
		touch_inode_atime(f->path.mnt, f->inode);
}

/* Most reads find that relatime has nothing to do, whatever else would forbid it. */
void touch_atime(struct file *f)
{
	if (likely(!atime_needs_update(f->inode) && f->path.mnt && (f->path.mnt->flags & MNT_RELATIME)))
		return;
	touch_file_atime(f);
}

void touch_atime_path(const struct path *p)
{
	touch_inode_atime(p->mnt, p->dentry->inode);
}

int file_update_time(struct file *f)
{
	struct inode *i = f->inode;

	if (unlikely(i->mode & (S_ISUID | S_ISGID))) {
		int err = file_remove_privs(f);
		if (err)
			return err;
	}
	/* Many writes fall into one tick: equal halves mean that nothing is to be done. */
	if (likely(i->mtime.nsec == realtime_coarse_nsec && i->ctime.nsec == realtime_coarse_nsec && (u32)i->mtime.sec == realtime_coarse_sec &&
		   (u32)i->ctime.sec == realtime_coarse_sec))
		return 0;
	i->mtime = i->ctime = current_time_coarse();
	mark_inode_dirty_flags(i, I_DIRTY_SYNC);
	return 0;
}

void inode_cache_init(void)
{
	hash_bits = 8;
	while (hash_bits < 13 && (1u << hash_bits) < nr_total_pages() / 16)
		hash_bits++;
	hash_table = kmalloc(sizeof(*hash_table) << hash_bits, GFP_KERNEL);
	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 0, NULL);
	kmem_cache_mark_reclaimable(inode_cache);
	if (!hash_table)
		panic("inode cache: no memory for the hash table");
	for (u32 i = 0; i < 1u << hash_bits; i++)
		INIT_LIST_HEAD(&hash_table[i]);
	register_shrinker(&inode_shrinker);
}
