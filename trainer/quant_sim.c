// int8 operators by their definition. See quant_sim.h.
//
// A real factor m is kept as q * 2^(shift - 31), q of 31 bits; multiplying rounds twice, once to the high half of the
// 64-bit product and once when shifting right, each half away from zero: what TensorFlow Lite's kernels do.
#include "trainer/quant_sim.h"
#include "common/err.h"
#include "trainer/quant_sim_priv.h"

#include <math.h>

static struct factor factor_of(double m)
{
    int shift = 0;
    double half = frexp(m, &shift); // 0.5 <= half < 1
    int64_t q = llround(half * 2147483648.0);
    if (q == INT64_C(2147483648)) {
        q /= 2;
        shift++;
    }
    return shift < -31 ? (struct factor){0, 0} : (struct factor){(int32_t)q, shift};
}

static int32_t high_product(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    int64_t p = (int64_t)a * b;
    return (int32_t)((p + (p >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30))) /
                     (INT64_C(1) << 31));
}

static int32_t shift_right(int32_t x, int by)
{
    int32_t mask = (int32_t)((INT64_C(1) << by) - 1), rest = x & mask;
    return (x >> by) + (rest > (mask >> 1) + (x < 0));
}

int32_t quant_sim_times(int32_t x, struct factor f)
{
    int left = f.shift > 0 ? f.shift : 0, right = f.shift > 0 ? 0 : -f.shift;
    return shift_right(high_product((int32_t)((uint32_t)x << left), f.q), right);
}

static int8_t clamp(int32_t v, int32_t lo, int32_t hi)
{
    return (int8_t)(v < lo ? lo : v > hi ? hi : v);
}

struct bounds quant_sim_bounds(enum act act, const struct gtensor *t)
{
    struct bounds b = {t->wide ? INT16_MIN : -128, t->wide ? INT16_MAX : 127};
    if (act != ACT_NONE) {
        b.lo = t->zero_point > b.lo ? t->zero_point : b.lo;
    }
    if (act == ACT_RELU6) {
        int32_t six = t->zero_point + (int32_t)roundf(6 / t->scale);
        b.hi = six < b.hi ? six : b.hi;
    }
    return b;
}

static void run_conv(const struct quant_sim *s, const struct gop *o, const struct factor *f)
{
    const struct layer *l = o->l;
    const struct gtensor *ti = &s->g->t[o->in[0]], *to = &s->g->t[o->out];
    const int8_t *x = s->y[o->in[0]];
    int8_t *y = s->y[o->out];
    struct bounds b = quant_sim_bounds(o->act, to);
    bool deep = o->kind == GOP_DWCONV;
    int depth = deep ? 1 : l->x.c;
    for (int oy = 0; oy < l->y.h; oy++) {
        for (int ox = 0; ox < l->y.w; ox++) {
            for (int c = 0; c < o->channels; c++) {
                int32_t sum = o->qb[c];
                for (int ky = 0; ky < l->kh; ky++) {
                    for (int kx = 0; kx < l->kw; kx++) {
                        int iy = oy * l->sh - l->pad_t + ky, ix = ox * l->sw - l->pad_l + kx;
                        if (iy < 0 || iy >= l->x.h || ix < 0 || ix >= l->x.w) {
                            continue;
                        }
                        const int8_t *in = x + (iy * l->x.w + ix) * l->x.c +
                                           (deep ? c / (o->channels / l->x.c) : 0);
                        const int8_t *w = deep ? o->qw + (ky * l->kw + kx) * o->channels + c
                                               : o->qw + ((c * l->kh + ky) * l->kw + kx) * depth;
                        for (int i = 0; i < depth; i++) {
                            sum += (in[i] - ti->zero_point) * w[i];
                        }
                    }
                }
                *y++ = clamp(quant_sim_times(sum, f[c]) + to->zero_point, b.lo, b.hi);
            }
        }
    }
}

