/* FPU and SSE state, saved eagerly at each switch (Intel SDM volume 1, 10.5 FXSAVE). The kernel itself uses neither. */
#include "kernel/hal/cpu.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/signal.h"

#define FX_FCW 0    /* u16 */
#define FX_MXCSR 24 /* u32 */
#define FCW_DEFAULT 0x037f
#define MXCSR_DEFAULT 0x1f80

void fpu_save(void *area) { __asm__ volatile("fxsave (%0)" : : "r"(area) : "memory"); }
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

int fpu_exception_code(bool sse)
{
	u16 control, status;
	u32 mxcsr, raised;

	if (sse) {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		raised = mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT);
	} else {
		__asm__ volatile("fnstcw %0" : "=m"(control));
		__asm__ volatile("fnstsw %0" : "=m"(status));
		raised = status & (u32)~control;
	}
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
