// Runs an open model and answers about it.
#include "firmware/core/nn/nn_priv.h"

static const struct nn_plan *plan_of(const struct mote_nn *nn)
{
    return nn->plan;
}

static int describe(const struct mote_nn *nn, int32_t index, struct mote_nn_tensor *out)
{
    const struct nn_plan *plan = plan_of(nn);
    struct nn_file file = plan->file;
    struct nn_tensor t;
    nn_why reason;
    int rc = nn_file_tensor(&file, index, &t, &reason);
    if (rc != MOTE_OK) {
        return rc;
    }
    memset(out, 0, sizeof *out);
    out->data = t.fixed != NULL ? (void *)(uintptr_t)t.fixed : plan->data[index];
    out->bytes = t.bytes;
    out->type = t.type;
    out->rank = t.rank;
    memcpy(out->dims, t.dims, sizeof out->dims);
    out->scale = t.scale;
    out->zero_point = t.zero_point;
    return MOTE_OK;
}

static int describe_nth(const struct mote_nn *nn, struct nn_vec list, size_t i,
                        struct mote_nn_tensor *out)
{
    if (i >= list.count) {
        return MOTE_E_ARG;
    }
    struct nn_fb fb = plan_of(nn)->file.fb;
    return describe(nn, nn_fb_int(&fb, list, (uint32_t)i), out);
}

size_t mote_nn_input_count(const struct mote_nn *nn)
{
    return plan_of(nn)->file.inputs.count;
}

size_t mote_nn_output_count(const struct mote_nn *nn)
{
    return plan_of(nn)->file.outputs.count;
}

int mote_nn_input(const struct mote_nn *nn, size_t i, struct mote_nn_tensor *out)
{
    return describe_nth(nn, plan_of(nn)->file.inputs, i, out);
}

int mote_nn_output(const struct mote_nn *nn, size_t i, struct mote_nn_tensor *out)
{
    return describe_nth(nn, plan_of(nn)->file.outputs, i, out);
}

int mote_nn_step(struct mote_nn *nn, size_t index)
{
    const struct nn_plan *plan = plan_of(nn);
    if (index >= plan->file.operators.count) {
        return MOTE_E_ARG;
    }
    plan->node[index].eval(plan->node[index].params);
    return MOTE_OK;
}

int mote_nn_invoke(struct mote_nn *nn)
{
    const struct nn_plan *plan = plan_of(nn);
    for (uint32_t i = 0; i < plan->file.operators.count; i++) {
        plan->node[i].eval(plan->node[i].params);
    }
    return MOTE_OK;
}

int mote_nn_reset(struct mote_nn *nn)
{
    const struct nn_plan *plan = plan_of(nn);
    for (uint32_t i = 0; i < plan->file.tensors.count; i++) {
        struct nn_file file = plan->file;
        struct nn_tensor t;
        nn_why reason;
        int rc = nn_file_tensor(&file, (int32_t)i, &t, &reason);
        if (rc != MOTE_OK) {
            return rc;
        }
        if (t.variable && plan->data[i] != NULL) {
            memset(plan->data[i], t.type == MOTE_NN_I8 ? (uint8_t)t.zero_point : 0, t.bytes);
        }
    }
    return MOTE_OK;
}

size_t mote_nn_op_count(const struct mote_nn *nn)
{
    return plan_of(nn)->file.operators.count;
}

const char *mote_nn_op_name(const struct mote_nn *nn, size_t index)
{
    const struct nn_plan *plan = plan_of(nn);
    return index < plan->file.operators.count ? plan->node[index].op->name : NULL;
}

int mote_nn_op_output(const struct mote_nn *nn, size_t index, struct mote_nn_tensor *out,
                      int32_t *tensor_index)
{
    struct nn_file file = plan_of(nn)->file;
    if (index >= file.operators.count) {
        return MOTE_E_ARG;
    }
    struct nn_vec list =
        nn_fb_vec(&file.fb, nn_fb_elem(&file.fb, file.operators, (uint32_t)index), 2, 4);
    if (list.count == 0) {
        return MOTE_E_NOT_FOUND;
    }
    *tensor_index = nn_fb_int(&file.fb, list, 0);
    return describe(nn, *tensor_index, out);
}

uint64_t mote_nn_op_macs(const struct mote_nn *nn, size_t index)
{
    const struct nn_plan *plan = plan_of(nn);
    struct mote_nn_diag diag = {.op_index = -1, .tensor = -1};
    struct nn_ctx c = {.file = plan->file, .diag = &diag, .op_index = (int32_t)index};
    if (index >= plan->file.operators.count || plan->node[index].op->macs == NULL) {
        return 0;
    }
    uint32_t op = nn_fb_elem(&c.file.fb, c.file.operators, (uint32_t)index);
    c.options = nn_fb_table(&c.file.fb, op, 4);
    c.in = nn_fb_vec(&c.file.fb, op, 1, 4);
    c.out = nn_fb_vec(&c.file.fb, op, 2, 4);
    return plan->node[index].op->macs(&c);
}
