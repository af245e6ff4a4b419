// CONV_2D and FULLY_CONNECTED on int8 around a function that computes dot products. Convolutions gather the
// inputs under four pixels as rows of bytes (or read them in place where a pixel is one) and run four filters at a time.
#include "firmware/core/nn/nn_dots.h"

static int8_t finish(int32_t sum, const int32_t *bias, int32_t channel, int32_t multiplier,
                     int32_t shift, int32_t offset, int32_t lo, int32_t hi)
{
    int32_t y = nn_wrap_add(sum, bias != NULL ? bias[channel] : 0);
    y = shift <= -2 ? nn_rescale_right(y, multiplier, shift) : nn_rescale(y, multiplier, shift);
    return (int8_t)nn_clamp(nn_wrap_add(y, offset), lo, hi);
}

// Bytes from from, or where that is NULL of one value; by words, which a small C library's memcpy does not.
static int8_t *put(int8_t *to, const int8_t *from, int32_t count, int8_t value)
{
    if (from == NULL) {
        memset(to, value, (size_t)count);
        return to + count;
    }
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        uint32_t word;
        memcpy(&word, from, 4);
        memcpy(to, &word, 4);
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

void nn_gather(const struct nn_conv *p, const int8_t *image, int32_t y, int32_t x, int8_t *to)
{
    const struct nn_window *g = &p->g;
    int8_t zero = (int8_t)-p->in_offset;
    int32_t x0 = x * g->stride_w - g->pad_w;
    bool whole = g->dilation_w == 1 && x0 >= 0 && x0 + g->k_w <= g->in_w;
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        int32_t in_y = y * g->stride_h - g->pad_h + ky * g->dilation_h;
        const int8_t *row = image + (size_t)in_y * (size_t)g->in_w * (size_t)g->in_c;
        if (in_y < 0 || in_y >= g->in_h) {
            to = put(to, NULL, g->k_w * g->in_c, zero);
            continue;
        }
        if (whole) {
            to = put(to, row + (size_t)x0 * (size_t)g->in_c, g->k_w * g->in_c, zero);
            continue;
        }
        for (int32_t kx = 0; kx < g->k_w; kx++) {
            int32_t in_x = x0 + kx * g->dilation_w;
            bool inside = in_x >= 0 && in_x < g->in_w;
            to = put(to, inside ? row + (size_t)in_x * (size_t)g->in_c : NULL, g->in_c, zero);
        }
    }
}

// Inputs under pixels [at, at + 4) of an image; the last one stands in for those past the end.
static void columns(const struct nn_conv *p, const int8_t *image, int32_t at, const int8_t **x)
{
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    bool in_place = nn_fit_in_place(p);
    for (int32_t i = 0; i < 4; i++) {
        int32_t pixel = nn_min32(at + i, g->out_h * g->out_w - 1);
        int32_t out_y = pixel / g->out_w;
        int32_t out_x = pixel % g->out_w;
        if (in_place) {
            x[i] = image + ((size_t)(out_y * g->stride_h) * (size_t)g->in_w +
                            (size_t)(out_x * g->stride_w)) *
                               (size_t)g->in_c;
            continue;
        }
        int8_t *to = (int8_t *)p->scratch + (size_t)i * (size_t)k;
        nn_gather(p, image, out_y, out_x, to);
        x[i] = to;
    }
}

__attribute__((weak, noinline)) void nn_finish(const struct nn_finish *f, const int32_t *sums,
                                               int32_t count, int32_t step, int8_t *out)
{
    const struct nn_finish q = *f;
    for (; count > 0; count--, out += step) {
        int32_t y = nn_wrap_add(*sums++, q.start);
        y = q.shift <= -2 ? nn_rescale_right(y, q.multiplier, q.shift)
                          : nn_rescale(y, q.multiplier, q.shift);
        *out = (int8_t)nn_clamp(nn_wrap_add(y, q.offset), q.lo, q.hi);
    }
}

