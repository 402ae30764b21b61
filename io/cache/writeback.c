/*
 * Dirty inodes and the flusher (see writeback.h).
 *
 *   mark_inode_dirty_flags --> tail of sb->dirty_inodes, dirtied_when_ns = now (the list is in order of age)
 *   flusher: every dirty_writeback_centisecs what is older than dirty_expire_centisecs; woken by pressure: everything, oldest first
 *   write_one: I_SYNC set, dirty bits taken, pages written, then the inode itself; what became dirty meanwhile goes back on the list,
 *   and an inode whose pages are still under way goes on sb->writeback_inodes (I_WRITEBACK), where sync finds it to wait for;
 *   while it is being written it is on sb->syncing_inodes, in order of when that began: sync waits for those writers too
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "kernel/debug/printk.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

#define WRITE_CHUNK 1024 /* pages between two looks at the limits */

/* super_block.wb_state, guarded by wb_lock */
#define WB_KNOWN BIT(0)  /* its list is set up */
#define WB_BUSY BIT(1)   /* the flusher is in it */
#define WB_GONE BIT(2)   /* going away: the flusher keeps off */

static DEFINE_SPINLOCK(wb_lock, RANK_FLUSHER);
static LIST_HEAD(dirty_supers);         /* wb_lock: super blocks that ever had a dirty inode */
static DEFINE_WAIT_QUEUE(sync_wait);    /* an inode lost I_SYNC, or a super block WB_BUSY */
static DEFINE_WAIT_QUEUE(flusher_wait);
/* Why the flusher was woken; 0: by the clock. */
#define FLUSH_ALL BIT(0)  /* somebody wants everything written */
#define FLUSH_LOOK BIT(1) /* a knob changed: look at the clock again */
static volatile u32 flusher_work;

/* ---- which inodes are dirty ---- */

/* wb_lock held. */
static void know_super(struct super_block *sb)
{
	if (sb->wb_state & WB_KNOWN)
		return;
	INIT_LIST_HEAD(&sb->dirty_inodes);
	INIT_LIST_HEAD(&sb->writeback_inodes);
	INIT_LIST_HEAD(&sb->syncing_inodes);
	list_add_tail(&sb->wb_node, &dirty_supers);
	sb->wb_state |= WB_KNOWN;
}

/* Put the inode at the end of its list, as dirtied now; wb_lock held. */
static void enlist_locked(struct inode *inode)
{
	know_super(inode->sb);
	atomic_and(&inode->state, ~I_WRITEBACK);
	inode->dirtied_when_ns = ktime_ns();
	list_move_tail(&inode->dirty_node, &inode->sb->dirty_inodes);
}

void mark_inode_dirty_flags(struct inode *inode, u32 flags)
{
	struct super_block *sb = inode->sb;

	if ((inode->state & flags) == flags)
		return;
	atomic_or(&inode->state, flags);
	if (!sb || (sb->flags & SB_NOWRITEBACK))
		return;
	if ((flags & (I_DIRTY_SYNC | I_DIRTY_DATASYNC)) && sb->ops && sb->ops->dirty_inode)
		sb->ops->dirty_inode(inode);
	spin_lock(&wb_lock);
	/* While it is being written, and once it is being freed, others decide about the list. */
	if (!(inode->state & (I_SYNC | I_FREEING)) && (list_empty(&inode->dirty_node) || (inode->state & I_WRITEBACK)))
		enlist_locked(inode);
	spin_unlock(&wb_lock);
}

