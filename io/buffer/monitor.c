/* The monitor of all buffers: /proc/io_buffers, and changing a pool's strategy there. */
#include "io/buffer/monitor.h"
#include "io/contract/proc_file.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"

static DEFINE_SPINLOCK(monitor_lock, RANK_FILES);
static LIST_HEAD(monitors); /* monitor_lock */

void buffer_monitor_add(struct buffer_monitor *m, const char *name, const char *discipline, u32 buffers, u32 size)
{
	strscpy(m->name, name, sizeof(m->name));
	m->discipline = discipline;
	m->buffers = buffers;
	m->size = size;
	spin_lock(&monitor_lock);
	list_add_tail(&m->node, &monitors);
	spin_unlock(&monitor_lock);
}

void buffer_monitor_del(struct buffer_monitor *m)
{
	spin_lock(&monitor_lock);
	list_del(&m->node);
	spin_unlock(&monitor_lock);
}

static void show_one(struct seq_buf *s, const struct buffer_monitor *m)
{
	const char *strategy = m->pool ? m->pool->strategy->name : "-";
	u32 in_use = m->pool ? m->in_use : buffer_ring_used(container_of(m, struct buffer_ring, monitor));

	seq_printf(s, "%-16s %-10s %-8s %7u %6u %6u %6u %10llu %10llu %8u %8u\n", m->name, m->discipline, strategy, m->buffers, m->size, in_use, m->most,
		   m->in, m->out, m->waits, m->overruns);
}

static int monitors_show(struct seq_buf *s, void *arg)
{
	struct buffer_monitor *m;

	seq_printf(s, "%-16s %-10s %-8s %7s %6s %6s %6s %10s %10s %8s %8s\n", "name", "discipline", "strategy", "buffers", "size", "in_use", "most", "in",
		   "out", "waits", "overruns");
	spin_lock(&monitor_lock);
	list_for_each_entry(m, &monitors, node)
		show_one(s, m);
	spin_unlock(&monitor_lock);
	return 0;
}

static void set_strategy(struct buffer_pool *p, const struct buffer_strategy *to)
{
	u32 flags = spin_lock_irqsave(&p->lock);

	p->strategy = to;
	spin_unlock_irqrestore(&p->lock, flags);
}

/* "NAME STRATEGY" */
static ssize_t monitors_write(void *arg, const char *text, size_t len)
{
	const char *space = strchr(text, ' ');
	const struct buffer_strategy *to = NULL;
	struct buffer_monitor *m;
	char word[8];
	ssize_t r = -EINVAL;

	if (!space)
		return -EINVAL;
	strscpy(word, space + 1, sizeof(word));
	if (strchr(word, '\n'))
		*strchr(word, '\n') = 0;
	for (u32 i = 0; i < buffer_nr_strategies; i++)
		if (!strcmp(word, buffer_strategies[i].name))
			to = &buffer_strategies[i];
	if (!to)
		return -EINVAL;
	spin_lock(&monitor_lock);
	list_for_each_entry(m, &monitors, node)
		if (m->pool && strlen(m->name) == (size_t)(space - text) && !strncmp(m->name, text, (size_t)(space - text))) {
			set_strategy(m->pool, to);
			r = (ssize_t)len;
		}
	spin_unlock(&monitor_lock);
	return r;
}

int io_buffer_init(void)
{
	return proc_create("io_buffers", 0644, monitors_show, monitors_write, NULL);
}
