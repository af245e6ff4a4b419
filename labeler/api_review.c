// What reviewers see: everybody's answers side by side, how far people agree, gold items.
#include "labeler/api.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_sample.h"
#include "common/store/store_task.h"
#include "labeler/agree.h"

#define REVIEW_MAX 5000
#define VALUES_MAX 400000
#define RATERS_MAX 64
#define DIFFER_MAX 200

// --- answers by recording --------------------------------------------------------------------
struct grouped {
    json_t *list, *item, *answer; // the last recording's, and the last answer in it
    struct err *e;
};

static bool is_text(const json_t *o, const char *key, const char *text)
{
    const char *v = json_string_value(json_object_get(o, key));
    return v && strcmp(v, text) == 0;
}

static int on_answer(void *ctx, const struct store_answer *a)
{
    struct grouped *g = ctx;
    if (!g->item || json_integer_value(json_object_get(g->item, "rec")) != a->rec_id) {
        g->item = json_pack("{s:I,s:[],s:b}", "rec", (json_int_t)a->rec_id, "answers", "gold",
                            (int)a->gold);
        g->answer = NULL;
        json_array_append_new(g->list, g->item);
    }
    if (!g->answer || !is_text(g->answer, "person", a->person)) {
        g->answer = json_pack("{s:o,s:o,s:o,s:I,s:[]}", "person", api_text(a->person), "state",
                              api_text(a->state), "note", api_text(a->note), "took_ms",
                              (json_int_t)a->took_ms, "regions");
        json_array_append_new(json_object_get(g->item, "answers"), g->answer);
    }
    if (a->region) {
        json_array_append_new(json_object_get(g->answer, "regions"), api_region_json(a->region));
    }
    return g->answer && g->item ? OK : err_set(g->e, E_MEM, "out of memory");
}

int api_task_answers(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    struct grouped g = {.list = json_array(), .e = e};
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : store_task_answers(lab->store, id, 0, NULL, true, on_answer, &g, e);
    if (rc) {
        json_decref(g.list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "items", g.list), e);
}

int api_task_review(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    bool accept = false;
    const char *note = "";
    const json_t *items = json_object_get(q->json, "items");
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : jx_get_bool(q->json, "accept", &accept, e);
    rc = rc ? rc : api_opt_str(q->json, "note", 1000, &note, e);
    if (rc == OK && (!json_is_array(items) || json_array_size(items) == 0 ||
                     json_array_size(items) > REVIEW_MAX)) {
        rc = err_set(e, E_FORMAT, "'items' is an array of 1 to %d answers", REVIEW_MAX);
    }
    if (rc == OK && (!lab_text_ok(note, 1000, true) || (!accept && !*note))) {
        rc = err_set(e, E_FORMAT, "say in 'note' why it goes back");
    }
    rc = rc ? rc : store_begin(lab->store, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < json_array_size(items) && rc == OK; i++) {
        const json_t *o = json_array_get(items, i);
        const char *person = NULL;
        int64_t rec = 0;
        rc = jx_get_i64(o, "rec", 1, INT64_MAX, &rec, e);
        rc = rc ? rc : jx_get_str(o, "person", 64, &person, e);
        rc = rc ? rc : store_task_review(lab->store, id, rec, person, accept, note, q->user, e);
    }
    rc = rc ? rc : store_commit(lab->store, e);
    if (rc) {
        store_rollback(lab->store);
        return rc;
    }
    return api_answer(r, json_pack("{s:I}", "reviewed", (json_int_t)json_array_size(items)), e);
}

// --- agreement -------------------------------------------------------------------------------
struct mark { // one region of an answer
    int64_t rec, start_us, end_us;
    int rater, label;
};
struct quality {
    json_t *raters, *labels; // names; their places are the numbers
    struct agree_value *value;
    struct mark *mark;
    size_t values, marks, value_cap, mark_cap;
    struct err *e;
};

// The place of a name in an array, added where it is new; -1 beyond max.
static int number_of(json_t *names, const char *name, size_t max)
{
    size_t i;
    json_t *v;
    json_array_foreach(names, i, v) {
        if (strcmp(json_string_value(v), name) == 0) {
            return (int)i;
        }
    }
    if (i == max || json_array_append_new(names, api_text(name))) {
        return -1;
    }
    return (int)i;
}

static int room(void *array, size_t count, size_t *cap, size_t size, struct err *e)
{
    void **p = array;
    if (count < *cap) {
        return OK;
    }
    size_t more = *cap ? *cap * 2 : 512;
    void *grown = more <= VALUES_MAX ? realloc(*p, more * size) : NULL;
    if (!grown) {
        return err_set(e, E_LIMIT, "too many answers to compare at once: choose one task");
    }
    *p = grown;
    *cap = more;
    return OK;
}

