/* The made-up half of the machine of fs_machine.h: memory, locks, waiting, the disk, and the system calls' share of the work. */
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/host/fs_machine.h"
#include "io/block/bdev.h"
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/buffer_head.h"
#include "io/contract/proc_file.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "io/vfs/notify.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/irq/workqueue.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

int buffer_init(void), page_cache_init(void), writeback_init(void), ext2_init(void);

static u32 random_state;
u32 machine_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

void machine_seed(u32 seed) { random_state = seed | 1; }

/* ---- log ---- */

static bool show_log;
static u32 log_lines;
static char log_text[1 << 16];
static size_t log_len;

void machine_show_log(bool on) { show_log = on; }
u32 machine_log_lines(void) { return log_lines; }
bool machine_log_has(const char *text) { return strstr(log_text, text) != NULL; }
void machine_log_clear(void) { log_text[log_len = 0] = 0; }

void vprintk(int level, const char *fmt, va_list ap)
{
	int n = vsnprintf(log_text + log_len, sizeof(log_text) - log_len, fmt, ap);
	if (show_log)
		printf("# <%d> %s", level, log_text + log_len);
	log_len = log_len + (size_t)n < sizeof(log_text) ? log_len + (size_t)n : 0;
	log_lines++;
}

void printk(int level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;
	printf("# PANIC: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	abort();
}

void warn_at(const char *file, int line, const char *what) { panic("warning at %s:%d: %s", file, line, what); }
void trace_write(const struct trace_point *p, u32 id, u32 a, u32 b) { }
u32 trace_last_id;
volatile u32 trace_enabled;
struct workqueue_struct *system_wq;
u32 blk_write_through_disks;
bool queue_work(struct workqueue_struct *wq, struct work_struct *work) { panic("nothing here transfers without waiting"); }

/* ---- memory: an arena for page frames, the C library for the rest ---- */

static u8 *arena;
static struct page *frames;
static u32 nr_frames, nr_free;
static LIST_HEAD(free_frames);
static LIST_HEAD(shrinkers);

void *page_address(const struct page *p) { return arena + ((size_t)(p - frames) << PAGE_SHIFT); }
struct page *virt_to_page(const void *va) { return &frames[((const u8 *)va - arena) >> PAGE_SHIFT]; }
void *machine_dma_buffer(void) { return arena; }
u32 nr_free_pages(void) { return nr_free; }
u32 nr_total_pages(void) { return nr_frames; }
void *vmalloc(size_t size) { return malloc(size); }
int page_set_min_free(u32 pages) { return 0; }
void kmem_cache_mark_reclaimable(struct kmem_cache *c) { }
void page_watermarks(u32 *min_pages, u32 *low_pages, u32 *high_pages)
{
	*min_pages = nr_frames / 64;
	*low_pages = nr_frames / 32;
	*high_pages = nr_frames / 16;
}

static void memory_start(u32 pages)
{
	arena = mmap(NULL, (size_t)pages << PAGE_SHIFT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	frames = calloc(pages, sizeof(*frames));
	nr_frames = nr_free = pages;
	for (u32 i = 0; i < MACHINE_DMA_PAGES; i++)
		atomic_set(&frames[i].refs, 1);
	for (u32 i = MACHINE_DMA_PAGES; i < pages; i++)
		list_add_tail(&frames[i].lru, &free_frames);
	ASAN_POISON_MEMORY_REGION(arena + (MACHINE_DMA_PAGES << PAGE_SHIFT), (size_t)(pages - MACHINE_DMA_PAGES) << PAGE_SHIFT);
}

static void shrink_all(u32 nr, u32 gfp)
{
	static bool running;
	struct shrinker *s;
	if (running || !(gfp & GFP_WAIT))
		return;
	running = true;
	list_for_each_entry(s, &shrinkers, node)
		s->scan(s, nr, gfp);
	running = false;
}

struct page *alloc_pages(u32 gfp, u32 order)
{
	struct page *p;
	if (order)
		return NULL;
	if (nr_free < nr_frames / 32)
		shrink_all(64, gfp);
	for (int tries = 0; !nr_free && tries < 20; tries++)
		shrink_all(256, gfp);
	if (!nr_free)
		return NULL;
	p = list_first_entry(&free_frames, struct page, lru);
	list_del(&p->lru);
	nr_free--;
	memset(p, 0, sizeof(*p));
	atomic_set(&p->refs, 1);
	ASAN_UNPOISON_MEMORY_REGION(page_address(p), PAGE_SIZE);
	memset(page_address(p), gfp & GFP_ZERO ? 0 : 0xa5, PAGE_SIZE);
	return p;
}

void free_page_last(struct page *p)
{
	if (p->flags & (PG_locked | PG_dirty | PG_writeback | PG_private | PG_lru))
		panic("page freed with flags %x", p->flags);
	ASAN_POISON_MEMORY_REGION(page_address(p), PAGE_SIZE);
	list_add_tail(&p->lru, &free_frames); /* last: stale pointers are found for longest */
	nr_free++;
}

u32 run_shrinkers(const struct shrinker *except, u32 nr, u32 gfp)
{
	shrink_all(nr, gfp);
	return 0;
}

void free_pages(struct page *p, u32 order) { put_page(p); }
void *get_free_page(u32 gfp) { return aligned_alloc(PAGE_SIZE, PAGE_SIZE); }
void free_page(void *va) { free(va); }
void register_shrinker(struct shrinker *s) { list_add_tail(&s->node, &shrinkers); }
void *kmalloc(size_t size, u32 gfp) { return malloc(size ? size : 1); }
void *kzalloc(size_t size, u32 gfp) { return calloc(1, size ? size : 1); }
void kfree(const void *p) { free((void *)p); }
char *kstrdup(const char *s, u32 gfp) { return strdup(s); }
void *radix_node_alloc(size_t size) { return calloc(1, size); }
void radix_node_free(void *node, size_t size) { free(node); }

struct kmem_cache { u32 size; void (*ctor)(void *); };
struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, void (*ctor)(void *))
{
	struct kmem_cache *c = calloc(1, sizeof(*c));
	*c = (struct kmem_cache){ size, ctor };
	return c;
}
void *kmem_cache_alloc(struct kmem_cache *c, u32 gfp)
{
	void *p = malloc(c->size);
	memset(p, 0x5a, c->size);
	if (c->ctor)
		c->ctor(p);
	return p;
}
void kmem_cache_free(struct kmem_cache *c, void *obj) { free(obj); }
bool mm_clean_page(struct list_head *i_mmap, struct page *page) { return false; }
void mm_unmap_file_range(struct list_head *i_mmap, pgoff_t first, pgoff_t last, bool even_cow) { }
bool mm_page_referenced(struct list_head *i_mmap, struct page *page) { return false; }
bool mm_page_is_mlocked(struct list_head *i_mmap, const struct page *page) { return false; }
void mm_install_page(struct vm_area *a, u32 addr, struct page *page) { }
int get_user_page(u32 addr, bool write, struct page **out) { return -EFAULT; }

/* ---- tasks and locks ---- */

static struct percpu cpu;
static struct task the_task;
static struct cred the_cred;

struct percpu *this_cpu(void) { return &cpu; }
struct task *get_current(void) { return &the_task; }
u32 preempt_count(void) { return cpu.preempt_count; }
void preempt_count_add(u32 n) { cpu.preempt_count += n; }
void preempt_count_sub(u32 n) { cpu.preempt_count -= n; }
void pagefault_disable(void) { }
void pagefault_enable(void) { }
void cond_resched(void) { might_sleep(); }
void might_sleep_at(const char *file, int line)
{
	if (cpu.preempt_count)
		panic("%s:%d would sleep with a spinlock held", file, line);
}
const struct cred *current_cred(void) { return &the_cred; }
bool capable(void) { return the_cred.euid == 0; }
bool in_group(gid_t gid) { return the_cred.fsgid == gid; }
void machine_set_user(uid_t uid) { the_cred = (struct cred){ uid, uid, uid, uid, uid, uid, uid, uid, 0, { 0 } }; }

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank) { *m = (struct mutex){ 0 }; }
void mutex_lock(struct mutex *m)
{
	might_sleep();
	if (m->owner)
		panic("mutex taken twice: the only task waits for itself");
	m->owner = &the_task;
}
void mutex_lock_nested(struct mutex *m) { mutex_lock(m); }
int mutex_lock_interruptible(struct mutex *m) { mutex_lock(m); return 0; }
bool mutex_trylock(struct mutex *m) { return m->owner ? false : (mutex_lock(m), true); }
void mutex_unlock(struct mutex *m)
{
	if (!m->owner)
		panic("mutex released that nobody holds");
	m->owner = NULL;
}
bool mutex_is_held(const struct mutex *m) { return m->owner == &the_task; }

