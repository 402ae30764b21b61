; A guest of a few bytes for the tests of tools/vm itself: writes to the debug ports what the defines say, then powers off (or not).
;   OUT_MIB   MiB of memory from 1 MiB on that go to stdout       STATUS   what goes to the status port
;   LOG       text for the kernel log                             HANG     stay on
; With neither OUT_MIB nor HANG it prints its command line on stdout.

PORT_LOG    equ 0xe9
PORT_OUT    equ 0xea
PORT_STATUS equ 0xec
PM1_CONTROL equ 0x604                   ; PIIX4 power management, where SeaBIOS put it
SOFT_OFF    equ 0x2000

bits 32
section .text
align 4
	dd 0x1badb002, 0, -0x1badb002
global _start
_start:
	cld
	mov esp, stack_top
%ifdef OUT_MIB
	mov esi, 0x100000
	mov ecx, OUT_MIB << 20
	mov dx, PORT_OUT
	rep outsb
%elifndef HANG
	mov esi, [ebx + 16]             ; command line in the Multiboot information
	mov dx, PORT_OUT
.next:
	lodsb
	test al, al
	jz .done
	out dx, al
	jmp .next
.done:
%endif
	mov esi, log_text
	mov ecx, log_end - log_text
	mov dx, PORT_LOG
	rep outsb
	mov esi, status_text
	mov ecx, status_end - status_text
	mov dx, PORT_STATUS
	rep outsb
%ifndef HANG
	mov dx, PM1_CONTROL
	mov ax, SOFT_OFF
	out dx, ax
%endif
.stay:
	hlt
	jmp .stay

log_text:
%ifdef LOG
	db LOG
%endif
log_end:
status_text:
%ifdef STATUS
	db STATUS
%endif
status_end:

section .bss
	resb 4096
stack_top:
