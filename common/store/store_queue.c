// The labelling queue. See store_queue.h.
#include "common/store/store_queue.h"

#include "common/err.h"
#include "common/store/sql.h"

#define UNLABELLED "NOT EXISTS (SELECT 1 FROM region g WHERE g.rec_id = r.rec_id)"
static const char uncertain[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, min(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE uncertain = 1 AND " UNLABELLED " ORDER BY rec_id DESC LIMIT 20000) c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY score IS NULL, score, c.rec_id DESC LIMIT ?1";
static const char novel[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, ev.score, max(ev.novelty) AS novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED " ORDER BY rec_id DESC LIMIT 20000) c"
    " JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY novelty DESC, c.rec_id DESC LIMIT ?1";
static const char disagreement[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT r.rec_id, r.session_id, r.rec_no, g.label FROM region g JOIN recording r ON r.rec_id = g.rec_id"
    " WHERE g.region = '' ORDER BY r.rec_id DESC LIMIT 20000) c"
    " JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0 AND ev.label <> c.label"
    " GROUP BY c.rec_id ORDER BY score DESC, c.rec_id DESC LIMIT ?1";
static const char unlabelled[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED " ORDER BY rec_id DESC LIMIT ?1) c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY c.rec_id DESC";
// A multiplicative hash of row id and seed: the same seed gives the same order on every machine.
static const char at_random[] =
    "SELECT c.rec_id, ev.label, ev.model_digest, max(ev.score) AS score, ev.novelty FROM"
    " (SELECT rec_id, session_id, rec_no FROM recording r WHERE " UNLABELLED
    " ORDER BY ((rec_id * 2654435761 + ?2) & 4294967295) * 2246822519 & 4294967295 LIMIT ?1) c"
    " LEFT JOIN event ev ON ev.session_id = c.session_id AND ev.rec_no = c.rec_no AND ev.rec_no > 0"
    " GROUP BY c.rec_id ORDER BY ((c.rec_id * 2654435761 + ?2) & 4294967295) * 2246822519 & 4294967295";

int store_queue_walk(struct store *s, enum store_queue_by by, int64_t seed, int64_t limit, store_queue_fn fn, void *ctx,
                     struct err *e)
{
    static const char *const texts[] = {uncertain, disagreement, unlabelled, novel, at_random};
    struct sql q;
    sql_open(&q, s, SQL_MAIN, texts[by], e);
    sql_i64(&q, limit);
    if (by == STORE_QUEUE_RANDOM) {
        sql_i64(&q, seed & 0xffffffff);
    }
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_queue_item item = {.rec_id = sql_get_i64(&q, 0), .label = sql_get_text(&q, 1),
                                        .model_digest = sql_get_text(&q, 2), .score = sql_get_f64(&q, 3, 0),
                                        .novelty = sql_get_f64(&q, 4, 0)};
        rc = fn(ctx, &item);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
