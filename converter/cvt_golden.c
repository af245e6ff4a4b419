// Picks golden windows and computes what they give. See cvt_golden.h.
#include "converter/cvt_golden.h"

#include "common/err.h"
#include "common/hex.h"
#include "common/recording.h"
#include "common/store/store_dataset.h"
#include "common/store/store_page.h"
#include "converter/cvt_model.h"

#define ITEM_FRAMES_MAX ((size_t)1 << 24)

struct pick { // a test window
    int64_t rec_id, start_us, end_us;
    char stream[MOTE_NAME_MAX + 1], label[64];
};

struct work {
    const struct cvt_model *m;
    struct store *s;
    struct cvt_golden *g;
    struct mote_pipe pipe;
    uint8_t *arena;
    uint8_t *raw;  // a window's bytes
    size_t values; // of a window
    struct pick pick[CVT_GOLDEN_WANTED];
    size_t picks;
    uint8_t seed_type; // of windows that are made
    float seed_scale;
    bool stream_known;
};

void cvt_golden_release(struct cvt_golden *g)
{
    for (size_t i = 0; i < ARRAY_LEN(g->owned); i++) {
        free(g->owned[i]);
    }
    *g = (struct cvt_golden){0};
}

static int open_pipe(struct work *w, size_t *arena, struct err *e)
{
    struct mote_nn_diag diag = {0};
    const struct cvt_model *m = w->m;
    int status = mote_pipe_arena_size(m->file, m->len, &mote_nn_ops_all, arena, &diag);
    if (status != MOTE_OK) {
        (void)cvt_refused(e, status, &diag);
        return err_wrap(e, "'%s'", m->path);
    }
    w->arena = cvt_arena(*arena);
    if (!w->arena) {
        return err_set(e, E_MEM, "out of memory");
    }
    status = mote_pipe_open(&w->pipe, m->file, m->len, &mote_nn_ops_all, w->arena, *arena, &diag);
    if (status != MOTE_OK) {
        return cvt_refused(e, status, &diag);
    }
    w->values = (size_t)w->pipe.config.window * w->pipe.config.channels;
    w->raw = cvt_arena(w->values * 4);
    return w->raw ? OK : err_set(e, E_MEM, "out of memory");
}

static int take_item(void *ctx, const struct store_dataset_item *item)
{
    struct work *w = ctx;
    if (!mote_str_is(w->pipe.config.stream, item->stream)) {
        return 0;
    }
    for (size_t i = 0; i < w->picks; i++) {
        if (strcmp(w->pick[i].label, item->label) == 0) {
            return 0;
        }
    }
    struct pick *p = &w->pick[w->picks++];
    *p = (struct pick){.rec_id = item->rec_id, .start_us = item->start_us, .end_us = item->end_us};
    (void)snprintf(p->stream, sizeof p->stream, "%s", item->stream);
    (void)snprintf(p->label, sizeof p->label, "%s", item->label);
    return w->picks == CVT_GOLDEN_WANTED ? 1 : 0;
}

// Type and scale of the stream that the model listens to, as some device has it.
static int match_stream(void *ctx, const struct store_stream *st)
{
    struct work *w = ctx;
    if (!mote_str_is(w->pipe.config.stream, st->name) || st->channels != w->pipe.config.channels ||
        mote_sample_size((unsigned)st->type) == 0) {
        return 0;
    }
    w->seed_type = (uint8_t)st->type;
    w->seed_scale = (float)st->scale;
    w->stream_known = true;
    return 1;
}

