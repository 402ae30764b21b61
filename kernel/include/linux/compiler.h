/* What the compiler is told. likely, unlikely, barrier, READ_ONCE, WRITE_ONCE and noinline are the kernel's own. */
#ifndef LINUX_COMPILER_H
#define LINUX_COMPILER_H

#include "kernel/include/sluice/prelude.h"

#ifndef __force
#define __force
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __used __attribute__((used))
#define __cold __attribute__((cold))
#define __pure __attribute__((pure))
#define fallthrough __attribute__((fallthrough))
#define __stringify_1(x...) #x
#define __stringify(x...) __stringify_1(x)
#endif

#endif
