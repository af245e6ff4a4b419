// ADD and SUB on int8: both inputs are brought to one scale with 20 bits to spare, added, brought to the output's.
#include "firmware/core/nn/nn_binary.h"

#define LEFT_SHIFT 20

static int32_t rescale(int32_t x, struct nn_scale q)
{
    return q.shift <= -2 ? nn_rescale_right(x, q.multiplier, q.shift) : nn_rescale(x, q.multiplier, q.shift);
}

static int32_t widen(int32_t x, struct nn_scale q)
{
    if (q.shift == 0 && q.multiplier == 1 << 30) { // the input of the larger scale: exactly one half
        return x * (1 << (LEFT_SHIFT - 1));
    }
    return rescale(x * (1 << LEFT_SHIFT), q);
}

static void run(const struct nn_binary *p, const void *a, const void *b, void *out, int32_t n, int32_t stride_a,
                int32_t stride_b)
{
    const int8_t *pa = a;
    const int8_t *pb = b;
    int8_t *po = out;
    struct nn_scale qa = p->qa;
    struct nn_scale qb = p->qb;
    struct nn_scale qo = p->qo;
    int32_t sign = p->second ? -1 : 1;
    for (int32_t i = 0; i < n; i++, pa += stride_a, pb += stride_b) {
        int32_t sum = nn_wrap_add(widen(*pa + p->a_offset, qa), sign * widen(*pb + p->b_offset, qb));
        po[i] = (int8_t)nn_clamp(nn_wrap_add(rescale(sum, qo), p->out_offset), p->range.i[0], p->range.i[1]);
    }
}

static int prepare(struct nn_ctx *c, bool subtract)
{
    struct nn_binary *p;
    struct nn_binary_tensors t;
    int rc = nn_binary_prepare(c, &p, &t, run);
    if (rc != MOTE_OK || (rc = nn_binary_quantized(c, p, &t, nn_opt_u8(c, 0, 0))) != MOTE_OK) {
        return rc;
    }
    p->second = subtract;
    float twice_max = 2.0f * (t.a.scale > t.b.scale ? t.a.scale : t.b.scale);
    bool fits;
    if (subtract) { // the reference computes these in float, but those of ADD in double
        float sum = twice_max / ((float)(1 << LEFT_SHIFT) * t.out.scale);
        fits = nn_scale_from(t.a.scale / twice_max, 1.0f, 1.0f, 0, &p->qa) &&
               nn_scale_from(t.b.scale / twice_max, 1.0f, 1.0f, 0, &p->qb) && nn_scale_from(sum, 1.0f, 1.0f, 0, &p->qo);
    } else {
        fits = nn_scale_from(t.a.scale, 1.0f, twice_max, 0, &p->qa) && nn_scale_from(t.b.scale, 1.0f, twice_max, 0, &p->qb) &&
               nn_scale_from(twice_max, 1.0f, t.out.scale, -LEFT_SHIFT, &p->qo);
    }
    if (!fits || p->qo.shift > 0) {
        return nn_misshapen(c, "scales are out of proportion", &t.out);
    }
    return MOTE_OK;
}

static int prepare_add(struct nn_ctx *c)
{
    return prepare(c, false);
}

static int prepare_sub(struct nn_ctx *c)
{
    return prepare(c, true);
}

const struct mote_nn_op mote_nn_op_add_i8 = {"ADD", prepare_add, NULL, NN_ADD, MOTE_NN_I8, 5};
const struct mote_nn_op mote_nn_op_sub_i8 = {"SUB", prepare_sub, NULL, NN_SUB, MOTE_NN_I8, 5};
