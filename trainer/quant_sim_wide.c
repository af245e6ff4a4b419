// Operators with int16 activations and int8 weights, by their definition. See quant_sim.h.
//
// Sums are 64 bits wide and scaled by a factor of 16 bits only: q rounded to its upper half, one
// rounding shift.
#include "trainer/quant_sim_priv.h"

static int16_t *values(const struct quant_sim *s, int tensor)
{
    return (int16_t *)(void *)s->y[tensor];
}

static int32_t scaled(int64_t sum, struct factor f)
{
    int32_t q = f.q < 0x7FFF0000 ? (f.q + (1 << 15)) >> 16 : 0x7FFF;
    int by = 15 - f.shift;
    return (int32_t)((sum * q + (INT64_C(1) << (by - 1))) >> by);
}

static int16_t clamped(int32_t v, struct bounds b)
{
    return (int16_t)(v < b.lo ? b.lo : v > b.hi ? b.hi : v);
}

static int64_t conv_sum(const struct quant_sim *s, const struct gop *o, int oy, int ox, int c)
{
    const struct layer *l = o->l;
    const int16_t *x = values(s, o->in[0]);
    bool deep = o->kind == GOP_DWCONV;
    int depth = deep ? 1 : l->x.c;
    int64_t sum = o->qb_wide[c];
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            int iy = oy * l->sh - l->pad_t + ky, ix = ox * l->sw - l->pad_l + kx;
            if (iy < 0 || iy >= l->x.h || ix < 0 || ix >= l->x.w) {
                continue;
            }
            const int16_t *in = x + (iy * l->x.w + ix) * l->x.c + (deep ? c : 0);
            const int8_t *w = deep ? o->qw + (ky * l->kw + kx) * o->channels + c
                                   : o->qw + ((c * l->kh + ky) * l->kw + kx) * depth;
            for (int i = 0; i < depth; i++) {
                sum += in[i] * w[i];
            }
        }
    }
    return sum;
}

static void run_conv(const struct quant_sim *s, const struct gop *o, const struct factor *f)
{
    int16_t *y = values(s, o->out);
    struct bounds b = quant_sim_bounds(o->act, &s->g->t[o->out]);
    for (int oy = 0; oy < o->l->y.h; oy++) {
        for (int ox = 0; ox < o->l->y.w; ox++) {
            for (int c = 0; c < o->channels; c++) {
                *y++ = clamped(scaled(conv_sum(s, o, oy, ox, c), f[c]), b);
            }
        }
    }
}

static void run_dense(const struct quant_sim *s, const struct gop *o, const struct factor *f)
{
    const int16_t *x = values(s, o->in[0]);
    struct bounds b = quant_sim_bounds(o->act, &s->g->t[o->out]);
    size_t in = o->w_len / (size_t)o->channels;
    for (int c = 0; c < o->channels; c++) {
        int64_t sum = o->qb_wide[c];
        for (size_t i = 0; i < in; i++) {
            sum += x[i] * o->qw[(size_t)c * in + i];
        }
        values(s, o->out)[c] = clamped(scaled(sum, f[o->w_scales > 1 ? c : 0]), b);
    }
}

// The factor is that of the sum's scale; the count is divided out of it in whole numbers, as far as
// its bits allow.
static void run_mean(const struct quant_sim *s, const struct gop *o, struct factor f)
{
    struct shape x = s->g->t[o->in[0]].s;
    int count = x.h * x.w, shift = 0;
    while (count >> shift > 1) {
        shift++;
    }
    shift = shift < 31 + f.shift ? shift : 31 + f.shift;
    f.q = (int32_t)(((int64_t)f.q << shift) / count);
    f.shift -= shift;
    for (int c = 0; c < x.c; c++) {
        int32_t sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values(s, o->in[0])[i * x.c + c];
        }
        values(s, o->out)[c] =
            clamped(quant_sim_times(sum, f), (struct bounds){INT16_MIN, INT16_MAX});
    }
}

static void run_quantize(const struct quant_sim *s, const struct gop *o, struct factor f)
{
    const struct gtensor *to = &s->g->t[o->out];
    for (size_t i = 0; i < shape_len(to->s); i++) {
        int32_t v = quant_sim_times(values(s, o->in[0])[i], f) + to->zero_point;
        s->y[o->out][i] = (int8_t)clamped(v, (struct bounds){INT8_MIN, INT8_MAX});
    }
}

void quant_sim_wide(const struct quant_sim *s, int index)
{
    const struct gop *o = &s->g->op[index];
    const struct factor *f = s->factor[index];
    switch (o->kind) {
    case GOP_CONV:
    case GOP_DWCONV:
        run_conv(s, o, f);
        break;
    case GOP_DENSE:
        run_dense(s, o, f);
        break;
    case GOP_MEAN:
        run_mean(s, o, f[0]);
        break;
    case GOP_QUANTIZE:
        run_quantize(s, o, f[0]);
        break;
    default:
        memcpy(s->y[o->out], s->y[o->in[0]], 2 * shape_len(s->g->t[o->out].s));
        break; // RESHAPE; graph_widen makes no others
    }
}
