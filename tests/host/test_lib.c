/*
 * kernel/lib: formatting, numbers, 64-bit division, trees, bitmaps, rings, lists, text buffers. Compared with the C library where it can.
 * SOURCES: kernel/lib/bitmap.c kernel/lib/checksum.c kernel/lib/cmdline.c kernel/lib/div64.c kernel/lib/errname.c kernel/lib/kstrto.c kernel/lib/printf.c
 * SOURCES: kernel/lib/radix_tree.c kernel/lib/rbtree.c kernel/lib/seq_buf.c kernel/lib/string.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "kernel/lib/checksum.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/list.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/ring.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/lib/string.h"

/* The same numbers on every run with the same seed: xorshift (Marsaglia, 2003). */
static u32 random_state;
static u32 random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* ---- formatting ---- */

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

/* Ours and the C library's must agree, in text and length. */
#define SAME(...) do { \
		char ours_[128], theirs_[128]; \
		int a_ = ksnprintf(ours_, sizeof(ours_), __VA_ARGS__), b_ = snprintf(theirs_, sizeof(theirs_), __VA_ARGS__); \
		if (a_ != b_ || strcmp(ours_, theirs_)) { \
			host_test_bad_checks_++; \
			printf("# line %d: \"%s\" (%d), C library \"%s\" (%d)\n", __LINE__, ours_, a_, theirs_, b_); \
		} \
	} while (0)

TEST(printf_like_libc)
{
	static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-0", "+0", " 0", "#0", "-#", "+-" };
	static const char *const widths[] = { "", "1", "5", "12", ".0", ".3", "8.3", "3.8", "12.12" };
	static const long long values[] = { 0, 1, -1, 7, 42, -42, 255, 2147483647ll, -2147483648ll, 4294967295ll, 9223372036854775807ll,
					    -9223372036854775807ll - 1, 1234567890123ll };
	static const char conversions[] = "diuxXo";
	char fmt[32];

	for (u32 f = 0; f < ARRAY_SIZE(flags); f++)
		for (u32 w = 0; w < ARRAY_SIZE(widths); w++)
			for (u32 c = 0; c < sizeof(conversions) - 1; c++)
				for (u32 v = 0; v < ARRAY_SIZE(values); v++) {
					snprintf(fmt, sizeof(fmt), "%%%s%sll%c", flags[f], widths[w], conversions[c]);
					SAME(fmt, values[v]);
					snprintf(fmt, sizeof(fmt), "<%%%s%s%c>", flags[f], widths[w], conversions[c]);
					SAME(fmt, (int)values[v]);
					snprintf(fmt, sizeof(fmt), "%%%s%shh%c%%h%c", flags[f], widths[w], conversions[c], conversions[c]);
					SAME(fmt, (int)values[v], (int)values[v]);
				}
	SAME("%5s|%-5s|%.2s|%8.3s|%-8.3s|%s", "abc", "abc", "abc", "abcdef", "abcdef", "");
	SAME("%c%5c%-5c|", 'x', 'y', 'z');
	SAME("%*d|%-*d|%*d|%.*s|%.*d", 6, 42, 6, 42, -6, 42, 3, "abcdef", 4, 7);
	SAME("%zu %zx %lu %lx", (size_t)12345, (size_t)0xabc, 99ul, 0xfful);
	SAME("100%% %d%%", 7);
	SAME("plain");
	SAME("%.*s", -1, "whole");
}

TEST(printf_own)
{
	char buf[64];

	ksnprintf(buf, sizeof(buf), "%pe %pe", ERR_PTR(-EIO), ERR_PTR(-ENOSPC));
	CHECK(!strcmp(buf, "EIO ENOSPC"));
	ksnprintf(buf, sizeof(buf), "%s", (char *)NULL);
	CHECK(!strcmp(buf, "(null)"));
	ksnprintf(buf, sizeof(buf), "%p", (void *)0x1234);
	CHECK(!strcmp(buf + strlen(buf) - 4, "1234") && strlen(buf) == 2 * sizeof(void *));
	ksnprintf(buf, sizeof(buf), "%y %d", 5);
	CHECK(!strncmp(buf, "%y ", 3));
}

TEST(printf_truncation)
{
	char buf[16];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		CHECK_EQ(ksnprintf(buf, size, "%s-%05d", "hello", 42), 11);
		CHECK_EQ(kscnprintf(buf, size, "%s-%05d", "hello", 42), size > 11 ? 11 : size ? size - 1 : 0);
		if (size) {
			CHECK_EQ(strlen(buf), size > 11 ? 11 : size - 1);
			CHECK(!strncmp(buf, "hello-00042", strlen(buf)));
		}
		for (size_t i = max(size, (size_t)12); i < sizeof(buf); i++)
			CHECK(buf[i] == '#');
	}
}

