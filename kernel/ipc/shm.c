/*
 * System V shared memory: shmget, shmat, shmdt, shmctl. A segment is a file in memory as memfd_create makes them (io/vfs/memfd.h), so its pages
 * are page cache, are counted as Shmem, and are there once somebody touches them. Attaching maps that file; this file's operations stand
 * before those of the file, to count the areas. A segment lives until IPC_RMID and its last area are both over.
 *
 * shm.lock guards all; it is taken under mm->lock (fork, mprotect and mremap make areas) and never held while user memory is copied.
 */
#include "io/contract/filesystem.h"
#include "io/contract/proc_file.h"
#include "io/vfs/memfd.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/ipc/calls.h"
#include "kernel/ipc/ids.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/mem.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define SHMMIN 1u
#define SHMMAX (UINT32_MAX - (1u << 24)) /* the defaults of Linux: no limit worth the name */
#define SHMALL (UINT32_MAX - (1u << 24))
#define SHMMNI 4096u

struct segment {
	struct ipc_perm perm;
	struct file *file;
	u32 size; /* bytes */
	u32 nattch;
	u32 atime, dtime, ctime; /* seconds */
	pid_t cpid, lpid;
	uid_t locker; /* who did SHM_LOCK */
};

static struct ipc_perm *create(const struct ipc_request *rq);
static int fits(const struct ipc_perm *p, const struct ipc_request *rq);
static void discard(struct ipc_perm *p);

static struct ipc_ids shm = { .max = SHMMNI, .create = create, .fits = fits, .discard = discard };
static u32 shmmax = SHMMAX, shmall = SHMALL, total_pages; /* total_pages: of all segments, touched or not */

static inline u32 pages_of(u32 bytes) { return (bytes >> PAGE_SHIFT) + !!(bytes & (PAGE_SIZE - 1)); }

static struct segment *find(s32 id) { return (struct segment *)ipc_find(&shm, id); }

/* ---- the end of a segment ---- */

static void discard(struct ipc_perm *p)
{
	struct segment *s = (struct segment *)p;

	mutex_lock(&shm.lock);
	total_pages -= pages_of(s->size);
	mutex_unlock(&shm.lock);
	fput(s->file);
	kfree(s);
}

/* Nobody needs it any more: out of the table. The caller discards what this returns, after unlocking; NULL: it stays. */
static struct ipc_perm *take_if_over(struct segment *s)
{
	if (s->nattch || !(s->perm.mode & SHM_DEST))
		return NULL;
	ipc_remove(&shm, &s->perm);
	return &s->perm;
}

static void unlock_and_discard(struct ipc_perm *over)
{
	mutex_unlock(&shm.lock);
	if (over)
		discard(over);
}

/* ---- areas that show a segment ---- */

static struct segment *segment_of(const struct vm_area *a) { return ((struct file *)a->file)->private; }

static void attached(struct segment *s)
{
	s->nattch++;
	s->atime = ipc_now();
	s->lpid = current->tgid;
}

static void area_open(struct vm_area *a)
{
	generic_file_area_open(a);
	mutex_lock(&shm.lock);
	attached(segment_of(a));
	mutex_unlock(&shm.lock);
}

static void area_close(struct vm_area *a)
{
	struct segment *s = segment_of(a);

	mutex_lock(&shm.lock);
	s->nattch--;
	s->dtime = ipc_now();
	s->lpid = current->tgid;
	struct ipc_perm *over = take_if_over(s);
	mutex_unlock(&shm.lock);
	generic_file_area_close(a);
	if (over)
		discard(over);
}

/* Those of a file in memory but for the counting. Areas are known to be segments by them. */
static struct vm_ops segment_vm_ops;

static int segment_mmap(struct file *f, struct vm_area *a)
{
	struct segment *s = f->private;
	int err = f->inode->fops->mmap(f, a);

	if (err)
		return err;
	segment_vm_ops = *a->ops;
	segment_vm_ops.open = area_open;
	segment_vm_ops.close = area_close;
	a->ops = &segment_vm_ops;
	a->file_ino = (u32)s->perm.id; /* as /proc/PID/maps shows it on Linux */
	mutex_lock(&shm.lock);
	attached(s);
	mutex_unlock(&shm.lock);
	return 0;
}

