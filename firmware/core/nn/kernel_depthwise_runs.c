// DEPTHWISE_CONV_2D on int8, any window, stride, dilation and depth multiplier, in plain C: four outputs along the
// longer axis at a time, so that a weight serves four products and a channel's factors four results.
//
// Windows inside the image are read in place. At its borders the piece of image under four outputs is copied first,
// with the zero point around it, so that the offset of the inputs can join the start of each sum everywhere.
#include "firmware/core/nn/kernel_depthwise_runs.h"

#define OUTPUTS NN_RUNS_OUTPUTS
#define CHANNELS NN_RUNS_CHANNELS
#define SHARING 8  // that share a piece of image, where they have one input channel
#define MODEST 128 // sizes beyond are absurd and run the reference

__attribute__((noinline)) struct nn_runs nn_runs_of(const struct nn_conv *p)
{
    const struct nn_window *g = &p->g;
    const struct nn_axis x = {g->in_w,  g->out_w, g->k_w,   g->stride_w, g->dilation_w,
                              g->pad_w, g->in_c,  g->out_c, g->out_c};
    const struct nn_axis y = {g->in_h, g->out_h, g->k_h, g->stride_h, g->dilation_h, g->pad_h,
                              g->in_w * g->in_c, g->out_w * g->out_c, g->k_w * g->out_c};
    // Along the axis that leaves the fewest outputs of the last four unused.
    int32_t wide = (g->out_w + 3) / 4 * g->out_h;
    int32_t tall = (g->out_h + 3) / 4 * g->out_w;
    return wide <= tall ? (struct nn_runs){x, y, p->in_offset}
                        : (struct nn_runs){y, x, p->in_offset};
}

// Places of the input under four outputs along an axis.
static int32_t reach(const struct nn_axis *a)
{
    return (OUTPUTS - 1) * a->stride + (a->kernel - 1) * a->dilation + 1;
}

// `count` places of up to four bytes.
static int8_t *put(int8_t *to, const int8_t *from, int32_t count, int32_t step, int32_t channels)
{
    if (step == channels) { // they lie behind each other: as words
        count *= channels;
        for (; count >= 4; count -= 4, from += 4, to += 4) {
            memcpy(to, from, 4);
        }
        step = channels = 1;
    }
    for (; count > 0; count--, from += step, to += channels) {
        if (channels == 4) {
            memcpy(to, from, 4); // one load and one store
            continue;
        }
        for (int32_t c = 0; c < channels; c++) {
            to[c] = from[c];
        }
    }
    return to;
}

// The piece of image under four outputs whose first tap is (at, line), `channels` bytes a place, to `to`.
static void copy_piece(const struct nn_runs *r, const int8_t *in, int32_t at, int32_t line,
                       int32_t channels, int8_t *to)
{
    const int32_t zeros = (int32_t)((uint8_t)-r->in_offset * 0x01010101u);
    const int32_t width = reach(&r->along);
    const int32_t left = at < 0 ? nn_min32(-at, width) : 0;
    const int32_t inside = nn_max32(nn_min32(at + width, r->along.in) - at - left, 0);
    for (int32_t b = r->across.kernel; b > 0; b--, line += r->across.dilation) {
        int8_t zero[4];
        memcpy(zero, &zeros, 4);
        if (line < 0 || line >= r->across.in) {
            to = put(to, zero, width, 0, channels);
            continue;
        }
        to = put(to, zero, left, 0, channels);
        to = put(to, in + line * r->across.in_step + (at + left) * r->along.in_step, inside,
                 r->along.in_step, channels);
        to = put(to, zero, width - left - inside, 0, channels);
    }
}

// A few output channels and what they start from.
struct few {
    int32_t first, count;
    int32_t inputs; // input channels under them, from first / multiplier on
    int32_t under[SHARING]; // the input channel of each among those
    struct nn_finish finish[SHARING];
    struct nn_taps taps; // what does not change with the place
};

static int32_t together(const struct nn_conv *p)
{
    return p->filter_c % SHARING == 0 ? SHARING : CHANNELS;
}

