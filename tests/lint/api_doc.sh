#!/usr/bin/env bash
# docs/api.md holds the route table that the labeler was built with.
set -eu
src=${MOTELOOP_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
cgi=${MOTELOOP_BIN:-$src/build/bin}/moteloop-labeler.cgi
if [ ! -x "$cgi" ]; then
    echo "SKIP: $cgi is not built"
    exit 0
fi
if ! diff <("$cgi" --routes-md) <(sed -n '/^| request /,$p' "$src/docs/api.md"); then
    echo "docs/api.md differs from the route table; put the output of '$cgi --routes-md' at its end" >&2
    exit 1
fi
