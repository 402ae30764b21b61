/* What IDENTIFY DEVICE says, decoded. Pure; also built by the host tests. */
#ifndef DRIVERS_BLOCK_ATA_IDENTIFY_H
#define DRIVERS_BLOCK_ATA_IDENTIFY_H

#include "kernel/lib/types.h"

#define ATA_IDENTIFY_WORDS 256u

/* The answer as it lies in memory: 256 little-endian words (ATA-6 8.15). Named are the words that are used. */
struct ata_identify_data {
	u16 w0_configuration;
	u16 w1[9];
	u16 w10_serial[10];
	u16 w20[3];
	u16 w23_firmware[4];
	u16 w27_model[20];
	u16 w47_multiple_max;
	u16 w48;
	u16 w49_capabilities;
	u16 w50[3];
	u16 w53_validity;
	u16 w54[5];
	u16 w59_multiple_now;
	u16 w60_sectors28[2];
	u16 w62;
	u16 w63_mwdma;
	u16 w64_pio_modes;
	u16 w65[15];
	u16 w80_major_version;
	u16 w81;
	u16 w82_supported[3];
	u16 w85_enabled[3];
	u16 w88_udma;
	u16 w89[11];
	u16 w100_sectors48[4];
	u16 w104[2];
	u16 w106_sector_size;
	u16 w107[10];
	u16 w117_logical_words[2];
	u16 w119[98];
	u16 w217_rotation_rate;
	u16 w218[37];
	u16 w255_integrity;
};
static_assert(sizeof(struct ata_identify_data) == 2 * ATA_IDENTIFY_WORDS, "512 bytes");
static_assert(offsetof(struct ata_identify_data, w88_udma) == 2 * 88, "word numbers");
static_assert(offsetof(struct ata_identify_data, w217_rotation_rate) == 2 * 217, "word numbers");

struct ata_identity {
	char serial[21], firmware[9], model[41];
	u64 sectors;           /* of logical_sector_bytes each */
	u32 logical_sector_bytes;
	u32 physical_sector_bytes;
	u16 multiple_max;      /* sectors per DRQ block of READ MULTIPLE; 0: not supported */
	u16 rotation_rate;     /* 0: unknown, 1: does not rotate, else turns a minute */
	u8 major_version;      /* highest ATA version claimed; 0: none */
	s8 udma_mode, mwdma_mode; /* selected one; -1: none */
	bool lba, lba48, dma;
	bool flush, flush_ext;
	bool write_cache;      /* supported and on */
	bool checksum_bad;
};

/* 0; -ENODEV: not the answer of a disk (a packet device, or noise); -EINVAL: a disk that cannot be used (no LBA, no sectors). */
int __must_check ata_identify_decode(const struct ata_identify_data *id, struct ata_identity *out);
/* The model name alone, for IDENTIFY PACKET DEVICE, whose words 27 to 46 are the same. out: 41 bytes. */
void ata_identify_model(const struct ata_identify_data *id, char *out);

#endif
