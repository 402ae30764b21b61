/*
 * Which modules fit this kernel: same release, same calling convention, same configuration, same headers (MODULE_ABI, a digest of all
 * headers that the Makefile computes). Compared as a whole when a module is loaded; tools/module.mk writes it into each.
 */
#ifndef KERNEL_MODULE_VERMAGIC_H
#define KERNEL_MODULE_VERMAGIC_H

#include "kernel/syscall/utsname.h"

#ifdef CONFIG_DEBUG
#define VERMAGIC_CONFIG "debug "
#else
#define VERMAGIC_CONFIG ""
#endif
#define MODULE_VERMAGIC SLUICE_RELEASE " mod_unload 686 REGPARM " VERMAGIC_CONFIG MODULE_ABI

#endif
