; The vDSO as the kernel carries it: one page to map into programs, and where in it what is. Made from user/vdso; vdso.c uses it.

%include "vdso.inc"                         ; at_NAME: offsets of symbols in the image

global vdso_image, vdso_offsets

section .data.page progbits alloc noexec write align=4096
vdso_image:
	incbin "vdso.bin"
	times 4096 - ($ - vdso_image) db 0

section .rodata align=4
vdso_offsets:                               ; struct vdso_offsets
	dd at___kernel_vsyscall, at_vdso_sysenter, at_vdso_sysenter_return, at___kernel_sigreturn, at___kernel_rt_sigreturn

section .note.GNU-stack noalloc noexec nowrite progbits
