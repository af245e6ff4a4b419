// See store_retain.h. Labels and datasets live in main.db, so candidates are read through the connection
// that sees both files, and deleted through the one that writes blocks.db.
#include "common/store/store_retain.h"

#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"

#define STEP_US 20000
#define CANDIDATES 64
#define ROWS_STEP 2000

struct candidate {
    int64_t rec_id, session_id, rec_no;
};

static int find_recordings(struct store *s, const struct store_retain *r, struct candidate *out,
                           size_t *count, struct err *e)
{
    struct sql q;
    int rc;
    *count = 0;
    sql_open(&q, s, SQL_MAIN,
             "SELECT r.rec_id, r.session_id, r.rec_no FROM recording r WHERE r.created_ms < ?1"
             " AND (?2 IS NULL OR EXISTS (SELECT 1 FROM recording_stream rs JOIN stream st USING "
             "(stream_id)"
             " WHERE rs.rec_id = r.rec_id AND st.name = ?2))"
             " AND (?3 OR NOT EXISTS (SELECT 1 FROM region WHERE region.rec_id = r.rec_id))"
             " AND NOT EXISTS (SELECT 1 FROM dataset_item i WHERE i.rec_id = r.rec_id)"
             " ORDER BY r.rec_id LIMIT ?4",
             e);
    sql_i64(&q, r->before_ms);
    sql_text_or_null(&q, r->stream);
    sql_i64(&q, r->labelled_too);
    sql_i64(&q, CANDIDATES);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        out[(*count)++] =
            (struct candidate){sql_get_i64(&q, 0), sql_get_i64(&q, 1), sql_get_i64(&q, 2)};
    }
    return sql_close(&q, rc);
}

static int delete_blocks(struct store *s, const struct candidate *c, int64_t *blocks, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "DELETE FROM block WHERE block_id IN (SELECT b.block_id FROM recording_stream rs JOIN "
             "block b"
             " ON b.session_id = ?2 AND b.stream_id = rs.stream_id AND b.seq BETWEEN rs.first_seq "
             "AND rs.last_seq"
             " WHERE rs.rec_id = ?1 AND b.rec_no = ?3)",
             e);
    sql_i64(&q, c->rec_id);
    sql_i64(&q, c->session_id);
    sql_i64(&q, c->rec_no);
    int rc = sql_run(&q);
    *blocks += rc ? 0 : sql_changes(&q);
    return rc;
}

static int delete_one(struct store *s, const char *text, int64_t rec_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS, text, e);
    sql_i64(&q, rec_id);
    return sql_run(&q);
}

static int delete_recording(struct store *s, const struct candidate *c,
                            struct store_retain_done *done, struct err *e)
{
    int rc = delete_blocks(s, c, &done->blocks, e);
    if (!rc) {
        rc = delete_one(s, "DELETE FROM recording_stream WHERE rec_id = ?", c->rec_id, e);
    }
    if (!rc) {
        rc = delete_one(s, "DELETE FROM recording WHERE rec_id = ?", c->rec_id, e);
    }
    done->recordings += rc == OK;
    return rc;
}

// Deletes at most ROWS_STEP rows by a statement with a time and a limit.
static int delete_rows(struct store *s, const char *text, int64_t before_ms, int64_t *count,
                       bool *more, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS, text, e);
    sql_i64(&q, before_ms);
    sql_i64(&q, ROWS_STEP);
    int rc = sql_run(&q);
    if (!rc) {
        *count += sql_changes(&q);
        *more = *more || sql_changes(&q) == ROWS_STEP;
    }
    return rc;
}

static int delete_others(struct store *s, int64_t before_ms, struct store_retain_done *done,
                         struct err *e)
{
    // Blocks of no recording: events, health, replies, and samples that nobody asked to record.
    int rc = delete_rows(
        s,
        "DELETE FROM block WHERE block_id IN (SELECT block_id FROM block WHERE block_id <"
        " (SELECT coalesce(min(block_id), 9223372036854775807) FROM block WHERE received_ms >= ?1)"
        " AND rec_no = 0 LIMIT ?2)",
        before_ms, &done->blocks, &done->more, e);
    if (!rc) {
        rc = delete_rows(
            s,
            "DELETE FROM event WHERE event_id IN (SELECT event_id FROM event WHERE received_ms < ?1"
            " ORDER BY event_id LIMIT ?2)",
            before_ms, &done->rows, &done->more, e);
    }
    if (!rc) {
        // The last report of each device stays, whatever its age.
        rc = delete_rows(s,
                         "DELETE FROM health WHERE health_id IN (SELECT h.health_id FROM health h "
                         "WHERE h.received_ms < ?1"
                         " AND EXISTS (SELECT 1 FROM health n WHERE n.device = h.device AND "
                         "n.health_id > h.health_id)"
                         " LIMIT ?2)",
                         before_ms, &done->rows, &done->more, e);
    }
    return rc;
}

int store_retain_step(struct store *s, const struct store_retain *r, struct store_retain_done *done,
                      struct err *e)
{
    struct candidate c[CANDIDATES];
    size_t count = 0, i = 0;
    int64_t until = clock_mono_us() + STEP_US;
    *done = (struct store_retain_done){0};
    int rc = find_recordings(s, r, c, &count, e);
    if (!rc) {
        rc = sql_enter(s, SQL_BLOCKS, e);
    }
    if (rc) {
        return rc;
    }
    for (; i < count && !rc && (i == 0 || clock_mono_us() < until); i++) {
        rc = delete_recording(s, &c[i], done, e);
    }
    done->more = i < count || count == CANDIDATES;
    if (!rc && !done->more && !r->stream) {
        rc = delete_others(s, r->before_ms, done, e);
    }
    return sql_leave(s, rc, e);
}

static int pragma(struct store *s, const char *text, int64_t *out, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, text, e);
    int rc = sql_step(&q);
    *out = rc == SQL_ROW ? sql_get_i64(&q, 0) : 0;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

int store_blocks_bytes(struct store *s, int64_t *bytes, int64_t *free_bytes, struct err *e)
{
    int64_t pages = 0, empty = 0, size = 0;
    int rc = pragma(s, "PRAGMA blk.page_count", &pages, e);
    rc = rc ? rc : pragma(s, "PRAGMA blk.freelist_count", &empty, e);
    rc = rc ? rc : pragma(s, "PRAGMA blk.page_size", &size, e);
    *bytes = pages * size;
    *free_bytes = empty * size;
    return rc;
}
