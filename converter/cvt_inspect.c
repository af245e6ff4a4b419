// Gathers what `moteloop inspect` reports. See cvt_inspect.h; cvt_inspect_print.c prints it.
#include "converter/cvt_inspect.h"

#include "common/board/board.h"
#include "common/err.h"
#include "common/tflite/ops.h"
#include "common/tflite/reader.h"
#include "converter/cvt_cgraph.h"
#include "converter/cvt_model.h"
#include "converter/cvt_run.h"

struct inspect {
    const struct cvt_model *m;
    const struct cvt_inspect_options *o;
    struct tflite_model t;
    struct cvt_run run; // open where the runtime takes the model
    bool runs;
    struct err refused;
    double instructions[BOARD_ISAS];
    bool all_int8;
};

static json_t *shape_of(const struct tflite_tensor *t)
{
    json_t *dims = json_array();
    for (size_t i = 0; i < t->rank; i++) {
        json_array_append_new(dims, json_integer(t->dims[i]));
    }
    return dims;
}

static json_t *tensor_of(const struct tflite_graph *g, size_t i)
{
    const struct tflite_tensor *t = &g->tensor[i];
    size_t bytes = tflite_type_size((int32_t)t->type);
    for (size_t d = 0; d < t->rank; d++) {
        bytes *= (size_t)t->dims[d];
    }
    json_t *o = json_pack("{sI ss ss so sI sb}", "index", (json_int_t)i, "name", t->name, "type",
                          tflite_type_name((int32_t)t->type), "shape", shape_of(t), "bytes",
                          (json_int_t)(t->data ? t->bytes : bytes), "constant", t->data != NULL);
    if (t->scales == 1) {
        json_object_set_new(o, "scale", json_real((double)t->scale[0]));
        json_object_set_new(o, "zero_point", json_integer(t->zero_point ? t->zero_point[0] : 0));
    } else if (t->scales > 1) {
        json_object_set_new(o, "scales", json_integer((json_int_t)t->scales));
        json_object_set_new(o, "quantized_dimension", json_integer(t->quantized_dim));
    }
    return o;
}

static json_t *tensors_of(const struct tflite_graph *g, const int32_t *index, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, tensor_of(g, index ? (size_t)index[i] : i));
    }
    return list;
}

