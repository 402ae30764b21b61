# Sluice. `make` builds what tools/vm runs, `make run` boots to a shell, `make test` tests; see README.md.
# Variables: DEBUG=1 debug kernel (build/debug), CC=clang, CROSS_COMPILE=i686-elf-, WERROR=1, V=1, BUILD=elsewhere.
#
#   all        kernel, user programs and root image: what tools/vm run needs      kernel  the kernel alone      debug  the debug kernel too
#   run        boot the GRUB ISO to a shell on this terminal                      iso     build/sluice.iso
#   test       host, kernel and system tests; also test-host, test-kernel, test-system, and soak for the long forms
#   bench-disk every elevator on a disk with an arm, in modelled time (docs/elevators.md)
#   bench      what things cost in guest instructions, compared with the committed table
#   lint       layers, port access, file headers, format          format   clang-format over the sources
#   doctor     which tools are there, how old, what to do         screenshot  docs/screen.png anew
#   module     M=FOLDER: the modules of that folder, NAME.c or a Makefile with obj-m := NAME.o; leaves NAME.ko there (docs/drivers.md)
#   gdb        QEMU stopped at the kernel's entry with gdb attached
#   clean      everything made, but not the packages fetched      distclean  these too

BUILD ?= build
Q := $(if $(V),,@)
PYTHON := /usr/bin/python3
DEBIAN := build/debian/root

GOALS := $(or $(MAKECMDGOALS),all)
BUILDING := $(filter-out clean distclean format lint doctor,$(GOALS))

# Tools first: on a fresh machine there is no compiler to probe for yet. Sub-makes and repeated calls find the work done.
ifneq ($(BUILDING),)
ifeq ($(SLUICE_DEPS_DONE),)
$(shell tools/deps >&2)
export SLUICE_DEPS_DONE := 1
endif
endif

# ---- compilers ----------------------------------------------------------------

have = $(shell command -v $(1) 2>/dev/null)
ifeq ($(origin CC),default)
CROSS_COMPILE ?= $(firstword $(foreach p,i686-elf- i686-linux-gnu- x86_64-elf-,$(if $(call have,$(p)gcc),$(p))))
CC := $(CROSS_COMPILE)gcc
endif
CLANG := $(findstring clang,$(CC))
ifeq ($(origin LD),default)
LD := $(CROSS_COMPILE)ld
# clang without a prefix: the host's linker when it knows i386, else lld.
ifneq ($(CLANG),)
LD := $(if $(CROSS_COMPILE),$(LD),$(if $(findstring elf_i386,$(shell ld -V 2>/dev/null)),ld,ld.lld))
endif
endif
BINUTILS := $(or $(CROSS_COMPILE),$(if $(call have,nm),,i686-linux-gnu-))
NM := $(BINUTILS)nm
OBJDUMP := $(BINUTILS)objdump
OBJCOPY := $(BINUTILS)objcopy
NASM := nasm
# User programs want a gcc for its libgcc; they are linked against Debian's musl.
USER_CC := $(or $(if $(CLANG),,$(CC)),gcc)
ifneq ($(call have,i686-linux-gnu-gcc),)
USER_CC := i686-linux-gnu-gcc
endif

CONFIG := $(if $(DEBUG),debug,release)
OUT := $(BUILD)/$(CONFIG)
KERNEL := $(OUT)/sluice.elf
ROOT := $(BUILD)/root.img
ISO := $(BUILD)/sluice.iso

CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-delete-null-pointer-checks -mregparm=3 -mgeneral-regs-only \
	-mpreferred-stack-boundary=2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter \
	-Wframe-larger-than=1024 -I. -MMD -MP
# Few and short instructions: the default tuning for i686 pads jump targets and moves what later processors push.
ifeq ($(CLANG),)
CFLAGS += -mtune=core2 -mno-accumulate-outgoing-args -falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1
else
CFLAGS := --target=i686-unknown-linux-gnu $(filter-out -mpreferred-stack-boundary=2,$(CFLAGS)) -mstack-alignment=4 \
	-Wno-gnu-statement-expression -Wno-address-of-packed-member
