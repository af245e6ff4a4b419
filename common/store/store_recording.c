// Recordings: lists with filters, their streams, their blocks' bytes. Reads join main.db (labels) with
// blocks.db, so they see what is committed.
#include "common/store/store_sample.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/store/sql.h"

#define RECORDING_COLUMNS                                                                          \
    " r.rec_id, r.session_id, r.rec_no, r.start_us, r.end_us, r.width, r.height, r.created_ms,"    \
    " (SELECT offset_ms FROM session WHERE session_id = r.session_id), r.device, r.name, r.grp, "  \
    "r.source, r.hint,"                                                                            \
    " r.digest, r.meta, r.simulated, r.uncertain, r.complete,"                                     \
    " (SELECT group_concat(DISTINCT label) FROM region WHERE rec_id = r.rec_id),"                  \
    " (SELECT count(*) FROM region WHERE rec_id = r.rec_id),"                                      \
    " (SELECT group_concat(st.name) FROM recording_stream rs JOIN stream st USING (stream_id)"     \
    " WHERE rs.rec_id = r.rec_id) "

#define FILTER_MAX 24
struct condition { // text of a WHERE clause with the values of its parameters
    struct buf text;
    struct {
        const char *text; // NULL: number
        int64_t number;
    } value[FILTER_MAX];
    size_t values;
    int rc;
};

static void also(struct condition *c, const char *clause)
{
    if (!c->rc) {
        c->rc = buf_puts(&c->text, c->text.len ? " AND " : " WHERE ");
    }
    if (!c->rc) {
        c->rc = buf_puts(&c->text, clause);
    }
}

static void also_text(struct condition *c, const char *value, const char *clause, int times)
{
    if (value) {
        also(c, clause);
        for (int i = 0; i < times; i++) {
            c->value[c->values++].text = value;
        }
    }
}

static void also_number(struct condition *c, int64_t value, const char *clause)
{
    if (value) {
        also(c, clause);
        c->value[c->values++].number = value;
    }
}

static void also_flag(struct condition *c, int wanted, const char *yes, const char *no)
{
    if (wanted) {
        also(c, wanted > 0 ? yes : no);
    }
}

static void build(struct condition *c, const struct store_recording_filter *f)
{
    also_number(c, f->rec_id, "r.rec_id = ?");
    bool by_label = f->label && f->label[0];
    also_number(c, f->after_rec_id, by_label ? "g.rec_id > ?" : "r.rec_id > ?");
    also_number(c, f->before_rec_id, by_label ? "g.rec_id < ?" : "r.rec_id < ?");
    also_text(c, f->device, "r.device = ?", 1);
    also_text(c, f->source, "r.source = ?", 1);
    also_text(c, f->grp, "(r.grp = ? OR (r.grp = '' AND r.device = ?))", 2);
    also_text(c, f->stream,
              "EXISTS (SELECT 1 FROM recording_stream rs JOIN stream st USING (stream_id)"
              " WHERE rs.rec_id = r.rec_id AND st.name = ?)",
              1);
    if (f->label && !f->label[0]) {
        also(c, "NOT EXISTS (SELECT 1 FROM region WHERE region.rec_id = r.rec_id)");
    } else {
        also_text(c, f->label, "g.label = ?", 1);
    }
    also_text(c, f->search && f->search[0] ? f->search : NULL,
              "(instr(lower(r.name), lower(?)) OR instr(lower(r.device), lower(?)) OR "
              "instr(lower(r.hint), lower(?))"
              " OR instr(lower(r.grp), lower(?)))",
              4);
    also_number(c, f->since_ms, "r.created_ms >= ?");
    also_number(c, f->until_ms, "r.created_ms < ?");
    also_flag(c, f->complete, "r.complete = 1", "r.complete = 0");
    also_flag(c, f->simulated, "r.simulated = 1", "r.simulated = 0");
    if (f->meta_name && f->meta_value) {
        also(c, "EXISTS (SELECT 1 FROM json_each(r.meta) j WHERE j.key = ? AND j.value = ?)");
        c->value[c->values++].text = f->meta_name;
        c->value[c->values++].text = f->meta_value;
    }
    also_text(c, f->split,
              "r.rec_id IN (SELECT i.rec_id FROM dataset_item i WHERE i.dataset_id = (SELECT "
              "max(dataset_id) FROM dataset)"
              " AND i.split = ?)",
              1);
    also_number(c, f->score_below,
                "EXISTS (SELECT 1 FROM event ev WHERE ev.session_id = r.session_id AND ev.rec_no = "
                "r.rec_no AND ev.rec_no > 0"
                " AND ev.score * 100 < ?)");
    if (f->uncertain) {
        also(c, f->uncertain > 0 ? "r.uncertain = 1" : "r.uncertain = 0");
    }
}

