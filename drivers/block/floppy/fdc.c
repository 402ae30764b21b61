/*
 * The 82077 itself. A command has three phases (data sheet 5.0): its bytes go in one by one as the main status register asks for them; then it
 * works, and an interrupt says that it is done; then the result bytes come out. SEEK and RECALIBRATE have no result phase: SENSE INTERRUPT
 * asks how they ended.
 */
#include "drivers/block/floppy/floppy.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/isa_dma.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/sched/task.h"

#define FDC_IRQ_MS 3000u      /* the slowest: recalibrate over 80 tracks of 4 ms, or a sector not found in two turns of 200 ms */
#define FDC_BYTE_POLLS 500u   /* of 1 us: the next byte is due after at most 175 us */
#define RESET_PULSE_US 4u
#define SPIN_UP_MS 400u
#define RECALIBRATE_TRIES 2u  /* one gives up after 79 steps */

static u8 fdc_in(const struct fdc *f, u32 reg) { return port_read8((u16)(f->base + reg)); }
static void fdc_out(const struct fdc *f, u32 reg, u8 v) { port_write8((u16)(f->base + reg), v); }

/* ---- interrupts ---- */

irqreturn_t fdc_irq(int irq, void *fdc)
{
	struct fdc *f = fdc;
	bool ours;

	spin_lock(&f->lock);
	ours = f->armed;
	f->armed = false;
	if (ours) {
		f->interrupted = true;
		f->counts.interrupts++;
	} else {
		f->counts.stray_interrupts++;
	}
	spin_unlock(&f->lock);
	if (ours)
		wake_up(&f->irq_wait);
	return ours ? IRQ_HANDLED : IRQ_NONE;
}

/* Before what causes the interrupt: it may come within the port write. */
static void arm(struct fdc *f)
{
	u32 flags = spin_lock_irqsave(&f->lock);

	f->interrupted = false;
	f->armed = true;
	spin_unlock_irqrestore(&f->lock, flags);
}

static int wait_irq(struct fdc *f)
{
	u32 flags;

	if (!wait_event_until(&f->irq_wait, f->interrupted, deadline_ms(FDC_IRQ_MS)))
		return 0;
	flags = spin_lock_irqsave(&f->lock);
	f->armed = false;
	spin_unlock_irqrestore(&f->lock, flags);
	return f->interrupted ? 0 : -ETIMEDOUT;
}

/* ---- bytes ---- */

/* Wait until the controller wants (MSR_RQM) or gives (MSR_RQM | MSR_DIO) a byte; the status register, or -ETIMEDOUT. */
static int wait_ready(struct fdc *f)
{
	for (u32 i = 0; i < FDC_BYTE_POLLS; i++) {
		u8 msr = fdc_in(f, FDC_MSR);

		if (msr & MSR_RQM)
			return msr;
		udelay(1);
	}
	return -ETIMEDOUT;
}

static int put_bytes(struct fdc *f, const u8 *bytes, u32 n)
{
	f->counts.commands++;
	for (u32 i = 0; i < n; i++) {
		int msr = wait_ready(f);

		if (msr < 0)
			return msr;
		if (msr & MSR_DIO)
			return -ETIMEDOUT; /* it is somewhere else: only a reset brings us together again */
		fdc_out(f, FDC_FIFO, bytes[i]);
	}
	return 0;
}

/* n result bytes into f->result. */
static int get_bytes(struct fdc *f, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		int msr = wait_ready(f);

		if (msr < 0)
			return msr;
		if (!(msr & MSR_DIO))
			return -ETIMEDOUT;
		f->result[i] = fdc_in(f, FDC_FIFO);
	}
	return 0;
}

/* A command that answers at once. */
static int simple_command(struct fdc *f, const u8 *bytes, u32 n, u32 results)
{
	int error = put_bytes(f, bytes, n);

	return error ? error : get_bytes(f, results);
}

/* One that works for a while; `results` bytes follow the interrupt. */
static int command(struct fdc *f, const u8 *bytes, u32 n, u32 results)
{
	int error;

	arm(f);
	error = put_bytes(f, bytes, n);
	if (error)
		return error;
	error = wait_irq(f);
	if (error && results && (fdc_in(f, FDC_MSR) & (MSR_RQM | MSR_DIO)) == (MSR_RQM | MSR_DIO)) {
		f->counts.lost_interrupts++; /* the result is there all the same */
		error = 0;
	}
	return error ? error : get_bytes(f, results);
}

/* Why the interrupt came, of a command without results: ST0 and the cylinder in result[0], [1]. */
static int sense_interrupt(struct fdc *f)
{
	static const u8 bytes[] = { FDC_CMD_SENSE_INTERRUPT };
	int error = put_bytes(f, bytes, sizeof(bytes));

	if (!error)
		error = get_bytes(f, 1);
	if (error || (f->result[0] & ST0_CODE) == ST0_INVALID)
		return error;
	error = wait_ready(f);
	if (error < 0)
		return error;
	f->result[1] = fdc_in(f, FDC_FIFO);
	return 0;
}

/* ---- the controller ---- */

static void set_dor(struct fdc *f, u8 v)
{
	f->dor = v;
	fdc_out(f, FDC_DOR, v);
}

static int set_up(struct fdc *f)
{
	static const u8 configure[] = { FDC_CMD_CONFIGURE, 0, CONFIGURE_BITS, 0 }, specify[] = { FDC_CMD_SPECIFY, SPECIFY_SRT_HUT, SPECIFY_HLT_DMA };
	int error = put_bytes(f, configure, sizeof(configure));

	return error ? error : put_bytes(f, specify, sizeof(specify));
}

