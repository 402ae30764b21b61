/* Who has which addresses: request_region, request_mem_region. */
#ifndef LINUX_IOPORT_H
#define LINUX_IOPORT_H

#include "kernel/include/sluice/prelude.h"

#endif
