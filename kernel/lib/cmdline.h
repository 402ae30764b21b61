/* Words of the kernel command line. Pure; any context; nothing changes after cmdline_init. */
#ifndef KERNEL_LIB_CMDLINE_H
#define KERNEL_LIB_CMDLINE_H

#define CMDLINE_MAX 1024

/* The value after "name=", "" for a bare word, NULL if absent. The last one counts. */
const char *cmdline_get(const char *name);
/* The whole line. */
const char *cmdline_all(void);
/* First of all, from kernel_main. What is past CMDLINE_MAX - 1 bytes is cut off. */
void cmdline_init(const char *line);

#endif
