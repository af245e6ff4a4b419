# make fuzz: every tests/fuzz/fuzz_X.c for FUZZ_SECONDS each, by libFuzzer under the sanitizers. The corpora stay in the
# build folder and grow from run to run; an input that fails is left beside them.
#
# A target that needs more than firmware/core, common and the simulator names it: FUZZ_SRC_X := some/file.c

FUZZ_SECONDS ?= 60
FUZZ_ONLY ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CC := clang
FUZZ_FLAGS := -std=c11 -O1 -g -I. -I$(B)/gen -MMD -MP -DMOTELOOP_VERSION='"$(VERSION)"' -ffp-contract=off \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_DIR := $(B)/fuzz
FUZZ_LIB := $(FUZZ_DIR)/libfuzzed.a
FUZZ_LIB_SRC := $(CORE_SRC) $(COMMON_SRC) $(wildcard firmware/port/sim/*.c)

# Code under test is instrumented for coverage; host code gets its base header as everywhere.
$(FUZZ_DIR)/obj/firmware/core/%.o: firmware/core/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(VARIANT_FLAGS) -c -o $@ $<
$(FUZZ_DIR)/obj/firmware/core/%_avx2.o: VARIANT_FLAGS := -mavx2
$(FUZZ_DIR)/obj/firmware/core/%_avx512.o: VARIANT_FLAGS := -mavx512f -mavx512bw -mavx512vl -mavx512vnni
$(FUZZ_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -include common/base.h -c -o $@ $<
$(FUZZ_DIR)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -include common/base.h -c -o $@ $<
fuzz_obj = $(patsubst %.c,$(FUZZ_DIR)/obj/%.o,$(1))
$(FUZZ_LIB): $(call fuzz_obj,$(FUZZ_LIB_SRC)) $(patsubst $(B)/obj/%,$(FUZZ_DIR)/obj/%,$(common_GEN_OBJ))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define fuzz_target
$(FUZZ_DIR)/fuzz_$(1): $(call fuzz_obj,tests/fuzz/fuzz_$(1).c $(FUZZ_SRC_$(1))) $(FUZZ_LIB)
	$$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(LDLIBS)
.PHONY: fuzz-$(1)
fuzz-$(1): $(FUZZ_DIR)/fuzz_$(1) $(FUZZ_DIR)/seeds.done
	@mkdir -p $(FUZZ_DIR)/corpus/$(1) $(FUZZ_DIR)/seeds/$(1)
	@echo "fuzz $(1): $(FUZZ_SECONDS) s"
	@$$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=16384 -verbosity=0 -print_final_stats=1 \
		-artifact_prefix=$(FUZZ_DIR)/$(1)- $(FUZZ_DIR)/corpus/$(1) $(FUZZ_DIR)/seeds/$(1) >$(FUZZ_DIR)/$(1).log 2>&1 \
		|| { tail -n 40 $(FUZZ_DIR)/$(1).log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */fuzz $(1): runs without a fault: /p' $(FUZZ_DIR)/$(1).log
endef
$(foreach t,$(FUZZ_ONLY),$(eval $(call fuzz_target,$(t))))

$(FUZZ_DIR)/seed_flash: $(call fuzz_obj,tests/fuzz/seed_flash.c) $(FUZZ_LIB)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -o $@ $^ $(LDLIBS)
$(FUZZ_DIR)/seeds.done: tests/fuzz/seeds.sh $(FUZZ_DIR)/seed_flash tests/golden/wire-1.txt
	@tests/fuzz/seeds.sh $(FUZZ_DIR)/seeds $(FUZZ_DIR)/seed_flash
	@touch $@

.PHONY: fuzz deps-fuzz
deps-fuzz:
	@deps/install.sh fuzz
fuzz: deps-fuzz $(addprefix fuzz-,$(FUZZ_ONLY)) ## every parser, FUZZ_SECONDS each

-include $(shell [ -d $(FUZZ_DIR) ] && find $(FUZZ_DIR) -name '*.d')
