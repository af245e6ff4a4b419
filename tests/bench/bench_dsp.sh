#!/usr/bin/env bash
# Prints what the signal blocks cost on the host, on a Cortex-M4 with its floating-point unit and on a Cortex-M3
# without one (emulated, instructions counted), and the bytes of their code.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in arm-none-eabi-gcc qemu-system-arm; do
    command -v $tool >/dev/null || { echo "SKIP: no $tool (make deps-firmware)"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(tests/bench/dsp_main.c firmware/core/dsp/*.c firmware/core/wire/cbor_*.c)
flags=(-std=gnu11 -O2 -ffp-contract=off -I. -ffunction-sections -fdata-sections -Wl,--gc-sections)

echo "host:"
${CC:-gcc} "${flags[@]}" -o "$work/host" "${sources[@]}"
"$work/host"

board() { # name, machine, flags of the part
    local name=$1 machine=$2
    shift 2
    arm-none-eabi-gcc "$@" -mthumb "${flags[@]}" -DBENCH_BOARD --specs=picolibc.specs --oslib=semihost \
        --crt0=hosted -Wl,--defsym=__flash=0,--defsym=__flash_size=4M,--defsym=__ram=0x20000000,--defsym=__ram_size=4M \
        -o "$work/$name.elf" "${sources[@]}"
    echo "$name:"
    timeout 300 qemu-system-arm -M "$machine" -nographic -icount shift=0 \
        -semihosting-config enable=on,target=native -kernel "$work/$name.elf" </dev/null 2>&1
}
board cortex-m4 mps2-an386 -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
board cortex-m3 mps2-an385 -mcpu=cortex-m3

echo "code and constants on a Cortex-M4 at -Os, bytes:"
for f in firmware/core/dsp/*.c firmware/core/pipe/*.c; do
    arm-none-eabi-gcc -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16 -mthumb -Os -ffp-contract=off -std=c11 -I. \
        --specs=picolibc.specs -c -o "$work/$(basename "$f" .c).o" "$f"
done
arm-none-eabi-size "$work"/*.o | awk -v w="$work/" 'NR > 1 {sub(w, "", $6); printf "%-24s %6d\n", $6, $1; t += $1}
    END {printf "%-24s %6d\n", "total", t}'
