/* set_thread_area and get_thread_area (Intel SDM volume 3, 3.4.5: segment descriptors). */
#include "kernel/process/tls.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/syscall/calls.h"

#define UD_32BIT BIT(0)
#define UD_CONTENTS(f) ((f) >> 1 & 3)
#define UD_READ_EXEC_ONLY BIT(3)
#define UD_LIMIT_IN_PAGES BIT(4)
#define UD_NOT_PRESENT BIT(5)
#define UD_USEABLE BIT(6)
#define UD_FLAGS 0x7fu

static bool is_empty(const struct user_desc *u)
{
	u32 f = u->flags & UD_FLAGS;

	return !u->base_addr && !u->limit && (f == (UD_READ_EXEC_ONLY | UD_NOT_PRESENT) || f == 0);
}

static u64 to_descriptor(const struct user_desc *u)
{
	u32 f = u->flags, lo, hi;
	u32 access = 0xf1 | (f & UD_READ_EXEC_ONLY ? 0 : 2) | UD_CONTENTS(f) << 2; /* present, ring 3, code or data, accessed */
	u32 gran = (f & UD_USEABLE ? 1 : 0) | (f & UD_32BIT ? 4 : 0) | (f & UD_LIMIT_IN_PAGES ? 8 : 0);

	lo = (u->limit & 0xffff) | u->base_addr << 16;
	hi = (u->base_addr >> 16 & 0xff) | access << 8 | (u->limit & 0xf0000) | gran << 20 | (u->base_addr & 0xff000000);
	return (u64)hi << 32 | lo;
}

static void from_descriptor(u64 d, struct user_desc *u)
{
	u32 lo = (u32)d, hi = (u32)(d >> 32);

	u->base_addr = lo >> 16 | (hi & 0xff) << 16 | (hi & 0xff000000);
	u->limit = (lo & 0xffff) | (hi & 0xf0000);
	u->flags = (hi >> 22 & 1 ? UD_32BIT : 0) | (hi >> 10 & 3) << 1 | (hi >> 9 & 1 ? 0 : UD_READ_EXEC_ONLY) |
		   (hi >> 23 & 1 ? UD_LIMIT_IN_PAGES : 0) | (hi >> 15 & 1 ? 0 : UD_NOT_PRESENT) | (hi >> 20 & 1 ? UD_USEABLE : 0);
}

int set_thread_area_of(struct task *t, struct user_desc __user *user, bool allocate)
{
	struct user_desc u;
	u32 slot;

	if (copy_from_user(&u, user, sizeof(u)))
		return -EFAULT;
	if (!is_empty(&u) && (!(u.flags & UD_32BIT) || UD_CONTENTS(u.flags) > 1 || (u.flags & UD_NOT_PRESENT)))
		return -EINVAL;
	if (u.entry_number == ~0u && allocate) {
		for (slot = 0; slot < 3 && t->tls[slot]; slot++)
			;
		if (slot == 3)
			return -ESRCH;
		u.entry_number = GDT_TLS_MIN + slot;
		if (put_user_u32(u.entry_number, &user->entry_number))
			return -EFAULT;
	}
	if (u.entry_number < GDT_TLS_MIN || u.entry_number > GDT_TLS_MAX)
		return -EINVAL;
	t->tls[u.entry_number - GDT_TLS_MIN] = is_empty(&u) ? 0 : to_descriptor(&u);
	return 0;
}

long sys_set_thread_area(struct user_desc __user *u)
{
	struct task *t = current;
	int e = set_thread_area_of(t, u, true);

	if (!e) {
		t->user_gs = read_user_gs();
		sched_reload_segments();
	}
	return e;
}

long sys_get_thread_area(struct user_desc __user *user)
{
	struct user_desc u = { 0 };

	if (copy_from_user(&u, user, sizeof(u.entry_number)))
		return -EFAULT;
	if (u.entry_number < GDT_TLS_MIN || u.entry_number > GDT_TLS_MAX)
		return -EINVAL;
	from_descriptor(current->tls[u.entry_number - GDT_TLS_MIN], &u);
	return copy_to_user(user, &u, sizeof(u)) ? -EFAULT : 0;
}
