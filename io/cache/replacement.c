/* The page cache's side of page replacement: the lock, the policy in use, and /proc/sys/vm/page_replacement. Interface: replacement.h. */
#include "io/cache/replacement.h"
#include "io/cache/page_cache.h"
#include "io/contract/filesystem.h"
#include "io/contract/proc_file.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

static const struct replacement_policy *const policies[] = { &policy_2q, &policy_lru, &policy_clock };
static const struct replacement_policy *page_replacement = &policy_2q; /* lru_lock */
static DEFINE_SPINLOCK(lru_lock, RANK_MAPPING);
static bool any_evicted; /* until then no page can come back */

u32 replacement_key(const struct page *p)
{
	const struct inode *host = p->mapping->host;
	u32 file = host ? host->ino * 0x85ebca6bu ^ (host->sb ? host->sb->dev : 0) : (u32)(uintptr_t)p->mapping;
	u32 key = (file ^ file >> 15) * 0x27d4eb2fu ^ p->index * 0x9e3779b1u;

	return key ? key : 1;
}

void replacement_added(struct page *p)
{
	u32 key = any_evicted ? replacement_key(p) : 0;

	spin_lock(&lru_lock);
	page_replacement->added(p, key);
	spin_unlock(&lru_lock);
}

void replacement_accessed(struct page *p)
{
	if (!replacement_mark(page_replacement, p))
		return;
	spin_lock(&lru_lock);
	page_replacement->accessed(p);
	spin_unlock(&lru_lock);
}

void replacement_removed(struct page *p)
{
	spin_lock(&lru_lock);
	page_replacement->removed(p);
	spin_unlock(&lru_lock);
}

u32 replacement_isolate(struct page **out, u32 max_pages)
{
	u32 n;

	spin_lock(&lru_lock);
	n = page_replacement->isolate(out, max_pages);
	spin_unlock(&lru_lock);
	return n;
}

void replacement_putback(struct page *p, enum page_verdict why)
{
	spin_lock(&lru_lock);
	if (p->mapping) /* it may have left the cache meanwhile */
		page_replacement->putback(p, why);
	spin_unlock(&lru_lock);
}

void replacement_evicted(u32 key)
{
	any_evicted = true;
	spin_lock(&lru_lock);
	if (page_replacement->evicted)
		page_replacement->evicted(key);
	spin_unlock(&lru_lock);
}

void replacement_forget_use(void)
{
	spin_lock(&lru_lock);
	page_replacement->forget_use();
	spin_unlock(&lru_lock);
}

void replacement_counts(u32 *active, u32 *inactive)
{
	page_replacement->counts(active, inactive);
}

struct replacement_events replacement_events(void)
{
	struct replacement_events sum = { 0 };

	for (u32 i = 0; i < ARRAY_SIZE(policies); i++) {
		const struct replacement_events *e = policies[i]->events;

		sum.activated += e->activated;
		sum.deactivated += e->deactivated;
		sum.refaults += e->refaults;
		sum.refaults_activated += e->refaults_activated;
	}
	return sum;
}

int replacement_use(const char *name)
{
	const struct replacement_policy *next = NULL;
	struct list_head pages = LIST_HEAD_INIT(pages);

	for (u32 i = 0; i < ARRAY_SIZE(policies); i++)
		if (!strcmp(policies[i]->name, name))
			next = policies[i];
	if (!next)
		return -EINVAL;
	spin_lock(&lru_lock);
	if (next != page_replacement) {
		page_replacement->hand_over(&pages);
		page_replacement = next;
		while (!list_empty(&pages)) {
			struct page *p = list_first_entry(&pages, struct page, lru);

			list_del(&p->lru);
			page_replacement->added(p, 0);
		}
	}
	spin_unlock(&lru_lock);
	return 0;
}

static int show_policy(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%s\n", page_replacement->name);
	return 0;
}

static ssize_t write_policy(void *arg, const char *text, size_t len)
{
	char name[16];
	size_t n = len;

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (n >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, n);
	name[n] = 0;
	return replacement_use(name) ? -EINVAL : (ssize_t)len;
}

int replacement_init(void)
{
	u32 nr = 256, *table;

	while (nr < nr_total_pages() / 4 * 3)
		nr *= 2;
	table = vmalloc(nr * sizeof(*table));
	if (!table)
		return -ENOMEM;
	memset(table, 0, nr * sizeof(*table));
	policy_2q_set_ghosts(table, nr);
	return proc_create("sys/vm/page_replacement", 0644, show_policy, write_policy, NULL);
}
