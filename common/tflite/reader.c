// Walks a .tflite file (schema 3) once and fills the arrays of a tflite_graph.
#include "common/tflite/reader.h"

#include "common/err.h"
#include "common/tflite/fbr.h"
#include "common/tflite/ops.h"
#include "firmware/core/mote_base.h"

#define MAX_PARTS 65536

struct walk {
    struct fbr r;
    struct tflite_model *m;
    size_t buffers, buffer_count; // vector of Buffer tables
    size_t codes, code_count;     // vector of OperatorCode tables
    float *scale;                 // next free of the quantization pool
    int32_t *zero;
    size_t pool; // elements left in it
};

static void *own(struct tflite_model *m, size_t count, size_t size)
{
    void *p = m->owned_count < ARRAY_LEN(m->owned) ? calloc(count + 1, size) : NULL;
    if (p) {
        m->owned[m->owned_count++] = p;
    }
    return p;
}

void tflite_model_release(struct tflite_model *m)
{
    for (size_t i = 0; i < m->owned_count; i++) {
        free(m->owned[i]);
    }
    *m = (struct tflite_model){0};
}

// Bytes of buffer i; NULL where it holds none.
static const void *buffer_data(struct walk *w, size_t i, size_t *bytes)
{
    *bytes = 0;
    if (i >= w->buffer_count) {
        fbr_fail(&w->r, "a buffer index is out of range");
        return NULL;
    }
    size_t at = fbr_vector(&w->r, fbr_table_at(&w->r, w->buffers, i), 0, 1, bytes);
    return *bytes ? w->r.p + at : NULL;
}

static void read_quantization(struct walk *w, size_t table, struct tflite_tensor *t)
{
    size_t scales, zeros;
    size_t scale = fbr_vector(&w->r, table, 2, 4, &scales);
    size_t zero = fbr_vector(&w->r, table, 3, 8, &zeros);
    if (!scales || w->r.bad) {
        return;
    }
    if ((zeros && zeros != scales) || scales > w->pool) {
        fbr_fail(&w->r, "scales and zero points differ in number");
        return;
    }
    t->scale = w->scale;
    t->zero_point = w->zero;
    t->scales = scales;
    t->quantized_dim = (int32_t)fbr_u32(&w->r, table, 6, 0);
    for (size_t i = 0; i < scales; i++) {
        w->scale[i] = mote_getf(w->r.p + scale + 4 * i);
        int64_t z = zeros ? (int64_t)mote_get64(w->r.p + zero + 8 * i) : 0;
        if (z < INT32_MIN || z > INT32_MAX) {
            fbr_fail(&w->r, "a zero point is out of range");
            return;
        }
        w->zero[i] = (int32_t)z;
    }
    w->scale += scales;
    w->zero += scales;
    w->pool -= scales;
}

static void read_tensor(struct walk *w, size_t table, struct tflite_tensor *t)
{
    struct fbr *r = &w->r;
    size_t rank, shape = fbr_vector(r, table, 0, 4, &rank);
    if (rank > TFLITE_MAX_RANK) {
        fbr_fail(r, "a tensor has more than 6 dimensions");
        return;
    }
    t->rank = (uint8_t)rank;
    for (size_t d = 0; d < rank; d++) {
        t->dims[d] = (int32_t)fbr_u32_at(r, shape + 4 * d);
    }
    t->type = (enum tflite_type)fbr_u8(r, table, 1, 0);
    t->data = buffer_data(w, fbr_u32(r, table, 2, 0), &t->bytes);
    t->name = fbr_string(r, table, 3);
    t->name = t->name ? t->name : "";
    read_quantization(w, fbr_table(r, table, 4), t);
    t->is_variable = fbr_u8(r, table, 5, 0) != 0;
}

