// What starts a recording by itself: a level that is crossed, or a class that was seen. The device
// is told which by P/d/DEV/config. A recording begins after the frame that set it off.
#include "firmware/core/agent/agent_priv.h"

static bool take(struct mote_agent *a, const struct mote_trigger *t, struct agent_text *reason)
{
    int stream = t->kind == MOTE_TRIGGER_LEVEL ? agent_find_stream(a, t->stream) : 0;
    const char *why = t->kind > MOTE_TRIGGER_CLASS ? "trigger of an unknown kind"
                      : stream < 0                 ? "no stream to trigger by"
                      : !t->duration_ms || t->duration_ms > 3600000
                          ? "trigger's recording is too long"
                          : NULL;
    if (why) {
        agent_text_put(reason, reason->len ? ", " : "");
        agent_text_put(reason, why);
        return false;
    }
    struct mote_agent_trigger *to = &a->asked.trigger[a->asked.triggers++];
    struct agent_text text;
    *to = (struct mote_agent_trigger){.kind = t->kind,
                                      .stream = (uint8_t)stream,
                                      .threshold = t->threshold,
                                      .duration_us = 1000 * t->duration_ms,
                                      .gap_us = 1000 * (t->gap_ms & UINT32_MAX)};
    agent_text_init(&text, to->when, sizeof(to->when));
    agent_text_str(&text, t->when);
    agent_text_init(&text, to->label, sizeof(to->label));
    agent_text_str(&text, t->label);
    return true;
}

bool agent_triggers_set(struct mote_agent *a, const struct mote_device_config *c,
                        struct agent_text *reason)
{
    bool all = true;
    a->asked.triggers = 0;
    for (size_t i = 0; i < c->triggers; i++) {
        all &= take(a, &c->trigger[i], reason);
    }
    return all;
}

bool agent_watches(const struct mote_agent *a, unsigned stream)
{
    for (uint32_t i = 0; i < a->asked.triggers; i++) {
        const struct mote_agent_trigger *t = &a->asked.trigger[i];
        if (t->kind == MOTE_TRIGGER_LEVEL && t->stream == stream) {
            return true;
        }
    }
    return false;
}

static void fire(struct mote_agent *a, struct mote_agent_trigger *t, uint64_t t_us)
{
    if (t_us < t->ready_us || a->recording || !mote_agent_has_room(a)) {
        return;
    }
    t->ready_us = t_us + (t->gap_us > t->duration_us ? t->gap_us : t->duration_us);
    int status = mote_agent_record(a, 0, t->label, t->duration_us);
    agent_log_why(a, "trigger", status ? mote_status_text(status) : t->label);
}

static float value(const struct mote_stream_info *info, const uint8_t *p)
{
    switch (info->type) {
    case MOTE_U8:
        return p[0] * info->scale;
    case MOTE_I8:
        return (int8_t)p[0] * info->scale;
    case MOTE_I16:
        return (int16_t)mote_get16(p) * info->scale;
    case MOTE_I32:
        return (float)(int32_t)mote_get32(p) * info->scale;
    default:
        return mote_getf(p) * info->scale;
    }
}

// The largest value of a frame, without sign.
static float level(const struct mote_stream_info *info, const uint8_t *frame)
{
    float most = 0;
    for (unsigned c = 0; c < info->channels; c++) {
        float v = value(info, frame + c * mote_sample_size(info->type));
        v = v < 0 ? -v : v;
        most = v > most ? v : most;
    }
    return most;
}

void agent_trigger_frames(struct mote_agent *a, unsigned stream, const uint8_t *frames,
                          size_t count, uint64_t t_us)
{
    const struct mote_stream_info *info = &a->config.sensor.streams[stream];
    for (uint32_t i = 0; i < a->asked.triggers; i++) {
        struct mote_agent_trigger *t = &a->asked.trigger[i];
        if (t->kind != MOTE_TRIGGER_LEVEL || t->stream != stream) {
            continue;
        }
        for (size_t n = 0; n < count; n++) {
            bool over = level(info, frames + n * a->stream[stream].frame_bytes) > t->threshold;
            if (over && t->armed) {
                fire(a, t, t_us + n * info->interval_ns / 1000);
            }
            t->armed = !over;
        }
    }
}

void agent_trigger_class(struct mote_agent *a, struct mote_str label, float score, uint64_t t_us)
{
    for (uint32_t i = 0; i < a->asked.triggers; i++) {
        struct mote_agent_trigger *t = &a->asked.trigger[i];
        if (t->kind == MOTE_TRIGGER_CLASS && mote_str_is(label, t->when) && score > t->threshold) {
            fire(a, t, t_us);
        }
    }
}
