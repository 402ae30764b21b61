/*
 * The pure parts of the ATA driver: IDENTIFY decoding (with answers captured from QEMU 7.2, ide-hd and ide-cd), command encoding for 28 and
 * 48-bit addresses, PRD tables, the text of status registers.
 * SOURCES: drivers/block/ata/ata_identify.c drivers/block/ata/ata_taskfile.c drivers/block/ata/ata_decode.c
 * SOURCES: kernel/lib/seq_buf.c kernel/lib/printf.c kernel/lib/errname.c kernel/lib/string.c kernel/lib/div64.c
 */
#include "tests/host/host_test.h"

#include <stdarg.h>
#include <string.h>

#include "drivers/block/ata/ata_decode.h"
#include "drivers/block/ata/ata_identify.h"
#include "drivers/block/ata/ata_taskfile.h"
#include "io/contract/block_device.h"

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	abort();
}

/* -drive file=64M,if=ide,index=0,format=raw */
static const u16 qemu_64m[ATA_IDENTIFY_WORDS] = {
	[0] = 0x0040, [1] = 0x0082, [3] = 0x0010, [4] = 0x7e00, [5] = 0x0200, [6] = 0x003f, [10] = 0x514d, [11] = 0x3030, [12] = 0x3030,
	[13] = 0x3120, [14] = 0x2020, [15] = 0x2020, [16] = 0x2020, [17] = 0x2020, [18] = 0x2020, [19] = 0x2020, [20] = 0x0003,
	[21] = 0x0200, [22] = 0x0004, [23] = 0x322e, [24] = 0x352b, [25] = 0x2020, [26] = 0x2020, [27] = 0x5145, [28] = 0x4d55,
	[29] = 0x2048, [30] = 0x4152, [31] = 0x4444, [32] = 0x4953, [33] = 0x4b20, [34] = 0x2020, [35] = 0x2020, [36] = 0x2020,
	[37] = 0x2020, [38] = 0x2020, [39] = 0x2020, [40] = 0x2020, [41] = 0x2020, [42] = 0x2020, [43] = 0x2020, [44] = 0x2020,
	[45] = 0x2020, [46] = 0x2020, [47] = 0x8010, [48] = 0x0001, [49] = 0x0b00, [51] = 0x0200, [52] = 0x0200, [53] = 0x0007,
	[54] = 0x0082, [55] = 0x0010, [56] = 0x003f, [57] = 0xffe0, [58] = 0x0001, [59] = 0x0110, [61] = 0x0002, [62] = 0x0007,
	[63] = 0x0007, [64] = 0x0003, [65] = 0x0078, [66] = 0x0078, [67] = 0x0078, [68] = 0x0078, [69] = 0x4000, [80] = 0x00f0,
	[81] = 0x0016, [82] = 0x4021, [83] = 0x7400, [84] = 0x4000, [85] = 0x4021, [86] = 0x3400, [87] = 0x4000, [88] = 0x203f,
	[93] = 0x6001, [101] = 0x0002, [106] = 0x6000, [169] = 0x0001,
};

/* -device ide-hd with 200 GiB, rotation_rate=7200,serial=SL-0042,write-cache=off and a model name of 40 characters */
static const u16 qemu_200g[ATA_IDENTIFY_WORDS] = {
	[0] = 0x0040, [1] = 0x3fff, [3] = 0x0010, [4] = 0x7e00, [5] = 0x0200, [6] = 0x003f, [10] = 0x534c, [11] = 0x2d30, [12] = 0x3034,
	[13] = 0x3220, [14] = 0x2020, [15] = 0x2020, [16] = 0x2020, [17] = 0x2020, [18] = 0x2020, [19] = 0x2020, [20] = 0x0003,
	[21] = 0x0200, [22] = 0x0004, [23] = 0x322e, [24] = 0x352b, [25] = 0x2020, [26] = 0x2020, [27] = 0x4120, [28] = 0x6d6f,
	[29] = 0x6465, [30] = 0x6c20, [31] = 0x6f66, [32] = 0x206a, [33] = 0x7573, [34] = 0x7420, [35] = 0x3430, [36] = 0x2063,
	[37] = 0x6861, [38] = 0x7261, [39] = 0x6374, [40] = 0x6572, [41] = 0x733a, [42] = 0x2070, [43] = 0x6164, [44] = 0x6465,
	[45] = 0x6421, [46] = 0x2121, [47] = 0x8010, [48] = 0x0001, [49] = 0x0b00, [51] = 0x0200, [52] = 0x0200, [53] = 0x0007,
	[54] = 0x3fff, [55] = 0x0010, [56] = 0x003f, [57] = 0xfc10, [58] = 0x00fb, [59] = 0x0110, [60] = 0xffff, [61] = 0x0fff,
	[62] = 0x0007, [63] = 0x0007, [64] = 0x0003, [65] = 0x0078, [66] = 0x0078, [67] = 0x0078, [68] = 0x0078, [69] = 0x4000,
	[80] = 0x00f0, [81] = 0x0016, [82] = 0x4021, [83] = 0x7400, [84] = 0x4000, [85] = 0x4001, [86] = 0x3400, [87] = 0x4000,
	[88] = 0x203f, [93] = 0x6001, [101] = 0x1900, [106] = 0x6000, [169] = 0x0001, [217] = 0x1c20,
};

