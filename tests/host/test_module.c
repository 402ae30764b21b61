/*
 * The loader's checks, layout and linking of modules (kernel/module/image.h): a small object built here by hand must come out right to the
 * byte; changed at random, tens of thousands of times, it may be refused or taken, but nothing outside its memory may be touched.
 * SOURCES: kernel/module/image_check.c kernel/module/image_link.c kernel/lib/crc32.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "kernel/lib/crc32.h"
#include "kernel/module/image.h"

#define BASE 0xf8000000u
#define FILE_MAX 4096u

enum { S_NULL, S_TEXT, S_REL, S_INIT, S_RODATA, S_DATA, S_BSS, S_MODINFO, S_SYMTAB, S_STRTAB, S_NAMES, NR_S };
enum { Y_NULL, Y_TEXT, Y_FN, Y_DATA, Y_PRINTK, Y_WEAK, Y_ABS, NR_Y };

static const char section_names[] = "\0.text\0.rel.text\0.init.text\0.rodata\0.data\0.bss\0.modinfo\0.symtab\0.strtab\0.shstrtab";
static const char symbol_names[] = "\0fn\0data\0_printk\0weak\0abs";
static const char modinfo[] = "license=GPL\0name=tiny\0name=second";

struct image {
	u8 b[FILE_MAX + 16];
	u32 size;
};

static u32 name_of(const char *table, size_t size, const char *name)
{
	for (size_t i = 0; i < size; i += strlen(table + i) + 1)
		if (!strcmp(table + i, name))
			return (u32)i;
	abort();
}

static u32 put(struct image *im, const void *data, size_t n)
{
	u32 at = (im->size + 3) & ~3u;

	memcpy(im->b + at, data, n);
	im->size = at + (u32)n;
	return at;
}

static void add_checksum(struct image *im)
{
	u32 sum = crc32(0, im->b, im->size);

	memcpy(im->b + im->size, "SLmodCRC", 8);
	memcpy(im->b + im->size + 8, &sum, 4);
	im->size += 12;
}

/* .text: 16 bytes with three relocations; .data: 8 bytes; .bss: 40; the rest a few. */
static struct image make(void)
{
	struct image im = { .size = sizeof(struct elf_ehdr) };
	u8 text[16] = { 0x90, 0xfc, 0xff, 0xff, 0xff, 0x90, 4, 0, 0, 0, 0x90, 0xfc, 0xff, 0xff, 0xff, 0xc3 };
	struct elf_rel rel[] = { { 1, Y_PRINTK << 8 | R_386_PC32 }, { 6, Y_DATA << 8 | R_386_32 }, { 11, Y_FN << 8 | R_386_PLT32 } };
#define NAME(s) name_of(symbol_names, sizeof(symbol_names), s)
	struct elf_sym sym[NR_Y] = {
		[Y_TEXT] = { 0, 0, 0, STT_SECTION, 0, S_TEXT },
		[Y_FN] = { NAME("fn"), 5, 11, 1 << 4 | STT_FUNC, 0, S_TEXT },
		[Y_DATA] = { NAME("data"), 4, 4, STT_OBJECT, 0, S_DATA },
		[Y_PRINTK] = { NAME("_printk"), 0, 0, 1 << 4, 0, SHN_UNDEF },
		[Y_WEAK] = { NAME("weak"), 0, 0, STB_WEAK << 4, 0, SHN_UNDEF },
		[Y_ABS] = { NAME("abs"), 0x1234, 0, 1 << 4, 0, SHN_ABS },
	};
#define SECTION(s, ...) { name_of(section_names, sizeof(section_names), s), __VA_ARGS__ }
	struct elf_shdr sh[NR_S] = {
		[S_TEXT] = SECTION(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, put(&im, text, sizeof(text)), sizeof(text), 0, 0, 16, 0),
		[S_REL] = SECTION(".rel.text", SHT_REL, 0, 0, put(&im, rel, sizeof(rel)), sizeof(rel), S_SYMTAB, S_TEXT, 4, 8),
		[S_INIT] = SECTION(".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, put(&im, "init", 4), 4, 0, 0, 1, 0),
		[S_RODATA] = SECTION(".rodata", SHT_PROGBITS, SHF_ALLOC, 0, put(&im, "constant", 8), 8, 0, 0, 4, 0),
		[S_DATA] = SECTION(".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, put(&im, "datadata", 8), 8, 0, 0, 4, 0),
		[S_BSS] = SECTION(".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0, 0, 40, 0, 0, 32, 0),
		[S_MODINFO] = SECTION(".modinfo", SHT_PROGBITS, SHF_ALLOC, 0, put(&im, modinfo, sizeof(modinfo)), sizeof(modinfo), 0, 0, 1, 0),
		[S_SYMTAB] = SECTION(".symtab", SHT_SYMTAB, 0, 0, put(&im, sym, sizeof(sym)), sizeof(sym), S_STRTAB, 0, 4, 16),
		[S_STRTAB] = SECTION(".strtab", SHT_STRTAB, 0, 0, put(&im, symbol_names, sizeof(symbol_names)), sizeof(symbol_names), 0, 0, 1, 0),
		[S_NAMES] = SECTION(".shstrtab", SHT_STRTAB, 0, 0, put(&im, section_names, sizeof(section_names)), sizeof(section_names), 0, 0, 1, 0),
	};
	struct elf_ehdr eh = {
		.ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 }, .type = ET_REL, .machine = EM_386, .version = 1, .shoff = put(&im, sh, sizeof(sh)),
		.ehsize = sizeof(eh), .shentsize = sizeof(struct elf_shdr), .shnum = NR_S, .shstrndx = S_NAMES,
	};

	memcpy(im.b, &eh, sizeof(eh));
	return im;
}

static int asked;

static int resolve(void *arg, const char *name, u32 *addr)
{
	asked++;
	if (strcmp(name, "_printk"))
		return -ENOENT;
	*addr = 0xc0123456;
	return 0;
}

struct result {
	int error;
	struct load_info li;
	struct image_section *sections;
	u8 *block[NR_BLOCKS], *file;
};

/* All steps as the loader takes them, each piece of memory of exactly its size, so that the sanitizer sees one byte too far. */
static struct result run(const struct image *im)
{
	struct result r = { .error = -ENOEXEC };
	u32 n, at = BASE;

