/*
 * The PCI side: IDE controllers of class 01/01 (PIIX and the like). Finds the ports, sets the two channels up, makes disks of what hangs
 * on them, and takes everything away again. Which way the data goes at first is chosen by the kernel word
 * ata=dma|pio|poll.
 */
#include "drivers/drivers.h"
#include "drivers/block/ata/ata.h"
#include "drivers/block/sd_index.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"


struct ata_host {
	struct ata_channel channels[2];
};

static u32 nr_channels; /* found so far: their names */

static enum ata_mode chosen_mode(void)
{
	const char *word = cmdline_get("ata");

	for (u32 i = 0; word && i < ATA_MODES; i++)
		if (!strcmp(word, ata_mode_names[i]))
			return (enum ata_mode)i;
	if (word)
		pr_warn("ata=%s: unknown, using dma\n", word);
	return ATA_MODE_DMA;
}

static void log_disk(const struct ata_drive *d)
{
	static const char *const ways[] = { [ATA_XFER_DMA] = "DMA", [ATA_XFER_MULTIPLE] = "PIO multiple", [ATA_XFER_SINGLE] = "PIO" };

	pr_info("%s: %s: %s, %s, %llu sectors (%llu MiB), LBA%s, %s%s%s\n", d->ch->name, d->disk->name, d->id.model, d->id.firmware,
		d->id.sectors, d->id.sectors >> 11, d->id.lba48 ? "48" : "28", ways[d->xfer], d->mode == ATA_MODE_POLL ? " polled" : "",
		d->id.write_cache ? ", write cache" : "");
}

static void detach_disk(struct ata_drive *d)
{
	if (!d->disk)
		return;
	del_gendisk(d->disk);
	blk_queue_destroy(d->queue);
	put_disk(d->disk);
	ata_drive_del(d);
	d->disk = NULL;
}

void ata_free_disk(struct gendisk *disk)
{
	sd_index_put(disk->first_minor / SD_MINORS);
}

static int attach_disk(struct ata_drive *d)
{
	struct queue_limits limits = {
		.logical_block_size = d->id.logical_sector_bytes,
		.physical_block_size = d->id.physical_sector_bytes,
		.max_hw_sectors = d->id.lba48 ? ATA_LBA48_MAX_SECTORS : ATA_LBA28_MAX_SECTORS,
		.max_segments = PRD_MAX_ENTRIES,
		.max_segment_size = PRD_BOUNDARY,
		.segment_boundary = PRD_BOUNDARY - 1,
		.write_cache = d->id.write_cache && (d->id.flush || d->id.flush_ext),
		.rotational = d->id.rotation_rate != 1,
	};
	struct gendisk *disk;
	int error = ata_drive_add(d);

	if (error)
		return error;
	error = sd_index_get();
	if (error < 0)
		goto no_index;
	d->index = (u32)error;
	d->queue = blk_queue_create(&ata_block_ops, &limits, 1, 1, 0, d);
	if (IS_ERR(d->queue)) {
		error = (int)PTR_ERR(d->queue);
		goto no_queue;
	}
	blk_queue_set_pio(d->queue, d->mode != ATA_MODE_DMA);
	error = -ENOMEM;
	disk = disk_alloc();
	if (!disk)
		goto no_disk;
	ksnprintf(disk->name, sizeof(disk->name), "sd%c", 'a' + (int)d->index);
	disk->major = SD_MAJOR;
	disk->first_minor = d->index * SD_MINORS;
	disk->minors = SD_MINORS;
	disk->capacity = d->id.sectors;
	disk->ops = &ata_block_ops;
	disk->queue = d->queue;
	disk->private = d;
	disk->parent = d->dev;
	d->disk = disk;
	log_disk(d);
	error = add_disk(disk);
	if (!error)
		return 0;
	d->disk = NULL;
	put_disk(disk);
no_disk:
	blk_queue_destroy(d->queue);
no_queue:
	sd_index_put(d->index);
no_index:
	ata_drive_del(d);
	return error;
}

/* Take down whatever of the channel stands. */
static void channel_down(struct ata_channel *ch)
{
	for (u32 unit = 0; unit < 2; unit++)
		detach_disk(&ch->drives[unit]);
	if (ch->thread)
		kthread_stop(ch->thread);
	if (ch->have_irq) {
		ata_irqs_off(ch);
		free_irq(ch->irq, ch);
	}
	if (ch->dev) {
		device_del(ch->dev);
		put_device(ch->dev);
	}
	ata_dma_free(ch);
	ch->thread = NULL;
	ch->have_irq = false;
	ch->dev = NULL;
}

