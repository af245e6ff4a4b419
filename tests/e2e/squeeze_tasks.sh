#!/usr/bin/env bash
# Squeezing where the model is no classifier: numbers, objects in pictures, anomalies. What is shipped must be what was
# tuned: runtime and trainer agree, and numbers are as near as without.
. "$(dirname "$0")/../support/e2e.sh"
need_shared skab
need_shared bccd_boxes
need_shared hapt_continuous
cd "$T"
make_project p
rules='[squeeze]\nsparsity = 0.3\nclusters = 32\nrounding = yes\nepochs = 2\n'
squeezed() { # NAME: $T/NAME.recipe with and without rules
    { cat "$1.recipe"; printf "$rules"; } >"$1_small.recipe"
    moteloop train "$1.recipe" --project p --json >"$1.json" || fail "train $1"
    moteloop train "$1_small.recipe" --project p --json >"$1_small.json" || fail "train $1, squeezed"
    [ "$(json_value "$1_small.json" parity_windows)" -gt 0 ] || fail "$1: nothing judged"
    [ "$(json_value "$1_small.json" parity_equal)" = "$(json_value "$1_small.json" parity_windows)" ] || fail "$1: trainer and runtime differ"
    grep -q '"step":"rounding"' "$1_small.json" || fail "$1: no such step"
}

part "$MOTELOOP_SHARED/data/skab" "$T/rows" "valve1_[0-3].csv"
moteloop import "$T/rows" --map "$MOTELOOP_SRC/tests/e2e/maps/soft_sensor.map" --project p >/dev/null || fail "import"
cp "$(short_recipe soft-sensor 5)" numbers.recipe
squeezed numbers
plain=$(json_value numbers.json mean_error) small=$(json_value numbers_small.json mean_error)
echo "numbers: mean error $plain, squeezed $small degrees"
awk -v a="$plain" -v b="$small" 'BEGIN {exit !(b > 0 && b < 1.5 * a + 1)}' || fail "numbers are off by $small, unsqueezed by $plain"

part "$MOTELOOP_SHARED/data/bccd_boxes" "$T/objects" '*[0-1].jpg'
bash "$MOTELOOP_SRC/tests/support/voc.sh" "$MOTELOOP_SHARED"/data/bccd_boxes/*[0-1].xml >"$T/objects/labels.csv"
moteloop import "$T/objects" --project p >/dev/null || fail "import"
cp "$(short_recipe cells 1)" objects.recipe
squeezed objects

part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp0[1-6]*.csv.gz'
moteloop import "$T/motion" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project p >/dev/null || fail "import"
printf '[model]\nname = strange\ntask = anomaly\n[data]\nstream = imu\nlabels = STANDING, LAYING\nwindow = 128 frames\n' >strange.recipe
printf 'stride = 64 frames\ngroup = recording\n[features]\nblock = flatten\n[network]\ntype = autoencoder\nhidden = 16, 6, 16\n[train]\nepochs = 5\n' >>strange.recipe
squeezed strange
