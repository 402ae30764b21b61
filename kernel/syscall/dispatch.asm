; The way from the entry stubs (kernel/hal/isr.asm) to the function of a system call.
;
;   void syscall_dispatch(void): called with EAX, EBX, ECX, EDX, ESI, EDI as the program gave them and struct regs right above the return
;   address. Calls syscall_table[EAX] with the arguments, the sixth of them regs.ebp, by the kernel's convention (-mregparm=3: EAX, EDX, ECX,
;   then the stack) and leaves its result in regs.eax. EBX and EBP come back as they were.
;
; Every call of every program passes here, so it is in assembly: the arguments are still in registers, where C would load them again.
; A number without a function goes to syscall_missing (dispatch.c).

NR_SYSCALLS     equ 470                     ; kernel/syscall/syscall.h
PERCPU_CURRENT  equ 4                       ; kernel/hal/percpu.h
TASK_CALLS      equ 16 + 72                 ; kernel/sched/task.h, task_io.h: io.calls
REGS_EBP        equ 5 * 4                   ; kernel/hal/regs.h
REGS_EAX        equ 6 * 4
TRACE_SYSCALL   equ 0                       ; kernel/debug/trace.h

extern syscall_table, syscall_missing, trace_enabled, trace_write
global syscall_dispatch

section .text align=16

align 16
syscall_dispatch:
	push ebp
	mov ebp, esp
	cmp eax, NR_SYSCALLS
	jae .missing
	push dword [ebp + 8 + REGS_EBP]
	push edi
	push esi
	mov esi, [syscall_table + eax * 4]
	test esi, esi
	jz .missing
	mov edi, [fs:PERCPU_CURRENT]
	add dword [edi + TASK_CALLS], 1
	adc dword [edi + TASK_CALLS + 4], 0
	cmp dword [trace_enabled], 0
	jne .trace
..@call:
	mov eax, ebx
	xchg edx, ecx
	call esi
	mov [ebp + 8 + REGS_EAX], eax
	leave
	ret

.missing:
	call syscall_missing
	mov [ebp + 8 + REGS_EAX], eax
	leave
	ret

; trace_write(point, id, number, ebx)
.trace:
	push ecx
	push edx
	push ebx
	mov ecx, eax
	xor edx, edx
	mov eax, trace_point
.here   equ __?LINE?__
	call trace_write
	add esp, 4
	pop edx
	pop ecx
	jmp ..@call

section .rodata align=4
trace_point:                                ; struct trace_point, kernel/debug/trace.h
	dd trace_function, trace_file, syscall_dispatch.here
	db TRACE_SYSCALL, 0, 0, 0
	dd trace_format
trace_function: db "syscall_dispatch", 0
trace_file:     db "kernel/syscall/dispatch.asm", 0
trace_format:   db "nr=%u ebx=%#x", 0

section .note.GNU-stack noalloc noexec nowrite progbits
