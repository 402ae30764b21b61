/*
 * Address spaces. An area (vm_area) is a range of pages with one set of rights and one way to fill a missing page (vm_ops).
 * mm knows nothing of files: area->file is opaque, ops->open/close take and drop the reference.
 * mm->lock (mutex, RANK_MM) guards areas and page tables. User space lies below USER_SPACE_END, mmap goes top-down from MMAP_TOP.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "kernel/lib/rbtree.h"
#include "kernel/sync/mutex.h"
#include "mm/page.h"

struct regs;
struct vm_area;

#define MMAP_TOP 0x80000000u     /* mappings stay below, see abi-facts: pointers must not look negative */
#define VDSO_BASE 0x7ffff000u    /* the vDSO's code, its data in the page below: where the stack's page table serves them, too */
#define STACK_TOP 0x7fffe000u    /* the stack lies right below it; mmap_base is STACK_TOP - stack gap */
#define STACK_GAP 0x00a00000u    /* 10 MiB between mmap_base and STACK_TOP */
#define MMAP_MIN_ADDR 0x10000u

#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_SHARED 0x8u
#define VM_MAYREAD 0x10u
#define VM_MAYWRITE 0x20u
#define VM_MAYEXEC 0x40u
#define VM_GROWSDOWN 0x100u
#define VM_PFNMAP 0x400u  /* device memory: no struct page behind it */
#define VM_LOCKED 0x2000u
#define VM_SEQ_READ 0x4000u  /* madvise: pages are read one after the other */
#define VM_RAND_READ 0x8000u /* or in no order: nothing is read around a fault */
#define VM_STACK 0x10000u
#define VM_HEAP 0x20000u
#define VM_DONTEXPAND 0x40000u /* mremap may not make it longer */
#define VM_DONTCOPY 0x80000u    /* madvise: a child does not get it */
#define VM_WIPEONFORK 0x100000u /* madvise: in a child it is all zeros */

/* Results of a fault operation. */
#define VM_FAULT_OK 0u        /* *page holds a page with a reference for the mapping */
#define VM_FAULT_LOCKED 1u    /* the same, and the page is locked */
#define VM_FAULT_OOM 2u
#define VM_FAULT_SIGBUS 4u
#define VM_FAULT_SIGSEGV 8u
#define VM_FAULT_NOPAGE 16u   /* the operation installed the entry itself, or the fault is to be tried again */
#define VM_FAULT_MAJOR 32u    /* may be added: it had to wait for I/O (counted as a major fault) */

struct vm_fault {
	struct vm_area *area;
	u32 address;      /* page-aligned */
	pgoff_t pgoff;    /* in the file */
	bool write;
	struct page *page; /* out */
};

struct vm_ops {
	void (*open)(struct vm_area *a);  /* the area was copied (fork) or split: take references */
	void (*close)(struct vm_area *a); /* the area goes: drop them */
	void (*moved)(struct vm_area *a); /* mremap has moved it to where it is now; mm->lock held; optional */
	u32 (*fault)(struct vm_fault *vf); /* mm->lock held; may sleep */
	/* Fill entries of already cached pages around the fault without sleeping; optional. */
	void (*map_pages)(struct vm_fault *vf, pgoff_t first, pgoff_t last);
	/* A shared page will be writable: make room on disk, mark it dirty. VM_FAULT_LOCKED with the page locked, or an error. */
	u32 (*page_mkwrite)(struct vm_fault *vf);
	const char *(*name)(struct vm_area *a, char *buf, size_t size); /* for /proc/PID/maps: the path */
	/* Unlock a page that fault or page_mkwrite returned VM_FAULT_LOCKED; needed by those that do. The page cache's is unlock_page. */
	void (*unlock_page)(struct page *page);
};

struct vm_area {
	u32 start, end; /* bytes, page-aligned, end exclusive */
	u32 flags;
	pgoff_t pgoff;
	struct mm *mm;
	const struct vm_ops *ops; /* NULL: anonymous */
	void *file;               /* opaque to mm; NULL: not a file's area. Owned by the area: ops->open and close count its references */
	void *object;             /* mm/shared_anon.c */
	u32 file_ino, file_dev;   /* for maps */
	struct list_head list;    /* mm->areas, in address order */
	struct rb_node node;
	struct list_head mapping_node; /* mapping->i_mmap, guarded by mapping->lock */
};

struct mm {
	struct mutex lock;
	struct spinlock table_lock; /* RANK_PTE: page table entries */
	atomic_t users; /* tasks */
	atomic_t refs;  /* users count as one; lazy kernel threads and /proc hold more */
	u32 *pgdir;     /* page directory, kernel address */
	struct rb_root tree;
	struct list_head areas;
	struct list_head closing;       /* taken out, ops->close still to be run once the lock is free */
	u32 nr_areas;
	u32 start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end;
	u32 mmap_base;
	u32 total_vm, rss, hiwater_rss; /* pages; rss: table_lock */
	u32 locked_vm;                  /* pages in VM_LOCKED areas */
	u32 def_flags;                  /* added to new areas: VM_LOCKED after mlockall(MCL_FUTURE) */
	u32 nr_tables;                  /* page tables of the user half */
	u32 vdso, sysenter_return;      /* kernel/process/vdso.c: where the vDSO and its place behind sysenter are; 0: nowhere */
	u32 membarrier;                 /* membarrier(2): what the process has registered for */
	void *exe_file;                 /* opaque: struct file of /proc/PID/exe */
	void (*exe_put)(void *);
};

