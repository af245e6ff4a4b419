#!/usr/bin/env bash
# Random models of one operator, for every operator of the runtime, in TensorFlow Lite Micro: equal bytes.
. "$(dirname "$0")/../support/e2e.sh"
. "$(dirname "$0")/venv.inc"
need_python tflite-micro numpy
"$T/venv/bin/python" "$MOTELOOP_SRC/tests/conformance/operators.py" "$MOTELOOP_BIN/moteloop" "$T" "${CASES:-8}" ||
    fail "operators differ from TensorFlow Lite Micro's"
