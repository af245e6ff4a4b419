#!/usr/bin/env bash
# A device that is killed without a broker in reach keeps what it had spooled: after it comes back, every
# sound that it was given is in the store, sample by sample.
. "$(dirname "$0")/../support/e2e.sh"
need_shared fsdd
map=$MOTELOOP_SRC/tests/e2e/maps/fsdd.map
part "$MOTELOOP_SHARED/data/fsdd" "$T/sound" '[0-4]_george_*.wav'
make_project home
moteloop device add ear --project "$T/home" >/dev/null
conf=$T/home/devices/ear.conf
samples() { # digests of WAV files behind their 44 bytes of header
    for f in "$@"; do tail -c +45 "$f" | sha256sum; done | sort -u
}

moteloop-device --config "$conf" --map "$map" --replay "$T/sound" 2>"$T/ear.log" &
first=$!
within 10 grep -q 'recording 20$' "$T/ear.log"
kill -9 $first
wait $first 2>/dev/null || true

up home
timeout 60 moteloop-device --config "$conf" --map "$map" --replay "$T/sound" --once 2>"$T/ear.log" || fail "replay"
moteloop export --project "$T/home" --format wav --labels none "$T/out" --json >"$T/export.json" || fail "export"
came=$(json_value "$T/export.json" recordings)
[ "$came" -ge 169 ] || fail "$came recordings arrived: 150, and 19 from before the power went, were to come"
samples "$T"/sound/*.wav >"$T/sent"
samples "$T"/out/ear/*.wav >"$T/got"
missing=$(comm -23 "$T/sent" "$T/got" | wc -l)
strange=$(comm -13 "$T/sent" "$T/got" | wc -l)
[ "$missing" = 0 ] || fail "$missing sounds are missing or changed"
[ "$strange" -le 1 ] || fail "$strange sounds came that nobody sent" # one may have been cut short
echo "$came recordings arrived, all sounds among them"
down
