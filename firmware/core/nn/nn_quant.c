// Real factors to fixed point, activation ranges, per-channel factors.
#include "firmware/core/nn/nn_priv.h"
#include "firmware/core/nn/nn_quant.h"

// x = *mantissa * 2^*exponent with 24 bits of mantissa; false where x is negative or not finite.
static bool take_apart(float x, uint32_t *mantissa, int *exponent)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    *mantissa = bits & 0x7fffffu;
    *exponent = (int)(bits >> 23) - 150;
    if (bits >= 0x7f800000u) {
        return x == 0.0f; // the negative zero
    }
    if (*exponent > -150) {
        *mantissa |= 0x800000u;
        return true;
    }
    for (*exponent = -149; *mantissa != 0 && *mantissa < 0x800000u; *mantissa <<= 1) {
        --*exponent;
    }
    return true;
}

// n / d to 55 bits, the last one set where there is a remainder: enough for two roundings in a row.
static uint64_t divide(uint64_t n, uint32_t d, int *exponent)
{
    uint64_t q = 0;
    uint32_t rest = 0;
    for (int bit = 63; bit >= 0 || q < (uint64_t)1 << 54; bit--) {
        rest = rest << 1 | (bit >= 0 ? (uint32_t)(n >> bit) & 1u : 0);
        q <<= 1;
        if (rest >= d) {
            rest -= d;
            q |= 1;
        }
        *exponent -= bit < 0;
    }
    return q | (rest != 0);
}

bool nn_scale_from(float a, float b, float c, int exponent, struct nn_scale *out)
{
    uint32_t ma;
    uint32_t mb;
    uint32_t mc;
    int ea;
    int eb;
    int ec;
    out->multiplier = 0;
    out->shift =
        -31; // of a factor of 0, which any shift would do for: this one suits nn_rescale_right
    if (!take_apart(a, &ma, &ea) || !take_apart(b, &mb, &eb) || !take_apart(c, &mc, &ec) ||
        mc == 0) {
        return false;
    }
    if (ma == 0 || mb == 0) {
        return true;
    }
    exponent += ea + eb - ec;
    uint64_t q = divide((uint64_t)ma * mb, mc, &exponent);
    while (q >= (uint64_t)1 << 55) { // n is up to 2^48 d: never far
        q = q >> 1 | (q & 1);
        exponent++;
    }
    // The reference's quotient is a double: 53 bits, ties to even. Then 31 bits, ties away from zero.
    uint64_t rounded = (q + 1 + (q >> 2 & 1)) >> 2;
    uint64_t multiplier = (rounded + ((uint64_t)1 << 21)) >> 22;
    exponent += 55;
    if (multiplier >= (uint64_t)1 << 31) {
        multiplier >>= 1;
        exponent++;
    }
    if (exponent < -31) {
        return true;
    }
    out->multiplier = (int32_t)multiplier;
    out->shift = exponent;
    return exponent <= 30;
}

float nn_roundf(float x)
{
    if (!(x > -8388608.0f && x < 8388608.0f)) {
        return x; // whole already, or not a number
    }
    float whole = (float)(int32_t)x;
    float rest = x - whole;
    return rest >= 0.5f ? whole + 1.0f : rest <= -0.5f ? whole - 1.0f : whole;
}

// Quantized value of a real bound, saturated far beyond any type's range.
static int32_t quantize_bound(float real, const struct nn_tensor *out)
{
    float q = nn_roundf(real / out->scale);
    return q > 1e9f ? 1000000000 : q < -1e9f ? -1000000000 : out->zero_point + (int32_t)q;
}

int nn_need_scale(struct nn_ctx *c, const struct nn_tensor *t)
{
    if (t->scales.count != 1 || !(t->scale > 0.0f)) {
        return nn_misshapen(c, NN_WHY("tensor needs one scale"), t);
    }
    return MOTE_OK;
}

