// CONV_2D on int8 for Cortex-M with the DSP extension.
//
// The inputs under four output pixels become four widened columns, interleaved; each filter then runs
// along its bytes once for all four. Padding is a zero after the offset is added. Where the channels are not
// a multiple of four, a column is first gathered as bytes, so that widening always sees whole words.
#include "firmware/core/nn/kernel_dsp.h"

#define COLUMNS 4

struct column {
    const struct nn_conv *p;
    uint32_t *to;   // next word to write
    uint8_t *bytes; // gathered column, NULL where the input is widened in place
    uint32_t plus;  // the input's offset, as a pair
};

static int32_t padded(int32_t n)
{
    return (n + 3) / 4 * 4;
}

static void put_zeros(struct column *c, int32_t count)
{
    if (c->bytes != NULL) {
        memset(c->bytes, -c->p->in_offset, (size_t)count);
        c->bytes += count;
        return;
    }
    for (; count > 0; count -= 4, c->to += 2 * COLUMNS) {
        c->to[0] = 0;
        c->to[1] = 0;
    }
}

static void put(struct column *c, const int8_t *from, int32_t count)
{
    if (c->bytes != NULL) {
        memcpy(c->bytes, from, (size_t)count);
        c->bytes += count;
        return;
    }
    c->to = dsp_widen(c->to, from, count / 4, 2 * COLUMNS, c->plus);
}

// One row of the window: what lies left of the image, inside it, right of it.
static void put_row(struct column *c, const int8_t *row, int32_t x0)
{
    const struct nn_window *g = &c->p->g;
    int32_t left = x0 < 0 ? nn_min32(-x0, g->k_w) : 0;
    int32_t inside = nn_max32(nn_min32(x0 + g->k_w, g->in_w) - x0 - left, 0);
    put_zeros(c, left * g->in_c);
    put(c, row + (size_t)(x0 + left) * (size_t)g->in_c, inside * g->in_c);
    put_zeros(c, (g->k_w - left - inside) * g->in_c);
}

static void put_row_dilated(struct column *c, const int8_t *row, int32_t x0)
{
    const struct nn_window *g = &c->p->g;
    for (int32_t k = 0; k < g->k_w; k++) {
        int32_t x = x0 + k * g->dilation_w;
        if (x < 0 || x >= g->in_w) {
            put_zeros(c, g->in_c);
        } else {
            put(c, row + (size_t)x * (size_t)g->in_c, g->in_c);
        }
    }
}

// Column `which` of the four: the window of output pixel (y, x).
static void fill(const struct nn_conv *p, const int8_t *image, uint32_t *columns, int32_t which, int32_t y, int32_t x)
{
    const struct nn_window *g = &p->g;
    int32_t k = g->k_h * g->k_w * g->in_c;
    uint8_t *bytes = g->in_c % 4 == 0 ? NULL : (uint8_t *)(columns + COLUMNS * padded(k) / 2);
    struct column c = {p, columns + 2 * which, bytes, dsp_pair(p->in_offset)};
    for (int32_t ky = 0; ky < g->k_h; ky++) {
        int32_t in_y = y * g->stride_h - g->pad_h + ky * g->dilation_h;
        const int8_t *row = image + (size_t)in_y * (size_t)g->in_w * (size_t)g->in_c;
        if (in_y < 0 || in_y >= g->in_h) {
            put_zeros(&c, g->k_w * g->in_c);
        } else if (g->dilation_w == 1) {
            put_row(&c, row, x * g->stride_w - g->pad_w);
        } else {
            put_row_dilated(&c, row, x * g->stride_w - g->pad_w);
        }
    }
    if (bytes != NULL) {
        memset(c.bytes, -p->in_offset, (size_t)(padded(k) - k));
        (void)dsp_widen(c.to, (const int8_t *)bytes, padded(k) / 4, 2 * COLUMNS, c.plus);
    }
}

static void store(const struct nn_conv *p, const int32_t *acc, int32_t channel, int8_t *out, int32_t pixels)
{
    int32_t multiplier = p->multiplier[channel];
    int32_t shift = p->shift[channel];
    for (int32_t i = 0; i < pixels; i++, out += p->g.out_c) {
        int32_t y = dsp_rescale(acc[i], multiplier, shift) + p->out_offset;
        *out = (int8_t)nn_clamp(y, p->lo, p->hi);
    }
}

// Every filter against the columns of up to four pixels, which follow each other in the output.
static void filters(const struct nn_conv *p, const uint32_t *columns, int8_t *out, int32_t pixels)
{
    int32_t k = p->g.k_h * p->g.k_w * p->g.in_c;
    const int8_t *w = p->weights;
    const int32_t *bias = p->bias;
    const uint32_t *end = columns + COLUMNS * padded(k) / 2;
    for (int32_t c = 0; c < p->g.out_c; c++, w += k) {
        int32_t start = bias != NULL ? bias[c] : 0;
        int32_t acc[COLUMNS] = {start, start, start, start};
        if (k % 4 == 0 || c + 1 < p->g.out_c) {
            nn_dsp_dot_1x4(w, columns, end, acc); // runs into the next filter where columns are zero
        } else {
            int8_t tail[4] = {0}; // the last filter has no next one
            memcpy(tail, w + k / 4 * 4, (size_t)(k % 4));
            if (k >= 4) {
                nn_dsp_dot_1x4(w, columns, end - 2 * COLUMNS, acc);
            }
            nn_dsp_dot_1x4(tail, end - 2 * COLUMNS, end, acc);
        }
        store(p, acc, c, out + c, pixels);
    }
}

static void eval(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    int8_t *out = p->out;
    int32_t pixels = g->out_h * g->out_w;
    for (int32_t b = 0; b < g->batches; b++) {
        const int8_t *image = (const int8_t *)p->in + (size_t)b * (size_t)(g->in_h * g->in_w * g->in_c);
        for (int32_t at = 0; at < pixels; at += COLUMNS) {
            int32_t n = nn_min32(COLUMNS, pixels - at);
            for (int32_t i = 0; i < n; i++) {
                fill(p, image, p->scratch, i, (at + i) / g->out_w, (at + i) % g->out_w);
            }
            filters(p, p->scratch, out, n);
            out += n * g->out_c;
        }
    }
}

struct nn_choice nn_choose_conv_i8(const struct nn_conv *p)
{
    int64_t k = (int64_t)p->g.k_h * p->g.k_w * p->g.in_c;
    if (p->filter_c != p->g.in_c || !nn_sums_are_small(k, p->bias, p->g.out_c)) {
        return (struct nn_choice){nn_conv_i8_ref, 0};
    }
    uint64_t bytes = (uint64_t)padded((int32_t)k);
    return (struct nn_choice){eval, 2 * COLUMNS * bytes + (p->g.in_c % 4 == 0 ? 0 : bytes)};
}
