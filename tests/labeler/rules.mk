# A project filled through the store, for tests of the API and of the page.
LABELER_SEED := $(B)/bin-test/labeler-seed
$(LABELER_SEED): $(B)/obj/tests/labeler/seed_main.o $(B)/obj/tests/labeler/seed.o $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/tests/labeler/check_api $(B)/tests/labeler/check_task: $(B)/obj/tests/labeler/seed.o $(B)/obj/tests/labeler/http.o
build-tests: $(LABELER_SEED)
