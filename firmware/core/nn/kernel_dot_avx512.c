// Dot products by VPDPBUSD: 64 products of uint8 and int8 an instruction. Inputs become unsigned by adding
// 128; what that adds, and the offset, is repaired with the sum of the weights.
#include "firmware/core/nn/nn_x86.h"

#include <immintrin.h>

// Sums of the lanes of sixteen vectors, in order.
static inline __m512i sums_of(const __m512i *v)
{
    __m512i a[8];
    __m512i b[4];
    for (int i = 0; i < 8;
         i++) { // lanes 0 and 2, 1 and 3 of each quarter: of the first vector, then of the second
        a[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
    }
    for (int i = 0; i < 4; i++) { // each quarter: one lane of each of four vectors
        b[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(a[2 * i], a[2 * i + 1]),
                                _mm512_unpackhi_epi64(a[2 * i], a[2 * i + 1]));
    }
    const __m512i x = _mm512_add_epi32(_mm512_shuffle_i32x4(b[0], b[1], 0x88),
                                       _mm512_shuffle_i32x4(b[0], b[1], 0xdd));
    const __m512i y = _mm512_add_epi32(_mm512_shuffle_i32x4(b[2], b[3], 0x88),
                                       _mm512_shuffle_i32x4(b[2], b[3], 0xdd));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(x, y, 0x88), _mm512_shuffle_i32x4(x, y, 0xdd));
}

static inline __attribute__((always_inline)) void dots(const int8_t *const *w,
                                                       const int8_t *const *x, int32_t k,
                                                       int32_t offset, int32_t *sums,
                                                       const int f_count, const int p_count)
{
    const __m512i sign = _mm512_set1_epi8(-128);
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i acc[16];
    __m512i total[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        acc[i] = _mm512_setzero_si512();
        total[i] = _mm512_setzero_si512();
    }
    for (int32_t at = 0; at < k; at += 64) {
        __mmask64 mask = k - at >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (k - at)) - 1;
        __m512i in[4];
#pragma GCC unroll 4
        for (int p = 0; p < p_count; p++) {
            in[p] = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x[p] + at), sign);
        }
#pragma GCC unroll 16
        for (int f = 0; f < f_count; f++) {
            __m512i row = _mm512_maskz_loadu_epi8(mask, w[f] + at);
            total[f] = _mm512_dpbusd_epi32(total[f], ones, row);
#pragma GCC unroll 4
            for (int p = 0; p < p_count; p++) {
                acc[f * p_count + p] = _mm512_dpbusd_epi32(acc[f * p_count + p], in[p], row);
            }
        }
    }
    if (p_count == 1) {
        const __m512i repair = _mm512_mullo_epi32(sums_of(total), _mm512_set1_epi32(offset - 128));
        _mm512_storeu_si512(sums, _mm512_add_epi32(sums_of(acc), repair));
        return;
    }
#pragma GCC unroll 16
    for (int f = 0; f < f_count; f++) {
        uint32_t repair = (uint32_t)_mm512_reduce_add_epi32(total[f]) * (uint32_t)(offset - 128);
#pragma GCC unroll 4
        for (int p = 0; p < p_count; p++) {
            sums[f * p_count + p] =
                (int32_t)((uint32_t)_mm512_reduce_add_epi32(acc[f * p_count + p]) + repair);
        }
    }
}

void nn_x86_dots_4x4_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k,
                            int32_t offset, int32_t *sums)
{
    dots(w, x, k, offset, sums, 4, 4);
}

void nn_x86_dots_16x1_avx512(const int8_t *const *w, const int8_t *const *x, int32_t k,
                             int32_t offset, int32_t *sums)
{
    dots(w, x, k, offset, sums, 16, 1);
}
