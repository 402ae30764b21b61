/* FPU and SSE state (Intel SDM volume 1, 10.5 FXSAVE); when it is saved says kernel/sched/sched.c. The kernel itself uses neither. */
#include "kernel/hal/cpu.h"
#include "kernel/hal/port.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/signal.h"

#define FX_FCW 0    /* u16 */
#define FX_FSW 2    /* u16 */
#define FX_FIP 8    /* u32 */
#define FX_MXCSR 24 /* u32 */
#define FSW_ERROR 0x80 /* an unmasked exception is pending */
#define FCW_DEFAULT 0x037f
#define MXCSR_DEFAULT 0x1f80

static bool ferr; /* errors come by line 13, and are looked for in saved states */

/*
 * FXSAVE into an area that may hold the state of the same task from before. With an error pending it has to have the address of the instruction
 * that failed; QEMU's FXSAVE leaves it 0, and only FNSTENV knows it, as long as nobody else has used the FPU. FNSTENV masks all errors.
 */
static noinline void save_with_address(void *area)
{
	u16 *status = (u16 *)((u8 *)area + FX_FSW);
	u32 *ip = (u32 *)((u8 *)area + FX_FIP), env[7], known = *status & FSW_ERROR ? *ip : 0;

	__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
	if (!(*status & FSW_ERROR) || *ip)
		return;
	if (!known) {
		__asm__ volatile("fnstenv %0" : "=m"(env));
		__asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
		known = env[3];
	}
	*ip = known;
}

void fpu_save(void *area)
{
	if (unlikely(ferr))
		save_with_address(area);
	else
		__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const void *area) { __asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory"); }

void fpu_init_state(void *area)
{
	memset(area, 0, 512);
	*(u16 *)((u8 *)area + FX_FCW) = FCW_DEFAULT;
	*(u32 *)((u8 *)area + FX_MXCSR) = MXCSR_DEFAULT;
}

/* Exception bits of the x87 status word and of MXCSR, in the order they are reported (Intel SDM volume 1, 8.1.3 and 10.2.3). */
#define FPE_INVALID BIT(0)
#define FPE_DENORMAL BIT(1)
#define FPE_ZERO_DIVIDE BIT(2)
#define FPE_OVERFLOW BIT(3)
#define FPE_UNDERFLOW BIT(4)
#define FPE_PRECISION BIT(5)
#define MXCSR_MASK_SHIFT 7

static int code_of(u32 raised)
{
	if (raised & FPE_INVALID)
		return FPE_FLTINV;
	if (raised & FPE_ZERO_DIVIDE)
		return FPE_FLTDIV;
	if (raised & FPE_OVERFLOW)
		return FPE_FLTOVF;
	if (raised & (FPE_DENORMAL | FPE_UNDERFLOW))
		return FPE_FLTUND;
	return raised & FPE_PRECISION ? FPE_FLTRES : SI_KERNEL;
}

int fpu_x87_code(u16 control, u16 status) { return code_of(status & (u32)~control); }

int fpu_exception_code(bool sse)
{
	u16 control, status;
	u32 mxcsr;

	if (sse) {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		return code_of(mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT));
	}
	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("fnstsw %0" : "=m"(status));
	return fpu_x87_code(control, status);
}

#define CR0_NE BIT(5)
#define PORT_FERR_BUSY 0xF0u /* any write resets the latch of line 13 (82371SB datasheet, 2.5.6, "Coprocessor error") */

void fpu_use_ferr(void)
{
	u32 cr0;

	ferr = true;
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("movl %0, %%cr0" : : "r"(cr0 & ~CR0_NE));
}

void fpu_ferr_acknowledge(void) { outb(PORT_FERR_BUSY, 0); }
