#!/usr/bin/env bash
# Files that a device replays as its sensor travel the road of live data (spool, MQTT, collector) and arrive
# as the same samples that importing them gives: sound, pictures, motion.
. "$(dirname "$0")/../support/e2e.sh"
need_shared fsdd
data=$MOTELOOP_SHARED/data maps=$MOTELOOP_SRC/tests/e2e/maps
part "$data/fsdd" "$T/sound" '*_george_1.wav'
part "$data/cifar10_subset/cat" "$T/pictures/cat" '*1.png'
part "$data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp01_user01.csv.gz'
make_project p
moteloop device add r-sound r-pictures r-people r-motion --class 2 --project "$T/p" >/dev/null
up p
replay() { # KIND MAP
    moteloop-device --config "$T/p/devices/r-$1.conf" --state "$T/r-$1" --replay "$T/$1" --map "$maps/$2" --once --speed 100 \
        2>"$T/device-$1.log" || { cat "$T/device-$1.log"; fail "replay of $1"; }
}
# Every recording's samples, by digest, in an order that does not depend on when they arrived.
samples() { # DEVICE
    rm -rf "$T/out"
    moteloop export "$T/out" --format npy --labels none --device "$1" --project "$T/p" >/dev/null || fail "export of $1"
    find "$T/out" -name '*.npy' -exec sha256sum {} + | cut -d' ' -f1 | sort
}
part "$data/person_32x64/person" "$T/people/person" '*1h.png' # longer than a block each
for kind in sound:fsdd pictures:pictures people:pictures; do
    name=${kind%:*} map=${kind#*:}
    replay "$name" "$map.map"
    moteloop import "$T/$name" --map "$maps/$map.map" --device "$name" --project "$T/p" >/dev/null || fail "import of $name"
    samples "r-$name" >"$T/replayed"
    samples "import-$name" >"$T/imported"
    [ -s "$T/imported" ] || fail "nothing of $name was imported"
    cmp "$T/replayed" "$T/imported" || fail "$name: replayed samples differ from imported ones"
    echo "$name: $(wc -l <"$T/imported") recordings, the same samples by both roads"
done

# A long session becomes a recording per labelled stretch; sample for sample what the file says.
replay motion hapt.map
rm -rf "$T/out"
moteloop export "$T/out" --format csv --labels csv --device r-motion --project "$T/p" >/dev/null || fail "export of motion"
stretches=$(awk -F, '$1 == 1 && $2 == 1' "$data/hapt_continuous/labels.csv" | wc -l)
frames=$(awk -F, '$1 == 1 && $2 == 1 {n += $5 - $4 + 1} END {print n}' "$data/hapt_continuous/labels.csv")
got=$(find "$T/out" -name '*.csv' ! -name 'labels.csv' | wc -l)
rows=$(find "$T/out" -name '*.csv' ! -name 'labels.csv' -exec cat {} + | grep -c '^[-0-9]')
[ "$got" = "$stretches" ] || fail "motion: $got recordings instead of $stretches"
[ "$rows" = "$frames" ] || fail "motion: $rows frames instead of $frames"
echo "motion: $got labelled stretches, $rows frames"
down
