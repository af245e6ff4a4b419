// Windows to events and decisions.
//
// Frames of the model's stream fill a window; a full one is run and the window moves on by the
// stride; where windows overlap, what the pipeline kept of the one before is used again. Every window becomes an event, up to 16 to a block. A window that the model was unsure of
// is kept as a recording of its own where the allowance (keep_per_minute, of device time) permits.
#include "firmware/core/agent/agent_priv.h"

#define KEEP_COST                                                                                  \
    60000000u // microseconds of a minute: an allowance of 1 a minute earns 1 each microsecond
#define EVENTS_AGE_US 500000u // network time: a batch does not wait longer

bool agent_infers(const struct mote_agent *a, unsigned stream)
{
    return a->infer.open && a->infer.wanted && a->infer.stream == stream && !agent_remote_runs(a);
}

void agent_model_close(struct mote_agent *a)
{
    agent_events_flush(a); // they borrow labels from the model
    a->infer.open = false;
    a->infer.fill = 0;
    a->remote.id = 0;
}

int agent_model_open(struct mote_agent *a, struct agent_text *reason)
{
    struct mote_agent_infer *f = &a->infer;
    agent_model_close(a);
    int status = mote_slot_active(&a->slot, 0, &f->file);
    if (status) {
        return status;
    }
    struct mote_nn_diag diag = {0};
    status = mote_pipe_open(&f->pipe, f->file.map, f->file.size, a->config.ops, a->config.arena,
                            a->config.arena_len, &diag);
    if (status) {
        agent_text_put(reason, diag.reason ? diag.reason : mote_status_text(status));
        return status;
    }
    status = agent_pipe_fits(a, &f->pipe.config, reason);
    if (status) {
        return status;
    }
    f->stream = (uint8_t)agent_find_stream(a, f->pipe.config.stream);
    memcpy(f->model, a->slot.record[0].name, sizeof(f->model));
    f->open = true;
    f->fill = f->skip = f->advance = 0;
    mote_pipe_post_init(&f->post, &f->pipe.config, f->ring);
    f->inferences = f->uncertain = f->busy_us = 0;
    memset(f->class_count, 0, sizeof(f->class_count));
    return MOTE_OK;
}

void agent_classify(struct mote_agent *a, uint64_t duration_ms, uint64_t keep_gap_ms)
{
    struct mote_agent_infer *f = &a->infer;
    uint64_t now = agent_now(a);
    agent_events_flush(a);
    f->wanted = duration_ms != 0;
    f->until_us = duration_ms > (UINT64_MAX - now) / 1000 ? UINT64_MAX : now + 1000 * duration_ms;
    f->keep_gap_us = keep_gap_ms > UINT64_MAX / 1000 ? UINT64_MAX : 1000 * keep_gap_ms;
    f->fill = f->skip = f->advance = 0;
    mote_pipe_post_init(&f->post, &f->pipe.config, f->ring);
    f->from_us = now;
}

// --- events ----------------------------------------------------------------------------------
void agent_events_flush(struct mote_agent *a)
{
    struct mote_agent_infer *f = &a->infer;
    if (!f->events) {
        return;
    }
    int n = mote_events_encode(agent_body(a), agent_block_data_max(a), f->event, f->events);
    if (n < 0) {
        agent_log_why(a, "cannot encode events", mote_status_text(n));
    } else {
        struct mote_block b = {.kind = MOTE_BLOCK_EVENT,
                               .t_us = f->event[0].t_us,
                               .data = agent_body(a),
                               .data_len = (size_t)n};
        (void)agent_append(a, MOTE_SPOOL_KEEP, AGENT_EVENT, &a->event_seq,
                           &b); // it logs what fails
    }
    f->events = 0;
}

void agent_infer_tick(struct mote_agent *a)
{
    if (a->infer.events && agent_net(a) - a->infer.events_since_us > EVENTS_AGE_US) {
        agent_events_flush(a);
    }
}

// --- uncertain windows -----------------------------------------------------------------------
// The allowance fills with device time, at most a minute's worth; a window costs KEEP_COST of it.
static bool may_keep(struct mote_agent *a, uint64_t t_us)
{
    struct mote_agent_infer *f = &a->infer;
    uint64_t per_minute = agent_or(a->config.keep_per_minute, 6);
    if (t_us > f->allowed_us) {
        uint64_t passed = t_us - f->allowed_us;
        f->allowance += (passed < KEEP_COST ? passed : KEEP_COST) * per_minute;
        f->allowance =
            f->allowance > KEEP_COST * per_minute ? KEEP_COST * per_minute : f->allowance;
        f->allowed_us = t_us;
    }
    bool early = f->kept_us && t_us < f->kept_us + f->keep_gap_us;
    if (f->allowance < KEEP_COST || early || !mote_agent_has_room(a)) {
        return false;
    }
    f->allowance -= KEEP_COST;
    f->kept_us = t_us;
    return true;
}

// Spools the window's samples as a recording; returns its number, 0 where it could not be kept.
static uint32_t keep_window(struct mote_agent *a)
{
    struct mote_agent_infer *f = &a->infer;
    const struct mote_stream_info *info = &a->config.sensor.streams[f->stream];
    size_t frame = a->stream[f->stream].frame_bytes;
    size_t most = agent_block_data_max(a) / frame, frames = f->pipe.config.window;
    uint32_t number = a->next_recording++;
    for (size_t at = 0; at < frames; at += most) {
        size_t n = frames - at < most ? frames - at : most;
        struct mote_block b = {.kind = MOTE_BLOCK_SAMPLES,
                               .flags = MOTE_BLOCK_UNCERTAIN |
                                        (at + n == frames ? MOTE_BLOCK_REC_END : 0u),
                               .t_us = f->first_us + at * info->interval_ns / 1000,
                               .interval_ns = info->interval_ns,
                               .type = info->type,
                               .channels = info->channels,
                               .scale = info->scale,
                               .width = info->width,
                               .height = info->height,
                               .recording = number,
                               .data = a->config.window + at * frame,
                               .data_len = n * frame};
        if (agent_append(a, MOTE_SPOOL_SAMPLES, info->name, &a->stream[f->stream].seq, &b) !=
            MOTE_OK) {
            return 0;
        }
    }
    return number;
}

