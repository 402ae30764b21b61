; The context switch and the first instructions of new tasks. -mregparm=3: arguments in EAX, EDX, ECX.
; A switch saves what C expects to survive a call (EBX, ESI, EDI, EBP) and the stack pointer, nothing else: address space, FPU and segments
; are switched in C before (kernel/sched/sched.c). struct task begins with its saved stack pointer.
;
; The stack of a task that has never run, from its saved ESP up: EDI, ESI, EBX, EBP, then where switch_to returns to:
;   fork_return     with a struct regs above: a new user task
;   kthread_return  with EBX = function, ESI = argument: a kernel thread

TASK_KERNEL_ESP equ 0
PERCPU_CURRENT  equ 4

extern schedule_tail, return_to_user
global switch_to, fork_return, kthread_return, enter_user, load_user_gs

section .text align=16

; struct task *switch_to(struct task *prev, struct task *next): returns, on the new stack, the task that ran before.
align 16
switch_to:
	push ebp
	push ebx
	push esi
	push edi
	mov [eax + TASK_KERNEL_ESP], esp
	mov esp, [edx + TASK_KERNEL_ESP]
	mov [fs:PERCPU_CURRENT], edx
	pop edi
	pop esi
	pop ebx
	pop ebp
	ret

fork_return:
	xor ebp, ebp
	call schedule_tail
	jmp return_to_user

kthread_return:
	xor ebp, ebp
	call schedule_tail
	mov eax, esi
	call ebx
	ud2                     ; the function ends its thread itself

; void enter_user(struct regs *r): a kernel thread that has become a user task leaves the kernel for the first time.
enter_user:
	mov esp, eax
	xor ebp, ebp
	jmp return_to_user

; void load_user_gs(u32 selector): a bad one becomes null.
load_user_gs:
	mov gs, eax
	ret
.bad:
	xor eax, eax
	mov gs, eax
	ret
	[section __ex_table progbits alloc noexec nowrite align=4]
	dd load_user_gs, load_user_gs.bad
	__?SECT?__

section .note.GNU-stack noalloc noexec nowrite progbits
