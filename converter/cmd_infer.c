// moteloop infer: runs a model on raw tensor bytes.
#include "common/clock.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/project.h"
#include "common/store/store.h"
#include "converter/cvt_cmd.h"
#include "converter/cvt_model.h"
#include "converter/cvt_remote.h"
#include "converter/cvt_run.h"
#include "firmware/core/flash/mote_flash.h"

struct infer_opts {
    const char *project, *raw_in, *raw_out, *layers, *device;
    int64_t repeat, timeout_ms;
    bool reference, json;
};

static const struct infer_opts infer_defaults = {.repeat = 1, .timeout_ms = 30000};

static const struct opt infer_options[] = {
    {"raw-in", "FILE", "bytes of the input tensors, one after the other", OPT_STR,
     offsetof(struct infer_opts, raw_in)},
    {"raw-out", "FILE", "where the bytes of the output tensors go", OPT_STR,
     offsetof(struct infer_opts, raw_out)},
    {"layers", "DIR", "write each operator's output as DIR/opN.bin", OPT_STR,
     offsetof(struct infer_opts, layers)},
    {"repeat", "N", "run so often and report the fastest and the mean time (default: 1)", OPT_I64,
     offsetof(struct infer_opts, repeat)},
    {"reference", NULL, "use the portable reference kernels", OPT_FLAG,
     offsetof(struct infer_opts, reference)},
    {"device", "DEV",
     "run it on this device of the project instead, which must run the same model: its time, arena "
     "and "
     "stack, and the first operator whose bytes are not this machine's (exit code 1)",
     OPT_STR, offsetof(struct infer_opts, device)},
    {"timeout", "TIME", "how long to wait for the device (default: 30s)", OPT_DURATION,
     offsetof(struct infer_opts, timeout_ms)},
    OPT_PROJECT(struct infer_opts, project),
    OPT_JSON(struct infer_opts, json),
    OPT_END};

struct timing {
    int64_t best_us, total_us;
};

static int read_input(struct cvt_run *r, const struct infer_opts *o, struct buf *in, struct err *e)
{
    int rc = io_read_file(o->raw_in, (size_t)64 << 20, in, e);
    if (rc == OK && in->len != r->in_bytes) {
        rc = err_set(e, E_FORMAT, "'%s' has %zu bytes, the model's input has %zu", o->raw_in,
                     in->len, r->in_bytes);
    }
    r->in = in->data;
    return rc;
}

static int run_repeatedly(struct cvt_run *r, int64_t repeat, struct timing *t, struct buf *out,
                          struct err *e)
{
    *t = (struct timing){.best_us = INT64_MAX};
    for (int64_t i = 0; i < repeat; i++) {
        int rc = cvt_run_feed(r, e);
        int64_t start = clock_mono_us();
        rc = rc == OK ? cvt_run_invoke(r, e) : rc;
        int64_t took = clock_mono_us() - start;
        if (rc != OK) {
            return rc;
        }
        t->best_us = took < t->best_us ? took : t->best_us;
        t->total_us += took;
    }
    return cvt_run_collect(r, out, e);
}

// One pass operator by operator: what each took and gave.
static int by_operator(const struct cvt_model *m, const struct cvt_run *whole,
                       const struct infer_opts *o, json_t *list, struct err *e)
{
    struct cvt_run r;
    uint32_t flags = (o->layers ? MOTE_NN_KEEP_ALL : 0) | (o->reference ? MOTE_NN_REFERENCE : 0);
    int rc = cvt_run_open(&r, m, flags, e);
    if (rc != OK) {
        return rc;
    }
    r.in = whole->in;
    rc = cvt_run_feed(&r, e);
    for (size_t i = 0; i < mote_nn_op_count(&r.nn) && rc == OK; i++) {
        struct mote_nn_tensor t;
        int32_t tensor = -1;
        char name[32], path[IO_PATH_MAX];
        int64_t start = clock_mono_us();
        int status = mote_nn_step(&r.nn, i);
        int64_t took = clock_mono_us() - start;
        status = status == MOTE_OK ? mote_nn_op_output(&r.nn, i, &t, &tensor) : status;
        if (status != MOTE_OK) {
            rc = err_set(e, E_FORMAT, "operator %zu %s: %s", i, mote_nn_op_name(&r.nn, i),
                         mote_status_text(status));
            break;
        }
        json_array_append_new(list, json_pack("{sI ss sI sI sI sI}", "index", (json_int_t)i, "name",
                                              mote_nn_op_name(&r.nn, i), "tensor",
                                              (json_int_t)tensor, "bytes", (json_int_t)t.bytes,
                                              "macs", (json_int_t)mote_nn_op_macs(&r.nn, i), "us",
                                              (json_int_t)took));
        (void)snprintf(name, sizeof name, "op%zu.bin", i);
        if (o->layers) {
            rc = io_join(path, sizeof path, o->layers, name) == OK
                     ? io_write_atomic(path, t.data, t.bytes, 0644, e)
                     : err_set(e, E_LIMIT, "path of '%s' is too long", o->layers);
        }
    }
    cvt_run_close(&r);
    return rc;
}

