/*
 * The ATA driver (PIIX IDE and everything of PCI class 01/01).
 *
 * One channel: two drives, one command at a time, one interrupt line, one bus master. The way of a request:
 *   ata_queue_rq -> ata_start -> ata_dma_start | ata_pio_start | ata_poll_start -> outb_start
 *   ata_irq (top half) -> ata_complete -> blk_request_done -> SOFTIRQ_BLOCK
 *   anything that goes wrong -> ata_fault -> the channel's thread: ata_recover (ata_error.c)
 *
 * Who owns the registers says channel->state:
 *
 *          ata_start                      fault, or polled                      ata_start (retry)
 *   IDLE ------------> ACTIVE ------------------------------------> THREAD ------------------------> ACTIVE
 *     ^                  |  interrupt: all data moved                  |  ata_thread_done
 *     +------------------+<--------------------------------------------+
 *
 * IDLE and ACTIVE: whoever holds channel->lock (interrupts off). THREAD: the channel's thread alone, which may sleep; an interrupt that
 * comes then is acknowledged and counted as stray. A request for a channel that is not IDLE waits in its drive's `pending` (one a drive:
 * the queue's depth is 1) and is started by the one that makes the channel IDLE, the other drive's first: so the two take turns.
 */
#ifndef DRIVERS_BLOCK_ATA_ATA_H
#define DRIVERS_BLOCK_ATA_ATA_H

#include "drivers/block/ata/ata_identify.h"
#include "drivers/block/ata/ata_regs.h"
#include "drivers/block/ata/ata_taskfile.h"
#include "io/contract/block_device.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/port.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/wait.h"

struct ata_channel;
struct pci_dev;
struct task;

enum ata_mode { ATA_MODE_DMA, ATA_MODE_PIO, ATA_MODE_POLL, ATA_MODES };
enum ata_state { ATA_IDLE, ATA_ACTIVE, ATA_THREAD };
enum ata_work { ATA_WORK_NONE, ATA_WORK_POLL, ATA_WORK_RECOVER }; /* for the channel's thread */

/*
 * What a drive's commands cost, from the driver's start to its completion: the time in cycles that the CPU spent in the driver for them
 * (guest instructions under --accel icount), their port accesses, each element of a block transfer counted. ch->lock.
 */
struct ata_counts {
	u32 commands, interrupts;
	u64 port_accesses, cycles;
};

/* What is known of a failed command. */
struct ata_fault {
	u8 status, error, bm_status;
	bool timed_out;
};

struct ata_drive {
	struct ata_channel *ch;
	u8 unit;                  /* 0, 1 on its channel */
	bool present, packet;     /* fixed after the probe; packet: ATAPI */
	enum ata_mode mode;       /* ch->lock, like the next */
	enum ata_transfer xfer;   /* how its data goes in this mode */
	u32 block_bytes;          /* of one DRQ block with ATA_XFER_MULTIPLE */
	u32 index;                /* of its sdX name */
	struct ata_identity id;
	struct ata_identify_data said; /* the same as the drive said it, for hdparm */
	struct request_queue *queue;
	struct gendisk *disk;
	struct device *dev;       /* /sys/devices/.../ata1/dev1.0 */
	struct request *pending;  /* waits for the channel; ch->lock */
	struct ata_counts counts;
	/* the channel's thread */
	u32 transport_faults;     /* time-outs and bus master errors under DMA */
	u64 log_window_ns, log_sector; /* start of the current period; the last line's */
	u32 log_lines, log_suppressed, log_op;
};

/* Where the next bytes of a PIO transfer go or come from. */
struct ata_cursor {
	const struct blk_segment *seg;
	u32 offset;               /* within *seg */
	u32 left;                 /* bytes of the whole transfer */
};

struct ata_channel {
	u16 command_base, control, bm; /* bm 0: no bus master */
	u32 irq;
	struct spinlock lock;     /* RANK_DRIVER, interrupts off */
	/* lock */
	enum ata_state state;
	struct request *rq;       /* not IDLE: the one being done */
	struct ata_drive *drive;  /* whose */
	u8 protocol;              /* enum ata_protocol of the command in flight */
	bool write;
	u8 device_reg;            /* what ATA_DEVICE holds; ATA_DEVICE_UNKNOWN */
	u8 bm_command;            /* what BM_COMMAND holds, but for the start bit */
	struct ata_cursor cursor;
	u32 block_bytes;
	struct ata_fault fault;
	bool counting;            /* the driver is at work for `drive` since cycles_from, see ata_count_begin */
	u64 cycles_from;
	u32 port_accesses;
	u32 stray_irqs, lost_irqs, resets;

