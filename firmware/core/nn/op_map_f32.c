// RELU, RELU6, LOGISTIC and TANH on float32.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"
#include "firmware/core/nn/nn_float.h"

int nn_map_f32_prepare(struct nn_ctx *c, struct nn_map_f32 **params)
{
    struct nn_map_f32 *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_unary(c, &in, &out);
    if (rc == MOTE_OK && out.type != MOTE_NN_F32) {
        rc = nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    if (rc == MOTE_OK) {
        p->in = nn_data(c, &in);
        p->out = nn_data(c, &out);
        p->count = in.count;
    }
    *params = p;
    return rc;
}

static int prepare(struct nn_ctx *c, nn_eval_fn eval)
{
    struct nn_map_f32 *p;
    c->eval = eval;
    return nn_map_f32_prepare(c, &p);
}

void nn_relu_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        p->out[i] = p->in[i] < 0.0f ? 0.0f : p->in[i];
    }
}

void nn_relu6_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        float x = p->in[i];
        p->out[i] = x > 6.0f ? 6.0f : x < 0.0f ? 0.0f : x;
    }
}

void nn_logistic_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        float x = p->in[i];
        p->out[i] = x > 16.619047164916992188f ? 1.0f
                    : x < -9.0f                ? nn_expf(x)
                                               : 1.0f / (1.0f + nn_expf(-x));
    }
}

void nn_tanh_f32(const void *params)
{
    const struct nn_map_f32 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        p->out[i] = nn_tanhf(p->in[i]);
    }
}

static int prepare_relu(struct nn_ctx *c)
{
    return prepare(c, nn_relu_f32);
}

static int prepare_relu6(struct nn_ctx *c)
{
    return prepare(c, nn_relu6_f32);
}

static int prepare_logistic(struct nn_ctx *c)
{
    return prepare(c, nn_logistic_f32);
}

static int prepare_tanh(struct nn_ctx *c)
{
    return prepare(c, nn_tanh_f32);
}

const struct mote_nn_op mote_nn_op_relu_f32 = {"RELU", prepare_relu, NULL, NN_RELU, MOTE_NN_F32, 3};
const struct mote_nn_op mote_nn_op_relu6_f32 = {"RELU6",  prepare_relu6, NULL,
                                                NN_RELU6, MOTE_NN_F32,   3};
const struct mote_nn_op mote_nn_op_logistic_f32 = {"LOGISTIC",  prepare_logistic, NULL,
                                                   NN_LOGISTIC, MOTE_NN_F32,      3};
const struct mote_nn_op mote_nn_op_tanh_f32 = {"TANH", prepare_tanh, NULL, NN_TANH, MOTE_NN_F32, 3};
