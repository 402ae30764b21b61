/*
 * The page cache, buffers, read-ahead, direct I/O, write-back and reclaim over a disk that is late, disorderly and sometimes broken.
 * SOURCES: tests/host/cache_machine.c tests/host/cache_disk.c io/cache/page_cache.c io/cache/page_state.c io/cache/replacement.c
 * SOURCES: io/cache/policy_2q.c io/cache/policy_lru.c io/cache/policy_clock.c
 * SOURCES: io/cache/reclaim.c io/cache/filemap.c io/cache/filemap_write.c io/cache/filemap_mmap.c io/cache/truncate.c io/cache/readahead.c
 * SOURCES: io/cache/buffer_head.c io/cache/buffer_io.c io/cache/block_read.c io/cache/block_write.c io/cache/block_modify.c
 * SOURCES: io/cache/direct_io.c io/cache/writeback.c io/cache/dirty_limits.c io/cache/vm_knobs.c io/vfs/iov_iter.c kernel/sched/wait.c
 * SOURCES: kernel/sync/mutex.c
 * SOURCES: kernel/sync/completion.c kernel/lib/radix_tree.c kernel/lib/kstrto.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "tests/host/cache_machine.h"

static u8 buf[1 << 20], want[1 << 20];

/* What the file should hold at [pos, pos + n), from the disk. */
static void expect_from_disk(struct test_file *f, u8 *out, u32 n, u32 pos)
{
	u32 bits = f->inode.blkbits;

	for (u32 i = 0; i < n; i++) {
		u32 at = file_disk_block(f, (pos + i) >> bits);

		out[i] = at == ~0u ? 0 : disk.data[((size_t)at << bits) + ((pos + i) & ((1u << bits) - 1))];
	}
}

static void check_read(struct test_file *f, u32 n, u32 pos)
{
	expect_from_disk(f, want, n, pos);
	CHECK_EQ(file_pread(f, buf, n, pos), n);
	CHECK(!memcmp(buf, want, n));
}

static void drop_caches(void)
{
	(void)writeback_sb(machine_bdev_file.inode.sb, true);
	page_cache_drop_clean();
}

TEST(reads_what_is_on_the_disk)
{
	static const struct { u32 bits, run, holes; } shapes[] = {
		{ 12, 0, 0 }, { 12, 1, 0 }, { 12, 7, 3 }, { 10, 0, 0 }, { 10, 3, 0 }, { 10, 4, 5 }, { 9, 0, 0 }, { 9, 5, 7 }
	};

	for (u32 s = 0; s < ARRAY_SIZE(shapes); s++) {
		u32 size = 200000 - s * 111;
		struct test_file *f = file_make(shapes[s].bits, 64, DIV_ROUND_UP(size, 1u << shapes[s].bits), shapes[s].run, shapes[s].holes, size);

		check_read(f, size, 0);
		for (u32 i = 0; i < 50; i++) {
			u32 pos = machine_random(size), n = 1 + machine_random(min(size - pos, 30000u));

			check_read(f, n, pos);
			if (!machine_random(8))
				drop_caches();
		}
		CHECK_EQ(file_pread(f, buf, 100, size), 0);
		CHECK_EQ(file_pread(f, buf, 100, size - 40), 40);
		file_free(f);
	}
}

TEST(sequential_reads_make_few_transfers)
{
	struct test_file *f = file_make(12, 0, 512, 0, 0, 512 * 4096);
	u32 before;

	drop_caches();
	before = disk.reads;
	for (u32 i = 0; i < 512; i++)
		check_read(f, 4096, i * 4096);
	CHECK(disk.reads - before <= 512 / 4); /* bios are cut at random here */
	file_free(f);
}

TEST(random_reads_fetch_nothing_else)
{
	struct test_file *f = file_make(12, 0, 2000, 0, 0, 2000 * 4096);
	u64 before;
	u32 at = 1;

	drop_caches();
	before = disk.bytes_read;
	for (u32 i = 0; i < 100; i++) {
		at = (at * 1103 + 12347) % 1999;
		check_read(f, 4096, at * 4096);
	}
	CHECK((disk.bytes_read - before) >> 12 <= 110);
	file_free(f);
}