static int gather(void *ctx, const struct store_answer *a)
{
    struct quality *u = ctx;
    if (!a->region || a->region->has_box) {
        return OK;
    }
    int rater = number_of(u->raters, a->person, RATERS_MAX),
        label = number_of(u->labels, a->region->label, AGREE_CLASSES_MAX);
    if (rater < 0 || label < 0) {
        return err_set(u->e, E_LIMIT,
                       "at most %d people and %d labels can be compared: choose one task",
                       RATERS_MAX, AGREE_CLASSES_MAX);
    }
    if (a->region->whole) {
        // An item is a recording of a task: somebody who judged it in two tasks counts once in each.
        int64_t unit = a->rec_id * 4096 + a->task_id % 4096;
        int rc = room(&u->value, u->values, &u->value_cap, sizeof(*u->value), u->e);
        if (rc == OK) {
            u->value[u->values++] = (struct agree_value){unit, rater, label};
        }
        return rc;
    }
    int rc = room(&u->mark, u->marks, &u->mark_cap, sizeof(*u->mark), u->e);
    if (rc == OK) {
        u->mark[u->marks++] =
            (struct mark){a->rec_id, a->region->start_us, a->region->end_us, rater, label};
    }
    return rc;
}

static size_t stretches(const struct mark *m, size_t count, int rater, int label,
                        struct agree_span *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (m[i].rater == rater && m[i].label == label) {
            out[n++] = (struct agree_span){m[i].start_us, m[i].end_us};
        }
    }
    return n;
}

// Overlap of one label over every pair of people who marked the same recording, summed over time.
static int overlap_of(const struct quality *u, int label, int64_t *both, int64_t *either)
{
    struct agree_span *a = malloc(2 * (u->marks + 1) * sizeof(*a)),
                      *b = a ? a + u->marks + 1 : NULL;
    int raters = (int)json_array_size(u->raters);
    *both = *either = 0;
    for (size_t i = 0; a && i < u->marks;) {
        size_t end = i;
        bool here[RATERS_MAX] = {0};
        while (end < u->marks && u->mark[end].rec == u->mark[i].rec) {
            here[u->mark[end++].rater] = true;
        }
        for (int x = 0; x < raters; x++) {
            for (int y = x + 1; here[x] && y < raters; y++) {
                int64_t in_both = 0, in_either = 0;
                if (here[y]) {
                    size_t na = stretches(u->mark + i, end - i, x, label, a),
                           nb = stretches(u->mark + i, end - i, y, label, b);
                    agree_overlap(a, na, b, nb, &in_both, &in_either);
                }
                *both += in_both;
                *either += in_either;
            }
        }
        i = end;
    }
    free(a);
    return a ? OK : E_MEM;
}

static json_t *number_or_null(bool there, double v)
{
    return there ? json_real(v) : json_null();
}

static json_t *labels_json(const struct quality *u)
{
    json_t *out = json_array();
    int classes = (int)json_array_size(u->labels);
    for (int c = 0; c < classes; c++) {
        double alpha;
        int64_t pairable, both, either, uses = 0;
        bool defined = agree_alpha(u->value, u->values, classes, c, &alpha, &pairable);
        for (size_t i = 0; i < u->values; i++) {
            uses += u->value[i].label == c;
        }
        if (overlap_of(u, c, &both, &either)) {
            break;
        }
        json_array_append_new(
            out, json_pack("{s:O,s:o,s:I,s:o,s:I,s:I}", "label",
                           json_array_get(u->labels, (size_t)c), "alpha",
                           number_or_null(defined, alpha), "answers", (json_int_t)uses, "overlap",
                           number_or_null(either > 0, either ? (double)both / (double)either : 0),
                           "both_us", (json_int_t)both, "either_us", (json_int_t)either));
    }
    return out;
}

