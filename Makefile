# One non-recursive build. `make help` lists what a person would type.
#
# Every folder's sources become one archive (build/lib/libFOLDER.a), except files named main*.c:
# each of those is a program, listed in PROGRAMS. Tests are found by name: tests/FOLDER/check_X.c.
# Objects go to $(B), so that a sanitizer build (SANITIZE=1) lives beside the normal one.

SHELL := /bin/bash
B ?= build$(if $(SANITIZE),/sanitize)
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' "$(1)" "$(2)")
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

VERSION := 0.1.0
CC ?= cc
ifeq ($(CC),cc)
CC := gcc
endif
AR ?= ar

WARN := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wundef -Werror
OPT ?= -O2 -g
CFLAGS_ALL := -std=c11 $(OPT) $(WARN) -I. -I$(B)/gen -MMD -MP -DMOTELOOP_VERSION='"$(VERSION)"'
ifdef SANITIZE
# Checks that the sanitizer puts in widen expressions, and -Wconversion then warns of its own work.
CFLAGS_ALL += -Wno-conversion -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
endif
# Device code: bit-exact between host and target, so no contraction; warnings for what a board lacks.
CORE_CFLAGS := $(CFLAGS_ALL) -ffp-contract=off -Wdouble-promotion
HOST_CFLAGS := $(CFLAGS_ALL) -include common/base.h
LDLIBS := -Wl,--as-needed -lmosquitto -lsqlite3 -lpng16 -ljpeg -lsndfile -lcurl -ljansson -lfcgi \
	-lsodium -lbearssl -ldnnl -lopenblas -lz -lpthread -lm

