/*
 * execve: open the file, follow #! lines, collect arguments, then replace the program. Up to the point of no return (point_of_no_return)
 * every error goes back to the old program; after it an error ends the process with SIGKILL.
 */
#include "io/contract/filesystem.h"
#include "io/vfs/files.h"
#include "io/vfs/mount.h"
#include "io/vfs/namei.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/printf.h"
#include "kernel/process/internal.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define MAX_SCRIPT_DEPTH 5
#define MAX_ARG_STRLEN (128u << 10)
#define MAX_ARG_STRINGS 0x7fffffffu
#define INITIAL_STACK (128u << 10) /* room below the strings; it grows by faults */
#define NR_ARG_PAGES ((STACK_TOP - BINPRM_PAGE_BASE) / PAGE_SIZE)

/* ---- the file ---- */

struct file *exec_file_open(int dfd, const char *path, int flags)
{
	int open_flags = O_RDONLY | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
	struct file *f;
	int e;

	if (flags & AT_EMPTY_PATH && !*path) {
		f = fget_raw(dfd);
		if (!f)
			return ERR_PTR(-EBADF);
		struct file *again = dentry_open(&f->path, O_RDONLY);
		fput(f);
		f = again;
	} else {
		f = do_open_at(dfd, path, open_flags, 0);
	}
	if (IS_ERR(f))
		return f;
	e = -EACCES;
	if (!S_ISREG(f->inode->mode) || !f->ops->mmap || !f->ops->read_iter)
		goto fail;
	if (f->path.mnt && (f->path.mnt->flags & MNT_NOEXEC))
		goto fail;
	e = inode_permission(f->inode, MAY_EXEC);
	if (!e)
		e = deny_write_access(f);
	if (!e)
		return f;
fail:
	fput(f);
	return ERR_PTR(e);
}

