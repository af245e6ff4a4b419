#!/usr/bin/env bash
# The figures that tests/trainer/check_classic.c holds our classical learners to, computed anew by scikit-learn.
. "$(dirname "$0")/../support/e2e.sh"
. "$(dirname "$0")/venv.inc"
need_python scikit-learn
"$T/venv/bin/python" "$MOTELOOP_SRC/tests/golden/classic.py" --check "$MOTELOOP_SRC/tests/golden/classic.h" || fail "scikit-learn gives other figures"
