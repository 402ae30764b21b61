/*
 * The replacement policies over traces of page uses, made up and recorded: how many uses find their page in a memory of so many frames.
 * The table of docs/caches.md is what this program prints when it is called with the word "table".
 * SOURCES: io/cache/policy_2q.c io/cache/policy_lru.c io/cache/policy_clock.c
 */
#include "tests/host/host_test.h"

#include <stdbool.h>
#include <string.h>

#include "io/cache/replacement.h"

#define MAX_USES 200000u
#define MAX_FILES 64u
#define MAX_FILE_PAGES 8192u
#define GHOSTS 1024u

static const struct replacement_policy *const policies[] = { &policy_2q, &policy_lru, &policy_clock };

/* ---- traces ---- */

struct use {
	u32 file, index;
	bool hot; /* a page that is worth keeping: hits on these are counted apart */
};

struct trace {
	const char *name;
	u32 frames; /* of the memory it runs in */
	u32 nr;
	struct use uses[MAX_USES];
};

static struct trace trace;
static u32 random_state = 12345;

static u32 rnd(u32 below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void use_page(u32 file, u32 index, bool hot)
{
	if (trace.nr < MAX_USES)
		trace.uses[trace.nr++] = (struct use){ file, index, hot };
}

static void begin(const char *name, u32 frames)
{
	trace.name = name;
	trace.frames = frames;
	trace.nr = 0;
}

static void pass(u32 file, u32 pages, bool hot)
{
	for (u32 i = 0; i < pages; i++)
		use_page(file, i, hot);
}

/* A small set used again and again, and between the rounds one pass over four times the memory, of another file each time. */
static void hot_set_and_scan(void)
{
	begin("hot set and scan", 1000);
	for (u32 round = 0; round < 10; round++) {
		for (u32 again = 0; again < 3; again++)
			pass(0, 400, true);
		pass(1 + round, 4000, false);
	}
}

/* The scan runs while the set is in use: a page of the set after each 20 of the scan. */
static void hot_set_during_scan(void)
{
	begin("hot set during a scan", 1000);
	for (u32 i = 0; i < 3; i++)
		pass(0, 400, true);
	for (u32 i = 0; i < 60000; i++) {
		use_page(1 + i / 6000, i % 6000, false);
		if (i % 20 == 0)
			use_page(0, rnd(400), true);
	}
}

/* Round and round over a little more than there is memory for. */
static void loop(void)
{
	begin("loop over 1.2 of memory", 1000);
	for (u32 i = 0; i < 30; i++)
		pass(0, 1200, false);
}

/* Few pages are used often, many seldom: the rank of a page is the product of three random numbers. */
static void skewed(void)
{
	begin("skewed, no scan", 1000);
	for (u32 i = 0; i < 60000; i++)
		use_page(0, rnd(8192) * (rnd(1000) + 1) / 1000 * (rnd(1000) + 1) / 1000, false);
}

/* The set that is used changes altogether, half way. */
static void change_of_set(void)
{
	begin("the set changes", 1000);
	for (u32 half = 0; half < 2; half++)
		for (u32 i = 0; i < 10; i++) {
			pass(half, 600, true);
			pass(2 + half * 10 + i, 300, false);
		}
}

/* A page is hot here when the session uses it more often than it passes over the large file. */
static bool recorded(const char *name, const char *path, u32 frames, u32 often)
{
	static u16 count[MAX_FILES][MAX_FILE_PAGES];
	FILE *f = fopen(path, "r");
	char line[100];
	u32 file, first, n;

	memset(count, 0, sizeof(count));
	begin(name, frames);
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (line[0] != '#' && sscanf(line, "%u %u %u", &file, &first, &n) == 3 && file < MAX_FILES && first + n <= MAX_FILE_PAGES)
			for (u32 i = 0; i < n; i++) {
				use_page(file, first + i, false);
				count[file][first + i]++;
			}
	fclose(f);
	for (u32 i = 0; i < trace.nr; i++)
		trace.uses[i].hot = count[trace.uses[i].file][trace.uses[i].index] > often;
	return trace.nr > 0;
}

/* ---- a memory ---- */

static struct page frames[2000], *where[MAX_FILES][MAX_FILE_PAGES];
static u32 ghosts[GHOSTS];

struct result {
	u32 hits, uses, hot_hits, hot_uses;
};

static u32 key_of(u32 file, u32 index) { return (file * 0x27d4eb2fu) ^ ((index + 1) * 0x9e3779b1u); }

static struct page **place_of(const struct page *p) { return &where[p->private / MAX_FILE_PAGES][p->private % MAX_FILE_PAGES]; }

/* A frame for a new page: a free one, or the policy's victim, as the shrinker would take it. */
static struct page *get_frame(const struct replacement_policy *policy, u32 *used, u32 nr_frames)
{
	struct page *p;

	if (*used < nr_frames)
		return &frames[(*used)++];
	if (policy->isolate(&p, 1) != 1)
		return NULL;
	policy->removed(p);
	if (policy->evicted)
		policy->evicted(key_of((u32)(p->private / MAX_FILE_PAGES), (u32)(p->private % MAX_FILE_PAGES)));
	*place_of(p) = NULL;
	return p;
}

static void use(const struct replacement_policy *policy, struct page *p)
{
	if (replacement_mark(policy, p))
		policy->accessed(p);
}

/* All pages leave: lists are empty again. */
static void empty_memory(const struct replacement_policy *policy)
{
	struct list_head all = LIST_HEAD_INIT(all);
	u32 active, inactive;

	policy->hand_over(&all);
	policy->counts(&active, &inactive);
	CHECK_EQ(active + inactive, 0);
	memset(frames, 0, sizeof(frames));
	memset(where, 0, sizeof(where));
	memset(ghosts, 0, sizeof(ghosts));
}

/* The second half of the trace counts: the first warms up. */
static struct result run(const struct replacement_policy *policy)
{
	struct result r = { 0 };
	u32 used = 0, active, inactive;

	for (u32 i = 0; i < trace.nr; i++) {
		const struct use *u = &trace.uses[i];
		struct page **place = &where[u->file][u->index], *p = *place;
		bool counts = i >= trace.nr / 2, hit = p;

		if (!p) {
			p = get_frame(policy, &used, trace.frames);
			CHECK(p);
			if (!p)
				break;
			memset(p, 0, sizeof(*p));
			p->private = u->file * MAX_FILE_PAGES + u->index;
			*place = p;
			policy->added(p, key_of(u->file, u->index));
		}
		use(policy, p);
		r.uses += counts;
		r.hits += counts && hit;
		r.hot_uses += counts && u->hot;
		r.hot_hits += counts && hit && u->hot;
	}
	policy->counts(&active, &inactive);
	CHECK_EQ(active + inactive, used);
	empty_memory(policy);
	return r;
}

static u32 percent(u32 part, u32 all) { return all ? (part * 200 + all) / (2 * all) : 0; }

/* ---- what must hold ---- */

TEST(one_pass_leaves_the_hot_set_to_2q)
{
	hot_set_and_scan();
	struct result q = run(&policy_2q), l = run(&policy_lru), c = run(&policy_clock);
	u32 best = q.hot_uses; /* nothing of the set would ever have to go */

	CHECK(q.hot_hits * 100 >= best * 95);
	CHECK(l.hot_hits * 100 <= best * 70); /* the first of three rounds after each pass misses all of it */
	CHECK(c.hot_hits * 100 <= best * 70);
}

TEST(a_scan_beside_the_hot_set)
{
	hot_set_during_scan();
	struct result q = run(&policy_2q), l = run(&policy_lru);

	CHECK(q.hot_hits * 100 >= q.hot_uses * 95);
	CHECK(l.hot_hits * 100 <= l.hot_uses * 20);
}

TEST(pages_that_come_back_soon_are_kept)
{
	u32 before = policy_2q.events->refaults_activated;

	change_of_set();
	struct result q = run(&policy_2q), l = run(&policy_lru);

	CHECK(policy_2q.events->refaults_activated > before);
	CHECK(q.hot_hits * 100 >= l.hot_hits * 85); /* a stale active list does not keep the new set out */
}

TEST(no_scan_no_great_loss)
{
	skewed();
	struct result q = run(&policy_2q), l = run(&policy_lru), c = run(&policy_clock);

	CHECK(q.hits * 100 >= l.hits * 95);
	CHECK(c.hits * 100 >= l.hits * 95);
}

TEST(a_recorded_session)
{
	if (!recorded("recorded shell session", "tests/host/traces/shell.txt", 400, 7)) {
		CHECK(!"the trace is missing: run from the root of the checkout");
		return;
	}
	struct result q = run(&policy_2q), l = run(&policy_lru);

	CHECK(q.hot_hits * 100 >= q.hot_uses * 95);
	CHECK(l.hot_hits < q.hot_hits);
}

/* Another policy takes over: every page is handed over once, and the new one can work with it. */
TEST(policies_hand_over_to_each_other)
{
	struct list_head all = LIST_HEAD_INIT(all);

	for (u32 from = 0; from < ARRAY_SIZE(policies); from++)
		for (u32 to = 0; to < ARRAY_SIZE(policies); to++) {
			u32 n = 0, active, inactive;
			struct page *p;

			for (u32 i = 0; i < 100; i++) {
				policies[from]->added(&frames[i], 0);
				for (u32 k = 0; k < i % 4; k++)
					use(policies[from], &frames[i]);
			}
			policies[from]->hand_over(&all);
			while (!list_empty(&all)) {
				p = list_first_entry(&all, struct page, lru);
				CHECK_EQ(p->flags & (PG_lru | PG_active | PG_referenced), 0);
				list_del(&p->lru);
				policies[to]->added(p, 0);
				n++;
			}
			CHECK_EQ(n, 100);
			policies[to]->counts(&active, &inactive);
			CHECK_EQ(active + inactive, 100);
			for (n = 0; policies[to]->isolate(&p, 1) == 1; n++) {
				policies[to]->removed(p);
				CHECK(!(p->flags & PG_lru));
			}
			CHECK_EQ(n, 100);
			memset(frames, 0, sizeof(frames));
		}
}

/* What cannot be freed goes back and comes up again; what left meanwhile is not missed. */
TEST(isolated_pages_go_back)
{
	for (u32 i = 0; i < ARRAY_SIZE(policies); i++) {
		const struct replacement_policy *policy = policies[i];
		u32 active, inactive, n;
		struct page *out[16];

		for (u32 k = 0; k < 64; k++)
			policy->added(&frames[k], 0);
		for (u32 round = 0; round < 20; round++) {
			n = policy->isolate(out, ARRAY_SIZE(out));
			CHECK_EQ(n, ARRAY_SIZE(out));
			for (u32 k = 0; k < n; k++)
				policy->putback(out[k], round & 1 ? PAGE_USED : PAGE_BUSY);
		}
		policy->counts(&active, &inactive);
		CHECK_EQ(active + inactive, 64);
		policy->forget_use();
		for (u32 k = 0; k < 64; k++)
			policy->removed(&frames[k]);
		policy->counts(&active, &inactive);
		CHECK_EQ(active + inactive, 0);
		memset(frames, 0, sizeof(frames));
	}
}

/* ---- the table ---- */

static const char *row(char *line, size_t size)
{
	int n = snprintf(line, size, "| %s | %u |", trace.name, trace.frames);

	for (u32 i = 0; i < ARRAY_SIZE(policies); i++) {
		struct result r = run(policies[i]);

		n += snprintf(line + n, size - (size_t)n, " %u %% |", percent(r.hits, r.uses));
		if (r.hot_uses)
			n += snprintf(line + n, size - (size_t)n, " %u %% |", percent(r.hot_hits, r.hot_uses));
		else
			n += snprintf(line + n, size - (size_t)n, " |");
	}
	return line;
}

static void each_row(void (*fn)(const char *line))
{
	static void (*const make[])(void) = { hot_set_and_scan, hot_set_during_scan, change_of_set, skewed, loop };
	char line[200];

	random_state = 12345;
	for (u32 i = 0; i < ARRAY_SIZE(make); i++) {
		make[i]();
		fn(row(line, sizeof(line)));
	}
	if (recorded("recorded shell session", "tests/host/traces/shell.txt", 400, 7))
		fn(row(line, sizeof(line)));
}

static char page_text[1 << 16];

static void in_the_docs(const char *line)
{
	if (!strstr(page_text, line)) {
		printf("# docs/caches.md has no line %s\n", line);
		CHECK(!"the table of docs/caches.md is not what comes out now");
	}
}

TEST(the_table_of_the_docs_is_true)
{
	FILE *f = fopen("docs/caches.md", "r");

	CHECK(f);
	if (!f)
		return;
	page_text[fread(page_text, 1, sizeof(page_text) - 1, f)] = 0;
	fclose(f);
	each_row(in_the_docs);
}

static void print_line(const char *line) { printf("%s\n", line); }

int main(int argc, char **argv)
{
	policy_2q_set_ghosts(ghosts, GHOSTS);
	if (argc > 1 && !strcmp(argv[1], "table")) {
		each_row(print_line);
		return 0;
	}
	RUN(one_pass_leaves_the_hot_set_to_2q);
	RUN(a_scan_beside_the_hot_set);
	RUN(pages_that_come_back_soon_are_kept);
	RUN(no_scan_no_great_loss);
	RUN(a_recorded_session);
	RUN(policies_hand_over_to_each_other);
	RUN(isolated_pages_go_back);
	RUN(the_table_of_the_docs_is_true);
	return host_test_end();
}