static void run_dense(const struct quant_sim *s, const struct gop *o, const struct factor *f)
{
    const struct gtensor *ti = &s->g->t[o->in[0]], *to = &s->g->t[o->out];
    struct bounds b = quant_sim_bounds(o->act, to);
    size_t in = o->w_len / (size_t)o->channels;
    for (int c = 0; c < o->channels; c++) {
        int32_t sum = o->qb[c];
        for (size_t i = 0; i < in; i++) {
            sum += (s->y[o->in[0]][i] - ti->zero_point) * o->qw[(size_t)c * in + i];
        }
        s->y[o->out][c] =
            clamp(quant_sim_times(sum, f[o->w_scales > 1 ? c : 0]) + to->zero_point, b.lo, b.hi);
    }
}

static int8_t pool_one(const struct gop *o, const int8_t *x, int oy, int ox, int c)
{
    const struct layer *l = o->l;
    int32_t sum = 0, top = -128, count = 0;
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            int iy = oy * l->sh - l->pad_t + ky, ix = ox * l->sw - l->pad_l + kx;
            if (iy >= 0 && iy < l->x.h && ix >= 0 && ix < l->x.w) {
                int32_t v = x[(iy * l->x.w + ix) * l->x.c + c];
                sum += v;
                top = v > top ? v : top;
                count++;
            }
        }
    }
    return o->kind == GOP_MAXPOOL
               ? (int8_t)top
               : clamp((sum + (sum > 0 ? count / 2 : -(count / 2))) / count, -128, 127);
}

static void run_pool(const struct quant_sim *s, const struct gop *o)
{
    const struct layer *l = o->l;
    int8_t *y = s->y[o->out];
    for (int oy = 0; oy < l->y.h; oy++) {
        for (int ox = 0; ox < l->y.w; ox++) {
            for (int c = 0; c < l->y.c; c++) {
                *y++ = pool_one(o, s->y[o->in[0]], oy, ox, c);
            }
        }
    }
}

#define ADD_SHIFT 20 // head room that both addends are raised by

static void run_add(const struct quant_sim *s, const struct gop *o, const struct factor *f)
{
    const struct gtensor *a = &s->g->t[o->in[0]], *b = &s->g->t[o->in[1]], *to = &s->g->t[o->out];
    struct bounds range = quant_sim_bounds(o->act, to);
    size_t n = shape_len(to->s);
    for (size_t i = 0; i < n; i++) {
        int32_t va = quant_sim_times((s->y[o->in[0]][i] - a->zero_point) * (1 << ADD_SHIFT), f[0]);
        int32_t vb = quant_sim_times((s->y[o->in[1]][i] - b->zero_point) * (1 << ADD_SHIFT), f[1]);
        s->y[o->out][i] =
            clamp(quant_sim_times(va + vb, f[2]) + to->zero_point, range.lo, range.hi);
    }
}

static void run_mul(const struct quant_sim *s, const struct gop *o, struct factor f)
{
    const struct gtensor *a = &s->g->t[o->in[0]], *b = &s->g->t[o->in[1]], *to = &s->g->t[o->out];
    for (size_t i = 0; i < shape_len(to->s); i++) {
        int32_t product = (s->y[o->in[0]][i] - a->zero_point) * (s->y[o->in[1]][i] - b->zero_point);
        s->y[o->out][i] = clamp(quant_sim_times(product, f) + to->zero_point, -128, 127);
    }
}

static void run_concat(const struct quant_sim *s, const struct gop *o)
{
    struct shape y = s->g->t[o->out].s;
    int8_t *to = s->y[o->out];
    for (size_t i = 0; i < (size_t)(y.h * y.w); i++) {
        for (int j = 0; j < 2 + o->more; j++) {
            size_t c = (size_t)s->g->t[o->in[j]].s.c;
            memcpy(to, s->y[o->in[j]] + i * c, c);
            to += c;
        }
    }
}

