; Entry and exit stubs: exceptions, interrupts, int 0x80, sysenter. Each builds struct regs (kernel/hal/regs.h) on the kernel stack, calls C with its
; address in EAX (-mregparm=3), and leaves again:
;   return_to_user   ESP at a struct regs whose cs is a user one: run exit_to_user while TIF_WORK is set, restore, iret.
;                    New tasks enter user space here (kernel/hal/switch.asm).
;   return_kernel    ESP at a struct regs of kernel code: restore, iret. The kernel is not pre-empted.
; %gs belongs to the user program and is never touched here; the context switch saves it.
; System calls leave the program's registers as they are for syscall_dispatch (kernel/syscall/dispatch.asm), segments aside.
; int 0x80 is a trap gate (interrupts stay as the program had them: on); all others are interrupt gates. Between the gate and the loading
; of the segment registers another interrupt may come in; that is fine, because every stub saves and loads them itself.
; Loading a segment register is slow, so the kernel runs on the data segment that programs use, too (it is flat, and ring 0 may), and ds
; and es are only loaded when a program has others. Cost of a system call outside syscall_dispatch: 40 instructions, int and iret included;
; by sysenter 51, but int and iret are far slower instructions.

USER_DS         equ 0x7b                    ; kernel/hal/regs.h
PERCPU_SEL      equ 0xd8
VECTOR_SYSCALL  equ 0x80
VECTOR_DEBUG    equ 1
VECTOR_GP       equ 13
VECTOR_APIC_TIMER    equ 0xEF           ; kernel/hal/apic.h
VECTOR_APIC_SPURIOUS equ 0xFF
USER_CS         equ 0x73
PERCPU_CURRENT  equ 4                       ; kernel/hal/percpu.h
PERCPU_RETURN   equ 12
TSS_ESP0        equ 4                       ; kernel/hal/desc.h
USER_SPACE_END  equ 0xC0000000              ; kernel/hal/uaccess.h
EFAULT          equ 14
EFLAGS_TF       equ 1 << 8
EFLAGS_IF       equ 1 << 9
EFLAGS_DF       equ 1 << 10
EFLAGS_NT       equ 1 << 14
EFLAGS_AC       equ 1 << 18
EFLAGS_KERNEL   equ EFLAGS_IF | 2           ; bit 1 is always set
TASK_FLAGS      equ 4                       ; kernel/sched/task.h
TIF_WORK        equ 7
REGS_ESI        equ 3 * 4
REGS_EDI        equ 4 * 4
REGS_EBP        equ 5 * 4
REGS_EAX        equ 6 * 4
REGS_DS         equ 7 * 4
REGS_ES         equ 8 * 4
REGS_FS         equ 9 * 4
REGS_ORIG_EAX   equ 11 * 4
REGS_EIP        equ 12 * 4
REGS_CS         equ 13 * 4
REGS_EFLAGS     equ 14 * 4
REGS_ESP        equ 15 * 4

extern syscall_dispatch, exception_dispatch, irq_dispatch, apic_dispatch, exit_to_user, page_fault
global isr_syscall, isr_sysenter, isr_debug, isr_page_fault, isr_apic_timer, isr_apic_spurious, return_to_user, return_kernel, isr_table, call_on_stack

; The rest of struct regs after orig_eax and vector.
%macro PUSH_REGS 0
	push fs
	push es
	push ds
	push eax
	push ebp
	push edi
	push esi
	push edx
	push ecx
	push ebx
%endmacro

; The kernel's segments: changes no other register. ESP at struct regs.
%macro KERNEL_SEGMENTS 0
	cmp word [esp + REGS_DS], USER_DS
	jne %%load
	cmp word [esp + REGS_ES], USER_DS
	jne %%load
%%loaded:
	mov fs, [percpu_selector]
	cld
	[section .text.unlikely progbits alloc exec nowrite]
%%load:
	mov ds, [ss:data_selector]
	mov es, [ss:data_selector]
	jmp %%loaded
	__?SECT?__
%endmacro

%macro SAVE_REGS 0
	PUSH_REGS
	KERNEL_SEGMENTS
	mov eax, esp
%endmacro

%macro POP_GENERAL 0
	pop ebx
	pop ecx
	pop edx
	pop esi
	pop edi
	pop ebp
	pop eax
