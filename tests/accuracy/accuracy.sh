#!/usr/bin/env bash
# The table of `make accuracy`: accuracy.sh [ROW...]. Exit code 1 where a goal is missed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rows.sh"
. "$(dirname "$0")/process.sh"
[ -d "$DATA" ] || { echo "SKIP: no recordings at \$MOTELOOP_SHARED/data"; [ "${CI:-}" = true ] && exit 1; exit 0; }
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(motion watch gesture keyword speech picture person process tabular)
printf '%-16s %5s %8s  %-6s  %-6s  %-12s  %5s  %-6s  %7s  %s\n' row folds windows float int8 'int8 range' goal met bytes 'held out'
for r in "${rows[@]}"; do
    declare -F "row_$r" >/dev/null || { echo "no row '$r': motion watch gesture keyword speech picture person process tabular" >&2; exit 2; }
    "row_$r"
done
exit $MISSED
