// Elementary functions: argument reduction by the bits of the number, then short polynomials.
#include "firmware/core/dsp/mote_math.h"

#define LN2_HI 0.693359375f // nine bits: whole multiples of it are exact
#define LN2_LO -2.12194440e-4f
#define TWO_PI 6.28318530718f

static uint32_t bits_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

static float of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, 4);
    return x;
}

bool mote_is_finite(float x)
{
    return (bits_of(x) & 0x7f800000u) != 0x7f800000u;
}

int mote_exponent(float x)
{
    return (int)(bits_of(x) >> 23 & 0xff) - 127;
}

float mote_pow2(int e)
{
    return of_bits((uint32_t)(e + 127) << 23);
}

float mote_rint(float x)
{
    const float shift = 12582912.0f; // 1.5 * 2^23: adding it leaves no bits for a fraction
    return (x + shift) - shift;
}

// Splits a positive number into mantissa bits (24, the first one set) and the exponent of its last
// bit's neighbour: x = m * 2^(e - 23).
static uint32_t split(float x, int *e)
{
    uint32_t u = bits_of(x);
    uint32_t m = u & 0x7fffffu;
    *e = (int)(u >> 23) - 127;
    if (u >> 23 == 0) { // denormal
        *e = -126;
        while (!(m & 0x800000u)) {
            m <<= 1;
            (*e)--;
        }
        return m;
    }
    return m | 0x800000u;
}

float mote_sqrt(float x)
{
    int e;
    if (!(x > 0.0f)) {
        return 0.0f;
    }
    if (!mote_is_finite(x)) {
        return MOTE_FLT_MAX;
    }
    uint32_t m = split(x, &e);
    if (e & 1) {
        m <<= 1;
        e--;
    }
    // One bit of the root at a time, 25 of them: the last one rounds.
    uint32_t root = 0, sum = 0, rest = m << 1;
    for (uint32_t bit = 1u << 24; bit; bit >>= 1) {
        uint32_t t = sum + bit;
        if (t <= rest) {
            sum = t + bit;
            rest -= t;
            root += bit;
        }
        rest <<= 1;
    }
    if (rest) {
        root += root & 1;
    }
    return of_bits((root >> 1) + ((uint32_t)(e / 2 + 126) << 23));
}

// ln of a mantissa and its exponent: x = m * 2^e with 0.70 < m < 1.42.
static float log_mantissa(float x, float *e)
{
    int exponent;
    uint32_t m = split(x, &exponent);
    if (m > 0xb504f3u) { // sqrt(2)
        exponent++;
        x = of_bits((m & 0x7fffffu) + (126u << 23));
    } else {
        x = of_bits((m & 0x7fffffu) + (127u << 23));
    }
    *e = (float)exponent;
    float f = x - 1.0f;
    float s = f / (2.0f + f);
    float z = s * s;
    float r = z * (0.66666666667f + z * (0.4f + z * (0.28571428571f + z * 0.22222222222f)));
    // ln(1 + f) = f - s * (f - r): the large part is exact.
    return f - s * (f - r);
}

float mote_log(float x)
{
    float e;
    if (!(x > 0.0f)) {
        return -MOTE_FLT_MAX;
    }
    float r = log_mantissa(x, &e);
    return e * LN2_HI + (e * LN2_LO + r);
}

float mote_log10(float x)
{
    float e;
    if (!(x > 0.0f)) {
        return -MOTE_FLT_MAX;
    }
    float r = log_mantissa(x, &e);
    // log10(2) in a part of nine bits and the rest, as above.
    return e * 0.30078125f + (e * 2.48745664e-4f + r * 0.43429448190f);
}

float mote_exp(float x)
{
    if (!(x > -87.3f)) {
        return 0.0f;
    }
    if (x > 88.7f) {
        return MOTE_FLT_MAX;
    }
    float k = mote_rint(x * 1.44269504089f);
    float r = (x - k * LN2_HI) - k * LN2_LO;
    float p = 1.0f / 720.0f + r * (1.0f / 5040.0f);
    p = 1.0f / 24.0f + r * (1.0f / 120.0f + r * p);
    p = r + r * r * (0.5f + r * (1.0f / 6.0f + r * p));
    int e = (int)k;
    if (e > 127) { // 2^128 is no float, the product may be
        return (1.0f + p) * mote_pow2(127) * 2.0f;
    }
    return (1.0f + p) * mote_pow2(e);
}

// Sine and cosine of t turns, 0 <= t <= 1/8.
static void sincos_eighth(float t, float *s, float *c)
{
    float x = t * TWO_PI;
    float z = x * x;
    *s = x +
         x * z *
             (-1.0f / 6.0f + z * (1.0f / 120.0f + z * (-1.0f / 5040.0f + z * (1.0f / 362880.0f))));
    float q = 1.0f / 40320.0f - z * (1.0f / 3628800.0f);
    *c = 1.0f - z * (0.5f - z * (1.0f / 24.0f - z * (1.0f / 720.0f - z * q)));
}

void mote_sincos_turn(uint32_t num, uint32_t den, float *sine, float *cosine)
{
    float s, c;
    num %= den;
    // Quarter of the turn, and the rest in units of 1 / (4 den).
    uint32_t scaled = num * 4;
    unsigned quarter = (unsigned)(scaled / den);
    uint32_t rest = scaled % den;
    if (rest * 2 > den) { // nearer to the next quarter: mirror
        sincos_eighth((float)(den - rest) / (4.0f * (float)den), &c, &s);
    } else {
        sincos_eighth((float)rest / (4.0f * (float)den), &s, &c);
    }
    switch (quarter) {
    case 0:
        *sine = s;
        *cosine = c;
        break;
    case 1:
        *sine = c;
        *cosine = -s;
        break;
    case 2:
        *sine = -s;
        *cosine = -c;
        break;
    default:
        *sine = -c;
        *cosine = s;
        break;
    }
}

float mote_tan_pi(float x)
{
    float s, c;
    if (x > 0.25f) {
        sincos_eighth((0.5f - x) * 0.5f, &c, &s);
    } else {
        sincos_eighth(x * 0.5f, &s, &c);
    }
    return s / c;
}