	struct ata_prd *prd;      /* in DMA memory, its bus address is in BM_PRD_TABLE */
	phys_addr_t prd_bus;
	struct blk_segment *segs; /* PRD_MAX_ENTRIES of the request in flight */

	struct task *thread;
	struct wait_queue_head thread_wait;
	volatile u8 thread_work;  /* enum ata_work; not NONE: the channel is in state THREAD and wants its thread */
	struct ata_drive drives[2];
	struct device *dev;       /* /sys/devices/.../ata1 */
	bool have_irq;
	char name[8];             /* ata1, ata2 */
};
#define ATA_DEVICE_UNKNOWN 0u /* never written: bits 7 and 5 are always set */

/* ---- registers: reg is an offset of ata_regs.h ---- */
static inline u8 ata_in(struct ata_channel *ch, u32 reg) { ch->port_accesses++; return port_read8((u16)(ch->command_base + reg)); }
static inline void ata_out(struct ata_channel *ch, u32 reg, u8 v) { ch->port_accesses++; port_write8((u16)(ch->command_base + reg), v); }
static inline u8 bm_in(struct ata_channel *ch, u32 reg) { ch->port_accesses++; return port_read8((u16)(ch->bm + reg)); }
static inline void bm_out(struct ata_channel *ch, u32 reg, u8 v) { ch->port_accesses++; port_write8((u16)(ch->bm + reg), v); }
static inline void ata_control(struct ata_channel *ch, u8 v) { ch->port_accesses++; port_write8((u16)(ch->control + ATA_DEVICE_CONTROL), v); }

/* Looking does not acknowledge. */
static inline u8 ata_altstatus_peek(struct ata_channel *ch)
{
	ch->port_accesses++;
	return port_read8((u16)(ch->control + ATA_ALTERNATE_STATUS));
}
/* Reading the status register makes the device drop its interrupt line. */
static inline u8 ata_status_ack_irq(struct ata_channel *ch) { return ata_in(ch, ATA_STATUS); }
/* Clear the bus master's interrupt and error bits; bm_status as read before. */
static inline void ata_bm_status_clear(struct ata_channel *ch, u8 bm_status)
{
	bm_out(ch, BM_STATUS, (u8)((bm_status & BM_STATUS_DRIVE_DMA) | BM_STATUS_INTERRUPT | BM_STATUS_ERROR));
}
/* 400 ns, which a device may take to show BSY after a command or a selection: four reads of alternate status are at least that long. */
static inline void ata_delay_400ns(struct ata_channel *ch)
{
	for (int i = 0; i < 4; i++)
		ata_altstatus_peek(ch);
}

/* ---- counting ---- */
/* The driver begins to work for a command (start, interrupt, polling). Lock held or thread. */
static inline void ata_count_begin(struct ata_channel *ch)
{
	ch->counting = true;
	ch->port_accesses = 0;
	ch->cycles_from = rdtsc();
}
/* It is done for now, or the command is and ch->drive will be another. Lock held. Harmless when nothing was begun. */
static inline void ata_count_end(struct ata_channel *ch)
{
	if (!ch->counting)
		return;
	ch->counting = false;
	ch->drive->counts.cycles += rdtsc() - ch->cycles_from;
	ch->drive->counts.port_accesses += ch->port_accesses;
}

/* How the data of a drive goes when the CPU moves it. */
static inline enum ata_transfer ata_pio_way(const struct ata_drive *d)
{
	return d->block_bytes > SECTOR_SIZE ? ATA_XFER_MULTIPLE : ATA_XFER_SINGLE;
}

