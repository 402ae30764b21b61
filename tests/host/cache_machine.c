/* The made-up half of cache_machine.h. The page cache, the iterators, wait queues, mutexes and completions are the kernel's own files. */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/host/cache_machine.h"
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"
#include "mm/mm.h"

static u32 random_state;

u32 machine_random(u32 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return below ? random_state % below : random_state;
}

/* ---- messages ---- */

void vprintk(int level, const char *fmt, va_list ap)
{
	printf("# <%d> ", level);
	vprintf(fmt, ap);
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
volatile u32 trace_enabled;
void trace_write(const struct trace_point *p, u32 id, u32 a, u32 b) { }
u32 trace_new_id(void) { return 1; }

/* ---- CPU ---- */

static struct percpu cpu;
struct percpu *this_cpu(void) { return &cpu; }
u32 preempt_count(void) { return cpu.preempt_count; }
void preempt_count_add(u32 n) { cpu.preempt_count += n; }
void preempt_count_sub(u32 n) { cpu.preempt_count -= n; }
struct task *get_current(void) { return cpu.current_task; }

void might_sleep_at(const char *file, int line)
{
	if (cpu.preempt_count)
		panic("%s:%d may sleep, but this is a softirq", file, line);
}

static void disk_interrupt(void);
static bool disk_busy(void);

/* Where the kernel could be interrupted, one transfer may end. */
void host_bh_enabled(void)
{
	if (!cpu.preempt_count && !disk.hold && disk_busy() && !machine_random(4))
		disk_interrupt();
}

/* ---- tasks: coroutines ---- */

#define STACK_SIZE (256u << 10)
#define MAX_TASKS 32

struct host_task {
	struct task task; /* first */
	ucontext_t context;
	void *stack, *fake_stack;
	void (*fn)(void *arg);
	void *arg;
	u64 deadline;
	bool used, daemon;
};

static struct host_task tasks[MAX_TASKS];
static u64 now_ns = 1000000000;
static struct host_task *came_from;

u64 ktime_ns(void) { return now_ns; }

static void switch_to(struct host_task *next)
{
	struct host_task *prev = (struct host_task *)cpu.current_task;

	if (prev == next)
		return;
	cpu.current_task = &next->task;
	came_from = prev;
	__sanitizer_start_switch_fiber(prev->task.state == TASK_DEAD ? NULL : &prev->fake_stack, next->stack, STACK_SIZE);
	swapcontext(&prev->context, &next->context);
	__sanitizer_finish_switch_fiber(prev->fake_stack, NULL, NULL);
}

/* Somebody who can run, starting behind the current one, or NULL. */
static struct host_task *find_runnable(void)
{
	u32 at = machine_random(MAX_TASKS);

	for (u32 i = 0; i < MAX_TASKS; i++) {
		struct host_task *t = &tasks[(at + i) % MAX_TASKS];

		if (t->used && t->task.state == TASK_RUNNING)
			return t;
	}
	return NULL;
}

/* Nobody can run: let a transfer end, or the clock move to the next deadline. */
static void idle(void)
{
	u64 next = WAIT_FOREVER;

	if (disk_busy() && !disk.hold) {
		now_ns += 100000;
		disk_interrupt();
		return;
	}
	for (u32 i = 0; i < MAX_TASKS; i++)
		if (tasks[i].used && tasks[i].task.state != TASK_DEAD && tasks[i].deadline < next)
			next = tasks[i].deadline;
	if (next == WAIT_FOREVER)
		panic("all tasks wait and nothing is under way");
	if (next > now_ns)
		now_ns = next;
	for (u32 i = 0; i < MAX_TASKS; i++)
		if (tasks[i].used && tasks[i].deadline <= now_ns && tasks[i].task.state != TASK_DEAD)
			tasks[i].task.state = TASK_RUNNING;
}

bool schedule_until(u64 deadline)
{
	struct host_task *self = (struct host_task *)cpu.current_task, *next;

	if (cpu.preempt_count)
		panic("schedule in a softirq");
	if (self->task.plug)
		blk_finish_plug(NULL);
	self->deadline = deadline;
	while (!(next = find_runnable()))
		idle();
	switch_to(next);
	self->deadline = WAIT_FOREVER;
	return now_ns < deadline;
}

void schedule(void) { (void)schedule_until(WAIT_FOREVER); }
void cond_resched(void) { schedule(); }
void set_current_state(u32 state) { cpu.current_task->state = state; }

bool wake_up_state(struct task *t, u32 mode)
{
	if (!(t->state & mode))
		return false;
	t->state = TASK_RUNNING;
	return true;
}

void sleep_ms(u32 ms)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(now_ns + ms * 1000000ull);
	set_current_state(TASK_RUNNING);
}

