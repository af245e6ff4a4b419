# make firmware: firmware/core for every kind of part, freestanding, and the proof that it needs nothing but the four
# memory functions and the signature library. make size: what it costs there, module by module.
#
# A target: its compiler and flags, and the kernel variant that suits it.

FW_TARGETS := m0plus m4f m33 rv32imc lx106
fw_cc_m0plus := arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb --specs=picolibc.specs
fw_cc_m4f := arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard --specs=picolibc.specs
fw_cc_m33 := arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard --specs=picolibc.specs
fw_cc_rv32imc := riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 --specs=picolibc.specs
fw_cc_lx106 := xtensa-lx106-elf-gcc -mlongcalls -Ifirmware/port/bare/include
fw_ld_rv32imc := -melf32lriscv
fw_variant_m0plus := %_novariant.c
fw_variant_m4f := %_dsp.c
fw_variant_m33 := %_dsp.c
fw_variant_rv32imc := %_novariant.c
fw_variant_lx106 := %_novariant.c

FW_FLAGS := -std=c11 -Os -ffreestanding -ffp-contract=off -ffunction-sections -fdata-sections -fno-common $(WARN) \
	-Wdouble-promotion -I. -MMD -MP -fcallgraph-info=su
# The library's headers alone, not all of the host's.
FW_BEARSSL := $(B)/firmware/include/bearssl
FW_FLAGS += -idirafter $(B)/firmware/include
BEARSSL_HEADERS ?= /usr/include/bearssl

fw_src = $(filter-out $(filter-out $(fw_variant_$(1)),$(CORE_VARIANTS)),$(CORE_ALL))
fw_obj = $(patsubst %.c,$(B)/firmware/$(1)/%.o,$(call fw_src,$(1)))
fw_tool = $(patsubst %-gcc,%-$(2),$(firstword $(fw_cc_$(1))))

$(FW_BEARSSL):
	@mkdir -p $(@D)
	@ln -sfn $(BEARSSL_HEADERS) $@

define fw_target
$(B)/firmware/$(1)/%.o: %.c | $(FW_BEARSSL)
	@mkdir -p $$(@D)
	$$(Q)$$(fw_cc_$(1)) $$(FW_FLAGS) -c -o $$@ $$<
$(B)/firmware/$(1)/libmote.a: $(call fw_obj,$(1)) firmware/check_symbols.sh
	@rm -f $$@
	$$(Q)$(call fw_tool,$(1),ar) rcs $$@ $$(filter %.o,$$^)
	@CC="$$(fw_cc_$(1))" LD="$(call fw_tool,$(1),ld) $(fw_ld_$(1))" NM=$(call fw_tool,$(1),nm) firmware/check_symbols.sh $(1) $$@
endef
$(foreach t,$(FW_TARGETS),$(eval $(call fw_target,$(t))))

# The signature library for targets: of its sources (fetched once), the files that verification needs. `make
# firmware-sig` builds it and proves that core and library together need the memory functions alone.
FW_SIG_DIR := $(B)/firmware/src/bearssl
FW_SIG_FILES := codec/ccopy codec/dec32be codec/enc32be ec/ec_p256_m31 ec/ec_secp256r1 ec/ec_secp384r1 \
	ec/ec_secp521r1 ec/ecdsa_i31_bits ec/ecdsa_i31_vrfy_raw hash/sha2small int/i31_add int/i31_bitlen \
	int/i31_decmod int/i31_decode int/i31_encode int/i31_fmont int/i31_iszero int/i31_modpow int/i31_montmul \
	int/i31_muladd int/i31_ninv31 int/i31_rshift int/i31_sub int/i31_tmont int/i32_div32
$(B)/firmware/src/ready:
	@firmware/bearssl_source.sh $(B)/firmware/src
	@touch $@
define fw_sig_target
$(B)/firmware/$(1)/sig/%.o: $(B)/firmware/src/ready
	@mkdir -p $$(@D)
	$$(Q)$$(fw_cc_$(1)) -Os -ffreestanding -ffunction-sections -fdata-sections -I$(FW_SIG_DIR)/inc -I$(FW_SIG_DIR)/src \
		-c -o $$@ $(FW_SIG_DIR)/src/$$*.c
$(B)/firmware/$(1)/libsig.a: $(addprefix $(B)/firmware/$(1)/sig/,$(addsuffix .o,$(FW_SIG_FILES))) $(B)/firmware/$(1)/libmote.a
	@rm -f $$@
	$$(Q)$(call fw_tool,$(1),ar) rcs $$@ $$(filter %.o,$$^)
	@CC="$$(fw_cc_$(1))" LD="$(call fw_tool,$(1),ld) $(fw_ld_$(1))" NM=$(call fw_tool,$(1),nm) \
		firmware/check_symbols.sh $(1) $(B)/firmware/$(1)/libmote.a $$@
	@$(call fw_tool,$(1),size) -t $$@ | awk 'END {print "firmware: $(1): signature library: " $$$$1 + $$$$2 " bytes of flash"}'
endef
$(foreach t,$(FW_TARGETS),$(eval $(call fw_sig_target,$(t))))

.PHONY: firmware firmware-sig size
firmware-sig: deps-firmware $(foreach t,$(FW_TARGETS),$(B)/firmware/$(t)/libsig.a) ## the signature library for them
firmware: deps-firmware $(foreach t,$(FW_TARGETS),$(B)/firmware/$(t)/libmote.a) ## the device core for every kind of part

define fw_size_rule
.PHONY: size-$(1)
size-$(1): firmware $(B)/firmware/$(1)/firmware/state_size.o
	@SIZE=$(call fw_tool,$(1),size) NM=$(call fw_tool,$(1),nm) \
		firmware/size.sh $(1) $(B)/firmware/$(1)/firmware/core $(B)/firmware/$(1)/firmware/state_size.o
endef
$(foreach t,$(FW_TARGETS),$(eval $(call fw_size_rule,$(t))))
size: $(addprefix size-,$(FW_TARGETS)) ## flash, RAM and worst stack of firmware/core, per module and target

-include $(shell [ -d $(B)/firmware ] && find $(B)/firmware -name '*.d')
