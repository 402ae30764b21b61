/*
 * ACPI tables as they lie in memory, little endian, unaligned (Advanced Configuration and Power Interface Specification 6.4, section 5.2;
 * the fixed hardware's registers: section 4.8). Only what Sluice reads.
 */
#ifndef DRIVERS_ACPI_ACPI_TABLES_H
#define DRIVERS_ACPI_ACPI_TABLES_H

#include "kernel/lib/types.h"

/* 5.2.5.3: Root System Description Pointer, on a 16-byte boundary in the first KiB of the EBDA or in 0xe0000 to 0xfffff. */
struct acpi_rsdp {
	char signature[8];        /* "RSD PTR " */
	u8 checksum;              /* the first 20 bytes add up to 0 */
	char oem_id[6];
	u8 revision;              /* 0: ACPI 1.0, ends after rsdt; 2: the rest is there */
	u32 rsdt;                 /* physical address */
	u32 length;
	u64 xsdt;
	u8 extended_checksum;     /* all bytes add up to 0 */
	u8 reserved[3];
} __packed;
#define ACPI_RSDP_V1_SIZE 20u

/* 5.2.6: in front of every other table. */
struct acpi_header {
	char signature[4];
	u32 length;               /* of the whole table */
	u8 revision;
	u8 checksum;              /* the whole table adds up to 0 */
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} __packed;
static_assert(sizeof(struct acpi_header) == 36, "5.2.6");

/* 5.2.9: Fixed ACPI Description Table, "FACP"; its first version's fields. */
struct acpi_fadt {
	struct acpi_header header;
	u32 facs, dsdt;           /* physical addresses */
	u8 reserved, profile;
	u16 sci_int;
	u32 smi_cmd;              /* port; 0: no legacy mode */
	u8 acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	u32 pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk, pm2_cnt_blk, pm_tmr_blk, gpe0_blk, gpe1_blk; /* ports; 0: none */
	u8 pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len, gpe0_blk_len, gpe1_blk_len, gpe1_base, cst_cnt;
	u16 p_lvl2_lat, p_lvl3_lat, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alrm, mon_alrm, century;
	u16 iapc_boot_arch;
	u8 reserved2;
	u32 flags;
} __packed;
static_assert(sizeof(struct acpi_fadt) == 116, "5.2.9");
#define FADT_PWR_BUTTON BIT(4)   /* there is no fixed power button */
#define FADT_TMR_VAL_EXT BIT(8)  /* the PM timer has 32 bits, not 24 */

/* 4.8.3.1: PM1 event registers: status in the first half of the block, enable in the second; write one to clear. */
#define PM1_TMR BIT(0)
#define PM1_GBL BIT(5)
#define PM1_PWRBTN BIT(8)
#define PM1_SLPBTN BIT(9)
#define PM1_RTC BIT(10)
/* 4.8.3.2: PM1 control */
#define PM1_CNT_SCI_EN BIT(0)
#define PM1_CNT_SLP_TYP_SHIFT 10u
#define PM1_CNT_SLP_EN BIT(13)
#define ACPI_PM_TIMER_HZ 3579545u /* 4.8.2.1 */

#endif
