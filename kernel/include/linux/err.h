/* ERR_PTR, PTR_ERR, IS_ERR, IS_ERR_OR_NULL, ERR_CAST. */
#ifndef LINUX_ERR_H
#define LINUX_ERR_H

#include "kernel/include/sluice/prelude.h"

static inline int __must_check PTR_ERR_OR_ZERO(const void *p) { return IS_ERR(p) ? (int)PTR_ERR(p) : 0; }

#endif
