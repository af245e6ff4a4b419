#!/usr/bin/env bash
# What Moteloop trains and runs, in the field's own interpreters: TensorFlow Lite Micro and TensorFlow Lite.
# They come from the Python registry, which serves this check alone; where it is not reached, that is said.
. "$(dirname "$0")/../support/e2e.sh"
command -v python3 >/dev/null || fail "python3 is missing: deps/install.sh conformance"
python3 -m venv "$T/venv" || fail "python3-venv is missing: deps/install.sh conformance"
if ! "$T/venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 15 tflite-micro ai-edge-litert numpy >"$T/pip.log" 2>&1; then
    echo "NOT CHECKED: the Python registry is not reached, or has no interpreter for this machine:"
    tail -n 2 "$T/pip.log"
    exit 0
fi
models=()
if [ -d "$MOTELOOP_SHARED/golden" ]; then models+=("$MOTELOOP_SHARED"/golden/*.tflite); fi
make_project p
train() { # DATA MAP RECIPE EPOCHS
    moteloop import "$1" --map "$MOTELOOP_SRC/tests/e2e/maps/$2.map" --project "$T/p" >/dev/null || fail "import"
    moteloop train "$(short_recipe "$3" "$4")" --project "$T/p" --json >"$T/train.json" || fail "train $3"
    cp "$T/p/models/$(json_value "$T/train.json" model).tflite" "$T/ours_$3.tflite"
    models+=("$T/ours_$3.tflite")
}
if [ -d "$MOTELOOP_SHARED/data" ]; then
    part "$MOTELOOP_SHARED/data/fsdd" "$T/sound" '*_?.wav'
    part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp[0-2]*.csv.gz'
    for class in cat ship; do part "$MOTELOOP_SHARED/data/cifar10_subset/$class" "$T/pictures/$class" '*.png'; done
    train "$T/sound" fsdd keyword 3
    train "$T/motion" hapt motion 5
    train "$T/pictures" pictures picture 3
fi
for model in "${models[@]}"; do
    for kind in micro reference xnnpack; do
        status=0
        "$T/venv/bin/python" "$MOTELOOP_SRC/tests/conformance/compare.py" $kind "$MOTELOOP_BIN/moteloop" "$T" "$model" 2>"$T/theirs.log" || status=$?
        [ $status = 0 ] && continue
        [ $kind = micro ] && { tail -n 5 "$T/theirs.log"; fail "$model: other bytes than TensorFlow Lite Micro"; }
        # That interpreter refused or crashed: said, and no reason to doubt ours.
        echo "$(basename "$model") $kind: does not run there (exit code $status): $(tail -n 1 "$T/theirs.log" | cut -c1-120)"
    done
done