void machine_sleep_ms(u32 ms) { sleep_ms(ms); }

static void task_body(void)
{
	struct host_task *self = (struct host_task *)cpu.current_task;

	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	self->fn(self->arg);
	self->task.state = TASK_DEAD;
	schedule();
	panic("a dead task runs");
}

static struct host_task *spawn(void (*fn)(void *), void *arg, bool daemon)
{
	struct host_task *t = NULL;

	for (u32 i = 1; i < MAX_TASKS && !t; i++)
		if (!tasks[i].used || tasks[i].task.state == TASK_DEAD)
			t = &tasks[i];
	if (!t)
		panic("too many tasks");
	if (!t->stack)
		t->stack = malloc(STACK_SIZE);
	memset(&t->task, 0, sizeof(t->task));
	t->task.signal = tasks[0].task.signal;
	t->used = true;
	t->daemon = daemon;
	t->deadline = WAIT_FOREVER;
	t->fake_stack = NULL;
	t->fn = fn;
	t->arg = arg;
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&t->context, task_body, 0);
	return t;
}

void machine_spawn(void (*fn)(void *arg), void *arg) { spawn(fn, arg, false); }

struct kthread_start { int (*fn)(void *); void *arg; };

static void kthread_body(void *arg)
{
	struct kthread_start s = *(struct kthread_start *)arg;

	free(arg);
	s.fn(s.arg);
}

struct task *kthread_run(int (*fn)(void *), void *arg, const char *name, ...)
{
	struct kthread_start *s = malloc(sizeof(*s));

	*s = (struct kthread_start){ fn, arg };
	return &spawn(kthread_body, s, true)->task;
}

bool kthread_should_stop(void) { return false; }
bool signal_pending(const struct task *t) { return false; }
int send_signal(struct task *t, int sig, const struct siginfo_k *info) { return 0; }

static bool spawned_alive(void)
{
	for (u32 i = 1; i < MAX_TASKS; i++)
		if (tasks[i].used && !tasks[i].daemon && tasks[i].task.state != TASK_DEAD)
			return true;
	return false;
}

void machine_join(void)
{
	while (spawned_alive())
		sleep_ms(1);
}

/* ---- memory ---- */

static u8 *arena;
static struct page *map;
static u32 nr_frames, nr_free;
static LIST_HEAD(free_frames);
static LIST_HEAD(shrinkers);

void *page_address(const struct page *p) { return arena + (size_t)(p - map) * PAGE_SIZE; }
struct page *virt_to_page(const void *va) { return map + ((const u8 *)va - arena) / PAGE_SIZE; }
u32 nr_free_pages(void) { return nr_free; }
u32 nr_total_pages(void) { return nr_frames; }
u32 machine_free_pages(void) { return nr_free; }
void register_shrinker(struct shrinker *s) { list_add_tail(&s->node, &shrinkers); }
u32 run_shrinkers(const struct shrinker *except, u32 nr, u32 gfp) { return 0; }

