/*
 * What hangs on a channel, and software reset (ATA-6 9.2 "software reset protocol", 9.12 "signature"). Everything is polled, with the
 * devices' interrupts off, and has a deadline; channels and devices that do not exist cost a few port reads.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/time_hw.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define RESET_PULSE_US 5u        /* 9.2: at least 5 us */
#define RESET_WAIT_MS 2u         /* 9.2: at least 2 ms before the first look */
#define RESET_TIMEOUT_MS 31000u  /* 9.2: a device may take 31 s to spin up */
#define IDENTIFY_TIMEOUT_MS 10000u
#define SIMPLE_TIMEOUT_MS 5000u

static u8 unit_bits(u32 unit)
{
	return (u8)(ATA_DEVICE_OBSOLETE | (unit ? ATA_DEVICE_DEV : 0));
}

/* Do the registers of this device keep what is written? Not so where nothing drives the bus. */
static bool registers_hold(struct ata_channel *ch, u32 unit)
{
	static const u8 patterns[][2] = { { 0x55, 0xaa }, { 0xaa, 0x55 } };

	ata_out(ch, ATA_DEVICE, unit_bits(unit));
	ata_delay_400ns(ch);
	for (u32 i = 0; i < ARRAY_SIZE(patterns); i++) {
		ata_out(ch, ATA_SECTOR_COUNT, patterns[i][0]);
		ata_out(ch, ATA_LBA_LOW, patterns[i][1]);
		if (ata_in(ch, ATA_SECTOR_COUNT) != patterns[i][0] || ata_in(ch, ATA_LBA_LOW) != patterns[i][1])
			return false;
	}
	return true;
}

static int set_multiple(struct ata_drive *d)
{
	struct ata_taskfile tf = {
		.command = ATA_CMD_SET_MULTIPLE_MODE,
		.device = unit_bits(d->unit),
		.count = (u8)(d->block_bytes >> SECTOR_SHIFT),
	};
	struct ata_fault f;

	return ata_poll_command(d->ch, &tf, NULL, 0, false, SIMPLE_TIMEOUT_MS, &f);
}

int ata_soft_reset(struct ata_channel *ch)
{
	int status;

	ch->resets++;
	ata_dma_reset(ch);
	ata_control(ch, ATA_CONTROL_SRST | ATA_CONTROL_NIEN);
	udelay(RESET_PULSE_US);
	ata_control(ch, ATA_CONTROL_NIEN);
	sleep_ms(RESET_WAIT_MS);
	ch->device_reg = ATA_DEVICE_UNKNOWN;
	for (u32 unit = 0; unit < 2; unit++) {
		struct ata_drive *d = &ch->drives[unit];

		if (!d->present)
			continue;
		ata_out(ch, ATA_DEVICE, unit_bits(unit));
		ata_delay_400ns(ch);
		status = ata_poll_ready(ch, RESET_TIMEOUT_MS);
		if (status < 0)
			return status;
		if (d->block_bytes > SECTOR_SIZE && set_multiple(d))
			return -EIO;
	}
	return 0;
}

/* After a reset: disk, packet device, or nothing known. The device is selected. */
static u16 read_signature(struct ata_channel *ch)
{
	return (u16)(ata_in(ch, ATA_LBA_MID) | ata_in(ch, ATA_LBA_HIGH) << 8);
}

static int identify(struct ata_drive *d, u8 command, struct ata_identify_data *data)
{
	struct ata_taskfile tf = { .command = command, .device = unit_bits(d->unit) };
	struct blk_segment seg = { .va = data, .len = sizeof(*data) };
	struct ata_cursor c = { .seg = &seg, .left = sizeof(*data) };
	struct ata_fault f;

	return ata_poll_command(d->ch, &tf, &c, sizeof(*data), false, IDENTIFY_TIMEOUT_MS, &f);
}

