#!/bin/sh
# What an archive of the core needs from outside, after the compiler's own helpers: fails on anything but
# the four memory functions and the signature library. So no allocation, no C library, no hidden help.
# usage: CC=... LD=... NM=... firmware/check_symbols.sh TARGET ARCHIVE
set -eu
target=$1 archive=$2
whole=${archive%.a}.whole.o
# shellcheck disable=SC2086 # CC holds flags
helpers=$($CC -print-libgcc-file-name)
$LD -r --whole-archive "$archive" --no-whole-archive "$helpers" -o "$whole"
allowed='mem(cpy|move|set|cmp)|br_[a-z0-9_]+'
# Where the compiler leaves its arithmetic helpers to the part's ROM (ESP8266), they are named here.
if [ "$target" = lx106 ]; then
    allowed="$allowed|__(add|sub|mul|div)[sd]f3|__u?(div|mod|mul)[sd]i3|__umulsidi3|__extendsfdf2|__truncdfsf2"
    allowed="$allowed|__fix(uns)?[sd]f[sd]i|__float(un)?[sd]i[sd]f|__(eq|ne|lt|le|gt|ge|unord)[sd]f2|__(clz|ctz|ffs)[sd]i2"
    allowed="$allowed|__(ashl|ashr|lshr|neg)di3|__(neg)[sd]f2|__bswap[sd]i2|__popcount[sd]i2"
fi
foreign=$($NM -u "$whole" | awk '{print $NF}' | grep -vxE "$allowed" || true)
globals=$($NM "$whole" | awk '$2 ~ /^[BbDdCc]$/ {print $3}' | grep -v '^\$' || true)
if [ -n "$foreign" ]; then
    echo "firmware: $target: the core needs symbols that it must not: $(echo $foreign)" >&2
    exit 1
fi
if [ -n "$globals" ]; then
    echo "firmware: $target: the core has writable globals: $(echo $globals)" >&2
    exit 1
fi
rm -f "$whole"
echo "firmware: $target: $(basename "$archive") needs memory functions and the signature library, nothing else"
