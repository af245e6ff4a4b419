// RESIZE_NEAREST_NEIGHBOR (any type) and RESIZE_BILINEAR (int8 in fixed point, float32). Tensors are NHWC.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_quant.h"
#include "firmware/core/nn/nn_shape.h"

static int32_t nearest(const struct nn_resize *p, int32_t at, int32_t in, int32_t out)
{
    float scale =
        p->align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
    float x = ((float)at + (p->half_pixels ? 0.5f : 0.0f)) *
              scale; // not negative: truncation is the floor
    int32_t i = p->align_corners ? (int32_t)nn_roundf(x) : (int32_t)x;
    return nn_min32(i, in - 1);
}

void nn_resize_nearest(const void *params)
{
    const struct nn_resize *p = params;
    size_t pixel = (size_t)p->depth * p->elem;
    uint8_t *out = p->out;
    for (int32_t b = 0; b < p->batches; b++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            size_t row = (size_t)b * (size_t)p->in_h + (size_t)nearest(p, y, p->in_h, p->out_h);
            for (int32_t x = 0; x < p->out_w; x++, out += pixel) {
                size_t at = row * (size_t)p->in_w + (size_t)nearest(p, x, p->in_w, p->out_w);
                memcpy(out, (const uint8_t *)p->in + at * pixel, pixel);
            }
        }
    }
}

// The two neighbours of a place, and how far it is from the first.
struct between {
    int32_t lo, hi;
    int32_t part;  // Q10
    float part_f;
};

static struct between between_q10(const struct nn_resize *p, int32_t at, int32_t in, int32_t out)
{
    int32_t scale = (int32_t)(((int64_t)1024 * in + out / 2) / out);
    if (p->align_corners && out > 1) {
        scale = (int32_t)(((int64_t)1024 * (in - 1) + (out - 1) / 2) / (out - 1));
    }
    int32_t x = at * scale + (p->half_pixels ? scale / 2 - 512 : 0);
    int32_t lo = nn_min32(nn_max32(x / 1024, 0), in - 1);
    return (struct between){lo, nn_min32((x + 1023) / 1024, in - 1), x - 1024 * lo, 0.0f};
}

static struct between between_f32(const struct nn_resize *p, int32_t at, int32_t in, int32_t out)
{
    float scale =
        p->align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
    float x = p->half_pixels ? ((float)at + 0.5f) * scale - 0.5f : (float)at * scale;
    int32_t whole = (int32_t)x; // x is above -1, where truncation gives 0 as the bound below does
    int32_t lo = nn_min32(nn_max32(whole, 0), in - 1);
    int32_t up = (float)whole < x ? whole + 1 : whole;
    return (struct between){lo, nn_min32(up, in - 1), 0, x - (float)lo};
}

static size_t pixel_at(const struct nn_resize *p, int32_t b, int32_t y, int32_t x)
{
    return (((size_t)b * (size_t)p->in_h + (size_t)y) * (size_t)p->in_w + (size_t)x) *
           (size_t)p->depth;
}

static void blend_i8(const struct nn_resize *p, int32_t b, struct between y, struct between x,
                     int8_t *out)
{
    const int8_t *in = p->in;
    for (int32_t c = 0; c < p->depth; c++) {
        int64_t sum =
            (int64_t)in[pixel_at(p, b, y.lo, x.lo) + (size_t)c] * (1024 - y.part) *
                (1024 - x.part) +
            (int64_t)in[pixel_at(p, b, y.hi, x.lo) + (size_t)c] * y.part * (1024 - x.part) +
            (int64_t)in[pixel_at(p, b, y.lo, x.hi) + (size_t)c] * (1024 - y.part) * x.part +
            (int64_t)in[pixel_at(p, b, y.hi, x.hi) + (size_t)c] * y.part * x.part;
        out[c] = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
    }
}