# --- device core: kernel variants are whole files, chosen here -------------------------------
ARCH := $(shell uname -m)
CORE_VARIANTS_x86_64 := %_x86.c %_avx2.c %_avx512.c
CORE_VARIANTS_aarch64 := %_neon.c
CORE_VARIANTS := %_x86.c %_avx2.c %_avx512.c %_neon.c %_dsp.c %_mve.c %_m0.c %_m3.c %_novariant.c %_small.c
CORE_ALL := $(wildcard firmware/core/*/*.c)
CORE_SRC := $(filter-out $(filter-out $(CORE_VARIANTS_$(ARCH)),$(CORE_VARIANTS)),$(CORE_ALL))
# Hosts whose kernels have no special variant link the file that says so.
ifeq ($(CORE_VARIANTS_$(ARCH)),)
CORE_SRC += $(filter %_novariant.c,$(CORE_ALL))
endif

COMMON_SRC := $(filter-out %/main.c,$(wildcard common/*.c common/*/*.c))
lib_src = $(filter-out $(1)/main%.c,$(wildcard $(1)/*.c))
PORT_SRC := $(wildcard firmware/port/posix/*.c firmware/port/sim/*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)
PARTS := collector labeler trainer converter ops

# program: source of its main, in the order of `moteloop help`
PROGRAMS := moteloop:ops/main.c moteloop-collector:collector/main.c moteloop-import:collector/main_import.c \
	moteloop-trainer:trainer/main.c moteloop-converter:converter/main.c \
	moteloop-labeler.fcgi:labeler/main_fcgi.c moteloop-labeler.cgi:labeler/main_cgi.c \
	moteloop-explorer:labeler/main_explore.c \
	moteloop-device:firmware/app/posix_main.c
prog_name = $(firstword $(subst :, ,$(1)))
prog_src = $(lastword $(subst :, ,$(1)))
PROGRAMS_HERE := $(foreach p,$(PROGRAMS),$(if $(wildcard $(call prog_src,$(p))),$(p)))
BINS := $(foreach p,$(PROGRAMS_HERE),$(B)/bin/$(call prog_name,$(p)))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB_CORE := $(B)/lib/libmote.a
LIB_COMMON := $(B)/lib/libcommon.a
LIB_PORT := $(B)/lib/libport.a
LIB_SUPPORT := $(B)/lib/libsupport.a
part_lib = $(B)/lib/lib$(1).a

# What a folder adds: generated sources (FOLDER_GEN_OBJ) and targets of its own.
-include $(wildcard */rules.mk) $(wildcard firmware/*/rules.mk firmware/core/*/rules.mk tests/*/rules.mk tests/bench/*/rules.mk)

.PHONY: all help deps deps-test deps-firmware demo check check-ci lint install clean
RECIPES := $(patsubst trainer/recipes/%,$(B)/share/moteloop/recipes/%,$(wildcard trainer/recipes/*))
all: $(BINS) $(RECIPES) ## build every program into build/bin
$(B)/share/moteloop/recipes/%: trainer/recipes/%
	@mkdir -p $(@D)
	@cp $< $@

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(B)/obj/firmware/core/%.o: firmware/core/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CORE_CFLAGS) $(VARIANT_FLAGS) -c -o $@ $<
$(B)/obj/firmware/core/%_avx2.o: VARIANT_FLAGS := -mavx2
$(B)/obj/firmware/core/%_avx512.o: VARIANT_FLAGS := -mavx512f -mavx512bw -mavx512vl -mavx512vnni
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<
$(B)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

define archive
@mkdir -p $(@D)
@rm -f $@
$(Q)$(AR) rcs $@ $^
endef
$(LIB_CORE): $(call obj,$(CORE_SRC))
	$(archive)
$(LIB_COMMON): $(call obj,$(COMMON_SRC)) $(common_GEN_OBJ)
	$(archive)
$(LIB_PORT): $(call obj,$(PORT_SRC))
	$(archive)
$(LIB_SUPPORT): $(call obj,$(SUPPORT_SRC))
	$(archive)
define part_rule
$(call part_lib,$(1)): $(call obj,$(call lib_src,$(1))) $($(1)_GEN_OBJ)
	$$(archive)
endef
$(foreach p,$(PARTS),$(eval $(call part_rule,$(p))))

# A program in folder F links libF, then what lies below it.
below = $(if $(filter firmware/app,$(1)),$(LIB_PORT) $(LIB_COMMON),$(call part_lib,$(1)) $(LIB_COMMON)) $(LIB_CORE)
define program_rule
$(B)/bin/$(1): $(call obj,$(2)) $(call below,$(patsubst %/,%,$(dir $(2))))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $$@ $$^ $(LDLIBS)
endef
$(foreach p,$(PROGRAMS_HERE),$(eval $(call program_rule,$(call prog_name,$(p)),$(call prog_src,$(p)))))

# --- dependencies ----------------------------------------------------------------------------
deps: ## install what building and running needs
	@deps/install.sh run build npm
deps-test:
	@deps/install.sh run build npm test
deps-firmware:
	@deps/install.sh firmware

# --- tests -----------------------------------------------------------------------------------
# tests/FOLDER/check_X.c links libFOLDER and all below it; the port's archive where it tests devices.
TEST_SRC := $(wildcard tests/*/check_*.c)
TEST_BINS := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC))
test_libs = $(LIB_SUPPORT) $(if $(filter $(1),$(PARTS)),$(call part_lib,$(1))) $(LIB_PORT) $(LIB_COMMON) $(LIB_CORE)
define test_rule
$(B)/tests/$(1): $(B)/obj/tests/$(1).o $(call test_libs,$(firstword $(subst /, ,$(1))))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(OPT) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(shell pkg-config --libs check) $(LDLIBS)
endef
$(foreach t,$(patsubst tests/%.c,%,$(TEST_SRC)),$(eval $(call test_rule,$(t))))

