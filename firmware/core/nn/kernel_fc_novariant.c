// FULLY_CONNECTED for parts without a kernel of their own: inputs are widened, with their offset, into scratch memory
// (nn_fit_fc_plain), long ones by parts; four rows of weights at a time then run along them.
#include "firmware/core/nn/nn_dots.h"

// A few sums of rows from o on to outputs.
static void finish_rows(const struct nn_fc *p, const int32_t *sums, int32_t o, int32_t count,
                        int8_t *out)
{
    struct nn_finish q = {0, p->multiplier[0], p->shift[0], p->out_offset, p->lo, p->hi};
    if (!p->per_channel) {
        nn_finish(&q, sums, count, 1, out);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        q.multiplier = p->multiplier[o + i];
        q.shift = p->shift[o + i];
        nn_finish(&q, sums + i, 1, 1, out + i);
    }
}

void nn_fc_i8_plain(const void *params)
{
    const struct nn_fc *p = params;
    const int32_t part = nn_fc_part(p);
    int16_t *x = p->scratch;
    int32_t *kept = (int32_t *)(x + part); // where the inputs come in parts
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t *in = (const int8_t *)p->in + b * p->in_n;
        int8_t *out = (int8_t *)p->out + b * p->out_n;
        for (int32_t at = 0; at < p->in_n; at += part) {
            const int32_t n = nn_min32(part, p->in_n - at);
            for (int32_t i = 0; i < n; i++) {
                x[i] = (int16_t)(in[at + i] + p->in_offset);
            }
            for (int32_t o = 0; o < p->out_n; o += 4) {
                const int32_t count = nn_min32(4, p->out_n - o);
                const int8_t *w[4];
                int32_t sums[4];
                for (int32_t f = 0; f < 4; f++) {
                    int32_t row = o + nn_min32(f, count - 1);
                    w[f] = (const int8_t *)p->weights + row * p->in_n + at;
                    sums[f] = at > 0            ? kept[row]
                              : p->bias != NULL ? ((const int32_t *)p->bias)[row]
                                                : 0;
                }
                nn_dots_4x1(w, x, n, sums);
                if (at + n == p->in_n) {
                    finish_rows(p, sums, o, count, out + o);
                } else {
                    memcpy(kept + o, sums, (size_t)count * sizeof *sums);
                }
            }
        }
    }
}

struct nn_choice nn_choose_fc_i8(const struct nn_fc *p)
{
    struct nn_fit fit = nn_fit_fc_plain(p);
    return (struct nn_choice){fit.fast ? nn_fc_i8_plain : nn_fc_i8_ref, fit.scratch, fit.starts};
}
