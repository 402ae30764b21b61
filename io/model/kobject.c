/* Kernel objects: a name, a parent, a reference count, a folder in /sys (io/contract/device.h). */
#include "io/fs/sys/sysfs.h"
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

void kobject_init(struct kobject *k, void (*release)(struct kobject *))
{
	*k = (struct kobject){ .refs = ATOMIC_INIT(1), .release = release };
}

struct kobject *kobject_get(struct kobject *k)
{
	ASSERT(atomic_read(&k->refs) > 0);
	atomic_inc(&k->refs);
	return k;
}

void kobject_put(struct kobject *k)
{
	if (!atomic_dec_and_test(&k->refs))
		return;
	kobject_del(k);
	if (k->release)
		k->release(k);
}

int kobject_set_name_va(struct kobject *k, const char *fmt, va_list ap)
{
	int len = kvsnprintf(k->name, sizeof(k->name), fmt, ap);

	if (len <= 0)
		return -EINVAL;
	if ((size_t)len >= sizeof(k->name))
		return -ENAMETOOLONG;
	for (char *c = k->name; (c = strchr(c, '/'));) /* a node may lie in a folder of /dev; its name here is one name */
		*c = '!';
	return 0;
}

/* name_fmt NULL: it has its name already. */
int kobject_add_va(struct kobject *k, struct kobject *parent, const char *name_fmt, va_list ap)
{
	int error = name_fmt ? kobject_set_name_va(k, name_fmt, ap) : k->name[0] ? 0 : -EINVAL;

	if (error)
		return error;
	k->parent = parent ? kobject_get(parent) : NULL;
	error = sysfs_make_dir(k);
	if (error && parent) {
		k->parent = NULL;
		kobject_put(parent);
	}
	return error;
}

int kobject_add(struct kobject *k, struct kobject *parent, const char *name_fmt, ...)
{
	va_list ap;
	int error;

	va_start(ap, name_fmt);
	error = kobject_add_va(k, parent, name_fmt, ap);
	va_end(ap);
	return error;
}

const char *kobject_path(struct kobject *k, char *buf, size_t size)
{
	size_t need = 0;
	char *at;

	if (!k->sysfs)
		return NULL;
	for (struct kobject *o = k; o; o = o->parent)
		need += 1 + strlen(o->name);
	if (need >= size)
		return NULL;
	at = buf + need;
	*at = '\0';
	for (struct kobject *o = k; o; o = o->parent) {
		size_t n = strlen(o->name);

		at -= n;
		memcpy(at, o->name, n);
		*--at = '/';
	}
	return buf;
}

void kobject_del(struct kobject *k)
{
	struct kobject *parent = k->parent;

	if (!k->sysfs)
		return;
	sysfs_remove_dir(k);
	k->parent = NULL;
	if (parent)
		kobject_put(parent);
}

static void folder_release(struct kobject *k)
{
	kfree(k);
}

struct kobject *kobject_create(const char *name, struct kobject *parent)
{
	for (;;) {
		struct kobject *k = sysfs_find_dir(parent, name);
		int error;

		if (k == ERR_PTR(-EEXIST))
			return NULL;
		if (k == ERR_PTR(-EAGAIN)) { /* its last user is just taking it away */
			yield_cpu();
			continue;
		}
		if (k) {
			if (k->release == folder_release)
				return k;
			kobject_put(k);
			return NULL;
		}
		k = kmalloc(sizeof(*k), GFP_KERNEL);
		if (!k)
			return NULL;
		kobject_init(k, folder_release);
		error = kobject_add(k, parent, "%s", name);
		if (!error)
			return k;
		kobject_put(k);
		if (error != -EEXIST)
			return NULL;
	}
}
