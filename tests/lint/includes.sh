#!/usr/bin/env bash
# Includes go only downwards: firmware/core <- common <- programs, which never include each other.
set -eu
cd "${MOTELOOP_SRC:?}"
bad=0
# folder : what its sources may include from the tree (extended regular expression)
while read -r folder allowed; do
    while IFS=: read -r file line text; do
        path=$(sed -E 's/.*#include "([^"]+)".*/\1/' <<<"$text")
        if ! grep -qE "^($allowed)" <<<"$path"; then
            echo "$file:$line: $folder may not include \"$path\""
            bad=1
        fi
    done < <(git ls-files "$folder/*.c" "$folder/*.h" | xargs -r grep -nE '#include "' /dev/null || true)
done <<'TABLE'
firmware/core firmware/core/
firmware/port firmware/core/|firmware/port/|common/
firmware/app firmware/|common/
common common/|firmware/core/
collector collector/|common/|firmware/core/
labeler labeler/|common/|firmware/core/
trainer trainer/|common/|firmware/core/
converter converter/|common/|firmware/core/
ops ops/|common/|firmware/core/
TABLE
# The device core knows freestanding headers, string.h, and what kernel and signature files add.
while IFS=: read -r file line text; do
    case $text in
    *'<limits.h>'* | *'<stdbool.h>'* | *'<stddef.h>'* | *'<stdint.h>'* | *'<string.h>'* | *'<float.h>'*) ;;
    *)
        case $file:$text in
        firmware/core/nn/*_avx*.c:*'<immintrin.h>'* | firmware/core/nn/*_neon.c:*'<arm_neon.h>'* | \
            firmware/core/nn/*_mve.[ch]:*'<arm_mve.h>'* | firmware/core/nn/*.c:*'<arm_acle.h>'* | \
            firmware/core/sig/*_bearssl.c:*'<bearssl'* | firmware/core/nn/*:*'<cpuid.h>'*) ;;
        *)
            echo "$file:$line: not a header of a freestanding core: $text"
            bad=1
            ;;
        esac
        ;;
    esac
done < <(git ls-files 'firmware/core/*.c' 'firmware/core/*.h' | xargs grep -nE '#include <' /dev/null || true)
# One door for SQL and for each library that the design gives one.
door() { # header regex, allowed files regex
    local hits
    hits=$(git grep -nE "#include <$1" -- '*.c' '*.h' ':!tests' | grep -vE "^($2)" || true)
    if [ -n "$hits" ]; then
        echo "only $2 may include <$1>:"
        echo "$hits"
        bad=1
    fi
}
door 'sqlite3\.h' 'common/store/'
door 'mosquitto\.h' 'collector/'
door 'cblas\.h|oneapi/dnnl' 'trainer/'
door 'fcgi' 'labeler/'
door 'curl/' 'ops/|collector/'
exit $bad