TEST(seq_buf_overflow)
{
	char buf[16];
	struct seq_buf s;

	seq_init(&s, buf, sizeof(buf));
	seq_printf(&s, "%d,", 12345);
	seq_puts(&s, "abc");
	seq_putc(&s, '!');
	CHECK_EQ(s.len, 10);
	CHECK(!s.overflow && !memcmp(buf, "12345,abc!", 10));
	seq_printf(&s, "%s", "123456"); /* would need its terminator's byte */
	CHECK(s.overflow && s.len == 10);
	seq_putc(&s, 'x');
	CHECK_EQ(s.len, 10);
}

/* ---- numbers ---- */

TEST(kstrto)
{
	u64 v;
	u32 w;
	int i;
	static const struct { const char *s; unsigned base; int ret; u64 v; } cases[] = {
		{ "0", 0, 0, 0 }, { "42", 0, 0, 42 }, { "42\n", 10, 0, 42 }, { "0x1F", 0, 0, 31 }, { "0x1f", 16, 0, 31 },
		{ "1f", 16, 0, 31 }, { "017", 0, 0, 15 }, { "+5", 10, 0, 5 }, { "18446744073709551615", 10, 0, ~0ull },
		{ "18446744073709551616", 10, -ERANGE, 0 }, { "0xffffffffffffffff", 0, 0, ~0ull }, { "0x10000000000000000", 0, -ERANGE, 0 },
		{ "99999999999999999999999", 10, -ERANGE, 0 }, { "", 10, -EINVAL, 0 }, { "\n", 10, -EINVAL, 0 }, { "x", 10, -EINVAL, 0 },
		{ "12a", 10, -EINVAL, 0 }, { "12\n\n", 10, -EINVAL, 0 }, { "-1", 10, -EINVAL, 0 }, { " 1", 10, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 }, { "08", 0, -EINVAL, 0 }, { "1 ", 10, -EINVAL, 0 },
	};

	for (u32 k = 0; k < ARRAY_SIZE(cases); k++) {
		v = 0;
		int ret = kstrtou64(cases[k].s, cases[k].base, &v);
		if (ret != cases[k].ret || v != cases[k].v)
			printf("# \"%s\" base %u\n", cases[k].s, cases[k].base);
		CHECK_EQ(ret, cases[k].ret);
		CHECK_EQ(v, cases[k].v);
	}
	CHECK(kstrtou32("4294967295", 10, &w) == 0 && w == ~0u);
	CHECK_EQ(kstrtou32("4294967296", 10, &w), -ERANGE);
	CHECK(kstrtoint("-2147483648", 10, &i) == 0 && i == -2147483647 - 1);
	CHECK(kstrtoint("2147483647", 10, &i) == 0 && i == 2147483647);
	CHECK_EQ(kstrtoint("2147483648", 10, &i), -ERANGE);
	CHECK_EQ(kstrtoint("-2147483649", 10, &i), -ERANGE);
	CHECK_EQ(kstrtoint("--1", 10, &i), -EINVAL);
	CHECK_EQ(kstrtoint("-+1", 10, &i), -EINVAL);
	CHECK_EQ(kstrtoint("-", 10, &i), -EINVAL);
}

TEST(strscpy_cuts)
{
	char buf[6];

	CHECK(strscpy(buf, "abc", sizeof(buf)) == 3 && !strcmp(buf, "abc"));
	CHECK(strscpy(buf, "abcde", sizeof(buf)) == 5 && !strcmp(buf, "abcde"));
	CHECK(strscpy(buf, "abcdef", sizeof(buf)) == -E2BIG && !strcmp(buf, "abcde"));
	CHECK(strscpy(buf, "", 1) == 0 && !buf[0]);
	CHECK(strscpy(buf, "x", 1) == -E2BIG && !buf[0]);
}

static u64 random64(void)
{
	u64 v = (u64)random32() << 32 | random32();
	return v >> (random32() & 63);
}

