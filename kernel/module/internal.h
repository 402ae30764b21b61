/* Inside the loader: what its files call of each other. All process context unless said; module_lock is a spinlock (RANK_FILES). */
#ifndef KERNEL_MODULE_INTERNAL_H
#define KERNEL_MODULE_INTERNAL_H

#include "kernel/module/image.h"
#include "kernel/module/module.h"
#include "kernel/sync/mutex.h"

extern struct spinlock module_lock;
extern struct list_head modules; /* in the order they came: module_lock; also walked without it where nobody can interfere (backtraces) */
extern struct mutex param_lock;  /* RANK_PARAM: values of parameters; held over their set and get */

struct module_use {
	struct module *user, *used;
	struct list_head user_node; /* in user->uses */
	struct list_head used_node; /* in used->users */
};

/* module.c */
struct module *module_find(const char *name); /* module_lock held */
/* The address of an exported symbol for m, which from now on holds the module that has it. 0, -ENOENT (said in the log), -ENOMEM. */
int module_resolve(struct module *m, const char *name, u32 *addr);
void module_drop_uses(struct module *m);
void module_reap(const struct module *m); /* before its memory goes */
/* params.c */
/* Set parameters from "a=1 b=x,y". Unknown ones are told in the log and passed over. 0 or -errno. args is taken apart. */
int module_parse_args(struct module *m, char *args);
void module_free_params(struct module *m);
/* sysfs.c */
int module_sysfs_init(void);
int module_sysfs_add(struct module *m);
void module_sysfs_remove(struct module *m); /* harmless when there is none */
/* symbols.c */
int module_add_symbols(struct module *m, const struct load_info *li); /* names for backtraces; 0 or -ENOMEM */

#endif
