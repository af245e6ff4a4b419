// Models of one operator with random shapes, strides, paddings, scales and bytes, for comparing kernels.
#ifndef TESTS_SUPPORT_NN_RANDOM_H
#define TESTS_SUPPORT_NN_RANDOM_H

struct buf;
struct err;

enum nn_random_kind {
    NN_RANDOM_CONV,
    NN_RANDOM_DEPTHWISE,
    NN_RANDOM_FC,
    NN_RANDOM_ADD,
    NN_RANDOM_POOL,
    NN_RANDOM_KINDS
};

// xorshift32, as the golden inputs are made; state must not be 0.
uint32_t nn_random_next(uint32_t *state);
// Input bytes: any, and for some seeds nothing but the least or the greatest, which drive sums to their ends.
void nn_random_input(uint32_t seed, uint8_t *bytes, size_t count);
// Appends a model to out; the same seed gives the same one. Its int8 input should get any bytes.
int nn_random_model(enum nn_random_kind kind, uint32_t seed, struct buf *out,
                    struct err *e) MUST_CHECK;

#endif
