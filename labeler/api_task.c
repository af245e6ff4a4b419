// Tasks: who is asked to label what, and what they answer. Nothing here shows one person's answer to another.
#include "labeler/api.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/jx.h"
#include "common/store/store_sample.h"
#include "common/store/store_task.h"
#include "common/store/store_user.h"

#define PEOPLE_MAX 100
#define TODO_MAX 100
#define TOOK_MAX ((int64_t)30 * 60 * 1000) // longer looks are breaks

struct task_list {
    struct lab *lab;
    const struct lab_req *q;
    json_t *list;
    struct err *e;
};

static json_t *task_json(const struct store_task *t)
{
    return json_pack("{s:I,s:o,s:o,s:I,s:b,s:o,s:o,s:I,s:o,s:I,s:I,s:I,s:I,s:I}", "id",
                     (json_int_t)t->task_id, "name", api_text(t->name), "note", api_text(t->note),
                     "each", (json_int_t)t->each, "review", (int)t->review, "filter",
                     api_embedded(t->filter), "author", api_text(t->author), "created_ms",
                     (json_int_t)t->created_ms, "closed_ms", api_time(t->closed_ms), "items",
                     (json_int_t)t->items, "open", (json_int_t)t->open, "done", (json_int_t)t->done,
                     "accepted", (json_int_t)t->accepted, "returned", (json_int_t)t->returned);
}

static int count_item(void *ctx, const struct store_task_item *i)
{
    (void)i;
    ++*(int64_t *)ctx;
    return OK;
}

static int on_task(void *ctx, const struct store_task *t)
{
    struct task_list *l = ctx;
    int64_t mine = 0;
    json_t *o = task_json(t);
    int rc = store_task_items(l->lab->store, t->task_id, l->q->user, "todo", INT64_MAX, count_item,
                              &mine, l->e);
    if (rc) {
        json_decref(o);
        return rc;
    }
    json_object_set_new(o, "mine", json_integer(t->closed_ms ? 0 : mine));
    return json_array_append_new(l->list, o);
}

int api_tasks(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct task_list l = {lab, q, json_array(), e};
    int rc = store_task_walk(lab->store, 0, on_task, &l, e);
    if (rc) {
        json_decref(l.list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "tasks", l.list), e);
}

static int on_person(void *ctx, const struct store_task_person *p)
{
    return json_array_append_new(
        ctx,
        json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I}", "name", api_text(p->person), "items",
                  (json_int_t)p->items, "todo", (json_int_t)p->todo, "done", (json_int_t)p->done,
                  "accepted", (json_int_t)p->accepted, "returned", (json_int_t)p->returned,
                  "took_ms", (json_int_t)p->took_ms, "last_ms", api_time(p->last_ms), "gold_right",
                  (json_int_t)p->gold_right, "gold_wrong", (json_int_t)p->gold_wrong));
}

static int find_task(struct lab *lab, struct lab_req *q, json_t **task, int64_t *id, struct err *e)
{
    struct task_list l = {lab, q, json_array(), e};
    int rc = lab_req_id(q, 0, id, e);
    rc = rc ? rc : store_task_walk(lab->store, *id, on_task, &l, e);
    if (rc == OK && json_array_size(l.list) == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no task %lld", (long long)*id);
    }
    *task = rc ? NULL : json_incref(json_array_get(l.list, 0));
    json_decref(l.list);
    return rc;
}

int api_task(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    json_t *task = NULL, *people = json_array();
    int rc = find_task(lab, q, &task, &id, e);
    rc = rc ? rc : store_task_people(lab->store, id, on_person, people, e);
    if (rc) {
        json_decref(task);
        json_decref(people);
        return rc;
    }
    json_object_set_new(task, "people", people);
    return api_answer(r, task, e);
}

int api_task_set(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id;
    bool closed = false;
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : jx_get_bool(q->json, "closed", &closed, e);
    rc = rc ? rc : store_task_close(lab->store, id, closed, e);
    return rc ? rc : api_task(lab, q, r, e);
}

// --- a new one -------------------------------------------------------------------------------
struct plan { // recordings dealt out to people
    struct store_task_item *items;
    size_t count, cap;
    const char *person[PEOPLE_MAX];
    size_t people;
    int64_t each, taken, gold, gold_taken;
    struct err *e;
};

static int give(struct plan *p, int64_t rec, const char *person, int64_t n, bool gold)
{
    if (p->count == STORE_TASK_ITEMS_MAX) {
        return err_set(p->e, E_LIMIT,
                       "a task has at most %d items: narrow the filter or set a limit",
                       STORE_TASK_ITEMS_MAX);
    }
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 256;
        struct store_task_item *more = realloc(p->items, p->cap * sizeof(*more));
        if (!more) {
            return err_set(p->e, E_MEM, "out of memory");
        }
        p->items = more;
    }
    p->items[p->count++] =
        (struct store_task_item){.rec_id = rec, .person = person, .n = n, .gold = gold};
    return OK;
}

