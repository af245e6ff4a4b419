#!/usr/bin/env bash
# The device runtime on this machine beside TensorFlow Lite (ai-edge-litert from the Python registry) with one thread.
set -eu
B=${B:-build}
golden=${MOTELOOP_SHARED:-../shared}/golden
[ -r "$golden/README.txt" ] || { echo "SKIP: no golden models below $golden"; exit 0; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/venv" || { echo "SKIP: no python3-venv: deps/install.sh conformance"; exit 0; }
if ! "$T/venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 30 ai-edge-litert numpy >"$T/log" 2>&1; then
    echo "SKIP: the Python registry is not reached, or has no TensorFlow Lite for this machine"
    exit 0
fi
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
"$T/venv/bin/python" tests/bench/host_litert.py "$B/bench/host-nn" "$golden" 2>/dev/null
