// Lays a graph out as a .tflite file. Built back to front, so the file starts with the root table
// and ends with the constants' bytes: a reader that walks the graph touches one compact region.
//
// Buffer 0 is empty and stands for "no data"; then one buffer for each constant tensor, in tensor
// order, then one for each metadata entry. Hosts are little-endian, like the file.
#include "common/tflite/writer.h"

#include <math.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/fbb.h"
#include "common/tflite/ops.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "vectors are copied as they lie in memory");

#define MAX_PARTS 65536 // tensors, operators: more is a mistake, not a model for a device

struct op_code {
    int32_t code, version;
};

struct work {
    struct fbb b;
    const struct tflite_graph *g;
    uint32_t *tensor_buffer; // buffer index of each tensor
    fbb_ref *ref;            // scratch: references of a vector's elements
    struct op_code *code;    // distinct operator codes in order of first use
    size_t codes, buffers;
};

// --- checks ----------------------------------------------------------------------------------

static int check_shape(const struct tflite_tensor *t, size_t i, struct err *e)
{
    size_t size = tflite_type_size((int32_t)t->type), bytes = size;
    if (!size) {
        return err_set(e, E_FORMAT, "tensor %zu '%s': type %d has no fixed size", i, t->name,
                       (int)t->type);
    }
    if (t->rank > TFLITE_MAX_RANK) {
        return err_set(e, E_LIMIT, "tensor %zu '%s': rank %u is over %d", i, t->name, t->rank,
                       TFLITE_MAX_RANK);
    }
    for (size_t d = 0; d < t->rank; d++) {
        // Tensors that only carry quantization (intermediates of an LSTM) have a dimension of 0.
        if (t->dims[d] < (t->data ? 1 : 0) ||
            (bytes && (size_t)t->dims[d] > FBB_MAX_BYTES / bytes)) {
            return err_set(e, E_FORMAT, "tensor %zu '%s': dimension %zu is %d", i, t->name, d,
                           t->dims[d]);
        }
        bytes *= (size_t)t->dims[d];
    }
    if (t->data && t->bytes != bytes) {
        return err_set(e, E_FORMAT, "tensor %zu '%s': %zu bytes of data, its shape has %zu", i,
                       t->name, t->bytes, bytes);
    }
    return OK;
}

static int check_tensor(const struct tflite_tensor *t, size_t i, struct err *e)
{
    if (!t->name) {
        return err_set(e, E_FORMAT, "tensor %zu has no name", i);
    }
    if (check_shape(t, i, e) != OK) {
        return e->code;
    }
    if (t->scales > 1) {
        if (t->quantized_dim < 0 || t->quantized_dim >= t->rank ||
            t->scales != (size_t)t->dims[t->quantized_dim]) {
            return err_set(e, E_FORMAT, "tensor %zu '%s': %zu scales do not match dimension %d", i,
                           t->name, t->scales, t->quantized_dim);
        }
    }
    for (size_t k = 0; k < t->scales; k++) {
        if (!isfinite(t->scale[k]) || t->scale[k] <= 0) {
            return err_set(e, E_FORMAT, "tensor %zu '%s': scale %zu is %g", i, t->name, k,
                           (double)t->scale[k]);
        }
    }
    return OK;
}

static int check_indices(const struct tflite_graph *g, const int32_t *index, size_t count,
                         bool optional, const char *what, size_t op, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (index[i] < (optional ? -1 : 0) || (index[i] >= 0 && (size_t)index[i] >= g->tensors)) {
            return err_set(e, E_FORMAT, "%s %zu: tensor index %d of port %zu is out of range", what,
                           op, index[i], i);
        }
    }
    return OK;
}

