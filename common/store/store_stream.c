// Streams and sessions: the keys that blocks hang from.
#include "common/clock.h"
#include "common/err.h"
#include "common/store/sql.h"
#include "common/store/store_sample.h"

static int add_stream(struct store *s, struct store_stream *st, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "INSERT INTO stream (device, name, units, type, channels, scale, interval_ns, "
             "channel_names, created_ms)"
             " VALUES (?,?,?,?,?,?,?,?,?)",
             e);
    sql_text(&q, st->device);
    sql_text(&q, st->name);
    sql_text(&q, st->units);
    bool shaped = st->type >= 0;
    sql_i64(&q, shaped ? st->type : 0);
    sql_i64(&q, shaped ? st->channels : 0);
    sql_f64(&q, shaped ? st->scale : 1.0);
    sql_i64(&q, shaped ? st->interval_ns : 0);
    sql_text(&q, st->channel_names);
    sql_i64(&q, clock_wall_ms());
    int rc = sql_run(&q);
    if (!rc) {
        st->stream_id = sql_last_id(s, SQL_BLOCKS);
    }
    return rc;
}

static int update_stream(struct store *s, const struct store_stream *st, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "UPDATE stream SET units = coalesce(?2, units), type = ?3, channels = ?4, scale = ?5, "
             "interval_ns = ?6,"
             " channel_names = coalesce(?7, channel_names) WHERE stream_id = ?1",
             e);
    sql_i64(&q, st->stream_id);
    sql_text_or_null(&q, st->units);
    sql_i64(&q, st->type);
    sql_i64(&q, st->channels);
    sql_f64(&q, st->scale);
    sql_i64(&q, st->interval_ns);
    sql_text_or_null(&q, st->channel_names);
    return sql_run(&q);
}

static bool same_text(const char *given, const char *stored)
{
    return !given || strcmp(given, stored) == 0; // NULL: not said, so nothing changed
}

// A double that came from a float32 is compared as it is stored: exactly.
static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static int put_stream(struct store *s, struct store_stream *st, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_BLOCKS,
        "SELECT stream_id, units, type, channels, scale, interval_ns, channel_names FROM stream"
        " WHERE device = ? AND name = ?",
        e);
    sql_text(&q, st->device);
    sql_text(&q, st->name);
    int rc = sql_step(&q);
    bool there = rc == SQL_ROW, same = false;
    if (there) {
        st->stream_id = sql_get_i64(&q, 0);
        st->interval_ns =
            st->keeps_rate && sql_get_i64(&q, 5) ? sql_get_i64(&q, 5) : st->interval_ns;
        same =
            st->type < 0 ||
            (same_text(st->units, sql_get_text(&q, 1)) && st->type == sql_get_i64(&q, 2) &&
             st->channels == sql_get_i64(&q, 3) && same_number(st->scale, sql_get_f64(&q, 4, 0)) &&
             st->interval_ns == sql_get_i64(&q, 5) &&
             same_text(st->channel_names, sql_get_text(&q, 6)));
    }
    rc = sql_close(&q, rc == SQL_ROW ? OK : rc);
    if (rc || same) {
        return rc;
    }
    return there ? update_stream(s, st, e) : add_stream(s, st, e);
}

int store_stream_put(struct store *s, struct store_stream *st, struct err *e)
{
    int rc = sql_enter(s, SQL_BLOCKS, e);
    return rc ? rc : sql_leave(s, put_stream(s, st, e), e);
}

static int put_session(struct store *s, const char *device, const uint8_t uid[12],
                       int64_t offset_ms, int64_t now_ms, bool simulated, int64_t *session_id,
                       struct err *e)
{
    struct sql q;
    // The least offset seen belongs to the message that was under way for the shortest time.
    sql_open(
        &q, s, SQL_BLOCKS,
        "INSERT INTO session (device, uid, simulated, first_ms, offset_ms) VALUES (?,?,?,?,?)"
        " ON CONFLICT (device, uid) DO UPDATE SET offset_ms = min(offset_ms, excluded.offset_ms)"
        " RETURNING session_id",
        e);
    sql_text(&q, device);
    sql_blob(&q, uid, 12);
    sql_i64(&q, simulated);
    sql_i64(&q, now_ms);
    sql_i64(&q, offset_ms);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *session_id = sql_get_i64(&q, 0);
        rc = sql_step(&q);
    }
    return sql_close(&q, rc);
}

int store_session_put(struct store *s, const char *device, const uint8_t uid[12], int64_t device_us,
                      bool simulated, int64_t *session_id, struct err *e)
{
    int64_t now_ms = clock_wall_ms();
    int rc = sql_enter(s, SQL_BLOCKS, e);
    return rc ? rc
              : sql_leave(s,
                          put_session(s, device, uid, now_ms - device_us / 1000, now_ms, simulated,
                                      session_id, e),
                          e);
}

int store_stream_room(struct store *s, const char *device, const char *name, int64_t max,
                      bool *room, struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT count(*), coalesce(max(name = ?2), 0) FROM stream WHERE device = ?1", e);
    sql_text(&q, device);
    sql_text(&q, name);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *room = sql_get_i64(&q, 1) || sql_get_i64(&q, 0) < max;
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_stream_frames(struct store *s, const char *device, const char *stream, int64_t *frames,
                        struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT COALESCE(SUM(b.frames), 0) FROM session x JOIN stream st ON st.device = x.device"
        " JOIN block b ON b.session_id = x.session_id AND b.stream_id = st.stream_id"
        " WHERE x.device = ? AND st.name = ?",
        e);
    sql_text(&q, device);
    sql_text(&q, stream);
    int rc = sql_step(&q);
    *frames = rc == SQL_ROW ? sql_get_i64(&q, 0) : 0;
    return sql_close(&q, rc == SQL_ROW ? OK : rc);
}
