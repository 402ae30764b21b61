/*
 * Loading and unloading modules. The file is checked and linked by image_check.c and image_link.c; here memory is found for it, what the
 * kernel wants to know is taken from its sections, its parameters are set, and its init runs. When a step fails, all before it is undone.
 *
 * Sections with a meaning: .gnu.linkonce.this_module (the struct module), .modinfo (name, vermagic, license ...; not loaded), .ksymtab
 * (exported symbols), .kparam (parameters), .init.* (thrown away after init).
 */
#include "kernel/module/load.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/multiboot.h"
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "kernel/module/redzone.h"
#include "kernel/module/vermagic.h"
#include "mm/alloc.h"
#include "mm/vmalloc.h"

static const char unnamed[] = "module";

/* ---- memory ---- */

static void free_block(struct module_block *b)
{
	if (!b->base)
		return;
	vmalloc_set_readonly(b->base, b->ro_size, false);
	vfree(b->base);
	*b = (struct module_block){ 0 };
}

static int alloc_block(struct module_block *b, const struct image_block_size *size)
{
	*b = (struct module_block){ 0 };
	if (!size->size)
		return 0;
	b->base = vmalloc(size->size + 1); /* what is read as a string ends inside */
	if (!b->base)
		return -ENOMEM;
	memset(b->base, 0, size->size + 1);
	b->size = size->size;
	b->text_size = size->part_end[PART_TEXT];
	b->ro_size = size->part_end[PART_RODATA];
	return 0;
}

/* Where the sections of the file go, now that the blocks are there. */
static void place_sections(struct load_info *li, const struct module_block *blocks)
{
	for (u32 i = 1; i < li->eh->shnum; i++) {
		struct image_section *s = &li->section[i];

		if (!(li->sh[i].flags & SHF_ALLOC) || !blocks[s->block].base || !strcmp(li->names + li->sh[i].name, ".modinfo"))
			continue;
		s->mem = blocks[s->block].base + s->offset;
		s->addr = (u32)s->mem;
	}
}

/* ---- what the kernel wants to know ---- */

static bool is_gpl(const char *license)
{
	static const char *const good[] = { "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL" };

	for (u32 i = 0; license && i < ARRAY_SIZE(good); i++)
		if (!strcmp(license, good[i]))
			return true;
	return false;
}

static int check_modinfo(const struct load_info *li, const char *name)
{
	const char *magic = image_modinfo(li, "vermagic", 0);

	if (!magic || strcmp(magic, MODULE_VERMAGIC)) {
		pr_err("%s: version magic '%s' should be '%s'\n", name, magic ? magic : "", MODULE_VERMAGIC);
		return -ENOEXEC;
	}
	if (!image_modinfo(li, "license", 0))
		pr_notice("%s: no MODULE_LICENSE: symbols exported for GPL modules are not for it\n", name);
	return 0;
}

/* A section that is an array of entries of this size: its address and their number. 0 or -ENOEXEC. */
static int array_section(const struct load_info *li, const char *name, u32 entry, const void **start, u32 *n)
{
	u32 i = image_find(li, name);

	*start = NULL;
	*n = 0;
	if (!i)
		return 0;
	if (!li->section[i].mem || li->section[i].block != BLOCK_CORE || li->sh[i].size % entry)
		return -ENOEXEC;
	*start = li->section[i].mem;
	*n = li->sh[i].size / entry;
	return 0;
}

static bool name_ok(const char *name)
{
	size_t n = strnlen(name, MODULE_NAME_LEN);

	if (!n || n >= MODULE_NAME_LEN)
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9') || *name == '_' ||
		      *name == '-'))
			return false;
	return true;
}

/* The struct module inside the module's own data, set up. NULL: there is none. */
static struct module *module_in(struct load_info *li, const struct module_block *blocks)
{
	u32 i = image_find(li, ".gnu.linkonce.this_module");
	const struct module *given;
	struct module *m;

	if (!i || !li->section[i].mem || li->section[i].block != BLOCK_CORE || li->sh[i].size != sizeof(*m) || li->sh[i].type == SHT_NOBITS ||
	    li->sh[i].addralign < 4)
		return NULL;
	m = (struct module *)li->section[i].mem;
	given = m;
	if (!name_ok(given->name))
		return NULL;
	memset(m->name + MODULE_NAME_LEN, 0, sizeof(*m) - MODULE_NAME_LEN);
	m->state = MODULE_COMING;
	atomic_set(&m->refs, 1);
	m->core = blocks[BLOCK_CORE];
	m->init_block = blocks[BLOCK_INIT];
	m->gpl = is_gpl(image_modinfo(li, "license", 0));
	INIT_LIST_HEAD(&m->list);
	INIT_LIST_HEAD(&m->uses);
	INIT_LIST_HEAD(&m->users);
	return m;
}

static bool points_to_code(const struct module *m, const void *fn)
{
	u32 addr = (u32)fn;

	return !fn || addr - (u32)m->core.base < m->core.text_size || addr - (u32)m->init_block.base < m->init_block.text_size;
}

