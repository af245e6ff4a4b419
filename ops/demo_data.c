// The demo's data: recordings asked for and labelled through the page's own API, training, and the
// look at the page.
#include "common/buf.h"
#include "common/clock.h"
#include "common/command.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/store_sample.h"
#include "ops/demo.h"
#include "ops/ops_proc.h"

#include <sodium.h>

// Two recordings of ten seconds a state and device: some fifteen windows each.
enum { TAKES = 2, TAKE_MS = 10000 };

int demo_login(struct demo *d, struct err *e)
{
    uint8_t bits[12];
    json_t *me = NULL;
    const char *csrf = NULL;
    randombytes_buf(bits, sizeof(bits));
    hex_encode(d->password, bits, sizeof(bits));
    json_t *body =
        json_pack("{ss ss ss}", "token", d->setup, "name", "demo", "password", d->password);
    int rc = http_json(d->http, "POST", "/api/setup", body, &me, NULL, e);
    if (rc == OK) {
        rc = jx_get_str(me, "csrf", 120, &csrf, e);
    }
    if (rc == OK) {
        http_set_csrf(d->http, csrf);
    }
    json_decref(body);
    json_decref(me);
    return rc;
}

struct complete {
    struct store_recording_filter filter;
    int64_t want, have;
};
static int count_complete(void *ctx, const struct store_recording *r)
{
    struct complete *c = ctx;
    c->have += r->complete;
    return 0;
}
static int all_complete(struct demo *d, void *ctx, struct err *e)
{
    struct complete *c = ctx;
    c->have = 0;
    int rc = store_recording_walk(d->store, &c->filter, count_complete, c, e);
    snprintf(d->note, sizeof(d->note), "%lld of %lld recordings are complete", (long long)c->have,
             (long long)c->want);
    return rc ? rc : c->have >= c->want;
}

static int ask_recordings(struct demo *d, const char *label, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; i < DEMO_DEVICES && rc == OK; i++) {
        char path[96];
        json_t *body =
            json_pack("{ss ss sf}", "stream", "", "label", label, "seconds", TAKE_MS / 1000.0);
        snprintf(path, sizeof(path), "/api/devices/%s/record", d->dev[i].id);
        rc = http_json(d->http, "POST", path, body, NULL, NULL, e);
        json_decref(body);
    }
    return rc;
}

// Label changes are gathered and sent together, as the page's bulk action does.
struct labelling {
    json_t *changes;
    const char *label; // NULL: the recording's hint
};
static int want_label(void *ctx, const struct store_recording *r)
{
    struct labelling *l = ctx;
    if (r->label_count == 0 && (l->label || *r->hint)) {
        json_array_append_new(l->changes,
                              json_pack("{sI ss ss}", "rec", (json_int_t)r->rec_id, "region", "",
                                        "label", l->label ? l->label : r->hint));
    }
    return 0;
}

static int send_labels(struct demo *d, const struct store_recording_filter *f, const char *label,
                       struct err *e)
{
    struct labelling l = {json_array(), label};
    int rc = store_recording_walk(d->store, f, want_label, &l, e);
    size_t total = json_array_size(l.changes);
    enum { BATCH = 100 };
    for (size_t i = 0; i < total && rc == OK; i += BATCH) {
        json_t *batch = json_array();
        for (size_t k = i; k < total && k < i + BATCH; k++) {
            json_array_append(batch, json_array_get(l.changes, k));
        }
        json_t *body = json_pack("{so}", "changes", batch);
        rc = http_json(d->http, "POST", "/api/labels/bulk", body, NULL, NULL, e);
        json_decref(body);
    }
    d->last_label_us = clock_mono_us();
    d->labels += (int64_t)total;
    json_decref(l.changes);
    return rc;
}

int demo_record(struct demo *d, struct err *e)
{
    int rc = OK;
    int64_t want = 0;
    for (size_t k = 0; k < ARRAY_LEN(demo_known) && rc == OK; k++) {
        char line[48];
        snprintf(line, sizeof(line), "state %s", demo_known[k]);
        for (size_t i = 0; i < DEMO_DEVICES && rc == OK; i++) {
            rc = demo_machine(d, &d->dev[i], line, e);
        }
        for (int take = 0; take < TAKES && rc == OK; take++) {
            struct complete c = {.want = want += DEMO_DEVICES};
            // The fan needs its time to run up or down before what is recorded is the new state.
            struct timespec settle = {.tv_nsec = 350000000};
            if (take == 0) {
                nanosleep(&settle, NULL);
            }
            rc = ask_recordings(d, demo_known[k], e);
            if (rc == OK) {
                rc = demo_wait(d, all_complete, &c, 40000, "recordings", e);
            }
        }
    }
    struct store_recording_filter all = {.label = ""};
    d->recordings = want;
    return rc ? rc : send_labels(d, &all, NULL, e);
}

