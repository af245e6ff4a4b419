// moteloop convert: a model to forms that firmware can link.
#include "common/err.h"
#include "common/project.h"
#include "converter/cvt_array.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_model.h"

struct convert_opts {
    const char *project, *to, *out, *name;
};

static const struct opt convert_options[] = {
    {"to", "FORM", "c-array: the model's bytes as a C file", OPT_STR,
     offsetof(struct convert_opts, to)},
    {"out", "FILE", "where it goes (default: standard output)", OPT_STR,
     offsetof(struct convert_opts, out)},
    {"name", "NAME", "C identifier (default: model)", OPT_STR, offsetof(struct convert_opts, name)},
    OPT_PROJECT(struct convert_opts, project),
    OPT_END};

static int run(const struct convert_opts *o, const char *which, struct err *e)
{
    struct cvt_model m;
    struct buf text = {0};
    int rc = cvt_model_open(&m, which, o->project, e);
    if (rc == OK && (rc = cvt_array_write(&m, o->name ? o->name : "model", &text, e)) != OK) {
        err_wrap(e, "'%s'", which);
    }
    if (rc == OK && o->out) {
        rc = io_write_atomic(o->out, text.data, text.len, 0644, e);
    } else if (rc == OK && fwrite(text.data, 1, text.len, stdout) != text.len) {
        rc = err_errno(e, E_IO, "cannot write to standard output");
    }
    buf_release(&text);
    cvt_model_release(&m);
    return rc;
}

static int cmd_convert(void *options, int npos, char **pos)
{
    const struct convert_opts *o = options;
    struct err e = {0};
    int rc = OK;
    if (npos != 1 || !o->to) {
        rc = err_set(&e, E_USAGE, "name a model and a form: moteloop convert MODEL --to c-array");
    } else if (strcmp(o->to, "c-array") != 0) {
        rc = err_set(&e, E_USAGE, "unknown form '%.40s': c-array", o->to);
    }
    rc = rc == OK ? run(o, pos[0], &e) : rc;
    return rc != OK ? cvt_fail("convert", &e) : 0;
}

const struct opt_command cvt_convert_command = {
    "convert",
    "MODEL",
    "a model to other forms",
    "MODEL is a path, or within a project a digest or number.\n"
    "Example: moteloop convert fan.tflite --to c-array --name fan_model --out fan_model.c\n",
    convert_options,
    sizeof(struct convert_opts),
    NULL,
    cmd_convert};
