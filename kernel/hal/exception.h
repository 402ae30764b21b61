/* Names of exceptions, and gates of the IDT for those who bring their own entry. */
#ifndef KERNEL_HAL_EXCEPTION_H
#define KERNEL_HAL_EXCEPTION_H

#include "kernel/lib/types.h"

const char *exception_name(u32 vector);
void set_gate(u32 vector, u32 entry, u32 type);

#endif
