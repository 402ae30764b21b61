/*
 * The loader's information and the kernel's first page tables. Runs before the log exists, so nothing here prints.
 * Multiboot Specification 0.6.96, section 3.3; Intel SDM volume 3, 4.3 (32-bit paging).
 */
#include "kernel/hal/multiboot.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/string.h"

#define KERNEL_BASE 0xC0000000u
#define DIRECT_MAP_MAX 0x38000000u /* 896 MiB */
#define LARGE_PAGE 0x400000u

/* struct multiboot_info of the specification: the fields we read. */
#define MBI_MEM BIT(0)
#define MBI_CMDLINE BIT(2)
#define MBI_MODS BIT(3)
#define MBI_MMAP BIT(6)
#define MBI_LOADER_NAME BIT(9)
struct mbi_raw {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
	u32 drives_length, drives_addr, config_table, boot_loader_name;
};
static_assert(offsetof(struct mbi_raw, boot_loader_name) == 64, "Multiboot information layout");
struct mbi_mmap_raw {
	u32 size; /* of the rest of the entry */
	u64 base, length;
	u32 type;
} __packed;
struct mbi_module_raw {
	u32 start, end, string, reserved;
};

#define PTE_PRESENT 0x001u
#define PTE_WRITE 0x002u
#define PTE_NOCACHE 0x010u
#define PTE_LARGE 0x080u
#define PTE_GLOBAL 0x100u

static struct multiboot_info info;
/* 4 KiB pages for the first 4 MiB: the kernel image with its different rights, and the ISA hole uncached. */
static u32 low_table[1024] __aligned(4096);

const struct multiboot_info *boot_info(void) { return &info; }

/* The loader's structures: below 896 MiB in practice, which boot.asm maps in full. NULL otherwise. */
static const void *loader_ptr(u32 pa) { return pa && pa < DIRECT_MAP_MAX - 4096 ? (const void *)(pa + KERNEL_BASE) : NULL; }

static void copy_text(char *dst, u32 pa, size_t size)
{
	const char *s = loader_ptr(pa);
	if (s)
		(void)strscpy(dst, s, size);
}

static void copy_mmap(const struct mbi_raw *m)
{
	const u8 *p = m->flags & MBI_MMAP ? loader_ptr(m->mmap_addr) : NULL;
	const u8 *end = p + (p ? m->mmap_length : 0);

	while (p < end && info.nr_mmap < BOOT_MMAP_MAX) {
		const struct mbi_mmap_raw *e = (const void *)p;
		info.mmap[info.nr_mmap++] = (struct boot_mmap_entry){ e->base, e->length, e->type };
		p += e->size + sizeof(e->size);
	}
	if (!info.nr_mmap && m->flags & MBI_MEM) {
		info.mmap[0] = (struct boot_mmap_entry){ 0, (u64)m->mem_lower << 10, BOOT_MMAP_RAM };
		info.mmap[1] = (struct boot_mmap_entry){ 0x100000, (u64)m->mem_upper << 10, BOOT_MMAP_RAM };
		info.nr_mmap = 2;
	}
}

static void copy_modules(const struct mbi_raw *m)
{
	const struct mbi_module_raw *mod = m->flags & MBI_MODS ? loader_ptr(m->mods_addr) : NULL;

	for (u32 i = 0; mod && i < m->mods_count && i < BOOT_MODULES_MAX; i++, mod++) {
		struct boot_module *b = &info.modules[info.nr_modules++];
		b->start = mod->start;
		b->end = mod->end;
		copy_text(b->cmdline, mod->string, sizeof(b->cmdline));
	}
}

void boot_info_init(u32 mbi_phys)
{
	const struct mbi_raw *m = loader_ptr(mbi_phys);

	(void)strscpy(info.loader, "an unnamed loader", sizeof(info.loader));
	if (!m)
		return;
	copy_mmap(m);
	copy_modules(m);
	if (m->flags & MBI_CMDLINE)
		copy_text(info.cmdline, m->cmdline, sizeof(info.cmdline));
	if (m->flags & MBI_LOADER_NAME)
		copy_text(info.loader, m->boot_loader_name, sizeof(info.loader));
}

u64 boot_ram_end(void)
{
	u64 end = 0;
	for (u32 i = 0; i < info.nr_mmap; i++) {
		const struct boot_mmap_entry *e = &info.mmap[i];
		if (e->type == BOOT_MMAP_RAM && e->base < 1ull << 32 && e->base + e->length > end)
			end = e->base + e->length;
	}
	return end;
}

u64 boot_ram_bytes(void)
{
	u64 sum = 0;
	for (u32 i = 0; i < info.nr_mmap; i++)
		if (info.mmap[i].type == BOOT_MMAP_RAM)
			sum += info.mmap[i].length;
	return sum;
}

static void fill_low_table(void)
{
	u32 ro_start = (u32)__text_start - KERNEL_BASE, ro_end = (u32)__rodata_end - KERNEL_BASE;
	u32 guard = (u32)boot_stack_guard - KERNEL_BASE, softirq_guard = (u32)boot_softirq_stack_guard - KERNEL_BASE;

	for (u32 pa = 0; pa < LARGE_PAGE; pa += PAGE_SIZE) {
		u32 pte = pa | PTE_PRESENT | PTE_WRITE | PTE_GLOBAL;
		if (pa >= ro_start && pa < ro_end)
			pte &= ~PTE_WRITE;
		if (pa >= 0xA0000 && pa < 0x100000)
			pte |= PTE_NOCACHE;
		low_table[pa / PAGE_SIZE] = pa == guard || pa == softirq_guard ? 0 : pte;
	}
}

void direct_map_init(void)
{
	u64 end = boot_ram_end();
	u32 top = end > DIRECT_MAP_MAX ? DIRECT_MAP_MAX : ALIGN_UP((u32)end, LARGE_PAGE);

	for (u32 pa = max(top, LARGE_PAGE); pa < DIRECT_MAP_MAX; pa += LARGE_PAGE)
		boot_pgdir[(KERNEL_BASE + pa) / LARGE_PAGE] = 0;
	fill_low_table();
	boot_pgdir[KERNEL_BASE / LARGE_PAGE] = ((u32)low_table - KERNEL_BASE) | PTE_PRESENT | PTE_WRITE;
	for (u32 i = 0; i < KERNEL_BASE / LARGE_PAGE; i++)
		boot_pgdir[i] = 0;
	flush_tlb_global();
}

bool kernel_address_mapped(u32 addr)
{
	if (addr < KERNEL_BASE)
		return false;
	u32 pde = ((const u32 *)((read_cr3() & PAGE_MASK) + KERNEL_BASE))[addr / LARGE_PAGE];
	if (!(pde & PTE_PRESENT) || pde & PTE_LARGE)
		return pde & PTE_PRESENT;
	return ((const u32 *)((pde & PAGE_MASK) + KERNEL_BASE))[addr / PAGE_SIZE % 1024] & PTE_PRESENT;
}