TEST(interleaved_streams_are_both_found)
{
	struct test_file *f = file_make(12, 0, 2000, 0, 0, 2000 * 4096);
	u32 before;

	drop_caches();
	before = disk.reads;
	for (u32 i = 0; i < 200; i++) {
		check_read(f, 4096, i * 4096);
		check_read(f, 4096, (1000 + i) * 4096);
	}
	CHECK(disk.reads - before <= 400 / 3);
	file_free(f);
}

struct reader {
	struct test_file *f;
	u32 pos, n;
	ssize_t got;
	u8 data[8192];
};

static void reader_task(void *arg)
{
	struct reader *r = arg;

	r->got = file_pread(r->f, r->data, r->n, r->pos);
}

TEST(readers_of_one_missing_page_cause_one_read)
{
	struct test_file *f = file_make(12, 10, 64, 0, 0, 64 * 4096);
	static struct reader r[8];
	u64 before;

	drop_caches();
	before = disk.bytes_read;
	for (u32 i = 0; i < 8; i++) {
		r[i] = (struct reader){ .f = f, .pos = 33 * 4096 + 100, .n = 500 };
		machine_spawn(reader_task, &r[i]);
	}
	machine_join();
	expect_from_disk(f, want, 500, 33 * 4096 + 100);
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(r[i].got, 500);
		CHECK(!memcmp(r[i].data, want, 500));
	}
	CHECK_EQ(disk.bytes_read - before, 4096);
	file_free(f);
}

TEST(a_bad_sector_fails_its_own_page_alone)
{
	static const u32 shapes[][2] = { { 12, 0 }, { 10, 0 }, { 10, 3 } };

	for (u32 s = 0; s < ARRAY_SIZE(shapes); s++) {
		struct test_file *f = file_make(shapes[s][0], 0, 256 << (12 - shapes[s][0]), shapes[s][1], 0, 256 * 4096);
		u32 bad_block = 77 << (12 - shapes[s][0]);

		drop_caches();
		disk.bad_first = file_disk_block(f, bad_block) << (shapes[s][0] - 9);
		disk.bad_nr = 1;
		for (u32 i = 0; i < 256; i++) {
			if (i == 77)
				CHECK_EQ(file_pread(f, buf, 4096, i * 4096), -EIO);
			else
				check_read(f, 4096, i * 4096);
		}
		/* A long read gives what is before it, and the disk may come back. */
		CHECK_EQ(file_pread(f, buf, 20 * 4096, 70 * 4096), 7 * 4096);
		disk.bad_nr = 0;
		check_read(f, 256 * 4096, 0);
		file_free(f);
	}
}

TEST(writes_reach_the_disk_and_only_they)
{
	static const struct { u32 bits, run, holes; } shapes[] = {
		{ 12, 0, 0 }, { 12, 3, 4 }, { 10, 0, 0 }, { 10, 3, 5 }, { 9, 5, 3 } };

	for (u32 s = 0; s < ARRAY_SIZE(shapes); s++) {
		u32 bits = shapes[s].bits, size = 300000, blocks = DIV_ROUND_UP(size, 1u << bits);
		struct test_file *f = file_make(bits, 64, blocks, shapes[s].run, shapes[s].holes, size);
		static u8 model[300000];

		expect_from_disk(f, model, size, 0);
		for (u32 i = 0; i < 300; i++) {
			u32 pos = machine_random(size), n = 1 + machine_random(min(size - pos, machine_random(2) ? 600u : 20000u));

			for (u32 j = 0; j < n; j++)
				buf[j] = (u8)machine_random(0);
			if (!machine_random(4))
				machine_absent(buf + machine_random(n), 1);
			CHECK_EQ(file_pwrite_user(f, buf, n, pos), n);
			memcpy(model + pos, buf, n);
			machine_absent(NULL, 0);
			switch (machine_random(6)) {
			case 0:
				CHECK_EQ(file_fsync(f), 0);
				expect_from_disk(f, want, size, 0);
				CHECK(!memcmp(want, model, size));
				break;
			case 1:
				drop_caches();
				break;
			case 2:
				pos = machine_random(size);
				n = 1 + machine_random(min(size - pos, 50000u));
				CHECK_EQ(file_pread(f, buf, n, pos), n);
				CHECK(!memcmp(buf, model + pos, n));
				break;
			}
		}
		CHECK_EQ(file_fsync(f), 0);
		expect_from_disk(f, want, size, 0);
		CHECK(!memcmp(want, model, size));
		CHECK(f->written_inodes > 0);
		file_free(f);
	}
}

