/*
 * The adapter between open files and Linux-style drivers (io/contract/cdev.h): the plain read and write of the driver's operations are
 * called from read_iter and write_iter, and each call finds out first whether the device is still there.
 *
 * For each added cdev there is a binding, which lives as long as the cdev or a file that was opened through it. It holds a table of
 * operations made for this driver, with an entry only where the driver has one, so that what is missing is treated as everywhere else;
 * file->ops points to it, and leads back to the binding.
 */
#include "io/char/chrdev.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/module/module.h"
#include "mm/alloc.h"
#include "mm/mm.h"

struct cdev_binding {
	struct file_operations fops; /* what files opened through it have as ops */
	struct chrdev range;
	const struct cdev_operations *ops;
	struct cdev *cdev;
	struct module *owner;
	atomic_t refs;               /* the cdev's and one for each open file */
	volatile bool dead;          /* cdev_del has been called */
};

static inline struct cdev_binding *binding_of(struct file *f) { return container_of(f->ops, struct cdev_binding, fops); }

static void binding_put(struct cdev_binding *b)
{
	if (atomic_dec_and_test(&b->refs))
		kfree(b);
}

struct cdev_binding *cdev_binding_get(struct cdev_binding *b)
{
	if (!try_module_get(b->owner))
		return NULL;
	atomic_inc(&b->refs);
	return b;
}

/* The opposite: what an open file held. The module may go right after. */
static void binding_release(struct cdev_binding *b)
{
	struct module *owner = b->owner;

	binding_put(b);
	module_put(owner);
}

/* ---- reading and writing ---- */

/* One call of the driver, for one piece of user memory. Drivers are not trusted to count. */
static ssize_t one_call(struct cdev_binding *b, struct kiocb *k, u8 __user *buf, u32 n, bool read)
{
	ssize_t done = read ? b->ops->read(k->file, (char __user *)buf, n, &k->pos) : b->ops->write(k->file, (const char __user *)buf, n, &k->pos);

	if (done > (ssize_t)n) {
		pr_warn("%s returned %d for %u bytes\n", read ? "read" : "write", done, n);
		dump_stack();
		return (ssize_t)n;
	}
	return done;
}

/* Piece by piece until one is not done wholly. Only user memory: a driver's functions take nothing else. */
static ssize_t each_piece(struct kiocb *k, struct iov_iter *i, bool read)
{
	struct cdev_binding *b = binding_of(k->file);
	ssize_t total = 0;

	if (b->dead)
		return -ENODEV;
	if (i->type == ITER_UBUF) {
		total = one_call(b, k, (u8 __user *)i->ubuf + i->seg_offset, i->count, read);
		if (total > 0)
			iov_iter_advance(i, (u32)total);
		return total;
	}
	if (i->type != ITER_IOVEC)
		return -EINVAL;
	while (i->count) {
		u32 n = min(i->iov->len - i->seg_offset, i->count);
		ssize_t done = n ? one_call(b, k, (u8 __user *)i->iov->base + i->seg_offset, n, read) : 0;

		if (done < 0)
			return total ? total : done;
		total += done;
		iov_iter_advance(i, (u32)done);
		if ((u32)done < n)
			break;
		if (!n) { /* an empty piece: on to the next one */
			i->iov++;
			i->nr_segs--;
			i->seg_offset = 0;
		}
	}
	return total;
}

static ssize_t cdev_read_iter(struct kiocb *k, struct iov_iter *to)
{
	return each_piece(k, to, true);
}

static ssize_t cdev_write_iter(struct kiocb *k, struct iov_iter *from)
{
	return each_piece(k, from, false);
}

/* ---- the rest ---- */

static loff_t cdev_llseek(struct file *f, loff_t off, int whence)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead ? -ENODEV : b->ops->llseek(f, off, whence);
}

static u32 cdev_poll(struct file *f, struct poll_table *pt)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead ? POLLERR | POLLHUP : b->ops->poll(f, pt);
}

static long cdev_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead ? -ENODEV : b->ops->unlocked_ioctl(f, cmd, arg);
}

static int cdev_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead ? -ENODEV : b->ops->fsync(f, start, end, datasync);
}

static int cdev_fasync(int fd, struct file *f, int on)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead && on ? -ENODEV : b->ops->fasync(fd, f, on); /* off: the driver's list must not keep a file that is closed */
}

static int cdev_flush(struct file *f)
{
	struct cdev_binding *b = binding_of(f);

	return b->dead ? 0 : b->ops->flush(f, NULL);
}

/* An area of a driver's memory keeps its file open, and so the module. */
static void area_open(struct vm_area *a)
{
	get_file(a->file);
}

static void area_close(struct vm_area *a)
{
	fput(a->file);
}

static u32 area_fault(struct vm_fault *vf)
{
	return VM_FAULT_SIGBUS; /* the driver has mapped less than was asked for */
}

static const char *area_name(struct vm_area *a, char *buf, size_t size)
{
	return file_path(a->file, buf, size);
}

static const struct vm_ops area_ops = { .open = area_open, .close = area_close, .fault = area_fault, .name = area_name };