/* IDENTIFY PACKET DEVICE of a CD drive */
static const u16 qemu_cd[ATA_IDENTIFY_WORDS] = {
	[0] = 0x85c0, [10] = 0x514d, [11] = 0x3030, [12] = 0x3030, [13] = 0x3120, [14] = 0x2020, [15] = 0x2020, [16] = 0x2020,
	[17] = 0x2020, [18] = 0x2020, [19] = 0x2020, [20] = 0x0003, [21] = 0x0200, [22] = 0x0004, [23] = 0x322e, [24] = 0x352b,
	[25] = 0x2020, [26] = 0x2020, [27] = 0x5145, [28] = 0x4d55, [29] = 0x2044, [30] = 0x5644, [31] = 0x2d52, [32] = 0x4f4d,
	[33] = 0x2020, [34] = 0x2020, [35] = 0x2020, [36] = 0x2020, [37] = 0x2020, [38] = 0x2020, [39] = 0x2020, [40] = 0x2020,
	[41] = 0x2020, [42] = 0x2020, [43] = 0x2020, [44] = 0x2020, [45] = 0x2020, [46] = 0x2020, [48] = 0x0001, [49] = 0x0300,
	[53] = 0x0007, [62] = 0x0007, [63] = 0x0007, [64] = 0x0003, [65] = 0x00b4, [66] = 0x00b4, [67] = 0x012c, [68] = 0x00b4,
	[71] = 0x001e, [72] = 0x001e, [80] = 0x001e, [88] = 0x203f,
};

static int decode(const u16 *words, struct ata_identity *id)
{
	struct ata_identify_data data;

	memcpy(&data, words, sizeof(data));
	return ata_identify_decode(&data, id);
}

TEST(identify_small_disk)
{
	struct ata_identity id;

	CHECK_EQ(decode(qemu_64m, &id), 0);
	CHECK(!strcmp(id.model, "QEMU HARDDISK"));
	CHECK(!strcmp(id.serial, "QM00001"));
	CHECK(!strcmp(id.firmware, "2.5+"));
	CHECK_EQ(id.sectors, 131072);
	CHECK_EQ(id.logical_sector_bytes, 512);
	CHECK_EQ(id.physical_sector_bytes, 512);
	CHECK_EQ(id.multiple_max, 16);
	CHECK_EQ(id.rotation_rate, 0);
	CHECK_EQ(id.major_version, 7);
	CHECK_EQ(id.udma_mode, 5);
	CHECK_EQ(id.mwdma_mode, -1);
	CHECK(id.lba && id.lba48 && id.dma && id.flush && id.flush_ext && id.write_cache && !id.checksum_bad);
}

TEST(identify_large_disk)
{
	struct ata_identity id;

	CHECK_EQ(decode(qemu_200g, &id), 0);
	CHECK(!strcmp(id.model, "A model of just 40 characters: padded!!!"));
	CHECK(!strcmp(id.serial, "SL-0042"));
	CHECK_EQ(id.sectors, 200ll << 21);
	CHECK_EQ(id.rotation_rate, 7200);
	CHECK(!id.write_cache && id.flush_ext);
}

TEST(identify_packet_device)
{
	struct ata_identity id;
	struct ata_identify_data data;
	char model[41];

	CHECK_EQ(decode(qemu_cd, &id), -ENODEV);
	memcpy(&data, qemu_cd, sizeof(data));
	ata_identify_model(&data, model);
	CHECK(!strcmp(model, "QEMU DVD-ROM"));
}

