// IMAGE: bilinear resize between pixel centres, then gray or colour planes. Output pixel i lies at
// (i + 0.5) * step - 0.5 + offset of the picture that comes in.
#include "firmware/core/dsp/dsp_block.h"

static const char *why_not(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                           uint64_t interval_ns)
{
    (void)interval_ns;
    if (channels != 1 && channels != 3 && channels != 4) {
        return "a picture has 1, 3 or 4 channels";
    }
    if ((uint32_t)c->width * c->height != window) {
        return "window is not width * height";
    }
    return NULL;
}

static unsigned planes(const struct mote_dsp_config *c, unsigned channels)
{
    return c->gray || channels == 1 ? 1 : 3;
}

static void shape(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                  uint64_t interval_ns, struct mote_dsp_shape *out)
{
    (void)window, (void)interval_ns;
    out->rows = c->out_height ? c->out_height : c->height;
    out->cols = c->out_width ? c->out_width : c->width;
    out->planes = planes(c, channels);
}

static void scratch(const struct mote_dsp_config *c, unsigned channels, uint32_t window,
                    uint64_t interval_ns, struct dsp_scratch *s)
{
    (void)c, (void)channels, (void)window, (void)interval_ns, (void)s;
}

// One direction of the mapping.
struct axis {
    uint32_t size; // of the picture that comes in
    float step, offset;
};

static void fit(const struct mote_dsp_config *c, const struct mote_dsp_shape *out, struct axis *x,
                struct axis *y)
{
    x->size = c->width;
    y->size = c->height;
    x->step = (float)c->width / (float)out->cols;
    y->step = (float)c->height / (float)out->rows;
    if (c->fit != MOTE_DSP_SQUASH) {
        bool take_x = c->fit == MOTE_DSP_CROP ? x->step < y->step : x->step > y->step;
        float step = take_x ? x->step : y->step;
        x->step = y->step = step;
    }
    x->offset = 0.5f * ((float)x->size - x->step * (float)out->cols);
    y->offset = 0.5f * ((float)y->size - y->step * (float)out->rows);
}

// The pixel at or before output position i, and how far behind it the position lies (0..1). false:
// outside.
static bool locate(const struct axis *a, uint32_t i, uint32_t *at, float *rest)
{
    float centre = ((float)i + 0.5f) * a->step + a->offset;
    if (centre < 0.0f || centre >= (float)a->size) {
        return false;
    }
    float place = centre - 0.5f, last = (float)(a->size - 1);
    place = place < 0.0f ? 0.0f : place > last ? last : place;
    *at = (uint32_t)place;
    *rest = place - (float)*at;
    return true;
}

static float pixel(const struct dsp_input *in, uint32_t at, unsigned channel)
{
    float v;
    dsp_read(in, channel, at, 1, &v);
    return v;
}

// Between the pixel and its right and lower neighbours; those with no weight are not read.
static float between(const struct dsp_input *in, uint32_t at, uint32_t width, float fx, float fy,
                     unsigned channel)
{
    float top = pixel(in, at, channel);
    if (fx > 0.0f) {
        top += fx * (pixel(in, at + 1, channel) - top);
    }
    if (!(fy > 0.0f)) {
        return top;
    }
    float bottom = pixel(in, at + width, channel);
    if (fx > 0.0f) {
        bottom += fx * (pixel(in, at + width + 1, channel) - bottom);
    }
    return top + fy * (bottom - top);
}

static void run(const struct mote_dsp_config *c, const struct dsp_input *in, float *features,
                struct dsp_scratch *s)
{
    struct mote_dsp_shape out;
    struct axis ax, ay;
    (void)s;
    shape(c, in->channels, in->window, in->interval_ns, &out);
    fit(c, &out, &ax, &ay);
    unsigned colours = in->channels >= 3 ? 3 : 1;
    for (uint32_t y = 0; y < out.rows; y++) {
        for (uint32_t x = 0; x < out.cols; x++) {
            uint32_t col, row;
            float fx, fy, v[3] = {0};
            if (locate(&ay, y, &row, &fy) && locate(&ax, x, &col, &fx)) {
                for (unsigned k = 0; k < colours; k++) {
                    v[k] = between(in, row * c->width + col, c->width, fx, fy, k);
                }
            }
            if (out.planes == 3) {
                *features++ = v[0];
                *features++ = v[1];
                *features++ = v[2];
            } else {
                *features++ = colours == 1 ? v[0] : 0.299f * v[0] + 0.587f * v[1] + 0.114f * v[2];
            }
        }
    }
}

const struct dsp_block dsp_block_image = {why_not, shape, scratch, run};
