/*
 * Loadable modules, as everybody may see them: struct module, its reference count, the table of exported symbols, parameters.
 * The loader is kernel/module/load.c. A module's life: COMING (its init runs), LIVE, GOING (its exit runs), gone.
 *
 * References: one for being loaded, one for each user (an open file of its device, a module that uses its symbols). Only a module with no
 * user can go, and once it is going nobody gets a reference any more.
 */
#ifndef KERNEL_MODULE_MODULE_H
#define KERNEL_MODULE_MODULE_H

#include "kernel/lib/list.h"
#include "kernel/sync/atomic.h"

#define MODULE_NAME_LEN 32
#define PARAM_TEXT_MAX PAGE_SIZE /* bytes a parameter's get may write */

struct kernel_param;
struct load_info;
struct module;
struct module_sysfs;

enum module_state { MODULE_LIVE, MODULE_COMING, MODULE_GOING };

/* An exported symbol: an entry of the section .ksymtab of the kernel or of a module. */
struct kernel_symbol {
	const void *value;
	const char *name;
	u32 gpl_only;
};
#define EXPORT_ENTRY(sym, gpl) \
	static const struct kernel_symbol ksymtab_##sym __attribute__((section(".ksymtab"), used, aligned(4))) = { &sym, #sym, gpl }

/* A section in memory: for /sys/module/NAME/sections and for gdb. */
struct module_section {
	const char *name;
	u32 addr, size;
};

/* A block of pages: the part of a module that stays, or the part that is thrown away after init. */
struct module_block {
	u8 *base;
	u32 size;      /* bytes used */
	u32 text_size; /* code, at the start */
	u32 ro_size;   /* code and constants: read-only once filled */
};

/* A function or object, for backtraces. */
struct module_symbol {
	u32 addr, size, name; /* name: offset in symbol_names */
};

struct module {
	/* Filled in when the module is built (the section .gnu.linkonce.this_module): */
	char name[MODULE_NAME_LEN];
	int (*init)(void);
	void (*exit)(void);
	/* The loader's: */
	volatile u32 state;       /* enum module_state: module_lock */
	atomic_t refs;            /* 1 and one for each user; 0: going */
	struct list_head list;    /* all modules: module_lock */
	struct module_block core, init_block;
	const struct kernel_symbol *exports;
	u32 nr_exports;
	const struct kernel_param *params;
	u32 nr_params;
	struct module_section *sections;
	u32 nr_sections;
	struct module_symbol *symbols; /* functions of core, by address */
	u32 nr_symbols;
	char *symbol_names;
	char *version;            /* MODULE_VERSION, or NULL; its own copy */
	bool gpl;                 /* its licence allows the symbols exported for GPL modules only */
	struct list_head uses;    /* struct module_use, by user: whose symbols it uses: module_lock */
	struct list_head users;   /* struct module_use: modules that use its symbols: module_lock */
	struct module_sysfs *sysfs;
#ifdef CONFIG_DEBUG
	struct redzones *redzones; /* kernel/module/redzone.c */
#endif
};

#ifdef MODULE
extern struct module __this_module;
#define THIS_MODULE (&__this_module)
#else
#define THIS_MODULE ((struct module *)NULL) /* code of the kernel itself */
#endif

/* Another user. false: it is going, or its init has not ended well. NULL: the kernel, which stays. Any context. */
bool try_module_get(struct module *m);
/* A user less. Any context. */
void module_put(struct module *m);
/* Users, without the reference for being loaded; -1: it is going. */
int module_refcount(const struct module *m);

/* The function of a module that holds addr, for backtraces: as symbol_lookup of kernel/debug/symbols.h. Any context, takes no lock. */
const char *module_symbol_lookup(u32 addr, u32 *offset, u32 *size, const char **module);
bool module_text_address(u32 addr);

/*
 * What a module's exit may have forgotten. reap takes away all that leads into the memory [start, start + size) and says how much it was.
 * Registered once, at init, by whoever keeps pointers to drivers' functions.
 */
struct module_reaper {
	const char *what;
	u32 (*reap)(u32 start, u32 size);
	struct list_head node;
};
void module_reaper_register(struct module_reaper *r);

/* ---- parameters ---- */

/* How a kind of parameter is read and shown. Process context; the lock of all parameters is held. */
struct kernel_param_ops {
	u32 flags; /* KERNEL_PARAM_OPS_FL_* */
	int (*set)(const char *val, const struct kernel_param *kp); /* val NULL: named without a value. 0 or -errno */
	int (*get)(char *buffer, const struct kernel_param *kp);    /* at most PARAM_TEXT_MAX bytes; their number or -errno */
	void (*free)(void *arg);                                    /* the module goes; may be NULL */
};
#define KERNEL_PARAM_OPS_FL_NOARG BIT(0) /* may be given without a value */

struct kparam_string {
	u32 maxlen;
	char *string;
};
struct kparam_array {
	u32 max, elemsize;
	u32 *num; /* how many are set; NULL: nobody asks */
	const struct kernel_param_ops *ops;
	void *elem;
};
/* An entry of a module's section .kparam. */
struct kernel_param {
	const char *name;
	const struct kernel_param_ops *ops;
	u32 perm; /* of its file in /sys/module/NAME/parameters; 0: no file */
	union {
		void *arg;
		const struct kparam_string *str;
		const struct kparam_array *arr;
	};
};
extern const struct kernel_param_ops param_ops_byte, param_ops_short, param_ops_ushort, param_ops_int, param_ops_uint, param_ops_long,
	param_ops_ulong, param_ops_hexint, param_ops_ullong, param_ops_bool, param_ops_invbool, param_ops_charp, param_ops_string, param_array_ops;

/* sysfs.c: the links between a module and a driver of its own, drv its folder, bus the name of the bus. 0, -EEXIST, -ENOMEM. May sleep. */
struct kobject;
int __must_check module_add_driver(struct module *m, struct kobject *drv, const char *bus);
void module_remove_driver(struct module *m, struct kobject *drv, const char *bus);

#endif
