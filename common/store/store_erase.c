// See store_erase.h.
#include "common/store/store_erase.h"

#include <sodium.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/hex.h"
#include "common/store/sql.h"

#define ROWS_STEP 2000 // deleted in one transaction

// The recordings that are meant: ?1 person, ?2 device, ?3 rec_id.
#define MEANT "(r.grp = ?1 OR r.device = ?2 OR r.rec_id = ?3)"

static void bind(struct sql *q, const struct store_erase *w)
{
    sql_text_or_null(q, w->person);
    sql_text_or_null(q, w->device);
    sql_i64_or_null(q, w->rec_id);
}

static int count(struct store *s, const char *text, const struct store_erase *w, int64_t *out,
                 struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, text, e);
    bind(&q, w);
    int rc = sql_step(&q);
    *out = rc == SQL_ROW ? sql_get_i64(&q, 0) : 0;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

int store_erase_plan(struct store *s, const struct store_erase *w, struct store_erased *o,
                     struct err *e)
{
    *o = (struct store_erased){0};
    int rc = count(s, "SELECT count(*) FROM recording r WHERE " MEANT, w, &o->recordings, e);
    rc = rc ? rc
            : count(s,
                    "SELECT coalesce(sum(rs.blocks), 0) FROM recording r JOIN recording_stream rs "
                    "USING (rec_id) WHERE " MEANT,
                    w, &o->blocks, e);
    rc = rc ? rc
            : count(
                  s,
                  "SELECT count(*) FROM recording r JOIN label_event l USING (rec_id) WHERE " MEANT,
                  w, &o->labels, e);
    rc =
        rc ? rc
           : count(
                 s,
                 "SELECT count(*) FROM recording r JOIN dataset_item i USING (rec_id) WHERE " MEANT,
                 w, &o->items, e);
    rc = rc ? rc
            : count(s,
                    "SELECT count(DISTINCT i.dataset_id) FROM recording r JOIN dataset_item i "
                    "USING (rec_id) WHERE " MEANT,
                    w, &o->datasets, e);
#define DEPENDING                                                                                  \
    " IN (SELECT d.digest FROM recording r JOIN dataset_item i USING (rec_id) JOIN dataset d "     \
    "USING (dataset_id) WHERE " MEANT ")"
    rc = rc ? rc
            : count(s, "SELECT count(*) FROM model m WHERE m.dataset" DEPENDING, w, &o->models, e);
    rc = rc ? rc
            : count(s,
                    "SELECT count(*) FROM release l JOIN model m ON m.digest = l.model WHERE "
                    "m.dataset" DEPENDING,
                    w, &o->releases, e);
#undef DEPENDING
    rc = rc ? rc
            : count(s,
                    "SELECT (SELECT count(*) FROM event WHERE device = ?2) + (SELECT count(*) FROM "
                    "health WHERE device = ?2)"
                    " WHERE ?1 IS NULL AND ?3 IS NULL",
                    w, &o->rows, e);
    if (rc == OK && o->recordings == 0 && o->rows == 0) {
        rc = w->person   ? err_set(e, E_NOT_FOUND, "no recordings of a person '%s'", w->person)
             : w->device ? err_set(e, E_NOT_FOUND, "nothing of a device '%s'", w->device)
                         : err_set(e, E_NOT_FOUND, "no recording %lld", (long long)w->rec_id);
    }
    return rc;
}

static int delete (struct store *s, enum sql_db db, const char *text, int64_t rec_id,
                   int64_t *changed, struct err *e)
{
    struct sql q;
    sql_open(&q, s, db, text, e);
    sql_i64(&q, rec_id);
    int rc = sql_run(&q);
    if (rc == OK && changed) {
        *changed += sql_changes(&q);
    }
    return rc;
}

// The digest that stays: the imported file's, else one over what is stored.
static int digest_of(struct store *s, int64_t rec_id, const char *imported,
                     char out[HEX_DIGEST_TEXT], struct err *e)
{
    crypto_hash_sha256_state h;
    uint8_t digest[HEX_DIGEST_LEN];
    struct sql q;
    int rc;
    if (imported[0]) {
        snprintf(out, HEX_DIGEST_TEXT, "%s", imported);
        return OK;
    }
    crypto_hash_sha256_init(&h);
    sql_open(&q, s, SQL_MAIN,
             "SELECT b.bytes FROM recording r JOIN recording_stream rs USING (rec_id) JOIN block b "
             "ON b.session_id = r.session_id"
             " AND b.stream_id = rs.stream_id AND b.seq BETWEEN rs.first_seq AND rs.last_seq AND "
             "b.rec_no = r.rec_no"
             " WHERE r.rec_id = ? ORDER BY b.stream_id, b.seq",
             e);
    sql_i64(&q, rec_id);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        size_t len;
        const void *bytes = sql_get_blob(&q, 0, &len);
        crypto_hash_sha256_update(&h, bytes ? bytes : "", len);
    }
    crypto_hash_sha256_final(&h, digest);
    hex_encode(out, digest, sizeof digest);
    return sql_close(&q, rc);
}

