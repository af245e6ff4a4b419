#!/usr/bin/env bash
# docs/design/nn-reasons.md lists the number of every reason that builds with MOTE_NN_TERSE give; no two share one.
# With --write it is made anew.
set -eu
cd "$(dirname "$0")/../.."
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
{
    printf '#include "firmware/core/nn/nn_reason.h"\n#include <stdio.h>\nint main(void)\n{\n'
    grep -ohE 'NN_WHY\("[^"]*"\)' firmware/core/nn/*.c | sort -u |
        sed -E 's/NN_WHY\((.*)\)/    printf("| %u | %s |\\n", (unsigned)NN_WHY(\1), \1);/'
    printf '}\n'
} >"$T/reasons.c"
"${CC:-gcc}" -std=c11 -DMOTE_NN_TERSE -I. -o "$T/reasons" "$T/reasons.c"
"$T/reasons" | sort -t'|' -k2n >"$T/rows"
twice=$(cut -d'|' -f2 "$T/rows" | uniq -d)
[ -z "$twice" ] || { echo "reasons share the numbers$twice: change a text"; exit 1; }
{
    cat <<'EOF'
# Reasons by number

A build with `MOTE_NN_TERSE` has no texts for why a model is refused: `mote_nn_diag.number` has a number that the compiler
makes of the text (`firmware/core/nn/nn_reason.h`), and operator and tensor are named as ever. This list is made by
`tests/lint/nn_reasons.sh --write`.

| number | reason |
|---|---|
EOF
    cat "$T/rows"
} >"$T/doc"
if [ "${1:-}" = --write ]; then
    cp "$T/doc" docs/design/nn-reasons.md
fi
cmp -s "$T/doc" docs/design/nn-reasons.md || { echo "docs/design/nn-reasons.md is out of date: tests/lint/nn_reasons.sh --write"; exit 1; }
