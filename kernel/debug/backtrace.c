/*
 * Backtraces by frame pointers, with names. The table (.ksyms) is made from the first link by tools/ksyms: count, then offsets of the
 * functions from __text_start in rising order, then offsets into the names, then the names. A kernel linked without it prints addresses.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/symbols.h"
#include "kernel/hal/multiboot.h"
#include "kernel/lib/printf.h"
#include "kernel/module/module.h"

#define MAX_FRAMES 1024
#define MAX_LINES 32
#define SCREEN_FRAMES 8 /* of them on a panic's screen (kernel/debug/panic.c) */

extern const u32 ksyms_count __attribute__((weak));
extern const u32 ksyms_offsets[] __attribute__((weak));
extern const u32 ksyms_name_offsets[] __attribute__((weak));
extern const char ksyms_names[] __attribute__((weak));

static bool have_table(void)
{
	const u32 *volatile table = &ksyms_count;
	return table && *table;
}

const char *symbol_lookup(u32 addr, u32 *offset, u32 *size)
{
	u32 rel = addr - (u32)__text_start, lo = 0, hi;

	if (rel >= (u32)(__text_end - __text_start) || !have_table() || rel < ksyms_offsets[0])
		return NULL;
	hi = ksyms_count;
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;
		if (ksyms_offsets[mid] <= rel)
			lo = mid;
		else
			hi = mid;
	}
	u32 end = lo + 1 < ksyms_count ? ksyms_offsets[lo + 1] : (u32)(__text_end - __text_start);
	*offset = rel - ksyms_offsets[lo];
	*size = end - ksyms_offsets[lo];
	return ksyms_names + ksyms_name_offsets[lo];
}

void symbol_format(char *buf, size_t size, u32 addr)
{
	u32 offset, len;
	const char *name = symbol_lookup(addr, &offset, &len);

	const char *module = NULL;

	if (!name)
		name = module_symbol_lookup(addr, &offset, &len, &module);
	if (module)
		ksnprintf(buf, size, "%s+%#x/%#x [%s]", name, offset, len, module);
	else if (name)
		ksnprintf(buf, size, "%s+%#x/%#x", name, offset, len);
	else
		ksnprintf(buf, size, "0x%08x", addr);
}

/* Deeper frames than a panic's screen has room for are left out there. */
static int frame_level(u32 n) { return n < SCREEN_FRAMES ? LOG_EMERG : LOG_ALERT; }

/* One line a frame; calls from the same place in a row are counted, so that what lies below a recursion is seen, too. */
static void print_frames(u32 ebp, int (*level)(u32 n))
{
	u32 last = 0, same = 0, lines = 0;

	for (u32 n = 0; n < MAX_FRAMES && lines < MAX_LINES && ebp && !(ebp & 3); n++) {
		if (!kernel_address_mapped(ebp) || !kernel_address_mapped(ebp + 4))
			break;
		u32 caller = ((const u32 *)ebp)[1];
		if ((caller < (u32)__text_start || caller >= (u32)__text_end) && !module_text_address(caller))
			break;
		ebp = *(const u32 *)ebp;
		if (caller == last) {
			same++;
			continue;
		}
		if (same)
			printk(level(lines++), "  and %u times more\n", same);
		same = 0;
		last = caller;
		/* The call, not what follows it: after a call that does not return that can be the next function. */
		printk(level(lines++), "  [%08x] %pS\n", caller, (void *)(caller - 1));
	}
	if (same)
		printk(level(lines), "  and %u times more\n", same);
}

void backtrace_from(u32 ebp) { print_frames(ebp, frame_level); }

static int notice(u32 n) { return LOG_NOTICE; }

/* switch.asm: a task that waits has EDI, ESI, EBX and EBP on its stack. */
void backtrace_waiting(u32 kernel_esp) { print_frames(kernel_esp + 3 * 4, notice); }

void dump_stack(void)
{
	pr_emerg("Call trace:\n");
	backtrace_from((u32)__builtin_frame_address(0));
}
