// Labels: append-only events, and the regions they add up to, changed in one transaction.
#include "common/store/store_label.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

static const char hotkeys[] = "1234567890qwertyuiopasdfghjklzxcvbnm";
static const char *const colors[] = {"#2f6fde", "#d9534f", "#3a9d5d", "#e0a030",
                                     "#8a5cc2", "#2aa5a0", "#c2518a", "#7a7f2a",
                                     "#5b6b7c", "#b5651d", "#4b8b3b", "#9b2335"};

// The first hotkey that no class has; '' where all are taken.
static int free_hotkey(struct store *s, char out[2], struct err *e)
{
    out[0] = out[1] = 0;
    for (size_t i = 0; hotkeys[i]; i++) {
        char key[2] = {hotkeys[i], 0};
        struct sql q;
        sql_open(&q, s, SQL_MAIN,
                 "SELECT 1 FROM label_class WHERE hotkey = ? AND retired_ms IS NULL", e);
        sql_text(&q, key);
        int rc = sql_close(&q, sql_step(&q));
        if (rc < 0) {
            return rc;
        }
        if (rc == OK) {
            out[0] = key[0];
            return OK;
        }
    }
    return OK;
}

static int class_count(struct store *s, int64_t *count, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT count(*) FROM label_class", e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *count = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

static int class_exists(struct store *s, const char *name, bool *there, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT 1 FROM label_class WHERE name = ?", e);
    sql_text(&q, name);
    int rc = sql_step(&q);
    *there = rc == SQL_ROW;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

static int class_add(struct store *s, const struct store_label_class *c, struct err *e)
{
    char key[2] = "";
    int64_t count = 0;
    int rc = class_count(s, &count, e);
    if (!rc && !(c->hotkey && c->hotkey[0])) {
        rc = free_hotkey(s, key, e);
    }
    if (rc) {
        return rc;
    }
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO label_class (name, hotkey, color, guideline, position, created_ms, retired_ms)"
        " VALUES (?,?,?,?,?,?,?)",
        e);
    sql_text(&q, c->name);
    sql_text(&q, c->hotkey && c->hotkey[0] ? c->hotkey : key);
    sql_text(&q, c->color && c->color[0] ? c->color : colors[(size_t)count % ARRAY_LEN(colors)]);
    sql_text(&q, c->guideline);
    sql_i64(&q, c->position ? c->position : count + 1);
    sql_i64(&q, clock_wall_ms());
    sql_i64_or_null(&q, c->retired_ms);
    return sql_run(&q);
}

static int class_update(struct store *s, const struct store_label_class *c, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "UPDATE label_class SET hotkey = CASE WHEN ?2 = '' THEN hotkey ELSE ?2 END,"
        " color = CASE WHEN ?3 = '' THEN color ELSE ?3 END, guideline = coalesce(?4, guideline),"
        " position = CASE WHEN ?5 = 0 THEN position ELSE ?5 END, retired_ms = ?6 WHERE name = ?1",
        e);
    sql_text(&q, c->name);
    sql_text(&q, c->hotkey);
    sql_text(&q, c->color);
    sql_text_or_null(&q, c->guideline);
    sql_i64(&q, c->position);
    sql_i64_or_null(&q, c->retired_ms);
    return sql_run(&q);
}

int store_label_class_put(struct store *s, const struct store_label_class *c, struct err *e)
{
    if (!c->name || !c->name[0] || strlen(c->name) > STORE_LABEL_MAX) {
        return err_set(e, E_USAGE, "a label's name has 1 to %d bytes", STORE_LABEL_MAX);
    }
    bool there = false;
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    rc = class_exists(s, c->name, &there, e);
    if (!rc) {
        rc = there ? class_update(s, c, e) : class_add(s, c, e);
    }
    return sql_leave(s, rc, e);
}

int store_label_class_walk(struct store *s, store_label_class_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT label_id, name, hotkey, color, guideline, position, retired_ms,"
        " coalesce((SELECT regions FROM label_tally WHERE label_tally.label = label_class.name), 0)"
        " FROM label_class ORDER BY position, label_id",
        e);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_label_class c = {.label_id = sql_get_i64(&q, 0),
                                      .name = sql_get_text(&q, 1),
                                      .hotkey = sql_get_text(&q, 2),
                                      .color = sql_get_text(&q, 3),
                                      .guideline = sql_get_text(&q, 4),
                                      .position = sql_get_i64(&q, 5),
                                      .retired_ms = sql_get_i64(&q, 6),
                                      .uses = sql_get_i64(&q, 7)};
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

