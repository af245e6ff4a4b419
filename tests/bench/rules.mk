# make bench-nn: the device runtime on emulated Cortex-M boards, beside stored figures of TensorFlow Lite Micro.
# One program a board and operator table: `all` operators for every model, `all4` the int8 operators of the four
# MLPerf Tiny models, whose size is what a firmware for them would carry, and which the figures for those come from.

NN_ARM_CC := arm-none-eabi-gcc
NN_ARM_FLAGS := -std=c11 -g -Wall -Wextra -Wshadow -Wconversion -I. -ffp-contract=off \
	-ffunction-sections -fdata-sections -fno-common -flto=1 --specs=picolibc.specs
nn_flags_m3 := -mcpu=cortex-m3 -mthumb
nn_flags_m4 := -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
nn_flags_m7 := -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard
nn_flags_m55 := -mcpu=cortex-m55 -mthumb -mfloat-abi=hard -DBENCH_SYSTICK
nn_data_m3 := 0x20000000
nn_data_m4 := 0x20000000
nn_data_m7 := 0x20000000
nn_data_m55 := 0x21000000
nn_variant_m3 := %_novariant.c %_m3.c
nn_variant_m4 := %_dsp.c
nn_variant_m7 := %_dsp.c
nn_variant_m55 := %_mve.c
NN_O2 := %_dots_dsp.c %/op_lstm_i8.c %/op_svdf.c %/nn_table_i16.c # loops of operators whose kernels are C
NN_BOARDS := m3 m4 m7 m55
NN_ALL_SRC := $(wildcard firmware/core/nn/*.c)
nn_src = $(filter-out $(filter-out $(nn_variant_$(1)),$(CORE_VARIANTS)),$(NN_ALL_SRC))
NN_HARNESS := tests/bench/nn_device/startup.c tests/bench/nn_device/semihost.c

# nn_board BOARD OPTIMISATION: programs $(B)/nn/BOARD/{all,all4}.elf
define nn_board
$(B)/nn/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(NN_ARM_CC) $$(NN_ARM_FLAGS) $(2) $$(nn_flags_$(1)) $$(if $$(filter %_mve.c %_novariant.c $$(if $$(filter m4 m7 m55 tiny,$(1)),,%/nn_dots.c),$$<),-O3) $$(if $$(filter tiny,$(1)),,$$(if $$(filter $(NN_O2),$$<),-O2)) -MMD -MP -c -o $$@ $$<
$(B)/nn/$(1)/all4_main.o: tests/bench/nn_device/bench_main.c
	@mkdir -p $$(@D)
	$$(NN_ARM_CC) $$(NN_ARM_FLAGS) $(2) $$(nn_flags_$(1)) -DBENCH_ALL4 -MMD -MP -c -o $$@ $$<
$(B)/nn/$(1)/none_main.o: tests/bench/nn_device/bench_main.c
	@mkdir -p $$(@D)
	$$(NN_ARM_CC) $$(NN_ARM_FLAGS) $(2) $$(nn_flags_$(1)) -DBENCH_NONE -MMD -MP -c -o $$@ $$<
$(B)/nn/$(1)/all_main.o: tests/bench/nn_device/bench_main.c
	@mkdir -p $$(@D)
	$$(NN_ARM_CC) $$(NN_ARM_FLAGS) $(2) $$(nn_flags_$(1)) -MMD -MP -c -o $$@ $$<
$(B)/nn/$(1)/%.elf: $(B)/nn/$(1)/%_main.o $(patsubst %.c,$(B)/nn/$(1)/%.o,$(NN_HARNESS) $(call nn_src,$(1))) \
		tests/bench/nn_device/board.ld
	$$(NN_ARM_CC) $$(nn_flags_$(1)) $(2) -flto=1 -nostartfiles --specs=picolibc.specs -Wl,--gc-sections \
		-Wl,--defsym=DATA_ORIGIN=$$(nn_data_$(1)) -Wl,-Map=$$(@:.elf=.map) -T tests/bench/nn_device/board.ld \
		-o $$@ $$(filter %.o,$$^)
endef
# `port` is the M4 without its own kernels: the portable reference, for its size.
nn_flags_port := $(nn_flags_m4)
nn_data_port := $(nn_data_m4)
nn_variant_port := %_novariant.c
# `tiny` is the M4 too: the reference kernels alone, everything for size, reasons by number.
nn_flags_tiny := $(nn_flags_m4) -DMOTE_NN_TERSE
nn_data_tiny := $(nn_data_m4)
nn_variant_tiny := %_small.c
NN_ELFS := $(foreach b,$(NN_BOARDS) port tiny,$(B)/nn/$(b)/all.elf $(B)/nn/$(b)/all4.elf $(B)/nn/$(b)/none.elf)
$(foreach b,$(NN_BOARDS) port tiny,$(eval $(call nn_board,$(b),-Os)))

$(B)/nn/write-models: $(B)/obj/tests/bench/nn_device/write_models.o $(LIB_SUPPORT) $(LIB_PORT) $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench-nn bench-nn-build check-nn-boards
check-nn-boards: $(NN_ELFS) $(B)/nn/write-models ## kernels of every board against the reference
	@B=$(B) tests/bench/check_nn_boards.sh
bench-nn-build: $(NN_ELFS)
bench-nn: $(NN_ELFS) ## the device runtime on emulated boards, beside TensorFlow Lite Micro
	@B=$(B) tests/bench/bench_nn.sh

# make bench-cost: fits common/board's cost model to instructions counted on the same boards. The M3 runs the
# code made for a Cortex-M0+: it executes all of ARMv6-M.
nn_flags_m0 := -mcpu=cortex-m0plus -mthumb
nn_data_m0 := 0x20000000
nn_variant_m0 := %_novariant.c
$(eval $(call nn_board,m0,-O2))
COST_ELFS := $(foreach b,m0 m3 m4 m7,$(B)/nn/$(b)/all.elf)
$(B)/bench/cost_cases: $(B)/obj/tests/bench/cost_cases.o $(call part_lib,converter) $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: bench-cost
bench-cost: $(COST_ELFS) $(B)/bench/cost_cases ## fit the boards' cost model anew (docs/boards.md)
	@B=$(B) tests/bench/bench_cost.sh

# make bench-host: this machine's kernels beside TensorFlow Lite with one thread, from the Python registry.
$(B)/bench/host-nn: $(B)/obj/tests/bench/host_nn.o $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ -lm
.PHONY: bench-host
bench-host: $(B)/bench/host-nn ## the device runtime on this machine, beside TensorFlow Lite with one thread
	@B=$(B) tests/bench/bench_host.sh

-include $(shell [ -d $(B)/nn ] && find $(B)/nn -name '*.d')
