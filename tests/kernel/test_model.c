/* The device model: probe and remove, names taken twice, failing probes, folders and links coming and going, reference counts. */
#include "io/contract/device.h"
#include "io/fs/sys/sysfs.h"
#include "tests/kernel/ktest.h"

static u32 probes, removes, releases;
static int probe_answer;

static int test_probe(struct device *d)
{
	probes++;
	return probe_answer;
}

static void test_remove(struct device *d)
{
	removes++;
}

static void test_release(struct device *d)
{
	releases++;
}

static struct bus_type bus = { .name = "ktest" };
static struct device_driver driver = { .name = "thing", .bus = &bus, .probe = test_probe, .remove = test_remove };

/* The bus stays for good: buses are not unregistered. */
static bool set_up(void)
{
	static bool registered;

	probes = removes = releases = 0;
	probe_answer = 0;
	if (!registered)
		registered = !bus_register(&bus);
	return registered;
}

static void device_make(struct device *d)
{
	device_init(d);
	d->bus = &bus;
	d->release = test_release;
}

/* Is there an entry of this name in k's folder? */
static bool has(struct kobject *k, const char *name)
{
	struct sysfs_node *n = k->sysfs ? sysfs_find_child(k->sysfs, name, (u32)strlen(name)) : NULL;

	if (n)
		sysfs_put(n);
	return n;
}

KTEST(model_probe_and_remove)
{
	struct device d;

	KT_REQUIRE(set_up());
	device_make(&d);
	KT_REQUIRE(!device_add(&d, "thing"));
	KT_EQUAL(probes, 0);
	KT_EXPECT(has(&bus.devices_kobj, "thing"));
	KT_REQUIRE(!driver_register(&driver)); /* the device was first */
	KT_EQUAL(probes, 1);
	KT_EXPECT(d.driver == &driver && has(&d.kobj, "driver") && has(&driver.kobj, "thing"));
	driver_unregister(&driver);
	KT_EQUAL(removes, 1);
	KT_EXPECT(!d.driver && !has(&d.kobj, "driver") && !has(&bus.drivers_kobj, "thing"));
	KT_REQUIRE(!driver_register(&driver)); /* again */
	KT_EQUAL(probes, 2);
	device_del(&d);
	KT_EQUAL(removes, 2);
	KT_EQUAL(releases, 0); /* we still hold it */
	KT_EXPECT(!has(&bus.devices_kobj, "thing"));
	put_device(&d);
	KT_EQUAL(releases, 1);
	driver_unregister(&driver);
}

KTEST(model_driver_first)
{
	struct device d, other;

	KT_REQUIRE(set_up());
	KT_REQUIRE(!driver_register(&driver));
	device_make(&other);
	KT_REQUIRE(!device_add(&other, "unrelated"));
	KT_EQUAL(probes, 0);
	device_make(&d);
	KT_REQUIRE(!device_add(&d, "thing"));
	KT_EQUAL(probes, 1);
	driver_unregister(&driver);
	KT_EQUAL(removes, 1);
	device_del(&d);
	device_del(&other);
	KT_EQUAL(removes, 1);
	put_device(&d);
	put_device(&other);
	KT_EQUAL(releases, 2);
}

KTEST(model_names_taken)
{
	struct device a, b;
	struct device_driver twin = { .name = "thing", .bus = &bus };

	KT_REQUIRE(set_up());
	device_make(&a);
	device_make(&b);
	KT_REQUIRE(!device_add(&a, "thing"));
	KT_EQUAL(device_add(&b, "thing"), -EEXIST);
	KT_EXPECT(has(&bus.devices_kobj, "thing") && a.kobj.sysfs && !b.kobj.sysfs);
	put_device(&b); /* as after any failed add */
	KT_EQUAL(releases, 1);
	KT_REQUIRE(!driver_register(&driver));
	KT_EQUAL(driver_register(&twin), -EEXIST);
	device_del(&a);
	put_device(&a);
	driver_unregister(&driver);
	KT_EQUAL(removes, 1);
	device_make(&b);
	KT_EQUAL(device_add(&b, "a name that is so long that it cannot be that of a folder at all here"), -ENAMETOOLONG);
	KT_EQUAL(device_add(&b, "%s", ""), -EINVAL);
	put_device(&b);
}