TEST(appending_moves_the_end)
{
	struct test_file *f = file_make(10, 64, 400, 0, 1, 0); /* every block is a hole until it is written */
	u32 size = 0;

	memset(disk.data, 0xee, 600 << 10);
	while (size < 300000) {
		u32 n = 1 + machine_random(5000);

		for (u32 j = 0; j < n; j++)
			buf[j] = (u8)(size + j);
		CHECK_EQ(file_pwrite(f, buf, n, size), n);
		size += n;
		CHECK_EQ(f->inode.size, size);
		if (!machine_random(10))
			drop_caches();
	}
	CHECK_EQ(file_fsync(f), 0);
	drop_caches();
	CHECK_EQ(file_pread(f, buf, sizeof(buf), 0), size);
	for (u32 j = 0; j < size; j++)
		if (buf[j] != (u8)j) {
			CHECK_EQ(j, ~0u);
			break;
		}
	/* A gap reads as zeros, whatever the disk held. */
	CHECK_EQ(file_pwrite(f, "x", 1, 350000), 1);
	CHECK_EQ(file_pread(f, buf, 350001 - size, size), 350001 - size);
	for (u32 j = 0; j < 350000 - size; j++)
		if (buf[j]) {
			CHECK_EQ(j, ~0u);
			break;
		}
	CHECK_EQ(file_pwrite(f, buf, 10, 400 << 10), -ENOSPC);
	file_free(f);
}

TEST(small_writes_leave_in_large_transfers)
{
	struct test_file *f = file_make(12, 64, 64, 0, 0, 64 * 4096);
	u32 before = disk.writes;

	for (u32 i = 0; i < 256; i++)
		CHECK_EQ(file_pwrite(f, buf, 512, i * 512), 512);
	CHECK_EQ(disk.writes, before);
	CHECK_EQ(file_fsync(f), 0);
	CHECK(disk.writes - before <= 10);
	CHECK(disk.flushes > 0);
	file_free(f);
}

TEST(a_failed_write_is_told_once_to_each)
{
	struct test_file *f = file_make(12, 64, 64, 0, 0, 64 * 4096);
	u32 seen = wb_err_sample(&f->inode.data);

	disk.bad_write_first = (64 + 5) * 8 + 3;
	disk.bad_write_nr = 1;
	CHECK_EQ(file_pwrite(f, buf, 4096 * 10, 0), 4096 * 10);
	CHECK_EQ(file_fsync(f), -EIO);
	disk.bad_write_nr = 0;
	CHECK_EQ(file_fsync(f), 0);
	CHECK_EQ(wb_err_check_and_advance(&f->inode.data, &seen), -EIO);
	CHECK_EQ(wb_err_check_and_advance(&f->inode.data, &seen), 0);
	/* The flusher meets the next one; a file opened before and one opened after hear of it. */
	disk.bad_write_nr = 1;
	CHECK_EQ(file_pwrite(f, buf, 4096, 5 * 4096), 4096);
	(void)!write_inode_now(&f->inode, true); /* perhaps the flusher was there first */
	disk.bad_write_nr = 0;
	seen = wb_err_sample(&f->inode.data);
	CHECK_EQ(wb_err_check_and_advance(&f->inode.data, &seen), -EIO);
	CHECK_EQ(file_fsync(f), -EIO);
	CHECK_EQ(file_fsync(f), 0);
	file_free(f);
}

TEST(truncate_drops_pages)
{
	struct test_file *f = file_make(10, 64, 400, 3, 0, 400 << 10);

	CHECK_EQ(file_pread(f, buf, 400 << 10, 0), 400 << 10);
	CHECK_EQ(file_pwrite(f, buf, 50000, 100000), 50000);
	f->inode.size = 123457;
	truncate_pages(&f->inode.data, 123457);
	CHECK_EQ(f->inode.data.nrpages, 31);
	f->inode.size = 130000;
	CHECK_EQ(file_pread(f, buf, 10000, 123000), 7000);
	for (u32 i = 457; i < 123457 % 4096 + (4096 - 123457 % 4096) - (123000 % 4096) && i < 7000; i++)
		if (buf[i]) {
			CHECK_EQ(i, ~0u);
			break;
		}
	file_free(f);
}