static uint8_t read_ports(struct walk *w, size_t table, size_t slot, int32_t *out, size_t max)
{
    size_t count, at = fbr_vector(&w->r, table, slot, 4, &count);
    if (count > max) {
        fbr_fail(&w->r, "an operator has too many inputs or outputs");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = (int32_t)fbr_u32_at(&w->r, at + 4 * i);
        if (out[i] < -1 || out[i] >= (int32_t)w->m->graph.tensors) {
            fbr_fail(&w->r, "an operator names a tensor that is not there");
        }
    }
    return (uint8_t)count;
}

static void read_op(struct walk *w, size_t table, size_t i, struct tflite_op *op)
{
    struct fbr *r = &w->r;
    size_t code = fbr_u32(r, table, 0, 0);
    if (code >= w->code_count) {
        fbr_fail(r, "an operator's code is out of range");
        return;
    }
    size_t info = fbr_table_at(r, w->codes, code);
    int32_t old = fbr_u8(r, info, 0, 0), extended = (int32_t)fbr_u32(r, info, 3, 0);
    op->code = (enum tflite_builtin)(extended > old ? extended : old);
    w->m->op_version[i] = (int32_t)fbr_u32(r, info, 2, 1);
    w->m->op_custom[i] = fbr_string(r, info, 1);
    op->ins = read_ports(w, table, 1, op->in, TFLITE_OP_PORTS);
    op->outs = read_ports(w, table, 2, op->out, TFLITE_OP_PORTS);
    op->intermediates = read_ports(w, table, 8, op->intermediate, TFLITE_OP_INTERMEDIATES);
    enum tflite_options_type type = tflite_op_options_type((int32_t)op->code);
    if (type != OPTIONS_NONE && fbr_u8(r, table, 3, 0) == (uint8_t)type) {
        tflite_options_get(r, fbr_table(r, table, 4), type, &op->options);
    }
}

static size_t part_vector(struct walk *w, size_t table, size_t slot, size_t *count)
{
    size_t at = fbr_vector(&w->r, table, slot, 4, count);
    if (*count > MAX_PARTS) {
        fbr_fail(&w->r, "there are over 65536 of a kind");
        *count = 0;
    }
    return at;
}

// Room for every scale of the file: each takes at least 4 bytes of it, and shared vectors are
// counted for each tensor that names them.
static int make_pool(struct walk *w, size_t tensors_at, size_t tensors)
{
    size_t total = 0;
    for (size_t i = 0; i < tensors && !w->r.bad; i++) {
        size_t n;
        (void)fbr_vector(&w->r, fbr_table(&w->r, fbr_table_at(&w->r, tensors_at, i), 4), 2, 4, &n);
        total += n;
        if (total > TFLITE_FILE_MAX / 4) {
            fbr_fail(&w->r, "there are more scales than a file can hold");
        }
    }
    if (w->r.bad) {
        return OK;
    }
    w->scale = own(w->m, total, sizeof *w->scale);
    w->zero = own(w->m, total, sizeof *w->zero);
    w->pool = total;
    return w->scale && w->zero ? OK : E_MEM;
}

static int read_ports_of_graph(struct walk *w, size_t table, size_t slot, const int32_t **out,
                               size_t *count)
{
    size_t n, at = part_vector(w, table, slot, &n);
    int32_t *index = own(w->m, n, sizeof *index);
    if (!index) {
        return E_MEM;
    }
    for (size_t i = 0; i < n; i++) {
        index[i] = (int32_t)fbr_u32_at(&w->r, at + 4 * i);
        if (index[i] < 0 || (size_t)index[i] >= w->m->graph.tensors) {
            fbr_fail(&w->r, "the graph's inputs or outputs name a tensor that is not there");
        }
    }
    *out = index;
    *count = n;
    return OK;
}

