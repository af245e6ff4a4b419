// What the int8 kernels of each variant take on, and what they need: arithmetic on shapes alone, with no word of the
// part's instruction set, so that the converter decides for parts that it does not run on. The nn_choose_*
// functions of a variant answer from here, so that both always agree.
#ifndef MOTE_NN_FIT_H
#define MOTE_NN_FIT_H

#include "firmware/core/nn/nn_kernels.h"

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
    if (p->filter_c != p->g.in_c) {
        return (struct nn_fit){false, false, 0};
    }
    return (struct nn_fit){true, starts, nn_fit_in_place(p) ? 0 : 4 * nn_fit_window_bytes(p)};
}

// --- dsp: Cortex-M with the DSP extension ------------------------------------------------------
#define NN_DSP_COLUMNS 4      // output pixels of a convolution at a time
#define NN_DSP_FILTER_BYTES 16 // bias and unpacked factor of a filter
#define NN_DSP_WINDOW 3       // height and width of a depthwise window
#define NN_DSP_WHOLE 256      // inputs of a fully connected layer that are widened at once
#define NN_DSP_CHUNK 160      // of longer ones

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
    return (struct nn_fit){true, false, 2 * NN_DSP_COLUMNS * bytes + (uint64_t)p->g.out_c * NN_DSP_FILTER_BYTES + extra};
}
// Words of a widened row: a pixel of padding, the input, padding up to the last window's end.
static inline int32_t nn_dsp_row_words(const struct nn_window *g)
{
    int32_t reach = (g->out_w - 1) * g->stride_w + NN_DSP_WINDOW;
    return 2 * nn_max32(reach, g->in_w + g->pad_w);
}
static inline struct nn_fit nn_fit_depthwise_dsp(const struct nn_conv *p)
{
    const struct nn_window *g = &p->g;
    bool fits = p->filter_c == 1 && g->out_c % 4 == 0 && g->k_h == NN_DSP_WINDOW && g->k_w == NN_DSP_WINDOW &&
                g->dilation_h == 1 && g->dilation_w == 1 && g->pad_h <= 1 && g->pad_w <= 1 && g->in_w < 1 << 20 && !p->steep;
    return (struct nn_fit){fits, false, fits ? (uint64_t)nn_dsp_row_words(g) * NN_DSP_WINDOW * sizeof(uint32_t) : 0};
}
static inline int32_t nn_dsp_chunk(const struct nn_fc *p)
{
    return p->in_n <= NN_DSP_WHOLE ? p->in_n : NN_DSP_CHUNK;
}
static inline bool nn_dsp_keeps_sums(const struct nn_fc *p)
{
    return p->in_n > NN_DSP_WHOLE || p->bias == NULL || p->per_channel || p->steep;
}
static inline struct nn_fit nn_fit_fc_dsp(const struct nn_fc *p)
{
    // The tensor's place in the file is judged; weights that the model computes have none yet.
    if (p->weights == NULL || (uintptr_t)p->weights % 4 != 0 || p->in_n % 8 != 0 || p->in_n == 0 || p->out_n == 0) {
        return (struct nn_fit){false, false, 0};
    }
    uint64_t sums = nn_dsp_keeps_sums(p) ? 4u * (uint64_t)p->out_n : 0;
    return (struct nn_fit){true, false, 2u * (uint64_t)nn_dsp_chunk(p) + sums};
}

// --- mve: Helium -------------------------------------------------------------------------------
#define NN_MVE_TAPS 25 // of a depthwise window

static inline struct nn_fit nn_fit_conv_mve(const struct nn_conv *p)
{
    return nn_fit_conv_by_dots(p, true);
}
static inline struct nn_fit nn_fit_depthwise_mve(const struct nn_conv *p)
{
    return (struct nn_fit){p->filter_c == 1 && (int64_t)p->g.k_h * p->g.k_w <= NN_MVE_TAPS, false, 0};
}
static inline struct nn_fit nn_fit_fc_mve(const struct nn_fc *p)
{
    bool fits = p->weights != NULL; // otherwise the model computes them
    return (struct nn_fit){fits, fits, 0};
}

// --- plain: C for parts without kernels of their own, Cortex-M3 among them --------------------
static inline struct nn_fit nn_fit_conv_plain(const struct nn_conv *p)
{
    return nn_fit_conv_by_dots(p, true);
}
static inline struct nn_fit nn_fit_depthwise_plain(const struct nn_conv *p)
{
    return (struct nn_fit){p->filter_c == 1 && p->g.out_c % 4 == 0, false, 0};
}
static inline struct nn_fit nn_fit_fc_plain(const struct nn_fc *p)
{
    bool fits = p->weights != NULL && p->out_n >= 1;
    return (struct nn_fit){fits, fits, 0};
}

// --- hosts: x86 (fast where the processor has AVX2) and neon ----------------------------------
static inline struct nn_fit nn_fit_conv_host(const struct nn_conv *p)
{
    return nn_fit_conv_by_dots(p, false);
}
static inline struct nn_fit nn_fit_depthwise_x86(const struct nn_conv *p)
{
    return (struct nn_fit){p->filter_c == 1 && (int64_t)p->g.k_h * p->g.k_w < 65536, false, 0};
}
static inline struct nn_fit nn_fit_fc_host(const struct nn_fc *p)
{
    return (struct nn_fit){p->out_n >= 1, false, 0};
}

#endif
