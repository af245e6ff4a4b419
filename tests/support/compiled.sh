# Sourced by scripts about compiled models: makes one with the host's compiler, runs it, compares with the golden outputs.
# Needs $T (a temporary folder), MOTELOOP_BIN, MOTELOOP_SRC, MOTELOOP_SHARED.
golden=$MOTELOOP_SHARED/golden
if [ ! -r "$golden/README.txt" ]; then
    echo "SKIP: no golden models below $golden"
    exit 0
fi
library=$(dirname "$MOTELOOP_BIN")/lib/libmote.a
host_flags=(-std=c11 -O1 -Wall -Wextra -Wshadow -Wconversion -Wundef -Wvla -Werror "-I$MOTELOOP_SRC")
if nm "$library" 2>/dev/null | grep -q __asan_; then host_flags+=(-fsanitize=address,undefined); fi

# compiled_host MODEL: compares both golden inputs, the second one after three runs where there is no state.
compiled_host() {
    local model=$1 d=$T/$1 seed runs
    mkdir -p "$d"
    "$MOTELOOP_BIN/moteloop" convert "$golden/$model.tflite" --to c-source --name model --out "$d/model.c"
    "${CC:-gcc}" "${host_flags[@]}" -include "$d/model.h" -o "$d/run" \
        "$MOTELOOP_SRC/tests/compiled/host_main.c" "$d/model.c" "$library"
    for seed in 0 1; do
        runs=1
        [ $seed = 1 ] && ! grep -q 'memset' "$d/model.c" && runs=3
        "$d/run" "$golden/$model.s$seed.in" "$d/out" $runs
        cmp "$d/out" "$golden/$model.s$seed.out" || { echo "$model seed $seed differs"; return 1; }
    done
    echo "host: $model has the golden bytes"
}
