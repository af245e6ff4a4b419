#!/usr/bin/env bash
# A real machine: anomalies learned from its normal running alone, a number read off other sensors; recipes as shipped,
# fewer epochs.
. "$(dirname "$0")/../support/e2e.sh"
need_shared skab
maps=$MOTELOOP_SRC/tests/accuracy/maps

mkdir -p "$T/one"
head -n 401 "$MOTELOOP_SHARED/data/skab/valve1_6.csv" >"$T/one/learn.csv"
ln -s "$MOTELOOP_SHARED/data/skab/valve1_6.csv" "$T/one/judge.csv"
make_project process
moteloop import "$T/one" --map "$maps/process_learn.map" --project "$T/process" --json >"$T/import.json" || fail "import"
moteloop train "$MOTELOOP_SRC/trainer/recipes/process.recipe" --project "$T/process" --json >"$T/train.json" || fail "train"
model=$T/process/models/$(json_value "$T/train.json" model).tflite
moteloop eval "$model" --data "$T/one" --map "$maps/process_judge.map" --windows "$T/windows.csv" --json >"$T/eval.json" || fail "eval"
# rows 401 to 560 are normal, the fault lies behind them
read -r before behind < <(awk -F, 'FNR > 1 && $3 >= 400 {n = $3 < 540 ? 0 : 1; all[n]++; over[n] += $5 == "anomaly"}
    END {printf "%.3f %.3f\n", over[0] / all[0], over[1] / all[1]}' "$T/windows.csv")
echo "process: $before of the windows before the fault are anomalies, $behind behind it"
awk -v a="$before" -v b="$behind" 'BEGIN {exit !(b > a + 0.2)}' || fail "the fault does not stand out"

part "$MOTELOOP_SHARED/data/skab" "$T/rows" "valve1_[0-5].csv"
make_project sensor
moteloop import "$T/rows" --map "$MOTELOOP_SRC/tests/e2e/maps/soft_sensor.map" --project "$T/sensor" --json >"$T/import.json" || fail "import"
moteloop train "$(short_recipe soft-sensor 5)" --project "$T/sensor" --json >"$T/train.json" || fail "train"
[ "$(json_value "$T/train.json" parity_equal)" = "$(json_value "$T/train.json" parity_windows)" ] || fail "trainer and runtime differ"
error=$(json_value "$T/train.json" mean_error)
echo "sensor: mean error $error degrees"
awk -v e="$error" 'BEGIN {exit !(e > 0 && e < 6)}' || fail "the temperature is off by $error degrees"
