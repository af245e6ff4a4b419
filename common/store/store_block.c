// Blocks: each key (session, stream, sequence number) is stored once, and its recording's rows follow in
// the same transaction. This is the ingest path: a block of a running recording costs three statements.
#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"
#include "common/store/store_sample.h"

#define CONFLICTS_PER_KEY                                                                          \
    8 // other bytes that are kept for one key, so that a device cannot fill the disk with them

static int insert_block(struct store *s, const struct store_block *b, bool *added, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO block (session_id, stream_id, seq, kind, rec_no, t_us, frames, "
             "received_ms, bytes)"
             " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (session_id, stream_id, seq) DO NOTHING",
             e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    sql_i64(&q, b->kind);
    sql_i64(&q, b->rec_no);
    sql_i64(&q, b->t_us);
    sql_i64(&q, b->frames);
    sql_i64(&q, clock_wall_ms());
    sql_blob(&q, b->bytes, b->len);
    int rc = sql_run(&q);
    *added = !rc && sql_changes(&q) == 1;
    return rc;
}

static int keep_conflict(struct store *s, const struct store_block *b, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO conflict (session_id, stream_id, seq, received_ms, bytes) SELECT ?1, ?2, "
             "?3, ?4, ?5 WHERE"
             " NOT EXISTS (SELECT 1 FROM conflict WHERE session_id = ?1 AND stream_id = ?2 AND seq "
             "= ?3 AND bytes = ?5)"
             " AND (SELECT count(*) FROM conflict WHERE session_id = ?1 AND stream_id = ?2 AND seq "
             "= ?3) < ?6",
             e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    sql_i64(&q, clock_wall_ms());
    sql_blob(&q, b->bytes, b->len);
    sql_i64(&q, CONFLICTS_PER_KEY);
    return sql_run(&q);
}

static int compare_with_stored(struct store *s, const struct store_block *b, struct err *e)
{
    struct sql q;
    bool same = false;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT bytes FROM block WHERE session_id = ? AND stream_id = ? AND seq = ?", e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        size_t len;
        const void *bytes = sql_get_blob(&q, 0, &len);
        same = len == b->len && memcmp(bytes, b->bytes, len) == 0;
        rc = OK;
    }
    rc = sql_close(&q, rc);
    if (rc || same) {
        return rc ? rc : STORE_BLOCK_REPEAT;
    }
    rc = keep_conflict(s, b, e);
    return rc ? rc : STORE_BLOCK_CONFLICT;
}

static int insert_recording(struct store *s, const struct store_block *b, int64_t *rec_id,
                            struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO recording (session_id, rec_no, device, name, grp, source, start_us, "
             "end_us, width, height,"
             " simulated, uncertain, hint, digest, meta, created_ms) VALUES "
             "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
             e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->rec_no);
    sql_text(&q, b->device);
    sql_text(&q, b->name);
    sql_text(&q, b->grp);
    sql_text(&q, b->source ? b->source : "device");
    sql_i64(&q, b->t_us);
    sql_i64(&q, b->end_us);
    sql_i64(&q, b->width);
    sql_i64(&q, b->height);
    sql_i64(&q, b->simulated);
    sql_i64(&q, b->uncertain);
    sql_text(&q, b->hint);
    sql_text(&q, b->digest);
    sql_text(&q, b->meta ? b->meta : "{}");
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    if (!rc) {
        *rec_id = sql_last_id(s, SQL_BLOCKS);
    }
    return rc;
}

static int extend_recording(struct store *s, const struct store_block *b, int64_t *rec_id,
                            struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "UPDATE recording SET start_us = min(start_us, ?), end_us = max(end_us, ?), uncertain "
             "= max(uncertain, ?),"
             " hint = CASE WHEN hint = '' THEN ? ELSE hint END WHERE session_id = ? AND rec_no = ? "
             "RETURNING rec_id",
             e);
    sql_i64(&q, b->t_us);
    sql_i64(&q, b->end_us);
    sql_i64(&q, b->uncertain);
    sql_text(&q, b->hint);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->rec_no);
    int rc = sql_step(&q);
    *rec_id = 0;
    if (rc == SQL_ROW) {
        *rec_id = sql_get_i64(&q, 0);
        rc = sql_step(&q);
    }
    return sql_close(&q, rc);
}

struct stream_state { // of a recording's stream, after a block was counted
    bool there, ended, whole;
};

static int extend_stream(struct store *s, const struct store_block *b, int64_t rec_id,
                         struct stream_state *state, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_BLOCKS,
        "UPDATE recording_stream SET first_seq = min(first_seq, ?1), last_seq = max(last_seq, ?1),"
        " blocks = blocks + 1, frames = frames + ?2, start_us = min(start_us, ?3), end_us = "
        "max(end_us, ?4),"
        " ended = max(ended, ?5) WHERE rec_id = ?6 AND stream_id = ?7"
        " RETURNING ended, blocks = last_seq - first_seq + 1",
        e);
    sql_i64(&q, b->seq);
    sql_i64(&q, b->frames);
    sql_i64(&q, b->t_us);
    sql_i64(&q, b->end_us);
    sql_i64(&q, b->rec_end);
    sql_i64(&q, rec_id);
    sql_i64(&q, b->stream_id);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *state = (struct stream_state){true, sql_get_i64(&q, 0) != 0, sql_get_i64(&q, 1) != 0};
        rc = sql_step(&q);
    }
    return sql_close(&q, rc);
}

