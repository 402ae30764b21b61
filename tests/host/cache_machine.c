/* The made-up half of cache_machine.h. The page cache, the iterators, wait queues, mutexes and completions are the kernel's own files. */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/host/cache_machine.h"
#include "tests/host/cache_machine_internal.h"
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/irq/workqueue.h"
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
struct workqueue_struct *system_wq;
bool queue_work(struct workqueue_struct *wq, struct work_struct *work) { panic("nothing here transfers without waiting"); }
void trace_write(const struct trace_point *p, u32 id, u32 a, u32 b) { }
u32 trace_last_id;

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

static struct signal the_signal; /* of all tasks: no limits */
static struct host_task tasks[MAX_TASKS];
static u64 now_ns = 1000000000;
static struct host_task *came_from;

u64 ktime_ns(void) { return ++now_ns; } /* as a real one: it never stands still */

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
bool fatal_signal_pending(const struct task *t) { return false; }
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
void *vmalloc(size_t size) { return malloc(size); }
void page_watermarks(u32 *min_pages, u32 *low_pages, u32 *high_pages) { *min_pages = *low_pages = *high_pages = 0; }
int page_set_min_free(u32 pages) { return 0; }
void kmem_cache_mark_reclaimable(struct kmem_cache *c) { }
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
bool mm_page_is_mlocked(struct list_head *i_mmap, const struct page *page) { return false; }
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

/* ---- start ---- */

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
	if (page_cache_init() || buffer_init() || writeback_init())
		panic("init");
}