// With a label the index (label, rec_id) of region leads, in its own order, so that a page of the list reads as many
// rows as it shows; a recording with several such regions is one group.
static int put_statement(struct buf *text, const struct condition *c,
                         const struct store_recording_filter *f, bool listed)
{
    bool by_label = f->label && f->label[0];
    const char *where = c->text.len ? c->text.data : "";
    if (!listed) {
        return buf_printf(text, "SELECT count(%s) FROM %s%s", by_label ? "DISTINCT g.rec_id" : "*",
                          by_label ? "region g CROSS JOIN recording r ON r.rec_id = g.rec_id"
                                   : "recording r",
                          where);
    }
    return buf_printf(
        text, "SELECT" RECORDING_COLUMNS "FROM %s%s%s ORDER BY %s%s%s",
        by_label ? "region g CROSS JOIN recording r ON r.rec_id = g.rec_id" : "recording r", where,
        by_label ? " GROUP BY g.rec_id" : "", by_label ? "g.rec_id" : "r.rec_id",
        f->newest_first ? " DESC" : "", f->limit > 0 ? " LIMIT ? OFFSET ?" : "");
}

// Opens the list, or the count, of what the filter finds. The text is released before this returns.
static void open_filtered(struct sql *q, struct store *s, const struct store_recording_filter *f,
                          bool listed, struct err *e)
{
    static const struct store_recording_filter everything = {0};
    struct condition c = {0};
    struct buf text = {0};
    f = f ? f : &everything;
    build(&c, f);
    if (!c.rc) {
        c.rc = put_statement(&text, &c, f, listed);
    }
    if (listed && f->limit > 0) {
        c.value[c.values++].number = f->limit;
        c.value[c.values++].number = f->offset;
    }
    *q = (struct sql){.s = s, .e = e};
    if (c.rc) {
        q->rc = err_set(e, c.rc, "out of memory");
    } else {
        sql_open_text(q, s, SQL_MAIN, text.data, e);
    }
    for (size_t i = 0; i < c.values; i++) {
        if (c.value[i].text) {
            sql_text(q, c.value[i].text);
        } else {
            sql_i64(q, c.value[i].number);
        }
    }
    buf_release(&c.text);
    buf_release(&text);
}

static int give(struct sql *q, store_recording_fn fn, void *ctx)
{
    struct store_recording r = {.rec_id = sql_get_i64(q, 0),
                                .session_id = sql_get_i64(q, 1),
                                .rec_no = sql_get_i64(q, 2),
                                .start_us = sql_get_i64(q, 3),
                                .end_us = sql_get_i64(q, 4),
                                .width = sql_get_i64(q, 5),
                                .height = sql_get_i64(q, 6),
                                .created_ms = sql_get_i64(q, 7),
                                .offset_ms = sql_get_i64(q, 8),
                                .device = sql_get_text(q, 9),
                                .name = sql_get_text(q, 10),
                                .grp = sql_get_text(q, 11),
                                .source = sql_get_text(q, 12),
                                .hint = sql_get_text(q, 13),
                                .digest = sql_get_text(q, 14),
                                .meta = sql_get_text(q, 15),
                                .simulated = sql_get_i64(q, 16) != 0,
                                .uncertain = sql_get_i64(q, 17) != 0,
                                .complete = sql_get_i64(q, 18) != 0,
                                .labels = sql_get_text(q, 19),
                                .label_count = sql_get_i64(q, 20),
                                .streams = sql_get_text(q, 21)};
    return fn(ctx, &r);
}

// Whether a filter asks for more than a label.
static bool narrows(const struct store_recording_filter *f)
{
    return f->rec_id || f->after_rec_id || f->before_rec_id || f->device || f->stream || f->grp ||
           f->source || (f->search && f->search[0]) || f->since_ms || f->until_ms || f->uncertain ||
           f->complete || f->simulated || f->meta_name || f->split || f->score_below;
}

// Rows far down a list without a filter: where no number is missing between the first and the last recording, an
// offset is a number, and nothing is stepped over.
static int offset_as_number(struct store *s, struct store_recording_filter *f, struct err *e)
{
    if (f->offset == 0 || f->label || narrows(f)) {
        return OK;
    }
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT (SELECT min(rec_id) FROM recording), (SELECT max(rec_id) FROM recording), "
             "recordings FROM blocks_tally",
             e);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        int64_t first = sql_get_i64(&q, 0), last = sql_get_i64(&q, 1), count = sql_get_i64(&q, 2);
        if (count == last - first + 1 && f->offset < count) {
            f->before_rec_id = f->newest_first ? last - f->offset + 1 : 0;
            f->after_rec_id = f->newest_first ? 0 : first + f->offset - 1;
            f->offset = 0;
        }
        rc = OK;
    }
    return sql_close(&q, rc);
}