static int put_tombstone(struct store *s, int64_t rec_id, const char *digest, const char *who,
                         const char *why, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "INSERT OR IGNORE INTO tombstone (rec_id, digest, erased_ms, who, why) VALUES (?,?,?,?,?)",
        e);
    sql_i64(&q, rec_id);
    sql_text(&q, digest);
    sql_i64(&q, clock_wall_ms());
    sql_text(&q, who);
    sql_text(&q, why);
    return sql_run(&q);
}

// Everything in main.db that is about a recording.
static int erase_main(struct store *s, int64_t rec_id, const char *digest, const char *who,
                      const char *why, struct store_erased *o, struct err *e)
{
    static const char *const tables[] = {
        "DELETE FROM region WHERE rec_id = ?",
        "DELETE FROM task_item WHERE rec_id = ?",
        "DELETE FROM answer WHERE rec_id = ?",
        "DELETE FROM gold WHERE rec_id = ?",
        "DELETE FROM label_example WHERE rec_id = ?",
        "DELETE FROM projection_window WHERE rec_id = ?",
        "DELETE FROM verdict WHERE rec_id = ?",
        "DELETE FROM video WHERE rec_id = ?",
        "DELETE FROM coverage_part WHERE chunk = ? / 1024",
        "UPDATE coverage_chunk SET counted = -1 WHERE chunk = ? / 1024"};
    int rc = sql_enter(s, SQL_MAIN, e);
    if (rc) {
        return rc;
    }
    rc = put_tombstone(s, rec_id, digest, who, why, e);
    rc = rc ? rc
            : delete (s, SQL_MAIN, "DELETE FROM label_event WHERE rec_id = ?", rec_id, &o->labels,
                      e);
    for (size_t i = 0; i < ARRAY_LEN(tables) && rc == OK; i++) {
        rc = delete(s, SQL_MAIN, tables[i], rec_id, NULL, e);
    }
    rc =
        rc ? rc
           : delete (s, SQL_MAIN,
                     "UPDATE dataset SET erased = erased + (SELECT count(*) FROM dataset_item i "
                     "WHERE i.rec_id = ?1"
                     " AND i.dataset_id = dataset.dataset_id)"
                     " WHERE dataset_id IN (SELECT dataset_id FROM dataset_item WHERE rec_id = ?1)",
                     rec_id, NULL, e);
    rc = rc ? rc
            : delete (s, SQL_MAIN, "DELETE FROM dataset_item WHERE rec_id = ?", rec_id, &o->items,
                      e);
    return sql_leave(s, rc, e);
}

static int erase_blocks(struct store *s, int64_t rec_id, struct store_erased *o, struct err *e)
{
    int rc = sql_enter(s, SQL_BLOCKS, e);
    if (rc) {
        return rc;
    }
    rc = delete (s, SQL_BLOCKS,
                 "DELETE FROM block WHERE block_id IN (SELECT b.block_id FROM recording r JOIN "
                 "recording_stream rs USING (rec_id)"
                 " JOIN block b ON b.session_id = r.session_id AND b.stream_id = rs.stream_id"
                 " AND b.seq BETWEEN rs.first_seq AND rs.last_seq AND b.rec_no = r.rec_no WHERE "
                 "r.rec_id = ?)",
                 rec_id, &o->blocks, e);
    rc = rc ? rc
            : delete (s, SQL_BLOCKS, "DELETE FROM recording_stream WHERE rec_id = ?", rec_id, NULL,
                      e);
    rc = rc ? rc
            : delete (s, SQL_BLOCKS, "DELETE FROM recording WHERE rec_id = ?", rec_id,
                      &o->recordings, e);
    return sql_leave(s, rc, e);
}

// The next recording that is meant; *more is false where there is none.
static int next(struct store *s, const struct store_erase *w, int64_t *rec_id,
                char digest[HEX_DIGEST_TEXT], bool *more, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT r.rec_id, r.digest FROM recording r WHERE " MEANT " ORDER BY r.rec_id LIMIT 1",
             e);
    bind(&q, w);
    int rc = sql_step(&q);
    *more = rc == SQL_ROW;
    if (*more) {
        *rec_id = sql_get_i64(&q, 0);
        snprintf(digest, HEX_DIGEST_TEXT, "%s", sql_get_text(&q, 1));
    }
    return sql_close(&q, *more ? OK : rc);
}

