// moteloop split: cuts a model in two files, or lists where it can be cut.
#include "common/buf.h"
#include "common/err.h"
#include "common/io.h"
#include "common/jx.h"
#include "common/project.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_model.h"
#include "converter/cvt_run.h"
#include "converter/cvt_split.h"

struct split_opts {
    const char *project, *out;
    int64_t after;
    bool json;
};
static const struct split_opts split_defaults = {.after = -1};

static const struct opt split_options[] = {
    {"after", "N", "cut behind operator N (default: list the cuts)", OPT_I64,
     offsetof(struct split_opts, after)},
    {"out", "NAME", "write NAME.head.tflite and NAME.tail.tflite (default: the model's name)",
     OPT_STR, offsetof(struct split_opts, out)},
    OPT_PROJECT(struct split_opts, project),
    OPT_JSON(struct split_opts, json),
    OPT_END};

static void list_cuts(const struct tflite_model *t, const struct cvt_run *whole, bool json)
{
    json_t *list = json_array();
    uint64_t macs = 0;
    for (size_t i = 0; i + 1 < t->graph.ops; i++) {
        struct cvt_cut cut;
        char text[32];
        const char *name = tflite_model_op_name(t, i, text, sizeof text);
        cvt_cut_describe(&t->graph, i, &cut);
        macs += mote_nn_op_macs(&whole->nn, i);
        if (!cut.whole) {
            continue;
        }
        json_array_append_new(list,
                              json_pack("{sI ss sI sI sI}", "after", (json_int_t)i, "name", name,
                                        "tensors", (json_int_t)cut.tensors, "bytes",
                                        (json_int_t)cut.bytes, "macs_before", (json_int_t)macs));
        if (!json) {
            printf("%3zu  %-26s %8llu bytes in %zu tensor%s, %llu MACs before it\n", i, name,
                   (unsigned long long)cut.bytes, cut.tensors, cut.tensors == 1 ? "" : "s",
                   (unsigned long long)macs);
        }
    }
    if (json) {
        jx_print(json_pack("{so}", "cuts", list));
    } else {
        json_decref(list);
    }
}

static int write_half(const char *name, const char *ending, const struct buf *file, char *path,
                      struct err *e)
{
    int n = snprintf(path, IO_PATH_MAX, "%s.%s.tflite", name, ending);
    return n < IO_PATH_MAX ? io_write_atomic(path, file->data, file->len, 0644, e)
                           : err_set(e, E_LIMIT, "path of '%.100s' is too long", name);
}

// The runtime takes the half as well.
static int check_half(const char *path, size_t *arena, struct err *e)
{
    struct cvt_model m;
    struct cvt_run r;
    int rc = cvt_model_open(&m, path, NULL, e);
    if (rc != OK) {
        return rc;
    }
    rc = cvt_run_open(&r, &m, 0, e);
    if (rc == OK) {
        *arena = r.arena_bytes;
        cvt_run_close(&r);
    }
    cvt_model_release(&m);
    return rc;
}

static int cut_model(const struct cvt_model *m, const struct tflite_model *t,
                     const struct split_opts *o, struct err *e)
{
    struct buf head = {0}, tail = {0};
    char name[IO_PATH_MAX], first[IO_PATH_MAX], second[IO_PATH_MAX];
    size_t arena[2] = {0, 0}, len = strlen(m->path);
    struct cvt_cut cut;
    if (len > 7 && strcmp(m->path + len - 7, ".tflite") == 0) {
        len -= 7;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)len, m->path);
    int rc = cvt_split(&t->graph, (size_t)o->after, &head, &tail, e);
    rc = rc == OK ? write_half(o->out ? o->out : name, "head", &head, first, e) : rc;
    rc = rc == OK ? write_half(o->out ? o->out : name, "tail", &tail, second, e) : rc;
    rc = rc == OK ? check_half(first, &arena[0], e) : rc;
    rc = rc == OK ? check_half(second, &arena[1], e) : rc;
    if (rc == OK) {
        cvt_cut_describe(&t->graph, (size_t)o->after, &cut);
        if (o->json) {
            jx_print(json_pack("{ss sI sI ss sI sI sI sI}", "head", first, "head_bytes",
                               (json_int_t)head.len, "head_arena", (json_int_t)arena[0], "tail",
                               second, "tail_bytes", (json_int_t)tail.len, "tail_arena",
                               (json_int_t)arena[1], "cut_bytes", (json_int_t)cut.bytes,
                               "cut_tensors", (json_int_t)cut.tensors));
        } else {
            printf(
                "%s: %zu bytes, arena %zu\n%s: %zu bytes, arena %zu\n%llu bytes go between them\n",
                first, head.len, arena[0], second, tail.len, arena[1],
                (unsigned long long)cut.bytes);
        }
    }
    buf_release(&head);
    buf_release(&tail);
    return rc;
}

static int run(const struct split_opts *o, const char *which, struct err *e)
{
    struct cvt_model m;
    struct tflite_model t = {0};
    struct cvt_run whole = {0};
    int rc = cvt_model_open(&m, which, o->project, e);
    if (rc != OK) {
        return rc;
    }
    rc = cvt_run_open(&whole, &m, 0, e); // only then are the shapes known to be sound
    rc = rc == OK ? tflite_read(&t, m.file, m.len, e) : rc;
    if (rc == OK && o->after < 0) {
        list_cuts(&t, &whole, o->json);
    } else if (rc == OK) {
        rc = cut_model(&m, &t, o, e);
    }
    tflite_model_release(&t);
    cvt_run_close(&whole);
    cvt_model_release(&m);
    return rc;
}

static int cmd_split(void *options, int npos, char **pos)
{
    const struct split_opts *o = options;
    struct err e = {0};
    int rc = npos == 1 && o->after >= -1
                 ? run(o, pos[0], &e)
                 : err_set(&e, E_USAGE, "name a model: moteloop split MODEL --after N");
    return rc != OK ? cvt_fail("split", &e) : 0;
}

const struct opt_command cvt_split_command = {
    "split",
    "MODEL",
    "cut a model in two",
    "The head computes the operators up to N, the tail the rest: head and tail behind each other "
    "give the\n"
    "model's bytes. Without --after: where it can be cut, and what goes over each cut. The "
    "pipeline goes with\n"
    "the head.\n"
    "Example: moteloop split picture.tflite --after 8 --out picture\n",
    split_options,
    sizeof(struct split_opts),
    &split_defaults,
    cmd_split};
