; The inner loops of the user copies; kernel/hal/uaccess.c checks the ranges and chooses. Each instruction that may fault has an entry in
; the exception table: the page fault handler goes on there when it could not bring the page in (or must not, pagefault_disable).
; All arguments in EAX, EDX, ECX (-mregparm=3); EBX, ESI, EDI, EBP are kept.

PERCPU_CURRENT  equ 4                       ; kernel/hal/percpu.h
TASK_COPIED     equ 16 + 7 * 8              ; io.copied in kernel/sched/task.h
SSE_MIN         equ 256
BLOCK_SHIFT     equ 7

global user_copy, user_clear_bytes, user_copy_string, user_string_length, user_read_u32, user_write_u32, user_touch

; One instruction that may fault, and where to go on then.
%macro MAYFAULT 2+
%%here:
	%2
	[section __ex_table progbits alloc noexec nowrite align=4]
	dd %%here, %1
	__?SECT?__
%endmacro

section .text align=16

; user_copy(EAX = to, EDX = from, ECX = n): bytes not copied; the others are added to what the task has copied (struct task_io). SSE_MIN bytes and
; more go 16 bytes at a time, which costs 4 KiB about 620 instructions instead of 1,030 (under icount each step of a rep is one). A fault
; among the blocks goes on by words and one among the words by bytes, so the count is exact.
align 16
user_copy:
	push esi
	push edi
	mov edi, eax
	mov esi, edx
	mov eax, [fs:PERCPU_CURRENT]
	add [eax + TASK_COPIED], ecx
	adc dword [eax + TASK_COPIED + 4], 0
	cmp ecx, SSE_MIN
	jae .large
.rest:
	mov edx, ecx
	shr ecx, 2
	and edx, 3
	MAYFAULT .in_words, rep movsd
	mov ecx, edx
	MAYFAULT .short, rep movsb
.done:
	mov eax, ecx
	pop edi
	pop esi
	ret
.in_words:
	lea ecx, [edx + ecx * 4]
	MAYFAULT .short, rep movsb
	jmp .done
.short:                                 ; ECX bytes were counted and not copied
	mov eax, [fs:PERCPU_CURRENT]
	sub [eax + TASK_COPIED], ecx
	sbb dword [eax + TASK_COPIED + 4], 0
	jmp .done
.large:
	mov edx, ecx
	shr ecx, BLOCK_SHIFT
	and edx, (1 << BLOCK_SHIFT) - 1
	sub esp, 64
	movups [esp], xmm0
	movups [esp + 16], xmm1
	movups [esp + 32], xmm2
	movups [esp + 48], xmm3
.next:
%assign i 0
%rep 2
	MAYFAULT .blocks_end, movups xmm0, [esi + i]
	MAYFAULT .blocks_end, movups xmm1, [esi + i + 16]
	MAYFAULT .blocks_end, movups xmm2, [esi + i + 32]
	MAYFAULT .blocks_end, movups xmm3, [esi + i + 48]
	MAYFAULT .blocks_end, movups [edi + i], xmm0
	MAYFAULT .blocks_end, movups [edi + i + 16], xmm1
	MAYFAULT .blocks_end, movups [edi + i + 32], xmm2
	MAYFAULT .blocks_end, movups [edi + i + 48], xmm3
%assign i i + 64
%endrep
	add esi, 1 << BLOCK_SHIFT
	add edi, 1 << BLOCK_SHIFT
	dec ecx
	jnz .next
.blocks_end:                            ; ECX: blocks left
	movups xmm0, [esp]
	movups xmm1, [esp + 16]
	movups xmm2, [esp + 32]
	movups xmm3, [esp + 48]
	add esp, 64
	shl ecx, BLOCK_SHIFT
	add ecx, edx
	jmp .rest

; user_clear_bytes(EAX = to, EDX = n): bytes not cleared.
align 16
user_clear_bytes:
	push edi
	mov edi, eax
	mov ecx, edx
	shr ecx, 2
	and edx, 3
	xor eax, eax
	MAYFAULT .in_words, rep stosd
	mov ecx, edx
	MAYFAULT .done, rep stosb
.done:
	mov eax, ecx
	pop edi
	ret
.in_words:
	lea ecx, [edx + ecx * 4]
	MAYFAULT .done, rep stosb
	jmp .done

; Zero bytes in EAX: sets ZF if there is none (Warren, "Hacker's Delight", section 6-1). EBP is used.
%macro FIND_ZERO 0
	lea ebp, [eax - 0x01010101]
	not eax
	and ebp, eax
	not eax
	and ebp, 0x80808080
%endmacro

; user_copy_string(EAX = to, EDX = from, ECX = max > 0): length without the terminator, max if none was found, -1 on a fault. Reads whole
; words at aligned addresses, so it never touches a page the string does not reach.
align 16
user_copy_string:
	push ebx
	push esi
	push edi
	push ebp
	mov edi, eax
	mov esi, edx
	mov ebx, ecx
.bytes:                                 ; up to an aligned source, and the last bytes of max
	test esi, 3
	jz .aligned
.byte:
	MAYFAULT .fault, mov al, [esi]
	mov [edi], al
	test al, al
	jz .end
	inc esi
	inc edi
	dec ebx
	jnz .bytes
	jmp .end
.aligned:
	cmp ebx, 4
	jb .byte
.word:
	MAYFAULT .fault, mov eax, [esi]
	FIND_ZERO
	jnz .byte
	mov [edi], eax
	add esi, 4
	add edi, 4
	sub ebx, 4
	cmp ebx, 4
	jae .word
	test ebx, ebx
	jnz .byte
.end:                                   ; ECX still holds max, EBX what is left of it
	mov eax, ecx
	sub eax, ebx
.out:
	pop ebp
	pop edi
	pop esi
	pop ebx
	ret
.fault:
	mov eax, -1
	jmp .out

; user_string_length(EAX = from, EDX = max > 0): length without the terminator, max if none was found, -1 on a fault.
align 16
user_string_length:
	push ebx
	push ebp
	mov ecx, eax
	mov ebx, edx
.bytes:
	test ecx, 3
	jz .aligned
.byte:
	MAYFAULT .fault, cmp byte [ecx], 0
	je .end
	inc ecx
	dec ebx
	jnz .bytes
	jmp .end
.aligned:
	cmp ebx, 4
	jb .byte
	MAYFAULT .fault, mov eax, [ecx]
	FIND_ZERO
	jnz .byte
	add ecx, 4
	sub ebx, 4
	jnz .aligned
.end:
	mov eax, edx
	sub eax, ebx
.out:
	pop ebp
	pop ebx
	ret
.fault:
	mov eax, -1
	jmp .out

; user_read_u32(EAX = kernel address for the result, EDX = from), user_write_u32(EAX = value, EDX = to),
; user_touch(EAX = address, EDX = 1: for writing): 0, or -1 on a fault.
align 16
user_read_u32:
	MAYFAULT user_fault, mov edx, [edx]
	mov [eax], edx
	xor eax, eax
	ret

align 16
user_write_u32:
	MAYFAULT user_fault, mov [edx], eax
	xor eax, eax
	ret

align 16
user_touch:
	test edx, edx
	jnz .write
	MAYFAULT user_fault, mov al, [eax]
	xor eax, eax
	ret
.write:
	MAYFAULT user_fault, lock add byte [eax], 0
	xor eax, eax
	ret

user_fault:
	mov eax, -1
	ret
