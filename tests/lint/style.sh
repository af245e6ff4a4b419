#!/usr/bin/env bash
# What the house style forbids and a machine can see: long files, unfinished marks, banned calls.
set -eu
cd "${MOTELOOP_SRC:?}"
bad=0
while read -r lines file; do
    if [ "$file" != total ] && [ "$lines" -gt 800 ]; then
        echo "$file: $lines lines, 800 are the ceiling"
        bad=1
    fi
done < <(git ls-files '*.c' '*.h' '*.js' '*.mjs' '*.ts' '*.css' '*.sh' Makefile '*.mk' | tr '\n' '\0' | xargs -0 wc -l)
marks='TO''DO|FIX''ME|XX''X|HA''CK'
if git grep -nIwE "$marks" -- ':!docs' ':!web/package-lock.json'; then
    echo "unfinished marks: open an issue instead"
    bad=1
fi
if git grep -nE '\b(strcpy|strcat|sprintf|strtok|gets|atoi|system|popen)[[:space:]]*\(' -- '*.c' ':!tests' ':!common/base.h'; then
    echo "banned calls"
    bad=1
fi
# A source says what it is for before anything else.
while read -r file; do
    if ! head -n 1 "$file" | grep -qE '^(//|/\*|--|<!|#)'; then
        echo "$file: the first line says nothing of its purpose"
        bad=1
    fi
done < <(git ls-files '*.c' '*.h' '*.js' '*.mjs' '*.ts' '*.sql' '*.css')
if git grep -nE 'malloc|calloc|realloc|[^a-z_]free *\(' -- 'firmware/core/*.c'; then
    echo "the device core never allocates"
    bad=1
fi
exit $bad
