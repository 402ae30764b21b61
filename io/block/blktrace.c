/*
 * Recording for blktrace (blktrace.h). The records of a disk lie one behind the other in a buffer; when it is full, what comes is counted as
 * dropped. Starting again empties it. A record is written with interrupts off, so records never tear; the text of Linux's relay files is
 * the same. Before the first event of a process comes a record with its name.
 */
#include "io/block/blktrace.h"
#include "io/contract/device.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define MAGIC 0x65617400u /* "\0tae" */
#define VERSION 7u
#define BUFFER_SIZE (1u << 20)
#define KNOWN_PROCESSES 64u

/* The upper half of action: categories, for blktrace's -a and for the letters of blkparse's RWBS column. */
#define TC(bit) (1u << (16 + (bit)))
#define TC_READ TC(0)
#define TC_WRITE TC(1)
#define TC_FLUSH TC(2)
#define TC_SYNC TC(3)
#define TC_QUEUE TC(4)
#define TC_REQUEUE TC(5)
#define TC_ISSUE TC(6)
#define TC_COMPLETE TC(7)
#define TC_FS TC(8)
#define TC_NOTIFY TC(10)
#define TC_AHEAD TC(11)
#define TC_META TC(12)
#define TC_DISCARD TC(13)
#define TN_PROCESS 0u /* with TC_NOTIFY: the extra bytes are a process's name */

struct blk_io_trace {
	u32 magic, sequence;
	u64 time;    /* ns */
	u64 sector;
	u32 bytes, action;
	u32 pid, device, cpu;
	u16 error, pdu_len; /* positive errno; bytes that follow */
};
static_assert(sizeof(struct blk_io_trace) == 48, "blktrace_api.h");

struct blk_trace {
	u8 *buffer;         /* NULL: never started */
	u32 end;            /* bytes in it */
	u32 dropped, sequence;
	u32 device;
	pid_t known[KNOWN_PROCESSES]; /* named in the buffer already, by pid modulo size */
	struct kobject *folder;
};

static u32 device_number(const struct block_device *b) { return b->dev; }

static void write_record(struct blk_trace *t, struct blk_io_trace *r, const void *extra)
{
	u32 flags = irq_save();

	if (BUFFER_SIZE - t->end < sizeof(*r) + r->pdu_len) {
		t->dropped++;
	} else {
		r->magic = MAGIC | VERSION;
		r->sequence = ++t->sequence;
		r->time = ktime_ns();
		r->cpu = this_cpu()->id;
		memcpy(t->buffer + t->end, r, sizeof(*r));
		memcpy(t->buffer + t->end + sizeof(*r), extra, r->pdu_len);
		t->end += sizeof(*r) + r->pdu_len;
	}
	irq_restore(flags);
}

/* A record with the name of the process that runs, unless there is one. */
static void name_current(struct blk_trace *t)
{
	const struct task *me = current;
	pid_t *known = &t->known[(u32)me->pid % KNOWN_PROCESSES];
	struct blk_io_trace r = { .action = TN_PROCESS | TC_NOTIFY, .pid = (u32)me->pid, .device = t->device, .pdu_len = TASK_COMM_LEN };

	if (*known == me->pid)
		return;
	*known = me->pid;
	write_record(t, &r, me->comm);
}

static u32 categories(u32 flags)
{
	static const u32 ops[] = { [REQ_READ] = TC_READ, [REQ_WRITE] = TC_WRITE, [REQ_FLUSH] = TC_READ | TC_FLUSH, [REQ_DISCARD] = TC_WRITE | TC_DISCARD };

	return ops[REQ_OP(flags)] | TC_FS | (flags & REQ_SYNC ? TC_SYNC : 0) | (flags & REQ_META ? TC_META : 0) | (flags & REQ_RAHEAD ? TC_AHEAD : 0);
}

static u32 category_of(enum blk_trace_act act)
{
	switch (act) {
	case BLK_TA_REQUEUE:
		return TC_REQUEUE;
	case BLK_TA_ISSUE:
		return TC_ISSUE;
	case BLK_TA_COMPLETE:
		return TC_COMPLETE;
	default:
		return TC_QUEUE;
	}
}

