/* The list of modules: references, exported symbols and who uses whose, /proc/modules. Interface: kernel/module/module.h. */
#include "kernel/module/module.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "kernel/sched/cred.h"
#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"

DEFINE_SPINLOCK(module_lock, RANK_FILES);
LIST_HEAD(modules);

extern const struct kernel_symbol __ksymtab_start[], __ksymtab_end[]; /* linker.ld */

bool try_module_get(struct module *m)
{
	return !m || atomic_inc_not_zero(&m->refs);
}

void module_put(struct module *m)
{
	if (m && atomic_dec_and_test(&m->refs))
		panic("module %s: put more often than got", m->name);
}

int module_refcount(const struct module *m)
{
	return atomic_read(&m->refs) - 1;
}

struct module *module_find(const char *name)
{
	struct module *m;

	list_for_each_entry(m, &modules, list)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

/* ---- what is left behind ---- */

static LIST_HEAD(reapers); /* grows at boot only */

void module_reaper_register(struct module_reaper *r)
{
	list_add_tail(&r->node, &reapers);
}

void module_reap(const struct module *m)
{
	struct module_reaper *r;

	list_for_each_entry(r, &reapers, node) {
		u32 n = r->reap((u32)m->core.base, m->core.size);

		if (n)
			pr_err("%s: left %u %s behind: taken away\n", m->name, n, r->what);
	}
}

/* ---- symbols ---- */

static const struct kernel_symbol *find_in(const struct kernel_symbol *from, const struct kernel_symbol *end, const char *name)
{
	for (; from < end; from++)
		if (!strcmp(from->name, name))
			return from;
	return NULL;
}

/* m uses a symbol of `used`, which stays as long as m. module_lock held; use becomes the link, or is left if there is one. */
static bool add_use(struct module *m, struct module *used, struct module_use **use)
{
	struct module_use *u;

	list_for_each_entry(u, &m->uses, user_node)
		if (u->used == used)
			return true;
	if (used->state != MODULE_LIVE || !try_module_get(used))
		return false;
	u = *use;
	*use = NULL;
	u->user = m;
	u->used = used;
	list_add_tail(&u->user_node, &m->uses);
	list_add_tail(&u->used_node, &used->users);
	return true;
}

/* Look in the other modules. use: room for a link. */
static const struct kernel_symbol *find_in_modules(struct module *m, const char *name, struct module_use **use)
{
	const struct kernel_symbol *s = NULL;
	struct module *o;

	spin_lock(&module_lock);
	list_for_each_entry(o, &modules, list) {
		s = find_in(o->exports, o->exports + o->nr_exports, name);
		if (s && !add_use(m, o, use))
			s = NULL;
		if (s)
			break;
	}
	spin_unlock(&module_lock);
	return s;
}

int module_resolve(struct module *m, const char *name, u32 *addr)
{
	const struct kernel_symbol *s = find_in(__ksymtab_start, __ksymtab_end, name);

	if (!s) {
		struct module_use *use = kmalloc(sizeof(*use), GFP_KERNEL);

		if (!use)
			return -ENOMEM;
		s = find_in_modules(m, name, &use);
		kfree(use);
	}
	if (!s) {
		pr_warn("%s: Unknown symbol %s (err %d)\n", m->name, name, -ENOENT);
		return -ENOENT;
	}
	if (s->gpl_only && !m->gpl) {
		pr_warn("%s: %s is for modules under a GPL-compatible licence only (MODULE_LICENSE)\n", m->name, name);
		return -ENOENT;
	}
	*addr = (u32)s->value;
	return 0;
}

void module_drop_uses(struct module *m)
{
	struct module_use *u, *next;
	LIST_HEAD(gone);

	spin_lock(&module_lock);
	list_for_each_entry_safe(u, next, &m->uses, user_node) {
		list_unlink(&u->used_node);
		list_move_tail(&u->user_node, &gone);
		module_put(u->used);
	}
	spin_unlock(&module_lock);
	list_for_each_entry_safe(u, next, &gone, user_node)
		kfree(u);
}

/* ---- /proc/modules ---- */

static void show_users(struct seq_buf *s, const struct module *m)
{
	struct module_use *u;

	list_for_each_entry(u, &m->users, used_node)
		seq_printf(s, "%s,", u->user->name);
	if (m->init && !m->exit)
		seq_puts(s, "[permanent],");
	else if (list_empty(&m->users))
		seq_putc(s, '-');
}

/* Linux's format; addresses are for root. */
static int show_modules(struct seq_buf *s, void *arg)
{
	static const char *const states[] = { [MODULE_LIVE] = "Live", [MODULE_COMING] = "Loading", [MODULE_GOING] = "Unloading" };
	bool addresses = capable();
	struct module *m;

	spin_lock(&module_lock);
	list_for_each_entry_reverse(m, &modules, list) {
		seq_printf(s, "%s %u %d ", m->name, m->core.size + m->init_block.size, max(module_refcount(m), 0));
		show_users(s, m);
		seq_printf(s, " %s 0x%08x\n", states[m->state], addresses ? (u32)m->core.base : 0);
	}
	spin_unlock(&module_lock);
	return 0;
}

int modules_init(void)
{
	int error = proc_create("modules", 0444, show_modules, NULL, NULL);

	return error ? error : module_sysfs_init();
}
