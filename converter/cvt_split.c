// Halves of a model. See cvt_split.h.
#include "converter/cvt_split.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/tflite/ops.h"

// Which half uses a tensor, and whether the head makes it.
enum use { USED_HEAD = 1, USED_TAIL = 2, MADE_HEAD = 4, MADE_TAIL = 8, GIVEN = 16 };

static void mark(const struct tflite_graph *g, size_t after, uint8_t *use)
{
    memset(use, 0, g->tensors);
    for (size_t i = 0; i < g->inputs; i++) {
        use[g->input[i]] |= GIVEN;
    }
    for (size_t k = 0; k < g->ops; k++) {
        const struct tflite_op *op = &g->op[k];
        bool head = k <= after;
        for (size_t i = 0; i < op->ins; i++) {
            if (op->in[i] >= 0) {
                use[op->in[i]] |= head ? USED_HEAD : USED_TAIL;
            }
        }
        for (size_t i = 0; i < op->intermediates; i++) {
            use[op->intermediate[i]] |= head ? USED_HEAD : USED_TAIL;
        }
        for (size_t i = 0; i < op->outs; i++) {
            use[op->out[i]] |= head ? MADE_HEAD : MADE_TAIL;
        }
    }
    for (size_t i = 0; i < g->outputs; i++) {
        use[g->output[i]] |= USED_TAIL; // whichever half makes it, the tail gives it
    }
}

// A tensor that goes over the cut: it has values that are there before the tail runs.
static bool crosses(const struct tflite_graph *g, const uint8_t *use, size_t i)
{
    return (use[i] & USED_TAIL) && (use[i] & (MADE_HEAD | GIVEN)) && !g->tensor[i].data &&
           !g->tensor[i].is_variable;
}

static bool parts_state(const struct tflite_graph *g, const uint8_t *use)
{
    for (size_t i = 0; i < g->tensors; i++) {
        bool head = (use[i] & (USED_HEAD | MADE_HEAD)) != 0,
             tail = (use[i] & (USED_TAIL | MADE_TAIL)) != 0;
        if (g->tensor[i].is_variable && head && tail) {
            return true;
        }
    }
    return false;
}

static uint64_t bytes_of(const struct tflite_tensor *t)
{
    uint64_t n = tflite_type_size((int32_t)t->type);
    for (size_t d = 0; d < t->rank; d++) {
        n *= (uint64_t)t->dims[d];
    }
    return n;
}

void cvt_cut_describe(const struct tflite_graph *g, size_t after, struct cvt_cut *out)
{
    uint8_t *use = calloc(g->tensors + 1, 1);
    *out = (struct cvt_cut){.after = after};
    if (!use) {
        return; // no cut is offered
    }
    mark(g, after, use);
    bool made = false;
    for (size_t i = 0; i < g->tensors; i++) {
        if (crosses(g, use, i)) {
            out->tensors++;
            out->bytes += bytes_of(&g->tensor[i]);
            made = made || (use[i] & MADE_HEAD);
        }
    }
    out->whole = made && !parts_state(g, use);
    free(use);
}

struct half {
    struct tflite_graph graph;
    struct tflite_tensor *tensor;
    struct tflite_op *op;
    int32_t *at; // number of each tensor of the whole in this half, -1: not there
    int32_t *input, *output;
};

static void release(struct half *h)
{
    free(h->tensor);
    free(h->op);
    free(h->at);
    free(h->input);
    free(h->output);
}

static int32_t take(struct half *h, const struct tflite_graph *g, int32_t i)
{
    if (i < 0) {
        return -1;
    }
    if (h->at[i] < 0) {
        h->at[i] = (int32_t)h->graph.tensors;
        h->tensor[h->graph.tensors++] = g->tensor[i];
    }
    return h->at[i];
}

