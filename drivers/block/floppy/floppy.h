/*
 * The floppy driver: one 82077 with up to two 3.5 inch drives, ISA DMA channel 2, IRQ 6.
 *
 *   fdc.c          the controller: bytes of commands, interrupt, reset, motors, seek, one transfer
 *   floppy.c       its thread: requests of the block layer, the track buffer, retries, looking at a medium, motors off
 *   floppy_disk.c  finding controller and drives, /dev/fdN, opening, ioctls, files in sysfs
 *
 * All but the interrupt handler, which only notes and wakes, runs in the controller's thread: it alone touches the registers and may sleep.
 * queue_rq and open leave requests and questions in the drive (lock) and wake it. Every wait ends: for an interrupt after FDC_IRQ_MS, for
 * a byte after FDC_BYTE_POLLS.
 *
 * The data goes through the track buffer, a single buffer (io/contract/buffer.h, /proc/io_buffers) of a cylinder, both sides of a track, in
 * memory that ISA DMA reaches: a read fetches the whole cylinder, a write goes to the medium at once and stays in the buffer.
 */
#ifndef DRIVERS_BLOCK_FLOPPY_FLOPPY_H
#define DRIVERS_BLOCK_FLOPPY_FLOPPY_H

#include "drivers/block/floppy/floppy_regs.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/wait.h"

#define FLOPPY_DRIVES 2u
#define FLOPPY_HEADS 2u
#define FLOPPY_MAX_SECTORS 18u /* a track */
#define FLOPPY_BUFFER_BYTES (FLOPPY_HEADS * FLOPPY_MAX_SECTORS * SECTOR_SIZE)
#define FLOPPY_MAX_SEGMENTS 64u
#define FDC_CYLINDER_UNKNOWN 0xffu

struct fdc;
struct task;

struct floppy_format {
	u8 cylinders, sectors;    /* sectors a track */
	u8 rate;                  /* FDC_CCR */
	u8 gap;                   /* between sectors, for reading and writing */
	u8 format_gap;
	const char *name;
};

struct floppy_drive {
	struct fdc *fdc;
	u8 unit, type;            /* type: of the CMOS */
	struct gendisk *disk;
	struct request_queue *queue;
	/* fdc->lock */
	struct request *rq;       /* under way or waiting for the thread */
	bool look;                /* somebody waits in looked for the thread to look at the medium */
	struct completion looked;
	int look_result;          /* 0: as before, 1: another medium, -errno: none to be used */
	/* the thread */
	const struct floppy_format *format;
	bool usable;              /* format is that of the medium in the drive, as far as we know */
	u8 cylinder;              /* where the heads are; FDC_CYLINDER_UNKNOWN */
	u64 motor_off_ns;
};

/* What happened so far, for sysfs. */
struct floppy_counts {
	u32 commands, interrupts, stray_interrupts, lost_interrupts, seeks, track_reads, track_hits, writes, retries, resets, media_changes;
};

struct fdc {
	u16 base;
	u8 dor;                   /* what the register holds */
	u8 rate;                  /* what CCR holds */
	struct spinlock lock;     /* RANK_DRIVER, interrupts off */
	bool armed;               /* lock: an interrupt is expected */
	bool stopped;             /* lock: the thread is gone, nobody looks at media any more */
	volatile bool interrupted; /* it has come */
	struct wait_queue_head irq_wait;
	struct wait_queue_head work_wait;
	struct task *thread;
	struct floppy_drive drives[FLOPPY_DRIVES];
	/* the thread */
	u8 *memory;               /* of the track buffer */
	phys_addr_t memory_bus;
	struct buffer_pool pool;  /* the track buffer alone */
	struct io_buffer *track;  /* it; valid, and its key says drive and cylinder */
	u64 track_sectors;        /* a bit for each sector of the cylinder that it holds */
	struct blk_segment segs[FLOPPY_MAX_SEGMENTS];
	u8 result[FDC_RESULT_BYTES]; /* of the last command */
	struct floppy_counts counts;
};

/* ---- fdc.c: the thread, or the probe before there is one; may sleep unless said ---- */
irqreturn_t fdc_irq(int irq, void *fdc);
/* Reset and set up; positions are unknown afterwards. 0 or -ETIMEDOUT: it does not answer. */
int __must_check fdc_reset(struct fdc *f);
/* 82077 (FDC_VERSION_ENHANCED) or another, or -errno. */
int __must_check fdc_version(struct fdc *f);
/* Select the drive and let it turn; waits until it is up to speed. */
void fdc_motor_on(struct floppy_drive *d);
void fdc_motor_off(struct floppy_drive *d);
static inline bool fdc_motor_is_on(const struct floppy_drive *d) { return d->fdc->dor & DOR_MOTOR(d->unit); }
/* The drive is selected: was it opened since the last step with a medium in it? */
bool fdc_disk_changed(struct fdc *f);
void fdc_set_rate(struct fdc *f, u8 rate);
/* Heads to track 0, or to a cylinder. 0, -EIO, -ETIMEDOUT. */
int __must_check fdc_recalibrate(struct floppy_drive *d);
int __must_check fdc_seek(struct floppy_drive *d, u8 cylinder);
/* Is there anything readable below the heads? 0, -EIO, -ETIMEDOUT. */
int __must_check fdc_read_id(struct floppy_drive *d);
/* 1: write-protected, 0, -ETIMEDOUT. */
int __must_check fdc_write_protected(struct floppy_drive *d);
/*
 * Move n sectors between the buffer and the cylinder the heads are on, from sector `first` of it (side 0 comes first). 0, -EIO, -EROFS,
 * -ETIMEDOUT (the controller needs a reset).
 */
int __must_check fdc_transfer(struct floppy_drive *d, bool write, u32 first, u32 n);

/* ---- floppy.c ---- */
int floppy_thread_fn(void *fdc);
/* block_ops */
int floppy_queue_rq(struct hw_ctx *h, struct request *rq);
bool floppy_timeout(struct hw_ctx *h, struct request *rq);
/* Let the thread look at the medium; see look_result. Process context, one caller a drive at a time. */
int floppy_look(struct floppy_drive *d);

#endif
