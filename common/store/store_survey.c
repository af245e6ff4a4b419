// Surveys by device, user or metadata. See store_survey.h.
#include "common/store/store_survey.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

#define NEWEST 20000
// The group of a recording r by the key in parameter 1. A name is looked up, never put into the text.
#define GROUP                                                                                      \
    "CASE WHEN ?1 = 'device' THEN r.device WHEN ?1 = 'group' THEN CASE r.grp WHEN '' THEN "        \
    "r.device ELSE r.grp END"                                                                      \
    " ELSE coalesce((SELECT j.value FROM json_each(r.meta) j WHERE j.key = substr(?1, 6)), '') "   \
    "END"

int store_survey_check_key(const char *key, struct err *e)
{
    if (key && strlen(key) <= STORE_KEY_MAX &&
        (strcmp(key, "device") == 0 || strcmp(key, "group") == 0 ||
         (strncmp(key, "meta:", 5) == 0 && key[5]))) {
        return OK;
    }
    return err_set(e, E_FORMAT, "recordings are grouped by device, group or meta:NAME");
}

// What a recording r is grouped by: its row in coverage_kind. Streams by name, so that the same ones give the same text.
#define STREAMS                                                                                    \
    "(SELECT json_group_array(name) FROM (SELECT DISTINCT st.name FROM recording_stream rs JOIN "  \
    "stream st USING (stream_id)"                                                                  \
    " WHERE rs.rec_id = r.rec_id ORDER BY 1))"
#define FIRST "?1 * 1024"
#define LAST "?1 * 1024 + 1023"

// The next chunk after one that changed in either file since it was counted; *chunk is -1 where there is none.
static int next_chunk(struct store *s, int64_t after, int64_t *chunk, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT c.chunk FROM coverage_chunk c LEFT JOIN recording_chunk b USING (chunk) WHERE "
             "c.chunk > ? AND"
             " (c.counted <> c.changes OR c.blocks_counted <> coalesce(b.changes, 0)) ORDER BY "
             "c.chunk LIMIT 1",
             e);
    sql_i64(&q, after);
    int rc = sql_step(&q);
    *chunk = rc == SQL_ROW ? sql_get_i64(&q, 0) : -1;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

static int run_for_chunk(struct store *s, const char *text, int64_t chunk, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, text, e);
    sql_i64(&q, chunk);
    return sql_run(&q);
}

// One transaction, so that what is counted and how far it is counted come from the same state of both files.
static int count_chunk(struct store *s, int64_t chunk, struct err *e)
{
    static const char *const steps[] = {
        "DELETE FROM coverage_part WHERE chunk = ?1",
        "INSERT OR IGNORE INTO coverage_kind (device, grp, meta, streams) SELECT r.device, r.grp, "
        "r.meta, " STREAMS " FROM recording r WHERE r.rec_id BETWEEN " FIRST " AND " LAST
        " AND EXISTS (SELECT 1 FROM region g WHERE g.rec_id = r.rec_id)",
        "INSERT INTO coverage_part SELECT ?1, k.kind_id, g.label, count(DISTINCT g.rec_id),"
        " sum(CASE WHEN g.start_us IS NULL THEN r.end_us - r.start_us ELSE g.end_us - g.start_us "
        "END)"
        " FROM recording r CROSS JOIN coverage_kind k ON k.device = r.device AND k.grp = r.grp AND "
        "k.meta = r.meta AND k.streams = " STREAMS
        " CROSS JOIN region g ON g.rec_id = r.rec_id WHERE r.rec_id BETWEEN " FIRST " AND " LAST
        " GROUP BY 2, 3",
        "UPDATE coverage_chunk SET counted = changes, blocks_counted ="
        " coalesce((SELECT b.changes FROM recording_chunk b WHERE b.chunk = ?1), 0) WHERE chunk = "
        "?1"};
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; rc == OK && i < ARRAY_LEN(steps); i++) {
        rc = run_for_chunk(s, steps[i], chunk, e);
    }
    return sql_leave(s, rc, e);
}

