#!/usr/bin/env bash
# The live view as the page uses it: samples of a device reach the event stream while somebody watches, nothing of them
# is stored, and the device ends by itself.
. "$(dirname "$0")/../support/e2e.sh"
make_project home
P=$T/home
moteloop device add pump --project "$P" >/dev/null
up home
moteloop-device --config "$P/devices/pump.conf" 2>"$T/pump.log" &
PIDS+=($!)
web=http://127.0.0.1:$(json_value "$T/home.json" web_port)
secret=$(grep -o 'setup#[0-9a-f]*' "$T/home.json" | cut -d'#' -f2)
curl -sf -c "$T/jar" -H 'Content-Type: application/json' -d "{\"token\":\"$secret\",\"name\":\"ada\",\"password\":\"correct horse\"}" \
    "$web/api/setup" >/dev/null || fail "sign in"
online() { curl -sf -b "$T/jar" "$web/api/devices/pump" | grep -q '"online":true'; }
within 20 online

curl -sN -b "$T/jar" "$web/api/devices/pump/live?stream=acc" >"$T/live.txt" &
watcher=$!
enough() { [ "$(grep -c '^event: samples' "$T/live.txt")" -ge 5 ]; }
within 20 enough
kill $watcher && wait $watcher || true
grep -q '^data: {"n":[0-9]*,"arrived_ms":[0-9]*,"stream":"acc","t_us":[0-9]*,"interval_ns":10000000,"channels":3,"type":"i16"' "$T/live.txt" ||
    { head -c 600 "$T/live.txt"; fail "no samples of acc"; }
grep -q '"stream":"mic"' "$T/live.txt" && fail "a stream that was not asked for"

# Without an event stream: from now on, then what came since.
poll() { curl -sf -b "$T/jar" "$web/api/devices/pump/live?stream=acc&after=$1"; }
after=$(poll 0 | grep -o '"after":[0-9]*' | grep -o '[0-9]*')
came() { poll "$after" | grep -q '"kind":"samples"'; }
within 20 came
[ "$(curl -s -o /dev/null -w '%{http_code}' -b "$T/jar" "$web/api/devices/nobody/live?after=0")" = 404 ] || fail "a device that is not there"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$web/api/devices/pump/live?after=0")" = 401 ] || fail "seen without signing in"
curl -sf -b "$T/jar" "$web/api/recordings" | grep -q '"recordings":\[\]' || fail "live samples were stored"
down
