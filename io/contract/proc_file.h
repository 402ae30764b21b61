/* procfs as others see it: register a text file under /proc. */
#ifndef IO_CONTRACT_PROC_FILE_H
#define IO_CONTRACT_PROC_FILE_H

#include "kernel/lib/err.h"
#include "kernel/lib/seq_buf.h"

/* path like "meminfo" or "sys/vm/drop_caches" (folders are made). write may be NULL; it gets the text terminated and returns bytes taken or -errno. */
int proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *arg, const char *text, size_t len), void *arg);
void proc_remove(const char *path);


#endif
