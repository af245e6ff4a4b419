// int8 operators of one variable as tables: the arithmetic runs 256 times when the model is opened.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_elementwise.h"

void nn_table_i8_eval(const void *params)
{
    const struct nn_table_i8 *p = params;
    for (int32_t i = 0; i < p->count; i++) {
        p->out[i] = p->table[p->in[i] + 128];
    }
}

int nn_table_i8_prepare(struct nn_ctx *c, struct nn_table_i8 *p, struct nn_tensor *in,
                        struct nn_tensor *out)
{
    int rc = nn_unary(c, in, out);
    if (rc != MOTE_OK || (rc = nn_need_scale(c, in)) != MOTE_OK ||
        (rc = nn_need_scale(c, out)) != MOTE_OK) {
        return rc;
    }
    if (out->type != MOTE_NN_I8) {
        return nn_unsupported(c, NN_WHY("input and output types differ"));
    }
    p->in = nn_data(c, in);
    p->out = nn_data(c, out);
    p->count = in->count;
    p->table = nn_keep_array(c, 256, 1);
    c->eval = nn_table_i8_eval;
    return MOTE_OK;
}
