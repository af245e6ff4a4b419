# bench-ingest: the collector beside a subscriber that only counts, against a real mosquitto.
BENCH_INGEST := $(B)/bin-test/bench-ingest
$(BENCH_INGEST): $(B)/obj/tests/bench/ingest/ingest_main.o $(LIB_SUPPORT) $(LIB_PORT) $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: bench-ingest
MINUTES ?= 10
bench-ingest: $(BENCH_INGEST) $(B)/bin/moteloop-collector ## blocks a second into the store, beside a subscriber that only counts; MINUTES=10 of memory
	NODE_RED=$(abspath $(B))/node-red $(BENCH_INGEST) --bytes 256 --peer tests/bench/ingest/node_red.sh $(B)/bin/moteloop-collector
	$(BENCH_INGEST) --bytes 2048 $(B)/bin/moteloop-collector
	$(BENCH_INGEST) --bytes 256 --devices 10000 --connections 16 $(B)/bin/moteloop-collector
	for n in 10 100 1000 10000; do $(BENCH_INGEST) --rate 5000 --blocks 100000 --devices $$n $(B)/bin/moteloop-collector || exit 1; done
	$(BENCH_INGEST) --rate 2000 --minutes $(MINUTES) --devices 1000 $(B)/bin/moteloop-collector