E2E := $(wildcard tests/e2e/*.sh)
BROWSER := $(wildcard tests/browser/*.test.mjs)
LINT := $(wildcard tests/lint/*.sh)
EMULATED := $(wildcard tests/emul/*.sh)
CONFORMANCE := $(wildcard tests/conformance/*.sh)
# Each bench-X target is a benchmark; folders define them in their rules.mk.
BENCHES = $(shell grep -hoE '^bench-[a-z]+:' */rules.mk tests/*/rules.mk tests/bench/*/rules.mk firmware/*/rules.mk 2>/dev/null | tr -d : | grep -v -- -build | sort -u)
RUN_TESTS = B=$(B) tests/run.sh

.PHONY: build-tests unit conformance docs check-long bench
build-tests: all $(TEST_BINS)
unit: deps-test ## unit tests alone
	@$(MAKE) --no-print-directory -j$(shell nproc) build-tests
	@$(RUN_TESTS) $(TEST_BINS)
check: deps-test ## every test that fits ten minutes; SANITIZE=1 runs it under the sanitizers
	@$(MAKE) --no-print-directory -j$(shell nproc) build-tests
	@$(RUN_TESTS) $(LINT) $(TEST_BINS) $(E2E) $(BROWSER)
check-ci: deps-test deps-firmware ## sanitizers, firmware builds, emulated boards, faults, conformance, fuzzing
	@deps/install.sh fuzz conformance
	@$(MAKE) --no-print-directory -j$(shell nproc) firmware
	@$(MAKE) --no-print-directory -j$(shell nproc) fuzz FUZZ_SECONDS=10
	@$(MAKE) --no-print-directory -j$(shell nproc) build-tests SANITIZE=1
	@$(MAKE) --no-print-directory -j$(shell nproc) build-tests
	@B=build/sanitize TEST_TIMEOUT=900 tests/run.sh $(patsubst $(B)/tests/%,build/sanitize/tests/%,$(TEST_BINS)) $(E2E)
	@$(MAKE) --no-print-directory -j$(shell nproc) bench-nn-build bench-compiled-build $(B)/nn/write-models
	@MOTELOOP_FAULT_SECONDS=60 TEST_TIMEOUT=1200 $(RUN_TESTS) $(filter $(B)/tests/fault/%,$(TEST_BINS)) $(EMULATED) \
		tests/bench/check_nn_boards.sh $(CONFORMANCE)
check-long: deps-test deps-firmware ## by hand: half an hour of faults, ten minutes of fuzzing a parser
	@$(MAKE) --no-print-directory -j$(shell nproc) build-tests
	@$(MAKE) --no-print-directory -j$(shell nproc) fuzz FUZZ_SECONDS=600
	@MOTELOOP_LONG=1 MOTELOOP_FAULT_SECONDS=1800 TEST_TIMEOUT=7200 CK_DEFAULT_TIMEOUT=7200 $(RUN_TESTS) $(TEST_BINS)
bench: $(BENCHES) ## every benchmark, ours and the peer in one run
conformance: all ## the same bytes as TensorFlow Lite Micro and TensorFlow Lite, where they can be had
	@deps/install.sh conformance
	@TEST_TIMEOUT=1200 V=1 $(RUN_TESTS) $(CONFORMANCE)
lint: all ## include direction, documents, tables that must agree
	@$(RUN_TESTS) $(LINT)
docs: all ## write docs/cli.md and docs/api.md from the tables
	docs/cli_md.sh $(B)/bin > docs/cli.md
	{ sed '/^| request /,$$d' docs/api.md; $(B)/bin/moteloop-labeler.cgi --routes-md; } > $(B)/api.md
	mv $(B)/api.md docs/api.md
clean: ## remove everything built
	rm -rf $(B)

# --- running and installing ------------------------------------------------------------------
demo: deps ## the whole loop on simulated devices; ONCE=1 ends by itself
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@$(B)/bin/moteloop demo --dir $(B)/demo $(if $(ONCE),--once)
PREFIX ?= /usr/local
install: all ## programs and recipes below PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/moteloop/recipes
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(RECIPES) $(DESTDIR)$(PREFIX)/share/moteloop/recipes

-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')
