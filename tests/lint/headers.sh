#!/usr/bin/env bash
# Every header compiles alone, so that the order of includes never matters.
set -eu
cd "${MOTELOOP_SRC:?}"
bad=0
flags="-std=c11 -Wall -Wextra -Werror -I. -fsyntax-only -x c"
while read -r h; do
    base="-include common/base.h"
    case $h in firmware/core/* | common/base.h) base="" ;; esac
    case $h in *_priv.h | *_mve.h | *_neon.h | *_avx*.h) continue ;; esac # included only inside their folder, behind what they need
    # shellcheck disable=SC2086
    gcc $flags $base "$h" || bad=1
done < <(git ls-files '*.h')
exit $bad
