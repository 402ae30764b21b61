/*
 * /sys/module/NAME: initstate, refcnt, coresize, initsize, taint, version; parameters/ with a file for each parameter that has a mode;
 * sections/ with the address of each section, for debuggers; holders/ with links to the modules that use it; drivers/ with links to its drivers.
 */
#include "io/contract/device.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "kernel/uapi/errno.h"
#include "mm/alloc.h"

struct module_sysfs {
	struct kobject kobj;
	struct module *module;
	struct kobject *parameters, *sections, *holders, *drivers;
	bool told;                    /* its "add" event was sent */
	struct kobj_attribute *attrs; /* of parameters and sections */
};

static struct kobject *top; /* /sys/module */

static struct module *module_of(struct kobject *k)
{
	return container_of(k, struct module_sysfs, kobj)->module;
}

static int show_initstate(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	static const char *const states[] = { [MODULE_LIVE] = "live", [MODULE_COMING] = "coming", [MODULE_GOING] = "going" };

	seq_printf(s, "%s\n", states[module_of(k)->state]);
	return 0;
}

static int show_refcnt(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%d\n", module_refcount(module_of(k)));
	return 0;
}

static int show_coresize(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", module_of(k)->core.size);
	return 0;
}

static int show_initsize(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", module_of(k)->init_block.size);
	return 0;
}

static int show_version(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%s\n", module_of(k)->version);
	return 0;
}

static const struct kobj_attribute plain[] = {
	{ .name = "initstate", .mode = 0444, .show = show_initstate },
	{ .name = "refcnt", .mode = 0444, .show = show_refcnt },
	{ .name = "coresize", .mode = 0444, .show = show_coresize },
	{ .name = "initsize", .mode = 0444, .show = show_initsize },
};
static const struct kobj_attribute version_attr = { .name = "version", .mode = 0444, .show = show_version };

/* ---- parameters ---- */

