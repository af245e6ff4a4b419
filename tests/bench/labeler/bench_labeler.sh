#!/usr/bin/env bash
# make bench-labeler: what a request to the labeler costs at a million recordings, ten million label events and an hour of
# sound, through a real lighttpd: FastCGI and plain CGI at one client, 32 clients that save labels while the
# collector ingests at full rate, the first page in Chromium, and the same tasks against Label Studio.
#
# The store stays in $B/bench; MOTELOOP_BENCH_SECONDS (5) a line; MOTELOOP_BENCH_PEER=no leaves Label Studio out.
set -eu
src=$(cd "$(dirname "$0")/../../.." && pwd)
here=$src/tests/bench/labeler
B=$(cd "${B:-build}" && pwd)
export MOTELOOP_BIN=$B/bin MOTELOOP_SRC=$src
seconds=${MOTELOOP_BENCH_SECONDS:-5}
store=$B/bench/store
run=$(mktemp -d)
SERVER=
trap '[ -z "$SERVER" ] || kill $SERVER 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$run"' EXIT
PATH=$PATH:/usr/sbin
. "$here/server.sh"
command -v wrk >/dev/null || { echo "bench-labeler: no wrk; deps/install.sh bench" >&2; exit 1; }

if [ ! -s "$store.txt" ]; then
    echo "building the store (once)"
    rm -rf "$store"
    "$B/bin-test/bench-labeler-fill" "$store" 1000000 10000000 >"$run/store.txt"
    mv "$run/store.txt" "$store.txt"
fi
. "$store.txt"
export SOUND=$sound FIRST=$first COUNT=$count TOKEN=$token BASE=
# Hundredths of a second of processor time that the web server, the labeler, and CGI programs that ended have used.
cpu_used() {
    cat "/proc/$SERVER/stat" $(for p in $(pgrep -P "$SERVER"); do echo "/proc/$p/stat"; done) 2>/dev/null |
        awk -v s="$SERVER" '{sub(/^.*\) /, ""); n += $12 + $13; if (NR == 1) n += $14 + $15} END {print n}'
}
# TASK CONNECTIONS [SECONDS]: one line of figures. Processor time does not depend on what else the machine does.
hit() {
    local before line
    before=$(cpu_used)
    line=$(TASK=$1 wrk -t "$(($2 > 2 ? 2 : 1))" -c "$2" -d "${3:-$seconds}" --timeout 20s -s "$here/requests.lua" "http://127.0.0.1:$PORT/" | tail -n 1)
    awk -v n="${line%% *}" -v ticks="$(($(cpu_used) - before))" -v rest="${line#* }" 'BEGIN {printf "%s %9.2f\n", rest, n ? ticks * 10 / n : 0}'
}
head_line() { printf '%-13s %9s %9s %9s %9s %7s %9s\n' "$1" "a second" "p50 ms" "p99 ms" "max ms" errors "cpu ms"; }

echo "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), $(nproc) cores, $(free -g | awk '/Mem/ {print $2}') GiB; $(lighttpd -v | head -n 1 | cut -d' ' -f1), SQLite $(dpkg-query -W -f '${Version}' libsqlite3-0), wrk $(dpkg-query -W -f '${Version}' wrk); $(git -C "$src" describe --always)"
echo "load of the machine before: $(cut -d' ' -f1-3 /proc/loadavg)"
echo "$count recordings, 10,000,000 label events, an hour of 16 kHz sound; main.db $(du -m "$store/main.db" | cut -f1) MB, blocks.db $(du -m "$store/blocks.db" | cut -f1) MB"
serve "$run" "$store"
tasks="list one overview tile-hour tile-10s spectro-hour spectro-10s save"
for t in $tasks; do hit $t 1 1 >/dev/null; done # caches of the system, derived data
echo
head_line "FastCGI, 1"
for t in $tasks; do hit $t 1; done
echo
head_line "FastCGI, 32"
for t in list save; do hit $t 32; done
echo
head_line "plain CGI, 1"
for t in $tasks; do BASE=/moteloop-labeler.cgi hit $t 1; done
echo
head_line "32, ingesting"
mkfifo "$run/load"
"$B/bin-test/bench-labeler-load" "$store" "$MOTELOOP_BIN/moteloop-collector" $((seconds * 2 + 2)) >"$run/load" 2>"$run/load.err" &
load=$!
exec 3<"$run/load"
read -r _ <&3
hit save 32 $((seconds * 2))
read -r rate <&3 || rate="the load generator ended early: $(tail -n 1 "$run/load.err")"
exec 3<&-
wait $load || true
echo "              the collector stored $rate meanwhile; 'database is locked' in the logs: $(grep -ci locked "$run"/*.log || true)"
echo
node "$here/first_page.mjs" "http://127.0.0.1:$PORT" || true
kill $SERVER
wait $SERVER 2>/dev/null || true
SERVER=
if [ "${MOTELOOP_BENCH_PEER:-yes}" = yes ]; then
    echo
    bash "$here/label_studio.sh" "$B/bench/label-studio" "$seconds" || echo "SKIP: Label Studio was not measured"
fi
