/* The device model: probe and remove, names taken twice, failing probes, folders and links coming and going, reference counts. */
#include "io/contract/device.h"
#include "io/contract/file.h"
#include "io/contract/gate.h"
#include "io/contract/resource.h"
#include "io/fs/sys/sysfs.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/stat.h"
#include "mm/fail.h"
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

/* ---- nothing is left behind by what fails: every allocation in turn is refused ---- */

#define MOST_ALLOCATIONS 60u

/* Runs attempt with the first, the second ... allocation failing until it succeeds; each failure must be -ENOMEM and leave clean() true. */
static void refuse_each(int (*attempt)(void), bool (*clean)(void))
{
	int error = -ENOMEM;
	u32 n;

	for (n = 0; n < MOST_ALLOCATIONS && error; n++) {
		alloc_fail_after = n;
		alloc_fail_task = current;
		error = attempt();
		alloc_fail_task = NULL;
		if (!error)
			break;
		KT_EQUAL(error, -ENOMEM);
		if (!KT_EXPECT(clean()))
			return;
	}
	KT_EQUAL(error, 0);
	KT_EXPECT(n > 1); /* some did fail */
}

static struct class node_class = { .name = "ktest_nodes" };
static struct device node_device;
static const kdev_t node_number = MKDEV(240, 77);

static int add_node_device(void)
{
	int error;

	device_make(&node_device);
	node_device.class = &node_class;
	node_device.devt = node_number;
	node_device.node_mode = S_IFCHR | 0600;
	error = device_add(&node_device, "ktestnode");
	if (error)
		put_device(&node_device);
	return error;
}

static bool named_at(const char *path)
{
	struct file *f = file_open(path, O_RDONLY | O_PATH, 0);

	if (IS_ERR(f))
		return false;
	fput(f);
	return true;
}

static bool no_node_device(void)
{
	return !has(&bus.devices_kobj, "ktestnode") && !has(&node_class.kobj, "ktestnode") && !named_at("/dev/ktestnode") &&
	       list_empty(&bus.devices) && list_empty(&node_class.devices);
}

KTEST(model_add_without_memory)
{
	KT_REQUIRE(set_up());
	KT_REQUIRE(!class_register(&node_class));
	refuse_each(add_node_device, no_node_device);
	KT_EXPECT(named_at("/dev/ktestnode") && has(&node_device.kobj, "dev"));
	device_del(&node_device);
	put_device(&node_device);
	KT_EXPECT(no_node_device());
	class_unregister(&node_class);
	KT_EXPECT(!named_at("/sys/class/ktest_nodes"));
}

static int register_driver_only(void) { return driver_register(&driver); }
static bool no_driver(void) { return !has(&bus.drivers_kobj, "thing") && list_empty(&bus.drivers); }

KTEST(model_register_without_memory)
{
	KT_REQUIRE(set_up());
	refuse_each(register_driver_only, no_driver);
	driver_unregister(&driver);
	KT_EXPECT(no_driver());
}

static struct bus_type other_bus = { .name = "ktest_other" };
static int register_other_bus(void) { return bus_register(&other_bus); }
static bool no_other_bus(void) { return !named_at("/sys/bus/ktest_other"); }

KTEST(model_buses_come_and_go)
{
	struct bus_type twin = { .name = "ktest_other" };
	struct device d;

	refuse_each(register_other_bus, no_other_bus);
	KT_EQUAL(bus_register(&twin), -EEXIST);
	device_init(&d);
	d.bus = &other_bus;
	KT_REQUIRE(!device_add(&d, "one"));
	KT_EQUAL(bus_unregister(&other_bus), -EBUSY);
	device_del(&d);
	KT_EQUAL(bus_unregister(&other_bus), 0);
	KT_EXPECT(no_other_bus());
}