struct mm *mm_create(void);                       /* NULL: no memory; users = refs = 1 */
struct mm *mm_fork(struct mm *old);               /* copy-on-write copy, or ERR_PTR */
static inline struct mm *mm_get(struct mm *mm) { atomic_inc(&mm->users); return mm; }
extern void (*mm_exit_hook)(struct mm *mm);       /* the last user goes; before anything is unmapped. May sleep. Set by io/async */
void mm_put(struct mm *mm);                       /* drop a user; the last one unmaps everything; may sleep */
void mm_grab(struct mm *mm);                      /* keep the structure and page directory only */
void mm_drop(struct mm *mm);
void mm_switch(struct mm *prev, struct mm *next); /* load next's page directory; interrupts off */

struct vm_area *mm_find_area(struct mm *mm, u32 addr);        /* first area that ends above addr; lock held */
struct vm_area *mm_find_area_exact(struct mm *mm, u32 addr);  /* the area that contains addr, or NULL; lock held */
/*
 * Map len bytes. flags: MAP_* of uapi/mman.h (MAP_FIXED...), vm_flags: VM_*. setup (NULL: anonymous) is called on the new area before it
 * becomes visible to set ops and file; an error it returns undoes the mapping. Takes mm->lock. Returns the address or a negative errno.
 */
long mm_map(struct mm *mm, u32 addr, u32 len, u32 map_flags, u32 vm_flags, pgoff_t pgoff, int (*setup)(struct vm_area *a, void *arg),
	    void *arg);
int mm_unmap(struct mm *mm, u32 addr, u32 len);
/*
 * Take an object away that is mapped at addr from its first page on: all areas with these operations that show a page of it where it would lie
 * then. size: bytes of the object. 0, or -EINVAL: there is none. Takes mm->lock.
 */
int mm_unmap_object(struct mm *mm, u32 addr, const struct vm_ops *ops, u32 (*size)(const struct vm_area *a));
int mm_protect(struct mm *mm, u32 addr, u32 len, u32 prot);
long mm_remap(struct mm *mm, u32 old, u32 old_len, u32 new_len, u32 flags, u32 new_addr);
long mm_brk(struct mm *mm, u32 brk);
int mm_advise(struct mm *mm, u32 addr, u32 len, int advice);
/* Flags that madvise may change, in a page-aligned range. -ENOMEM: a hole; -EINVAL: VM_WIPEONFORK of what is not private and anonymous. */
int mm_advise_flags(struct mm *mm, u32 start, u32 end, u32 clear, u32 set);
u32 mm_data_pages(struct mm *mm); /* pages of private writable areas but stacks: what RLIMIT_DATA counts. Takes mm->lock. */
int mm_populate(struct mm *mm, u32 start, u32 len); /* bring in what is missing; 0, -ENOMEM, -EFAULT */
/* mlock and munlock: page-aligned [start, end) must be mapped without holes (-ENOMEM). lock also populates. */
int mm_lock_range(struct mm *mm, u32 start, u32 end, bool lock);
int mm_lock_all(struct mm *mm, bool lock_now, bool lock_future);
/* Turn a shared anonymous mapping's new area into one: pass it as setup to mm_map. Also for a shared mapping of /dev/zero. */
int mm_setup_shared_anon(struct vm_area *a, void *arg);
/* The memory of such an area, with a reference; NULL for other areas. mm->lock is held. Pass it to mm_setup_shared_again to map it once more. */
struct shared_anon;
struct shared_anon *shared_anon_get(struct vm_area *a);
void shared_anon_put(struct shared_anon *s);
int mm_setup_shared_again(struct vm_area *a, void *arg);
/* Is there a page in the table for addr? For mincore; lock held. */
bool mm_resident(struct mm *mm, u32 addr);
/* Map physical memory into a new area (from its file's mmap operation): sets VM_PFNMAP. 0 or -ENOMEM. */
int __must_check mm_map_pfn(struct vm_area *a, u32 addr, phys_addr_t pa, u32 size, bool cached);
/* Read or write another (or the own) address space page by page; returns bytes done. May sleep. For /proc/PID/cmdline and exec's stack. */
size_t mm_access(struct mm *mm, u32 addr, void *buf, size_t len, bool write);
/* Pin the page behind a user address of the current mm: fault it in, take a reference. write: for writing. 0, -EFAULT, -ENOMEM. */
int __must_check get_user_page(u32 addr, bool write, struct page **out);

/* The page fault handler, from the exception stub; signals the task or fixes a kernel copy up or panics. */
void page_fault(struct regs *r);
/* Fault an address in by hand; VM_FAULT_* result; mm->lock held. */
u32 mm_handle_fault(struct mm *mm, struct vm_area *a, u32 addr, bool write);

/* The three below: mapping->lock held by the caller, any context it allows; they do not sleep. */
/*
 * For the page cache: forget all entries of pages [first, last] of a file's areas (truncate), or make them read-only and report whether one
 * was dirty (write-back).
 */
struct mapping;
void mm_unmap_file_range(struct list_head *i_mmap, pgoff_t first, pgoff_t last, bool even_cow);
bool mm_clean_page(struct list_head *i_mmap, struct page *page);
/* Was the page touched through a mapping since the last call? Clears the accessed bits. For the replacement lists. */
bool mm_page_referenced(struct list_head *i_mmap, struct page *page);
/* Does a locked (mlock) area show the page? Reclaim leaves it alone then. */
bool mm_page_is_mlocked(struct list_head *i_mmap, const struct page *page);
/* Install a cached page read-only in the current fault's table if the slot is empty; for map_pages. Takes the reference itself. */
void mm_install_page(struct vm_area *a, u32 addr, struct page *page);

int mm_init(void);
u32 mm_count_page_tables(void); /* pages in use as page tables, for meminfo */

#endif
