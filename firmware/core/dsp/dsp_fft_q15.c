// The same structure as dsp_fft.c in int16. Before every pass all values are shifted right,
// rounded, as far as the pass may let them grow: by 4 in the first one, by 1 + sqrt(2) in the
// others.
#include "firmware/core/dsp/dsp_fft_q15.h"
#include "firmware/core/dsp/mote_math.h"

#define LIMIT_FIRST 8191
#define LIMIT_PASS 13540 // 32767 / (1 + sqrt(2)) with room for rounding

void dsp_q15_table(int16_t *table, unsigned n)
{
    for (unsigned k = 0; k <= n / 4; k++) {
        float sine, cosine;
        mote_sincos_turn(k, n, &sine, &cosine);
        int v = (int)mote_rint(cosine * 32768.0f);
        table[k] = (int16_t)(v > 32767 ? 32767 : v);
    }
}

// Shifts all values until none is beyond limit.
static int make_room(int16_t *x, unsigned n, int limit)
{
    int largest = 0, shift = 0;
    for (unsigned i = 0; i < n; i++) {
        int a = x[i] < 0 ? -x[i] : x[i];
        largest = a > largest ? a : largest;
    }
    while (largest > limit) {
        largest = (largest + 1) / 2;
        shift++;
    }
    if (shift) {
        for (unsigned i = 0; i < n; i++) {
            x[i] = (int16_t)dsp_shift_q15(x[i], shift);
        }
    }
    return shift;
}

static void bit_reverse(int16_t *x, unsigned m)
{
    unsigned j = 0;
    for (unsigned i = 0; i + 1 < m; i++) {
        if (i < j) {
            int16_t re = x[2 * i], im = x[2 * i + 1];
            x[2 * i] = x[2 * j];
            x[2 * i + 1] = x[2 * j + 1];
            x[2 * j] = re;
            x[2 * j + 1] = im;
        }
        unsigned bit = m >> 1;
        while (j & bit) {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
    }
}

static void first_pass(int16_t *x, unsigned m)
{
    for (int16_t *p = x; p < x + 2 * (size_t)m; p += 8) {
        int ar = p[0] + p[2], ai = p[1] + p[3], br = p[0] - p[2], bi = p[1] - p[3];
        int cr = p[4] + p[6], ci = p[5] + p[7], dr = p[4] - p[6], di = p[5] - p[7];
        p[0] = (int16_t)(ar + cr);
        p[1] = (int16_t)(ai + ci);
        p[2] = (int16_t)(br + di);
        p[3] = (int16_t)(bi - dr);
        p[4] = (int16_t)(ar - cr);
        p[5] = (int16_t)(ai - ci);
        p[6] = (int16_t)(br - di);
        p[7] = (int16_t)(bi + dr);
    }
}

static void pass(const int16_t *table, unsigned n, int16_t *x, unsigned m, unsigned half)
{
    unsigned step = n / (2 * half), quarter = n / 4;
    for (unsigned j = 0; j < half; j++) {
        unsigned k = j * step;
        int c = k <= quarter ? table[k] : -table[n / 2 - k];
        int s = k <= quarter ? table[quarter - k] : table[k - quarter];
        for (unsigned i = j; i < m; i += 2 * half) {
            int16_t *p = x + 2 * i, *q = x + 2 * (i + half);
            int re = q[0], im = q[1];
            if (j) { // 32767 is not quite 1
                re = (q[0] * c + q[1] * s + 0x4000) >> 15;
                im = (q[1] * c - q[0] * s + 0x4000) >> 15;
            }
            q[0] = (int16_t)(p[0] - re);
            q[1] = (int16_t)(p[1] - im);
            p[0] = (int16_t)(p[0] + re);
            p[1] = (int16_t)(p[1] + im);
        }
    }
}

static uint32_t squares(int re, int im)
{
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

int dsp_q15_power(const int16_t *table, unsigned n, int16_t *x, uint32_t *power)
{
    unsigned m = n / 2;
    int exponent = make_room(x, n, LIMIT_FIRST);
    bit_reverse(x, m);
    first_pass(x, m);
    for (unsigned half = 4; half < m; half *= 2) {
        exponent += make_room(x, n, LIMIT_PASS);
        pass(table, n, x, m, half);
    }
    exponent += make_room(x, n, LIMIT_PASS);
    power[0] = squares(x[0] + x[1], 0);
    power[m] = squares(x[0] - x[1], 0);
    for (unsigned k = 1; k <= m / 2; k++) {
        const int16_t *p = x + 2 * k, *q = x + 2 * (m - k);
        int er = p[0] + q[0], ei = p[1] - q[1]; // twice the even part
        int odd_r = p[1] + q[1], odd_i = q[0] - p[0];
        int c = table[k], s = table[n / 4 - k];
        int tr = (c * odd_r + s * odd_i + 0x4000) >> 15,
            ti = (c * odd_i - s * odd_r + 0x4000) >> 15;
        power[k] = squares(dsp_shift_q15(er + tr, 1), dsp_shift_q15(ei + ti, 1));
        power[m - k] = squares(dsp_shift_q15(er - tr, 1), dsp_shift_q15(ei - ti, 1));
    }
    return exponent;
}

// log2(1 + i / 64) in units of 1/65536.
static const uint16_t log2_table[64] = {
    0,     1466,  2909,  4331,  5732,  7112,  8473,  9814,  11136, 12440, 13727, 14996, 16248,
    17484, 18704, 19909, 21098, 22272, 23433, 24579, 25711, 26830, 27936, 29029, 30109, 31178,
    32234, 33279, 34312, 35334, 36346, 37346, 38336, 39316, 40286, 41246, 42196, 43137, 44068,
    44990, 45904, 46809, 47705, 48593, 49472, 50344, 51207, 52063, 52911, 53751, 54584, 55410,
    56229, 57040, 57845, 58643, 59434, 60219, 60997, 61769, 62534, 63294, 64047, 64794};

int32_t dsp_log2_q16(uint64_t v)
{
    int32_t whole = 31;
    uint32_t high = (uint32_t)(v >> 32);
    if (high) {
        int excess = 32 - __builtin_clz(high);
        v >>= excess;
        whole += excess;
    }
    int missing = __builtin_clz((uint32_t)v);
    uint32_t m = (uint32_t)v << missing;
    whole -= missing;
    uint32_t i = m >> 25 & 63, rest = m >> 9 & 0xffff;
    uint32_t from = log2_table[i], to = i == 63 ? 65536u : log2_table[i + 1];
    return whole * 65536 + (int32_t)(from + ((to - from) * rest >> 16));
}
