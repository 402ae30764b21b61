/*
 * The strings of an execve: name of the file, environment, arguments. They are copied out of the old program into pages that lie as the top
 * of the new stack will, growing downwards; #! lines push more on top of them.
 */
#include "io/contract/filesystem.h"
#include "kernel/hal/uaccess.h"
#include "kernel/process/internal.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define MAX_SCRIPT_DEPTH 5
#define MAX_ARG_STRLEN (128u << 10)
#define NR_ARG_PAGES ((STACK_TOP - BINPRM_PAGE_BASE) / PAGE_SIZE)

static int read_head(struct binprm *b)
{
	loff_t pos = 0;
	ssize_t n;

	memset(b->head, 0, sizeof(b->head));
	n = kernel_read(b->file, b->head, sizeof(b->head), &pos);
	return n < 0 ? (int)n : 0;
}

/* ---- argument strings ---- */

/* Bytes at p in the pages under construction; len stays within a page. */
void *binprm_arg_at(struct binprm *b, u32 addr)
{
	u32 i = (addr - BINPRM_PAGE_BASE) >> PAGE_SHIFT;

	if (!b->pages[i])
		b->pages[i] = alloc_page(GFP_USER | GFP_ZERO);
	return b->pages[i] ? (u8 *)page_address(b->pages[i]) + (addr & ~PAGE_MASK) : NULL;
}

