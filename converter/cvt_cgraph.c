// Lays a model out for its compiled form. See cvt_cgraph.h.
//
// The runtime opens the model with its reference kernels and with every tensor kept apart, so that
// an address in an operator's parameters says which tensor it is. Lifetimes are counted as
// nn_open.c counts them and placed by the runtime's planner; scratch memory is what nn_fit.h says
// for the variant.
#include "converter/cvt_cgraph.h"

#include "common/err.h"
#include "converter/cvt_cparams.h"
#include "converter/cvt_model.h"
#include "firmware/core/nn/nn_fit.h"

struct fits {
    struct nn_fit (*conv)(const struct nn_conv *p);
    struct nn_fit (*depthwise)(const struct nn_conv *p); // NULL: never fast
    struct nn_fit (*fc)(const struct nn_fc *p);
    const char *conv_name, *depthwise_name, *fc_name;
};
static const struct fits fits_of[CVT_VARIANTS] = {
    [CVT_PLAIN] = {nn_fit_conv_plain, nn_fit_depthwise_plain, nn_fit_fc_plain, "nn_conv_i8_plain",
                   "nn_depthwise_i8_plain", "nn_fc_i8_plain"},
    [CVT_DSP] = {nn_fit_conv_dsp, nn_fit_depthwise_dsp, nn_fit_fc_dsp, "nn_conv_i8_dsp",
                 "nn_depthwise_i8_dsp", "nn_fc_i8_dsp"},
    [CVT_MVE] = {nn_fit_conv_mve, nn_fit_depthwise_mve, nn_fit_fc_mve, "nn_conv_i8_mve",
                 "nn_depthwise_i8_mve", "nn_fc_i8_mve"},
    [CVT_X86] = {nn_fit_conv_host, nn_fit_depthwise_x86, nn_fit_fc_host, "nn_conv_i8_x86",
                 "nn_depthwise_i8_x86", "nn_fc_i8_x86"},
    [CVT_NEON] = {nn_fit_conv_host, NULL, nn_fit_fc_host, "nn_conv_i8_neon", NULL, "nn_fc_i8_neon"},
};

const struct nn_tensor *cvt_cgraph_tensor(const struct cvt_cgraph *g, struct nn_vec list,
                                          uint32_t i)
{
    struct nn_fb fb = g->file.fb;
    int32_t index = i < list.count ? nn_fb_int(&fb, list, i) : -1;
    return index >= 0 && (size_t)index < g->tensors ? &g->tensor[index] : NULL;
}

static const void *bytes_of(const struct cvt_cgraph *g, const struct nn_tensor *t)
{
    const struct nn_plan *plan = g->run.nn.plan;
    return t->fixed ? t->fixed : plan->data[t->index];
}

const struct nn_tensor *cvt_cgraph_find(const struct cvt_cgraph *g, const struct cvt_cop *op,
                                        const void *data)
{
    for (uint32_t i = 0; i < op->in.count + op->out.count; i++) {
        const struct nn_tensor *t = i < op->in.count
                                        ? cvt_cgraph_tensor(g, op->in, i)
                                        : cvt_cgraph_tensor(g, op->out, i - op->in.count);
        if (t && bytes_of(g, t) == data) {
            return t;
        }
    }
    return NULL;
}

static int read_tensors(struct cvt_cgraph *g, struct err *e)
{
    g->tensors = g->file.tensors.count;
    g->tensor = calloc(g->tensors + 1, sizeof *g->tensor);
    for (size_t i = 0; g->tensor && i < g->tensors; i++) {
        const char *reason;
        if (nn_file_tensor(&g->file, (int32_t)i, &g->tensor[i], &reason) != MOTE_OK) {
            g->tensor[i] = (struct nn_tensor){.index = (int32_t)i}; // no operator uses it
        }
    }
    return g->tensor ? OK : err_set(e, E_MEM, "out of memory");
}

static bool is_empty(const struct cvt_cgraph *g, const struct cvt_cop *op)
{
    for (uint32_t i = 0; i < op->out.count; i++) {
        const struct nn_tensor *t = cvt_cgraph_tensor(g, op->out, i);
        if (t && t->count > 0) {
            return false;
        }
    }
    return true;
}

