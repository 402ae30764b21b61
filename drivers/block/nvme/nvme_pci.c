/* The PCI side: a controller comes, says what it is, gets its queues and disks, and goes again. */
#include "drivers/block/nvme/nvme.h"
#include "drivers/drivers.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

static struct nvme_ctrl *ctrl_of(struct kobject *k)
{
	return container_of(k, struct device, kobj)->driver_data;
}

static void show_padded(struct seq_buf *s, const char *text, u32 len)
{
	seq_printf(s, "%.*s\n", (int)nvme_text_len(text, len), text);
}

static int show_model(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct nvme_id_ctrl *id = ctrl_of(k)->id;

	show_padded(s, id->model, sizeof(id->model));
	return 0;
}

static int show_serial(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct nvme_id_ctrl *id = ctrl_of(k)->id;

	show_padded(s, id->serial, sizeof(id->serial));
	return 0;
}

static int show_firmware(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct nvme_id_ctrl *id = ctrl_of(k)->id;

	show_padded(s, id->firmware, sizeof(id->firmware));
	return 0;
}

static int show_state(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	static const char *const names[] = { [NVME_NEW] = "new", [NVME_LIVE] = "live", [NVME_RESETTING] = "resetting", [NVME_DEAD] = "dead" };

	seq_printf(s, "%s\n", names[ctrl_of(k)->state]);
	return 0;
}

/* As Linux counts: with the admin queue. */
static int show_queue_count(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", ctrl_of(k)->nr_io_queues + 1);
	return 0;
}

static ssize_t store_reset(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct nvme_ctrl *c = ctrl_of(k);

	mutex_lock(&c->lock);
	nvme_reset(c, false);
	mutex_unlock(&c->lock);
	return c->state == NVME_LIVE ? (ssize_t)len : -ENODEV;
}

static const struct kobj_attribute ctrl_files[] = {
	{ .name = "model", .mode = 0444, .show = show_model },
	{ .name = "serial", .mode = 0444, .show = show_serial },
	{ .name = "firmware_rev", .mode = 0444, .show = show_firmware },
	{ .name = "state", .mode = 0444, .show = show_state },
	{ .name = "queue_count", .mode = 0444, .show = show_queue_count },
	{ .name = "reset_controller", .mode = 0200, .store = store_reset },
	{ 0 },
};
static struct class nvme_class = { .name = "nvme", .dev_files = ctrl_files };
static bool class_known; /* probes come one at a time */

/* Take down whatever stands. */
static void ctrl_down(struct nvme_ctrl *c)
{
	if (c->regs && readl(c->regs + NVME_CSTS) == NVME_CSTS_GONE)
		nvme_kill(c);
	for (u32 i = 0; i < NVME_MAX_NS; i++)
		nvme_ns_detach(&c->ns[i]);
	if (c->dev) {
		device_del(c->dev);
		put_device(c->dev);
	}
	if (c->regs)
		nvme_shutdown(c);
	if (c->have_irq)
		free_irq(c->pdev->irq, c);
	for (u32 i = 0; i < NVME_MAX_IO_QUEUES; i++)
		nvme_queue_free(&c->io[i]);
	nvme_queue_free(&c->admin);
	if (c->regs) {
		pci_iounmap(c->pdev, c->regs);
		pci_release_regions(c->pdev);
	}
	if (c->id)
		dma_free(c->id, PAGE_SIZE);
	pci_clear_master(c->pdev);
	pci_disable_device(c->pdev);
	nvme_index_put(c->index);
	kfree(c);
}

/* Registers, admin queue, interrupt. */
static int ctrl_up(struct nvme_ctrl *c, u32 *max_entries)
{
	u32 low, high;
	int error = pci_request_regions(c->pdev, "nvme");

	if (error)
		return error;
	c->regs = pci_iomap(c->pdev, 0, 0);
	if (!c->regs) {
		pci_release_regions(c->pdev);
		return -ENODEV;
	}
	low = readl(c->regs + NVME_CAP_LOW);
	high = readl(c->regs + NVME_CAP_HIGH);
	c->ready_ms = max(NVME_CAP_TO_MS(low), 500u);
	c->doorbell_stride = 4u << NVME_CAP_DSTRD(high);
	*max_entries = NVME_CAP_MQES(low);
	if (NVME_CAP_MPSMIN(high) || pci_resource_len(c->pdev, 0) < NVME_DOORBELLS + 2 * (NVME_MAX_IO_QUEUES + 1) * c->doorbell_stride)
		return -ENODEV;
	error = nvme_disable(c);
	if (!error)
		error = nvme_queue_alloc(c, &c->admin, 0, NVME_ADMIN_ENTRIES, 0);
	if (!error)
		error = request_irq(c->pdev->irq, nvme_irq, IRQF_SHARED, c->name, c);
	if (error)
		return error;
	c->have_irq = true;
	return nvme_enable(c);
}