// What the window in w->raw gives, into g.
static int expect(struct work *w, struct mote_golden *g, void **owned, struct err *e)
{
    struct mote_pipe *p = &w->pipe;
    struct mote_nn_tensor in, out;
    int status = mote_pipe_features(&p->config, w->raw, g->type, g->scale, p->scratch,
                                    p->scratch_len, p->features);
    status = status == MOTE_OK ? mote_nn_reset(&p->nn) : status;
    status = status == MOTE_OK ? mote_nn_input(&p->nn, 0, &in) : status;
    status = status == MOTE_OK ? mote_pipe_quantize(p->features, p->config.features, &in) : status;
    if (status == MOTE_OK) {
        hex_sha256(g->features, in.data, in.bytes);
        status = mote_nn_invoke(&p->nn);
    }
    status = status == MOTE_OK ? mote_nn_output(&p->nn, 0, &out) : status;
    if (status != MOTE_OK) {
        return err_set(e, E_FORMAT, "golden window: %s", mote_status_text(status));
    }
    *owned = malloc(out.bytes);
    if (!*owned) {
        return err_set(e, E_MEM, "out of memory");
    }
    memcpy(*owned, out.data, out.bytes);
    g->output = (struct mote_str){*owned, out.bytes};
    return OK;
}

static int add_seeded(struct work *w, struct err *e)
{
    struct mote_golden *g = &w->g->golden[w->g->count];
    // Any number but 0; the digest makes it differ from model to model.
    *g = (struct mote_golden){.seed = (mote_get32(w->m->digest) + (uint32_t)w->g->count) | 1u,
                              .type = w->seed_type,
                              .scale = w->seed_scale};
    int status = mote_golden_window(g, w->raw, w->values * mote_sample_size(g->type));
    if (status != MOTE_OK) {
        return err_set(e, E_FORMAT, "golden window: %s", mote_status_text(status));
    }
    int rc = expect(w, g, &w->g->owned[2 * w->g->count], e);
    w->g->count += rc == OK;
    return rc;
}

// The first window of an item of the store; OK without adding one where it cannot be read (erased,
// incomplete) or does not fit beside the others.
static int add_recorded(struct work *w, const struct pick *p, size_t *room, struct err *e)
{
    struct rec_samples r = {0};
    struct err gone = {0};
    const struct mote_pipe_config *c = &w->pipe.config;
    struct mote_golden *g = &w->g->golden[w->g->count];
    int rc = OK;
    if (rec_load(w->s, p->rec_id, p->stream, p->start_us, p->end_us, ITEM_FRAMES_MAX, &r, &gone) ==
            OK &&
        r.runs && r.run[0].frames >= c->window && r.channels == c->channels) {
        size_t bytes = w->values * mote_sample_size(r.type);
        w->seed_type = (uint8_t)r.type;
        w->seed_scale = r.scale;
        w->stream_known = true;
        memcpy(w->raw, r.raw, bytes);
        if (bytes <= *room) {
            *g = (struct mote_golden){
                .window = {(const char *)r.raw, bytes}, .type = (uint8_t)r.type, .scale = r.scale};
            rc = expect(w, g, &w->g->owned[2 * w->g->count], e);
            w->g->owned[2 * w->g->count + 1] = r.raw;
            r.raw = NULL;
            *room -= bytes;
            w->g->count += rc == OK;
        }
    }
    rec_release(&r);
    return rc;
}

static int choose(struct work *w, struct err *e)
{
    size_t room = CVT_GOLDEN_BUDGET;
    w->seed_type = MOTE_I16;
    w->seed_scale = 1.0f / 32768;
    if (w->s && w->m->dataset[0]) {
        int rc = store_dataset_items(w->s, w->m->dataset, "test", take_item, w, e);
        if (rc < 0 && rc != E_NOT_FOUND) { // a dataset that is gone leaves seeded windows
            return rc;
        }
    }
    for (size_t i = 0; i < w->picks; i++) {
        if (add_recorded(w, &w->pick[i], &room, e) != OK) {
            return e->code;
        }
    }
    if (w->s && !w->stream_known && store_page_streams(w->s, NULL, match_stream, w, e) < 0) {
        return e->code;
    }
    return w->g->count ? OK : add_seeded(w, e);
}

int cvt_golden_make(struct cvt_golden *g, const struct cvt_model *m, struct store *s, size_t *arena,
                    struct err *e)
{
    struct work w = {.m = m, .s = s, .g = g};
    *g = (struct cvt_golden){0};
    int rc = open_pipe(&w, arena, e);
    rc = rc == OK ? choose(&w, e) : rc;
    free(w.arena);
    free(w.raw);
    if (rc != OK) {
        cvt_golden_release(g);
    }
    return rc;
}
