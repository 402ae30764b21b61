/*
 * What the compiler's undefined-behaviour checks of the debug build call (-fsanitize=undefined). The names and argument structs are those
 * of the compilers' runtime (LLVM compiler-rt, lib/ubsan/ubsan_handlers.h; GCC uses the same). A find is reported once per place
 * with a backtrace; the kernel goes on, except where there is nothing to go on with. ubsan_count lets tests notice.
 */
#ifdef CONFIG_DEBUG
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/ubsan.h"

struct location {
	const char *file;
	u32 line, column;
};

struct type_info {
	u16 kind; /* 0: integer */
	u16 info; /* integer: bit 0 signed, the rest log2 of the width in bits */
	char name[];
};

struct overflow_data {
	struct location where;
	const struct type_info *type;
};

struct shift_data {
	struct location where;
	const struct type_info *lhs, *rhs;
};

struct bounds_data {
	struct location where;
	const struct type_info *array, *index;
};

struct mismatch_data {
	struct location where;
	const struct type_info *type;
	u8 log_alignment, kind;
};

struct nonnull_data {
	struct location where, attribute;
	int argument;
};

u32 ubsan_count;

/* Values of up to 32 bits come as they are, wider ones by address. */
static s64 value_of(const struct type_info *t, uintptr_t v)
{
	u32 bits = 1u << (t->info >> 1);

	if (t->kind != 0)
		return 0;
	if (bits > 32)
		return *(const s64 *)v;
	if (t->info & 1 && bits < 32)
		return (s32)(v << (32 - bits)) >> (32 - bits);
	return t->info & 1 ? (s64)(s32)v : (s64)(u32)v;
}

/* The column marks the place as reported (the runtime's own convention: all bits set). False: it was reported before. */
static bool report(struct location *where, const char *what)
{
	if (where->column == ~0u)
		return false;
	pr_err("UBSan: %s at %s:%u:%u\n", what, where->file, where->line, where->column);
	where->column = ~0u;
	ubsan_count++;
	return true;
}

static void overflow(struct overflow_data *d, uintptr_t a, uintptr_t b, const char *op)
{
	if (!report(&d->where, "integer overflow"))
		return;
	pr_err("  %lld %s %lld in type %s\n", value_of(d->type, a), op, value_of(d->type, b), d->type->name);
	dump_stack();
}

void __ubsan_handle_add_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b) { overflow(d, a, b, "+"); }
void __ubsan_handle_sub_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b) { overflow(d, a, b, "-"); }
void __ubsan_handle_mul_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b) { overflow(d, a, b, "*"); }
void __ubsan_handle_divrem_overflow(struct overflow_data *d, uintptr_t a, uintptr_t b) { overflow(d, a, b, "/"); }

void __ubsan_handle_negate_overflow(struct overflow_data *d, uintptr_t v)
{
	if (!report(&d->where, "negation overflows"))
		return;
	pr_err("  -(%lld) in type %s\n", value_of(d->type, v), d->type->name);
	dump_stack();
}

void __ubsan_handle_shift_out_of_bounds(struct shift_data *d, uintptr_t a, uintptr_t b)
{
	if (!report(&d->where, "shift out of bounds"))
		return;
	pr_err("  %lld of type %s by %lld\n", value_of(d->lhs, a), d->lhs->name, value_of(d->rhs, b));
	dump_stack();
}

void __ubsan_handle_out_of_bounds(struct bounds_data *d, uintptr_t index)
{
	if (!report(&d->where, "index out of bounds"))
		return;
	pr_err("  index %lld of %s\n", value_of(d->index, index), d->array->name);
	dump_stack();
}

void __ubsan_handle_type_mismatch_v1(struct mismatch_data *d, uintptr_t p)
{
	if (!report(&d->where, p ? "access to an object too small for the type" : "null pointer"))
		return;
	pr_err("  %08x used as %s\n", (u32)p, d->type->name);
	dump_stack();
}

void __ubsan_handle_pointer_overflow(struct location *where, uintptr_t base, uintptr_t result)
{
	if (!report(where, "pointer arithmetic overflows"))
		return;
	pr_err("  %08x became %08x\n", (u32)base, (u32)result);
	dump_stack();
}

static void simple(struct location *where, const char *what)
{
	if (report(where, what))
		dump_stack();
}

void __ubsan_handle_load_invalid_value(struct overflow_data *d, uintptr_t v) { simple(&d->where, "value its type does not have"); }
void __ubsan_handle_vla_bound_not_positive(struct overflow_data *d, uintptr_t v) { simple(&d->where, "array of no length"); }
void __ubsan_handle_nonnull_arg(struct nonnull_data *d) { simple(&d->where, "null for an argument that must not be"); }
void __ubsan_handle_nonnull_return_v1(void *d, struct location *where) { simple(where, "null returned where it must not be"); }
void __ubsan_handle_invalid_builtin(struct location *where) { simple(where, "zero given to a builtin"); }
void __ubsan_handle_function_type_mismatch(struct overflow_data *d, uintptr_t fn) { simple(&d->where, "function called by another type"); }

void __ubsan_handle_builtin_unreachable(struct location *where)
{
	panic("UBSan: unreachable code reached at %s:%u", where->file, where->line);
}
#endif
