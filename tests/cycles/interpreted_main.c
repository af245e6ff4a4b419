// Runs one model by the interpreter on an emulated board: "bench MODEL INPUT OUTPUT". Its one invoke stands in a function
// of its own, bench_invoke, which the counting plugin finds by name; the output is compared with a file.
#include "tests/bench/nn_device/semihost.h"
#include "firmware/core/nn/mote_nn.h"

__attribute__((section(".big"), aligned(16))) static uint8_t file[400 * 1024];
__attribute__((section(".big"), aligned(16))) static uint8_t arena[240 * 1024];
__attribute__((section(".big"), aligned(16))) static uint8_t expected[32 * 1024];

int bench_invoke(struct mote_nn *nn);
__attribute__((noipa)) int bench_invoke(struct mote_nn *nn)
{
    return mote_nn_invoke(nn);
}

int main(void)
{
    static char words[1024];
    char *word[4];
    struct mote_nn nn;
    struct mote_nn_tensor in;
    struct mote_nn_tensor out;
    unsigned count = sh_arguments(words, sizeof words, word, MOTE_COUNT(word));
    int32_t len = count < 4 ? -1 : sh_read_file(word[1], file, sizeof file);
    int32_t out_len = count < 4 ? -1 : sh_read_file(word[3], expected, sizeof expected);
    if (len < 0 ||
        mote_nn_open(&nn, file, (size_t)len, &mote_nn_ops_all, 0, arena, sizeof arena, NULL) !=
            MOTE_OK ||
        mote_nn_input(&nn, 0, &in) != MOTE_OK || mote_nn_output(&nn, 0, &out) != MOTE_OK ||
        sh_read_file(word[2], in.data, (uint32_t)in.bytes) != (int32_t)in.bytes) {
        sh_print("cannot open the model or its input\n");
        return 1;
    }
    int rc = bench_invoke(&nn);
    if (rc != MOTE_OK || (uint32_t)out_len != out.bytes ||
        memcmp(out.data, expected, out.bytes) != 0) {
        sh_print("output differs\n");
        return 1;
    }
    return 0;
}