TEST(div64)
{
	static const u64 edges[] = { 0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ull, 0x100000001ull, 0x1ffffffffull,
				     0x7fffffffffffffffull, 0x8000000000000000ull, 0xfffffffffffffffeull, ~0ull };
	u32 rem;

	for (u32 i = 0; i < ARRAY_SIZE(edges); i++)
		for (u32 j = 1; j < ARRAY_SIZE(edges); j++)
			CHECK_EQ(div64_u64(edges[i], edges[j]), edges[i] / edges[j]);
	for (u32 i = 0; i < 1000000; i++) {
		u64 n = random64(), d = random64();
		if (d && div64_u64(n, d) != n / d)
			CHECK_EQ(div64_u64(n, d), n / d);
		if ((u32)d && (div_u64_rem(n, (u32)d, &rem) != n / (u32)d || rem != n % (u32)d))
			CHECK_EQ(div_u64(n, (u32)d), n / (u32)d);
		u32 mul = random32(), shift = random32() % 33;
		u64 a = n >> 20;
		if (mul_u64_u32_shr(a, mul, shift) != (u64)((unsigned __int128)a * mul >> shift))
			CHECK_EQ(mul_u64_u32_shr(a, mul, shift), (u64)((unsigned __int128)a * mul >> shift));
	}
}

TEST(cmdline_words)
{
	cmdline_init("  root=/dev/sda  ro init=\"/bin/sh -c\" quiet root=/dev/sdb1 empty= rooty");
	CHECK(!strcmp(cmdline_get("root"), "/dev/sdb1"));
	CHECK(!strcmp(cmdline_get("init"), "/bin/sh -c"));
	CHECK(!strcmp(cmdline_get("ro"), "") && !strcmp(cmdline_get("quiet"), "") && !strcmp(cmdline_get("empty"), ""));
	CHECK(!cmdline_get("roo") && !cmdline_get("roo=") && !cmdline_get("sda") && !cmdline_get("-c"));
	CHECK(cmdline_all()[2] == 'r' && cmdline_all()[strlen(cmdline_all()) - 1] == 'y');
	cmdline_init("");
	CHECK(!cmdline_get("root") && !*cmdline_all());
	char longest[2 * CMDLINE_MAX];
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	cmdline_init(longest);
	CHECK_EQ(strlen(cmdline_all()), CMDLINE_MAX - 1);
	for (u32 i = 0; i < sizeof(longest) - 1; i += 2)
		longest[i] = ' ';
	cmdline_init(longest);
	CHECK(cmdline_get("a"));
}

/* ---- bits ---- */

TEST(bitmap_search)
{
	u8 map[41], *m = map + 1; /* not aligned on purpose */
	const u32 nbits = 40 * 8 - 5;

	for (u32 round = 0; round < 200; round++) {
		u32 density = random32() % 100, weight = 0;
		memset(map, 0xff, sizeof(map)); /* the bits past the end are set: they must not count */
		for (u32 i = 0; i < nbits; i++) {
			bool set = random32() % 100 < density;
			if (set)
				bitmap_set(m, i);
			else
				bitmap_clear(m, i);
			weight += set;
		}
		CHECK_EQ(bitmap_weight(m, nbits), weight);
		for (u32 start = 0; start <= nbits + 2; start++) {
			u32 zero = start, one = start;
			while (zero < nbits && bitmap_test(m, zero))
				zero++;
			while (one < nbits && !bitmap_test(m, one))
				one++;
			CHECK_EQ(bitmap_find_zero(m, nbits, start), min(zero, nbits));
			CHECK_EQ(bitmap_find_set(m, nbits, start), min(one, nbits));
		}
	}
	CHECK_EQ(bitmap_find_zero(m, 0, 0), 0);
	CHECK_EQ(bitmap_weight(m, 0), 0);
}

TEST(ring_wraps)
{
	u8 data[8], c;
	struct ring r;
	u32 put = 0, got = 0;

	ring_init(&r, data, sizeof(data));
	r.head = r.tail = 0xfffffffc; /* the counters wrap */
	for (u32 i = 0; i < 1000; i++) {
		if (random32() & 1) {
			bool ok = ring_put(&r, (u8)put);
			CHECK_EQ(ok, put - got < 8);
			put += ok;
		} else {
			bool ok = ring_get(&r, &c);
			CHECK_EQ(ok, put != got);
			if (ok)
				CHECK_EQ(c, (u8)got++);
		}
		CHECK_EQ(ring_used(&r), put - got);
		CHECK_EQ(ring_room(&r), 8 - (put - got));
	}
}