int ata_set_mode(struct ata_drive *d, enum ata_mode mode)
{
	if (mode == ATA_MODE_DMA && !(d->ch->bm && d->id.dma))
		return -EOPNOTSUPP;
	d->mode = mode;
	d->xfer = mode == ATA_MODE_DMA ? ATA_XFER_DMA : ata_pio_way(d);
	d->transport_faults = 0;
	if (d->queue)
		blk_queue_set_pio(d->queue, mode != ATA_MODE_DMA);
	return 0;
}

static void choose_transfer(struct ata_drive *d)
{
	d->block_bytes = SECTOR_SIZE;
	if (d->id.multiple_max > 1) {
		d->block_bytes = d->id.multiple_max * SECTOR_SIZE;
		if (set_multiple(d))
			d->block_bytes = SECTOR_SIZE;
	}
	if (ata_set_mode(d, d->mode))
		(void)ata_set_mode(d, ATA_MODE_PIO);
}

static void probe_disk(struct ata_drive *d, struct ata_identify_data *data)
{
	struct ata_channel *ch = d->ch;
	int error = identify(d, ATA_CMD_IDENTIFY_DEVICE, data);

	if (!error)
		error = ata_identify_decode(data, &d->id);
	if (error == -ENODEV || error == -EIO)
		return; /* an echo of the other device */
	if (error) {
		pr_warn("%s.%u: %s: cannot be used (error %d)\n", ch->name, d->unit, d->id.model, error);
		return;
	}
	if (d->id.logical_sector_bytes != SECTOR_SIZE) {
		pr_warn("%s.%u: %s: sectors of %u bytes are not supported\n", ch->name, d->unit, d->id.model, d->id.logical_sector_bytes);
		return;
	}
	if (d->id.checksum_bad)
		pr_warn("%s.%u: %s: bad checksum in its identification\n", ch->name, d->unit, d->id.model);
	choose_transfer(d);
	d->said = *data;
	d->present = true;
}

static void probe_packet(struct ata_drive *d, struct ata_identify_data *data)
{
	char model[sizeof(d->id.model)] = "";

	if (!identify(d, ATA_CMD_IDENTIFY_PACKET_DEVICE, data))
		ata_identify_model(data, model);
	d->packet = true;
	pr_info("%s.%u: ATAPI device %s: no driver\n", d->ch->name, d->unit, model);
}

static void probe_drive(struct ata_drive *d, struct ata_identify_data *data)
{
	struct ata_channel *ch = d->ch;
	u16 signature;

	ata_out(ch, ATA_DEVICE, unit_bits(d->unit));
	ata_delay_400ns(ch);
	ch->device_reg = unit_bits(d->unit);
	if (!ata_altstatus_peek(ch) && d->unit)
		return; /* device 0 answers for a missing device 1 with status 0 (9.16.1) */
	signature = read_signature(ch);
	if (signature == ATA_SIGNATURE_PACKET || signature == ATA_SIGNATURE_PACKET_SATA)
		probe_packet(d, data);
	else if (signature == ATA_SIGNATURE_DISK || signature == ATA_SIGNATURE_DISK_SATA)
		probe_disk(d, data);
}

void ata_probe_channel(struct ata_channel *ch)
{
	struct ata_identify_data *data;
	bool maybe[2];
	int error;

	if (ata_altstatus_peek(ch) == ATA_STATUS_FLOATING)
		return;
	ata_irqs_off(ch);
	for (u32 unit = 0; unit < 2; unit++)
		maybe[unit] = ch->drives[unit].present = registers_hold(ch, unit);
	if (!maybe[0] && !maybe[1])
		return;
	error = ata_soft_reset(ch);
	ch->drives[0].present = ch->drives[1].present = false;
	if (error) {
		pr_warn("%s: no answer after a reset: error %d\n", ch->name, error);
		return;
	}
	data = kmalloc(sizeof(*data), GFP_KERNEL);
	if (!data) {
		pr_err("%s: no memory to identify its devices\n", ch->name);
		return;
	}
	for (u32 unit = 0; unit < 2; unit++)
		if (maybe[unit])
			probe_drive(&ch->drives[unit], data);
	kfree(data);
}