void mark_inode_dirty(struct inode *inode)
{
	mark_inode_dirty_flags(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
}

/* ---- writing one inode ---- */

static void wait_for_sync(struct inode *inode)
{
	wait_event(&sync_wait, !(READ_ONCE(inode->state) & I_SYNC));
}

/* The inode leaves its list to be written; wb_lock held. Its time is now the one at which this began. */
static void take_locked(struct inode *inode)
{
	know_super(inode->sb);
	atomic_or(&inode->state, I_SYNC);
	atomic_and(&inode->state, ~I_WRITEBACK);
	inode->dirtied_when_ns = ktime_ns();
	list_move_tail(&inode->dirty_node, &inode->sb->syncing_inodes);
}

/* Become the writer of the inode; false: somebody else is. */
static bool start_sync(struct inode *inode)
{
	bool got = false;

	spin_lock(&wb_lock);
	if (!(inode->state & (I_SYNC | I_FREEING))) {
		take_locked(inode);
		got = true;
	}
	spin_unlock(&wb_lock);
	return got;
}

static void end_sync(struct inode *inode)
{
	bool under_way = mapping_tagged(inode->mapping, RADIX_TAG_WRITEBACK);

	spin_lock(&wb_lock);
	atomic_and(&inode->state, ~I_SYNC);
	list_del_init(&inode->dirty_node);
	if ((inode->state & I_FREEING) || (inode->sb->flags & SB_NOWRITEBACK)) {
		/* nobody looks for it any more */
	} else if (inode->state & I_DIRTY) {
		enlist_locked(inode);
	} else if (under_way) {
		atomic_or(&inode->state, I_WRITEBACK);
		list_add_tail(&inode->dirty_node, &inode->sb->writeback_inodes);
	}
	spin_unlock(&wb_lock);
	if (wait_queue_active(&sync_wait))
		wake_up_all(&sync_wait);
}

/* I_SYNC is ours. Take the bits of `want` off and write the inode itself if it had one of them. */
static int write_metadata(struct inode *inode, u32 want, bool sync)
{
	u32 had = inode->state & want;
	int error;

	if (!had)
		return 0;
	atomic_and(&inode->state, ~(I_DIRTY_SYNC | I_DIRTY_DATASYNC));
	if (!inode->sb->ops || !inode->sb->ops->write_inode)
		return 0;
	error = inode->sb->ops->write_inode(inode, sync);
	if (error == -ENOMEM || error == -EAGAIN)
		atomic_or(&inode->state, had);
	return error;
}

/* I_SYNC is ours: pages, then the inode. */
static int write_one(struct inode *inode, struct writeback_control *wbc)
{
	struct mapping *m = inode->mapping;
	int error, e;

	atomic_and(&inode->state, ~I_DIRTY_PAGES);
	error = write_mapping(m, wbc);
	if (wbc->sync) {
		e = filemap_wait(m, 0, INT64_MAX);
		if (!error)
			error = e;
		e = sync_mapping_buffers(m);
		if (!error)
			error = e;
	}
	if (mapping_tagged(m, RADIX_TAG_DIRTY))
		atomic_or(&inode->state, I_DIRTY_PAGES);
	e = write_metadata(inode, I_DIRTY_SYNC | I_DIRTY_DATASYNC, wbc->sync);
	buffers_prune_assoc(m);
	return error ? error : e;
}

int write_inode_now(struct inode *inode, bool sync)
{
	struct writeback_control wbc = { .nr_to_write = INT32_MAX, .sync = sync, .first = 0, .last = ~0u };
	int error;

	while (!start_sync(inode)) {
		if (inode->state & I_FREEING)
			return 0;
		wait_for_sync(inode);
	}
	error = write_one(inode, &wbc);
	end_sync(inode);
	return error;
}

int sync_inode_metadata(struct inode *inode, bool datasync)
{
	int error;

	/* Somebody may have taken the bits and still be writing. */
	while (!start_sync(inode)) {
		if (inode->state & I_FREEING)
			return 0;
		wait_for_sync(inode);
	}
	error = write_metadata(inode, datasync ? I_DIRTY_DATASYNC : I_DIRTY_SYNC | I_DIRTY_DATASYNC, true);
	end_sync(inode);
	return error;
}

void writeback_forget_inode(struct inode *inode)
{
	if (inode->state & I_SYNC)
		wait_for_sync(inode);
	if (!list_empty(&inode->dirty_node)) {
		spin_lock(&wb_lock);
		list_del_init(&inode->dirty_node);
		spin_unlock(&wb_lock);
	}
	buffers_forget_assoc(&inode->data);
}

/* ---- writing a super block's ---- */

/* The oldest dirty inode, if it is old enough, with I_SYNC set; it leaves the list. */
static struct inode *next_dirty(struct super_block *sb, u64 before_ns)
{
	struct inode *inode;

	spin_lock(&wb_lock);
	list_for_each_entry(inode, &sb->dirty_inodes, dirty_node) {
		if (inode->dirtied_when_ns > before_ns)
			break;
		if (inode->state & (I_FREEING | I_NEW | I_SYNC))
			continue;
		take_locked(inode);
		spin_unlock(&wb_lock);
		return inode;
	}
	spin_unlock(&wb_lock);
	return NULL;
}

/* Write what was dirtied before before_ns. sync: wait for each; else at most `pages`. 0 or the first error. */
static int write_dirty_inodes(struct super_block *sb, u64 before_ns, bool sync, s32 *pages)
{
	struct blk_plug plug;
	struct inode *inode;
	int error = 0;

	if (!(sb->wb_state & WB_KNOWN))
		return 0;
	blk_start_plug(&plug); /* small files that lie next to each other leave together */
	while ((sync || *pages > 0) && (inode = next_dirty(sb, before_ns))) {
		struct writeback_control wbc = { .nr_to_write = sync ? INT32_MAX : *pages, .sync = sync, .first = 0, .last = ~0u };
		s32 had = wbc.nr_to_write;
		int e = write_one(inode, &wbc);

		/* An inode that was the only work counts one page, so that a loop over many ends. */
		*pages -= max(had - wbc.nr_to_write, 1);
		end_sync(inode);
		if (e && !error)
			error = e;
		cond_resched();
	}
	blk_finish_plug(&plug);
	return error;
}

/* An inode whose pages are under way, with I_SYNC set; it leaves the list. */
static struct inode *next_under_way(struct super_block *sb)
{
	struct inode *inode;

	spin_lock(&wb_lock);
	list_for_each_entry(inode, &sb->writeback_inodes, dirty_node) {
		if (inode->state & (I_FREEING | I_SYNC))
			continue;
		take_locked(inode);
		spin_unlock(&wb_lock);
		return inode;
	}
	spin_unlock(&wb_lock);
	return NULL;
}

static int wait_for_inodes(struct super_block *sb)
{
	struct inode *inode;
	int error = 0;

	if (!(sb->wb_state & WB_KNOWN))
		return 0;
	while ((inode = next_under_way(sb))) {
		int e = filemap_wait(inode->mapping, 0, INT64_MAX);

		if (e && !error)
			error = e;
		end_sync(inode);
	}
	return error;
}

/* Inodes whose pages have arrived meanwhile need not be remembered. */
static void prune_under_way(struct super_block *sb)
{
	struct inode *inode, *next;

	spin_lock(&wb_lock);
	list_for_each_entry_safe(inode, next, &sb->writeback_inodes, dirty_node) {
		if ((inode->state & I_SYNC) || mapping_tagged(inode->mapping, RADIX_TAG_WRITEBACK))
			continue;
		atomic_and(&inode->state, ~I_WRITEBACK);
		list_del_init(&inode->dirty_node);
	}
	spin_unlock(&wb_lock);
}

/* Is an inode still being written by somebody who began by `began_ns`? */
static bool writers_since(struct super_block *sb, u64 began_ns)
{
	bool any;

	spin_lock(&wb_lock);
	any = !list_empty(&sb->syncing_inodes) &&
	      list_first_entry(&sb->syncing_inodes, struct inode, dirty_node)->dirtied_when_ns <= began_ns;
	spin_unlock(&wb_lock);
	return any;
}

/* What others are writing is on no list of dirty inodes: wait until they have put back what they leave dirty. */
static void wait_for_writers(struct super_block *sb)
{
	u64 now = ktime_ns();

	if (sb->wb_state & WB_KNOWN)
		wait_event(&sync_wait, !writers_since(sb, now));
}

int writeback_sb(struct super_block *sb, bool wait)
{
	s32 pages = INT32_MAX;
	int error, e, w;

	/* First start everything, so that the device has all of it to sort; then wait for what is left and under way. */
	error = write_dirty_inodes(sb, ktime_ns(), false, &pages);
	if (!wait)
		return error;
	wait_for_writers(sb);
	/* An inode of which something had to be left out counts as dirtied when that was found: the limit is the time of now. */
	e = write_dirty_inodes(sb, ktime_ns(), true, &pages);
	w = wait_for_inodes(sb);
	return error ? error : e ? e : w;
}

void writeback_forget_sb(struct super_block *sb)
{
	spin_lock(&wb_lock);
	if (sb->wb_state & WB_KNOWN) {
		sb->wb_state |= WB_GONE;
		list_del_init(&sb->wb_node);
	}
	spin_unlock(&wb_lock);
	wait_event(&sync_wait, !(READ_ONCE(sb->wb_state) & WB_BUSY));
}

/* ---- the flusher ---- */

/* The super block after `prev` (NULL: the first), marked busy, so that it stays. */
static struct super_block *next_super(struct super_block *prev)
{
	struct list_head *at;
	struct super_block *sb = NULL;

	spin_lock(&wb_lock);
	at = prev && !(prev->wb_state & WB_GONE) ? prev->wb_node.next : dirty_supers.next;
	if (prev)
		prev->wb_state &= ~WB_BUSY;
	/* When prev went away meanwhile the round ends; what is left gets its turn in the next one. */
	if (at != &dirty_supers && !(prev && (prev->wb_state & WB_GONE))) {
		sb = list_entry(at, struct super_block, wb_node);
		sb->wb_state |= WB_BUSY;
	}
	spin_unlock(&wb_lock);
	if (prev && wait_queue_active(&sync_wait))
		wake_up_all(&sync_wait);
	return sb;
}

/* Write of one super block what is old, and, if all of it is wanted or too much is dirty, the rest. */
static void flush_super(struct super_block *sb, bool everything)
{
	u64 now = ktime_ns(), age = (u64)dirty_expire_centisecs * (10 * NSEC_PER_MSEC);
	s32 pages = INT32_MAX;

	/* Errors are kept in the mappings, for whoever calls fsync. */
	if (now > age)
		(void)write_dirty_inodes(sb, now - age, false, &pages);
	if (everything) {
		pages = (s32)nr_dirty_pages() + 1;
		(void)write_dirty_inodes(sb, ~0ull, false, &pages);
	}
	while (dirty_above_background()) {
		pages = WRITE_CHUNK;
		(void)write_dirty_inodes(sb, ~0ull, false, &pages);
		if (pages == WRITE_CHUNK) /* nothing left here */
			break;
	}
}

static int flusher_main(void *arg)
{
	while (!kthread_should_stop()) {
		u32 interval = dirty_writeback_centisecs; /* 0: no rounds by the clock, only by pressure */
		u64 deadline = interval ? ktime_ns() + (u64)interval * (10 * NSEC_PER_MSEC) : WAIT_FOREVER;
		struct super_block *sb = NULL;
		u32 why;

		(void)wait_event_until(&flusher_wait, READ_ONCE(flusher_work) || kthread_should_stop(), deadline);
		why = __sync_fetch_and_and(&flusher_work, 0);
		while ((sb = next_super(sb))) {
			prune_under_way(sb);
			if (why != FLUSH_LOOK)
				flush_super(sb, why & FLUSH_ALL);
		}
		dirty_limits_update();
	}
	return 0;
}

static void kick_flusher(u32 why)
{
	atomic_or(&flusher_work, why);
	wake_up(&flusher_wait);
}

void wakeup_flusher(void) { kick_flusher(FLUSH_ALL); }
void writeback_knobs_changed(void) { kick_flusher(FLUSH_LOOK); }

int writeback_init(void)
{
	struct task *flusher = kthread_run(flusher_main, NULL, "flusher");

	if (IS_ERR(flusher))
		return (int)PTR_ERR(flusher);
	dirty_limits_update();
	return vm_knobs_init();
}
