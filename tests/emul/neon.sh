#!/usr/bin/env bash
# The NEON kernels, under a user-mode emulator of AArch64: random models of one operator and the golden models.
set -eu
: "${B:=$MOTELOOP_SRC/build}"
cd "$MOTELOOP_SRC"
command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null ||
    { echo "SKIP: no aarch64-linux-gnu-gcc or qemu-aarch64: deps/install.sh firmware"; exit 0; }
[ -x "$B/nn/write-models" ] || { echo "SKIP: $B/nn/write-models is not built: make $B/nn/write-models"; exit 0; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
sources=()
for f in firmware/core/nn/*.c; do
    case $f in *_x86.c | *_avx2.c | *_avx512.c | *_dsp.c | *_mve.c | *_m0.c | *_m3.c | *novariant.c | *_small.c) ;; *) sources+=("$f") ;; esac
done
aarch64-linux-gnu-gcc -std=c11 -O2 -ffp-contract=off -Wall -Wextra -Wconversion -Werror -static -I. -o "$T/run" \
    tests/bench/nn_device/linux_main.c "${sources[@]}"
"$B/nn/write-models" "$T" "${MODELS:-40}"
golden=${MOTELOOP_SHARED:-../shared}/golden
if [ -r "$golden/README.txt" ]; then
    for model in "$golden"/*.tflite; do
        name=$(basename "$model" .tflite)
        ln -s "$(realpath "$model")" "$T/golden_$name.tflite"
        ln -s "$(realpath "${model%.tflite}.s0.in")" "$T/golden_$name.in"
        ln -s "$(realpath "${model%.tflite}.s0.out")" "$T/golden_$name.out"
    done
fi
cd "$T"
models=(*.tflite)
qemu-aarch64 ./run "${models[@]%.tflite}"
