/* /proc/PID/stat and /proc/PID/status, in the formats of Linux's proc(5). */
#include "io/vfs/files.h"
#include "kernel/hal/regs.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/process/internal.h"
#include "mm/mm.h"

#define TICK_NS 10000000u /* 1/100 s, the unit of times in /proc */

/* What has to be read under tasklist_lock. */
struct snapshot {
	pid_t ppid, pgrp, session, tpgid;
	u32 tty_nr, threads;
	char state;
	bool ended;
	struct process_usage use;
};

static u32 encode_dev(kdev_t dev) { return (MINOR(dev) & 0xff) | MAJOR(dev) << 8 | (MINOR(dev) & ~0xffu) << 12; }

/* 0, or -ESRCH: it was waited for, its family is no longer to be followed. */
static int take_snapshot(struct snapshot *n, struct task *t)
{
	struct signal *s = t->signal;
	struct task *o;
	kdev_t dev = 0;

	*n = (struct snapshot){ .tpgid = -1 };
	spin_lock_bh(&tasklist_lock);
	if (t->exit_state == TASK_DEAD) {
		spin_unlock_bh(&tasklist_lock);
		return -ESRCH;
	}
	n->ppid = t->leader->parent->tgid;
	n->pgrp = t->flags & PF_KTHREAD ? 0 : s->pgrp;
	n->session = t->flags & PF_KTHREAD ? 0 : s->session;
	n->ended = t->exit_state != 0;
	if (s->tty && tty_describe_hook) {
		tty_describe_hook(s->tty, &dev, &n->tpgid);
		n->tty_nr = encode_dev(dev);
	}
	if (t->flags & PF_KTHREAD) {
		n->threads = 1;
		task_cputime(t, &n->use.utime_ns, &n->use.stime_ns);
	} else {
		list_for_each_entry(o, &s->threads, thread_node)
			n->threads++;
		process_usage(t, &n->use);
	}
	n->state = task_state_char(t);
	spin_unlock_bh(&tasklist_lock);
	return 0;
}