static bool finish_one_request(void);
static bool run_flusher(void);

struct wait_queue_entry wait_entry_for_current(void) { return (struct wait_queue_entry){ 0 }; }
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state) { }
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state) { }
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e) { }
void wake_up_key(struct wait_queue_head *wq, u32 mode, u32 nr, u32 key) { }
bool autoremove_wake_function(struct wait_queue_entry *e, u32 mode, u32 key) { return true; }
bool wake_up_state(struct task *t, u32 state) { return true; }
bool signal_pending_current(void) { return false; }

/* Nobody watches anything here. */
u32 nr_inode_watches;
void __notify_dentry(struct dentry *d, u32 mask) { }
void __notify_inode_gone(struct inode *i) { }
void __notify_unmount(struct super_block *sb) { }

void set_current_state(u32 state) { }
void schedule(void)
{
	might_sleep();
	if (!finish_one_request() && !run_flusher())
		panic("the only task sleeps, and nothing is under way that could wake it");
}
bool schedule_until(u64 deadline_ns) { schedule(); return true; }
void sleep_ms(u32 ms) { panic("sleep_ms: no memory"); }
struct task *kthread_run(int (*fn)(void *), void *arg, const char *fmt, ...) { return &the_task; }
bool kthread_should_stop(void) { return false; }
int send_signal(struct task *t, int sig, const struct siginfo_k *info) { return 0; }