static int check_op(const struct tflite_graph *g, size_t i, struct err *e)
{
    const struct tflite_op *op = &g->op[i];
    if (!tflite_op_name((int32_t)op->code)) {
        return err_set(e, E_FORMAT, "operator %zu: code %d is not known", i, (int)op->code);
    }
    if (op->ins > TFLITE_OP_PORTS || op->outs > TFLITE_OP_PORTS || op->outs < 1 ||
        op->intermediates > TFLITE_OP_INTERMEDIATES || op->options.new_rank > TFLITE_MAX_RANK) {
        return err_set(e, E_FORMAT, "operator %zu: too many or too few ports", i);
    }
    if (check_indices(g, op->in, op->ins, true, "operator", i, e) != OK ||
        check_indices(g, op->out, op->outs, false, "operator", i, e) != OK) {
        return e->code;
    }
    for (size_t k = 0; k < op->outs; k++) {
        if (g->tensor[op->out[k]].data) {
            return err_set(e, E_FORMAT, "operator %zu: writes to the constant tensor %d", i,
                           op->out[k]);
        }
    }
    return check_indices(g, op->intermediate, op->intermediates, false, "operator", i, e);
}

static int check_graph(const struct tflite_graph *g, struct err *e)
{
    if (!g->tensors || !g->inputs || !g->outputs || g->tensors > MAX_PARTS || g->ops > MAX_PARTS ||
        g->metadatas > MAX_PARTS || g->inputs > g->tensors || g->outputs > g->tensors) {
        return err_set(e, E_FORMAT,
                       "a graph needs tensors, inputs and outputs, at most %d of a kind",
                       MAX_PARTS);
    }
    for (size_t i = 0; i < g->tensors; i++) {
        if (check_tensor(&g->tensor[i], i, e) != OK) {
            return e->code;
        }
    }
    for (size_t i = 0; i < g->ops; i++) {
        if (check_op(g, i, e) != OK) {
            return e->code;
        }
    }
    for (size_t i = 0; i < g->metadatas; i++) {
        if (!g->metadata[i].name || (!g->metadata[i].data && g->metadata[i].bytes)) {
            return err_set(e, E_FORMAT, "metadata %zu has no name or no data", i);
        }
    }
    if (check_indices(g, g->input, g->inputs, false, "graph input", 0, e) != OK) {
        return e->code;
    }
    return check_indices(g, g->output, g->outputs, false, "graph output", 0, e);
}

// --- parts, children before parents ------------------------------------------------------------

static fbb_ref put_ints(struct fbb *b, const int32_t *v, size_t count)
{
    return fbb_vector(b, v, count, 4, 4);
}

static fbb_ref put_buffer(struct fbb *b, const void *data, size_t bytes)
{
    fbb_ref at = bytes ? fbb_vector(b, data, bytes, 1, 16) : 0;
    fbb_table_begin(b);
    fbb_put_ref(b, 0, at);
    return fbb_table_end(b);
}

static fbb_ref put_buffers(struct work *w)
{
    const struct tflite_graph *g = w->g;
    size_t n = 0;
    w->ref[n++] = put_buffer(&w->b, NULL, 0);
    for (size_t i = 0; i < g->tensors; i++) {
        if (g->tensor[i].data) {
            w->tensor_buffer[i] = (uint32_t)n;
            w->ref[n++] = put_buffer(&w->b, g->tensor[i].data, g->tensor[i].bytes);
        }
    }
    w->buffers = n;
    for (size_t i = 0; i < g->metadatas; i++) {
        w->ref[n++] = put_buffer(&w->b, g->metadata[i].data, g->metadata[i].bytes);
    }
    return fbb_refs(&w->b, w->ref, n);
}

static fbb_ref put_metadata(struct work *w)
{
    const struct tflite_graph *g = w->g;
    for (size_t i = 0; i < g->metadatas; i++) {
        fbb_ref name = fbb_string(&w->b, g->metadata[i].name);
        fbb_table_begin(&w->b);
        fbb_put_ref(&w->b, 0, name);
        fbb_u32(&w->b, 1, (uint32_t)(w->buffers + i), 0);
        w->ref[i] = fbb_table_end(&w->b);
    }
    return g->metadatas ? fbb_refs(&w->b, w->ref, g->metadatas) : 0;
}

