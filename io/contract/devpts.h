/* The names of pseudo-terminals: io/char makes the pairs, devpts (io/fs/devpts) shows their slaves in /dev/pts. Process context, may sleep. */
#ifndef IO_CONTRACT_DEVPTS_H
#define IO_CONTRACT_DEVPTS_H

#include "kernel/lib/types.h"

#define PTMX_DEV MKDEV(5, 2)
#define PTS_DEV(index) MKDEV(136, index) /* Documentation/admin-guide/devices.txt: Unix98 PTY slaves */
#define PTY_MAX 256u                     /* one major's minors */

/* The slave with this index gets its name, owned by the caller. 0, -EEXIST, -ENOMEM. */
int devpts_add(u32 index);
void devpts_remove(u32 index);

#endif
