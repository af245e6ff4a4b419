#!/usr/bin/env bash
# All nine golden models compiled (convert --to c-source), on the host and on every emulated board: the golden bytes.
set -eu
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
. "$MOTELOOP_SRC/tests/support/compiled.sh"
for model in pretrainedResnet_quant kws_ref_model vww_96_int8 ad01_int8 micro_speech_quantized hello_world_int8 \
    hello_world_float keyword_scrambled_8bit trained_lstm_int8; do
    compiled_host $model
done
# The programs of the boards are built before (make bench-compiled-build).
"$MOTELOOP_SRC/tests/compiled/bench_compiled.sh" --check