void exec_file_put(void *file)
{
	allow_write_access(file);
	fput(file);
}

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
static void *arg_at(struct binprm *b, u32 addr)
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
	while (done < len) {
		u32 at = b->p + done, n = min(len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		void *dst = arg_at(b, at);
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
		*(u8 *)arg_at(b, b->p + (u32)len - 1) = 0;
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

static int collect_arguments(struct binprm *b, const void *argv, const void *envp, bool kernel)
{
	int e;

	b->pages = kzalloc(NR_ARG_PAGES * sizeof(struct page *), GFP_KERNEL);
	if (!b->pages)
		return -ENOMEM;
	e = count_vector(argv, kernel, &b->argc);
	if (!e)
		e = count_vector(envp, kernel, &b->envc);
	if (e)
		return e;
	b->p = STACK_TOP - 4;
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
		c = arg_at(b, b->p++);
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

static int follow_scripts(struct binprm *b)
{
	int e = read_head(b), depth = 0;

	while (!e && b->head[0] == '#' && b->head[1] == '!') {
		struct file *f;
		if (depth++ == MAX_SCRIPT_DEPTH)
			return -ELOOP;
		f = enter_script(b, b->interp ? b->interp : b->filename);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
		exec_file_put(b->file);
		b->file = f;
		e = read_head(b);
	}
	return e;
}

/* ---- identity ---- */

static void prepare_cred(struct binprm *b)
{
	const struct inode *i = b->file->inode;
	bool honour = !current->no_new_privs && !(b->file->path.mnt && (b->file->path.mnt->flags & MNT_NOSUID));

	b->cred = current->cred;
	if (honour && (i->mode & S_ISUID))
		b->cred.euid = i->uid;
	if (honour && (i->mode & S_ISGID) && (i->mode & 0010))
		b->cred.egid = i->gid;
	b->cred.suid = b->cred.fsuid = b->cred.euid;
	b->cred.sgid = b->cred.fsgid = b->cred.egid;
	b->secure = b->cred.euid != b->cred.uid || b->cred.egid != b->cred.gid;
}

/* ---- the new address space ---- */

/* Map the stack and put the strings where they will be. */
static int make_mm(struct binprm *b)
{
	u32 bottom = (b->p & PAGE_MASK) - INITIAL_STACK;
	long r;

	b->mm = mm_create();
	if (!b->mm)
		return -ENOMEM;
	b->mm->mmap_base = STACK_TOP - STACK_GAP;
	r = mm_map(b->mm, bottom, STACK_TOP - bottom, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
		   VM_READ | VM_WRITE | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_STACK, 0, NULL, NULL);
	if (r < 0 && r > -MAX_ERRNO)
		return (int)r;
	for (u32 at = b->p; at < STACK_TOP; at = (at & PAGE_MASK) + PAGE_SIZE) {
		u32 n = PAGE_SIZE - (at & ~PAGE_MASK);
		void *src = arg_at(b, at);
		if (!src || mm_access(b->mm, at, src, n, true) != n)
			return -ENOMEM;
	}
	return 0;
}

static void use_mm(struct binprm *b)
{
	struct task *t = current;
	struct mm *old = t->mm, *active = t->active_mm;

	if (old)
		mm_release(t);
	b->mm->exe_file = b->file;
	b->mm->exe_put = exec_file_put;
	spin_lock_bh(&tasklist_lock);
	irq_disable();
	t->mm = t->active_mm = b->mm;
	mm_switch(active, b->mm);
	irq_enable();
	spin_unlock_bh(&tasklist_lock);
	if (old)
		mm_put(old);
	else if (active)
		mm_drop(active); /* a kernel thread had borrowed it */
}

/* ---- threads ---- */

/* The calling thread takes the place of the leader, which is a zombie by now. tasklist_lock held; returns the old leader. */
static struct task *become_leader(struct task *t)
{
	struct task *old = t->leader, *c;
	pid_t mine = t->pid, tgid = old->pid;
	u32 flags;

	task_rehash(old, mine);
	task_rehash(t, tgid);
	t->parent = old->parent;
	list_splice_tail_init(&old->children, &t->children);
	list_for_each_entry(c, &t->children, sibling) {
		struct task *o;
		list_for_each_entry(o, &c->signal->threads, thread_node)
			o->parent = t;
	}
	list_add_tail(&t->sibling, &t->parent->children);
	t->exit_signal = SIGCHLD;
	t->start_ns = old->start_ns;
	t->leader = t;
	old->leader = t; /* an ordinary thread from now on */
	old->exit_signal = -1;
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (t->signal->itimer_task == old)
		t->signal->itimer_task = t;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return old;
}

/* End all other threads and wait until they are gone. -EAGAIN: the process is being ended by somebody else. */
static int end_other_threads(struct task *t)
{
	struct signal *s = t->signal;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	if (s->group_exit || s->exec_task) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return -EAGAIN;
	}
	if (list_is_singular(&s->threads)) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return 0;
	}
	s->exec_task = t;
	kill_other_threads_locked(t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	for (;;) {
		bool done;
		set_current_state(TASK_UNINTERRUPTIBLE);
		spin_lock_bh(&tasklist_lock);
		/* Left: this thread alone, or this one and the dead leader. */
		if (t->leader == t)
			done = list_is_singular(&s->threads);
		else
			done = t->leader->exit_state == TASK_ZOMBIE && s->threads.next->next->next == &s->threads;
		if (done)
			break;
		spin_unlock_bh(&tasklist_lock);
		schedule();
	}
	set_current_state(TASK_RUNNING);
	if (t->leader != t)
		release_task_unlock(become_leader(t));
	else
		spin_unlock_bh(&tasklist_lock);
	flags = spin_lock_irqsave(&t->sighand->lock);
	s->exec_task = NULL;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}

/* ---- the change ---- */

/* Handlers go back to the default, ignored signals stay ignored. The table must not be shared. */
static int reset_handlers(struct task *t)
{
	struct sighand *own = t->sighand;
	u32 flags;

	if (atomic_read(&own->refs) > 1) {
		struct sighand *old = own;
		own = sighand_create(old);
		if (!own)
			return -ENOMEM;
		spin_lock_bh(&tasklist_lock);
		flags = spin_lock_irqsave(&old->lock);
		t->sighand = own;
		spin_unlock_irqrestore(&old->lock, flags);
		spin_unlock_bh(&tasklist_lock);
		sighand_put(old);
	}
	flags = spin_lock_irqsave(&own->lock);
	for (u32 i = 0; i < ARRAY_SIZE(own->action); i++) {
		struct k_sigaction *ka = &own->action[i];
		*ka = (struct k_sigaction){ .handler = ka->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
	}
	spin_unlock_irqrestore(&own->lock, flags);
	return 0;
}

static int own_files(struct task *t)
{
	struct files *f;

	if (atomic_read(&t->files->refs) > 1) {
		struct files *old = t->files;
		f = files_dup(old);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
		spin_lock_bh(&tasklist_lock);
		t->files = f;
		spin_unlock_bh(&tasklist_lock);
		files_put(old);
	}
	return 0;
}

static void set_comm(struct task *t, const char *filename)
{
	const char *slash = strrchr(filename, '/');

	strscpy(t->comm, slash ? slash + 1 : filename, sizeof(t->comm));
}

static void fresh_cpu_state(struct task *t, struct regs *r, u32 start, u32 sp)
{
	memset(t->tls, 0, sizeof(t->tls));
	t->user_gs = 0;
	sched_reload_segments();
	fpu_init_state(t->fpu);
	irq_disable();
	fpu_restore(t->fpu);
	this_cpu()->fpu_owner = t;
	irq_enable();
	*r = (struct regs){ .ds = USER_DS, .es = USER_DS, .vector = VECTOR_SYSCALL, .orig_eax = ~0u, .eip = start, .cs = USER_CS,
			    .eflags = EFLAGS_IF | 2, .esp = sp, .ss = USER_DS };
}

/* Nothing can go back from here: returns 0, or an error after which the process has to die. */
static int replace_program(struct binprm *b, struct elf_plan *plan, struct regs *r)
{
	struct task *t = current;
	struct elf_image image;
	u32 sp;
	int e;

	use_mm(b);
	t->cred = b->cred;
	t->dumpable = !b->secure;
	if (b->secure)
		t->pdeath_signal = 0;
	t->sas_ss_sp = t->sas_ss_size = t->sas_ss_flags = 0;
	t->robust_list = NULL;
	t->clear_child_tid = NULL;
	t->did_exec = true;
	atomic_and(&t->flags, ~(PF_FORKNOEXEC | PF_VFORK | PF_KTHREAD));
	set_comm(t, b->filename);
	e = reset_handlers(t);
	if (e)
		return e;
	files_close_on_exec(t->files);
	e = elf_load(b, plan, &image);
	if (e)
		return e;
	sp = elf_create_stack(b, &image);
	if (!sp)
		return -EFAULT;
	fresh_cpu_state(t, r, image.start, sp);
	return 0;
}

/* What execveat calls the file when it was given by descriptor. */
static int set_name(struct binprm *b, int dfd, const char *path)
{
	size_t size = strlen(path) + 24;

	if (dfd == AT_FDCWD || path[0] == '/') {
		b->filename = path;
		return 0;
	}
	b->fd_name = kmalloc(size, GFP_KERNEL);
	if (!b->fd_name)
		return -ENOMEM;
	ksnprintf(b->fd_name, size, path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dfd, path);
	b->filename = b->fd_name;
	return 0;
}

static void binprm_free(struct binprm *b)
{
	if (b->pages) {
		for (u32 i = 0; i < NR_ARG_PAGES; i++) {
			if (b->pages[i])
				put_page(b->pages[i]);
		}
		kfree(b->pages);
	}
	if (!IS_ERR_OR_NULL(b->file))
		exec_file_put(b->file);
	if (b->mm)
		mm_put(b->mm);
	kfree(b->interp);
	kfree(b->fd_name);
	kfree(b);
}

int do_execve(struct regs *r, int dfd, const char *path, const void *argv, const void *envp, bool kernel_args, int flags)
{
	struct binprm *b = kzalloc(sizeof(*b), GFP_KERNEL);
	struct elf_plan *plan = NULL;
	int e;

	if (!b)
		return -ENOMEM;
	e = set_name(b, dfd, path);
	if (e)
		goto out;
	b->file = exec_file_open(dfd, path, flags);
	e = IS_ERR(b->file) ? (int)PTR_ERR(b->file) : collect_arguments(b, argv, envp, kernel_args);
	if (!e)
		e = follow_scripts(b);
	if (e)
		goto out;
	plan = elf_plan(b);
	if (IS_ERR(plan)) {
		e = (int)PTR_ERR(plan);
		plan = NULL;
		goto out;
	}
	prepare_cred(b);
	e = make_mm(b);
	if (!e)
		e = own_files(current);
	if (!e)
		e = end_other_threads(current);
	if (e)
		goto out;
	e = replace_program(b, plan, r);
	b->file = NULL; /* both belong to the task now */
	b->mm = NULL;
	if (e) {
		elf_plan_free(plan);
		binprm_free(b);
		do_group_exit(SIGKILL);
	}
out:
	if (plan)
		elf_plan_free(plan);
	binprm_free(b);
	return e;
}
