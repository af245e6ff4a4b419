// What a prepare function may ask for: tensors, memory that stays, scratch, a way to refuse.
#include "firmware/core/nn/nn_priv.h"

int nn_fail(struct nn_ctx *c, int status, nn_why reason, const struct nn_tensor *t)
{
    nn_diag_reason(c->diag, reason);
    c->diag->op_name = c->op != NULL ? c->op->name : NULL;
    c->diag->op_index = c->op_index;
    c->diag->tensor = t != NULL ? t->index : -1;
    return status;
}

int nn_unsupported(struct nn_ctx *c, nn_why reason)
{
    return nn_fail(c, MOTE_E_UNSUPPORTED, reason, NULL);
}

int nn_misshapen(struct nn_ctx *c, nn_why reason, const struct nn_tensor *t)
{
    return nn_fail(c, MOTE_E_FORMAT, reason, t);
}

static int tensor_at(struct nn_ctx *c, struct nn_vec list, uint32_t i, struct nn_tensor *t)
{
    if (i >= list.count || nn_fb_int(&c->file.fb, list, i) < 0) {
        return MOTE_E_NOT_FOUND;
    }
    nn_why reason;
    int rc = nn_file_tensor(&c->file, nn_fb_int(&c->file.fb, list, i), t, &reason);
    return rc == MOTE_OK ? MOTE_OK : nn_fail(c, rc, reason, t);
}

int nn_in_optional(struct nn_ctx *c, uint32_t i, struct nn_tensor *t)
{
    return tensor_at(c, c->in, i, t);
}

int nn_in(struct nn_ctx *c, uint32_t i, struct nn_tensor *t)
{
    int rc = tensor_at(c, c->in, i, t);
    return rc == MOTE_E_NOT_FOUND ? nn_misshapen(c, NN_WHY("an input is missing"), NULL) : rc;
}

int nn_out(struct nn_ctx *c, uint32_t i, struct nn_tensor *t)
{
    int rc = tensor_at(c, c->out, i, t);
    return rc == MOTE_E_NOT_FOUND ? nn_misshapen(c, NN_WHY("an output is missing"), NULL) : rc;
}

void *nn_data(const struct nn_ctx *c, const struct nn_tensor *t)
{
    return t->fixed != NULL  ? (void *)(uintptr_t)t->fixed
           : c->data != NULL ? c->data[t->index]
                             : NULL;
}

void *nn_keep_array(struct nn_ctx *c, size_t count, size_t size)
{
    size_t bytes = (count * size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    uint8_t *p = c->arena != NULL ? c->arena + c->kept : NULL;
    c->kept += bytes;
    if (p != NULL) {
        memset(p, 0, bytes);
    }
    return p;
}

void *nn_keep_params(struct nn_ctx *c, size_t size)
{
    void *p = nn_keep_array(c, 1, size);
    if (p == NULL) {
        memset(&c->spare, 0, sizeof c->spare);
        p = &c->spare;
    }
    c->params = p;
    return p;
}

int nn_scratch(struct nn_ctx *c, uint64_t bytes, void *pointer_out)
{
    if (bytes > INT32_MAX / 2) {
        return nn_fail(c, MOTE_E_LIMIT, NN_WHY("needs too much scratch memory"), NULL);
    }
    uint32_t size = ((uint32_t)bytes + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
    uint8_t *p = NULL;
    if (c->data != NULL) {
        const struct nn_plan *plan = (const struct nn_plan *)(const void *)c->arena;
        for (uint32_t i = 0; i < c->block_count; i++) {
            if (c->block[i].id == -1 - c->op_index) {
                p = c->arena + plan->head + c->block[i].offset + c->scratch;
            }
        }
    }
    memcpy(pointer_out, &p, sizeof p);
    c->scratch += size;
    return MOTE_OK;
}

int nn_arity(struct nn_ctx *c, uint32_t in_min, uint32_t in_max, uint32_t out)
{
    if (c->in.count < in_min || c->in.count > in_max || c->out.count != out) {
        return nn_misshapen(c, NN_WHY("wrong number of inputs or outputs"), NULL);
    }
    return MOTE_OK;
}

bool nn_same_shape(const struct nn_tensor *a, const struct nn_tensor *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, sizeof a->dims) == 0;
}

int32_t nn_dims_product(const struct nn_tensor *t, unsigned from, unsigned to)
{
    int32_t n = 1;
    for (unsigned i = from; i < to; i++) {
        n *= t->dims[i];
    }
    return n;
}