// The tally that answers a filter which names a label or nothing at all. NULL: the filter must be counted.
static const char *tally_of(const struct store_recording_filter *f)
{
    const char *label = f ? f->label : NULL;
    if (f && narrows(f)) {
        return NULL;
    }
    return !label     ? "SELECT recordings FROM blocks_tally"
           : label[0] ? "SELECT coalesce((SELECT recordings FROM label_tally WHERE label = ?), 0)"
                      : "SELECT max(0, recordings - labelled) FROM blocks_tally, main_tally";
}

int store_recording_walk(struct store *s, const struct store_recording_filter *f,
                         store_recording_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    struct store_recording_filter at = f ? *f : (struct store_recording_filter){0};
    int rc = offset_as_number(s, &at, e);
    if (rc) {
        return rc;
    }
    open_filtered(&q, s, &at, true, e);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        rc = give(&q, fn, ctx);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

int store_recording_count(struct store *s, const struct store_recording_filter *f, int64_t *count,
                          struct err *e)
{
    struct sql q;
    *count = 0;
    const char *tally = tally_of(f);
    if (tally) {
        sql_open(&q, s, SQL_MAIN, tally, e);
        if (f && f->label && f->label[0]) {
            sql_text(&q, f->label);
        }
    } else {
        open_filtered(&q, s, f, false, e);
    }
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *count = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_recording_by_digest(struct store *s, const char *digest, int64_t *rec_id, struct err *e)
{
    struct sql q;
    *rec_id = 0;
    sql_open(&q, s, SQL_BLOCKS,
             "SELECT rec_id FROM recording WHERE digest = ? AND digest <> '' LIMIT 1", e);
    sql_text(&q, digest);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *rec_id = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_recording_by_no(struct store *s, int64_t session_id, int64_t rec_no, int64_t *rec_id,
                          struct err *e)
{
    struct sql q;
    *rec_id = 0;
    sql_open(&q, s, SQL_BLOCKS, "SELECT rec_id FROM recording WHERE session_id = ? AND rec_no = ?",
             e);
    sql_i64(&q, session_id);
    sql_i64(&q, rec_no);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *rec_id = sql_get_i64(&q, 0);
        rc = OK;
    } else if (rc == OK) {
        rc = err_set(e, E_NOT_FOUND, "session %lld has no recording %lld", (long long)session_id,
                     (long long)rec_no);
    }
    return sql_close(&q, rc);
}

int store_recording_streams(struct store *s, int64_t rec_id, store_recording_stream_fn fn,
                            void *ctx, struct err *e)
{
    struct sql q;
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT st.stream_id, st.device, st.name, st.units, st.channel_names, st.type, st.channels,"
        " coalesce(rs.interval_ns, st.interval_ns), st.scale, rs.first_seq, rs.last_seq, "
        "rs.blocks, rs.frames, rs.start_us, rs.end_us, rs.ended"
        " FROM recording_stream rs JOIN stream st USING (stream_id) WHERE rs.rec_id = ? ORDER BY "
        "st.name",
        e);
    sql_i64(&q, rec_id);
    int rc;
    while ((rc = sql_step(&q)) == SQL_ROW) {
        struct store_recording_stream rs = {.stream = {.stream_id = sql_get_i64(&q, 0),
                                                       .device = sql_get_text(&q, 1),
                                                       .name = sql_get_text(&q, 2),
                                                       .units = sql_get_text(&q, 3),
                                                       .channel_names = sql_get_text(&q, 4),
                                                       .type = sql_get_i64(&q, 5),
                                                       .channels = sql_get_i64(&q, 6),
                                                       .interval_ns = sql_get_i64(&q, 7),
                                                       .scale = sql_get_f64(&q, 8, 1)},
                                            .first_seq = sql_get_i64(&q, 9),
                                            .last_seq = sql_get_i64(&q, 10),
                                            .blocks = sql_get_i64(&q, 11),
                                            .frames = sql_get_i64(&q, 12),
                                            .start_us = sql_get_i64(&q, 13),
                                            .end_us = sql_get_i64(&q, 14),
                                            .ended = sql_get_i64(&q, 15) != 0};
        rc = fn(ctx, &rs);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}

struct span { // sequence numbers of a recording's stream
    int64_t session_id, first, last;
};

static int find_span(struct store *s, int64_t rec_id, int64_t stream_id, struct span *span,
                     struct err *e)
{
    struct sql q;
    *span = (struct span){.last = -1};
    sql_open(
        &q, s, SQL_MAIN,
        "SELECT session_id, first_seq, last_seq FROM recording JOIN recording_stream USING (rec_id)"
        " WHERE rec_id = ? AND stream_id = ?",
        e);
    sql_i64(&q, rec_id);
    sql_i64(&q, stream_id);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *span = (struct span){sql_get_i64(&q, 0), sql_get_i64(&q, 1), sql_get_i64(&q, 2)};
        rc = OK;
    }
    return sql_close(&q, rc);
}

// The first sequence number in the span whose block starts at t_us or later; last + 1 where there is none.
// Device time rises with the sequence number, so halving finds it in a few look-ups of block_key.
static int first_from(struct store *s, const struct span *span, int64_t stream_id, int64_t t_us,
                      int64_t *seq, struct err *e)
{
    int64_t lo = span->first, hi = span->last + 1;
    int rc = OK;
    while (rc >= 0 && lo < hi) {
        int64_t mid = lo + (hi - lo) / 2, there = span->last + 1, t = INT64_MAX;
        struct sql q;
        sql_open(&q, s, SQL_MAIN,
                 "SELECT seq, t_us FROM block WHERE session_id = ? AND stream_id = ? AND seq >= ? "
                 "ORDER BY seq LIMIT 1",
                 e);
        sql_i64(&q, span->session_id);
        sql_i64(&q, stream_id);
        sql_i64(&q, mid);
        rc = sql_step(&q);
        if (rc == SQL_ROW && sql_get_i64(&q, 0) <= span->last) {
            there = sql_get_i64(&q, 0);
            t = sql_get_i64(&q, 1);
        }
        rc = sql_close(&q, rc == SQL_ROW ? OK : rc);
        if (t >= t_us) {
            hi = mid;
        } else {
            lo = there + 1;
        }
    }
    *seq = lo;
    return rc < 0 ? rc : OK;
}

// The block before that one may reach into the time: its sequence number, or seq where there is none.
static int one_before(struct store *s, const struct span *span, int64_t stream_id, int64_t *seq,
                      struct err *e)
{
    struct sql q;
    sql_open(&q, s, SQL_MAIN,
             "SELECT seq FROM block WHERE session_id = ? AND stream_id = ? AND seq < ? AND seq >= "
             "? ORDER BY seq DESC LIMIT 1",
             e);
    sql_i64(&q, span->session_id);
    sql_i64(&q, stream_id);
    sql_i64(&q, *seq);
    sql_i64(&q, span->first);
    int rc = sql_step(&q);
    if (rc == SQL_ROW) {
        *seq = sql_get_i64(&q, 0);
        rc = OK;
    }
    return sql_close(&q, rc);
}

int store_recording_blocks(struct store *s, int64_t rec_id, int64_t stream_id, int64_t from_us,
                           int64_t to_us, store_bytes_fn fn, void *ctx, struct err *e)
{
    struct sql q;
    struct span span;
    int64_t first, end;
    int rc = find_span(s, rec_id, stream_id, &span, e);
    rc = rc ? rc : first_from(s, &span, stream_id, from_us, &first, e);
    rc = rc ? rc : one_before(s, &span, stream_id, &first, e);
    rc = rc ? rc : first_from(s, &span, stream_id, to_us, &end, e);
    if (rc) {
        return rc;
    }
    // A block's end follows from its stream's interval in this recording; one block more than needed does no harm.
    sql_open(&q, s, SQL_MAIN,
             "SELECT b.t_us, b.bytes FROM recording r"
             " JOIN recording_stream rs ON rs.rec_id = r.rec_id AND rs.stream_id = ?2"
             " JOIN stream st ON st.stream_id = ?2 JOIN block b ON b.session_id = r.session_id AND "
             "b.stream_id = ?2"
             " AND b.seq BETWEEN ?5 AND ?6"
             " WHERE r.rec_id = ?1 AND b.rec_no = r.rec_no AND b.t_us < ?4"
             " AND (b.t_us >= ?3 OR b.t_us + b.frames * coalesce(rs.interval_ns, st.interval_ns) / "
             "1000 + 1 > ?3) ORDER BY b.seq",
             e);
    sql_i64(&q, rec_id);
    sql_i64(&q, stream_id);
    sql_i64(&q, from_us);
    sql_i64(&q, to_us);
    sql_i64(&q, first);
    sql_i64(&q, end - 1);
    while ((rc = sql_step(&q)) == SQL_ROW) {
        size_t len;
        const void *bytes = sql_get_blob(&q, 1, &len);
        rc = fn(ctx, sql_get_i64(&q, 0), bytes, len);
        if (rc) {
            break;
        }
    }
    return sql_close(&q, rc);
}