int nn_activation_range(struct nn_ctx *c, uint8_t fused, const struct nn_tensor *out, int32_t *lo,
                        int32_t *hi)
{
    int rc = nn_need_scale(c, out);
    if (rc != MOTE_OK) {
        return rc;
    }
    *lo = out->type == MOTE_NN_I8 ? INT8_MIN : INT16_MIN;
    *hi = out->type == MOTE_NN_I8 ? INT8_MAX : INT16_MAX;
    switch (fused) {
    case NN_ACT_NONE:
        break;
    case NN_ACT_RELU:
        *lo = nn_max32(*lo, quantize_bound(0.0f, out));
        break;
    case NN_ACT_RELU6:
        *lo = nn_max32(*lo, quantize_bound(0.0f, out));
        *hi = nn_min32(*hi, quantize_bound(6.0f, out));
        break;
    case NN_ACT_RELU_N1_TO_1:
        *lo = nn_max32(*lo, quantize_bound(-1.0f, out));
        *hi = nn_min32(*hi, quantize_bound(1.0f, out));
        break;
    default:
        return nn_unsupported(c, NN_WHY("fused activation is not supported"));
    }
    return MOTE_OK;
}

int nn_activation_range_f32(struct nn_ctx *c, uint8_t fused, float *lo, float *hi)
{
    static const float bounds[][2] = {
        [NN_ACT_NONE] = {-3.402823466e38f, 3.402823466e38f},
        [NN_ACT_RELU] = {0.0f, 3.402823466e38f},
        [NN_ACT_RELU_N1_TO_1] = {-1.0f, 1.0f},
        [NN_ACT_RELU6] = {0.0f, 6.0f},
    };
    if (fused >= MOTE_COUNT(bounds)) {
        return nn_unsupported(c, NN_WHY("fused activation is not supported"));
    }
    *lo = bounds[fused][0];
    *hi = bounds[fused][1];
    return MOTE_OK;
}

int nn_channel_scales(struct nn_ctx *c, const struct nn_tensor *in, const struct nn_tensor *weights,
                      const struct nn_tensor *out, int32_t channels, const int32_t **multiplier,
                      const int8_t **shift)
{
    if (weights->scales.count == 0 || weights->zero_point != 0 ||
        (weights->scales.count > 1 && weights->scales.count != (uint32_t)channels)) {
        return nn_misshapen(c, NN_WHY("weights need symmetric scales"), weights);
    }
    int32_t *m = nn_keep_array(c, (size_t)channels, sizeof *m);
    int8_t *s = nn_keep_array(c, (size_t)channels, sizeof *s);
    for (int32_t i = 0; i < channels; i++) {
        uint32_t which = weights->scales.count > 1 ? (uint32_t)i : 0;
        float scale = mote_getf(c->file.fb.p + weights->scales.at + 4 * which);
        struct nn_scale q;
        if (!nn_scale_from(in->scale, scale, out->scale, 0, &q)) {
            return nn_misshapen(c, NN_WHY("scales are out of proportion"), weights);
        }
        c->steep = c->steep || q.shift > -2;
        if (m != NULL) {
            m[i] = q.multiplier;
            s[i] = (int8_t)q.shift;
        }
    }
    *multiplier = m;
    *shift = s;
    return MOTE_OK;
}

int nn_keep_scale(struct nn_ctx *c, float a, float b, const int32_t **multiplier,
                  const int8_t **shift)
{
    struct nn_scale q;
    if (!nn_scale_from(a, 1.0f, b, 0, &q)) {
        return nn_misshapen(c, NN_WHY("scales are out of proportion"), NULL);
    }
    c->steep = c->steep || q.shift > -2;
    int32_t *m = nn_keep_array(c, 1, sizeof *m);
    int8_t *s = nn_keep_array(c, 1, sizeof *s);
    if (m != NULL) {
        *m = q.multiplier;
        *s = (int8_t)q.shift;
    }
    *multiplier = m;
    *shift = s;
    return MOTE_OK;
}

const int32_t *nn_keep_starts(struct nn_ctx *c, const int8_t *weights, const int32_t *bias,
                              int32_t count, int32_t each, int32_t offset)
{
    int32_t *start = nn_keep_array(c, (size_t)count, sizeof *start);
    for (int32_t i = 0; start != NULL && i < count; i++) {
        int32_t sum = 0;
        for (int32_t k = 0; k < each; k++) {
            sum = nn_wrap_add(sum, *weights++);
        }
        start[i] =
            nn_wrap_add(bias != NULL ? bias[i] : 0, (int32_t)((uint32_t)sum * (uint32_t)offset));
    }
    return start;
}