// What a device sent outside recordings: blocks, events, reports. Its acknowledged numbers stay, or it would send again.
static int erase_device_rows(struct store *s, const char *device, struct store_erased *o,
                             struct err *e)
{
    static const char *const tables[] = {
        "DELETE FROM block WHERE block_id IN (SELECT b.block_id FROM session x JOIN block b USING "
        "(session_id) WHERE x.device = ?1"
        " LIMIT ?2)",
        "DELETE FROM conflict WHERE rowid IN (SELECT c.rowid FROM session x JOIN conflict c USING "
        "(session_id)"
        " WHERE x.device = ?1 LIMIT ?2)",
        "DELETE FROM event WHERE event_id IN (SELECT event_id FROM event WHERE device = ?1 LIMIT "
        "?2)",
        "DELETE FROM health WHERE health_id IN (SELECT health_id FROM health WHERE device = ?1 "
        "LIMIT ?2)",
        "DELETE FROM clock_map WHERE (session_id, version) IN (SELECT m.session_id, m.version FROM "
        "session x"
        " JOIN clock_map m USING (session_id) WHERE x.device = ?1 LIMIT ?2)"};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (int64_t changed = ROWS_STEP; changed == ROWS_STEP;) {
            struct sql q;
            sql_open(&q, s, SQL_BLOCKS, tables[i], e);
            sql_text(&q, device);
            sql_i64(&q, ROWS_STEP);
            int rc = sql_run(&q);
            if (rc) {
                return rc;
            }
            changed = sql_changes(&q);
            *(i == 0 ? &o->blocks : &o->rows) += changed;
        }
    }
    return OK;
}

// A person's name in what models report of their groups, as JSON text.
static int forget_name(struct store *s, const char *quoted, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "UPDATE model SET metrics = replace(metrics, ?1, '\"\"') WHERE instr(metrics, ?1) > 0",
             e);
    sql_text(&q, quoted);
    return sql_run(&q);
}

// SQLite marks pages free and keeps their bytes, and the logs keep older versions of pages: both would be the opposite
// of erasing.
static int scrub(struct store *s, bool *log_left, struct err *e)
{
    *log_left = false;
    for (int db = SQL_MAIN; db <= SQL_BLOCKS; db++) {
        int frames = 0, done = 0;
        int code = sqlite3_wal_checkpoint_v2(sql_conn(s, (enum sql_db)db), "main",
                                             SQLITE_CHECKPOINT_TRUNCATE, &frames, &done);
        if (code == SQLITE_BUSY) {
            *log_left = true;
        } else if (code != SQLITE_OK) {
            return sql_fail(sql_conn(s, (enum sql_db)db), code, e);
        }
    }
    return OK;
}

int store_erase_run(struct store *s, const struct store_erase *w, const char *who, const char *why,
                    store_erase_fn fn, void *ctx, struct store_erased *o, bool *log_left,
                    struct err *e)
{
    struct store_erased plan;
    int64_t rec_id = 0;
    char digest[HEX_DIGEST_TEXT], found[HEX_DIGEST_TEXT];
    int rc = store_erase_plan(s, w, &plan, e);
    *o = (struct store_erased){
        .datasets = plan.datasets, .models = plan.models, .releases = plan.releases};
    rc = rc ? rc : sql_exec(sql_conn(s, SQL_MAIN), "PRAGMA secure_delete = ON", e);
    rc = rc ? rc : sql_exec(sql_conn(s, SQL_BLOCKS), "PRAGMA secure_delete = ON", e);
    for (bool more = true; rc == OK && more;) {
        rc = next(s, w, &rec_id, found, &more, e);
        if (rc == OK && more) {
            rc = digest_of(s, rec_id, found, digest, e);
            rc = rc ? rc : fn ? fn(ctx, rec_id) : OK;
            rc = rc ? rc : erase_main(s, rec_id, digest, who, why, o, e);
            rc = rc ? rc : erase_blocks(s, rec_id, o, e);
        }
    }
    rc = rc || !w->device ? rc : erase_device_rows(s, w->device, o, e);
    rc = rc || !w->person_json ? rc : forget_name(s, w->person_json, e);
    rc = rc ? rc : scrub(s, log_left, e);
    return rc ? err_wrap(e, "erase") : OK;
}

int store_erase_knows(struct store *s, const char *digest, bool *erased, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN, "SELECT 1 FROM tombstone WHERE digest = ?", e);
    sql_text(&q, digest);
    int rc = sql_step(&q);
    *erased = rc == SQL_ROW;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}

int store_erase_models(struct store *s, store_erase_model_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    int rc;
    sql_open(&q, s, SQL_MAIN,
             "SELECT m.digest, m.name, d.erased, d.items FROM model m JOIN dataset d ON d.digest = "
             "m.dataset WHERE d.erased > 0"
             " ORDER BY m.model_id DESC",
             e);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = fn(ctx, sql_get_text(&q, 0), sql_get_text(&q, 1), sql_get_i64(&q, 2),
                sql_get_i64(&q, 3));
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
