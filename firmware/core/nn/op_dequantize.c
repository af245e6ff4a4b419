// DEQUANTIZE: int8, uint8 and int16 to float32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"

void nn_dequantize_eval(const void *params)
{
    const struct nn_dequantize *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        int32_t x = p->type == MOTE_NN_I8   ? ((const int8_t *)p->in)[i]
                    : p->type == MOTE_NN_U8 ? ((const uint8_t *)p->in)[i]
                                            : ((const int16_t *)p->in)[i];
        p->out[i] = (float)((double)p->scale * (x - p->zero)); // the reference multiplies in double
    }
}

static int prepare(struct nn_ctx *c)
{
    struct nn_dequantize *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_unary(c, &in, &out);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, &in)) != MOTE_OK) {
        return rc;
    }
    if ((in.type != MOTE_NN_I8 && in.type != MOTE_NN_U8 && in.type != MOTE_NN_I16) ||
        out.type != MOTE_NN_F32) {
        return nn_unsupported(c, NN_WHY("types are not supported"));
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->count = in.count;
    p->zero = in.zero_point;
    p->scale = in.scale;
    p->type = in.type;
    c->eval = nn_dequantize_eval;
    return MOTE_OK;
}

const struct mote_nn_op mote_nn_op_dequantize = {"DEQUANTIZE",  prepare,     NULL,
                                                 NN_DEQUANTIZE, NN_ANY_TYPE, 5};