TEST(direct_io_and_cache_agree)
{
	static const struct { u32 bits, run, holes; } shapes[] = {
		{ 12, 0, 0 }, { 10, 3, 0 }, { 10, 4, 5 } };

	for (u32 s = 0; s < ARRAY_SIZE(shapes); s++) {
		u32 size = 256 << 10, bits = shapes[s].bits;
		struct test_file *f = file_make(bits, 64, size >> bits, shapes[s].run, shapes[s].holes, size);
		u8 *mem = machine_buffer();
		static u8 model[256 << 10];

		expect_from_disk(f, model, size, 0);
		for (u32 i = 0; i < 400; i++) {
			u32 pos = machine_random(size / 512) * 512, n = 512 * (1 + machine_random(60)), off = machine_random(8) * 512;

			n = min(min(n, size - pos), 8 * 4096 - off);
			switch (machine_random(5)) {
			case 0:
				CHECK_EQ(file_pread_direct(f, mem + off, n, pos), n);
				CHECK(!memcmp(mem + off, model + pos, n));
				break;
			case 1:
				for (u32 j = 0; j < n; j++)
					mem[off + j] = (u8)machine_random(0);
				CHECK_EQ(file_pwrite_direct(f, mem + off, n, pos), n);
				memcpy(model + pos, mem + off, n);
				break;
			case 2:
				for (u32 j = 0; j < n; j++)
					buf[j] = (u8)machine_random(0);
				CHECK_EQ(file_pwrite(f, buf, n - 3, pos), n - 3);
				memcpy(model + pos, buf, n - 3);
				break;
			case 3:
				CHECK_EQ(file_pread(f, buf, n, pos), n);
				CHECK(!memcmp(buf, model + pos, n));
				break;
			case 4:
				if (!machine_random(4))
					drop_caches();
			}
		}
		CHECK_EQ(file_fsync(f), 0);
		expect_from_disk(f, want, size, 0);
		CHECK(!memcmp(want, model, size));
		CHECK_EQ(file_pread_direct(f, mem + 1, 512, 0), -EINVAL);
		CHECK_EQ(file_pread_direct(f, mem, 512, 100), -EINVAL);
		disk.bad_first = file_disk_block(f, 0) << (bits - 9);
		disk.bad_nr = 1;
		drop_caches();
		CHECK_EQ(file_pread_direct(f, mem, 4096, 0), -EIO);
		disk.bad_nr = 0;
		file_free(f);
	}
}

TEST(direct_appends)
{
	struct test_file *f = file_make(10, 64, 256, 0, 1, 0);
	u8 *mem = machine_buffer();

	for (u32 i = 0; i < 12; i++) {
		memset(mem, (int)i + 1, 4 * 4096);
		CHECK_EQ(file_pwrite_direct(f, mem, 10240, i * 10240), 10240);
		CHECK_EQ(f->inode.size, (i + 1) * 10240);
	}
	CHECK_EQ(file_pwrite_direct(f, mem, 512, 12 * 10240), 512); /* less than a block: through the cache */
	CHECK_EQ(file_pread(f, buf, sizeof(buf), 0), 12 * 10240 + 512);
	for (u32 i = 0; i < 12; i++)
		CHECK(buf[i * 10240] == i + 1 && buf[i * 10240 + 10239] == i + 1);
	file_free(f);
}

TEST(a_failed_append_moves_nothing)
{
	struct test_file *f = file_make(10, 64, 256, 0, 1, 0);
	u8 *mem = machine_buffer();

	CHECK_EQ(file_pwrite_direct(f, mem, 4096, 0), 4096);
	disk.bad_write_first = (64 + 6) * 2;
	disk.bad_write_nr = 1;
	CHECK_EQ(file_pwrite_direct(f, mem, 4096, 4096), -EIO);
	CHECK_EQ(f->inode.size, 4096);
	disk.bad_write_nr = 0;
	CHECK_EQ(file_pwrite_direct(f, mem, 4096, 4096), 4096);
	CHECK_EQ(f->inode.size, 8192);
	/* A source that is not there, behind the end: the end stays until bytes came. */
	for (u32 i = 0; i < 20; i++) {
		u32 pos = (u32)f->inode.size + 5000;

		machine_absent(buf, 1);
		CHECK_EQ(file_pwrite_user(f, buf, 700, pos), 700);
		CHECK_EQ(f->inode.size, pos + 700);
	}
	machine_absent(NULL, 0);
	file_free(f);
}