static int region_version(struct store *s, const struct store_region *r, int64_t *version,
                          struct err *e)
{
    struct sql q;
    // Versions go on rising over a deletion, so that a page which missed it is told of the conflict.
    sql_open(&q, s, SQL_MAIN,
             "SELECT version, action FROM label_event WHERE rec_id = ? AND region = ? ORDER BY "
             "event_id DESC LIMIT 1",
             e);
    sql_i64(&q, r->rec_id);
    sql_text(&q, r->region);
    int rc = sql_step(&q);
    *version = 0;
    if (rc == SQL_ROW) {
        *version = sql_get_i64(&q, 0);
        if (strcmp(sql_get_text(&q, 1), "delete") == 0) {
            *version = -*version;
        }
        rc = OK;
    }
    return sql_close(&q, rc);
}

static int check_version(struct store *s, struct store_region *r, int64_t expect, struct err *e)
{
    int64_t stored = 0;
    int rc = region_version(s, r, &stored, e);
    if (rc) {
        return rc;
    }
    int64_t present = stored > 0 ? stored : 0;
    if (expect >= 0 && expect != present) {
        r->version = present;
        return err_set(
            e, E_CONFLICT,
            "region '%s' of recording %lld was changed meanwhile (version %lld, not %lld)",
            r->region, (long long)r->rec_id, (long long)present, (long long)expect);
    }
    r->version = llabs(stored) + 1;
    return OK;
}

static int append_event(struct store *s, struct store_region *r, const char *action, struct err *e)
{
    struct sql q;
    r->time_ms = clock_wall_ms();
    sql_open(&q, s, SQL_MAIN,
             "INSERT INTO label_event (rec_id, region, action, label, start_us, end_us, x, y, w, "
             "h, author, source,"
             " model, score, version, time_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
             e);
    bool set = strcmp(action, "set") == 0;
    sql_i64(&q, r->rec_id);
    sql_text(&q, r->region);
    sql_text(&q, action);
    sql_text(&q, set ? r->label : "");
    // NULL, not 0, where a time or box is absent: 0 is a time like any other.
    sql_i64_or_nothing(&q, set && !r->whole, r->start_us);
    sql_i64_or_nothing(&q, set && !r->whole, r->end_us);
    sql_f64_or_null(&q, set && r->has_box, r->x);
    sql_f64_or_null(&q, set && r->has_box, r->y);
    sql_f64_or_null(&q, set && r->has_box, r->w);
    sql_f64_or_null(&q, set && r->has_box, r->h);
    sql_text(&q, r->author);
    sql_text(&q, r->source && r->source[0] ? r->source : "human");
    sql_text(&q, r->model);
    sql_f64_or_null(&q, r->model && r->model[0], r->score);
    sql_i64(&q, r->version);
    sql_i64(&q, r->time_ms);
    int rc = sql_run(&q);
    if (!rc) {
        r->event_id = sql_last_id(s, SQL_MAIN);
    }
    return rc;
}

// Updated in place: REPLACE would delete without firing the triggers that count.
static int write_region(struct store *s, const struct store_region *r, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT INTO region (rec_id, region, label, start_us, end_us, x, y, w, h, author, source,"
        " version, event_id) SELECT rec_id, region, label, start_us, end_us, x, y, w, h, author, "
        "source,"
        " version, event_id FROM label_event WHERE event_id = ?"
        " ON CONFLICT (rec_id, region) DO UPDATE SET label = excluded.label, start_us = "
        "excluded.start_us,"
        " end_us = excluded.end_us, x = excluded.x, y = excluded.y, w = excluded.w, h = excluded.h,"
        " author = excluded.author, source = excluded.source, version = excluded.version, event_id "
        "= excluded.event_id",
        e);
    sql_i64(&q, r->event_id);
    return sql_run(&q);
}

static int check_region(const struct store_region *r, struct err *e)
{
    if (!r->label || !r->label[0] || strlen(r->label) > STORE_LABEL_MAX) {
        return err_set(e, E_USAGE, "a label's name has 1 to %d bytes", STORE_LABEL_MAX);
    }
    if (!r->whole && r->end_us < r->start_us) {
        return err_set(e, E_USAGE, "region '%s' ends before it starts", r->region);
    }
    if (r->has_box && (!(r->w > 0) || !(r->h > 0))) {
        return err_set(e, E_USAGE, "box of region '%s' is empty", r->region);
    }
    return OK;
}

int store_label_set(struct store *s, struct store_region *r, int64_t expect_version, struct err *e)
{
    int rc = check_region(r, e);
    if (!rc) {
        rc = sql_enter(s, SQL_MAIN, e);
    }
    if (rc) {
        return rc;
    }
    bool there = true;
    rc = check_version(s, r, expect_version, e);
    if (!rc) {
        rc = class_exists(s, r->label, &there, e);
    }
    if (!rc && !there) {
        rc = class_add(s, &(struct store_label_class){.name = r->label}, e);
    }
    if (!rc) {
        rc = append_event(s, r, "set", e);
    }
    if (!rc) {
        rc = write_region(s, r, e);
    }
    return sql_leave(s, rc, e);
}

