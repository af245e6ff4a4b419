// FLATTEN and RAW: statistics of each channel, and the window as it is.
#include "firmware/core/dsp/dsp_block.h"
#include "firmware/core/dsp/dsp_stats.h"
#include "firmware/core/dsp/mote_math.h"

static const char *runs_always(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                               uint64_t interval_ns)
{
    (void)c, (void)channels, (void)window, (void)interval_ns;
    return NULL;
}

static void flatten_shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                          uint64_t interval_ns, struct mote_dsp_shape *out)
{
    (void)window, (void)interval_ns;
    out->rows = channels;
    out->cols = 0;
    out->planes = 1;
    for (unsigned bits = c->stats & MOTE_DSP_ALL_STATS; bits; bits &= bits - 1) {
        out->cols++;
    }
}

static void flatten_scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                            uint64_t interval_ns, struct dsp_scratch *s)
{
    (void)c, (void)channels, (void)interval_ns;
    (void)dsp_take_floats(s, window); // only counts
}

static void flatten_run(const struct mote_dsp_config *c, const struct dsp_input *in,
                        float *features, struct dsp_scratch *s)
{
    float *x = dsp_take_floats(s, in->window);
    for (unsigned channel = 0; channel < in->channels; channel++) {
        struct dsp_moments m;
        float lowest, highest;
        dsp_read(in, channel, 0, in->window, x);
        dsp_moments(x, in->window, &m);
        dsp_range(x, in->window, &lowest, &highest);
        const float value[7] = {
            m.mean,     lowest,    highest, dsp_rms(x, in->window), mote_sqrt(m.variance),
            m.skewness, m.kurtosis};
        for (unsigned i = 0; i < MOTE_COUNT(value); i++) {
            if (c->stats >> i & 1) {
                *features++ = value[i];
            }
        }
    }
}

static void raw_shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                      uint64_t interval_ns, struct mote_dsp_shape *out)
{
    (void)c, (void)interval_ns;
    out->rows = window;
    out->cols = 1;
    out->planes = channels;
}

static void raw_scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                        uint64_t interval_ns, struct dsp_scratch *s)
{
    (void)c, (void)channels, (void)window, (void)interval_ns, (void)s;
}

static void raw_run(const struct mote_dsp_config *c, const struct dsp_input *in, float *features,
                    struct dsp_scratch *s)
{
    (void)c, (void)s;
    // All channels as one: the values already lie as the features should.
    struct dsp_input flat = *in;
    flat.channels = 1;
    dsp_read(&flat, 0, 0, in->window * in->channels, features);
}

const struct dsp_block dsp_block_flatten = {runs_always, flatten_shape, flatten_scratch,
                                            flatten_run};
const struct dsp_block dsp_block_raw = {runs_always, raw_shape, raw_scratch, raw_run};
