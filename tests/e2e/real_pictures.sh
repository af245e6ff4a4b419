#!/usr/bin/env bash
# Real pictures of ten kinds: a part of each is never in the project. Few pictures and few epochs: far better than
# chance (0.1) is what is asked.
. "$(dirname "$0")/../support/e2e.sh"
need_shared cifar10_subset
for class in "$MOTELOOP_SHARED"/data/cifar10_subset/*; do
    part "$class" "$T/others/$(basename "$class")" '*0.png'
    part "$class" "$T/known/$(basename "$class")" '*[1-5].png'
done
learn pictures "$T/known" "$MOTELOOP_SRC/tests/e2e/maps/pictures.map" "$(short_recipe picture 4)" "$T/others" 0.2
