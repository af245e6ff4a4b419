#!/usr/bin/env bash
# What people, networks and other programs do wrong: one clear line each, nothing dies that need not.
. "$(dirname "$0")/../support/e2e.sh"

# Words and files.
refuses 2 "did you mean 'status'" moteloop statsu
refuses 2 "did you mean '--project'" moteloop status --projekt x
refuses 1 "no project in" moteloop status "$T"
make_project a
refuses 1 "is not empty" moteloop init "$T/a"
refuses 2 "not a device id" moteloop device add Pump/1 --project "$T/a"
moteloop device add good bad --project "$T/a" >"$T/add.out"
refuses 1 "in use already" moteloop device add good --project "$T/a"
sed -i 's/^prefix/prefiks/' "$T/a/moteloop.conf"
refuses 1 "did you mean 'prefix'" moteloop status "$T/a"
sed -i 's/^prefiks/prefix/' "$T/a/moteloop.conf"
printf '[train]\nepoch = 3\n' >"$T/typo.recipe"
refuses 1 "did you mean 'epochs'" moteloop train "$T/typo.recipe" --project "$T/a"
refuses 1 "nosuch.recipe" moteloop train "$T/nosuch.recipe" --project "$T/a"
head -c 3000 /dev/urandom >"$T/noise.tflite"
refuses 1 "noise.tflite" moteloop inspect "$T/noise.tflite"

# A broker that is not there: the collector says so and keeps trying.
moteloop-collector --project "$T/a" 2>"$T/lonely.log" &
lonely=$!
PIDS+=($lonely)
within 10 grep -q "broker" "$T/lonely.log"
kill -0 $lonely || fail "the collector gave up without a broker"
# A second one on the same store.
refuses 1 "collector" moteloop-collector --project "$T/a"
kill $lonely && wait $lonely || fail "the collector did not end well"

# Twice the same project, and ports that are taken.
up a
refuses 1 "already" moteloop up "$T/a"
moteloop backup "$T/copy" --project "$T/a" >/dev/null
moteloop restore "$T/copy" "$T/b" >/dev/null
refuses 1 "is not free" moteloop up "$T/b"

# Messages. The device 'bad' has a good credential and bad manners.
port=$(json_value "$T/a.json" broker_port)
secret() { sed -n 's/^password = //p' "$T/a/devices/$1.conf"; }
say() { # DEVICE TOPIC FILE
    mosquitto_pub -h 127.0.0.1 -p "$port" -u "$1" -P "$(secret "$1")" -i "$1" -q 1 -t "$2" -f "$3"
}
refused() { moteloop status "$T/a" --json | sed -E 's/.*"refused":([0-9]+).*/\1/'; }
alive() { moteloop status "$T/a" --json | grep -q '"alive":true'; }
within 10 alive
before=$(refused)
: >"$T/empty"
printf 'not CBOR' >"$T/text"
head -c 20000 /dev/urandom >"$T/random"
for topic in data/acc hello status reported data/event; do
    say bad "ml/1/d/bad/$topic" "$T/text"
    say bad "ml/1/d/bad/$topic" "$T/random"
done
more_refused() { [ "$(refused)" -gt "$before" ]; }
within 15 more_refused
# A topic that is none, and a message over the ceiling: the collector and the broker each say so.
say bad ml/1/d/bad/data/no/such "$T/text"
within 10 grep -q "no/such" "$T/a/run/collector.log"
head -c 400000 /dev/urandom >"$T/oversized"
if say bad ml/1/d/bad/data/acc "$T/oversized" 2>/dev/null; then fail "an oversized message was acknowledged"; fi
within 10 grep -q "bad disconnected due to oversize packet" "$T/a/run/mosquitto.log"
# Into another device's leaf: the broker's access list drops it, and nothing is stored of it.
say bad "ml/1/d/good/data/acc" "$T/text" || true
if mosquitto_pub -h 127.0.0.1 -p "$port" -u bad -P wrong -i bad -q 1 -t ml/1/d/bad/hello -m x 2>/dev/null; then
    fail "a wrong password was let in"
fi
alive || fail "the collector did not survive bad messages"
kill -0 "$UP" || fail "'moteloop up' did not survive"
moteloop doctor "$T/a" >"$T/doctor.out" || { cat "$T/doctor.out"; fail "doctor finds a healthy project sick"; }

# A device that is removed is locked out at once, and gone from the broker's memory.
moteloop device remove bad --project "$T/a" >/dev/null
locked_out() { ! mosquitto_pub -h 127.0.0.1 -p "$port" -u bad -P "$old" -i bad -q 1 -t ml/1/d/bad/hello -m x 2>/dev/null; }
old=$(sed -n 's/^password = //p' "$T/copy/devices/bad.conf")
within 10 locked_out
down
