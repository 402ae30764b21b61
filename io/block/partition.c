/*
 * MBR partition tables: four entries at byte 446 of sector 0, signature 0x55 0xaa; extended partitions (types 5, 0xf, 0x85) hold a chain
 * of tables with one logical partition each, numbered from 5 on. mbr_entry_decode is pure and tested on the host.
 */
#include "io/block/partition.h"
#include "io/block/queue.h"
#include "io/contract/buffer_head.h"
#include "kernel/debug/printk.h"

#define MAX_LOGICAL 11u

bool mbr_is_valid(const u8 *sector)
{
	return sector[510] == 0x55 && sector[511] == 0xaa;
}

static u32 le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

struct mbr_entry mbr_entry_decode(const u8 *sector, u32 index)
{
	const u8 *e = sector + 446 + 16 * index;

	return (struct mbr_entry){ .boot = e[0], .type = e[4], .start = le32(e + 8), .nr_sectors = le32(e + 12) };
}

bool mbr_type_is_extended(u8 type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* A file system right at sector 0 (its boot code leaves the signature too) looks like a table with nonsense flags. */
static bool table_plausible(const u8 *sector)
{
	for (u32 i = 0; i < 4; i++)
		if (mbr_entry_decode(sector, i).boot & 0x7f)
			return false;
	return true;
}

static int add_partition(struct gendisk *d, u32 partno, sector_t start, sector_t nr)
{
	if (start >= d->capacity || nr > d->capacity - start) {
		pr_warn("%s: partition %u lies beyond the end of the disk, left out\n", d->name, partno);
		return 0;
	}
	return bdev_add(d, partno, start, nr);
}

/* The four entries of the table in a sector, read through the whole disk's page cache: 1, 0 (no table there), or -errno. */
static int read_table(struct gendisk *d, sector_t sector, bool picky, struct mbr_entry e[4])
{
	struct page *p;
	const u8 *at;
	int found;

	if (sector >= d->capacity)
		return -EIO;
	p = read_mapping_page(d->part[0]->mapping, (pgoff_t)(sector >> (PAGE_SHIFT - SECTOR_SHIFT)), NULL);
	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	at = (u8 *)page_address(p) + ((u32)sector % (PAGE_SIZE / SECTOR_SIZE)) * SECTOR_SIZE;
	found = mbr_is_valid(at) && (!picky || table_plausible(at));
	for (u32 i = 0; i < 4; i++)
		e[i] = mbr_entry_decode(at, i);
	put_page(p);
	return found;
}

static int scan_extended(struct gendisk *d, u32 base)
{
	struct mbr_entry e[4];
	u32 at = base;

	for (u32 n = 0; n < MAX_LOGICAL; n++) {
		int found = read_table(d, at, false, e);

		if (found <= 0)
			return found;
		if (e[0].nr_sectors && (found = add_partition(d, 5 + n, (sector_t)at + e[0].start, e[0].nr_sectors)))
			return found;
		if (!mbr_type_is_extended(e[1].type) || !e[1].nr_sectors)
			return 0;
		at = base + e[1].start;
	}
	return 0;
}

int rescan_partitions(struct gendisk *d)
{
	struct mbr_entry e[4];
	int error;

	if (d->no_partitions || d->capacity < 2)
		return 0;
	error = read_table(d, 0, true, e);
	if (error <= 0)
		return error;
	error = 0;
	for (u32 i = 0; i < 4 && !error; i++) {
		if (!e[i].type || !e[i].nr_sectors)
			continue;
		/* The extended partition itself shows as two sectors, as on Linux: enough for a boot loader. */
		error = add_partition(d, i + 1, e[i].start, mbr_type_is_extended(e[i].type) ? min(e[i].nr_sectors, 2u) : e[i].nr_sectors);
		if (!error && mbr_type_is_extended(e[i].type))
			error = scan_extended(d, e[i].start);
	}
	return error;
}
