/* What makes a file a module: its init and exit, its licence, its name. */
#ifndef LINUX_MODULE_H
#define LINUX_MODULE_H

#include "kernel/include/sluice/prelude.h"
#include "kernel/include/sluice/common.h"
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

int init_module(void);
void cleanup_module(void);
#if defined(__has_attribute) && __has_attribute(copy)
#define MODULE_COPY(fn) __attribute__((copy(fn)))
#else
#define MODULE_COPY(fn)
#endif
/* 0, or a negative errno: then the module is not loaded. */
#define module_init(fn) \
	static inline int (* __attribute__((unused)) module_init_type(void))(void) { return fn; } \
	int init_module(void) __attribute__((alias(#fn))) MODULE_COPY(fn)
#define module_exit(fn) \
	static inline void (* __attribute__((unused)) module_exit_type(void))(void) { return fn; } \
	void cleanup_module(void) __attribute__((alias(#fn))) MODULE_COPY(fn)

#define MODULE_LICENSE(text) MODULE_INFO(license, text)
#define MODULE_AUTHOR(text) MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text) MODULE_INFO(description, text)
#define MODULE_VERSION(text) MODULE_INFO(version, text)
#define MODULE_ALIAS(text) MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text) MODULE_INFO(softdep, text)
/* The table is the driver's own; nothing loads modules by it here. */
#define MODULE_DEVICE_TABLE(kind, table) static const void *const module_device_table_##table __attribute__((unused)) = &table

static inline const char *module_name(const struct module *m) { return m->name; }
static inline void __module_get(struct module *m) { (void)!try_module_get(m); }

/* A module that is a driver and no more. */
#define module_driver(drv, register_fn, unregister_fn) \
	static int __init drv##_init(void) { return register_fn(&(drv)); } \
	module_init(drv##_init); \
	static void __exit drv##_exit(void) { unregister_fn(&(drv)); } \
	module_exit(drv##_exit)

#endif
