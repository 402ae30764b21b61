/* What of ELF32 a relocatable object for the 80386 has (System V ABI, 4th edition, chapter 4; Intel386 supplement, "Relocation"). */
#ifndef KERNEL_MODULE_ELF_REL_H
#define KERNEL_MODULE_ELF_REL_H

#include "kernel/lib/types.h"

#define ET_REL 1
#define EM_386 3

struct elf_ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf_ehdr) == 52, "ELF32 header");

struct elf_shdr {
	u32 name, type, flags, addr, offset, size, link, info, addralign, entsize;
};
static_assert(sizeof(struct elf_shdr) == 40, "ELF32 section header");

#define SHT_NULL 0
#define SHT_PROGBITS 1
#define SHT_SYMTAB 2
#define SHT_STRTAB 3
#define SHT_RELA 4
#define SHT_NOBITS 8
#define SHT_REL 9
#define SHT_INIT_ARRAY 14
#define SHF_WRITE 1u
#define SHF_ALLOC 2u
#define SHF_EXECINSTR 4u

#define SHN_UNDEF 0u
#define SHN_LORESERVE 0xff00u
#define SHN_ABS 0xfff1u
#define SHN_COMMON 0xfff2u

struct elf_sym {
	u32 name, value, size;
	u8 info, other;
	u16 shndx;
};
static_assert(sizeof(struct elf_sym) == 16, "ELF32 symbol");
#define SYM_TYPE(s) ((s)->info & 15)
#define SYM_BIND(s) ((s)->info >> 4)
#define STB_WEAK 2
#define STT_OBJECT 1
#define STT_FUNC 2
#define STT_SECTION 3

struct elf_rel {
	u32 offset, info;
};
static_assert(sizeof(struct elf_rel) == 8, "ELF32 relocation");
#define REL_SYM(info) ((info) >> 8)
#define REL_TYPE(info) ((info)&0xff)
#define R_386_NONE 0
#define R_386_32 1
#define R_386_PC32 2
#define R_386_PLT32 4

#endif
