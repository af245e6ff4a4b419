#!/usr/bin/env bash
# Real pictures: is there a person? A part of each class is never in the project.
. "$(dirname "$0")/../support/e2e.sh"
need_shared person_32x64
from=$MOTELOOP_SHARED/data/person_32x64
mkdir -p "$T/known" "$T/others"
for class in person no_person; do
    mkdir -p "$T/known/$class" "$T/others/$class"
    n=0
    for f in "$from/$class"/*.png; do
        if [ $((n++ % 5)) = 0 ]; then to=others; else to=known; fi
        ln -s "$f" "$T/$to/$class/"
    done
done
learn pictures "$T/known" "$MOTELOOP_SRC/tests/e2e/maps/pictures.map" "$MOTELOOP_SRC/trainer/recipes/picture.recipe" "$T/others" 0.85
