/* Random numbers: get_random_bytes. */
#ifndef LINUX_RANDOM_H
#define LINUX_RANDOM_H

#include "kernel/include/sluice/prelude.h"

static inline u32 get_random_u32(void)
{
	u32 v;

	get_random_bytes(&v, sizeof(v));
	return v;
}

#endif
