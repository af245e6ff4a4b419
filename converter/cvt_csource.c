// Writes the compiled form. See cvt_csource.h.
//
// Names in the file: k12 constant tensor 12, T12 place of tensor 12 in the arena, S3 of operator
// 3's scratch memory, p3 its parameters, m3 and s3 its factors, b3 its bias, RUN_3 its kernel where
// variants differ.
#include "converter/cvt_csource.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>

#include "common/buf.h"
#include "common/err.h"
#include "converter/cvt_array.h"
#include "converter/cvt_cgraph.h"
#include "converter/cvt_cparams.h"
#include "converter/cvt_model.h"
#include "firmware/core/nn/nn_quant.h"

static const char *const variant_names[CVT_VARIANTS] = {
    [CVT_PLAIN] = "MOTE_NN_PLAIN", [CVT_DSP] = "MOTE_NN_DSP",   [CVT_MVE] = "MOTE_NN_MVE",
    [CVT_X86] = "MOTE_NN_X86",     [CVT_NEON] = "MOTE_NN_NEON",
};

struct writer {
    const struct cvt_cgraph *g;
    const char *name;
    char upper[64];
    struct buf *out;
    struct err *e;
    bool *written;    // constants that are in the file already, by tensor
    size_t constants; // bytes of them
};

