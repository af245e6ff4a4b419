#!/usr/bin/env bash
# Clocks that run too fast and jump: mappings become versioned rows that say so, and neither they nor a restart moves a
# label, which stays at the device's time.
. "$(dirname "$0")/../support/e2e.sh"
make_project home
P=$T/home
moteloop device add fast plain --project "$P" >/dev/null
up home
run_device() { # DEVICE ARGS...
    local device=$1
    shift
    moteloop-device --config "$P/devices/$device.conf" "$@" 2>>"$T/$device.log" &
    PIDS+=($!)
    DEVICE=$!
}
status() { moteloop status "$P" --json >"$T/status.json"; }
clock_of() { status && grep -o "{\"device\":\"$1\",\"version\":[^}]*}" "$T/status.json"; }
run_device plain --real-time
run_device fast --speed 3 --real-time
refined() { clock_of plain | grep -q '"reason":"refined"' || clock_of plain | grep -q '"reason":"first"'; }
within 20 refined
rate() { clock_of fast | grep -q '"reason":"rate"\|"reason":"refined"'; }
within 60 rate
drift=$(clock_of fast | grep -o '"drift_ppm":[-0-9.]*' | cut -d: -f2)
awk -v d="$drift" 'BEGIN {exit !(d > -680000 && d < -650000)}' || fail "a clock of three times the speed drifts by $drift ppm"
moteloop status "$P" | grep -q '^clock of fast .*drift -6[67]' || fail "status does not show the drift"

# A labelled recording; then the device's clock leaps (it hurries through the next recording) and it starts again.
moteloop record plain --duration 1s --label hum --wait --project "$P" >/dev/null || fail "record"
moteloop export "$T/before" --format csv --labels csv --device plain --project "$P" >/dev/null || fail "export"
kill "${PIDS[1]}" && wait "${PIDS[1]}" || true
run_device plain
fresh() { clock_of plain | grep -q '"version":1,"reason":"first"'; } # of the new session
within 20 fresh
moteloop record plain --duration 10m --wait --project "$P" >/dev/null || fail "a long recording"
jumped() { clock_of plain | grep -q '"reason":"jump"\|"reason":"rate"'; }
within 60 jumped
rm -rf "$T/after"
moteloop export "$T/after" --format csv --labels csv --device plain --project "$P" >/dev/null || fail "export"
first=$(cd "$T/before" && find . -name '*.csv' ! -name 'labels.csv' | sort | head -n 1)
cmp "$T/before/$first" "$T/after/$first" || fail "what was recorded before the jump moved"
down
clock_of plain >/dev/null || fail "the clock of plain is gone"
moteloop erase --device plain --yes --project "$P" >/dev/null || fail "erase"
clock_of plain && fail "a mapping of an erased device is left"
clock_of fast >/dev/null || fail "the clock of another device went with it"
