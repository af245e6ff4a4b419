// What the int8 kernels of each variant take on, and what they need: arithmetic on shapes alone, with no word of the
// part's instruction set, so that the converter decides for parts that it does not run on. The nn_choose_*
// functions of a variant answer from here, so that both always agree.
#ifndef MOTE_NN_FIT_H
#define MOTE_NN_FIT_H

#include "firmware/core/nn/nn_runs.h"

struct nn_fit {
    bool fast;        // the variant's kernel nn_OPERATOR_i8_VARIANT, otherwise nn_OPERATOR_i8_ref
    bool starts;      // as in struct nn_choice
    uint64_t scratch; // bytes
};

static inline uint64_t nn_fit_window_bytes(const struct nn_conv *p)
{
    return (uint64_t)p->g.k_h * (uint64_t)p->g.k_w * (uint64_t)p->g.in_c;
}
// A window of one pixel without padding is read where it lies.
static inline bool nn_fit_in_place(const struct nn_conv *p)
{
    return p->g.k_h * p->g.k_w == 1 && p->g.pad_h == 0 && p->g.pad_w == 0;
}
static inline struct nn_fit nn_fit_conv_by_dots(const struct nn_conv *p, bool starts)
{
    if (p->filter_c != p->g.in_c ||
        (starts && p->weights == NULL)) { // weights that the model computes
        return (struct nn_fit){false, false, 0};
    }
    return (struct nn_fit){true, starts, nn_fit_in_place(p) ? 0 : 4 * nn_fit_window_bytes(p)};
}

// Depthwise windows that a variant has no kernel of its own for.
static inline struct nn_fit nn_fit_depthwise_runs(const struct nn_conv *p)
{
    uint64_t scratch = nn_runs_scratch(p);
    return (struct nn_fit){scratch > 0, false, scratch};
}

// Inputs of a fully connected layer that are widened at once; longer ones come in parts.
#define NN_FC_WHOLE 256
#define NN_FC_PART 160
static inline int32_t nn_fc_part(const struct nn_fc *p)
{
    return p->in_n <= NN_FC_WHOLE ? p->in_n : NN_FC_PART;
}

// --- dsp: Cortex-M with the DSP extension ------------------------------------------------------
#define NN_DSP_COLUMNS 4      // output pixels of a convolution at a time
#define NN_DSP_FILTER_BYTES 16 // bias and unpacked factor of a filter
#define NN_DSP_WINDOW 3       // height and width of a depthwise window

static inline int32_t nn_dsp_padded(int32_t n)
{
    return (n + 3) / 4 * 4;
}
static inline struct nn_fit nn_fit_conv_dsp(const struct nn_conv *p)
{
    uint64_t k = nn_fit_window_bytes(p);
    if (p->filter_c != p->g.in_c || p->steep || k > 1 << 24) {
        return (struct nn_fit){false, false, 0};
    }
    uint64_t bytes = (uint64_t)nn_dsp_padded((int32_t)k);
    uint64_t extra = (k % 4 != 0 ? bytes : 0) + (p->g.in_c % 4 != 0 ? bytes : 0);
    return (struct nn_fit){true, false,
                           2 * NN_DSP_COLUMNS * bytes + (uint64_t)p->g.out_c * NN_DSP_FILTER_BYTES +
                               extra};
}
// Words of a widened row: a pixel of padding, the input, padding up to the last window's end.
static inline int32_t nn_dsp_row_words(const struct nn_window *g)
{
    int32_t reach = (g->out_w - 1) * g->stride_w + NN_DSP_WINDOW;
    return 2 * nn_max32(reach, g->in_w + g->pad_w);
}
static inline bool nn_dsp_ring(const struct nn_conv *p)
{
    const struct nn_window *g = &p->g;
    return p->filter_c == 1 && g->out_c % 4 == 0 && g->k_h == NN_DSP_WINDOW &&
           g->k_w == NN_DSP_WINDOW && g->dilation_h == 1 && g->dilation_w == 1 && g->pad_h <= 1 &&
           g->pad_w <= 1 && g->in_w < 1 << 20 && !p->steep;
}
static inline struct nn_fit nn_fit_depthwise_dsp(const struct nn_conv *p)
{
    if (!nn_dsp_ring(p)) {
        return nn_fit_depthwise_runs(p);
    }
    return (struct nn_fit){true, false,
                           (uint64_t)nn_dsp_row_words(&p->g) * NN_DSP_WINDOW * sizeof(uint32_t)};
}
static inline bool nn_dsp_keeps_sums(const struct nn_fc *p)
{
    return p->in_n > NN_FC_WHOLE || p->bias == NULL || p->per_channel || p->steep;
}
static inline struct nn_fit nn_fit_fc_dsp(const struct nn_fc *p)
{
    // The tensor's place in the file is judged; weights that the model computes have none yet.
    if (p->weights == NULL || (uintptr_t)p->weights % 4 != 0 || p->in_n % 8 != 0 || p->in_n == 0 ||
        p->out_n == 0) {
        return (struct nn_fit){false, false, 0};
    }
    uint64_t sums = nn_dsp_keeps_sums(p) ? 4u * (uint64_t)p->out_n : 0;
    return (struct nn_fit){true, false, 2u * (uint64_t)nn_fc_part(p) + sums};
}

