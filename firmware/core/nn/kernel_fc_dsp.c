// FULLY_CONNECTED on int8 for Cortex-M with the DSP extension.
//
// The input is widened once for two rows of weights at a time. A long input is taken in chunks, with the
// sums of all outputs kept between them, so that the scratch memory stays small.
#include "firmware/core/nn/kernel_dsp.h"

#define WHOLE 256 // inputs that are widened at once
#define CHUNK 160 // of longer ones

static int32_t chunk_of(const struct nn_fc *p)
{
    return p->in_n <= WHOLE ? p->in_n : CHUNK;
}

static void finish(const struct nn_fc *p, int8_t *out, int32_t row, int32_t sum)
{
    int32_t q = p->per_channel ? row : 0;
    int32_t y = dsp_rescale(sum, p->multiplier[q], p->shift[q]) + p->out_offset;
    out[row] = (int8_t)nn_clamp(y, p->lo, p->hi);
}

// All rows against inputs [at, at + n), of which x holds the widened ones.
static void rows(const struct nn_fc *p, int8_t *out, const uint32_t *x, int32_t *sums, int32_t at, int32_t n)
{
    const int32_t *start = at > 0 ? sums : p->bias;
    const int8_t *w = (const int8_t *)p->weights + at;
    bool last = at + n == p->in_n;
    for (int32_t r = 0; r < p->out_n; r += 2, w += 2 * p->in_n) {
        int32_t acc[2] = {0, 0};
        int32_t second = r + 1 < p->out_n ? 1 : 0; // an odd last row is computed twice
        if (start != NULL) {
            acc[0] = start[r];
            acc[1] = start[r + second];
        }
        nn_dsp_dot_2x1(w, w + (second != 0 ? p->in_n : 0), x, x + n / 2, acc);
        if (last) {
            finish(p, out, r, acc[0]);
            finish(p, out, r + second, acc[1]);
        } else {
            sums[r] = acc[0];
            sums[r + second] = acc[1];
        }
    }
}

static void eval(const void *params)
{
    const struct nn_fc *p = params;
    int32_t chunk = chunk_of(p);
    uint32_t *x = p->scratch;
    int32_t *sums = (int32_t *)(x + chunk / 2);
    uint32_t plus = dsp_pair(p->in_offset);
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t *in = (const int8_t *)p->in + (size_t)b * (size_t)p->in_n;
        for (int32_t at = 0; at < p->in_n; at += chunk) {
            int32_t n = nn_min32(chunk, p->in_n - at);
            (void)dsp_widen(x, in + at, n / 4, 2, plus);
            rows(p, (int8_t *)p->out + (size_t)b * (size_t)p->out_n, x, sums, at, n);
        }
    }
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    // The tensor's place in the file is judged; weights computed by the model have none yet.
    bool aligned = p->weights != NULL && (uintptr_t)p->weights % 4 == 0 && p->in_n % 8 == 0 && p->in_n > 0;
    if (!aligned || !nn_sums_are_small(p->in_n, p->bias, p->out_n)) {
        return (struct nn_choice){nn_fc_i8_ref, 0};
    }
    uint64_t sums = p->in_n > WHOLE ? 4u * (uint64_t)p->out_n : 0;
    return (struct nn_choice){eval, 2u * (uint64_t)chunk_of(p) + sums};
}
