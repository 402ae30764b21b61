/*
 * Mapping the vDSO (vdso.h). Two areas of one page: [vvar], the kernel's own page of clocks (kernel/sched/vdso_data.h), which stays read-only;
 * [vdso], the image, private, so that a debugger may write breakpoints into its copy. A program may move the image, or unmap it: mm->vdso
 * follows, and with it where sysenter returns to and signal handlers return through. (When the two are moved apart the clocks fault: on
 * Linux, too.) At boot the image loses its sysenter if the CPU has none.
 */
#include "kernel/process/vdso.h"
#include "kernel/hal/cpu.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/process/process.h"
#include "kernel/sched/vdso_data.h"
#include "kernel/uapi/mman.h"

#define NOP 0x90
#define SYSENTER_LENGTH 4 /* bytes of: mov ebp, esp; sysenter */

extern u8 vdso_image[PAGE_SIZE];

/* The image of mm is at `at` now, or nowhere (0). A call that is under way by sysenter moves with it, as on Linux. */
static void set_place(struct mm *mm, u32 at)
{
	u32 old = mm->sysenter_return;

	mm->vdso = at;
	mm->sysenter_return = vdso_address(mm, vdso_offsets.sysenter_return);
	if (mm != current->mm)
		return;
	this_cpu()->sysenter_return = mm->sysenter_return;
	if (at && old && task_regs(current)->eip == old)
		task_regs(current)->eip = mm->sysenter_return;
}

/* pgoff is not 0 in what a program may have added behind the page by mremap. */
static void vdso_open(struct vm_area *a)
{
	if (!a->pgoff)
		set_place(a->mm, a->start);
}

static void vdso_close(struct vm_area *a)
{
	if (!a->pgoff && a->mm->vdso == a->start)
		set_place(a->mm, 0);
}

static u32 show_page(struct vm_fault *vf, const void *data)
{
	if (vf->pgoff)
		return VM_FAULT_SIGBUS;
	vf->page = get_page(virt_to_page(data));
	return VM_FAULT_OK;
}

static u32 vdso_fault(struct vm_fault *vf) { return show_page(vf, vdso_image); }
static u32 vvar_fault(struct vm_fault *vf) { return show_page(vf, &vdso_data); }
static const char *vdso_name(struct vm_area *a, char *buf, size_t size) { return "[vdso]"; }
static const char *vvar_name(struct vm_area *a, char *buf, size_t size) { return "[vvar]"; }

static const struct vm_ops vdso_ops = { .open = vdso_open, .close = vdso_close, .fault = vdso_fault, .name = vdso_name };
static const struct vm_ops vvar_ops = { .fault = vvar_fault, .name = vvar_name };

static int set_ops(struct vm_area *a, void *ops)
{
	a->ops = ops;
	if (ops == &vdso_ops)
		vdso_open(a);
	return 0;
}

static int map_page(struct mm *mm, u32 at, u32 flags, const struct vm_ops *ops)
{
	long r = mm_map(mm, at, PAGE_SIZE, MAP_PRIVATE | MAP_FIXED, flags, 0, set_ops, (void *)ops);

	return r < 0 ? (int)r : 0;
}

int vdso_map(struct mm *mm)
{
	int e = map_page(mm, VDSO_BASE - PAGE_SIZE, VM_READ | VM_MAYREAD, &vvar_ops);

	if (!e)
		e = map_page(mm, VDSO_BASE, VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, &vdso_ops);
	return e ? e : mm_populate(mm, VDSO_BASE, PAGE_SIZE);
}

int vdso_init(void)
{
	if (!sysenter_enable())
		memset(vdso_image + vdso_offsets.sysenter, NOP, SYSENTER_LENGTH);
	return 0;
}
