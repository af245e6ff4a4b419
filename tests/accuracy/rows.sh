# The rows of the accuracy table, a function each. Sourced by accuracy.sh.
# In every list of users the first half alone is ever tested on; the recipe was chosen on the other half.

row_motion() {
    local first="1 3 5 6 7 8 11 14 15 16 17" s
    import motion "$DATA/hapt_continuous" "$MAPS/hapt.map"
    for s in 1 2 3 4 5; do
        fold motion motion "$RECIPES/motion.recipe" "$s" "$(some "$first" 4 "split $s")"
    done
    row motion 0.92 "4 of 21 users, 5 random splits"
}

row_watch() {
    local first="1600 1601 1602 1603 1604 1605 1606 1607 1608 1609 1610 1611 1612" s
    import watch "$DATA/wisdm_watch" "$MAPS/wisdm.map"
    for s in 1 2 3; do
        fold watch watch "$RECIPES/watch.recipe" "$s" "$(some "$first" 5 "split $s")"
    done
    row watch 0.85 "5 of 26 users, 3 random splits"
}

row_gesture() {
    import gesture "$DATA/magic_wand" "$MAPS/magic_wand.map"
    local who
    for who in hyw,1 jiangyh,2 hyw,3 jiangyh,4; do
        fold gesture gesture "$RECIPES/gesture.recipe" 1 $who
    done
    row gesture 0.99 "one of two people, and a stream of no gestures"
}

row_keyword() {
    import keyword "$DATA/fsdd" "$MAPS/fsdd.map"
    local who
    for who in george jackson nicolas yweweler; do
        fold keyword keyword "$RECIPES/keyword.recipe" 1 $who
    done
    row keyword 0.70 "one of four speakers, ten digits"
}

row_speech() {
    grouped "$DATA/speech_commands" "$T/speech.files" speaker
    import speech "$T/speech.files" "$MOTELOOP_SRC/tests/accuracy/maps/sound.map"
    local who
    for who in 0,1 2,3 4,5; do
        fold speech speech "$RECIPES/keyword.recipe" 1 $who
    done
    row speech 0.85 "1 of 8 speakers in 3 folds, 4 classes"
}

row_picture() {
    grouped "$DATA/cifar10_subset" "$T/picture.files" digit
    import picture "$T/picture.files" "$MOTELOOP_SRC/tests/accuracy/maps/picture.map"
    sed 's/^group = recording/group = group/' "$RECIPES/picture.recipe" >"$T/picture.recipe"
    local who
    for who in d0,d1 d2,d3; do
        fold picture picture "$T/picture.recipe" 1 $who
    done
    row picture 0.50 "300 of 1500 pictures in 2 folds, 10 classes"
}

row_person() {
    grouped "$DATA/person_32x64" "$T/person.files" file
    import person "$T/person.files" "$MOTELOOP_SRC/tests/accuracy/maps/picture.map"
    sed 's/^group = recording/group = group/' "$RECIPES/person.recipe" >"$T/person.recipe"
    local who
    for who in 0,1,2 3,4,5; do
        fold person person "$T/person.recipe" 1 $who
    done
    row person 0.90 "140 of 800 pictures in 2 folds"
}

# Fifty rows a table, some classes with one: what counts is that each loads and trains.
row_tabular() {
    local f name
    for f in "$DATA"/ota_tinyml_seed/*.csv; do
        name=tabular-$(basename "$f" .csv)
        name=${name,,}
        mkdir -p "$T/$name.files"
        ln -s "$f" "$T/$name.files/"
        import "$name" "$T/$name.files" "$MAPS/rows.map"
        fold tabular "$name" "$RECIPES/tabular.recipe" 1 ""
    done
    row tabular - "10 of 50 rows, 7 tables: all load and train"
}
