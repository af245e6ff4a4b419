#!/usr/bin/env bash
# Starting points for the fuzzers, below FOLDER: golden bytes, what seed programs write, models where there are any.
# usage: tests/fuzz/seeds.sh FOLDER SEED_FLASH_PROGRAM
set -euo pipefail
folder=$1 seed_flash=$2
golden=tests/golden/wire-1.txt
mkdir -p "$folder"/{cbor,wire,pkg,flash,mqtt,pipe,nn,tflite,delta,http}

bytes() { # hex on stdin to bytes
    printf '%b' "$(sed 's/../\\x&/g')"
}

# The first byte is the decoder's place in fuzz_wire.c.
kinds=(block events health reply dropped acks hello status cmd desired reported manifest keyset beacon topic config)
while read -r name hex; do
    bytes <<<"$hex" >"$folder/cbor/$name"
    for i in "${!kinds[@]}"; do
        if [[ ${name%%_*} == "${kinds[i]}" ]]; then
            { printf '%b' "\\x$(printf %02x "$i")"; bytes <<<"$hex"; } >"$folder/wire/$name"
        fi
    done
done <"$golden"
digest=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
for topic in ml/1/d/dev/data/acc ml/1/d/dev/split/in ml/1/time ml/1/r/keys ml/1/r/$digest/m ml/1/r/$digest/b/3/63; do
    printf '\x0e%s' "$topic" >"$folder/wire/topic-${topic//\//-}"
done
# Requests with a form, and with labels in each format.
request() { # NAME BODY
    printf '/api/x?a=1\nmoteloop=0\n%b' "$2" >"$folder/http/$1"
}
request form '--XX\r\nContent-Disposition: form-data; name="data"; filename="structured_labels.labels"\r\n\r\n{"structuredLabels":{"a":[{"startIndex":0,"endIndex":9,"label":"x"}]}}\r\n--XX\r\nContent-Disposition: form-data; name="data"; filename="a"\r\nContent-Type: text/csv\r\n\r\n1\r\n--XX--\r\n'
request csv 'recording,file,label,start_us,end_us,box\n4,"a ""b""",x,1,2,\n5,a.png,y,,,1 2 3 4\n'
request studio '[{"data":{"recording":4},"annotations":[{"result":[{"id":"r","value":{"start":1,"end":2,"labels":["x"]}},{"value":{"x":1,"y":2,"width":3,"height":4,"rectanglelabels":["y"]}}]}]}]'
request coco '{"images":[{"id":1,"file_name":"a"}],"categories":[{"id":1,"name":"x"}],"annotations":[{"image_id":1,"category_id":1,"bbox":[1,2,3,4]}]}'
request voc '<annotation><filename>a</filename><object><name>a&amp;b</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>'
request track '0.5\t1.5\tx\n\\\t1\t2\n2\t2\ty\n'
# A message of the right shape around a manifest, by the key of fuzz_pkg.c, with a signature of zeros.
manifest=$(sed -n 's/^manifest_delta //p' "$golden")
printf -v length %02x $((${#manifest} / 2))
bytes <<<"d28443a10128a10448b18b86ce1389e46d58${length}${manifest}5840$(printf '00%.0s' {1..64})" >"$folder/pkg/signed"
# 64 bytes out of a base: copied, as differences, given anew.
bytes <<<"40004d444c3100000000400000000300000000000000000000001000000002000000100000002000000001000000000000001000000080112233445566778899aabbccddeeff" \
    >"$folder/delta/three"
while read -r name hex; do
    bytes <<<"$hex" >"$folder/pipe/$name"
done <tests/golden/pipeline-1.txt
"$seed_flash" "$folder/flash"
for model in hello_world_int8 hello_world_float trained_lstm_int8; do # those that fit the fuzzers' longest input
    if [ -r "${MOTELOOP_SHARED:-../shared}/golden/$model.tflite" ]; then
        cp --no-preserve=mode "${MOTELOOP_SHARED:-../shared}/golden/$model.tflite" "$folder/nn/"
    fi
done
cp "$folder"/nn/* "$folder"/tflite/ 2>/dev/null || true
