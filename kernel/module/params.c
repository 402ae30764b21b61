/*
 * Parameters of modules: the words behind the file at insmod, and the files in /sys/module/NAME/parameters. Each kind has a set and a get
 * (struct kernel_param_ops), as in Linux; a driver may bring its own (module_param_cb). All of them run with param_lock held.
 */
#include "kernel/debug/printk.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/module/internal.h"
#include "kernel/uapi/errno.h"
#include "mm/alloc.h"

DEFINE_MUTEX_RANK(param_lock, RANK_PARAM);

/* ---- numbers ---- */

/* A signed or unsigned number within [low, high]. 0, -EINVAL, -ERANGE. */
static int parse_number(const char *val, s64 low, u64 high, u64 *out)
{
	bool minus;
	int error;

	if (!val)
		return -EINVAL;
	minus = *val == '-';
	error = kstrtou64(val + (minus || *val == '+'), 0, out);
	if (error)
		return error;
	if (minus ? *out > (u64)-low : *out > high)
		return -ERANGE;
	if (minus)
		*out = -*out;
	return 0;
}

#define NUMBER_PARAM(name, type, low, high, format, shown) \
	static int set_##name(const char *val, const struct kernel_param *kp) \
	{ \
		u64 v; \
		int error = parse_number(val, low, high, &v); \
		if (!error) \
			*(type *)kp->arg = (type)v; \
		return error; \
	} \
	static int get_##name(char *buffer, const struct kernel_param *kp) \
	{ \
		return kscnprintf(buffer, PARAM_TEXT_MAX, format "\n", (shown)*(type *)kp->arg); \
	} \
	const struct kernel_param_ops param_ops_##name = { .set = set_##name, .get = get_##name }

NUMBER_PARAM(byte, u8, 0, 0xff, "%u", u32);
NUMBER_PARAM(short, s16, INT16_MIN, INT16_MAX, "%d", s32);
NUMBER_PARAM(ushort, u16, 0, 0xffff, "%u", u32);
NUMBER_PARAM(int, s32, INT32_MIN, INT32_MAX, "%d", s32);
NUMBER_PARAM(uint, u32, 0, UINT32_MAX, "%u", u32);
NUMBER_PARAM(long, long, INT32_MIN, INT32_MAX, "%ld", long);
NUMBER_PARAM(ulong, unsigned long, 0, UINT32_MAX, "%lu", unsigned long);
NUMBER_PARAM(ullong, u64, 0, UINT64_MAX, "%llu", u64);
NUMBER_PARAM(hexint, u32, 0, UINT32_MAX, "%#08x", u32);

/* ---- words ---- */

/* y, Y, 1, on; n, N, 0, off; nothing: true. */
static int parse_bool(const char *val, bool *out)
{
	if (!val || *val == 'y' || *val == 'Y' || *val == '1')
		*out = true;
	else if (*val == 'n' || *val == 'N' || *val == '0')
		*out = false;
	else if ((*val == 'o' || *val == 'O') && (val[1] == 'n' || val[1] == 'N' || val[1] == 'f' || val[1] == 'F'))
		*out = val[1] == 'n' || val[1] == 'N';
	else
		return -EINVAL;
	return 0;
}

static int set_bool(const char *val, const struct kernel_param *kp)
{
	return parse_bool(val, kp->arg);
}

static int set_invbool(const char *val, const struct kernel_param *kp)
{
	bool v;
	int error = parse_bool(val, &v);

	if (!error)
		*(bool *)kp->arg = !v;
	return error;
}

