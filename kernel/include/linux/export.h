/* Symbols for other modules: EXPORT_SYMBOL_GPL's only for those under a GPL-compatible licence. */
#ifndef LINUX_EXPORT_H
#define LINUX_EXPORT_H

#include "kernel/include/sluice/prelude.h"

#define EXPORT_SYMBOL(sym) EXPORT_ENTRY(sym, 0)
#define EXPORT_SYMBOL_GPL(sym) EXPORT_ENTRY(sym, 1)

#endif