static int deal(void *ctx, const struct store_recording *c)
{
    struct plan *p = ctx;
    int rc = OK;
    for (int64_t k = 0; k < p->each && rc == OK; k++) {
        rc = give(p, c->rec_id, p->person[(size_t)(p->taken + k) % p->people], p->taken * 8, false);
    }
    p->taken++;
    return rc;
}

// Gold items go to everybody, spread over the work so that they do not stand out.
static int deal_gold(void *ctx, int64_t rec, const char *label, const char *author)
{
    struct plan *p = ctx;
    (void)label;
    (void)author;
    int rc = OK;
    if (p->gold_taken == p->gold) {
        return OK;
    }
    int64_t n = p->taken * 8 * (2 * p->gold_taken + 1) / (2 * p->gold) + 1;
    for (size_t k = 0; k < p->people && rc == OK; k++) {
        rc = give(p, rec, p->person[k], n, true);
    }
    p->gold_taken++;
    return rc;
}

static int on_user(void *ctx, const struct store_user *u)
{
    *(bool *)ctx = !u->disabled_ms && lab_role_level(u->role) >= LAB_ANNOTATOR;
    return OK;
}

static int check_person(struct lab *lab, const char *name, struct err *e)
{
    bool able = false;
    int rc = store_user_walk(lab->store, name, on_user, &able, e);
    return rc || able
               ? rc
               : err_set(e, E_FORMAT,
                         "'%s' cannot label: name a person whose role is annotator or more", name);
}

static int read_people(struct lab *lab, const json_t *o, struct plan *p, struct err *e)
{
    const json_t *list = json_object_get(o, "people");
    size_t n = json_array_size(list);
    if (n == 0 || n > PEOPLE_MAX) {
        return err_set(e, E_FORMAT, "'people' names 1 to %d people", PEOPLE_MAX);
    }
    int rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        rc = name ? check_person(lab, name, e)
                  : err_set(e, E_FORMAT, "'people' is an array of names");
        p->person[p->people++] = name;
    }
    p->each = 1;
    rc = rc ? rc : api_opt_i64(o, "each", 1, (int64_t)n, &p->each, e);
    return rc ? rc : api_opt_i64(o, "gold", 0, 1000, &p->gold, e);
}

static int read_filter(const json_t *o, struct store_recording_filter *f, struct err *e)
{
    bool unlabelled = false;
    int64_t uncertain = 0;
    const json_t *w = json_object_get(o, "filter");
    *f = (struct store_recording_filter){.newest_first = true, .limit = STORE_TASK_ITEMS_MAX};
    int rc = api_opt_i64(o, "limit", 1, STORE_TASK_ITEMS_MAX, &f->limit, e);
    if (rc || !w || json_is_null(w)) {
        return rc;
    }
    const struct {
        const char *key;
        const char **to;
    } texts[] = {{"device", &f->device}, {"stream", &f->stream}, {"label", &f->label},
                 {"group", &f->grp},     {"source", &f->source}, {"search", &f->search}};
    for (size_t i = 0; i < ARRAY_LEN(texts) && rc == OK; i++) {
        rc = api_opt_str(w, texts[i].key, 200, texts[i].to, e);
        if (*texts[i].to && !**texts[i].to) {
            *texts[i].to = NULL;
        }
    }
    rc = rc ? rc : api_opt_bool(w, "unlabelled", &unlabelled, e);
    rc = rc ? rc : api_opt_i64(w, "uncertain", -1, 1, &uncertain, e);
    f->uncertain = (int)uncertain;
    f->label = unlabelled ? "" : f->label;
    return rc;
}

static int store_new(struct lab *lab, struct lab_req *q, struct plan *p, int64_t *id, struct err *e)
{
    struct buf filter = {0};
    struct store_task t = {.each = p->each, .author = q->user, .note = ""};
    const json_t *w = json_object_get(q->json, "filter");
    bool review = p->each > 1;
    int rc = jx_get_str(q->json, "name", 120, &t.name, e);
    rc = rc ? rc : api_opt_str(q->json, "note", 2000, &t.note, e);
    rc = rc ? rc : api_opt_bool(q->json, "review", &review, e);
    if (rc == OK &&
        (!*t.name || !lab_text_ok(t.name, 120, false) || !lab_text_ok(t.note, 2000, true))) {
        rc = err_set(e, E_FORMAT,
                     "a task has a name of 1 to 120 bytes, and a note without control characters");
    }
    if (rc == OK && w && jx_write(w, &filter)) {
        rc = err_set(e, E_MEM, "out of memory");
    }
    t.review = review || p->each > 1; // several answers need somebody to choose
    t.filter = filter.len ? filter.data : "{}";
    rc = rc ? rc : store_task_add(lab->store, &t, p->items, p->count, e);
    *id = t.task_id;
    buf_release(&filter);
    return rc;
}

