/*
 * Files whose text a function makes: /proc and /sys. The text is made once, when the file is read from the start (or for the first time),
 * into a buffer of the open file that grows until everything fits; later reads go on in that text. May sleep.
 */
#ifndef IO_CONTRACT_TEXT_FILE_H
#define IO_CONTRACT_TEXT_FILE_H

#include "io/contract/file.h"
#include "kernel/lib/seq_buf.h"

int __must_check text_file_open(struct file *f); /* sets f->private; 0 or -ENOMEM */
void text_file_release(struct file *f);
/* Read from the text that show(s, arg) makes. -EFBIG: it does not end. */
ssize_t text_file_read(struct kiocb *k, struct iov_iter *to, seq_show_t show, void *arg);
/* A whole write (at most a page, terminated) in kernel memory; kfree it. ERR_PTR. */
char *text_file_input(struct iov_iter *from, size_t *len);

#endif