/* A node or a number that is taken: the folder goes again too. */
KTEST(model_node_taken)
{
	struct device *a, *b;

	KT_REQUIRE(!class_register(&node_class));
	a = device_create(&node_class, NULL, node_number, S_IFCHR | 0600, NULL, "ktesta");
	KT_REQUIRE(!IS_ERR(a));
	b = device_create(&node_class, NULL, node_number, S_IFCHR | 0600, NULL, "ktestb");
	KT_EQUAL(PTR_ERR(b), -EEXIST);
	KT_EXPECT(!has(&node_class.kobj, "ktestb") && !named_at("/dev/ktestb"));
	b = class_find_device(&node_class, node_number);
	KT_EXPECT(a == b);
	if (b)
		put_device(b);
	device_destroy(&node_class, node_number);
	KT_EXPECT(!class_find_device(&node_class, node_number) && !named_at("/dev/ktesta"));
	class_unregister(&node_class);
}

/* ---- events ---- */

/* The next event has all of these lines; their order does not matter. */
static bool event_says(struct uevent_reader *r, const char *const *lines)
{
	struct uevent *e = uevent_next(r);
	bool all = e != NULL;

	for (; all && *lines; lines++) {
		size_t n = strlen(*lines);
		bool found = false;

		for (u32 at = 0; at + n <= e->len && !found; at++)
			found = (!at || e->text[at - 1] == '\n') && !memcmp(e->text + at, *lines, n) && e->text[at + n] == '\n';
		if (!found)
			pr_err("no \"%s\" in: %.*s\n", *lines, (int)e->len, e->text);
		all = found;
	}
	if (e)
		uevent_put(e);
	return all;
}
#define SAYS(r, ...) event_says(r, (const char *const[]){ __VA_ARGS__, NULL })

KTEST(model_events)
{
	bool ready = set_up();
	struct uevent_reader *r = uevent_reader_open(16);
	struct device d;

	KT_REQUIRE(ready && r);
	KT_REQUIRE(!class_register(&node_class));
	KT_EXPECT(SAYS(r, "ACTION=add", "DEVPATH=/class/ktest_nodes", "SUBSYSTEM=class"));
	device_make(&d);
	d.class = &node_class;
	d.devt = node_number;
	d.node_mode = S_IFCHR | 0644;
	KT_REQUIRE(!device_add(&d, "thing"));
	KT_EXPECT(SAYS(r, "ACTION=add", "SUBSYSTEM=ktest", "MAJOR=240", "MINOR=77", "DEVNAME=thing", "DEVMODE=0644"));
	KT_REQUIRE(!driver_register(&driver));
	KT_EXPECT(SAYS(r, "ACTION=add", "DEVPATH=/bus/ktest/drivers/thing", "SUBSYSTEM=drivers"));
	KT_EXPECT(SAYS(r, "ACTION=bind", "DRIVER=thing"));
	KT_EQUAL(kobject_synth_uevent(&d.kobj, "change\n", 7), 7);
	KT_EXPECT(SAYS(r, "ACTION=change", "SYNTH_UUID=0"));
	KT_EQUAL(kobject_synth_uevent(&d.kobj, "chang", 5), -EINVAL);
	driver_unregister(&driver);
	KT_EXPECT(SAYS(r, "ACTION=unbind"));
	KT_EXPECT(SAYS(r, "ACTION=remove", "SUBSYSTEM=drivers"));
	device_del(&d);
	KT_EXPECT(SAYS(r, "ACTION=remove", "DEVNAME=thing"));
	put_device(&d);
	class_unregister(&node_class);
	KT_EXPECT(SAYS(r, "ACTION=remove", "SUBSYSTEM=class"));
	KT_EXPECT(!uevent_waiting(r) && !uevent_next(r));
	uevent_reader_close(r);
}

KTEST(model_events_lost_are_counted)
{
	bool ready = set_up();
	struct uevent_reader *r = uevent_reader_open(3), *wide = uevent_reader_open(16);
	struct device d;

	KT_REQUIRE(ready && r && wide);
	device_make(&d);
	KT_REQUIRE(!device_add(&d, "thing"));
	for (u32 i = 0; i < 5; i++)
		KT_EQUAL(kobject_uevent(&d.kobj, UEVENT_CHANGE), 0);
	KT_EQUAL(kobject_uevent(&d.kobj, UEVENT_OFFLINE), 0);
	KT_EXPECT(SAYS(r, "ACTION=lost", "LOST=4")); /* one add, five changes and offline are seven; three fit */
	KT_EXPECT(SAYS(r, "ACTION=change"));
	KT_EXPECT(SAYS(r, "ACTION=change"));
	KT_EXPECT(SAYS(r, "ACTION=offline"));
	KT_EXPECT(!uevent_next(r));
	KT_EXPECT(SAYS(wide, "ACTION=add")); /* another reader has lost nothing */
	device_del(&d);
	put_device(&d);
	uevent_reader_close(r);
	uevent_reader_close(wide);
}

