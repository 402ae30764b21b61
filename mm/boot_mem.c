/*
 * Which frames are RAM and free, from the loader's map (Multiboot Specification 0.6.96, section 3.3). BIOS maps may overlap and may cut
 * pages in two: a frame counts only if RAM covers it whole and nothing else touches it.
 * Taken are: the first 64 KiB (BIOS data, later the second CPU's trampoline), the kernel image, modules, and mem_map itself.
 */
#include "mm/boot_mem.h"

#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/multiboot.h"

#define LOW_RESERVED 0x10000u
#define MIN_RAM_END (15u << 20) /* a machine of 16 MiB, less what its firmware keeps at the end */

/* [first, end) of frames that the bytes [base, base + length) touch or, if `whole`, cover. Clipped to max_pfn. */
static void frames_of(u64 base, u64 length, bool whole, u32 *first, u32 *end)
{
	u64 limit = (u64)max_pfn << PAGE_SHIFT, top = min(base + length, limit);

	base = min(base, limit);
	*first = (u32)((whole ? base + PAGE_SIZE - 1 : base) >> PAGE_SHIFT);
	*end = (u32)((whole ? top : top + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static void mark(u64 base, u64 length, bool ram)
{
	u32 first, end;

	frames_of(base, length, ram, &first, &end);
	for (u32 i = first; i < end; i++)
		mem_map[i].flags = ram ? 0 : PG_reserved;
}

static bool is_ram(phys_addr_t start, phys_addr_t end)
{
	const struct multiboot_info *info = boot_info();
	bool inside = false;

	for (u32 i = 0; i < info->nr_mmap; i++) {
		const struct boot_mmap_entry *e = &info->mmap[i];

		if (e->type == BOOT_MMAP_RAM)
			inside |= e->base <= start && e->base + e->length >= end;
		else if (e->base < end && e->base + e->length > start)
			return false;
	}
	return inside;
}

/* mem_map goes behind the kernel image, or behind a module that is in the way. */
static phys_addr_t place_mem_map(u32 bytes)
{
	const struct multiboot_info *info = boot_info();
	phys_addr_t at = PAGE_ALIGN(virt_to_phys(__kernel_end));

	for (u32 tries = 0; tries <= BOOT_MODULES_MAX; tries++)
		for (u32 i = 0; i < info->nr_modules; i++)
			if (info->modules[i].start < at + bytes && info->modules[i].end > at)
				at = PAGE_ALIGN(info->modules[i].end);
	if (!is_ram(at, at + bytes))
		panic("boot_mem: no room for %u KiB of page descriptors behind the kernel", bytes >> 10);
	return at;
}

u32 boot_mem_map(void)
{
	const struct multiboot_info *info = boot_info();
	u64 ram_end = boot_ram_end();
	u32 nr_ram = 0;

	if (ram_end < MIN_RAM_END)
		panic("Sluice needs 16 MiB of RAM; this machine has %u KiB", (u32)(boot_ram_bytes() >> 10));
	max_pfn = (u32)(min_t(u64, ram_end, DIRECT_MAP_MAX) >> PAGE_SHIFT);
	u32 bytes = PAGE_ALIGN(max_pfn * (u32)sizeof(struct page));
	phys_addr_t at = place_mem_map(bytes);

	mem_map = phys_to_virt(at);
	for (u32 i = 0; i < max_pfn; i++)
		mem_map[i] = (struct page){ .flags = PG_reserved, .refs = ATOMIC_INIT(1) };
	for (u32 i = 0; i < info->nr_mmap; i++)
		if (info->mmap[i].type == BOOT_MMAP_RAM)
			mark(info->mmap[i].base, info->mmap[i].length, true);
	for (u32 i = 0; i < info->nr_mmap; i++)
		if (info->mmap[i].type != BOOT_MMAP_RAM)
			mark(info->mmap[i].base, info->mmap[i].length, false);
	for (u32 i = 0; i < max_pfn; i++)
		nr_ram += !mem_map[i].flags;

	mark(0, LOW_RESERVED, false);
	mark(virt_to_phys(__kernel_start), (u32)(__kernel_end - __kernel_start), false);
	mark(at, bytes, false);
	for (u32 i = 0; i < info->nr_modules; i++)
		mark(info->modules[i].start, info->modules[i].end - info->modules[i].start, false);
	if (boot_ram_bytes() >> PAGE_SHIFT > nr_ram + 0x1000)
		pr_notice("boot_mem: %u MiB of RAM above 896 MiB stay unused\n", (u32)((boot_ram_bytes() >> 20) - (nr_ram >> 8)));
	return nr_ram;
}