%endmacro

; Where to go on when the instruction at %1 faults in the kernel.
%macro EXTABLE 2
	[section __ex_table progbits alloc noexec nowrite align=4]
	dd %1, %2
	__?SECT?__
%endmacro

section .text align=16

align 16
isr_syscall:
	push eax
	push dword VECTOR_SYSCALL
	PUSH_REGS
	KERNEL_SEGMENTS
	call syscall_dispatch
return_to_user:
	cli
	mov eax, [fs:PERCPU_CURRENT]
	test byte [eax + TASK_FLAGS], TIF_WORK
	jnz return_to_user_work
return_kernel:
	POP_GENERAL
	cmp word [esp], USER_DS
	jne .pop_ds
	cmp word [esp + 4], USER_DS
	jne .pop_ds
	add esp, 8
.pop_fs:
	pop fs
	add esp, 8
.iret:
	iret

; Other data segments than the usual one.
.pop_ds:
	pop ds
.pop_es:
	pop es
	jmp .pop_fs

; A segment register or the return frame was bad (a program set it so by sigreturn, or its TLS entry is gone; an interrupt that hits here
; while such a segment is loaded meets it, too). Segments become null, which faults at their first use; a bad frame becomes a general
; protection fault at the instruction it was to return to.
.bad_ds:
	mov dword [esp], 0
	jmp .pop_ds
.bad_es:
	mov dword [esp], 0
	jmp .pop_es
.bad_fs:
	mov dword [esp], 0
	jmp .pop_fs
.bad_iret:
	push dword 0
	push dword VECTOR_GP
	jmp exception_common
	EXTABLE return_kernel.pop_ds, return_kernel.bad_ds
	EXTABLE return_kernel.pop_es, return_kernel.bad_es
	EXTABLE return_kernel.pop_fs, return_kernel.bad_fs
	EXTABLE return_kernel.iret, return_kernel.bad_iret

return_to_user_work:
	sti
	mov eax, esp
	call exit_to_user
	jmp return_to_user

