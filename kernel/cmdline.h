/* Words of the kernel command line. Any context; nothing changes after boot. */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

/* The value after "name=", "" for a bare word, NULL if absent. The last one counts. */
const char *cmdline_get(const char *name);
/* The whole line as the loader gave it, without the kernel's own path. */
const char *cmdline_all(void);
void cmdline_init(void); /* first of all, from kernel_main */

#endif
