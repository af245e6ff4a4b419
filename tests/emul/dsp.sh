#!/usr/bin/env bash
# The signal blocks give the same bits on the host, on a Cortex-M4 with its floating-point unit, on a Cortex-M3 and
# an RV32 without one: the digests that tests/emul/dsp_main.c prints are compared.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in arm-none-eabi-gcc riscv64-unknown-elf-gcc qemu-system-arm qemu-system-riscv32; do
    if ! command -v $tool >/dev/null; then
        echo "SKIP: no $tool (make deps-firmware)"
        exit 0
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(tests/emul/dsp_main.c firmware/core/dsp/*.c firmware/core/wire/cbor_*.c)
flags=(-std=c11 -O2 -ffp-contract=off -I. -ffunction-sections -Wl,--gc-sections)
picolibc=(--specs=picolibc.specs --oslib=semihost --crt0=hosted)
semihosting=(-nographic -semihosting-config "enable=on,target=native")

${CC:-gcc} "${flags[@]}" -o "$work/host" "${sources[@]}"
"$work/host" >"$work/host.txt"
! grep -v "^functions\|status 0 " "$work/host.txt" # every block ran

compare() { # name, then the command that runs the image
    local name=$1
    shift
    timeout 120 "$@" </dev/null >"$work/$name.txt" 2>&1 # semihosting writes to stderr
    if ! diff "$work/host.txt" "$work/$name.txt" >"$work/$name.diff"; then
        echo "$name differs from the host:"
        cat "$work/$name.diff"
        exit 1
    fi
    echo "$name: $(wc -l <"$work/$name.txt") digests as on the host"
}

arm() { # name, board, flags of the part
    local name=$1 board=$2
    shift 2
    arm-none-eabi-gcc "$@" -mthumb "${flags[@]}" "${picolibc[@]}" -Wl,--defsym=__flash=0 \
        -Wl,--defsym=__flash_size=4M -Wl,--defsym=__ram=0x20000000 -Wl,--defsym=__ram_size=4M \
        -o "$work/$name.elf" "${sources[@]}"
    compare "$name" qemu-system-arm -M "$board" "${semihosting[@]}" -kernel "$work/$name.elf"
}
arm cortex-m4 mps2-an386 -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
arm cortex-m3 mps2-an385 -mcpu=cortex-m3

riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 "${flags[@]}" "${picolibc[@]}" -Wl,--defsym=__flash=0x80000000 \
    -Wl,--defsym=__flash_size=2M -Wl,--defsym=__ram=0x80200000 -Wl,--defsym=__ram_size=2M \
    -o "$work/rv32.elf" "${sources[@]}"
compare rv32 qemu-system-riscv32 -M virt -bios none "${semihosting[@]}" -kernel "$work/rv32.elf"
