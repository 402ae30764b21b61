/* What the vector and flag forms of read and write have in common with asynchronous I/O, see rw.h. */
#include "io/vfs/rw.h"
#include "mm/alloc.h"

#define UIO_MAXIOV 1024u
#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u
#define RWF_NOWAIT 8u
#define RWF_APPEND 16u

ssize_t import_iovec(const struct iovec_k __user *user, u32 n, struct iovec_k *fast, struct iovec_k **vec)
{
	u32 total = 0;

	*vec = fast;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (!fast || n > UIO_FASTIOV) {
		*vec = kmalloc(max(n, 1u) * sizeof(**vec), GFP_KERNEL);
		if (!*vec)
			return -ENOMEM;
	}
	ssize_t err = copy_from_user(*vec, user, n * sizeof(**vec)) ? -EFAULT : 0;
	for (u32 i = 0; i < n && !err; i++) {
		struct iovec_k *v = &(*vec)[i];
		if ((s32)v->len < 0)
			err = -EINVAL;
		else if (!access_ok(v->base, v->len))
			err = -EFAULT;
		if (v->len > MAX_RW_COUNT - total)
			v->len = MAX_RW_COUNT - total;
		total += v->len;
	}
	if (err && *vec != fast) {
		kfree(*vec);
		*vec = fast;
	}
	return err ? err : (ssize_t)total;
}

long rwf_to_iocb(u32 rwf)
{
	u32 f = 0;
	if (rwf & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	f |= rwf & RWF_DSYNC ? IOCB_DSYNC : 0;
	f |= rwf & RWF_SYNC ? IOCB_DSYNC | IOCB_SYNC : 0;
	f |= rwf & RWF_NOWAIT ? IOCB_NOWAIT : 0;
	f |= rwf & RWF_APPEND ? IOCB_APPEND : 0;
	return (long)f;
}
