#!/usr/bin/env bash
# Trains the same networks with Moteloop and with PyTorch, in turn on this machine, and prints samples a second. Each
# side has its best of one thread and all, and PyTorch its better memory format. TORCH_PYTHON names the interpreters
# that have a PyTorch, more than one separated by spaces; SECONDS_EACH is how long each run is timed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
B=${B:-build}
each=${SECONDS_EACH:-3}
cores=$(nproc)
peer=tests/bench/train/peer_torch.py
value() { awk -v n="$1" '$1 == n {print $2}'; }

pythons=()
for p in ${TORCH_PYTHON:-/usr/bin/python3}; do
    "$p" -c 'import torch' 2>/dev/null && pythons+=("$p")
done
echo "$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs), $cores cores, $(date -u +%F)"
for p in "${pythons[@]}"; do
    "$p" -c 'import torch, sys; print("PyTorch", torch.__version__, "on Python", sys.version.split()[0])'
done
[ ${#pythons[@]} -gt 0 ] || echo "SKIP of the peer: no PyTorch (Debian: python3-torch; or TORCH_PYTHON=...)"
machine=$(OMP_NUM_THREADS=1 "$B/bench/bench_train" machine)
grep -v ^peak <<<"$machine"
peak=$(value peak <<<"$machine")

echo
printf '%-10s %5s %12s %8s %8s %6s' network batch "ours /s" threads "RSS MB" peak
for _ in "${pythons[@]}"; do printf ' | %12s %8s %-6s %8s %7s' "PyTorch /s" threads format "RSS MB" ratio; done
echo
for network in mlp cnn1d cnn2d ae dscnn mobilenet; do
    for batch in 32 128; do
        best=0
        for threads in $(printf '%s\n' 1 "$cores" | sort -u); do
            out=$("$B/bench/bench_train" "$network" "$batch" "$threads" "$each")
            rate=$(value rate <<<"$out")
            if awk "BEGIN {exit !($rate > $best)}"; then
                best=$rate best_threads=$threads rss=$(value rss_kb <<<"$out")
                params=$(value params <<<"$out") macs=$(value macs <<<"$out")
            fi
        done
        # a step is the result, the slope of the weights and the slope of the inputs: three times the products
        printf '%-10s %5d %12.0f %8d %8.0f %5.0f%%' "$network" "$batch" "$best" "$best_threads" "$((rss / 1024))" \
            "$(awk "BEGIN {print 100 * $best * 3 * $macs / 1e9 / ($peak * $best_threads)}")"
        for p in "${pythons[@]}"; do
            their=0
            for threads in $(printf '%s\n' 1 "$cores" | sort -u); do
                for format in plain last; do
                    out=$(OMP_NUM_THREADS=$threads "$p" "$peer" "$network" "$batch" "$threads" "$each" "$format")
                    [ "$(value params <<<"$out")" = "$params" ] || { echo " the networks differ: $out"; exit 1; }
                    rate=$(value rate <<<"$out")
                    if awk "BEGIN {exit !($rate > $their)}"; then
                        their=$rate their_threads=$threads their_format=$format their_rss=$(value rss_kb <<<"$out")
                    fi
                done
            done
            printf ' | %12.0f %8d %-6s %8.0f %7.1f' "$their" "$their_threads" "$their_format" "$((their_rss / 1024))" \
                "$(awk "BEGIN {print $best / $their}")"
        done
        echo
    done
done
