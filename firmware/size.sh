#!/bin/sh
# Flash, static RAM and worst stack of every module of the core for one target, and the RAM of the state that the
# caller gives (without arena, buffers and tables, which are chosen by the application).
# usage: SIZE=arm-none-eabi-size NM=arm-none-eabi-nm firmware/size.sh TARGET OBJECTS_FOLDER STATE_OBJECT
set -eu
target=$1 folder=$2 state=$3
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
"$NM" -S --size-sort "$state" | awk '{name = $4; sub("state_", "", name); printf "%s %s\n", name, $2}' |
    while read -r name hex; do
        printf '  struct mote_%-8s %6d bytes of RAM%s\n' "$name" $((0x$hex)) \
            "$([ "$name" = agent ] && echo ', the others among them')"
    done
