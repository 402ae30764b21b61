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
#include "kernel/process/vdso.h"
#include "kernel/syscall/posix_timer.h"
#include "kernel/uapi/mman.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define INITIAL_STACK (128u << 10) /* room below the strings; it grows by faults */

/* ---- the file ---- */

struct file *exec_file_open(int dfd, const char *path, int flags)
{
	u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct path p;
	int e = path_lookup_at(dfd, path, lookup, &p);

	if (e)
		return ERR_PTR(e);
	struct file *f = dentry_open_exec(&p);
	path_put(&p);
	if (IS_ERR(f))
		return f;
	e = f->ops->mmap && f->ops->read_iter ? deny_write_access(f) : -EACCES;
	if (!e)
		return f;
	fput(f);
	return ERR_PTR(e);
}

void exec_file_put(void *file)
{
	allow_write_access(file);
	fput(file);
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
		void *src = binprm_arg_at(b, at);
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
	if (!old)
		sched_fpu_load(t); /* a kernel thread had not owned the registers, and user copies use them */
	irq_enable();
	spin_unlock_bh(&tasklist_lock);
	if (old)
		mm_put(old);
	else if (active)
		mm_drop(active); /* a kernel thread had borrowed it */
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
	sched_fpu_load(t);
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
	if (!e)
		e = vdso_map(b->mm);
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
	b->fd_closes = fd_cloexec(dfd, -1) > 0;
	return 0;
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
	e = IS_ERR(b->file) ? (int)PTR_ERR(b->file) : binprm_collect(b, argv, envp, kernel_args);
	if (!e)
		e = binprm_follow_scripts(b);
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
	posix_timers_delete(current);
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