static int cdev_mmap(struct file *f, struct vm_area *a)
{
	struct cdev_binding *b = binding_of(f);
	int error;

	if (b->dead)
		return -ENODEV;
	error = b->ops->mmap(f, a);
	if (!error && !a->ops)
		a->ops = &area_ops;
	return error;
}

static void cdev_release(struct file *f)
{
	struct cdev_binding *b = binding_of(f);

	if (b->ops->release)
		b->ops->release(f->inode, f);
	binding_release(b);
}

int cdev_open(struct cdev_binding *b, struct inode *inode, struct file *f)
{
	int error = 0;

	f->ops = &b->fops;
	if (b->dead) {
		error = -ENXIO;
	} else {
		inode->i_cdev = b->cdev;
		f->private = b->cdev->private_data;
		if (b->ops->open)
			error = b->ops->open(inode, f);
	}
	if (error) {
		f->ops = &chrdev_fops;
		binding_release(b);
	}
	return min(error, 0);
}

/* ---- of modules that go without cdev_del ---- */

static bool leads_into(const struct chrdev *c, const void *start_and_size)
{
	const u32 *range = start_and_size;
	const struct cdev_binding *b = c->binding;

	return b && ((u32)b->ops - range[0] < range[1] || (u32)b->cdev - range[0] < range[1]);
}

static u32 reap(u32 start, u32 size)
{
	u32 range[2] = { start, size }, n = 0;
	struct chrdev *c;

	for (; (c = chrdev_find(leads_into, range)); n++) {
		struct cdev_binding *b = c->binding;

		b->dead = true;
		chrdev_remove(c);
		binding_put(b);
	}
	return n;
}

static struct module_reaper cdev_reaper = { .what = "character devices (cdev_del)", .reap = reap };

int chrdev_init(void)
{
	module_reaper_register(&cdev_reaper);
	return 0;
}

/* ---- adding and deleting ---- */

/* Missing: read and write -EINVAL, ioctl -ENOTTY, mmap -ENODEV, llseek -ESPIPE, fsync -EINVAL; poll: always ready. */
static struct file_operations adapter_of(const struct cdev_operations *o)
{
	return (struct file_operations){
		.name = "character device",
		.read_iter = o->read ? cdev_read_iter : NULL,
		.write_iter = o->write ? cdev_write_iter : NULL,
		.llseek = o->llseek && o->llseek != no_llseek ? cdev_llseek : NULL,
		.poll = o->poll ? cdev_poll : NULL,
		.ioctl = o->unlocked_ioctl ? cdev_ioctl : NULL,
		.mmap = o->mmap ? cdev_mmap : NULL,
		.flush = o->flush ? cdev_flush : NULL,
		.fsync = o->fsync ? cdev_fsync : NULL,
		.fasync = o->fasync ? cdev_fasync : NULL,
		.release = cdev_release,
	};
}

void cdev_init(struct cdev *c, const struct cdev_operations *ops)
{
	*c = (struct cdev){ .ops = ops };
}

struct cdev *cdev_alloc(void)
{
	struct cdev *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (c)
		c->allocated = true;
	return c;
}

int cdev_add(struct cdev *c, kdev_t dev, unsigned int count)
{
	struct cdev_binding *b;
	int error;

	if (!c->ops || c->binding || !count || dev + count < dev)
		return -EINVAL;
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->fops = adapter_of(c->ops);
	b->range = (struct chrdev){ .first = dev, .count = count, .binding = b };
	b->ops = c->ops;
	b->cdev = c;
	b->owner = c->ops->owner ? c->ops->owner : c->owner;
	atomic_set(&b->refs, 1);
	c->dev = dev;
	c->count = count;
	c->binding = b;
	error = chrdev_insert(&b->range);
	if (error) {
		c->binding = NULL;
		kfree(b);
	}
	return error;
}

void cdev_del(struct cdev *c)
{
	struct cdev_binding *b = c->binding;

	if (b) {
		b->dead = true;
		chrdev_remove(&b->range);
		c->binding = NULL;
		binding_put(b);
	}
	if (c->allocated)
		kfree(c);
}

int register_chrdev_ops(unsigned int major, unsigned int first_minor, unsigned int count, const char *name, const struct cdev_operations *ops)
{
	kdev_t dev = MKDEV(major, first_minor);
	struct cdev *c = cdev_alloc();
	int error;

	if (!c)
		return -ENOMEM;
	c->ops = ops;
	error = major ? register_chrdev_region(dev, count, name) : alloc_chrdev_region(&dev, first_minor, count, name);
	if (!error) {
		error = cdev_add(c, dev, count);
		if (!error)
			return major ? 0 : (int)MAJOR(dev);
		unregister_chrdev_region(dev, count);
	}
	kfree(c);
	return error;
}

void unregister_chrdev_ops(unsigned int major, unsigned int first_minor, unsigned int count)
{
	kdev_t dev = MKDEV(major, first_minor);
	struct cdev_binding *b = chrdev_binding_at(dev);

	if (b)
		cdev_del(b->cdev);
	unregister_chrdev_region(dev, count);
}
