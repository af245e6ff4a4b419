// Runs models in this machine's own kernels and in the reference, and compares both with stored outputs:
// run BASE... reads BASE.tflite, BASE.in and BASE.out. For instruction sets that run under a user-mode emulator.
#include "firmware/core/nn/mote_nn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *load(const char *base, const char *suffix, size_t *len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s.%s", base, suffix);
    FILE *f = fopen(path, "rb");
    size_t room = 1u << 20;
    void *data = aligned_alloc(16, room);
    *len = f != NULL && data != NULL ? fread(data, 1, room, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    return data;
}

static bool same(const char *base, uint32_t flags)
{
    size_t len;
    size_t in_len;
    size_t out_len;
    size_t need = 0;
    uint8_t *file = load(base, "tflite", &len);
    uint8_t *in = load(base, "in", &in_len);
    uint8_t *out = load(base, "out", &out_len);
    struct mote_nn nn;
    struct mote_nn_tensor t;
    void *arena = NULL;
    bool good =
        mote_nn_arena_size(file, len, &mote_nn_ops_all, flags, &need, NULL) == MOTE_OK &&
        (arena = aligned_alloc(16, (need + 15) / 16 * 16)) != NULL &&
        mote_nn_open(&nn, file, len, &mote_nn_ops_all, flags, arena, need, NULL) == MOTE_OK &&
        mote_nn_input(&nn, 0, &t) == MOTE_OK && t.bytes == in_len;
    if (good) {
        memcpy(t.data, in, in_len);
        good = mote_nn_invoke(&nn) == MOTE_OK && mote_nn_output(&nn, 0, &t) == MOTE_OK &&
               t.bytes == out_len && memcmp(t.data, out, out_len) == 0;
    }
    free(arena);
    free(file);
    free(in);
    free(out);
    return good;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        for (uint32_t flags = 0; flags <= MOTE_NN_REFERENCE; flags += MOTE_NN_REFERENCE) {
            if (!same(argv[i], flags)) {
                fprintf(stderr, "%s: other bytes%s\n", argv[i],
                        flags != 0 ? " from the reference" : "");
                return 1;
            }
        }
    }
    printf("%d models have the reference's bytes\n", argc - 1);
    return argc > 1 ? 0 : 2;
}
