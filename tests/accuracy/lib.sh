# Sourced by accuracy.sh: projects of real data, folds, and the rows of the table. No test sample takes part in training,
# calibration or the choice of a recipe: docs/design/accuracy.md says who is held out of what.
set -eu
T=$(mktemp -d "${TMPDIR:-/tmp}/accuracy.XXXXXX")
trap 'rm -rf "$T"' EXIT
PATH=$MOTELOOP_BIN:$PATH
export MOTELOOP_SHARED=${MOTELOOP_SHARED:-$(cd "$MOTELOOP_SRC/.." && pwd)/shared}
DATA=$MOTELOOP_SHARED/data
MAPS=$MOTELOOP_SRC/tests/e2e/maps
RECIPES=$MOTELOOP_SRC/trainer/recipes
MISSED=0

value() { # FILE KEY: the first number of that name
    grep -oE "\"$2\":[-0-9.e]+" "$1" | head -n 1 | cut -d: -f2
}
# import PROJECT FOLDER MAP: a project with a folder's recordings.
import() {
    moteloop init "$T/$1" --broker-port 0 --web-port 0 --json >"$T/$1.init"
    moteloop import "$2" --map "$3" --project "$T/$1" --json >"$T/$1.import"
}
# fold ROW PROJECT RECIPE SEED TEST_GROUPS [OPTION...]: one training, judged on those groups; added to the row.
fold() {
    local row=$1 project=$2 recipe=$3 seed=$4 test=$5
    shift 5
    moteloop train "$recipe" --project "$T/$project" --dry-run --json --seed "$seed" ${test:+--test "$test"} "$@" >"$T/fold.json"
    [ "$(value "$T/fold.json" parity_equal)" = "$(value "$T/fold.json" parity_windows)" ] || { echo "$row: trainer and runtime differ" >&2; exit 1; }
    echo "$(value "$T/fold.json" float_accuracy) $(value "$T/fold.json" int8_accuracy) $(value "$T/fold.json" parity_windows) $(value "$T/fold.json" bytes)" >>"$T/$row.folds"
}
# row ROW GOAL WHAT: mean, smallest and largest over the folds, beside the goal. A goal of - is none.
row() {
    awk -v name="$1" -v goal="$2" -v what="$3" '
        {f += $1; q += $2; n += $3; lo = NR == 1 || $2 < lo ? $2 : lo; hi = $2 > hi ? $2 : hi; b = $4}
        END {
            f /= NR; q /= NR
            ok = (goal == "-" || (q >= goal && f >= goal)) && f - q <= 0.01
            printf "%-16s %5d %8d  %.4f  %.4f  %.3f..%.3f  %5s  %-6s  %7d  %s\n", name, NR, n, f, q, lo, hi, goal, ok ? "yes" : "MISSED", b, what
            exit !ok
        }' "$T/$1.folds" || MISSED=1
}
# some FROM HOW_MANY SALT: so many words of a list, chosen by their digests: the same on every machine.
some() {
    tr ' ' '\n' <<<"$1" | while read -r w; do echo "$(sha1sum <<<"$3 $w" | cut -c1-40) $w"; done | sort | head -n "$2" | cut -d' ' -f2 | paste -sd,
}
# grouped FROM TO BY: links FOLDER/CLASS/FILE as TO/GROUP/CLASS/FILE. BY speaker: a hexadecimal digit of the digest of
# WHO_nohash_N, so that everything of one speaker lies in one group; file: of the file's name; digit: its name's last.
grouped() {
    local f class name group
    for f in "$1"/*/*.*; do
        class=$(basename "$(dirname "$f")") name=$(basename "$f")
        case $3 in
        speaker) name=${name%.*} name=${name%_nohash_*} group=$(sha1sum <<<"${name##*_}") group=${group:0:1} ;;
        file) group=$(sha1sum <<<"$name") group=${group:0:1} ;;
        digit) name=${name%.*} group=d${name: -1} ;;
        esac
        mkdir -p "$2/$group/$class"
        ln -s "$f" "$2/$group/$class/"
    done
}
