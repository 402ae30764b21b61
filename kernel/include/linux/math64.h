/* Division of 64-bit numbers: the compiler's own operators are not there. */
#ifndef LINUX_MATH64_H
#define LINUX_MATH64_H

#include "kernel/include/sluice/prelude.h"

/* n becomes the quotient; the remainder is the value. */
#define do_div(n, base) ({ \
		u32 rem_; \
		(n) = div_u64_rem((n), (base), &rem_); \
		rem_; \
	})

#endif