KTEST(model_events_have_bounds)
{
	static char text[UEVENT_MAX_TEXT];
	struct uevent_env env = { .nr_vars = 0 };
	u32 n = 0;

	seq_init(&env.text, text, sizeof(text));
	while (!add_uevent_var(&env, "V%u=x", n))
		n++;
	KT_EQUAL(n, UEVENT_MAX_VARS);
	env.nr_vars = 0;
	env.text.len = 0;
	for (n = 0; !add_uevent_var(&env, "LONG%u=%0100u", n, n); n++)
		;
	KT_EXPECT(n > 10 && n < UEVENT_MAX_VARS);
	KT_EXPECT(env.text.len <= UEVENT_MAX_TEXT && !env.text.overflow);
	KT_EQUAL(add_uevent_var(&env, "%0300u", 1u), -ENOMEM);
}

/* ---- the gate ---- */

static struct dev_gate gate;
static volatile bool inside, drained;

static int user_thread(void *arg)
{
	if (dev_enter(&gate))
		return 1;
	inside = true;
	while (!dev_gate_closed(&gate))
		sleep_ms(1);
	sleep_ms(5);
	drained = false;
	dev_leave(&gate);
	return 0;
}

KTEST(model_gate_waits_for_who_is_inside)
{
	struct task *t;

	dev_gate_init(&gate);
	inside = false;
	KT_REQUIRE(!dev_enter(&gate));
	dev_leave(&gate);
	t = kthread_run(user_thread, NULL, "gate");
	KT_REQUIRE(!IS_ERR(t));
	while (!inside)
		sleep_ms(1);
	drained = true; /* until the thread says it leaves */
	dev_gate_close(&gate);
	KT_EQUAL(dev_enter(&gate), -ENODEV);
	dev_gate_drain(&gate);
	KT_EXPECT(!drained);
	KT_EQUAL(dev_enter(&gate), -ENODEV);
	dev_gate_drain(&gate); /* nobody left: at once */
}

/* ---- address trees ---- */

KTEST(model_resources)
{
	static struct resource root = { .start = 0x100, .end = 0x1ff, .name = "root", .flags = IORESOURCE_IO };
	struct resource a = { .start = 0x110, .end = 0x11f, .name = "a" }, b = { .start = 0x11f, .end = 0x120, .name = "b" };
	struct resource c = { .start = 0x1f0, .end = 0x200, .name = "c" }, d = { .name = "d" }, e = { .name = "e" };

	KT_EQUAL(request_resource(&root, &a), 0);
	KT_EQUAL(request_resource(&root, &b), -EBUSY); /* one byte in common */
	KT_EQUAL(request_resource(&root, &c), -EBUSY); /* beyond the parent */
	KT_EQUAL(allocate_resource(&root, &d, 0x20, 0x100, 0x1ff, 0x20), 0);
	KT_EQUAL(d.start, 0x120); /* 0x100 is taken by a in its second half */
	KT_EQUAL(allocate_resource(&root, &e, 0x10, 0x100, 0x1ff, 0x10), 0);
	KT_EQUAL(e.start, 0x100);
	KT_EQUAL(allocate_resource(&root, &c, 0x100, 0x100, 0x1ff, 0x100), -EBUSY);
	release_resource(&a);
	KT_EQUAL(request_resource(&root, &a), 0);
	release_resource(&a);
	release_resource(&a); /* harmless */
	release_resource(&d);
	release_resource(&e);
	KT_EXPECT(!root.child);
	KT_REQUIRE(request_region(0xb000, 16, "ktest"));
	KT_EXPECT(!request_region(0xb00f, 1, "ktest"));
	KT_EXPECT(request_region(0xb010, 1, "ktest"));
	release_region(0xb010, 1);
	release_region(0xb000, 16);
}
