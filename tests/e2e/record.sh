#!/usr/bin/env bash
# Remote recording as an operator does it: asked of a group whose devices sleep, made once when they wake, with
# progress, a lower rate, and a stop; over the command line and over the page's API.
. "$(dirname "$0")/../support/e2e.sh"
make_project hall
P=$T/hall
moteloop device add one two --group pumps --project "$P" >/dev/null
moteloop device add other --project "$P" >/dev/null
up hall
show() { moteloop record "$1" --show --project "$P" --json >"$T/show.json"; }
state() { # DEVICE COMMAND STATE
    show "$1" && grep -q "\"command\":$2,\"state\":\"$3\"" "$T/show.json"
}
refuses 2 'name a device' moteloop record --project "$P"
refuses 1 "'nobody' is neither a device nor a group" moteloop record nobody --project "$P"
refuses 2 'one at a time' moteloop record one --stop --show --project "$P"

# Asked while nobody is awake; withdrawn before it was made; asked again.
moteloop record pumps --duration 20s --label gone --project "$P" >"$T/asked"
[ "$(grep -c 'asked (command' "$T/asked")" = 2 ] || fail "two devices were to be asked"
state one 1 asked || fail "not asked"
moteloop record pumps --stop --project "$P" >/dev/null
state one 1 withdrawn || fail "not withdrawn"
moteloop record pumps --rate acc=20 --project "$P" >/dev/null
moteloop record pumps --duration 6s --label hum --project "$P" >"$T/asked"
id=$(sed -n 's/^one: asked (command \([0-9]*\))/\1/p' "$T/asked")

wake() { # DEVICE ARGS...: starts it
    local device=$1
    shift
    moteloop-device --config "$P/devices/$device.conf" "$@" 2>>"$T/$device.log" &
    PIDS+=($!)
    DEVICE=$!
}
wake one --speed 10 --real-time
within 20 state one "$id" done
kill "$DEVICE" && wait "$DEVICE" || fail "the device ended badly"
show one
grep -q '"label":"gone".*"recording":0' "$T/show.json" || fail "a withdrawn recording was made"
grep -q '"answer":"in force"' "$T/show.json" || fail "the settings were not answered"
rec=$(grep -o '"label":"hum","duration_ms":6000,"done_ms":[0-9]*,"recording":[0-9]*' "$T/show.json" | head -n 1 | grep -o '[0-9]*$')
[ "$rec" -gt 0 ] || fail "the recording is not known"
moteloop export --project "$P" --format csv "$T/out" >/dev/null || fail "export"
rows=$(cat "$T"/out/*/*acc*.csv | grep -c '^[0-9]')
[ "$rows" -ge 115 ] && [ "$rows" -le 121 ] || fail "$rows frames in six seconds at 20 Hz"

# Awake again: nothing is made twice. The second device wakes for the first time, and is waited for.
wake one --speed 10 --real-time
wake two --speed 10 --real-time
moteloop record pumps --duration 2s --label twice --wait --project "$P" >/dev/null || fail "the recordings failed"
show one
[ "$(grep -o '"state":"done"' "$T/show.json" | wc -l)" = 2 ] || fail "one made $(cat "$T/show.json")"
show two
[ "$(grep -o '"state":"done"' "$T/show.json" | wc -l)" = 2 ] || fail "two made $(cat "$T/show.json")"

# A long one reports how far it is, and ends early; a stream that is not there fails, and --wait says so.
moteloop record two --duration 5m --project "$P" >/dev/null
going() { show two && grep -qE '"state":"recording","stream":"","label":"","duration_ms":300000,"done_ms":[1-9]' "$T/show.json"; }
within 60 going
moteloop record two --stop --project "$P" >/dev/null
stopped() { show two && grep -q 'stopped early' "$T/show.json"; }
within 20 stopped
refuses 1 'recordings were not made' moteloop record two --stream nothing --wait --project "$P"
refuses 1 'whole part' moteloop record two --rate acc=33 --wait --project "$P"
moteloop record two --reset --wait --project "$P" >/dev/null || fail "settings were not taken back"
down
