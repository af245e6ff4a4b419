# make bench-compiled: compiled models on the emulated boards of tests/bench/rules.mk, beside interpreted ones; a program a
# board and model, with the same kernels and flags.

COMPILED_MODELS := pretrainedResnet_quant kws_ref_model vww_96_int8 ad01_int8 micro_speech_quantized hello_world_int8 \
	hello_world_float keyword_scrambled_8bit trained_lstm_int8
COMPILED_GOLDEN := $(abspath $(or $(MOTELOOP_SHARED),../shared)/golden)
compiled_models := $(if $(wildcard $(COMPILED_GOLDEN)/README.txt),$(COMPILED_MODELS))

$(B)/compiled/%/model.c: $(COMPILED_GOLDEN)/%.tflite $(B)/bin/moteloop-converter
	@mkdir -p $(@D)
	@$(B)/bin/moteloop-converter convert $< --to c-source --name model --out $@
# `port` is the M4 with the portable kernels alone.
nn_flags_port += -DMOTE_NN_VARIANT=MOTE_NN_PLAIN
define compiled_elf
$(B)/compiled/$(2)/$(1).elf: $(B)/compiled/$(2)/model.c tests/compiled/board_main.c tests/bench/nn_device/board.ld \
		$(patsubst %.c,$(B)/nn/$(1)/%.o,$(NN_HARNESS) $(call nn_src,$(1)))
	$$(Q)$$(NN_ARM_CC) $$(NN_ARM_FLAGS) -Os $$(nn_flags_$(1)) -include $(B)/compiled/$(2)/model.h -nostartfiles \
		-Wl,--gc-sections -Wl,--defsym=DATA_ORIGIN=$$(nn_data_$(1)) -T tests/bench/nn_device/board.ld -o $$@ \
		tests/compiled/board_main.c $(B)/compiled/$(2)/model.c $$(filter %.o,$$^)
endef
$(foreach b,$(NN_BOARDS) port,$(foreach m,$(COMPILED_MODELS),$(eval $(call compiled_elf,$(b),$(m)))))
# What measures, without a model: its size is subtracted.
define compiled_none
$(B)/compiled/none/$(1).elf: tests/compiled/board_main.c tests/compiled/empty_model.h tests/bench/nn_device/board.ld \
		$(patsubst %.c,$(B)/nn/$(1)/%.o,$(NN_HARNESS) $(call nn_src,$(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(NN_ARM_CC) $$(NN_ARM_FLAGS) -Os $$(nn_flags_$(1)) -include tests/compiled/empty_model.h -nostartfiles \
		-Wl,--gc-sections -Wl,--defsym=DATA_ORIGIN=$$(nn_data_$(1)) -T tests/bench/nn_device/board.ld -o $$@ \
		tests/compiled/board_main.c $$(filter %.o,$$^)
endef
$(foreach b,$(NN_BOARDS) port,$(eval $(call compiled_none,$(b))))
COMPILED_ELFS := $(foreach b,$(NN_BOARDS) port,$(B)/compiled/none/$(b).elf) $(foreach b,$(NN_BOARDS) port,$(foreach m,$(compiled_models),$(B)/compiled/$(m)/$(b).elf))

.PHONY: bench-compiled bench-compiled-build
bench-compiled-build: $(COMPILED_ELFS)
bench-compiled: $(NN_ELFS) $(COMPILED_ELFS) ## compiled models beside interpreted ones on emulated boards
	@B=$(B) tests/compiled/bench_compiled.sh
