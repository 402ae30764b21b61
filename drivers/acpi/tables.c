/*
 * Finding the ACPI tables: RSDP in low memory, from there RSDT, from there all others; each is copied and its checksum looked at before
 * anything in it is used. They are shown as they are in /sys/firmware/acpi/tables, as on Linux. References: acpi_tables.h.
 */
#include "drivers/acpi/acpi.h"
#include "io/contract/device.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

#define EBDA_POINTER 0x40eu       /* segment of the extended BIOS data area, in the BIOS data area */
#define BIOS_START 0xe0000u
#define BIOS_SIZE 0x20000u
#define EBDA_SIZE 1024u
#define RSDP_ALIGN 16u
#define MAX_TABLES 32u
#define MAX_TABLE_SIZE (4u << 20)

static struct table {
	struct acpi_header *copy;
	char name[8];              /* in /sys: the signature, and a number where there are several */
} tables[MAX_TABLES];
static u32 nr_tables;

/* Copy size bytes of physical memory; kfree. */
static void *copy_phys(u32 pa, u32 size)
{
	void *map = ioremap(pa, size), *copy = map ? kmalloc(size, GFP_KERNEL) : NULL;

	if (copy)
		memcpy(copy, map, size);
	if (map)
		iounmap(map);
	return copy;
}

static struct acpi_header *table_copy_at(u32 pa, const char *signature)
{
	struct acpi_header *h = pa ? copy_phys(pa, sizeof(*h)) : NULL, *whole;
	u32 len = h ? h->length : 0;

	if (len < sizeof(*h) || len > MAX_TABLE_SIZE || (signature && memcmp(h->signature, signature, 4))) {
		if (h)
			pr_warn("acpi: no table at 0x%x\n", pa);
		kfree(h);
		return NULL;
	}
	kfree(h);
	whole = copy_phys(pa, len);
	if (whole && acpi_table_valid(whole, len, signature))
		return whole;
	if (whole)
		pr_warn("acpi: %.4s at 0x%x: wrong checksum, not used\n", whole->signature, pa);
	kfree(whole);
	return NULL;
}

/* The address of the RSDT, or 0. */
static u32 scan_for_rsdp(u32 pa, u32 size)
{
	u8 *area = copy_phys(pa, size);
	u32 rsdt = 0;

	for (u32 at = 0; area && at + sizeof(struct acpi_rsdp) <= size && !rsdt; at += RSDP_ALIGN) {
		const struct acpi_rsdp *r = (const struct acpi_rsdp *)(area + at);

		if (acpi_rsdp_valid(r)) {
			pr_info("acpi: RSDP at 0x%x, revision %u, by %.6s\n", pa + at, r->revision, r->oem_id);
			rsdt = r->rsdt;
		}
	}
	kfree(area);
	return rsdt;
}

static u32 find_rsdt(void)
{
	u16 *segment = copy_phys(EBDA_POINTER, sizeof(*segment));
	u32 ebda = segment ? (u32)*segment << 4 : 0, rsdt = 0;

	kfree(segment);
	if (ebda)
		rsdt = scan_for_rsdp(ebda, EBDA_SIZE);
	return rsdt ? rsdt : scan_for_rsdp(BIOS_START, BIOS_SIZE);
}

static ssize_t table_read(void *arg, char *buf, size_t n, loff_t pos)
{
	const struct acpi_header *h = arg;

	if (pos >= h->length)
		return 0;
	n = min_t(size_t, n, h->length - (u32)pos);
	memcpy(buf, (const u8 *)h + (u32)pos, n);
	return (ssize_t)n;
}

static u32 same_before(u32 index)
{
	u32 n = 0;

	for (u32 i = 0; i < index; i++)
		n += !memcmp(tables[i].copy->signature, tables[index].copy->signature, 4);
	return n;
}

static void take_table(u32 pa, struct kobject *folder)
{
	struct table *t = &tables[nr_tables];
	u32 twin;

	if (nr_tables == MAX_TABLES)
		return;
	t->copy = table_copy_at(pa, NULL);
	if (!t->copy)
		return;
	for (u32 i = 0; i < 4; i++) /* a name of the firmware's becomes one of a file */
		if (t->copy->signature[i] <= ' ' || t->copy->signature[i] > '~' || t->copy->signature[i] == '/')
			t->copy->signature[i] = '_';
	twin = same_before(nr_tables);
	ksnprintf(t->name, sizeof(t->name), twin ? "%.4s%u" : "%.4s", t->copy->signature, twin);
	nr_tables++;
	pr_info("acpi: %.4s at 0x%x, %u bytes\n", t->copy->signature, pa, t->copy->length);
	if (folder && sysfs_add_binary(folder, t->name, 0400, t->copy->length, table_read, t->copy))
		pr_warn("acpi: %s is not shown in /sys\n", t->name);
}

struct kobject *acpi_folder(void)
{
	struct kobject *firmware = kobject_create("firmware", NULL), *acpi = firmware ? kobject_create("acpi", firmware) : NULL;

	if (firmware)
		kobject_put(firmware);
	return acpi;
}

const struct acpi_header *acpi_table(const char *signature)
{
	for (u32 i = 0; i < nr_tables; i++)
		if (!memcmp(tables[i].copy->signature, signature, 4))
			return tables[i].copy;
	return NULL;
}

int acpi_tables_init(void)
{
	const struct acpi_fadt *fadt;
	u32 pa = find_rsdt(), n;
	struct acpi_header *rsdt = pa ? table_copy_at(pa, "RSDT") : NULL;
	struct kobject *acpi, *folder;
	const u32 *entries;

	if (!rsdt)
		return -ENODEV;
	acpi = acpi_folder();
	folder = acpi ? kobject_create("tables", acpi) : NULL; /* the references are kept for good, as the tables are */
	entries = (const u32 *)(rsdt + 1);
	n = (rsdt->length - sizeof(*rsdt)) / sizeof(*entries);
	for (u32 i = 0; i < n; i++)
		take_table(entries[i], folder);
	kfree(rsdt);
	fadt = (const struct acpi_fadt *)acpi_table("FACP");
	if (fadt && fadt->header.length >= sizeof(*fadt))
		take_table(fadt->dsdt, folder);
	return 0;
}
