/* What can be read about input devices: /proc/bus/input/{devices,handlers} and the attributes below /sys/class/input/inputN, as Linux has them. */
#include "io/char/input/input.h"
#include "io/contract/proc_file.h"
#include "kernel/lib/string.h"

/* Hexadecimal words, the highest first, without empty ones in front. */
static void show_bits(struct seq_buf *s, const u32 *bits, u32 count)
{
	u32 n = INPUT_WORDS(count);

	while (n > 1 && !bits[n - 1])
		n--;
	while (n--)
		seq_printf(s, "%x%s", bits[n], n ? " " : "");
}

/* The folder of a kobject below /sys. */
static void show_path(struct seq_buf *s, const struct kobject *k)
{
	if (!k)
		return;
	show_path(s, k->parent);
	seq_printf(s, "/%s", k->name);
}

static void show_device(struct seq_buf *s, struct input_dev *d)
{
	static const struct { u32 type; const char *name; } kinds[] = { { EV_KEY, "KEY" }, { EV_REL, "REL" }, { EV_MSC, "MSC" }, { EV_LED, "LED" } };
	struct input_handle *h;

	seq_printf(s, "I: Bus=%04x Vendor=%04x Product=%04x Version=%04x\n", d->id.bustype, d->id.vendor, d->id.product, d->id.version);
	seq_printf(s, "N: Name=\"%s\"\nP: Phys=%s\nS: Sysfs=", d->name, d->phys);
	show_path(s, &d->dev.kobj);
	seq_puts(s, "\nU: Uniq=\nH: Handlers=");
	list_for_each_entry(h, &d->handles, node)
		seq_printf(s, "%s ", h->name);
	seq_puts(s, "\nB: PROP=");
	show_bits(s, d->propbit, INPUT_PROP_CNT);
	seq_puts(s, "\nB: EV=");
	show_bits(s, d->evbit, EV_CNT);
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		u32 count;
		const u32 *bits = input_bits(d, kinds[i].type, &count);

		if (!bitmap_test(d->evbit, kinds[i].type))
			continue;
		seq_printf(s, "\nB: %s=", kinds[i].name);
		show_bits(s, bits, count);
	}
	seq_puts(s, "\n\n");
}

static int devices_show(struct seq_buf *s, void *arg)
{
	struct input_dev *d;

	mutex_lock(&input_mutex);
	list_for_each_entry(d, &input_devices, node)
		show_device(s, d);
	mutex_unlock(&input_mutex);
	return 0;
}

int input_proc_init(void)
{
	return proc_create("bus/input/devices", 0444, devices_show, NULL, NULL);
}

/* ---- /sys ---- */

static struct input_dev *dev_of(struct kobject *k)
{
	return container_of(k, struct input_dev, dev.kobj);
}

static int text_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	struct input_dev *d = dev_of(k);

	seq_printf(s, "%s\n", !strcmp(a->name, "name") ? d->name : !strcmp(a->name, "phys") ? d->phys : "");
	return 0;
}

static int properties_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	show_bits(s, dev_of(k)->propbit, INPUT_PROP_CNT);
	seq_putc(s, '\n');
	return 0;
}

static const struct kobj_attribute device_files[] = {
	{ .name = "name", .mode = 0444, .show = text_show },
	{ .name = "phys", .mode = 0444, .show = text_show },
	{ .name = "uniq", .mode = 0444, .show = text_show },
	{ .name = "properties", .mode = 0444, .show = properties_show },
};

static int id_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%04x\n", *(const u16 *)((const u8 *)&dev_of(k->parent)->id + (u32)a->arg));
	return 0;
}

static const struct kobj_attribute id_files[] = {
	{ .name = "bustype", .mode = 0444, .show = id_show, .arg = (void *)offsetof(struct input_id, bustype) },
	{ .name = "vendor", .mode = 0444, .show = id_show, .arg = (void *)offsetof(struct input_id, vendor) },
	{ .name = "product", .mode = 0444, .show = id_show, .arg = (void *)offsetof(struct input_id, product) },
	{ .name = "version", .mode = 0444, .show = id_show, .arg = (void *)offsetof(struct input_id, version) },
};

static int capabilities_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	static const u32 none;
	u32 count = 1;
	const u32 *bits = input_bits(dev_of(k->parent), (u32)a->arg, &count);

	show_bits(s, bits ? bits : &none, count);
	seq_putc(s, '\n');
	return 0;
}

static const struct kobj_attribute capability_files[] = {
	{ .name = "ev", .mode = 0444, .show = capabilities_show, .arg = (void *)0 },
	{ .name = "key", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_KEY },
	{ .name = "rel", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_REL },
	{ .name = "abs", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_ABS },
	{ .name = "msc", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_MSC },
	{ .name = "led", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_LED },
	{ .name = "snd", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_SND },
	{ .name = "ff", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_FF },
	{ .name = "sw", .mode = 0444, .show = capabilities_show, .arg = (void *)EV_SW },
};

static const struct {
	const char *name;
	const struct kobj_attribute *files;
	u32 nr;
} folders[] = {
	{ "id", id_files, ARRAY_SIZE(id_files) },
	{ "capabilities", capability_files, ARRAY_SIZE(capability_files) },
};

/* The device keeps the reference to each folder until input_remove_files. */
int input_add_files(struct input_dev *d)
{
	int error = sysfs_add_files(&d->dev.kobj, device_files, ARRAY_SIZE(device_files));

	for (u32 i = 0; i < ARRAY_SIZE(folders) && !error; i++) {
		struct kobject *k = kobject_create(folders[i].name, &d->dev.kobj);

		if (!k)
			return -ENOMEM;
		error = sysfs_add_files(k, folders[i].files, folders[i].nr);
		d->folders[i] = k;
	}
	return error;
}

void input_remove_files(struct input_dev *d)
{
	for (u32 i = 0; i < ARRAY_SIZE(folders); i++)
		if (d->folders[i])
			kobject_put(d->folders[i]);
}