	r.file = malloc(im->size + 1);
	memcpy(r.file, im->b, im->size);
	n = image_section_count(r.file, im->size);
	if (!n)
		return r;
	r.sections = calloc(n, sizeof(*r.sections));
	r.error = image_check(&r.li, r.file, im->size, r.sections);
	if (r.error)
		return r;
	(void)image_modinfo(&r.li, "name", 0);
	r.error = image_layout(&r.li);
	if (r.error)
		return r;
	for (u32 b = 0; b < NR_BLOCKS; b++) {
		r.block[b] = malloc(r.li.block[b].size + 1);
		for (u32 i = 1; i < n; i++) {
			struct image_section *s = &r.sections[i];

			if (!(r.li.sh[i].flags & SHF_ALLOC) || s->block != b || !strcmp(r.li.names + r.li.sh[i].name, ".modinfo"))
				continue;
			CHECK(s->offset + r.li.sh[i].size <= r.li.block[b].size);
			s->mem = r.block[b] + s->offset;
			s->addr = at + s->offset;
		}
		at += PAGE_ALIGN(r.li.block[b].size) + PAGE_SIZE;
	}
	image_copy(&r.li);
	r.li.value = malloc(r.li.nr_sym * sizeof(u32) + 1);
	r.error = image_symbols(&r.li, resolve, NULL);
	if (!r.error)
		r.error = image_relocate(&r.li);
	return r;
}

static void done(struct result *r)
{
	free(r->file);
	free(r->sections);
	free(r->li.value);
	free(r->block[BLOCK_CORE]);
	free(r->block[BLOCK_INIT]);
}

static u32 word(const u8 *p)
{
	u32 v;

	memcpy(&v, p, 4);
	return v;
}

TEST(links_a_module)
{
	struct image im = make();
	struct result r = run(&im);

	CHECK_EQ(r.error, 0);
	if (!r.error) {
		const struct image_section *s = r.sections;

		CHECK_EQ(r.li.block[BLOCK_CORE].part_end[PART_TEXT], PAGE_SIZE);
		CHECK_EQ(r.li.block[BLOCK_CORE].part_end[PART_RODATA], 2 * PAGE_SIZE);
		CHECK_EQ(s[S_RODATA].offset, PAGE_SIZE);
		CHECK_EQ(s[S_DATA].offset, 2 * PAGE_SIZE);
		CHECK_EQ(s[S_BSS].offset, 2 * PAGE_SIZE + 32);
		CHECK_EQ(r.li.block[BLOCK_CORE].size, 2 * PAGE_SIZE + 72);
		CHECK_EQ(s[S_INIT].block, BLOCK_INIT);
		CHECK_EQ(word(s[S_TEXT].mem + 1), 0xc0123456u - 4 - (s[S_TEXT].addr + 1));
		CHECK_EQ(word(s[S_TEXT].mem + 6), s[S_DATA].addr + 4 + 4);
		CHECK_EQ(word(s[S_TEXT].mem + 11), s[S_TEXT].addr + 5 - 4 - (s[S_TEXT].addr + 11));
		CHECK(!memcmp(s[S_DATA].mem, "datadata", 8));
		CHECK_EQ(s[S_BSS].mem[39], 0);
		CHECK(!s[S_MODINFO].mem);
		CHECK_EQ(r.li.value[Y_WEAK], 0);
		CHECK_EQ(r.li.value[Y_ABS], 0x1234);
		CHECK(!strcmp(image_modinfo(&r.li, "license", 0), "GPL"));
		CHECK(!strcmp(image_modinfo(&r.li, "name", 1), "second"));
		CHECK(!image_modinfo(&r.li, "name", 2) && !image_modinfo(&r.li, "nam", 0));
	}
	done(&r);
}

TEST(asks_for_all_missing_symbols)
{
	struct image im = make();
	struct elf_shdr *sh = (struct elf_shdr *)(im.b + ((struct elf_ehdr *)im.b)->shoff);
	struct elf_sym *sym = (struct elf_sym *)(im.b + sh[S_SYMTAB].offset);
	struct result r;

	sym[Y_FN].shndx = SHN_UNDEF;
	sym[Y_ABS].shndx = SHN_UNDEF;
	asked = 0;
	r = run(&im);
	CHECK_EQ(r.error, -ENOENT);
	CHECK_EQ(asked, 3);
	done(&r);
}

TEST(checksum_notices_every_bit)
{
	struct image im = make();
	struct result r;

	add_checksum(&im);
	r = run(&im);
	CHECK_EQ(r.error, 0);
	done(&r);
	for (u32 bit = 0; bit < 8 * (im.size - 12); bit += 13) {
		im.b[bit / 8] ^= (u8)(1 << bit % 8);
		r = run(&im);
		CHECK_EQ(r.error, -ENOEXEC);
		done(&r);
		im.b[bit / 8] ^= (u8)(1 << bit % 8);
	}
}

TEST(cut_short)
{
	struct image im = make();

	for (u32 size = 0; size < im.size; size++) {
		struct image cut = im;
		struct result r;

		cut.size = size;
		r = run(&cut);
		CHECK_EQ(r.error, -ENOEXEC);
		done(&r);
	}
}

/* Fields get the values that break programs; anything else gets random bits. */
static void mutate(struct image *im)
{
	static const u32 nasty[] = { 0, 1, 2, 3, 4, 7, 0xff, 0xfff, 0x1000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff };
	u32 shoff = ((const struct elf_ehdr *)im->b)->shoff;

	for (int n = 1 + rand() % 3; n; n--) {
		u32 value = rand() % 2 ? nasty[(u32)rand() % ARRAY_SIZE(nasty)] : (u32)rand() % (2 * im->size), at;

		switch (rand() % 4) {
		case 0:
			at = shoff + 4 * ((u32)rand() % (10 * NR_S));
			break;
		case 1:
			at = (u32)rand() % 52 & ~1u;
			break;
		default:
			at = (u32)rand() % (im->size - 4);
		}
		if (at + 4 > im->size)
			continue;
		if (rand() % 3)
			memcpy(im->b + at, &value, rand() % 2 ? 4 : 2);
		else
			im->b[at] ^= (u8)(1 << rand() % 8);
	}
}

TEST(survives_random_changes)
{
	struct image good = make();
	u32 taken = 0, refused = 0, rounds = 40000 * host_test_scale();

	srand(host_test_seed());
	for (u32 i = 0; i < rounds; i++) {
		struct image im = good;
		struct result r;

		mutate(&im);
		r = run(&im);
		taken += r.error == 0;
		refused += r.error != 0;
		CHECK(r.error == 0 || r.error == -ENOEXEC || r.error == -ENOENT);
		done(&r);
	}
	CHECK(taken > rounds / 50 && refused > rounds / 3);
}

int main(void)
{
	RUN(links_a_module);
	RUN(asks_for_all_missing_symbols);
	RUN(checksum_notices_every_bit);
	RUN(cut_short);
	RUN(survives_random_changes);
	return host_test_end();
}
