/* The circular buffer: a byte ring that copies in blocks and counts. See io/contract/buffer.h. */
#include "io/buffer/monitor.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

int buffer_ring_init(struct buffer_ring *r, const char *name, u32 size)
{
	void *data = kmalloc(size, GFP_KERNEL);

	if (!data)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	ring_init(&r->ring, data, size);
	buffer_monitor_add(&r->monitor, name, "circular", 1, size);
	return 0;
}

void buffer_ring_destroy(struct buffer_ring *r)
{
	buffer_monitor_del(&r->monitor);
	kfree(r->ring.data);
}

u32 buffer_ring_put(struct buffer_ring *b, const void *data, u32 n)
{
	struct ring *r = &b->ring;
	u32 at = r->head & (r->size - 1), first;

	n = min(n, ring_room(r));
	first = min(n, r->size - at);
	memcpy(r->data + at, data, first);
	memcpy(r->data, (const u8 *)data + first, n - first);
	r->head += n;
	b->monitor.in += n;
	b->monitor.most = max(b->monitor.most, ring_used(r));
	return n;
}

u32 buffer_ring_get(struct buffer_ring *b, void *out, u32 n)
{
	struct ring *r = &b->ring;
	u32 at = r->tail & (r->size - 1), first;

	n = min(n, ring_used(r));
	first = min(n, r->size - at);
	memcpy(out, r->data + at, first);
	memcpy((u8 *)out + first, r->data, n - first);
	r->tail += n;
	b->monitor.out += n;
	return n;
}