int store_survey_count(struct store *s, int64_t *chunk, struct err *e)
{
    int rc = next_chunk(s, *chunk, chunk, e);
    return rc || *chunk < 0 ? rc : count_chunk(s, *chunk, e);
}

int store_survey_coverage(struct store *s, const char *key, const char *stream, store_survey_fn fn,
                          void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT c.label, " GROUP
             " AS grp_key, sum(c.recordings), sum(c.labelled_us) FROM coverage_sum c"
             " JOIN coverage_kind r USING (kind_id) WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM "
             "json_each(r.streams) st"
             " WHERE st.value = ?2) GROUP BY 1, 2 ORDER BY 1, 2",
             e);
    sql_text(&q, key);
    sql_text_or_null(&q, stream);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_survey_cell c = {.label = sql_get_text(&q, 0),
                                      .group = sql_get_text(&q, 1),
                                      .recordings = sql_get_i64(&q, 2),
                                      .labelled_us = sql_get_i64(&q, 3)};
        rc = fn(ctx, &c);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

static int walk_names(struct sql *q, store_survey_name_fn fn, void *ctx)
{
    int rc;
    while ((rc = sql_step(q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_text(q, 0));
        if (rc) {
            break;
        }
    }
    return sql_close(q, rc);
}

int store_survey_meta_names(struct store *s, store_survey_name_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT DISTINCT j.key FROM (SELECT meta FROM recording ORDER BY rec_id DESC LIMIT ?) "
             "r, json_each(r.meta) j"
             " ORDER BY 1 LIMIT 50",
             e);
    sql_i64(&q, NEWEST);
    return walk_names(&q, fn, ctx);
}

int store_survey_groups(struct store *s, const char *key, store_survey_name_fn fn, void *ctx,
                        struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT DISTINCT " GROUP
             " FROM (SELECT device, grp, meta FROM recording ORDER BY rec_id DESC LIMIT ?2) r"
             " ORDER BY 1 LIMIT 500",
             e);
    sql_text(&q, key);
    sql_i64(&q, NEWEST);
    return walk_names(&q, fn, ctx);
}

int store_survey_pieces(struct store *s, const char *key, const char *stream,
                        store_survey_piece_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT g.rec_id, coalesce(g.start_us, rs.start_us), coalesce(g.end_us, rs.end_us), "
             "g.label, " GROUP " FROM region g JOIN recording r USING (rec_id) JOIN "
                               "recording_stream rs ON rs.rec_id = g.rec_id"
             " JOIN stream st ON st.stream_id = rs.stream_id AND st.name = ?2 WHERE g.x IS NULL"
             " AND (g.start_us IS NULL OR g.end_us > g.start_us) ORDER BY g.rec_id, 2, g.region",
             e);
    sql_text(&q, key);
    sql_text(&q, stream);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_survey_piece p = {.rec_id = sql_get_i64(&q, 0),
                                       .start_us = sql_get_i64(&q, 1),
                                       .end_us = sql_get_i64(&q, 2),
                                       .label = sql_get_text(&q, 3),
                                       .group = sql_get_text(&q, 4)};
        rc = fn(ctx, &p);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_setting_get(struct store *s, const char *name, char **out, struct err *e)
{
    struct sql q;
    *out = NULL;
    sql_open(&q, s, SQL_MAIN, "SELECT value FROM setting WHERE name = ?", e);
    sql_text(&q, name);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *out = strdup(sql_get_text(&q, 0));
        rc = *out ? OK : err_set(e, E_MEM, "out of memory");
    }
    return sql_close(&q, rc);
}

int store_setting_put(struct store *s, const char *name, const char *json, const char *author,
                      struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "INSERT OR REPLACE INTO setting (name, value, author, time_ms) VALUES (?,?,?,?)", e);
    sql_text(&q, name);
    sql_text(&q, json);
    sql_text(&q, author);
    sql_i64(&q, clock_wall_ms());
    return sql_run(&q);
}
