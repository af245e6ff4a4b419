#!/usr/bin/env bash
# Modelled cycles of one invoke on emulated boards, interpreted and compiled: instructions by class (tests/cycles/plugin.c),
# times the cycles that Arm's technical reference manuals give, from memory without wait states.
#
#   Cortex-M4: DDI 0439, table 3-1 (instructions) and 7-1 (floating point). Cortex-M3: DDI 0337, table 3-1.
#   LDM, STM, PUSH, POP, LDRD, STRD: 1 + registers. LDR: 2, straight behind another one 1. STR: 1, to a sum of registers 2.
#   A branch that is taken: 1 + P, P = 2 to refill the pipeline (the manuals say 1 to 3). Where they give a range, its
#   upper end is taken: divide 12 (of 2 to 12), on the M3 64-bit products 5 and multiply-accumulates 7.
#   Cortex-M0+ (its code runs on the emulated M3): DDI 0484, table 3-1; every load and store 2, a taken branch 2,
#   products 1 as in parts with the fast multiplier.
#   Cortex-M7, M55: Arm publishes no such table. The M4's figures stand in; for the M7, which issues two instructions at
#   a time, they are an upper bound. A Helium instruction takes 2 (two beats of the four of 32 bits at a time).
#
# TensorFlow Lite Micro could not be built here (its sources and CMSIS-NN's are in no package of Debian or PyPI), so that
# its side has counted instructions alone (shared/reference/tflm.md): no modelled cycles are given for it.
set -eu
B=${B:-build}
golden=${MOTELOOP_SHARED:-../shared}/golden
[ -r "$golden/README.txt" ] || { echo "SKIP: no golden models below $golden"; exit 0; }
command -v qemu-system-arm >/dev/null || { echo "SKIP: no qemu-system-arm"; exit 0; }
golden=$(realpath "$golden")
plugin=$(realpath "$B/cycles/libcycles.so")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
machine() { case $1 in m0 | m3) echo mps2-an385 ;; m4) echo mps2-an386 ;; m7) echo mps2-an500 ;; m55) echo mps3-an547 ;; esac; }

# count BOARD ELF WORD...: classes and counts in $work/counts
count() {
    local board=$1 elf=$2 words=bench entry
    shift 2
    for word; do words+=",arg=$word"; done
    entry=$(arm-none-eabi-nm "$elf" | awk '$3 == "bench_invoke" {print "0x" $1}')
    rm -f "$work/counts"
    timeout 300 qemu-system-arm -M "$(machine "$board")" -icount shift=0 -display none -monitor none -serial none \
        -chardev stdio,id=s -semihosting-config enable=on,target=native,chardev=s,arg="$words" \
        -plugin "$plugin,entry=$entry,out=$work/counts" -kernel "$elf" </dev/null >"$work/log" ||
        { echo "$board $elf: $(cat "$work/log")"; exit 1; }
    grep -q '^ended 1$' "$work/counts" || { echo "$board $elf: the function that is counted did not end"; exit 1; }
}

# model BOARD: instructions, cycles, cycles by instruction, per cent of cycles in loads and stores of several registers
model() {
    awk -v board="$1" '
        BEGIN {
            split("plain mul mac dsp_mac long_mul long_mac load_next store branch float loop_end", one)
            for (i in one) cost[one[i]] = 1
            cost["load"] = cost["store_reg"] = cost["table"] = cost["vector"] = cost["vector_load"] = cost["other"] = 2
            cost["divide"] = 12; cost["float_mac"] = 3; cost["float_divide"] = 14
            cost["multiple"] = 1
            if (board == "m0") { cost["load_next"] = cost["store"] = 2 }
            if (board == "m3") { cost["mac"] = 2; cost["long_mul"] = 5; cost["long_mac"] = 7 }
        }
        $1 == "multiple_regs" { cycles += $2; several += $2; next }
        $1 == "taken" { cycles += (board == "m0" ? 1 : 2) * $2; next }
        $1 in cost { n += $2; cycles += cost[$1] * $2 }
        $1 == "multiple" { several += $2 }
        END { printf "%d %d %.2f %.0f\n", n, cycles, cycles / n, 100 * several / cycles }' "$work/counts"
}

printf '%-5s %-23s | %11s %11s %5s %7s | %11s %11s %5s %7s\n' board "one invoke of" interpreted cycles each "LDM %" \
    compiled cycles each "LDM %"
for board in ${BOARDS:-m4 m7 m3 m55 m0}; do
    for name in ${MODELS:-pretrainedResnet_quant kws_ref_model vww_96_int8 ad01_int8 micro_speech_quantized \
        hello_world_int8 hello_world_float keyword_scrambled_8bit trained_lstm_int8}; do
        count "$board" "$B/cycles/$board.elf" "$golden/$name.tflite" "$golden/$name.s0.in" "$golden/$name.s0.out"
        read -r i c each several < <(model "$board")
        i2=0 c2=0 each2=- several2=0
        if [ -e "$B/compiled/$name/$board.elf" ]; then
            count "$board" "$B/compiled/$name/$board.elf" "$golden/$name.s0.in" "$golden/$name.s0.out"
            read -r i2 c2 each2 several2 < <(model "$board")
        fi
        printf '%-5s %-23s | %11d %11d %5s %7d | %11d %11d %5s %7d\n' "$board" "$name" "$i" "$c" "$each" "$several" \
            "$i2" "$c2" "$each2" "$several2"
    done
done
