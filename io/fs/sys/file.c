/* Reading and writing the files of /sys: text files as io/contract/text_file.h tells, binary files piece by piece. */
#include "io/contract/text_file.h"
#include "io/fs/sys/sysfs.h"
#include "kernel/debug/bug.h"
#include "mm/alloc.h"

static int attr_open(struct inode *inode, struct file *f)
{
	const struct sysfs_node *n = inode->private;

	if (((f->mode & FMODE_READ) && !n->attr->show) || ((f->mode & FMODE_WRITE) && !n->attr->store))
		return -EACCES;
	return text_file_open(f);
}

static int attr_show(struct seq_buf *s, void *arg)
{
	struct sysfs_node *n = arg;
	struct sysfs_active a;
	int error;

	if (!sysfs_begin(n, &a))
		return -ENODEV;
	error = n->attr->show(n->kobj, n->attr, s);
	sysfs_end(n, &a);
	return error;
}

static ssize_t attr_read_iter(struct kiocb *k, struct iov_iter *to)
{
	return text_file_read(k, to, attr_show, k->file->inode->private);
}

static ssize_t attr_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct sysfs_node *n = k->file->inode->private;
	struct sysfs_active a;
	ssize_t ret = -ENODEV;
	size_t len;
	char *text = text_file_input(from, &len);

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (sysfs_begin(n, &a)) {
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
	.release = text_file_release,
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