static bool in_core(const struct module *m, const void *p)
{
	return (u32)p - (u32)m->core.base < m->core.size;
}

/* Names and operations of the tables lie where they should: in the module, operations also in the kernel. */
static bool tables_ok(const struct module *m)
{
	for (u32 i = 0; i < m->nr_exports; i++)
		if (!in_core(m, m->exports[i].name))
			return false;
	for (u32 i = 0; i < m->nr_params; i++) {
		const struct kernel_param *p = &m->params[i];
		bool in_kernel = (const u8 *)p->ops >= __rodata_start && (const u8 *)p->ops < __rodata_end;

		if (!in_core(m, p->name) || strchr(p->name, '/') || !in_core(m, p->arg) || ((u32)p->ops & 3) || !(in_kernel || in_core(m, p->ops)))
			return false;
	}
	return true;
}

/* Those of the part that is thrown away come last, so that they can be forgotten. */
static int keep_sections(struct module *m, const struct load_info *li)
{
	u32 n = 0, bytes = 0;
	char *names;

	for (u32 i = 1; i < li->eh->shnum; i++)
		if (li->section[i].mem) {
			n++;
			bytes += (u32)strlen(li->names + li->sh[i].name) + 1;
		}
	m->sections = kmalloc(n * sizeof(*m->sections) + bytes, GFP_KERNEL);
	if (!m->sections)
		return -ENOMEM;
	names = (char *)(m->sections + n);
	for (u32 block = 0; block < NR_BLOCKS; block++)
		for (u32 i = 1; i < li->eh->shnum; i++) {
			const struct image_section *s = &li->section[i];

			if (!s->mem || s->block != block)
				continue;
			u32 len = (u32)strlen(li->names + li->sh[i].name) + 1;
			memcpy(names, li->names + li->sh[i].name, len);
			m->sections[m->nr_sections++] = (struct module_section){ names, s->addr, li->sh[i].size };
			names += len;
		}
	return 0;
}

static int take_tables(struct module *m, const struct load_info *li)
{
	const void *exports, *params;
	const char *version = image_modinfo(li, "version", 0);
	int error = array_section(li, ".ksymtab", sizeof(*m->exports), &exports, &m->nr_exports);

	if (!error)
		error = array_section(li, ".kparam", sizeof(*m->params), &params, &m->nr_params);
	if (error || !points_to_code(m, m->init) || !points_to_code(m, m->exit)) {
		m->nr_params = m->nr_exports = 0;
		return -ENOEXEC;
	}
	m->exports = exports;
	m->params = params;
	if (!tables_ok(m)) {
		m->nr_params = m->nr_exports = 0;
		return -ENOEXEC;
	}
	if (version && !(m->version = kstrdup(version, GFP_KERNEL)))
		return -ENOMEM;
	error = keep_sections(m, li);
	return error ? error : module_add_symbols(m, li);
}

/* ---- coming and going ---- */

/* The last thing: m lies in the memory that goes. */
static void free_module(struct module *m)
{
	struct module_block core = m->core, init = m->init_block;

	module_free_params(m);
	module_drop_uses(m);
#ifdef CONFIG_DEBUG
	redzones_free(m);
#endif
	kfree(m->sections);
	kfree(m->symbols);
	kfree(m->symbol_names);
	kfree(m->version);
	free_block(&init);
	free_block(&core);
}

static int resolve(void *arg, const char *name, u32 *addr)
{
	return module_resolve(arg, name, addr);
}

static int enter_list(struct module *m)
{
	int error = 0;

	spin_lock(&module_lock);
	if (module_find(m->name))
		error = -EEXIST;
	else
		list_add_tail(&m->list, &modules);
	spin_unlock(&module_lock);
	return error;
}

static void leave_list(struct module *m)
{
	spin_lock(&module_lock);
	list_del_init(&m->list);
	spin_unlock(&module_lock);
}

/* Symbols, then relocations; of struct module itself these may fill in init and exit, and nothing else. */
static int link_module(struct module *m, struct load_info *li)
{
	int error = image_symbols(li, resolve, m);
	struct module mine = *m;

	if (!error)
		error = image_relocate(li);
	mine.init = m->init;
	mine.exit = m->exit;
	*m = mine;
	return error;
}

/* From the checked file to a module in memory, not yet known to anybody. ERR_PTR. */
static struct module *make_module(struct load_info *li, const char *name)
{
	struct module_block blocks[NR_BLOCKS] = { { 0 } };
	struct module *m = NULL;
	int error = image_layout(li);

	for (u32 i = 0; i < NR_BLOCKS && !error; i++)
		error = alloc_block(&blocks[i], &li->block[i]);
	if (!error) {
		place_sections(li, blocks);
		image_copy(li);
		m = module_in(li, blocks);
		if (!m) {
			li->wrong = "it has no valid struct module (was it made by make module?)";
			error = -ENOEXEC;
		}
	}
	if (!m) {
		free_block(&blocks[BLOCK_INIT]);
		free_block(&blocks[BLOCK_CORE]);
		return ERR_PTR(error);
	}
	error = link_module(m, li);
	if (!error)
		error = take_tables(m, li);
	if (!error)
		return m;
	free_module(m);
	return ERR_PTR(error);
}

