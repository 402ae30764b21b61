/*
 * System calls about user and group ids. One implementation; the first i386 calls with 16-bit ids are the thin forms at the end:
 * 0xffff means -1 there, and ids that do not fit are shown as 65534.
 */
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/syscall/calls.h"

#define KEEP ((u32)-1)

long sys_getuid(void) { return (long)current->cred.uid; }
long sys_geteuid(void) { return (long)current->cred.euid; }
long sys_getgid(void) { return (long)current->cred.gid; }
long sys_getegid(void) { return (long)current->cred.egid; }

/* A change of the effective id makes the process's memory private, as in Linux. */
static void set_euid(struct cred *c, uid_t euid)
{
	if (c->euid != euid)
		current->dumpable = false;
	c->euid = c->fsuid = euid;
}

static void set_egid(struct cred *c, gid_t egid)
{
	if (c->egid != egid)
		current->dumpable = false;
	c->egid = c->fsgid = egid;
}

long sys_setuid(uid_t uid)
{
	struct cred *c = &current->cred;

	if (uid == KEEP)
		return -EINVAL;
	if (capable())
		c->uid = c->suid = uid;
	else if (uid != c->uid && uid != c->suid)
		return -EPERM;
	set_euid(c, uid);
	return 0;
}

long sys_setgid(gid_t gid)
{
	struct cred *c = &current->cred;

	if (gid == KEEP)
		return -EINVAL;
	if (capable())
		c->gid = c->sgid = gid;
	else if (gid != c->gid && gid != c->sgid)
		return -EPERM;
	set_egid(c, gid);
	return 0;
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	struct cred *c = &current->cred;
	uid_t old = c->uid;
	bool root = capable();

	if (!root && ruid != KEEP && ruid != c->uid && ruid != c->euid)
		return -EPERM;
	if (!root && euid != KEEP && euid != c->uid && euid != c->euid && euid != c->suid)
		return -EPERM;
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		set_euid(c, euid);
	if (ruid != KEEP || (euid != KEEP && euid != old))
		c->suid = c->euid;
	c->fsuid = c->euid;
	return 0;
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	struct cred *c = &current->cred;
	gid_t old = c->gid;
	bool root = capable();

	if (!root && rgid != KEEP && rgid != c->gid && rgid != c->egid)
		return -EPERM;
	if (!root && egid != KEEP && egid != c->gid && egid != c->egid && egid != c->sgid)
		return -EPERM;
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		set_egid(c, egid);
	if (rgid != KEEP || (egid != KEEP && egid != old))
		c->sgid = c->egid;
	c->fsgid = c->egid;
	return 0;
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	struct cred *c = &current->cred;
	const uid_t want[3] = { ruid, euid, suid };

	for (u32 i = 0; !capable() && i < 3; i++) {
		if (want[i] != KEEP && want[i] != c->uid && want[i] != c->euid && want[i] != c->suid)
			return -EPERM;
	}
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		set_euid(c, euid);
	if (suid != KEEP)
		c->suid = suid;
	c->fsuid = c->euid;
	return 0;
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	struct cred *c = &current->cred;
	const gid_t want[3] = { rgid, egid, sgid };

	for (u32 i = 0; !capable() && i < 3; i++) {
		if (want[i] != KEEP && want[i] != c->gid && want[i] != c->egid && want[i] != c->sgid)
			return -EPERM;
	}
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		set_egid(c, egid);
	if (sgid != KEEP)
		c->sgid = sgid;
	c->fsgid = c->egid;
	return 0;
}

long sys_getresuid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	const struct cred *c = &current->cred;

	return put_user_u32(c->uid, r) || put_user_u32(c->euid, e) || put_user_u32(c->suid, s) ? -EFAULT : 0;
}

long sys_getresgid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	const struct cred *c = &current->cred;

	return put_user_u32(c->gid, r) || put_user_u32(c->egid, e) || put_user_u32(c->sgid, s) ? -EFAULT : 0;
}

/* Both answer the old id, whether or not it was changed. */
long sys_setfsuid(uid_t uid)
{
	struct cred *c = &current->cred;
	uid_t old = c->fsuid;

	if (uid != KEEP && (capable() || uid == c->uid || uid == c->euid || uid == c->suid || uid == c->fsuid))
		c->fsuid = uid;
	return (long)old;
}

long sys_setfsgid(gid_t gid)
{
	struct cred *c = &current->cred;
	gid_t old = c->fsgid;

	if (gid != KEEP && (capable() || gid == c->gid || gid == c->egid || gid == c->sgid || gid == c->fsgid))
		c->fsgid = gid;
	return (long)old;
}

long sys_getgroups(int n, u32 __user *list)
{
	const struct cred *c = &current->cred;

	if (n < 0)
		return -EINVAL;
	if (n) {
		if ((u32)n < c->ngroups)
			return -EINVAL;
		if (copy_to_user(list, c->groups, c->ngroups * sizeof(u32)))
			return -EFAULT;
	}
	return (long)c->ngroups;
}

/* Linux keeps the list sorted, and getgroups shows it so. */
static void set_groups(struct cred *c, const gid_t *groups, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u32 at = i;
		for (; at && c->groups[at - 1] > groups[i]; at--)
			c->groups[at] = c->groups[at - 1];
		c->groups[at] = groups[i];
	}
	c->ngroups = n;
}

long sys_setgroups(int n, const u32 __user *list)
{
	gid_t groups[NGROUPS_MAX];

	if (!capable())
		return -EPERM;
	if ((u32)n > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list, (u32)n * sizeof(u32)))
		return -EFAULT;
	set_groups(&current->cred, groups, (u32)n);
	return 0;
}

