#!/bin/sh
# What an archive of the core needs from outside, after the compiler's own helpers: fails on anything but
# the four memory functions and the signature library. So no allocation, no C library, no hidden help.
# With the signature library's archive as well, the memory functions alone are left.
# usage: CC=... LD=... NM=... firmware/check_symbols.sh TARGET ARCHIVE [SIGNATURE_ARCHIVE]
set -eu
target=$1 archive=$2 sig=${3:-}
whole=${archive%.a}.whole.o
# shellcheck disable=SC2086 # CC, LD and sig hold several words or none
helpers=$($CC -print-libgcc-file-name)
$LD -r --whole-archive "$archive" --no-whole-archive $sig "$helpers" -o "$whole"
allowed='mem(cpy|move|set|cmp)'
needs="memory functions alone"
if [ -z "$sig" ]; then
    allowed="$allowed|br_[a-z0-9_]+"
    needs="memory functions and the signature library, nothing else"
fi
# Where the compiler leaves its arithmetic helpers to the part's ROM (ESP8266), they are named here.
if [ "$target" = lx106 ]; then
    allowed="$allowed|__(add|sub|mul|div)[sd]f3|__u?(div|mod|mul)[sd]i3|__umulsidi3|__extendsfdf2|__truncdfsf2"
    allowed="$allowed|__fix(uns)?[sd]f[sd]i|__float(un)?[sd]i[sd]f|__(eq|ne|lt|le|gt|ge|unord)[sd]f2"
    allowed="$allowed|__(clz|ctz|ffs|bswap|popcount)[sd]i2|__(ashl|ashr|lshr|neg)di3|__neg[sd]f2"
fi
foreign=$($NM -u "$whole" | awk '{print $NF}' | grep -vxE "$allowed" || true)
globals=$($NM "$whole" | awk '$2 ~ /^[BbDdCc]$/ {print $3}' | grep -v '^\$' || true)
rm -f "$whole"
if [ -n "$foreign" ]; then
    echo "firmware: $target: needs symbols that it must not: $(echo $foreign)" >&2
    exit 1
fi
if [ -n "$globals" ]; then
    echo "firmware: $target: has writable globals: $(echo $globals)" >&2
    exit 1
fi
echo "firmware: $target: $(basename "$archive")${sig:+ with $(basename "$sig")} needs $needs"
