// Answers to tasks and their review. See store_task.h.
#include "common/store/store_task.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

struct item {
    int64_t review, each, closed_ms, gold;
    char state[12];
};

static int find_item(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                     struct item *out, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT t.review, t.each, t.closed_ms, i.gold, i.state FROM task_item i JOIN task t "
             "USING (task_id)"
             " WHERE i.task_id = ? AND i.rec_id = ? AND i.person = ?",
             e);
    sql_i64(&q, task_id);
    sql_i64(&q, rec_id);
    sql_text(&q, person);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        out->review = sql_get_i64(&q, 0);
        out->each = sql_get_i64(&q, 1);
        out->closed_ms = sql_get_i64(&q, 2);
        out->gold = sql_get_i64(&q, 3);
        (void)snprintf(out->state, sizeof out->state, "%s", sql_get_text(&q, 4));
        rc = OK;
    } else if (rc == OK) {
        rc = err_set(e, E_NOT_FOUND, "recording %lld of task %lld is not asked of '%s'",
                     (long long)rec_id, (long long)task_id, person);
    }
    return sql_close(&q, rc);
}

static int last_round(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                      int64_t *round, struct err *e)
{
    struct sql q;
    *round = 0;
    sql_open(&q, s, SQL_MAIN,
             "SELECT max(round) FROM answer WHERE task_id = ? AND rec_id = ? AND person = ?", e);
    sql_i64(&q, task_id);
    sql_i64(&q, rec_id);
    sql_text(&q, person);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *round = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

// r NULL: a row that says that nothing is marked.
static int append(struct store *s, const struct store_task_item *i, int64_t round,
                  const struct store_region *r, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO answer (task_id, rec_id, person, round, label, start_us, end_us, x, y, "
             "w, h, time_ms)"
             " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
             e);
    bool box = r && r->has_box;
    sql_i64(&q, i->task_id);
    sql_i64(&q, i->rec_id);
    sql_text(&q, i->person);
    sql_i64(&q, round);
    sql_text(&q, r ? r->label : "");
    sql_i64_or_nothing(&q, r && !r->whole, r ? r->start_us : 0);
    sql_i64_or_nothing(&q, r && !r->whole, r ? r->end_us : 0);
    sql_f64_or_null(&q, box, box ? r->x : 0);
    sql_f64_or_null(&q, box, box ? r->y : 0);
    sql_f64_or_null(&q, box, box ? r->w : 0);
    sql_f64_or_null(&q, box, box ? r->h : 0);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

static int set_state(struct store *s, const struct store_task_item *i, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE task_item SET state = ?4, note = ?5, reviewer = ?6, took_ms = took_ms + ?7, "
             "done_ms = coalesce(?8, done_ms)"
             " WHERE task_id = ?1 AND rec_id = ?2 AND person = ?3",
             e);
    sql_i64(&q, i->task_id);
    sql_i64(&q, i->rec_id);
    sql_text(&q, i->person);
    sql_text(&q, i->state);
    sql_text(&q, i->note);
    sql_text(&q, i->reviewer);
    sql_i64(&q, i->took_ms);
    sql_i64_or_null(&q, i->done_ms);
    int rc = sql_run(&q);
    return rc ? rc : store_task_move(s, e);
}

// The answer's regions as labels: the whole recording's under its own id, the others numbered within the task.
struct applied {
    struct store *s;
    struct err *e;
    int64_t count;
};

static int apply_region(void *ctx, const struct store_answer *a)
{
    struct applied *x = ctx;
    if (!a->region) {
        return OK;
    }
    char id[48] = "";
    struct store_region r = *a->region;
    if (!r.whole || r.has_box) {
        (void)snprintf(id, sizeof id, "task%lld-%lld", (long long)a->task_id,
                       (long long)++x->count);
    }
    r.rec_id = a->rec_id;
    r.region = id;
    r.author = a->person;
    r.source = "human";
    r.model = "";
    return store_label_set(x->s, &r, -1, x->e);
}

static int settle_others(struct store *s, const struct store_task_item *i, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE task_item SET state = 'settled', reviewer = ?4 WHERE task_id = ?1 AND rec_id "
             "= ?2 AND person <> ?3"
             " AND state IN ('done', 'accepted')",
             e);
    sql_i64(&q, i->task_id);
    sql_i64(&q, i->rec_id);
    sql_text(&q, i->person);
    sql_text(&q, i->reviewer);
    return sql_run(&q);
}

static int accept_item(struct store *s, struct store_task_item *i, struct err *e)
{
    struct applied x = {.s = s, .e = e};
    i->state = "accepted";
    int rc = store_task_answers(s, i->task_id, i->rec_id, i->person, false, apply_region, &x, e);
    rc = rc ? rc : settle_others(s, i, e);
    return rc ? rc : set_state(s, i, e);
}

