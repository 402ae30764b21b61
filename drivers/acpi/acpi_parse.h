/*
 * Reading ACPI tables that were copied into memory. Pure: no hardware, no allocation; nothing in a table is believed before it was checked.
 * There is no interpreter for the byte code (AML) of the DSDT: the two declarations we need from it are found by their encoding.
 */
#ifndef DRIVERS_ACPI_ACPI_PARSE_H
#define DRIVERS_ACPI_ACPI_PARSE_H

#include "drivers/acpi/acpi_tables.h"

bool acpi_sums_to_zero(const void *p, size_t len);
bool acpi_rsdp_valid(const struct acpi_rsdp *r); /* at least ACPI_RSDP_V1_SIZE bytes are there, all of it if revision is 2 */
/* A whole table of `size` bytes: signature (NULL: any), length and checksum. */
bool acpi_table_valid(const struct acpi_header *h, size_t size, const char *signature);

/* The fixed hardware as the FADT describes it; ports. */
struct acpi_fixed {
	u32 dsdt;                 /* physical address */
	u32 sci, smi_cmd;
	u8 acpi_enable;
	u16 pm1_evt, pm1_cnt, pm1b_cnt, pm_tmr, gpe0; /* 0: none */
	u32 pm1_evt_len, gpe0_len; /* bytes: half of them status, half enable */
	u32 pm_tmr_mask;
	bool power_button;
};
/* 0; -EINVAL: too short, or a register lies nowhere. The table itself is valid. */
int acpi_fadt_decode(const struct acpi_fadt *t, struct acpi_fixed *f);

/* Name (_S5_, Package {a, b, ...}): the sleep types for soft off (section 7.4.2). false: not there. */
bool acpi_find_s5(const u8 *aml, size_t len, u8 *type_a, u8 *type_b);
/* OperationRegion (name, SystemIO, port, ...): where it lies (section 20.2.5.2). false: not there. */
bool acpi_find_port_region(const u8 *aml, size_t len, const char name[4], u32 *port);

#endif
