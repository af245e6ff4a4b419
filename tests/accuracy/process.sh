# SKAB by its own scoring: every file's first 400 rows are normal and learned from; a row counts as anomalous where
# every window that holds it does; F1 over the other rows of all files. Sourced by accuracy.sh.

# f1 TRUTH WINDOWS WIDTH FIRST: hits, false alarms, misses of one file.
process_count() {
    awk -F, -v width="$3" -v first="$4" '
        FNR == NR {if (FNR > 1) {n = split($0, c, ";"); truth[FNR - 2] = c[n - 1] + 0; rows = FNR - 1} next}
        FNR > 1 {over[$3] = $5 == "anomaly"; seen[$3] = 1}
        END {
            for (i = first; i < rows; i++) {
                all = 1; some = 0
                for (s = i - width + 1; s <= i; s++) if (s in seen) {some = 1; all = all && over[s]}
                p = all && some
                hit += p && truth[i]; false_alarm += p && !truth[i]; miss += !p && truth[i]
            }
            print hit + 0, false_alarm + 0, miss + 0
        }' "$1" "$2"
}

row_process() {
    local f d width kind
    width=$(sed -nE 's/^window = ([0-9]+) frames/\1/p' "$RECIPES/process.recipe")
    for f in "$DATA"/skab/*.csv; do
        case $f in *anomaly-free*) continue ;; esac
        d=process-$(basename "$f" .csv | tr -d _)
        mkdir -p "$T/$d.files"
        head -n 401 "$f" >"$T/$d.files/learn.csv"
        cp "$f" "$T/$d.files/judge.csv"
        import "$d" "$T/$d.files" "$MOTELOOP_SRC/tests/accuracy/maps/process_learn.map"
        moteloop train "$RECIPES/process.recipe" --project "$T/$d" --json >"$T/fold.json"
        for kind in tflite float.tflite; do
            moteloop eval "$T/$d/models/$(grep -oE '"model":"[0-9a-f]+' "$T/fold.json" | cut -d'"' -f4).$kind" --data "$T/$d.files" \
                --map "$MOTELOOP_SRC/tests/accuracy/maps/process_judge.map" --windows "$T/windows.csv" --json >"$T/eval.json"
            process_count "$f" "$T/windows.csv" "$width" 400 >>"$T/process.$kind"
        done
    done
    # as a fold: F1 float, F1 int8, rows, bytes
    for kind in float.tflite tflite; do
        awk '{h += $1; a += $2; m += $3} END {printf "%.4f ", 2 * h / (2 * h + a + m)}' "$T/process.$kind"
    done >"$T/process.folds"
    echo "$(cat "$DATA"/skab/[ov]*.csv | wc -l) $(value "$T/fold.json" bytes)" >>"$T/process.folds"
    row process 0.75 "F1, all rows behind the first 400 of 26 files"
}
