/*
 * The stack frames of signal handlers and the way back from them, exactly as Linux i386 lays them out
 * (arch/x86/include/uapi/asm/sigcontext.h, arch/x86/include/asm/sigframe.h): programs, debuggers and unwinders know these layouts.
 */
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/process/siginfo.h"
#include "kernel/process/vdso.h"
#include "kernel/syscall/calls.h"

struct sigcontext {
	u32 gs, fs, es, ds; /* 16 bits each and padding */
	u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
	u32 trapno, err, eip, cs, eflags, esp_at_signal, ss;
	u32 fpstate; /* user address or 0 */
	u32 oldmask, cr2;
};
static_assert(sizeof(struct sigcontext) == 88, "ABI");

/* struct _fpstate_32: the old FSAVE image, then, when magic is 0, the FXSAVE image. */
struct fpstate {
	u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
	u8 st[8][10];
	u16 status, magic;
	u8 fx[512];
};
static_assert(sizeof(struct fpstate) == 624, "ABI");
#define FPSTATE_LEGACY 112u

struct sigaltstack_user { u32 sp, flags, size; };

struct sigframe {
	u32 pretcode, sig;
	struct sigcontext sc;
	struct fpstate fpstate_unused;
	u32 extramask;
	u8 retcode[8];
};
struct ucontext {
	u32 flags, link;
	struct sigaltstack_user stack;
	struct sigcontext mcontext;
	u64 sigmask;
};
struct rt_sigframe {
	u32 pretcode, sig, pinfo, puc;
	struct siginfo_user info;
	struct ucontext uc;
	u8 retcode[8];
};
static_assert(sizeof(struct rt_sigframe) == 4 * 4 + 128 + 116 + 8, "ABI");

#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048u
#define FX_MXCSR 24 /* offsets in the FXSAVE image */
#define FX_MXCSR_MASK 28
#define MXCSR_MASK_DEFAULT 0xffbfu

/* ---- FPU state ---- */

/* FXSAVE keeps one bit a register, FSAVE two that describe its value (Intel SDM volume 1, 8.1.7 and 10.5.1.1). */
static u32 fx_to_fsave_tag(const u8 *fx)
{
	u32 tag = 0, top = *(const u16 *)(fx + 2) >> 11 & 7, valid = fx[4];

	for (u32 i = 0; i < 8; i++) {
		u32 t = 3;
		if (valid >> i & 1) {
			const u8 *st = fx + 32 + ((i - top) & 7) * 16;
			u32 exp = *(const u16 *)(st + 8) & 0x7fff, hi = *(const u32 *)(st + 4), lo = *(const u32 *)st;
			if (exp == 0x7fff)
				t = 2;
			else if (!exp)
				t = hi | lo ? 2 : 1;
			else
				t = hi >> 31 ? 0 : 2;
		}
		tag |= t << (2 * i);
	}
	return tag | 0xffff0000;
}

static u8 fsave_to_fx_tag(u32 tag)
{
	u8 fx = 0;

	for (u32 i = 0; i < 8; i++)
		fx |= (u8)((tag >> (2 * i) & 3) != 3) << i;
	return fx;
}

static int save_fpu(struct fpstate __user *user)
{
	struct task *t = current;
	u8 fx[512] __aligned(16); /* apart: a fault below may switch tasks, and that saves the registers to t->fpu */
	u32 env[7];

	irq_disable();
	if (this_cpu()->fpu_owner == t)
		fpu_save(t->fpu);
	memcpy(fx, t->fpu, sizeof(fx));
	irq_enable();
	env[0] = *(u16 *)fx | 0xffff0000;
	env[1] = *(u16 *)(fx + 2) | 0xffff0000;
	env[2] = fx_to_fsave_tag(fx);
	env[3] = *(u32 *)(fx + 8);
	env[4] = *(u16 *)(fx + 12) | (u32)*(u16 *)(fx + 6) << 16;
	env[5] = *(u32 *)(fx + 16);
	env[6] = *(u16 *)(fx + 20) | 0xffff0000;
	if (copy_to_user(user, env, sizeof(env)))
		return -EFAULT;
	for (u32 i = 0; i < 8; i++) {
		if (copy_to_user(&user->st[i], fx + 32 + 16 * i, 10))
			return -EFAULT;
	}
	/* status word; magic 0: the FXSAVE image follows */
	if (put_user_u32(*(u16 *)(fx + 2), (u32 *)&user->status))
		return -EFAULT;
	return copy_to_user(user->fx, fx, 512) ? -EFAULT : 0;
}

