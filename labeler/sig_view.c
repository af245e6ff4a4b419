// Finding and loading a stretch of a stream. See sig_view.h.
#include "labeler/sig_view.h"

#include "common/err.h"
#include "common/store/store_sample.h"

static int on_stream(void *ctx, const struct store_recording_stream *rs)
{
    struct sig_view *v = ctx;
    if (v->channels || (v->stream[0] && strcmp(v->stream, rs->stream.name) != 0)) {
        return OK;
    }
    (void)snprintf(v->stream, sizeof(v->stream), "%s", rs->stream.name);
    (void)snprintf(v->units, sizeof(v->units), "%s", rs->stream.units);
    (void)snprintf(v->channel_names, sizeof(v->channel_names), "%s", rs->stream.channel_names);
    v->stream_id = rs->stream.stream_id;
    v->stream_start_us = rs->start_us;
    v->stream_end_us = rs->end_us;
    v->interval_ns = rs->stream.interval_ns;
    v->type = rs->stream.type;
    v->channels = rs->stream.channels;
    v->scale = rs->stream.scale;
    v->frames = rs->frames;
    return OK;
}

int sig_view_find(struct lab *lab, int64_t rec_id, const char *stream, struct sig_view *v,
                  struct err *e)
{
    memset(v, 0, sizeof(*v));
    v->rec_id = rec_id;
    (void)snprintf(v->stream, sizeof(v->stream), "%s", stream);
    int rc = store_recording_streams(lab->store, v->rec_id, on_stream, v, e);
    if (rc == OK && v->channels == 0) {
        rc = err_set(e, E_NOT_FOUND, "recording %lld has no stream '%s'", (long long)v->rec_id,
                     v->stream);
    }
    v->from_us = v->stream_start_us;
    v->to_us = v->stream_end_us;
    return rc;
}

float sig_full_scale(const struct sig_view *v)
{
    static const float limits[] = {128, 128, 32768, 2147483648.0f};
    return v->type >= 0 && v->type < (int64_t)ARRAY_LEN(limits) ? limits[v->type] * (float)v->scale
                                                                : 1.0f;
}

int sig_view_read(struct lab *lab, const struct lab_req *q, struct sig_view *v, struct err *e)
{
    int64_t rec_id = 0;
    const char *stream = lab_req_param(q, "stream");
    int rc = lab_req_id(q, 0, &rec_id, e);
    rc = rc ? rc : sig_view_find(lab, rec_id, stream ? stream : "", v, e);
    if (rc) {
        return rc;
    }
    rc = lab_req_param_i64(q, "from", INT64_MIN / 2, INT64_MAX / 2, &v->from_us, e);
    rc = rc ? rc : lab_req_param_i64(q, "to", INT64_MIN / 2, INT64_MAX / 2, &v->to_us, e);
    v->from_us = v->from_us < v->stream_start_us ? v->stream_start_us : v->from_us;
    v->to_us = v->to_us > v->stream_end_us ? v->stream_end_us : v->to_us;
    v->to_us = v->to_us <= v->from_us ? v->from_us + (v->interval_ns == 0)
                                      : v->to_us; // values without a rate last no time
    return rc;
}

int sig_view_load(struct lab *lab, const struct sig_view *v, int64_t from_us, int64_t to_us,
                  struct rec_samples *out, struct err *e)
{
    return rec_load(lab->store, v->rec_id, v->stream, from_us, to_us, SIG_FRAMES_MAX, out, e);
}

int64_t sig_view_frames(const struct sig_view *v)
{
    return v->interval_ns
               ? (int64_t)((double)(v->to_us - v->from_us) * 1000.0 / (double)v->interval_ns) + 1
               : v->frames;
}
