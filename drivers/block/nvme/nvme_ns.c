/* Namespaces as disks: nvme0n1 and so on, with as many hardware contexts as the controller has queue pairs. */
#include "drivers/block/nvme/nvme.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/sync/atomic.h"

u32 nvme_text_len(const char *text, u32 len)
{
	while (len && (text[len - 1] == ' ' || !text[len - 1]))
		len--;
	return len;
}

static atomic_t index_refs[NVME_MAX_CTRLS]; /* the controller's and its disks' */
static DEFINE_MUTEX_RANK(index_lock, RANK_OBJECT);

int nvme_index_get(void)
{
	int index = -ENOSPC;

	mutex_lock(&index_lock);
	for (u32 i = 0; i < NVME_MAX_CTRLS && index < 0; i++)
		if (!atomic_read(&index_refs[i])) {
			atomic_set(&index_refs[i], 1);
			index = (int)i;
		}
	mutex_unlock(&index_lock);
	return index;
}

void nvme_index_hold(u32 index)
{
	atomic_inc(&index_refs[index]);
}

void nvme_index_put(u32 index)
{
	atomic_dec(&index_refs[index]);
}

void nvme_free_disk(struct gendisk *d)
{
	nvme_index_put(d->first_minor / (NVME_MINORS * NVME_MAX_NS));
}

static void fill_limits(const struct nvme_ctrl *c, u32 block_bytes, struct queue_limits *l)
{
	*l = (struct queue_limits){
		.logical_block_size = block_bytes,
		.max_hw_sectors = c->max_pages << (PAGE_SHIFT - SECTOR_SHIFT),
		.max_segment_size = c->max_pages << PAGE_SHIFT,
		.virt_boundary = PAGE_SIZE - 1,
		.dma_alignment = block_bytes - 1,
		.discard_granularity = c->id->oncs & NVME_ONCS_DSM ? block_bytes : 0,
		.write_cache = c->id->vwc & NVME_VWC_PRESENT,
	};
}

static struct gendisk *make_disk(struct nvme_ns *ns, u32 i, sector_t capacity, bool read_only)
{
	struct gendisk *d = disk_alloc();

	if (!d)
		return NULL;
	ksnprintf(d->name, sizeof(d->name), "%sn%u", ns->ctrl->name, ns->nsid);
	d->major = NVME_MAJOR;
	d->first_minor = (ns->ctrl->index * NVME_MAX_NS + i) * NVME_MINORS;
	d->minors = NVME_MINORS;
	d->capacity = capacity;
	d->read_only = read_only;
	d->ops = &nvme_block_ops;
	d->queue = ns->queue;
	d->private = ns;
	d->parent = ns->ctrl->dev;
	return d;
}

int nvme_ns_attach(struct nvme_ctrl *c, u32 i, u32 nsid, const struct nvme_id_ns *id)
{
	const struct nvme_lba_format *f = &id->formats[id->format & NVME_NS_FORMAT_MASK];
	struct nvme_ns *ns = &c->ns[i];
	struct queue_limits limits;
	int error;

	if (f->shift < SECTOR_SHIFT || f->shift > PAGE_SHIFT || f->metadata_bytes) {
		pr_warn("%s: namespace %u: blocks of 2^%u bytes with %u of metadata are not supported\n", c->name, nsid, f->shift, f->metadata_bytes);
		return -EINVAL;
	}
	*ns = (struct nvme_ns){ .ctrl = c, .nsid = nsid, .first_slot = i * NVME_DEPTH, .lba_shift = f->shift };
	fill_limits(c, 1u << f->shift, &limits);
	ns->queue = blk_queue_create(&nvme_block_ops, &limits, c->nr_io_queues, NVME_DEPTH, 0, ns);
	if (IS_ERR(ns->queue)) {
		error = (int)PTR_ERR(ns->queue);
		ns->queue = NULL;
		return error;
	}
	ns->disk = make_disk(ns, i, id->blocks << (f->shift - SECTOR_SHIFT), id->attributes & NVME_NSATTR_WRITE_PROTECTED);
	error = -ENOMEM;
	if (ns->disk) {
		pr_info("%s: %s: %.*s, %.*s, %llu sectors (%llu MiB), %u queues of %u%s\n", c->name, ns->disk->name,
			(int)nvme_text_len(c->id->model, sizeof(c->id->model)), c->id->model,
			(int)nvme_text_len(c->id->firmware, sizeof(c->id->firmware)), c->id->firmware, ns->disk->capacity,
			ns->disk->capacity >> 11, c->nr_io_queues, NVME_DEPTH, limits.write_cache ? ", write cache" : "");
		error = add_disk(ns->disk);
		if (!error) {
			nvme_index_hold(c->index);
			return 0;
		}
		put_disk(ns->disk);
		ns->disk = NULL;
	}
	blk_queue_destroy(ns->queue);
	ns->queue = NULL;
	return error;
}

void nvme_ns_detach(struct nvme_ns *ns)
{
	if (!ns->disk)
		return;
	del_gendisk(ns->disk);
	blk_queue_destroy(ns->queue);
	put_disk(ns->disk);
	ns->disk = NULL;
	ns->queue = NULL;
}
