; Entry and exit stubs: exceptions, interrupts, int 0x80. Each builds struct regs (kernel/hal/regs.h) on the kernel stack, calls C with its
; address in EAX (-mregparm=3), and leaves again:
;   return_to_user   ESP at a struct regs whose cs is a user one: run exit_to_user while TIF_WORK is set, restore, iret.
;                    New tasks enter user space here (kernel/hal/switch.asm).
;   return_kernel    ESP at a struct regs of kernel code: restore, iret. The kernel is not pre-empted.
; %gs belongs to the user program and is never touched here; the context switch saves it.
; int 0x80 is a trap gate (interrupts stay as the program had them: on); all others are interrupt gates. Between the gate and the loading
; of the segment registers another interrupt may come in; that is fine, because every stub saves and loads them itself.
; Loading a segment register is slow, so the kernel runs on the data segment that programs use, too (it is flat, and ring 0 may), and ds
; and es are only loaded when a program has others. Cost of a system call outside syscall_dispatch: 43 instructions, int and iret included.

USER_DS         equ 0x7b                    ; kernel/hal/regs.h
PERCPU_SEL      equ 0xd8
VECTOR_SYSCALL  equ 0x80
VECTOR_GP       equ 13
PERCPU_CURRENT  equ 4                       ; kernel/hal/percpu.h
TASK_FLAGS      equ 4                       ; kernel/sched/task.h
TIF_WORK        equ 3
REGS_DS         equ 7 * 4
REGS_ES         equ 8 * 4
REGS_CS         equ 13 * 4

extern syscall_dispatch, exception_dispatch, irq_dispatch, exit_to_user, page_fault
global isr_syscall, isr_page_fault, return_to_user, return_kernel, isr_table, call_on_stack

; The rest of struct regs after orig_eax and vector, and the kernel's segments.
%macro SAVE_REGS 0
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
	cmp word [esp + REGS_DS], USER_DS
	jne %%load
	cmp word [esp + REGS_ES], USER_DS
	jne %%load
%%loaded:
	mov eax, PERCPU_SEL
	mov fs, eax
	cld
	mov eax, esp
	[section .text.unlikely progbits alloc exec nowrite]
%%load:
	mov eax, USER_DS
	mov ds, eax
	mov es, eax
	jmp %%loaded
	__?SECT?__
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
	SAVE_REGS
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
isr_table:                                  ; entry addresses by vector
%assign n 0
%rep 256
	dd isr_ %+ n
%assign n n + 1
%endrep