static int show_param(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct kernel_param *p = a->arg;
	char *text;
	int n;

	if (!p->ops->get)
		return -EPERM;
	text = kmalloc(PARAM_TEXT_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	mutex_lock(&param_lock);
	n = p->ops->get(text, p);
	mutex_unlock(&param_lock);
	if (n > 0) {
		n = min(n, (int)PARAM_TEXT_MAX);
		seq_write(s, text, (size_t)n);
		if (text[n - 1] != '\n')
			seq_putc(s, '\n');
	}
	kfree(text);
	return min(n, 0);
}

/* The newline that echo appends is not part of the value. */
static ssize_t store_param(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	const struct kernel_param *p = a->arg;
	char *value;
	int error;

	if (!p->ops->set)
		return -EPERM;
	value = kstrndup(text, len && text[len - 1] == '\n' ? len - 1 : len, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	mutex_lock(&param_lock);
	error = p->ops->set(value, p);
	mutex_unlock(&param_lock);
	kfree(value);
	return error ? error : (ssize_t)len;
}

static int add_params(struct module *m, struct module_sysfs *sys, struct kobj_attribute *a)
{
	int error = 0;

	for (u32 i = 0; i < m->nr_params && !error; i++) {
		const struct kernel_param *p = &m->params[i];

		if (!p->perm)
			continue;
		if (!sys->parameters && !(sys->parameters = kobject_create("parameters", &sys->kobj)))
			return -ENOMEM;
		a[i] = (struct kobj_attribute){ .name = p->name, .mode = p->perm & 0777, .show = show_param, .store = store_param, .arg = (void *)p };
		error = sysfs_add_file(sys->parameters, &a[i]);
	}
	return error;
}

/* ---- sections ---- */

static int show_section(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "0x%08x\n", ((const struct module_section *)a->arg)->addr);
	return 0;
}

static int add_sections(struct module *m, struct module_sysfs *sys, struct kobj_attribute *a)
{
	int error = 0;

	sys->sections = kobject_create("sections", &sys->kobj);
	if (!sys->sections)
		return -ENOMEM;
	for (u32 i = 0; i < m->nr_sections && !error; i++) {
		struct module_section *sec = &m->sections[i];

		if (!sec->size || sec->addr - (u32)m->init_block.base < m->init_block.size)
			continue;
		a[i] = (struct kobj_attribute){ .name = sec->name, .mode = 0400, .show = show_section, .arg = sec };
		error = sysfs_add_file(sys->sections, &a[i]);
	}
	return error;
}

/* ---- holders ---- */

static int add_holder_links(struct module *m)
{
	struct module_use *u;
	int error = 0;

	/* The list is this module's own until it is live. */
	list_for_each_entry(u, &m->uses, user_node)
		if (!error && u->used->sysfs)
			error = sysfs_add_link(u->used->sysfs->holders, m->name, &m->sysfs->kobj);
	return error;
}

static void remove_holder_links(struct module *m)
{
	struct module_use *u;

	list_for_each_entry(u, &m->uses, user_node)
		if (u->used->sysfs)
			sysfs_remove_link(u->used->sysfs->holders, m->name);
}

/* ---- drivers ---- */

static void driver_link_name(char name[64], const struct kobject *drv, const char *bus)
{
	ksnprintf(name, 64, "%s:%s", bus, drv->name);
}

int module_add_driver(struct module *m, struct kobject *drv, const char *bus)
{
	struct module_sysfs *sys = m->sysfs;
	char name[64];
	int error;

	if (!sys)
		return 0;
	if (!sys->drivers && !(sys->drivers = kobject_create("drivers", &sys->kobj)))
		return -ENOMEM;
	driver_link_name(name, drv, bus);
	error = sysfs_add_link(sys->drivers, name, drv);
	return error ? error : sysfs_add_link(drv, "module", &sys->kobj);
}

void module_remove_driver(struct module *m, struct kobject *drv, const char *bus)
{
	char name[64];

	if (!m->sysfs || !m->sysfs->drivers)
		return;
	driver_link_name(name, drv, bus);
	sysfs_remove_link(m->sysfs->drivers, name);
	sysfs_remove_link(drv, "module");
}

/* ---- the folder ---- */

static const char *subsystem(struct kobject *k)
{
	return "module";
}
static const struct kobj_uevent_ops uevent_ops = { .subsystem = subsystem };

static void release(struct kobject *k)
{
	struct module_sysfs *sys = container_of(k, struct module_sysfs, kobj);

	kfree(sys->attrs);
	kfree(sys);
}

static int fill(struct module *m, struct module_sysfs *sys)
{
	int error = sysfs_add_files(&sys->kobj, plain, ARRAY_SIZE(plain));

	if (!error)
		error = sysfs_add_file(&sys->kobj, &uevent_store_attr);
	if (!error && m->version)
		error = sysfs_add_file(&sys->kobj, &version_attr);
	sys->holders = kobject_create("holders", &sys->kobj);
	if (!error && !sys->holders)
		error = -ENOMEM;
	if (!error)
		error = add_params(m, sys, sys->attrs);
	if (!error)
		error = add_sections(m, sys, sys->attrs + m->nr_params);
	return error ? error : add_holder_links(m);
}

int module_sysfs_add(struct module *m)
{
	struct module_sysfs *sys = kzalloc(sizeof(*sys), GFP_KERNEL);
	int error;

	if (!sys)
		return -ENOMEM;
	kobject_init(&sys->kobj, release);
	sys->kobj.uevent = &uevent_ops;
	sys->module = m;
	sys->attrs = kzalloc((m->nr_params + m->nr_sections) * sizeof(*sys->attrs) + 1, GFP_KERNEL);
	error = sys->attrs ? kobject_add(&sys->kobj, top, "%s", m->name) : -ENOMEM;
	if (error) {
		kobject_put(&sys->kobj);
		return error;
	}
	m->sysfs = sys;
	error = fill(m, sys);
	if (error)
		module_sysfs_remove(m);
	else
		kobject_uevent(&sys->kobj, UEVENT_ADD);
	sys->told = !error;
	return error;
}

static void remove_folder(struct kobject *k)
{
	if (!k)
		return;
	kobject_del(k);
	kobject_put(k);
}

void module_sysfs_remove(struct module *m)
{
	struct module_sysfs *sys = m->sysfs;

	if (!sys)
		return;
	remove_holder_links(m);
	remove_folder(sys->drivers);
	remove_folder(sys->parameters);
	remove_folder(sys->sections);
	remove_folder(sys->holders);
	if (sys->told)
		kobject_uevent(&sys->kobj, UEVENT_REMOVE);
	m->sysfs = NULL;
	kobject_del(&sys->kobj);
	kobject_put(&sys->kobj);
}

int module_sysfs_init(void)
{
	top = kobject_create("module", NULL);
	return top ? 0 : -ENOMEM;
}