static int get_bool(char *buffer, const struct kernel_param *kp)
{
	return kscnprintf(buffer, PARAM_TEXT_MAX, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

static int get_invbool(char *buffer, const struct kernel_param *kp)
{
	return kscnprintf(buffer, PARAM_TEXT_MAX, "%c\n", *(bool *)kp->arg ? 'N' : 'Y');
}

const struct kernel_param_ops param_ops_bool = { .flags = KERNEL_PARAM_OPS_FL_NOARG, .set = set_bool, .get = get_bool };
const struct kernel_param_ops param_ops_invbool = { .set = set_invbool, .get = get_invbool };

/*
 * A char pointer: the text is copied; the first one, which the module brought along, is not freed. A copy is told from it by where it lies:
 * the module's own memory is in the vmalloc range.
 */
#define CHARP_MAX 1024

static void free_charp(void *arg)
{
	char **p = arg;

	if (*p && (u32)*p < DIRECT_MAP_END)
		kfree(*p);
	*p = NULL;
}

static int set_charp(const char *val, const struct kernel_param *kp)
{
	char *copy;

	if (!val)
		return -EINVAL;
	if (strlen(val) > CHARP_MAX)
		return -ENOSPC;
	copy = kstrdup(val, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	free_charp(kp->arg);
	*(char **)kp->arg = copy;
	return 0;
}

static int get_charp(char *buffer, const struct kernel_param *kp)
{
	const char *text = *(char **)kp->arg;

	return kscnprintf(buffer, PARAM_TEXT_MAX, "%s\n", text ? text : "(null)");
}

const struct kernel_param_ops param_ops_charp = { .set = set_charp, .get = get_charp, .free = free_charp };

/* A char array of the module's (module_param_string). */
static int set_string(const char *val, const struct kernel_param *kp)
{
	if (!val)
		return -EINVAL;
	if (strlen(val) + 1 > kp->str->maxlen)
		return -ENOSPC;
	strscpy(kp->str->string, val, kp->str->maxlen);
	return 0;
}

static int get_string(char *buffer, const struct kernel_param *kp)
{
	return kscnprintf(buffer, PARAM_TEXT_MAX, "%s\n", kp->str->string);
}

const struct kernel_param_ops param_ops_string = { .set = set_string, .get = get_string };

/* ---- arrays: values with commas in between ---- */

static int set_array(const char *val, const struct kernel_param *kp)
{
	const struct kparam_array *a = kp->arr;
	struct kernel_param element = *kp;
	char *copy, *at, *comma;
	u32 n = 0;
	int error = 0;

	if (!val)
		return -EINVAL;
	copy = at = kstrdup(val, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	do {
		comma = strchr(at, ',');
		if (comma)
			*comma = 0;
		if (n == a->max) {
			error = -EINVAL;
			break;
		}
		element.arg = (u8 *)a->elem + n++ * a->elemsize;
		error = a->ops->set(at, &element);
		at = comma + 1;
	} while (comma && !error);
	kfree(copy);
	if (!error && a->num)
		*a->num = n;
	return error;
}

static int get_array(char *buffer, const struct kernel_param *kp)
{
	const struct kparam_array *a = kp->arr;
	struct kernel_param element = *kp;
	u32 n = a->num ? min(*a->num, a->max) : a->max;
	char *one = kmalloc(PARAM_TEXT_MAX, GFP_KERNEL);
	int len = 0;

	if (!one)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++) {
		element.arg = (u8 *)a->elem + i * a->elemsize;
		int got = a->ops->get(one, &element);

		if (got < 0) {
			len = got;
			break;
		}
		while (got && one[got - 1] == '\n')
			got--;
		len += kscnprintf(buffer + len, PARAM_TEXT_MAX - (u32)len, "%s%.*s", i ? "," : "", got, one);
	}
	kfree(one);
	return len < 0 ? len : len + kscnprintf(buffer + len, PARAM_TEXT_MAX - (u32)len, "\n");
}

static void free_array(void *arg)
{
	const struct kparam_array *a = arg;

	for (u32 i = 0; a->ops->free && i < (a->num ? min(*a->num, a->max) : a->max); i++)
		a->ops->free((u8 *)a->elem + i * a->elemsize);
}

const struct kernel_param_ops param_array_ops = { .set = set_array, .get = get_array, .free = free_array };

/* ---- the words at insmod ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/* '-' and '_' are the same in names. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

/* Cut the next word off: name, and value behind '=' without its quotes ("..." keeps spaces). Returns what follows. */
static char *next_word(char *at, char **name, char **value)
{
	bool quoted = false;
	char *out;

	*value = NULL;
	*name = out = at;
	for (; *at && (quoted || !is_space(*at)); at++) {
		if (*at == '"') {
			quoted = !quoted;
			continue;
		}
		if (*at == '=' && !*value) {
			*out++ = 0;
			*value = out;
			continue;
		}
		*out++ = *at;
	}
	if (*at)
		at++;
	*out = 0;
	return at;
}

static int set_param(struct module *m, const char *name, const char *value)
{
	for (u32 i = 0; i < m->nr_params; i++) {
		const struct kernel_param *p = &m->params[i];
		int error;

		if (!same_name(p->name, name))
			continue;
		if (!value && !(p->ops->flags & KERNEL_PARAM_OPS_FL_NOARG))
			error = -EINVAL;
		else
			error = p->ops->set ? p->ops->set(value, p) : -EPERM;
		if (error)
			pr_err("%s: '%s' is not valid for parameter '%s': %pe\n", m->name, value ? value : "", name, ERR_PTR(error));
		return error;
	}
	pr_warn("%s: unknown parameter '%s' ignored\n", m->name, name);
	return 0;
}

int module_parse_args(struct module *m, char *args)
{
	char *name, *value;
	int error = 0;

	mutex_lock(&param_lock);
	while (!error) {
		while (is_space(*args))
			args++;
		if (!*args)
			break;
		args = next_word(args, &name, &value);
		error = set_param(m, name, value);
	}
	mutex_unlock(&param_lock);
	return error;
}

void module_free_params(struct module *m)
{
	for (u32 i = 0; i < m->nr_params; i++)
		if (m->params[i].ops->free)
			m->params[i].ops->free(m->params[i].arg);
}