TEST(metadata_buffers)
{
	struct test_file *f = file_make(10, 500, 10, 0, 0, 10240);
	struct buffer_head *b = bread(&machine_bdev, 7, 1024), *same, *other;

	CHECK(b && !memcmp(b->data, disk.data + 7 * 1024, 1024));
	same = getblk(&machine_bdev, 7, 1024);
	CHECK(same == b);
	brelse(same);
	other = getblk(&machine_bdev, 6, 1024);
	CHECK(other->page == b->page && !(other->state & BH_Uptodate));
	brelse(other);
	memset(b->data, 0x5a, 1024);
	mark_buffer_dirty_inode(b, &f->inode.data);
	CHECK_EQ(nr_dirty_pages(), 1);
	CHECK_EQ(file_fsync(f), 0);
	CHECK_EQ(disk.data[7 * 1024 + 1023], 0x5a);
	CHECK(disk.data[6 * 1024 + 1] != 0x5a || disk.data[6 * 1024 + 2] != 0x5a);
	/* Another block size in the same page, once nobody holds the old ones. */
	CHECK(!bread(&machine_bdev, 1, 4096));
	brelse(b);
	b = bread(&machine_bdev, 1, 4096);
	CHECK(b && !memcmp(b->data, disk.data + 4096, 4096));
	brelse(b);
	/* A bad sector gives NULL; a failed write stays visible. */
	disk.bad_first = 40;
	disk.bad_nr = 1;
	CHECK(!bread(&machine_bdev, 20, 1024));
	disk.bad_nr = 0;
	b = bread(&machine_bdev, 20, 1024);
	CHECK(b);
	disk.bad_write_first = 40;
	disk.bad_write_nr = 1;
	mark_buffer_dirty(b);
	CHECK_EQ(sync_dirty_buffer(b), -EIO);
	CHECK(b->state & BH_WriteError);
	disk.bad_write_nr = 0;
	mark_buffer_dirty(b);
	CHECK_EQ(sync_dirty_buffer(b), 0);
	brelse(b);
	/* The device's own file shows the same page. */
	CHECK_EQ(file_pread(&machine_bdev_file, buf, 1024, 7 * 1024), 1024);
	CHECK_EQ(buf[5], 0x5a);
	/* A file block over a dirty metadata block: the old contents must not come later. */
	b = bread(&machine_bdev, 505, 1024);
	memset(b->data, 0x77, 1024);
	mark_buffer_dirty(b);
	clean_bdev_alias(&machine_bdev, 505);
	brelse(b);
	machine_bdev.block_size = 1024;
	memset(buf, 0x11, 1024);
	CHECK_EQ(file_pwrite(f, buf, 1024, 5 * 1024), 1024);
	CHECK_EQ(file_fsync(f), 0);
	CHECK_EQ(write_inode_now(&machine_bdev_file.inode, true), 0);
	CHECK_EQ(disk.data[505 * 1024], 0x11);
	file_free(f);
}

static void write_inode_task(void *arg)
{
	CHECK_EQ(write_inode_now(arg, true), 0);
}

static void let_the_disk_go(void *arg)
{
	machine_sleep_ms(50);
	disk.hold = false;
}

/* While somebody else writes the inode it is on no list of dirty ones; sync must not return before all of it is on the disk. */
TEST(sync_waits_for_other_writers)
{
	struct test_file *f = file_make(12, 64, 64, 0, 0, 64 * 4096);

	CHECK_EQ(file_pread(f, buf, 8 * 4096, 0), 8 * 4096);
	CHECK_EQ(file_pwrite(f, "first", 5, 0), 5);
	disk.hold = true;
	machine_spawn(write_inode_task, &f->inode);
	machine_sleep_ms(10); /* it waits for the disk */
	CHECK_EQ(file_pwrite(f, "again", 5, 0), 5);
	CHECK_EQ(file_pwrite(f, "other", 5, 7 * 4096), 5);
	machine_spawn(let_the_disk_go, NULL);
	CHECK_EQ(writeback_sb(f->inode.sb, true), 0);
	CHECK(!memcmp(disk.data + 64 * 4096, "again", 5));
	CHECK(!memcmp(disk.data + 71 * 4096, "other", 5));
	machine_join();
	file_free(f);
}