static fbb_ref put_quantization(struct work *w, const struct tflite_tensor *t)
{
    if (!t->scales) {
        return 0;
    }
    int64_t *zero = calloc(t->scales, sizeof *zero);
    if (!zero) {
        w->b.status = E_MEM;
        return 0;
    }
    for (size_t i = 0; t->zero_point && i < t->scales; i++) {
        zero[i] = t->zero_point[i];
    }
    fbb_ref zeros = fbb_vector(&w->b, zero, t->scales, 8, 8);
    fbb_ref scales = fbb_vector(&w->b, t->scale, t->scales, 4, 4);
    free(zero);
    fbb_table_begin(&w->b);
    fbb_put_ref(&w->b, 2, scales);
    fbb_put_ref(&w->b, 3, zeros);
    fbb_i32(&w->b, 6, t->scales > 1 ? t->quantized_dim : 0, 0);
    return fbb_table_end(&w->b);
}

static fbb_ref put_tensors(struct work *w)
{
    for (size_t i = 0; i < w->g->tensors; i++) {
        const struct tflite_tensor *t = &w->g->tensor[i];
        fbb_ref quantization = put_quantization(w, t);
        fbb_ref name = fbb_string(&w->b, t->name);
        fbb_ref shape = put_ints(&w->b, t->dims, t->rank);
        fbb_table_begin(&w->b);
        fbb_put_ref(&w->b, 0, shape);
        fbb_u32(&w->b, 2, w->tensor_buffer[i], 0);
        fbb_put_ref(&w->b, 3, name);
        fbb_put_ref(&w->b, 4, quantization);
        fbb_u8(&w->b, 1, (uint8_t)t->type, 0);
        fbb_u8(&w->b, 5, t->is_variable, 0);
        fbb_u8(&w->b, 8, 1, 0); // has_rank
        w->ref[i] = fbb_table_end(&w->b);
    }
    return fbb_refs(&w->b, w->ref, w->g->tensors);
}

static uint32_t op_code_index(struct work *w, const struct tflite_op *op)
{
    struct op_code c = {(int32_t)op->code, tflite_op_version(w->g, op)};
    for (size_t i = 0; i < w->codes; i++) {
        if (w->code[i].code == c.code && w->code[i].version == c.version) {
            return (uint32_t)i;
        }
    }
    w->code[w->codes] = c;
    return (uint32_t)w->codes++;
}

static fbb_ref put_op(struct work *w, const struct tflite_op *op)
{
    uint8_t type = (uint8_t)tflite_op_options_type((int32_t)op->code);
    fbb_ref options = 0;
    tflite_options_put(&w->b, w->g, op, &options);
    fbb_ref in = put_ints(&w->b, op->in, op->ins), out = put_ints(&w->b, op->out, op->outs);
    fbb_ref inner = op->intermediates ? put_ints(&w->b, op->intermediate, op->intermediates) : 0;
    fbb_table_begin(&w->b);
    fbb_u32(&w->b, 0, op_code_index(w, op), 0);
    fbb_put_ref(&w->b, 1, in);
    fbb_put_ref(&w->b, 2, out);
    fbb_put_ref(&w->b, 4, options);
    fbb_put_ref(&w->b, 8, inner);
    fbb_u8(&w->b, 3, type, 0);
    return fbb_table_end(&w->b);
}

static fbb_ref put_ops(struct work *w)
{
    for (size_t i = 0; i < w->g->ops; i++) {
        w->ref[i] = put_op(w, &w->g->op[i]);
    }
    return fbb_refs(&w->b, w->ref, w->g->ops);
}

static fbb_ref put_op_codes(struct work *w)
{
    for (size_t i = 0; i < w->codes; i++) {
        fbb_table_begin(&w->b);
        fbb_i32(&w->b, 2, w->code[i].version, 1);
        fbb_i32(&w->b, 3, w->code[i].code, 0);
        fbb_u8(&w->b, 0, (uint8_t)w->code[i].code, 0); // codes known here are below 127
        w->ref[i] = fbb_table_end(&w->b);
    }
    return fbb_refs(&w->b, w->ref, w->codes);
}

