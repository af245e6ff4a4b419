// Lengths and frames of recordings in the tallies (blocks_003.sql): a recording that blocks made longer is noted, and what it
// grew by is added once, when its transaction is committed.
#include "common/store/sql.h"

int sql_touch(struct store *s, int64_t rec_id, struct err *e)
{
    for (size_t i = s->touched_count; i-- > 0;) {
        if (s->touched[i] == rec_id) {
            return OK;
        }
    }
    int rc = s->touched_count == SQL_TOUCHED ? sql_tally(s, e) : OK;
    if (!rc) {
        s->touched[s->touched_count++] = rec_id;
    }
    return rc;
}

static int run_for(struct store *s, const char *text, int64_t rec_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS, text, e);
    sql_i64(&q, rec_id);
    return sql_run(&q);
}

static int grown_by(struct store *s, int64_t rec_id, int64_t *us, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT end_us - start_us - counted_us FROM recording WHERE rec_id = ?", e);
    sql_i64(&q, rec_id);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *us += sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

static int tally_one(struct store *s, int64_t rec_id, int64_t *us, struct err *e)
{
    int rc = grown_by(s, rec_id, us, e);
    rc = rc ? rc
            : run_for(s, "UPDATE recording SET counted_us = end_us - start_us WHERE rec_id = ?",
                      rec_id, e);
    rc = rc ? rc
            : run_for(s,
                      "INSERT INTO stream_tally SELECT stream_id, 0, frames - counted FROM "
                      "recording_stream WHERE rec_id = ?"
                      " ON CONFLICT (stream_id) DO UPDATE SET frames = frames + excluded.frames",
                      rec_id, e);
    return rc ? rc
              : run_for(s, "UPDATE recording_stream SET counted = frames WHERE rec_id = ?", rec_id,
                        e);
}

int sql_tally(struct store *s, struct err *e)
{
    int64_t us = 0;
    int rc = OK;
    for (size_t i = 0; rc == OK && i < s->touched_count; i++) {
        rc = tally_one(s, s->touched[i], &us, e);
    }
    if (rc == OK && s->touched_count) {
        rc = run_for(s, "UPDATE blocks_tally SET recorded_us = recorded_us + ?", us, e);
    }
    s->touched_count = 0;
    return rc;
}
