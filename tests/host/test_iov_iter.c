/*
 * Iterators over user buffers, vectors, kernel buffers and pages against a flat picture of the same bytes, with user memory that has holes.
 * SOURCES: io/vfs/iov_iter.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "io/contract/iov_iter.h"
#include "kernel/hal/uaccess.h"
#include "mm/mm.h"

#define MEMORY 65536u

static u8 *memory;                   /* what stands for user memory and for pages */
static u32 hole_start, hole_end;     /* offsets in it that fault */
static int faults_off;
static struct page pages[MEMORY / 4096];

void *page_address(const struct page *p) { return memory + (size_t)(p - pages) * 4096; }
struct page *virt_to_page(const void *va) { return &pages[((const u8 *)va - memory) / 4096]; }
void free_page_last(struct page *p) { }
void pagefault_disable(void) { faults_off++; }
void pagefault_enable(void) { faults_off--; }

/* Bytes from p on that do not fault, at most n. Addresses are cut to 32 bits in some places, never here. */
static size_t reachable(const void *p, size_t n)
{
	size_t at = (size_t)((const u8 *)p - memory);

	if (at >= hole_end || at + n <= hole_start)
		return n;
	return at >= hole_start ? 0 : hole_start - at;
}

size_t copy_to_user(void *dst, const void *src, size_t n)
{
	size_t good = reachable(dst, n);
	memcpy(dst, src, good);
	return n - good;
}

size_t copy_from_user_keep(void *dst, const void *src, size_t n)
{
	size_t good = reachable(src, n);
	memcpy(dst, src, good);
	return n - good;
}

size_t copy_from_user(void *dst, const void *src, size_t n)
{
	size_t left = copy_from_user_keep(dst, src, n);
	memset((u8 *)dst + n - left, 0, left);
	return left;
}

size_t clear_user(void *dst, size_t n)
{
	size_t good = reachable(dst, n);
	memset(dst, 0, good);
	return n - good;
}

int fault_in_readable(const void *p, size_t n) { return reachable(p, n) == n ? 0 : -EFAULT; }
int fault_in_writeable(void *p, size_t n) { return reachable(p, n) == n ? 0 : -EFAULT; }
int get_user_page(u32 addr, bool write, struct page **out) { return -EFAULT; }

/* One iterator and where each of its bytes lies in memory. */
#define MAX_BYTES 20000u
struct shape {
	struct iov_iter iter;
	struct iovec_k vec[16];
	struct bio_vec bvec[16];
	u32 total;
	u32 place[MAX_BYTES];
};

static u32 random_below(u32 n) { return n ? (u32)rand() % n : 0; }

static void make_shape(struct shape *s, enum iter_type type, bool dest)
{
	u32 n = type == ITER_UBUF ? 1 : 1 + random_below(16);

	s->total = 0;
	for (u32 i = 0; i < n; i++) {
		u32 offset = random_below(4096), len = random_below(4) ? random_below(min(4096 - offset, 1200u)) : 0;
		u32 page = i * (MEMORY / 4096 / 16);
		if (type == ITER_UBUF)
			len = 1 + random_below(15000);
		if (type == ITER_BVEC)
			s->bvec[i] = (struct bio_vec){ &pages[page], len, offset };
		else
			s->vec[i] = (struct iovec_k){ memory + page * 4096 + offset, len };
		for (u32 b = 0; b < len; b++)
			s->place[s->total++] = page * 4096 + offset + b;
	}
	if (type == ITER_UBUF)
		iov_iter_ubuf(&s->iter, dest, s->vec[0].base, s->total);
	else
		iov_iter_init(&s->iter, type, dest, type == ITER_BVEC ? (void *)s->bvec : (void *)s->vec, n, s->total);
}

static const enum iter_type kinds[] = { ITER_UBUF, ITER_IOVEC, ITER_KVEC, ITER_BVEC };

TEST(copies_reach_the_right_bytes)
{
	static struct shape s;
	static u8 data[MAX_BYTES], back[MAX_BYTES];

	hole_start = hole_end = 0;
	for (u32 round = 0; round < 2000 * host_test_scale(); round++) {
		make_shape(&s, kinds[round % 4], true);
		for (u32 i = 0; i < s.total; i++)
			data[i] = (u8)rand();
		u32 done = 0;
		while (done < s.total) { /* in pieces, now and then a step back */
			u32 n = 1 + random_below(s.total - done);
			CHECK_EQ(copy_to_iter(data + done, n, &s.iter), n);
			done += n;
			if (!random_below(4)) {
				u32 back_by = random_below(done + 1);
				iov_iter_revert(&s.iter, back_by);
				done -= back_by;
			}
			CHECK_EQ(s.iter.count, s.total - done);
		}
		CHECK_EQ(copy_to_iter(data, 10, &s.iter), 0);
		for (u32 i = 0; i < s.total; i++)
			if (memory[s.place[i]] != data[i]) {
				CHECK(!"byte in its place");
				break;
			}
		iov_iter_revert(&s.iter, s.total);
		u32 skip = random_below(s.total + 1);
		iov_iter_advance(&s.iter, skip);
		CHECK_EQ(copy_from_iter(back, s.total, &s.iter), s.total - skip);
		CHECK(!memcmp(back, data + skip, s.total - skip));
		iov_iter_revert(&s.iter, s.total - skip);
		CHECK_EQ(iov_iter_zero(s.total, &s.iter), s.total - skip);
		for (u32 i = 0; i < s.total; i++)
			if (memory[s.place[i]] != (i < skip ? data[i] : 0)) {
				CHECK(!"zeroed from where it stood");
				break;
			}
	}
}

