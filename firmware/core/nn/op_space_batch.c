// SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND on three or four dimensions (height, and width), any type.
#include "firmware/core/nn/nn_params.h"
#include "firmware/core/nn/nn_shape.h"

// Pixel of the space that pixel (b, y, x) of the batched side stands for; false outside of it.
static bool match(const struct nn_space_batch *p, int32_t b, int32_t y, int32_t x, size_t *at)
{
    int32_t shift = b / p->batches;
    int32_t sy = y * p->block_h + shift / p->block_w - p->top;
    int32_t sx = x * p->block_w + shift % p->block_w - p->left;
    if (sy < 0 || sy >= p->h || sx < 0 || sx >= p->w) {
        return false;
    }
    *at = (((size_t)(b % p->batches) * (size_t)p->h + (size_t)sy) * (size_t)p->w + (size_t)sx) *
          p->depth;
    return true;
}

static void eval(const struct nn_space_batch *p, bool to_batch)
{
    size_t small = 0;
    for (int32_t b = 0; b < p->batches * p->block_h * p->block_w; b++) {
        for (int32_t y = 0; y < p->small_h; y++) {
            for (int32_t x = 0; x < p->small_w; x++, small += p->depth) {
                size_t at;
                bool inside = match(p, b, y, x, &at);
                if (!to_batch && inside) {
                    memcpy(p->out + at, p->in + small, p->depth);
                } else if (to_batch && inside) {
                    memcpy(p->out + small, p->in + at, p->depth);
                } else if (to_batch) {
                    memset(p->out + small, p->fill, p->depth);
                }
            }
        }
    }
}

void nn_space_to_batch(const void *params)
{
    eval(params, true);
}

void nn_batch_to_space(const void *params)
{
    eval(params, false);
}

static int32_t width(const struct nn_tensor *t)
{
    return t->rank == 4 ? t->dims[2] : 1;
}

static int block(struct nn_ctx *c, struct nn_space_batch *p, unsigned spatial)
{
    struct nn_tensor t;
    const int32_t *size;
    const int32_t *edge;
    int rc = nn_in_constant(c, 1, (int32_t)spatial, &t, &size);
    if (rc != MOTE_OK ||
        (rc = nn_in_constant(c, 2, (int32_t)(2 * spatial), &t, &edge)) != MOTE_OK) {
        return rc;
    }
    p->block_h = size[0];
    p->block_w = spatial == 2 ? size[1] : 1;
    p->top = edge[0];
    p->left = spatial == 2 ? edge[2] : 0;
    int32_t bottom = edge[1];
    int32_t right = spatial == 2 ? edge[3] : 0;
    const int32_t limit = 1 << 15;
    if (p->block_h < 1 || p->block_w < 1 || p->block_h > limit || p->block_w > limit ||
        p->top < 0 || p->left < 0 || bottom < 0 || right < 0 || p->top > limit || p->left > limit ||
        bottom > limit || right > limit) {
        return nn_misshapen(c, NN_WHY("block or border is out of range"), &t);
    }
    bool crops = c->op->code == NN_BATCH_TO_SPACE_ND;
    int64_t sign = crops ? -1 : 1;
    int64_t h = crops ? (int64_t)p->small_h * p->block_h : p->h;
    int64_t w = crops ? (int64_t)p->small_w * p->block_w : p->w;
    int64_t want_h = crops ? p->h : (int64_t)p->small_h * p->block_h;
    int64_t want_w = crops ? p->w : (int64_t)p->small_w * p->block_w;
    if (h + sign * ((int64_t)p->top + bottom) != want_h ||
        w + sign * ((int64_t)p->left + right) != want_w) {
        return nn_misshapen(c, NN_WHY("output does not follow from input and blocks"), NULL);
    }
    return MOTE_OK;
}

static int prepare(struct nn_ctx *c)
{
    struct nn_space_batch *p = nn_keep(c, sizeof *p);
    struct nn_tensor in;
    struct nn_tensor out;
    int rc = nn_arity(c, 3, 3, 1);
    if (rc != MOTE_OK || (rc = nn_in(c, 0, &in)) != MOTE_OK ||
        (rc = nn_out(c, 0, &out)) != MOTE_OK) {
        return rc;
    }
    bool to_batch = c->op->code == NN_SPACE_TO_BATCH_ND;
    const struct nn_tensor *space = to_batch ? &in : &out;
    const struct nn_tensor *small = to_batch ? &out : &in;
    if (in.type != out.type || in.rank != out.rank || (in.rank != 3 && in.rank != 4) ||
        in.dims[in.rank - 1] != out.dims[in.rank - 1]) {
        return nn_misshapen(c, NN_WHY("input and output do not match"), &out);
    }
    p->in = nn_data(c, &in);
    p->out = nn_data(c, &out);
    p->batches = space->dims[0];
    p->h = space->dims[1];
    p->w = width(space);
    p->small_h = small->dims[1];
    p->small_w = width(small);
    p->depth = (uint32_t)in.dims[in.rank - 1] * nn_type_size(in.type);
    p->fill = 0; // whatever the zero point: so does the reference of TensorFlow Lite Micro
    c->eval = to_batch ? nn_space_to_batch : nn_batch_to_space;
    rc = block(c, p, in.rank - 2u);
    if (rc == MOTE_OK &&
        (p->batches < 1 || (int64_t)p->batches * p->block_h * p->block_w != small->dims[0])) {
        rc = nn_misshapen(c, NN_WHY("batches do not follow from the blocks"), small);
    }
    return rc;
}

const struct mote_nn_op mote_nn_op_space_to_batch_nd = {"SPACE_TO_BATCH_ND",  prepare,     NULL,
                                                        NN_SPACE_TO_BATCH_ND, NN_ANY_TYPE, 4};
const struct mote_nn_op mote_nn_op_batch_to_space_nd = {"BATCH_TO_SPACE_ND",  prepare,     NULL,
                                                        NN_BATCH_TO_SPACE_ND, NN_ANY_TYPE, 4};
