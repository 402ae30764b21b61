/*
 * Reading and writing the files of /sys. A text file is shown once, when it is read from the start (or for the first time), into a buffer
 * of the open file that grows until everything fits; later reads go on in that text. Binary files are read piece by piece.
 */
#include "io/fs/sys/sysfs.h"
#include "kernel/debug/bug.h"
#include "mm/alloc.h"

#define TEXT_MAX (16u << 20)  /* a show that wants more is taken for endless */
#define KMALLOC_TEXT_MAX (64u << 10)
#define STORE_MAX PAGE_SIZE   /* one write, with its terminator */

/* An open text file. */
struct open_text {
	struct mutex lock;
	char *text;
	size_t len, size;
};

static int attr_open(struct inode *inode, struct file *f)
{
	struct sysfs_node *n = inode->private;
	struct open_text *o;

	if (((f->mode & FMODE_READ) && !n->attr->show) || ((f->mode & FMODE_WRITE) && !n->attr->store))
		return -EACCES;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		return -ENOMEM;
	mutex_init(&o->lock, "sysfs text", RANK_FILEPOS);
	f->private = o;
	return 0;
}

static void text_free(struct open_text *o)
{
	if (o->size > KMALLOC_TEXT_MAX)
		vfree(o->text);
	else
		kfree(o->text);
	o->text = NULL;
	o->size = o->len = 0;
}

static int text_alloc(struct open_text *o, size_t size)
{
	o->text = size > KMALLOC_TEXT_MAX ? vmalloc(size) : kmalloc(size, GFP_KERNEL);
	if (!o->text)
		return -ENOMEM;
	o->size = size;
	return 0;
}

static void attr_release(struct file *f)
{
	struct open_text *o = f->private;

	text_free(o);
	kfree(o);
}

/* Have the owner show the file into o->text. */
static int text_fill(struct sysfs_node *n, struct open_text *o)
{
	int error = o->text ? 0 : text_alloc(o, PAGE_SIZE);

	while (!error) {
		struct sysfs_active a;
		struct seq_buf s;
		size_t size = o->size;

		if (!sysfs_begin(n, &a))
			return -ENODEV;
		seq_init(&s, o->text, o->size);
		error = n->attr->show(n->kobj, n->attr, &s);
		sysfs_end(n, &a);
		if (error < 0)
			return error;
		o->len = s.len;
		if (!s.overflow)
			return 0;
		text_free(o);
		if (size >= TEXT_MAX)
			return -EFBIG;
		error = text_alloc(o, size * 2);
	}
	return error;
}

static ssize_t attr_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct open_text *o = k->file->private;
	ssize_t ret = 0;

	mutex_lock_nested(&o->lock);
	if (!k->pos || !o->text)
		ret = text_fill(k->file->inode->private, o);
	if (!ret)
		ret = simple_read_from_buffer(k, to, o->text, o->len);
	mutex_unlock(&o->lock);
	return ret;
}

static ssize_t attr_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct sysfs_node *n = k->file->inode->private;
	u32 len = min(iov_iter_count(from), STORE_MAX - 1);
	struct sysfs_active a;
	ssize_t ret;
	char *text = kmalloc(len + 1, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	if (copy_from_iter(text, len, from) != len) {
		ret = -EFAULT;
	} else if (!sysfs_begin(n, &a)) {
		ret = -ENODEV;
	} else {
		text[len] = '\0';
		ret = n->attr->store(n->kobj, n->attr, text, len);
		sysfs_end(n, &a);
	}
	if (ret > 0)
		k->pos += ret;
	kfree(text);
	return ret;
}

const struct file_operations sysfs_attr_fops = {
	.name = "sysfs",
	.open = attr_open,
	.release = attr_release,
	.read_iter = attr_read_iter,
	.write_iter = attr_write_iter,
	.llseek = generic_llseek,
};

static ssize_t binary_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct sysfs_node *n = k->file->inode->private;
	char *buf = get_free_page(GFP_KERNEL);
	ssize_t done = 0;

	if (!buf)
		return -ENOMEM;
	while (iov_iter_count(to)) {
		struct sysfs_active a;
		ssize_t got = -ENODEV;
		u32 copied;

		if (sysfs_begin(n, &a)) {
			got = n->bin.read(n->bin.arg, buf, min(iov_iter_count(to), PAGE_SIZE), k->pos);
			sysfs_end(n, &a);
		}
		if (got <= 0) {
			if (!done)
				done = got;
			break;
		}
		copied = copy_to_iter(buf, (u32)got, to);
		k->pos += copied;
		done += (ssize_t)copied;
		if (copied < (u32)got) {
			if (!done)
				done = -EFAULT;
			break;
		}
	}
	free_page(buf);
	return done;
}

const struct file_operations sysfs_binary_fops = {
	.name = "sysfs binary",
	.read_iter = binary_read_iter,
	.llseek = generic_llseek,
};