static const struct file_operations segment_fops = { .name = "shared memory", .mmap = segment_mmap };

/* ---- shmget ---- */

static struct ipc_perm *create(const struct ipc_request *rq)
{
	u32 pages = pages_of(rq->size);
	char name[16];

	if (rq->size < SHMMIN || rq->size > shmmax)
		return ERR_PTR(-EINVAL);
	if (pages > shmall || total_pages > shmall - pages)
		return ERR_PTR(-ENOSPC);
	if (rq->flags & SHM_HUGETLB)
		return ERR_PTR(-ENOMEM); /* there are no such pages */
	if (!(rq->flags & SHM_NORESERVE) && pages > nr_total_pages())
		return ERR_PTR(-ENOMEM);
	struct segment *s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	ksnprintf(name, sizeof(name), "SYSV%08x", (u32)rq->key);
	s->file = memory_file(name, false);
	if (IS_ERR(s->file)) {
		int err = (int)PTR_ERR(s->file);
		kfree(s);
		return ERR_PTR(err);
	}
	s->file->ops = &segment_fops;
	s->file->private = s;
	inode_set_size(s->file->inode, rq->size);
	s->size = rq->size;
	total_pages += pages;
	s->ctime = ipc_now();
	s->cpid = current->tgid;
	return &s->perm;
}

static int fits(const struct ipc_perm *p, const struct ipc_request *rq)
{
	return ((const struct segment *)p)->size < rq->size ? -EINVAL : 0;
}

long sys_shmget(s32 key, u32 size, u32 flags)
{
	return ipc_get(&shm, &(struct ipc_request){ key, flags, size });
}

/* ---- shmat, shmdt ---- */

struct attachment {
	struct segment *s;
	bool read_only;
};

/* mm_map's setup. */
static int attach(struct vm_area *a, void *arg)
{
	const struct attachment *at = arg;
	int err;

	a->file = get_file(at->s->file);
	a->file_dev = at->s->file->inode->sb->dev;
	err = segment_mmap(a->file, a);
	if (err)
		fput(a->file);
	else if (at->read_only)
		a->flags &= ~VM_MAYWRITE;
	return err;
}

/* The address to map at, 0: anywhere, or -errno. */
static long check_address(u32 addr, u32 flags)
{
	if (addr & (PAGE_SIZE - 1)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr &= PAGE_MASK;
		return addr || !(flags & SHM_REMAP) ? (long)addr : -EINVAL;
	}
	return addr || !(flags & SHM_REMAP) ? (long)addr : -EINVAL;
}

/* Find the segment and hold it by a count, as if it were attached. */
static struct segment *hold(s32 id, u32 mode)
{
	if (id < 0)
		return ERR_PTR(-EINVAL);
	mutex_lock(&shm.lock);
	struct segment *s = find(id);
	if (!IS_ERR(s) && !ipc_allows(&s->perm, mode))
		s = ERR_PTR(-EACCES);
	if (!IS_ERR(s))
		s->nattch++;
	mutex_unlock(&shm.lock);
	return s;
}

static void unhold(struct segment *s)
{
	mutex_lock(&shm.lock);
	s->nattch--;
	unlock_and_discard(take_if_over(s));
}

long sys_shmat(s32 id, u32 user_addr, u32 flags)
{
	u32 vm_flags = VM_SHARED | VM_READ | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, mode = S_IRUGO, map_flags = MAP_SHARED;
	long addr = id < 0 ? -EINVAL : check_address(user_addr, flags);

	if (IS_ERR((void *)addr))
		return addr;
	if (!(flags & SHM_RDONLY)) {
		vm_flags |= VM_WRITE;
		mode |= S_IWUGO;
	}
	if (flags & SHM_EXEC) {
		vm_flags |= VM_EXEC;
		mode |= S_IXUGO;
	}
	if (user_addr) /* even one that was rounded to 0 */
		map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	struct segment *s = hold(id, mode);
	if (IS_ERR(s))
		return PTR_ERR(s);
	struct attachment at = { s, flags & SHM_RDONLY };
	if (user_addr && !(flags & SHM_REMAP) && (u32)addr + s->size < (u32)addr)
		addr = -EINVAL;
	else if (within_as_limit(PAGE_ALIGN(s->size)))
		addr = mm_map(current->mm, (u32)addr, s->size, map_flags, vm_flags, 0, attach, &at);
	else
		addr = -ENOMEM;
	unhold(s);
	return addr == -EEXIST ? -EINVAL : addr;
}