/* ---- capabilities: root has all, others none; they cannot be changed one by one ---- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u
#define CAP_LAST 40
#define CAP_ALL ((1ull << (CAP_LAST + 1)) - 1)

/* Check the header; the number of words a set has, or -errno. A wrong version is answered with the right one in the header. */
static int cap_words(u32 __user *header, bool *probe)
{
	u32 version;

	*probe = false;
	if (get_user_u32(&version, header))
		return -EFAULT;
	switch (version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	}
	if (put_user_u32(CAP_VERSION_3, header))
		return -EFAULT;
	*probe = true;
	return -EINVAL;
}

static void fill_caps(u32 data[6], const struct cred *c)
{
	u64 permitted = !c->uid || !c->euid || !c->suid ? CAP_ALL : 0, effective = c->euid ? 0 : CAP_ALL;

	for (u32 w = 0; w < 2; w++) {
		data[3 * w] = (u32)(effective >> (32 * w));
		data[3 * w + 1] = (u32)(permitted >> (32 * w));
		data[3 * w + 2] = 0;
	}
}

long sys_capget(u32 __user *header, u32 __user *data)
{
	u32 pid, out[6];
	bool probe;
	int words = cap_words(header, &probe);
	struct task *t;

	if (words < 0)
		return probe && !data ? 0 : words;
	if (get_user_u32(&pid, header + 1))
		return -EFAULT;
	if ((pid_t)pid < 0)
		return -EINVAL;
	t = pid ? get_task_by_pid((pid_t)pid) : get_task(current);
	if (!t)
		return -ESRCH;
	fill_caps(out, &t->cred);
	put_task(t);
	return data && copy_to_user(data, out, (u32)words * 12) ? -EFAULT : 0;
}

long sys_capset(u32 __user *header, const u32 __user *data)
{
	u32 pid, have[6], want[6] = { 0 };
	bool probe;
	int words = cap_words(header, &probe);

	if (words < 0)
		return words;
	if (get_user_u32(&pid, header + 1))
		return -EFAULT;
	if (pid && (pid_t)pid != current->pid)
		return -EPERM;
	if (copy_from_user(want, data, (u32)words * 12))
		return -EFAULT;
	fill_caps(have, &current->cred);
	return memcmp(want, have, (u32)words * 12) ? -EPERM : 0;
}

/* ---- 16-bit forms ---- */

static inline u32 wide_id(u32 id) { return (id & 0xffff) == 0xffff ? KEEP : id & 0xffff; }
static inline u16 narrow_id(u32 id) { return id > 0xffff ? 65534 : (u16)id; }

static int put_id16(u32 id, u16 __user *p)
{
	u16 v = narrow_id(id);

	return copy_to_user(p, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_getuid16(void) { return narrow_id(current->cred.uid); }
long sys_geteuid16(void) { return narrow_id(current->cred.euid); }
long sys_getgid16(void) { return narrow_id(current->cred.gid); }
long sys_getegid16(void) { return narrow_id(current->cred.egid); }
long sys_setuid16(u32 uid) { return sys_setuid(wide_id(uid)); }
long sys_setgid16(u32 gid) { return sys_setgid(wide_id(gid)); }
long sys_setreuid16(u32 ruid, u32 euid) { return sys_setreuid(wide_id(ruid), wide_id(euid)); }
long sys_setregid16(u32 rgid, u32 egid) { return sys_setregid(wide_id(rgid), wide_id(egid)); }
long sys_setresuid16(u32 ruid, u32 euid, u32 suid) { return sys_setresuid(wide_id(ruid), wide_id(euid), wide_id(suid)); }
long sys_setresgid16(u32 rgid, u32 egid, u32 sgid) { return sys_setresgid(wide_id(rgid), wide_id(egid), wide_id(sgid)); }
long sys_setfsuid16(u32 uid) { return narrow_id((u32)sys_setfsuid(wide_id(uid))); }
long sys_setfsgid16(u32 gid) { return narrow_id((u32)sys_setfsgid(wide_id(gid))); }

long sys_getresuid16(u16 __user *r, u16 __user *e, u16 __user *s)
{
	const struct cred *c = &current->cred;

	return put_id16(c->uid, r) || put_id16(c->euid, e) || put_id16(c->suid, s) ? -EFAULT : 0;
}

long sys_getresgid16(u16 __user *r, u16 __user *e, u16 __user *s)
{
	const struct cred *c = &current->cred;

	return put_id16(c->gid, r) || put_id16(c->egid, e) || put_id16(c->sgid, s) ? -EFAULT : 0;
}

long sys_getgroups16(int n, u16 __user *list)
{
	const struct cred *c = &current->cred;

	if (n < 0 || (n && (u32)n < c->ngroups))
		return -EINVAL;
	for (u32 i = 0; n && i < c->ngroups; i++) {
		if (put_id16(c->groups[i], list + i))
			return -EFAULT;
	}
	return (long)c->ngroups;
}

long sys_setgroups16(int n, const u16 __user *list)
{
	u16 narrow[NGROUPS_MAX];
	gid_t groups[NGROUPS_MAX];

	if (!capable())
		return -EPERM;
	if ((u32)n > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(narrow, list, (u32)n * sizeof(u16)))
		return -EFAULT;
	for (u32 i = 0; i < (u32)n; i++)
		groups[i] = wide_id(narrow[i]);
	set_groups(&current->cred, groups, (u32)n);
	return 0;
}
