#!/bin/sh
# Flash, RAM and worst stack of every module of the core for one target.
# usage: SIZE=arm-none-eabi-size firmware/size.sh TARGET OBJECTS_FOLDER
set -eu
target=$1 folder=$2
here=$(dirname "$0")
printf '%s\n' "$target"
printf '  %-8s %9s %7s %7s  %s\n' module flash ram stack "deepest call (compiler's figures; calls through pointers not included)"
for module in "$folder"/*/; do
    name=$(basename "$module")
    find "$module" -name '*.o' -exec "$SIZE" -B {} + | awk 'NR > 1 && $1 ~ /^[0-9]+$/ {t += $1; d += $2; b += $3}
        END {print t + d, d + b}' >"$folder/$name.size"
    stack=$(find "$folder" -name '*.ci' -exec cat {} + | awk -v module="firmware/core/$name/" -f "$here/stack.awk")
    read -r flash ram <"$folder/$name.size"
    printf '  %-8s %9s %7s %7s  %s\n' "$name" "$flash" "$ram" "${stack%% *}" "${stack#* }"
done