int api_task_add(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    struct plan p = {.e = e};
    struct store_recording_filter f;
    int64_t id = 0;
    int rc = read_people(lab, q->json, &p, e);
    rc = rc ? rc : read_filter(q->json, &f, e);
    rc = rc ? rc : store_recording_walk(lab->store, &f, deal, &p, e);
    if (rc == OK && p.taken == 0) {
        rc = err_set(e, E_FORMAT, "the filter finds no recording");
    }
    rc = rc || p.gold == 0 ? rc : store_gold_walk(lab->store, deal_gold, &p, e);
    rc = rc ? rc : store_new(lab, q, &p, &id, e);
    free(p.items);
    if (rc) {
        return rc;
    }
    r->status = 201;
    return api_answer(r,
                      json_pack("{s:I,s:I,s:I}", "id", (json_int_t)id, "recordings",
                                (json_int_t)p.taken, "gold", (json_int_t)p.gold_taken),
                      e);
}

int api_task_hand_over(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, moved = 0;
    const char *from = q->user, *to = NULL;
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : api_opt_str(q->json, "from", 64, &from, e);
    rc = rc ? rc : jx_get_str(q->json, "to", 64, &to, e);
    if (rc == OK && strcmp(from, q->user) != 0 && q->level < LAB_REVIEWER) {
        rc = err_set(e, E_REFUSED, "only a reviewer hands over the work of others");
    }
    rc = rc ? rc : check_person(lab, to, e);
    rc = rc ? rc : store_task_hand_over(lab->store, id, from, to, &moved, e);
    return rc ? rc : api_answer(r, json_pack("{s:I}", "moved", (json_int_t)moved), e);
}

static int on_able(void *ctx, const struct store_user *u)
{
    if (u->disabled_ms || lab_role_level(u->role) < LAB_ANNOTATOR) {
        return OK;
    }
    return json_array_append_new(
        ctx, json_pack("{s:o,s:o}", "name", api_text(u->name), "role", api_text(u->role)));
}

int api_people(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    (void)q;
    json_t *list = json_array();
    int rc = store_user_walk(lab->store, NULL, on_able, list, e);
    if (rc) {
        json_decref(list);
        return rc;
    }
    return api_answer(r, json_pack("{s:o}", "people", list), e);
}

// --- work ------------------------------------------------------------------------------------
static int on_todo(void *ctx, const struct store_task_item *i)
{
    return json_array_append_new(ctx,
                                 json_pack("{s:I,s:o,s:o,s:o,s:I}", "rec", (json_int_t)i->rec_id,
                                           "state", api_text(i->state), "note", api_text(i->note),
                                           "regions", json_array(), "n", (json_int_t)i->n));
}

static int on_own(void *ctx, const struct store_answer *a)
{
    return a->region ? json_array_append_new(ctx, api_region_json(a->region)) : OK;
}

int api_task_todo(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, limit = 20;
    json_t *task = NULL, *items = json_array();
    int rc = find_task(lab, q, &task, &id, e);
    rc = rc ? rc : lab_req_param_i64(q, "limit", 1, TODO_MAX, &limit, e);
    rc = rc ? rc : store_task_items(lab->store, id, q->user, "todo", limit, on_todo, items, e);
    size_t k;
    json_t *item;
    json_array_foreach(items, k, item) {
        rc = rc ? rc
                : store_task_answers(lab->store, id,
                                     json_integer_value(json_object_get(item, "rec")), q->user,
                                     false, on_own, json_object_get(item, "regions"), e);
    }
    if (rc) {
        json_decref(task);
        json_decref(items);
        return rc;
    }
    return api_answer(r, json_pack("{s:o,s:o}", "task", task, "items", items), e);
}

int api_task_answer(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
{
    int64_t id, rec, took = 0;
    bool done = false;
    const json_t *list = json_object_get(q->json, "regions");
    size_t n = json_array_size(list);
    int rc = lab_req_id(q, 0, &id, e);
    rc = rc ? rc : lab_req_id(q, 1, &rec, e);
    rc = rc ? rc : api_opt_bool(q->json, "done", &done, e);
    rc = rc ? rc : api_opt_i64(q->json, "took_ms", 0, INT64_MAX, &took, e);
    if (rc == OK && (!json_is_array(list) || n > STORE_ANSWER_REGIONS_MAX)) {
        rc = err_set(e, E_FORMAT, "'regions' is an array of at most %d labels",
                     STORE_ANSWER_REGIONS_MAX);
    }
    if (rc) {
        return rc;
    }
    struct store_region *regions = calloc(n + 1, sizeof(*regions));
    if (!regions) {
        return err_set(e, E_MEM, "out of memory");
    }
    for (size_t i = 0; i < n && rc == OK; i++) {
        rc = api_region_read(json_array_get(list, i), q, &regions[i], e);
        if (rc) {
            err_wrap(e, "region %zu", i + 1);
        }
    }
    rc = rc ? rc
            : store_task_answer(lab->store, id, rec, q->user, regions, n, done,
                                took < TOOK_MAX ? took : TOOK_MAX, e);
    free(regions);
    return rc ? rc : api_answer(r, json_pack("{s:I,s:b}", "rec", (json_int_t)rec, "done", done), e);
}
