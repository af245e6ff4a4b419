// Recorded files as a sensor. See replay.h.
//
// READING -piece handed over-> READY -play-> PLAYING -all frames read-> READING ... ENDED. The
// walking thread lends its memory: it waits inside the callback while a piece is READY or PLAYING.
#include "firmware/port/posix/replay.h"
#include "common/log.h"

// --- the walking thread ------------------------------------------------------------------------
static bool same_layout(const struct replay *r, const struct ds_item *it)
{
    const struct mote_stream_info *i = &r->info;
    return strcmp(r->stream, it->stream) == 0 && i->type == it->type &&
           i->channels == it->channels && i->scale == it->scale &&
           i->interval_ns == it->interval_ns && i->width == it->width && i->height == it->height;
}

static void learn_layout(struct replay *r, const struct ds_item *it)
{
    (void)snprintf(r->stream, sizeof(r->stream), "%.*s", MOTE_NAME_MAX, it->stream);
    (void)snprintf(r->units, sizeof(r->units), "%s", it->units);
    r->info = (struct mote_stream_info){.name = r->stream,
                                        .units = r->units,
                                        .type = (uint8_t)it->type,
                                        .channels = (uint8_t)it->channels,
                                        .scale = it->scale,
                                        .interval_ns = it->interval_ns,
                                        .width = (uint16_t)it->width,
                                        .height = (uint16_t)it->height};
    r->known = true;
}

// Cuts at a character's start, so that the label stays text.
static void copy_label(char out[MOTE_NAME_MAX + 1], const char *label)
{
    size_t n = strlen(label);
    n = n < MOTE_NAME_MAX ? n : MOTE_NAME_MAX;
    while (n && label[n] && ((unsigned char)label[n] & 0xc0) == 0x80) {
        n--;
    }
    memcpy(out, label, n);
    out[n] = 0;
}

// Waits until the piece was played. Non-zero: no more are wanted.
static int hand_over(struct replay *r, const struct ds_item *it, const char *label, size_t from,
                     size_t to)
{
    size_t frame = mote_sample_size(it->type) * it->channels;
    pthread_mutex_lock(&r->lock);
    r->piece =
        (struct replay_piece){.raw = (const uint8_t *)it->raw + from * frame, .frames = to - from};
    copy_label(r->piece.label, label);
    (void)snprintf(r->piece.group, sizeof(r->piece.group), "%s", it->group);
    (void)snprintf(r->piece.name, sizeof(r->piece.name), "%s", it->name);
    r->piece.duration_us = r->piece.frames * it->interval_ns / 1000;
    r->state = REPLAY_READY;
    r->pieces++;
    pthread_cond_broadcast(&r->changed);
    while (!r->stopping && (r->state == REPLAY_READY || r->state == REPLAY_PLAYING)) {
        pthread_cond_wait(&r->changed, &r->lock);
    }
    int stop = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return stop;
}

static int on_item(void *ctx, const struct ds_item *it)
{
    struct replay *r = ctx;
    if (!r->known) {
        learn_layout(r, it);
    }
    if (!same_layout(r, it) || !it->frames) {
        log_warn("'%s' is left out: it does not look like the first file", it->name);
        r->left_out++;
        return 0;
    }
    if (!it->regions || it->region[0].whole || it->width) {
        return hand_over(r, it, it->regions ? it->region[0].label : "", 0, it->frames);
    }
    int stop = 0;
    for (size_t i = 0; i < it->regions && !stop; i++) {
        const struct ds_region *g = &it->region[i];
        size_t end = g->end < it->frames ? g->end : it->frames;
        stop = g->start < end ? hand_over(r, it, g->label, g->start, end) : 0;
    }
    return stop;
}

static void on_bad(void *ctx, const char *path, const struct err *e)
{
    struct replay *r = ctx;
    (void)path; // the message names it
    log_warn("%s", e->msg);
    r->left_out++;
}

static void *walk(void *ctx)
{
    struct replay *r = ctx;
    struct err e = {0};
    int status = ds_walk(r->path, r->map,
                         &(struct ds_callbacks){.ctx = r, .item = on_item, .bad = on_bad}, &e);
    pthread_mutex_lock(&r->lock);
    r->state = REPLAY_ENDED;
    if (status < 0) {
        r->error = e;
    }
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

// --- the sensor ----------------------------------------------------------------------------------
static size_t due(const struct replay *r)
{
    struct mote_clock c = posix_device_clock(r->clock);
    uint64_t now = c.now_us(c.ctx);
    if (now < r->start_us) {
        return 0;
    }
    uint64_t shown = r->info.interval_ns ? (now - r->start_us) * 1000 / r->info.interval_ns + 1
                                         : r->piece.frames;
    return shown < r->piece.frames ? (size_t)shown : r->piece.frames;
}

static int sensor_read(void *ctx, unsigned stream, void *frames, size_t max, uint64_t *t_us)
{
    struct replay *r = ctx;
    (void)stream; // there is one
    if (replay_state(r) != REPLAY_PLAYING) {
        return 0;
    }
    size_t frame = mote_sample_size(r->info.type) * r->info.channels;
    size_t n = due(r) - r->next;
    n = n < max ? n : max;
    memcpy(frames, r->piece.raw + r->next * frame, n * frame);
    *t_us = r->start_us + r->next * r->info.interval_ns / 1000;
    r->next += n;
    if (r->next == r->piece.frames) {
        pthread_mutex_lock(&r->lock);
        r->state = REPLAY_READING;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    return (int)n;
}

enum replay_state replay_state(struct replay *r)
{
    pthread_mutex_lock(&r->lock);
    enum replay_state state = r->state;
    pthread_mutex_unlock(&r->lock);
    return state;
}

void replay_play(struct replay *r)
{
    struct mote_clock c = posix_device_clock(r->clock);
    r->start_us = c.now_us(c.ctx) + 1000; // behind the recording's start
    r->next = 0;
    pthread_mutex_lock(&r->lock);
    r->state = REPLAY_PLAYING;
    pthread_mutex_unlock(&r->lock);
}

// --- life
// ------------------------------------------------------------------------------------------
static int wait_for_first(struct replay *r, struct err *e)
{
    pthread_mutex_lock(&r->lock);
    while (r->state == REPLAY_READING) {
        pthread_cond_wait(&r->changed, &r->lock);
    }
    int status = OK;
    if (r->state == REPLAY_ENDED) {
        status = r->error.code ? r->error.code : E_NOT_FOUND;
        *e = r->error;
        if (!r->error.code) {
            (void)err_set(e, status, "nothing to replay in '%s'", r->path);
        }
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

int replay_open(struct replay *r, const char *path, const char *map, struct posix_clock *clock,
                struct err *e)
{
    memset(r, 0, sizeof(*r));
    r->path = path;
    r->clock = clock;
    int status = ds_map_load(&r->map, map, e);
    if (status) {
        return status;
    }
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (pthread_create(&r->thread, NULL, walk, r) != 0) {
        ds_map_free(r->map);
        return err_set(e, E_MEM, "cannot start the thread that reads files");
    }
    r->started = true;
    status = wait_for_first(r, e);
    r->sensor =
        (struct mote_sensor){.ctx = r, .streams = &r->info, .stream_count = 1, .read = sensor_read};
    return status;
}

void replay_close(struct replay *r)
{
    if (!r->started) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    ds_map_free(r->map);
    r->started = false;
}
