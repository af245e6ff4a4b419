#!/usr/bin/env bash
# Real spoken digits, split by speaker: three speakers to learn from, the fourth to be measured on.
. "$(dirname "$0")/../support/e2e.sh"
need_shared fsdd
from=$MOTELOOP_SHARED/data/fsdd
part "$from" "$T/known" '*_george_?.wav' '*_nicolas_?.wav' '*_yweweler_?.wav'
part "$from" "$T/stranger" '*_jackson_?.wav'
learn sound "$T/known" "$MOTELOOP_SRC/tests/e2e/maps/fsdd.map" "$(short_recipe keyword 15)" "$T/stranger" 0.3
