// Vectors of floats as wide as the instruction set that a file is compiled for: GCC's vector types, with
// partial loads and stores where a row ends. Included by kern_body.c alone.
#ifndef TRAINER_VEC_H
#define TRAINER_VEC_H

#define ALWAYS static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#include <immintrin.h>
#define VW 16
#elif defined(__AVX2__)
#include <immintrin.h>
#define VW 8
#else
#define VW 4
#endif

typedef float vf __attribute__((vector_size(VW * 4), may_alias));
typedef int32_t vi __attribute__((vector_size(VW * 4), may_alias)); // what comparing two vf gives
typedef float vf_any __attribute__((vector_size(VW * 4), aligned(4), may_alias));

static inline vf v_load(const float *p)
{
    return *(const vf_any *)p;
}
static inline void v_store(float *p, vf v)
{
    *(vf_any *)p = v;
}

// The first n (1..VW) values; the others are 0.
static inline vf v_load_n(const float *p, int n)
{
#if defined(__AVX512F__)
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(__AVX2__)
    __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return (vf)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
#else
    vf v = {0};
    for (int i = 0; i < n; i++) {
        v[i] = p[i];
    }
    return v;
#endif
}

static inline void v_store_n(float *p, vf v, int n)
{
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif defined(__AVX2__)
    __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane), (__m256)v);
#else
    for (int i = 0; i < n; i++) {
        p[i] = v[i];
    }
#endif
}

static inline vf v_all(float x)
{
    vf v = {0};
    return v + x;
}
static inline vi vi_all(int32_t x)
{
    vi v = {0};
    return v + x;
}
static inline vf v_max(vf a, vf b)
{
    vi m = a > b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
}
static inline vf v_min(vf a, vf b)
{
    vi m = a < b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
}

#endif
