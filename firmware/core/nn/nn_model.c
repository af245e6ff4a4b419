// The view of a .tflite file (FlatBuffers, schema version 3): finds its parts, checks every table that
// the schema defines and this runtime knows, decodes tensors on demand.
//
// Tables and their field numbers, as far as they are read:
//   Model: 0 version, 1 operator_codes, 2 subgraphs, 3 description, 4 buffers, 6 metadata
//   OperatorCode: 0 deprecated_builtin_code (int8), 1 custom_code, 2 version, 3 builtin_code
//   SubGraph: 0 tensors, 1 inputs, 2 outputs, 3 operators, 4 name
//   Tensor: 0 shape, 1 type, 2 buffer, 3 name, 4 quantization, 5 is_variable, 6 sparsity
//   QuantizationParameters: 2 scale, 3 zero_point (int64), 6 quantized_dimension
//   Operator: 0 opcode_index, 1 inputs, 2 outputs, 4 builtin_options
//   Buffer: 0 data, 1 offset and 2 size (of data outside the FlatBuffer: not supported)
//   Metadata: 0 name, 1 buffer
// Only the first subgraph may exist: control flow is not supported.
#include "firmware/core/nn/nn_priv.h"

#define MAX_COUNT 65534u // tensors and operators; lifetimes are uint16

static int refuse(struct mote_nn_diag *d, int status, nn_why reason, int32_t tensor, int32_t op)
{
    nn_diag_reason(d, reason);
    d->tensor = tensor;
    d->op_index = op;
    return status;
}

uint32_t nn_type_size(uint8_t type)
{
    switch (type) {
    case MOTE_NN_U8:
    case MOTE_NN_BOOL:
    case MOTE_NN_I8:
        return 1;
    case MOTE_NN_I16:
        return 2;
    case MOTE_NN_F32:
    case MOTE_NN_I32:
        return 4;
    case MOTE_NN_I64:
        return 8;
    default:
        return 0;
    }
}

// The bytes of a buffer; an absent one and an empty one have none.
static struct nn_vec buffer_bytes(struct nn_file *f, uint32_t index)
{
    uint32_t table = nn_fb_elem(&f->fb, f->buffers, index);
    if (nn_fb_field(&f->fb, table, 1, 8) != 0 || nn_fb_field(&f->fb, table, 2, 8) != 0) {
        f->fb.bad = true;
    }
    return nn_fb_vec(&f->fb, table, 0, 1);
}

static nn_why quantization(struct nn_file *f, uint32_t table, struct nn_tensor *t)
{
    struct nn_vec zero = nn_fb_vec(&f->fb, table, 3, 8);
    t->scales = nn_fb_vec(&f->fb, table, 2, 4);
    t->axis = nn_fb_i32(&f->fb, table, 6, 0);
    if (t->scales.count == 0) {
        return NN_FINE;
    }
    if (zero.count != 0 && zero.count != t->scales.count) {
        return NN_WHY("zero points do not match the scales");
    }
    for (uint32_t i = 0; i < t->scales.count; i++) {
        uint32_t bits = mote_get32(f->fb.p + t->scales.at + 4 * i);
        if (bits >= 0x7f800000u) { // negative, infinite or not a number
            return NN_WHY("scale is not a positive number");
        }
        int64_t z = zero.count != 0 ? (int64_t)mote_get64(f->fb.p + zero.at + 8 * i) : 0;
        int64_t limit = t->type == MOTE_NN_I8 ? 128 : t->type == MOTE_NN_U8 ? 256 : 32768;
        if (z < -limit || z >= limit) {
            return NN_WHY("zero point is out of its type's range");
        }
        if (i == 0) {
            t->scale = mote_getf(f->fb.p + t->scales.at);
            t->zero_point = (int32_t)z;
        } else if (z != t->zero_point) {
            return NN_WHY("zero points do not match the scales");
        }
    }
    if (t->scales.count > 1 &&
        (t->axis < 0 || t->axis >= t->rank || t->dims[t->axis] != (int32_t)t->scales.count)) {
        return NN_WHY("scales do not match the quantized dimension");
    }
    return NN_FINE;
}

static nn_why shape(struct nn_file *f, uint32_t table, struct nn_tensor *t)
{
    struct nn_vec dims = nn_fb_vec(&f->fb, table, 0, 4);
    uint32_t elem = nn_type_size(t->type);
    if (elem == 0) {
        return NN_WHY("type is not supported");
    }
    if (dims.count > MOTE_NN_MAX_RANK) {
        return NN_WHY("rank is too high");
    }
    uint64_t count = 1;
    uint64_t volume = 1; // without the zeros: bounds every partial product
    for (uint32_t i = 0; i < dims.count; i++) {
        t->dims[i] = nn_fb_int(&f->fb, dims, i);
        if (t->dims[i] < 0) {
            return NN_WHY("dimension is negative");
        }
        count *= (uint64_t)t->dims[i];
        volume *= t->dims[i] > 0 ? (uint64_t)t->dims[i] : 1;
        if (volume * elem > INT32_MAX / 2) {
            return NN_WHY("shape is too large");
        }
    }
    t->rank = (uint8_t)dims.count;
    t->count = (int32_t)count;
    t->bytes = (uint32_t)count * elem;
    return NN_FINE;
}

