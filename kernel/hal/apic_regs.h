/* The local APIC (Intel SDM volume 3, chapter 10 "Advanced Programmable Interrupt Controller"): offsets of its registers, bits of them. */
#ifndef KERNEL_HAL_APIC_REGS_H
#define KERNEL_HAL_APIC_REGS_H

#define CPUID_EDX_MSR BIT(5)
#define CPUID_EDX_APIC BIT(9)
#define MSR_APIC_BASE 0x1Bu
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ADDRESS 0xFFFFF000u /* 4 GiB and above is not for us: PAE is off */

#define APIC_TPR 0x080u
#define APIC_EOI 0x0B0u
#define APIC_SVR 0x0F0u         /* spurious interrupt vector; bit 8: the APIC is on */
#define APIC_SVR_ENABLE BIT(8)
#define APIC_LVT_TIMER 0x320u   /* vector, mask; mode one-shot is 0 */
#define APIC_LVT_LINT0 0x350u
#define APIC_LVT_LINT1 0x360u
#define APIC_LVT_MASKED BIT(16)
#define APIC_LVT_EXTINT 0x700u  /* the 8259s ask, and are asked for the vector */
#define APIC_LVT_NMI 0x400u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE 0x3E0u
#define APIC_DIVIDE_BY_1 0xBu

#endif