int store_label_delete(struct store *s, struct store_region *r, int64_t expect_version,
                       struct err *e)
{
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    int64_t stored = 0;
    rc = region_version(s, r, &stored, e);
    if (!rc && stored <= 0) {
        rc = err_set(e, E_NOT_FOUND, "recording %lld has no region '%s'", (long long)r->rec_id,
                     r->region);
    }
    if (!rc) {
        rc = check_version(s, r, expect_version, e);
    }
    if (!rc) {
        rc = append_event(s, r, "delete", e);
    }
    if (!rc) {
        struct sql q;
        sql_open(&q, s, SQL_MAIN, "DELETE FROM region WHERE rec_id = ? AND region = ?", e);
        sql_i64(&q, r->rec_id);
        sql_text(&q, r->region);
        rc = sql_run(&q);
    }
    return sql_leave(s, rc, e);
}

// The columns are those of EVENT_COLUMNS, in that order.
#define EVENT_COLUMNS                                                                              \
    " ev.rec_id, ev.region, ev.label, ev.start_us, ev.end_us, ev.x, ev.y, ev.w, ev.h, ev.author,"  \
    " ev.source, ev.model, ev.score, ev.version, ev.event_id, ev.time_ms, ev.action "

static int walk_events(struct sql *q, store_region_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        struct store_region r = {.rec_id = sql_get_i64(q, 0),
                                 .region = sql_get_text(q, 1),
                                 .label = sql_get_text(q, 2),
                                 .whole = sqlite3_column_type(q->st, 3) == SQLITE_NULL,
                                 .start_us = sql_get_i64(q, 3),
                                 .end_us = sql_get_i64(q, 4),
                                 .has_box = sqlite3_column_type(q->st, 5) != SQLITE_NULL,
                                 .x = sql_get_f64(q, 5, 0),
                                 .y = sql_get_f64(q, 6, 0),
                                 .w = sql_get_f64(q, 7, 0),
                                 .h = sql_get_f64(q, 8, 0),
                                 .author = sql_get_text(q, 9),
                                 .source = sql_get_text(q, 10),
                                 .model = sql_get_text(q, 11),
                                 .score = sql_get_f64(q, 12, 0),
                                 .version = sql_get_i64(q, 13),
                                 .event_id = sql_get_i64(q, 14),
                                 .time_ms = sql_get_i64(q, 15),
                                 .deleted = strcmp(sql_get_text(q, 16), "delete") == 0};
        rc = fn(ctx, &r);
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_label_walk(struct store *s, int64_t rec_id, store_region_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT" EVENT_COLUMNS
             "FROM region JOIN label_event ev USING (event_id) WHERE region.rec_id = ?"
             " ORDER BY region.start_us, region.event_id",
             e);
    sql_i64(&q, rec_id);
    return walk_events(&q, fn, ctx);
}

int store_label_history(struct store *s, int64_t rec_id, int64_t limit, store_region_fn fn,
                        void *ctx, struct err *e)
{
    struct sql q;
    if (rec_id) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS "FROM label_event ev WHERE rec_id = ? ORDER BY event_id",
                 e);
        sql_i64(&q, rec_id);
    } else {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS "FROM label_event ev ORDER BY event_id DESC LIMIT ?", e);
        sql_i64(&q, limit);
    }
    return walk_events(&q, fn, ctx);
}

int store_label_all(struct store *s, const char *label, store_region_fn fn, void *ctx,
                    struct err *e)
{
    struct sql q;
    if (label) {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS
                 "FROM region JOIN label_event ev USING (event_id) WHERE region.label = ?"
                 " ORDER BY region.rec_id, region.start_us, region.event_id",
                 e);
        sql_text(&q, label);
    } else {
        sql_open(&q, s, SQL_MAIN,
                 "SELECT" EVENT_COLUMNS "FROM region JOIN label_event ev USING (event_id)"
                 " ORDER BY region.rec_id, region.start_us, region.event_id",
                 e);
    }
    return walk_events(&q, fn, ctx);
}

int store_label_last_event(struct store *s, int64_t *event_id, int64_t *time_ms, struct err *e)
{
    struct sql q;
    *event_id = *time_ms = 0;
    sql_open(&q, s, SQL_MAIN,
             "SELECT event_id, time_ms FROM label_event ORDER BY event_id DESC LIMIT 1", e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *event_id = sql_get_i64(&q, 0);
        *time_ms = sql_get_i64(&q, 1);
        rc = OK;
    }
    return sql_close(&q, rc);
}
