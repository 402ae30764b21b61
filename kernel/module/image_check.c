/*
 * Is this file a module? Every number in it is checked against the file's bounds before it is used (kernel/module/image.h), so that a
 * damaged or hostile file ends in -ENOEXEC. Two guards: the checksum that the build appends (any damage), and the checks of structure
 * (files without it, or made by hand).
 */
#include "kernel/module/image.h"
#include "kernel/lib/crc32.h"
#include "kernel/lib/string.h"

#define SHT_NOTE 7
#define TRAILER_LEN 12u
static const char trailer_magic[8] = { 'S', 'L', 'm', 'o', 'd', 'C', 'R', 'C' };

static int bad(struct load_info *li, const char *what, const char *subject)
{
	li->wrong = what;
	li->subject = subject;
	return -ENOEXEC;
}

/* [offset, offset + size) lies in the file. */
static bool inside(const struct load_info *li, u32 offset, u32 size)
{
	return offset <= li->size && size <= li->size - offset;
}

static int check_trailer(struct load_info *li)
{
	u32 sum;

	if (li->size < TRAILER_LEN || memcmp(li->file + li->size - TRAILER_LEN, trailer_magic, sizeof(trailer_magic)))
		return 0;
	memcpy(&sum, li->file + li->size - 4, 4);
	li->size -= TRAILER_LEN;
	return crc32(0, li->file, li->size) == sum ? 0 : bad(li, "its checksum does not fit: the file is damaged", NULL);
}

static bool header_ok(const u8 *file, u32 size)
{
	static const u8 magic[7] = { 0x7f, 'E', 'L', 'F', 1 /* 32 bits */, 1 /* little endian */, 1 /* version */ };
	const struct elf_ehdr *h = (const struct elf_ehdr *)file;

	return size >= sizeof(*h) && !memcmp(h->ident, magic, sizeof(magic)) && h->type == ET_REL && h->machine == EM_386 &&
	       h->shentsize == sizeof(struct elf_shdr) && h->shnum > 1 && h->shnum <= MODULE_SECTIONS_MAX && h->shstrndx < h->shnum &&
	       !(h->shoff & 3) && h->shoff <= size && h->shnum * (u32)sizeof(struct elf_shdr) <= size - h->shoff;
}

u32 image_section_count(const u8 *file, u32 size)
{
	return header_ok(file, size) ? ((const struct elf_ehdr *)file)->shnum : 0;
}

static bool is_strings(const struct load_info *li, u32 n)
{
	const struct elf_shdr *s = n < li->eh->shnum ? &li->sh[n] : NULL;

	return s && s->type == SHT_STRTAB && s->size && !li->file[s->offset + s->size - 1];
}

static int check_section(struct load_info *li, const struct elf_shdr *s)
{
	bool power_of_2 = !(s->addralign & (s->addralign - 1));

	if (s->type == SHT_NULL) {
		if (s != li->sh)
			return bad(li, "a section of no type", NULL);
		return 0;
	}
	if (s == li->sh)
		return bad(li, "section 0 must be empty", NULL);
	if (s->type != SHT_NOBITS && !inside(li, s->offset, s->size))
		return bad(li, "a section lies outside the file", NULL);
	if (!(s->flags & SHF_ALLOC))
		return 0;
	if (!power_of_2 || s->addralign > PAGE_SIZE)
		return bad(li, "a section's alignment is none", NULL);
	if (s->size > MODULE_MEMORY_MAX)
		return bad(li, "a section is too large", NULL);
	if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS && s->type != SHT_NOTE && s->type != SHT_INIT_ARRAY)
		return bad(li, "a section to be loaded has an unknown type", NULL);
	if ((s->flags & SHF_EXECINSTR) && ((s->flags & SHF_WRITE) || s->type != SHT_PROGBITS))
		return bad(li, "code that can be written, or is not there", NULL);
	return 0;
}

static int check_sections(struct load_info *li)
{
	int error = 0;

	for (u32 i = 0; i < li->eh->shnum && !error; i++)
		error = check_section(li, &li->sh[i]);
	if (error)
		return error;
	if (!is_strings(li, li->eh->shstrndx))
		return bad(li, "no names of sections", NULL);
	li->names = (const char *)li->file + li->sh[li->eh->shstrndx].offset;
	for (u32 i = 0; i < li->eh->shnum; i++) {
		if (li->sh[i].name >= li->sh[li->eh->shstrndx].size)
			return bad(li, "a section's name lies outside the names", NULL);
		if (li->sh[i].type != SHT_SYMTAB)
			continue;
		if (li->symtab)
			return bad(li, "two symbol tables", NULL);
		li->symtab = i;
	}
	return li->symtab ? 0 : bad(li, "no symbol table", NULL);
}

