# make bench-train: training speed, ours beside PyTorch's on the same machine in turn.
$(B)/bench/bench_train: $(B)/obj/tests/bench/train/bench_train.o $(call part_lib,trainer) $(LIB_COMMON) $(LIB_CORE)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.PHONY: bench-train
bench-train: $(B)/bench/bench_train all ## training speed beside PyTorch (python3-torch where it is installed)
	@B=$(B) tests/bench/train/bench_train.sh
	@B=$(B) tests/bench/train/bench_wall.sh
