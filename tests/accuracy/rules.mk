# make accuracy: trains the ready recipes on real data and prints float and int8 accuracy on groups that took no part,
# beside the goals. ACCURACY="motion keyword" does some of them. Results are kept in docs/results/accuracy.txt.
.PHONY: accuracy
accuracy: all ## the table of accuracy on real data, groups held out (some 20 minutes)
	@MOTELOOP_BIN=$(abspath $(B))/bin MOTELOOP_SRC=$(CURDIR) tests/accuracy/accuracy.sh $(ACCURACY)