TEST(identify_odd_answers)
{
	u16 words[ATA_IDENTIFY_WORDS];
	struct ata_identity id;
	u8 sum = 0;

	memset(words, 0xff, sizeof(words));
	CHECK_EQ(decode(words, &id), -ENODEV);
	memset(words, 0, sizeof(words));
	CHECK_EQ(decode(words, &id), -EINVAL);
	memcpy(words, qemu_64m, sizeof(words));
	words[49] &= (u16)~BIT(9);
	CHECK_EQ(decode(words, &id), -EINVAL); /* no LBA */
	/* No LBA48: the capacity is in words 60 and 61. */
	memcpy(words, qemu_200g, sizeof(words));
	words[83] &= (u16)~BIT(10);
	CHECK_EQ(decode(words, &id), 0);
	CHECK_EQ(id.sectors, 0x0fffffff);
	CHECK(!id.lba48 && !id.flush_ext && id.flush);
	/* Word 83 not valid: nothing of the feature words counts. */
	words[83] = 0xffff;
	CHECK_EQ(decode(words, &id), 0);
	CHECK(!id.lba48 && !id.flush && !id.write_cache);
	/* 4096-byte sectors, and 512-byte ones on 4096-byte physical ones. */
	memcpy(words, qemu_64m, sizeof(words));
	words[106] = 0x5000;
	words[117] = 2048;
	CHECK_EQ(decode(words, &id), 0);
	CHECK_EQ(id.logical_sector_bytes, 4096);
	CHECK_EQ(id.physical_sector_bytes, 4096);
	words[106] = 0x6003;
	CHECK_EQ(decode(words, &id), 0);
	CHECK_EQ(id.logical_sector_bytes, 512);
	CHECK_EQ(id.physical_sector_bytes, 4096);
	/* Names with rubbish in them, and padded at the front. */
	words[27] = 0x2020;
	words[28] = 0x4107;
	CHECK_EQ(decode(words, &id), 0);
	CHECK(!strcmp(id.model, "A? HARDDISK"));
	/* With a checksum: first a right one, then a wrong one. */
	words[255] = 0x00a5;
	for (u32 i = 0; i < sizeof(words); i++)
		sum = (u8)(sum + ((u8 *)words)[i]);
	words[255] = (u16)(0xa5 | (u8)-sum << 8);
	CHECK_EQ(decode(words, &id), 0);
	CHECK(!id.checksum_bad);
	words[255] ^= 0x0100;
	CHECK_EQ(decode(words, &id), 0);
	CHECK(id.checksum_bad);
}

/* Random answers must never do harm. */
TEST(identify_noise)
{
	u32 seed = host_test_seed(), rounds = 2000 * host_test_scale();
	u16 words[ATA_IDENTIFY_WORDS];
	struct ata_identity id;

	for (u32 round = 0; round < rounds; round++) {
		for (u32 i = 0; i < ATA_IDENTIFY_WORDS; i++)
			words[i] = (u16)((seed = seed * 1664525u + 1013904223u) >> 16);
		if (!decode(words, &id))
			CHECK(id.sectors && id.lba);
		CHECK(strlen(id.model) <= 40 && strlen(id.serial) <= 20 && strlen(id.firmware) <= 8);
	}
}

TEST(taskfile_lba28)
{
	struct ata_taskfile tf;

	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_DMA, 0, 1), 0);
	CHECK_EQ(tf.command, 0xc8);
	CHECK_EQ(tf.device, 0xe0);
	CHECK(!tf.ext && tf.count == 1 && !tf.lba_low && !tf.lba_mid && !tf.lba_high);
	CHECK_EQ(ata_taskfile_rw(&tf, 1, true, true, ATA_XFER_DMA, 0x0abcdef5, 8), 0);
	CHECK_EQ(tf.command, 0xca);
	CHECK_EQ(tf.device, 0xfa);
	CHECK(!tf.ext && tf.count == 8 && tf.lba_low == 0xf5 && tf.lba_mid == 0xde && tf.lba_high == 0xbc);
	/* 256 sectors are written as 0, up to the very end. */
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, false, ATA_XFER_MULTIPLE, 0x0fffff00, 256), 0);
	CHECK_EQ(tf.command, 0xc4);
	CHECK_EQ(tf.count, 0);
	CHECK_EQ(tf.device, 0xef);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, true, ATA_XFER_MULTIPLE, 1, 1), 0);
	CHECK_EQ(tf.command, 0xc5);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, false, ATA_XFER_SINGLE, 1, 1), 0);
	CHECK_EQ(tf.command, 0x20);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, true, ATA_XFER_SINGLE, 1, 1), 0);
	CHECK_EQ(tf.command, 0x30);
	/* What does not fit and has no 48-bit form. */
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, false, ATA_XFER_DMA, 0, 257), -EINVAL);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, false, false, ATA_XFER_DMA, 0x0fffffff, 2), -EINVAL);
}

