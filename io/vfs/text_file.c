/* See io/contract/text_file.h. */
#include "io/contract/text_file.h"
#include "kernel/debug/bug.h"
#include "mm/alloc.h"

#define TEXT_MAX (16u << 20) /* a show that wants more is taken for endless */
#define KMALLOC_TEXT_MAX (64u << 10)

struct open_text {
	struct mutex lock;
	char *text;
	size_t len, size;
};

int text_file_open(struct file *f)
{
	struct open_text *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	mutex_init(&o->lock, "text file", RANK_FILEPOS);
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

void text_file_release(struct file *f)
{
	text_free(f->private);
	kfree(f->private);
}

static int text_fill(struct open_text *o, seq_show_t show, void *arg)
{
	int error = o->text ? 0 : text_alloc(o, PAGE_SIZE);

	while (!error) {
		size_t size = o->size;
		struct seq_buf s;

		seq_init(&s, o->text, o->size);
		error = show(&s, arg);
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

ssize_t text_file_read(struct kiocb *k, struct iov_iter *to, seq_show_t show, void *arg)
{
	struct open_text *o = k->file->private;
	ssize_t ret = 0;

	mutex_lock_nested(&o->lock);
	if (!k->pos || !o->text)
		ret = text_fill(o, show, arg);
	if (!ret)
		ret = simple_read_from_buffer(k, to, o->text, o->len);
	mutex_unlock(&o->lock);
	return ret;
}

char *text_file_input(struct iov_iter *from, size_t *len)
{
	u32 n = min(iov_iter_count(from), PAGE_SIZE - 1);
	char *text = kmalloc(n + 1, GFP_KERNEL);

	if (!text)
		return ERR_PTR(-ENOMEM);
	if (copy_from_iter(text, n, from) != n) {
		kfree(text);
		return ERR_PTR(-EFAULT);
	}
	text[n] = '\0';
	*len = n;
	return text;
}
