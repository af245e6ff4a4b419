// Writing .tflite files. See export.h.
#include "trainer/export.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/writer.h"
#include "firmware/core/pipe/mote_pipe.h"

#define NAME_MAX_ 24

struct work {
    const struct graph *g;
    bool int8;
    struct tflite_tensor *t;
    struct tflite_op *op;
    char (*name)[NAME_MAX_];
    float *bias_scale; // scales of all biases, one after another
    size_t tensors, bias_scales;
};

static int32_t put_tensor(struct work *w, struct tflite_tensor t, const char *kind)
{
    size_t i = w->tensors++;
    snprintf(w->name[i], NAME_MAX_, "%s_%zu", kind, i);
    t.name = w->name[i];
    w->t[i] = t;
    return (int32_t)i;
}

static const struct gop *maker_of(const struct graph *g, int tensor)
{
    for (int i = 0; i < g->ops; i++) {
        if (g->op[i].out == tensor) {
            return &g->op[i];
        }
    }
    return NULL;
}

static bool slides(const struct gop *o)
{
    return o->kind == GOP_CONV || o->kind == GOP_DWCONV || o->kind == GOP_MAXPOOL ||
           o->kind == GOP_AVGPOOL;
}

// What dense layers, softmax and flattening give is a row, and what is made of rows alone; all else has four dimensions.
static bool is_row(const struct graph *g, int tensor)
{
    const struct gop *o = maker_of(g, tensor);
    struct shape s = g->t[tensor].s;
    if (s.h != 1 || s.w != 1) {
        return false;
    }
    while (o && (o->kind == GOP_CONCAT || o->kind == GOP_MUL || o->kind == GOP_QUANTIZE ||
                 o->kind == GOP_ADD)) {
        tensor = o->in[0];
        o = maker_of(g, tensor);
    }
    for (int i = 0; !o && i < g->ops; i++) {
        if (g->op[i].in[0] == tensor && slides(&g->op[i])) {
            return false;
        }
    }
    return !o || o->kind == GOP_DENSE || o->kind == GOP_SOFTMAX || o->kind == GOP_RESHAPE;
}

static void put_activation(struct work *w, int index)
{
    const struct gtensor *a = &w->g->t[index];
    enum tflite_type whole = a->wide ? TFLITE_INT16 : TFLITE_INT8;
    struct tflite_tensor t = {.type = w->int8 ? whole : TFLITE_FLOAT32, .rank = 4,
                              .dims = {1, a->s.h, a->s.w, a->s.c}};
    if (is_row(w->g, index)) {
        t.rank = 2;
        t.dims[1] = a->s.c;
    }
    if (w->int8) {
        t.scale = &a->scale;
        t.zero_point = &a->zero_point;
        t.scales = 1;
    }
    (void)put_tensor(w, t, index == w->g->input ? "input" : index == w->g->output ? "output" : "y");
}

static int32_t put_weights(struct work *w, const struct gop *o)
{
    struct tflite_tensor t = {.type = w->int8 ? TFLITE_INT8 : TFLITE_FLOAT32,
                              .data = w->int8 ? (const void *)o->qw : (const void *)o->w,
                              .bytes = w->int8 ? o->w_len : o->w_len * sizeof(float)};
    if (o->kind == GOP_DENSE) {
        t.rank = 2;
        t.dims[0] = o->channels;
        t.dims[1] = (int32_t)(o->w_len / (size_t)o->channels);
    } else {
        bool deep = o->kind == GOP_DWCONV;
        int32_t dims[4] = {deep ? 1 : o->channels, o->l->kh, o->l->kw,
                           deep ? o->channels : o->l->x.c};
        t.rank = 4;
        memcpy(t.dims, dims, sizeof(dims));
        t.quantized_dim = deep ? 3 : 0;
    }
    if (w->int8) {
        t.scale = o->w_scale;
        t.scales = (size_t)o->w_scales;
    }
    return put_tensor(w, t, "w");
}

static int32_t put_bias(struct work *w, const struct gop *o)
{
    struct tflite_tensor t = {.type = w->int8 ? TFLITE_INT32 : TFLITE_FLOAT32,
                              .rank = 1,
                              .dims = {o->channels},
                              .data = w->int8 ? (const void *)o->qb : (const void *)o->b,
                              .bytes = (size_t)o->channels * 4};
    if (w->int8 && o->qb_wide) {
        t.type = TFLITE_INT64;
        t.data = o->qb_wide;
        t.bytes *= 2;
    }
    if (w->int8) {
        t.scale = w->bias_scale + w->bias_scales;
        t.scales = (size_t)o->w_scales;
        for (int c = 0; c < o->w_scales; c++) {
            w->bias_scale[w->bias_scales++] = w->g->t[o->in[0]].scale * o->w_scale[c];
        }
    }
    return put_tensor(w, t, "b");
}

