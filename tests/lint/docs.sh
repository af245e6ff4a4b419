#!/usr/bin/env bash
# Documents agree with the tree: every path that they name exists, docs/cli.md is what the tables say.
set -eu
cd "${MOTELOOP_SRC:?}"
bad=0
while IFS=: read -r file path; do
    path=${path//\`/}
    if [ ! -e "$path" ]; then
        echo "$file: names '$path', which is not there"
        bad=1
    fi
done < <(grep -oE '`(collector|labeler|trainer|converter|ops|common|firmware|web|tests|docs|deps)/[A-Za-z0-9_./-]+`' README.md docs/*.md docs/*/*.md 2>/dev/null || true)
made=$(mktemp)
trap 'rm -f "$made"' EXIT
docs/cli_md.sh "$MOTELOOP_BIN" >"$made"
if ! diff -u docs/cli.md "$made"; then
    echo "docs/cli.md is not what the option tables say: make docs"
    bad=1
fi
exit $bad