endif
ifdef DEBUG
CFLAGS += -DCONFIG_DEBUG -fsanitize=undefined -fno-sanitize=alignment
endif
ifdef WERROR
CFLAGS += -Werror
endif

# ---- the kernel ---------------------------------------------------------------

KERNEL_DIRS := boot kernel mm io drivers $(if $(DEBUG),tests/kernel)
C_SRC := $(sort $(shell find $(KERNEL_DIRS) -name '*.c'))
ASM_SRC := $(sort $(shell find $(KERNEL_DIRS) -name '*.asm'))
OBJ := $(C_SRC:%.c=$(OUT)/%.o) $(ASM_SRC:%.asm=$(OUT)/%.asm.o)

# ---- lwIP: Debian's source package, compiled as part of the kernel with the port in io/net/lwip ----

LWIP := build/debian/src/lwip/src
LWIP_SRC := core/def core/inet_chksum core/init core/ip core/mem core/memp core/netif core/pbuf core/raw core/stats core/tcp core/tcp_in \
	core/tcp_out core/timeouts core/udp core/ipv4/icmp core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag
LWIP_OBJ := $(LWIP_SRC:%=$(OUT)/lwip/%.o)
LWIP_INCLUDE := -Iio/net/lwip -I$(LWIP)/include
OBJ += $(LWIP_OBJ)

all: kernel user labs $(ROOT)
kernel: $(KERNEL) $(OUT)/sluice.sym $(OUT)/sluice.dis
user: $(BUILD)/user/.all

# Modules fit the kernel whose headers they were compiled with (kernel/module/vermagic.h).
ABI = $(eval ABI := $(shell find kernel mm io drivers -name '*.h' ! -path 'kernel/include/*' | LC_ALL=C sort | xargs cat | sha1sum | cut -c1-8))$(ABI)
$(OUT)/kernel/module/load.o: CFLAGS += -DMODULE_ABI='"$(ABI)"'
$(OUT)/kernel/module/load.o: $(OUT)/.abi

# Another compiler, other flags or another set of files: rebuild. Written only when it differs, so that it works as a time stamp.
# 1: file, 2: text. A dry run (make -n, -q) writes nothing.
remember = $(if $(filter-out x$(subst $(space),_,$(strip $(file <$(1)))),x$(subst $(space),_,$(strip $(2)))),$(shell mkdir -p $(dir $(1)))$(file >$(1),$(strip $(2))))
empty :=
space := $(empty) $(empty)
DRY := $(findstring n,$(firstword -$(MAKEFLAGS)))$(findstring q,$(firstword -$(MAKEFLAGS)))
ifneq ($(if $(DRY),,$(BUILDING)),)
$(call remember,$(OUT)/.flags,$(CC) $(CFLAGS))
$(call remember,$(OUT)/.files,$(LD) $(OBJ))
$(call remember,$(OUT)/.abi,$(ABI))
endif

$(OUT)/%.o: %.c $(OUT)/.flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(addprefix $(OUT)/io/net/,inet.o inet_common.o inet_proc.o lo.o tcp.o tcp_connect.o tcp_data.o tcp_options.o tcp_urgent.o datagram.o udp.o raw.o ifioctl.o): CFLAGS += $(LWIP_INCLUDE)

