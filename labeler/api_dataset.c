// Dataset versions made on the page: what is labelled, split so that no group straddles; preview, difference, items.
#include "labeler/api.h"

#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_dataset.h"
#include "common/store/store_survey.h"
#include "labeler/split_groups.h"

#define ITEMS_MAX 2000000
#define GROUPS_MAX 10000

struct making {
    struct store_dataset_item *item;
    size_t count, cap;
    struct split_group *group; // names are interned texts
    size_t groups;
    json_t *texts;             // owns the labels' and groups' names
    const json_t *labels;      // wanted; NULL: all
    const char *stream;
    int64_t window_us, skipped_short, skipped_label;
    struct err *e;
};

// The one copy of a text that lives as long as m.
static const char *intern(struct making *m, const char *text)
{
    json_t *v = json_object_get(m->texts, text);
    if (!v) {
        v = api_text(text);
        if (!v || json_object_set_new(m->texts, text, v)) {
            return NULL;
        }
    }
    return json_string_value(v);
}

static bool wanted(const struct making *m, const char *label)
{
    size_t i;
    json_t *v;
    json_array_foreach((json_t *)(uintptr_t)m->labels, i, v) {
        if (json_is_string(v) && strcmp(json_string_value(v), label) == 0) {
            return true;
        }
    }
    return json_array_size(m->labels) == 0;
}

static int add(struct making *m, const struct store_dataset_item *i)
{
    if (m->count == ITEMS_MAX) {
        return err_set(m->e, E_LIMIT,
                       "a dataset has at most %d items: choose labels, or longer windows",
                       ITEMS_MAX);
    }
    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 1024;
        struct store_dataset_item *more = realloc(m->item, m->cap * sizeof(*more));
        if (!more) {
            return err_set(m->e, E_MEM, "out of memory");
        }
        m->item = more;
    }
    m->item[m->count++] = *i;
    return OK;
}

static int on_piece(void *ctx, const struct store_survey_piece *p)
{
    struct making *m = ctx;
    if (!wanted(m, p->label)) {
        m->skipped_label++;
        return OK;
    }
    const char *label = intern(m, p->label), *group = intern(m, p->group);
    if (!label || !group) {
        return err_set(m->e, E_MEM, "out of memory");
    }
    struct store_dataset_item i = {.rec_id = p->rec_id,
                                   .stream = m->stream,
                                   .label = label,
                                   .grp = group,
                                   .start_us = p->start_us,
                                   .end_us = p->end_us};
    if (!m->window_us) {
        return add(m, &i);
    }
    int rc = OK;
    m->skipped_short += p->end_us - p->start_us < m->window_us;
    for (int64_t t = p->start_us; rc == OK && t + m->window_us <= p->end_us; t += m->window_us) {
        i.start_us = t;
        i.end_us = t + m->window_us;
        rc = add(m, &i);
    }
    return rc;
}

static int count_groups(struct making *m)
{
    for (size_t i = 0; i < m->count; i++) {
        size_t g = 0;
        while (g < m->groups && m->group[g].name != m->item[i].grp) {
            g++;
        }
        if (g == m->groups) {
            if (g == GROUPS_MAX) {
                return err_set(m->e, E_LIMIT, "more than %d groups: split by something coarser",
                               GROUPS_MAX);
            }
            m->group[m->groups++] = (struct split_group){.name = m->item[i].grp};
        }
        m->group[g].items++;
    }
    return OK;
}

static const char *side_of(const struct making *m, const char *group)
{
    size_t g = 0;
    while (m->group[g].name != group) {
        g++;
    }
    return split_side_name(m->group[g].side);
}

static json_t *parts_json(const struct making *m)
{
    json_t *parts = json_object(), *groups = json_array();
    for (size_t i = 0; i < m->count; i++) {
        json_t *label = json_object_get(parts, m->item[i].label);
        if (!label) {
            json_object_set_new(parts, m->item[i].label,
                                json_pack("{s:i,s:i,s:i}", "train", 0, "validation", 0, "test", 0));
            label = json_object_get(parts, m->item[i].label);
        }
        json_int_t n = json_integer_value(json_object_get(label, m->item[i].split));
        json_object_set_new(label, m->item[i].split, json_integer(n + 1));
    }
    for (size_t g = 0; g < m->groups; g++) {
        json_array_append_new(groups,
                              json_pack("{s:o,s:I,s:s}", "group", api_text(m->group[g].name),
                                        "items", (json_int_t)m->group[g].items, "split",
                                        split_side_name(m->group[g].side)));
    }
    return json_pack("{s:I,s:o,s:o,s:I,s:I}", "items", (json_int_t)m->count, "labels", parts,
                     "groups", groups, "skipped_short", (json_int_t)m->skipped_short,
                     "skipped_label", (json_int_t)m->skipped_label);
}