int nn_file_tensor(struct nn_file *f, int32_t index, struct nn_tensor *t, nn_why *reason)
{
    memset(t, 0, sizeof *t);
    t->index = index;
    uint32_t table = nn_fb_elem(&f->fb, f->tensors, (uint32_t)index);
    t->type = nn_fb_u8(&f->fb, table, 1, 0);
    t->variable = nn_fb_u8(&f->fb, table, 5, 0) != 0;
    *reason = shape(f, table, t);
    if (*reason != NN_FINE) {
        return MOTE_E_UNSUPPORTED;
    }
    struct nn_vec bytes = buffer_bytes(f, (uint32_t)nn_fb_i32(&f->fb, table, 2, 0));
    if (bytes.count != 0) {
        *reason = bytes.count < t->bytes ? NN_WHY("shape is larger than its buffer")
                  : bytes.at % nn_type_size(t->type) != 0 ? NN_WHY("buffer is not aligned")
                  : nn_fb_table(&f->fb, table, 6) != 0 ? NN_WHY("sparse tensors are not supported")
                  : t->variable                        ? NN_WHY("variable tensor has constant data")
                                                       : NN_FINE;
        t->fixed = f->fb.p + bytes.at;
    }
    if (*reason == NN_FINE) {
        *reason = quantization(f, nn_fb_table(&f->fb, table, 4), t);
    }
    if (*reason == NN_FINE && f->fb.bad) {
        *reason = NN_WHY("tensor points outside the file");
    }
    return *reason == NN_FINE ? MOTE_OK : MOTE_E_FORMAT;
}

int nn_file_opcode(struct nn_file *f, uint32_t index, int32_t *code, int32_t *version,
                   const char **custom)
{
    uint32_t op = nn_fb_elem(&f->fb, f->operators, index);
    uint32_t which = (uint32_t)nn_fb_i32(&f->fb, op, 0, 0);
    uint32_t table = nn_fb_elem(&f->fb, f->opcodes, which);
    // Old writers know only the int8 field, newer ones put 127 there for codes past it.
    int32_t old = (int8_t)nn_fb_u8(&f->fb, table, 0, 0);
    int32_t wide = nn_fb_i32(&f->fb, table, 3, 0);
    *code = old > wide ? old : wide;
    *version = nn_fb_i32(&f->fb, table, 2, 1);
    *custom = nn_fb_text(&f->fb, table, 1);
    return f->fb.bad ? MOTE_E_FORMAT : MOTE_OK;
}

static bool indices_in_range(struct nn_file *f, struct nn_vec v, bool optional)
{
    for (uint32_t i = 0; i < v.count; i++) {
        int32_t t = nn_fb_int(&f->fb, v, i);
        if ((t < 0 && !(optional && t == -1)) || t >= (int32_t)f->tensors.count) {
            return false;
        }
    }
    return true;
}

static int check_operators(struct nn_file *f, struct mote_nn_diag *d)
{
    for (uint32_t i = 0; i < f->operators.count; i++) {
        uint32_t op = nn_fb_elem(&f->fb, f->operators, i);
        int32_t code;
        int32_t version;
        const char *custom;
        struct nn_vec in = nn_fb_vec(&f->fb, op, 1, 4);
        struct nn_vec out = nn_fb_vec(&f->fb, op, 2, 4);
        int rc = nn_file_opcode(f, i, &code, &version, &custom);
        (void)nn_fb_table(&f->fb, op, 4);
        if (rc != MOTE_OK || f->fb.bad) {
            return refuse(d, MOTE_E_FORMAT, NN_WHY("operator points outside the file"), -1,
                          (int32_t)i);
        }
        if (!indices_in_range(f, in, true) || !indices_in_range(f, out, false)) {
            return refuse(d, MOTE_E_FORMAT, NN_WHY("operator's tensor does not exist"), -1,
                          (int32_t)i);
        }
    }
    return MOTE_OK;
}

static int check_tensors(struct nn_file *f, struct mote_nn_diag *d)
{
    for (uint32_t i = 0; i < f->tensors.count; i++) {
        struct nn_tensor t;
        nn_why reason;
        (void)nn_fb_text(&f->fb, nn_fb_elem(&f->fb, f->tensors, i), 3);
        int rc = nn_file_tensor(f, (int32_t)i, &t, &reason);
        if (rc != MOTE_OK) {
            return refuse(d, rc, reason, (int32_t)i, -1);
        }
    }
    return MOTE_OK;
}