TEST(lists)
{
	struct item { int v; struct list_head node; } items[6];
	struct item *e, *n;
	LIST_HEAD(a);
	LIST_HEAD(b);
	int sum = 0;

	for (int i = 0; i < 6; i++) {
		items[i].v = i;
		list_add_tail(&items[i].node, i < 3 ? &a : &b);
	}
	list_splice_tail_init(&b, &a);
	CHECK(list_empty(&b));
	list_for_each_entry(e, &a, node)
		sum = sum * 10 + e->v;
	CHECK_EQ(sum, 12345);
	list_for_each_entry_safe(e, n, &a, node)
		if (e->v & 1)
			list_del(&e->node);
	sum = 0;
	list_for_each_entry_reverse(e, &a, node)
		sum = sum * 10 + e->v;
	CHECK_EQ(sum, 420);
	CHECK(hash_32(1, 8) < 256 && hash_name("abc", 3) == 0x1A47E90Bu);
}

/* ---- trees ---- */

struct key_node {
	struct rb_node node;
	u32 key;
	bool in;
};

/* Black height of a correct subtree; -1 otherwise. */
static int check_subtree(const struct rb_node *n, const struct rb_node *parent)
{
	if (!n)
		return 1;
	if (n->parent != parent || (n->red && parent && parent->red))
		return -1;
	int l = check_subtree(n->left, n), r = check_subtree(n->right, n);
	return l < 0 || l != r ? -1 : l + !n->red;
}

static void rb_insert_key(struct rb_root *root, struct key_node *k)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = k->key < rb_entry(parent, struct key_node, node)->key ? &parent->left : &parent->right;
	}
	rb_link_node(&k->node, parent, link);
	rb_insert_color(&k->node, root);
}

TEST(rbtree_random)
{
	static struct key_node nodes[300];
	struct rb_root root = RB_ROOT;
	u32 count = 0;

	CHECK(!rb_first(&root) && !rb_last(&root));
	for (u32 i = 0; i < 20000; i++) {
		struct key_node *k = &nodes[random32() % ARRAY_SIZE(nodes)];
		if (k->in) {
			rb_erase(&k->node, &root);
			count--;
		} else {
			k->key = random32() % 200;
			rb_insert_key(&root, k);
			count++;
		}
		k->in = !k->in;
		if (i % 16)
			continue;
		CHECK(check_subtree(root.node, NULL) > 0 && (!root.node || !root.node->red));
		u32 seen = 0, last = 0;
		for (struct rb_node *n = rb_first(&root); n; n = rb_next(n), seen++) {
			CHECK(rb_entry(n, struct key_node, node)->key >= last);
			last = rb_entry(n, struct key_node, node)->key;
		}
		CHECK_EQ(seen, count);
		for (struct rb_node *n = rb_last(&root); n; n = rb_prev(n))
			seen--;
		CHECK_EQ(seen, 0);
	}
}

static u32 nodes_live, nodes_until_failure = ~0u;

void *radix_node_alloc(size_t size)
{
	if (!nodes_until_failure)
		return NULL;
	nodes_until_failure--;
	nodes_live++;
	return malloc(size);
}

void radix_node_free(void *node, size_t size)
{
	nodes_live--;
	free(node);
}

/* A reference: index, item and tags of every entry, unsorted. */
#define REF_MAX 600
static struct ref { u32 index; void *item; bool tag[RADIX_NR_TAGS]; } ref[REF_MAX];
static u32 nr_ref;

static struct ref *ref_find(u32 index)
{
	for (u32 i = 0; i < nr_ref; i++)
		if (ref[i].index == index)
			return &ref[i];
	return NULL;
}

/* Indexes that meet: near 0, around the borders of the levels, and the very last. */
static u32 random_index(void)
{
	static const u32 bases[] = { 0, 60, 4090, 262140, 16777210, 1073741820, 0xffffffc0 };
	return bases[random32() % ARRAY_SIZE(bases)] + random32() % 64;
}