static json_t *operators_of(struct inspect *in, double *macs)
{
    const struct tflite_graph *g = &in->t.graph;
    json_t *list = json_array();
    in->all_int8 = true;
    for (size_t i = 0; i < g->ops; i++) {
        char name[32];
        const struct tflite_op *op = &g->op[i];
        json_t *o = json_pack("{sI ss sI}", "index", (json_int_t)i, "name",
                              tflite_model_op_name(&in->t, i, name, sizeof name), "version",
                              (json_int_t)in->t.op_version[i]);
        if (op->outs) {
            json_object_set_new(o, "output", shape_of(&g->tensor[op->out[0]]));
        }
        if (in->runs) { // only then are shapes known to be sound
            struct board_features f;
            uint64_t n = mote_nn_op_macs(&in->run.nn, i);
            board_op_features(g, op, &f);
            in->all_int8 &= f.is_int8;
            json_t *all = json_object();
            for (size_t isa = 0; isa < BOARD_ISAS; isa++) {
                double estimate = board_instructions((enum board_isa)isa, &f);
                in->instructions[isa] += estimate;
                json_object_set_new(all, board_isa_name((enum board_isa)isa), json_real(estimate));
            }
            json_object_set_new(o, "macs", json_integer((json_int_t)n));
            json_object_set_new(o, "instructions", all);
            *macs += (double)n;
        }
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *pipeline_of(const struct cvt_model *m)
{
    struct mote_pipe_config c;
    struct err e = {0};
    if (cvt_model_pipeline(m, &c, &e) != OK) {
        return e.code == E_NOT_FOUND ? json_null() : json_pack("{ss}", "error", e.msg);
    }
    json_t *labels = json_array();
    for (size_t i = 0; i < c.classes; i++) {
        json_array_append_new(labels, json_stringn(c.label[i].p, c.label[i].len));
    }
    return json_pack("{ss% ss ss sI sI sI sf sI so sf sI sI sI}", "stream", c.stream.p,
                     c.stream.len, "block", mote_dsp_kind_name(c.dsp.kind), "variant",
                     mote_dsp_variant_name(c.dsp.variant), "channels", (json_int_t)c.channels,
                     "window", (json_int_t)c.window, "stride", (json_int_t)c.stride, "rate_hz",
                     c.interval_ns ? 1e9 / (double)c.interval_ns : 0.0, "features",
                     (json_int_t)c.features, "labels", labels, "threshold", (double)c.threshold,
                     "centroids", (json_int_t)c.centroids, "smooth", (json_int_t)c.smooth,
                     "suppress", (json_int_t)c.suppress);
}

static json_t *board_report(const struct inspect *in, const struct board *b)
{
    char lacks[160] = "";
    size_t ram = in->run.arena_bytes + BOARD_RUNTIME_RAM, flash = in->m->len + BOARD_RUNTIME_FLASH;
    if (ram > b->ram) {
        (void)snprintf(lacks, sizeof lacks, "%zu bytes of RAM, it has %u", ram, b->ram);
    }
    if (flash > b->flash) {
        size_t n = strlen(lacks);
        (void)snprintf(lacks + n, sizeof lacks - n, "%s%zu bytes of flash, it has %u",
                       n ? "; " : "", flash, b->flash);
    }
    double ms = board_ms(b, in->instructions[b->isa]);
    double days = board_days(b, ms, (double)in->o->every_ms, in->o->battery_mah);
    return json_pack("{ss ss ss sb ss sf sf sf sf sb sb ss}", "board", b->id, "title", b->title,
                     "core", b->core, "fits", lacks[0] == '\0', "lacks", lacks, "instructions",
                     in->instructions[b->isa], "ms", ms, "mj", board_mj(b, ms), "days", days,
                     "counted", in->all_int8 && !b->isa_stands_in, "power_checked", b->checked,
                     "source", b->source);
}

static json_t *boards_of(const struct inspect *in)
{
    size_t count;
    const struct board *table = board_table(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!in->o->board || strcmp(in->o->board, table[i].id) == 0) {
            json_array_append_new(list, board_report(in, &table[i]));
        }
    }
    return list;
}

// Arenas of the compiled form (convert --to c-source), by the variant of the kernels.
static json_t *compiled_of(const struct inspect *in)
{
    static const char *const names[CVT_VARIANTS] = {[CVT_PLAIN] = "plain",
                                                    [CVT_DSP] = "dsp",
                                                    [CVT_MVE] = "mve",
                                                    [CVT_X86] = "x86",
                                                    [CVT_NEON] = "neon"};
    struct cvt_cgraph g;
    struct err e = {0};
    if (cvt_cgraph_open(&g, in->m, &e) != OK) {
        return json_pack("{ss}", "refused", e.msg);
    }
    json_t *o = json_object();
    for (int v = 0; v < CVT_VARIANTS; v++) {
        json_object_set_new(o, names[v], json_integer(g.layout[v].arena));
    }
    cvt_cgraph_release(&g);
    return o;
}

static json_t *gather(struct inspect *in)
{
    const struct tflite_graph *g = &in->t.graph;
    double macs = 0;
    size_t constants = 0;
    for (size_t i = 0; i < g->tensors; i++) {
        constants += g->tensor[i].data ? g->tensor[i].bytes : 0;
    }
    json_t *operators = operators_of(in, &macs);
    json_t *o = json_pack(
        "{ss ss sI sI ss so so so so so}", "model", in->m->digest_text, "path", in->m->path,
        "bytes", (json_int_t)in->m->len, "constant_bytes", (json_int_t)constants, "description",
        g->description ? g->description : "", "inputs", tensors_of(g, g->input, g->inputs),
        "outputs", tensors_of(g, g->output, g->outputs), "operators", operators, "tensors",
        tensors_of(g, NULL, g->tensors), "pipeline", pipeline_of(in->m));
    if (in->runs) {
        size_t pipe_arena = 0;
        const struct board *shown = in->o->board ? board_find(in->o->board) : NULL;
        enum board_isa isa = shown ? shown->isa : BOARD_V7EM;
        json_object_set_new(o, "macs", json_real(macs));
        json_object_set_new(o, "shown_isa", json_string(board_isa_name(isa)));
        json_object_set_new(o, "arena_bytes", json_integer((json_int_t)in->run.arena_bytes));
        if (mote_pipe_arena_size(in->m->file, in->m->len, &mote_nn_ops_all, &pipe_arena, NULL) ==
            MOTE_OK) {
            json_object_set_new(o, "pipeline_arena_bytes", json_integer((json_int_t)pipe_arena));
        }
        json_object_set_new(o, "compiled_arena_bytes", compiled_of(in));
        json_object_set_new(o, "boards", boards_of(in));
    } else {
        json_object_set_new(o, "refused", json_string(in->refused.msg));
    }
    return o;
}

int cvt_inspect(const struct cvt_model *m, const struct cvt_inspect_options *o, json_t **report,
                struct err *e)
{
    struct inspect in = {.m = m, .o = o};
    *report = NULL;
    if (o->board && !board_find(o->board)) {
        return err_set(e, E_NOT_FOUND,
                       "no board '%.40s': 'moteloop inspect --board list' names them", o->board);
    }
    int rc = tflite_read(&in.t, m->file, m->len, e);
    if (rc != OK) {
        return err_wrap(e, "'%s'", m->path);
    }
    in.runs = cvt_run_open(&in.run, m, 0, &in.refused) == OK;
    *report = gather(&in);
    cvt_run_close(&in.run);
    tflite_model_release(&in.t);
    return *report ? OK : err_set(e, E_FORMAT, "'%s' has text that is no UTF-8", m->path);
}
