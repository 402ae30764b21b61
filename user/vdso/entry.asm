; The vDSO's entries into the kernel and its ways back from signal handlers. Interface: the symbols that Linux's linux-gate.so.1 has.
; Programs and debuggers know the instructions of the two trampolines (gdb and gcc's unwinder compare them byte by byte), so they are Linux's.
;
; nasm has no words for call frame information (DWARF 4, 6.4), so the tables for unwinders stand below as bytes. They are not optional: the
; cancelling of a thread in glibc unwinds its stack from within __kernel_vsyscall, through a signal frame.

global __kernel_vsyscall:function (vdso_sysenter_return.end - __kernel_vsyscall)
global __kernel_sigreturn:function (__kernel_sigreturn.end - __kernel_sigreturn)
global __kernel_rt_sigreturn:function (__kernel_rt_sigreturn.end - __kernel_rt_sigreturn)
global vdso_sysenter, vdso_sysenter_return

SYS_sigreturn    equ 119
SYS_rt_sigreturn equ 173

section .text align=16

; A system call: EAX the number, arguments in EBX, ECX, EDX, ESI, EDI, EBP; result in EAX. sysenter saves nothing, and sysexit needs ECX and
; EDX, so the program's stack keeps them; EBP tells the kernel where (isr_sysenter in kernel/hal/isr.asm). Where the CPU has no sysenter the
; kernel puts no-operations in the place of the two instructions at vdso_sysenter. A call that is made again after a signal is made by the
; int 0x80, with EBP as the sixth argument.
align 16
__kernel_vsyscall:
	push ecx
.pushed_ecx:
	push edx
.pushed_edx:
	push ebp
.pushed_ebp:
vdso_sysenter:
	mov ebp, esp
	sysenter
	int 0x80
vdso_sysenter_return:
	pop ebp
.popped_ebp:
	pop edx
.popped_edx:
	pop ecx
.popped_ecx:
	ret
.end:

; Unwinders look one byte before a return address, where the call should be.
align 16
	nop
__kernel_sigreturn:
	pop eax
.popped:
	mov eax, SYS_sigreturn
	int 0x80
.end:

align 16
	nop
__kernel_rt_sigreturn:
	mov eax, SYS_rt_sigreturn
	int 0x80
.end:

; ---- call frame information ----

EAX_ equ 0
ECX_ equ 1
EDX_ equ 2
EBX_ equ 3
ESP_ equ 4
EBP_ equ 5
ESI_ equ 6
EDI_ equ 7
EIP_ equ 8

DW_CFA_def_cfa            equ 0x0c
DW_CFA_def_cfa_offset     equ 0x0e
DW_CFA_def_cfa_expression equ 0x0f
DW_CFA_expression         equ 0x10
DW_OP_breg_esp            equ 0x70 + ESP_
DW_OP_deref               equ 0x06
DW_EH_PE_pcrel_sdata4     equ 0x1b

; Where the registers of the interrupted program are in struct sigcontext (kernel/process/sigframe.c).
SC_EDI equ 16
SC_ESI equ 20
SC_EBP equ 24
SC_ESP equ 28
SC_EBX equ 32
SC_EDX equ 36
SC_ECX equ 40
SC_EAX equ 44
SC_EIP equ 56
; And that from ESP at the start of the trampolines: behind the signal number; behind two pointers, siginfo and the head of ucontext, too.
SIGFRAME_SC    equ 4
RT_SIGFRAME_SC equ 3 * 4 + 128 + 20

%macro ADVANCE 2            ; from, to: less than 64 bytes
	db 0x40 | ((%2) - (%1))
%endmacro
%macro CFA_OFFSET 1         ; the caller's stack pointer is ESP + %1
	db DW_CFA_def_cfa_offset, %1
%endmacro
%macro SAVED 2              ; register, how many words below the caller's stack pointer
	db 0x80 | %1, %2
%endmacro
%macro RESTORED 1
	db 0xc0 | %1
%endmacro
%macro SLEB_2 1             ; a signed LEB128 in two bytes: 0 to 8191
	db ((%1) & 0x7f) | 0x80, (%1) >> 7
%endmacro
%macro SAVED_AT 2           ; register, ESP + %2 is where
	db DW_CFA_expression, %1, 3, DW_OP_breg_esp
	SLEB_2 %2
%endmacro
%macro SIGNAL_FRAME 1       ; offset of the sigcontext from ESP
	db DW_CFA_def_cfa_expression, 4, DW_OP_breg_esp
	SLEB_2 %1 + SC_ESP
	db DW_OP_deref
	SAVED_AT EAX_, %1 + SC_EAX
	SAVED_AT ECX_, %1 + SC_ECX
	SAVED_AT EDX_, %1 + SC_EDX
	SAVED_AT EBX_, %1 + SC_EBX
	SAVED_AT EBP_, %1 + SC_EBP
	SAVED_AT ESI_, %1 + SC_ESI
	SAVED_AT EDI_, %1 + SC_EDI
	SAVED_AT EIP_, %1 + SC_EIP
%endmacro
%macro CIE 2                ; name, augmentation
%1:
	dd %%end - %%start
%%start:
	dd 0                    ; this is a CIE
	db 1, %2, 0
	db 1, 0x7c, EIP_        ; code alignment 1, data alignment -4, the return address
	db 1, DW_EH_PE_pcrel_sdata4
	db DW_CFA_def_cfa, ESP_, 4
	SAVED EIP_, 1
	align 4, db 0
%%end:
%endmacro
%macro FDE 3                ; CIE, first byte, end; the instructions follow, then FDE_END
%push fde
	dd %$end - %$start
%$start:
	dd %$start - %1
	dd %2 - $
	dd %3 - (%2)
	db 0                    ; no augmentation data
%endmacro
%macro FDE_END 0
	align 4, db 0
%$end:
%pop
%endmacro

section .eh_frame progbits alloc noexec nowrite align=4
CIE cie, "zR"
FDE cie, __kernel_vsyscall, vdso_sysenter_return.end
	ADVANCE __kernel_vsyscall, __kernel_vsyscall.pushed_ecx
	CFA_OFFSET 8
	SAVED ECX_, 2
	ADVANCE __kernel_vsyscall.pushed_ecx, __kernel_vsyscall.pushed_edx
	CFA_OFFSET 12
	SAVED EDX_, 3
	ADVANCE __kernel_vsyscall.pushed_edx, __kernel_vsyscall.pushed_ebp
	CFA_OFFSET 16
	SAVED EBP_, 4
	ADVANCE __kernel_vsyscall.pushed_ebp, vdso_sysenter_return.popped_ebp
	CFA_OFFSET 12
	RESTORED EBP_
	ADVANCE vdso_sysenter_return.popped_ebp, vdso_sysenter_return.popped_edx
	CFA_OFFSET 8
	RESTORED EDX_
	ADVANCE vdso_sysenter_return.popped_edx, vdso_sysenter_return.popped_ecx
	CFA_OFFSET 4
	RESTORED ECX_
FDE_END
CIE signal_cie, "zRS"
FDE signal_cie, __kernel_sigreturn - 1, __kernel_sigreturn.end
	SIGNAL_FRAME SIGFRAME_SC
	ADVANCE __kernel_sigreturn - 1, __kernel_sigreturn.popped
	SIGNAL_FRAME SIGFRAME_SC - 4
FDE_END
FDE signal_cie, __kernel_rt_sigreturn - 1, __kernel_rt_sigreturn.end
	SIGNAL_FRAME RT_SIGFRAME_SC
FDE_END

section .note.GNU-stack noalloc noexec nowrite progbits
