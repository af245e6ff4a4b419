// The labelling queue. See store_queue.h.
#include "common/store/store_queue.h"

#include "common/err.h"
#include "common/store/sql.h"

#define UNLABELLED "NOT EXISTS (SELECT 1 FROM region g WHERE g.rec_id = r.rec_id)"
static const char uncertain[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, min(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE uncertain = 1 AND " UNLABELLED
    " ORDER BY rec_id DESC LIMIT 2000) c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY score IS NULL, score, c.rec_id DESC LIMIT ?1";
static const char novel[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, ev.score, max(ev.novelty) AS novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED
    " ORDER BY rec_id DESC LIMIT 4000) c"
    " JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY novelty DESC, c.rec_id DESC LIMIT ?1";
// NOT INDEXED: by the key, newest first, so that it stops early; the planner prefers to sort an index by label.
static const char disagreement[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT r.rec_id, r.session_id, r.rec_no, g.label FROM region g NOT INDEXED CROSS JOIN "
    "recording r ON r.rec_id = g.rec_id"
    " WHERE g.region = '' ORDER BY g.rec_id DESC LIMIT 4000) c"
    " JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0 AND "
    "ev.label <> c.label"
    " GROUP BY c.rec_id ORDER BY score DESC, c.rec_id DESC LIMIT ?1";
static const char unlabelled[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED
    " ORDER BY rec_id DESC LIMIT ?1) c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY c.rec_id DESC";
// Steps of a prime, modulo the range of numbers, visit each number once in an order that the seed and the range decide, the
// same on every machine. They stop when enough were found or after 5,000: a large store is not read to draw lots from it.
static const char at_random[] =
    "WITH RECURSIVE span (lo, n) AS (SELECT lo, hi - lo + 1 FROM (SELECT (SELECT min(rec_id) FROM "
    "recording) AS lo,"
    " (SELECT max(rec_id) FROM recording) AS hi)),"
    " probe (i, id) AS (SELECT 0, lo + ?2 % n FROM span WHERE n > 0 UNION ALL"
    " SELECT i + 1, lo + (?2 + (i + 1) * 2654435761) % n FROM probe, span WHERE i + 1 < min(n, "
    "5000)),"
    " c (i, rec_id, session_id, rec_no) AS MATERIALIZED (SELECT p.i, r.rec_id, r.session_id, "
    "r.rec_no FROM probe p"
    " CROSS JOIN recording r ON r.rec_id = p.id WHERE " UNLABELLED " LIMIT ?1)"
    " SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.i, c.rec_id ORDER BY c.i";
static const char balance[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED
    " ORDER BY rec_id DESC LIMIT 4000) c"
    " JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " LEFT JOIN label_tally t ON t.label = ev.label"
    " GROUP BY c.rec_id ORDER BY coalesce(t.recordings, 0), score DESC, c.rec_id DESC LIMIT ?1";
// Device time starts anew with every boot: the session's clock must put the window where the mark was made, too.
static const char marked[] =
    "SELECT r.rec_id, v.label, v.model, v.score, 0 FROM (SELECT * FROM verdict WHERE verdict = "
    "'wrong' AND rec_id = 0"
    " ORDER BY verdict_id DESC LIMIT 1000) v JOIN recording r ON r.device = v.device AND "
    "r.start_us <= v.t_us + v.dur_us / 2"
    " AND r.end_us > v.t_us + v.dur_us / 2 JOIN session s ON s.session_id = r.session_id"
    " WHERE abs(s.offset_ms + v.t_us / 1000 - v.time_ms) < 120000"
    " AND NOT EXISTS (SELECT 1 FROM label_event l WHERE l.rec_id = r.rec_id AND l.time_ms > "
    "v.time_ms)"
    " GROUP BY r.rec_id ORDER BY v.verdict_id DESC LIMIT ?1";

int store_queue_walk(struct store *s, enum store_queue_by by, int64_t seed, int64_t limit,
                     store_queue_fn fn, void *ctx, struct err *e)
{
    static const char *const texts[] = {uncertain, disagreement, unlabelled, novel,
                                        at_random, balance,      marked};
    struct sql q;
    sql_open(&q, s, SQL_MAIN, texts[by], e);
    sql_i64(&q, limit);
    if (by == STORE_QUEUE_RANDOM) {
        sql_i64(&q, seed & 0xffffffff);
    }
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_queue_item item = {.rec_id = sql_get_i64(&q, 0),
                                        .label = sql_get_text(&q, 1),
                                        .model_digest = sql_get_text(&q, 2),
                                        .score = sql_get_f64(&q, 3, 0),
                                        .novelty = sql_get_f64(&q, 4, 0)};
        rc = fn(ctx, &item);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