/* What the controller says of itself, and how many queue pairs it gives. */
static int learn(struct nvme_ctrl *c, phys_addr_t bus)
{
	int error = nvme_identify(c, NVME_CNS_CONTROLLER, 0, c->id, bus);

	if (error)
		return error;
	c->max_pages = c->id->mdts && c->id->mdts < 9 ? 1u << c->id->mdts : NVME_MAX_PAGES;
	c->prp_entries = max(c->max_pages, 2u); /* one entry more than pages when the data starts inside one; the first is in the command */
	return 0;
}

static int make_queues(struct nvme_ctrl *c, u32 max_entries, u32 nr_ns)
{
	u32 nr = NVME_MAX_IO_QUEUES, slots = nr_ns * NVME_DEPTH, made = 0;
	int error = nvme_set_queue_count(c, &nr);

	if (!error && slots >= max_entries)
		error = -ENOSPC;
	while (!error && made < nr) {
		error = nvme_queue_alloc(c, &c->io[made], (u16)(made + 1), (u16)(slots + 1), slots);
		if (!error)
			error = nvme_create_queue(c, &c->io[made]);
		made++;
		c->nr_io_queues = error ? made - 1 : made; /* from now on the interrupt looks at it */
	}
	return error;
}

/* ids: of its namespaces, in a page. */
static int attach_all(struct nvme_ctrl *c, u32 max_entries, u32 *ids, phys_addr_t bus)
{
	u32 found[NVME_MAX_NS], nr = 0;
	int error = nvme_identify(c, NVME_CNS_ACTIVE_LIST, 0, ids, bus);

	for (; !error && nr < NVME_MAX_NS && ids[nr]; nr++)
		found[nr] = ids[nr];
	if (error || !nr)
		return error;
	if (ids[NVME_MAX_NS])
		pr_warn("%s: only the first %u namespaces are used\n", c->name, NVME_MAX_NS);
	error = make_queues(c, max_entries, nr);
	if (error)
		return error;
	c->nr_ns = nr;
	c->state = NVME_LIVE;
	for (u32 i = 0; i < nr; i++) {
		error = nvme_identify(c, NVME_CNS_NAMESPACE, found[i], ids, bus);
		mutex_unlock(&c->lock); /* reading the partition table may need a reset */
		if (!error)
			error = nvme_ns_attach(c, i, found[i], (struct nvme_id_ns *)ids);
		mutex_lock(&c->lock);
		if (error)
			pr_err("%s: namespace %u cannot be used: error %d\n", c->name, found[i], error);
	}
	return 0;
}

static int ctrl_start(struct nvme_ctrl *c)
{
	u32 max_entries, *page = NULL;
	phys_addr_t id_bus, page_bus;
	int error = ctrl_up(c, &max_entries);

	if (error)
		return error;
	c->dev = device_create(&nvme_class, &c->pdev->dev, 0, 0, c, "%s", c->name);
	if (IS_ERR(c->dev)) {
		error = (int)PTR_ERR(c->dev);
		c->dev = NULL;
		return error;
	}
	page = dma_alloc(PAGE_SIZE, 0, &page_bus, GFP_KERNEL);
	c->id = dma_alloc(PAGE_SIZE, 0, &id_bus, GFP_KERNEL);
	mutex_lock(&c->lock);
	error = page && c->id ? learn(c, id_bus) : -ENOMEM;
	if (!error)
		error = attach_all(c, max_entries, page, page_bus);
	mutex_unlock(&c->lock);
	if (page)
		dma_free(page, PAGE_SIZE);
	return error;
}

static int nvme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvme_ctrl *c;
	int error, index;

	if (!class_known) {
		error = class_register(&nvme_class);
		if (error)
			return error;
		class_known = true;
	}
	index = nvme_index_get();
	if (index < 0)
		return index;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	error = c ? pci_enable_device(pdev) : -ENOMEM;
	if (error) {
		kfree(c);
		nvme_index_put((u32)index);
		return error;
	}
	c->pdev = pdev;
	c->index = (u32)index;
	ksnprintf(c->name, sizeof(c->name), "nvme%u", c->index);
	mutex_init(&c->lock, "nvme", RANK_OBJECT);
	spin_lock_init(&c->admin.lock, "nvme", RANK_DRIVER);
	pci_set_master(pdev);
	pci_set_drvdata(pdev, c);
	error = ctrl_start(c);
	if (error) {
		pr_err("%s: cannot be used: error %d\n", c->name, error);
		ctrl_down(c);
	}
	return error;
}

static void nvme_remove(struct pci_dev *pdev)
{
	ctrl_down(pci_get_drvdata(pdev));
}

static const struct pci_device_id nvme_ids[] = { { PCI_DEVICE_CLASS(PCI_CLASS_STORAGE_NVME, 0xffffffu) }, { 0 } };
struct pci_driver nvme_driver = {
	.name = "nvme",
	.id_table = nvme_ids,
	.probe = nvme_probe,
	.remove = nvme_remove,
};