/* The first pass of sync leaves out a page that is under way: it counts as dirtied at that moment, and the second pass must take it. */
TEST(sync_takes_what_its_first_pass_left_out)
{
	struct test_file *f = file_make(12, 64, 64, 0, 0, 64 * 4096);

	CHECK_EQ(file_pread(f, buf, 8 * 4096, 0), 8 * 4096);
	CHECK_EQ(file_pwrite(f, "first", 5, 0), 5);
	disk.hold = true;
	CHECK_EQ(write_inode_now(&f->inode, false), 0);
	CHECK_EQ(file_pwrite(f, "again", 5, 0), 5);
	machine_spawn(let_the_disk_go, NULL);
	CHECK_EQ(writeback_sb(f->inode.sb, true), 0);
	CHECK(!memcmp(disk.data + 64 * 4096, "again", 5));
	machine_join();
	file_free(f);
}

TEST(the_flusher_writes_by_age)
{
	struct test_file *f = file_make(12, 64, 64, 0, 0, 64 * 4096);
	u32 before = disk.writes;

	CHECK_EQ(file_pwrite(f, buf, 4096, 0), 4096);
	machine_sleep_ms(20000);
	CHECK_EQ(disk.writes, before);
	machine_sleep_ms(16000);
	CHECK_EQ(disk.writes, before + 1);
	CHECK_EQ(nr_dirty_pages(), 0);
	file_free(f);
}

static u32 writers_done;

static void writer_task(void *arg)
{
	struct test_file *f = arg;

	for (u32 i = 0; i < 60; i++)
		CHECK_EQ(file_pwrite(f, want, 16384, i * 16384), 16384);
	writers_done++;
}

TEST(writers_faster_than_the_disk_wait)
{
	struct test_file *f[3];
	u32 top = 0;

	drop_caches();
	writers_done = 0;
	for (u32 i = 0; i < 3; i++) {
		f[i] = file_make(12, 64 + i * 256, 256, 0, 0, 0);
		machine_spawn(writer_task, f[i]);
	}
	while (writers_done < 3) {
		machine_sleep_ms(1);
		top = max(top, nr_dirty_pages() + nr_writeback_pages());
	}
	machine_join();
	CHECK(top <= (machine_free_pages() + nr_cached_pages() + nr_buffer_pages()) / 4 + 16);
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(file_fsync(f[i]), 0);
		file_free(f[i]);
	}
}

/* What is on its way to the disk counts like what is dirty: the sum stays at the limit, whoever is faster. */
TEST(the_limit_is_on_dirty_and_under_way_together)
{
	struct test_file *f = file_make(12, 64, 1024, 0, 0, 0);
	u32 top = 0, was = dirty_bytes;

	drop_caches();
	dirty_bytes = 64 * PAGE_SIZE;
	dirty_limits_update();
	for (u32 i = 0; i < 512; i++) {
		CHECK_EQ(file_pwrite(f, want, PAGE_SIZE, i * PAGE_SIZE), PAGE_SIZE);
		top = max(top, nr_dirty_pages() + nr_writeback_pages());
	}
	dirty_bytes = was;
	dirty_limits_update();
	printf("# at most %u of 64\n", top);
	CHECK(top <= 64 + 1);
	CHECK_EQ(file_fsync(f), 0);
	file_free(f);
}

/* Many tasks on files larger than memory; each file has one writer with a model. */
struct mixed {
	struct test_file *f;
	u8 *model;
	u32 size, steps;
};

static void mixed_task(void *arg)
{
	struct mixed *x = arg;
	u8 *mine = malloc(20000);

	for (u32 i = 0; i < x->steps; i++) {
		u32 pos = machine_random(x->size), n = 1 + machine_random(min(x->size - pos, 20000u));

		if (machine_random(2)) {
			for (u32 j = 0; j < n; j++)
				mine[j] = (u8)machine_random(0);
			CHECK_EQ(file_pwrite(x->f, mine, n, pos), n);
			memcpy(x->model + pos, mine, n);
		} else {
			CHECK_EQ(file_pread(x->f, mine, n, pos), n);
			CHECK(!memcmp(mine, x->model + pos, n));
		}
		if (!machine_random(20))
			CHECK_EQ(file_fsync(x->f), 0);
	}
	free(mine);
}

