/*
 * NVM Express: registers, commands and structures of revision 1.4 of the specification ("NVM Express Base Specification"); numbers in comments
 * are its sections. Only what the driver uses.
 */
#ifndef DRIVERS_BLOCK_NVME_NVME_REGS_H
#define DRIVERS_BLOCK_NVME_NVME_REGS_H

#include "kernel/lib/types.h"

/* Controller registers (3.1), offsets in BAR0. */
#define NVME_CAP_LOW 0x00u    /* RO 64 in two halves */
#define NVME_CAP_HIGH 0x04u
#define NVME_VS 0x08u         /* RO 32: major << 16 | minor << 8 */
#define NVME_INTMS 0x0cu      /* W1S 32: mask interrupt vectors */
#define NVME_INTMC 0x10u      /* W1C 32: and let them through again */
#define NVME_CC 0x14u         /* RW 32 */
#define NVME_CSTS 0x1cu       /* RO 32 */
#define NVME_AQA 0x24u        /* RW 32: entries of the admin queues less one, completion << 16 | submission */
#define NVME_ASQ 0x28u        /* RW 64: where they are */
#define NVME_ACQ 0x30u
#define NVME_DOORBELLS 0x1000u
#define NVME_REGS_BYTES 0x1000u

/* CAP (3.1.1) */
#define NVME_CAP_MQES(low) (((low) & 0xffffu) + 1)  /* entries of the longest queue */
#define NVME_CAP_TO_MS(low) (((low) >> 24) * 500u)  /* how long becoming ready, or not ready, may take */
#define NVME_CAP_DSTRD(high) ((high) & 0xfu)        /* doorbells are 4 << DSTRD bytes apart */
#define NVME_CAP_MPSMIN(high) (((high) >> 16) & 0xfu) /* smallest page: 4096 << MPSMIN */

/* CC (3.1.5): enabled, pages of 4 KiB, entries of 64 and 16 bytes */
#define NVME_CC_ENABLE 0x1u
#define NVME_CC_IOSQES_64 (6u << 16)
#define NVME_CC_IOCQES_16 (4u << 20)
#define NVME_CC_SHN_NORMAL (1u << 14) /* shut down: write what is cached */

/* CSTS (3.1.6) */
#define NVME_CSTS_RDY 0x1u
#define NVME_CSTS_CFS 0x2u         /* fatal: only a reset helps */
#define NVME_CSTS_SHST_MASK 0xcu
#define NVME_CSTS_SHST_DONE 0x8u
#define NVME_CSTS_GONE 0xffffffffu /* nobody answers */

/* Opcodes of the admin queue (5) */
#define NVME_ADMIN_CREATE_SQ 0x01u
#define NVME_ADMIN_CREATE_CQ 0x05u
#define NVME_ADMIN_IDENTIFY 0x06u
#define NVME_ADMIN_ABORT 0x08u
#define NVME_ADMIN_SET_FEATURES 0x09u
/* and of the NVM command set (6) */
#define NVME_CMD_FLUSH 0x00u
#define NVME_CMD_WRITE 0x01u
#define NVME_CMD_READ 0x02u
#define NVME_CMD_DSM 0x09u

#define NVME_QUEUE_CONTIGUOUS 0x1u  /* CDW11 of the create commands (5.3, 5.4) */
#define NVME_CQ_INTERRUPTS 0x2u
#define NVME_CNS_NAMESPACE 0u       /* CDW10 of Identify (5.15.1) */
#define NVME_CNS_CONTROLLER 1u
#define NVME_CNS_ACTIVE_LIST 2u
#define NVME_FEATURE_QUEUES 0x07u   /* CDW10 of Set Features (5.21.1.7) */
#define NVME_DSM_DEALLOCATE 0x4u    /* CDW11 of Dataset Management (6.7) */

/* A submission queue entry (4.2), a command. */
struct nvme_command {
	u8 opcode, flags;
	u16 cid;
	u32 nsid;
	u32 cdw2, cdw3;
	u64 metadata;
	u64 prp1, prp2;
	u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
static_assert(sizeof(struct nvme_command) == 64, "4.2: 64 bytes");

/* A completion queue entry (4.6). */
struct nvme_completion {
	u32 result;
	u32 reserved;
	u16 sq_head, sq_id;
	u16 cid;
	u16 status; /* bit 0 is the phase */
};
static_assert(sizeof(struct nvme_completion) == 16, "4.6: 16 bytes");

/* The status without its phase bit (4.6.1): code, type << 8, and flags. */
#define NVME_STATUS_CODE(s) ((s) & 0xffu)
#define NVME_STATUS_TYPE(s) (((s) >> 8) & 7u)
#define NVME_STATUS_CODE_TYPE(s) ((s) & 0x7ffu)
#define NVME_STATUS_DNR 0x4000u             /* trying again will not help */
#define NVME_SC_INVALID_OPCODE 0x001u
#define NVME_SC_INVALID_FIELD 0x002u
#define NVME_SC_DATA_TRANSFER 0x004u
#define NVME_SC_INTERNAL 0x006u
#define NVME_SC_ABORT_REQUESTED 0x007u
#define NVME_SC_ABORT_SQ_DELETED 0x008u
#define NVME_SC_INVALID_NAMESPACE 0x00bu
#define NVME_SC_WRITE_PROTECTED 0x020u
#define NVME_SC_LBA_RANGE 0x080u
#define NVME_SC_NOT_READY 0x082u
#define NVME_SC_WRITE_FAULT 0x280u
#define NVME_SC_UNRECOVERED_READ 0x281u
#define NVME_SC_ACCESS_DENIED 0x286u

/* Identify controller (5.15.2.1) */
struct nvme_id_ctrl {
	u16 vid, ssvid;
	char serial[20], model[40], firmware[8];
	u8 rab, ieee[3], cmic;
	u8 mdts;                  /* most data of a command: pages, as a power of two; 0: no limit */
	u8 more[178];
	u8 abort_limit;           /* 258: ACL */
	u8 more2[257];
	u32 nn;                   /* 516: namespaces */
	u16 oncs;                 /* 520 */
	u16 fuses;
	u8 fna;
	u8 vwc;                   /* 525 */
	u8 rest[3570];
};
static_assert(sizeof(struct nvme_id_ctrl) == 4096 && offsetof(struct nvme_id_ctrl, nn) == 516 && offsetof(struct nvme_id_ctrl, vwc) == 525, "5.15.2.1");
#define NVME_ONCS_DSM 0x4u
#define NVME_VWC_PRESENT 0x1u

/* Identify namespace (5.15.2.2) */
struct nvme_lba_format {
	u16 metadata_bytes;
	u8 shift;                 /* bytes of a block, as a power of two */
	u8 performance;
};
struct nvme_id_ns {
	u64 blocks;               /* 0: NSZE */
	u64 capacity, used;
	u8 features, nr_formats, format;
	u8 more[72];
	u8 attributes;            /* 99: NSATTR */
	u8 more2[28];
	struct nvme_lba_format formats[16]; /* 128 */
	u8 rest[3904];
};
static_assert(sizeof(struct nvme_id_ns) == 4096 && offsetof(struct nvme_id_ns, formats) == 128 && offsetof(struct nvme_id_ns, attributes) == 99, "5.15.2.2");
#define NVME_NS_FORMAT_MASK 0xfu
#define NVME_NSATTR_WRITE_PROTECTED 0x1u

/* A range of Dataset Management (6.7). */
struct nvme_dsm_range {
	u32 attributes, blocks;
	u64 lba;
};

#endif