/* Interrupt, thread, folder: what a channel with disks needs. */
static int channel_up(struct ata_channel *ch, struct pci_dev *pdev, bool native)
{
	int error = request_irq(ch->irq, ata_irq, native ? IRQF_SHARED : 0, ch->name, ch);
	struct task *t;

	if (error)
		return error;
	ch->have_irq = true;
	t = kthread_run(ata_thread_fn, ch, "%s", ch->name);
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	ch->thread = t;
	ch->dev = device_create(NULL, &pdev->dev, 0, 0, ch, "%s", ch->name);
	if (IS_ERR(ch->dev)) {
		error = (int)PTR_ERR(ch->dev);
		ch->dev = NULL;
		return error;
	}
	error = ata_channel_files(ch);
	if (error)
		return error;
	ata_irqs_on(ch);
	return 0;
}

static void channel_init(struct ata_channel *ch, const struct pci_dev *pdev, u32 index, bool native)
{
	const struct resource *bm = &pdev->resource[BM_BAR];
	const struct resource *command = &pdev->resource[2 * index], *control = &pdev->resource[2 * index + 1];

	ksnprintf(ch->name, sizeof(ch->name), "ata%u", ++nr_channels);
	spin_lock_init(&ch->lock, "ata", RANK_DRIVER);
	wait_queue_init(&ch->thread_wait);
	for (u32 unit = 0; unit < 2; unit++) {
		ch->drives[unit].ch = ch;
		ch->drives[unit].unit = (u8)unit;
		ch->drives[unit].mode = chosen_mode();
	}
	if (native) {
		ch->command_base = (u16)command->start;
		ch->control = (u16)(control->start + ATA_NATIVE_CONTROL_OFFSET);
		ch->irq = pdev->irq;
	} else {
		ch->command_base = index ? ATA_SECONDARY_COMMAND_BASE : ATA_PRIMARY_COMMAND_BASE;
		ch->control = index ? ATA_SECONDARY_CONTROL : ATA_PRIMARY_CONTROL;
		ch->irq = index ? ATA_SECONDARY_IRQ : ATA_PRIMARY_IRQ;
	}
	if (pdev->class & IDE_PROG_IF_BUS_MASTER && bm->flags & IORESOURCE_IO && bm->start)
		ch->bm = (u16)(bm->start + index * BM_CHANNEL_STRIDE);
}

static void channel_probe(struct ata_channel *ch, struct pci_dev *pdev, u32 index)
{
	bool native = pdev->class & (index ? IDE_PROG_IF_SECONDARY_NATIVE : IDE_PROG_IF_PRIMARY_NATIVE);
	int error;

	channel_init(ch, pdev, index, native);
	error = ata_dma_alloc(ch);
	if (!error) {
		ata_probe_channel(ch);
		if (ch->drives[0].present || ch->drives[1].present)
			error = channel_up(ch, pdev, native);
		else
			ata_dma_free(ch);
	}
	for (u32 unit = 0; unit < 2 && !error; unit++)
		if (ch->drives[unit].present)
			error = attach_disk(&ch->drives[unit]);
	if (error) {
		pr_err("%s: cannot be used: error %d\n", ch->name, error);
		channel_down(ch);
	}
}

static int ata_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ata_host *host;
	int error = pci_enable_device(pdev);

	if (error)
		return error;
	host = kzalloc(sizeof(*host), GFP_KERNEL);
	if (!host) {
		pci_disable_device(pdev);
		return -ENOMEM;
	}
	pci_set_master(pdev);
	pci_set_drvdata(pdev, host);
	for (u32 i = 0; i < ARRAY_SIZE(host->channels); i++)
		channel_probe(&host->channels[i], pdev, i);
	return 0;
}

static void ata_pci_remove(struct pci_dev *pdev)
{
	struct ata_host *host = pci_get_drvdata(pdev);

	for (u32 i = 0; i < ARRAY_SIZE(host->channels); i++)
		channel_down(&host->channels[i]);
	pci_clear_master(pdev);
	pci_disable_device(pdev);
	kfree(host);
}

static const struct pci_device_id ata_ids[] = { { PCI_DEVICE_CLASS(PCI_CLASS_STORAGE_IDE, PCI_CLASS_MASK_SUB) }, { 0 } };
struct pci_driver ata_driver = {
	.name = "ata_piix",
	.id_table = ata_ids,
	.probe = ata_pci_probe,
	.remove = ata_pci_remove,
};
