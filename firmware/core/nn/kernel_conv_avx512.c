// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on int8 for x86-64 with AVX-512 VNNI. Convolutions take sixteen filters, laid out four weights of each behind each other, against
// eight pixels whose inputs are broadcast by fours. Inputs become unsigned by adding 128; what that adds, and the
// offset, joins each filter's start. Depthwise windows take sixteen channels, two taps at a time as pairs of int16.
// Shifts to the right alone.
#include "firmware/core/nn/nn_x86.h"

#include <immintrin.h>

#define FILTERS NN_X86_FILTERS
#define PIXELS NN_X86_PIXELS

// Of sixteen filters: starts, and what rescales the sums of the even and the odd ones (nn_rescale_right in 64 bits).
struct block {
    __m512i start, multiplier[2], half[2], down[2];
    __mmask16 lanes;
};

static int32_t padded(int32_t k)
{
    return (k + 3) / 4 * 4;
}

// Weights [k / 4][16][4] of `count` filters; gives the sums of each filter's weights.
static __m512i pack(const int8_t *w, int32_t k, int32_t count, int8_t *to)
{
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i total = _mm512_setzero_si512();
    for (int32_t at = 0; at < k; at += 4, to += 4 * FILTERS) {
        const size_t n = k - at < 4 ? (size_t)(k - at) : 4;
        memset(to, 0, 4 * FILTERS);
        for (int32_t f = 0; f < count; f++) {
            if (n == 4) {
                memcpy(to + 4 * f, w + (size_t)f * (size_t)k + at, 4);
            } else {
                memcpy(to + 4 * f, w + (size_t)f * (size_t)k + at, n);
            }
        }
        total = _mm512_dpbusd_epi32(total, ones, _mm512_loadu_si512(to));
    }
    return total;
}

// Factors of `count` filters: `each` is 0 where one serves all.
static void load_factors(const int32_t *multiplier, const int8_t *shift, int32_t each,
                         int32_t count, struct block *b)
{
    int64_t factor[2][8] = {{0}};
    int64_t half[2][8] = {{0}};
    int64_t down[2][8] = {{0}};
    for (int32_t i = 0; i < count; i++) {
        const int32_t s = shift[i * each];
        factor[i % 2][i / 2] = multiplier[i * each];
        half[i % 2][i / 2] = ((int64_t)1 << (30 - s)) + (1 << 30);
        down[i % 2][i / 2] = 31 - s;
    }
    b->lanes = (__mmask16)((1u << count) - 1u);
    for (int i = 0; i < 2; i++) {
        b->multiplier[i] = _mm512_loadu_si512(factor[i]);
        b->half[i] = _mm512_loadu_si512(half[i]);
        b->down[i] = _mm512_loadu_si512(down[i]);
    }
}

// weights: the sums of each filter's; less: what was added to the inputs.
static void load_block(const struct nn_conv *p, int32_t c, __m512i weights, int32_t less,
                       struct block *b)
{
    load_factors(p->multiplier + c, p->shift + c, 1, nn_min32(FILTERS, p->g.out_c - c), b);
    b->start = _mm512_mullo_epi32(weights, _mm512_set1_epi32(p->in_offset - less));
    if (p->bias != NULL) {
        b->start = _mm512_add_epi32(
            b->start, _mm512_maskz_loadu_epi32(b->lanes, (const int32_t *)p->bias + c));
    }
}

// The low halves of x, rescaled.
static inline __m512i rescale(__m512i x, const struct block *b, int i)
{
    const __m512i sign = _mm512_srai_epi64(_mm512_slli_epi64(x, 32), 63);
    const __m512i round =
        _mm512_add_epi64(b->half[i], _mm512_slli_epi64(sign, 31)); // less 2^31 where x is negative
    return _mm512_srav_epi64(_mm512_add_epi64(_mm512_mul_epi32(x, b->multiplier[i]), round),
                             b->down[i]);
}

static inline void finish_16(const struct block *b, __m512i sum, int32_t offset, int32_t lo,
                             int32_t hi, int8_t *out)
{
    const __m512i even = rescale(sum, b, 0);
    const __m512i odd = rescale(_mm512_srli_epi64(sum, 32), b, 1);
    __m512i y = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
    y = _mm512_add_epi32(y, _mm512_set1_epi32(offset));
    y = _mm512_min_epi32(_mm512_max_epi32(y, _mm512_set1_epi32(lo)), _mm512_set1_epi32(hi));
    _mm512_mask_cvtepi32_storeu_epi8(out, b->lanes, y);
}

static inline void finish(const struct nn_conv *p, const struct block *b, __m512i sum, int8_t *out)
{
    finish_16(b, sum, p->out_offset, p->lo, p->hi, out);
}