static void memory_start(u32 pages)
{
	arena = mmap(NULL, (size_t)pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map = calloc(pages, sizeof(*map));
	nr_frames = nr_free = pages;
	for (u32 i = 0; i < pages; i++)
		list_add_tail(&map[i].lru, &free_frames);
	ASAN_POISON_MEMORY_REGION(arena, (size_t)pages * PAGE_SIZE);
}

static bool reclaim(u32 gfp)
{
	struct shrinker *s;
	u32 freed = 0;

	if (!(gfp & GFP_WAIT) || (cpu.current_task->flags & PF_MEMALLOC))
		return false;
	cpu.current_task->flags |= PF_MEMALLOC;
	list_for_each_entry(s, &shrinkers, node)
		freed += s->scan(s, 32, gfp);
	cpu.current_task->flags &= ~PF_MEMALLOC;
	return freed;
}

struct page *alloc_pages(u32 gfp, u32 order)
{
	u32 reserve = (cpu.current_task->flags & PF_MEMALLOC) || !(gfp & GFP_WAIT) ? 0 : 8;
	struct page *p;

	if (gfp & GFP_WAIT)
		might_sleep_at(__FILE__, __LINE__);
	for (u32 tries = 0; nr_free <= reserve && tries < 50; tries++)
		if (!reclaim(gfp)) {
			if (!(gfp & GFP_WAIT) || (cpu.current_task->flags & PF_MEMALLOC))
				break;
			sleep_ms(10);
		}
	if (nr_free <= reserve)
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
	if (p->flags & (PG_locked | PG_writeback | PG_lru | PG_private | PG_dirty))
		panic("freeing a page in use: flags %#x", p->flags);
	ASAN_POISON_MEMORY_REGION(page_address(p), PAGE_SIZE);
	p->flags = 0;
	list_add_tail(&p->lru, &free_frames);
	nr_free++;
}

struct kmem_cache { u32 size; };

struct kmem_cache *kmem_cache_create(const char *name, u32 size, u32 align, void (*ctor)(void *))
{
	struct kmem_cache *c = malloc(sizeof(*c));

	c->size = size;
	return c;
}

void *kmem_cache_alloc(struct kmem_cache *c, u32 gfp) { return malloc(c->size); }
void kmem_cache_free(struct kmem_cache *c, void *obj) { free(obj); }
void *radix_node_alloc(size_t size) { return machine_random(50) ? calloc(1, size) : NULL; }
void radix_node_free(void *node, size_t size) { free(node); }

static u8 *row; /* frames in a row, taken while the machine was fresh */

static void take_row(void)
{
	for (u32 i = 0; i < MACHINE_BUFFER_PAGES; i++) {
		struct page *p = alloc_page(GFP_KERNEL);

		if (!i)
			row = page_address(p);
	}
}

void *machine_buffer(void)
{
	for (u32 i = 0; i < MACHINE_BUFFER_PAGES; i++)
		if (atomic_read(&virt_to_page(row + i * PAGE_SIZE)->refs) != 1)
			panic("a page of the buffer is still pinned");
	return row;
}

/* Nothing is mapped here. */
void mm_unmap_file_range(struct list_head *i_mmap, pgoff_t first, pgoff_t last, bool even_cow) { }
bool mm_page_referenced(struct list_head *i_mmap, struct page *page) { return false; }
bool mm_clean_page(struct list_head *i_mmap, struct page *page) { return false; }
void mm_install_page(struct vm_area *a, u32 addr, struct page *page) { }

/* ---- user memory ---- */

static const u8 *absent;
static u32 absent_len;
static u32 pagefault_off;

void machine_absent(const void *addr, u32 n)
{
	absent = addr;
	absent_len = n;
}

void pagefault_disable(void) { pagefault_off++; }
void pagefault_enable(void) { pagefault_off--; }

static bool hits_absent(const void *p, size_t n) { return absent && (const u8 *)p < absent + absent_len && (const u8 *)p + n > absent; }

size_t copy_to_user(void *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
	return 0;
}

size_t copy_from_user_keep(void *dst, const void *src, size_t n)
{
	size_t good = n;

	if (hits_absent(src, n)) {
		if (pagefault_off)
			good = (const u8 *)src < absent ? (size_t)(absent - (const u8 *)src) : 0;
		else
			absent = NULL;
	}
	memcpy(dst, src, good);
	return n - good;
}

size_t copy_from_user(void *dst, const void *src, size_t n) { return copy_from_user_keep(dst, src, n); }

size_t clear_user(void *dst, size_t n)
{
	memset(dst, 0, n);
	return 0;
}

int fault_in_readable(const void *p, size_t n)
{
	/* Half of the time the page is gone again at once: the copy must cope. */
	if (hits_absent(p, n) && !machine_random(2))
		absent = NULL;
	return 0;
}

int fault_in_writeable(void *p, size_t n) { return 0; }
int get_user_page(u32 addr, bool write, struct page **out) { return -EFAULT; }

/* ---- the disk ---- */

struct machine_disk disk;
struct block_device machine_bdev;
static struct bio *under_way[1024];
static u32 nr_under_way;
static struct bio *plugged[1024];
static u32 nr_plugged;
static u32 bios_out;

static bool disk_busy(void) { return nr_under_way != 0; }

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 flags, u32 gfp)
{
	struct bio *bio = calloc(1, sizeof(*bio));

	if (gfp & GFP_WAIT)
		might_sleep_at(__FILE__, __LINE__);
	/* Sometimes a bio has less room than asked for, as from the reserve. */
	bio->max_vecs = (u16)(nr_vecs > 1 && !machine_random(8) ? 1 : max(nr_vecs, 1u));
	bio->vecs = calloc(bio->max_vecs, sizeof(struct bio_vec));
	bio->bdev = bdev;
	bio->flags = flags;
	bios_out++;
	return bio;
}

