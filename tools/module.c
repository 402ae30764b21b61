/* Compiled into every module by tools/module.mk: its struct module, and what the loader compares before it takes it. */
#include <linux/module.h>
#include "kernel/module/vermagic.h"

extern int init_module(void) __attribute__((weak));
extern void cleanup_module(void) __attribute__((weak));

struct module __this_module __attribute__((section(".gnu.linkonce.this_module"), used)) = {
	.name = KBUILD_MODNAME,
	.init = init_module,
	.exit = cleanup_module,
};
MODULE_INFO(name, KBUILD_MODNAME);
MODULE_INFO(vermagic, MODULE_VERMAGIC);
