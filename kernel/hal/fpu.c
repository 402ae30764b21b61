/* FPU and SSE state, saved eagerly at each switch (Intel SDM volume 1, 10.5 FXSAVE). The kernel itself uses neither. */
#include "kernel/hal/cpu.h"
#include "kernel/lib/string.h"

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