// Buffers and metadata that no tensor names are checked too: mote_nn_metadata hands them out.
static bool check_rest(struct nn_file *f, uint32_t model, uint32_t graph)
{
    for (uint32_t i = 0; i < f->buffers.count; i++) {
        (void)buffer_bytes(f, i);
    }
    for (uint32_t i = 0; i < f->metadata.count; i++) {
        uint32_t m = nn_fb_elem(&f->fb, f->metadata, i);
        (void)nn_fb_text(&f->fb, m, 0);
        (void)nn_fb_elem(&f->fb, f->buffers, (uint32_t)nn_fb_i32(&f->fb, m, 1, 0));
    }
    (void)nn_fb_text(&f->fb, model, 3);
    (void)nn_fb_text(&f->fb, graph, 4);
    return !f->fb.bad;
}

// Finds the parts of the file and leaves the tables that only check_rest needs.
static int find_parts(struct nn_file *f, const void *file, size_t len, uint32_t *model,
                      uint32_t *graph, struct mote_nn_diag *d)
{
    memset(f, 0, sizeof *f);
    f->fb.p = file;
    f->fb.len = (uint32_t)len;
    if (file == NULL || len < 16 || len > INT32_MAX || memcmp(f->fb.p + 4, "TFL3", 4) != 0) {
        return refuse(d, MOTE_E_FORMAT, NN_WHY("not a .tflite file"), -1, -1);
    }
    if ((uintptr_t)file % 16 != 0) {
        return refuse(d, MOTE_E_ARG, NN_WHY("file is not aligned to 16 bytes in memory"), -1, -1);
    }
    *model = nn_fb_follow(&f->fb, 0);
    struct nn_vec graphs = nn_fb_vec(&f->fb, *model, 2, 4);
    *graph = nn_fb_elem(&f->fb, graphs, 0);
    f->opcodes = nn_fb_vec(&f->fb, *model, 1, 4);
    f->buffers = nn_fb_vec(&f->fb, *model, 4, 4);
    f->metadata = nn_fb_vec(&f->fb, *model, 6, 4);
    f->tensors = nn_fb_vec(&f->fb, *graph, 0, 4);
    f->inputs = nn_fb_vec(&f->fb, *graph, 1, 4);
    f->outputs = nn_fb_vec(&f->fb, *graph, 2, 4);
    f->operators = nn_fb_vec(&f->fb, *graph, 3, 4);
    if (f->fb.bad) {
        return refuse(d, MOTE_E_FORMAT, NN_WHY("file is cut short or points outside itself"), -1,
                      -1);
    }
    if (nn_fb_i32(&f->fb, *model, 0, 0) != 3) {
        return refuse(d, MOTE_E_UNSUPPORTED, NN_WHY("schema version is not 3"), -1, -1);
    }
    if (graphs.count != 1) {
        return refuse(d, MOTE_E_UNSUPPORTED, NN_WHY("more than one subgraph"), -1, -1);
    }
    return MOTE_OK;
}

int nn_file_open(struct nn_file *f, const void *file, size_t len, struct mote_nn_diag *d)
{
    uint32_t model;
    uint32_t graph;
    *d = (struct mote_nn_diag){.op_index = -1, .tensor = -1};
    int rc = find_parts(f, file, len, &model, &graph, d);
    if (rc != MOTE_OK) {
        return rc;
    }
    if (f->tensors.count > MAX_COUNT || f->operators.count > MAX_COUNT) {
        return refuse(d, MOTE_E_LIMIT, NN_WHY("too many tensors or operators"), -1, -1);
    }
    if (!indices_in_range(f, f->inputs, false) || !indices_in_range(f, f->outputs, false)) {
        return refuse(d, MOTE_E_FORMAT, NN_WHY("model's input or output does not exist"), -1, -1);
    }
    rc = check_tensors(f, d);
    if (rc == MOTE_OK) {
        rc = check_operators(f, d);
    }
    if (rc == MOTE_OK && !check_rest(f, model, graph)) {
        rc = refuse(d, MOTE_E_FORMAT, NN_WHY("buffer points outside the file"), -1, -1);
    }
    return rc;
}

int mote_nn_metadata(const void *file, size_t len, const char *name, const uint8_t **data,
                     size_t *bytes)
{
    struct nn_file f;
    struct mote_nn_diag d;
    uint32_t model;
    uint32_t graph;
    int rc = find_parts(&f, file, len, &model, &graph, &d);
    if (rc != MOTE_OK) {
        return rc;
    }
    size_t want = 0;
    while (name[want] != 0) {
        want++;
    }
    for (uint32_t i = 0; i < f.metadata.count; i++) {
        uint32_t m = nn_fb_elem(&f.fb, f.metadata, i);
        struct nn_vec have = nn_fb_vec(&f.fb, m, 0, 1);
        if (have.count == want && memcmp(f.fb.p + have.at, name, want) == 0) {
            struct nn_vec v = buffer_bytes(&f, (uint32_t)nn_fb_i32(&f.fb, m, 1, 0));
            *data = f.fb.p + v.at;
            *bytes = v.count;
            return f.fb.bad ? MOTE_E_FORMAT : MOTE_OK;
        }
    }
    return f.fb.bad ? MOTE_E_FORMAT : MOTE_E_NOT_FOUND;
}
