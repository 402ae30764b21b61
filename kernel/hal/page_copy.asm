; clear_page(EAX) and copy_page(EAX, EDX) of kernel/hal/page_copy.h.
; Intel SDM volume 1, chapter 10: MOVAPS wants 16-byte alignment, MOVUPS does not. boot.asm refuses a CPU without SSE and sets CR4.OSFXSR.

PAGE_SIZE equ 4096

global clear_page, copy_page

section .text align=16

align 16
clear_page:
	sub esp, 16
	movups [esp], xmm0
	xorps xmm0, xmm0
	mov ecx, PAGE_SIZE / 256
.next:
%assign i 0
%rep 16
	movaps [eax + i], xmm0
%assign i i + 16
%endrep
	add eax, 256
	dec ecx
	jnz .next
	movups xmm0, [esp]
	add esp, 16
	ret

align 16
copy_page:
	sub esp, 64
	movups [esp], xmm0
	movups [esp + 16], xmm1
	movups [esp + 32], xmm2
	movups [esp + 48], xmm3
	mov ecx, PAGE_SIZE / 256
.next:
%assign i 0
%rep 4
	movaps xmm0, [edx + i]
	movaps xmm1, [edx + i + 16]
	movaps xmm2, [edx + i + 32]
	movaps xmm3, [edx + i + 48]
	movaps [eax + i], xmm0
	movaps [eax + i + 16], xmm1
	movaps [eax + i + 32], xmm2
	movaps [eax + i + 48], xmm3
%assign i i + 64
%endrep
	add eax, 256
	add edx, 256
	dec ecx
	jnz .next
	movups xmm0, [esp]
	movups xmm1, [esp + 16]
	movups xmm2, [esp + 32]
	movups xmm3, [esp + 48]
	add esp, 64
	ret