static u64 clock_ns = 1700000000000000000ull;
u64 ktime_ns(void) { return clock_ns += 1000; }
u64 realtime_ns(void) { return clock_ns += 1000; }
volatile u32 realtime_coarse_sec = 1700000000, realtime_coarse_nsec;
u64 realtime_coarse_ns(void) { return clock_ns += 1000000; }

/* ---- the disk ---- */

static int disk_fd = -1;
static struct block_device disk;
static struct bio *pending[64];
static u32 nr_pending;
static u64 fail_byte = ~0ull;
static bool fail_writes;
struct disk_counts disk_counts;

static bool allow_overlap;
void machine_allow_overlap(void) { allow_overlap = true; }

void machine_fail_at(u64 byte, bool writes)
{
	fail_byte = byte;
	fail_writes = writes;
}

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 flags, u32 gfp)
{
	struct bio *b = calloc(1, sizeof(*b));
	b->max_vecs = (u16)max(min(nr_vecs, BIO_MAX_VECS), 1u);
	b->vecs = calloc(b->max_vecs, sizeof(struct bio_vec));
	b->bdev = bdev;
	b->flags = flags;
	return b;
}
void bio_put(struct bio *b)
{
	free(b->vecs);
	free(b);
}
bool bio_add_page(struct bio *b, struct page *page, u32 len, u32 offset)
{
	if (b->nr_vecs && b->vecs[b->nr_vecs - 1].page == page && b->vecs[b->nr_vecs - 1].offset + b->vecs[b->nr_vecs - 1].len == offset)
		b->vecs[b->nr_vecs - 1].len += len;
	else if (b->nr_vecs == b->max_vecs)
		return false;
	else
		b->vecs[b->nr_vecs++] = (struct bio_vec){ page, len, offset };
	b->size += len;
	return true;
}

static bool bios_overlap(const struct bio *a, const struct bio *b)
{
	return a->sector < b->sector + (b->size >> 9) && b->sector < a->sector + (a->size >> 9) &&
		(REQ_OP(a->flags) == REQ_WRITE || REQ_OP(b->flags) == REQ_WRITE);
}

