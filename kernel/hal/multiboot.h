/*
 * What the boot loader told us (Multiboot Specification 0.6.96, section 3.3), copied out of the loader's memory before that is handed
 * out, and the page directory boot.asm made. Any context; nothing changes after boot.
 */
#ifndef KERNEL_HAL_MULTIBOOT_H
#define KERNEL_HAL_MULTIBOOT_H

#include "kernel/lib/types.h"

#define BOOT_MMAP_MAX 32
#define BOOT_MODULES_MAX 4
#define BOOT_CMDLINE_MAX 1024
#define BOOT_MMAP_RAM 1u

struct boot_mmap_entry {
	u64 base, length; /* bytes */
	u32 type;         /* BOOT_MMAP_RAM or something to keep away from */
};
struct boot_module {
	phys_addr_t start, end; /* bytes, end exclusive; stays where the loader put it: reserve it */
	char cmdline[64];
};
struct multiboot_info {
	u32 nr_mmap;
	struct boot_mmap_entry mmap[BOOT_MMAP_MAX]; /* in the loader's order; may overlap, as BIOS maps do */
	u32 nr_modules;
	struct boot_module modules[BOOT_MODULES_MAX];
	char cmdline[BOOT_CMDLINE_MAX];
	char loader[32];
};

const struct multiboot_info *boot_info(void);
/* End of the highest RAM range below 4 GiB, and how many bytes of RAM there are in all, the part above 896 MiB included. */
u64 boot_ram_end(void);
u64 boot_ram_bytes(void);

/* Called once, first of all, by kernel_main: takes the copy. */
void boot_info_init(u32 mbi_phys);

/*
 * The kernel's page directory: from boot.asm on, and of every context without an address space of its own. Entries from KERNEL_BASE up
 * are the direct map; mm adds the vmalloc tables before the first address space copies them.
 */
extern u32 boot_pgdir[1024];
/* Map RAM only (up to 896 MiB), text and rodata read-only, the guards of the boot stacks not at all; forget the identity mapping. */
void direct_map_init(void);
/* Is there a present translation for this kernel address now? For backtraces over damaged stacks. */
bool kernel_address_mapped(u32 addr);

/* Linker symbols (linker.ld) and the boot stack (boot.asm). */
extern u8 __kernel_start[], __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[], __data_end[];
extern u8 __bss_start[], __bss_end[], __kernel_end[];
extern u8 boot_stack_guard[], boot_stack[], boot_stack_top[], boot_softirq_stack_guard[], boot_softirq_stack_top[];

#endif
