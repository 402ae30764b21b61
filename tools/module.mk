# Builds one folder of modules, called by the Makefile's target `module`:
#
#   make -f tools/module.mk M=FOLDER OBJ=WHERE CC=... CFLAGS=... LD=... NM=... ABI=... EXPORTS=OBJECT [DEST=FOLDER]
#
# FOLDER holds NAME.c alone, or a Makefile (or Kbuild) with obj-m := NAME.o ..., and NAME-objs (or NAME-y) := A.o B.o for a module of several
# files; ccflags-y and CFLAGS_A.o are honoured. Objects go to WHERE, NAME.ko to DEST (default: FOLDER). EXPORTS: an object whose undefined
# symbols are what the kernel offers to modules (kernel/module/exports.c); others are named in a warning, because a second module may have them.

Q := $(if $(V),,@)
DEST ?= $(M)
.DEFAULT_GOAL := sluice-modules
KERNELRELEASE := sluice

obj-m :=
ifneq ($(wildcard $(M)/Kbuild),)
include $(M)/Kbuild
else ifneq ($(wildcard $(M)/Makefile),)
include $(M)/Makefile
else
sluice-sources := $(notdir $(wildcard $(M)/*.c))
ifeq ($(sluice-sources),)
$(error $(M): neither a Makefile nor a .c file)
endif
ifneq ($(words $(sluice-sources)),1)
$(error $(M): several .c files ($(sluice-sources)): write a Makefile there with a line like "obj-m := NAME.o" (and "NAME-objs := A.o B.o"))
endif
obj-m := $(sluice-sources:.c=.o)
endif
obj-m += $(obj-y)
ifeq ($(strip $(obj-m)),)
$(error $(M)/Makefile: no line "obj-m := NAME.o", so there is nothing to build)
endif

sluice-names := $(patsubst %.o,%,$(filter %.o,$(obj-m)))
# 1: module. The objects it is made of.
sluice-objects = $(addprefix $(OBJ)/,$(or $(strip $($(1)-objs) $($(1)-y)),$(1).o))
sluice-kbuild-name = $(subst -,_,$(1))
SLUICE_CFLAGS = $(CFLAGS) -DMODULE -DKBUILD_BASENAME='"$(notdir $*)"' -I$(M) -Ikernel/include $(ccflags-y) $(EXTRA_CFLAGS) $(CFLAGS_$*.o)

sluice-all-objects := $(sort $(foreach n,$(sluice-names),$(call sluice-objects,$(n))))

define sluice-module
ifneq ($(strip $($(1)-objs) $($(1)-y)),)
ifneq ($(filter $(1).o,$($(1)-objs) $($(1)-y)),)
$$(error $(M): module $(1) cannot have a source of its own name $(1).c among several: name the module otherwise)
endif
endif
$(call sluice-objects,$(1)): sluice-name := $(call sluice-kbuild-name,$(1))
$(OBJ)/$(1).mod.o: sluice-name := $(call sluice-kbuild-name,$(1))
$(OBJ)/$(1).mod.o: tools/module.c $(OBJ)/.flags
	$(Q)$(CC) $$(SLUICE_CFLAGS) -DKBUILD_MODNAME='"$$(sluice-name)"' -DMODULE_ABI='"$(ABI)"' -c -o $$@ $$<
$(OBJ)/$(1).ko: $(sluice-all-objects) $(OBJ)/$(1).mod.o tools/module.lds tools/modsum $(EXPORTS)
	@echo "  LD    $(DEST)/$(1).ko"
	$(Q)$(LD) -m elf_i386 -r -T tools/module.lds -o $$@.new $(call sluice-objects,$(1)) $(OBJ)/$(1).mod.o
	$(Q)tools/modsum --exports "$(NM)" $(EXPORTS) $$@.new $(sluice-all-objects) && mv $$@.new $$@
endef
$(foreach n,$(sluice-names),$(eval $(call sluice-module,$(n))))

$(OBJ)/%.o: $(M)/%.c $(OBJ)/.flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(SLUICE_CFLAGS) -DKBUILD_MODNAME='"$(sluice-name)"' -c -o $@ $<

# Every time: another configuration may have left its own there. Written only when it differs.
sluice-modules: $(sluice-names:%=$(OBJ)/%.ko)
	$(Q)for n in $(sluice-names); do cmp -s $(OBJ)/$$n.ko $(DEST)/$$n.ko || cp $(OBJ)/$$n.ko $(DEST)/$$n.ko || exit 1; done

$(OBJ)/.flags: sluice-always
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(CFLAGS) $(ccflags-y) $(EXTRA_CFLAGS) $(ABI))' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: sluice-modules sluice-always
.SECONDARY:
-include $(wildcard $(OBJ)/*.d)