static int read_ops(struct cvt_cgraph *g, struct err *e)
{
    const struct nn_plan *plan = g->run.nn.plan;
    g->ops = g->file.operators.count;
    g->op = calloc(g->ops + 1, sizeof *g->op);
    for (size_t i = 0; g->op && i < g->ops; i++) {
        struct cvt_cop *op = &g->op[i];
        uint32_t at = nn_fb_elem(&g->file.fb, g->file.operators, (uint32_t)i);
        op->name = plan->node[i].op->name;
        op->params = plan->node[i].params;
        op->in = nn_fb_vec(&g->file.fb, at, 1, 4);
        op->out = nn_fb_vec(&g->file.fb, at, 2, 4);
        op->kind = is_empty(g, op) ? NULL : cvt_cparams_of(plan->node[i].eval);
        if (!op->kind && !is_empty(g, op)) {
            return err_set(e, E_REFUSED, "operator %zu %s: has no compiled form", i, op->name);
        }
    }
    return g->op ? OK : err_set(e, E_MEM, "out of memory");
}

// What a variant's choosing function would say. Its weights are laid out anew, so well aligned.
static struct nn_fit fit_of(const struct cvt_cgraph *g, const struct cvt_cop *op,
                            enum cvt_variant v, const char **kernel)
{
    static const _Alignas(16) int8_t aligned[16];
    const struct fits *f = &fits_of[v];
    struct nn_fit fit = {.scratch = op->kind->scratch ? op->kind->scratch(op->params) : 0};
    const char *name = NULL;
    *kernel = op->kind->function;
    if (op->kind->choice == CVT_CHOICE_FC) {
        struct nn_fc p = *(const struct nn_fc *)op->params;
        const struct nn_tensor *w = cvt_cgraph_find(g, op, p.weights);
        p.weights = w && w->fixed ? aligned : NULL;
        fit = f->fc(&p);
        name = f->fc_name;
    } else if (op->kind->choice != CVT_CHOICE_NONE) {
        struct nn_conv p = *(const struct nn_conv *)op->params;
        const struct nn_tensor *w = cvt_cgraph_find(g, op, p.weights);
        p.weights = w && w->fixed ? aligned : NULL;
        bool depthwise = op->kind->choice == CVT_CHOICE_DEPTHWISE;
        struct nn_fit (*answer)(const struct nn_conv *) = depthwise ? f->depthwise : f->conv;
        fit = answer ? answer(&p) : fit;
        name = depthwise ? f->depthwise_name : f->conv_name;
    }
    *kernel = fit.fast ? name : *kernel;
    return fit;
}

struct planner {
    struct nn_block *block;
    uint32_t count;
    uint32_t *of; // block of each tensor, NN_UNPLACED where it has none
};