// --- one window ------------------------------------------------------------------------------
static void decide(struct mote_agent *a, const struct mote_pipe_result *r, struct mote_str label)
{
    struct mote_agent_infer *f = &a->infer;
    if (!a->config.actuator.decision) {
        return;
    }
    char text[MOTE_NAME_MAX + 1];
    struct agent_text t;
    agent_text_init(&t, text, sizeof(text));
    agent_text_str(&t, label);
    a->config.actuator.decision(a->config.actuator.ctx,
                                &(struct mote_decision){.label = text,
                                                        .class_index = r->class_index,
                                                        .score = r->score[r->class_index],
                                                        .novelty = r->novelty,
                                                        .uncertain = r->uncertain,
                                                        .t_us = f->first_us});
}

static void record_event(struct mote_agent *a, struct mote_pipe_result *r)
{
    struct mote_agent_infer *f = &a->infer;
    bool quiet =
        f->post.quiet != 0; // the actuator hears of doubts as well, but not while it is left alone
    bool decided = mote_pipe_post_step(&f->post, r);
    struct mote_str label = {0};
    if (r->class_index < f->pipe.config.classes) {
        label = f->pipe.config.label[r->class_index];
    }
    f->uncertain += r->uncertain;
    f->class_count[r->class_index % MOTE_MAX_CLASSES]++;
    struct mote_event *e = &f->event[f->events];
    *e = (struct mote_event){
        .t_us = f->first_us,
        .dur_us = f->pipe.config.window * a->config.sensor.streams[f->stream].interval_ns / 1000,
        .label = label,
        .class_index = r->class_index,
        .score = r->score[r->class_index],
        .novelty = r->novelty,
        .uncertain = r->uncertain,
        .recording = r->uncertain && may_keep(a, f->first_us) ? keep_window(a) : 0,
        .model = agent_str(f->model)};
    memcpy(e->model_digest, f->file.digest, sizeof(e->model_digest));
    agent_live_event(a, e);
    if (f->events++ == 0) {
        f->events_since_us = agent_net(a);
    }
    if (decided || (r->uncertain && !quiet)) {
        decide(a, r, label);
    }
    if (!r->uncertain) {
        agent_trigger_class(a, label, r->score[r->class_index], f->first_us);
    }
    if (f->events == MOTE_EVENTS_PER_BLOCK) {
        agent_events_flush(a);
    }
}

static void run_window(struct mote_agent *a)
{
    struct mote_agent_infer *f = &a->infer;
    const struct mote_stream_info *info = &a->config.sensor.streams[f->stream];
    struct mote_pipe_result r;
    uint64_t before = agent_net(a);
    int status = mote_pipe_run_next(&f->pipe, a->config.window, info->type, info->scale, f->advance,
                                    &r);
    f->busy_us += agent_net(a) - before;
    if (status) {
        agent_log_why(a, "inference failed", mote_status_text(status));
        agent_model_close(a);
        agent_update_model_failed(a, status, "inference failed");
        return;
    }
    f->inferences++;
    record_event(a, &r);
}

// --- the window ------------------------------------------------------------------------------
static void move_on(struct mote_agent *a, size_t frame, uint64_t interval_ns)
{
    struct mote_agent_infer *f = &a->infer;
    uint32_t window = f->pipe.config.window, stride = f->pipe.config.stride;
    uint32_t keep = stride < window ? window - stride : 0;
    f->skip = stride > window ? stride - window : 0;
    memmove(a->config.window, a->config.window + (window - keep) * frame, keep * frame);
    f->fill = keep;
    f->advance = keep ? stride : 0;
    f->first_us += (uint64_t)(window - keep) * interval_ns / 1000;
}

static void add_frame(struct mote_agent *a, const uint8_t *p, size_t frame, uint64_t interval_ns,
                      uint64_t t_us)
{
    struct mote_agent_infer *f = &a->infer;
    uint64_t due = f->first_us + f->fill * interval_ns / 1000;
    uint64_t off = t_us > due ? t_us - due : due - t_us;
    if (f->fill && interval_ns &&
        off * 1000 > interval_ns) { // a frame is missing: no window over a gap
        f->fill = 0;
        f->advance = 0;
    }
    if (f->skip) {
        f->skip--;
        return;
    }
    if (!f->fill) {
        f->first_us = t_us;
    }
    memcpy(a->config.window + f->fill * frame, p, frame);
    if (++f->fill == f->pipe.config.window) {
        run_window(a);
        if (f->open) {
            move_on(a, frame, interval_ns);
        }
    }
}

void agent_infer_frames(struct mote_agent *a, const uint8_t *frames, size_t count, uint64_t t_us)
{
    struct mote_agent_infer *f = &a->infer;
    size_t frame = a->stream[f->stream].frame_bytes;
    uint64_t interval_ns = a->config.sensor.streams[f->stream].interval_ns;
    for (size_t n = 0; n < count && f->open && f->wanted; n++) {
        uint64_t t = t_us + n * interval_ns / 1000;
        if (t >= f->until_us) {
            f->wanted = false;
            agent_events_flush(a);
            agent_log(a, "classifying ended");
        } else if (t >= f->from_us) {
            add_frame(a, frames + n * frame, frame, interval_ns, t);
        }
    }
}
