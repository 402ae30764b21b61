/* The undefined-behaviour checks of the debug build: the functions the compiler calls, and how often they found something. */
#ifndef KERNEL_DEBUG_UBSAN_H
#define KERNEL_DEBUG_UBSAN_H

#include "kernel/lib/types.h"

extern u32 ubsan_count;

/* GCC calls them as -mregparm says, clang with the arguments on the stack. */
#ifdef __clang__
#define UBSAN_CALL __attribute__((regparm(0)))
#else
#define UBSAN_CALL
#endif

struct location;
struct overflow_data;
struct shift_data;
struct bounds_data;
struct mismatch_data;
struct nonnull_data;
void UBSAN_CALL __ubsan_handle_add_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b);
void UBSAN_CALL __ubsan_handle_sub_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b);
void UBSAN_CALL __ubsan_handle_mul_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b);
void UBSAN_CALL __ubsan_handle_divrem_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b);
void UBSAN_CALL __ubsan_handle_negate_overflow(struct overflow_data *d, uintptr_t v);
void UBSAN_CALL __ubsan_handle_shift_out_of_bounds(struct shift_data *d, uintptr_t a, uintptr_t b);
void UBSAN_CALL __ubsan_handle_out_of_bounds(struct bounds_data *d, uintptr_t index);
void UBSAN_CALL __ubsan_handle_type_mismatch_v1(struct mismatch_data *d, uintptr_t p);
void UBSAN_CALL __ubsan_handle_pointer_overflow(struct location *where, uintptr_t base, uintptr_t result);
void UBSAN_CALL __ubsan_handle_load_invalid_value(struct overflow_data *d, uintptr_t v);
void UBSAN_CALL __ubsan_handle_vla_bound_not_positive(struct overflow_data *d, uintptr_t v);
void UBSAN_CALL __ubsan_handle_nonnull_arg(struct nonnull_data *d);
void UBSAN_CALL __ubsan_handle_nonnull_return_v1(void *d, struct location *where);
void UBSAN_CALL __ubsan_handle_invalid_builtin(struct location *where);
void UBSAN_CALL __ubsan_handle_function_type_mismatch(struct overflow_data *d, uintptr_t fn);
void UBSAN_CALL __noreturn __ubsan_handle_builtin_unreachable(struct location *where);

#endif
