# Sluice. `make` builds what tools/vm runs, `make run` boots to a shell, `make test` tests; see README.md.
# Variables: DEBUG=1 debug kernel (build/debug), CC=clang, CROSS_COMPILE=i686-elf-, WERROR=1, V=1.

BUILD ?= build
ifeq ($(origin CC),default)
CROSS_COMPILE ?= $(firstword $(foreach p,i686-elf- i686-linux-gnu- x86_64-elf-,$(if $(shell command -v $(p)gcc 2>/dev/null),$(p))))
CC := $(CROSS_COMPILE)gcc
endif
LD := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
NM := $(CROSS_COMPILE)nm
NASM := nasm
Q := $(if $(V),,@)

CONFIG := $(if $(DEBUG),debug,release)
OUT := $(BUILD)/$(CONFIG)
KERNEL := $(OUT)/sluice.elf

CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-delete-null-pointer-checks -mregparm=3 -mgeneral-regs-only \
	-mpreferred-stack-boundary=2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter \
	-Wframe-larger-than=1024 -I. -MMD -MP
ifneq ($(findstring clang,$(CC)),)
CFLAGS := $(filter-out -mpreferred-stack-boundary=2,$(CFLAGS)) -mstack-alignment=4 -Wno-gnu-statement-expression -Wno-address-of-packed-member
endif
ifdef DEBUG
CFLAGS += -DCONFIG_DEBUG -fsanitize=undefined -fno-sanitize=alignment
endif
ifdef WERROR
CFLAGS += -Werror
endif

KERNEL_DIRS := boot kernel mm io drivers $(if $(DEBUG),tests/kernel)
C_SRC := $(sort $(shell find $(KERNEL_DIRS) -name '*.c'))
ASM_SRC := $(sort $(shell find $(KERNEL_DIRS) -name '*.asm'))
OBJ := $(C_SRC:%.c=$(OUT)/%.o) $(ASM_SRC:%.asm=$(OUT)/%.asm.o)

all: $(KERNEL)

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/%.asm.o: %.asm Makefile
	@mkdir -p $(@D)
	@echo "  NASM  $<"
	$(Q)$(NASM) -f elf32 -g -F dwarf -o $@ $<

$(KERNEL): $(OBJ) linker.ld
	@echo "  LD    $@"
	$(Q)$(LD) -m elf_i386 -nostdlib -T linker.ld -Map $(OUT)/sluice.map -o $@ $(OBJ)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(OBJ:.o=.d)