/* Read in apart first: a fault in the middle may switch tasks, and that saves the registers to t->fpu. */
static int restore_fpu(const struct fpstate __user *user)
{
	struct task *t = current;
	u8 fx[512] __aligned(16), st[8][10];
	u32 env[7], mask = *(u32 *)(init_task.fpu + FX_MXCSR_MASK); /* saved there once by process_init */
	int e = 0;

	if (!user) {
		fpu_init_state(fx);
	} else if (copy_from_user(fx, user->fx, 512) || copy_from_user(env, user, sizeof(env)) || copy_from_user(st, user->st, sizeof(st))) {
		fpu_init_state(fx);
		e = -EFAULT;
	} else {
		/* The old part counts, as in Linux: programs change it. */
		*(u16 *)fx = (u16)env[0];
		*(u16 *)(fx + 2) = (u16)env[1];
		fx[4] = fsave_to_fx_tag(env[2]);
		fx[5] = 0;
		for (u32 i = 0; i < 8; i++)
			memcpy(fx + 32 + 16 * i, st[i], 10);
	}
	*(u32 *)(fx + FX_MXCSR) &= mask ? mask : MXCSR_MASK_DEFAULT; /* reserved bits would fault (Intel SDM volume 1, 11.6.6) */
	irq_disable();
	memcpy(t->fpu, fx, sizeof(fx));
	sched_fpu_load(t);
	irq_enable();
	return e;
}

/* ---- building ---- */

static bool on_altstack(const struct task *t, u32 sp) { return sp > t->sas_ss_sp && sp - t->sas_ss_sp <= t->sas_ss_size; }

/* Room for a frame of `size` bytes and the FPU state above it; 0: the alternate stack would overflow. */
static u32 frame_place(const struct regs *r, const struct k_sigaction *ka, u32 size, struct fpstate __user **fp)
{
	struct task *t = current;
	u32 sp = r->esp;
	bool inside = t->sas_ss_size && on_altstack(t, sp);

	if ((ka->flags & SA_ONSTACK) && t->sas_ss_size && (!inside || (t->sas_ss_flags & SS_AUTODISARM)))
		sp = t->sas_ss_sp + t->sas_ss_size;
	else if (inside && !(sp - t->sas_ss_sp > size + sizeof(struct fpstate) + 80))
		return 0;
	sp = ((sp - 512) & ~63u) - FPSTATE_LEGACY;
	*fp = (struct fpstate *)sp;
	return ((sp - size + 4) & ~15u) - 4; /* esp + 4 is 16-byte aligned at function entry */
}

static void fill_context(struct sigcontext *sc, const struct regs *r, u64 oldmask, const struct siginfo_k *info, struct fpstate __user *fp)
{
	bool fault = r->vector < VECTOR_IRQ_BASE;

	*sc = (struct sigcontext){
		.gs = read_user_gs(), .fs = r->fs & 0xffff, .es = r->es & 0xffff, .ds = r->ds & 0xffff,
		.edi = r->edi, .esi = r->esi, .ebp = r->ebp, .esp = r->esp, .ebx = r->ebx, .edx = r->edx, .ecx = r->ecx, .eax = r->eax,
		.trapno = fault ? r->vector : 0, .err = fault ? r->orig_eax : 0,
		.eip = r->eip, .cs = r->cs & 0xffff, .eflags = r->eflags, .esp_at_signal = r->esp, .ss = r->ss & 0xffff,
		.fpstate = (u32)fp, .oldmask = (u32)oldmask,
		.cr2 = fault && r->vector == 14 ? info->addr_or_value : 0,
	};
}