// exp(x) for x in [-1/4, 0), Q0.31: a fourth-order series around -1/8.
static int32_t exp_quarter(int32_t a)
{
    int32_t x = a + (1 << 28);
    int32_t x2 = high_product(x, x), x3 = high_product(x2, x), x4 = high_product(x2, x2);
    int32_t third = high_product(shift_right(x4, 2) + x3, 715827883);
    return 1895147668 + high_product(1895147668, x + shift_right(third + x2, 1));
}

// exp(x) for x <= 0 in Q5.26, to Q0.31: the last two bits by the series, the others by a table of exp(-2^k).
static int32_t exp_negative(int32_t x)
{
    static const int32_t step[7] = {1672461947, 1302514674, 790015084, 290630308,
                                    39332535,   720401,     242};
    const int32_t quarter = 1 << 24;
    if (x == 0) {
        return INT32_MAX;
    }
    int32_t rest = (x & (quarter - 1)) - quarter;
    int32_t y = exp_quarter((int32_t)((uint32_t)rest << 5));
    int32_t whole = rest - x;
    for (int i = 0; i < 7; i++) {
        y = whole & (quarter << i) ? high_product(y, step[i]) : y;
    }
    return y;
}

// 1 / (1 + x) for x in [0, 1), Q0.31: three Newton steps from 48/17 - 32/17 d.
static int32_t reciprocal(int32_t x)
{
    int64_t sum = (int64_t)x + INT32_MAX;
    int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t r = 1515870810 + high_product(half, -1010580540); // Q2.29
    for (int i = 0; i < 3; i++) {
        int32_t rest = (1 << 29) - high_product(half, r);
        int64_t more = (int64_t)high_product(r, rest) * 4;
        r += (int32_t)(more > INT32_MAX ? INT32_MAX : more < INT32_MIN ? INT32_MIN : more);
    }
    int64_t full = (int64_t)r * 2; // Q2.29 to Q1.30, then read as Q0.31 of half the value
    return (int32_t)(full > INT32_MAX ? INT32_MAX : full);
}