/* Push len bytes below what is there already. */
static int push_bytes(struct binprm *b, const void *src, u32 len, bool user)
{
	u32 done = 0;

	if (b->p - b->limit < len)
		return -E2BIG;
	b->p -= len;
	b->lowest = min(b->lowest, b->p);
	while (done < len) {
		u32 at = b->p + done, n = min(len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		void *dst = binprm_arg_at(b, at);
		if (!dst)
			return -ENOMEM;
		if (!user)
			memcpy(dst, (const u8 *)src + done, n);
		else if (copy_from_user(dst, (const u8 *)src + done, n))
			return -EFAULT;
		done += n;
	}
	return 0;
}

static int push_string(struct binprm *b, const char *s) { return push_bytes(b, s, (u32)strlen(s) + 1, false); }

/* Vector element i, of user or kernel memory. */
static int vector_get(const void *vector, u32 i, bool kernel, u32 *out)
{
	if (kernel) {
		*out = (u32)((const char *const *)vector)[i];
		return 0;
	}
	return get_user_u32(out, (const u32 *)vector + i);
}

static int count_vector(const void *vector, bool kernel, u32 *count)
{
	u32 n = 0, s;

	if (!vector) {
		*count = 0;
		return 0;
	}
	for (;; n++) {
		if (vector_get(vector, n, kernel, &s))
			return -EFAULT;
		if (!s)
			break;
		if (n >= (STACK_TOP - BINPRM_PAGE_BASE) / 8)
			return -E2BIG;
		if (!(n & 255)) {
			if (current->pending_set & sigmask_of(SIGKILL))
				return -ERESTARTNOHAND;
			cond_resched();
		}
	}
	*count = n;
	return 0;
}

/* The last one first, so that they lie in order. A string that another thread changes meanwhile is still terminated. */
static int push_vector(struct binprm *b, const void *vector, u32 n, bool kernel)
{
	while (n--) {
		u32 s;
		size_t len;
		int e;

		if (vector_get(vector, n, kernel, &s))
			return -EFAULT;
		if (!s)
			return -EFAULT;
		len = kernel ? strlen((const char *)s) + 1 : strnlen_user((const char __user *)s, MAX_ARG_STRLEN);
		if (!len)
			return -EFAULT;
		if (len > MAX_ARG_STRLEN)
			return -E2BIG;
		e = push_bytes(b, (const void *)s, (u32)len, !kernel);
		if (e)
			return e;
		*(u8 *)binprm_arg_at(b, b->p + (u32)len - 1) = 0;
	}
	return 0;
}

/* A quarter of the stack limit, at least 128 KiB, is for strings and their pointers. */
static void set_limit(struct binprm *b)
{
	u64 room = rlimit(RLIMIT_STACK) >> 2;
	u32 vectors = (b->argc + b->envc) * 4, most = STACK_TOP - BINPRM_PAGE_BASE - PAGE_SIZE;
	u32 r = room > most ? most : max((u32)room, MAX_ARG_STRLEN);

	b->limit = STACK_TOP - (r > vectors ? r - vectors : 0);
}

int binprm_collect(struct binprm *b, const void *argv, const void *envp, bool kernel)
{
	int e;

	b->pages = kzalloc(NR_ARG_PAGES * sizeof(struct page *), GFP_KERNEL);
	if (!b->pages)
		return -ENOMEM;
	b->p = b->lowest = STACK_TOP - 4;
	e = count_vector(argv, kernel, &b->argc);
	if (!e)
		e = count_vector(envp, kernel, &b->envc);
	if (e)
		return e;
	set_limit(b);
	e = push_string(b, b->filename);
	b->exec_p = b->p;
	if (!e)
		e = push_vector(b, envp, b->envc, kernel);
	if (!e)
		e = push_vector(b, argv, b->argc, kernel);
	if (!e && !b->argc) { /* no argv[0]: Linux gives an empty one */
		e = push_string(b, "");
		b->argc = 1;
	}
	return e;
}

/* ---- #! ---- */

static inline bool blank(u8 c) { return c == ' ' || c == '\t'; }

/* Cut "#! interpreter [argument]" out of the head; name and argument point into it. */
static int parse_script(struct binprm *b, char **name, char **arg)
{
	char *s = (char *)b->head + 2, *end = (char *)b->head + BINPRM_HEAD - 1, *nl;

	b->head[BINPRM_HEAD - 1] = 0;
	nl = strchr(s, '\n');
	if (!nl) {
		/* No line end among the first bytes: the name must at least be complete. */
		nl = s;
		while (nl < end && blank((u8)*nl))
			nl++;
		while (nl < end && *nl && !blank((u8)*nl))
			nl++;
		if (nl == end)
			return -ENOEXEC;
		nl += strlen(nl);
	}
	*nl = 0;
	while (nl > s && blank((u8)nl[-1]))
		*--nl = 0;
	while (blank((u8)*s))
		s++;
	if (!*s)
		return -ENOEXEC;
	*name = s;
	while (*s && !blank((u8)*s))
		s++;
	*arg = NULL;
	if (*s) {
		*s++ = 0;
		while (blank((u8)*s))
			s++;
		if (*s)
			*arg = s;
	}
	return 0;
}

/* argv[0] goes; script name, optional argument and interpreter come before the rest. Returns the interpreter's file. */
static struct file *enter_script(struct binprm *b, const char *script)
{
	char *name, *arg, *copy;
	struct file *f;
	u8 *c;
	int e = parse_script(b, &name, &arg);

	if (e)
		return ERR_PTR(e);
	do {
		c = binprm_arg_at(b, b->p++);
		if (!c)
			return ERR_PTR(-ENOMEM);
	} while (*c);
	e = push_string(b, script);
	if (!e && arg) {
		e = push_string(b, arg);
		b->argc++;
	}
	if (!e)
		e = push_string(b, name);
	b->argc++;
	if (e)
		return ERR_PTR(e);
	f = exec_file_open(AT_FDCWD, name, 0);
	if (IS_ERR(f))
		return f;
	copy = kstrdup(name, GFP_KERNEL);
	if (!copy) {
		exec_file_put(f);
		return ERR_PTR(-ENOMEM);
	}
	kfree(b->interp);
	b->interp = copy;
	return f;
}

int binprm_follow_scripts(struct binprm *b)
{
	int e = read_head(b), depth = 0;

	while (!e && b->head[0] == '#' && b->head[1] == '!') {
		struct file *f;
		if (depth++ == MAX_SCRIPT_DEPTH)
			return -ELOOP;
		if (b->fd_closes)
			return -ENOENT;
		f = enter_script(b, b->interp ? b->interp : b->filename);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
		exec_file_put(b->file);
		b->file = f;
		e = read_head(b);
	}
	return e;
}

void binprm_free(struct binprm *b)
{
	for (u32 i = b->pages ? (b->lowest - BINPRM_PAGE_BASE) >> PAGE_SHIFT : NR_ARG_PAGES; i < NR_ARG_PAGES; i++) {
		if (b->pages[i])
			put_page(b->pages[i]);
	}
	kfree(b->pages);
	if (!IS_ERR_OR_NULL(b->file))
		exec_file_put(b->file);
	if (b->mm)
		mm_put(b->mm);
	kfree(b->interp);
	kfree(b->fd_name);
	kfree(b);
}
