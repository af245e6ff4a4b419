// Any bytes as a model: refused with a reason, or opened in exactly the arena that was asked for and run, without
// touching anything else.
#include "firmware/core/nn/mote_nn.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What runs must end soon: little memory, few multiplications.
#define ARENA_MAX 16384u
#define MACS_MAX 4000000u

static void run(struct mote_nn *nn)
{
    uint64_t macs = 0;
    struct mote_nn_tensor t;
    for (size_t i = 0; i < mote_nn_op_count(nn); i++) {
        int32_t index;
        macs += mote_nn_op_macs(nn, i);
        if (mote_nn_op_name(nn, i) == NULL || mote_nn_op_output(nn, i, &t, &index) == MOTE_E_ARG) {
            __builtin_trap();
        }
    }
    if (macs > MACS_MAX) {
        return;
    }
    for (size_t i = 0; i < mote_nn_input_count(nn); i++) {
        if (mote_nn_input(nn, i, &t) != MOTE_OK) {
            __builtin_trap();
        }
        memset(t.data, (int)(i * 37 + 5), t.bytes);
    }
    if (mote_nn_invoke(nn) != MOTE_OK || mote_nn_reset(nn) != MOTE_OK) {
        __builtin_trap();
    }
    for (size_t i = 0; i < mote_nn_output_count(nn); i++) {
        if (mote_nn_output(nn, i, &t) != MOTE_OK) {
            __builtin_trap();
        }
    }
}

static void open_and_run(const uint8_t *file, size_t size, uint32_t flags)
{
    struct mote_nn_diag diag;
    struct mote_nn nn;
    size_t need;
    if (mote_nn_arena_size(file, size, &mote_nn_ops_all, flags, &need, &diag) != MOTE_OK) {
        if (diag.reason == NULL) {
            __builtin_trap(); // every refusal says why
        }
        return;
    }
    if (need > ARENA_MAX) {
        return;
    }
    void *arena = aligned_alloc(16, need);
    if (arena != NULL) {
        memset(arena, 0x5a, need);
        if (mote_nn_open(&nn, file, size, &mote_nn_ops_all, flags, arena, need, &diag) != MOTE_OK) {
            __builtin_trap(); // what was measured fits
        }
        run(&nn);
    }
    free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of its own, so that the sanitizer sees every byte beyond its end; aligned as mote_nn.h asks.
    uint8_t *file = NULL;
    const uint8_t *meta;
    size_t bytes;
    if (posix_memalign((void **)&file, 16, size > 0 ? size : 1) != 0) {
        return 0;
    }
    memcpy(file, data, size);
    (void)!mote_nn_metadata(file, size, "moteloop.pipeline", &meta, &bytes);
    open_and_run(file, size, 0);
    open_and_run(file, size, MOTE_NN_REFERENCE | MOTE_NN_KEEP_ALL);
    free(file);
    return 0;
}
