/* Pools of buffers and the streams that run through them. See io/contract/buffer.h. */
#include "io/buffer/monitor.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/poll.h"
#include "mm/alloc.h"

/* In turn: the one that has rested longest. With two buffers this is ping-pong. */
static struct io_buffer *choose_fifo(struct list_head *free_list) { return list_first_entry(free_list, struct io_buffer, node); }
/* The one that was used last: its memory is still in the CPU's cache. */
static struct io_buffer *choose_lifo(struct list_head *free_list) { return list_last_entry(free_list, struct io_buffer, node); }

const struct buffer_strategy buffer_strategies[] = { { "fifo", choose_fifo }, { "lifo", choose_lifo } };
const u32 buffer_nr_strategies = ARRAY_SIZE(buffer_strategies);

int buffer_pool_init(struct buffer_pool *p, const char *name, const char *discipline, u32 count, u32 size, void *memory)
{
	memset(p, 0, sizeof(*p));
	spin_lock_init(&p->lock, "buffer_pool", RANK_BUFFER);
	INIT_LIST_HEAD(&p->free_list);
	wait_queue_init(&p->wait);
	p->strategy = buffer_strategies;
	p->buffers = kzalloc(count * sizeof(*p->buffers), GFP_KERNEL);
	if (!memory)
		memory = p->memory = kmalloc(count * size, GFP_KERNEL);
	if (!p->buffers || !memory) {
		kfree(p->buffers);
		kfree(p->memory);
		return -ENOMEM;
	}
	for (u32 i = 0; i < count; i++) {
		p->buffers[i].data = (u8 *)memory + i * size;
		list_add_tail(&p->buffers[i].node, &p->free_list);
	}
	p->monitor.pool = p;
	buffer_monitor_add(&p->monitor, name, discipline, count, size);
	return 0;
}

void buffer_pool_destroy(struct buffer_pool *p)
{
	ASSERT(!p->monitor.in_use);
	buffer_monitor_del(&p->monitor);
	kfree(p->buffers);
	kfree(p->memory);
}

static struct io_buffer *alloc_locked(struct buffer_pool *p)
{
	struct io_buffer *b;

	if (list_empty(&p->free_list))
		return NULL;
	b = p->strategy->choose(&p->free_list);
	list_del(&b->node);
	b->len = b->pos = 0;
	p->monitor.in_use++;
	p->monitor.most = max(p->monitor.most, p->monitor.in_use);
	return b;
}

static void free_locked(struct buffer_pool *p, struct io_buffer *b)
{
	list_add_tail(&b->node, &p->free_list);
	p->monitor.in_use--;
}

struct io_buffer *buffer_try_alloc(struct buffer_pool *p)
{
	u32 flags = spin_lock_irqsave(&p->lock);
	struct io_buffer *b = alloc_locked(p);

	spin_unlock_irqrestore(&p->lock, flags);
	return b;
}

static void count_wait(struct buffer_pool *p)
{
	u32 flags = spin_lock_irqsave(&p->lock);

	p->monitor.waits++;
	spin_unlock_irqrestore(&p->lock, flags);
}

struct io_buffer *buffer_alloc(struct buffer_pool *p)
{
	struct io_buffer *b = buffer_try_alloc(p);
	int error = 0;

	if (b)
		return b;
	count_wait(p);
	error = (int)wait_event_interruptible_exclusive(&p->wait, (b = buffer_try_alloc(p)) != NULL);
	return b ? b : ERR_PTR(error);
}

void buffer_free(struct buffer_pool *p, struct io_buffer *b)
{
	u32 flags = spin_lock_irqsave(&p->lock);

	free_locked(p, b);
	spin_unlock_irqrestore(&p->lock, flags);
	wake_up(&p->wait);
}

/* ---- streams ---- */