TEST(many_tasks_on_more_than_memory)
{
	struct mixed x[4];

	drop_caches();
	for (u32 i = 0; i < 4; i++) {
		u32 bits = i & 1 ? 10 : 12;

		x[i].size = 900000;
		x[i].steps = 150 * host_test_scale();
		x[i].f = file_make(bits, (64 + i * 1000) << (12 - bits), DIV_ROUND_UP(x[i].size, 1u << bits), i * 5, i == 3 ? 6 : 0, x[i].size);
		x[i].model = malloc(x[i].size);
		expect_from_disk(x[i].f, x[i].model, x[i].size, 0);
		machine_spawn(mixed_task, &x[i]);
	}
	machine_join();
	for (u32 i = 0; i < 4; i++) {
		CHECK_EQ(file_fsync(x[i].f), 0);
		expect_from_disk(x[i].f, want, x[i].size, 0);
		CHECK(!memcmp(want, x[i].model, x[i].size));
		file_free(x[i].f);
		free(x[i].model);
	}
}

TEST(one_pass_leaves_the_hot_set)
{
	struct test_file *hot = file_make(12, 0, 100, 0, 0, 100 * 4096), *cold = file_make(12, 1000, 1500, 0, 0, 1500 * 4096);
	u64 before;

	drop_caches();
	for (u32 round = 0; round < 3; round++)
		for (u32 i = 0; i < 100; i++)
			check_read(hot, 4096, i * 4096);
	for (u32 i = 0; i < 1500; i++)
		CHECK_EQ(file_pread(cold, buf, 4096, i * 4096), 4096);
	before = disk.bytes_read;
	for (u32 i = 0; i < 100; i++)
		check_read(hot, 4096, i * 4096);
	CHECK((disk.bytes_read - before) >> 12 <= 5);
	file_free(hot);
	file_free(cold);
}

TEST(without_lookup_nothing_is_read)
{
	struct test_file *f = file_make(12, 0, 16, 0, 0, 16 * 4096);

	drop_caches();
	page_cache_broken = true;
	CHECK_EQ(file_pread(f, buf, 4096, 0), -EIO);
	CHECK_EQ(file_pwrite(f, buf, 100, 0), -EIO);
	CHECK(!bread(&machine_bdev, 3, 1024));
	page_cache_broken = false;
	check_read(f, 4096, 0);
	file_free(f);
}

TEST(nothing_is_left_behind)
{
	drop_caches();
	CHECK_EQ(nr_dirty_pages(), 0);
	CHECK_EQ(nr_writeback_pages(), 0);
	CHECK_EQ(nr_cached_pages(), 0);
	CHECK_EQ(nr_buffer_pages(), machine_bdev_file.inode.data.nrpages);
}

int main(void)
{
	machine_start(600, 24 << 10, host_test_seed());
	RUN(reads_what_is_on_the_disk);
	RUN(sequential_reads_make_few_transfers);
	RUN(random_reads_fetch_nothing_else);
	RUN(interleaved_streams_are_both_found);
	RUN(readers_of_one_missing_page_cause_one_read);
	RUN(a_bad_sector_fails_its_own_page_alone);
	RUN(writes_reach_the_disk_and_only_they);
	RUN(appending_moves_the_end);
	RUN(small_writes_leave_in_large_transfers);
	RUN(a_failed_write_is_told_once_to_each);
	RUN(truncate_drops_pages);
	RUN(direct_appends);
	RUN(direct_io_and_cache_agree);
	RUN(a_failed_append_moves_nothing);
	RUN(metadata_buffers);
	RUN(sync_waits_for_other_writers);
	RUN(sync_takes_what_its_first_pass_left_out);
	RUN(the_flusher_writes_by_age);
	RUN(writers_faster_than_the_disk_wait);
	RUN(the_limit_is_on_dirty_and_under_way_together);
	RUN(many_tasks_on_more_than_memory);
	RUN(one_pass_leaves_the_hot_set);
	RUN(without_lookup_nothing_is_read);
	RUN(nothing_is_left_behind);
	return host_test_end();
}