KTEST(model_failing_probe)
{
	struct device d;

	KT_REQUIRE(set_up());
	probe_answer = -ENODEV;
	KT_REQUIRE(!driver_register(&driver));
	device_make(&d);
	KT_REQUIRE(!device_add(&d, "thing")); /* the device is there all the same */
	KT_EQUAL(probes, 1);
	KT_EXPECT(!d.driver && !has(&d.kobj, "driver") && !has(&driver.kobj, "thing"));
	driver_unregister(&driver);
	KT_EQUAL(removes, 0);
	probe_answer = 0; /* a second driver may have it */
	KT_REQUIRE(!driver_register(&driver));
	KT_EXPECT(d.driver == &driver);
	driver_unregister(&driver);
	device_del(&d);
	put_device(&d);
	KT_EQUAL(releases, 1);
}

KTEST(model_class_devices)
{
	static struct class c = { .name = "ktest_class" };
	struct device parent, *d, *e;

	KT_REQUIRE(set_up());
	if (!c.kobj.sysfs)
		KT_REQUIRE(!class_register(&c));
	device_make(&parent);
	KT_REQUIRE(!device_add(&parent, "parent"));
	d = device_create(&c, &parent, 0, 0, NULL, "unit%u", 7);
	KT_REQUIRE(!IS_ERR(d));
	KT_EXPECT(has(&parent.kobj, "ktest_class") && has(&c.kobj, "unit7") && has(&d->kobj, "subsystem"));
	KT_EXPECT(PTR_ERR(device_create(&c, &parent, 0, 0, NULL, "unit7")) == -EEXIST);
	e = device_create(&c, d, 0, 0, NULL, "part");
	KT_REQUIRE(!IS_ERR(e));
	KT_EXPECT(has(&d->kobj, "part")); /* a device of a class directly in its parent of a class */
	device_del(e);
	put_device(e);
	device_del(d);
	put_device(d);
	KT_EXPECT(!has(&parent.kobj, "ktest_class") && !has(&c.kobj, "unit7")); /* the folder in between went with its last device */
	device_del(&parent);
	put_device(&parent);
	KT_EQUAL(releases, 1);
}

KTEST(model_folders_are_shared)
{
	struct kobject *a = kobject_create("ktest_folder", NULL), *b = kobject_create("ktest_folder", NULL), *sub;
	struct sysfs_node *n;

	KT_REQUIRE(a && b);
	KT_EXPECT(a == b);
	kobject_put(b);
	sub = kobject_create("sub", a);
	KT_REQUIRE(sub);
	kobject_put(a); /* sub still holds it */
	n = sysfs_find_child(&sysfs_root_node, "ktest_folder", 12);
	KT_EXPECT(n);
	if (n)
		sysfs_put(n);
	kobject_put(sub);
	n = sysfs_find_child(&sysfs_root_node, "ktest_folder", 12);
	KT_EXPECT(!n);
	if (n)
		sysfs_put(n);
}

static int none_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	return 0;
}

KTEST(model_links_and_files)
{
	static const struct kobj_attribute attr = { .name = "value", .mode = 0444, .show = none_show };
	struct kobject *a = kobject_create("ktest_a", NULL), *b = a ? kobject_create("ktest_b", a) : NULL;
	struct sysfs_node *link;
	struct sysfs_active call;
	char text[64];

	KT_REQUIRE(a && b);
	KT_EQUAL(sysfs_add_file(b, &attr), 0);
	KT_EQUAL(sysfs_add_file(b, &attr), -EEXIST);
	KT_EQUAL(sysfs_add_link(b, "value", a), -EEXIST);
	KT_EQUAL(sysfs_add_link(b, "up", a), 0);
	KT_EQUAL(sysfs_add_link(a, "down", b), 0);
	link = sysfs_find_child(b->sysfs, "up", 2);
	KT_REQUIRE(link);
	KT_EQUAL(sysfs_link_text(link, text, sizeof(text)), 2);
	KT_EXPECT(!strcmp(text, ".."));
	KT_EQUAL(sysfs_link_text(link, text, 2), -ENAMETOOLONG);
	sysfs_put(link);
	link = sysfs_find_child(a->sysfs, "down", 4);
	KT_REQUIRE(link);
	KT_EXPECT(sysfs_link_text(link, text, sizeof(text)) == 7 && !strcmp(text, "ktest_b"));
	sysfs_remove_file(b, "up"); /* is a link: stays */
	KT_EXPECT(has(b, "up"));
	sysfs_remove_link(b, "up");
	KT_EXPECT(!has(b, "up"));
	/* Once the folder is gone its files are dead, also for who still holds them. */
	KT_EXPECT(sysfs_begin(link, &call));
	sysfs_end(link, &call);
	kobject_put(b);
	KT_EQUAL(sysfs_link_text(link, text, sizeof(text)), -ENOENT);
	sysfs_remove_link(a, "down");
	KT_EXPECT(!sysfs_begin(link, &call));
	sysfs_put(link);
	kobject_put(a);
}
