/*
 * Names for the addresses of modules: which function of which module. The table is made from the file's symbols when the module is loaded.
 * Lookups take no lock: they run in panics and interrupts. With one CPU nobody takes a module away meanwhile.
 */
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "mm/alloc.h"

static bool is_core_function(const struct load_info *li, const struct elf_sym *s)
{
	const struct image_section *sec;

	if (SYM_TYPE(s) != STT_FUNC || s->shndx == SHN_UNDEF || s->shndx >= li->eh->shnum)
		return false;
	sec = &li->section[s->shndx];
	return sec->mem && sec->block == BLOCK_CORE && sec->part == PART_TEXT;
}

/* By address; shell sort (Knuth's gaps). */
static void sort(struct module_symbol *s, u32 n)
{
	u32 gap = 1;

	while (gap < n / 3)
		gap = gap * 3 + 1;
	for (; gap; gap /= 3)
		for (u32 i = gap; i < n; i++) {
			struct module_symbol moved = s[i];
			u32 at = i;

			for (; at >= gap && s[at - gap].addr > moved.addr; at -= gap)
				s[at] = s[at - gap];
			s[at] = moved;
		}
}

int module_add_symbols(struct module *m, const struct load_info *li)
{
	u32 n = 0, bytes = 0;

	for (u32 i = 1; i < li->nr_sym; i++)
		if (is_core_function(li, &li->sym[i])) {
			n++;
			bytes += (u32)strlen(li->strings + li->sym[i].name) + 1;
		}
	if (!n)
		return 0;
	m->symbols = kmalloc(n * sizeof(*m->symbols), GFP_KERNEL);
	m->symbol_names = kmalloc(bytes, GFP_KERNEL);
	if (!m->symbols || !m->symbol_names)
		return -ENOMEM;
	bytes = 0;
	for (u32 i = 1; i < li->nr_sym; i++) {
		const struct elf_sym *s = &li->sym[i];

		if (!is_core_function(li, s))
			continue;
		u32 len = (u32)strlen(li->strings + s->name) + 1;
		m->symbols[m->nr_symbols++] = (struct module_symbol){ li->value[i], s->size, bytes };
		memcpy(m->symbol_names + bytes, li->strings + s->name, len);
		bytes += len;
	}
	sort(m->symbols, m->nr_symbols);
	return 0;
}

static bool in_text(const struct module_block *b, u32 addr)
{
	return addr - (u32)b->base < b->text_size;
}

static struct module *module_of(u32 addr)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (in_text(&m->core, addr) || in_text(&m->init_block, addr))
			return m;
	return NULL;
}

bool module_text_address(u32 addr)
{
	return module_of(addr) != NULL;
}

const char *module_symbol_lookup(u32 addr, u32 *offset, u32 *size, const char **module)
{
	const struct module *m = module_of(addr);
	u32 lo = 0, hi;

	if (!m)
		return NULL;
	*module = m->name;
	hi = m->nr_symbols;
	if (!hi || in_text(&m->init_block, addr) || addr < m->symbols[0].addr) { /* no name: say at least whose it is */
		const struct module_block *b = in_text(&m->core, addr) ? &m->core : &m->init_block;

		*offset = addr - (u32)b->base;
		*size = b->text_size;
		return b == &m->core ? "text" : "init text";
	}
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (m->symbols[mid].addr <= addr)
			lo = mid;
		else
			hi = mid;
	}
	*offset = addr - m->symbols[lo].addr;
	*size = m->symbols[lo].size;
	return m->symbol_names + m->symbols[lo].name;
}
