/* NULL, offsetof. */
#ifndef LINUX_STDDEF_H
#define LINUX_STDDEF_H

#include "kernel/include/sluice/prelude.h"

#endif
