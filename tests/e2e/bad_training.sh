#!/usr/bin/env bash
# Trainings that cannot or must not go well: each ends with one clear line and the exit code that it should have, loses
# nothing, and goes on where it was killed.
. "$(dirname "$0")/../support/e2e.sh"

# series FILE FREQUENCY [NAN_ROW]: three hundred rows of two channels
series() {
    awk -v f="$2" -v bad="${3:-0}" -v OFS=, 'BEGIN {
        print "x,y"
        for (i = 1; i <= 300; i++) print (i == bad ? "" : sin(f * i)), cos(f * i) + 0.1 * sin(i)
    }' >"$1"
}
mkdir -p "$T/data/slow" "$T/data/fast"
for i in 1 2 3 4 5 6; do
    series "$T/data/slow/$i.csv" "0.1$i"
    series "$T/data/fast/$i.csv" "0.3$i"
done
printf '[stream]\nname = acc\nrate = 50\n' >"$T/map"
make_project p
moteloop import "$T/data" --map "$T/map" --project "$T/p" >/dev/null || fail "import"

# recipe NAME DATA_LINES TRAIN_LINES
recipe() {
    printf '[data]\nstream = acc\nwindow = 50 frames\nstride = 5 frames\ngroup = recording\n%s\n[network]\nhidden = 32, 32\n[train]\n%s\n' \
        "$2" "$3" >"$T/$1.recipe"
}
recipe good "" "epochs = 3"
moteloop train "$T/good.recipe" --project "$T/p" --json >"$T/good.json" || fail "a good recipe"

recipe class "labels = slow, fast, medium" "epochs = 3"
refuses 1 "class 'medium' has no windows" moteloop train "$T/class.recipe" --project "$T/p"
sed 's/^group = .*/group = device/' "$T/good.recipe" >"$T/one.recipe"
refuses 1 "1 groups are too few" moteloop train "$T/one.recipe" --project "$T/p"
sed 's/^window = .*/window = 400 frames/' "$T/good.recipe" >"$T/long.recipe"
refuses 1 "shorter than 400 frames" moteloop train "$T/long.recipe" --project "$T/p"
recipe diverge "" $'epochs = 50\nrate = 10\noptimizer = sgd\nmomentum = 0.99'
refuses 1 "lower the rate" moteloop train "$T/diverge.recipe" --project "$T/p"

# a value that is missing: named by its recording, and nothing is trained on it
make_project n
cp -r "$T/data" "$T/holes"
series "$T/holes/slow/3.csv" 0.13 120
moteloop import "$T/holes" --map "$T/map" --project "$T/n" >/dev/null || fail "import of a file with an empty cell"
refuses 1 "not finite" moteloop train "$T/good.recipe" --project "$T/n"

# a full disk: said, nothing half written stays, and it goes well once there is room
models() { find "$1/models" -type f 2>/dev/null | sort; }
models "$T/p" >"$T/before"
recipe full "" $'epochs = 4'
full() { (
    trap '' XFSZ
    ulimit -f 4
    exec moteloop train "$@"
); }
refuses 1 "moteloop train: " full "$T/full.recipe" --project "$T/p"
models "$T/p" | cmp -s - "$T/before" || fail "a training that could not write left something"
moteloop train "$T/full.recipe" --project "$T/p" --json >"$T/room.json" || fail "with room again"

# two at once: each as if it were alone
recipe other "" $'epochs = 5'
moteloop train "$T/other.recipe" --project "$T/p" --json >"$T/a.json" &
PIDS+=($!)
moteloop train "$T/full.recipe" --project "$T/p" --json >"$T/b.json" || fail "one of two at once"
wait "${PIDS[-1]}" || fail "the other of two at once"
[ "$(json_value "$T/b.json" model)" = "$(json_value "$T/room.json" model)" ] || fail "two at once disturb each other"
[ -s "$T/p/models/$(json_value "$T/a.json" model).tflite" ] || fail "the other model is missing"

# killed, and started again: the same model as without
recipe long "" $'epochs = 4000\npatience = 0'
sed -i 's/^hidden = .*/hidden = 64, 64/; s/^epochs = .*/epochs = 25000/' "$T/long.recipe"
moteloop train "$T/long.recipe" --project "$T/p" >/dev/null 2>&1 &
PIDS+=($!)
checkpoint() { compgen -G "$T/p/run/*.checkpoint" >/dev/null; }
running() { kill -0 "${PIDS[-1]}" 2>/dev/null; }
until checkpoint || ! running; do read -rt 0.05 <> <(:) || true; done
if checkpoint && running; then
    kill -9 "${PIDS[-1]}"
    wait "${PIDS[-1]}" 2>/dev/null || true
    moteloop train "$T/long.recipe" --project "$T/p" --json >"$T/resumed.json" || fail "start again"
    checkpoint && fail "the checkpoint stayed"
    moteloop train "$T/long.recipe" --project "$T/p" --dry-run --json >"$T/through.json" || fail "without a break"
    [ "$(json_value "$T/resumed.json" model)" = "$(json_value "$T/through.json" model)" ] || fail "resumed to another model"
    echo "resumed to the same model"
else
    echo "the run ended before its first checkpoint: nothing to resume on so fast a machine"
fi