static enum tflite_builtin code_of(enum gop_kind k)
{
    static const enum tflite_builtin codes[] = {[GOP_CONV] = TFLITE_CONV_2D,
                                                [GOP_DWCONV] = TFLITE_DEPTHWISE_CONV_2D,
                                                [GOP_DENSE] = TFLITE_FULLY_CONNECTED,
                                                [GOP_MAXPOOL] = TFLITE_MAX_POOL_2D,
                                                [GOP_AVGPOOL] = TFLITE_AVERAGE_POOL_2D,
                                                [GOP_ADD] = TFLITE_ADD,
                                                [GOP_CONCAT] = TFLITE_CONCATENATION,
                                                [GOP_RESHAPE] = TFLITE_RESHAPE,
                                                [GOP_SOFTMAX] = TFLITE_SOFTMAX,
                                                [GOP_MUL] = TFLITE_MUL,
                                                [GOP_MEAN] = TFLITE_MEAN,
                                                [GOP_QUANTIZE] = TFLITE_QUANTIZE};
    return codes[k];
}

static void put_op(struct work *w, int index, int32_t *reshape_dims)
{
    const struct gop *o = &w->g->op[index];
    struct tflite_op p = {
        .code = code_of(o->kind), .ins = 1, .outs = 1, .in = {o->in[0]}, .out = {o->out}};
    p.options.activation = o->act == ACT_RELU    ? TFLITE_ACT_RELU
                           : o->act == ACT_RELU6 ? TFLITE_ACT_RELU6
                                                 : TFLITE_ACT_NONE;
    for (int i = 1; i < 2 + o->more && o->in[i] >= 0; i++) {
        p.in[p.ins++] = o->in[i];
    }
    if (o->w) {
        p.in[p.ins++] = put_weights(w, o);
        p.in[p.ins++] = put_bias(w, o);
    }
    if (o->kind == GOP_RESHAPE) {
        const struct tflite_tensor *to = &w->t[o->out];
        memcpy(reshape_dims, to->dims, to->rank * sizeof(*reshape_dims));
        struct tflite_tensor t = {.type = TFLITE_INT32,
                                  .rank = 1,
                                  .dims = {to->rank},
                                  .data = reshape_dims,
                                  .bytes = to->rank * sizeof(*reshape_dims)};
        p.options.new_rank = to->rank;
        memcpy(p.options.new_shape, reshape_dims, t.bytes);
        p.in[p.ins++] = put_tensor(w, t, "shape");
    }
    if (o->kind == GOP_MEAN) {
        static const int32_t height_and_width[2] = {1, 2};
        struct tflite_tensor t = {
            .type = TFLITE_INT32, .rank = 1, .dims = {2}, .data = height_and_width, .bytes = 8};
        p.in[p.ins++] = put_tensor(w, t, "axes");
        p.options.keep_dims = true;
    }
    if (o->l && o->kind != GOP_DENSE && o->kind != GOP_MEAN) {
        p.options.padding = o->l->same ? TFLITE_PAD_SAME : TFLITE_PAD_VALID;
        p.options.stride_h = o->l->sh;
        p.options.stride_w = o->l->sw;
        p.options.filter_h = o->l->kh;
        p.options.filter_w = o->l->kw;
    }
    if (o->kind == GOP_DWCONV) {
        p.options.depth_multiplier = o->channels / o->l->x.c;
    }
    p.options.axis = o->kind == GOP_CONCAT ? w->t[o->out].rank - 1 : 0;
    p.options.beta = 1;
    w->op[index] = p;
}

int export_tflite(const struct graph *g, bool int8, const char *description, const void *pipeline,
                  size_t pipeline_len, struct buf *out, struct err *e)
{
    size_t most = (size_t)g->tensors + 3 * (size_t)g->ops, scales = 1;
    for (int i = 0; i < g->ops; i++) {
        scales += (size_t)g->op[i].channels;
    }
    struct work w = {.g = g, .int8 = int8};
    w.t = calloc(most, sizeof(*w.t));
    w.op = calloc((size_t)g->ops + 1, sizeof(*w.op));
    w.name = calloc(most, sizeof(*w.name));
    w.bias_scale = calloc(scales, sizeof(float));
    int32_t(*dims)[4] = calloc((size_t)g->ops + 1, sizeof(*dims));
    int rc = OK;
    if (!w.t || !w.op || !w.name || !w.bias_scale || !dims) {
        rc = err_set(e, E_MEM, "out of memory");
        goto done;
    }
    for (int i = 0; i < g->tensors; i++) {
        put_activation(&w, i);
    }
    for (int i = 0; i < g->ops; i++) {
        put_op(&w, i, dims[i]);
    }
    struct tflite_metadata meta = {MOTE_PIPE_METADATA, pipeline, pipeline_len};
    int32_t input = g->input, output = g->output;
    struct tflite_graph file = {.description = description,
                                .tensor = w.t,
                                .tensors = w.tensors,
                                .op = w.op,
                                .ops = (size_t)g->ops,
                                .input = &input,
                                .output = &output,
                                .inputs = 1,
                                .outputs = 1,
                                .metadata = &meta,
                                .metadatas = pipeline ? 1 : 0};
    rc = tflite_write(&file, out, e);
done:
    free(w.t);
    free(w.op);
    free(w.name);
    free(w.bias_scale);
    free(dims);
    return rc;
}
