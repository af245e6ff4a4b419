#!/usr/bin/env bash
# Runs test programs and scripts, two at a time, and closes with "N passed, N failed, N skipped".
#
# A Check program counts by its own summary line; a script counts as one test, passed on exit 0.
# A test that cannot run here prints "SKIP: reason" (and exits 0): counted, shown loudly, and a
# failure under CI=true. Output is shown only for what failed or skipped, or with V=1.
set -u
B=${B:-build}
limit=${TEST_TIMEOUT:-300}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
jobs_max=${TEST_JOBS:-2}
here=$(cd "$(dirname "$0")" && pwd)
export MOTELOOP_SRC=${here%/tests} MOTELOOP_BIN
MOTELOOP_BIN=$(cd "$B" && pwd)/bin
export MOTELOOP_SHARED=${MOTELOOP_SHARED:-$(cd "$here/../.." && pwd)/shared}
export CK_VERBOSITY=${CK_VERBOSITY:-normal} CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-60}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

run_one() { # index path
    local i=$1 t=$2 start end
    start=$(date +%s%N)
    case $t in
    *.sh) timeout -k 5 "$limit" bash "$t" ;;
    *.mjs) timeout -k 5 "$limit" node "$t" ;;
    *) timeout -k 5 "$limit" "$t" ;;
    esac >"$out/$i.log" 2>&1 </dev/null
    echo $? >"$out/$i.rc"
    end=$(date +%s%N)
    echo $(((end - start) / 1000000)) >"$out/$i.ms"
}

n=0
for t in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do wait -n; done
    run_one $n "$t" &
    names[n]=$t
    n=$((n + 1))
done
wait

passed=0 failed=0 skipped=0
for ((i = 0; i < n; i++)); do
    rc=$(cat "$out/$i.rc") ms=$(cat "$out/$i.ms") log=$out/$i.log
    name=${names[i]#"$B"/tests/}
    read -r total bad < <(awk -F'[:, ]+' '/Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
        for (k = 1; k <= NF; k++) {
            if ($k == "Checks") t += $(k+1); if ($k == "Failures" || $k == "Errors") b += $(k+1)
        } seen = 1 } END {print seen ? t : -1, b + 0}' "$log")
    skips=$(grep -c '^SKIP: ' "$log")
    if [ "$total" -lt 0 ]; then total=1; [ "$rc" = 0 ] && bad=0 || bad=1; fi
    [ "$rc" != 0 ] && [ "$bad" = 0 ] && bad=1
    [ "$total" = 0 ] && [ "$skips" = 0 ] && { bad=1; echo "no test ran" >>"$log"; }
    if [ "$skips" -gt 0 ] && [ "${CI:-}" = true ]; then bad=$((bad + skips)); fi
    [ "$bad" -gt "$total" ] && total=$bad
    good=$((total - bad - skips)); [ $good -lt 0 ] && good=0
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
    verdict=ok
    [ "$skips" -gt 0 ] && verdict=skip
    [ "$bad" -gt 0 ] && verdict=FAIL
    [ "$rc" = 124 ] && echo "timed out after $limit s" >>"$log"
    printf '%-4s %7s ms  %s\n' "$verdict" "$ms" "$name"
    if [ $verdict != ok ] || [ -n "${V:-}" ]; then tail -n 60 "$log" | sed 's/^/    /'; fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $((passed + skipped)) -gt 0 ]
