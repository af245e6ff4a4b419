#!/usr/bin/env bash
# Squeezing and teaching as a data scientist uses them: real motion, held-out users, every step in the report, the
# payload over the air smaller, nothing lost that matters.
. "$(dirname "$0")/../support/e2e.sh"
need_shared hapt_continuous
part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp[0-2]*.csv.gz'
make_project p
moteloop import "$T/motion" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project "$T/p" >/dev/null || fail "import"
cd "$T"
recipe() { # NAME HIDDEN EPOCHS: [network] and [train] last
    printf '[model]\nname = %s\n[data]\nstream = imu\nwindow = 128 frames\nstride = 64 frames\ngroup = group\n' "$1"
    printf 'labels = WALKING, WALKING_UPSTAIRS, WALKING_DOWNSTAIRS, SITTING, STANDING, LAYING\nvalidate = 0\n'
    printf '[features]\nblock = spectral\nfft = 128\nmean = yes\nstandardise = class\n'
    printf '[network]\ntype = mlp\nhidden = %s\ndropout = 0.3\n[train]\nepochs = %s\nbatch = 64\nrate = 0.001\n' "$2" "$3"
}
step() { # FILE STEP KEY: a figure of the table
    tr '{' '\n' <"$1" | grep "\"step\":\"$2\"" | grep -oE "\"$3\":[^,}]*" | sed 's/.*://'
}

recipe teacher 96,48 12 >teacher.recipe
moteloop train teacher.recipe --project p --json >teacher.json || fail "the teacher does not train"
recipe student 32 12 >student.recipe
printf '[teach]\nteacher = teacher\n[squeeze]\nchannels = 0.25\nsparsity = 0.6\nclusters = 16\nrounding = yes\nepochs = 4\n' >>student.recipe
moteloop train student.recipe --project p --json >student.json || fail "the student does not train"
for s in trained channels zeros clusters rounding; do
    [ -n "$(step student.json $s bytes)" ] || fail "the report has no step '$s'"
done
[ "$(json_value student.json teachers)" = 1 ] || fail "nobody taught"
[ "$(step student.json channels bytes)" -lt "$(step student.json trained bytes)" ] || fail "taking channels out leaves the file as large"
[ "$(step student.json channels arena)" -le "$(step student.json trained arena)" ] || fail "the arena grew"
awk "BEGIN { exit !($(step student.json rounding zeros) >= 0.55) }" || fail "zeros: $(step student.json rounding zeros)"
[ "$(step student.json rounding codes)" -le 16 ] || fail "more than 16 distinct weights"
[ $((10 * $(step student.json rounding payload))) -lt $((7 * $(step student.json trained payload))) ] || fail "the payload hardly shrank"
awk "BEGIN { exit !($(json_value student.json int8_accuracy) >= 0.8) }" || fail "accuracy $(json_value student.json int8_accuracy)"
[ "$(json_value student.json parity_equal)" = "$(json_value student.json parity_windows)" ] || fail "runtime and trainer differ"
moteloop train student.recipe --project p --json >again.json || fail "again"
[ "$(json_value student.json model)" = "$(json_value again.json model)" ] || fail "the same recipe gives another model"

# The payload that a release really sends, to devices that run the teacher.
teacher=p/models/$(json_value teacher.json model).tflite student=p/models/$(json_value student.json model).tflite
moteloop release "$student" --delta-from "$teacher" --project p --json >release.json 2>release.err || { cat release.err; fail "release"; }
sent=$(json_value release.json payload_bytes)
[ "${sent:-0}" -gt 0 ] && [ $((10 * sent)) -lt $((8 * $(step student.json rounding bytes))) ] || { cat release.json; fail "the release sends $sent bytes"; }

# The teacher's answers alone are enough to learn from.
recipe pupil 32 12 >pupil.recipe
printf '[teach]\nteacher = teacher\nshare = 1\n' >>pupil.recipe
moteloop train pupil.recipe --project p --json >pupil.json || fail "the pupil does not train"
awk "BEGIN { exit !($(json_value pupil.json int8_accuracy) >= 0.75) }" || fail "without labels: $(json_value pupil.json int8_accuracy)"

# A teacher that has seen the test users is refused: another seed draws others.
moteloop train student.recipe --project p --seed 5 --dry-run >leak.out 2>&1 && fail "a teacher that knows the test users is taken"
grep -q "judged on" leak.out || { cat leak.out; fail "no word of the leak"; }
refuse() { # WORDS LINES: a recipe that is refused in these words
    recipe refused 16 2 >refused.recipe
    printf "$2" >>refused.recipe
    moteloop train refused.recipe --project p >refused.out 2>&1 && fail "accepted: $2"
    grep -q "$1" refused.out || { cat refused.out; fail "no word of '$1'"; }
}
refuse "nobody" '[teach]\nteacher = nobody\n'
refuse "clusters: 4 at least" '[squeeze]\nclusters = 2\n'
refuse "no board" '[squeeze]\nsparsity = 0.5\nboard = cray-1\n'
refuse "exclude each other" 'mixup = 0.2\n[teach]\nteacher = teacher\n'
echo "ok: payload $(step student.json trained payload) to $(step student.json rounding payload) bytes, accuracy $(step student.json trained accuracy) to $(step student.json rounding accuracy)"