; ---- sysenter (Intel SDM volume 2B; the convention is that of Linux's __kernel_vsyscall, user/vdso/entry.asm) ----
;
; The CPU has loaded cs, ss, eip and esp from its model-specific registers and cleared IF, and has saved nothing. EBP is the program's stack
; pointer; there lie its EBP (the sixth argument), EDX and ECX, and the address to return to. The call goes on in the program behind the vDSO's
; sysenter, wherever it was made. The frame is as int 0x80 leaves it there, so a call that a signal has interrupted is made again by the int 0x80
; that stands there. The way back is sysexit; iret when the registers are not the call's any more (execve, sigreturn: orig_eax is -1), when
; there is work to do first, or when segments or flags were unusual. sysexit takes EIP from EDX and ESP from ECX; EBX is still
; what it was, because functions keep it; EBP comes from the program's stack.

; The sixth argument, which may be at a bad address (then the call is not made), and where to go on. Changes EBP.
%macro SYSENTER_FRAME 0
	cmp ebp, USER_SPACE_END - 4
	ja sysenter_bad_stack
%%read:
	mov ebp, [ebp]
	EXTABLE %%read, sysenter_bad_stack
	mov [esp + REGS_EBP], ebp
	mov ebp, [fs:PERCPU_RETURN]
	mov [esp + REGS_EIP], ebp
%endmacro

align 16
isr_sysenter:
	mov esp, [esp + TSS_ESP0]
	sti
	push dword USER_DS
	push ebp
	pushfd
	test dword [esp], EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC
	jnz sysenter_odd_flags
	push dword USER_CS
	push esi                            ; in the place of eip
	push eax
	push dword VECTOR_SYSCALL
	PUSH_REGS
	cmp word [esp + REGS_DS], USER_DS
	jne sysenter_odd_segments
	cmp word [esp + REGS_ES], USER_DS
	jne sysenter_odd_segments
	mov fs, [percpu_selector]
	SYSENTER_FRAME
	call syscall_dispatch
return_by_sysexit:
	cli
	mov eax, [fs:PERCPU_CURRENT]
	test byte [eax + TASK_FLAGS], TIF_WORK
	jnz return_to_user_work
	cmp dword [esp + REGS_ORIG_EAX], -1
	je return_kernel
.fs:
	mov fs, [esp + REGS_FS]
	EXTABLE return_by_sysexit.fs, return_kernel
	mov eax, [esp + REGS_EAX]
	mov esi, [esp + REGS_ESI]
	mov edi, [esp + REGS_EDI]
	mov edx, [esp + REGS_EIP]
	mov ecx, [esp + REGS_ESP]
.leave:
	lea esp, [esp + REGS_EFLAGS]
	and dword [esp], ~EFLAGS_IF         ; sti lets the first interrupt in behind sysexit: none sets TIF_WORK unseen
	popfd
	sti
.sysexit:
	sysexit

; TF has trapped behind each instruction so far (isr_debug has thrown the traps away) and ends here; NT would make iret switch tasks; AC
; would be left to the next task. The program gets them back by iret.
sysenter_odd_flags:
	push dword EFLAGS_KERNEL
	popfd
.clean:
	push dword USER_CS
	push esi
	push eax
	push dword VECTOR_SYSCALL
	PUSH_REGS
sysenter_odd_segments:
	KERNEL_SEGMENTS
	SYSENTER_FRAME
	call syscall_dispatch
	jmp return_to_user

sysenter_bad_stack:
	mov ebp, [fs:PERCPU_RETURN]
	mov [esp + REGS_EIP], ebp
	mov dword [esp + REGS_EAX], -EFAULT
	jmp return_to_user

; Single-step traps in the kernel come from a program that executes sysenter with TF set, until sysenter_odd_flags has cleared it. They may come
; on the entry stack (struct cpu_entry), so nothing is built there. The program's next trap is its own.
align 16
isr_debug:
	cmp dword [esp], isr_sysenter
	jb .other
	cmp dword [esp], sysenter_odd_flags.clean
	ja .other
	iret
.other:
	push dword 0
	push dword VECTOR_DEBUG
	jmp exception_common

align 16
isr_page_fault:
	push dword 14
	SAVE_REGS
	call page_fault
	test byte [esp + REGS_CS], 3
	jnz return_to_user
	jmp return_kernel

align 16
irq_common:
	SAVE_REGS
	call irq_dispatch
	test byte [esp + REGS_CS], 3
	jnz return_to_user
	jmp return_kernel

; The local APIC's own interrupts.
align 16
isr_apic_timer:
	push dword -1
	push dword VECTOR_APIC_TIMER
apic_common:
	SAVE_REGS
	call apic_dispatch
	test byte [esp + REGS_CS], 3
	jnz return_to_user
	jmp return_kernel

isr_apic_spurious:
	push dword -1
	push dword VECTOR_APIC_SPURIOUS
	jmp apic_common

align 16
exception_common:
	SAVE_REGS
	call exception_dispatch
	test byte [esp + REGS_CS], 3
	jnz return_to_user
	jmp return_kernel

; void call_on_stack(void (*fn)(void), void *stack_top): the frame chain goes on across the switch, so backtraces do too.
call_on_stack:
	push ebp
	mov ebp, esp
	mov esp, edx
	call eax
	mov esp, ebp
	pop ebp
	ret

; One stub a vector. Exceptions 8, 10 to 14, 17, 21, 29 and 30 come with an error code (Intel SDM volume 3, table 6-1).
%macro EXCEPTION 1
isr_%1:
%if !(%1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30)
	push dword 0
%endif
	push dword %1
	jmp exception_common
%endmacro
%macro IRQ 1
isr_%1:
	push dword -1
	push dword %1
	jmp irq_common
%endmacro

%assign n 0
%rep 32
	EXCEPTION n
%assign n n + 1
%endrep
%rep 16
	IRQ n
%assign n n + 1
%endrep
; Vectors nobody uses end as a spurious exception with their number.
%rep 208
isr_ %+ n:
	push dword 0
	push dword n
	jmp exception_common
%assign n n + 1
%endrep

section .rodata align=4
percpu_selector: dw PERCPU_SEL
data_selector:   dw USER_DS
isr_table:                                  ; entry addresses by vector
%assign n 0
%rep 256
	dd isr_ %+ n
%assign n n + 1
%endrep