TEST(taskfile_lba48)
{
	struct ata_taskfile tf;

	CHECK_EQ(ata_taskfile_rw(&tf, 1, true, false, ATA_XFER_DMA, 0xa1b2c3d4e5f6ull, 0x1234), 0);
	CHECK_EQ(tf.command, 0x25);
	CHECK_EQ(tf.device, 0xf0);
	CHECK(tf.ext && tf.count == 0x34 && tf.hob_count == 0x12);
	CHECK(tf.lba_low == 0xf6 && tf.lba_mid == 0xe5 && tf.lba_high == 0xd4);
	CHECK(tf.hob_lba_low == 0xc3 && tf.hob_lba_mid == 0xb2 && tf.hob_lba_high == 0xa1);
	/* One sector too many for the short form; 65536 sectors are 0. */
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, true, ATA_XFER_DMA, 0x0fffff00, 257), 0);
	CHECK(tf.ext && tf.command == 0x35 && tf.hob_lba_low == 0x0f && tf.device == 0xe0 && tf.count == 1 && tf.hob_count == 1);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_MULTIPLE, 0, 65536), 0);
	CHECK(tf.command == 0x29 && !tf.count && !tf.hob_count);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, true, ATA_XFER_MULTIPLE, 1ull << 28, 1), 0);
	CHECK(tf.command == 0x39 && tf.hob_lba_low == 0x10 && !tf.lba_low);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_SINGLE, 1ull << 28, 1), 0);
	CHECK_EQ(tf.command, 0x24);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, true, ATA_XFER_SINGLE, 1ull << 28, 1), 0);
	CHECK_EQ(tf.command, 0x34);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_DMA, 0, 65537), -EINVAL);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_DMA, (1ull << 48) - 1, 2), -EINVAL);
	CHECK_EQ(ata_taskfile_rw(&tf, 0, true, false, ATA_XFER_DMA, (1ull << 48) - 1, 1), 0);
}

TEST(prd_table)
{
	struct ata_prd table[PRD_MAX_ENTRIES];
	struct blk_segment segs[PRD_MAX_ENTRIES];

	segs[0] = (struct blk_segment){ .addr = 0x00123000, .len = 4096 };
	ata_prd_build(table, segs, 1);
	CHECK_EQ(table[0].address, 0x00123000);
	CHECK_EQ(table[0].count_flags, 0x80001000);
	/* A whole 64 KiB region has the count 0; only the last entry ends the table. */
	segs[0] = (struct blk_segment){ .addr = 0x00ffffc0, .len = 0x40 };
	segs[1] = (struct blk_segment){ .addr = 0x01000000, .len = 0x10000 };
	segs[2] = (struct blk_segment){ .addr = 0x07fe0200, .len = 512 };
	ata_prd_build(table, segs, 3);
	CHECK_EQ(table[0].count_flags, 0x40);
	CHECK_EQ(table[1].count_flags, 0);
	CHECK_EQ(table[1].address, 0x01000000);
	CHECK_EQ(table[2].count_flags, 0x80000200);
	for (u32 i = 0; i < PRD_MAX_ENTRIES; i++)
		segs[i] = (struct blk_segment){ .addr = (i * 2 + 1) << 12, .len = 4096 };
	ata_prd_build(table, segs, PRD_MAX_ENTRIES);
	for (u32 i = 0; i < PRD_MAX_ENTRIES; i++)
		CHECK(table[i].address == segs[i].addr && table[i].count_flags == (i == PRD_MAX_ENTRIES - 1 ? 0x80001000 : 0x1000));
}

TEST(register_text)
{
	char text[64];
	struct seq_buf s;

	seq_init(&s, text, sizeof(text));
	ata_decode_status(&s, 0x41);
	seq_puts(&s, " ");
	ata_decode_error(&s, 0x04);
	text[s.len] = '\0';
	CHECK(!strcmp(text, "0x41 {DRDY ERR} 0x04 {ABRT}"));
	seq_init(&s, text, sizeof(text));
	ata_decode_status(&s, 0xff); /* busy: the rest means nothing */
	text[s.len] = '\0';
	CHECK(!strcmp(text, "0xff {BSY}"));
	seq_init(&s, text, sizeof(text));
	ata_decode_error(&s, 0);
	text[s.len] = '\0';
	CHECK(!strcmp(text, "0x00 {}"));
}

int main(void)
{
	RUN(identify_small_disk);
	RUN(identify_large_disk);
	RUN(identify_packet_device);
	RUN(identify_odd_answers);
	RUN(identify_noise);
	RUN(taskfile_lba28);
	RUN(taskfile_lba48);
	RUN(prd_table);
	RUN(register_text);
	return host_test_end();
}