# io/net/lwip/NAME.sed mends core/NAME.c before it is compiled; it says why.
$(LWIP_OBJ): $(OUT)/lwip/%.o: $(LWIP)/%.c $(OUT)/.flags $(wildcard io/net/lwip/*.h io/net/lwip/arch/*.h io/net/lwip/*.sed)
	@mkdir -p $(@D)
	@echo "  LWIP  $*.c"
	$(Q)sed $(if $(wildcard io/net/lwip/$(*F).sed),-f io/net/lwip/$(*F).sed,-n p) $< > $(@:.o=.c)
	$(Q)$(CC) $(filter-out -Wall -Wextra -W% -MMD -MP -I. -Werror,$(CFLAGS)) -w $(LWIP_INCLUDE) -c -o $@ $(@:.o=.c)

$(LWIP)/%.c:
	tools/deps

$(OUT)/%.asm.o: %.asm
	@mkdir -p $(@D)
	@echo "  NASM  $<"
	$(Q)$(NASM) -f elf32 -g -F dwarf -MD $(@:.o=.d) -MP -o $@ $<

# ---- the vDSO: a shared object for programs, that the kernel carries and maps (user/vdso, kernel/process/vdso.c) ----

VDSO_CFLAGS = -m32 -march=i686 -std=gnu11 -O2 -g -ffreestanding -fPIC -fvisibility=hidden -fno-stack-protector -fomit-frame-pointer \
	-fasynchronous-unwind-tables -mgeneral-regs-only -Wall -Wextra $(if $(WERROR),-Werror) -I. -MMD -MP
VDSO_OBJ := $(OUT)/user/vdso/clock.o $(OUT)/user/vdso/entry.asm.o

$(OUT)/user/vdso/clock.o: user/vdso/clock.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(USER_CC) $(VDSO_CFLAGS) -c -o $@ $<

$(OUT)/vdso.so: $(VDSO_OBJ) user/vdso/vdso.lds
	@echo "  LD    $@"
	$(Q)$(LD) -m elf_i386 -shared -nostdlib -soname linux-gate.so.1 --hash-style=both --eh-frame-hdr -Bsymbolic --build-id=none -z noexecstack \
		-z max-page-size=4096 -T user/vdso/vdso.lds -o $@ $(VDSO_OBJ)

# What is loaded of it, and where in it the kernel looks.
$(OUT)/vdso.bin: $(OUT)/vdso.so
	$(Q)$(OBJCOPY) --strip-all $< $@

$(OUT)/vdso.inc: $(OUT)/vdso.so
	$(Q)$(NM) $< | sed -n 's@^\([0-9a-f]*\) . \(__kernel_[a-z_]*\|vdso_[a-z_]*\)$$@%define at_\2 0x\1@p' >$@

$(OUT)/kernel/process/vdso_image.asm.o: NASM += -I$(OUT)/
$(OUT)/kernel/process/vdso_image.asm.o: $(OUT)/vdso.bin $(OUT)/vdso.inc

# -X: without the labels that nasm makes up for macros (..@1.here), which gdb would take for functions.
LINK = $(LD) -m elf_i386 -nostdlib -z noexecstack -X -T linker.ld

# Linked twice: the second time with the table of function names that backtraces read.
$(OUT)/first.elf: $(OBJ) linker.ld $(OUT)/.files
	@echo "  LD    $@"
	$(Q)$(LINK) -o $@ $(OBJ)

$(OUT)/ksyms.asm.o: $(OUT)/first.elf tools/ksyms
	$(Q)$(NM) -n $< | tools/ksyms >$(OUT)/ksyms.asm
	$(Q)$(NASM) -f elf32 -o $@ $(OUT)/ksyms.asm

$(KERNEL): $(OUT)/ksyms.asm.o
	@echo "  LD    $@"
	$(Q)$(LINK) -Map $(OUT)/sluice.map -o $@.new $(OBJ) $< && mv $@.new $@

$(OUT)/sluice.sym: $(KERNEL)
	$(Q)$(NM) -n $< >$@

$(OUT)/sluice.dis: $(KERNEL)
	$(Q)$(OBJDUMP) -d --no-show-raw-insn -M intel $< >$@

debug:
	@$(MAKE) --no-print-directory DEBUG=1 kernel

# ---- modules -------------------------------------------------------------------

# What is asked of the kernel's own sources is not asked of a student's: the warnings of Linux's own build.
# The debug kernel checks what modules touch (kernel/module/redzone.c); clang has other words for it and goes without.
MODULE_DEBUG_CFLAGS := $(if $(CLANG),,-fsanitize=kernel-address -fasan-shadow-offset=0 --param asan-globals=1 --param asan-stack=0 \
	--param asan-instrumentation-with-call-threshold=0)
MODULE_CFLAGS = $(if $(DEBUG),$(MODULE_DEBUG_CFLAGS)) $(filter-out -I. -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror,$(CFLAGS)) -I.
# 1: folder, 2: where NAME.ko goes, 3: where its objects go.
module = $(MAKE) --no-print-directory -f tools/module.mk M=$(1) DEST=$(2) OBJ=$(3) CC='$(CC)' CFLAGS='$(MODULE_CFLAGS) $(4)' LD='$(LD)' NM='$(NM)' \
	ABI=$(ABI) EXPORTS=$(OUT)/kernel/module/exports.o

ifneq ($(filter module modules,$(GOALS)),)
ifeq ($(M),)
$(error make module: say where the source is: make module M=path/to/folder)
endif
ifneq ($(words $(M)),1)
$(error make module: make cannot work in a folder with spaces in its name: $(M))
endif
ifeq ($(wildcard $(M)/.),)
$(error make module: $(M) is no folder)
endif
endif

module: $(OUT)/kernel/module/exports.o
	+$(Q)$(call module,$(abspath $(M)),$(abspath $(M)),$(abspath $(OUT))/modules$(abspath $(M)))

# For Makefiles written for Linux: make -C PATH/TO/SLUICE M=$$PWD modules
modules: module

LABS := $(patsubst labs/%/,%,$(sort $(wildcard labs/*/)))
labs: $(LABS:%=$(OUT)/labs/.%)

