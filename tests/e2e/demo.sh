#!/usr/bin/env bash
# The demo, whole: exit code 0 only where every one of its steps was true.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if ! "$MOTELOOP_BIN/moteloop" demo --once --dir "$dir/demo"; then
    for log in "$dir"/demo/run/*.log; do
        echo "--- $log"
        tail -n 20 "$log"
    done
    exit 1
fi
