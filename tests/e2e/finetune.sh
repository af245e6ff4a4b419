#!/usr/bin/env bash
# Fine-tuning as its user sees it: the patch beside accuracy, the same bytes in a release, a limit that refuses; features
# that the second training need not extract; a dataset version by its digest.
. "$(dirname "$0")/../support/e2e.sh"

series() { # FILE FREQUENCY
    awk -v f="$2" -v OFS=, 'BEGIN { print "x,y"; for (i = 1; i <= 300; i++) print sin(f * i), cos(f * i) + 0.1 * sin(i) }' >"$1"
}
mkdir -p "$T/data/slow" "$T/data/fast"
for i in 1 2 3 4 5 6; do
    series "$T/data/slow/$i.csv" "0.1$i"
    series "$T/data/fast/$i.csv" "0.3$i"
done
printf '[stream]\nname = acc\nrate = 50\n' >"$T/map"
make_project p
moteloop import "$T/data" --map "$T/map" --project "$T/p" >/dev/null || fail "import"
recipe() { # NAME DATA_LINES OTHER_LINES
    printf '[model]\nname = speed\n[data]\nstream = acc\nwindow = 50 frames\nstride = 10 frames\n%s\n[network]\nhidden = 64, 32\n%s\n' \
        "$2" "$3" >"$T/$1.recipe"
}
train() { moteloop train "$T/$1.recipe" --project "$T/p" "${@:2}"; }

recipe base "group = recording" $'[train]\nepochs = 5'
train base --json >"$T/base.json" || fail "train"
[ "$(json_value "$T/base.json" patch)" = -1 ] || fail "a patch from nothing"
base=$(json_value "$T/base.json" model)
recipe all "group = recording" $'[train]\nepochs = 6'
train all --from "$base" --json >"$T/all.json" || fail "fine-tune all"
grep -q '"features_cached": *true' "$T/all.json" || fail "the features were extracted again"
recipe body "group = recording" $'[train]\nepochs = 6\n[finetune]\nfreeze = body'
train body --from "$base" --json >"$T/body.json" || fail "fine-tune the last layer"
all=$(json_value "$T/all.json" patch) body=$(json_value "$T/body.json" patch)
[ "$body" -gt 0 ] && [ $((10 * body)) -lt "$all" ] || fail "patches: all $all, last layer $body"
train body --from "$base" >"$T/body.out" || fail "again"
grep -q "^patch: $body bytes over the air to devices that run ${base:0:12}" "$T/body.out" || { cat "$T/body.out"; fail "no word of the patch"; }

# what a release sends to devices that run the first model
moteloop release "$T/p/models/$(json_value "$T/body.json" model).tflite" --delta-from "$T/p/models/$base.tflite" --project "$T/p" \
    --json >"$T/release.json" 2>"$T/release.err" || { cat "$T/release.err"; fail "release"; }
[ "$(json_value "$T/release.json" payload_bytes)" = "$body" ] || { cat "$T/release.json"; fail "the report says $body"; }

recipe limit "group = recording" $'[train]\nepochs = 6\n[limits]\npatch = 1000'
models() { find "$T/p/models" -type f | sort; }
models >"$T/before"
refuses 3 "limits. patch allows 1000" train limit --from "$base"
models | cmp -s - "$T/before" || fail "a refused model was kept"

# the version that the first training made, by the beginning of its digest: the same windows, splits and features
version=$(json_value "$T/base.json" dataset)
recipe version "dataset = ${version:0:12}" $'[train]\nepochs = 5'
train version --json >"$T/version.json" || fail "train from a dataset version"
[ "$(json_value "$T/version.json" dataset)" = "$version" ] || fail "it records another version"
for key in train validate features model; do
    [ "$(json_value "$T/version.json" $key)" = "$(json_value "$T/base.json" $key)" ] || fail "another $key"
done
sed 's/^dataset = .*/dataset = 00000000/' "$T/version.recipe" >"$T/none.recipe"
refuses 1 "no dataset version of this project" train none
refuses 2 "has its own splits" train version --leave-one-out