static struct few few_channels(const struct nn_conv *p, const struct nn_runs *r, int32_t first)
{
    struct few f = {.first = first, .count = nn_min32(together(p), p->g.out_c - first)};
    f.inputs = (first + f.count - 1) / p->filter_c - first / p->filter_c + 1;
    f.taps.along = r->along.kernel;
    f.taps.across = r->across.kernel;
    f.taps.w_along = r->along.w_step;
    f.taps.w_line = r->across.w_step;
    f.taps.w_across = r->across.w_step - r->along.kernel * r->along.w_step;
    f.taps.out_step = r->along.out_step;
    f.taps.count = nn_min32(OUTPUTS, r->along.out);
    for (int32_t i = 0; i < f.count; i++) {
        const int8_t *w = (const int8_t *)p->weights + first + i;
        int32_t sum = 0;
        for (int32_t t = p->g.k_h * p->g.k_w; t > 0; t--, w += p->g.out_c) {
            sum = nn_wrap_add(sum, *w);
        }
        int32_t c = first + i;
        sum = (int32_t)((uint32_t)sum * (uint32_t)p->in_offset);
        int32_t start = p->bias != NULL ? nn_wrap_add(((const int32_t *)p->bias)[c], sum) : sum;
        f.finish[i] =
            (struct nn_finish){start, p->multiplier[c], p->shift[c], p->out_offset, p->lo, p->hi};
        f.under[i] = c / p->filter_c - first / p->filter_c;
    }
    return f;
}

// Up to four outputs of each of those channels. in: its image, at the first of the input channels; out: its image.
static void outputs(const struct nn_conv *p, const struct nn_runs *r, const struct few *f,
                    int32_t i, int32_t j, const int8_t *in, int8_t *out)
{
    const struct nn_axis *a = &r->along;
    const struct nn_axis *b = &r->across;
    int32_t at = i * a->stride - a->pad;
    int32_t line = j * b->stride - b->pad;
    int32_t width = reach(a);
    int32_t step = a->in_step;
    struct nn_taps t = f->taps;
    const int8_t *x = in + line * b->in_step + at * step;
    t.x_line = b->dilation * b->in_step;
    if (at < 0 || at + width > a->in || line < 0 || line + (b->kernel - 1) * b->dilation >= b->in) {
        copy_piece(r, in, at, line, f->inputs, p->scratch);
        x = p->scratch;
        step = f->inputs;
        t.x_line = width * step;
    }
    t.apart = a->stride * step;
    t.x_along = a->dilation * step;
    t.x_across = t.x_line - a->kernel * t.x_along;
    out += i * a->out_step + j * b->out_step + f->first;
    t.x = x;
    t.w = (const int8_t *)p->weights + f->first;
    int32_t c = 0;
    for (; f->inputs == 1 && c + CHANNELS <= f->count; c += CHANNELS, t.w += CHANNELS) {
        int32_t sums[CHANNELS * OUTPUTS];
        nn_taps_4x4(&t, sums);
        for (int32_t k = 0; k < CHANNELS; k++) {
            nn_finish(&f->finish[c + k], sums + OUTPUTS * k, t.count, t.out_step, out + c + k);
        }
    }
    for (; c < f->count; c++, t.w++) {
        t.x = x + f->under[c];
        t.out = out + c;
        t.finish = &f->finish[c];
        nn_taps_4(&t);
    }
}

void nn_depthwise_i8_runs(const void *params)
{
    const struct nn_conv *p = params;
    const struct nn_window *g = &p->g;
    const struct nn_runs r = nn_runs_of(p);
    for (int32_t c = 0; c < g->out_c; c += together(p)) {
        const struct few f = few_channels(p, &r, c);
        for (int32_t k = 0; k < g->batches * r.across.out; k++) {
            int32_t b = k / r.across.out;
            const int8_t *in =
                (const int8_t *)p->in + b * g->in_h * g->in_w * g->in_c + c / p->filter_c;
            int8_t *out = (int8_t *)p->out + b * g->out_h * g->out_w * g->out_c;
            for (int32_t i = 0; i < r.along.out;
                 i += OUTPUTS) { // the last four may overlap those before
                outputs(p, &r, &f, nn_max32(nn_min32(i, r.along.out - OUTPUTS), 0),
                        k % r.across.out, in, out);
            }
        }
    }
}

static bool modest(const struct nn_axis *a)
{
    return a->kernel <= MODEST && a->dilation <= MODEST && a->stride <= MODEST;
}

uint64_t nn_runs_scratch(const struct nn_conv *p)
{
    const struct nn_runs r = nn_runs_of(p);
    if (!modest(&r.along) || !modest(&r.across)) {
        return 0;
    }
    // Output channels that share a piece lie on as many input channels, or on one or two where the multiplier is larger.
    int32_t channels = p->filter_c % CHANNELS == 0 ? 1 : nn_min32(CHANNELS, p->g.in_c);
    return (uint32_t)(reach(&r.along) * r.across.kernel * channels);
}