// How often two people gave which pair of labels to the same item.
static json_t *pair_json(const struct quality *u, int x, int y)
{
    size_t classes = json_array_size(u->labels);
    int64_t *n = calloc(classes * classes + 1, sizeof(*n)), items = 0, same = 0;
    for (size_t i = 0; n && i < u->values;) {
        size_t end = i;
        int a = -1, b = -1;
        for (; end < u->values && u->value[end].unit == u->value[i].unit; end++) {
            a = u->value[end].rater == x ? u->value[end].label : a;
            b = u->value[end].rater == y ? u->value[end].label : b;
        }
        if (a >= 0 && b >= 0) {
            n[(size_t)a * classes + (size_t)b]++;
            items++;
            same += a == b;
        }
        i = end;
    }
    json_t *matrix = json_array();
    for (size_t a = 0; n && a < classes; a++) {
        json_t *row = json_array();
        for (size_t b = 0; b < classes; b++) {
            json_array_append_new(row, json_integer(n[a * classes + b]));
        }
        json_array_append_new(matrix, row);
    }
    free(n);
    return json_pack("{s:O,s:O,s:I,s:I,s:o}", "a", json_array_get(u->raters, (size_t)x), "b",
                     json_array_get(u->raters, (size_t)y), "items", (json_int_t)items, "same",
                     (json_int_t)same, "matrix", matrix);
}

static json_t *pairs_json(const struct quality *u)
{
    json_t *out = json_array();
    int raters = (int)json_array_size(u->raters);
    for (int x = 0; x < raters; x++) {
        for (int y = x + 1; y < raters; y++) {
            json_t *pair = pair_json(u, x, y);
            if (json_integer_value(json_object_get(pair, "items")) > 0) {
                json_array_append_new(out, pair);
            } else {
                json_decref(pair);
            }
        }
    }
    return out;
}

// Items that people gave different labels.
static json_t *differ_json(const struct quality *u)
{
    json_t *out = json_array();
    for (size_t i = 0; i < u->values && json_array_size(out) < DIFFER_MAX;) {
        size_t end = i;
        bool differs = false;
        for (; end < u->values && u->value[end].unit == u->value[i].unit; end++) {
            differs |= u->value[end].label != u->value[i].label;
        }
        if (differs) {
            json_t *said = json_array();
            for (size_t k = i; k < end; k++) {
                json_array_append_new(
                    said, json_pack("{s:O,s:O}", "person",
                                    json_array_get(u->raters, (size_t)u->value[k].rater), "label",
                                    json_array_get(u->labels, (size_t)u->value[k].label)));
            }
            json_array_append_new(
                out, json_pack("{s:I,s:I,s:o}", "rec", (json_int_t)(u->value[i].unit / 4096),
                               "task", (json_int_t)(u->value[i].unit % 4096), "said", said));
        }
        i = end;
    }
    return out;
}

int api_quality(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t task = 0, pairable = 0;
    double alpha = 1;
    struct quality u = {.raters = json_array(), .labels = json_array(), .e = e};
    int rc = lab_req_param_i64(q, "task", 0, INT64_MAX, &task, e);
    rc = rc ? rc : store_task_answers(lab->store, task, 0, NULL, true, gather, &u, e);
    if (rc == OK) {
        bool defined =
            agree_alpha(u.value, u.values, (int)json_array_size(u.labels), -1, &alpha, &pairable);
        json_t *v = json_pack("{s:o,s:I,s:O,s:O,s:o,s:o,s:o}", "alpha",
                              number_or_null(defined, alpha), "pairable", (json_int_t)pairable,
                              "people", u.raters, "names", u.labels, "labels", labels_json(&u),
                              "pairs", pairs_json(&u), "differ", differ_json(&u));
        rc = api_answer(r, v, e);
    }
    json_decref(u.raters);
    json_decref(u.labels);
    free(u.value);
    free(u.mark);
    return rc;
}

// --- gold ------------------------------------------------------------------------------------
static int on_gold(void *ctx, int64_t rec, const char *label, const char *author)
{
    return json_array_append_new(ctx, json_pack("{s:I,s:o,s:o}", "rec", (json_int_t)rec, "label",
                                                api_text(label), "author", api_text(author)));
}

int api_gold(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_gold_walk(lab->store, on_gold, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "gold", list), e);
}

int api_gold_put(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t rec, count = 0;
    const char *label = NULL;
    int rc = lab_req_id(q, 0, &rec, e);
    rc = rc ? rc : jx_get_str(q->json, "label", STORE_LABEL_MAX, &label, e);
    rc = rc || !*label ? rc : api_check_label(label, e);
    struct store_recording_filter f = {.rec_id = rec};
    rc = rc ? rc : store_recording_count(lab->store, &f, &count, e);
    if (rc == OK && count == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no recording %lld", (long long)rec);
    }
    rc = rc ? rc : store_gold_put(lab->store, rec, label, q->user, e);
    return rc ? rc
              : api_answer(r, json_pack("{s:I,s:s}", "rec", (json_int_t)rec, "label", label), e);
}