static void print(const struct infer_opts *o, const struct cvt_model *m, const struct cvt_run *r,
                  const struct timing *t, json_t *list)
{
    double mean = (double)t->total_us / (double)o->repeat;
    if (o->json) {
        jx_print(json_pack("{ss sI sI sI sI sf sI so}", "model", m->digest_text, "arena_bytes",
                           (json_int_t)r->arena_bytes, "input_bytes", (json_int_t)r->in_bytes,
                           "output_bytes", (json_int_t)r->out_bytes, "time_us",
                           (json_int_t)t->best_us, "mean_us", mean, "repeat", (json_int_t)o->repeat,
                           "operators", json_incref(list)));
        return;
    }
    printf("%lld us (mean of %lld: %.1f), arena %zu bytes, %zu operators\n", (long long)t->best_us,
           (long long)o->repeat, mean, r->arena_bytes, json_array_size(list));
}

static int run_model(const struct cvt_model *m, const struct infer_opts *o, struct err *e)
{
    struct cvt_run r;
    struct timing t;
    struct buf in = {0}, out = {0};
    json_t *list = json_array();
    int rc = cvt_run_open(&r, m, o->reference ? MOTE_NN_REFERENCE : 0, e);
    rc = rc == OK ? read_input(&r, o, &in, e) : rc;
    rc = rc == OK ? run_repeatedly(&r, o->repeat, &t, &out, e) : rc;
    if (rc == OK && o->raw_out) {
        rc = io_write_atomic(o->raw_out, out.data, out.len, 0644, e);
    }
    if (rc == OK && o->layers) {
        rc = io_mkdirs(o->layers, 0755, e);
    }
    rc = rc == OK ? by_operator(m, &r, o, list, e) : rc;
    if (rc == OK) {
        print(o, m, &r, &t, list);
    }
    json_decref(list);
    buf_release(&in);
    buf_release(&out);
    cvt_run_close(&r);
    return rc;
}

// CRC-32 of each operator's first output on this machine.
static int check_operators(const struct cvt_model *m, const void *in, uint32_t *check,
                           struct err *e)
{
    struct cvt_run r;
    int rc = cvt_run_open(&r, m, 0, e);
    if (rc != OK) {
        return rc;
    }
    r.in = in;
    rc = cvt_run_feed(&r, e);
    for (size_t i = 0; i < mote_nn_op_count(&r.nn) && rc == OK; i++) {
        struct mote_nn_tensor t;
        int32_t tensor;
        int status = mote_nn_step(&r.nn, i);
        status = status == MOTE_OK ? mote_nn_op_output(&r.nn, i, &t, &tensor) : status;
        if (status != MOTE_OK) {
            rc = err_set(e, E_FORMAT, "operator %zu: %s", i, mote_status_text(status));
            break;
        }
        check[i] = mote_crc32(0, t.data, t.bytes);
    }
    cvt_run_close(&r);
    return rc;
}