void bio_put(struct bio *bio)
{
	free(bio->vecs);
	free(bio);
	bios_out--;
}

bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset)
{
	struct bio_vec *last = bio->nr_vecs ? &bio->vecs[bio->nr_vecs - 1] : NULL;

	if (last && last->page == page && last->offset + last->len == offset) {
		last->len += len;
	} else {
		if (bio->nr_vecs == bio->max_vecs)
			return false;
		bio->vecs[bio->nr_vecs++] = (struct bio_vec){ .page = page, .len = len, .offset = offset };
	}
	bio->size += len;
	return true;
}

static bool overlaps(const struct bio *a, const struct bio *b)
{
	return a->sector < b->sector + (b->size >> 9) && b->sector < a->sector + (a->size >> 9);
}

static bool touches(const struct bio *bio, u32 first, u32 nr)
{
	return nr && bio->sector < first + nr && first < bio->sector + (bio->size >> 9);
}

static void transfer(struct bio *bio)
{
	bool write = REQ_OP(bio->flags) == REQ_WRITE;
	size_t at = (size_t)bio->sector * 512;

	if (bio->sector + (bio->size >> 9) > disk.sectors)
		panic("transfer beyond the end of the disk");
	if (write ? touches(bio, disk.bad_write_first, disk.bad_write_nr) : touches(bio, disk.bad_first, disk.bad_nr)) {
		bio->status = -EIO;
		return;
	}
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		struct bio_vec *v = &bio->vecs[i];
		u8 *mem = (u8 *)page_address(v->page) + v->offset;

		if (write)
			memcpy(disk.data + at, mem, v->len);
		else
			memcpy(mem, disk.data + at, v->len);
		at += v->len;
	}
}

/* One transfer ends, in a softirq: any that no earlier one overlaps. */
static void disk_interrupt(void)
{
	u32 pick = machine_random(nr_under_way);
	struct bio *bio;

	for (u32 i = 0; i < pick; i++)
		if (overlaps(under_way[i], under_way[pick])) {
			pick = i;
			i = ~0u;
		}
	bio = under_way[pick];
	memmove(&under_way[pick], &under_way[pick + 1], (--nr_under_way - pick) * sizeof(bio));
	transfer(bio);
	cpu.preempt_count += PREEMPT_SOFTIRQ;
	bio->end_io(bio);
	cpu.preempt_count -= PREEMPT_SOFTIRQ;
}

static void start(struct bio *bio)
{
	bool write = REQ_OP(bio->flags) == REQ_WRITE;

	write ? disk.writes++ : disk.reads++;
	*(write ? &disk.bytes_written : &disk.bytes_read) += bio->size;
	disk.largest = max(disk.largest, bio->size);
	if (nr_under_way == ARRAY_SIZE(under_way))
		panic("too many transfers");
	under_way[nr_under_way++] = bio;
}

static void flush_plugged(void)
{
	for (u32 i = 0; i < nr_plugged; i++)
		start(plugged[i]);
	nr_plugged = 0;
}

void blk_submit(struct bio *bio)
{
	might_sleep_at(__FILE__, __LINE__);
	bio->next = (struct bio *)cpu.current_task;
	if (cpu.current_task->plug && nr_plugged < ARRAY_SIZE(plugged))
		plugged[nr_plugged++] = bio;
	else
		start(bio);
	/* A submission may sleep for a free request. */
	if (!machine_random(16))
		sleep_ms(1);
	host_bh_enabled();
}

