// HARD_SWISH, x * clamp(x + 3, 0, 6) / 6, on int8 (in 16-bit fixed point, tabulated) and float32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"

struct factor {
    int16_t multiplier; // Q0.15
    int32_t shift;
};

static int32_t saturate16(int32_t x)
{
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

// x * 2^n, saturated to 16 bits.
static int32_t left16(int32_t x, int32_t n)
{
    int64_t y = (int64_t)x * ((int64_t)1 << n);
    return y > INT16_MAX ? INT16_MAX : y < INT16_MIN ? INT16_MIN : (int32_t)y;
}

// High half of 2ab of 16-bit numbers, rounded.
static int32_t mul_high16(int32_t a, int32_t b)
{
    return saturate16((a * b + (1 << 14)) >> 15);
}

static bool factor_from(float real, struct factor *f)
{
    struct nn_scale q;
    if (!nn_scale_from(real, 1.0f, 1.0f, 0, &q)) {
        return false;
    }
    f->multiplier =
        (int16_t)(q.multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX
                                                        : (q.multiplier + (1 << 15)) >> 16);
    f->shift = q.shift;
    return true;
}

// x is input minus zero point; relu is the factor that takes 3 to 32768.
static int32_t hard_swish(int32_t x, const struct factor *relu, const struct factor *out)
{
    int32_t fine = (int16_t)(x * (1 << 7));
    int32_t gate = fine;
    if (relu->shift > 0) {
        gate = left16(mul_high16(left16(gate, relu->shift - 1), relu->multiplier), 1);
    } else {
        gate = nn_round_shift(mul_high16(gate, relu->multiplier), -relu->shift);
    }
    gate = (gate + (1 << 15)) >> 1;
    int32_t y = saturate16(gate * mul_high16(fine, out->multiplier) / (1 << 15));
    return nn_round_shift(y, -out->shift);
}

static int prepare_i8(struct nn_ctx *c)
{
    struct nn_table_i8 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_table_i8_prepare(c, p, &in, &out);
    if (rc != MOTE_OK) {
        return rc;
    }
    float fine_scale = (1.0f / 128.0f) * in.scale;
    struct factor relu;
    struct factor to_out;
    if (!factor_from(fine_scale / out.scale, &to_out) || to_out.shift > 0 ||
        !factor_from(fine_scale / (3.0f / 32768.0f), &relu)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), &out);
    }
    for (int32_t i = -128; p->table != NULL && i < 128; i++) {
        int32_t y = hard_swish(i - in.zero_point, &relu, &to_out) + out.zero_point;
        p->table[i + 128] = (int8_t)nn_clamp(y, INT8_MIN, INT8_MAX);
    }
    return MOTE_OK;
}

void nn_hard_swish_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        float x = p->in[i];
        float gate = x + 3.0f;
        gate = 0.0f < gate ? gate : 0.0f;
        gate = gate < 6.0f ? gate : 6.0f;
        p->out[i] = x * gate / 6.0f;
    }
}

static int prepare_f32(struct nn_ctx *c)
{
    struct nn_map_f32 *p;
    c->eval = nn_hard_swish_f32;
    return nn_map_f32_prepare(c, &p);
}

const struct mote_nn_op mote_nn_op_hard_swish_i8 = {"HARD_SWISH",  prepare_i8, NULL,
                                                    NN_HARD_SWISH, MOTE_NN_I8, 1};
const struct mote_nn_op mote_nn_op_hard_swish_f32 = {"HARD_SWISH",  prepare_f32, NULL,
                                                     NN_HARD_SWISH, MOTE_NN_F32, 1};
