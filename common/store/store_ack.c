// Acknowledgements, computed from rows. ack_state keeps how far a stream is stored without a gap, so
// that a long session is not walked again each time; beyond it, blocks and dropped ranges are merged in
// order of sequence number. The walk is bounded: what it does not reach is acknowledged later.
#include "common/err.h"
#include "common/store/sql.h"
#include "common/store/store_sample.h"

#define WALK_MAX 8192 // rows a call looks at
#define STATE_LAG 256 // how far ack_state may stay behind rather than cost a commit of its own

struct cover { // the ranges that are covered, grown in ascending order
    int64_t next;
    int64_t (*ranges)[2];
    int count, max;
    bool full;
};

// Adds first..last, which starts at or behind the start of what came before.
static void cover_add(struct cover *c, int64_t first, int64_t last)
{
    int64_t *open = c->count > 0 ? c->ranges[c->count - 1] : NULL;
    if (last < c->next || (open && last <= open[1])) {
        return;
    }
    if (!open && first <= c->next) {
        c->next = last + 1;
    } else if (open && first <= open[1] + 1) {
        open[1] = last;
    } else if (c->count < c->max) {
        c->ranges[c->count][0] = first;
        c->ranges[c->count][1] = last;
        c->count++;
    } else {
        c->full = true;
    }
}

static int read_state(struct store *s, int64_t session_id, int64_t stream_id, int64_t *next,
                      struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS, "SELECT next FROM ack_state WHERE session_id = ? AND stream_id = ?",
             e);
    sql_i64(&q, session_id);
    sql_i64(&q, stream_id);
    int rc = sql_step(&q);
    *next = 0;
    if (rc == SQL_ROW) {
        *next = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

static int write_state(struct store *s, int64_t session_id, int64_t stream_id, int64_t next,
                       struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO ack_state (session_id, stream_id, next) VALUES (?,?,?)"
             " ON CONFLICT (session_id, stream_id) DO UPDATE SET next = excluded.next",
             e);
    sql_i64(&q, session_id);
    sql_i64(&q, stream_id);
    sql_i64(&q, next);
    return sql_run(&q);
}

static int walk_rows(struct store *s, int64_t session_id, int64_t stream_id, struct cover *c,
                     struct err *e)
{
    struct sql blocks, drops;
    int64_t start = c->next, drop_first = 0, drop_last = 0;
    sql_open(&drops, s, SQL_BLOCKS,
             "SELECT first, last FROM dropped WHERE session_id = ? AND stream_id = ? AND last >= ? "
             "ORDER BY first",
             e);
    sql_i64(&drops, session_id);
    sql_i64(&drops, stream_id);
    sql_i64(&drops, start);
    sql_open(&blocks, s, SQL_BLOCKS,
             "SELECT seq FROM block WHERE session_id = ? AND stream_id = ? AND seq >= ? ORDER BY "
             "seq LIMIT ?",
             e);
    sql_i64(&blocks, session_id);
    sql_i64(&blocks, stream_id);
    sql_i64(&blocks, start);
    sql_i64(&blocks, WALK_MAX);
    int more_blocks = sql_step(&blocks), more_drops = sql_step(&drops), walked = 0;
    while (more_blocks >= 0 && more_drops >= 0 && (more_blocks || more_drops) && !c->full &&
           walked <= WALK_MAX) {
        if (more_drops == SQL_ROW) {
            drop_first = sql_get_i64(&drops, 0);
            drop_last = sql_get_i64(&drops, 1);
        }
        int64_t seq = more_blocks == SQL_ROW ? sql_get_i64(&blocks, 0) : INT64_MAX;
        if (more_drops == SQL_ROW && drop_first <= seq) {
            cover_add(c, drop_first, drop_last);
            more_drops = sql_step(&drops);
        } else {
            cover_add(c, seq, seq);
            more_blocks = sql_step(&blocks);
        }
        walked++;
    }
    int failed = sql_close(&drops, more_drops < 0 ? more_drops : OK);
    int rc = sql_close(&blocks, more_blocks < 0 ? more_blocks : OK);
    return rc ? rc : failed;
}

static int compute(struct store *s, int64_t session_id, int64_t stream_id, struct cover *c,
                   struct err *e)
{
    int64_t before = 0;
    int rc = read_state(s, session_id, stream_id, &before, e);
    c->next = before;
    if (!rc) {
        rc = walk_rows(s, session_id, stream_id, c, e);
    }
    // Outside a transaction the row would be a commit (and a flush of the disk) for a mere place to start from.
    if (!rc && c->next != before && (s->depth > 0 || c->next - before > STATE_LAG) &&
        !s->read_only) {
        rc = write_state(s, session_id, stream_id, c->next, e);
    }
    return rc ? rc : c->count;
}

int store_block_ack(struct store *s, int64_t session_id, int64_t stream_id, int64_t *next,
                    int64_t (*ranges)[2], int max, struct err *e)
{
    struct cover c = {.ranges = ranges, .max = max};
    int rc = compute(s, session_id, stream_id, &c, e);
    *next = c.next;
    return rc;
}
