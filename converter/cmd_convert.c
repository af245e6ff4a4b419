// moteloop convert: a model to forms that firmware can link.
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/project.h"
#include "converter/cvt_array.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_csource.h"
#include "converter/cvt_model.h"

struct convert_opts {
    const char *project, *to, *out, *name;
};

static const struct opt convert_options[] = {
    {"to", "FORM",
     "c-array: the model's bytes as a C file; c-source: the model compiled to calls of the "
     "runtime's kernels",
     OPT_STR, offsetof(struct convert_opts, to)},
    {"out", "FILE",
     "where it goes, for c-source FILE.c with FILE.h beside it (default: standard output)", OPT_STR,
     offsetof(struct convert_opts, out)},
    {"name", "NAME", "C identifier (default: model)", OPT_STR, offsetof(struct convert_opts, name)},
    OPT_PROJECT(struct convert_opts, project),
    OPT_END};

static int write_out(const char *path, const struct buf *text, struct err *e)
{
    if (path) {
        return io_write_atomic(path, text->data, text->len, 0644, e);
    }
    return fwrite(text->data, 1, text->len, stdout) == text->len
               ? OK
               : err_errno(e, E_IO, "cannot write to standard output");
}

static int to_array(const struct convert_opts *o, const struct cvt_model *m, const char *name,
                    struct err *e)
{
    struct buf text = {0};
    int rc = cvt_array_write(m, name, &text, e);
    rc = rc == OK ? write_out(o->out, &text, e) : rc;
    buf_release(&text);
    return rc;
}

// Two files, or both one behind the other on standard output.
static int to_source(const struct convert_opts *o, const struct cvt_model *m, const char *name,
                     struct err *e)
{
    struct buf source = {0}, header = {0};
    char path[IO_PATH_MAX] = "";
    const char *file = NULL;
    size_t len = o->out ? strlen(o->out) : 0;
    if (o->out && (len < 3 || len >= sizeof path || strcmp(o->out + len - 2, ".c") != 0)) {
        return err_set(e, E_USAGE, "--out '%.100s' is not the name of a C file (FILE.c)", o->out);
    }
    if (o->out) {
        (void)snprintf(path, sizeof path, "%.*s.h", (int)len - 2, o->out);
        file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    }
    int rc = cvt_csource_write(m, name, file, &source, &header, e);
    rc = rc == OK ? write_out(o->out ? path : NULL, &header, e) : rc;
    rc = rc == OK ? write_out(o->out, &source, e) : rc;
    buf_release(&source);
    buf_release(&header);
    return rc;
}

static int run(const struct convert_opts *o, const char *which, struct err *e)
{
    struct cvt_model m;
    const char *name = o->name ? o->name : "model";
    int rc = cvt_model_open(&m, which, o->project, e);
    if (rc != OK) {
        return rc;
    }
    rc = strcmp(o->to, "c-array") == 0 ? to_array(o, &m, name, e) : to_source(o, &m, name, e);
    if (rc != OK && rc != E_USAGE) {
        err_wrap(e, "'%s'", which);
    }
    cvt_model_release(&m);
    return rc;
}

static int cmd_convert(void *options, int npos, char **pos)
{
    const struct convert_opts *o = options;
    struct err e = {0};
    int rc = OK;
    if (npos != 1 || !o->to) {
        rc = err_set(&e, E_USAGE, "name a model and a form: moteloop convert MODEL --to c-source");
    } else if (strcmp(o->to, "c-array") != 0 && strcmp(o->to, "c-source") != 0) {
        rc = err_set(&e, E_USAGE, "unknown form '%.40s': c-array or c-source", o->to);
    }
    rc = rc == OK ? run(o, pos[0], &e) : rc;
    return rc != OK ? cvt_fail("convert", &e) : 0;
}

const struct opt_command cvt_convert_command = {
    "convert",
    "MODEL",
    "a model to other forms",
    "MODEL is a path, or within a project a digest or number.\n"
    "A compiled model (c-source) needs no interpreter: docs/compiled.md.\n"
    "Example: moteloop convert fan.tflite --to c-array --name fan_model --out fan_model.c\n"
    "Example: moteloop convert fan.tflite --to c-source --name fan --out fan.c\n",
    convert_options,
    sizeof(struct convert_opts),
    NULL,
    cmd_convert};
