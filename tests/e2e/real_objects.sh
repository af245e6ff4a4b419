#!/usr/bin/env bash
# Objects in real pictures: boxes from files through the store to a detector, judged on pictures that were never in the
# project. Half the pictures and few epochs, so that finding the common cells is all that is asked.
. "$(dirname "$0")/../support/e2e.sh"
need_shared bccd_boxes
from=$MOTELOOP_SHARED/data/bccd_boxes
part "$from" "$T/known" '*[0-3].jpg'
part "$from" "$T/others" '*7.jpg'
bash "$MOTELOOP_SRC/tests/support/voc.sh" "$from"/*[0-3].xml >"$T/known/labels.csv"
bash "$MOTELOOP_SRC/tests/support/voc.sh" "$from"/*7.xml >"$T/others/labels.csv"
make_project objects
moteloop import "$T/known" --project "$T/objects" --json >"$T/import.json" || fail "import"
moteloop train "$(short_recipe cells 8)" --project "$T/objects" --json >"$T/train.json" || fail "train"
[ "$(json_value "$T/train.json" parity_windows)" -gt 0 ] || fail "nothing judged"
[ "$(json_value "$T/train.json" parity_equal)" = "$(json_value "$T/train.json" parity_windows)" ] || fail "trainer and runtime differ"
moteloop eval "$T/objects/models/$(json_value "$T/train.json" model).tflite" --data "$T/others" --json >"$T/eval.json" || fail "eval"
grep -o '"int8":.*' "$T/eval.json" >"$T/int8.json"
f1=$(grep -oE '"hits":[0-9]+,"precision":[0-9.]+,"recall":[0-9.]+,"f1":[0-9.]+,"windows"' "$T/int8.json" | grep -oE '"f1":[0-9.]+' | cut -d: -f2 | head -n 1)
echo "objects: f1 $f1 on pictures that were never in the project"
awk -v f="$f1" 'BEGIN {exit !(f > 0.3)}' || { cat "$T/int8.json"; fail "f1 is $f1"; }
refuses 2 "give --data" moteloop eval last --project "$T/objects"