static void blend_f32(const struct nn_resize *p, int32_t b, struct between y, struct between x,
                      float *out)
{
    const float *in = p->in;
    for (int32_t c = 0; c < p->depth; c++) {
        out[c] =
            in[pixel_at(p, b, y.lo, x.lo) + (size_t)c] * (1.0f - y.part_f) * (1.0f - x.part_f) +
            in[pixel_at(p, b, y.hi, x.lo) + (size_t)c] * y.part_f * (1.0f - x.part_f) +
            in[pixel_at(p, b, y.lo, x.hi) + (size_t)c] * (1.0f - y.part_f) * x.part_f +
            in[pixel_at(p, b, y.hi, x.hi) + (size_t)c] * y.part_f * x.part_f;
    }
}

void nn_resize_bilinear(const void *params)
{
    const struct nn_resize *p = params;
    for (int32_t i = 0; i < p->batches * p->out_h * p->out_w; i++) {
        int32_t b = i / p->out_w / p->out_h;
        int32_t y = i / p->out_w % p->out_h;
        int32_t x = i % p->out_w;
        size_t at = (size_t)i * (size_t)p->depth;
        if (p->elem == 1) {
            blend_i8(p, b, between_q10(p, y, p->in_h, p->out_h),
                     between_q10(p, x, p->in_w, p->out_w), (int8_t *)p->out + at);
        } else {
            blend_f32(p, b, between_f32(p, y, p->in_h, p->out_h),
                      between_f32(p, x, p->in_w, p->out_w), (float *)p->out + at);
        }
    }
}

// The two operators keep their options in different fields: `id` is that of align_corners.
static int prepare(struct nn_ctx *c, unsigned id, nn_eval_fn eval)
{
    struct nn_resize *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    struct nn_tensor t;
    const int32_t *size;
    int rc = nn_arity(c, 2, 2, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK ||
        (rc = nn_in_constant(c, 1, 2, &t, &size)) != MOTE_OK) {
        return rc;
    }
    const int32_t limit = 1 << 15;
    if (in.rank != 4 || out.rank != 4 || in.type != out.type || in.dims[0] != out.dims[0] ||
        in.dims[3] != out.dims[3] || out.dims[1] != size[0] || out.dims[2] != size[1] ||
        in.dims[1] < 1 || in.dims[2] < 1 || out.dims[1] < 1 || out.dims[2] < 1 ||
        in.dims[1] > limit || in.dims[2] > limit || out.dims[1] > limit || out.dims[2] > limit) {
        return nn_misshapen(c, NN_WHY("sizes do not give the output"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->batches = in.dims[0];
    p->in_h = in.dims[1];
    p->in_w = in.dims[2];
    p->out_h = out.dims[1];
    p->out_w = out.dims[2];
    p->depth = in.dims[3];
    p->elem = (uint8_t)nn_type_size(in.type);
    p->align_corners = nn_opt_u8(c, id, 0) != 0;
    p->half_pixels = nn_opt_u8(c, id + 1, 0) != 0;
    c->eval = eval;
    return MOTE_OK;
}

static int prepare_nearest(struct nn_ctx *c)
{
    return prepare(c, 0, nn_resize_nearest);
}

static int prepare_bilinear(struct nn_ctx *c)
{
    int rc = prepare(c, 2, nn_resize_bilinear);
    if (rc == MOTE_OK && nn_opt_u8(c, 2, 0) != 0 && nn_opt_u8(c, 3, 0) != 0) {
        rc = nn_unsupported(c, NN_WHY("aligned corners with half pixels"));
    }
    return rc;
}

const struct mote_nn_op mote_nn_op_resize_nearest_neighbor = {
    "RESIZE_NEAREST_NEIGHBOR", prepare_nearest, NULL, NN_RESIZE_NEAREST_NEIGHBOR, NN_ANY_TYPE, 4};
const struct mote_nn_op mote_nn_op_resize_bilinear_i8 = {"RESIZE_BILINEAR",  prepare_bilinear, NULL,
                                                         NN_RESIZE_BILINEAR, MOTE_NN_I8,       4};
const struct mote_nn_op mote_nn_op_resize_bilinear_f32 = {
    "RESIZE_BILINEAR", prepare_bilinear, NULL, NN_RESIZE_BILINEAR, MOTE_NN_F32, 4};
