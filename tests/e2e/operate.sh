#!/usr/bin/env bash
# What an operator does: train, train again only where there is reason, back up while it runs, restore.
. "$(dirname "$0")/../support/e2e.sh"
need_shared cifar10_subset
make_project p
for class in cat ship; do part "$MOTELOOP_SHARED/data/cifar10_subset/$class" "$T/pictures/$class" '*.png'; done
part "$MOTELOOP_SHARED/data/cifar10_subset/frog" "$T/more/frog" '*.png'
moteloop import "$T/pictures" --project "$T/p" >/dev/null || fail "import"
moteloop import "$T/pictures" --project "$T/p" >"$T/again.out" 2>&1 && fail "importing twice found something new"
grep -q "already" "$T/again.out" || { cat "$T/again.out"; fail "importing twice does not say so"; }
recipe=$(short_recipe picture 2)
moteloop train "$recipe" --project "$T/p" --json >"$T/first.json" || fail "train"
moteloop train "$recipe" --project "$T/p" --json >"$T/second.json" || fail "train"
[ "$(json_value "$T/first.json" model)" = "$(json_value "$T/second.json" model)" ] || fail "the same recipe, data and seed gave another model"

refuses 3 "nothing to do" moteloop retrain "$recipe" --project "$T/p"
moteloop import "$T/more" --project "$T/p" >/dev/null || fail "import"
moteloop retrain "$recipe" --project "$T/p" --max-loss 1 --json >"$T/retrain.json" || fail "retrain"
[ "$(json_value "$T/retrain.json" new_labels)" -ge 20 ] || fail "retrain saw no new labels"
moteloop cron "$recipe" --project "$T/p" | grep -q "retrain '$recipe'" || fail "cron prints no line"

moteloop release --project "$T/p" --json >"$T/release.json" || fail "release"
up p
moteloop backup "$T/copy" --project "$T/p" >/dev/null || fail "backup"
(cd "$T/copy" && sha256sum --quiet -c contents.sha256) || fail "the backup is not what its list says"
down
moteloop restore "$T/copy" "$T/back" >/dev/null || fail "restore"
moteloop status "$T/p" --json | sed -E 's/"collectors":\[[^]]*\],//' >"$T/a"
moteloop status "$T/back" --json | sed -E 's/"collectors":\[[^]]*\],//; s/"outbox":[0-9]+/&/' >"$T/b"
cmp <(json_value "$T/a" recordings) <(json_value "$T/b" recordings) || fail "recordings differ after restore"
[ "$(moteloop status "$T/back" --json | grep -o '"digest":"[^"]*"' | head -n 1)" = "$(moteloop status "$T/p" --json | grep -o '"digest":"[^"]*"' | head -n 1)" ] ||
    fail "models differ after restore"
printf x >>"$T/copy/keys/root.pub"
refuses 1 "damaged" moteloop restore "$T/copy" "$T/never"
up back
down
