# make bench-cycles: modelled cycles beside instructions, interpreted and compiled, on the boards of tests/bench/rules.mk.

$(B)/cycles/libcycles.so: tests/cycles/plugin.c tests/cycles/thumb.c tests/cycles/thumb.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 $(WARN) -fPIC -shared -I. -o $@ $(filter %.c,$^)
define cycles_elf
$(B)/cycles/$(1).elf: tests/cycles/interpreted_main.c tests/bench/nn_device/board.ld \
		$(patsubst %.c,$(B)/nn/$(1)/%.o,$(NN_HARNESS) $(call nn_src,$(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(NN_ARM_CC) $$(NN_ARM_FLAGS) -Os $$(nn_flags_$(1)) -nostartfiles -Wl,--gc-sections \
		-Wl,--defsym=DATA_ORIGIN=$$(nn_data_$(1)) -T tests/bench/nn_device/board.ld -o $$@ \
		tests/cycles/interpreted_main.c $$(filter %.o,$$^)
endef
$(foreach b,$(NN_BOARDS) m0,$(eval $(call cycles_elf,$(b))))

.PHONY: bench-cycles bench-cycles-build
bench-cycles-build: $(B)/cycles/libcycles.so $(B)/cycles/m0.elf $(foreach b,$(NN_BOARDS),$(B)/cycles/$(b).elf \
	$(foreach m,$(compiled_models),$(B)/compiled/$(m)/$(b).elf))
bench-cycles: bench-cycles-build ## modelled cycles of one invoke, by instruction class
	@B=$(B) tests/cycles/cycles.sh
$(B)/tests/cycles/check_thumb: $(B)/obj/tests/cycles/thumb.o
