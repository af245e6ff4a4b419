// Cuts a window from the blocks of a recording. See cvt_window.h.
#include "converter/cvt_window.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/store/store_sample.h"
#include "firmware/core/wire/mote_wire.h"

struct cut {
    struct cvt_window *w;
    struct buf *out;
    struct err *e;
    int64_t stream_id;
    uint32_t have;     // frames taken
    uint64_t next_seq; // of the block that must follow
};

static int match_stream(void *ctx, const struct store_recording_stream *rs)
{
    struct cut *c = ctx;
    if (strcmp(rs->stream.name, c->w->stream) == 0) {
        c->stream_id = rs->stream.stream_id;
    }
    return 0;
}

// Frames of a block that lie before start_us.
static uint64_t frames_before(const struct mote_block *b, int64_t start_us, uint64_t frames)
{
    if (b->interval_ns == 0 || (int64_t)b->t_us >= start_us) {
        return 0;
    }
    uint64_t early_ns = ((uint64_t)start_us - b->t_us) * 1000;
    uint64_t n = (early_ns + b->interval_ns / 2) / b->interval_ns;
    return n < frames ? n : frames;
}

static int take_block(void *ctx, int64_t t_us, const void *bytes, size_t len)
{
    struct cut *c = ctx;
    struct mote_block b;
    (void)t_us;
    int status = mote_block_decode(&b, bytes, len);
    if (status != MOTE_OK || b.kind != MOTE_BLOCK_SAMPLES) {
        return err_set(c->e, E_FORMAT, "recording %lld holds a block that is not samples", (long long)c->w->rec_id);
    }
    if (b.channels != c->w->channels || (c->have && (b.type != c->w->type || b.seq != c->next_seq))) {
        return err_set(c->e, E_FORMAT, "recording %lld: stream '%s' has a gap or other channels", (long long)c->w->rec_id, c->w->stream);
    }
    size_t frame = mote_sample_size(b.type) * b.channels;
    uint64_t frames = b.data_len / frame, skip = c->have ? 0 : frames_before(&b, c->w->start_us, frames);
    uint64_t take = frames - skip < c->w->frames - c->have ? frames - skip : c->w->frames - c->have;
    c->w->type = b.type;
    c->w->scale = b.scale;
    c->next_seq = b.seq + 1;
    c->have += (uint32_t)take;
    int rc = buf_put(c->out, b.data + skip * frame, (size_t)take * frame);
    return rc == OK ? 0 : err_set(c->e, rc, "out of memory");
}

int cvt_window_read(struct cvt_window *w, struct store *s, struct buf *out, struct err *e)
{
    struct cut c = {.w = w, .out = out, .e = e, .stream_id = 0};
    int rc = store_recording_streams(s, w->rec_id, match_stream, &c, e);
    if (rc == OK && !c.stream_id) {
        rc = err_set(e, E_NOT_FOUND, "recording %lld has no stream '%s'", (long long)w->rec_id, w->stream);
    }
    if (rc == OK) {
        rc = store_recording_blocks(s, w->rec_id, c.stream_id, w->start_us, INT64_MAX, take_block, &c, e);
    }
    if (rc == OK && c.have < w->frames) {
        rc = err_set(e, E_FORMAT, "recording %lld has %u of %u frames from %lld us on", (long long)w->rec_id, c.have, w->frames,
                     (long long)w->start_us);
    }
    return rc;
}