static void enter_handler(struct regs *r, const struct k_sigaction *ka, u32 sp, u32 eax, u32 edx, u32 ecx)
{
	r->esp = sp;
	r->eip = ka->handler;
	r->eax = eax;
	r->edx = edx;
	r->ecx = ecx;
	r->ds = r->es = r->ss = USER_DS;
	r->cs = USER_CS;
	r->eflags &= ~(EFLAGS_DF | EFLAGS_TF | BIT(16)); /* RF too */
	r->orig_eax = ~0u; /* the interrupted call has been dealt with */
}

/* Where the handler returns to: what the program named, the vDSO's trampoline, or, without a vDSO, that in the frame. */
static u32 way_back(const struct k_sigaction *ka, u32 offset, const u8 __user *retcode)
{
	u32 vdso = vdso_address(current->mm, offset);

	return ka->flags & SA_RESTORER ? ka->restorer : vdso ? vdso : (u32)retcode;
}

static int setup_frame(struct regs *r, const struct k_sigaction *ka, const struct siginfo_k *info, u64 oldmask)
{
	static const u8 retcode[8] = { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 }; /* pop eax; mov eax, sigreturn; int 0x80 */
	struct fpstate __user *fp;
	u32 sp = frame_place(r, ka, sizeof(struct sigframe), &fp);
	struct sigframe __user *f = (struct sigframe *)sp;
	struct sigcontext sc;
	u32 head[2];

	if (!sp || !access_ok(f, sizeof(*f)) || save_fpu(fp))
		return -EFAULT;
	fill_context(&sc, r, oldmask, info, fp);
	head[0] = way_back(ka, vdso_offsets.sigreturn, f->retcode);
	head[1] = (u32)info->signo;
	if (copy_to_user(f, head, sizeof(head)) || copy_to_user(&f->sc, &sc, sizeof(sc)) || put_user_u32((u32)(oldmask >> 32), &f->extramask) ||
	    copy_to_user(f->retcode, retcode, sizeof(retcode)))
		return -EFAULT;
	enter_handler(r, ka, sp, (u32)info->signo, 0, 0);
	return 0;
}

static int setup_rt_frame(struct regs *r, const struct k_sigaction *ka, const struct siginfo_k *info, u64 oldmask)
{
	static const u8 retcode[8] = { 0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0 }; /* mov eax, rt_sigreturn; int 0x80 */
	struct task *t = current;
	struct fpstate __user *fp;
	u32 sp = frame_place(r, ka, sizeof(struct rt_sigframe), &fp);
	struct rt_sigframe __user *user = (struct rt_sigframe *)sp;
	struct rt_sigframe f;

	if (!sp || !access_ok(user, sizeof(f)) || save_fpu(fp))
		return -EFAULT;
	memset(&f, 0, sizeof(f));
	f.pretcode = way_back(ka, vdso_offsets.rt_sigreturn, user->retcode);
	f.sig = (u32)info->signo;
	f.pinfo = (u32)&user->info;
	f.puc = (u32)&user->uc;
	siginfo_to_user(&f.info, info);
	f.uc.stack = (struct sigaltstack_user){ t->sas_ss_sp, t->sas_ss_flags & SS_AUTODISARM, t->sas_ss_size };
	if (!t->sas_ss_size)
		f.uc.stack.flags = SS_DISABLE;
	else if (on_altstack(t, r->esp))
		f.uc.stack.flags |= SS_ONSTACK;
	fill_context(&f.uc.mcontext, r, oldmask, info, fp);
	f.uc.sigmask = oldmask;
	memcpy(f.retcode, retcode, sizeof(retcode));
	if (copy_to_user(user, &f, sizeof(f)))
		return -EFAULT;
	enter_handler(r, ka, sp, (u32)info->signo, f.pinfo, f.puc);
	return 0;
}

int setup_signal_frame(struct regs *r, const struct k_sigaction *ka, const struct siginfo_k *info, u64 oldmask)
{
	struct task *t = current;
	int e = ka->flags & SA_SIGINFO ? setup_rt_frame(r, ka, info, oldmask) : setup_frame(r, ka, info, oldmask);

	if (!e && (t->sas_ss_flags & SS_AUTODISARM)) /* in force again when an rt frame is returned from */
		t->sas_ss_sp = t->sas_ss_size = t->sas_ss_flags = 0;
	return e;
}

