#!/usr/bin/env bash
# Models cut in two (moteloop split): wherever the cut is, head and tail behind each other give the golden bytes.
. "$(dirname "$0")/../support/e2e.sh"
golden=$MOTELOOP_SHARED/golden
if [ ! -r "$golden/README.txt" ]; then
    echo "SKIP: no golden models below $golden"
    exit 0
fi
for model in kws_ref_model pretrainedResnet_quant keyword_scrambled_8bit trained_lstm_int8; do
    whole=$golden/$model
    cuts=$(moteloop split "$whole.tflite" --json | grep -oE '"after":[0-9]+' | cut -d: -f2)
    [ "$(wc -w <<<"$cuts")" -ge 3 ] || fail "$model: cuts $cuts"
    for after in $cuts; do
        moteloop split "$whole.tflite" --after "$after" --out "$T/half" >"$T/split.out" || fail "$model after $after"
        moteloop infer "$T/half.head.tflite" --raw-in "$whole.s1.in" --raw-out "$T/between" >/dev/null || fail "head of $model, $after"
        grep -q "^$(stat -c %s "$T/between") bytes go between them" "$T/split.out" || fail "$model after $after: $(tail -n 1 "$T/split.out")"
        moteloop infer "$T/half.tail.tflite" --raw-in "$T/between" --raw-out "$T/out" >/dev/null || fail "tail of $model, $after"
        cmp "$T/out" "$whole.s1.out" || fail "$model after $after differs"
    done
done
moteloop split "$golden/pretrainedResnet_quant.tflite" | grep -q '^ *0  CONV_2D  *16384 bytes in 1 tensor, 442368 MACs before it$' ||
    fail "the list of cuts"
refuses 2 "0 to 11" moteloop split "$golden/kws_ref_model.tflite" --after 12
refuses 2 "name a model" moteloop split
refuses 1 "cannot create" moteloop split "$golden/kws_ref_model.tflite" --after 3 --out "$T/no/folder/x"