static u32 area_object_size(const struct vm_area *a) { return PAGE_ALIGN(segment_of(a)->size); }

long sys_shmdt(u32 addr)
{
	if (addr & (PAGE_SIZE - 1))
		return -EINVAL;
	return mm_unmap_object(current->mm, addr, &segment_vm_ops, area_object_size);
}

/* ---- shmctl ---- */

/* Pages of a segment that are there. */
static u32 resident(const struct segment *s) { return s->file->inode->mapping->nrpages; }

static long info(void __user *buf, bool old)
{
	struct shminfo64 i = { shmmax, SHMMIN, shm.max, shm.max, shmall, { 0 } };
	struct shminfo_old o = { (s32)min(shmmax, (u32)INT32_MAX), SHMMIN, (s32)shm.max, (s32)shm.max, (s32)shmall };
	const void *from = old ? (void *)&o : (void *)&i;

	mutex_lock(&shm.lock);
	int highest = ipc_highest(&shm);
	mutex_unlock(&shm.lock);
	return copy_to_user(buf, from, old ? sizeof(o) : sizeof(i)) ? -EFAULT : highest;
}

static long info_of_all(void __user *buf)
{
	struct shm_info i = { 0 };
	struct ipc_perm *p;
	u32 place = 0;

	mutex_lock(&shm.lock);
	i.used_ids = (s32)shm.in_use;
	i.shm_tot = total_pages;
	while ((p = ipc_next(&shm, &place)))
		i.shm_rss += resident((struct segment *)p);
	int highest = ipc_highest(&shm);
	mutex_unlock(&shm.lock);
	return copy_to_user(buf, &i, sizeof(i)) ? -EFAULT : highest;
}

static void describe(const struct segment *s, struct shmid64_ds *d, struct shmid_old_ds *o)
{
	*d = (struct shmid64_ds){ .segsz = s->size, .atime = s->atime, .dtime = s->dtime, .ctime = s->ctime, .cpid = s->cpid, .lpid = s->lpid,
				  .nattch = s->nattch };
	*o = (struct shmid_old_ds){ .segsz = (s32)min(s->size, (u32)INT32_MAX), .atime = (s32)s->atime, .dtime = (s32)s->dtime,
				    .ctime = (s32)s->ctime, .cpid = (u16)s->cpid, .lpid = (u16)s->lpid, .nattch = (u16)s->nattch };
	ipc_perm_to_user(&s->perm, &d->perm);
	ipc_perm_to_old(&s->perm, &o->perm);
}

static long stat(s32 id, u32 cmd, void __user *buf, bool old)
{
	struct shmid64_ds d;
	struct shmid_old_ds o;
	long result = 0;

	mutex_lock(&shm.lock);
	struct segment *s = cmd == IPC_STAT ? find(id) : (struct segment *)ipc_find_at(&shm, id);
	if (IS_ERR(s)) {
		result = PTR_ERR(s);
	} else if (cmd != SHM_STAT_ANY && !ipc_allows(&s->perm, S_IRUGO)) {
		result = -EACCES;
	} else {
		describe(s, &d, &o);
		if (cmd != IPC_STAT)
			result = s->perm.id;
	}
	mutex_unlock(&shm.lock);
	if (result >= 0 && copy_to_user(buf, old ? (void *)&o : (void *)&d, old ? sizeof(o) : sizeof(d)))
		return -EFAULT;
	return result;
}

static long set(s32 id, const void __user *buf, bool old)
{
	struct shmid64_ds d;
	struct shmid_old_ds o;
	struct ipc_change c;

	if (old ? copy_from_user(&o, buf, sizeof(o)) : copy_from_user(&d, buf, sizeof(d)))
		return -EFAULT;
	if (old)
		ipc_change_from_old(&c, &o.perm);
	else
		ipc_change_from_user(&c, &d.perm);
	mutex_lock(&shm.lock);
	struct segment *s = find(id);
	int err = IS_ERR(s) ? (int)PTR_ERR(s) : ipc_change(&s->perm, &c);
	if (!err)
		s->ctime = ipc_now();
	mutex_unlock(&shm.lock);
	return err;
}

