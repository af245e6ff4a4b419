#!/usr/bin/env bash
# A search on real motion: under a board's limits, stopped and gone on with, the test people unseen until the end.
. "$(dirname "$0")/../support/e2e.sh"
need_shared hapt_continuous
from=$MOTELOOP_SHARED/data/hapt_continuous
part "$from" "$T/known" 'labels.csv' 'activity_labels.csv' 'exp[0-1]*_user*.csv.gz'
make_project p
moteloop import "$T/known" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project "$T/p" >/dev/null || fail "import"
cat >"$T/motion.recipe" <<'END'
[model]
name = motion
[data]
stream = imu
labels = WALKING, WALKING_UPSTAIRS, WALKING_DOWNSTAIRS, SITTING, STANDING, LAYING
window = 128 frames
group = group
test = 0.25
validate = 0.25
[features]
block = raw | flatten
[network]
type = mlp | cnn1d
hidden = 16 | 64, 32
[train]
epochs = 9
END
tune() { moteloop tune "$T/motion.recipe" --project "$T/p" --board nano-33-iot --trials 8 "$@"; }

tune --json >"$T/first.json" || fail "search"
[ "$(json_value "$T/first.json" trainings)" = 12 ] || fail "8 candidates, 3 and 1 are 12 trainings: $(cat "$T/first.json")"
grep -q '"accuracy"' "$T/first.json" || fail "no accuracy in $(cat "$T/first.json")"
grep -q "<circle" "$T/motion.best.html" || fail "the page draws no candidate"
if grep -q ' | ' "$T/motion.best.recipe"; then fail "the winner still has alternatives"; fi
# The windows that a candidate is judged on are the validation people's.
some=$(ls "$T"/p/run/tune/*.json | head -n 1)
[ "$(json_value "$some" validate)" = "$(grep -oE '"int8":\{.*' "$some" | grep -oE '"windows":[0-9]+' | head -n 1 | cut -d: -f2)" ] ||
    fail "a candidate was not judged on the validation windows: $(head -c 700 "$some")"
# Gone on with after half of its results were lost: the others are not trained again, and the outcome is the same.
cp "$T/motion.best.recipe" "$T/before.recipe"
ls "$T"/p/run/tune/*.json | sed -n 'p;n' | xargs rm
tune --json >"$T/again.json" || fail "search again"
[ "$(json_value "$T/again.json" reused)" = 6 ] || fail "not the 6 results that were left were used: $(cat "$T/again.json")"
cmp "$T/before.recipe" "$T/motion.best.recipe" || fail "the search ended differently"
moteloop train "$T/motion.best.recipe" --project "$T/p" --json >"$T/train.json" || fail "the winner does not train"
echo "winner: int8 $(json_value "$T/train.json" int8_accuracy) on people whom the search had not seen"

refuses 3 "no candidate fits" tune --ram 100
refuses 3 "no candidate fits" tune --ms 0.0001
refuses 2 "unknown board" tune --board nosuch
sed -i 's/^validate.*/validate = 0/' "$T/motion.recipe"
refuses 1 "set it to 0.2" tune
refuses 1 "nothing to search" moteloop tune "$T/motion.best.recipe" --project "$T/p"
