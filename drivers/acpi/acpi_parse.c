/* See acpi_parse.h. Encodings of AML: ACPI 6.4, chapter 20. */
#include "drivers/acpi/acpi_parse.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"

#define AML_ZERO 0x00u
#define AML_ONE 0x01u
#define AML_NAME 0x08u
#define AML_BYTE 0x0au
#define AML_WORD 0x0bu
#define AML_DWORD 0x0cu
#define AML_PACKAGE 0x12u
#define AML_EXT 0x5bu
#define AML_EXT_REGION 0x80u
#define REGION_SYSTEM_IO 1u
#define MAX_PORT 0xffffu

bool acpi_sums_to_zero(const void *p, size_t len)
{
	const u8 *b = p;
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *b++);
	return !sum;
}

bool acpi_rsdp_valid(const struct acpi_rsdp *r)
{
	if (memcmp(r->signature, "RSD PTR ", 8) || !acpi_sums_to_zero(r, ACPI_RSDP_V1_SIZE))
		return false;
	return r->revision < 2 || (r->length == sizeof(*r) && acpi_sums_to_zero(r, sizeof(*r)));
}

bool acpi_table_valid(const struct acpi_header *h, size_t size, const char *signature)
{
	if (size < sizeof(*h) || h->length < sizeof(*h) || h->length > size)
		return false;
	return (!signature || !memcmp(h->signature, signature, 4)) && acpi_sums_to_zero(h, h->length);
}

static bool port_ok(u32 port, u32 len) { return port && port + len - 1 <= MAX_PORT; }

int acpi_fadt_decode(const struct acpi_fadt *t, struct acpi_fixed *f)
{
	if (t->header.length < sizeof(*t) || t->sci_int > 15)
		return -EINVAL;
	if (t->pm1_evt_len < 4 || !port_ok(t->pm1a_evt_blk, t->pm1_evt_len) || t->pm1_cnt_len < 2 || !port_ok(t->pm1a_cnt_blk, t->pm1_cnt_len))
		return -EINVAL;
	*f = (struct acpi_fixed){
		.dsdt = t->dsdt, .sci = t->sci_int, .acpi_enable = t->acpi_enable, .pm1_evt = (u16)t->pm1a_evt_blk,
		.pm1_evt_len = t->pm1_evt_len, .pm1_cnt = (u16)t->pm1a_cnt_blk, .power_button = !(t->flags & FADT_PWR_BUTTON),
	};
	if (port_ok(t->smi_cmd, 1))
		f->smi_cmd = t->smi_cmd;
	if (port_ok(t->pm1b_cnt_blk, 2))
		f->pm1b_cnt = (u16)t->pm1b_cnt_blk;
	if (t->pm_tmr_len == 4 && port_ok(t->pm_tmr_blk, 4)) {
		f->pm_tmr = (u16)t->pm_tmr_blk;
		f->pm_tmr_mask = t->flags & FADT_TMR_VAL_EXT ? ~0u : 0xffffffu;
	}
	if (t->gpe0_blk_len >= 2 && port_ok(t->gpe0_blk, t->gpe0_blk_len)) {
		f->gpe0 = (u16)t->gpe0_blk;
		f->gpe0_len = t->gpe0_blk_len & ~1u;
	}
	return 0;
}

/* An integer constant at p; how many bytes it takes, 0: none. */
static size_t aml_integer(const u8 *p, size_t left, u32 *value)
{
	if (left >= 1 && (*p == AML_ZERO || *p == AML_ONE)) {
		*value = *p;
		return 1;
	}
	if (left >= 2 && *p == AML_BYTE) {
		*value = p[1];
		return 2;
	}
	if (left >= 3 && *p == AML_WORD) {
		*value = p[1] | (u32)p[2] << 8;
		return 3;
	}
	if (left >= 5 && *p == AML_DWORD) {
		*value = p[1] | (u32)p[2] << 8 | (u32)p[3] << 16 | (u32)p[4] << 24;
		return 5;
	}
	return 0;
}

bool acpi_find_s5(const u8 *aml, size_t len, u8 *type_a, u8 *type_b)
{
	static const u8 start[] = { AML_NAME, '_', 'S', '5', '_', AML_PACKAGE };

	for (size_t i = 0; i + sizeof(start) + 2 <= len; i++) {
		size_t at = i + sizeof(start), n;
		u32 a, b;

		if (memcmp(aml + i, start, sizeof(start)))
			continue;
		at += 2u + (aml[at] >> 6); /* the package's length (1 to 4 bytes, 20.2.4) and its number of elements */
		if (at > len || !(n = aml_integer(aml + at, len - at, &a)) || !aml_integer(aml + at + n, len - at - n, &b) || a > 7 || b > 7)
			continue;
		*type_a = (u8)a;
		*type_b = (u8)b;
		return true;
	}
	return false;
}

bool acpi_find_port_region(const u8 *aml, size_t len, const char name[4], u32 *port)
{
	for (size_t i = 0; i + 8 <= len; i++) {
		if (aml[i] != AML_EXT || aml[i + 1] != AML_EXT_REGION || memcmp(aml + i + 2, name, 4) || aml[i + 6] != REGION_SYSTEM_IO)
			continue;
		if (aml_integer(aml + i + 7, len - i - 7, port) && *port <= MAX_PORT)
			return true;
	}
	return false;
}