/* ---- the way back ---- */

/* Take over the registers of a frame as far as a program may set them. */
static int restore_context(struct regs *r, const struct sigcontext *sc)
{
	struct task *t = current;

	if ((sc->cs & 0xffff) != USER_CS || (sc->ss & 0xffff) != USER_DS)
		return -EFAULT;
	r->ebx = sc->ebx;
	r->ecx = sc->ecx;
	r->edx = sc->edx;
	r->esi = sc->esi;
	r->edi = sc->edi;
	r->ebp = sc->ebp;
	r->eax = sc->eax;
	r->eip = sc->eip;
	r->esp = sc->esp;
	r->ds = sanitize_selector(sc->ds, t->tls);
	r->es = sanitize_selector(sc->es, t->tls);
	r->fs = sanitize_selector(sc->fs, t->tls);
	r->eflags = (r->eflags & ~EFLAGS_USER) | (sc->eflags & EFLAGS_USER);
	r->orig_eax = ~0u;
	if ((sc->gs & 0xffff) != read_user_gs()) {
		t->user_gs = sc->gs & 0xffff;
		sched_reload_segments();
	}
	return restore_fpu((const struct fpstate *)sc->fpstate);
}

static long bad_frame(void)
{
	force_signal(SIGSEGV, SI_KERNEL, 0);
	return 0;
}

/* The handler's ret took pretcode off the stack, the trampoline's pop the signal number. */
long sys_sigreturn(void)
{
	struct regs *r = task_regs(current);
	struct sigframe __user *f = (struct sigframe *)(r->esp - 8);
	struct sigcontext sc;
	u32 high;

	current->restart.fn = NULL;
	if (copy_from_user(&sc, &f->sc, sizeof(sc)) || get_user_u32(&high, &f->extramask))
		return bad_frame();
	set_current_blocked((u64)high << 32 | sc.oldmask);
	if (restore_context(r, &sc))
		return bad_frame();
	return (long)r->eax;
}

long sys_rt_sigreturn(void)
{
	struct regs *r = task_regs(current);
	struct rt_sigframe __user *f = (struct rt_sigframe *)(r->esp - 4);
	struct ucontext uc;

	current->restart.fn = NULL;
	if (copy_from_user(&uc, &f->uc, sizeof(uc)))
		return bad_frame();
	set_current_blocked(uc.sigmask);
	if (restore_context(r, &uc.mcontext))
		return bad_frame();
	if (!on_altstack(current, r->esp)) {
		current->sas_ss_sp = uc.stack.sp;
		current->sas_ss_size = uc.stack.flags & SS_DISABLE ? 0 : uc.stack.size;
		current->sas_ss_flags = uc.stack.flags & SS_AUTODISARM;
	}
	return (long)r->eax;
}

long sys_sigaltstack(const struct sigaltstack_user __user *new, struct sigaltstack_user __user *old)
{
	struct task *t = current;
	struct sigaltstack_user ss, was = { t->sas_ss_sp, t->sas_ss_flags, t->sas_ss_size };
	bool on = t->sas_ss_size && on_altstack(t, task_regs(t)->esp);
	u32 mode;

	if (!t->sas_ss_size)
		was.flags |= SS_DISABLE;
	else if (on)
		was.flags |= SS_ONSTACK;
	if (new) {
		if (copy_from_user(&ss, new, sizeof(ss)))
			return -EFAULT;
		if (on && !(t->sas_ss_flags & SS_AUTODISARM))
			return -EPERM;
		mode = ss.flags & ~SS_AUTODISARM;
		if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
			return -EINVAL;
		if (mode == SS_DISABLE)
			ss.sp = ss.size = 0;
		else if (ss.size < MINSIGSTKSZ)
			return -ENOMEM;
		t->sas_ss_sp = ss.sp;
		t->sas_ss_size = ss.size;
		t->sas_ss_flags = ss.flags & SS_AUTODISARM;
	}
	return old && copy_to_user(old, &was, sizeof(was)) ? -EFAULT : 0;
}
