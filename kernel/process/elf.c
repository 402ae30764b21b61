/*
 * ELF32 programs for i386 (System V ABI, Intel386 supplement; ELF specification 1.2). Two steps, because execve can fail politely only
 * as long as the old program is there: elf_plan reads and checks all headers, also the interpreter's; elf_load then maps what was planned.
 */
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/random.h"
#include "kernel/process/internal.h"
#include "kernel/process/vdso.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define ET_EXEC 2
#define ET_DYN 3
#define EM_386 3
#define PT_LOAD 1
#define PT_INTERP 3
#define PF_X 1
#define PF_W 2
#define PF_R 4
#define MAX_PHNUM 256
#define LOAD_END (STACK_TOP - STACK_GAP) /* segments lie below the stack's room */
#define DYN_BASE 0x40000000u             /* where a position-independent program goes; its heap grows from there */

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf_header) == 52, "ELF32 header");
struct elf_phdr {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

struct elf_object { /* one file to map */
	struct file *file;
	struct elf_header head;
	struct elf_phdr *ph;
	u32 low, high; /* page-aligned bounds of all segments, as linked */
};
struct elf_plan {
	struct elf_object program, interp; /* interp.file NULL: static */
};

/* Auxiliary vector. */
#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_PLATFORM 15
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_EXECFN 31
#define AT_SYSINFO 32
#define AT_SYSINFO_EHDR 33

/* ---- checking ---- */

static bool header_ok(const struct elf_header *h)
{
	static const u8 magic[7] = { 0x7f, 'E', 'L', 'F', 1 /* 32 bits */, 1 /* little endian */, 1 /* version */ };

	return !memcmp(h->ident, magic, sizeof(magic)) && (h->type == ET_EXEC || h->type == ET_DYN) && h->machine == EM_386 &&
	       h->phentsize == sizeof(struct elf_phdr) && h->phnum > 0 && h->phnum <= MAX_PHNUM;
}

static bool segment_ok(const struct elf_phdr *p, loff_t file_size)
{
	return p->filesz <= p->memsz && p->memsz <= LOAD_END && p->vaddr <= LOAD_END - p->memsz &&
	       (p->vaddr & ~PAGE_MASK) == (p->offset & ~PAGE_MASK) && (u64)p->offset + p->filesz <= (u64)file_size;
}

/* Read and check one file's headers. o->file and o->head are set. */
static int plan_object(struct elf_object *o)
{
	loff_t pos = o->head.phoff, size = inode_size(o->file->inode);
	u32 bytes = o->head.phnum * (u32)sizeof(struct elf_phdr);
	ssize_t n;

	if (!header_ok(&o->head) || (u64)pos + bytes > (u64)size)
		return -ENOEXEC;
	o->ph = kmalloc(bytes, GFP_KERNEL);
	if (!o->ph)
		return -ENOMEM;
	n = kernel_read(o->file, o->ph, bytes, &pos);
	if (n != (ssize_t)bytes)
		return n < 0 ? (int)n : -ENOEXEC;
	o->low = ~0u;
	for (u32 i = 0; i < o->head.phnum; i++) {
		const struct elf_phdr *p = &o->ph[i];
		if (p->type != PT_LOAD || !p->memsz)
			continue;
		if (!segment_ok(p, size))
			return -ENOEXEC;
		o->low = min(o->low, p->vaddr & PAGE_MASK);
		o->high = max(o->high, PAGE_ALIGN(p->vaddr + p->memsz));
	}
	if (o->low == ~0u)
		return -ENOEXEC;
	if (o->head.type == ET_EXEC ? o->low < MMAP_MIN_ADDR : o->high - o->low > LOAD_END - DYN_BASE)
		return -ENOEXEC;
	return 0;
}

/* Open the file that a PT_INTERP segment names. */
static int plan_interp(struct elf_plan *plan, const struct elf_phdr *p)
{
	struct elf_object *o = &plan->interp;
	loff_t pos = p->offset;
	struct file *f;
	char *name;
	ssize_t n;

	if (p->filesz < 2 || p->filesz > PATH_MAX)
		return -ENOEXEC;
	name = kmalloc(p->filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	n = kernel_read(plan->program.file, name, p->filesz, &pos);
	if (n != (ssize_t)p->filesz || name[p->filesz - 1]) {
		kfree(name);
		return n < 0 ? (int)n : -ENOEXEC;
	}
	f = exec_file_open(AT_FDCWD, name, 0);
	kfree(name);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	o->file = f;
	pos = 0;
	n = kernel_read(f, &o->head, sizeof(o->head), &pos);
	if (n < 0)
		return (int)n;
	if (n != sizeof(o->head) || !header_ok(&o->head))
		return -ELIBBAD;
	n = plan_object(o);
	return n == -ENOEXEC ? -ELIBBAD : (int)n;
}

struct elf_plan *elf_plan(struct binprm *b)
{
	struct elf_plan *plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	int e;

	if (!plan)
		return ERR_PTR(-ENOMEM);
	plan->program.file = b->file;
	memcpy(&plan->program.head, b->head, sizeof(plan->program.head));
	e = plan_object(&plan->program);
	for (u32 i = 0; !e && i < plan->program.head.phnum; i++) {
		if (plan->program.ph[i].type == PT_INTERP) {
			e = plan_interp(plan, &plan->program.ph[i]);
			break;
		}
	}
	if (e) {
		elf_plan_free(plan);
		return ERR_PTR(e);
	}
	return plan;
}

void elf_plan_free(struct elf_plan *p)
{
	kfree(p->program.ph);
	kfree(p->interp.ph);
	if (p->interp.file)
		exec_file_put(p->interp.file);
	kfree(p);
}

/* ---- mapping ---- */

static int set_file(struct vm_area *a, void *arg)
{
	struct file *f = arg;
	int e;

	a->file = get_file(f);
	a->file_ino = f->inode->ino;
	a->file_dev = f->inode->sb->dev;
	e = f->ops->mmap(f, a);
	if (e) {
		a->file = NULL;
		fput(f);
	}
	return e;
}

static u32 segment_vm_flags(const struct elf_phdr *p)
{
	return (p->flags & PF_R ? VM_READ : 0) | (p->flags & PF_W ? VM_WRITE : 0) | (p->flags & PF_X ? VM_EXEC : 0) | VM_MAYREAD | VM_MAYWRITE |
	       VM_MAYEXEC;
}

static int map_segment(struct mm *mm, struct file *f, const struct elf_phdr *p, u32 bias)
{
	u32 vaddr = p->vaddr + bias, start = vaddr & PAGE_MASK, flags = segment_vm_flags(p);
	u32 file_end = vaddr + p->filesz, mem_end = PAGE_ALIGN(vaddr + p->memsz), file_pages = p->filesz ? PAGE_ALIGN(file_end) : start;
	long r;

	if (p->filesz) {
		r = mm_map(mm, start, file_pages - start, MAP_PRIVATE | MAP_FIXED, flags, p->offset >> PAGE_SHIFT, set_file, f);
		if (r < 0)
			return (int)r;
		/* The rest of the last page of the file belongs to bss. */
		if (p->memsz > p->filesz && file_end != file_pages && (p->flags & PF_W) && clear_user((void *)file_end, file_pages - file_end))
			return -EFAULT;
	}
	if (mem_end > file_pages) {
		r = mm_map(mm, file_pages, mem_end - file_pages, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, flags, 0, NULL, NULL);
		if (r < 0)
			return (int)r;
	}
	return 0;
}

static int map_object(struct mm *mm, const struct elf_object *o, u32 bias)
{
	int e = 0;

	for (u32 i = 0; !e && i < o->head.phnum; i++) {
		const struct elf_phdr *p = &o->ph[i];
		if (p->type == PT_LOAD && p->memsz)
			e = map_segment(mm, o->file, p, bias);
	}
	return e;
}

static void note_bounds(struct mm *mm, const struct elf_object *o, u32 bias)
{
	mm->start_code = mm->start_data = ~0u;
	mm->end_code = mm->end_data = 0;
	for (u32 i = 0; i < o->head.phnum; i++) {
		const struct elf_phdr *p = &o->ph[i];
		u32 a = p->vaddr + bias;
		if (p->type != PT_LOAD || !p->memsz)
			continue;
		if (p->flags & PF_X) {
			mm->start_code = min(mm->start_code, a);
			mm->end_code = max(mm->end_code, a + p->filesz);
		} else {
			mm->start_data = min(mm->start_data, a);
			mm->end_data = max(mm->end_data, a + p->filesz);
		}
	}
	mm->start_code = min(mm->start_code, o->low + bias);
	mm->start_data = min(mm->start_data, mm->end_data);
	mm->start_brk = mm->brk = o->high + bias;
}

/* Where the program headers are in memory: inside the segment that holds them in the file. */
static u32 find_phdr(const struct elf_object *o, u32 bias)
{
	for (u32 i = 0; i < o->head.phnum; i++) {
		const struct elf_phdr *p = &o->ph[i];
		if (p->type == PT_LOAD && p->offset <= o->head.phoff && o->head.phoff - p->offset < p->filesz)
			return o->head.phoff - p->offset + p->vaddr + bias;
	}
	return 0;
}

/* The kernel chooses a free place of the right size; the segments then go over it. */
static long find_room(struct mm *mm, const struct elf_object *o)
{
	long a = mm_map(mm, 0, o->high - o->low, MAP_PRIVATE | MAP_ANONYMOUS, 0, 0, NULL, NULL);
	int e;

	if (a < 0 && a > -MAX_ERRNO)
		return a;
	e = mm_unmap(mm, (u32)a, o->high - o->low);
	return e ? e : a;
}

int elf_load(struct binprm *b, struct elf_plan *plan, struct elf_image *image)
{
	const struct elf_object *o = &plan->program, *in = &plan->interp;
	u32 bias = o->head.type == ET_DYN ? DYN_BASE - o->low : 0;
	int e = map_object(b->mm, o, bias);

	if (e)
		return e;
	note_bounds(b->mm, o, bias);
	*image = (struct elf_image){ .entry = o->head.entry + bias, .start = o->head.entry + bias, .phdr = find_phdr(o, bias), .phnum = o->head.phnum };
	if (in->file) {
		u32 in_bias = 0;
		if (in->head.type == ET_DYN) {
			long a = find_room(b->mm, in);
			if (a < 0 && a > -MAX_ERRNO)
				return (int)a;
			in_bias = (u32)a - in->low;
		}
		e = map_object(b->mm, in, in_bias);
		if (e)
			return e;
		image->base = in->low + in_bias;
		image->start = in->head.entry + in_bias;
	}
	return 0;
}

/* ---- the first stack ---- */

/* Find the end of each of n strings from *at on and write their addresses and a NULL to the vector at sp. */
static int put_string_vector(u32 __user *sp, u32 n, u32 *at)
{
	u32 i;

	for (i = 0; i < n; i++) {
		size_t len;
		if (put_user_u32(*at, sp + i))
			return -EFAULT;
		len = strnlen_user((const char __user *)*at, STACK_TOP - *at);
		if (!len)
			return -EFAULT;
		*at += len;
	}
	return put_user_u32(0, sp + i);
}

u32 elf_create_stack(struct binprm *b, const struct elf_image *image)
{
	const struct cred *c = &current->cred;
	static const char platform[] = "i686";
	u32 sp = b->p & ~15u, at = b->p, hwcap, unused, random_at, platform_at, words;
	u8 random[16];

	cpuid(1, &unused, &unused, &unused, &hwcap);
	sp -= sizeof(platform);
	platform_at = sp;
	sp = (sp - sizeof(random)) & ~15u;
	random_at = sp;
	get_random_bytes(random, sizeof(random));
	if (copy_to_user((void *)platform_at, platform, sizeof(platform)) || copy_to_user((void *)random_at, random, sizeof(random)))
		return 0;
	const u32 aux[][2] = {
		{ AT_SYSINFO, vdso_address(b->mm, vdso_offsets.vsyscall) }, { AT_SYSINFO_EHDR, vdso_address(b->mm, 0) },
		{ AT_HWCAP, hwcap }, { AT_PAGESZ, PAGE_SIZE }, { AT_CLKTCK, 100 }, { AT_PHDR, image->phdr }, { AT_PHENT, sizeof(struct elf_phdr) },
		{ AT_PHNUM, image->phnum }, { AT_BASE, image->base }, { AT_FLAGS, 0 }, { AT_ENTRY, image->entry }, { AT_UID, c->uid },
		{ AT_EUID, c->euid }, { AT_GID, c->gid }, { AT_EGID, c->egid }, { AT_SECURE, b->secure }, { AT_RANDOM, random_at },
		{ AT_EXECFN, b->exec_p }, { AT_PLATFORM, platform_at }, { AT_NULL, 0 },
	};
	/* argc, argv, NULL, envp, NULL, auxiliary vector; the ABI wants esp 16-byte aligned. */
	words = 1 + b->argc + 1 + b->envc + 1;
	sp = (sp - sizeof(aux) - words * 4) & ~15u;
	u32 __user *v = (u32 *)sp;
	if (put_user_u32(b->argc, v))
		return 0;
	b->mm->arg_start = at;
	if (put_string_vector(v + 1, b->argc, &at))
		return 0;
	b->mm->arg_end = b->mm->env_start = at;
	if (put_string_vector(v + 1 + b->argc + 1, b->envc, &at))
		return 0;
	b->mm->env_end = at;
	if (copy_to_user(v + words, aux, sizeof(aux)))
		return 0;
	b->mm->start_stack = sp;
	return sp;
}