void blk_trace_note(struct request_queue *q, enum blk_trace_act act, u32 flags, sector_t sector, u32 bytes, pid_t pid, int error)
{
	struct blk_io_trace r = {
		.sector = sector, .bytes = bytes, .action = (u32)act | category_of(act) | categories(flags), .pid = (u32)pid,
		.device = q->trace->device, .error = (u16)-error,
	};

	if (act == BLK_TA_QUEUE)
		name_current(q->trace);
	write_record(q->trace, &r, NULL);
}

void blk_trace_note_plug(struct request_queue *q, u32 count)
{
	u64 waiting = (u64)__builtin_bswap32(count) << 32; /* big-endian on the disk, whatever the machine */
	struct blk_io_trace r = {
		.action = (count ? BLK_TA_UNPLUG_IO : BLK_TA_PLUG) | TC_QUEUE, .pid = (u32)current->pid, .device = q->trace->device,
		.pdu_len = count ? sizeof(waiting) : 0,
	};

	name_current(q->trace);
	write_record(q->trace, &r, &waiting);
}

void blk_trace_note_remap(struct request_queue *q, const struct bio *bio)
{
	struct {
		u32 from, to;      /* device numbers, big-endian like all of it */
		u32 sector_high, sector_low;
	} where = {
		__builtin_bswap32(device_number(bio->bdev)), __builtin_bswap32(q->trace->device),
		__builtin_bswap32((u32)(bio->sector >> 32)), __builtin_bswap32((u32)bio->sector),
	};
	struct blk_io_trace r = {
		.sector = bio->sector + bio->bdev->start, .bytes = bio->size, .action = BLK_TA_REMAP | TC_QUEUE | categories(bio->flags),
		.pid = (u32)bio->pid, .device = q->trace->device, .pdu_len = sizeof(where),
	};

	name_current(q->trace);
	write_record(q->trace, &r, &where);
}

/* ---- trace/ in sysfs ---- */

static struct gendisk *disk_of(struct kobject *k)
{
	const struct block_device *b = container_of(k->parent, struct device, kobj)->driver_data;

	return b->disk;
}

static int show_enable(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", disk_of(k)->queue->trace != NULL);
	return 0;
}

static int start(struct gendisk *d)
{
	struct blk_trace *t = d->trace;

	if (d->queue->trace)
		return 0;
	if (!t->buffer)
		t->buffer = vmalloc(BUFFER_SIZE);
	if (!t->buffer)
		return -ENOMEM;
	t->end = t->dropped = t->sequence = 0;
	memset(t->known, 0xff, sizeof(t->known));
	d->queue->trace = t;
	return 0;
}

static ssize_t store_enable(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct gendisk *d = disk_of(k);
	u32 on;
	int error = kstrtou32(text, 0, &on);

	if (!error && on)
		error = start(d);
	else if (!error)
		d->queue->trace = NULL;
	return error ? error : (ssize_t)len;
}

static int show_dropped(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", disk_of(k)->trace->dropped);
	return 0;
}

static ssize_t read_records(void *arg, char *buf, size_t n, loff_t pos)
{
	const struct blk_trace *t = arg;

	if (pos >= t->end)
		return 0;
	n = min(n, (size_t)(t->end - (u32)pos));
	memcpy(buf, t->buffer + pos, n);
	return (ssize_t)n;
}

static const struct kobj_attribute files[] = {
	{ .name = "enable", .mode = 0644, .show = show_enable, .store = store_enable },
	{ .name = "dropped", .mode = 0444, .show = show_dropped },
};

int blk_trace_add(struct gendisk *d)
{
	struct blk_trace *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int error;

	if (!t)
		return -ENOMEM;
	d->trace = t;
	t->device = device_number(d->part[0]);
	t->folder = kobject_create("trace", &d->part[0]->device->kobj);
	if (!t->folder)
		return -ENOMEM;
	error = sysfs_add_files(t->folder, files, ARRAY_SIZE(files));
	return error ? error : sysfs_add_binary(t->folder, "trace0", 0400, 0, read_records, t);
}

void blk_trace_del(struct gendisk *d)
{
	struct blk_trace *t = d->trace;

	if (!t)
		return;
	if (t->folder) {
		kobject_del(t->folder);
		kobject_put(t->folder);
	}
	d->queue->trace = NULL;
	d->trace = NULL;
	vfree(t->buffer);
	kfree(t);
}
