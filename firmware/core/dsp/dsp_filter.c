// Butterworth design by the bilinear transform, fixed Chebyshev filters for decimation, and running
// both.
#include "firmware/core/dsp/dsp_filter.h"
#include "firmware/core/dsp/mote_math.h"

void dsp_butterworth(struct dsp_filter *f, bool high_pass, unsigned order, float cutoff)
{
    float a = mote_tan_pi(cutoff), aa = a * a;
    memset(f, 0, sizeof(*f));
    f->sections = order / 2;
    for (unsigned i = 0; i < f->sections; i++) {
        struct dsp_section *s = &f->section[i];
        float r, unused;
        mote_sincos_turn(2 * i + 1, 4 * order, &r, &unused);
        float scale = 1.0f / (aa + 2.0f * a * r + 1.0f);
        s->b0 = high_pass ? scale : aa * scale;
        s->b1 = high_pass ? -2.0f * s->b0 : 2.0f * s->b0;
        s->b2 = s->b0;
        s->a1 = -2.0f * (1.0f - aa) * scale;
        s->a2 = (aa - 2.0f * a * r + 1.0f) * scale;
    }
}

void dsp_filter_run(struct dsp_filter *f, float *x, size_t n)
{
    for (unsigned k = 0; k < f->sections; k++) {
        const struct dsp_section s = f->section[k];
        float s0 = f->state[k][0], s1 = f->state[k][1];
        for (size_t i = 0; i < n; i++) {
            float in = x[i], out = s.b0 * in + s0;
            s0 = s.b1 * in - s.a1 * out + s1;
            s1 = s.b2 * in - s.a2 * out;
            x[i] = out;
        }
        f->state[k][0] = s0;
        f->state[k][1] = s1;
    }
}

// Chebyshev I of order 8, ripple 0.05 dB, cutoff 0.8 / ratio of the Nyquist frequency; every
// section has a gain of 1 at 0 Hz but the first one, which takes the ripple.
static const struct dsp_section by_3[4] = {
    {0.025738379f, 0.051476758f, 0.025738379f, -1.416907423f, 0.520455296f},
    {0.065089282f, 0.130178564f, 0.065089282f, -1.334274825f, 0.594631953f},
    {0.122064375f, 0.244128749f, 0.122064375f, -1.237675163f, 0.725932661f},
    {0.170174308f, 0.340348616f, 0.170174308f, -1.218086126f, 0.898783358f}};
static const struct dsp_section by_10[4] = {
    {0.002575848f, 0.005151697f, 0.002575848f, -1.820496864f, 0.830859740f},
    {0.006591702f, 0.013183405f, 0.006591702f, -1.828950562f, 0.855317371f},
    {0.012445664f, 0.024891329f, 0.012445664f, -1.851733448f, 0.901516106f},
    {0.016971241f, 0.033942481f, 0.016971241f, -1.896539596f, 0.964424558f}};

// The state that a constant input of x would have led to.
static void settle(struct dsp_filter *f, float x)
{
    for (unsigned k = 0; k < f->sections; k++) {
        const struct dsp_section *s = &f->section[k];
        float y = x * ((s->b0 + s->b1 + s->b2) / ((1.0f + s->a1) + s->a2));
        f->state[k][0] = y - s->b0 * x;
        f->state[k][1] = s->b2 * x - s->a2 * y;
        x = y;
    }
}

static size_t stage(float *x, size_t n, unsigned ratio)
{
    struct dsp_filter f;
    memcpy(f.section, ratio == 3 ? by_3 : by_10, sizeof(f.section));
    f.sections = 4;
    settle(&f, x[0]);
    dsp_filter_run(&f, x, n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i += ratio) {
        x[kept++] = x[i];
    }
    return kept;
}

// The stages of a ratio, the first one in the lowest digit; 0 for a ratio that has none.
static unsigned stages_of(unsigned ratio)
{
    switch (ratio) {
    case 3:
        return 1;
    case 10:
        return 2;
    case 30:
        return 21;
    case 100:
        return 22;
    case 1000:
        return 222;
    default:
        return 0;
    }
}

size_t dsp_decimated(size_t n, unsigned ratio)
{
    if (ratio == 1) {
        return n;
    }
    unsigned s = stages_of(ratio);
    if (!s) {
        return 0;
    }
    for (; s; s /= 10) {
        unsigned by = s % 10 == 1 ? 3 : 10;
        n = n / by + (n % by != 0);
    }
    return n;
}

size_t dsp_decimate(float *x, size_t n, unsigned ratio)
{
    if (n == 0) {
        return 0;
    }
    for (unsigned s = stages_of(ratio); s; s /= 10) {
        n = stage(x, n, s % 10 == 1 ? 3 : 10);
    }
    return n;
}
