# A project filled through the store, for tests of the API and of the page.
LABELER_SEED := $(B)/bin-test/labeler-seed
$(LABELER_SEED): $(B)/obj/tests/labeler/seed_main.o $(B)/obj/tests/labeler/seed.o $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
LABELER_LIVE := $(B)/bin-test/labeler-live
$(LABELER_LIVE): $(B)/obj/tests/labeler/live_main.o $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# Every suite of this folder may fill a project and send requests to it.
$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/labeler/check_*.c)): $(B)/obj/tests/labeler/seed.o $(B)/obj/tests/labeler/http.o
build-tests: $(LABELER_SEED) $(LABELER_LIVE)

# make bench-labeler: the server over a store of a million recordings, beside Label Studio where that installs. The
# store is built once and stays in the build folder.
LABELER_FILL := $(B)/bin-test/bench-labeler-fill
$(LABELER_FILL): $(B)/obj/tests/bench/labeler/fill.o $(B)/obj/tests/labeler/seed.o $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
LABELER_LOAD := $(B)/bin-test/bench-labeler-load
$(LABELER_LOAD): $(B)/obj/tests/bench/labeler/load_main.o $(LIB_SUPPORT) $(LIB_PORT) $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: bench-labeler
bench-labeler: all $(LABELER_FILL) $(LABELER_LOAD) ## requests a second and p99 of the labeler at a million recordings
	@deps/install.sh bench npm
	@B=$(B) tests/bench/labeler/bench_labeler.sh
