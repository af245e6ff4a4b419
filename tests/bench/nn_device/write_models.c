// Writes random models of one operator with an input and the reference's output each, for kernels on boards:
// write-models FOLDER COUNT gives FOLDER/KIND-SEED.{tflite,in,out}.
#include "tests/support/nn_random.h"

#include "common/buf.h"
#include "common/err.h"
#include "firmware/core/nn/mote_nn.h"

static int save(const char *folder, int kind, uint32_t seed, const char *suffix, const void *data,
                size_t len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%d-%u.%s", folder, kind, seed, suffix);
    FILE *f = fopen(path, "wb");
    if (f == NULL) {
        return -1;
    }
    size_t n = fwrite(data, 1, len, f);
    return fclose(f) == 0 && n == len ? 0 : -1;
}

static int write_one(const char *folder, int kind, uint32_t seed)
{
    struct buf b = {0};
    struct err e = {0};
    struct mote_nn nn;
    struct mote_nn_tensor t;
    size_t need;
    void *file = NULL;
    void *arena = NULL;
    int rc = nn_random_model((enum nn_random_kind)kind, seed, &b, &e) == OK ? 0 : -1;
    if (rc != 0 || posix_memalign(&file, 16, b.len) != 0) {
        goto out;
    }
    memcpy(file, b.data, b.len);
    if (mote_nn_arena_size(file, b.len, &mote_nn_ops_all, MOTE_NN_REFERENCE, &need, NULL) !=
        MOTE_OK) {
        goto out; // scales out of proportion: not a model to compare with
    }
    rc = -1;
    if (posix_memalign(&arena, 16, need) != 0 ||
        mote_nn_open(&nn, file, b.len, &mote_nn_ops_all, MOTE_NN_REFERENCE, arena, need, NULL) !=
            MOTE_OK ||
        mote_nn_input(&nn, 0, &t) != MOTE_OK) {
        goto out;
    }
    nn_random_input(seed, t.data, t.bytes);
    if (save(folder, kind, seed, "in", t.data, t.bytes) == 0 && mote_nn_invoke(&nn) == MOTE_OK &&
        mote_nn_output(&nn, 0, &t) == MOTE_OK &&
        save(folder, kind, seed, "out", t.data, t.bytes) == 0) {
        rc = save(folder, kind, seed, "tflite", file, b.len);
    }
out:
    free(arena);
    free(file);
    buf_release(&b);
    return rc;
}

int main(int argc, char **argv)
{
    uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    for (int kind = 0; kind < NN_RANDOM_KINDS; kind++) {
        for (uint32_t seed = 1; seed <= count; seed++) {
            if (write_one(argv[1], kind, seed) != 0) {
                fprintf(stderr, "cannot write model %d-%u below '%s'\n", kind, seed, argv[1]);
                return 1;
            }
        }
    }
    return count > 0 ? 0 : 2;
}