static void handler_sets(struct task *t, u64 *ignored, u64 *caught)
{
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	*ignored = *caught = 0;
	for (int sig = 1; sig <= NSIG; sig++) {
		u32 h = t->sighand->action[sig - 1].handler;
		if (h == SIG_IGN)
			*ignored |= sigmask_of(sig);
		else if (h != SIG_DFL)
			*caught |= sigmask_of(sig);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

/* The flags that others know, with Linux's numbers. */
static u32 linux_flags(u32 flags)
{
	return (flags & PF_EXITING ? 0x4 : 0) | (flags & PF_FORKNOEXEC ? 0x40 : 0) | (flags & PF_KTHREAD ? 0x200000 : 0);
}

static u64 ticks(u64 ns) { return div_u64(ns, TICK_NS); }

static long priority_of(const struct task *t) { return t->rt_priority ? -1 - (long)t->rt_priority : 20 + t->nice; }

int task_show_stat(struct seq_buf *q, struct task *t)
{
	struct signal *s = t->signal;
	static const struct mm none;
	const struct process_usage *u;
	const struct mm *m;
	struct snapshot n;
	struct mm *mm;
	u64 ignored, caught;
	int error = take_snapshot(&n, t);

	if (error)
		return error;
	mm = get_task_mm(t);
	m = mm ? mm : &none;
	handler_sets(t, &ignored, &caught);
	u = &n.use;
	seq_printf(q, "%d (%s) %c %d %d %d %u %d %u ", t->pid, t->comm, n.state, n.ppid, n.pgrp, n.session, n.tty_nr, n.tpgid, linux_flags(t->flags));
	seq_printf(q, "%u %u %u %u ", u->min_flt, s->cmin_flt, u->maj_flt, s->cmaj_flt);
	seq_printf(q, "%llu %llu %llu %llu %ld %d %u 0 %llu ", ticks(u->utime_ns), ticks(u->stime_ns), ticks(s->cutime_ns), ticks(s->cstime_ns),
		   priority_of(t), t->nice, n.threads, ticks(t->start_ns));
	seq_printf(q, "%u %u %u %u %u %u 0 0 ", m->total_vm << PAGE_SHIFT, m->rss, (u32)min(s->rlim[RLIMIT_RSS].cur, 0xffffffffull), m->start_code,
		   m->end_code, m->start_stack);
	seq_printf(q, "%u %u %u %u %u 0 0 %d %u %u %u 0 0 0 ", (u32)t->pending_set, (u32)t->blocked, (u32)ignored, (u32)caught,
		   t->state != TASK_RUNNING && !n.ended, t->exit_signal, t->cpu, t->rt_priority, t->policy);
	seq_printf(q, "%u %u %u %u %u %u %u %d\n", m->start_data, m->end_data, m->start_brk, m->arg_start, m->arg_end, m->env_start, m->env_end,
		   t->exit_code);
	if (mm)
		mm_put(mm);
	return 0;
}

static const char *state_name(char c)
{
	switch (c) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 'Z': return "Z (zombie)";
	case 'I': return "I (idle)";
	default: return "X (dead)";
	}
}

static void show_memory(struct seq_buf *q, const struct mm *m)
{
	const u32 kib = PAGE_SIZE / 1024;

	seq_printf(q, "VmPeak:\t%8u kB\nVmSize:\t%8u kB\nVmLck:\t%8u kB\n", m->total_vm * kib, m->total_vm * kib, m->locked_vm * kib);
	seq_printf(q, "VmHWM:\t%8u kB\nVmRSS:\t%8u kB\n", max(m->hiwater_rss, m->rss) * kib, m->rss * kib);
	seq_printf(q, "VmData:\t%8u kB\nVmStk:\t%8u kB\nVmExe:\t%8u kB\nVmLib:\t       0 kB\n", (m->end_data - m->start_data + m->brk - m->start_brk) / 1024,
		   (STACK_TOP - (m->start_stack & PAGE_MASK)) / 1024, (m->end_code - m->start_code) / 1024);
	seq_printf(q, "VmPTE:\t%8u kB\n", m->nr_tables * kib);
}

static void show_signals(struct seq_buf *q, struct task *t)
{
	u64 ignored, caught;

	handler_sets(t, &ignored, &caught);
	seq_printf(q, "SigQ:\t%u/%u\n", t->signal->nr_queued, (u32)min(t->signal->rlim[RLIMIT_SIGPENDING].cur, 0xffffffffull));
	seq_printf(q, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n", t->pending_set, t->signal->shared_pending, t->blocked);
	seq_printf(q, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", ignored, caught);
}

static void show_umask(struct seq_buf *q, struct task *t)
{
	spin_lock_bh(&tasklist_lock);
	int umask = t->fs ? t->fs->umask : -1;
	spin_unlock_bh(&tasklist_lock);
	if (umask >= 0)
		seq_printf(q, "Umask:\t%04o\n", (u32)umask);
}

/* How many descriptors its table has room for. */
static u32 descriptor_room(struct task *t)
{
	spin_lock_bh(&tasklist_lock);
	u32 room = t->files ? t->files->max : 0;
	spin_unlock_bh(&tasklist_lock);
	return room;
}

int task_show_status(struct seq_buf *q, struct task *t)
{
	const struct cred *c = &t->cred;
	u64 caps = c->euid ? 0 : 0x1ffffffffffull;
	struct snapshot n;
	struct mm *mm;
	int error = take_snapshot(&n, t);

	if (error)
		return error;
	mm = get_task_mm(t);
	seq_printf(q, "Name:\t%s\n", t->comm);
	show_umask(q, t);
	seq_printf(q, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", state_name(n.state), t->tgid, t->pid,
		   n.ppid);
	seq_printf(q, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
	seq_printf(q, "FDSize:\t%u\nGroups:\t", descriptor_room(t));
	for (u32 i = 0; i < c->ngroups; i++)
		seq_printf(q, "%u ", c->groups[i]);
	seq_puts(q, "\n");
	if (mm)
		show_memory(q, mm);
	seq_printf(q, "Threads:\t%u\n", n.threads);
	show_signals(q, t);
	seq_printf(q, "CapInh:\t0000000000000000\nCapPrm:\t%016llx\nCapEff:\t%016llx\nNoNewPrivs:\t%u\n", caps, caps, t->no_new_privs);
	seq_printf(q, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
	seq_printf(q, "voluntary_ctxt_switches:\t%u\nnonvoluntary_ctxt_switches:\t%u\n", t->nvcsw, t->nivcsw);
	if (mm)
		mm_put(mm);
	return 0;
}