MODULE_TOOLS := tools/module.mk tools/module.c tools/module.lds tools/modsum $(wildcard kernel/include/*/*.h kernel/include/*/*/*.h)

$(foreach l,$(LABS),$(eval $(OUT)/labs/.$(l): $(wildcard labs/$(l)/*)))
$(OUT)/labs/.%: $(OUT)/kernel/module/exports.o $(OUT)/.abi $(OUT)/.flags $(MODULE_TOOLS)
	@mkdir -p $(OUT)/labs
	+$(Q)$(call module,labs/$*,$(abspath $(OUT)/labs),$(abspath $(OUT))/modules/labs/$*,$(if $(WERROR),-Werror))
	@touch $@

# ---- user programs and the root image -----------------------------------------

USER_SRC := $(sort $(wildcard user/*.c))
USER_BIN := $(USER_SRC:user/%.c=$(BUILD)/user/%)
MUSL := $(DEBIAN)/usr/lib/i386-linux-musl
LIBGCC = $(shell $(USER_CC) -m32 -print-libgcc-file-name)
USER_CFLAGS = -m32 -march=i686 -std=gnu11 -O2 -g -static -no-pie -fno-pie -fno-stack-protector -U_FORTIFY_SOURCE -Wall -Wextra \
	$(if $(WERROR),-Werror) -I. -nostdinc -isystem $(DEBIAN)/usr/include/i386-linux-musl -isystem $(dir $(LIBGCC))include -MMD -MP

# A program may name kernel files in its first comment on lines SOURCES: (as the host tests do); they are compiled into it.
named_sources = $(shell sed -n 's@^.*SOURCES:@@p' user/$(1).c | sed 's@\*/.*@@')
define program_sources
USER_SOURCES_$(1) := $(2)
$(if $(2),$(BUILD)/user/$(1): $(2) $(wildcard io/contract/*.h $(addsuffix *.h,$(sort $(dir $(2))))))
endef
$(foreach p,$(USER_SRC:user/%.c=%),$(eval $(call program_sources,$(p),$(call named_sources,$(p)))))

define LINK_USER
$(Q)$(USER_CC) $(if $(USER_SOURCES_$*),-D_GNU_SOURCE -DHOST_TEST -Dloff_t=off_t -Wno-unused-parameter) $(USER_CFLAGS) \
	-nostdlib $(MUSL)/crt1.o $(MUSL)/crti.o $< $(USER_SOURCES_$*) \
	-Wl,--start-group $(MUSL)/libc.a $(LIBGCC) -Wl,--end-group $(MUSL)/crtn.o -Wl,-s -o $@
endef

$(BUILD)/user/%: user/%.c $(wildcard user/*.h) Makefile | $(MUSL)/libc.a
	@mkdir -p $(@D)
	@echo "  USER  $<"
	$(LINK_USER)

$(BUILD)/bench/%: tests/bench/%.c Makefile | $(MUSL)/libc.a
	@mkdir -p $(@D)
	@echo "  USER  $<"
	$(LINK_USER)

$(BUILD)/bench/bench: user/linux_aio.h
$(BUILD)/bench/diskload: tests/system/programs/diskload.c user/linux_aio.h Makefile | $(MUSL)/libc.a
	@mkdir -p $(@D)
	@echo "  USER  $<"
	$(LINK_USER)

$(BUILD)/user/.all: $(USER_BIN)
	@touch $@

$(MUSL)/libc.a $(DEBIAN)/bin/busybox $(DEBIAN)/bin/bash-static $(DEBIAN)/usr/bin/iostat:
	tools/deps

$(ROOT): tools/rootfs tools/modsum $(LABS:%=$(OUT)/labs/.%) $(BUILD)/user/.all $(DEBIAN)/bin/busybox $(DEBIAN)/bin/bash-static $(DEBIAN)/usr/bin/iostat $(shell find user/root)
	@echo "  ROOT  $@"
	$(Q)tools/rootfs $@ $(DEBIAN)/bin/busybox $(DEBIAN)/bin/bash-static $(sort $(wildcard $(OUT)/labs/*.ko)) $(USER_BIN)

# ---- the ISO, running, debugging ----------------------------------------------

iso: $(ISO)

$(ISO): $(BUILD)/release/sluice.elf iso/grub.cfg tools/mkiso
	@echo "  ISO   $@"
	$(Q)tools/mkiso $@ $(BUILD)/release/sluice.elf iso/grub.cfg

run: all $(ISO)
	@tools/vm run --iso $(ISO)

gdb: all
	@tools/vm run --gdb --kernel $(KERNEL)

# ---- tests --------------------------------------------------------------------

test: all $(ISO)
	@tools/test host kernel system

test-host:
	@tools/test host

test-kernel:
	@tools/test kernel

test-system: all $(ISO)
	@tools/test system

soak: all $(ISO)
	@tools/test --soak host kernel system

bench-disk: all $(BUILD)/bench/diskload
	@SLUICE_BUILD=$(abspath $(BUILD)) tools/bench-disk

bench: all $(BUILD)/bench/bench
	@SLUICE_BUILD=$(abspath $(BUILD)) tools/bench

lint:
	@tools/lint

doctor:
	@tools/doctor

screenshot: all
	@SLUICE_BUILD=$(abspath $(BUILD)) tools/screenshot

format:
	$(Q)tools/lint --format

# ---- the rest -----------------------------------------------------------------

# What tools/deps fetched stays: it came over the network, and nothing here changes it.
clean:
	@[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name debian -exec rm -rf {} +

distclean:
	rm -rf $(BUILD)

.PHONY: labs module modules all kernel user debug iso run gdb test test-host test-kernel test-system soak bench bench-disk lint doctor screenshot format clean distclean
.DELETE_ON_ERROR:
-include $(OBJ:.o=.d) $(VDSO_OBJ:.o=.d) $(USER_BIN:=.d)