__attribute__((weak)) void nn_dots_4(const int8_t *const *w, const int8_t *x, int32_t k,
                                     int32_t offset, int32_t *sums)
{
    const int8_t *w0 = w[0];
    const int8_t *w1 = w[1];
    const int8_t *w2 = w[2];
    const int8_t *w3 = w[3];
    uint32_t a = (uint32_t)sums[0];
    uint32_t b = (uint32_t)sums[1];
    uint32_t c = (uint32_t)sums[2];
    uint32_t d = (uint32_t)sums[3];
    for (int32_t i = 0; i < k; i++) {
        int32_t v = x[i] + offset;
        a += (uint32_t)(w0[i] * v);
        b += (uint32_t)(w1[i] * v);
        c += (uint32_t)(w2[i] * v);
        d += (uint32_t)(w3[i] * v);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

__attribute__((weak)) int32_t nn_recall_i16(int16_t *s, const int16_t *w, int32_t last,
                                            int32_t newest, int32_t zero)
{
    uint32_t sum = 0;
    for (; last > 0; last--, s++) {
        int32_t x = s[1];
        *s = (int16_t)x;
        sum += (uint32_t)*w++ * (uint32_t)(x - zero);
    }
    *s = (int16_t)newest;
    return (int32_t)(sum + (uint32_t)*w * (uint32_t)(newest - zero));
}

void nn_clamp_i8(int8_t *out, size_t count, int32_t lo, int32_t hi)
{
    for (size_t i = 0; (lo > INT8_MIN || hi < INT8_MAX) && i < count; i++) {
        out[i] = (int8_t)nn_clamp(out[i], lo, hi);
    }
}

void nn_conv_by_dots(const struct nn_conv *p, nn_dots dots)
{
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    int32_t pixels = g->out_h * g->out_w;
    int8_t *out = p->out;
    for (int32_t i = 0; i < g->batches * ((pixels + 3) / 4); i++) {
        int32_t b = i / ((pixels + 3) / 4);
        int32_t at = i % ((pixels + 3) / 4) * 4;
        const int8_t *x[4];
        columns(p, (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c), at,
                x);
        for (int32_t c = 0; c < g->out_c; c += 4) {
            const int8_t *w[4];
            int32_t sums[16];
            for (int32_t f = 0; f < 4; f++) {
                w[f] =
                    (const int8_t *)p->weights + (size_t)nn_min32(c + f, g->out_c - 1) * (size_t)k;
            }
            dots(w, x, k, p->in_offset, sums);
            size_t to = ((size_t)b * (size_t)pixels + (size_t)at) * (size_t)g->out_c;
            for (int32_t f = c; f < c + 4 && f < g->out_c; f++) {
                int32_t start = p->bias != NULL ? ((const int32_t *)p->bias)[f] : 0;
                const struct nn_finish q = {
                    start, p->multiplier[f], p->shift[f], p->out_offset, p->lo, p->hi};
                nn_finish(&q, sums + 4 * (f - c), nn_min32(4, pixels - at), g->out_c, out + to + f);
            }
        }
    }
}

void nn_fc_by_dots(const struct nn_fc *p, nn_dots dots)
{
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t *x = (const int8_t *)p->in + (size_t)b * (size_t)p->in_n;
        int8_t *out = (int8_t *)p->out + (size_t)b * (size_t)p->out_n;
        for (int32_t o = 0; o < p->out_n; o += 16) {
            const int8_t *w[16];
            int32_t sums[16];
            for (int32_t f = 0; f < 16; f++) {
                w[f] = (const int8_t *)p->weights +
                       (size_t)nn_min32(o + f, p->out_n - 1) * (size_t)p->in_n;
            }
            dots(w, &x, p->in_n, p->in_offset, sums);
            for (int32_t f = 0; f < 16 && o + f < p->out_n; f++) {
                int32_t q = p->per_channel ? o + f : 0;
                out[o + f] = finish(sums[f], p->bias, o + f, p->multiplier[q], p->shift[q],
                                    p->out_offset, p->lo, p->hi);
            }
        }
    }
}
