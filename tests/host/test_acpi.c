/*
 * Reading ACPI tables: what QEMU's look like, and what must not be believed.
 * SOURCES: drivers/acpi/acpi_parse.c
 */
#include "tests/host/host_test.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/acpi/acpi_parse.h"

static void set_sum(void *table, size_t len, u8 *checksum)
{
	u8 sum = 0;

	*checksum = 0;
	for (size_t i = 0; i < len; i++)
		sum = (u8)(sum + ((u8 *)table)[i]);
	*checksum = (u8)-sum;
}

/* As QEMU 7.2's machine pc has it. */
static struct acpi_fadt good_fadt(void)
{
	struct acpi_fadt t = {
		.header = { .signature = "FACP", .length = sizeof(t), .revision = 1 }, .dsdt = 0x7fe0040, .sci_int = 9, .smi_cmd = 0xb2,
		.acpi_enable = 0xf1, .pm1a_evt_blk = 0x600, .pm1a_cnt_blk = 0x604, .pm_tmr_blk = 0x608, .gpe0_blk = 0xafe0, .pm1_evt_len = 4,
		.pm1_cnt_len = 2, .pm_tmr_len = 4, .gpe0_blk_len = 4,
	};

	set_sum(&t, sizeof(t), &t.header.checksum);
	return t;
}

TEST(rsdp)
{
	struct acpi_rsdp r = { .signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' }, .rsdt = 0x7fe1a00 };

	set_sum(&r, ACPI_RSDP_V1_SIZE, &r.checksum);
	CHECK(acpi_rsdp_valid(&r));
	r.rsdt ^= 1;
	CHECK(!acpi_rsdp_valid(&r));
	r.rsdt ^= 1;
	r.revision = 2;
	set_sum(&r, ACPI_RSDP_V1_SIZE, &r.checksum);
	CHECK(!acpi_rsdp_valid(&r)); /* no length */
	r.length = sizeof(r);
	set_sum(&r, sizeof(r), &r.extended_checksum);
	CHECK(acpi_rsdp_valid(&r));
}

TEST(table_headers)
{
	struct acpi_fadt t = good_fadt();

	CHECK(acpi_table_valid(&t.header, sizeof(t), "FACP"));
	CHECK(acpi_table_valid(&t.header, sizeof(t), NULL));
	CHECK(!acpi_table_valid(&t.header, sizeof(t), "APIC"));
	CHECK(!acpi_table_valid(&t.header, sizeof(t) - 1, "FACP")); /* says it is longer than what is there */
	CHECK(!acpi_table_valid(&t.header, 20, "FACP"));
	for (size_t i = 0; i < sizeof(t); i++) { /* one wrong bit anywhere */
		((u8 *)&t)[i] ^= 0x10;
		CHECK(!acpi_table_valid(&t.header, sizeof(t), "FACP"));
		((u8 *)&t)[i] ^= 0x10;
	}
}

TEST(fixed_hardware)
{
	struct acpi_fadt t = good_fadt();
	struct acpi_fixed f;

	CHECK_EQ(acpi_fadt_decode(&t, &f), 0);
	CHECK_EQ(f.sci, 9);
	CHECK_EQ(f.pm1_evt, 0x600);
	CHECK_EQ(f.pm_tmr_mask, 0xffffff);
	CHECK_EQ(f.gpe0_len, 4);
	CHECK(f.power_button);
	t.flags = FADT_PWR_BUTTON | FADT_TMR_VAL_EXT;
	CHECK_EQ(acpi_fadt_decode(&t, &f), 0);
	CHECK_EQ(f.pm_tmr_mask, ~0u);
	CHECK(!f.power_button);
	t.gpe0_blk = 0xfffe; /* reaches beyond the last port */
	CHECK_EQ(acpi_fadt_decode(&t, &f), 0);
	CHECK_EQ(f.gpe0, 0);
	t.pm1a_cnt_blk = 0;
	CHECK(acpi_fadt_decode(&t, &f) < 0);
	t = good_fadt();
	t.sci_int = 99;
	CHECK(acpi_fadt_decode(&t, &f) < 0);
	t = good_fadt();
	t.header.length = 80;
	CHECK(acpi_fadt_decode(&t, &f) < 0);
}

TEST(declarations_in_byte_code)
{
	static const u8 aml[] = {
		0x10, 0x20, '_', 'S', 'B', '_',                                                  /* something before */
		0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00,         /* Name (_S5_, Package { 5, 1, 0, 0 }) */
		0x5b, 0x80, 'P', 'C', 'S', 'T', 0x01, 0x0b, 0x00, 0xae, 0x0a, 0x08,               /* OperationRegion (PCST, SystemIO, 0xae00, 8) */
	};
	u8 a, b;
	u32 port;

	CHECK(acpi_find_s5(aml, sizeof(aml), &a, &b));
	CHECK_EQ(a, 5);
	CHECK_EQ(b, 1);
	CHECK(acpi_find_port_region(aml, sizeof(aml), "PCST", &port));
	CHECK_EQ(port, 0xae00);
	CHECK(!acpi_find_port_region(aml, sizeof(aml), "SEJ_", &port));
	for (size_t n = 0; n < sizeof(aml); n++) { /* cut off anywhere: in a buffer of just that size, for the sanitizer */
		u8 *cut = malloc(n + !n);

		memcpy(cut, aml, n);
		if (acpi_find_s5(cut, n, &a, &b))
			CHECK(n >= 17);
		if (acpi_find_port_region(cut, n, "PCST", &port))
			CHECK(n >= 29);
		free(cut);
	}
}

TEST(any_bytes_at_all)
{
	unsigned int s = 1;

	for (u32 round = 0; round < 2000; round++) {
		size_t n = 8 + round % 120;
		u8 *p = malloc(n), a, b;
		u32 port;

		for (size_t i = 0; i < n; i++)
			p[i] = (u8)((s = s * 1103515245u + 12345u) >> 16);
		if (n > 40)
			memcpy(p + n / 2, "\x08_S5_\x12", 6);
		if (n > 60)
			memcpy(p + n - 9, "\x5b\x80PCST\x01", 7);
		acpi_find_s5(p, n, &a, &b);
		acpi_find_port_region(p, n, "PCST", &port);
		free(p);
	}
}

int main(void)
{
	RUN(rsdp);
	RUN(table_headers);
	RUN(fixed_hardware);
	RUN(declarations_in_byte_code);
	RUN(any_bytes_at_all);
	return host_test_end();
}
