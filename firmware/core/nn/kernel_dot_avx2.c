// Dot products by VPMADDWD: 16 products of int16 an instruction, added in pairs.
#include "firmware/core/nn/nn_x86.h"

#include <immintrin.h>

static inline __m256i widen(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline uint32_t add_lanes(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(s);
}

// One row of weights against p_count inputs.
static inline __attribute__((always_inline)) void row_dots(const int8_t *w, const int8_t *const *x,
                                                           int32_t k, int32_t offset, int32_t *sums,
                                                           const int p_count)
{
    const __m256i plus = _mm256_set1_epi16((int16_t)offset);
    __m256i acc[4];
    int32_t at = 0;
#pragma GCC unroll 4
    for (int p = 0; p < p_count; p++) {
        acc[p] = _mm256_setzero_si256();
    }
    for (; at + 16 <= k; at += 16) {
        __m256i row = widen(w + at);
#pragma GCC unroll 4
        for (int p = 0; p < p_count; p++) {
            acc[p] = _mm256_add_epi32(
                acc[p], _mm256_madd_epi16(row, _mm256_add_epi16(widen(x[p] + at), plus)));
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < p_count; p++) {
        uint32_t sum = add_lanes(acc[p]);
        for (int32_t i = at; i < k; i++) {
            sum += (uint32_t)(w[i] * (x[p][i] + offset));
        }
        sums[p] = (int32_t)sum;
    }
}

void nn_x86_dots_4x4_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k, int32_t offset,
                          int32_t *sums)
{
    for (int f = 0; f < 4; f++) {
        row_dots(w[f], x, k, offset, sums + 4 * f, 4);
    }
}

void nn_x86_dots_16x1_avx2(const int8_t *const *w, const int8_t *const *x, int32_t k,
                           int32_t offset, int32_t *sums)
{
    for (int f = 0; f < 16; f++) {
        row_dots(w[f], x, k, offset, sums + f, 1);
    }
}
