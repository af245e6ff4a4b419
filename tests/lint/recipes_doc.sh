#!/usr/bin/env bash
# Every key of a recipe (the table in trainer/recipe.c) is explained in docs/recipes.md, and every shipped recipe
# uses known sections alone.
set -u
cd "$(dirname "$0")/../.."
bad=0
while read -r section key; do
    if ! awk -v s="## [$section]" -v k="$key" '
        index($0, "## ") == 1 {in_section = index($0, "[" s2 "]") > 0 || index($0, substr(s, 4)) > 0}
        in_section && $0 ~ ("(^|[^a-z_])" k "([^a-z_]|$)") {found = 1}
        END {exit !found}' docs/recipes.md; then
        echo "docs/recipes.md does not explain [$section] $key"
        bad=1
    fi
done < <(sed -nE 's/^ *(\{|[A-Z]{3}\()"([a-z]+)", "([a-z0-9_]+)",.*/\2 \3/p' trainer/recipe.c)
for r in trainer/recipes/*.recipe; do
    for s in $(sed -nE 's/^\[([a-z]+)\]$/\1/p' "$r"); do
        grep -q "## .*\[$s\]" docs/recipes.md || { echo "$r: section [$s] is not in docs/recipes.md"; bad=1; }
    done
done
exit $bad