static void transfer(struct bio *b)
{
	off_t at = (off_t)(b->sector << 9);
	bool write = REQ_OP(b->flags) == REQ_WRITE;
	if (b->sector + (b->size >> 9) > disk.nr_sectors)
		panic("request past the end of the disk: sector %llu", (unsigned long long)b->sector);
	if (write == fail_writes && fail_byte >= (u64)at && fail_byte < (u64)at + b->size) {
		b->status = -EIO;
		return;
	}
	for (u32 i = 0; i < b->nr_vecs; i++) {
		u8 *p = (u8 *)page_address(b->vecs[i].page) + b->vecs[i].offset;
		ssize_t n = write ? pwrite(disk_fd, p, b->vecs[i].len, at) : pread(disk_fd, p, b->vecs[i].len, at);
		if (n != (ssize_t)b->vecs[i].len)
			panic("the image file cannot be accessed");
		at += n;
	}
	if (write) {
		disk_counts.writes++;
		disk_counts.bytes_written += b->size;
	} else {
		disk_counts.reads++;
		disk_counts.bytes_read += b->size;
	}
}

static bool finish_one_request(void)
{
	if (!nr_pending)
		return false;
	u32 i = machine_random() % nr_pending;
	struct bio *b = pending[i];
	pending[i] = pending[--nr_pending];
	transfer(b);
	b->end_io(b);
	return true;
}

void blk_submit(struct bio *b)
{
	might_sleep();
	for (u32 i = 0; i < nr_pending; i++)
		if (bios_overlap(b, pending[i]) && !allow_overlap)
			panic("two requests under way for sector %llu", (unsigned long long)b->sector);
	if (nr_pending == ARRAY_SIZE(pending))
		finish_one_request();
	pending[nr_pending++] = b;
}
void blk_start_plug(struct blk_plug *plug) { }
void blk_finish_plug(struct blk_plug *plug) { }
static void drain(void)
{
	while (finish_one_request())
		;
}
int blkdev_issue_flush(struct block_device *b)
{
	drain();
	return 0;
}

/* What the kernel thread would do: write what is dirty. False: nothing is, or it waits itself. */
static struct super_block *mounted;
static bool run_flusher(void)
{
	static bool running;
	struct writeback_control wbc = { .nr_to_write = INT32_MAX, .last = ~0u };
	if (running || !mounted)
		return false;
	running = true;
	writeback_sb(mounted, false);
	write_mapping(disk.mapping, &wbc);
	running = false;
	return nr_pending > 0;
}

static int disk_get_block(struct inode *inode, u32 iblock, struct buffer_head *b, bool create)
{
	u32 per = disk.block_size >> 9;
	if (((u64)iblock + 1) * per > disk.nr_sectors)
		return create ? -EIO : 0;
	b->blocknr = iblock;
	b->bdev = &disk;
	b->size = (u32)min_t(u64, max(b->size / disk.block_size, 1u), disk.nr_sectors / per - iblock) * disk.block_size;
	bh_set(b, BH_Mapped);
	return 0;
}
static int disk_read_page(struct file *f, struct page *p) { return block_read_page(p, disk_get_block, 0); }
static void disk_read_pages(struct mapping *m, struct page **p, u32 nr, u32 id) { block_read_pages(m, p, nr, disk_get_block, id); }
static int disk_write_page(struct page *p, struct writeback_control *w) { return block_write_page(p, disk_get_block, w); }
static int disk_write_pages(struct mapping *m, struct writeback_control *w) { return block_write_pages(m, w, disk_get_block); }
static const struct mapping_ops disk_ops = {
	.read_page = disk_read_page,
	.read_pages = disk_read_pages,
	.write_page = disk_write_page,
	.write_pages = disk_write_pages,
	.invalidate_page = block_invalidate_page,
	.release_page = block_release_page,
	.set_page_dirty = block_set_page_dirty,
};

int sync_blockdev(struct block_device *b)
{
	return filemap_write_and_wait(b->mapping, 0, INT64_MAX);
}
u32 blkdev_logical_block_size(struct block_device *b) { return 512; }
u32 blkdev_max_bytes(struct block_device *bdev) { return 1u << 20; }
int blkdev_set_block_size(struct block_device *b, u32 size)
{
	if (b->block_size == size)
		return 0;
	int err = sync_blockdev(b);
	truncate_pages(b->mapping, 0);
	b->block_size = size;
	b->inode->blkbits = (u32)__builtin_ctz(size);
	return err;
}
struct block_device *blkdev_get(kdev_t dev, u32 fmode, void *holder)
{
	if (disk.holder)
		return ERR_PTR(-EBUSY);
	disk.holder = holder;
	return &disk;
}
void blkdev_put(struct block_device *b, void *holder)
{
	if (sync_blockdev(b))
		printk(LOG_ERR, "disk: data lost\n");
	disk.holder = NULL;
}
struct block_device *blkdev_get_next(kdev_t *dev) { return NULL; }

