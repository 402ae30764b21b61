/* Errors, as Linux numbers them. */
#ifndef LINUX_ERRNO_H
#define LINUX_ERRNO_H

#include "kernel/include/sluice/prelude.h"

#endif
