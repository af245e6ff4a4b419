// DEPTHWISE_CONV_2D on int8 for x86-64 with AVX2: eight channels at a time, the rest singly. Depth multiplier 1.
#include "firmware/core/nn/nn_x86.h"

#include <immintrin.h>

static inline __m256i widen(const int8_t *p)
{
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

// Sums of `count` channels (8, or fewer) of the window at (y0, x0) of an image.
static void sums_at(const struct nn_conv *p, const int8_t *image, int32_t y0, int32_t x0,
                    int32_t channel, int32_t count, int32_t *sums)
{
    const struct nn_window *g = &p->g;
    const int8_t *w = (const int8_t *)p->weights + channel;
    __m256i acc = _mm256_setzero_si256();
    __m256i plus = _mm256_set1_epi32(p->in_offset);
    memset(sums, 0, 8 * sizeof *sums);
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        int32_t y = y0 + ky * g->dilation_h;
        for (int32_t kx = 0; kx < g->k_w; kx++, w += g->out_c) {
            int32_t x = x0 + kx * g->dilation_w;
            if (y < 0 || y >= g->in_h || x < 0 || x >= g->in_w) {
                continue;
            }
            const int8_t *in =
                image + ((size_t)y * (size_t)g->in_w + (size_t)x) * (size_t)g->in_c + channel;
            if (count == 8) {
                acc = _mm256_add_epi32(
                    acc, _mm256_mullo_epi32(widen(w), _mm256_add_epi32(widen(in), plus)));
                continue;
            }
            for (int32_t i = 0; i < count; i++) {
                sums[i] += w[i] * (in[i] + p->in_offset);
            }
        }
    }
    if (count == 8) {
        _mm256_storeu_si256((__m256i *)(void *)sums, acc);
    }
}

void nn_depthwise_i8_avx2(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    const int32_t *bias = p->bias;
    int8_t *out = p->out;
    for (int32_t i = 0; i < g->batches * g->out_h * g->out_w; i++, out += g->out_c) {
        int32_t y = i / g->out_w % g->out_h * g->stride_h - g->pad_h;
        int32_t x = i % g->out_w * g->stride_w - g->pad_w;
        const int8_t *image = (const int8_t *)p->in + (size_t)(i / g->out_w / g->out_h) *
                                                          (size_t)(g->in_h * g->in_w * g->in_c);
        for (int32_t c = 0; c < g->out_c; c += 8) {
            int32_t sums[8];
            int32_t count = nn_min32(8, g->out_c - c);
            sums_at(p, image, y, x, c, count, sums);
            for (int32_t k = 0; k < count; k++) {
                int32_t v = nn_wrap_add(sums[k], bias != NULL ? bias[c + k] : 0);
                v = nn_rescale(v, p->multiplier[c + k], p->shift[c + k]);
                out[c + k] = (int8_t)nn_clamp(nn_wrap_add(v, p->out_offset), p->lo, p->hi);
            }
        }
    }
}