static void softmax_row(const struct quant_sim *s, const struct gop *o, struct factor f, size_t row)
{
    int n = s->g->t[o->in[0]].s.c;
    const int8_t *x = (const int8_t *)s->y[o->in[0]] + row * (size_t)n;
    int8_t *y = (int8_t *)s->y[o->out] + row * (size_t)n;
    int32_t top = -128, sum = 0;
    int32_t lowest = -(int32_t)((INT64_C(31) << 26) >> f.shift);
    for (int i = 0; i < n; i++) {
        top = x[i] > top ? x[i] : top;
    }
    for (int i = 0; i < n; i++) {
        if (x[i] - top >= lowest) {
            sum += shift_right(exp_negative(high_product((x[i] - top) * (1 << f.shift), f.q)), 12);
        }
    }
    int headroom = __builtin_clz((unsigned)sum);
    int32_t r = reciprocal((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
    for (int i = 0; i < n; i++) {
        int32_t v = -128;
        if (x[i] - top >= lowest) {
            int32_t e = exp_negative(high_product((x[i] - top) * (1 << f.shift), f.q));
            int by = 12 - headroom + 31 - 8;
            v += shift_right(high_product(r, e), by > 31 ? 31 : by);
        }
        y[i] = clamp(v, -128, 127);
    }
}

static void run_softmax(const struct quant_sim *s, const struct gop *o, struct factor f)
{
    struct shape shape = s->g->t[o->in[0]].s;
    for (size_t row = 0; row < (size_t)shape.h * (size_t)shape.w; row++) {
        softmax_row(s, o, f, row);
    }
}

static int prepare(struct quant_sim *s, int index)
{
    const struct gop *o = &s->g->op[index];
    const struct gtensor *a = &s->g->t[o->in[0]], *to = &s->g->t[o->out];
    struct factor *f = calloc((size_t)o->channels + 3, sizeof(*f));
    s->factor[index] = f;
    if (!f) {
        return E_MEM;
    }
    if (o->kind == GOP_DENSE &&
        o->w_scales == 1) { // the product of the two scales is taken in float
        float product = a->scale * o->w_scale[0];
        f[0] = factor_of((double)product / (double)to->scale);
    } else if (o->w) {
        for (int c = 0; c < o->channels; c++) {
            f[c] = factor_of((double)a->scale * (double)o->w_scale[c] / (double)to->scale);
        }
    } else if (o->kind == GOP_ADD) {
        const struct gtensor *b = &s->g->t[o->in[1]];
        double twice = 2 * (double)fmaxf(a->scale, b->scale);
        f[0] = factor_of((double)a->scale / twice);
        f[1] = factor_of((double)b->scale / twice);
        f[2] = factor_of(twice / ((double)(1 << ADD_SHIFT) * (double)to->scale));
    } else if (o->kind == GOP_MUL) {
        f[0] = factor_of((double)a->scale * (double)s->g->t[o->in[1]].scale / (double)to->scale);
    } else if (o->kind == GOP_MEAN || o->kind == GOP_QUANTIZE) {
        f[0] = factor_of((double)a->scale / (double)to->scale);
    } else if (o->kind == GOP_SOFTMAX) {
        f[0] = factor_of(fmin((double)a->scale * (double)(1 << 26), 2147483647.0));
    }
    return OK;
}

struct quant_sim *quant_sim_new(const struct graph *g, struct err *e)
{
    struct quant_sim *s = calloc(1, sizeof(*s));
    size_t bytes = 0;
    for (int i = 0; i < g->tensors; i++) {
        bytes += 2 * shape_len(g->t[i].s);
    }
    int rc = s ? OK : E_MEM;
    if (s) {
        s->g = g;
        s->y = calloc((size_t)g->tensors, sizeof(*s->y));
        s->factor = calloc((size_t)g->ops, sizeof(*s->factor));
        s->memory = malloc(bytes);
        rc = s->y && s->factor && s->memory ? OK : E_MEM;
    }
    for (size_t i = 0, at = 0; rc == OK && i < (size_t)g->tensors;
         at += 2 * shape_len(g->t[i].s), i++) {
        s->y[i] = s->memory + at;
    }
    for (int i = 0; i < g->ops && rc == OK; i++) {
        rc = prepare(s, i);
    }
    if (rc) {
        quant_sim_free(s);
        err_set(e, E_MEM, "out of memory");
        return NULL;
    }
    return s;
}

void quant_sim_free(struct quant_sim *s)
{
    if (!s) {
        return;
    }
    for (int i = 0; s->factor && i < s->g->ops; i++) {
        free(s->factor[i]);
    }
    free(s->factor);
    free(s->y);
    free(s->memory);
    free(s);
}

const void *quant_sim_run(struct quant_sim *s, const void *in)
{
    const struct graph *g = s->g;
    memcpy(s->y[g->input], in, shape_len(g->t[g->input].s) * (g->t[g->input].wide ? 2 : 1));
    for (int i = 0; i < g->ops; i++) {
        const struct gop *o = &g->op[i];
        if (g->t[o->in[0]].wide) {
            quant_sim_wide(s, i);
            continue;
        }
        switch (o->kind) {
        case GOP_CONV:
        case GOP_DWCONV: run_conv(s, o, s->factor[i]); break;
        case GOP_DENSE: run_dense(s, o, s->factor[i]); break;
        case GOP_MAXPOOL:
        case GOP_AVGPOOL: run_pool(s, o); break;
        case GOP_ADD: run_add(s, o, s->factor[i]); break;
        case GOP_CONCAT: run_concat(s, o); break;
        case GOP_RESHAPE: memcpy(s->y[o->out], s->y[o->in[0]], shape_len(g->t[o->out].s)); break;
        case GOP_SOFTMAX: run_softmax(s, o, s->factor[i][0]); break;
        case GOP_MUL: run_mul(s, o, s->factor[i][0]); break;
        case GOP_MEAN:
        case GOP_QUANTIZE: break; // of wide inputs alone
        }
    }
    return s->y[g->output];
}
