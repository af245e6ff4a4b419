# Sourced by end-to-end scripts: a temporary folder, a running project, and plain checks. Everything that
# was started ends with the script.
set -eu
T=$(mktemp -d)
PIDS=()
cleanup() {
    local status=$?
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [ $status != 0 ]; then
        for log in "$T"/*/run/*.log "$T"/*.log; do
            [ -s "$log" ] && { echo "--- ${log#"$T"/}"; tail -n 15 "$log"; }
        done
    fi
    rm -rf "$T"
    exit $status
}
trap cleanup EXIT
PATH=$MOTELOOP_BIN:$PATH:/usr/sbin

fail() {
    echo "FAILED: $*"
    exit 1
}
# Data of the shared folder, or a loud skip.
need_shared() {
    if [ ! -d "$MOTELOOP_SHARED/data/$1" ]; then
        echo "SKIP: no recordings at \$MOTELOOP_SHARED/data/$1"
        exit 0
    fi
}
# make_project NAME: a project on free ports in $T/NAME, its setup answer in $T/NAME.json
make_project() {
    moteloop init "$T/$1" --broker-port 0 --web-port 0 --json >"$T/$1.json" || fail "init"
}
json_value() { # FILE KEY: its first value, text or number
    grep -oE "\"$2\":\"?[^,\"}]*" "$1" | head -n 1 | sed -E 's/^"[^"]*":"?//'
}
# up NAME: runs it and waits until everything answers.
up() {
    mkfifo "$T/$1.ready"
    moteloop up "$T/$1" >"$T/$1.ready" 2>"$T/$1.up.log" &
    PIDS+=($!)
    UP=$!
    local line
    while read -r line; do
        case $line in *Ctrl-C*) return 0 ;; esac
    done <"$T/$1.ready"
    cat "$T/$1.up.log"
    fail "'moteloop up' did not come up"
}
down() { # ends what up started
    kill "$UP" && wait "$UP" || fail "'moteloop up' ended badly"
}
# within SECONDS COMMAND...: polls until it succeeds.
within() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || fail "gave up on: $*"
        read -rt 0.05 <> <(:) || true
    done
}
# refuses CODE TEXT COMMAND...: exit code and a word of its line on stderr.
refuses() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >"$T/refused.out" 2>"$T/refused.err" || got=$?
    [ $got = "$code" ] || { cat "$T/refused.err"; fail "exit code $got instead of $code: $*"; }
    grep -q -- "$text" "$T/refused.err" || { cat "$T/refused.err"; fail "no '$text' said by: $*"; }
    [ "$(wc -l <"$T/refused.err")" -le 2 ] || { cat "$T/refused.err"; fail "more than two lines by: $*"; }
}
# short_recipe NAME EPOCHS: a ready recipe with fewer epochs, for tests; `make accuracy` trains them whole. The
# average over weights is left out: it needs more steps than these.
short_recipe() {
    sed -E "s/^epochs = [0-9]+/epochs = $2/; /^ema = /d" "$MOTELOOP_SRC/trainer/recipes/$1.recipe" >"$T/$1.recipe"
    echo "$T/$1.recipe"
}
# learn PROJECT DATA_FOLDER MAP RECIPE HELD_OUT_FOLDER LEAST: imports, trains, then measures the finished model on
# a folder that was never in the project; prints float32 and int8 accuracy of both.
learn() {
    local project=$1 data=$2 map=$3 recipe=$4 held_out=$5 least=$6
    make_project "$project"
    moteloop import "$data" --map "$map" --project "$T/$project" --json >"$T/import.json" || fail "import"
    moteloop train "$recipe" --project "$T/$project" --json >"$T/train.json" || fail "train"
    local model f i
    model=$(json_value "$T/train.json" model)
    moteloop eval "$T/$project/models/$model.tflite" --data "$held_out" --map "$map" --json >"$T/eval.json" || fail "eval"
    f=$(json_value "$T/eval.json" float_accuracy) i=$(json_value "$T/eval.json" int8_accuracy)
    echo "$project: inside the project float $(json_value "$T/train.json" float_accuracy), int8 $(json_value "$T/train.json" int8_accuracy);" \
        "held out float $f, int8 $i"
    [ "$(json_value "$T/train.json" parity_equal)" = "$(json_value "$T/train.json" parity_windows)" ] || fail "trainer and runtime differ"
    awk -v a="$i" -v b="$least" 'BEGIN {exit !(a >= b)}' || fail "int8 accuracy $i on held-out data is below $least"
}
# part FROM TO PATTERN...: links the files of a folder into another.
part() {
    local from=$1 to=$2 p
    shift 2
    mkdir -p "$to"
    for p in "$@"; do
        # shellcheck disable=SC2086 # the pattern is to be expanded
        ln -s "$from"/$p "$to/"
    done
}