static int read_shares(const json_t *o, double share[SPLIT_SIDES], struct err *e)
{
    share[SPLIT_TRAIN_SIDE] = 0.7;
    share[SPLIT_VALIDATION_SIDE] = 0.15;
    share[SPLIT_TEST_SIDE] = 0.15;
    double sum = 0;
    for (int s = 0; s < SPLIT_SIDES; s++) {
        int rc = api_opt_f64(o, split_side_name((enum split_side)s), &share[s], e);
        if (rc || !(share[s] >= 0 && share[s] <= 1)) {
            return rc ? rc : err_set(e, E_FORMAT, "the shares lie between 0 and 1");
        }
        sum += share[s];
    }
    return sum > 0.999 && sum < 1.001
               ? OK
               : err_set(e, E_FORMAT, "the shares of train, validation and test add up to 1");
}

static int gather(struct lab *lab, const json_t *o, const char *by, struct making *m, struct err *e)
{
    double share[SPLIT_SIDES];
    int64_t seed = 1, window_ms = 0;
    int rc = jx_get_str(o, "stream", 64, &m->stream, e);
    rc = rc ? rc : store_survey_check_key(by, e);
    rc = rc ? rc : read_shares(o, share, e);
    rc = rc ? rc : api_opt_i64(o, "seed", 0, INT64_MAX, &seed, e);
    rc = rc ? rc : api_opt_i64(o, "window_ms", 0, 86400000, &window_ms, e);
    m->window_us = window_ms * 1000;
    m->labels = json_object_get(o, "labels");
    rc = rc ? rc : store_survey_pieces(lab->store, by, m->stream, on_piece, m, e);
    if (rc == OK && m->count == 0) {
        rc = err_set(e, E_FORMAT, "no labelled piece of stream '%s' is there", m->stream);
    }
    m->group = calloc(GROUPS_MAX, sizeof(*m->group));
    if (rc == OK && !m->group) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    rc = rc ? rc : count_groups(m);
    if (rc == OK) {
        split_groups(m->group, m->groups, share, (uint64_t)seed);
        for (size_t i = 0; i < m->count; i++) {
            m->item[i].split = side_of(m, m->item[i].grp);
        }
    }
    return rc;
}

int api_dataset_make(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct making m = {.texts = json_object(), .e = e};
    const char *name = "page", *by = "group";
    bool dry = false;
    char digest[STORE_DIGEST_TEXT] = "";
    int rc = api_opt_str(q->json, "name", 64, &name, e);
    rc = rc ? rc : api_opt_str(q->json, "by", STORE_KEY_MAX, &by, e);
    rc = rc ? rc : api_opt_bool(q->json, "dry", &dry, e);
    rc = rc ? rc : gather(lab, q->json, by, &m, e);
    if (rc == OK && !dry) {
        char *query = json_dumps(q->json, JSON_COMPACT);
        rc = query ? store_dataset_put(lab->store, name, query, m.item, m.count, digest, e)
                   : err_set(e, E_MEM, "out of memory");
        free(query);
    }
    json_t *v = rc ? NULL : parts_json(&m);
    free(m.item);
    free(m.group);
    json_decref(m.texts);
    if (rc) {
        return rc;
    }
    json_object_set_new(v, "digest", dry ? json_null() : json_string(digest));
    r->status = dry ? 200 : 201;
    return api_answer(r, v, e);
}

// --- difference ------------------------------------------------------------------------------
struct flat { // an item to compare; label and split by number
    int64_t rec, start_us, end_us;
    int label, split;
};
struct flat_list {
    struct flat *f;
    size_t count, cap;
    json_t *labels;
    struct err *e;
};

static int number_of(json_t *names, const char *name)
{
    size_t i;
    json_t *v;
    json_array_foreach(names, i, v) {
        if (strcmp(json_string_value(v), name) == 0) {
            return (int)i;
        }
    }
    json_array_append_new(names, api_text(name));
    return (int)i;
}

static int on_item(void *ctx, const struct store_dataset_item *i)
{
    struct flat_list *l = ctx;
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 1024;
        struct flat *more = l->cap <= ITEMS_MAX * 2 ? realloc(l->f, l->cap * sizeof(*more)) : NULL;
        if (!more) {
            return err_set(l->e, E_LIMIT, "the dataset is too large to compare");
        }
        l->f = more;
    }
    int split = strcmp(i->split, "train") == 0 ? 0 : strcmp(i->split, "validation") == 0 ? 1 : 2;
    l->f[l->count++] =
        (struct flat){i->rec_id, i->start_us, i->end_us, number_of(l->labels, i->label), split};
    return OK;
}