/* The compiler's own, of the debug build. */
static void run_constructors(struct module *m)
{
#ifdef CONFIG_DEBUG
	for (u32 i = 0; i < m->nr_sections; i++) {
		void (**fn)(void) = (void (**)(void))m->sections[i].addr;

		if (!strcmp(m->sections[i].name, ".init_array"))
			for (u32 n = m->sections[i].size / sizeof(*fn); n; n--)
				(*fn++)();
	}
#endif
}

/* Where gdb stops to read a new module's symbols (tools/gdb). */
static noinline void module_loaded(struct module *m)
{
	__asm__ volatile("" : : "r"(m) : "memory");
}

static void protect(const struct module *m, bool on)
{
	vmalloc_set_readonly(m->core.base, m->core.ro_size, on);
	if (m->init_block.base)
		vmalloc_set_readonly(m->init_block.base, m->init_block.ro_size, on);
}

static int run_init(struct module *m)
{
	run_constructors(m);
	int error = m->init ? m->init() : 0;

	if (error > 0) {
		pr_warn("%s: init returned %d; 0 or a negative errno was wanted\n", m->name, error);
		error = 0;
	}
	return error;
}

static void set_state(struct module *m, enum module_state state)
{
	spin_lock(&module_lock);
	m->state = state;
	spin_unlock(&module_lock);
}

/* Known, with parameters and files, its init run. On an error it is as if it had never been there. */
static int start_module(struct module *m, char *args)
{
	struct module_block init;
	int error = enter_list(m);

	if (error) {
		free_module(m);
		return error;
	}
	error = module_parse_args(m, args);
	if (!error)
		error = module_sysfs_add(m);
	if (!error) {
		protect(m, true);
		module_loaded(m);
		error = run_init(m);
	}
	if (error) {
		set_state(m, MODULE_GOING);
		module_sysfs_remove(m);
		leave_list(m);
		if (atomic_read(&m->refs) != 1) { /* its own mistake: what it registered is still in use */
			pr_err("%s: init failed, but the module is in use: its memory stays\n", m->name);
		} else {
			module_reap(m);
			free_module(m);
		}
		return error;
	}
	init = m->init_block;
	spin_lock(&module_lock);
	while (m->nr_sections && m->sections[m->nr_sections - 1].addr - (u32)init.base < init.size)
		m->nr_sections--;
	m->init_block = (struct module_block){ 0 };
	m->state = MODULE_LIVE;
	spin_unlock(&module_lock);
	free_block(&init);
	return 0;
}

static long load_checked(struct load_info *li, char *args)
{
	const char *name = image_modinfo(li, "name", 0);
	int error = check_modinfo(li, name && name_ok(name) ? name : unnamed);
	struct module *m;

	if (error)
		return error;
	li->value = kmalloc(max(li->nr_sym, 1u) * sizeof(*li->value), GFP_KERNEL);
	if (!li->value)
		return -ENOMEM;
	m = make_module(li, name);
	kfree(li->value);
	return IS_ERR(m) ? PTR_ERR(m) : start_module(m, args);
}

long module_load(const u8 *file, u32 size, char *args)
{
	struct load_info li = { .wrong = "it is no relocatable ELF object for i386" };
	u32 n = image_section_count(file, size);
	struct image_section *sections = n ? kzalloc(n * sizeof(*sections), GFP_KERNEL) : NULL;
	long error = n ? -ENOMEM : -ENOEXEC;

	if (sections) {
		error = image_check(&li, file, size, sections);
		if (!error)
			error = load_checked(&li, args);
	}
	if (error == -ENOEXEC && li.wrong)
		pr_err("module: not loaded: %s%s%s\n", li.wrong, li.subject ? ": " : "", li.subject ? li.subject : "");
	kfree(sections);
	return error;
}

/* Nobody gets a reference from here on. 0 or -errno. */
static int begin_unload(struct module *m)
{
	if (!list_empty(&m->users))
		return -EWOULDBLOCK;
	if (m->state != MODULE_LIVE || (m->init && !m->exit))
		return -EBUSY;
	if (!__sync_bool_compare_and_swap(&m->refs.v, 1, 0))
		return -EBUSY;
	m->state = MODULE_GOING;
	return 0;
}

long module_unload(const char *name)
{
	struct module *m;
	int error;

	spin_lock(&module_lock);
	m = module_find(name);
	error = m ? begin_unload(m) : -ENOENT;
	spin_unlock(&module_lock);
	if (error)
		return error;
	if (m->exit)
		m->exit();
	module_sysfs_remove(m);
	leave_list(m);
	module_reap(m);
	free_module(m);
	return 0;
}
