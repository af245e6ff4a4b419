#!/usr/bin/env bash
# Compiled models beside interpreted ones on emulated boards: instructions of one invoke (the worst of the golden inputs)
# and of getting ready, arena, stack, and bytes of code and constants. `--check` only checks the output bytes.
#
# code: code and constants of the runtime without the model: for an interpreted model those of a program that links the
# int8 operators of the four MLPerf Tiny models (other models: every operator); for a compiled one the kernels that it
# names and its parameters, without weights and biases. flash: with the model: its file, or the constants of its tensors.
set -eu
B=${B:-build}
golden=${MOTELOOP_SHARED:-../shared}/golden
[ -r "$golden/README.txt" ] || { echo "SKIP: no golden models below $golden"; exit 0; }
command -v qemu-system-arm >/dev/null || { echo "SKIP: no qemu-system-arm"; exit 0; }
golden=$(realpath "$golden")
machine() { case $1 in m3) echo mps2-an385 ;; m4 | port) echo mps2-an386 ;; m7) echo mps2-an500 ;; m55) echo mps3-an547 ;; esac; }
run() { # BOARD ELF WORD...
    local machine elf=$2 words=bench
    machine=$(machine "$1")
    shift 2
    for word; do words+=",arg=$word"; done
    timeout 300 qemu-system-arm -M "$machine" -icount shift=0 -display none -monitor none -serial none \
        -chardev stdio,id=s -semihosting-config enable=on,target=native,chardev=s,arg="$words" -kernel "$elf" </dev/null
}
value() { awk -v n="$1" '$1 == n {print $2}'; }
bytes() { arm-none-eabi-size -A "$1" | awk '$1 == ".text" || $1 ~ /exidx/ || $1 == ".data" {t += $2} END {print t}'; }
worst() { # BOARD ELF MODEL before|after: lines of the run with more instructions
    local seed out best=0 most=-1 n words
    for seed in 0 1; do
        words=("$golden/$3.s$seed.in" "$golden/$3.s$seed.out")
        [ "$4" = file ] && words=("$golden/$3.tflite" "${words[@]}")
        out=$(run "$1" "$2" "${words[@]}") || { echo "$1 $3 seed $seed: $out" >&2; return 1; }
        n=$(value invoke <<<"$out")
        if [ "$n" -gt "$most" ]; then most=$n best=$out; fi
    done
    printf '%s\n' "$best"
}

models="pretrainedResnet_quant kws_ref_model vww_96_int8 ad01_int8 micro_speech_quantized hello_world_int8
    hello_world_float keyword_scrambled_8bit trained_lstm_int8"
if [ "${1:-}" = --check ]; then
    for board in ${BOARDS:-m4 m7 m3 m55 port}; do
        for model in $models; do
            worst "$board" "$B/compiled/$model/$board.elf" "$model" none >/dev/null
        done
        echo "$board: nine compiled models have the golden bytes"
    done
    exit 0
fi
printf '%-5s %-23s %11s %11s %6s %8s %6s %7s %7s %6s %6s %7s %7s %7s %7s\n' board model instr. compiled ratio open init \
    arena compiled stack comp. code comp. flash comp.
for board in ${BOARDS:-m4 m7 m3 m55 port}; do
    own=$(bytes "$B/nn/$board/none.elf")
    ours=$(bytes "$B/compiled/none/$board.elf")
    for model in $models; do
        case $model in pretrained* | kws* | vww* | ad01*) program=all4 ;; *) program=all ;; esac
        there=$(worst "$board" "$B/nn/$board/$program.elf" "$model" file)
        here=$(worst "$board" "$B/compiled/$model/$board.elf" "$model" none)
        code=$(($(bytes "$B/nn/$board/$program.elf") - own))
        all=$(($(bytes "$B/compiled/$model/$board.elf") - ours))
        tensors=$(sed -n 's|^// Constants of the model.s tensors: \([0-9]*\) bytes.*|\1|p' "$B/compiled/$model/model.c")
        file=$(stat -c %s "$golden/$model.tflite")
        awk -v b="$board" -v m="$model" -v i="$(value invoke <<<"$there")" -v c="$(value invoke <<<"$here")" \
            -v o="$(value open <<<"$there")" -v n="$(value init <<<"$here")" -v a="$(value arena <<<"$there")" \
            -v ca="$(value arena <<<"$here")" -v s="$(value stack <<<"$there")" -v cs="$(value stack <<<"$here")" \
            -v k="$code" -v ck=$((all - tensors)) -v f=$((code + file)) -v cf="$all" 'BEGIN {
            printf "%-5s %-23s %11d %11d %6.3f %8d %6d %7d %7d %6d %6d %7d %7d %7d %7d\n", b, m, i, c, c / i, o, n, a, ca,
                s, cs, k, ck, f, cf}'
    done
done
