#!/usr/bin/env bash
# Compiled models (convert --to c-source) on the host: the golden bytes, an arena no larger than the interpreter's, and
# what is refused. All nine models and the boards: tests/emul/compiled.sh.
. "$(dirname "$0")/../support/e2e.sh"
. "$(dirname "$0")/../support/compiled.sh"

for model in hello_world_int8 hello_world_float kws_ref_model keyword_scrambled_8bit trained_lstm_int8; do
    compiled_host $model || fail "$model"
    interpreted=$(moteloop infer "$golden/$model.tflite" --raw-in "$golden/$model.s0.in" --json | grep -oE '"arena_bytes": *[0-9]+' | grep -oE '[0-9]+')
    compiled=$("${CC:-gcc}" -I"$MOTELOOP_SRC" -include "$T/$model/model.h" -E -x c - <<<'bytes MODEL_ARENA_BYTES' | awk '$1 == "bytes" {print $2}')
    [ "$compiled" -le "$interpreted" ] || fail "$model: arena of $compiled bytes, interpreted $interpreted"
done

# Two models in one program, with one arena for both, that the program has.
one=$golden/hello_world_int8.tflite
for name in first second; do
    moteloop convert "$one" --to c-source --name $name --out "$T/$name.c"
    "${CC:-gcc}" "${host_flags[@]}" -D${name^^}_ARENA=shared -c -o "$T/$name.o" "$T/$name.c"
done
cat >"$T/both.c" <<'END'
#include "first.h"
#include "second.h"
_Static_assert(FIRST_ARENA_BYTES == SECOND_ARENA_BYTES, "the same model");
extern uint8_t shared[FIRST_ARENA_BYTES];
_Alignas(16) uint8_t shared[FIRST_ARENA_BYTES];
int main(void)
{
    first_init();
    first_invoke();
    second_init();
    second_invoke();
    return first_input[0].data == second_input[0].data && first_input[0].bytes == 1 ? 0 : 1;
}
END
"${CC:-gcc}" "${host_flags[@]}" -o "$T/both" "$T/both.c" "$T/first.o" "$T/second.o" "$library"
"$T/both" || fail "two models do not share an arena"
moteloop convert "$one" --to c-source --name third >"$T/third.c"
"${CC:-gcc}" "${host_flags[@]}" -c -o "$T/third.o" "$T/third.c" || fail "one file with its header in it"

refuses 2 "not the name of a C file" moteloop convert "$one" --to c-source --out "$T/model"
refuses 2 "unknown form" moteloop convert "$one" --to cobol
refuses 2 "not a C identifier" moteloop convert "$one" --to c-source --name 9lives
refuses 1 "cannot create" moteloop convert "$one" --to c-source --out "$T/no/folder/model.c"
head -c 1000 "$one" >"$T/cut.tflite"
refuses 1 "cut.tflite" moteloop convert "$T/cut.tflite" --to c-source
