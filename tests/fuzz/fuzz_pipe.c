// Fuzz target: bytes as a pipeline's CBOR. What decodes must encode to bytes that decode to the
// same, and its block must run over a window of the rest of the bytes without touching memory that
// is not its own.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/pipe/mote_pipe.h"

#define VALUES_MAX 20000 // windows beyond it only cost time
#define WORK_MAX 4000000 // products of window and taps, likewise

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const struct mote_pipe_config *c, const uint8_t *data, size_t size)
{
    size_t values = (size_t)c->window * c->channels, scratch;
    if (values > VALUES_MAX || c->features > VALUES_MAX ||
        (size_t)c->features * c->dsp.fft > WORK_MAX ||
        mote_dsp_scratch(&c->dsp, c->channels, c->window, c->interval_ns, &scratch) != MOTE_OK) {
        return;
    }
    uint8_t *raw = malloc(values * sizeof(float));
    float *features = malloc((size_t)c->features * sizeof(float));
    void *work = aligned_alloc(8, scratch ? (scratch + 7) & ~(size_t)7 : 8);
    if (raw && features && work) {
        for (size_t i = 0; i < values * sizeof(float); i++) {
            raw[i] = size ? data[i % size] : 0;
        }
        unsigned type = size ? data[0] % 5 : MOTE_F32;
        if (mote_pipe_features(c, raw, type, 0.5f, work, scratch, features) != MOTE_OK) {
            abort();
        }
        (void)mote_pipe_novelty(c, features);
    }
    free(raw);
    free(features);
    free(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mote_pipe_config c, again;
    if (mote_pipe_config_decode(&c, data, size) != MOTE_OK) {
        return 0;
    }
    size_t cap = size + 512; // defaults that were left out are written
    uint8_t *first = malloc(cap), *second = malloc(cap);
    if (!first || !second) {
        abort();
    }
    int n = mote_pipe_config_encode(first, cap, &c);
    if (n < 0 || mote_pipe_config_decode(&again, first, (size_t)n) != MOTE_OK ||
        mote_pipe_config_encode(second, cap, &again) != n ||
        memcmp(first, second, (size_t)n) != 0) {
        abort();
    }
    run(&again, data, size);
    free(first);
    free(second);
    return 0;
}
