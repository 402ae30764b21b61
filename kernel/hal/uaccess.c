/*
 * User copies: the checks. The interface is in kernel/hal/uaccess.h; the loops, which may fault, are in uaccess.asm.
 */
#include "kernel/hal/uaccess.h"

#include "kernel/debug/bug.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

#define SMALL 512u

size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear_bytes(void *to, size_t n);
ssize_t user_copy_string(char *to, const char *from, size_t max);
ssize_t user_string_length(const char *from, size_t max);
int user_read_u32(u32 *to, const u32 *from);
int user_write_u32(u32 v, u32 *to);
int user_touch(const void *p, bool write);

extern const u32 __extable_start[], __extable_end[];

static_assert(offsetof(struct task, io.copied) == 16 + 7 * 8, "uaccess.asm");

/* user: the one of both that is user memory. */
static noinline size_t copy_checked(void *to, const void *from, size_t n, const void __user *user)
{
	return access_ok(user, n) ? user_copy(to, from, n) : n;
}

/* Most copies are small and not at the very end of user space, which is quickly seen. */
static inline size_t copy_any(void *to, const void *from, size_t n, const void __user *user)
{
	if (likely(n <= SMALL && (uintptr_t)user <= USER_SPACE_END - SMALL))
		return user_copy(to, from, n);
	return copy_checked(to, from, n, user);
}

/* Not in an interrupt: whose memory that would be is chance. */
static inline void check_context(void) { ASSERT(!in_hardirq()); }

size_t copy_to_user(void __user *dst, const void *src, size_t n)
{
	check_context();
	return copy_any(dst, src, n, dst);
}

size_t copy_from_user_keep(void *dst, const void __user *src, size_t n) { return copy_any(dst, src, n, src); }

size_t copy_from_user(void *dst, const void __user *src, size_t n)
{
	check_context();
	size_t left = copy_any(dst, src, n, src);

	if (unlikely(left))
		memset((u8 *)dst + n - left, 0, left);
	return left;
}

size_t clear_user(void __user *dst, size_t n)
{
	return likely(access_ok(dst, n)) ? user_clear_bytes(dst, n) : n;
}

/* How much of max may be looked at before user space ends. */
static inline size_t limit_to_user(const char *p, size_t max)
{
	return min_t(size_t, max, USER_SPACE_END - (uintptr_t)p);
}

ssize_t strncpy_from_user(char *dst, const char __user *src, size_t max)
{
	if (unlikely((uintptr_t)src >= USER_SPACE_END))
		return -EFAULT;
	if (unlikely(!max))
		return 0;
	size_t room = limit_to_user(src, max);
	ssize_t len = user_copy_string(dst, src, room);
	return len < 0 || ((size_t)len == room && room < max) ? -EFAULT : len;
}

size_t strnlen_user(const char __user *s, size_t max)
{
	if (unlikely((uintptr_t)s >= USER_SPACE_END))
		return 0;
	if (unlikely(!max))
		return 1;
	size_t room = limit_to_user(s, max);
	ssize_t len = user_string_length(s, room);
	return len < 0 || ((size_t)len == room && room < max) ? 0 : (size_t)len + 1;
}

int get_user_u32(u32 *out, const u32 __user *p)
{
	return likely(access_ok(p, sizeof(*p))) && likely(!user_read_u32(out, p)) ? 0 : -EFAULT;
}

int put_user_u32(u32 v, u32 __user *p)
{
	return likely(access_ok(p, sizeof(*p))) && likely(!user_write_u32(v, p)) ? 0 : -EFAULT;
}

static int touch_range(const void *p, size_t n, bool write)
{
	const u8 *at = p, *end = at + n;

	if (!n)
		return 0;
	if (unlikely(!access_ok(p, n)))
		return -EFAULT;
	while (at < end) {
		if (unlikely(user_touch(at, write)))
			return -EFAULT;
		at = (const u8 *)(((uintptr_t)at & PAGE_MASK) + PAGE_SIZE);
	}
	return 0;
}

int fault_in_readable(const void __user *p, size_t n)
{
	return touch_range(p, n, false);
}

int fault_in_writeable(void __user *p, size_t n)
{
	return touch_range(p, n, true);
}

u32 extable_find(u32 eip)
{
	for (const u32 *e = __extable_start; e < __extable_end; e += 2)
		if (e[0] == eip)
			return e[1];
	return 0;
}