static inline int8_t *copy(int8_t *to, const int8_t *from, int32_t count)
{
    const __m512i sign = _mm512_set1_epi8(-128);
    for (int32_t at = 0; at < count; at += 64) {
        const __mmask64 mask =
            count - at >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (count - at)) - 1;
        _mm512_mask_storeu_epi8(to + at, mask,
                                _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from + at), sign));
    }
    return to + count;
}

static inline int8_t *fill(int8_t *to, int32_t value, int32_t count)
{
    memset(to, value ^ 0x80, (size_t)count);
    return to + count;
}

// The window of output pixel (y, x), unsigned; padding is the zero point. What pads it to four meets zeros.
static void column(const struct nn_conv *p, const int8_t *image, int32_t y, int32_t x, int8_t *to)
{
    const struct nn_window *g = &p->g;
    const int32_t x0 = x * g->stride_w - g->pad_w;
    const bool whole = g->dilation_w == 1 && x0 >= 0 && x0 + g->k_w <= g->in_w;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        const int32_t in_y = y * g->stride_h - g->pad_h + ky * g->dilation_h;
        const int8_t *row = image + (int64_t)in_y * g->in_w * g->in_c;
        if (in_y < 0 || in_y >= g->in_h) {
            to = fill(to, -p->in_offset, g->k_w * g->in_c);
        } else if (whole) {
            to = copy(to, row + (int64_t)x0 * g->in_c, g->k_w * g->in_c);
        } else {
            for (int32_t kx = 0; kx < g->k_w; kx++) {
                const int32_t in_x = x0 + kx * g->dilation_w;
                to = in_x < 0 || in_x >= g->in_w ? fill(to, -p->in_offset, g->in_c)
                                                 : copy(to, row + (int64_t)in_x * g->in_c, g->in_c);
            }
        }
    }
}

static inline void eight(const int8_t *w, const int8_t *x, int32_t k, __m512i start, __m512i *sum)
{
    for (int i = 0; i < PIXELS; i++) {
        sum[i] = start;
    }
    for (int32_t at = 0; at < k; at += 4, w += 4 * FILTERS) {
        const __m512i weights = _mm512_loadu_si512(w);
#pragma GCC unroll 8
        for (int i = 0; i < PIXELS; i++) {
            int32_t four;
            memcpy(&four, x + (size_t)i * (size_t)k + at, 4);
            sum[i] = _mm512_dpbusd_epi32(sum[i], _mm512_set1_epi32(four), weights);
        }
    }
}

void nn_conv_i8_avx512(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    const int32_t k = g->k_h * g->k_w * g->in_c;
    const int32_t pixels = g->out_h * g->out_w;
    int8_t *weights = p->scratch;
    int8_t *columns = weights + FILTERS * padded(k);
    for (int32_t c = 0; c < g->out_c; c += FILTERS) {
        struct block b;
        load_block(p, c,
                   pack((const int8_t *)p->weights + (size_t)c * (size_t)k, k,
                        nn_min32(FILTERS, g->out_c - c), weights),
                   128, &b);
        for (int32_t at = 0; at < g->batches * pixels; at += PIXELS) {
            const int32_t count = nn_min32(PIXELS, g->batches * pixels - at);
            __m512i sum[PIXELS];
            for (int32_t i = 0; i < count; i++) {
                const int32_t pixel = (at + i) % pixels;
                const int8_t *image =
                    (const int8_t *)p->in +
                    (size_t)((at + i) / pixels) * (size_t)(g->in_h * g->in_w * g->in_c);
                column(p, image, pixel / g->out_w, pixel % g->out_w,
                       columns + (size_t)i * (size_t)padded(k));
            }
            eight(weights, columns, padded(k), b.start, sum);
            for (int32_t i = 0; i < count; i++) {
                finish(p, &b, sum[i], (int8_t *)p->out + (size_t)(at + i) * (size_t)g->out_c + c);
            }
        }
    }
}

#define PAIRS (NN_X86_TAPS / 2)

// Sixteen channels of a depthwise convolution: weights of each two taps, and where the taps lie from the first one.
struct channels {
    struct block b;
    __m512i weights[PAIRS];
    ptrdiff_t place[NN_X86_TAPS];
    int32_t pairs;
};

// Of two taps, sixteen channels each, the pairs.
static inline __m512i pairs(const int8_t *a, const int8_t *b, __mmask16 lanes)
{
    const __m128i x = _mm_maskz_loadu_epi8(lanes, a);
    const __m128i y = _mm_maskz_loadu_epi8(lanes, b);
    return _mm512_cvtepi8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(x, y), _mm_unpacklo_epi8(x, y)));
}