static void print_remote(const struct infer_opts *o, const struct cvt_model *m,
                         const struct cvt_run *r, const struct cvt_remote_result *d)
{
    size_t ops = mote_nn_op_count(&r->nn);
    const char *name = d->differs >= 0 ? mote_nn_op_name(&r->nn, (size_t)d->differs) : NULL;
    if (o->json) {
        json_t *differs =
            name ? json_pack("{sI ss}", "operator", (json_int_t)d->differs, "name", name)
                 : json_null();
        jx_print(json_pack("{ss ss sI sI so sI so}", "model", m->digest_text, "device", o->device,
                           "time_us", (json_int_t)d->us, "arena_bytes", (json_int_t)d->arena,
                           "stack_bytes",
                           d->stack ? json_integer((json_int_t)d->stack) : json_null(), "operators",
                           (json_int_t)ops, "differs", differs));
        return;
    }
    printf("%s: %llu us, arena %llu bytes, ", o->device, (unsigned long long)d->us,
           (unsigned long long)d->arena);
    if (d->stack) {
        printf("stack %llu bytes, ", (unsigned long long)d->stack);
    }
    if (name) {
        printf("operator %lld %s differs from this machine's\n", (long long)d->differs, name);
    } else {
        printf("%zu operators with the bytes of this machine\n", ops);
    }
}

static int run_on_device(const struct cvt_model *m, const struct infer_opts *o, struct err *e)
{
    struct cvt_run r;
    struct timing t;
    struct buf in = {0}, out = {0};
    struct cvt_remote_result d;
    uint32_t *check = NULL;
    int rc = cvt_run_open(&r, m, 0, e);
    rc = rc == OK ? read_input(&r, o, &in, e) : rc;
    rc = rc == OK ? run_repeatedly(&r, 1, &t, &out, e) : rc;
    if (rc == OK) {
        check = calloc(mote_nn_op_count(&r.nn) + 1, sizeof *check);
        rc = check ? check_operators(m, in.data, check, e) : err_set(e, E_MEM, "out of memory");
    }
    if (rc == OK) {
        struct cvt_remote remote = {
            o->project, o->device, in.data, in.len, check, mote_nn_op_count(&r.nn), o->timeout_ms};
        rc = cvt_remote_run(m, &remote, &d, e);
    }
    if (rc == OK) {
        print_remote(o, m, &r, &d);
        rc = d.differs < 0 ? OK : err_set(e, E_CONFLICT, "the device computes other bytes");
    }
    if (rc == OK && o->raw_out) { // the device's bytes, which are these
        rc = io_write_atomic(o->raw_out, out.data, out.len, 0644, e);
    }
    free(check);
    buf_release(&in);
    buf_release(&out);
    cvt_run_close(&r);
    return rc;
}

static int cmd_infer(void *options, int npos, char **pos)
{
    const struct infer_opts *o = options;
    struct err e = {0};
    struct cvt_model m = {0};
    int rc = OK;
    if (npos != 1 || !o->raw_in) {
        rc = err_set(&e, E_USAGE, "name a model and its input: moteloop infer MODEL --raw-in FILE");
    } else if (o->repeat < 1 || o->repeat > 100000000) {
        rc = err_set(&e, E_USAGE, "--repeat is 1 to 100000000");
    } else if (o->device && (o->layers || o->reference || o->repeat > 1)) {
        rc =
            err_set(&e, E_USAGE, "--device is one run, without --layers, --reference and --repeat");
    } else if (o->timeout_ms < 1) {
        rc = err_set(&e, E_USAGE, "--timeout is a time to come");
    }
    rc = rc == OK ? cvt_model_open(&m, pos[0], o->project, &e) : rc;
    rc = rc == OK ? (o->device ? run_on_device : run_model)(&m, o, &e) : rc;
    cvt_model_release(&m);
    return rc != OK ? cvt_fail("infer", &e) : 0;
}

const struct opt_command cvt_infer_command = {
    "infer",
    "MODEL",
    "run a model on raw tensor bytes",
    "MODEL is a path, or within a project a digest or number. The bytes are those of TensorFlow "
    "Lite Micro's\n"
    "reference kernels.\n"
    "Example: moteloop infer fan.tflite --raw-in window.in --raw-out window.out --repeat 100 "
    "--json\n"
    "Example: moteloop infer fan.tflite --raw-in window.in --device pump-3 --project plant\n",
    infer_options,
    sizeof(struct infer_opts),
    &infer_defaults,
    cmd_infer};
