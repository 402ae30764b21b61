/* Laying a module out and linking it (kernel/module/image.h). The file has passed image_check. */
#include "kernel/module/image.h"
#include "kernel/lib/string.h"

static enum image_part part_of(const struct elf_shdr *s)
{
	if (s->flags & SHF_EXECINSTR)
		return PART_TEXT;
	return s->flags & SHF_WRITE ? PART_DATA : PART_RODATA;
}

static bool starts_with(const char *s, const char *prefix) { return !strncmp(s, prefix, strlen(prefix)); }

/* Append the sections of one part to their block. */
static int place(struct load_info *li, enum image_block block, enum image_part part)
{
	struct image_block_size *b = &li->block[block];

	for (u32 i = 1; i < li->eh->shnum; i++) {
		const struct elf_shdr *s = &li->sh[i];
		bool init = starts_with(li->names + s->name, ".init");

		if (!(s->flags & SHF_ALLOC) || part_of(s) != part || init != (block == BLOCK_INIT) || !strcmp(li->names + s->name, ".modinfo"))
			continue;
		u32 at = ALIGN_UP(b->size, max(s->addralign, 1u));
		if (at + s->size > MODULE_MEMORY_MAX) {
			li->wrong = "it is too large";
			return -ENOEXEC;
		}
		li->section[i] = (struct image_section){ .block = (u8)block, .part = (u8)part, .offset = at };
		b->size = at + s->size;
	}
	if (part != NR_PARTS - 1)
		b->size = PAGE_ALIGN(b->size);
	b->part_end[part] = b->size;
	return 0;
}

int image_layout(struct load_info *li)
{
	int error = 0;

	for (u32 block = 0; block < NR_BLOCKS; block++)
		for (u32 part = 0; part < NR_PARTS && !error; part++)
			error = place(li, (enum image_block)block, (enum image_part)part);
	return error;
}

void image_copy(struct load_info *li)
{
	for (u32 i = 1; i < li->eh->shnum; i++) {
		const struct elf_shdr *s = &li->sh[i];

		if (!li->section[i].mem)
			continue;
		if (s->type == SHT_NOBITS)
			memset(li->section[i].mem, 0, s->size);
		else
			memcpy(li->section[i].mem, li->file + s->offset, s->size);
	}
}

/* Symbol 0 is none and has no value; those of sections that are not loaded are of no use (relocate). */
int image_symbols(struct load_info *li, image_resolve resolve, void *arg)
{
	int result = 0;

	if (li->nr_sym)
		li->value[0] = 0;
	for (u32 i = 1; i < li->nr_sym; i++) {
		const struct elf_sym *s = &li->sym[i];

		li->value[i] = s->value;
		if (s->shndx == SHN_ABS)
			continue;
		if (s->shndx != SHN_UNDEF) {
			li->value[i] += li->section[s->shndx].addr;
			continue;
		}
		if (SYM_BIND(s) == STB_WEAK) { /* not here: it is nowhere */
			li->value[i] = 0;
			continue;
		}
		int error = resolve(arg, li->strings + s->name, &li->value[i]);
		if (error && error != -ENOENT)
			return error;
		result = error ? error : result;
	}
	return result;
}

/* System V ABI, Intel386 supplement, "Relocation": S symbol, A addend (what stands there), P place. */
static int relocate(struct load_info *li, const struct elf_shdr *s)
{
	const struct image_section *target = &li->section[s->info];
	const struct elf_rel *r = (const struct elf_rel *)(li->file + s->offset);

	for (u32 n = s->size / (u32)sizeof(*r); n; n--, r++) {
		const struct elf_sym *sym = &li->sym[REL_SYM(r->info)];
		bool local = sym->shndx != SHN_UNDEF && sym->shndx != SHN_ABS;
		u32 word;

		if (REL_TYPE(r->info) == R_386_NONE)
			continue;
		if (local && !li->section[sym->shndx].mem) {
			li->wrong = "a relocation wants a symbol of a section that is not loaded";
			li->subject = li->names + s->name;
			return -ENOEXEC;
		}
		memcpy(&word, target->mem + r->offset, 4);
		word += li->value[REL_SYM(r->info)]; /* 32: S + A */
		if (REL_TYPE(r->info) != R_386_32)
			word -= target->addr + r->offset; /* PC32, PLT32: S + A - P */
		memcpy(target->mem + r->offset, &word, 4);
	}
	return 0;
}

int image_relocate(struct load_info *li)
{
	int error = 0;

	for (u32 i = 1; i < li->eh->shnum && !error; i++)
		if (li->sh[i].type == SHT_REL && li->section[li->sh[i].info].mem)
			error = relocate(li, &li->sh[i]);
	return error;
}
