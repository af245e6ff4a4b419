#!/usr/bin/env bash
# Kernels of every board against the reference, on random models of one operator: MODELS of each kind.
set -eu
B=${B:-build}
models=${MODELS:-12}
command -v qemu-system-arm >/dev/null || { echo "SKIP: no qemu-system-arm"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$B/nn/write-models" "$folder" "$models"
machine() { case $1 in m3) echo mps2-an385 ;; m4) echo mps2-an386 ;; m7) echo mps2-an500 ;; m55) echo mps3-an547 ;; esac; }
for board in ${BOARDS:-m3 m4 m7 m55}; do
    passed=0
    for model in "$folder"/*.tflite; do
        base=${model%.tflite}
        timeout 60 qemu-system-arm -M "$(machine "$board")" -icount shift=0 -display none -monitor none -serial none \
            -chardev stdio,id=s -kernel "$B/nn/$board/all.elf" -semihosting-config \
            enable=on,target=native,chardev=s,arg=bench,arg="$model",arg="$base.in",arg="$base.out" </dev/null \
            >"$folder/log" || { echo "$board $(basename "$base"): $(tail -n 1 "$folder/log")"; exit 1; }
        passed=$((passed + 1))
    done
    echo "$board: $passed random models have the reference's bytes"
done
