// Tasks and answers. See store_task.h. Answers are append-only: what somebody answered stays readable.
#include "common/store/store_task.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

static int add_item(struct store *s, int64_t task_id, const struct store_task_item *i,
                    struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO task_item (task_id, rec_id, person, n, state, gold) VALUES (?,?,?,?,'open',?)"
        " ON CONFLICT DO NOTHING",
        e);
    sql_i64(&q, task_id);
    sql_i64(&q, i->rec_id);
    sql_text(&q, i->person);
    sql_i64(&q, i->n);
    sql_i64(&q, i->gold);
    return sql_run(&q);
}

int store_task_move(struct store *s, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO setting (name, value, author, time_ms) VALUES ('task.moves', 1, '', 0)"
             " ON CONFLICT (name) DO UPDATE SET value = value + 1",
             e);
    return sql_run(&q);
}

int store_task_moves(struct store *s, int64_t *moves, struct err *e)
{
    struct sql q;
    *moves = 0;
    sql_open(&q, s, SQL_MAIN, "SELECT value FROM setting WHERE name = 'task.moves'", e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *moves = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_task_add(struct store *s, struct store_task *t, const struct store_task_item *items,
                   size_t count, struct err *e)
{
    if (count > STORE_TASK_ITEMS_MAX) {
        return err_set(e, E_LIMIT, "a task has at most %d items", STORE_TASK_ITEMS_MAX);
    }
    struct sql q;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO task (name, note, each, review, filter, author, created_ms) VALUES "
             "(?,?,?,?,?,?,?)",
             e);
    sql_text(&q, t->name);
    sql_text(&q, t->note);
    sql_i64(&q, t->each);
    sql_i64(&q, t->review);
    sql_text(&q, t->filter);
    sql_text(&q, t->author);
    sql_i64(&q, clock_wall_ms());
    rc = sql_run(&q);
    t->task_id = rc ? 0 : sql_last_id(s, SQL_MAIN);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = add_item(s, t->task_id, &items[i], e);
    }
    rc = rc ? rc : store_task_move(s, e);
    return sql_leave(s, rc, e);
}

int store_task_walk(struct store *s, int64_t task_id, store_task_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT t.task_id, t.name, t.note, t.each, t.review, t.filter, t.author, "
             "t.created_ms, t.closed_ms,"
             " count(i.rec_id), total(i.state = 'open'), total(i.state = 'done'), total(i.state IN "
             "('accepted', 'settled')),"
             " total(i.state = 'returned') FROM task t LEFT JOIN task_item i USING (task_id)"
             " WHERE ?1 = 0 OR t.task_id = ?1 GROUP BY t.task_id ORDER BY t.task_id DESC",
             e);
    sql_i64(&q, task_id);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_task t = {.task_id = sql_get_i64(&q, 0),
                               .name = sql_get_text(&q, 1),
                               .note = sql_get_text(&q, 2),
                               .each = sql_get_i64(&q, 3),
                               .review = sql_get_i64(&q, 4),
                               .filter = sql_get_text(&q, 5),
                               .author = sql_get_text(&q, 6),
                               .created_ms = sql_get_i64(&q, 7),
                               .closed_ms = sql_get_i64(&q, 8),
                               .items = sql_get_i64(&q, 9),
                               .open = sql_get_i64(&q, 10),
                               .done = sql_get_i64(&q, 11),
                               .accepted = sql_get_i64(&q, 12),
                               .returned = sql_get_i64(&q, 13)};
        rc = fn(ctx, &t);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_task_close(struct store *s, int64_t task_id, bool closed, struct err *e)
{
    struct sql q;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    sql_open(&q, s, SQL_MAIN, "UPDATE task SET closed_ms = ? WHERE task_id = ?", e);
    sql_i64_or_null(&q, closed ? clock_wall_ms() : 0);
    sql_i64(&q, task_id);
    rc = sql_run(&q);
    if (rc == OK && sql_changes(&q) == 0) {
        rc = err_set(e, E_NOT_FOUND, "there is no task %lld", (long long)task_id);
    }
    rc = rc ? rc : store_task_move(s, e);
    return sql_leave(s, rc, e);
}

