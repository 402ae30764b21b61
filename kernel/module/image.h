/*
 * A module's file in memory: checked, laid out, linked. Pure (tests/host/test_module.c): nothing here trusts a single byte of the file.
 * The order: image_check, image_layout, (the loader allocates and sets each section's mem and addr), image_copy,
 * image_symbols, image_relocate.
 */
#ifndef KERNEL_MODULE_IMAGE_H
#define KERNEL_MODULE_IMAGE_H

#include "kernel/module/elf_rel.h"
#include "kernel/lib/err.h"

#define MODULE_SECTIONS_MAX 4096u
#define MODULE_FILE_MAX (16u << 20)   /* bytes of a file */
#define MODULE_MEMORY_MAX (16u << 20) /* bytes of one block */

/* The blocks and their parts, in the order they lie in memory. */
enum image_part { PART_TEXT, PART_RODATA, PART_DATA, NR_PARTS };
enum image_block { BLOCK_CORE, BLOCK_INIT, NR_BLOCKS };

struct image_section {
	u8 *mem;   /* where its bytes go; NULL: not loaded */
	u32 addr;  /* the address they will have */
	u8 block, part;
	u32 offset; /* in its block */
};

struct image_block_size {
	u32 part_end[NR_PARTS]; /* each but the last rounded up to a page */
	u32 size;
};

struct load_info {
	const u8 *file;
	u32 size;
	const struct elf_ehdr *eh;
	const struct elf_shdr *sh;  /* eh->shnum of them */
	const char *names;          /* of sections */
	u32 symtab;                 /* section numbers */
	const struct elf_sym *sym;
	u32 nr_sym;
	u32 *value;                 /* of each symbol, once linked: nr_sym words of the caller's, set before image_symbols */
	const char *strings;        /* of symbols */
	u32 strings_size;
	struct image_section *section; /* eh->shnum of them: the caller's memory */
	struct image_block_size block[NR_BLOCKS];
	const char *wrong;          /* what is wrong with it, for the log */
	const char *subject;        /* ... the name of the section or symbol, or NULL */
};

/* The number of sections the header speaks of: how many image_sections the caller has to bring. 0: no module. */
u32 image_section_count(const u8 *file, u32 size);
/*
 * Check headers, sections, symbols and relocations of file[0, size), which must be 4-aligned. section: zeroed, one for each.
 * 0 or -ENOEXEC with wrong set. A checksum at the end (tools/modsum) is checked and cut off.
 */
int image_check(struct load_info *li, const u8 *file, u32 size, struct image_section *section);
/* The section of this name, or 0. */
u32 image_find(const struct load_info *li, const char *name);
/* The value of tag in .modinfo (the nth one), or NULL. */
const char *image_modinfo(const struct load_info *li, const char *tag, u32 nth);
/* Decide where each section lies in its block. 0 or -ENOEXEC. */
int image_layout(struct load_info *li);
/* Fill the sections' memory. */
void image_copy(struct load_info *li);
/*
 * Give each symbol its address, asking resolve for those that are not defined here. 0, -ENOENT (all that are missing have been asked for),
 * or what else resolve answered.
 */
typedef int (*image_resolve)(void *arg, const char *name, u32 *addr);
int image_symbols(struct load_info *li, image_resolve resolve, void *arg);
/* Apply all relocations. 0 or -ENOEXEC. */
int image_relocate(struct load_info *li);

#endif
