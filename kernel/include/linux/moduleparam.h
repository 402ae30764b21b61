/* Parameters: NAME=VALUE at insmod, and files in /sys/module/MODULE/parameters with the mode given (0: none). */
#ifndef LINUX_MODULEPARAM_H
#define LINUX_MODULEPARAM_H

#include "kernel/include/sluice/prelude.h"
#include <linux/compiler.h>
#include <linux/types.h>

#define MODULE_INFO__(tag, info, line) \
	static const char modinfo_##line[] __attribute__((section(".modinfo"), used, aligned(1))) = tag "=" info
#define MODULE_INFO_(tag, info, line) MODULE_INFO__(tag, info, line)
#define MODULE_INFO(tag, info) MODULE_INFO_(#tag, info, __COUNTER__)
#define MODULE_PARM_DESC(name, text) MODULE_INFO_("parm", #name ":" text, __COUNTER__)

#define PARAM_ENTRY(param, op, mode, pointer, typename) \
	static const char param_name_##param[] = #param; \
	static const struct kernel_param param_##param __attribute__((section(".kparam"), used, aligned(4))) = { \
		.name = param_name_##param, .ops = (op), .perm = (mode), { .arg = (void *)(pointer) } \
	}; \
	MODULE_INFO_("parmtype", #param ":" typename, __COUNTER__)
/* The variable has the type that the kind says. */
#define PARAM_CHECK_byte(v) static_assert(sizeof(v) == 1, "a byte parameter")
#define PARAM_CHECK_short(v) static_assert(sizeof(v) == 2, "a short parameter")
#define PARAM_CHECK_ushort(v) PARAM_CHECK_short(v)
#define PARAM_CHECK_int(v) static_assert(sizeof(v) == 4, "an int parameter")
#define PARAM_CHECK_uint(v) PARAM_CHECK_int(v)
#define PARAM_CHECK_long(v) PARAM_CHECK_int(v)
#define PARAM_CHECK_ulong(v) PARAM_CHECK_int(v)
#define PARAM_CHECK_hexint(v) PARAM_CHECK_int(v)
#define PARAM_CHECK_ullong(v) static_assert(sizeof(v) == 8, "a u64 parameter")
#define PARAM_CHECK_bool(v) static_assert(__builtin_types_compatible_p(__typeof__(v), bool), "a bool parameter")
#define PARAM_CHECK_invbool(v) PARAM_CHECK_bool(v)
#define PARAM_CHECK_charp(v) static_assert(__builtin_types_compatible_p(__typeof__(v), char *), "a char * parameter")

/* kind: byte short ushort int uint long ulong ullong hexint bool invbool charp. */
#define module_param_named(name, variable, kind, perm) \
	PARAM_CHECK_##kind(variable); \
	PARAM_ENTRY(name, &param_ops_##kind, perm, &variable, #kind)
#define module_param(name, kind, perm) module_param_named(name, name, kind, perm)
/* With operations of the driver's own (struct kernel_param_ops). */
#define module_param_cb(name, ops, pointer, perm) PARAM_ENTRY(name, ops, perm, pointer, "callback")
/* A char array of len bytes. */
#define module_param_string(name, buffer, len, perm) \
	static const struct kparam_string param_string_##name = { .maxlen = (len), .string = (buffer) }; \
	PARAM_ENTRY(name, &param_ops_string, perm, &param_string_##name, "string")
/* "a,b,c"; nump: a pointer to an int that gets their number, or NULL. */
#define module_param_array_named(name, array, kind, nump, perm) \
	static const struct kparam_array param_array_##name = { \
		.max = ARRAY_SIZE(array), .elemsize = sizeof((array)[0]), .num = (u32 *)(nump), .ops = &param_ops_##kind, .elem = (array) \
	}; \
	PARAM_ENTRY(name, &param_array_ops, perm, &param_array_##name, "array of " #kind)
#define module_param_array(name, kind, nump, perm) module_param_array_named(name, name, kind, nump, perm)


#endif