static int read_subgraph(struct walk *w, size_t table)
{
    struct tflite_graph *g = &w->m->graph;
    size_t tensors, ops, tensors_at = part_vector(w, table, 0, &tensors),
                         ops_at = part_vector(w, table, 3, &ops);
    struct tflite_tensor *tensor = own(w->m, tensors, sizeof *tensor);
    struct tflite_op *op = own(w->m, ops, sizeof *op);
    w->m->op_version = own(w->m, ops, sizeof *w->m->op_version);
    w->m->op_custom = own(w->m, ops, sizeof *w->m->op_custom);
    if (!tensor || !op || !w->m->op_version || !w->m->op_custom ||
        make_pool(w, tensors_at, tensors) != OK) {
        return E_MEM;
    }
    g->tensor = tensor;
    g->tensors = tensors;
    g->op = op;
    g->ops = ops;
    for (size_t i = 0; i < tensors && !w->r.bad; i++) {
        read_tensor(w, fbr_table_at(&w->r, tensors_at, i), &tensor[i]);
    }
    for (size_t i = 0; i < ops && !w->r.bad; i++) {
        read_op(w, fbr_table_at(&w->r, ops_at, i), i, &op[i]);
    }
    int status = read_ports_of_graph(w, table, 1, &g->input, &g->inputs);
    return status == OK ? read_ports_of_graph(w, table, 2, &g->output, &g->outputs) : status;
}

static int read_metadata(struct walk *w, size_t root)
{
    size_t count, at = part_vector(w, root, 6, &count);
    struct tflite_metadata *metadata = own(w->m, count, sizeof *metadata);
    if (!metadata) {
        return E_MEM;
    }
    for (size_t i = 0; i < count && !w->r.bad; i++) {
        size_t table = fbr_table_at(&w->r, at, i);
        metadata[i].name = fbr_string(&w->r, table, 0);
        metadata[i].name = metadata[i].name ? metadata[i].name : "";
        metadata[i].data = buffer_data(w, fbr_u32(&w->r, table, 1, 0), &metadata[i].bytes);
    }
    w->m->graph.metadata = metadata;
    w->m->graph.metadatas = count;
    return OK;
}

static int read_model(struct walk *w)
{
    struct fbr *r = &w->r;
    size_t root = fbr_root(r, TFLITE_IDENTIFIER);
    if (!r->bad && fbr_u32(r, root, 0, 0) != TFLITE_SCHEMA_VERSION) {
        fbr_fail(r, "the schema version is not 3");
    }
    w->codes = part_vector(w, root, 1, &w->code_count);
    w->buffers = part_vector(w, root, 4, &w->buffer_count);
    size_t subgraphs = part_vector(w, root, 2, &w->m->subgraphs);
    if (!r->bad && !w->m->subgraphs) {
        fbr_fail(r, "there is no graph");
    }
    w->m->graph.description = fbr_string(r, root, 3);
    if (r->bad) {
        return OK;
    }
    int status = read_subgraph(w, fbr_table_at(r, subgraphs, 0));
    return status == OK ? read_metadata(w, root) : status;
}

int tflite_read(struct tflite_model *m, const void *file, size_t len, struct err *e)
{
    *m = (struct tflite_model){0};
    struct walk w = {.r = {.p = file, .len = len}, .m = m};
    if (len > TFLITE_FILE_MAX) {
        return err_set(e, E_LIMIT, "read .tflite: over %zu bytes", TFLITE_FILE_MAX);
    }
    int status = read_model(&w);
    if (status != OK) {
        (void)err_set(e, status, "read .tflite: out of memory");
    } else if (w.r.bad) {
        status = err_set(e, E_FORMAT, "read .tflite: %s", w.r.bad);
    }
    if (status != OK) {
        tflite_model_release(m);
    }
    return status;
}

const char *tflite_model_op_name(const struct tflite_model *m, size_t op, char *text, size_t cap)
{
    int32_t code = (int32_t)m->graph.op[op].code;
    if (tflite_op_name(code)) {
        return tflite_op_name(code);
    }
    if (code == TFLITE_CUSTOM && m->op_custom[op]) {
        return m->op_custom[op];
    }
    (void)snprintf(text, cap, "BUILTIN_%d", code);
    return text;
}
