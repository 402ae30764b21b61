/*
 * The NVMe driver (PCI class 01/08/02).
 *
 * A controller has an admin queue pair and up to four I/O queue pairs, each a hardware context of the block layer; all of them interrupt on the
 * function's one INTx line, because without MSI-X there is but one vector. The way of a request:
 *   nvme_queue_rq -> command and PRP list into the slot of its tag -> submission queue -> doorbell
 *   nvme_irq -> every completion queue that has something new -> nvme_end -> blk_request_done -> SOFTIRQ_BLOCK
 * The command identifier is the tag, plus the share of its namespace: each namespace has a request queue of its own, all share the pairs.
 *
 * A command that is late (nvme_timeout, in the work queue kblockd): first the completion queue is looked at, then the controller is asked to
 * abort it, and when it does not, the controller is reset and what was in flight goes out once more, with the same identifiers.
 *
 * Locks: ctrl->lock (a mutex) for admin commands and resets; queue->lock (RANK_DRIVER, interrupts off) for a queue pair and its slots.
 */
#ifndef DRIVERS_BLOCK_NVME_NVME_H
#define DRIVERS_BLOCK_NVME_NVME_H

#include "drivers/block/nvme/nvme_regs.h"
#include "drivers/bus/pci.h"
#include "io/contract/block_device.h"
#include "kernel/irq/irq.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"

#define NVME_MAJOR 259u          /* Linux's block-extended */
#define NVME_MINORS 16u          /* numbers a namespace: itself and 15 partitions */
#define NVME_MAX_CTRLS 8u
#define NVME_MAX_NS 4u
#define NVME_MAX_IO_QUEUES 4u
#define NVME_DEPTH 64u           /* commands of one namespace on one pair */
#define NVME_ADMIN_ENTRIES 32u
#define NVME_MAX_PAGES 512u      /* data of a command: its PRP list is one page at most */

enum nvme_state { NVME_NEW, NVME_LIVE, NVME_RESETTING, NVME_DEAD };

/* A command in flight. */
struct nvme_slot {
	struct request *rq;          /* NULL: free */
	bool aborted;                /* the controller was asked to */
};

struct nvme_queue {
	struct nvme_ctrl *ctrl;
	struct spinlock lock;
	struct nvme_command *sq;
	volatile struct nvme_completion *cq;
	phys_addr_t sq_bus, cq_bus, prp_bus;
	u64 *prps;                   /* a list for each slot, ctrl->prp_entries apart */
	u8 __iomem *sq_doorbell, *cq_doorbell;
	u16 id, entries, sq_tail, cq_head;
	u8 phase;                    /* of entries that are new */
	u32 nr_slots;                /* 0: the admin queue */
	struct nvme_slot *slots;
	struct blk_segment *segs;    /* of the request being started */
	u32 stray;                   /* completions nobody waited for */
};

struct nvme_ns {
	struct nvme_ctrl *ctrl;
	u32 nsid, first_slot;
	u32 lba_shift;               /* bytes of a block, as a power of two */
	struct request_queue *queue;
	struct gendisk *disk;
	u64 log_window_ns;           /* the log's: kept from being flooded */
	u32 log_lines;
};

struct nvme_ctrl {
	struct pci_dev *pdev;
	u8 __iomem *regs;
	struct device *dev;          /* /sys/class/nvme/nvme0 */
	u32 index;
	char name[16];
	struct mutex lock;
	volatile u8 state;           /* enum nvme_state */
	bool have_irq;
	u32 doorbell_stride, ready_ms;
	u32 max_pages, prp_entries, nr_io_queues, nr_ns, resets;
	struct nvme_queue admin, io[NVME_MAX_IO_QUEUES];
	struct nvme_ns ns[NVME_MAX_NS];
	struct nvme_id_ctrl *id;
	/* the admin command in flight: admin.lock */
	u16 admin_cid, admin_status;
	bool admin_waits;
	u32 admin_result;
	struct completion admin_done;
};

/* ---- nvme_queue.c ---- */
int __must_check nvme_queue_alloc(struct nvme_ctrl *c, struct nvme_queue *q, u16 id, u16 entries, u32 nr_slots);
void nvme_queue_free(struct nvme_queue *q);
/* Empty, as after a reset of the controller; its slots keep their requests. */
void nvme_queue_clear(struct nvme_queue *q);
/* Put a command behind the others and tell the controller. Lock held; there is always room. */
void nvme_push(struct nvme_queue *q, const struct nvme_command *cmd);
/* Take what has been completed; true: there was something. Any context. */
bool nvme_poll(struct nvme_queue *q);
irqreturn_t nvme_irq(int irq, void *ctrl);

/* ---- nvme_admin.c: process context, ctrl->lock held ---- */
/* Run one command and wait. 0; -EIO: refused (*status says how; NULL: not wanted); -ETIMEDOUT; -ENODEV. result may be NULL. */
int __must_check nvme_admin(struct nvme_ctrl *c, struct nvme_command *cmd, u32 *result, u16 *status);
int __must_check nvme_identify(struct nvme_ctrl *c, u32 cns, u32 nsid, void *page, phys_addr_t bus);
int __must_check nvme_set_queue_count(struct nvme_ctrl *c, u32 *nr);
int __must_check nvme_create_queue(struct nvme_ctrl *c, struct nvme_queue *q);
/* Ask for the end of a command; true: the controller says that it did it. */
bool nvme_abort(struct nvme_ctrl *c, struct nvme_queue *q, u16 cid);

/* ---- nvme_ctrl.c: process context, ctrl->lock held ---- */
int __must_check nvme_disable(struct nvme_ctrl *c);
int __must_check nvme_enable(struct nvme_ctrl *c);
/*
 * Off and on again, and everything in flight once more; when it does not come back all of that ends with -ENODEV. late: something did not end in
 * time, and what was started again before is given up with -ETIMEDOUT.
 */
void nvme_reset(struct nvme_ctrl *c, bool late);
/* Nothing reaches the controller any more: end what is in flight. Also without the lock when it is gone. */
void nvme_kill(struct nvme_ctrl *c);
void nvme_shutdown(struct nvme_ctrl *c);

/* ---- nvme_block.c ---- */
extern const struct block_ops nvme_block_ops;
/* A command has ended. Lock of q held. */
void nvme_end(struct nvme_queue *q, struct nvme_slot *slot, u16 status);
/* Issue the command of a slot (again). Lock held. 0 or -errno. */
int __must_check nvme_issue(struct nvme_queue *q, u32 slot);

/* ---- nvme_ns.c ---- */
/* The namespace of entry i of ctrl->ns becomes a disk; 0, or -errno when it cannot be used. */
int __must_check nvme_ns_attach(struct nvme_ctrl *c, u32 i, u32 nsid, const struct nvme_id_ns *id);
void nvme_ns_detach(struct nvme_ns *ns);
u32 nvme_text_len(const char *text, u32 len); /* of a text of Identify, without the blanks behind it */
int nvme_index_get(void);            /* a number for a controller, or -ENOSPC */
void nvme_index_hold(u32 index);     /* its disks keep it */
void nvme_index_put(u32 index);
void nvme_free_disk(struct gendisk *d);

/* ---- nvme_decode.c: pure ---- */
/* A status (without phase) as an errno of the block layer, 0 for success. */
int nvme_status_errno(u16 status);
const char *nvme_status_text(u16 status);

#endif
