/*
 * The kernel word fpu=ferr: floating-point errors the way the first PCs told them. With CR0.NE clear an unmasked x87 exception is no exception
 * of the CPU: it raises its FERR# pin, which is wired to line 13 of the second 8259, and the program goes on (Intel SDM volume 1, 8.7.2, and
 * appendix D). So the signal comes later than the instruction, and its address must come from the FPU, which remembers where it was.
 *
 * The line stays masked, because QEMU (7.2, software emulation) ends when it is raised unmasked from inside an instruction; the rare case is
 * left that another line comes up in the very moment of the error. Each tick looks into the controller's
 * request register; when bit 13 is there, the line is opened, and the interrupt comes at once:
 *   ferr_look: timer, each tick            the line is pending: enable_irq
 *   ferr_irq: top half                     port F0h lets go of the line; disable_irq_nosync; tasklet
 *   ferr_tasklet: bottom half              whose FPU state has an error pending? That one gets SIGFPE, and its error is cleared
 */
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/tasklet.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

#define FPU_IRQ 13u
#define FX_STATUS 2 /* offsets in the FXSAVE image (Intel SDM volume 1, table 10-2) */
#define FX_IP 8     /* put there by fpu_save where the CPU does not */
#define STATUS_ERROR 0x80u    /* an unmasked exception is pending */
#define STATUS_CLEARED 0x7f00u /* what FNCLEX leaves */

static struct timer look;

/* Interrupts off. Whether t has an error pending; then it is cleared, and code and address are told. */
static bool take_error(struct task *t, int *code, u32 *at)
{
	bool live = this_cpu()->fpu_owner == t; /* the registers hold its state */
	u16 *control = (u16 *)t->fpu, *status = (u16 *)(t->fpu + FX_STATUS);

	if (live)
		fpu_save(t->fpu);
	if (!(*status & STATUS_ERROR))
		return false;
	*code = fpu_x87_code(*control, *status);
	*at = *(u32 *)(t->fpu + FX_IP);
	*status &= STATUS_CLEARED;
	if (live)
		fpu_restore(t->fpu);
	return true;
}

static void ferr_tasklet(struct tasklet_struct *tasklet)
{
	struct task *t;
	int code = 0;
	u32 at = 0;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if ((t->flags & PF_KTHREAD) || t->exit_state)
			continue;
		irq_disable();
		bool error = take_error(t, &code, &at);
		irq_enable();
		if (error)
			force_signal_task(t, SIGFPE, code, at);
	}
	spin_unlock_bh(&tasklist_lock);
}

static DECLARE_TASKLET(search, ferr_tasklet);

static irqreturn_t ferr_irq(int irq, void *dev)
{
	fpu_ferr_acknowledge();
	disable_irq_nosync(FPU_IRQ);
	tasklet_schedule(&search);
	return IRQ_HANDLED;
}

static void ferr_look(void *arg)
{
	if (irq_pending(FPU_IRQ))
		enable_irq(FPU_IRQ);
	timer_mod(&look, ktime_ns() + NSEC_PER_SEC / HZ);
}

int ferr_init(void)
{
	const char *word = cmdline_get("fpu");

	if (!word)
		return 0;
	if (strcmp(word, "ferr")) {
		pr_warn("fpu=%s: not known, only fpu=ferr is\n", word);
		return 0;
	}
	int error = request_irq(FPU_IRQ, ferr_irq, IRQF_NO_AUTOEN, "fpu", NULL);
	if (error)
		return error;
	fpu_use_ferr();
	timer_init(&look, ferr_look, NULL);
	timer_mod(&look, ktime_ns());
	pr_info("fpu: errors come by line %u\n", FPU_IRQ);
	return 0;
}