/* ---- ata_core.c ---- */
extern const struct block_ops ata_block_ops;
void ata_free_disk(struct gendisk *disk);
/* Start rq on an idle channel; lock held. 0 or -errno (nothing started; the channel is still idle). */
int __must_check ata_start(struct ata_channel *ch, struct ata_drive *d, struct request *rq);
irqreturn_t ata_irq(int irq, void *channel);
/* End the request of the channel, make it idle, start the next. Lock held. */
void ata_complete(struct ata_channel *ch, int status, u32 bytes_done);
/* The command in flight has failed or is late: hand the channel to its thread. Lock held. */
void ata_fault(struct ata_channel *ch, u8 status, u8 bm_status, bool timed_out);
/* Give the channel to its thread. Lock held. */
void ata_wake_thread(struct ata_channel *ch, enum ata_work work);
/* Put the taskfile but for the command into the registers; the device is selected. Lock held or thread. */
void ata_load(struct ata_channel *ch, const struct ata_taskfile *tf);
/* Select the device of tf; 0, or -EBUSY when it does not get ready. Lock held or thread. */
int __must_check ata_select(struct ata_channel *ch, u8 device);
/* The flush command of a drive that has one. */
void ata_taskfile_flush(const struct ata_drive *d, struct ata_taskfile *tf);

/* ---- ata_dma.c: bus master ---- */
int ata_dma_alloc(struct ata_channel *ch);
void ata_dma_free(struct ata_channel *ch);
void ata_dma_start(struct ata_channel *ch, struct request *rq, const struct ata_taskfile *tf);
/* Stop the engine; QEMU finishes the transfer under way first. Lock held or thread. */
void ata_dma_stop(struct ata_channel *ch);
/* Stop, clear and point it at its table again: after a reset, and before first use. */
void ata_dma_reset(struct ata_channel *ch);

/* ---- ata_pio.c: interrupt-driven PIO ---- */
void ata_pio_start(struct ata_channel *ch, struct request *rq, const struct ata_taskfile *tf);
/* The device interrupted with this status. Lock held. */
void ata_pio_interrupt(struct ata_channel *ch, u8 status);
/* Move the next n bytes between the data port and memory. */
void ata_pio_transfer(struct ata_channel *ch, struct ata_cursor *c, u32 n, bool write);

/* ---- ata_poll.c: polled commands; the channel's thread or the probe, may sleep, interrupts of the device off ---- */
void ata_poll_start(struct ata_channel *ch);     /* from ata_start: the thread does it */
void ata_poll_request(struct ata_channel *ch);   /* the thread: the request in ch->rq */
/* Wait until the device is not busy: its status, -ETIMEDOUT, or -ENODEV when the bus floats. */
int __must_check ata_poll_ready(struct ata_channel *ch, u32 timeout_ms);
/* Run a whole command, the device's interrupts off. c NULL: no data. 0; -EIO: the device said no; -ETIMEDOUT; *f tells more; c->left bytes were not moved. */
int __must_check ata_poll_command(struct ata_channel *ch, const struct ata_taskfile *tf, struct ata_cursor *c, u32 block_bytes, bool write,
				  u32 timeout_ms, struct ata_fault *f);
/* A read or write request by polled PIO, ended or not by the caller; *bytes_done of its start are good. */
int __must_check ata_poll_rw(struct ata_channel *ch, struct ata_drive *d, struct request *rq, enum ata_transfer xfer, u32 *bytes_done,
			     struct ata_fault *f);
/* Device interrupts off (for polling) or on. */
void ata_irqs_off(struct ata_channel *ch);
void ata_irqs_on(struct ata_channel *ch);

/* ---- ata_ioctl.c ---- */
int ata_ioctl(struct block_device *b, u32 cmd, unsigned long arg); /* block_ops.ioctl */

/* ---- ata_error.c: the channel's thread ---- */
int ata_thread_fn(void *channel);

/* ---- ata_sysfs.c: process context ---- */
/* The drive's folder, with its files; its disk hangs below it. 0 or -errno. */
int __must_check ata_drive_add(struct ata_drive *d);
void ata_drive_del(struct ata_drive *d); /* harmless when not added */
int __must_check ata_channel_files(struct ata_channel *ch);
extern const char *const ata_mode_names[]; /* by enum ata_mode */

/* ---- ata_probe.c: process context ---- */
/* Choose the way of the data; lock held, or not in use yet. -EOPNOTSUPP: no DMA here. */
int ata_set_mode(struct ata_drive *d, enum ata_mode mode);
/* Find out what hangs on the channel: fills in drives[].present, packet, id, xfer. Interrupts of the devices are off afterwards. */
void ata_probe_channel(struct ata_channel *ch);
/* Software reset of both devices, and what they forget by it. 0, -ETIMEDOUT, -ENODEV. */
int __must_check ata_soft_reset(struct ata_channel *ch);

#endif
