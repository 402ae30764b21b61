/*
 * The hot-plug helper: a program that is started for every event of the device model, with the event's variables as its environment and the
 * SUBSYSTEM as its argument; busybox's mdev is one. Its path stands in /proc/sys/kernel/hotplug (and /sys/kernel/uevent_helper); empty, as
 * at boot, means none. A thread takes the events from a queue of its own and runs one program at a time, so they see the events in order;
 * a program that takes too long is killed, and what overflows the queue meanwhile is counted in the log.
 */
#include "io/contract/device.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/process/usermodehelper.h"
#include "kernel/sched/task.h"
#include "kernel/sync/mutex.h"
#include "mm/alloc.h"

#define PATH_SIZE 256u
#define QUEUE_EVENTS 1024u
#define HELPER_WAIT_MS 30000u

static DEFINE_MUTEX_RANK(helper_lock, RANK_OBJECT); /* the path, and starting the thread */
static char helper_path[PATH_SIZE];
static struct uevent_reader *reader; /* from the first path on */

/* The program's environment: the variables of the event, then what every program wants. text is cut up. */
static void run_helper(const char *path, char *text)
{
	const char *argv[] = { path, "", NULL };
	const char **envp = kmalloc((UEVENT_MAX_VARS + 3) * sizeof(*envp), GFP_KERNEL);
	u32 n = 0;
	int status;

	if (!envp) {
		pr_warn("hotplug: no memory for an event\n");
		return;
	}
	for (char *line = text, *end; n < UEVENT_MAX_VARS && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (!strncmp(line, "SUBSYSTEM=", 10))
			argv[1] = line + 10;
		envp[n++] = line;
	}
	envp[n++] = "HOME=/";
	envp[n++] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin";
	envp[n] = NULL;
	status = usermodehelper_run(path, argv, envp, HELPER_WAIT_MS);
	if (status < 0)
		pr_warn("hotplug: %s: cannot be started: error %d\n", path, -status);
	kfree(envp);
}

static void handle(const struct uevent *e)
{
	char path[PATH_SIZE], *text;

	mutex_lock(&helper_lock);
	strscpy(path, helper_path, sizeof(path));
	mutex_unlock(&helper_lock);
	if (!path[0])
		return;
	text = kstrndup(e->text, e->len, GFP_KERNEL);
	if (!text)
		pr_warn("hotplug: no memory for an event\n");
	else if (!strncmp(text, "ACTION=lost\n", 12))
		pr_warn("hotplug: %s is too slow: events %s", path, text + 12);
	else
		run_helper(path, text);
	kfree(text);
}

static int hotplug_thread(void *arg)
{
	while (!kthread_should_stop()) {
		struct uevent *e = uevent_next(reader);

		if (e) {
			handle(e);
			uevent_put(e);
		} else {
			wait_event(uevent_wait(reader), uevent_waiting(reader));
		}
	}
	return 0;
}

static int start_thread(void)
{
	struct task *t;

	if (reader)
		return 0;
	reader = uevent_reader_open(QUEUE_EVENTS);
	if (!reader)
		return -ENOMEM;
	t = kthread_run(hotplug_thread, NULL, "khotplug");
	if (!IS_ERR(t))
		return 0;
	uevent_reader_close(reader);
	reader = NULL;
	return (int)PTR_ERR(t);
}

static ssize_t set_path(const char *text, size_t len)
{
	size_t n = len && text[len - 1] == '\n' ? len - 1 : len;
	int error = 0;

	if (n >= PATH_SIZE)
		return -EINVAL;
	mutex_lock(&helper_lock);
	if (n)
		error = start_thread();
	if (!error) {
		memcpy(helper_path, text, n);
		helper_path[n] = 0;
	}
	mutex_unlock(&helper_lock);
	return error ? error : (ssize_t)len;
}

static int show_path(struct seq_buf *s, void *arg)
{
	mutex_lock(&helper_lock);
	seq_printf(s, "%s\n", helper_path);
	mutex_unlock(&helper_lock);
	return 0;
}

static ssize_t proc_write(void *arg, const char *text, size_t len) { return set_path(text, len); }
static int sysfs_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s) { return show_path(s, NULL); }

static ssize_t sysfs_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	return set_path(text, len);
}

int hotplug_init(void)
{
	static const struct kobj_attribute file = { .name = "uevent_helper", .mode = 0644, .show = sysfs_show, .store = sysfs_store };
	struct kobject *kernel = kobject_create("kernel", NULL);
	int error = kernel ? sysfs_add_file(kernel, &file) : -ENOMEM;

	return error ? error : proc_create("sys/kernel/hotplug", 0644, show_path, proc_write, NULL);
}
