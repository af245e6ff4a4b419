#!/usr/bin/env bash
# Counts instructions of random single operators and of the golden models on emulated boards, and fits the cost
# model of common/board to them: rewrites common/board/board_cost_table.c, prints the errors of the fit.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/tests/bench}
B=${B:-$root/build}
golden=${MOTELOOP_SHARED:-$root/../shared}/golden
cases=${COST_CASES:-400}
work=${COST_WORK:-$(mktemp -d)} # COST_WORK=DIR keeps what was counted
mkdir -p "$work"
[ -n "${COST_WORK:-}" ] || trap 'rm -rf "$work"' EXIT
models=()
for m in kws_ref_model ad01_int8 pretrainedResnet_quant vww_96_int8 micro_speech_quantized hello_world_int8 hello_world_float \
    keyword_scrambled_8bit trained_lstm_int8; do
    [ -r "$golden/$m.tflite" ] && models+=("$golden/$m")
done
"$B/bench/cost_cases" "$work" "$cases" "${models[@]/%/.tflite}" >"$work/features.txt"

count() { # board-flag elf out
    local path name words
    : >"$3"
    for path in $(printf '%s\n' "$work"/*.in | sed 's/\.in$//') "${models[@]}"; do
        name=$(basename "$path") words=$path
        if [ -r "$path.s0.in" ]; then name=$path.tflite words=$path.s0; fi
        timeout 120 qemu-system-arm -M "$1" -display none -monitor none -serial none -icount shift=0 \
            -chardev stdio,id=s -semihosting-config \
            "enable=on,target=native,chardev=s,arg=bench,arg=$path.tflite,arg=$words.in,arg=$words.out,arg=steps" \
            -kernel "$2" </dev/null |
            awk -v name="$name" '/^step/ {print name, k++, $2, $3} /differs|cannot|failed/ {print name, "BAD", $0}' >>"$3" || true
    done
}
count mps2-an385 "$B/nn/m0/all.elf" "$work/m0.txt" &
count mps2-an386 "$B/nn/m4/all.elf" "$work/m4.txt"
wait
count mps2-an385 "$B/nn/m3/all.elf" "$work/m3.txt" &
count mps2-an500 "$B/nn/m7/all.elf" "$work/m7.txt"
wait
[ -z "${COST_COUNT_ONLY:-}" ] || exit 0
python3 "$here/cost_fit.py" "$work/features.txt" "armv6-m=$work/m0.txt" "armv7-m=$work/m3.txt" "armv7e-m=$work/m4.txt" \
    "cortex-m7=$work/m7.txt" >"$work/table.c"
cp "$work/table.c" "$root/common/board/board_cost_table.c"
# What was counted for the golden models, for tests/converter/check_inspect.c.
{
    echo "# Made by make bench-cost: instructions counted, one line an operator: instruction set, model, number, name, count"
    for isa in armv6-m=m0 armv7-m=m3 armv7e-m=m4 cortex-m7=m7; do
        awk -v isa="${isa%=*}" '$1 ~ /\.tflite$/ {sub(/.*\//, "", $1); print isa, $1, $2, $3, $4}' "$work/${isa#*=}.txt"
    done
} >"$root/tests/golden/cost-counted.txt"
