; The way in: Multiboot 1 header, first page tables, FPU and SSE, first stack, the jump to C in the higher half.
; Multiboot Specification 0.6.96: section 3.1 (header), 3.2 (machine state), 3.3 (information).
;
; The loader starts us at boot_entry in 32-bit protected mode, paging off, flat segments, EAX = magic, EBX = physical address of the
; information. Until paging is on, every symbol is used minus KERNEL_BASE. kernel_main(u32 mbi_phys) never returns.

KERNEL_BASE     equ 0xC0000000
DIRECT_ENTRIES  equ 224                     ; 4 MiB pages of the direct map: 896 MiB (DIRECT_MAP_MAX of mm/page.h)
IDENTITY_ENTRIES equ 4                      ; the kernel itself while it switches paging on

MB_HEADER_MAGIC equ 0x1BADB002
MB_HEADER_FLAGS equ 3                       ; modules page-aligned, memory map wanted
MB_LOADER_MAGIC equ 0x2BADB002

PDE_DIRECT      equ 0x183                   ; present, writable, 4 MiB page, global
PDE_IDENTITY    equ 0x083
CR0_PG          equ 0x80000000
CR0_WP          equ 0x00010000
CR0_NE          equ 0x00000020
CR0_MP          equ 0x00000002
CR0_AM          equ 0x00040000              ; a program that sets EFLAGS.AC gets SIGBUS, as on Linux
CR0_CLEAR       equ 0x6000000C              ; CD, NW, TS, EM
CR4_PSE         equ 0x00000010
CR4_PGE         equ 0x00000080
CR4_OSFXSR      equ 0x00000200
CR4_OSXMMEXCPT  equ 0x00000400
; CPUID leaf 1, EDX: what the kernel cannot do without (Intel SDM volume 2, CPUID): FPU, PSE, TSC, PGE, CMOV, FXSR, SSE.
CPU_NEEDED      equ (1 << 0) | (1 << 3) | (1 << 4) | (1 << 13) | (1 << 15) | (1 << 24) | (1 << 25)

SOFTIRQ_STACK_SIZE equ 8192                 ; softirqs of the boot CPU (kernel/irq/softirq.c)
BOOT_STACK_SIZE equ 16384                   ; at least KSTACK_SIZE of kernel/sched/task.h

extern kernel_main
global boot_entry, boot_pgdir, boot_stack_guard, boot_stack, boot_stack_top, boot_softirq_stack_guard, boot_softirq_stack_top

section .multiboot align=4
	dd MB_HEADER_MAGIC, MB_HEADER_FLAGS, -(MB_HEADER_MAGIC + MB_HEADER_FLAGS)

section .boot.text exec align=16
boot_entry:
	cli
	cld
	mov esp, boot_stack_top - KERNEL_BASE
	mov esi, msg_no_multiboot - KERNEL_BASE
	cmp eax, MB_LOADER_MAGIC
	jne boot_fail
	mov ebp, ebx                            ; cpuid below changes ebx

	mov eax, 1
	cpuid
	and edx, CPU_NEEDED
	mov esi, msg_old_cpu - KERNEL_BASE
	cmp edx, CPU_NEEDED
	jne boot_fail

	; Page directory: RAM at KERNEL_BASE, and the first few MiB where they are until the jump below.
	mov edi, boot_pgdir - KERNEL_BASE
	mov eax, PDE_DIRECT
	xor ecx, ecx
.direct:
	mov [edi + ecx * 4 + (KERNEL_BASE >> 22) * 4], eax
	add eax, 0x400000
	inc ecx
	cmp ecx, DIRECT_ENTRIES
	jb .direct
	mov eax, PDE_IDENTITY
	xor ecx, ecx
.identity:
	mov [edi + ecx * 4], eax
	add eax, 0x400000
	inc ecx
	cmp ecx, IDENTITY_ENTRIES
	jb .identity

	mov eax, cr4
	or eax, CR4_PSE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov cr4, eax
	mov cr3, edi
	mov eax, cr0
	and eax, ~CR0_CLEAR
	or eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_AM
	mov cr0, eax
	mov eax, cr4                            ; global pages only once paging is on (Intel SDM volume 3, 4.10.2.4)
	or eax, CR4_PGE
	mov cr4, eax
	fninit
	mov eax, higher_half
	jmp eax

; Before paging: say why on VGA, debug port and COM1 (ESI: text), then stop.
boot_fail:
	mov edi, 0xB8000
	mov ebx, esi
	mov dx, 0x3F8 + 3                       ; 16550: 115200 baud, 8N1
	mov al, 0x80
	out dx, al
	mov dx, 0x3F8
	mov al, 1
	out dx, al
	inc dx
	xor al, al
	out dx, al
	mov dx, 0x3F8 + 3
	mov al, 3
	out dx, al
.next:
	lodsb
	test al, al
	jz .halt
	mov [edi], al
	mov byte [edi + 1], 0x4F
	add edi, 2
	out 0xE9, al
	mov ah, al
	mov dx, 0x3F8 + 5
	mov ecx, 100000                         ; no UART, no waiting for ever
.busy:
	in al, dx
	test al, 0x20
	loopz .busy
	mov al, ah
	mov dx, 0x3F8
	out dx, al
	jmp .next
.halt:
	cli
	hlt
	jmp .halt

msg_no_multiboot: db "Sluice: not started by a Multiboot 1 loader.", 13, 10, 0
msg_old_cpu: db "Sluice: this CPU is too old; FPU, PSE, PGE, TSC, CMOV, FXSR and SSE are needed.", 13, 10, 0

; The same section still: NASM describes only the first code section of a file to the debugger.
higher_half:
	mov esp, boot_stack_top
	mov eax, ebp
	xor ebp, ebp                            ; the end of every backtrace
	push ebp
	push ebp
	mov ebp, esp
	call kernel_main
.stop:
	cli
	hlt
	jmp .stop

section .bss.page nobits alloc write align=4096
boot_pgdir: resb 4096
boot_stack_guard: resb 4096                 ; made not present by direct_map_init
boot_stack: resb BOOT_STACK_SIZE
boot_stack_top:
boot_softirq_stack_guard: resb 4096         ; the same
	resb SOFTIRQ_STACK_SIZE
boot_softirq_stack_top:
