#!/usr/bin/env bash
# Classical learners from recipe to release: train, eval, infer and sign each, on real motion of held-out users.
. "$(dirname "$0")/../support/e2e.sh"
need_shared hapt_continuous
part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp[0-1]*.csv.gz'
make_project p
moteloop import "$T/motion" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project "$T/p" >/dev/null || fail "import"
cd "$T"
recipe() { # NAME TYPE TASK LABELS
    printf '[model]\nname = %s\ntask = %s\n[data]\nstream = imu\nlabels = %s\nwindow = 128 frames\n' "$1" "$3" "$4"
    printf 'stride = 64 frames\ngroup = group\ntest = 0.3\n[features]\nblock = flatten\n[network]\ntype = %s\n' "$2"
}
activities="WALKING, WALKING_UPSTAIRS, WALKING_DOWNSTAIRS, SITTING, STANDING, LAYING"
each() { # TYPE TASK LABELS LEAST
    recipe "$1" "$1" "$2" "$3" >"$1.recipe"
    moteloop train "$1.recipe" --project p --json >"$1.json" || fail "train $1"
    [ "$(json_value "$1.json" parity_equal)" = "$(json_value "$1.json" parity_windows)" ] || fail "$1: runtime and trainer differ"
    awk "BEGIN { exit !($(json_value "$1.json" int8_accuracy) >= $4) }" || fail "$1: accuracy $(json_value "$1.json" int8_accuracy)"
    local model
    model=p/models/$(json_value "$1.json" model).tflite
    moteloop eval "$model" --project p --json >eval.json || fail "eval $1"
    [ "$(json_value eval.json int8_accuracy)" = "$(json_value "$1.json" int8_accuracy)" ] || fail "$1: eval and train differ"
    moteloop release "$model" --project p --json >release.json || fail "release $1"
    moteloop inspect "$model" --json >inspect.json || fail "inspect $1"
    head -c "$(json_value "$1.json" features)" /dev/zero >in.raw
    moteloop infer "$model" --raw-in in.raw --raw-out out.raw >/dev/null || fail "infer $1"
    [ -s out.raw ] || fail "$1: no answer"
    echo "$1: $(json_value "$1.json" bytes) bytes, float $(json_value "$1.json" float_accuracy), int8 $(json_value "$1.json" int8_accuracy)"
}
each logistic classify "$activities" 0.7
each svm classify "$activities" 0.7
each forest classify "$activities" 0.7
each kmeans anomaly "STANDING, LAYING" 0.6
each gmm anomaly "STANDING, LAYING" 0.6
moteloop train forest.recipe --project p --json >again.json || fail "again"
[ "$(json_value again.json model)" = "$(json_value forest.json model)" ] || fail "the same recipe gives another forest"

refuse() { # WORDS RECIPE
    moteloop train "$2" --project p >refused.out 2>&1 && fail "accepted: $2"
    grep -q "$1" refused.out || { cat refused.out; fail "no word of '$1'"; }
}
recipe wrong kmeans classify "$activities" >wrong.recipe
refuse "task = anomaly" wrong.recipe
{ recipe wrong forest classify "$activities"; printf '[squeeze]\nsparsity = 0.5\n'; } >squeezed.recipe
refuse "are for networks" squeezed.recipe
