/* Debug kernel: checks of what modules read and write (kernel/module/redzone.c). The calls of the compiler are declared here, too. */
#ifndef KERNEL_MODULE_REDZONE_H
#define KERNEL_MODULE_REDZONE_H

#include "kernel/lib/types.h"

#ifdef CONFIG_DEBUG
struct asan_global;
struct module;

extern u32 redzone_finds; /* for tests */
/* Tell if n bytes at p are not all the object's that they begin in. Any context. */
void redzone_check(const void *p, u32 n, bool write, void *caller);
void redzones_free(struct module *m);

void *checked_memcpy(void *dst, const void *src, size_t n);
void *checked_memmove(void *dst, const void *src, size_t n);
void *checked_memset(void *dst, int c, size_t n);
size_t checked_copy_from_user(void *dst, const void __user *src, size_t n);
size_t checked_copy_to_user(void __user *dst, const void *src, size_t n);

#define ASAN_DECLARE(size) void __asan_load##size##_noabort(const void *p); void __asan_store##size##_noabort(const void *p)
ASAN_DECLARE(1);
ASAN_DECLARE(2);
ASAN_DECLARE(4);
ASAN_DECLARE(8);
ASAN_DECLARE(16);
void __asan_loadN_noabort(const void *p, size_t n);
void __asan_storeN_noabort(const void *p, size_t n);
void __asan_handle_no_return(void);
void __asan_register_globals(const struct asan_global *globals, u32 n);
void __asan_unregister_globals(const struct asan_global *globals, u32 n);
#endif

#endif
