#!/usr/bin/env bash
# The demo, whole: exit code 0 only where every one of its steps was true. Then, in the project that it leaves, a model is
# run on a device of it (infer --device): a real broker, a real device process.
. "$(dirname "$0")/../support/e2e.sh"
moteloop demo --once --dir "$T/demo" || fail "demo"

P=$T/demo
up demo
moteloop-device --config "$P/devices/fan-2.conf" 2>"$T/fan-2.log" &
PIDS+=($!)
active() { moteloop status "$P" --json | grep -oE '"active_model":"[0-9a-f]{64}"' | tail -n 1 | grep -oE '[0-9a-f]{64}'; }
model=$(active) || fail "no device has a model"
head -c 100000 /dev/zero >"$T/long.in"
bytes=$(moteloop infer "$model" --project "$P" --raw-in "$T/long.in" 2>&1 | sed -n "s/.*the model's input has \([0-9]*\)$/\1/p")
head -c "$bytes" /dev/urandom >"$T/window.in"
on_device() {
    moteloop infer "$model" --project "$P" --device fan-2 --raw-in "$T/window.in" --raw-out "$T/there.out" --timeout 10s \
        --json >"$T/there.json" 2>"$T/there.err"
}
within 40 on_device
grep -q '"differs":null' "$T/there.json" || fail "$(cat "$T/there.json")"
for key in time_us arena_bytes stack_bytes operators; do
    [ "$(json_value "$T/there.json" $key)" -gt 0 ] || fail "$key: $(cat "$T/there.json")"
done
moteloop infer "$model" --project "$P" --raw-in "$T/window.in" --raw-out "$T/here.out" >/dev/null
cmp "$T/there.out" "$T/here.out" || fail "the device's bytes are others"
other=$(find "$P/models" -name '*.tflite' ! -name '*.float.tflite' ! -name "$model.tflite" | head -n 1)
refuses 1 "this device runs another model" moteloop infer "$other" --project "$P" --device fan-2 --raw-in "$T/window.in"
refuses 1 "no device 'nobody'" moteloop infer "$model" --project "$P" --device nobody --raw-in "$T/window.in"
refuses 1 "did not answer within 1 s" moteloop infer "$model" --project "$P" --device fan-3 --raw-in "$T/window.in" --timeout 1s
refuses 2 "without --layers" moteloop infer "$model" --project "$P" --device fan-2 --raw-in "$T/window.in" --layers "$T/l"
down
