/*
 * The elevators there are, and the one of each queue. Another one is put in with the queue frozen: new requests wait, what is queued and in
 * flight ends, the old one goes, the new one comes, and the waiting go on. Its tunables are files in queue/iosched/ of /sys.
 */
#include "io/block/queue.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

#define VALUE_MAX 128u /* text of one tunable */

static struct elevator_type *const elevators[] = {
	&elevator_fcfs, &elevator_sstf, &elevator_scan, &elevator_cscan, &elevator_look, &elevator_clook,
	&elevator_deadline, &elevator_mq_deadline, &elevator_cfq, &elevator_bfq, &elevator_kyber,
};

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(words, word); len && p; p = strstr(p + 1, word))
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

static struct elevator_type *find_type(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(elevators); i++)
		if (!strcmp(elevators[i]->name, name) || (!strchr(name, ' ') && word_in(elevators[i]->aliases, name)))
			return elevators[i];
	return NULL;
}

int elevator_init(struct request_queue *q, const char *name)
{
	struct elevator_type *t = find_type(name);

	if (!t)
		return -EINVAL;
	q->elevator = (struct elevator_queue){ .type = t, .q = q };
	return t->init(&q->elevator);
}

void elevator_exit(struct request_queue *q)
{
	q->elevator.type->exit(&q->elevator);
}

void elevator_names(struct request_queue *q, struct seq_buf *s)
{
	for (u32 i = 0; i < ARRAY_SIZE(elevators); i++)
		seq_printf(s, elevators[i] == q->elevator.type ? "%s[%s]" : "%s%s", i ? " " : "", elevators[i]->name);
	seq_putc(s, '\n');
}

/* ---- queue/iosched/ ---- */

static struct request_queue *queue_of(struct kobject *iosched)
{
	struct device *d = container_of(iosched->parent->parent, struct device, kobj);

	return ((struct block_device *)d->driver_data)->disk->queue;
}

static int show_tunable(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	struct request_queue *q = queue_of(k);
	const struct elevator_attr *t = a->arg;
	char text[VALUE_MAX];

	spin_lock_bh(&q->lock);
	if (t->show)
		t->show(&q->elevator, text, sizeof(text));
	else
		ksnprintf(text, sizeof(text), "%llu\n", div_u64(*(u64 *)((u8 *)q->elevator.data + t->offset), t->unit));
	spin_unlock_bh(&q->lock);
	seq_puts(s, text);
	return 0;
}

static ssize_t store_tunable(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct request_queue *q = queue_of(k);
	const struct elevator_attr *t = a->arg;
	u32 value = 0;
	int error = t->store ? 0 : kstrtou32(text, 10, &value);

	if (error || (!t->store && (value < t->min || value > t->max)))
		return -EINVAL;
	spin_lock_bh(&q->lock);
	if (t->store)
		error = t->store(&q->elevator, text);
	else
		*(u64 *)((u8 *)q->elevator.data + t->offset) = (u64)value * t->unit;
	spin_unlock_bh(&q->lock);
	blk_run_queue(q); /* it may decide otherwise now */
	return error ? error : (ssize_t)len;
}

/* knob_lock held. */
static int add_iosched(struct request_queue *q, struct kobject *queue_folder)
{
	const struct elevator_attr *t = q->elevator.type->attrs;
	u32 n = 0;
	int error = -ENOMEM;

	while (t && t[n].name)
		n++;
	if (!n)
		return 0;
	q->iosched_files = kzalloc(n * sizeof(*q->iosched_files), GFP_KERNEL);
	q->iosched = kobject_create("iosched", queue_folder);
	if (q->iosched && q->iosched_files) {
		for (u32 i = 0; i < n; i++) {
			bool writable = t[i].store || !t[i].show;

			q->iosched_files[i] = (struct kobj_attribute){ .name = t[i].name, .mode = writable ? 0644 : 0444, .show = show_tunable,
								       .store = writable ? store_tunable : NULL, .arg = (void *)&t[i] };
		}
		error = sysfs_add_files(q->iosched, q->iosched_files, n);
	}
	return error;
}

static void del_iosched(struct request_queue *q)
{
	if (q->iosched) {
		kobject_del(q->iosched);
		kobject_put(q->iosched);
		q->iosched = NULL;
	}
	kfree(q->iosched_files);
	q->iosched_files = NULL;
}

int elevator_sysfs_add(struct request_queue *q, struct kobject *queue_folder)
{
	int error;

	mutex_lock(&q->knob_lock);
	error = add_iosched(q, queue_folder);
	mutex_unlock(&q->knob_lock);
	return error;
}

void elevator_sysfs_del(struct request_queue *q)
{
	mutex_lock(&q->knob_lock);
	del_iosched(q);
	mutex_unlock(&q->knob_lock);
}

/* ---- switching ---- */

static void exchange(struct request_queue *q, struct elevator_queue *new)
{
	struct elevator_queue old;

	blk_freeze_queue(q);
	spin_lock_bh(&q->lock);
	old = q->elevator;
	q->elevator = *new;
	spin_unlock_bh(&q->lock);
	blk_thaw_queue(q);
	old.type->exit(&old);
}

int elevator_switch(struct request_queue *q, const char *name)
{
	struct elevator_queue new = { .type = find_type(name), .q = q };
	int error = 0;

	if (!new.type)
		return -EINVAL;
	mutex_lock(&q->knob_lock);
	if (q->dying)
		error = -ENODEV;
	else if (new.type != q->elevator.type)
		error = new.type->init(&new);
	if (!error && new.data) {
		bool shown = q->disk && q->disk->queue_folder;

		del_iosched(q);
		exchange(q, &new);
		if (shown && add_iosched(q, q->disk->queue_folder))
			pr_warn("%s: the tunables of %s cannot be shown\n", q->disk->name, new.type->name);
	}
	mutex_unlock(&q->knob_lock);
	return error;
}