static int begin(struct half *h, const struct tflite_graph *g, struct err *e)
{
    *h = (struct half){.tensor = calloc(g->tensors + 1, sizeof *h->tensor),
                       .op = calloc(g->ops + 1, sizeof *h->op),
                       .at = malloc((g->tensors + 1) * sizeof *h->at),
                       .input = calloc(g->tensors + 1, sizeof *h->input),
                       .output = calloc(g->tensors + 1, sizeof *h->output)};
    if (!h->tensor || !h->op || !h->at || !h->input || !h->output) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < g->tensors; i++) {
        h->at[i] = -1;
    }
    h->graph.tensor = h->tensor;
    h->graph.op = h->op;
    h->graph.input = h->input;
    h->graph.output = h->output;
    h->graph.description = g->description;
    return OK;
}

static void take_op(struct half *h, const struct tflite_graph *g, const struct tflite_op *op)
{
    struct tflite_op *to = &h->op[h->graph.ops++];
    *to = *op;
    for (size_t i = 0; i < op->ins; i++) {
        to->in[i] = take(h, g, op->in[i]);
    }
    for (size_t i = 0; i < op->outs; i++) {
        to->out[i] = take(h, g, op->out[i]);
    }
    for (size_t i = 0; i < op->intermediates; i++) {
        to->intermediate[i] = take(h, g, op->intermediate[i]);
    }
}

static int write_head(const struct tflite_graph *g, size_t after, const uint8_t *use,
                      struct buf *out, struct err *e)
{
    struct half h;
    int rc = begin(&h, g, e);
    for (size_t i = 0; i < g->inputs && rc == OK; i++) {
        if (use[g->input[i]] & USED_HEAD) {
            h.input[h.graph.inputs++] = take(&h, g, g->input[i]);
        }
    }
    for (size_t k = 0; k <= after && rc == OK; k++) {
        take_op(&h, g, &g->op[k]);
    }
    for (size_t i = 0; i < g->tensors && rc == OK; i++) {
        if (crosses(g, use, i) && (use[i] & MADE_HEAD)) {
            h.output[h.graph.outputs++] = take(&h, g, (int32_t)i);
        }
    }
    h.graph.metadata = g->metadata;
    h.graph.metadatas = g->metadatas;
    rc = rc == OK ? tflite_write(&h.graph, out, e) : rc;
    release(&h);
    return rc;
}

static int write_tail(const struct tflite_graph *g, size_t after, const uint8_t *use,
                      struct buf *out, struct err *e)
{
    struct half h;
    int rc = begin(&h, g, e);
    for (size_t i = 0; i < g->tensors && rc == OK; i++) {
        if (crosses(g, use, i)) {
            h.input[h.graph.inputs++] = take(&h, g, (int32_t)i);
        }
    }
    for (size_t k = after + 1; k < g->ops && rc == OK; k++) {
        take_op(&h, g, &g->op[k]);
    }
    for (size_t i = 0; i < g->outputs && rc == OK; i++) {
        h.output[h.graph.outputs++] = take(&h, g, g->output[i]);
    }
    rc = rc == OK ? tflite_write(&h.graph, out, e) : rc;
    release(&h);
    return rc;
}

int cvt_split(const struct tflite_graph *g, size_t after, struct buf *head, struct buf *tail,
              struct err *e)
{
    struct cvt_cut cut;
    if (g->ops < 2 || after + 1 >= g->ops) {
        return err_set(e, E_USAGE, "a cut is behind one of the operators 0 to %lld",
                       (long long)g->ops - 2);
    }
    cvt_cut_describe(g, after, &cut);
    if (!cut.whole) {
        return err_set(e, E_REFUSED,
                       "a cut behind operator %zu parts streaming state from its operator, or "
                       "leaves the head without a result",
                       after);
    }
    uint8_t *use = calloc(g->tensors + 1, 1);
    if (!use) {
        return err_set(e, E_MEM, "out of memory");
    }
    mark(g, after, use);
    int rc = write_head(g, after, use, head, e);
    rc = rc == OK ? write_tail(g, after, use, tail, e) : rc;
    free(use);
    return rc;
}