int demo_label_uncertain(struct demo *d, struct err *e)
{
    struct store_recording_filter f = {.uncertain = 1, .label = ""};
    int64_t before = d->labels;
    int rc = send_labels(d, &f, DEMO_NEW_FAULT, e);
    d->sent_new = d->labels - before;
    return rc == OK && d->sent_new == 0
               ? err_set(e, E_STATE, "no uncertain window of the new fault was sent")
               : rc;
}

int demo_train(struct demo *d, const char *from, struct err *e)
{
    char recipe[IO_PATH_MAX];
    struct buf out = {0};
    const char *digest = NULL;
    json_t *made = NULL;
    int64_t bytes = 0, equal = 0, windows = 0;
    if (io_join(recipe, sizeof(recipe), d->recipes, "fan.recipe")) {
        return err_set(e, E_LIMIT, "path is too long");
    }
    // Judged on a device that it never saw, with a speed inside the range of the others: six fans are too few to
    // teach a model what lies beyond them (docs/simulator.md has their speeds).
    const char *argv[] = {"moteloop-trainer",
                          "train",
                          recipe,
                          "--project",
                          d->p.dir,
                          "--test",
                          d->dev[2].id,
                          "--json",
                          from ? "--from" : NULL,
                          from,
                          NULL};
    int rc = proc_run_ok(argv, &out, 120000, e);
    if (rc == OK) {
        made = jx_parse(out.data ? out.data : "", out.len, e);
        rc = made ? OK : e->code;
    }
    rc = rc ? rc : jx_get_str(made, "model", 64, &digest, e);
    rc = rc ? rc : jx_get_f64(made, "float_accuracy", &d->test_float, e);
    rc = rc ? rc : jx_get_f64(made, "int8_accuracy", &d->test_int8, e);
    rc = rc ? rc : jx_get_i64(made, "bytes", 1, INT64_MAX, &bytes, e);
    rc = rc ? rc : jx_get_i64(made, "parity_equal", 0, INT64_MAX, &equal, e);
    rc = rc ? rc : jx_get_i64(made, "parity_windows", 0, INT64_MAX, &windows, e);
    if (rc == OK && (equal != windows || windows == 0)) {
        rc = err_set(e, E_STATE, "trainer and device runtime agree on %lld of %lld test windows",
                     (long long)equal, (long long)windows);
    }
    if (rc == OK) {
        snprintf(from ? d->model2 : d->model, STORE_DIGEST_TEXT, "%s", digest);
        d->model_bytes = bytes;
        d->parity_windows = windows;
    }
    json_decref(made);
    buf_release(&out);
    return rc;
}

int demo_look_at_page(struct demo *d, struct err *e)
{
    static const char *const answers[] = {"/api/overview", "/api/devices",
                                          "/api/recordings?limit=20", "/api/models",
                                          "/api/rollouts"};
    struct buf page = {0};
    json_t *model = NULL, *recordings = NULL;
    int rc = http_get(d->http, "/", &page, e);
    if (rc == OK && !strstr(page.data, "<html")) {
        rc = err_set(e, E_STATE, "the page is not HTML");
    }
    for (size_t i = 0; i < ARRAY_LEN(answers) && rc == OK; i++) {
        rc = http_json(d->http, "GET", answers[i], NULL, i == 2 ? &recordings : NULL, NULL, e);
    }
    int64_t rec = 0;
    char path[160];
    if (rc == OK) {
        rc = jx_get_i64(json_array_get(json_object_get(recordings, "recordings"), 0), "id", 1,
                        INT64_MAX, &rec, e);
    }
    if (rc == OK) {
        snprintf(path, sizeof(path), "/api/recordings/%lld/signals?stream=acc&points=400",
                 (long long)rec);
        rc = http_json(d->http, "GET", path, NULL, NULL, NULL, e);
    }
    if (rc == OK) {
        snprintf(path, sizeof(path), "/api/models/%s", d->model2);
        rc = http_json(d->http, "GET", path, NULL, &model, NULL, e);
    }
    json_decref(model);
    json_decref(recordings);
    buf_release(&page);
    return rc;
}
