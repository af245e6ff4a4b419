#!/usr/bin/env bash
# Prints what the device runtime costs on emulated boards, beside the stored figures of TensorFlow Lite Micro
# with CMSIS-NN at -O2 (shared/reference/tflm.md): instructions of one invoke, the worst of the golden inputs.
set -eu
B=${B:-build}
golden=${MOTELOOP_SHARED:-../shared}/golden
[ -r "$golden/README.txt" ] || { echo "SKIP: no golden models below $golden"; exit 0; }
command -v qemu-system-arm >/dev/null || { echo "SKIP: no qemu-system-arm"; exit 0; }

machine() { case $1 in m3) echo mps2-an385 ;; m4 | port | tiny) echo mps2-an386 ;; m7) echo mps2-an500 ;; m55) echo mps3-an547 ;; esac; }

# run BOARD PROGRAM MODEL SEED: the program's "name value" lines
run() {
    local words=bench
    for f in "$golden/$3.tflite" "$golden/$3.s$4.in" "$golden/$3.s$4.out"; do words+=",arg=$(realpath "$f")"; done
    timeout 300 qemu-system-arm -M "$(machine "$1")" -icount shift=0 -display none -monitor none -serial none \
        -chardev stdio,id=s -semihosting-config enable=on,target=native,chardev=s,arg="$words" \
        -kernel "$B/nn/$1/$2.elf" </dev/null
}
value() { awk -v n="$1" '$1 == n {print $2}'; }

# TensorFlow Lite Micro: instructions (millions) on m4 m3 m7 m55, arena on m4 m3 m55; - where it was not run.
peer() {
    case $1 in
    pretrainedResnet_quant) echo 29.863625 41.85 30.03 4.912 54996 54980 55028 ;;
    kws_ref_model) echo 7.696934 10.53 7.643 1.813 22820 22820 27348 ;;
    vww_96_int8) echo 24.101939 31.96 24.03 6.558 100708 100708 100772 ;;
    ad01_int8) echo 0.582985 0.956 0.583 0.150 2580 2580 9268 ;;
    micro_speech_quantized) echo 1.495417 1.513 - 1.008 6836 6836 7812 ;;
    hello_world_int8) echo 0.003526 0.004 - 0.002 772 772 916 ;;
    hello_world_float) echo 0.003423 0.025 - 0.003 832 832 832 ;;
    keyword_scrambled_8bit) echo 0.120192 0.146 - 0.054 8212 8212 9892 ;;
    trained_lstm_int8) echo 0.574462 0.707 - 0.261 4052 4052 4100 ;;
    esac
}
column() { case $1 in m4 | port | tiny) echo "$2 $6" ;; m3) echo "$3 $7" ;; m7) echo "$4 $6" ;; m55) echo "$5 $8" ;; esac; }

printf '%-6s %-24s %12s %12s %6s %8s %8s %7s %12s\n' board model instructions TFLM ratio arena TFLM stack open
# port: plain C; tiny: the reference kernels alone, all at -Os, reasons of refusals by number (its `all4` models alone).
for board in ${BOARDS:-m4 m7 m3 m55 port tiny}; do
    for model in pretrainedResnet_quant kws_ref_model vww_96_int8 ad01_int8 micro_speech_quantized hello_world_int8 \
        hello_world_float keyword_scrambled_8bit trained_lstm_int8; do
        case $model in pretrained* | kws* | vww* | ad01*) program=all4 ;; *) program=all ;; esac
        [ "$board $program" != "tiny all" ] || continue
        worst=0
        for seed in 0 1; do
            out=$(run "$board" "$program" "$model" "$seed") || { echo "$board $model seed $seed: $out"; exit 1; }
            n=$(value invoke <<<"$out")
            [ "$n" -gt "$worst" ] && worst=$n
        done
        read -r theirs their_arena <<<"$(column "$board" $(peer "$model"))"
        awk -v b="$board" -v m="$model" -v n="$worst" -v t="$theirs" -v a="$(value arena <<<"$out")" -v ta="$their_arena" \
            -v s="$(value stack <<<"$out")" -v o="$(value open <<<"$out")" 'BEGIN {
            printf "%-6s %-24s %12d %12s %6s %8d %8d %7d %12d\n", b, m, n, t == "-" ? t : sprintf("%d", t * 1e6),
                t == "-" ? t : sprintf("%.3f", n / (t * 1e6)), a, ta, s, o}'
    done
done
echo
echo "code and constants of the runtime, bytes, int8 operators of the four MLPerf Tiny models (TFLM on m4: 57512)"
for board in m4 m7 m3 m55 port tiny; do
    total=$(arm-none-eabi-size -A "$B/nn/$board/all4.elf" | awk '$1 == ".text" || $1 ~ /exidx/ || $1 == ".data" {t += $2} END {print t}')
    own=$(arm-none-eabi-size -A "$B/nn/$board/none.elf" | awk '$1 == ".text" || $1 ~ /exidx/ || $1 == ".data" {t += $2} END {print t}')
    echo "$board $((total - own)) (program $total, of which measuring $own)"
done
