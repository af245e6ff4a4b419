#!/usr/bin/env bash
# Real motion recordings, split by user: import, train, measure on people who were never in the project.
. "$(dirname "$0")/../support/e2e.sh"
need_shared hapt_continuous
from=$MOTELOOP_SHARED/data/hapt_continuous
part "$from" "$T/known" 'labels.csv' 'activity_labels.csv' 'exp[0-2]*_user*.csv.gz'
part "$from" "$T/strangers" 'labels.csv' 'activity_labels.csv' 'exp[3-9]*_user*.csv.gz'
# Nobody stands on both sides, whatever the file numbers are.
for f in "$T"/strangers/exp*; do
    user=${f##*_}
    for k in "$T"/known/exp*"_$user"; do
        if [ -e "$k" ]; then rm "$f"; break; fi
    done
done
learn motion "$T/known" "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" "$(short_recipe motion 15)" "$T/strangers" 0.85
