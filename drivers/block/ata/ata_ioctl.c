/*
 * ioctls of IDE disks, as hdparm asks for them: what the drive said of itself when it was found, by the old calls (Linux
 * Documentation/userspace-api/ioctl/hdio.rst) and by SG_IO, the way of SCSI commands (ATA PASS-THROUGH, SAT-2 12.2). Nothing here goes to the
 * drive: any other command given by hand could destroy data behind the caches' back, and is answered as a drive answers what it does
 * not know. Process context, may sleep in the copies to user memory.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/blkdev.h"

#define SCSI_ATA_PASS_12 0xa1u
#define SCSI_ATA_PASS_16 0x85u
#define SENSE_BYTES 22u

/* HDIO_GET_IDENTITY gives the three texts in the order of reading, the drive keeps the letters of each word swapped (ATA-6 8.15). */
static int get_identity(const struct ata_drive *d, unsigned long arg)
{
	struct ata_identify_data id = d->said;

	memset(id.w10_serial, ' ', sizeof(id.w10_serial));
	memset(id.w23_firmware, ' ', sizeof(id.w23_firmware));
	memset(id.w27_model, ' ', sizeof(id.w27_model));
	memcpy(id.w10_serial, d->id.serial, strlen(d->id.serial));
	memcpy(id.w23_firmware, d->id.firmware, strlen(d->id.firmware));
	memcpy(id.w27_model, d->id.model, strlen(d->id.model));
	return copy_to_user((void __user *)arg, &id, sizeof(id)) ? -EFAULT : 0;
}

/* HDIO_DRIVE_CMD: in: command, sector number, feature, sectors; out: status, error, sector count, and the data behind. */
static int drive_command(const struct ata_drive *d, unsigned long arg)
{
	u8 head[4];

	if (copy_from_user(head, (void __user *)arg, sizeof(head)))
		return -EFAULT;
	if (head[0] != ATA_CMD_IDENTIFY_DEVICE || head[3] != 1)
		return -EIO;
	memset(head, 0, sizeof(head));
	head[0] = ATA_STATUS_DRDY;
	if (copy_to_user((void __user *)arg, head, sizeof(head)))
		return -EFAULT;
	return copy_to_user((u8 __user *)arg + sizeof(head), &d->said, sizeof(d->said)) ? -EFAULT : 0;
}

/* The command in a pass-through block of SCSI; 0: it is none. */
static u8 passed_command(const u8 *cdb, u32 len)
{
	if (cdb[0] == SCSI_ATA_PASS_16 && len >= 16)
		return cdb[14];
	return cdb[0] == SCSI_ATA_PASS_12 && len >= 12 ? cdb[9] : 0;
}

/* How the command ended. For one that was passed through, an ATA Status Return descriptor (SAT-2 12.2.6) with the registers behind it. */
static void fill_sense(u8 *sense, u8 command)
{
	bool good = command == ATA_CMD_IDENTIFY_DEVICE;

	sense[0] = 0x72;
	if (!command) { /* illegal request: no such operation code */
		sense[1] = 5;
		sense[2] = 0x20;
		return;
	}
	sense[1] = good ? 1 : 0xb; /* recovered: information is there; or aborted */
	sense[3] = good ? 0x1d : 0;
	sense[7] = 14;
	sense[8] = 9;
	sense[9] = 12;
	sense[11] = good ? 0 : ATA_ERROR_ABRT;
	sense[21] = good ? ATA_STATUS_DRDY : ATA_STATUS_DRDY | ATA_STATUS_ERR;
}

static int scsi_command(const struct ata_drive *d, unsigned long arg)
{
	u8 cdb[16] = { 0 }, sense[SENSE_BYTES] = { 0 };
	struct sg_io_hdr h;
	u32 n = 0;
	u8 command;

	if (copy_from_user(&h, (void __user *)arg, sizeof(h)))
		return -EFAULT;
	if (h.interface_id != 'S' || !h.cmd_len || h.cmd_len > sizeof(cdb) || h.iovec_count)
		return -EINVAL;
	if (copy_from_user(cdb, (void __user *)h.cmdp, h.cmd_len))
		return -EFAULT;
	command = passed_command(cdb, h.cmd_len);
	if (command == ATA_CMD_IDENTIFY_DEVICE) {
		n = min_t(u32, h.dxfer_len, sizeof(d->said));
		if (copy_to_user((void __user *)h.dxferp, &d->said, n))
			return -EFAULT;
	}
	h.resid = (s32)(h.dxfer_len - n);
	fill_sense(sense, command);
	h.status = SCSI_CHECK_CONDITION;
	h.masked_status = SCSI_CHECK_CONDITION >> 1;
	h.host_status = h.msg_status = 0;
	h.driver_status = SG_DRIVER_SENSE;
	h.sb_len_wr = (u8)min_t(u32, h.mx_sb_len, command ? sizeof(sense) : 8);
	h.info = 1;
	h.duration = 0;
	if (h.sb_len_wr && copy_to_user((void __user *)h.sbp, sense, h.sb_len_wr))
		return -EFAULT;
	return copy_to_user((void __user *)arg, &h, sizeof(h)) ? -EFAULT : 0;
}

int ata_ioctl(struct block_device *b, u32 cmd, unsigned long arg)
{
	const struct ata_drive *d = blk_queue_data(b->disk->queue);

	switch (cmd) {
	case HDIO_GET_IDENTITY:
		return get_identity(d, arg);
	case HDIO_DRIVE_CMD:
		return drive_command(d, arg);
	case SG_IO:
		return scsi_command(d, arg);
	default:
		return -ENOTTY;
	}
}
