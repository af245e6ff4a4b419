#!/usr/bin/env bash
# Judging a model: settings of decisions chosen in training and shipped, eval with its page, the same figures in JSON.
. "$(dirname "$0")/../support/e2e.sh"
need_shared hapt_continuous
part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp[0-1]*.csv.gz'
make_project p
moteloop import "$T/motion" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project "$T/p" >/dev/null || fail "import"
cd "$T"
{
    printf '[model]\nname = m\n[data]\nstream = imu\nwindow = 128 frames\nstride = 64 frames\ngroup = group\nvalidate = 0.3\n'
    printf 'labels = WALKING, WALKING_UPSTAIRS, WALKING_DOWNSTAIRS, SITTING, STANDING, LAYING\n[features]\nblock = flatten\n'
    printf '[network]\ntype = logistic\n[decision]\nchoose = yes\nfalse_alarms = 20\n'
} >m.recipe
moteloop train m.recipe --project p --json >train.json || fail "train"
grep -o '"decision":.*' train.json >decision.json || fail "training does not say what it chose"
model=p/models/$(json_value train.json model).tflite
moteloop eval "$model" --project p --report page.html --json >eval.json || fail "eval"
shipped=$(grep -o '"shipped":{[^}]*}' eval.json)
for key in smooth suppress threshold; do
    chosen=$(json_value decision.json $key)
    echo "$shipped" | grep -q "\"$key\":$chosen[,}]" || fail "$key: chosen $chosen, but $shipped is shipped"
done
moteloop inspect "$model" --json | grep -q "\"smooth\":$(json_value decision.json smooth)" || fail "inspect shows another smoothing"
for key in curves roc calibration thresholds groups int8_against_float front delay_s; do
    grep -q "\"$key\"" eval.json || fail "eval has no '$key'"
done
grep -q '</html>' page.html || fail "the page is cut off"
grep -qE 'src=|href=|url\(|https?:' page.html && fail "the page loads something"
[ "$(grep -c '<svg' page.html)" -ge 5 ] || fail "plots are missing"
moteloop release "$model" --project p --json >release.json || fail "release"
sed 's/^validate = .*/validate = 0/' m.recipe >none.recipe
moteloop train none.recipe --project p >none.out 2>&1 && fail "chosen without validation groups"
grep -q "validation groups" none.out || { cat none.out; fail "no word of validation groups"; }