TEST(a_fault_ends_the_copy_where_it_is)
{
	static struct shape s;
	static u8 data[MAX_BYTES], got[MAX_BYTES];

	for (u32 round = 0; round < 2000 * host_test_scale(); round++) {
		make_shape(&s, kinds[round % 2], false);
		hole_start = random_below(MEMORY);
		hole_end = hole_start + 1 + random_below(2000);
		u32 good = 0;
		while (good < s.total && !(s.place[good] >= hole_start && s.place[good] < hole_end))
			good++;
		memset(got, 0xee, sizeof(got));
		u32 n = copy_from_iter(got, s.total, &s.iter);
		CHECK_EQ(n, good);
		CHECK_EQ(s.iter.count, s.total - good);
		for (u32 i = 0; i < good; i++)
			if (got[i] != memory[s.place[i]]) {
				CHECK(!"right byte");
				break;
			}
		CHECK(good == MAX_BYTES || got[good] == 0xee); /* nothing behind is touched */
		iov_iter_revert(&s.iter, n);
		CHECK((iov_iter_fault_in_readable(&s.iter, s.total) == 0) == (good == s.total));
		CHECK_EQ(copy_to_iter(data, s.total, &s.iter), good);
	}
	hole_start = hole_end = 0;
}

TEST(atomic_copies_do_not_move)
{
	static struct shape s;

	for (u32 round = 0; round < 500; round++) {
		make_shape(&s, kinds[round % 4], false);
		if (s.total && s.place[s.total - 1] >= 15 * 4096)
			continue; /* the page that is written to must not be a part of it */
		u32 before = s.iter.count, n = random_below(3000);
		u32 want = min(n, before);
		u8 saved[MAX_BYTES];
		for (u32 i = 0; i < want; i++)
			saved[i] = memory[s.place[i]];
		u32 done = copy_page_from_iter_atomic(&pages[15], 1000, n, &s.iter);
		CHECK_EQ(done, want);
		CHECK_EQ(s.iter.count, before);
		CHECK_EQ(faults_off, 0);
		CHECK(!memcmp(memory + 15 * 4096 + 1000, saved, want));
	}
}

TEST(pages_are_pinned_in_order)
{
	static struct shape s;
	struct bio_vec out[64];

	for (u32 round = 0; round < 500; round++) {
		make_shape(&s, ITER_KVEC + round % 2, true);
		u32 seen = 0, all = s.total;
		while (seen < all) {
			int n = iov_iter_pin_pages(&s.iter, out, 1 + random_below(64));
			if (n <= 0) {
				CHECK(n > 0);
				break;
			}
			for (int i = 0; i < n; i++) {
				CHECK(out[i].offset + out[i].len <= 4096);
				CHECK_EQ((u8 *)page_address(out[i].page) + out[i].offset - memory, s.place[seen]);
				seen += out[i].len;
			}
		}
		CHECK_EQ(seen, all);
		CHECK_EQ(s.iter.count, 0);
	}
}

TEST(alignment_is_that_of_all_pieces)
{
	struct iovec_k vec[3] = { { memory + 512, 1024 }, { NULL, 0 }, { memory + 4096, 512 } };
	struct iov_iter i;

	iov_iter_init(&i, ITER_KVEC, true, vec, 3, 1536);
	CHECK_EQ(iov_iter_alignment(&i) & 511, 0);
	vec[2].len = 500;
	iov_iter_init(&i, ITER_KVEC, true, vec, 3, 1524);
	CHECK(iov_iter_alignment(&i) & 511);
	iov_iter_truncate(&i, 1024);
	CHECK_EQ(iov_iter_alignment(&i) & 511, 0);
	iov_iter_ubuf(&i, true, memory + 3, 512);
	CHECK(iov_iter_alignment(&i) & 511);
}

int main(void)
{
	memory = aligned_alloc(4096, MEMORY);
	memset(memory, 0x55, MEMORY);
	srand(host_test_seed());
	RUN(copies_reach_the_right_bytes);
	RUN(a_fault_ends_the_copy_where_it_is);
	RUN(atomic_copies_do_not_move);
	RUN(pages_are_pinned_in_order);
	RUN(alignment_is_that_of_all_pieces);
	free(memory);
	return host_test_end();
}