int fdc_reset(struct fdc *f)
{
	int error;

	f->counts.resets++;
	for (u32 i = 0; i < FLOPPY_DRIVES; i++)
		f->drives[i].cylinder = FDC_CYLINDER_UNKNOWN;
	set_dor(f, (u8)((f->dor & ~DOR_NOT_RESET) | DOR_DMA_GATE));
	udelay(RESET_PULSE_US);
	arm(f);
	set_dor(f, f->dor | DOR_NOT_RESET);
	error = wait_irq(f);
	/* It polls all four drives and wants to be asked about each (5.2.3). */
	for (u32 i = 0; i < 4 && !error; i++)
		error = sense_interrupt(f);
	if (error)
		return error;
	fdc_set_rate(f, f->rate);
	return set_up(f);
}

int fdc_version(struct fdc *f)
{
	static const u8 bytes[] = { FDC_CMD_VERSION };
	int error = simple_command(f, bytes, sizeof(bytes), 1);

	return error ? error : f->result[0];
}

void fdc_set_rate(struct fdc *f, u8 rate)
{
	f->rate = rate;
	fdc_out(f, FDC_CCR, rate);
}

/* ---- drives ---- */

void fdc_motor_on(struct floppy_drive *d)
{
	struct fdc *f = d->fdc;
	bool turned = fdc_motor_is_on(d);
	u8 dor = (u8)((f->dor & ~DOR_SELECT) | d->unit | DOR_MOTOR(d->unit));

	if (f->dor != dor)
		set_dor(f, dor);
	if (!turned)
		sleep_ms(SPIN_UP_MS);
}

void fdc_motor_off(struct floppy_drive *d)
{
	set_dor(d->fdc, (u8)(d->fdc->dor & ~DOR_MOTOR(d->unit)));
}

bool fdc_disk_changed(struct fdc *f)
{
	return fdc_in(f, FDC_DIR) & DIR_DISK_CHANGE;
}

/* After the interrupt of a seek. */
static int seek_ended(struct floppy_drive *d, u8 cylinder)
{
	struct fdc *f = d->fdc;
	int error = sense_interrupt(f);

	if (error)
		return error;
	if ((f->result[0] & (ST0_CODE | ST0_SEEK_END | ST0_EQUIPMENT)) != ST0_SEEK_END || f->result[1] != cylinder)
		return -EIO;
	d->cylinder = cylinder;
	return 0;
}

int fdc_recalibrate(struct floppy_drive *d)
{
	u8 bytes[] = { FDC_CMD_RECALIBRATE, d->unit };
	int error = -EIO;

	d->cylinder = FDC_CYLINDER_UNKNOWN;
	for (u32 i = 0; i < RECALIBRATE_TRIES && error == -EIO; i++) {
		d->fdc->counts.seeks++;
		error = command(d->fdc, bytes, sizeof(bytes), 0);
		if (!error)
			error = seek_ended(d, 0);
	}
	return error;
}

int fdc_seek(struct floppy_drive *d, u8 cylinder)
{
	u8 bytes[] = { FDC_CMD_SEEK, d->unit, cylinder };
	int error = 0;

	if (d->cylinder == cylinder)
		return 0;
	if (d->cylinder == FDC_CYLINDER_UNKNOWN)
		error = fdc_recalibrate(d);
	if (error || d->cylinder == cylinder)
		return error;
	d->fdc->counts.seeks++;
	d->cylinder = FDC_CYLINDER_UNKNOWN;
	error = command(d->fdc, bytes, sizeof(bytes), 0);
	return error ? error : seek_ended(d, cylinder);
}

int fdc_read_id(struct floppy_drive *d)
{
	u8 bytes[] = { FDC_CMD_READ_ID | FDC_MFM, d->unit };
	int error = command(d->fdc, bytes, sizeof(bytes), FDC_RESULT_BYTES);

	return error ? error : d->fdc->result[0] & ST0_CODE ? -EIO : 0;
}

int fdc_write_protected(struct floppy_drive *d)
{
	u8 bytes[] = { FDC_CMD_SENSE_DRIVE, d->unit };
	int error = simple_command(d->fdc, bytes, sizeof(bytes), 1);

	return error ? error : !!(d->fdc->result[0] & ST3_WRITE_PROTECTED);
}

int fdc_transfer(struct floppy_drive *d, bool write, u32 first, u32 n)
{
	const struct floppy_format *fmt = d->format;
	struct fdc *f = d->fdc;
	u8 head = (u8)(first / fmt->sectors);
	u8 bytes[] = { (u8)((write ? FDC_CMD_WRITE : FDC_CMD_READ) | FDC_MT | FDC_MFM), (u8)(head << 2 | d->unit), d->cylinder, head,
		       (u8)(first % fmt->sectors + 1), FDC_SECTOR_SIZE_CODE, fmt->sectors, fmt->gap, FDC_DTL_UNUSED };
	u32 left;
	int error;

	TRACE_ALWAYS(TRACE_DRIVER, "floppy cylinder=%u sectors=%u", d->rq ? d->rq->id : 0, d->cylinder, n);
	isa_dma_start(FDC_DMA, write ? ISA_DMA_FROM_MEMORY : ISA_DMA_TO_MEMORY, f->memory_bus + first * SECTOR_SIZE, n * SECTOR_SIZE);
	error = command(f, bytes, sizeof(bytes), FDC_RESULT_BYTES);
	left = isa_dma_stop(FDC_DMA);
	if (error)
		return error;
	if (f->result[1] & ST1_NOT_WRITABLE)
		return -EROFS;
	return f->result[0] & ST0_CODE || left ? -EIO : 0;
}
