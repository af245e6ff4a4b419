#!/usr/bin/env bash
# A person asks to be forgotten: samples, labels and pictures go from the files themselves, what was made from them says so,
# and the same file does not come back.
. "$(dirname "$0")/../support/e2e.sh"

le() { # VALUE BYTES: little-endian
    local v=$1 i
    for ((i = 0; i < $2; i++)); do printf "\\x$(printf %02x $((v >> (8 * i) & 255)))"; done
}
# wav FILE TEXT COUNT: 16-bit sound whose samples spell a text, COUNT times over.
wav() {
    local bytes=$((${#2} * $3)) i
    {
        printf RIFF && le $((36 + bytes)) 4 && printf 'WAVEfmt ' && le 16 4 && le 1 2 && le 1 2 && le 8000 4 && le 16000 4 && le 2 2 &&
            le 16 2 && printf data && le "$bytes" 4
        for ((i = 0; i < $3; i++)); do printf %s "$2"; done
    } >"$1"
}
make_project p
mkdir "$T/files"
for who in zebra okapi; do
    for class in hum buzz; do
        for n in 1 2 3; do wav "$T/files/${class}_${who}_$n.wav" "$who-$class$n." 1600; done
    done
done
take() { moteloop import "$T/files" --map "$MOTELOOP_SRC/tests/e2e/maps/fsdd.map" --project "$T/p" "$@"; }
take >/dev/null || fail "import"
cat >"$T/sound.recipe" <<'END'
[model]
name = sound
[data]
stream = mic
window = 200 ms
stride = 100 ms
group = group
test_groups = okapi
validate = 0
[features]
block = flatten
[train]
epochs = 2
END
moteloop train "$T/sound.recipe" --project "$T/p" --json >"$T/train.json" || fail "train"
compgen -G "$T/p/cache/features-*" >/dev/null || fail "training kept no features for this test to see go"
mkdir -p "$T/p/cache" && touch "$T"/p/cache/{pyramid-4-1,spectro-4-1-0,pyramid-41-1,pyramid-1-4} # 4: the first of zebra's, in the order of names
kept() { grep -c "$1" "$T"/p/*.db* | awk -F: '{n += $NF} END {exit n == 0}'; }
kept 'zebra-hum1.zebra-hum1.' || fail "the samples are not where this test looks for them"
kept 'okapi-hum1.okapi-hum1.' || fail "the samples are not where this test looks for them"

refuses 3 "add --yes" moteloop erase --person zebra --project "$T/p"
grep -q "would erase: 6 recordings" "$T/refused.out" || fail "the plan is wrong: $(cat "$T/refused.out")"
kept 'zebra-hum1.zebra-hum1.' || fail "the plan erased something"
refuses 2 "one of --person" moteloop erase --project "$T/p"
refuses 1 "no recordings of a person" moteloop erase --person nobody --yes --project "$T/p"

moteloop erase --person zebra --why "withdrew" --yes --project "$T/p" --json >"$T/erased.json" 2>"$T/erase.log" || fail "erase"
[ "$(json_value "$T/erased.json" recordings)" = 6 ] || fail "not six recordings: $(cat "$T/erased.json")"
[ "$(json_value "$T/erased.json" models)" = 1 ] || fail "the model that was made from them is not named"
if kept zebra || grep -q zebra "$T"/p/models/*.json; then fail "something of the person is still in the files"; fi
kept 'okapi-hum1.okapi-hum1.' || fail "somebody else's samples went as well"
[ "$(ls "$T/p/cache")" = "$(printf "pyramid-1-4\npyramid-41-1")" ] || fail "not exactly the erased recordings' pictures went: $(ls "$T/p/cache")"
moteloop status "$T/p" | grep -q "windows that it was made from were erased since" || fail "status does not say what depended on it"
take >"$T/again.out" 2>&1 && fail "importing again found something new"
grep -q "6 were erased on request" "$T/again.out" || fail "the files came back, or nobody said why not: $(cat "$T/again.out")"
refuses 1 "no recordings of a person" moteloop erase --person zebra --yes --project "$T/p"
moteloop train "$T/sound.recipe" --test okapi --project "$T/p" >"$T/none.out" 2>&1 && fail "there should be nothing left to train on"
moteloop erase --device import-files --yes --project "$T/p" 2>/dev/null | grep -q "erased: 6 recordings" || fail "erase a device"
if kept okapi-hum; then fail "something of the device is still in the store's files"; fi
