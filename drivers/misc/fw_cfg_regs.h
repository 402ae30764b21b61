/* QEMU's firmware configuration device: docs/specs/fw_cfg.rst of QEMU 7.2. Numbers in its tables are big endian. */
#ifndef DRIVERS_MISC_FW_CFG_REGS_H
#define DRIVERS_MISC_FW_CFG_REGS_H

#include "kernel/lib/types.h"

#define FW_CFG_SELECTOR 0x510u  /* W 16: choose an item, start at its byte 0 */
#define FW_CFG_DATA 0x511u      /* R 8: next byte of the item */
#define FW_CFG_NR_PORTS 2u
#define FW_CFG_KEY_SIGNATURE 0x0000u /* four bytes "QEMU" */
#define FW_CFG_KEY_FILE_DIR 0x0019u  /* u32 count, then the entries */

struct fw_cfg_file {
	u32 size;
	u16 select, reserved;
	char name[56];
};
static_assert(sizeof(struct fw_cfg_file) == 64, "docs/specs/fw_cfg.rst");

#endif