static int check_symbol(struct load_info *li, const struct elf_sym *s)
{
	const struct elf_shdr *sec;

	if (s->name >= li->strings_size)
		return bad(li, "a symbol's name lies outside the names", NULL);
	const char *name = li->strings + s->name;
	if (s->shndx == SHN_COMMON)
		return bad(li, "a common symbol (compile with -fno-common)", name);
	if (s->shndx == SHN_UNDEF || s->shndx == SHN_ABS)
		return 0;
	if (s->shndx >= li->eh->shnum)
		return bad(li, "a symbol of a section that is not there", name);
	sec = &li->sh[s->shndx];
	if ((sec->flags & SHF_ALLOC) && (s->value > sec->size || s->size > sec->size - s->value))
		return bad(li, "a symbol lies outside its section", name);
	return 0;
}

static int check_symbols(struct load_info *li)
{
	const struct elf_shdr *s = &li->sh[li->symtab];
	int error = 0;

	if (s->entsize != sizeof(struct elf_sym) || s->size % sizeof(struct elf_sym) || s->offset & 3 || !is_strings(li, s->link))
		return bad(li, "a damaged symbol table", NULL);
	li->sym = (const struct elf_sym *)(li->file + s->offset);
	li->nr_sym = s->size / (u32)sizeof(struct elf_sym);
	li->strings = (const char *)li->file + li->sh[s->link].offset;
	li->strings_size = li->sh[s->link].size;
	for (u32 i = 1; i < li->nr_sym && !error; i++)
		error = check_symbol(li, &li->sym[i]);
	return error;
}

static int check_relocations(struct load_info *li, const struct elf_shdr *s)
{
	const struct elf_shdr *target;
	const struct elf_rel *r;

	if (s->info >= li->eh->shnum)
		return bad(li, "relocations for a section that is not there", li->names + s->name);
	target = &li->sh[s->info];
	if (!(target->flags & SHF_ALLOC)) /* of debugging information */
		return 0;
	if (s->type != SHT_REL || s->link != li->symtab || s->entsize != sizeof(*r) || s->size % sizeof(*r) || s->offset & 3 ||
	    target->type == SHT_NOBITS)
		return bad(li, "damaged relocations", li->names + s->name);
	r = (const struct elf_rel *)(li->file + s->offset);
	for (u32 n = s->size / (u32)sizeof(*r); n; n--, r++) {
		u32 type = REL_TYPE(r->info);

		if (type != R_386_NONE && type != R_386_32 && type != R_386_PC32 && type != R_386_PLT32)
			return bad(li, "a relocation of a type other than R_386_32, PC32, PLT32", li->names + s->name);
		if (REL_SYM(r->info) >= li->nr_sym || target->size < 4 || r->offset > target->size - 4)
			return bad(li, "a relocation points outside", li->names + s->name);
	}
	return 0;
}

int image_check(struct load_info *li, const u8 *file, u32 size, struct image_section *section)
{
	int error;

	*li = (struct load_info){ .file = file, .size = size, .section = section };
	error = check_trailer(li);
	if (error)
		return error;
	if (!header_ok(file, li->size))
		return bad(li, "it is no relocatable ELF object for i386", NULL);
	li->eh = (const struct elf_ehdr *)file;
	li->sh = (const struct elf_shdr *)(file + li->eh->shoff);
	error = check_sections(li);
	if (!error)
		error = check_symbols(li);
	for (u32 i = 1; i < li->eh->shnum && !error; i++)
		if (li->sh[i].type == SHT_REL || li->sh[i].type == SHT_RELA)
			error = check_relocations(li, &li->sh[i]);
	return error;
}

u32 image_find(const struct load_info *li, const char *name)
{
	for (u32 i = 1; i < li->eh->shnum; i++)
		if (!strcmp(li->names + li->sh[i].name, name))
			return i;
	return 0;
}

const char *image_modinfo(const struct load_info *li, const char *tag, u32 nth)
{
	u32 n = image_find(li, ".modinfo");
	size_t len = strlen(tag);

	if (!n || li->sh[n].type != SHT_PROGBITS)
		return NULL;
	const char *p = (const char *)li->file + li->sh[n].offset, *end = p + li->sh[n].size;

	if (p == end || end[-1])
		return NULL;
	for (; p < end; p += strlen(p) + 1)
		if (!strncmp(p, tag, len) && p[len] == '=' && !nth--)
			return p + len + 1;
	return NULL;
}