void blk_start_plug(struct blk_plug *plug)
{
	if (!cpu.current_task->plug)
		cpu.current_task->plug = plug;
}

/* NULL: the task goes to sleep. */
void blk_finish_plug(struct blk_plug *plug)
{
	if (plug && cpu.current_task->plug != plug)
		return;
	flush_plugged();
	if (plug)
		cpu.current_task->plug = NULL;
}

int blkdev_issue_flush(struct block_device *bdev)
{
	disk.flushes++;
	return 0;
}

u32 blkdev_logical_block_size(struct block_device *bdev) { return 512; }

static void disk_start(u32 kib)
{
	disk = (struct machine_disk){ .data = malloc((size_t)kib << 10), .sectors = kib * 2 };
	for (u32 i = 0; i < kib << 10; i++)
		disk.data[i] = (u8)machine_random(0);
}

/* ---- what the VFS gives ---- */

int proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *, const char *, size_t), void *arg) { return 0; }
void seq_printf(struct seq_buf *s, const char *fmt, ...) { }
void touch_atime(struct file *f) { }
void inode_set_size(struct inode *i, loff_t size) { i->size = size; }
const char *file_path(struct file *f, char *buf, size_t size) { return "?"; }
void fput(struct file *f) { atomic_dec(&f->refs); }

int file_update_time(struct file *f)
{
	mark_inode_dirty_flags(f->inode, I_DIRTY_SYNC);
	return 0;
}

/* ---- files ---- */

static int file_write_inode(struct inode *inode, bool sync)
{
	((struct test_file *)inode)->written_inodes++;
	return 0;
}

static const struct super_operations sops = { .write_inode = file_write_inode };
static struct super_block file_sb = { .ops = &sops }, bdev_sb;
static struct signal the_signal;

u32 file_disk_block(struct test_file *f, u32 block)
{
	if (block >= f->blocks)
		return ~0u;
	if (f->hole_every && block % f->hole_every == f->hole_every - 1 && !(f->made[block / 8] >> block % 8 & 1))
		return ~0u;
	/* Runs in reverse order: each in a row, the next one before it on the disk. */
	if (f->run)
		return f->start + (DIV_ROUND_UP(f->blocks, f->run) - 1 - block / f->run) * f->run + block % f->run;
	return f->start + block;
}

static int file_get_block(struct inode *inode, u32 block, struct buffer_head *b, bool create)
{
	struct test_file *f = (struct test_file *)inode;
	u32 at = file_disk_block(f, block), n = 1, want = b->size >> inode->blkbits;

	if (block >= f->blocks)
		return create ? -ENOSPC : 0;
	if (at == ~0u) {
		if (!create)
			return 0;
		f->made[block / 8] |= (u8)(1 << block % 8);
		at = file_disk_block(f, block);
		bh_set(b, BH_New);
		want = 1;
	}
	while (n < want && file_disk_block(f, block + n) == at + n)
		n++;
	b->blocknr = at;
	b->size = n << inode->blkbits;
	bh_set(b, BH_Mapped);
	return 0;
}

static int file_read_page(struct file *f, struct page *page) { return block_read_page(page, file_get_block, 0); }
static void file_read_pages(struct mapping *m, struct page **pages, u32 nr, u32 id) { block_read_pages(m, pages, nr, file_get_block, id); }
static int file_write_page(struct page *page, struct writeback_control *wbc) { return block_write_page(page, file_get_block, wbc); }
static int file_write_pages(struct mapping *m, struct writeback_control *wbc) { return block_write_pages(m, wbc, file_get_block); }
static ssize_t file_direct_io(struct kiocb *k, struct iov_iter *iter) { return block_direct_io(k, iter, file_get_block); }

static int file_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	return block_write_begin(m, pos, len, page, file_get_block);
}

static int file_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata)
{
	return block_write_end(f, m, pos, len, copied, page);
}

static const struct mapping_ops file_aops = {
	.read_page = file_read_page, .read_pages = file_read_pages, .write_page = file_write_page, .write_pages = file_write_pages,
	.write_begin = file_write_begin, .write_end = file_write_end, .invalidate_page = block_invalidate_page,
	.release_page = block_release_page, .direct_io = file_direct_io, .set_page_dirty = block_set_page_dirty,
};