static void note(struct planner *p, const struct nn_tensor *t, uint16_t at, bool whole,
                 uint16_t last)
{
    if (!t || t->fixed) {
        return;
    }
    if (p->of[t->index] == NN_UNPLACED) {
        uint32_t size = (t->bytes + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
        p->of[t->index] = p->count;
        p->block[p->count++] = (struct nn_block){size, NN_UNPLACED, whole ? 0 : at, at, t->index};
    }
    struct nn_block *b = &p->block[p->of[t->index]];
    b->last = whole ? last : b->last > at ? b->last : at;
}

static void note_all(const struct cvt_cgraph *g, struct planner *p)
{
    uint16_t last = (uint16_t)(g->ops > 0 ? g->ops - 1 : 0);
    for (uint32_t i = 0; i < g->file.inputs.count; i++) {
        const struct nn_tensor *t = cvt_cgraph_tensor(g, g->file.inputs, i);
        note(p, t, 0, t && t->variable, last);
    }
    for (size_t k = 0; k < g->ops; k++) {
        const struct cvt_cop *op = &g->op[k];
        for (uint32_t i = 0; i < op->in.count; i++) {
            const struct nn_tensor *t = cvt_cgraph_tensor(g, op->in, i);
            note(p, t, (uint16_t)k, t && t->variable, last);
        }
        for (uint32_t i = 0; i < op->out.count; i++) {
            note(p, cvt_cgraph_tensor(g, op->out, i), (uint16_t)k, false, last);
        }
    }
    for (uint32_t i = 0; i < g->file.outputs.count; i++) {
        note(p, cvt_cgraph_tensor(g, g->file.outputs, i), last, false, last);
    }
}

static int lay_out(const struct cvt_cgraph *g, enum cvt_variant v, struct planner *p,
                   struct cvt_clayout *out, struct err *e)
{
    for (size_t i = 0; i < g->tensors; i++) {
        p->of[i] = NN_UNPLACED;
    }
    p->count = 0;
    note_all(g, p);
    uint32_t tensors = p->count;
    uint64_t total = 0;
    for (size_t k = 0; k < g->ops; k++) {
        struct cvt_cplace *place = &out->op[k];
        place->scratch_at = NN_UNPLACED;
        if (!g->op[k].kind) {
            continue;
        }
        struct nn_fit fit = fit_of(g, &g->op[k], v, &place->kernel);
        place->starts = fit.starts;
        total += fit.scratch;
        if (fit.scratch > 0 && total < INT32_MAX) {
            uint32_t size = ((uint32_t)fit.scratch + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
            p->block[p->count++] =
                (struct nn_block){size, NN_UNPLACED, (uint16_t)k, (uint16_t)k, -1 - (int32_t)k};
        }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        total += p->block[i].size;
    }
    if (total > INT32_MAX) {
        return err_set(e, E_LIMIT, "activations are too large");
    }
    out->arena = nn_plan_blocks(p->block, p->count);
    for (size_t i = 0; i < g->tensors; i++) {
        out->tensor_at[i] = p->of[i] == NN_UNPLACED ? NN_UNPLACED : p->block[p->of[i]].offset;
    }
    for (uint32_t i = tensors; i < p->count; i++) {
        out->op[-1 - p->block[i].id].scratch_at = p->block[i].offset;
    }
    return OK;
}

static int lay_out_all(struct cvt_cgraph *g, struct err *e)
{
    struct planner p = {.block = calloc(g->tensors + g->ops + 1, sizeof *p.block),
                        .of = calloc(g->tensors + 1, sizeof *p.of)};
    int rc = p.block && p.of ? OK : err_set(e, E_MEM, "out of memory");
    for (int v = 0; v < CVT_VARIANTS && rc == OK; v++) {
        struct cvt_clayout *l = &g->layout[v];
        l->op = calloc(g->ops + 1, sizeof *l->op);
        l->tensor_at = calloc(g->tensors + 1, sizeof *l->tensor_at);
        rc = l->op && l->tensor_at ? lay_out(g, (enum cvt_variant)v, &p, l, e)
                                   : err_set(e, E_MEM, "out of memory");
    }
    free(p.block);
    free(p.of);
    return rc;
}

int cvt_cgraph_open(struct cvt_cgraph *g, const struct cvt_model *m, struct err *e)
{
    *g = (struct cvt_cgraph){0};
    int rc = cvt_run_open(&g->run, m, MOTE_NN_KEEP_ALL | MOTE_NN_REFERENCE, e);
    if (rc == OK) {
        g->file = ((const struct nn_plan *)g->run.nn.plan)->file;
        rc = read_tensors(g, e);
    }
    rc = rc == OK ? read_ops(g, e) : rc;
    rc = rc == OK ? lay_out_all(g, e) : rc;
    if (rc != OK) {
        cvt_cgraph_release(g);
    }
    return rc;
}

void cvt_cgraph_release(struct cvt_cgraph *g)
{
    for (int v = 0; v < CVT_VARIANTS; v++) {
        free(g->layout[v].op);
        free(g->layout[v].tensor_at);
    }
    free(g->op);
    free(g->tensor);
    cvt_run_close(&g->run);
    *g = (struct cvt_cgraph){0};
}
