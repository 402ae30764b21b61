/*
 * Debug kernel: every access that a module's code makes to memory is checked. The compiler puts a call before each of them and leaves room
 * behind each static object (gcc -fsanitize=kernel-address with the checks outlined; MODULE_DEBUG_CFLAGS of the Makefile); the functions it
 * calls are here. What is looked at: static objects of modules, by the table that the compiler's constructor registers, and objects of
 * kmalloc, by the red zones of the slab (mm/slab.c): past the end, and after it was freed. Memory functions and user copies that modules
 * call are checked the same way (kernel/module/exports.c gives these instead). A find is told once for each object; the kernel goes on, and
 * a byte too far lands in the room behind the object. The names are those of the compilers' runtime (LLVM compiler-rt, lib/asan).
 */
#ifdef CONFIG_DEBUG
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "kernel/module/redzone.h"
#include "mm/alloc.h"

struct asan_location {
	const char *file;
	u32 line, column;
};

struct asan_global {
	u32 start, size, padded;
	const char *name, *file;
	u32 dynamic_init;
	const struct asan_location *where;
	u32 odr_indicator;
};

struct redzones {
	struct redzones *next; /* of the same module: one for each of its files */
	u32 n;
	u8 *told;
	const struct asan_global *globals;
};

u32 redzone_finds;

static struct module *module_at(u32 addr)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (addr - (u32)m->core.base < m->core.size)
			return m;
	return NULL;
}

static void tell(const char *what, u32 addr, u32 n, bool write, void *caller)
{
	redzone_finds++;
	pr_err("KASan: %s of %u byte%s at %08x, %s\n", write ? "write" : "read", n, n == 1 ? "" : "s", addr, what);
	pr_err("  by %pS\n", caller);
	dump_stack();
}

static void tell_global(const struct asan_global *g, u32 addr, u32 n, bool write, void *caller)
{
	char what[160];

	ksnprintf(what, sizeof(what), "past the end of '%s' (%u bytes) of %s:%u", g->name, g->size, g->where ? g->where->file : g->file,
		  g->where ? g->where->line : 0);
	tell(what, addr, n, write, caller);
}

static void check_global(const struct module *m, u32 addr, u32 n, bool write, void *caller)
{
	for (struct redzones *z = m->redzones; z; z = z->next)
		for (u32 i = 0; i < z->n; i++) {
			const struct asan_global *g = &z->globals[i];

			if (addr - g->start >= g->padded)
				continue;
			if (addr - g->start + n > g->size && !z->told[i]) {
				z->told[i] = 1;
				tell_global(g, addr, n, write, caller);
			}
			return;
		}
}

void redzone_check(const void *p, u32 n, bool write, void *caller)
{
	u32 addr = (u32)p;
	const struct module *m;
	const char *slab;

	if (!n)
		return;
	if (addr >= KERNEL_BASE && addr < DIRECT_MAP_END) {
		slab = slab_complaint(p, n);
		if (slab)
			tell(slab, addr, n, write, caller);
	} else if (addr >= DIRECT_MAP_END && (m = module_at(addr))) {
		check_global(m, addr, n, write, caller);
	}
}

/* ---- what the compiler calls ---- */

#define ASAN_ACCESS(size) \
	void __asan_load##size##_noabort(const void *p) { redzone_check(p, size, false, __builtin_return_address(0)); } \
	void __asan_store##size##_noabort(const void *p) { redzone_check(p, size, true, __builtin_return_address(0)); }
ASAN_ACCESS(1)
ASAN_ACCESS(2)
ASAN_ACCESS(4)
ASAN_ACCESS(8)
ASAN_ACCESS(16)
void __asan_loadN_noabort(const void *p, size_t n) { redzone_check(p, n, false, __builtin_return_address(0)); }
void __asan_storeN_noabort(const void *p, size_t n) { redzone_check(p, n, true, __builtin_return_address(0)); }
void __asan_handle_no_return(void) { }

/* From a constructor of each file of a module (kernel/module/load.c runs them). Without memory its objects go unchecked. */
void __asan_register_globals(const struct asan_global *globals, u32 n)
{
	struct module *m = n ? module_at(globals->start) : NULL;
	struct redzones *z = m ? kzalloc(sizeof(*z) + n, GFP_KERNEL) : NULL;

	if (!z)
		return;
	*z = (struct redzones){ .next = m->redzones, .n = n, .told = (u8 *)(z + 1), .globals = globals };
	m->redzones = z;
}

void __asan_unregister_globals(const struct asan_global *globals, u32 n) { }

void redzones_free(struct module *m)
{
	while (m->redzones) {
		struct redzones *z = m->redzones;

		m->redzones = z->next;
		kfree(z);
	}
}

/* ---- what modules call instead of the plain functions ---- */

void *checked_memcpy(void *dst, const void *src, size_t n)
{
	redzone_check(src, n, false, __builtin_return_address(0));
	redzone_check(dst, n, true, __builtin_return_address(0));
	return memcpy(dst, src, n);
}

void *checked_memmove(void *dst, const void *src, size_t n)
{
	redzone_check(src, n, false, __builtin_return_address(0));
	redzone_check(dst, n, true, __builtin_return_address(0));
	return memmove(dst, src, n);
}

void *checked_memset(void *dst, int c, size_t n)
{
	redzone_check(dst, n, true, __builtin_return_address(0));
	return memset(dst, c, n);
}

size_t checked_copy_from_user(void *dst, const void __user *src, size_t n)
{
	redzone_check(dst, n, true, __builtin_return_address(0));
	return copy_from_user(dst, src, n);
}

size_t checked_copy_to_user(void __user *dst, const void *src, size_t n)
{
	redzone_check(src, n, false, __builtin_return_address(0));
	return copy_to_user(dst, src, n);
}
#endif
