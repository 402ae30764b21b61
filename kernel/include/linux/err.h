/* ERR_PTR, PTR_ERR, IS_ERR, IS_ERR_OR_NULL, ERR_CAST. */
#ifndef LINUX_ERR_H
#define LINUX_ERR_H

#include "kernel/include/sluice/prelude.h"


#endif
