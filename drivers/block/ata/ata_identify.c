/* Decoding of IDENTIFY DEVICE (T13 1410D, 8.15, table 26). Pure: memory in, struct out; tests/host/test_ata.c feeds it real answers. */
#include "drivers/block/ata/ata_identify.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"

#define W0_NOT_ATA BIT(15)
#define W47_MULTIPLE_MASK 0xffu
#define W49_DMA BIT(8)
#define W49_LBA BIT(9)
#define W53_W88_VALID BIT(2)
#define W53_W64_70_VALID BIT(1)
#define W82_WRITE_CACHE BIT(5) /* also word 85 */
#define W83_LBA48 BIT(10)      /* also word 86 */
#define W83_FLUSH BIT(12)
#define W83_FLUSH_EXT BIT(13)
/* Words 83, 84, 87 and 106 are valid when bit 15 is 0 and bit 14 is 1. */
#define VALID_MASK (BIT(15) | BIT(14))
#define VALID BIT(14)
#define W106_LOGICAL_LARGE BIT(12)
#define W106_MULTIPLE_LOGICAL BIT(13)
#define W106_EXPONENT_MASK 0xfu
#define W255_SIGNATURE 0xa5u
#define VERSION_MIN 1u
#define VERSION_MAX 14u

/* ASCII strings come as words with the first character in the upper byte, padded with spaces. Anything unprintable becomes '?'. */
static void decode_string(const u16 *words, u32 nr_words, char *out)
{
	u32 end = 0;

	for (u32 i = 0; i < nr_words * 2; i++) {
		u8 c = (u8)(i & 1 ? words[i / 2] : words[i / 2] >> 8);

		out[i] = (char)(!c ? ' ' : c < ' ' || c > '~' ? '?' : c);
		if (out[i] != ' ')
			end = i + 1;
	}
	out[end] = '\0';
	if (out[0] == ' ') { /* some pad at the front */
		u32 start = 0;

		while (out[start] == ' ')
			start++;
		memmove(out, out + start, end - start + 1);
	}
}

void ata_identify_model(const struct ata_identify_data *id, char *out)
{
	decode_string(id->w27_model, ARRAY_SIZE(id->w27_model), out);
}

static bool word_valid(u16 w)
{
	return (w & VALID_MASK) == VALID;
}

/* The highest bit set in the upper byte: the mode that is selected; -1: none. */
static s8 selected_mode(u16 w)
{
	for (s8 i = 7; i >= 0; i--)
		if (w >> 8 & BIT(i))
			return i;
	return -1;
}

static u8 highest_version(u16 w)
{
	if (w == 0 || w == 0xffff)
		return 0;
	for (u32 i = VERSION_MAX; i >= VERSION_MIN; i--)
		if (w & BIT(i))
			return (u8)i;
	return 0;
}

static bool checksum_bad(const struct ata_identify_data *id)
{
	const u8 *bytes = (const u8 *)id;
	u8 sum = 0;

	if ((id->w255_integrity & 0xff) != W255_SIGNATURE)
		return false; /* has none */
	for (u32 i = 0; i < sizeof(*id); i++)
		sum = (u8)(sum + bytes[i]);
	return sum != 0;
}

static void decode_sector_sizes(const struct ata_identify_data *id, struct ata_identity *out)
{
	u32 words;

	out->logical_sector_bytes = out->physical_sector_bytes = SECTOR_SIZE;
	if (!word_valid(id->w106_sector_size))
		return;
	if (id->w106_sector_size & W106_LOGICAL_LARGE) {
		words = id->w117_logical_words[0] | (u32)id->w117_logical_words[1] << 16;
		if (words > SECTOR_SIZE / 2 && words < 0x80000000u)
			out->logical_sector_bytes = words * 2;
	}
	out->physical_sector_bytes = out->logical_sector_bytes;
	if (id->w106_sector_size & W106_MULTIPLE_LOGICAL)
		out->physical_sector_bytes <<= id->w106_sector_size & W106_EXPONENT_MASK;
}

static void decode_modes(const struct ata_identify_data *id, struct ata_identity *out)
{
	out->udma_mode = id->w53_validity & W53_W88_VALID ? selected_mode(id->w88_udma) : -1;
	out->mwdma_mode = id->w53_validity & W53_W64_70_VALID ? selected_mode(id->w63_mwdma) : -1;
	out->dma = id->w49_capabilities & W49_DMA;
}

static void decode_features(const struct ata_identify_data *id, struct ata_identity *out)
{
	if (!word_valid(id->w82_supported[1]))
		return;
	out->lba48 = id->w82_supported[1] & W83_LBA48;
	out->flush = id->w82_supported[1] & W83_FLUSH;
	out->flush_ext = out->lba48 && id->w82_supported[1] & W83_FLUSH_EXT;
	out->write_cache = id->w82_supported[0] & W82_WRITE_CACHE && id->w85_enabled[0] & W82_WRITE_CACHE;
}

int ata_identify_decode(const struct ata_identify_data *id, struct ata_identity *out)
{
	u64 sectors48;

	*out = (struct ata_identity){ .udma_mode = -1, .mwdma_mode = -1 };
	if (id->w0_configuration & W0_NOT_ATA || id->w0_configuration == 0x7fff)
		return -ENODEV;
	out->checksum_bad = checksum_bad(id);
	decode_string(id->w10_serial, ARRAY_SIZE(id->w10_serial), out->serial);
	decode_string(id->w23_firmware, ARRAY_SIZE(id->w23_firmware), out->firmware);
	ata_identify_model(id, out->model);
	out->major_version = highest_version(id->w80_major_version);
	out->lba = id->w49_capabilities & W49_LBA;
	out->multiple_max = id->w47_multiple_max & W47_MULTIPLE_MASK;
	decode_modes(id, out);
	decode_features(id, out);
	decode_sector_sizes(id, out);
	out->rotation_rate = id->w217_rotation_rate == 0xffff ? 0 : id->w217_rotation_rate;
	out->sectors = id->w60_sectors28[0] | (u32)id->w60_sectors28[1] << 16;
	sectors48 = id->w100_sectors48[0] | (u64)id->w100_sectors48[1] << 16 | (u64)id->w100_sectors48[2] << 32;
	if (out->lba48 && sectors48)
		out->sectors = sectors48;
	return out->lba && out->sectors ? 0 : -EINVAL;
}
