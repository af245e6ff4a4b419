#!/usr/bin/env bash
# Wall time from the command to a finished int8 model on real motion, start-up included: `moteloop train` beside the same
# network, windows, batch, optimizer and epochs in PyTorch. Windows are cut and stored before the clock starts for PyTorch; ours
# cuts them from the store, and judges its model through the device runtime, within its time.
set -euo pipefail
cd "$(dirname "$0")/../../.."
B=${B:-build}
data=${MOTELOOP_SHARED:-../shared}/data/hapt_continuous
[ -d "$data" ] || { echo "SKIP: no recordings at $data"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$PWD/$B/bin:$B/bin:$PATH
moteloop init "$work/p" --broker-port 0 --web-port 0 >/dev/null
moteloop import "$data" --map tests/e2e/maps/hapt.map --project "$work/p" >/dev/null
value() { grep -oE "\"$1\":[0-9.]+" | head -n 1 | cut -d: -f2; }
took() { # COMMAND...: best of three, seconds, into $seconds; memory into $mb
    seconds='' mb=''
    for _ in 1 2 3; do
        /usr/bin/time -f '%e %M' -o "$work/time" "$@" >"$work/out" 2>"$work/err" || { cat "$work/err"; exit 1; }
        read -r s kb <"$work/time"
        if [ -z "$seconds" ] || awk "BEGIN {exit !($s < $seconds)}"; then seconds=$s mb=$((kb / 1024)); fi
    done
}
took moteloop train tests/bench/train/motion_wall.recipe --project "$work/p" --dry-run --json
echo "ours: $seconds s, $mb MB, float $(value float_accuracy <"$work/out"), int8 $(value int8_accuracy <"$work/out")"
own=$seconds
for p in ${TORCH_PYTHON:-/usr/bin/python3}; do
    "$p" -c 'import torch' 2>/dev/null || continue
    "$p" tests/bench/train/peer_hapt.py prepare "$data" "$work/windows.pt" >/dev/null
    best=''
    for threads in $(printf '%s\n' 1 "$(nproc)" | sort -u); do
        took "$p" tests/bench/train/peer_hapt.py train "$work/windows.pt" 3,8,17,26 15 "$threads"
        if [ -z "$best" ] || awk "BEGIN {exit !($seconds < $best)}"; then best=$seconds line="$seconds s ($threads threads), $mb MB, $(paste -sd' ' "$work/out")"; fi
    done
    echo "PyTorch $("$p" -c 'import torch; print(torch.__version__)'): $line, $(awk "BEGIN {printf \"%.1f\", $best / $own}") times ours"
done
