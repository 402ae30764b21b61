/*
 * Programs that the kernel itself starts: the hot-plug helper, the one that shuts the machine down. Such a program runs as root in a session
 * of nobody's, in /, with /dev/null as its three standard files. Process context, may sleep.
 */
#ifndef KERNEL_PROCESS_USERMODEHELPER_H
#define KERNEL_PROCESS_USERMODEHELPER_H

#include "kernel/lib/types.h"

/*
 * Start path with these arguments and environment (both end with NULL) and wait until it ends; after timeout_ms it is killed. Its wait
 * status, or -errno: it could not be started.
 */
int usermodehelper_run(const char *path, const char *const *argv, const char *const *envp, u32 timeout_ms);

#endif
