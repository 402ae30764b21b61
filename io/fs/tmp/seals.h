/* Seals of files in memory (memfd_create(2), fcntl F_ADD_SEALS): what may no more be done to the contents. Kept in inode->private. */
#ifndef IO_FS_TMP_SEALS_H
#define IO_FS_TMP_SEALS_H

#include "io/contract/filesystem.h"
#include "kernel/lib/err.h"

#define F_SEAL_SEAL 1u
#define F_SEAL_SHRINK 2u
#define F_SEAL_GROW 4u
#define F_SEAL_WRITE 8u
#define F_SEAL_FUTURE_WRITE 16u
#define F_ALL_SEALS 31u
#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static inline u32 seals_of(const struct inode *i) { return (u32)(uintptr_t)i->private; }
static inline void set_seals(struct inode *i, u32 seals) { i->private = (void *)(uintptr_t)seals; }

/* May the file be written up to `end`, with a write or an allocation? Lock of the inode held. 0 or -EPERM. */
static inline int seals_allow_write(const struct inode *i, loff_t end)
{
	u32 seals = seals_of(i);

	if (likely(!(seals & (SEALS_WRITE | F_SEAL_GROW))))
		return 0;
	return (seals & SEALS_WRITE) || end > i->size ? -EPERM : 0;
}

static inline int seals_allow_size(const struct inode *i, loff_t size)
{
	u32 seals = seals_of(i);

	return (size < i->size && (seals & F_SEAL_SHRINK)) || (size > i->size && (seals & F_SEAL_GROW)) ? -EPERM : 0;
}

struct vm_area;
int seals_mmap(struct file *f, struct vm_area *a); /* the mmap operation: if the seals allow it */
long seals_add(struct file *f, u32 seals);         /* 0, -EPERM, -EINVAL, -EBUSY: somebody could write through a mapping */

#endif