static int put(struct writer *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int put(struct writer *w, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    assert(n >= 0 && (size_t)n < sizeof line);
    return buf_puts(w->out, line);
}

// "MOTE_NN_VARIANT == A || ..." for a set of variants.
static int put_condition(struct writer *w, unsigned set)
{
    bool more = false;
    int rc = OK;
    for (unsigned v = 0; v < CVT_VARIANTS && rc == OK; v++) {
        if (set >> v & 1) {
            rc = put(w, "%sMOTE_NN_VARIANT == %s", more ? " || " : "", variant_names[v]);
            more = true;
        }
    }
    return rc == OK ? put(w, "\n") : rc;
}

// The text of each variant, each different one once, under its condition.
static int put_by_variant(struct writer *w, const struct buf *text)
{
    unsigned done = 0;
    const unsigned all = (1u << CVT_VARIANTS) - 1;
    int rc = OK;
    for (unsigned v = 0; v < CVT_VARIANTS && rc == OK; v++) {
        unsigned same = 0;
        for (unsigned o = v; o < CVT_VARIANTS; o++) {
            bool equal =
                text[o].len == text[v].len && memcmp(text[o].data, text[v].data, text[v].len) == 0;
            same |= equal ? 1u << o : 0;
        }
        if (done >> v & 1) {
            continue;
        }
        bool alone = same == all, last = (done | same) == all;
        if (!alone && last) {
            rc = put(w, "#else\n");
        } else if (!alone) {
            rc = put(w, done ? "#elif " : "#if ");
            rc = rc == OK ? put_condition(w, same) : rc;
        }
        rc = rc == OK ? buf_put(w->out, text[v].data, text[v].len) : rc;
        if (rc == OK && !alone && last) {
            rc = put(w, "#endif\n");
        }
        done |= same;
    }
    return rc;
}

// Makes the text of every variant by the given function, and writes it.
static int by_variant(struct writer *w, int (*make)(struct writer *w, enum cvt_variant v))
{
    struct buf text[CVT_VARIANTS] = {{0}}, *out = w->out;
    int rc = OK;
    for (int v = 0; v < CVT_VARIANTS && rc == OK; v++) {
        w->out = &text[v];
        rc = make(w, (enum cvt_variant)v);
    }
    w->out = out;
    rc = rc == OK ? put_by_variant(w, text) : rc;
    for (int v = 0; v < CVT_VARIANTS; v++) {
        buf_release(&text[v]);
    }
    return rc;
}

static int arena_bytes(struct writer *w, enum cvt_variant v)
{
    uint32_t bytes = w->g->layout[v].arena;
    return put(w, "#define %s_ARENA_BYTES %u\n", w->upper, bytes > 0 ? bytes : NN_ALIGN);
}

// Whether some variant gives the operator scratch memory.
static bool needs_scratch(const struct writer *w, size_t k)
{
    for (unsigned v = 0; v < CVT_VARIANTS; v++) {
        if (w->g->layout[v].op[k].scratch_at != NN_UNPLACED) {
            return true;
        }
    }
    return false;
}

static int places(struct writer *w, enum cvt_variant v)
{
    const struct cvt_clayout *l = &w->g->layout[v];
    int rc = put(w, "enum {\n");
    for (size_t i = 0; i < w->g->tensors && rc == OK; i++) {
        if (l->tensor_at[i] != NN_UNPLACED) {
            rc = put(w, "    T%zu = %u,\n", i, l->tensor_at[i]);
        }
    }
    for (size_t k = 0; k < w->g->ops && rc == OK; k++) {
        if (l->op[k].scratch_at != NN_UNPLACED) {
            rc = put(w, "    S%zu = %u,\n", k, l->op[k].scratch_at);
        }
    }
    rc = rc == OK ? put(w, "    ARENA = %s_ARENA_BYTES\n};\n", w->upper) : rc;
    for (size_t k = 0; k < w->g->ops && rc == OK; k++) {
        const struct cvt_cparams *kind = w->g->op[k].kind;
        bool scratch = l->op[k].scratch_at != NN_UNPLACED;
        if (kind && kind->choice != CVT_CHOICE_NONE) {
            rc = put(w, "#define RUN_%zu %s\n", k, l->op[k].kernel);
        }
        if (rc == OK && needs_scratch(w, k)) {
            rc = scratch ? put(w, "#define SCRATCH_%zu AT(S%zu)\n", k, k)
                         : put(w, "#define SCRATCH_%zu NULL\n", k);
        }
    }
    return rc;
}

static const char *type_name(uint8_t type)
{
    switch (type) {
    case MOTE_NN_F32:
        return "float";
    case MOTE_NN_I32:
        return "int32_t";
    case MOTE_NN_I64:
        return "int64_t";
    case MOTE_NN_I16:
        return "int16_t";
    case MOTE_NN_I8:
        return "int8_t";
    default:
        return "uint8_t";
    }
}

// The first tensor with the same constant: several tensors may share a buffer.
static int32_t constant_of(const struct writer *w, const struct nn_tensor *t)
{
    for (size_t i = 0; i < w->g->tensors; i++) {
        const struct nn_tensor *o = &w->g->tensor[i];
        if (o->fixed == t->fixed && o->type == t->type && o->bytes == t->bytes) {
            return o->index;
        }
    }
    return t->index;
}

static int put_constant(struct writer *w, const struct nn_tensor *t)
{
    int32_t index = constant_of(w, t);
    if (w->written[index]) {
        return OK;
    }
    w->written[index] = true;
    w->constants += t->bytes;
    int rc = put(w, "static const _Alignas(16) %s k%d[%d] = {\n", type_name(t->type), index,
                 t->count > 0 ? t->count : 1);
    rc = rc == OK && t->count > 0 ? cvt_csource_values(w->out, t->type, t->fixed, (size_t)t->count)
                                  : rc;
    rc = rc == OK && t->count == 0 ? put(w, "    0\n") : rc;
    return rc == OK ? put(w, "};\n") : rc;
}

static int unknown(struct writer *w, size_t k, const char *what)
{
    return err_set(w->e, E_REFUSED, "operator %zu %s: %s", k, w->g->op[k].name, what);
}

// An address in an operator's parameters.
static int put_address(struct writer *w, size_t k, const void *data, bool constant)
{
    const struct nn_tensor *t = cvt_cgraph_find(w->g, &w->g->op[k], data);
    if (!t) {
        return unknown(w, k, "an address is of no tensor");
    }
    if (t->fixed) {
        return put(w, "(%svoid *)k%d", constant ? "const " : "", constant_of(w, t));
    }
    return put(w, "AT(T%d)", t->index);
}

static const void *pointer_at(const void *params, const struct cvt_member *m)
{
    const void *p;
    memcpy(&p, (const uint8_t *)params + m->offset, sizeof p);
    return p;
}

static bool by_starts(const struct writer *w, size_t k, unsigned *set)
{
    *set = 0;
    for (unsigned v = 0; v < CVT_VARIANTS; v++) {
        *set |= w->g->layout[v].op[k].starts ? 1u << v : 0;
    }
    return *set != 0;
}

// Bias plus offset times the sum of its weights, for each filter (nn_keep_starts).
static int put_starts(struct writer *w, size_t k)
{
    const struct cvt_cop *op = &w->g->op[k];
    bool fc = op->kind->choice == CVT_CHOICE_FC;
    const struct nn_fc *f = op->params;
    const struct nn_conv *c = op->params;
    const int8_t *weight = fc ? f->weights : c->weights;
    const int32_t *bias = fc ? f->bias : c->bias;
    int32_t count = fc ? f->out_n : c->g.out_c;
    int32_t each = fc ? f->in_n : c->g.k_h * c->g.k_w * c->filter_c;
    int32_t offset = fc ? f->in_offset : c->in_offset;
    const struct nn_tensor *t = cvt_cgraph_find(w->g, op, weight);
    if (!t || !t->fixed) {
        return unknown(w, k, "weights are not constant");
    }
    int32_t *start = calloc((size_t)count + 1, sizeof *start);
    if (!start) {
        return err_set(w->e, E_MEM, "out of memory");
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t sum = 0;
        for (int32_t n = 0; n < each; n++) {
            sum = nn_wrap_add(sum, *weight++);
        }
        start[i] = nn_wrap_add(bias ? bias[i] : 0, (int32_t)((uint32_t)sum * (uint32_t)offset));
    }
    int rc = put(w, "static const int32_t b%zu[%d] = {\n", k, count);
    rc = rc == OK ? cvt_csource_values(w->out, MOTE_NN_I32, start, (size_t)count) : rc;
    rc = rc == OK ? put(w, "};\n") : rc;
    free(start);
    return rc;
}

// b3: the bias as it is, or the starts, by variant.
static int put_bias(struct writer *w, size_t k, const void *bias)
{
    unsigned set = 0;
    (void)by_starts(w, k, &set);
    bool all = set == (1u << CVT_VARIANTS) - 1;
    int rc = OK;
    if (!all) {
        rc = put(w, "#if ");
        rc = rc == OK ? put_condition(w, set) : rc;
    }
    rc = rc == OK ? put_starts(w, k) : rc;
    if (rc != OK || all) {
        return rc;
    }
    const struct nn_tensor *t = bias ? cvt_cgraph_find(w->g, &w->g->op[k], bias) : NULL;
    rc = put(w, "#else\n");
    if (rc == OK && !t) {
        rc = put(w, "#define b%zu NULL\n", k);
    } else if (rc == OK) { // an array of its own, as the starts are, so that none is left over
        w->constants += t->bytes;
        rc = put(w, "static const int32_t b%zu[%d] = {\n", k, t->count);
        rc = rc == OK ? cvt_csource_values(w->out, t->type, t->fixed, (size_t)t->count) : rc;
        rc = rc == OK ? put(w, "};\n") : rc;
    }
    return rc == OK ? put(w, "#endif\n") : rc;
}

static int put_kept(struct writer *w, size_t k, const struct cvt_member *m, const void *data,
                    size_t count)
{
    uint8_t type = m->kind == CVT_KEPT_I8 ? MOTE_NN_I8 : MOTE_NN_I32;
    int rc = put(w, "static const %s %c%zu[%zu] = {\n", type_name(type), m->name[0], k, count);
    rc = rc == OK ? cvt_csource_values(w->out, type, data, count) : rc;
    return rc == OK ? put(w, "};\n") : rc;
}

// Both structs of pieces are a pointer and a number.
static int put_pieces(struct writer *w, size_t k, const struct cvt_member *m, const void *data,
                      size_t count)
{
    const struct nn_concat_piece *piece = data;
    int rc = OK;
    for (size_t i = 0; i < count && rc == OK; i++) {
        const struct nn_tensor *t = cvt_cgraph_find(w->g, &w->g->op[k], piece[i].in);
        rc = t && t->fixed ? put_constant(w, t) : OK;
    }
    rc = rc == OK ? put(w, "static const struct %s p%zu_piece[%zu] = {\n", m->type, k, count) : rc;
    for (size_t i = 0; i < count && rc == OK; i++) {
        rc = put(w, "    {");
        rc = rc == OK ? put_address(w, k, piece[i].in, false) : rc;
        rc = rc == OK ? put(w, ", %u},\n", piece[i].bytes) : rc;
    }
    return rc == OK ? put(w, "};\n") : rc;
}

// What an operator's parameters point to.
static int put_arrays(struct writer *w, size_t k)
{
    const struct cvt_cop *op = &w->g->op[k];
    size_t kept = op->kind->kept ? op->kind->kept(op->params) : 0;
    int rc = OK;
    for (const struct cvt_member *m = op->kind->member; m->name && rc == OK; m++) {
        const void *data =
            m->kind >= CVT_IN && m->kind < CVT_RUN ? pointer_at(op->params, m) : NULL;
        const struct nn_tensor *t;
        unsigned set;
        if (m->kind == CVT_BIAS && by_starts(w, k, &set)) {
            rc = put_bias(w, k, data);
        } else if ((m->kind == CVT_IN || m->kind == CVT_BIAS) && data) {
            t = cvt_cgraph_find(w->g, op, data);
            rc = t && t->fixed ? put_constant(w, t) : OK;
        } else if ((m->kind == CVT_KEPT_I32 || m->kind == CVT_KEPT_I8) && data && kept > 0) {
            rc = put_kept(w, k, m, data, kept);
        } else if (m->kind == CVT_PIECES && kept > 0) {
            rc = put_pieces(w, k, m, data, kept);
        }
    }
    return rc;
}

static int put_number(struct writer *w, const struct cvt_member *m, const uint8_t *at)
{
    int32_t i;
    int16_t h;
    float f;
    switch (m->kind) {
    case CVT_I32:
        memcpy(&i, at, sizeof i);
        return i == INT32_MIN ? put(w, "INT32_MIN") : put(w, "%d", i);
    case CVT_I16:
        memcpy(&h, at, sizeof h);
        return put(w, "%d", h);
    case CVT_F32:
        memcpy(&f, at, sizeof f);
        return cvt_csource_float(w->out, f);
    default:
        return put(w, "%u", *at);
    }
}

static int put_pointer(struct writer *w, size_t k, const struct cvt_member *m, const void *data)
{
    nn_binary_run run;
    unsigned set;
    switch (m->kind) {
    case CVT_SCRATCH:
        return put(w, "SCRATCH_%zu", k);
    case CVT_BIAS:
        return by_starts(w, k, &set) ? put(w, "b%zu", k) : put_address(w, k, data, true);
    case CVT_KEPT_I32:
        return put(w, "%c%zu", m->name[0], k);
    case CVT_KEPT_I8: // shifts are read through a pointer to const, tables are not
        return put(w, "%s%c%zu", m->name[0] == 't' ? "(int8_t *)" : "", m->name[0], k);
    case CVT_PIECES:
        return put(w, "p%zu_piece", k);
    case CVT_RUN:
        memcpy(&run, &data, sizeof run);
        return cvt_cparams_run(run) ? put(w, "%s", cvt_cparams_run(run))
                                    : unknown(w, k, "has no compiled form");
    default:
        return put_address(w, k, data, m->kind == CVT_IN);
    }
}

static bool is_pointer(const struct cvt_member *m)
{
    return m->kind >= CVT_IN;
}

static int put_member(struct writer *w, size_t k, const struct cvt_member *m)
{
    const struct cvt_cop *op = &w->g->op[k];
    const uint8_t *at = (const uint8_t *)op->params + m->offset;
    size_t size = cvt_member_size(m);
    unsigned set;
    bool given = false;
    for (size_t i = 0; i < m->count * size; i++) {
        given = given || at[i] != 0;
    }
    given = m->kind == CVT_SCRATCH ? needs_scratch(w, k) : given;
    given = given || (m->kind == CVT_BIAS && by_starts(w, k, &set));
    if (!given) {
        return OK;
    }
    int rc = put(w, "    .%s = %s", m->name, m->count > 1 ? "{" : "");
    for (size_t i = 0; i < m->count && rc == OK; i++) {
        rc = i > 0 ? put(w, ", ") : rc;
        rc = rc != OK        ? rc
             : is_pointer(m) ? put_pointer(w, k, m, pointer_at(op->params, m))
                             : put_number(w, m, at + i * size);
    }
    return rc == OK ? put(w, "%s,\n", m->count > 1 ? "}" : "") : rc;
}

static int put_op(struct writer *w, size_t k)
{
    const struct cvt_cop *op = &w->g->op[k];
    if (!op->kind) {
        return put(w, "\n// %zu %s: nothing to do\n", k, op->name);
    }
    if (!cvt_cparams_complete(op->kind, op->params)) {
        return unknown(w, k, "has parameters that have no compiled form");
    }
    int rc = put(w, "\n// %zu %s\n", k, op->name);
    rc = rc == OK ? put_arrays(w, k) : rc;
    rc = rc == OK ? put(w, "static const struct %s p%zu = {\n", op->kind->type, k) : rc;
    for (const struct cvt_member *m = op->kind->member; m->name && rc == OK; m++) {
        rc = put_member(w, k, m);
    }
    return rc == OK ? put(w, "};\n") : rc;
}

static int put_tensors(struct writer *w, const char *which, struct nn_vec list)
{
    int rc = OK;
    for (uint32_t i = 0; i < list.count && rc == OK; i++) {
        const struct nn_tensor *t = cvt_cgraph_tensor(w->g, list, i);
        rc = t->fixed ? put_constant(w, t) : OK;
    }
    rc = rc == OK
             ? put(w, "const struct mote_nn_tensor %s_%s[%u] = {\n", w->name, which, list.count)
             : rc;
    for (uint32_t i = 0; i < list.count && rc == OK; i++) {
        const struct nn_tensor *t = cvt_cgraph_tensor(w->g, list, i);
        rc = t->fixed ? put(w, "    {(void *)k%d", constant_of(w, t))
                      : put(w, "    {AT(T%d)", t->index);
        rc = rc == OK ? put(w, ", %u, %u, %u, {", t->bytes, t->type, t->rank) : rc;
        for (unsigned d = 0; d < t->rank && rc == OK; d++) {
            rc = put(w, "%s%d", d > 0 ? ", " : "", t->dims[d]);
        }
        rc = rc == OK ? put(w, "%s}, ", t->rank == 0 ? "0" : "") : rc;
        rc = rc == OK ? cvt_csource_float(w->out, t->scale) : rc;
        rc = rc == OK ? put(w, ", %d},\n", t->zero_point) : rc;
    }
    return rc == OK ? put(w, "};\n") : rc;
}

static int put_functions(struct writer *w)
{
    int rc = put(w, "\nvoid %s_init(void)\n{\n", w->name);
    for (size_t i = 0; i < w->g->tensors && rc == OK; i++) {
        const struct nn_tensor *t = &w->g->tensor[i];
        if (t->variable && w->g->layout[0].tensor_at[i] != NN_UNPLACED) {
            rc = put(w, "    memset(AT(T%zu), %d, %u);\n", i,
                     t->type == MOTE_NN_I8 ? t->zero_point : 0, t->bytes);
        }
    }
    rc = rc == OK ? put(w, "}\n\nvoid %s_invoke(void)\n{\n", w->name) : rc;
    for (size_t k = 0; k < w->g->ops && rc == OK; k++) {
        const struct cvt_cparams *kind = w->g->op[k].kind;
        if (kind && kind->choice != CVT_CHOICE_NONE) {
            rc = put(w, "    RUN_%zu(&p%zu);\n", k, k);
        } else if (kind) {
            rc = put(w, "    %s(&p%zu);\n", kind->function, k);
        }
    }
    return rc == OK ? put(w, "}\n") : rc;
}

static int write_header(struct writer *w, const struct cvt_model *m)
{
    const struct nn_file *f = &w->g->file;
    int rc = put(w,
                 "// A compiled model, made by moteloop convert --to c-source; what it offers:\n"
                 "// firmware/core/nn/mote_nn_compiled.h.\n// SHA-256 %s\n"
                 "#ifndef %s_COMPILED_H\n#define %s_COMPILED_H\n\n"
                 "#include \"firmware/core/nn/mote_nn_compiled.h\"\n\n",
                 m->digest_text, w->upper, w->upper);
    rc = rc == OK ? by_variant(w, arena_bytes) : rc;
    return rc == OK ? put(w,
                          "extern const struct mote_nn_tensor %s_input[%u], %s_output[%u];\n"
                          "void %s_init(void);\nvoid %s_invoke(void);\n\n#endif\n",
                          w->name, f->inputs.count, w->name, f->outputs.count, w->name, w->name)
                    : rc;
}

static int write_source(struct writer *w, const char *header_file)
{
    int rc = header_file ? put(w, "// See %s.\n#include \"%s\"\n", header_file, header_file) : OK;
    rc = rc == OK
             ? put(w,
                   "#include \"firmware/core/nn/nn_params.h\"\n\n"
                   "// Define %s_ARENA as the name of an array of your own, 16-byte aligned, to "
                   "choose where it\n// stands, or to share it between models without state "
                   "that take turns.\n#ifdef %s_ARENA\nextern uint8_t %s_ARENA[];\n"
                   "#define arena %s_ARENA\n#else\n"
                   "static _Alignas(16) uint8_t arena[%s_ARENA_BYTES];\n#endif\n"
                   "#define AT(place) ((void *)(arena + (place)))\n",
                   w->upper, w->upper, w->upper, w->upper, w->upper)
             : rc;
    rc = rc == OK ? by_variant(w, places) : rc;
    for (size_t k = 0; k < w->g->ops && rc == OK; k++) {
        rc = put_op(w, k);
    }
    rc = rc == OK ? put(w, "\n") : rc;
    rc = rc == OK ? put_tensors(w, "input", w->g->file.inputs) : rc;
    rc = rc == OK ? put_tensors(w, "output", w->g->file.outputs) : rc;
    rc = rc == OK ? put_functions(w) : rc;
    return rc == OK ? put(w, "\n// Constants of the model's tensors: %zu bytes.\n", w->constants)
                    : rc;
}

int cvt_csource_write(const struct cvt_model *m, const char *name, const char *header_file,
                      struct buf *source, struct buf *header, struct err *e)
{
    struct cvt_cgraph g;
    struct writer w = {.g = &g, .name = name, .out = header, .e = e};
    if (!cvt_is_identifier(name)) {
        return err_set(e, E_USAGE, "'%.64s' is not a C identifier", name);
    }
    for (size_t i = 0; name[i]; i++) {
        w.upper[i] = (char)toupper((unsigned char)name[i]);
    }
    int rc = cvt_cgraph_open(&g, m, e);
    if (rc != OK) {
        return rc;
    }
    w.written = calloc(g.tensors + 1, sizeof *w.written);
    rc = w.written ? write_header(&w, m) : E_MEM;
    w.out = source;
    rc = rc == OK ? write_source(&w, header_file) : rc;
    if (rc != OK && e->code == OK) {
        rc = err_set(e, rc, rc == E_LIMIT ? "the source would be too large" : "out of memory");
    }
    free(w.written);
    cvt_cgraph_release(&g);
    return rc;
}
