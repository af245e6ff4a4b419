// moteloop inspect: what is in a model, and on which boards it would run.
#include "common/err.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_inspect.h"
#include "converter/cvt_model.h"

struct inspect_opts {
    const char *project, *board;
    int64_t every_ms;
    double battery_mah;
    bool tensors, json;
};

static const struct inspect_opts inspect_defaults = {.every_ms = 1000, .battery_mah = 1000};

static const struct opt inspect_options[] = {
    {"board", "NAME", "only that board; 'list' names them", OPT_STR,
     offsetof(struct inspect_opts, board)},
    {"every", "TIME", "between inferences, for the days on a battery (default: 1s)", OPT_DURATION,
     offsetof(struct inspect_opts, every_ms)},
    {"battery", "MAH", "capacity of the battery (default: 1000)", OPT_F64,
     offsetof(struct inspect_opts, battery_mah)},
    {"tensors", NULL, "list tensors too", OPT_FLAG, offsetof(struct inspect_opts, tensors)},
    OPT_PROJECT(struct inspect_opts, project),
    OPT_JSON(struct inspect_opts, json),
    OPT_END};

static int run(const struct inspect_opts *o, const char *which, struct err *e)
{
    struct cvt_model m;
    struct cvt_inspect_options io = {
        .board = o->board, .every_ms = o->every_ms, .battery_mah = o->battery_mah};
    int rc = cvt_model_open(&m, which, o->project, e);
    json_t *report = NULL;
    rc = rc == OK ? cvt_inspect(&m, &io, &report, e) : rc;
    if (rc == OK && o->json) {
        jx_print(json_incref(report));
    } else if (rc == OK) {
        cvt_inspect_print(report, o->tensors);
    }
    json_decref(report);
    cvt_model_release(&m);
    return rc;
}

static int cmd_inspect(void *options, int npos, char **pos)
{
    const struct inspect_opts *o = options;
    struct err e = {0};
    int rc = OK;
    if (o->board && strcmp(o->board, "list") == 0) {
        cvt_inspect_boards();
        return 0;
    }
    if (npos != 1) {
        rc = err_set(&e, E_USAGE, "name a model: moteloop inspect MODEL");
    } else if (o->every_ms < 1 || o->battery_mah <= 0) {
        rc = err_set(&e, E_USAGE, "--every and --battery must be over 0");
    }
    rc = rc == OK ? run(o, pos[0], &e) : rc;
    return rc != OK ? cvt_fail("inspect", &e) : 0;
}

const struct opt_command cvt_inspect_command = {
    "inspect",
    "MODEL",
    "what is in a model, and which boards it fits",
    "Operators with shapes and multiply-accumulates, quantization, memory, pipeline; and for every "
    "board of the\n"
    "table whether it fits, what it lacks, estimated time, energy and days on a battery. "
    "docs/boards.md says\n"
    "where the boards' figures are from and how time is estimated.\n",
    inspect_options,
    sizeof(struct inspect_opts),
    &inspect_defaults,
    cmd_inspect};