// --- mve: Helium -------------------------------------------------------------------------------
#define NN_MVE_COLUMNS 3     // output pixels of a convolution at a time
#define NN_MVE_WINDOW 3      // height and width of a depthwise window
#define NN_MVE_LANES 8       // channels of a depthwise convolution at a time
#define NN_MVE_LANE_BYTES 96 // what is kept of each
#define NN_MVE_MAX_PITCH 8000 // bytes of a channel's stream: eight within 16-bit offsets

static inline struct nn_fit nn_fit_conv_mve(const struct nn_conv *p)
{
    if (p->filter_c != p->g.in_c || p->g.out_c < 4 || p->steep || p->weights == NULL) {
        return (struct nn_fit){false, false, 0};
    }
    return (struct nn_fit){true, true,
                           nn_fit_in_place(p) ? 0 : NN_MVE_COLUMNS * nn_fit_window_bytes(p)};
}
// Four bytes for each place along a line: what the windows of outputs by fours reach, and the input with its padding.
static inline int32_t nn_mve_pitch(const struct nn_runs *r)
{
    int32_t reach = ((r->along.out + 3) / 4 * 4 - 1) * r->along.stride + 4;
    return 4 * nn_max32(reach, r->along.in + r->along.pad);
}
static inline bool nn_mve_streams(const struct nn_conv *p)
{
    const struct nn_window *g = &p->g;
    const struct nn_runs r = nn_runs_of(p);
    return p->filter_c == 1 && g->k_h == NN_MVE_WINDOW && g->k_w == NN_MVE_WINDOW &&
           g->dilation_h == 1 && g->dilation_w == 1 && r.along.stride <= 2 &&
           r.along.in <= NN_MVE_MAX_PITCH / 8 && !p->steep && nn_mve_pitch(&r) <= NN_MVE_MAX_PITCH;
}
static inline struct nn_fit nn_fit_depthwise_mve(const struct nn_conv *p)
{
    if (!nn_mve_streams(p)) {
        return nn_fit_depthwise_runs(p);
    }
    const struct nn_runs r = nn_runs_of(p);
    return (struct nn_fit){true, false,
                           NN_MVE_LANES * (NN_MVE_LANE_BYTES + (uint64_t)nn_mve_pitch(&r))};
}
static inline struct nn_fit nn_fit_fc_mve(const struct nn_fc *p)
{
    bool fits = p->weights != NULL; // otherwise the model computes them
    return (struct nn_fit){fits, fits, 0};
}

// --- plain: C for parts without kernels of their own, Cortex-M3 among them --------------------
// Cortex-M3 reads pixels of a window of one where they lie only if they lie behind each other.
static inline struct nn_fit nn_fit_conv_plain(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_by_dots(p, true);
    if (fit.fast && (p->g.stride_h > 1 || p->g.stride_w > 1)) {
        fit.scratch = 4 * nn_fit_window_bytes(p);
    }
    return fit;
}
static inline struct nn_fit nn_fit_depthwise_plain(const struct nn_conv *p)
{
    return nn_fit_depthwise_runs(p);
}
static inline struct nn_fit nn_fit_fc_plain(const struct nn_fc *p)
{
    if (p->out_n < 1 || p->in_n < 1) {
        return (struct nn_fit){false, false, 0};
    }
    return (struct nn_fit){true, false,
                           2u * (uint64_t)nn_fc_part(p) +
                               (p->in_n > NN_FC_WHOLE ? 4u * (uint64_t)p->out_n : 0)};
}

// --- hosts: x86 (fast where the processor has AVX2) and neon ----------------------------------
#define NN_X86_FILTERS 16 // of a convolution at a time, where the processor has AVX-512
#define NN_X86_PIXELS 8
#define NN_X86_TAPS 64 // at most, of a depthwise window there

static inline struct nn_fit nn_fit_conv_host(const struct nn_conv *p)
{
    struct nn_fit fit = nn_fit_conv_by_dots(p, false);
    if (fit.fast) {
        fit.scratch = (NN_X86_FILTERS + NN_X86_PIXELS) * ((nn_fit_window_bytes(p) + 3) / 4 * 4);
    }
    return fit;
}
static inline struct nn_fit nn_fit_depthwise_x86(const struct nn_conv *p)
{
    if (p->filter_c > 1) {
        return nn_fit_depthwise_runs(p);
    }
    return (struct nn_fit){(int64_t)p->g.k_h * p->g.k_w < 65536, false, 0};
}
static inline struct nn_fit nn_fit_fc_host(const struct nn_fc *p)
{
    return (struct nn_fit){p->out_n >= 1, false, 0};
}

#endif
