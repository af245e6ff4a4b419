#!/usr/bin/env bash
# The figures that tests/trainer/check_classic.c holds our classical learners to, computed anew by scikit-learn.
. "$(dirname "$0")/../support/e2e.sh"
command -v python3 >/dev/null || fail "python3 is missing: deps/install.sh conformance"
python3 -m venv "$T/venv" || fail "python3-venv is missing: deps/install.sh conformance"
if ! "$T/venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 30 scikit-learn >"$T/pip.log" 2>&1; then
    echo "NOT CHECKED: the Python registry is not reached, or has no scikit-learn for this machine:"
    tail -n 2 "$T/pip.log"
    exit 0
fi
"$T/venv/bin/python" "$MOTELOOP_SRC/tests/golden/classic.py" --check "$MOTELOOP_SRC/tests/golden/classic.h" || fail "scikit-learn gives other figures"
