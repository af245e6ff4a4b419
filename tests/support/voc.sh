#!/usr/bin/env bash
# Pascal VOC annotations to the labels.csv of a folder of pictures (docs/formats/dataset.md): voc.sh FILE.xml... ; the group
# is the last digit of the file's number.
exec awk 'BEGIN {RS = "<object>"; print "file,label,group,x,y,width,height"}
    function tag(s, t) {return match(s, "<" t ">[^<]*") ? substr(s, RSTART + length(t) + 2, RLENGTH - length(t) - 2) : ""}
    FNR == 1 {file = FILENAME; sub(/.*\//, "", file); sub(/xml$/, "jpg", file); group = substr(file, length(file) - 4, 1)}
    FNR > 1 {
        x = tag($0, "xmin"); y = tag($0, "ymin")
        printf "%s,%s,%s,%d,%d,%d,%d\n", file, tag($0, "name"), group, x, y, tag($0, "xmax") - x, tag($0, "ymax") - y
    }' "$@"