static int by_index(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void check_gang(const struct radix_tree *t, int tag)
{
	void *items[50];
	u32 indexes[50], start = random32() & 1 ? random_index() : 0, max = 1 + random32() % 50, k = 0;

	qsort(ref, nr_ref, sizeof(ref[0]), by_index);
	u32 n = tag < 0 ? radix_tree_gang_lookup(t, start, items, indexes, max) :
			  radix_tree_gang_lookup_tag(t, start, items, indexes, max, tag);
	for (u32 i = 0; i < nr_ref && k < max; i++) {
		if (ref[i].index < start || (tag >= 0 && !ref[i].tag[tag]))
			continue;
		if (k >= n || indexes[k] != ref[i].index || items[k] != ref[i].item) {
			CHECK(k < n && indexes[k] == ref[i].index && items[k] == ref[i].item);
			return;
		}
		k++;
	}
	CHECK_EQ(n, k);
}

static void radix_random_step(struct radix_tree *t)
{
	u32 index = random_index(), tag = random32() % RADIX_NR_TAGS;
	struct ref *r = ref_find(index);

	switch (random32() % 6) {
	case 0:
	case 1:
	case 2: {
		void *item = &ref[random32() % REF_MAX];
		if (nr_ref == REF_MAX)
			break;
		int ret = radix_tree_insert(t, index, item);
		CHECK_EQ(ret, r ? -EEXIST : 0);
		if (!ret)
			ref[nr_ref++] = (struct ref){ .index = index, .item = item };
		break;
	}
	case 3:
		CHECK(radix_tree_delete(t, index) == (r ? r->item : NULL));
		if (r)
			*r = ref[--nr_ref];
		break;
	case 4:
		radix_tree_tag_set(t, index, tag);
		if (r)
			r->tag[tag] = true;
		break;
	case 5:
		radix_tree_tag_clear(t, index, tag);
		if (r)
			r->tag[tag] = false;
		break;
	}
}

TEST(radix_tree_random)
{
	struct radix_tree t = { 0 };

	for (u32 i = 0; i < 60000; i++) {
		radix_random_step(&t);
		u32 index = random_index();
		struct ref *r = ref_find(index);
		CHECK(radix_tree_lookup(&t, index) == (r ? r->item : NULL));
		CHECK_EQ(t.count, nr_ref);
		if (i % 8 == 0)
			check_gang(&t, (int)(random32() % (RADIX_NR_TAGS + 1)) - 1);
		for (u32 tag = 0; i % 64 == 0 && tag < RADIX_NR_TAGS; tag++) {
			bool any = false;
			for (u32 k = 0; k < nr_ref; k++)
				any |= ref[k].tag[tag];
			CHECK_EQ(radix_tree_tagged(&t, tag), any);
		}
	}
	while (nr_ref)
		radix_tree_delete(&t, ref[--nr_ref].index);
	CHECK(!t.root && !t.height && !t.count);
	CHECK_EQ(nodes_live, 0);
}

/* Every allocation may fail; nothing is lost and nothing is left behind. */
TEST(radix_no_memory)
{
	for (u32 allowed = 0; allowed < 14; allowed++) {
		struct radix_tree t = { 0 };
		int x;
		nodes_until_failure = allowed;
		bool first = !radix_tree_insert(&t, 3, &x), far = !radix_tree_insert(&t, 0xfffffff0, &x);
		CHECK_EQ(radix_tree_lookup(&t, 3) != NULL, first);
		CHECK_EQ(radix_tree_lookup(&t, 0xfffffff0) != NULL, far);
		CHECK_EQ(t.count, first + far);
		radix_tree_delete(&t, 3);
		radix_tree_delete(&t, 0xfffffff0);
		CHECK(!t.root || !t.count);
		nodes_until_failure = ~0u;
		CHECK_EQ(radix_tree_insert(&t, 5, &x), 0);
		radix_tree_delete(&t, 5);
		CHECK_EQ(nodes_live, 0);
	}
}

/* Word by word, as the RFC says it. */
static u16 sum_by_words(const u8 *p, int n)
{
	u32 sum = 0;

	for (int i = 0; i < n; i++)
		sum += (u32)p[i] << (i & 1 ? 8 : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

TEST(ip_sum_any_piece)
{
	static const u8 example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 }; /* RFC 1071, section 3: ddf2 in its order */
	static u8 data[9000];

	CHECK_EQ(ip_sum(example, 8), 0xf2dd);
	CHECK_EQ(ip_sum(example, 0), 0);
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = i < 4500 ? (u8)random32() : 0xff;
	for (int n = 0; n < 140; n++)
		for (int at = 0; at < 5; at++)
			CHECK_EQ(ip_sum(data + at, n), sum_by_words(data + at, n));
	for (int i = 0; i < 300; i++) {
		int at = (int)(random32() % sizeof(data)), n = (int)(random32() % (sizeof(data) - (u32)at));
		CHECK_EQ(ip_sum(data + at, n), sum_by_words(data + at, n));
	}
}

int main(void)
{
	random_state = host_test_seed() | 1;
	RUN(printf_like_libc);
	RUN(printf_own);
	RUN(printf_truncation);
	RUN(seq_buf_overflow);
	RUN(kstrto);
	RUN(strscpy_cuts);
	RUN(div64);
	RUN(cmdline_words);
	RUN(bitmap_search);
	RUN(ring_wraps);
	RUN(lists);
	RUN(rbtree_random);
	RUN(radix_tree_random);
	RUN(radix_no_memory);
	RUN(ip_sum_any_piece);
	return host_test_end();
}