static const struct file_operations file_ops = { .fsync = generic_file_fsync };

static void file_setup(struct test_file *f, struct super_block *sb, u32 bits, umode_t mode, loff_t size)
{
	struct inode *i = &f->inode;

	atomic_set(&i->refs, 1);
	i->mode = mode;
	i->blkbits = bits;
	i->size = size;
	i->sb = sb;
	mutex_init(&i->lock, "inode", RANK_INODE);
	mapping_init(&i->data, i, &file_aops);
	i->data.bdev = &machine_bdev;
	i->mapping = &i->data;
	INIT_LIST_HEAD(&i->dirty_node);
	INIT_LIST_HEAD(&i->assoc_buffers);
	f->file.inode = i;
	f->file.ops = &file_ops;
	f->file.flags = O_LARGEFILE;
	atomic_set(&f->file.refs, 1);
	file_ra_init(&f->file.ra, &i->data);
}

struct test_file *file_make(u32 bits, u32 start, u32 blocks, u32 run, u32 hole_every, loff_t size)
{
	struct test_file *f = calloc(1, sizeof(*f));

	f->start = start;
	f->blocks = blocks;
	f->run = run;
	f->hole_every = hole_every;
	f->made = calloc(1, blocks / 8 + 1);
	file_setup(f, &file_sb, bits, S_IFREG | 0644, size);
	return f;
}

void file_free(struct test_file *f)
{
	(void)!write_inode_now(&f->inode, true);
	atomic_or(&f->inode.state, I_FREEING);
	writeback_forget_inode(&f->inode);
	truncate_pages(&f->inode.data, 0);
	if (f->inode.data.nrpages)
		panic("pages left behind");
	free(f->made);
	free(f);
}

static ssize_t rw(struct test_file *f, enum iter_type type, bool dest, void *buf, u32 n, loff_t pos, u32 flags)
{
	struct kiocb k = { .file = &f->file, .pos = pos, .flags = flags };
	struct iovec_k seg = { .base = buf, .len = n };
	struct iov_iter it;
	ssize_t done;

	iov_iter_init(&it, type, dest, &seg, 1, n);
	done = dest ? generic_file_read_iter(&k, &it) : generic_file_write_iter(&k, &it);
	if (done > 0 && k.pos != pos + done)
		panic("position moved by %lld for %lld bytes", (long long)(k.pos - pos), (long long)done);
	return done;
}

ssize_t file_pread(struct test_file *f, void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, true, buf, n, pos, 0); }
ssize_t file_pwrite(struct test_file *f, const void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, false, (void *)buf, n, pos, 0); }
ssize_t file_pwrite_user(struct test_file *f, const void *buf, u32 n, loff_t pos) { return rw(f, ITER_IOVEC, false, (void *)buf, n, pos, 0); }
ssize_t file_pread_direct(struct test_file *f, void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, true, buf, n, pos, IOCB_DIRECT); }
ssize_t file_pwrite_direct(struct test_file *f, const void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, false, (void *)buf, n, pos, IOCB_DIRECT); }
int file_fsync(struct test_file *f) { return generic_file_fsync(&f->file, 0, INT64_MAX, false); }

/* ---- start ---- */

struct test_file machine_bdev_file;

void machine_start(u32 pages, u32 disk_kib, u32 seed)
{
	random_state = seed | 1;
	tasks[0].used = true;
	tasks[0].deadline = WAIT_FOREVER;
	tasks[0].task.signal = &the_signal;
	for (u32 i = 0; i < RLIM_NLIMITS; i++)
		the_signal.rlim[i].cur = RLIM_INFINITY;
	cpu.current_task = &tasks[0].task;
	memory_start(pages);
	take_row();
	disk_start(disk_kib);
	machine_bdev.nr_sectors = disk.sectors;
	machine_bdev.block_size = 1024;
	machine_bdev_file.blocks = disk_kib;
	file_setup(&machine_bdev_file, &bdev_sb, 10, S_IFBLK | 0600, (loff_t)disk_kib << 10);
	machine_bdev.mapping = &machine_bdev_file.inode.data;
	machine_bdev.inode = &machine_bdev_file.inode;
	file_sb.bdev = &machine_bdev;
	if (page_cache_init() || buffer_init() || writeback_init())
		panic("init");
}