static int insert_stream(struct store *s, const struct store_block *b, int64_t rec_id,
                         struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO recording_stream (rec_id, stream_id, first_seq, last_seq, blocks, "
             "frames, start_us, end_us,"
             " ended, interval_ns) VALUES (?1,?2,?3,?3,1,?4,?5,?6,?7,?8)",
             e);
    sql_i64(&q, rec_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    sql_i64(&q, b->frames);
    sql_i64(&q, b->t_us);
    sql_i64(&q, b->end_us);
    sql_i64(&q, b->rec_end);
    sql_i64_or_null(&q, b->interval_ns);
    return sql_run(&q);
}

// A recording is complete when each of its streams has its last block, none between first and last is
// missing, and the block before the first is known to belong to something else (or there is none).
static int update_complete(struct store *s, int64_t rec_id, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "UPDATE recording SET complete = NOT EXISTS (SELECT 1 FROM recording_stream rs WHERE "
             "rs.rec_id = ?1 AND"
             " (rs.ended = 0 OR rs.blocks <> rs.last_seq - rs.first_seq + 1 OR (rs.first_seq > 0 "
             "AND NOT EXISTS"
             " (SELECT 1 FROM block b WHERE b.session_id = recording.session_id AND b.stream_id = "
             "rs.stream_id"
             " AND b.seq = rs.first_seq - 1)))) WHERE rec_id = ?1",
             e);
    sql_i64(&q, rec_id);
    return sql_run(&q);
}

// The recording that starts right behind this block in its stream, where it came before the block.
static int recheck_follower(struct store *s, const struct store_block *b, struct err *e)
{
    struct sql q;
    int64_t follower = 0;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT r.rec_id FROM block b JOIN recording r ON r.session_id = b.session_id AND "
             "r.rec_no = b.rec_no"
             " WHERE b.session_id = ? AND b.stream_id = ? AND b.seq = ? AND b.rec_no > 0",
             e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq + 1);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        follower = sql_get_i64(&q, 0);
        rc = OK;
    }
    rc = sql_close(&q, rc);
    return rc || !follower ? rc : update_complete(s, follower, e);
}

static int keep_recording(struct store *s, const struct store_block *b, int64_t *rec_id,
                          struct err *e)
{
    struct stream_state state = {0};
    int rc = extend_recording(s, b, rec_id, e);
    if (!rc && *rec_id == 0) {
        rc = insert_recording(s, b, rec_id, e);
    }
    if (!rc) {
        rc = extend_stream(s, b, *rec_id, &state, e);
    }
    if (!rc && !state.there) {
        rc = insert_stream(s, b, *rec_id, e);
    }
    if (!rc) {
        rc = sql_touch(s, *rec_id, e);
    }
    // Only two kinds of blocks can change the answer: a new stream's first, and one that fills the last hole.
    if (!rc && (!state.there || (state.ended && state.whole))) {
        rc = update_complete(s, *rec_id, e);
    }
    if (!rc && b->rec_end) {
        rc = recheck_follower(s, b, e);
    }
    return rc;
}

// Whether the block was stored once and deleted since: its number is below what is acknowledged without
// a gap, and not in a range that the device gave up (such a block is welcome when it comes all the same).
static int was_deleted(struct store *s, const struct store_block *b, bool *was, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT 1 FROM ack_state WHERE session_id = ?1 AND stream_id = ?2 AND next > ?3 AND "
             "NOT EXISTS (SELECT 1 FROM"
             " dropped d WHERE d.session_id = ?1 AND d.stream_id = ?2 AND ?3 BETWEEN d.first AND "
             "d.last)",
             e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    int rc = sql_step(&q);
    *was = rc == SQL_ROW;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

static int remove_block(struct store *s, const struct store_block *b, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "DELETE FROM block WHERE session_id = ? AND stream_id = ? AND seq = ?", e);
    sql_i64(&q, b->session_id);
    sql_i64(&q, b->stream_id);
    sql_i64(&q, b->seq);
    return sql_run(&q);
}

static int put_block(struct store *s, const struct store_block *b, int64_t *rec_id, struct err *e)
{
    bool added = false, deleted = false;
    int rc = insert_block(s, b, &added, e);
    if (!rc && added) {
        rc = was_deleted(s, b, &deleted, e);
    }
    if (!rc && deleted) {
        rc = remove_block(s, b, e);
        return rc ? rc : STORE_BLOCK_REPEAT;
    }
    if (rc) {
        return rc;
    }
    if (!added) {
        rc = compare_with_stored(s, b, e);
        int found = rc >= 0 && b->rec_no > 0
                        ? store_recording_by_no(s, b->session_id, b->rec_no, rec_id, e)
                        : OK;
        return found && found != E_NOT_FOUND ? found : rc;
    }
    if (b->rec_no > 0) {
        rc = keep_recording(s, b, rec_id, e);
    }
    return rc ? rc : STORE_BLOCK_NEW;
}

int store_block_put(struct store *s, const struct store_block *b, int64_t *rec_id, struct err *e)
{
    *rec_id = 0;
    int rc = sql_enter(s, SQL_BLOCKS, e);
    return rc ? rc : sql_leave(s, put_block(s, b, rec_id, e), e);
}

int store_dropped_put(struct store *s, int64_t session_id, int64_t stream_id, int64_t first,
                      int64_t last, int64_t t_us, const char *reason, struct err *e)
{
    struct sql q;
    if (first < 0 || last < first) {
        return err_set(e, E_USAGE, "dropped range %lld..%lld is empty", (long long)first,
                       (long long)last);
    }
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT OR IGNORE INTO dropped (session_id, stream_id, first, last, t_us, reason) "
             "VALUES (?,?,?,?,?,?)",
             e);
    sql_i64(&q, session_id);
    sql_i64(&q, stream_id);
    sql_i64(&q, first);
    sql_i64(&q, last);
    sql_i64(&q, t_us);
    sql_text(&q, reason);
    return sql_run(&q);
}
