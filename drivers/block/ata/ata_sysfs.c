/*
 * The driver's files in sysfs. A channel (ata1): stray_interrupts, lost_interrupts, resets. A drive (ata1/dev1.0, to which
 * /sys/block/sdX/device leads): transfer_mode, "dma", "pio" (interrupt-driven) or "poll", which may be written at any time and holds from the
 * next command on; and the struct ata_counts of all its commands so far, which grow only.
 */
#include "drivers/block/ata/ata.h"
#include "io/contract/device.h"
#include "kernel/lib/string.h"

const char *const ata_mode_names[] = { [ATA_MODE_DMA] = "dma", [ATA_MODE_PIO] = "pio", [ATA_MODE_POLL] = "poll" };

static void *data_of(struct kobject *k)
{
	return container_of(k, struct device, kobj)->driver_data;
}

#define SHOW(type, name, ...) \
	static int name##_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s) \
	{ \
		const struct type *x = data_of(k); \
		seq_printf(s, __VA_ARGS__); \
		return 0; \
	}
SHOW(ata_channel, stray_interrupts, "%u\n", x->stray_irqs)
SHOW(ata_channel, lost_interrupts, "%u\n", x->lost_irqs)
SHOW(ata_channel, resets, "%u\n", x->resets)
SHOW(ata_drive, transfer_mode, "%s\n", ata_mode_names[x->mode])
SHOW(ata_drive, commands, "%u\n", x->counts.commands)
SHOW(ata_drive, interrupts, "%u\n", x->counts.interrupts)
SHOW(ata_drive, port_accesses, "%llu\n", x->counts.port_accesses)
SHOW(ata_drive, driver_cycles, "%llu\n", x->counts.cycles)
#undef SHOW

static ssize_t transfer_mode_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct ata_drive *d = data_of(k);
	size_t n = len && text[len - 1] == '\n' ? len - 1 : len;

	for (u32 i = 0; i < ATA_MODES; i++) {
		u32 flags;
		int error;

		if (strncmp(text, ata_mode_names[i], n) || ata_mode_names[i][n])
			continue;
		flags = spin_lock_irqsave(&d->ch->lock);
		error = ata_set_mode(d, (enum ata_mode)i);
		spin_unlock_irqrestore(&d->ch->lock, flags);
		return error ? error : (ssize_t)len;
	}
	return -EINVAL;
}

#define ATTR(n) { .name = #n, .mode = 0444, .show = n##_show }
static const struct kobj_attribute channel_attrs[] = { ATTR(stray_interrupts), ATTR(lost_interrupts), ATTR(resets) };
static const struct kobj_attribute drive_attrs[] = {
	{ .name = "transfer_mode", .mode = 0644, .show = transfer_mode_show, .store = transfer_mode_store },
	ATTR(commands), ATTR(interrupts), ATTR(port_accesses), ATTR(driver_cycles),
};

int ata_channel_files(struct ata_channel *ch)
{
	return sysfs_add_files(&ch->dev->kobj, channel_attrs, ARRAY_SIZE(channel_attrs));
}

int ata_drive_add(struct ata_drive *d)
{
	struct device *dev = device_create(NULL, d->ch->dev, 0, 0, d, "dev%s.%u", d->ch->name + strlen("ata"), d->unit);
	int error;

	if (IS_ERR(dev))
		return (int)PTR_ERR(dev);
	d->dev = dev;
	error = sysfs_add_files(&dev->kobj, drive_attrs, ARRAY_SIZE(drive_attrs));
	if (error)
		ata_drive_del(d);
	return error;
}

void ata_drive_del(struct ata_drive *d)
{
	if (!d->dev)
		return;
	device_del(d->dev);
	put_device(d->dev);
	d->dev = NULL;
}