static long remove(s32 id)
{
	struct ipc_perm *over = NULL;
	long err = 0;

	mutex_lock(&shm.lock);
	struct segment *s = find(id);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
	} else if (!ipc_is_owner(&s->perm)) {
		err = -EPERM;
	} else {
		s->perm.mode |= SHM_DEST;
		ipc_forget_key(&shm, &s->perm);
		over = take_if_over(s);
	}
	unlock_and_discard(over);
	return err;
}

/* May the current user lock so many bytes more? What processes lock with mlock is counted elsewhere. */
static bool within_lock_limit(u32 bytes)
{
	uid_t uid = current_cred()->uid;
	struct ipc_perm *p;
	u64 locked = bytes;

	for (u32 place = 0; (p = ipc_next(&shm, &place));) {
		const struct segment *s = (struct segment *)p;
		if ((p->mode & SHM_LOCKED) && s->locker == uid)
			locked += s->size;
	}
	return capable() || locked <= rlimit(RLIMIT_MEMLOCK);
}

/* Nothing is ever swapped out, so the mark, and what it is paid with, is all. */
static int lock_segment(struct segment *s, bool lock)
{
	if (!ipc_is_owner(&s->perm) || (lock && !capable() && !rlimit(RLIMIT_MEMLOCK)))
		return -EPERM;
	if (!lock) {
		s->perm.mode &= ~SHM_LOCKED;
	} else if (!(s->perm.mode & SHM_LOCKED)) {
		if (!within_lock_limit(s->size))
			return -ENOMEM;
		s->locker = current_cred()->uid;
		s->perm.mode |= SHM_LOCKED;
	}
	return 0;
}

static long set_locked(s32 id, bool lock)
{
	mutex_lock(&shm.lock);
	struct segment *s = find(id);
	int err = IS_ERR(s) ? (int)PTR_ERR(s) : lock_segment(s, lock);
	mutex_unlock(&shm.lock);
	return err;
}

static long control(s32 id, int cmd, void __user *buf, bool old)
{
	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return info(buf, old);
	case SHM_INFO:
		return info_of_all(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat(id, (u32)cmd, buf, old);
	case IPC_SET:
		return set(id, buf, old);
	case IPC_RMID:
		return remove(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return set_locked(id, cmd == SHM_LOCK);
	default:
		return -EINVAL;
	}
}

long sys_shmctl(s32 id, int cmd, void __user *buf)
{
	return control(id, cmd, buf, false);
}

long shmctl_by_ipc(s32 id, int cmd, void __user *buf)
{
	return control(id, cmd & ~IPC_64, buf, !(cmd & IPC_64));
}

/* ---- /proc ---- */

static int show_segments(struct seq_buf *b, void *arg)
{
	struct ipc_perm *p;

	seq_puts(b, "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime        rss       swap\n");
	mutex_lock(&shm.lock);
	for (u32 place = 0; (p = ipc_next(&shm, &place));) {
		const struct segment *s = (struct segment *)p;
		seq_printf(b, "%10d %10d  %4o %10u %5u %5u  %5u %5u %5u %5u %5u %10u %10u %10u %10u %10u\n", p->key, p->id, p->mode, s->size,
			   (u32)s->cpid, (u32)s->lpid, s->nattch, p->uid, p->gid, p->cuid, p->cgid, s->atime, s->dtime, s->ctime,
			   resident(s) << PAGE_SHIFT, 0u);
	}
	mutex_unlock(&shm.lock);
	return 0;
}

int shm_init(void)
{
	static const struct ipc_knob knobs[] = {
		{ "sys/kernel/shmmax", &shmmax, UINT32_MAX },
		{ "sys/kernel/shmall", &shmall, UINT32_MAX },
		{ "sys/kernel/shmmni", &shm.max, IPC_MAX_OBJECTS },
	};
	int err = ipc_add_knobs(knobs, ARRAY_SIZE(knobs));

	mutex_init(&shm.lock, "shm", RANK_IPC);
	return err ? err : proc_create("sysvipc/shm", 0444, show_segments, NULL, NULL);
}