int store_task_items(struct store *s, int64_t task_id, const char *person, const char *state,
                     int64_t limit, store_task_item_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT task_id, rec_id, n, gold, took_ms, done_ms, person, state, note, reviewer "
             "FROM task_item"
             " WHERE task_id = ?1 AND (?2 IS NULL OR person = ?2) AND (?3 IS NULL OR state = ?3"
             " OR (?3 = 'todo' AND state IN ('open', 'returned'))) ORDER BY state = 'open', n, "
             "rec_id, person LIMIT ?4",
             e);
    sql_i64(&q, task_id);
    sql_text_or_null(&q, person);
    sql_text_or_null(&q, state);
    sql_i64(&q, limit);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_task_item i = {.task_id = sql_get_i64(&q, 0),
                                    .rec_id = sql_get_i64(&q, 1),
                                    .n = sql_get_i64(&q, 2),
                                    .gold = sql_get_i64(&q, 3),
                                    .took_ms = sql_get_i64(&q, 4),
                                    .done_ms = sql_get_i64(&q, 5),
                                    .person = sql_get_text(&q, 6),
                                    .state = sql_get_text(&q, 7),
                                    .note = sql_get_text(&q, 8),
                                    .reviewer = sql_get_text(&q, 9)};
        rc = fn(ctx, &i);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

// The label of a finished answer for the whole recording, of its last round; NULL where there is none.
#define SAID                                                                                       \
    "(SELECT a.label FROM answer a WHERE a.task_id = i.task_id AND a.rec_id = i.rec_id AND "       \
    "a.person = i.person"                                                                          \
    " AND a.start_us IS NULL AND a.round = (SELECT max(round) FROM answer b WHERE b.task_id = "    \
    "i.task_id"                                                                                    \
    " AND b.rec_id = i.rec_id AND b.person = i.person) ORDER BY a.answer_id LIMIT 1)"

int store_task_people(struct store *s, int64_t task_id, store_task_person_fn fn, void *ctx,
                      struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT i.person, count(*), total(i.state IN ('open', 'returned')), total(i.state = "
             "'done'),"
             " total(i.state IN ('accepted', 'settled')), total(i.state = 'returned'), "
             "total(i.took_ms), max(i.done_ms),"
             " total(g.label IS NOT NULL AND i.done_ms IS NOT NULL AND " SAID " = g.label),"
             " total(g.label IS NOT NULL AND i.done_ms IS NOT NULL AND " SAID " IS NOT g.label)"
             " FROM task_item i LEFT JOIN gold g ON g.rec_id = i.rec_id WHERE i.task_id = ? GROUP "
             "BY i.person ORDER BY i.person",
             e);
    sql_i64(&q, task_id);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_task_person p = {.person = sql_get_text(&q, 0),
                                      .items = sql_get_i64(&q, 1),
                                      .todo = sql_get_i64(&q, 2),
                                      .done = sql_get_i64(&q, 3),
                                      .accepted = sql_get_i64(&q, 4),
                                      .returned = sql_get_i64(&q, 5),
                                      .took_ms = sql_get_i64(&q, 6),
                                      .last_ms = sql_get_i64(&q, 7),
                                      .gold_right = sql_get_i64(&q, 8),
                                      .gold_wrong = sql_get_i64(&q, 9)};
        rc = fn(ctx, &p);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_task_hand_over(struct store *s, int64_t task_id, const char *from, const char *to,
                         int64_t *moved, struct err *e)
{
    struct sql q;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    // Blind answers stay blind: nobody gets a recording twice.
    sql_open(&q, s, SQL_MAIN,
             "UPDATE OR IGNORE task_item SET person = ?3, state = 'open', took_ms = 0, done_ms = "
             "NULL WHERE task_id = ?1"
             " AND person = ?2 AND state IN ('open', 'returned') AND ?2 <> ?3",
             e);
    sql_i64(&q, task_id);
    sql_text(&q, from);
    sql_text(&q, to);
    rc = sql_run(&q);
    *moved = rc ? 0 : sql_changes(&q);
    rc = rc ? rc : store_task_move(s, e);
    return sql_leave(s, rc, e);
}

int store_gold_put(struct store *s, int64_t rec_id, const char *label, const char *author,
                   struct err *e)
{
    struct sql q;
    if (!label || !*label) {
        sql_open(&q, s, SQL_MAIN, "DELETE FROM gold WHERE rec_id = ?", e);
        sql_i64(&q, rec_id);
        return sql_run(&q);
    }
    sql_open(&q, s, SQL_MAIN,
             "INSERT OR REPLACE INTO gold (rec_id, label, author, time_ms) VALUES (?,?,?,?)", e);
    sql_i64(&q, rec_id);
    sql_text(&q, label);
    sql_text(&q, author);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}

int store_gold_walk(struct store *s, store_gold_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT rec_id, label, author FROM gold ORDER BY rec_id", e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_i64(&q, 0), sql_get_text(&q, 1), sql_get_text(&q, 2));
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