static void load_channels(const struct nn_conv *p, int32_t c, struct channels *k)
{
    static const int8_t none[FILTERS];
    const struct nn_window *g = &p->g;
    const int32_t taps = g->k_h * g->k_w;
    const __mmask16 lanes = (__mmask16)((1u << nn_min32(FILTERS, g->out_c - c)) - 1u);
    const int8_t *w = (const int8_t *)p->weights + c;
    __m512i total = _mm512_setzero_si512();
    k->pairs = (taps + 1) / 2;
    for (int32_t t = 0; t < 2 * k->pairs; t += 2, w += 2 * (size_t)g->out_c) {
        k->weights[t / 2] = pairs(w, t + 1 < taps ? w + g->out_c : none, lanes);
        total = _mm512_dpwssd_epi32(total, k->weights[t / 2], _mm512_set1_epi16(1));
    }
    for (int32_t t = 0; t < 2 * k->pairs;
         t++) { // a tap past the last has weight 0: any place will do
        const int32_t at = nn_min32(t, taps - 1);
        k->place[t] = ((ptrdiff_t)(at / g->k_w) * g->dilation_h * g->in_w +
                       (ptrdiff_t)(at % g->k_w) * g->dilation_w) *
                      g->in_c;
    }
    load_block(p, c, total, 0, &k->b);
}

// The window at (y, x) of an image, which begins at the first of the channels. zero: sixteen zero points.
static __m512i window(const struct nn_conv *p, const struct channels *k, const int8_t *image,
                      int32_t y, int32_t x, const int8_t *zero)
{
    const struct nn_window *g = &p->g;
    const int8_t *first = image + ((ptrdiff_t)y * g->in_w + x) * g->in_c;
    __m512i sum = k->b.start;
    if (y >= 0 && x >= 0 && y + (g->k_h - 1) * g->dilation_h < g->in_h &&
        x + (g->k_w - 1) * g->dilation_w < g->in_w) {
        for (int32_t t = 0; t < k->pairs; t++) {
            sum = _mm512_dpwssd_epi32(
                sum, pairs(first + k->place[2 * t], first + k->place[2 * t + 1], k->b.lanes),
                k->weights[t]);
        }
        return sum;
    }
    const int8_t *tap[NN_X86_TAPS + 1];
    int32_t n = 0;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        const int32_t at_y = y + ky * g->dilation_h;
        for (int32_t kx = 0; kx < g->k_w; kx++, n++) {
            const int32_t at_x = x + kx * g->dilation_w;
            const bool inside = at_y >= 0 && at_y < g->in_h && at_x >= 0 && at_x < g->in_w;
            tap[n] = inside ? image + ((ptrdiff_t)at_y * g->in_w + at_x) * g->in_c : zero;
        }
    }
    tap[n] = zero;
    for (int32_t t = 0; t < k->pairs; t++) {
        sum =
            _mm512_dpwssd_epi32(sum, pairs(tap[2 * t], tap[2 * t + 1], k->b.lanes), k->weights[t]);
    }
    return sum;
}

void nn_depthwise_i8_avx512(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    int8_t zero[FILTERS];
    memset(zero, -p->in_offset, sizeof zero);
    for (int32_t c = 0; c < g->out_c; c += FILTERS) {
        struct channels k;
        load_channels(p, c, &k);
        int8_t *out = (int8_t *)p->out + c;
        for (int32_t b = 0; b < g->batches; b++) {
            const int8_t *image =
                (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c) + c;
            for (int32_t y = 0; y < g->out_h; y++) {
                for (int32_t x = 0; x < g->out_w; x++, out += g->out_c) {
                    finish(p, &k.b,
                           window(p, &k, image, y * g->stride_h - g->pad_h,
                                  x * g->stride_w - g->pad_w, zero),
                           out);
                }
            }
        }
    }
}

void nn_fc_i8_avx512(const void *params)
{
    const struct nn_fc *p = params;
    struct block b;
    load_factors(p->multiplier, p->shift, p->per_channel, nn_min32(FILTERS, p->out_n), &b);
    for (int32_t n = 0; n < p->batches; n++) {
        const int8_t *x = (const int8_t *)p->in + (size_t)n * (size_t)p->in_n;
        int8_t *out = (int8_t *)p->out + (size_t)n * (size_t)p->out_n;
        for (int32_t o = 0; o < p->out_n; o += FILTERS) {
            const int32_t count = nn_min32(FILTERS, p->out_n - o);
            const int8_t *w[FILTERS];
            int32_t sums[FILTERS];
            for (int32_t f = 0; f < FILTERS; f++) {
                w[f] = (const int8_t *)p->weights +
                       (size_t)nn_min32(o + f, p->out_n - 1) * (size_t)p->in_n;
            }
            nn_x86_dots_16x1_avx512(w, &x, p->in_n, p->in_offset, sums);
            if (p->per_channel) {
                load_factors(p->multiplier + o, p->shift + o, 1, count, &b);
            }
            b.lanes = (__mmask16)((1u << count) - 1u);
            __m512i sum = _mm512_loadu_si512(sums);
            if (p->bias != NULL) {
                sum = _mm512_add_epi32(
                    sum, _mm512_maskz_loadu_epi32(b.lanes, (const int32_t *)p->bias + o));
            }
            finish_16(&b, sum, p->out_offset, p->lo, p->hi, out + o);
        }
    }
}
