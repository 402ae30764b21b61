/*
 * ACPI: the power management hardware that the firmware describes in tables. One driver (acpi.c) finds and checks the tables, switches
 * the machine to ACPI mode and handles the system control interrupt (SCI, IRQ 9 on a PC); others ask it for the events they serve.
 */
#ifndef DRIVERS_ACPI_ACPI_H
#define DRIVERS_ACPI_ACPI_H

#include "drivers/acpi/acpi_parse.h"

/* tables.c: find and check them all, show them in /sys/firmware/acpi/tables. -ENODEV: no ACPI here. Process context, once. */
int acpi_tables_init(void);
/* The first table with this signature, checked, kept for good; NULL: none. Any context. */
const struct acpi_header *acpi_table(const char *signature);

/*
 * Have fn(arg) called when an event of PM1 (bit: one of PM1_*) or a general purpose event (n) comes; hard interrupt, the status is already
 * cleared. 0, -ENODEV (no such event here), -EBUSY. Process context; after the removal fn does not run any more.
 */
int __must_check acpi_install_fixed_event(u32 bit, void (*fn)(void *arg), void *arg);
void acpi_remove_fixed_event(u32 bit);
int __must_check acpi_install_gpe(u32 n, void (*fn)(void *arg), void *arg);
void acpi_remove_gpe(u32 n);
const struct acpi_fixed *acpi_fixed_hardware(void);
/* /sys/firmware/acpi, with a reference, or NULL. */
struct kobject;
struct kobject *acpi_folder(void);

#endif