static int by_place(const void *a, const void *b)
{
    const struct flat *x = a, *y = b;
    int64_t d = x->rec != y->rec             ? x->rec - y->rec
                : x->start_us != y->start_us ? x->start_us - y->start_us
                                             : x->end_us - y->end_us;
    return (d > 0) - (d < 0);
}

static int load(struct lab *lab, const char *digest, struct flat_list *l, struct err *e)
{
    int rc = store_dataset_items(lab->store, digest, NULL, on_item, l, e);
    if (rc == OK && l->count == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no dataset '%s'", digest);
    }
    if (rc == OK) {
        qsort(l->f, l->count, sizeof(*l->f), by_place);
    }
    return rc;
}

static void bump(json_t *o, const char *label, const char *what)
{
    if (!json_object_get(o, label)) {
        json_object_set_new(o, label,
                            json_pack("{s:i,s:i,s:i,s:i,s:i}", "same", 0, "added", 0, "removed", 0,
                                      "relabelled", 0, "moved", 0));
    }
    json_t *l = json_object_get(o, label);
    json_object_set_new(l, what, json_integer(json_integer_value(json_object_get(l, what)) + 1));
}

static json_t *compare(const struct flat_list *a, const struct flat_list *b)
{
    json_t *out = json_object();
    size_t i = 0, k = 0;
    while (i < a->count || k < b->count) {
        int order = i == a->count ? 1 : k == b->count ? -1 : by_place(&a->f[i], &b->f[k]);
        const struct flat *x = order > 0 ? &b->f[k] : &a->f[i];
        const char *label = json_string_value(json_array_get(a->labels, (size_t)x->label));
        if (order) {
            bump(out, label, order < 0 ? "removed" : "added");
        } else if (a->f[i].label != b->f[k].label) {
            bump(out, json_string_value(json_array_get(a->labels, (size_t)b->f[k].label)),
                 "relabelled");
        } else {
            bump(out, label, a->f[i].split != b->f[k].split ? "moved" : "same");
        }
        i += order <= 0;
        k += order >= 0;
    }
    return out;
}

int api_dataset_diff(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    const char *to = lab_req_param(q, "to");
    json_t *labels = json_array();
    struct flat_list a = {.labels = labels, .e = e}, b = {.labels = labels, .e = e};
    int rc = to ? OK : err_set(e, E_FORMAT, "'to' names the dataset to compare with");
    rc = rc ? rc : load(lab, q->arg[0], &a, e);
    rc = rc ? rc : load(lab, to, &b, e);
    json_t *v = rc ? NULL
                   : json_pack("{s:s,s:s,s:I,s:I,s:o}", "from", q->arg[0], "to", to, "from_items",
                               (json_int_t)a.count, "to_items", (json_int_t)b.count, "labels",
                               compare(&a, &b));
    free(a.f);
    free(b.f);
    json_decref(labels);
    return rc ? rc : api_answer(r, v, e);
}

// A field between quotes, those within doubled; what a spreadsheet would run as a formula gets a blank in front.
static int field(struct buf *b, const char *text, const char *end)
{
    int rc = buf_puts(b, *text && strchr("=+-@", *text) ? "\" " : "\"");
    for (const char *p = text; *p && rc == OK; p++) {
        rc = *p == '"' ? buf_puts(b, "\"\"") : buf_put(b, p, 1);
    }
    return rc ? rc : buf_printf(b, "\"%s", end);
}

static int write_item(void *ctx, const struct store_dataset_item *i)
{
    struct lab_res *r = ctx;
    int rc = buf_printf(&r->body, "%lld,", (long long)i->rec_id);
    rc = rc ? rc : field(&r->body, i->stream, ",");
    rc = rc ? rc : buf_printf(&r->body, "%lld,%lld,", (long long)i->start_us, (long long)i->end_us);
    rc = rc ? rc : field(&r->body, i->label, ",");
    rc = rc ? rc : field(&r->body, i->split, ",");
    return rc ? rc : field(&r->body, i->grp, "\n");
}

int api_dataset_csv(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int rc = buf_puts(&r->body, "recording,stream,start_us,end_us,label,split,group\n");
    rc = rc ? rc : store_dataset_items(lab->store, q->arg[0], NULL, write_item, r, e);
    if (rc) {
        return e->code ? rc : err_set(e, rc, "the dataset is too large for one file");
    }
    r->type = "text/csv; charset=utf-8";
    return lab_res_header(r, "Content-Disposition", "attachment; filename=\"dataset.csv\"");
}