static void disk_open(const char *image, bool read_only)
{
	static struct super_block *pseudo;
	static const struct super_operations none;
	disk_fd = open(image, O_RDWR);
	if (disk_fd < 0)
		panic("cannot open %s", image);
	if (!pseudo) {
		pseudo = pseudo_super("bdev", &none);
		pseudo->flags |= SB_NOWRITEBACK;
	}
	static struct gendisk gendisk = { .ra_pages = BLK_DEFAULT_RA_PAGES };

	disk = (struct block_device){ .dev = MKDEV(8, 1), .disk = &gendisk, .block_size = 4096, .read_only = read_only };
	disk.nr_sectors = (sector_t)lseek(disk_fd, 0, SEEK_END) >> 9;
	strcpy(disk.name, "sda1");
	disk.inode = new_inode(pseudo);
	disk.inode->mode = S_IFBLK | 0600;
	disk.inode->size = (loff_t)(disk.nr_sectors << 9);
	disk.inode->blkbits = 12;
	disk.inode->bdev = &disk;
	disk.inode->data.ops = &disk_ops;
	disk.inode->data.bdev = &disk;
	disk.inode->data.gfp = GFP_NOFS | GFP_USER_PAGE;
	disk.mapping = disk.inode->mapping;
}

static void disk_close(void)
{
	truncate_pages(disk.mapping, 0);
	drain();
	iput(disk.inode);
	close(disk_fd);
	disk_fd = -1;
}

/* ---- what else the files under test name ---- */

struct mutex mount_lock;
struct mount *root_mount;
const struct file_operations chrdev_fops, blkdev_fops, fifo_fops;
size_t copy_to_user(void *dst, const void *src, size_t n) { return n; }
size_t copy_from_user_keep(void *dst, const void *src, size_t n) { return n; }
size_t clear_user(void *dst, size_t n) { return n; }
int fault_in_readable(const void *p, size_t n) { return -EFAULT; }
int fault_in_writeable(void *p, size_t n) { return -EFAULT; }
const char *file_path(struct file *f, char *buf, size_t size) { return "file"; }
loff_t generic_llseek(struct file *f, loff_t off, int whence) { return -ENOSYS; }
void fput(struct file *f) { t_close(f); }
int proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *arg, const char *text, size_t len), void *arg)
{
	return 0;
}

/* ---- mounting ---- */

void machine_start(u32 pages, u32 seed)
{
	static struct signal sig;
	memset(sig.rlim, 0xff, sizeof(sig.rlim));
	the_task.signal = &sig;
	random_state = seed | 1;
	memory_start(pages);
	dcache_init();
	inode_cache_init();
	if (page_cache_init() || buffer_init() || writeback_init() || ext2_init())
		panic("init failed");
}

struct super_block *machine_mount(const char *image, u32 flags, const char *options)
{
	struct super_block *sb;
	disk_open(image, false);
	sb = get_super(find_filesystem("ext2"), disk.dev, "sda1", flags, options);
	if (IS_ERR(sb))
		disk_close();
	else
		mounted = sb;
	return sb;
}

int machine_umount(struct super_block *sb)
{
	u32 lines;
	machine_log_clear();
	lines = log_lines;
	mounted = NULL;
	deactivate_super(sb);
	drain();
	disk_close();
	return lines != log_lines && machine_log_has("still in use") ? -EBUSY : 0;
}

int machine_sync(struct super_block *sb)
{
	int err = sync_filesystem(sb);
	drain();
	return err;
}

int machine_remount(struct super_block *sb, u32 flags, const char *options) { return remount_super(sb, flags, options, false); }

void machine_drop_caches(void)
{
	drain();
	for (int i = 0; i < 3; i++) {
		while (drop_unused_dentries(1000))
			;
		page_cache_drop_clean();
		while (drop_unused_inodes(1000))
			;
	}
}
