/* What the status of a completed command says (NVMe 1.4, 4.6.1). */
#include "drivers/block/nvme/nvme.h"

static const struct {
	u16 status;
	s16 error;
	const char *text;
} table[] = {
	{ NVME_SC_INVALID_OPCODE, -EOPNOTSUPP, "invalid opcode" },
	{ NVME_SC_INVALID_FIELD, -EINVAL, "invalid field" },
	{ NVME_SC_DATA_TRANSFER, -ENOLINK, "data transfer error" },
	{ NVME_SC_INTERNAL, -ENOLINK, "internal error" },
	{ NVME_SC_ABORT_REQUESTED, -ETIMEDOUT, "aborted" },
	{ NVME_SC_ABORT_SQ_DELETED, -ETIMEDOUT, "aborted, its queue is gone" },
	{ NVME_SC_INVALID_NAMESPACE, -ENODEV, "invalid namespace" },
	{ NVME_SC_WRITE_PROTECTED, -EROFS, "namespace is write protected" },
	{ NVME_SC_LBA_RANGE, -EINVAL, "LBA out of range" },
	{ NVME_SC_NOT_READY, -ENOLINK, "namespace not ready" },
	{ NVME_SC_WRITE_FAULT, -ENODATA, "write fault" },
	{ NVME_SC_UNRECOVERED_READ, -ENODATA, "unrecovered read error" },
	{ NVME_SC_ACCESS_DENIED, -EACCES, "access denied" },
};

int nvme_status_errno(u16 status)
{
	if (!NVME_STATUS_CODE_TYPE(status))
		return 0;
	for (u32 i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].status == NVME_STATUS_CODE_TYPE(status))
			return table[i].error;
	return NVME_STATUS_TYPE(status) == 2 ? -ENODATA : -EIO;
}

const char *nvme_status_text(u16 status)
{
	for (u32 i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].status == NVME_STATUS_CODE_TYPE(status))
			return table[i].text;
	return "error";
}