int store_task_answer(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                      const struct store_region *regions, size_t count, bool done, int64_t took_ms,
                      struct err *e)
{
    struct item found = {0};
    struct store_task_item i = {.task_id = task_id,
                                .rec_id = rec_id,
                                .person = person,
                                .state = done ? "done" : "open",
                                .note = "",
                                .reviewer = "",
                                .took_ms = took_ms,
                                .done_ms = done ? clock_wall_ms() : 0};
    int64_t round = 0;
    if (count > STORE_ANSWER_REGIONS_MAX) {
        return err_set(e, E_LIMIT, "an answer has at most %d regions", STORE_ANSWER_REGIONS_MAX);
    }
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    rc = find_item(s, task_id, rec_id, person, &found, e);
    if (rc == OK && (found.closed_ms || strcmp(found.state, "accepted") == 0 ||
                     strcmp(found.state, "settled") == 0)) {
        rc = err_set(e, E_STATE, "this answer is settled: a reviewer can return it");
    }
    rc = rc ? rc : last_round(s, task_id, rec_id, person, &round, e);
    for (size_t k = 0; k < count && rc == OK; k++) {
        rc = append(s, &i, round + 1, &regions[k], e);
    }
    if (rc == OK && count == 0) {
        rc = append(s, &i, round + 1, NULL, e);
    }
    if (rc == OK && done && found.each == 1 && !found.review && !found.gold) {
        rc = accept_item(s, &i, e);
    } else if (rc == OK && (done || strcmp(found.state, "done") != 0)) {
        i.state = done ? "done" : found.state; // a draft leaves a returned item returned
        rc = set_state(s, &i, e);
    }
    return sql_leave(s, rc, e);
}

int store_task_answers(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                       bool finished, store_answer_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT a.task_id, a.rec_id, a.person, i.state, i.note, i.gold, i.took_ms, a.label, "
             "a.start_us, a.end_us,"
             " a.x, a.y, a.w, a.h, a.time_ms FROM task_item i JOIN answer a USING (task_id, "
             "rec_id, person)"
             " WHERE (?1 = 0 OR i.task_id = ?1) AND (?2 = 0 OR i.rec_id = ?2) AND (?3 IS NULL OR "
             "i.person = ?3)"
             " AND (?4 = 0 OR i.state IN ('done', 'accepted', 'settled')) AND a.round = (SELECT "
             "max(b.round) FROM answer b"
             " WHERE b.task_id = a.task_id AND b.rec_id = a.rec_id AND b.person = a.person)"
             " ORDER BY a.rec_id, a.task_id, a.person, a.answer_id",
             e);
    sql_i64(&q, task_id);
    sql_i64(&q, rec_id);
    sql_text_or_null(&q, person);
    sql_i64(&q, finished);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_region r = {.rec_id = sql_get_i64(&q, 1),
                                 .region = "",
                                 .author = sql_get_text(&q, 2),
                                 .source = "human",
                                 .model = "",
                                 .label = sql_get_text(&q, 7),
                                 .whole = sqlite3_column_type(q.st, 8) == SQLITE_NULL,
                                 .start_us = sql_get_i64(&q, 8),
                                 .end_us = sql_get_i64(&q, 9),
                                 .has_box = sqlite3_column_type(q.st, 10) != SQLITE_NULL,
                                 .x = sql_get_f64(&q, 10, 0),
                                 .y = sql_get_f64(&q, 11, 0),
                                 .w = sql_get_f64(&q, 12, 0),
                                 .h = sql_get_f64(&q, 13, 0),
                                 .time_ms = sql_get_i64(&q, 14)};
        struct store_answer a = {.task_id = sql_get_i64(&q, 0),
                                 .rec_id = r.rec_id,
                                 .person = r.author,
                                 .state = sql_get_text(&q, 3),
                                 .note = sql_get_text(&q, 4),
                                 .gold = sql_get_i64(&q, 5),
                                 .took_ms = sql_get_i64(&q, 6),
                                 .region = *r.label ? &r : NULL};
        rc = fn(ctx, &a);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_task_review(struct store *s, int64_t task_id, int64_t rec_id, const char *person,
                      bool accept, const char *note, const char *reviewer, struct err *e)
{
    struct item found = {0};
    struct store_task_item i = {.task_id = task_id,
                                .rec_id = rec_id,
                                .person = person,
                                .state = "returned",
                                .note = note,
                                .reviewer = reviewer};
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    rc = find_item(s, task_id, rec_id, person, &found, e);
    if (rc == OK && strcmp(found.state, "open") == 0) {
        rc = err_set(e, E_STATE, "'%s' has not answered yet", person);
    }
    if (rc == OK && accept) {
        rc = accept_item(s, &i, e);
    } else if (rc == OK) {
        rc = set_state(s, &i, e);
    }
    return sql_leave(s, rc, e);
}