static fbb_ref put_subgraph(struct work *w)
{
    const struct tflite_graph *g = w->g;
    fbb_ref ops = put_ops(w);
    fbb_ref tensors = put_tensors(w);
    fbb_ref name = fbb_string(&w->b, "main");
    fbb_ref in = put_ints(&w->b, g->input, g->inputs), out = put_ints(&w->b, g->output, g->outputs);
    fbb_table_begin(&w->b);
    fbb_put_ref(&w->b, 0, tensors);
    fbb_put_ref(&w->b, 1, in);
    fbb_put_ref(&w->b, 2, out);
    fbb_put_ref(&w->b, 3, ops);
    fbb_put_ref(&w->b, 4, name);
    fbb_ref subgraph = fbb_table_end(&w->b);
    return fbb_refs(&w->b, &subgraph, 1);
}

// TensorMap entries: tensor names as the signature's argument names.
static fbb_ref put_tensor_map(struct work *w, const int32_t *index, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fbb_ref name = fbb_string(&w->b, w->g->tensor[index[i]].name);
        fbb_table_begin(&w->b);
        fbb_put_ref(&w->b, 0, name);
        fbb_u32(&w->b, 1, (uint32_t)index[i], 0);
        w->ref[i] = fbb_table_end(&w->b);
    }
    return fbb_refs(&w->b, w->ref, count);
}

static fbb_ref put_signature(struct work *w)
{
    const struct tflite_graph *g = w->g;
    if (!g->signature) {
        return 0;
    }
    fbb_ref in = put_tensor_map(w, g->input, g->inputs);
    fbb_ref out = put_tensor_map(w, g->output, g->outputs);
    fbb_ref key = fbb_string(&w->b, g->signature);
    fbb_table_begin(&w->b);
    fbb_put_ref(&w->b, 0, in);
    fbb_put_ref(&w->b, 1, out);
    fbb_put_ref(&w->b, 2, key);
    fbb_ref signature = fbb_table_end(&w->b);
    return fbb_refs(&w->b, &signature, 1);
}

static int build(struct work *w, struct buf *out)
{
    fbb_ref buffers = put_buffers(w);
    fbb_ref metadata = put_metadata(w);
    fbb_ref signature = put_signature(w);
    fbb_ref subgraphs = put_subgraph(w);
    fbb_ref codes = put_op_codes(w);
    fbb_ref description = w->g->description ? fbb_string(&w->b, w->g->description) : 0;
    fbb_table_begin(&w->b);
    fbb_u32(&w->b, 0, TFLITE_SCHEMA_VERSION, 0);
    fbb_put_ref(&w->b, 1, codes);
    fbb_put_ref(&w->b, 2, subgraphs);
    fbb_put_ref(&w->b, 3, description);
    fbb_put_ref(&w->b, 4, buffers);
    fbb_put_ref(&w->b, 6, metadata);
    fbb_put_ref(&w->b, 7, signature);
    return fbb_finish(&w->b, fbb_table_end(&w->b), TFLITE_IDENTIFIER, out);
}

int tflite_write(const struct tflite_graph *g, struct buf *out, struct err *e)
{
    struct work w = {.g = g};
    int status;
    if (out->len) {
        return err_set(e, E_USAGE, "write .tflite: the output is not empty");
    }
    if (check_graph(g, e) != OK) {
        return err_wrap(e, "write .tflite");
    }
    w.tensor_buffer = calloc(g->tensors, sizeof *w.tensor_buffer);
    w.ref = calloc(g->tensors + g->ops + g->metadatas + 1, sizeof *w.ref);
    w.code = calloc(g->ops + 1, sizeof *w.code);
    status = w.tensor_buffer && w.ref && w.code ? build(&w, out) : E_MEM;
    if (status != OK) {
        status = err_set(e, status, "write .tflite: %s",
                         status == E_LIMIT ? "the file would be too large" : "out of memory");
    }
    fbb_release(&w.b);
    free(w.tensor_buffer);
    free(w.ref);
    free(w.code);
    return status;
}