int buffer_stream_init(struct buffer_stream *s, const char *name, u32 count, u32 size)
{
	s->filling = s->draining = NULL;
	INIT_LIST_HEAD(&s->full);
	return buffer_pool_init(&s->pool, name, count == 1 ? "single" : count == 2 ? "double" : "multiple", count, size, NULL);
}

void buffer_stream_destroy(struct buffer_stream *s)
{
	buffer_stream_discard(s);
	buffer_pool_destroy(&s->pool);
}

static void filled_locked(struct buffer_stream *s)
{
	if (!s->filling)
		return;
	list_add_tail(&s->filling->node, &s->full);
	s->filling = NULL;
}

u32 buffer_stream_put(struct buffer_stream *s, const void *data, u32 n)
{
	u32 flags = spin_lock_irqsave(&s->pool.lock), done = 0, size = s->pool.monitor.size;

	while (done < n) {
		struct io_buffer *b = s->filling;
		u32 part;

		if (!b)
			b = s->filling = alloc_locked(&s->pool);
		if (!b)
			break;
		part = min(n - done, size - b->len);
		memcpy(b->data + b->len, (const u8 *)data + done, part);
		b->len += part;
		done += part;
		if (b->len == size)
			filled_locked(s);
	}
	s->pool.monitor.in += done;
	spin_unlock_irqrestore(&s->pool.lock, flags);
	return done;
}

/* The buffer to take from, or NULL. Who takes faster than the other side fills gets buffers that are not full. */
static struct io_buffer *draining_locked(struct buffer_stream *s)
{
	if (!s->draining && list_empty(&s->full))
		filled_locked(s);
	if (!s->draining && !list_empty(&s->full)) {
		s->draining = list_first_entry(&s->full, struct io_buffer, node);
		list_del(&s->draining->node);
	}
	return s->draining;
}

u32 buffer_stream_get(struct buffer_stream *s, void *out, u32 n)
{
	u32 flags = spin_lock_irqsave(&s->pool.lock), done = 0;
	struct io_buffer *b;
	bool freed = false;

	while (done < n && (b = draining_locked(s))) {
		u32 part = min(n - done, b->len - b->pos);

		memcpy((u8 *)out + done, b->data + b->pos, part);
		b->pos += part;
		done += part;
		if (b->pos == b->len) {
			s->draining = NULL;
			free_locked(&s->pool, b);
			freed = true;
		}
	}
	s->pool.monitor.out += done;
	spin_unlock_irqrestore(&s->pool.lock, flags);
	if (freed)
		wake_up_key(&s->pool.wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
	return done;
}

bool buffer_stream_room(struct buffer_stream *s)
{
	return s->filling || !list_empty(&s->pool.free_list);
}

u32 buffer_stream_pending(struct buffer_stream *s)
{
	u32 flags = spin_lock_irqsave(&s->pool.lock), n = s->filling ? s->filling->len : 0;
	struct io_buffer *b;

	if (s->draining)
		n += s->draining->len - s->draining->pos;
	list_for_each_entry(b, &s->full, node)
		n += b->len;
	spin_unlock_irqrestore(&s->pool.lock, flags);
	return n;
}

void buffer_stream_discard(struct buffer_stream *s)
{
	u32 flags = spin_lock_irqsave(&s->pool.lock);
	struct io_buffer *b;

	while ((b = draining_locked(s))) {
		s->draining = NULL;
		free_locked(&s->pool, b);
	}
	spin_unlock_irqrestore(&s->pool.lock, flags);
	wake_up_key(&s->pool.wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
}

int buffer_stream_wait_room(struct buffer_stream *s, u64 deadline_ns)
{
	if (buffer_stream_room(s))
		return 0;
	count_wait(&s->pool);
	return (int)wait_event_interruptible_until(&s->pool.wait, buffer_stream_room(s), deadline_ns);
}

int buffer_stream_wait_empty(struct buffer_stream *s, u64 deadline_ns)
{
	return (int)wait_event_interruptible_until(&s->pool.wait, !s->pool.monitor.in_use, deadline_ns);
}
